package room

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
	"github.com/wardline/wardline/internal/spec/matrix/authrules"
)

// Draft is an event somebody wants to append.
type Draft struct {
	Type     string
	StateKey *string
	Sender   string // empty: the caller
	Content  []byte // one JSON object
	TS       int64  // ms since 1970, UTC; 0: now
	Txn      Txn
}

// Txn is a client's transaction id with the path it was used on; the zero value is none.
type Txn struct {
	ID   string
	Path string // what besides the device distinguishes it: endpoint, room, type
}

// key is the idempotency key of a transaction: client-server API, "Transaction identifiers".
func (t Txn) key(who *audit.Caller) []byte {
	if t.ID == "" {
		return nil
	}
	h := sha256.New()
	for _, s := range []string{who.User, who.Device, t.Path, t.ID} {
		var n [4]byte
		n[0], n[1], n[2], n[3] = byte(len(s)>>24), byte(len(s)>>16), byte(len(s)>>8), byte(len(s))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	return h.Sum(nil)[:16]
}

// builder builds events one after another on a room's tip, each authorised against the state before it.
type builder struct {
	rooms   *Rooms
	room    *Live
	base    *snapshot
	overlay map[StateKey]*Event // state set by this builder
	tip     *matrix.Event
	first   *matrix.Event // the parent of the first event built
	built   []*Event
	state   bool // whether any of them changes state
}

// Event gives the state the next event is authorised against.
func (b *builder) Event(typ, key string) *matrix.Event {
	if ev := b.current(StateKey{Type: typ, Key: key}); ev != nil {
		return &ev.Event
	}
	return nil
}

// levels are the power levels already parsed, unless this builder has set others.
func (b *builder) levels() *authrules.Levels {
	if b.base == nil || b.overlay[StateKey{Type: "m.room.power_levels"}] != nil {
		return nil
	}
	return b.room.Levels()
}

func (b *builder) current(k StateKey) *Event {
	if ev := b.overlay[k]; ev != nil || b.base == nil {
		return ev
	}
	b.room.mu.RLock()
	defer b.room.mu.RUnlock()
	return b.base.state[k]
}

// add builds, signs and authorises one event.
func (b *builder) add(who *audit.Caller, d *Draft) (*Event, error) {
	l, conf := b.room, &b.rooms.conf
	if d.Sender == "" {
		d.Sender = who.User
	}
	if d.TS == 0 {
		d.TS = time.Now().UnixMilli()
	}
	draft := matrix.Draft{
		RoomID: l.ID, Type: d.Type, Sender: d.Sender, StateKey: d.StateKey, Content: d.Content, TS: d.TS,
		Depth: 1,
	}
	if b.tip != nil {
		draft.Depth = b.tip.Depth + 1
		draft.PrevEvents = []string{b.tip.ID}
	}
	keys, err := authrules.DraftAuthTypes(l.Version, draft)
	if err != nil {
		return nil, badEvent(err)
	}
	for _, k := range keys {
		if ev := b.current(k); ev != nil {
			draft.AuthEvents = append(draft.AuthEvents, ev.ID)
		}
	}
	built, err := matrix.Build(l.Version, draft, conf.ServerName, conf.Key)
	if err != nil {
		return nil, badEvent(err)
	}
	if err := authrules.CheckWith(l.Version, built, b, b.levels()); err != nil {
		return nil, refused(err)
	}
	ev := &Event{Event: *built, Room: l, TxnID: d.Txn.ID, txn: d.Txn.key(who)}
	if ev.TxnID != "" {
		ev.Device = who.Device
	}
	ev.relation()
	b.take(ev)
	return ev, nil
}

// take makes an event the tip.
func (b *builder) take(ev *Event) {
	if len(b.built) == 0 {
		b.first = b.tip
	}
	b.tip = &ev.Event
	b.built = append(b.built, ev)
	if ev.StateKey != nil {
		k := StateKey{Type: ev.Type, Key: *ev.StateKey}
		ev.Replaces = b.current(k)
		b.overlay[k] = ev
	}
	b.state = b.state || ev.StateKey != nil || ev.Type == "m.room.redaction"
	ev.serialise()
}

// append builds events and commits them in one transaction, with what else belongs to it (extra, which may be nil).
// When another event got into the room in between, it builds again.
func (rs *Rooms) append(ctx context.Context, who *audit.Caller, l *Live, build func(*builder) error,
	extra func(*store.Tx, []*Event) error) ([]*Event, error) {
	for try := 0; ; try++ {
		if err := rs.Load(ctx, l); err != nil {
			return nil, err
		}
		events, err := rs.tryAppend(who, l, build, extra)
		if !errors.Is(err, errStale) {
			return events, err
		}
		if try == 20 {
			return nil, errs.Busy(time.Second, err, "This conversation is very busy. Please try again.")
		}
	}
}

func (rs *Rooms) tryAppend(who *audit.Caller, l *Live, build func(*builder) error,
	extra func(*store.Tx, []*Event) error) ([]*Event, error) {
	l.chain.Lock()
	held := true
	defer func() {
		if held {
			l.chain.Unlock()
		}
	}()
	b := rs.builder(l)
	if b == nil {
		return nil, errStale // let go of since it was loaded
	}
	if err := build(b); err != nil {
		return nil, err
	}
	if len(b.built) == 0 {
		return nil, nil
	}
	done := make(chan error, 1)
	tip := l.tip
	l.tip = b.tip
	err := rs.db.Submit(func(tx *store.Tx) error { return rs.commit(tx, who, b, extra) }, func(err error) { done <- err })
	if err != nil {
		l.tip = tip
		return nil, err
	}
	if !b.state {
		// Messages are chained while their parents are still on their way to the disk; a change of state is waited for.
		held = false
		l.chain.Unlock()
	}
	err = <-done
	if err != nil {
		if !held {
			l.chain.Lock()
			held = true
		}
		l.tip = nil // whatever was built on it will find itself stale, and build again
		return nil, err
	}
	return b.built, nil
}

// builder starts on a room's tip; nil when the room is not loaded. The caller holds the chain.
func (rs *Rooms) builder(l *Live) *builder {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return nil
	}
	b := &builder{rooms: rs, room: l, base: l.full, overlay: map[StateKey]*Event{}, tip: l.tip}
	if b.tip == nil || b.tip.Depth <= l.headLink.depth {
		b.tip = &matrix.Event{ID: l.headLink.id, Depth: l.headLink.depth}
	}
	return b
}

