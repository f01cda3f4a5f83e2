package export_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/export"
	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// trust is a ward with an exporter, and files.
type trust struct {
	*roomtest.Ward
	out   *export.Exporter
	media *media.Media
	files blob.Store
	dir   string
}

func open(t *testing.T, db *store.DB) *trust {
	t.Helper()
	w := &trust{Ward: roomtest.Open(t, db), dir: filepath.Join(t.TempDir(), "export")}
	var err error
	if w.files, err = blob.OpenDisk(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	w.media, err = media.New(db, w.files, media.Options{Server: roomtest.Server, Dir: t.TempDir(), MaxUpload: 1 << 20, MaxPixels: 1e6, Unused: time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.AddCompanion(func(tx *store.Tx, ev *room.Event) error {
		return w.media.Link(tx, media.Use{
			Place:   media.Place{Pos: ev.Pos, Room: ev.Room.ID, Type: ev.Type},
			EventID: ev.ID, Sender: ev.Sender, Content: ev.Content,
		})
	})
	w.out = export.New(db, w.files, roomtest.Server)
	return w
}

// upload stores a text file and gives its address.
func (w *trust) upload(t *testing.T, local, name, text string) string {
	t.Helper()
	uri, err := w.media.Store(t.Context(), roomtest.Who(local), media.Upload{
		Type: "text/plain", Name: name, Length: int64(len(text)), Body: strings.NewReader(text),
	})
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// read gives a file of the export.
func (w *trust) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// agrees holds what is in the folder against the manifest, in both directions.
func (w *trust) agrees(t *testing.T, want export.Manifest) {
	t.Helper()
	var m export.Manifest
	if err := json.Unmarshal([]byte(w.read(t, "manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	if m.Events != want.Events || m.Position != want.Position || len(m.Files) != len(want.Files) || m.ServerName != roomtest.Server {
		t.Errorf("the manifest says %+v, not %+v", m, want)
	}
	listed := map[string]bool{"manifest.json": true}
	for _, f := range m.Files {
		text := w.read(t, f.Path)
		sum := sha256.Sum256([]byte(text))
		if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(text)) != f.Bytes {
			t.Errorf("%s is not as the manifest says", f.Path)
		}
		listed[f.Path] = true
	}
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if name, _ := filepath.Rel(w.dir, path); err == nil && !d.IsDir() && !listed[filepath.ToSlash(name)] {
			t.Errorf("%s is not in the manifest", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// objects parses a file of JSON lines.
func objects(t *testing.T, text string) (out []map[string]jsontext.Value) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one map[string]jsontext.Value
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, one)
	}
	return out
}

func TestRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh func() *store.DB) {
		w := open(t, fresh())
		l := w.Room("ann", "ben")
		first := w.Say("ann", l, "NEWS <script>alert(1)</script> 5")
		w.Send("ben", l, "m.reaction", `{"m.relates_to":{"rel_type":"m.annotation","event_id":"`+first+`","key":"👍"}}`)
		w.Send("ann", l, "m.room.message", `{"msgtype":"m.text","body":"* 6","m.new_content":{"msgtype":"m.text","body":"NEWS 6"},"m.relates_to":{"rel_type":"m.replace","event_id":"`+first+`"}}`)
		gone := w.Say("ben", l, "in the wrong room")
		if _, err := w.Redact(t.Context(), roomtest.Who("ben"), l.ID, gone, "wrong room", room.Txn{ID: "r", Path: "r"}); err != nil {
			t.Fatal(err)
		}
		uri := w.upload(t, "ann", "../rota \"May\".txt", "who is on")
		lost := w.upload(t, "ann", "", "lost")
		w.Send("ann", l, "m.room.message", `{"msgtype":"m.file","body":"rota","url":"`+uri+`"}`)
		w.Send("ann", l, "m.room.message", `{"msgtype":"m.file","body":"lost","url":"`+lost+`"}`)
		sum := sha256.Sum256([]byte("lost"))
		if err := w.files.Delete(t.Context(), hex.EncodeToString(sum[:]), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		other := w.Room("ann", "ben")
		w.Say("ann", other, "of another room")

		m, err := w.out.Room(t.Context(), nil, l.ID, w.dir)
		if err != nil {
			t.Fatal(err)
		}
		w.agrees(t, m)
		if len(m.Missing) != 1 || m.Missing[0] != lost {
			t.Errorf("missing: %v", m.Missing)
		}
		page, events := w.read(t, "index.html"), w.read(t, "events.jsonl")
		for _, want := range []string{"NEWS &lt;script&gt;", "reacts", "👍", "changes it to", "NEWS 6", "The content was removed: wrong room", "rota__May_.txt"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		for _, never := range []string{"<script", "in the wrong room", "of another room"} {
			if strings.Contains(page, never) || strings.Contains(events, never) && never != "<script" {
				t.Errorf("the export holds %q", never)
			}
		}
		if lines := objects(t, events); int64(len(lines)) != m.Events || string(lines[0]["position"]) == "" {
			t.Errorf("%d lines for %d events", len(lines), m.Events)
		}
		if !strings.Contains(events, `"redacted_because":"$`) || !strings.Contains(events, `"signatures"`) {
			t.Error("the events are not as they are signed")
		}
	})
}

func TestPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh func() *store.DB) {
		db := fresh()
		w := open(t, db)
		accounts := account.New(db, account.Config{ServerName: roomtest.Server}, profile.New(db))
		ann, err := accounts.AddUser(t.Context(), nil, account.NewUser{Name: "ann", Password: "a ward at night", DisplayName: "Ann"})
		if err != nil {
			t.Fatal(err)
		}
		l := w.Room("ben", "ann")
		w.Say("ann", l, "from ann")
		w.Say("ben", l, "from ben")
		w.upload(t, "ann", "a.txt", "of ann")
		w.upload(t, "ben", "b.txt", "of ben")
		m, err := w.out.Person(t.Context(), roomtest.Who("ig"), ann, w.dir)
		if err != nil {
			t.Fatal(err)
		}
		w.agrees(t, m)
		if len(objects(t, w.read(t, "profile.jsonl"))) != 1 || !strings.Contains(w.read(t, "audit.jsonl"), `"account.add"`) {
			t.Errorf("profile and audit: %s %s", w.read(t, "profile.jsonl"), w.read(t, "audit.jsonl"))
		}
		if rows := objects(t, w.read(t, "events.jsonl")); len(rows) != 3 { // invited, joined, said
			t.Errorf("%d events", len(rows))
		}
		if page := w.read(t, "index.html"); !strings.Contains(page, "from ann") || strings.Contains(page, "from ben") {
			t.Error("the page holds other than what the person said")
		}
		if _, err := os.Stat(filepath.Join(w.dir, "account.jsonl")); !os.IsNotExist(err) {
			t.Error("the hash of a password is exported")
		}
		for _, f := range m.Files {
			if f.Media != "" && f.Name != "a.txt" {
				t.Errorf("the file %s is exported", f.Name)
			}
		}
		recorded(t, db, "export.person", ann)
	})
}

// recorded checks that the audit says who exported what.
func recorded(t *testing.T, db *store.DB, action, object string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		var actor string
		err := tx.Row(`SELECT actor FROM audit WHERE action = $1 AND object = $2`, []any{action, object}, &actor)
		if actor != "@ig:"+roomtest.Server {
			t.Errorf("recorded as done by %q", actor)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	w := open(t, storetest.Open(t))
	l := w.Room("ann", "ben")
	if _, err := w.out.Room(t.Context(), &audit.Caller{}, "!nowhere", w.dir); !errs.Is(err, errs.NotFound) {
		t.Errorf("an unknown room: %v", err)
	}
	if _, err := w.out.Person(t.Context(), &audit.Caller{}, "@nobody:"+roomtest.Server, w.dir); !errs.Is(err, errs.NotFound) {
		t.Errorf("an unknown person: %v", err)
	}
	if _, err := w.out.Room(t.Context(), &audit.Caller{}, l.ID, w.dir); err != nil {
		t.Fatal(err)
	}
	before := w.read(t, "events.jsonl")
	if _, err := w.out.Room(t.Context(), &audit.Caller{}, l.ID, w.dir); !errs.Is(err, errs.Conflict) {
		t.Errorf("into a folder that is in use: %v", err)
	}
	if after := w.read(t, "events.jsonl"); before != after {
		t.Error("the earlier export was changed")
	}
}
