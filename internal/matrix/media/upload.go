package media

import (
	"context"
	"crypto/rand"
	"io"
	"mime"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Upload is a file on its way in.
type Upload struct {
	Type   string // content type as the client says; empty or nonsense: application/octet-stream
	Name   string // file name as the client says; may be empty
	Length int64  // bytes announced; negative: unknown
	Body   io.Reader
}

// Reserve makes an id for a file whose content comes later, with Fill, and says until when.
// Client-server API, POST /_matrix/media/v1/create.
func (m *Media) Reserve(ctx context.Context, who *audit.Caller) (uri string, until time.Time, err error) {
	if err := who.MayAct(); err != nil {
		return "", time.Time{}, err
	}
	id := rand.Text()
	err = m.db.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		n, soonest, err := pending(tx, who.User, now.UnixMilli())
		if err != nil {
			return err
		}
		if n >= maxPending {
			e := errs.New(errs.Limited, "M_LIMIT_EXCEEDED", "You have started %d uploads without finishing them.", n)
			e.Retry = time.UnixMilli(soonest).Sub(now)
			return e
		}
		until = now.Add(m.opt.Unused)
		return insertFile(tx, &file{id: id, user: who.User, created: now.UnixMilli(), expires: until.UnixMilli()})
	})
	return m.uri(id), until, err
}

// Store takes a file and gives its mxc:// URI. Client-server API, POST /_matrix/media/v3/upload. Errors: M_TOO_LARGE;
// M_FORBIDDEN over quota, and for pictures that cannot be cleaned; M_INVALID_PARAM for damaged ones.
func (m *Media) Store(ctx context.Context, who *audit.Caller, u Upload) (uri string, err error) {
	if err := m.admit(ctx, who, u); err != nil {
		return "", err
	}
	kept, err := m.keep(ctx, u.Body)
	if err != nil {
		return "", err
	}
	id := rand.Text()
	err = m.db.Write(ctx, func(tx *store.Tx) error {
		f := u.file(kept)
		f.id, f.user, f.created = id, who.User, tx.Now().UnixMilli()
		if err := insertFile(tx, f); err != nil {
			return err
		}
		return m.recordUpload(tx, who, id, kept)
	})
	return m.uri(id), err
}

// Fill brings the content of a reserved file. Client-server API, PUT /_matrix/media/v3/upload/{serverName}/{mediaId}.
// Errors as Store, and M_NOT_FOUND for what was not reserved or has expired, M_FORBIDDEN for what another person
// reserved, M_CANNOT_OVERWRITE_MEDIA for what has come already.
func (m *Media) Fill(ctx context.Context, who *audit.Caller, server, id string, u Upload) error {
	if err := m.local(server, id); err != nil {
		return err
	}
	if err := m.db.Read(ctx, func(tx *store.Tx) error { return fillable(tx, who, id) }); err != nil {
		return err
	}
	if err := m.admit(ctx, who, u); err != nil {
		return err
	}
	kept, err := m.keep(ctx, u.Body)
	if err != nil {
		return err
	}
	return m.db.Write(ctx, func(tx *store.Tx) error {
		if err := fillable(tx, who, id); err != nil {
			return err
		}
		f := u.file(kept)
		f.id, f.created = id, tx.Now().UnixMilli()
		if err := updateContent(tx, f); err != nil {
			return err
		}
		tx.Log(KindUploaded, who.User, id, nil)
		return m.recordUpload(tx, who, id, kept)
	})
}

// fillable reports, as an error, why the caller cannot bring the content of a file.
func fillable(tx *store.Tx, who *audit.Caller, id string) error {
	f, err := fileByID(tx, id)
	switch {
	case errs.Is(err, errs.NotFound):
		return errNoFile()
	case err != nil:
		return err
	case f.user != who.User:
		return errs.Forbid("Somebody else has started this upload.")
	case f.expires == 0:
		return errs.New(errs.Conflict, "M_CANNOT_OVERWRITE_MEDIA", "This file has been uploaded already.")
	case f.expires <= tx.Now().UnixMilli():
		return errs.Absent("This upload was started too long ago. Please start it again.")
	}
	return nil
}

// admit refuses early what would be refused in the end.
func (m *Media) admit(ctx context.Context, who *audit.Caller, u Upload) error {
	if err := who.MayAct(); err != nil {
		return err
	}
	if u.Length > m.opt.MaxUpload {
		return errs.New(errs.TooLarge, "M_TOO_LARGE", "The file is larger than %d bytes.", m.opt.MaxUpload)
	}
	if m.opt.Quota <= 0 {
		return nil
	}
	return m.db.Read(ctx, func(tx *store.Tx) error {
		sum, err := uploadedSince(tx, who.User, tx.Now().Add(-24*time.Hour).UnixMilli())
		if err == nil && sum+max(u.Length, 0) > m.opt.Quota {
			err = errs.Forbid("You have uploaded as much as you may in a day.")
		}
		return err
	})
}

// file makes the row of an upload.
func (u Upload) file(k kept) *file {
	return &file{hash: k.hash, size: k.size, typ: cleanType(u.Type), name: cleanName(u.Name)}
}

func (m *Media) recordUpload(tx *store.Tx, who *audit.Caller, id string, k kept) error {
	detail := "as it came"
	if len(k.removed) > 0 {
		detail = "removed " + strings.Join(k.removed, ", ")
	}
	return audit.Record(tx, who, audit.Entry{Action: "media.upload", Object: m.uri(id), Detail: detail})
}

// cleanType gives a content type that can stand in a header, application/octet-stream for what is none.
func cleanType(t string) string {
	essence, params, err := mime.ParseMediaType(t)
	if err != nil || len(t) > maxType || !strings.Contains(essence, "/") {
		return "application/octet-stream"
	}
	if formatted := mime.FormatMediaType(essence, params); formatted != "" {
		return formatted
	}
	return essence
}

// cleanName gives the last part of a file name without anything that could steer a path, a header or a terminal.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	name = path.Base("/" + strings.ReplaceAll(name, `\`, "/"))
	if name == "/" || name == "." || name == ".." {
		return ""
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 {
			return -1 // control characters, and those that reverse the direction of text: “gpj.exe”
		}
		return r
	}, name)
	if len(name) <= maxName {
		return name
	}
	return shorten(name)
}

// shorten cuts a long name before its extension.
func shorten(name string) string {
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	cut := maxName - len(ext)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ext
}
