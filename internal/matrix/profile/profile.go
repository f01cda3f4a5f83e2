// Package profile keeps what people say of themselves: display name, avatar, time zone and further fields
// (client-server API, "Profiles"). It does not know who may sign in (account) and does not carry a new name into the
// rooms: the server wires Changed to whatever does.
package profile

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// The fields that every client knows.
const (
	DisplayName = "displayname"
	AvatarURL   = "avatar_url"
	TimeZone    = "m.tz"
)

// The fields by which colleagues know who somebody is before they write to them. What they hold is the trust's word: only an
// administrator sets them, nobody gives themselves a job.
const (
	Job  = "org.wardline.job"  // "Staff nurse"
	Ward = "org.wardline.ward" // the ward, team or department: "Ward 7 Surgical"
)

// Limits, in bytes. The standard sets the first two.
const (
	maxProfile     = 64 << 10
	maxField       = 255
	maxDisplayName = 256
	maxAvatarURL   = 1000
	maxTimeZone    = 64
	maxPost        = 256 // a job, or a ward
)

// Kind is the kind under which changes are announced: the scope is the user, the key the field, the body nil.
const Kind = "profile"

// Profile is all of what a person says of themselves.
type Profile struct {
	Name   string                    // display name; empty when there is none
	Avatar string                    // mxc URI; empty when there is none
	Fields map[string]jsontext.Value // every field, these two included
}

// Profiles is the profiles of a server.
type Profiles struct {
	db *store.DB

	// Changed is called in the transaction that changes a display name or an avatar, so that the rooms can be promised
	// to hear of it ("Events on Change of Profile Information"). Set it before the first verb; nil: nobody listens.
	Changed func(tx *store.Tx, who *audit.Caller, user string) error
}

// New gives the profiles of a database.
func New(db *store.DB) *Profiles { return &Profiles{db: db} }

// Of gives a person's profile; errs.NotFound when there is none.
func (p *Profiles) Of(ctx context.Context, user string) (Profile, error) {
	var out Profile
	err := p.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = Read(tx, user)
		return err
	})
	return out, err
}

// Read is Of within a transaction.
func Read(tx *store.Tx, user string) (Profile, error) {
	fields, err := fieldsOf(tx, user)
	if err != nil {
		return Profile{}, fmt.Errorf("profile: of a person: %w", err)
	}
	if len(fields) == 0 {
		return Profile{}, errs.Absent("There is no profile for this person.")
	}
	return Profile{Name: text(fields[DisplayName]), Avatar: text(fields[AvatarURL]), Fields: fields}, nil
}

// Field gives one field of a profile; errs.NotFound when it is not set.
func (p *Profiles) Field(ctx context.Context, user, field string) (jsontext.Value, error) {
	if err := checkField(field); err != nil {
		return nil, err
	}
	profile, err := p.Of(ctx, user)
	if err != nil {
		return nil, err
	}
	value, ok := profile.Fields[field]
	if !ok {
		return nil, errs.Absent("This profile has no such field.")
	}
	return value, nil
}

// Set changes a field of the caller's profile, or of anyone's when the caller administers the server.
// The job and the ward are an administrator's to set.
// Refused are a field whose name is too long (M_KEY_TOO_LARGE) or malformed, a value of the wrong kind (M_BAD_JSON),
// and one that would make the profile exceed 64 KiB (M_PROFILE_TOO_LARGE).
func (p *Profiles) Set(ctx context.Context, who *audit.Caller, user, field string, value jsontext.Value) error {
	if err := mayChange(who, user, field); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *store.Tx) error {
		if err := p.Put(tx, who, user, field, value); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "profile.set", Object: user, Detail: known(field)})
	})
}

// Put is Set within a transaction of another verb, which has authorised the change and records it.
func (p *Profiles) Put(tx *store.Tx, who *audit.Caller, user, field string, value jsontext.Value) error {
	if err := check(field, value); err != nil {
		return err
	}
	if field == AvatarURL && text(value) == "" {
		return p.remove(tx, who, user, field) // clients clear an avatar so
	}
	fields, err := fieldsOf(tx, user)
	if err != nil {
		return err
	}
	if bytes.Equal(fields[field], value) {
		return nil
	}
	fields[field] = value
	if size(fields) > maxProfile {
		return errs.New(errs.Invalid, "M_PROFILE_TOO_LARGE", "A profile may not be larger than 64 KiB.")
	}
	if err := putField(tx, user, field, value); err != nil {
		return err
	}
	return p.announce(tx, who, user, field)
}

