package room

import (
	"bytes"
	"context"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// pass asks the gates about a draft, and refuses what no room here may hold.
func (rs *Rooms) pass(ctx context.Context, who *audit.Caller, l *Live, d *Draft) error {
	if d.Type == "m.room.encryption" && d.StateKey != nil && !rs.conf.Encryption {
		return errs.Forbid("Conversations here are readable by the trust, so end-to-end encryption cannot be turned on.")
	}
	if d.Type == "m.room.redaction" && d.StateKey != nil {
		return errs.BadParam("A redaction is no state. Use the redact endpoint to redact an event.")
	}
	for _, g := range rs.gates {
		if err := g.May(ctx, who, l, d); err != nil {
			return err
		}
	}
	return nil
}

// Append appends one event on behalf of a caller, in one transaction, with what else belongs to it (see AppendWith).
func (rs *Rooms) Append(ctx context.Context, who *audit.Caller, l *Live, d *Draft) (*Event, error) {
	return rs.AppendWith(ctx, who, l, d, nil)
}

// AppendWith is Append with further changes in the same transaction; extra may run more than once.
func (rs *Rooms) AppendWith(ctx context.Context, who *audit.Caller, l *Live, d *Draft,
	extra func(tx *store.Tx, ev *Event) error) (*Event, error) {
	if err := rs.pass(ctx, who, l, d); err != nil {
		return nil, err
	}
	var inTx func(*store.Tx, []*Event) error
	if extra != nil {
		inTx = func(tx *store.Tx, events []*Event) error { return extra(tx, events[0]) }
	}
	events, err := rs.append(ctx, who, l, func(b *builder) error {
		_, err := b.add(who, d)
		return err
	}, inTx)
	if err != nil {
		return nil, err
	}
	return events[0], nil
}

// Send appends a message once: the same transaction of the same device gives the same event id.
// Client-server API, "Sending events to a room".
func (rs *Rooms) Send(ctx context.Context, who *audit.Caller, room string, d *Draft) (id string, err error) {
	if d.Type == "m.room.redaction" {
		return "", errs.BadParam("Use the redact endpoint to redact an event.")
	}
	r, err := rs.belong(ctx, who, room)
	if err != nil {
		return "", err
	}
	return rs.once(ctx, who, r, d)
}

// belong is Open for Belonging without working out what the caller may read: sending need not know.
func (rs *Rooms) belong(ctx context.Context, who *audit.Caller, room string) (*Live, error) {
	l, err := rs.reach(ctx, room)
	if err != nil {
		return nil, err
	}
	if l.Membership(who.User) != "join" {
		return nil, errStranger()
	}
	return l, nil
}

// once appends a draft unless its transaction has been carried out already.
func (rs *Rooms) once(ctx context.Context, who *audit.Caller, l *Live, d *Draft) (id string, err error) {
	key := d.Txn.key(who)
	if key == nil {
		return "", errs.Missing("A transaction id is needed.")
	}
	if id, err = rs.done(ctx, key); !errs.Is(err, errs.NotFound) {
		return id, err
	}
	ev, err := rs.Append(ctx, who, l, d)
	if err == nil {
		return ev.ID, nil
	}
	if store.IsConflict(err) {
		// The same transaction twice at the same time: the other one has won.
		return rs.done(ctx, key)
	}
	return "", err
}

func (rs *Rooms) done(ctx context.Context, key []byte) (id string, err error) {
	err = rs.db.Glance(ctx, func(tx *store.Tx) (err error) {
		id, err = byTxn(tx, key)
		return err
	})
	return id, err
}

// PutState sets a piece of state. Setting what is already set gives the id of the event that set it.
func (rs *Rooms) PutState(ctx context.Context, who *audit.Caller, room string, d *Draft) (id string, err error) {
	l, err := rs.belong(ctx, who, room)
	if err != nil {
		// A former or future member may still set their own membership.
		if d.Type != "m.room.member" || *d.StateKey != who.User {
			return "", err
		}
		if l, err = rs.Find(ctx, room); err != nil {
			return "", errStranger()
		}
		if err := rs.Load(ctx, l); err != nil {
			return "", err
		}
	}
	if err := rs.checkState(ctx, who, l, d); err != nil {
		return "", err
	}
	if now := l.State(d.Type, *d.StateKey); now != nil && now.Sender == who.User && same(now.Content, d.Content) {
		return now.ID, nil
	}
	ev, err := rs.Append(ctx, who, l, d)
	if err != nil {
		return "", err
	}
	return ev.ID, nil
}

// checkState holds state that a client sets directly against what the verbs for it would refuse.
func (rs *Rooms) checkState(ctx context.Context, who *audit.Caller, l *Live, d *Draft) error {
	if d.Type != "m.room.member" {
		return nil
	}
	if err := rs.CheckMember(ctx, *d.StateKey, d.Content); err != nil {
		return err
	}
	return rs.vouch(ctx, who, l, d)
}

// CheckMember makes sure that whoever is let into a room is there, and of this trust.
func (rs *Rooms) CheckMember(ctx context.Context, user string, content []byte) error {
	if !gjson.ValidBytes(content) {
		return errs.BadJSON("The content is not JSON.")
	}
	switch gjson.GetBytes(content, "membership").Str {
	case "join", "invite", "knock":
		_, err := rs.MemberContent(ctx, user, "invite", "")
		return err
	}
	return nil
}

// same reports whether content is the canonical form of what is given.
func same(canonical, given []byte) bool {
	c, err := matrix.Canonical(given)
	return err == nil && string(c) == string(canonical)
}

// Redact takes the content of an event away and leaves its place: client-server API, "Redactions". Their own events
// anyone may redact; those of others need the power to.
func (rs *Rooms) Redact(ctx context.Context, who *audit.Caller, room, target, reason string, txn Txn) (id string, err error) {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return "", err
	}
	ev, err := rs.EventByID(ctx, r, target)
	if err != nil {
		return "", err
	}
	levels := r.Levels()
	if ev.Sender != who.User && levels.User(who.User) < levels.Redact {
		return "", errs.Forbid("You can only redact your own messages here.")
	}
	if ev.Is("m.room.create", "") {
		return "", errs.Forbid("The beginning of a conversation cannot be redacted.")
	}
	content := map[string]any{"redacts": target}
	if reason != "" {
		content["reason"] = reason
	}
	return rs.once(ctx, who, r.Live, &Draft{Type: "m.room.redaction", Content: object(content), Txn: txn})
}

