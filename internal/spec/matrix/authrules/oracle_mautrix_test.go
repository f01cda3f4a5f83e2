//go:build goexperiment.jsonv2

package authrules

// The second oracle needs the experiment for the whole build: GOEXPERIMENT=jsonv2 go test ./internal/spec/matrix/...

import (
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/federation/eventauth"
	"maunium.net/go/mautrix/federation/pdu"
	"maunium.net/go/mautrix/id"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// mautrixDivergences are where mautrix departs from the text (numbers of version 11, 12), each seen in the generated cases.
var mautrixDivergences = []struct {
	name  string
	holds func(o outcome) bool
}{
	{"4.3.1, 5.3.1: the creator's first join may have one auth event at most", func(o outcome) bool {
		return o.allowedHereOnly() && o.ev.PrevEvents[0] == o.r.create.ID && len(o.ev.AuthEvents) > 1
	}},
	{"9.8, 10.9: it panics when a user is removed", func(o outcome) bool { return o.theirs != nil && strings.HasPrefix(o.theirs.Error(), "panic") }},
	{"4.2.1, 5.2.1: an authorising user who is no string counts as absent", func(o outcome) bool {
		_, isText := matrix.Text(matrix.Field(o.ev.Content, "join_authorised_via_users_server"))
		return o.is("4.2.1", "5.2.1") && !isText
	}},
}

func mautrixPDU(t *testing.T, e *matrix.Event) *pdu.PDU {
	t.Helper()
	p := new(pdu.PDU)
	if err := json.Unmarshal(e.JSON, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// mautrixVerdict is mautrix's verdict on one event.
func mautrixVerdict(t *testing.T, r *room, ev *matrix.Event) (err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	auth := []*pdu.PDU{}
	for _, key := range AuthTypes(r.version, ev) {
		if e := r.Event(key.Type, key.Key); e != nil {
			auth = append(auth, mautrixPDU(t, e))
		}
	}
	create := func([]id.EventID) ([]*pdu.PDU, error) { return []*pdu.PDU{mautrixPDU(t, r.create)}, nil }
	key := func(string, id.KeyID, time.Time) (id.SigningKey, time.Time, error) {
		return id.SigningKey(matrix.EncodeBase64(r.key.Public())), time.Now().Add(time.Hour), nil
	}
	return eventauth.Authorize(id.RoomVersion(r.version), mautrixPDU(t, ev), auth, create, key)
}

// Verdicts are the same, and in version 12, whose numbers mautrix has, so are the rules.
func TestVerdictsAgainstMautrix(t *testing.T) {
	const rooms, eventsPerRoom = 300, 10
	seen := make(map[string]int)
	for _, version := range both {
		allowed, refused := 0, 0
		for seed := range uint64(rooms) {
			g := newGenerator(t, seed)
			r := g.room(version)
			for range eventsPerRoom {
				ev := g.event(r)
				o := outcome{r: r, ev: ev, ours: Check(version, ev, r), theirs: mautrixVerdict(t, r, ev)}
				switch {
				case o.ours == nil && o.theirs == nil:
					allowed++
				case o.ours != nil && o.theirs != nil && sameRule(version, o.ours, o.theirs):
					refused++
				default:
					seen[explainMautrix(t, o)]++
				}
			}
		}
		t.Logf("version %s: agreed on %d allowed and %d refused", version, allowed, refused)
	}
	for _, d := range mautrixDivergences {
		if t.Logf("%4d times: %s", seen[d.name], d.name); seen[d.name] == 0 {
			t.Errorf("no longer seen: %s", d.name)
		}
	}
}

// sameRule compares rule numbers where mautrix gives them exactly.
func sameRule(version matrix.RoomVersion, ours, theirs error) bool {
	var fail eventauth.AuthFailError
	var denied *Denied
	if !errors.As(theirs, &fail) || !errors.As(ours, &denied) {
		return false
	}
	switch fail.Index {
	case "10.x", "10.9", "10.1", "10.2": // its own grouping of 10.1 to 10.10
		return version == matrix.V11 || strings.HasPrefix(denied.Rule, "10.")
	case "5.2": // 5.2.1, and it looks at the membership (5.1) later
		return version == matrix.V11 || denied.Rule == "5.2.1" || denied.Rule == "5.1"
	case "5.7.1", "5.7.2": // 5.7.1, 5.7.2, 5.7.4
		return version == matrix.V11 || strings.HasPrefix(denied.Rule, "5.7.")
	case "5.8": // it takes what is no membership for an unknown one
		return version == matrix.V11 || denied.Rule == "5.8" || denied.Rule == "5.1"
	}
	return version == matrix.V11 || denied.Rule == fail.Index
}

func explainMautrix(t *testing.T, o outcome) string {
	t.Helper()
	for _, d := range mautrixDivergences {
		if d.holds(o) {
			return d.name
		}
	}
	t.Errorf("ours: %v\ntheirs: %v\n%s", o.ours, o.theirs, describe(o.r, o.ev))
	return "unexplained"
}
