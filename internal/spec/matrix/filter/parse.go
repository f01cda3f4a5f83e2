package filter

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Error says what is wrong with a filter, and where.
type Error struct {
	Path   string // JSON pointer (RFC 6901) such as /room/timeline/limit; empty for the whole
	Reason string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "filter: " + e.Reason
	}
	return fmt.Sprintf("filter: %s: %s", e.Path, e.Reason)
}

// Parse reads the filter of POST /user/{userId}/filter and of sync. Members that the standard does not have are passed
// over; a member of the wrong type, null included, is an [*Error] (400 M_BAD_JSON).
func Parse(data []byte) (*Filter, error) {
	f := new(Filter)
	return f, read(data, func(r *reader) error { return r.filter(f) })
}

// ParseEvents reads the filter of messages, context and search (RoomEventFilter). No data is a filter that leaves nothing
// out.
func ParseEvents(data []byte) (*Events, error) {
	e := new(Events)
	if len(data) == 0 {
		return e, nil
	}
	return e, read(data, func(r *reader) error { return r.events(e) })
}

func read(data []byte, value func(*reader) error) error {
	if len(data) > MaxBytes {
		return &Error{Reason: fmt.Sprintf("more than %d bytes", MaxBytes)}
	}
	r := &reader{dec: jsontext.NewDecoder(bytes.NewReader(data))}
	if err := value(r); err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return &Error{Reason: "something follows the filter"}
	}
	return nil
}

// reader walks the JSON of a filter. Its methods read one value each, and name the place where it is not as it must be.
type reader struct {
	dec *jsontext.Decoder
}

// members is what an object may hold, by name.
type members map[string]func() error

func (r *reader) filter(f *Filter) error {
	return r.object(members{
		"event_fields": func() (err error) {
			paths, err := r.list(maxFields, maxPath, 0)
			if err == nil && len(paths) > 0 {
				f.Fields = NewFields(paths)
			}
			return err
		},
		"event_format": func() error { return r.format(&f.Federation) },
		"presence":     func() error { return r.events(&f.Presence) },
		"account_data": func() error { return r.events(&f.AccountData) },
		"room":         func() error { return r.rooms(&f.Room) },
	})
}

func (r *reader) rooms(to *Rooms) error {
	return r.object(members{
		"rooms":         func() error { return r.include(&to.rooms, '!') },
		"not_rooms":     func() error { return r.exclude(&to.rooms, '!') },
		"include_leave": func() error { return r.boolean(&to.IncludeLeave) },
		"ephemeral":     func() error { return r.events(&to.Ephemeral) },
		"state":         func() error { return r.events(&to.State) },
		"timeline":      func() error { return r.events(&to.Timeline) },
		"account_data":  func() error { return r.events(&to.AccountData) },
	})
}

func (r *reader) events(to *Events) error {
	return r.object(members{
		"limit":       func() error { return r.limit(&to.limit) },
		"types":       func() error { return r.types(&to.types.include, &to.types.some) },
		"not_types":   func() error { return r.types(&to.types.exclude, new(bool)) },
		"senders":     func() error { return r.include(&to.senders, '@') },
		"not_senders": func() error { return r.exclude(&to.senders, '@') },
		"rooms":       func() error { return r.include(&to.rooms, '!') },
		"not_rooms":   func() error { return r.exclude(&to.rooms, '!') },
		"contains_url": func() error {
			to.url = new(bool)
			return r.boolean(to.url)
		},
		"lazy_load_members":         func() error { return r.boolean(&to.LazyLoadMembers) },
		"include_redundant_members": func() error { return r.boolean(&to.IncludeRedundantMembers) },
		"related_by_senders":        func() error { return r.texts(&to.RelatedBySenders, '@') },
		"related_by_rel_types":      func() error { return r.texts(&to.RelatedByRelTypes, 0) },
		// Today's name, and the one that clients from before v1.4 still send.
		"unread_thread_notifications":                    func() error { return r.boolean(&to.UnreadThreadNotifications) },
		"org.matrix.msc3773.unread_thread_notifications": func() error { return r.boolean(&to.UnreadThreadNotifications) },
	})
}

