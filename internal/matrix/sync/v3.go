package sync

import (
	"context"
	"strconv"
	"strings"
	stdsync "sync"
	"time"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/todevice"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// Bounds of one sync.
const (
	timelineDefault = 10
	timelineMost    = 500
	inboxMost       = 100
	waitMost        = 2 * time.Minute
)

// Ask is what a client asks of /v3/sync: client-server API, "Syncing".
type Ask struct {
	Since      string // a token, or "" for a fresh start
	Filter     *filter.Filter
	FullState  bool
	StateAfter bool // state_after instead of state
	Timeout    time.Duration
}

// token is what a sync token says: a position of the log, and how far typing was told, which is not in the log.
type token struct{ pos, typing int64 }

func (t token) String() string {
	return string(t.append(nil))
}

func (t token) append(b []byte) []byte {
	b = append(b, 's')
	b = strconv.AppendInt(b, t.pos, 10)
	b = append(b, '_')
	return strconv.AppendInt(b, t.typing, 10)
}

func parseToken(s string) (t token, err error) {
	if t.pos, err = room.ParseToken(s); err != nil {
		return t, err
	}
	if _, typing, ok := strings.Cut(s, "_"); ok {
		if t.typing, err = strconv.ParseInt(typing, 10, 64); err != nil {
			return t, errs.BadParam("That token was not given out by this server.")
		}
	}
	return t, nil
}

// Sync answers one /v3/sync, waiting for something to tell for as long as the client wishes. give is called once with
// the answer, which it may not keep.
func (e *Engine) Sync(ctx context.Context, who *audit.Caller, ask Ask, give func([]byte) error) error {
	since, err := e.arrive(ctx, who, ask.Since)
	if err != nil {
		return err
	}
	p, err := e.person(ctx, who.User)
	if err != nil {
		return err
	}
	e.receivedAll(p, since.pos)
	w, leave := p.wait()
	defer leave()
	session := sessionWatch{p, p.ended.Load()}
	timer := time.NewTimer(min(max(ask.Timeout, 0), waitMost))
	defer timer.Stop()
	// Most requests come when nothing has happened since the answer before: they need not look for it.
	for quiet := !ask.now() && p.quiet(since); ; quiet = false {
		if err := session.check(ctx, e, who); err != nil {
			return err
		}
		if !quiet {
			if done, err := e.tell(ctx, p, who, &ask, since, give); done || err != nil {
				return err
			}
		}
		select {
		case <-w.woken:
		case <-timer.C:
			ask.Timeout = 0
		case <-e.stop:
			ask.Timeout = 0
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// now reports whether a client wishes to be answered at once, whatever there is to tell.
func (ask *Ask) now() bool { return ask.Since == "" || ask.FullState || ask.Timeout <= 0 }

// tell answers if there is something to tell, or the client wishes it.
func (e *Engine) tell(ctx context.Context, p *person, who *audit.Caller, ask *Ask, since token, give func([]byte) error) (done bool, err error) {
	if err := e.recall(ctx, p); err != nil {
		return true, err
	}
	return withBuffer(func(b []byte) ([]byte, bool, error) {
		a := e.answer(p, who, *ask, since, b)
		err := a.build(ctx)
		a.echo.wait(ctx)
		return a.b, a.some || ask.now(), err
	}, give)
}

// buffers hold answers being written: a busy node writes thousands a second, and a waiting request holds none.
var buffers = stdsync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// keepBuffer is the largest buffer kept for reuse, in bytes.
const keepBuffer = 64 << 10

// withBuffer lets build write an answer, and gives it away if there is something to say.
func withBuffer(build func([]byte) (b []byte, done bool, err error), give func([]byte) error) (done bool, err error) {
	buf := buffers.Get().(*[]byte)
	b, done, err := build((*buf)[:0])
	if err == nil && done {
		err = give(b)
	}
	if cap(b) <= keepBuffer {
		*buf = b[:0]
		buffers.Put(buf)
	}
	return done, err
}

// arrive reads the token a client comes back with. It proves that everything up to it has arrived.
func (e *Engine) arrive(ctx context.Context, who *audit.Caller, s string) (token, error) {
	if s == "" {
		return token{}, nil
	}
	since, err := parseToken(s)
	if err != nil {
		return since, err
	}
	if since.pos > e.applied.Load() {
		// Another node gave this token out and is ahead of this one.
		if err := e.DB.CatchUp(ctx, since.pos); err != nil {
			return since, err
		}
		if since.pos > e.applied.Load() {
			return since, errs.New(errs.Invalid, "M_UNKNOWN_POS", "That token is from the future: start afresh.")
		}
	}
	if who.Device != "" {
		if err := e.Inbox.Delivered(ctx, who.User, who.Device, since.pos); err != nil {
			return since, err
		}
	}
	return since, nil
}

// answer is one response of /v3/sync being written.
type answer struct {
	e     *Engine
	p     *person
	who   *audit.Caller
	ask   Ask
	since token
	now   token
	fresh bool // no since: everything from the start
	shelf *accountdata.Shelf
	lazy  *lazyMembers
	inbox []todevice.Message

	b    []byte
	some bool // there is something to tell
	echo echo
}

// echo is the last event of the asking device itself that an answer holds. Clients expect the answer to what they sent before
// the event comes back to them by sync, and some lose the message when it overtakes: such an answer waits a little.
type echo struct{ ts int64 }

// echoAfter is how long after it was sent an event may come back to the device that sent it.
const echoAfter = 30 * time.Millisecond

func (e *echo) note(ev *room.Event, who *audit.Caller) {
	if ev.TxnID != "" && ev.Device == who.Device && ev.Sender == who.User {
		e.ts = max(e.ts, ev.TS)
	}
}

// wait lets the answer to the sending go first.
func (e *echo) wait(ctx context.Context) {
	if e.ts == 0 {
		return
	}
	rest := time.Until(time.UnixMilli(e.ts).Add(echoAfter))
	if rest <= 0 || rest > echoAfter {
		return
	}
	select {
	case <-time.After(rest):
	case <-ctx.Done():
	}
}

func (e *Engine) answer(p *person, who *audit.Caller, ask Ask, since token, b []byte) *answer {
	a := &answer{e: e, p: p, who: who, ask: ask, since: since, fresh: ask.Since == "", b: b[:0]}
	a.now = token{pos: e.applied.Load(), typing: e.Typing.Serial()}
	if ask.Filter.Room.State.LazyLoadMembers || ask.Filter.Room.Timeline.LazyLoadMembers {
		a.lazy = p.lazyMembersOf(who.Device, since.pos)
	}
	return a
}

func (a *answer) build(ctx context.Context) (err error) {
	if a.shelf, err = a.e.Data.Of(ctx, a.who.User); err != nil {
		return err
	}
	if err := a.openInbox(ctx); err != nil {
		return err
	}
	a.b = append(a.b, `{"next_batch":"`...)
	a.b = a.now.append(a.b)
	a.b = append(a.b, '"')
	if err := a.accountData(ctx); err != nil {
		return err
	}
	if err := a.rooms(ctx); err != nil {
		return err
	}
	if err := a.device(ctx); err != nil {
		return err
	}
	a.b = append(a.b, '}')
	if a.lazy != nil {
		a.lazy.promise(a.now.pos)
	}
	return nil
}

// openInbox reads the messages to the device. When there are more than one answer holds, the whole answer ends with the
// last of them: the token it carries must not skip the rest.
func (a *answer) openInbox(ctx context.Context) (err error) {
	if a.who.Device == "" {
		return nil
	}
	a.inbox, err = a.e.Inbox.Inbox(ctx, a.who.User, a.who.Device, a.since.pos, a.now.pos, inboxMost)
	if len(a.inbox) == inboxMost {
		a.now.pos = a.inbox[inboxMost-1].Pos
	}
	return err
}

// accountData writes what changed of the settings of the whole account.
func (a *answer) accountData(ctx context.Context) error {
	mark := len(a.b)
	a.b = append(a.b, `,"account_data":{"events":[`...)
	open := len(a.b)
	for i := range a.shelf.Entries {
		d := &a.shelf.Entries[i]
		if d.Room == "" && (a.fresh || d.Pos > a.since.pos) && a.ask.Filter.AccountData.Match(d.Type, a.who.User, "", false) {
			a.b = appendData(a.b, open, d)
		}
	}
	if a.fresh && a.ask.Filter.AccountData.Match(accountdata.PushRules, a.who.User, "", false) {
		var err error
		if a.b, err = a.e.appendRules(ctx, a.b, open, a.who.User, a.shelf); err != nil {
			return err
		}
	}
	a.close(mark, open, "]}")
	return nil
}

// appendRules writes the push rules of somebody who has never changed any: they are on no shelf, and clients need them.
func (e *Engine) appendRules(ctx context.Context, b []byte, open int, user string, shelf *accountdata.Shelf) ([]byte, error) {
	if _, ok := shelf.Find("", accountdata.PushRules); ok {
		return b, nil
	}
	content, err := e.Rules.Content(ctx, user)
	if err != nil {
		return b, err
	}
	return appendData(b, open, &accountdata.Entry{Type: accountdata.PushRules, Content: content}), nil
}

// close ends a list begun at open, or takes all of it back to mark when nothing was put into it.
func (a *answer) close(mark, open int, end string) bool {
	if len(a.b) == open {
		a.b = a.b[:mark]
		return false
	}
	a.b = append(a.b, end...)
	a.some = true
	return true
}

// appendData writes one entry of account data, with a comma unless it is the first after open.
func appendData(b []byte, open int, d *accountdata.Entry) []byte {
	if len(b) > open {
		b = append(b, ',')
	}
	b = append(b, `{"content":`...)
	b = append(b, d.Content...)
	b = append(b, `,"type":`...)
	b = room.AppendString(b, d.Type)
	return append(b, '}')
}

// device writes what concerns the client's device alone: messages to it, device lists, counts of its keys.
func (a *answer) device(ctx context.Context) error {
	if a.who.Device == "" {
		return nil
	}
	if len(a.inbox) > 0 {
		a.some = true
		a.b = append(a.b, `,"to_device":{"events":[`...)
		for i := range a.inbox {
			if i > 0 {
				a.b = append(a.b, ',')
			}
			a.b = append(a.b, a.inbox[i].JSON...)
		}
		a.b = append(a.b, "]}"...)
	}
	changed, left, err := a.e.deviceLists(ctx, a.p, a.fresh, a.since.pos, a.now.pos)
	if err != nil {
		return err
	}
	if len(changed)+len(left) > 0 {
		a.some = true
		a.b = appendDeviceLists(append(a.b, `,"device_lists":`...), changed, left)
	}
	counts, err := a.e.Keys.Counts(ctx, a.who.User, a.who.Device)
	if err != nil {
		return err
	}
	a.some = a.some || !a.fresh && a.p.counted.Load() > a.since.pos
	a.b = appendCounts(a.b, counts)
	return nil
}
