package media

import (
	"context"
	"io"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Content is a file opened for reading. Close Body.
type Content struct {
	Type   string // as the uploader says
	Name   string // as the uploader says; may be empty
	Size   int64
	Hash   string
	Avatar bool // somebody's profile picture: fit for a cache
	Body   io.ReadSeekCloser
}

// Open opens a file for a caller who may read it, waiting for content that has not come yet.
// Client-server API, GET /_matrix/client/v1/media/download. Errors: M_NOT_FOUND for what is not there and for what the
// caller may not see, M_NOT_YET_UPLOADED.
func (m *Media) Open(ctx context.Context, who *audit.Caller, server, id string, wait time.Duration) (*Content, error) {
	f, avatar, err := m.find(ctx, who, server, id, wait)
	if err != nil {
		return nil, err
	}
	c, err := m.open(ctx, f.hash)
	if err != nil {
		return nil, err
	}
	c.Type, c.Name, c.Avatar = f.typ, f.name, avatar
	return c, nil
}

func (m *Media) open(ctx context.Context, hash string) (*Content, error) {
	body, size, err := m.files.Open(ctx, hash)
	if errs.Is(err, errs.NotFound) {
		// Not "no such file": the record says it is there, so somebody should hear of it.
		return nil, &errs.Error{Kind: errs.Internal, Message: "media: a stored file is missing", Cause: err}
	}
	if err != nil {
		return nil, err
	}
	return &Content{Hash: hash, Size: size, Body: body}, nil
}

// find gives the row of a file that the caller may read.
func (m *Media) find(ctx context.Context, who *audit.Caller, server, id string, wait time.Duration) (f *file, avatar bool, err error) {
	if err := m.local(server, id); err != nil {
		return nil, false, err
	}
	arrival, done := m.await(id)
	defer done()
	for {
		var u usage
		err = m.db.Read(ctx, func(tx *store.Tx) error {
			if f, err = fileByID(tx, id); err != nil {
				return err
			}
			u, err = usageOf(tx, f, who.User)
			return err
		})
		switch {
		case errs.Is(err, errs.NotFound):
			return nil, false, errNoFile()
		case err != nil:
			return nil, false, err
		case f.expires == 0:
			return f, u.avatar, m.allow(ctx, who.User, f, u)
		}
		if err := m.pause(ctx, f, arrival, wait); err != nil {
			return nil, false, err
		}
		wait = 0
	}
}

// usage says what speaks for a reader.
type usage struct {
	avatar bool
	places []Place // newest first; empty when the reader needs none of them
}

// usageOf reads where a file is used; for its owner only whether it is.
func usageOf(tx *store.Tx, f *file, user string) (u usage, err error) {
	if f.expires > 0 || f.gone > 0 {
		return u, nil
	}
	if u.avatar, err = isAvatar(tx, f.id); err != nil || u.avatar || f.user == user {
		return u, err
	}
	u.places, err = placesOf(tx, f.id, maxPlaces)
	return u, err
}

// allow decides whether a user may read a file: everybody a profile picture, its owner until nothing uses it any more,
// others when they may read an event that uses it.
func (m *Media) allow(ctx context.Context, user string, f *file, u usage) error {
	switch {
	case f.gone > 0:
		return errNoFile()
	case u.avatar, f.user == user:
		return nil
	case m.opt.Encrypted && !f.used:
		return nil
	}
	for _, at := range u.places {
		ok, err := m.mayRead(ctx, user, at)
		if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Forbidden) {
			return err
		}
		if ok {
			return nil
		}
	}
	return errNoFile()
}

// pause waits for the content of a file. Nothing came in time: M_NOT_YET_UPLOADED.
func (m *Media) pause(ctx context.Context, f *file, arrival <-chan struct{}, wait time.Duration) error {
	late := errs.New(errs.Unavailable, "M_NOT_YET_UPLOADED", "The file has not been uploaded yet.")
	late.Retry = 5 * time.Second
	left := time.Until(time.UnixMilli(f.expires))
	if left <= 0 {
		return errNoFile()
	}
	if wait = min(wait, maxWait, left); wait <= 0 {
		return late
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-arrival:
		return nil
	case <-timer.C:
	case <-m.drained:
	case <-ctx.Done():
	}
	return late
}

// await registers a reader of a file that may have no content yet. The channel is closed when it comes.
func (m *Media) await(id string) (arrival chan struct{}, done func()) {
	arrival = make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[id] = append(m.waiting[id], arrival)
	return arrival, func() { m.leave(id, arrival) }
}

func (m *Media) leave(id string, arrival chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.waiting[id]
	for i, c := range list {
		if c == arrival {
			list[i] = list[len(list)-1]
			list = list[:len(list)-1]
			break
		}
	}
	if m.waiting[id] = list; len(list) == 0 {
		delete(m.waiting, id)
	}
}

// follow wakes those who wait for content.
func (m *Media) follow(b store.Batch) {
	for _, c := range b.Changes {
		if c.Kind == KindUploaded {
			m.wake(c.Key)
		}
	}
}

func (m *Media) wake(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.waiting[id] {
		close(c)
	}
	delete(m.waiting, id)
}