// redact takes away the content of the event a redaction names, in the redaction's own transaction.
func (rs *Rooms) redact(tx *store.Tx, l *Live, by *Event) error {
	pos, pdu, err := redactable(tx, l.NR, by.Redacts)
	if errs.Is(err, errs.NotFound) {
		return nil // unknown here, or redacted already
	}
	if err != nil {
		return err
	}
	redacted, err := matrix.Redact(l.Version, pdu)
	if err != nil {
		return err
	}
	return putRedacted(tx, pos, redacted, by.Pos)
}

// after gives the event as it is after a redaction, of itself or of the event it replaced and quotes; itself when the
// redaction does not concern it.
func (e *Event) after(version matrix.RoomVersion, by *Event) *Event {
	left := *e
	switch {
	case e.RedactedBecause != nil:
		return e
	case e.ID == by.Redacts:
		left.RedactedBecause, left.Relates, left.RelType = by, "", ""
		left.Content = redactedContent(version, e.Type, e.Content)
	case e.replaced != "" && e.replaced == by.Redacts:
		quoted := gjson.Get("{"+string(bytes.TrimSuffix(e.unsigned, []byte(",")))+"}", "prev_content").Raw
		left.Replaces = &Event{Event: matrix.Event{ID: e.replaced, Content: redactedContent(version, e.Type, []byte(quoted))}}
	default:
		return e
	}
	left.serialise()
	left.Replaces = nil
	return &left
}

// redactedContent is what a redaction leaves of a content.
func redactedContent(version matrix.RoomVersion, typ string, full []byte) []byte {
	pdu := append(AppendString([]byte(`{"type":`), typ), `,"content":`...)
	pdu = append(append(pdu, full...), '}')
	pdu, err := matrix.Redact(version, pdu)
	if err != nil {
		pdu = nil // cannot be: the event was built here. Rather nothing than what should be gone.
	}
	return content(string(pdu))
}