// Begin gives a new account its display name, in the transaction that makes it: there are no rooms to tell.
func Begin(tx *store.Tx, user, name string) error {
	value := Text(name)
	if err := check(DisplayName, value); err != nil {
		return err
	}
	tx.Log(Kind, user, DisplayName, nil)
	return putField(tx, user, DisplayName, value)
}

// Delete removes a field of the caller's profile. Removing what is not there succeeds.
func (p *Profiles) Delete(ctx context.Context, who *audit.Caller, user, field string) error {
	if err := mayChange(who, user, field); err != nil {
		return err
	}
	if err := checkField(field); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *store.Tx) error {
		if err := p.remove(tx, who, user, field); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "profile.delete", Object: user, Detail: known(field)})
	})
}

// Erase removes a whole profile within the transaction of another verb.
func (p *Profiles) Erase(tx *store.Tx, who *audit.Caller, user string) error {
	if err := deleteFields(tx, user); err != nil {
		return err
	}
	return p.announce(tx, who, user, DisplayName)
}

func (p *Profiles) remove(tx *store.Tx, who *audit.Caller, user, field string) error {
	if err := deleteField(tx, user, field); err != nil {
		return err
	}
	return p.announce(tx, who, user, field)
}

// announce tells followers of the log, and the rooms when they show the field.
func (p *Profiles) announce(tx *store.Tx, who *audit.Caller, user, field string) error {
	tx.Log(Kind, user, field, nil)
	if p.Changed == nil || field != DisplayName && field != AvatarURL {
		return nil
	}
	return p.Changed(tx, who, user)
}

// mayChange: one's own profile, but for what the trust says of one; anyone's for an administrator.
func mayChange(who *audit.Caller, user, field string) error {
	if (field == Job || field == Ward) && !who.Admin {
		return errs.Forbid("Your job and your ward are kept by your organisation. Ask its administrators to change them.")
	}
	if who.User != user && !who.Admin {
		return errs.Forbid("You cannot change the profile of someone else.")
	}
	return who.MayAct()
}

// check judges a value for a field.
func check(field string, value jsontext.Value) error {
	if err := checkField(field); err != nil {
		return err
	}
	switch field {
	case DisplayName:
		return checkText(field, value, maxDisplayName)
	case TimeZone:
		return checkText(field, value, maxTimeZone)
	case Job, Ward:
		return checkText(field, value, maxPost)
	case AvatarURL:
		if err := checkText(field, value, maxAvatarURL); err != nil {
			return err
		}
		if uri := text(value); uri != "" && !strings.HasPrefix(uri, "mxc://") {
			return errs.BadParam("avatar_url must be an mxc:// address of an uploaded picture.")
		}
	}
	return nil
}

func checkText(field string, value jsontext.Value, limit int) error {
	if value.Kind() != '"' {
		return errs.BadJSON("%s must be a string.", field)
	}
	if len(text(value)) > limit {
		return errs.BadParam("%s may be at most %d bytes long.", field, limit)
	}
	return nil
}

// checkField judges a field's name: one of the known ones, or a namespaced identifier with a dot (appendices, "Common
// Namespaced Identifier Grammar"; GET /profile/{userId}/{keyName}).
func checkField(field string) error {
	if len(field) > maxField {
		return errs.New(errs.Invalid, "M_KEY_TOO_LARGE", "The name of a profile field may be at most %d bytes long.", maxField)
	}
	if field == DisplayName || field == AvatarURL {
		return nil
	}
	ok := strings.Contains(field, ".") && field[0] >= 'a' && field[0] <= 'z'
	for i := 0; i < len(field) && ok; i++ {
		c := field[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return errs.BadParam("This is not a valid name of a profile field.")
	}
	return nil
}

// known keeps names that a client made up out of the record.
func known(field string) string {
	switch field {
	case DisplayName, AvatarURL, Job, Ward:
		return field
	}
	if strings.HasPrefix(field, "m.") && len(field) <= 64 {
		return field
	}
	return "other"
}

// size is what counts against the limit: the bytes of the profile as JSON.
func size(fields map[string]jsontext.Value) int {
	n := 2
	for field, value := range fields {
		n += len(field) + len(value) + 4 // two quotes, a colon and a comma
	}
	return n
}

// text gives a JSON string's text, and nothing for any other value.
func text(value jsontext.Value) string {
	var s string
	if len(value) == 0 || json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// Text makes the value of a field that is a string.
func Text(s string) jsontext.Value {
	b, _ := jsontext.AppendQuote(nil, s) // bad UTF-8 is replaced
	return b
}