// heads are the last events of the rooms that verbs of one physical commit have appended to.
type heads map[*Live]string

type headsKey struct{}

// commit writes events in a transaction, if the room's log still ends where the first of them was chained.
func (rs *Rooms) commit(tx *store.Tx, who *audit.Caller, b *builder, extra func(*store.Tx, []*Event) error) error {
	l := b.room
	pending := tx.Scratch(headsKey{}, func() any { return heads{} }).(heads)
	head, ok := pending[l]
	if !ok {
		l.mu.RLock()
		head = l.headLink.id
		l.mu.RUnlock()
	}
	if b.first != nil && head != b.first.ID || b.first == nil && head != "" {
		return errStale
	}
	for _, ev := range b.built {
		if err := rs.write(tx, l, ev); err != nil {
			return err
		}
	}
	if extra != nil {
		if err := extra(tx, b.built); err != nil {
			return err
		}
	}
	for _, ev := range b.built {
		if err := audit.Record(tx, who, audit.Entry{Action: "room.append", Object: ev.ID, Detail: auditDetail(ev)}); err != nil {
			return err
		}
		tx.Announce(store.Change{Pos: ev.Pos, Kind: "event", Scope: l.ID, Body: ev})
	}
	tx.OnUndo(func() { pending[l] = head })
	pending[l] = b.tip.ID
	return nil
}

// auditDetail says what kind of event it is. Types and memberships are not content.
func auditDetail(ev *Event) string {
	if m := ev.Membership(); m != "" {
		return ev.Type + " " + m
	}
	return ev.Type
}

// write inserts one event and what follows from it.
func (rs *Rooms) write(tx *store.Tx, l *Live, ev *Event) error {
	ev.Pos = tx.Next()
	if ev.Is("m.room.create", "") && l.last.Load() == 0 {
		l.NR = ev.Pos
		if err := insertRoom(tx, l); err != nil {
			return err
		}
	}
	if err := insertEvent(tx, l, ev); err != nil {
		return err
	}
	if ev.StateKey != nil {
		if err := putState(tx, l, ev); err != nil {
			return err
		}
	}
	if ev.Type == "m.room.redaction" && ev.StateKey == nil {
		if err := rs.redact(tx, l, ev); err != nil {
			return err
		}
	}
	for _, c := range rs.companions {
		if err := c(tx, ev); err != nil {
			return err
		}
	}
	return nil
}

// badEvent turns what makes an event malformed into an answer.
func badEvent(err error) error {
	if errors.Is(err, matrix.ErrTooLarge) {
		return &errs.Error{Kind: errs.TooLarge, Code: "M_TOO_LARGE", Message: "The event is larger than 65,536 bytes, or one of its names is longer than 255.", Cause: err}
	}
	code := "M_BAD_JSON"
	if errors.Is(err, matrix.ErrNotJSON) {
		code = "M_NOT_JSON"
	}
	return &errs.Error{Kind: errs.Invalid, Code: code, Message: "The event is not well formed: " + err.Error()}
}

// refused turns a verdict of the authorisation rules into an answer that names the rule.
func refused(err error) error {
	var d *authrules.Denied
	if errors.As(err, &d) {
		return errs.Forbid("You may not do this here: %s (rule %s).", d.Reason, d.Rule)
	}
	return err
}

// StateDraft is a draft of a piece of state. The content must be encodable as JSON.
func StateDraft(typ, key string, content map[string]any) *Draft {
	return &Draft{Type: typ, StateKey: &key, Content: object(content)}
}

// object encodes a small content. It cannot fail for the maps and structs that contents are made of here.
func object(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