// object reads an object; a name that is not among the members is passed over.
func (r *reader) object(known members) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return r.broken(err)
		}
		member := known[name.String()]
		if member == nil {
			if err := r.dec.SkipValue(); err != nil {
				return r.broken(err)
			}
			continue
		}
		if err := member(); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return r.broken(err)
}

// list reads an array of strings. first is the character that each must begin with, 0 for any.
func (r *reader) list(most, longest int, first byte) ([]string, error) {
	if err := r.open('[', "a list of strings"); err != nil {
		return nil, err
	}
	texts := []string{}
	for r.dec.PeekKind() != ']' {
		if len(texts) == most {
			return nil, r.wrong("at most %d entries", most)
		}
		text, err := r.text()
		if err != nil {
			return nil, err
		}
		if len(text) > longest {
			return nil, r.wrong("an entry has at most %d bytes", longest)
		}
		if first != 0 && (text == "" || text[0] != first) {
			return nil, r.wrong("must begin with %c", first)
		}
		texts = append(texts, text)
	}
	_, err := r.dec.ReadToken()
	return texts, r.broken(err)
}

func (r *reader) texts(to *[]string, first byte) (err error) {
	*to, err = r.list(MaxEntries, maxText, first)
	return err
}

func (r *reader) include(to *choice, first byte) error {
	list, err := r.list(MaxEntries, maxText, first)
	to.some, to.include = true, setOf(list)
	return err
}

func (r *reader) exclude(to *choice, first byte) error {
	list, err := r.list(MaxEntries, maxText, first)
	to.exclude = setOf(list)
	return err
}

func (r *reader) types(to *types, some *bool) error {
	list, err := r.list(MaxEntries, maxText, 0)
	*to, *some = typesOf(list), true
	return err
}

func (r *reader) text() (string, error) {
	if err := r.expect('"', "a string"); err != nil {
		return "", err
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return "", r.broken(err)
	}
	return token.String(), nil
}

func (r *reader) boolean(to *bool) error {
	if kind := r.dec.PeekKind(); kind != 't' && kind != 'f' {
		return r.mismatch("true or false")
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return r.broken(err)
	}
	*to = token.Bool()
	return nil
}

// limit reads a whole number greater than zero. What exceeds an int32 is as good as that.
func (r *reader) limit(to *int) error {
	const must, most = "an integer greater than 0", 1<<31 - 1
	if err := r.expect('0', must); err != nil {
		return err
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return r.broken(err)
	}
	n := 0
	for _, digit := range raw {
		if digit < '0' || digit > '9' {
			return r.wrong("must be %s", must)
		}
		n = min(n*10+int(digit-'0'), most)
	}
	if n == 0 {
		return r.wrong("must be %s", must)
	}
	*to = n
	return nil
}

func (r *reader) format(federation *bool) error {
	text, err := r.text()
	if err != nil {
		return err
	}
	if text != "client" && text != "federation" {
		return r.wrong(`must be "client" or "federation"`)
	}
	*federation = text == "federation"
	return nil
}

func (r *reader) open(kind jsontext.Kind, must string) error {
	if err := r.expect(kind, must); err != nil {
		return err
	}
	_, err := r.dec.ReadToken()
	return r.broken(err)
}

func (r *reader) expect(kind jsontext.Kind, must string) error {
	if r.dec.PeekKind() != kind {
		return r.mismatch(must)
	}
	return nil
}

// mismatch reports that the next value is not what it must be, after the fault that keeps it from being read, if any.
func (r *reader) mismatch(must string) error {
	if err := r.dec.SkipValue(); err != nil {
		return r.broken(err)
	}
	return r.wrong("must be %s", must)
}

// wrong reports a fault of the value just read.
func (r *reader) wrong(format string, args ...any) error {
	return &Error{Path: string(r.dec.StackPointer()), Reason: fmt.Sprintf(format, args...)}
}

// broken turns an error of the JSON decoder into one that names the place.
func (r *reader) broken(err error) error {
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &Error{Path: string(syntax.JSONPointer), Reason: syntaxReason(syntax)}
	}
	return &Error{Reason: "not JSON: it ends too soon"}
}

func syntaxReason(err *jsontext.SyntacticError) string {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return "the same name twice"
	}
	return fmt.Sprintf("not JSON at byte %d", err.ByteOffset)
}
