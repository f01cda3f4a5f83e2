package keybackup

import (
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// VersionRequest is the request of POST and PUT /_matrix/client/v3/room_keys/version.
type VersionRequest struct {
	Path      string         `path:"version" json:"-"`
	Algorithm string         `json:"algorithm"`
	Auth      jsontext.Value `json:"auth_data"`
	Version   string         `json:"version"`
}

// NewVersion is the request of POST /_matrix/client/v3/room_keys/version.
type NewVersion struct {
	Algorithm string         `json:"algorithm"`
	Auth      jsontext.Value `json:"auth_data"`
}

// VersionAnswer is its answer.
type VersionAnswer struct {
	Version string `json:"version"`
}

// PostVersion serves POST /_matrix/client/v3/room_keys/version.
func (b *Backups) PostVersion(ctx context.Context, who *audit.Caller, in NewVersion) (VersionAnswer, error) {
	nr, err := b.Create(ctx, who, in.Algorithm, in.Auth)
	return VersionAnswer{nr}, err
}

// GetCurrent serves GET /_matrix/client/v3/room_keys/version.
func (b *Backups) GetCurrent(ctx context.Context, who *audit.Caller, _ struct{}) (Version, error) {
	return b.Current(ctx, who)
}

// VersionPath names a backup.
type VersionPath struct {
	Version string `path:"version"`
}

// GetVersion serves GET /_matrix/client/v3/room_keys/version/{version}.
func (b *Backups) GetVersion(ctx context.Context, who *audit.Caller, in VersionPath) (Version, error) {
	return b.Version(ctx, who, in.Version)
}

// PutVersion serves PUT /_matrix/client/v3/room_keys/version/{version}.
func (b *Backups) PutVersion(ctx context.Context, who *audit.Caller, in VersionRequest) (struct{}, error) {
	return struct{}{}, b.Update(ctx, who, in.Path, in.Version, in.Algorithm, in.Auth)
}

// DeleteVersion serves DELETE /_matrix/client/v3/room_keys/version/{version}.
func (b *Backups) DeleteVersion(ctx context.Context, who *audit.Caller, in VersionPath) (struct{}, error) {
	return struct{}{}, b.Delete(ctx, who, in.Version)
}

// KeyRequest is the request of PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}. Its numbers are pointers to
// tell zero from absent.
type KeyRequest struct {
	Version    string         `query:"version" json:"-"`
	Room       string         `path:"roomId" json:"-"`
	Session    string         `path:"sessionId" json:"-"`
	FirstIndex *int64         `json:"first_message_index"`
	Forwarded  *int64         `json:"forwarded_count"`
	Verified   *bool          `json:"is_verified"`
	Data       jsontext.Value `json:"session_data"`
}

// PutKey serves PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}.
func (b *Backups) PutKey(ctx context.Context, who *audit.Caller, in KeyRequest) (Stand, error) {
	key := keyBody{in.FirstIndex, in.Forwarded, in.Verified, in.Data}
	return b.put(ctx, who, in.Version, map[string]roomBody{in.Room: {map[string]keyBody{in.Session: key}}})
}

type keyBody struct {
	FirstIndex *int64         `json:"first_message_index"`
	Forwarded  *int64         `json:"forwarded_count"`
	Verified   *bool          `json:"is_verified"`
	Data       jsontext.Value `json:"session_data"`
}

type roomBody struct {
	Sessions map[string]keyBody `json:"sessions"`
}

// RoomRequest is the request of PUT /_matrix/client/v3/room_keys/keys/{roomId}.
type RoomRequest struct {
	Version  string             `query:"version" json:"-"`
	Room     string             `path:"roomId" json:"-"`
	Sessions map[string]keyBody `json:"sessions"`
}

// MaxBody allows for a few thousand keys.
func (RoomRequest) MaxBody() int64 { return 8 << 20 }

// PutRoom serves PUT /_matrix/client/v3/room_keys/keys/{roomId}.
func (b *Backups) PutRoom(ctx context.Context, who *audit.Caller, in RoomRequest) (Stand, error) {
	if in.Sessions == nil {
		return Stand{}, errs.BadJSON("sessions is missing.")
	}
	return b.put(ctx, who, in.Version, map[string]roomBody{in.Room: {in.Sessions}})
}

// AllRequest is the request of PUT /_matrix/client/v3/room_keys/keys.
type AllRequest struct {
	Version string              `query:"version" json:"-"`
	Rooms   map[string]roomBody `json:"rooms"`
}

// MaxBody allows for a few thousand keys.
func (AllRequest) MaxBody() int64 { return 8 << 20 }

// PutAll serves PUT /_matrix/client/v3/room_keys/keys.
func (b *Backups) PutAll(ctx context.Context, who *audit.Caller, in AllRequest) (Stand, error) {
	if in.Rooms == nil {
		return Stand{}, errs.BadJSON("rooms is missing.")
	}
	return b.put(ctx, who, in.Version, in.Rooms)
}

// put refuses keys with missing members, and stores the rest.
func (b *Backups) put(ctx context.Context, who *audit.Caller, nr string, rooms map[string]roomBody) (Stand, error) {
	if nr == "" {
		return Stand{}, errs.Missing("The version of the backup is missing.")
	}
	all := make(map[string]Sessions, len(rooms))
	for room, body := range rooms {
		keys := make(map[string]Key, len(body.Sessions))
		for session, k := range body.Sessions {
			if k.FirstIndex == nil || k.Forwarded == nil || k.Verified == nil {
				return Stand{}, errs.BadJSON("A key lacks first_message_index, forwarded_count or is_verified.")
			}
			keys[session] = Key{*k.FirstIndex, *k.Forwarded, *k.Verified, k.Data}
		}
		all[room] = Sessions{keys}
	}
	return b.Put(ctx, who, nr, all)
}

// KeyPath names a key.
type KeyPath struct {
	Version string `query:"version"`
	Room    string `path:"roomId"`
	Session string `path:"sessionId"`
}

// GetKey serves GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}.
func (b *Backups) GetKey(ctx context.Context, who *audit.Caller, in KeyPath) (Key, error) {
	return b.One(ctx, who, in.Version, Scope{in.Room, in.Session})
}

// DeleteKey serves DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}.
func (b *Backups) DeleteKey(ctx context.Context, who *audit.Caller, in KeyPath) (Stand, error) {
	return b.Remove(ctx, who, in.Version, Scope{in.Room, in.Session})
}

// RoomPath names the keys of a room.
type RoomPath struct {
	Version string `query:"version"`
	Room    string `path:"roomId"`
}

// DeleteRoom serves DELETE /_matrix/client/v3/room_keys/keys/{roomId}.
func (b *Backups) DeleteRoom(ctx context.Context, who *audit.Caller, in RoomPath) (Stand, error) {
	return b.Remove(ctx, who, in.Version, Scope{Room: in.Room})
}

// AllPath names all keys of a backup.
type AllPath struct {
	Version string `query:"version"`
}

// DeleteAll serves DELETE /_matrix/client/v3/room_keys/keys.
func (b *Backups) DeleteAll(ctx context.Context, who *audit.Caller, in AllPath) (Stand, error) {
	return b.Remove(ctx, who, in.Version, Scope{})
}

// GetRoom serves GET /_matrix/client/v3/room_keys/keys/{roomId}: as a stream, since a backup may be large.
func (b *Backups) GetRoom(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	out := &stream{w: w}
	err := b.Walk(r.Context(), who, r.URL.Query().Get("version"), Scope{Room: r.PathValue("roomId")}, out.roomPage)
	return out.end(err, `}}`)
}

// GetAll serves GET /_matrix/client/v3/room_keys/keys: as a stream, since a backup may be large.
func (b *Backups) GetAll(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	out := &stream{w: w}
	err := b.Walk(r.Context(), who, r.URL.Query().Get("version"), Scope{}, out.allPage)
	if out.room != "" {
		return out.end(err, `}}}}`)
	}
	return out.end(err, `}}`)
}

// stream writes keys as they come. What fails after the first byte leaves the JSON unfinished, which no client takes for
// an answer.
type stream struct {
	w     io.Writer
	begun bool
	room  string
	some  bool // a session has been written in this room
	buf   []byte
}

func (s *stream) begin(text string) {
	if s.begun {
		return
	}
	s.begun = true
	if h, ok := s.w.(http.ResponseWriter); ok {
		h.Header().Set("Content-Type", "application/json")
	}
	s.buf = append(s.buf, text...)
}

// roomPage writes keys of one room.
func (s *stream) roomPage(page []Entry) error {
	s.begin(`{"sessions":{`)
	for _, e := range page {
		if err := s.session(e); err != nil {
			return err
		}
	}
	return s.flush()
}

// allPage writes keys of several rooms.
func (s *stream) allPage(page []Entry) error {
	s.begin(`{"rooms":{`)
	for _, e := range page {
		if e.Room != s.room {
			if err := s.enter(e.Room); err != nil {
				return err
			}
		}
		if err := s.session(e); err != nil {
			return err
		}
	}
	return s.flush()
}

// enter ends the room before and begins the next.
func (s *stream) enter(room string) (err error) {
	if s.room != "" {
		s.buf = append(s.buf, `}},`...)
	}
	s.room, s.some = room, false
	if s.buf, err = jsontext.AppendQuote(s.buf, room); err != nil {
		return err
	}
	s.buf = append(s.buf, `:{"sessions":{`...)
	return nil
}

func (s *stream) session(e Entry) (err error) {
	if s.some {
		s.buf = append(s.buf, ',')
	}
	s.some = true
	if s.buf, err = jsontext.AppendQuote(s.buf, e.Session); err != nil {
		return err
	}
	key, err := json.Marshal(e.Key)
	if err != nil {
		return err
	}
	s.buf = append(append(s.buf, ':'), key...)
	return nil
}

func (s *stream) flush() error {
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// end closes what is open. Before the first byte an error can still be answered.
func (s *stream) end(err error, text string) error {
	if err != nil {
		return err
	}
	s.buf = append(s.buf, text...)
	return s.flush()
}
