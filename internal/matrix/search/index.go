package search

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Index is a room.Companion: in the transaction that appends an event it puts the event's text into the index. An edit
// replaces the words of the event it edits, and a redaction takes words away. A message costs one statement more.
func (s *Search) Index(tx *store.Tx, ev *room.Event) error {
	switch {
	case ev.Type == "m.room.redaction" && ev.StateKey == nil:
		if ev.Redacts == "" {
			return nil
		}
		return s.redact(tx, ev.Room.NR, ev.Redacts)
	case ev.RelType == "m.replace" && ev.StateKey == nil:
		return s.edit(tx, ev)
	}
	return s.add(tx, &writing{
		pos: ev.Pos, room: ev.Room.NR, typ: ev.Type, state: ev.StateKey != nil, sender: ev.Sender, content: ev.Content,
	}, 0)
}

// add indexes an event by its own text, or by that of an edit of it.
func (s *Search) add(tx *store.Tx, w *writing, edited int64) error {
	k, text := textOf(w.typ, w.state, w.content)
	words := fromText(text)
	if words == "" {
		return nil
	}
	return put(tx, s.dialect, w.pos, words, place(w.room, k), w.sender, edited)
}

// edit notes an edit, and indexes the event it edits anew.
func (s *Search) edit(tx *store.Tx, ev *room.Event) error {
	found, err := writings(tx, whereID, ev.Relates, ev.Room.NR)
	if err != nil || len(found) == 0 {
		return err // an edit of nothing is no edit
	}
	if err := putEdit(tx, ev.ID, found[0].pos); err != nil {
		return err
	}
	return s.refresh(tx, &found[0])
}

// redact takes the words of a redacted event away. Those of a redacted edit give way to what they replaced.
func (s *Search) redact(tx *store.Tx, nr int64, id string) error {
	pos, original, err := redactedIn(tx, nr, id)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := remove(tx, s.dialect, pos); err != nil || original == 0 {
		return err
	}
	if err := removeEdit(tx, id); err != nil {
		return err
	}
	found, err := writings(tx, wherePos, original)
	if err != nil || len(found) == 0 {
		return err
	}
	return s.refresh(tx, &found[0])
}

// refresh indexes an event as it now is.
func (s *Search) refresh(tx *store.Tx, w *writing) error {
	if err := remove(tx, s.dialect, w.pos); err != nil {
		return err
	}
	if w.redacted || w.state || w.relType == "m.replace" {
		return nil
	}
	best, err := s.latestEdit(tx, w)
	if err != nil {
		return err
	}
	if best == nil {
		return s.add(tx, w, 0)
	}
	now := *w
	now.content = []byte(gjson.GetBytes(best.content, newContent).Raw)
	return s.add(tx, &now, best.pos)
}

// newContent is the path of what an edit puts in the place of the content.
const newContent = `m\.new_content`

// editsMost is how many of the latest edits of an event are looked at for a valid one.
const editsMost = 20

// latestEdit gives the edit that counts, or nil: client-server API, "Event replacements".
func (s *Search) latestEdit(tx *store.Tx, w *writing) (best *writing, err error) {
	edits, err := writings(tx, whereEdits, w.room, w.id, w.sender, w.typ, editsMost)
	for i := range edits {
		e := &edits[i]
		if !gjson.GetBytes(e.content, newContent).IsObject() || e.state {
			continue
		}
		if best == nil || e.ts > best.ts || e.ts == best.ts && e.id > best.id {
			best = e
		}
	}
	return best, err
}

// Forget takes events out of the index in the transaction that removes them.
func (s *Search) Forget(tx *store.Tx, positions ...int64) error {
	for _, pos := range positions {
		if err := remove(tx, s.dialect, pos); err != nil {
			return err
		}
	}
	return nil
}

// JobCatchUp is the kind of job that does CatchUp.
const JobCatchUp = "search.catchup"

// Start looks whether the database has events from before there was an index: one that was restored, for a backup holds no
// index. If so it calls promise, which sees to it that CatchUp runs. Call it before the first write.
func (s *Search) Start(ctx context.Context, promise func(*store.Tx) error) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		done, upto, err := progress(tx)
		if errs.Is(err, errs.NotFound) {
			if upto, err = tx.Position(); err == nil {
				err = putProgress(tx, 0, upto)
			}
		}
		if err != nil || done >= upto {
			return err
		}
		return promise(tx)
	})
}

// step is how many texts one transaction of CatchUp indexes: it holds up other writers for a few milliseconds.
const step = 200

// CatchUp indexes the events from before there was an index. It goes on where it was interrupted.
func (s *Search) CatchUp(ctx context.Context) error {
	for more := true; more; {
		err := s.db.Write(ctx, func(tx *store.Tx) (err error) {
			more, err = s.catchUp(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Search) catchUp(tx *store.Tx) (more bool, err error) {
	done, upto, err := progress(tx)
	if err != nil || done >= upto {
		return false, err
	}
	found, err := writings(tx, whereSpan, done, upto, step)
	if err != nil {
		return false, err
	}
	for i := range found {
		if err := s.takeIn(tx, &found[i]); err != nil {
			return false, err
		}
	}
	if err := s.refreshEdited(tx, found); err != nil {
		return false, err
	}
	if len(found) < step {
		return false, putProgress(tx, upto, upto)
	}
	return true, putProgress(tx, found[step-1].pos, upto)
}

// takeIn indexes one event of the past by its own text.
func (s *Search) takeIn(tx *store.Tx, w *writing) error {
	if w.redacted {
		return nil
	}
	if w.relType == "m.replace" && !w.state {
		original, err := writings(tx, whereID, w.relates, w.room)
		if err != nil || len(original) == 0 {
			return err
		}
		return putEdit(tx, w.id, original[0].pos)
	}
	if err := remove(tx, s.dialect, w.pos); err != nil {
		return err
	}
	return s.add(tx, w, 0)
}

// refreshEdited indexes those of the events that have been edited by their edits.
func (s *Search) refreshEdited(tx *store.Tx, events []writing) error {
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].id
	}
	edited, err := editedAmong(tx, ids)
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, id := range edited {
		has[id] = true
	}
	for i := range events {
		if has[events[i].id] {
			if err := s.refresh(tx, &events[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func contentOf(json string) []byte {
	if raw := gjson.Get(json, "content").Raw; strings.HasPrefix(raw, "{") {
		return []byte(raw)
	}
	return []byte("{}")
}
