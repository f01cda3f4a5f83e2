package fire

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/test/e2e"
)

// The phases of a conversation, as somebody's course through it makes them. In each something is said, reacted to, and a file sent.
const (
	before  = iota // they have nothing to do with it
	invited        // they are invited
	joined         // they are in it
	after          // they are not any more
	phases
)

// courses are what may happen to somebody, by phase; nil is nothing.
var courses = map[string]struct {
	last int // the phase it ends in
	end  string
}{
	"stranger": {before, ""}, "invited": {invited, ""}, "member": {joined, ""},
	"left": {after, "leave"}, "kicked": {after, "kick"}, "banned": {after, "ban"},
}

// readable gives what of a phase somebody may read: client-server API, "Room History Visibility". may: it is theirs to read;
// never: no answer may show it. (Whoever has never been in a room is not let in to read what is theirs to read, and need not be.)
func readable(visibility string, last, phase int) (may, never bool) {
	wasIn := last >= joined
	switch {
	case visibility == "world_readable":
		return wasIn, false
	case phase == joined:
		return true, false
	case phase == after:
		return false, true
	case visibility == "shared":
		return wasIn, !wasIn
	case visibility == "invited" && phase == invited:
		return wasIn, false
	}
	return false, true
}

// scene is one conversation on its way through the phases.
type scene struct {
	t            *testing.T
	s            *e2e.Trust
	amira, eye   *client.Client
	room         string
	events       [phases][]string // ids
	words, files [phases]string
}

// TestNobodyReadsWhatTheyMayNot: every visibility of history, every course of membership, every way to read.
func TestNobodyReadsWhatTheyMayNot(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			s := e2e.Start(t, engine)
			people := s.Staff(t, "amira", "eye")
			for _, visibility := range []string{"shared", "invited", "joined", "world_readable"} {
				for name, course := range courses {
					t.Run(visibility+" "+name, func(t *testing.T) {
						c := &scene{t: t, s: s, amira: people[0], eye: people[1]}
						c.play(visibility, course.last, course.end)
						c.look(visibility, course.last)
					})
				}
			}
		})
	}
}

func (c *scene) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *scene) play(visibility string, last int, end string) {
	c.t.Helper()
	room, err := c.amira.CreateRoom(c.t.Context(), client.NewRoom{Preset: "private_chat"})
	c.must(err)
	c.room = room
	_, err = c.amira.SetState(c.t.Context(), room, "m.room.history_visibility", "", client.Object{"history_visibility": visibility})
	c.must(err)
	for phase := range last + 1 {
		switch phase {
		case invited:
			c.must(c.amira.Invite(c.t.Context(), room, c.eye.UserID(), ""))
		case joined:
			_, err := c.eye.Join(c.t.Context(), room)
			c.must(err)
		case after:
			c.leave(end)
		}
		c.speak(phase)
	}
}

func (c *scene) leave(end string) {
	c.t.Helper()
	switch end {
	case "leave":
		c.must(c.eye.Leave(c.t.Context(), c.room))
	case "kick":
		c.must(c.amira.Kick(c.t.Context(), c.room, c.eye.UserID(), ""))
	case "ban":
		c.must(c.amira.Ban(c.t.Context(), c.room, c.eye.UserID(), ""))
	}
}

// speak says something in every way there is; afterwards, about what was said before too.
func (c *scene) speak(phase int) {
	c.t.Helper()
	c.words[phase] = fmt.Sprintf("hidden%dq%s", phase, strings.ToLower(rand.Text()[:8]))
	send := func(kind string, content client.Object) {
		c.t.Helper()
		id, err := c.amira.Send(c.t.Context(), c.room, kind, content)
		c.must(err)
		c.events[phase] = append(c.events[phase], id)
	}
	send("m.room.message", client.Text(fmt.Sprintf("ward %s", c.words[phase])))
	root := c.events[phase][0]
	send("m.reaction", client.Reaction(root, c.words[phase]))
	uri, err := c.amira.Upload(c.t.Context(), c.words[phase], "text/plain", []byte(c.words[phase]))
	c.must(err)
	c.files[phase] = uri
	send("m.room.message", client.Object{"msgtype": "m.file", "body": c.words[phase], "url": uri})
	send("m.room.message", client.InThread(c.words[phase], root, root))
	if phase == after {
		old := c.events[joined][0]
		send("m.room.message", client.Edit(c.words[phase], old))
		send("m.room.message", client.InThread(c.words[phase], old, old))
		_, err := c.amira.SetState(c.t.Context(), c.room, "m.room.topic", "", client.Object{"topic": c.words[phase]})
		c.must(err)
	}
}

