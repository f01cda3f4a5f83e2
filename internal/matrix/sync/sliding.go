package sync

import (
	"context"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// Bounds of a sliding sync.
const (
	listsMost         = 20
	subscriptionsMost = 500
	requiredMost      = 100 // of a list or a subscription
	requiredAll       = 500 // of all lists: a room may be in every one
	slidingTimeline   = 200
)

// SlidingAsk is what a client asks of simplified sliding sync (MSC4186).
type SlidingAsk struct {
	Pos           string                  `json:"-"`
	Timeout       time.Duration           `json:"-"`
	ConnID        string                  `json:"conn_id"`
	Lists         map[string]SlidingList  `json:"lists"`
	Subscriptions map[string]SlidingWants `json:"room_subscriptions"`
	Extensions    SlidingExtensions       `json:"extensions"`
}

// SlidingWants is what a client wants to know of a room.
type SlidingWants struct {
	Required [][2]string `json:"required_state"`
	Timeline int         `json:"timeline_limit"`
}

// SlidingList is a window on the rooms of the reader, the most recent first.
type SlidingList struct {
	Ranges   [][2]int       `json:"ranges"`
	Range    *[2]int        `json:"range"`
	Filters  SlidingFilters `json:"filters"`
	Required [][2]string    `json:"required_state"`
	Timeline int            `json:"timeline_limit"`
}

// SlidingFilters chooses rooms of a list.
type SlidingFilters struct {
	Direct    *bool     `json:"is_dm"`
	Encrypted *bool     `json:"is_encrypted"`
	Invite    *bool     `json:"is_invite"`
	Types     []*string `json:"room_types"`
	NotTypes  []*string `json:"not_room_types"`
	NameLike  string    `json:"room_name_like"`
	Tags      []string  `json:"tags"`
	NotTags   []string  `json:"not_tags"`
	Spaces    []string  `json:"spaces"`
}

// SlidingExtensions is what else a client wants.
type SlidingExtensions struct {
	ToDevice struct {
		Enabled bool   `json:"enabled"`
		Limit   int    `json:"limit"`
		Since   string `json:"since"`
	} `json:"to_device"`
	E2EE struct {
		Enabled bool `json:"enabled"`
	} `json:"e2ee"`
	AccountData roomExtension `json:"account_data"`
	Receipts    roomExtension `json:"receipts"`
	Typing      roomExtension `json:"typing"`
	Delivered   roomExtension `json:"org.wardline.delivered"`
}

type roomExtension struct {
	Enabled bool `json:"enabled"`
}

func (ask *SlidingAsk) check() error {
	if len(ask.Lists) > listsMost || len(ask.Subscriptions) > subscriptionsMost || len(ask.ConnID) > 64 {
		return errs.BadParam("At most %d lists and %d room subscriptions can be asked for at once.", listsMost, subscriptionsMost)
	}
	all := 0
	for _, l := range ask.Lists {
		all += len(l.Required)
		if all > requiredAll || len(l.Required) > requiredMost || l.Timeline < 0 || len(l.Ranges) > 10 {
			return errs.BadParam("A list asks for too much.")
		}
		for _, r := range append(l.Ranges, [2]int{}) {
			if r[0] < 0 || r[1] < r[0] {
				return errs.BadParam("A range goes from a smaller index to a larger one, starting at 0.")
			}
		}
	}
	for _, s := range ask.Subscriptions {
		if len(s.Required) > requiredMost || s.Timeline < 0 {
			return errs.BadParam("A room subscription asks for too much.")
		}
	}
	return nil
}

// Sliding answers one simplified sliding sync, waiting for something to tell for as long as the client wishes. give is
// called once with the answer, which it may not keep.
func (e *Engine) Sliding(ctx context.Context, who *audit.Caller, ask *SlidingAsk, give func([]byte) error) error {
	if err := ask.check(); err != nil {
		return err
	}
	p, err := e.person(ctx, who.User)
	if err != nil {
		return err
	}
	c, err := e.conns.open(connKey{who.User, who.Device, ask.ConnID}, ask.Pos)
	if err != nil {
		return err
	}
	// Requests of one connection come one after another; a second one waits for the first to give up.
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.give()
	arrived := c.last
	if err := c.arrive(ask.Pos); err != nil {
		return err
	}
	if arrived != nil && c.acked.number == arrived.number {
		e.received(p, arrived)
	}
	if who.Device != "" && ask.Extensions.ToDevice.Enabled && ask.Extensions.ToDevice.Since != "" {
		if err := e.acceptInbox(ctx, who, ask.Extensions.ToDevice.Since); err != nil {
			return err
		}
	}
	w, leave := p.wait()
	defer leave()
	timer := time.NewTimer(min(max(ask.Timeout, 0), waitMost))
	defer timer.Stop()
	wait := ask.Pos != "" && ask.Timeout > 0
	session := sessionWatch{p, p.ended.Load()}
	for {
		if err := session.check(ctx, e, who); err != nil {
			return err
		}
		if err := e.recall(ctx, p); err != nil {
			return err
		}
		done, err := withBuffer(func(b []byte) ([]byte, bool, error) {
			s := &sliding{e: e, p: p, who: who, ask: ask, c: c, b: b, since: c.acked.token}
			s.now = token{pos: e.applied.Load(), typing: e.Typing.Serial()}
			err := s.build(ctx)
			s.echo.wait(ctx)
			if err == nil && (s.some || !wait) {
				c.sent(s.next)
			}
			return s.b, s.some || !wait, err
		}, give)
		if done || err != nil {
			return err
		}
		select {
		case <-w.woken:
		case <-timer.C:
			wait = false
		case <-e.stop:
			wait = false
		case <-c.hurry:
			wait = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *Engine) acceptInbox(ctx context.Context, who *audit.Caller, since string) error {
	pos, err := strconv.ParseInt(since, 10, 64)
	if err != nil || pos < 0 {
		return errs.BadParam("extensions.to_device.since is not a token of this server.")
	}
	return e.Inbox.Delivered(ctx, who.User, who.Device, pos)
}

// sliding is one response of a sliding sync being written.
type sliding struct {
	e     *Engine
	p     *person
	who   *audit.Caller
	ask   *SlidingAsk
	c     *conn
	since token // what the client has had, of all that is not told room by room
	now   token
	shelf *accountdata.Shelf
	dms   map[string]bool // rooms that m.direct lists
	next  *told           // what the client will have had with this response

	b    []byte
	some bool
	echo echo
}

func (s *sliding) build(ctx context.Context) (err error) {
	if s.shelf, err = s.e.Data.Of(ctx, s.who.User); err != nil {
		return err
	}
	s.dms = directRooms(s.shelf)
	s.next = s.c.acked.follow(s.now)
	rooms, lists, err := s.window(ctx)
	if err != nil {
		return err
	}
	s.b = append(s.b, `{"pos":"`...)
	s.b = s.c.appendPos(s.b, s.next.number)
	s.b = append(s.b, `","lists":{`...)
	for i, l := range lists {
		if i > 0 {
			s.b = append(s.b, ',')
		}
		s.b = append(appendName(s.b, l.name), `:{"count":`...)
		s.b = strconv.AppendInt(s.b, int64(l.count), 10)
		s.b = append(s.b, '}')
		if s.c.acked.counts[l.name] != l.count+1 {
			s.some = true
		}
		s.next.counts[l.name] = l.count + 1
	}
	s.b = append(s.b, `},"rooms":{`...)
	open := len(s.b)
	for _, r := range rooms {
		if err := s.room(ctx, r, open); err != nil {
			return err
		}
	}
	s.b = append(s.b, `},"extensions":{`...)
	if err := s.extensions(ctx, rooms); err != nil {
		return err
	}
	s.b = append(s.b, "}}"...)
	return nil
}
