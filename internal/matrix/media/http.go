package media

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/matrix/media/thumb"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// ReserveAnswer is the answer of POST /_matrix/media/v1/create.
type ReserveAnswer struct {
	URI     string `json:"content_uri"`
	Expires int64  `json:"unused_expires_at"`
}

// PostCreate serves POST /_matrix/media/v1/create.
func (m *Media) PostCreate(ctx context.Context, who *audit.Caller, _ struct{}) (ReserveAnswer, error) {
	uri, until, err := m.Reserve(ctx, who)
	return ReserveAnswer{uri, until.UnixMilli()}, err
}

// uploadOf reads what a request uploads.
func uploadOf(r *http.Request) Upload {
	return Upload{
		Type: r.Header.Get("Content-Type"), Name: r.URL.Query().Get("filename"), Length: r.ContentLength, Body: r.Body,
	}
}

// PostUpload serves POST /_matrix/media/v3/upload.
func (m *Media) PostUpload(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	uri, err := m.Store(r.Context(), who, uploadOf(r))
	if err != nil {
		return err
	}
	return answer(w, `{"content_uri":`+strconv.Quote(uri)+`}`) // a URI of ours needs no escapes
}

// PutUpload serves PUT /_matrix/media/v3/upload/{serverName}/{mediaId}.
func (m *Media) PutUpload(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	if err := m.Fill(r.Context(), who, r.PathValue("serverName"), r.PathValue("mediaId"), uploadOf(r)); err != nil {
		return err
	}
	return answer(w, `{}`)
}

func answer(w http.ResponseWriter, body string) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write([]byte(body))
	return err
}

// Limits is the answer of GET /_matrix/client/v1/media/config.
type Limits struct {
	UploadSize int64 `json:"m.upload.size"`
}

// GetConfig serves GET /_matrix/client/v1/media/config, and the same under /_matrix/media/v3.
func (m *Media) GetConfig(context.Context, *audit.Caller, struct{}) (Limits, error) {
	return Limits{m.opt.MaxUpload}, nil
}

// GetPreview serves GET /_matrix/client/v1/media/preview_url: with nothing. The server fetches no page that somebody names
// in a message, for whoever runs that page would learn that a message was read, and when.
func (m *Media) GetPreview(context.Context, *audit.Caller, struct{}) (struct{}, error) {
	return struct{}{}, nil
}

// GetFrozen serves the endpoints under /_matrix/media/v3 that give files to anybody: they give none.
// Client-server API, "Content repository", on freezing unauthenticated access.
func (m *Media) GetFrozen(context.Context, *audit.Caller, struct{}) (struct{}, error) {
	return struct{}{}, errs.Absent("Files are given to signed-in people only: ask under /_matrix/client/v1/media.")
}

// WithdrawPath names a file.
type WithdrawPath struct {
	ID string `path:"mediaId"`
}

// PostWithdraw serves POST /_wardline/v1/media/{mediaId}/withdraw, for administrators.
func (m *Media) PostWithdraw(ctx context.Context, who *audit.Caller, in WithdrawPath) (struct{}, error) {
	return struct{}{}, m.Withdraw(ctx, who, in.ID)
}

// GetDownload serves GET /_matrix/client/v1/media/download/{serverName}/{mediaId} and the same with /{fileName}.
func (m *Media) GetDownload(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	wait, err := timeout(r.URL.Query())
	if err != nil {
		return err
	}
	c, err := m.Open(r.Context(), who, r.PathValue("serverName"), r.PathValue("mediaId"), wait)
	if err != nil {
		return err
	}
	if name := r.PathValue("fileName"); name != "" {
		c.Name = cleanName(name)
	}
	serve(w, r, c)
	return nil
}

// GetThumbnail serves GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}.
func (m *Media) GetThumbnail(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
	query := r.URL.Query()
	wait, err := timeout(query)
	if err != nil {
		return err
	}
	want, err := sizeOf(query)
	if err != nil {
		return err
	}
	c, err := m.Thumbnail(r.Context(), who, r.PathValue("serverName"), r.PathValue("mediaId"), want, wait)
	if err != nil {
		return err
	}
	serve(w, r, c)
	return nil
}

// timeout reads timeout_ms: how long to wait for content that has not come.
func timeout(query url.Values) (time.Duration, error) {
	text := query.Get("timeout_ms")
	if text == "" {
		return 20 * time.Second, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 {
		return 0, errs.BadParam("timeout_ms must be a number of milliseconds.")
	}
	return time.Duration(min(ms, maxWait.Milliseconds())) * time.Millisecond, nil
}

// sizeOf reads the size and method of a thumbnail.
func sizeOf(query url.Values) (size thumb.Size, err error) {
	for name, at := range map[string]*int{"width": &size.Width, "height": &size.Height} {
		if query.Get(name) == "" {
			return size, errs.Missing("%s is missing.", name)
		}
		if *at, err = strconv.Atoi(query.Get(name)); err != nil || *at <= 0 || *at > 1<<20 {
			return size, errs.BadParam("%s must be a positive number of pixels.", name)
		}
	}
	switch query.Get("method") {
	case "", "scale":
	case "crop":
		size.Crop = true
	default:
		return size, errs.BadParam("method must be crop or scale.")
	}
	return size, nil
}

// policy keeps a file from doing anything in the browser that opens it. Client-server API, "Content repository".
const policy = "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';"

// serve answers with a file: all of it, or the ranges that a player asks for.
func serve(w http.ResponseWriter, r *http.Request, c *Content) {
	defer func() { _ = c.Body.Close() }()
	h := w.Header()
	h.Set("Content-Type", c.Type)
	h.Set("Content-Disposition", disposition(c.Type, c.Name))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", `"`+c.Hash[:32]+`"`)
	// Wards share computers: what was shown in a conversation must not stay on the disk of one.
	h.Set("Cache-Control", "private, no-store")
	if c.Avatar {
		h.Set("Cache-Control", "private, max-age=86400")
	}
	http.ServeContent(w, r, "", time.Time{}, c.Body)
}

// shownInline are the types that no browser runs anything of. Client-server API, "Serving inline content".
var shownInline = []string{
	"text/css", "text/plain", "text/csv", "application/json", "application/ld+json",
	"image/jpeg", "image/gif", "image/png", "image/apng", "image/webp", "image/avif",
	"video/mp4", "video/webm", "video/ogg", "video/quicktime",
	"audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg", "audio/wave", "audio/wav", "audio/x-wav",
	"audio/x-pn-wav", "audio/flac", "audio/x-flac",
}

// disposition says whether a browser may show a file, and under which name to save it. Names outside of ASCII are given in
// both forms of RFC 6266, 4.3.
func disposition(contentType, name string) string {
	d := "attachment"
	if essence, _, err := mime.ParseMediaType(contentType); err == nil && slices.Contains(shownInline, essence) {
		d = "inline"
	}
	if name == "" {
		return d
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	d += `; filename="` + plain + `"`
	if plain != name {
		d += "; filename*=UTF-8''" + extValue(name)
	}
	return d
}

// extValue encodes a name as RFC 8187, 3.2 has it: all but attr-char in percent.
func extValue(name string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