// look reads in every way there is, and holds each answer against what may be read.
func (c *scene) look(visibility string, last int) {
	c.t.Helper()
	room := url.PathEscape(c.room)
	v3, v1 := "/_matrix/client/v3/rooms/"+room, "/_matrix/client/v1/rooms/"+room
	ways := []string{
		v3 + "/messages?dir=b&limit=100", v3 + "/messages?dir=f&limit=100", v3 + "/messages?dir=f&from=s0_0&limit=100", v3 + "/messages?dir=b&from=s999999999_0&limit=100",
		v3 + "/state", v3 + "/members", v3 + "/joined_members", v3 + "/state/m.room.topic", v3 + "/state/m.room.topic/?format=event",
		v1 + "/threads", v1 + "/hierarchy", v1 + "/timestamp_to_event?ts=0&dir=f", v1 + "/timestamp_to_event?ts=99999999999999&dir=b",
		"/_matrix/client/v1/room_summary/" + room, "/_matrix/client/v3/sync?timeout=0&full_state=true",
		`/_matrix/client/v3/sync?timeout=0&filter={"room":{"include_leave":true,"timeline":{"limit":100}}}`,
		`/_matrix/client/v3/sync?timeout=0&since=s1_0&filter={"room":{"include_leave":true,"timeline":{"limit":100}}}`,
		"/_matrix/client/v3/notifications",
	}
	for _, ids := range c.events {
		for _, id := range ids {
			at := url.PathEscape(id)
			ways = append(ways, v3+"/event/"+at, v3+"/context/"+at+"?limit=100", v1+"/relations/"+at, v1+"/relations/"+at+"?recurse=true&limit=100")
		}
	}
	for _, way := range ways {
		way = strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22").Replace(way)
		c.judge(visibility, last, way, c.ask("GET", way, nil))
	}
	for _, way := range []struct {
		path string
		body client.Object
	}{
		{"/_matrix/client/v3/search", client.Object{"search_categories": client.Object{"room_events": client.Object{
			"search_term": "ward", "event_context": client.Object{"before_limit": 10, "after_limit": 10}, "include_state": true}}}},
		{"/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", client.Object{
			"lists":              client.Object{"a": client.Object{"ranges": [][2]int{{0, 99}}, "timeline_limit": 100, "required_state": [][2]string{{"*", "*"}}}},
			"room_subscriptions": client.Object{c.room: client.Object{"timeline_limit": 100, "required_state": [][2]string{{"*", "*"}}}}}},
	} {
		c.judge(visibility, last, way.path, c.ask("POST", way.path, way.body))
	}
	c.lookAtEach(visibility, last)
}

// ask gives an answer's text, or what it was refused with.
func (c *scene) ask(method, path string, body client.Object) string {
	c.t.Helper()
	var into client.Raw
	var send any
	if body != nil {
		send = body
	}
	err := c.eye.Call(c.t.Context(), method, path, nil, send, &into)
	if client.StatusOf(err) >= 500 || err != nil && client.StatusOf(err) == 0 {
		c.t.Errorf("%s: %v", path, err)
	}
	return string(into)
}

// shows are ways in which a member sees what is said while they are there.
var shows = []string{"/messages?dir=b&limit", "/messages?dir=f&limit", "/threads", "sync?timeout=0&filter", "v3/search", "msc3575/sync"}

// judge reports what an answer shows that may not be read.
func (c *scene) judge(visibility string, last int, way, answer string) {
	c.t.Helper()
	if last == joined && slices.ContainsFunc(shows, func(w string) bool { return strings.Contains(way, w) }) && !strings.Contains(answer, c.words[joined]) {
		c.t.Errorf("%s shows nothing: this test looks the wrong way", way)
	}
	for phase := range last + 1 {
		if _, never := readable(visibility, last, phase); !never {
			continue
		}
		if c.words[phase] != "" && strings.Contains(answer, c.words[phase]) {
			c.t.Errorf("%s shows what was said in phase %d", way, phase)
		}
		if i := slices.IndexFunc(c.events[phase], func(id string) bool { return strings.Contains(answer, id) }); i >= 0 {
			c.t.Errorf("%s names event %d of phase %d", way, i, phase)
		}
	}
}

// lookAtEach reads each event and file by itself: what is theirs to read is shown, what is not is not there.
func (c *scene) lookAtEach(visibility string, last int) {
	c.t.Helper()
	for phase := range last + 1 {
		may, never := readable(visibility, last, phase)
		_, err := c.eye.Event(c.t.Context(), c.room, c.events[phase][0])
		_, ferr := c.eye.Download(c.t.Context(), c.files[phase])
		switch {
		case may && (err != nil || ferr != nil):
			c.t.Errorf("phase %d is theirs to read: event %v, file %v", phase, err, ferr)
		case never && (err == nil || ferr == nil):
			c.t.Errorf("phase %d is not theirs to read: event %v, file %v", phase, err, ferr)
		}
	}
}
