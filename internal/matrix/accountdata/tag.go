package accountdata

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Limits on tags; the standard sets the first ("Room Tagging").
const (
	maxTag  = 255
	maxTags = 100
)

// tagging is the content of m.tag.
type tagging struct {
	Tags map[string]jsontext.Value `json:"tags"`
}

// RoomTags gives the tags that the caller has put on a room, by name.
func (k *Keep) RoomTags(ctx context.Context, who *audit.Caller, user, room string) (map[string]jsontext.Value, error) {
	if err := checkTag(who, user, room, Tags); err != nil {
		return nil, err
	}
	s, err := k.Of(ctx, user)
	if err != nil {
		return nil, err
	}
	e, _ := s.Find(room, Tags)
	return tagsIn(e.Content), nil
}

// Tag puts a tag on a room for the caller. The tag's content is an object; an order in it is a number from 0 to 1.
func (k *Keep) Tag(ctx context.Context, who *audit.Caller, user, room, tag string, content jsontext.Value) error {
	if err := checkTag(who, user, room, tag); err != nil {
		return err
	}
	var order struct {
		Order *float64 `json:"order"`
	}
	if json.Unmarshal(content, &order) != nil {
		return errs.BadJSON("The order of a tag must be a number.")
	}
	if order.Order != nil && (*order.Order < 0 || *order.Order > 1) {
		return errs.BadParam("The order of a tag must be between 0 and 1.")
	}
	return k.retag(ctx, who, user, room, "accountdata.tag", func(tags map[string]jsontext.Value) error {
		tags[tag] = content
		if len(tags) > maxTags {
			return errs.New(errs.TooLarge, "M_TOO_LARGE", "A room may bear at most %d tags.", maxTags)
		}
		return nil
	})
}

// Untag takes a tag off a room for the caller. Taking off what is not there succeeds.
func (k *Keep) Untag(ctx context.Context, who *audit.Caller, user, room, tag string) error {
	if err := checkTag(who, user, room, tag); err != nil {
		return err
	}
	return k.retag(ctx, who, user, room, "accountdata.untag", func(tags map[string]jsontext.Value) error {
		delete(tags, tag)
		return nil
	})
}

// retag changes a room's tags: read, changed and written in one transaction, so that two devices lose nothing.
func (k *Keep) retag(ctx context.Context, who *audit.Caller, user, room, action string,
	change func(map[string]jsontext.Value) error,
) error {
	s, err := k.Of(ctx, user)
	if err != nil {
		return err
	}
	return k.db.Write(ctx, func(tx *store.Tx) error {
		old, err := contentOf(tx, user, room, Tags)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		tags := tagsIn(old)
		if err := change(tags); err != nil {
			return err
		}
		content, err := json.Marshal(tagging{tags}, json.Deterministic(true))
		if err != nil {
			return err
		}
		if len(content) > maxContent {
			return errs.New(errs.TooLarge, "M_TOO_LARGE", "The tags of a room may be at most %d KiB.", maxContent>>10)
		}
		if len(content) > len(old) {
			if err := s.spare(len(old) > 0, len(content)-len(old)); err != nil {
				return err
			}
		}
		if err := Set(tx, user, room, Tags, content); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: action, Object: room})
	})
}

// tagsIn reads m.tag; what is malformed holds no tags.
func tagsIn(content jsontext.Value) map[string]jsontext.Value {
	var t tagging
	if len(content) == 0 || json.Unmarshal(content, &t) != nil || t.Tags == nil {
		return map[string]jsontext.Value{}
	}
	return t.Tags
}

func checkTag(who *audit.Caller, user, room, tag string) error {
	if who.User != user {
		return errs.Forbid("You cannot see or change the tags of someone else.")
	}
	if !validRoom(room) {
		return errs.BadParam("This is not a valid room id.")
	}
	if tag == "" || len(tag) > maxTag {
		return errs.BadParam("A tag must be 1 to %d bytes long.", maxTag)
	}
	return nil
}
