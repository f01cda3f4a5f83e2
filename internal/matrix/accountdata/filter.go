package accountdata

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// Limits on filters: bytes of one, and how many of a person's are kept. The least recently stored gives way, since
// clients store theirs at every start.
const (
	maxFilter  = 16 << 10
	maxFilters = 100
)

type filterKey struct{ user, id string }

// StoreFilter keeps a filter of the caller's and gives its id, which never begins with "{". The same filter has the
// same id.
func (k *Keep) StoreFilter(ctx context.Context, who *audit.Caller, user string, content jsontext.Value) (id string, err error) {
	if who.User != user {
		return "", errs.Forbid("You cannot store a filter for someone else.")
	}
	if len(content) > maxFilter {
		return "", errs.New(errs.TooLarge, "M_TOO_LARGE", "A filter may be at most %d KiB.", maxFilter>>10)
	}
	if _, err := filter.Parse(content); err != nil {
		return "", errs.BadJSON("This is not a valid filter: %v.", err)
	}
	if err := content.Compact(); err != nil {
		return "", errs.BadJSON("A filter must be a JSON object.")
	}
	sum := sha256.Sum256(content)
	id = base64.RawURLEncoding.EncodeToString(sum[:15])
	if _, ok := k.filters.GetIfPresent(filterKey{user, id}); ok {
		return id, nil
	}
	err = k.db.Write(ctx, func(tx *store.Tx) error {
		if err := putFilter(tx, user, id, string(content), tx.Now().UnixMilli()); err != nil {
			return err
		}
		if err := trimFilters(tx, user, maxFilters); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "accountdata.filter", Object: id})
	})
	return id, err
}

// Filter gives a stored filter of the caller's, from memory in the steady state; errs.NotFound when there is none.
func (k *Keep) Filter(ctx context.Context, who *audit.Caller, user, id string) (jsontext.Value, error) {
	if who.User != user {
		return nil, errs.Forbid("You cannot see the filters of someone else.")
	}
	key := filterKey{user, id}
	if content, ok := k.filters.GetIfPresent(key); ok {
		return jsontext.Value(content), nil
	}
	var content string
	err := k.db.Glance(ctx, func(tx *store.Tx) (err error) {
		content, err = filterOf(tx, user, id)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return nil, errs.Absent("There is no filter with this id.")
	}
	if err != nil {
		return nil, err
	}
	k.filters.Set(key, content)
	return jsontext.Value(content), nil
}
