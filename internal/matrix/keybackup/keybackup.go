// Package keybackup keeps, for each person, copies of the keys to encrypted rooms: encrypted by the person's own client,
// unreadable here. Clients set one up when they sign in, whether or not any room is encrypted.
//
// It is not the backup of the server. Client-server API, "Server-side key backups".
package keybackup

import (
	"context"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds.
const (
	maxVersions = 100       // backups of a person that are not deleted
	maxKeys     = 1_000_000 // keys in a backup
	maxAtOnce   = 10_000    // keys in one request
	maxAuth     = 64 << 10  // bytes of auth_data
	maxSession  = 16 << 10  // bytes of session_data
	maxName     = 255       // bytes of an algorithm, room id or session id
)

// Backups are everybody's backups. Each verb concerns the caller's own alone: there is no way to name another's.
type Backups struct{ db *store.DB }

// New makes it.
func New(db *store.DB) *Backups { return &Backups{db} }

// Version is one backup: how it is encrypted, and what it holds.
type Version struct {
	Algorithm string         `json:"algorithm"`
	Auth      jsontext.Value `json:"auth_data"`
	Count     int64          `json:"count"`
	ETag      string         `json:"etag"`    // changes whenever the keys do
	Version   string         `json:"version"` // its number
}

// Stand says what a backup holds after a change.
type Stand struct {
	ETag  string `json:"etag"`
	Count int64  `json:"count"`
}

// version is a stored backup.
type version struct {
	user      string
	nr        int64
	algorithm string
	auth      string
	etag      int64
	held      int64
	deleted   bool
}

func (v *version) stand() Stand { return Stand{strconv.FormatInt(v.etag, 10), v.held} }

func (v *version) public() Version {
	s := v.stand()
	return Version{Algorithm: v.algorithm, Auth: jsontext.Value(v.auth), Count: s.Count, ETag: s.ETag,
		Version: strconv.FormatInt(v.nr, 10)}
}

// errNoBackup is the answer when there is no such backup.
func errNoBackup() error { return errs.Absent("There is no such backup.") }

// Create starts a new backup, which becomes the current one, and gives its version.
// Client-server API, POST /room_keys/version.
func (b *Backups) Create(ctx context.Context, who *audit.Caller, algorithm string, auth jsontext.Value) (string, error) {
	if err := checkVersion(algorithm, auth); err != nil {
		return "", err
	}
	var nr int64
	err := b.db.Write(ctx, func(tx *store.Tx) error {
		last, live, err := lastVersion(tx, who.User)
		if err != nil {
			return err
		}
		if live >= maxVersions {
			return errs.Forbid("You have %d backups already. Delete an old one first.", live)
		}
		nr = last + 1
		if err := insertVersion(tx, &version{user: who.User, nr: nr, algorithm: algorithm, auth: string(auth)}); err != nil {
			return err
		}
		return record(tx, who, "keybackup.create", nr)
	})
	return strconv.FormatInt(nr, 10), err
}

func checkVersion(algorithm string, auth jsontext.Value) error {
	switch {
	case algorithm == "" || len(algorithm) > maxName:
		return errs.Missing("The backup's algorithm is missing.")
	case auth.Kind() != '{':
		return errs.Missing("The backup's auth_data is missing.")
	case len(auth) > maxAuth:
		return errs.New(errs.TooLarge, "M_TOO_LARGE", "The backup's auth_data is larger than %d bytes.", maxAuth)
	}
	return nil
}

func record(tx *store.Tx, who *audit.Caller, action string, nr int64) error {
	return audit.Record(tx, who, audit.Entry{Action: action, Object: who.User, Detail: strconv.FormatInt(nr, 10)})
}

// Current gives the newest backup. Client-server API, GET /room_keys/version.
func (b *Backups) Current(ctx context.Context, who *audit.Caller) (Version, error) {
	return b.version(ctx, who, "")
}

// Version gives one backup. Client-server API, GET /room_keys/version/{version}.
func (b *Backups) Version(ctx context.Context, who *audit.Caller, nr string) (Version, error) {
	if nr == "" {
		return Version{}, errNoBackup()
	}
	return b.version(ctx, who, nr)
}

func (b *Backups) version(ctx context.Context, who *audit.Caller, nr string) (Version, error) {
	var found Version
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		v, err := open(tx, who, nr)
		if err != nil {
			return err
		}
		found = v.public()
		return nil
	})
	return found, err
}

// open gives a backup of the caller that is not deleted: the numbered one, or the newest when nr is empty.
func open(tx *store.Tx, who *audit.Caller, nr string) (*version, error) {
	if nr == "" {
		v, err := currentVersion(tx, who.User)
		return v, orNone(err)
	}
	n, err := strconv.ParseInt(nr, 10, 64)
	if err != nil {
		return nil, errNoBackup()
	}
	v, err := oneVersion(tx, who.User, n)
	if err == nil && v.deleted {
		err = errNoBackup()
	}
	return v, orNone(err)
}

func orNone(err error) error {
	if errs.Is(err, errs.NotFound) {
		return errNoBackup()
	}
	return err
}

// Update replaces the auth_data of a backup. bodyVersion, unless empty, must be nr.
// Client-server API, PUT /room_keys/version/{version}.
func (b *Backups) Update(ctx context.Context, who *audit.Caller, nr, bodyVersion, algorithm string, auth jsontext.Value) error {
	if err := checkVersion(algorithm, auth); err != nil {
		return err
	}
	if bodyVersion != "" && bodyVersion != nr {
		return errs.BadParam("The version in the body is not the one in the path.")
	}
	return b.db.Write(ctx, func(tx *store.Tx) error {
		v, err := open(tx, who, nr)
		if err != nil {
			return err
		}
		if v.algorithm != algorithm {
			return errs.BadParam("The algorithm of a backup cannot be changed.")
		}
		if err := updateAuth(tx, v, string(auth)); err != nil {
			return err
		}
		return record(tx, who, "keybackup.update", v.nr)
	})
}

// Delete deletes a backup with its keys; deleting it again succeeds. Client-server API, DELETE /room_keys/version/{version}.
func (b *Backups) Delete(ctx context.Context, who *audit.Caller, nr string) error {
	n, err := strconv.ParseInt(nr, 10, 64)
	if err != nil {
		return errNoBackup()
	}
	return b.db.Write(ctx, func(tx *store.Tx) error {
		v, err := oneVersion(tx, who.User, n)
		if err != nil || v.deleted {
			return orNone(err)
		}
		if err := deleteVersion(tx, v); err != nil {
			return err
		}
		return record(tx, who, "keybackup.delete", v.nr)
	})
}

// ForgetUser deletes everything of a user, in the transaction that erases the user.
func (b *Backups) ForgetUser(tx *store.Tx, user string) error { return deleteAll(tx, user) }
