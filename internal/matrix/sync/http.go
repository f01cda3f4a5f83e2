package sync

import (
	"context"
	"errors"
	"net/http"
	"strings"
	stdsync "sync"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// API is sync's face on HTTP.
type API struct{ Engine *Engine }

type syncRequest struct {
	Filter     string `query:"filter" json:"-"`
	Since      string `query:"since" json:"-"`
	FullState  bool   `query:"full_state" json:"-"`
	Timeout    int64  `query:"timeout" json:"-"`
	After      bool   `query:"use_state_after" json:"-"`
	AfterEarly bool   `query:"org.matrix.msc4222.use_state_after" json:"-"`
}

// Sync answers GET /sync.
func (api API) Sync() endpoint.Handler {
	decode := endpoint.Decoder[syncRequest]()
	return func(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
		in, err := decode(w, r)
		if err != nil {
			return err
		}
		f, err := api.Engine.filter(r.Context(), who, in.Filter)
		if err != nil {
			return err
		}
		ask := Ask{
			Since: in.Since, Filter: f, FullState: in.FullState, StateAfter: in.After || in.AfterEarly,
			Timeout: time.Duration(max(in.Timeout, 0)) * time.Millisecond,
		}
		return left(api.Engine.Sync(r.Context(), who, ask, func(body []byte) error { return endpoint.JSON(w, r, body) }))
	}
}

// left marks the error of a client that has gone away: there is nobody to answer.
func left(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errs.Busy(time.Second, err, "The request was given up.")
	}
	return err
}

// filterCache remembers filters as compiled, by their JSON.
type filterCache struct {
	mu    stdsync.RWMutex
	known map[string]*filter.Filter
}

// filtersMost bounds the filters remembered; clients use a handful of different ones.
const filtersMost = 2000

func newFilterCache() *filterCache { return &filterCache{known: map[string]*filter.Filter{}} }

var everything = &filter.Filter{}

// filter gives the filter a client names: "" for none, JSON inline, or the id of a stored one.
func (e *Engine) filter(ctx context.Context, who *audit.Caller, s string) (*filter.Filter, error) {
	if s == "" {
		return everything, nil
	}
	if !strings.HasPrefix(s, "{") {
		stored, err := e.Data.Filter(ctx, who, who.User, s)
		if err != nil {
			return nil, err
		}
		s = string(stored)
	}
	e.filters.mu.RLock()
	f := e.filters.known[s]
	e.filters.mu.RUnlock()
	if f != nil {
		return f, nil
	}
	f, err := filter.Parse([]byte(s))
	if err != nil {
		return nil, errs.BadJSON("The filter cannot be used: %s", err.Error())
	}
	if f.Federation {
		return nil, errs.BadParam("Events are given in the client format only.")
	}
	e.filters.mu.Lock()
	defer e.filters.mu.Unlock()
	if len(e.filters.known) >= filtersMost {
		clear(e.filters.known)
	}
	e.filters.known[s] = f
	return f, nil
}

// slidingRequest is a SlidingAsk as it comes over HTTP.
type slidingRequest struct {
	Pos     string `query:"pos" json:"-"`
	Timeout int64  `query:"timeout" json:"-"`
	SlidingAsk
}

// Sliding answers POST /unstable/org.matrix.simplified_msc3575/sync.
func (api API) Sliding() endpoint.Handler {
	decode := endpoint.Decoder[slidingRequest]()
	return func(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
		in, err := decode(w, r)
		if err != nil {
			return err
		}
		in.SlidingAsk.Pos, in.SlidingAsk.Timeout = in.Pos, time.Duration(max(in.Timeout, 0))*time.Millisecond
		return left(api.Engine.Sliding(r.Context(), who, &in.SlidingAsk, func(body []byte) error { return endpoint.JSON(w, r, body) }))
	}
}
