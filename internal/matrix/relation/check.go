package relation

import (
	"bytes"
	"context"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// May implements room.Gate. It refuses the same annotation twice (client-server API, "Avoiding duplicate annotations")
// and a thread that begins with an event which itself relates to another ("Validation of m.thread relationships").
func (r *Relations) May(ctx context.Context, who *audit.Caller, l *room.Live, d *room.Draft) error {
	if d.StateKey != nil || !bytes.Contains(d.Content, []byte(`"m.relates_to"`)) || !gjson.ValidBytes(d.Content) {
		return nil
	}
	rel := gjson.GetBytes(d.Content, `m\.relates_to`)
	parent := rel.Get("event_id").Str
	if parent == "" {
		return nil
	}
	switch rel.Get("rel_type").Str {
	case Thread:
		return r.mayThread(ctx, l, parent)
	case Annotation:
		sender := d.Sender
		if sender == "" {
			sender = who.User
		}
		return r.mayAnnotate(ctx, l, annotation{parent, sender, d.Type, rel.Get("key").Str})
	}
	return nil
}

func (r *Relations) mayThread(ctx context.Context, l *room.Live, parent string) error {
	var relType string
	if since := remembered(l, parent); since != nil {
		relType = since[0].RelType
	} else if err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		relType, err = relTypeOf(tx, l.NR, parent)
		return err
	}); err != nil {
		return err
	}
	if relType != "" {
		return errs.New(errs.Invalid, "M_UNKNOWN", "A thread cannot begin with a message that is itself an edit, a reaction or part of a thread.")
	}
	return nil
}

// annotation is what somebody says of an event with a key.
type annotation struct{ parent, sender, typ, key string }

func (r *Relations) mayAnnotate(ctx context.Context, l *room.Live, a annotation) error {
	var given []string
	if since := remembered(l, a.parent); since != nil {
		given = a.among(since)
	} else if err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		given, err = annotationsBy(tx, l.NR, a.parent, a.sender, a.typ)
		return err
	}); err != nil {
		return err
	}
	if slices.Contains(given, a.key) {
		return errs.New(errs.Invalid, "M_DUPLICATE_ANNOTATION", "You have reacted in this way already.")
	}
	return nil
}

// among gives the keys that the sender has used on the event already, among the events since.
func (a *annotation) among(events []*room.Event) (out []string) {
	for _, ev := range events {
		if ev.Relates == a.parent && ev.RelType == Annotation && ev.Sender == a.sender && ev.Type == a.typ {
			out = append(out, gjson.GetBytes(ev.Content, `m\.relates_to.key`).Str)
		}
	}
	return out
}

// rememberedMost is how many of a room's last events are looked through before the database is asked.
const rememberedMost = 50

// remembered gives an event and all that came after it, if it is among the room's last ones in memory; else nil.
func remembered(l *room.Live, id string) []*room.Event {
	latest, _ := l.Latest(rememberedMost, room.Forever)
	for i, ev := range slices.Backward(latest) {
		if ev.ID == id {
			return latest[i:]
		}
	}
	return nil
}
