package media

import (
	"bytes"
	"context"
	"slices"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Use is an event that may use files.
type Use struct {
	Place
	EventID string
	Sender  string
	Content []byte // JSON
}

// Mentioned gives the ids of this server's files that a text names by their mxc:// URIs, each once and at most as many as an
// event may use. It looks at all of an event's content: files stand not only in url and info.thumbnail_url, but in the
// HTML of a message, in the members of a sticker pack, and in what will be invented.
func Mentioned(server string, content []byte) []string {
	var ids []string
	prefix := []byte("mxc://" + server + "/")
	for len(ids) < maxLinks {
		at := bytes.Index(content, prefix)
		if at < 0 {
			break
		}
		content = content[at+len(prefix):]
		n := 0
		for n < len(content) && idChar(content[n]) {
			n++
		}
		if id := string(content[:n]); validID(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		content = content[n:]
	}
	return ids
}

// Link notes which files an event uses, in the transaction that appends it. A file is linked only if the sender may read
// it: nobody gains sight of a file by naming it. Events that name none cost nothing.
func (m *Media) Link(tx *store.Tx, u Use) error {
	for _, id := range Mentioned(m.opt.Server, u.Content) {
		ok, err := m.mayUse(tx, u.Sender, id)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := insertLink(tx, id, u); err != nil {
			return err
		}
		if err := markUsed(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// mayUse reports whether a person may read a file, as of a transaction. A reserved file may be used by its owner before
// its content has come.
func (m *Media) mayUse(tx *store.Tx, user, id string) (bool, error) {
	f, err := fileByID(tx, id)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil || f.gone > 0 {
		return false, err
	}
	if f.user == user {
		return true, nil
	}
	u, err := usageOf(tx, f, user)
	if err != nil {
		return false, err
	}
	err = m.allow(tx.Context(), user, f, u)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Unlink notes that an event has been redacted, in the transaction of the redaction and after the event's row says so:
// files that nothing uses any more are readable by nobody from then on, and deleted after the time of grace. An event that
// was not in fact redacted keeps its files.
func (m *Media) Unlink(tx *store.Tx, eventID string) error {
	return releaseEvent(tx, eventID, tx.Now().UnixMilli())
}

// SetAvatar notes which file is a person's profile picture (uri empty: none), in the transaction that changes the profile.
// Everybody of the trust may see it, if the person may.
func (m *Media) SetAvatar(tx *store.Tx, user, uri string) error {
	before, err := avatarOf(tx, user)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	after := ""
	if ids := Mentioned(m.opt.Server, []byte(uri)); len(ids) == 1 && m.uri(ids[0]) == uri {
		ok, err := m.mayUse(tx, user, ids[0])
		if err != nil {
			return err
		}
		if ok {
			after = ids[0]
		}
	}
	if before == after {
		return nil
	}
	if err := putAvatar(tx, user, after); err != nil {
		return err
	}
	if after != "" {
		if err := markUsed(tx, after); err != nil {
			return err
		}
	}
	return releaseFile(tx, before, tx.Now().UnixMilli())
}

// Withdraw makes a file unreadable at once and for everybody, whatever uses it: a photograph of the wrong patient, a virus.
// It is deleted after the time of grace.
func (m *Media) Withdraw(ctx context.Context, who *audit.Caller, id string) error {
	return m.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := fileByID(tx, id); errs.Is(err, errs.NotFound) {
			return errNoFile()
		} else if err != nil {
			return err
		}
		if err := withdraw(tx, id, tx.Now().UnixMilli()); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "media.withdraw", Object: m.uri(id)})
	})
}
