package export

import (
	"errors"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// page writes index.html. Nothing in it can run or fetch anything: there is no script, and the policy forbids both.
type page struct {
	out   io.Writer
	of    Manifest
	files map[string]*mediaRow // by mxc:// address
	names map[string]string    // display names, by user, as of the event being written
	room  string               // being written
}

func newPage(out io.Writer, of Manifest, media []mediaRow) *page {
	p := &page{out: out, of: of, files: map[string]*mediaRow{}, names: map[string]string{}}
	for i := range media {
		p.files["mxc://"+of.ServerName+"/"+media[i].id] = &media[i]
	}
	return p
}

var pages = template.Must(template.New("").Parse(`
{{define "begin"}}<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Export of {{.Room}}{{.Person}}</title>
<style>
body { font: 16px/1.5 Arial, sans-serif; margin: 2em auto; max-width: 50em; padding: 0 1em; color: #212b32; }
table { border-collapse: collapse; } td { padding: 0 1em .3em 0; vertical-align: top; }
.e { border-top: 1px solid #d8dde0; padding: .5em 0; } .e p { margin: .2em 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.m, time, code { color: #4c6272; font-size: .85em; } .r p { color: #4c6272; font-style: italic; }
@media print { .e { break-inside: avoid; } }
</style>
<h1>Export of {{if .Room}}a conversation{{else}}a person{{end}}</h1>
<table>
<tr><td>Of<td><code>{{.Room}}{{.Person}}</code>
<tr><td>Server<td>{{.ServerName}}
<tr><td>Taken<td>{{.Taken.Format "2 January 2006 15:04:05 UTC"}}, at position {{.Position}} of the log
</table>
<p>All times are UTC. Nothing is left out but what was redacted, of which the place remains. <a href="manifest.json">manifest.json</a> lists every file with its SHA-256.</p>
{{end}}
{{define "room"}}<h2>Conversation <code>{{.}}</code></h2>
{{end}}
{{define "event"}}<div class="e{{if .Aside}} r{{end}}" id="{{.ID}}">
<strong>{{.Name}}</strong> <span class="m">{{.Sender}}</span> <time datetime="{{.At.Format "2006-01-02T15:04:05.000Z07:00"}}">{{.At.Format "Mon 2 January 2006 15:04:05"}}</time>
{{if .About}}<a class="m" href="#{{.About}}">{{.How}}</a>{{end}}
<p>{{.Text}}</p>
{{with .File}}<p><a href="{{.}}">{{if $.Picture}}<img src="{{.}}" alt="{{$.Text}}" style="max-width:100%;max-height:30em">{{else}}Open the file{{end}}</a></p>{{end}}
</div>
{{end}}
{{define "end"}}<p>{{.}} events. End of the export.</p>
</html>
{{end}}`))

func (p *page) begin() error { return pages.ExecuteTemplate(p.out, "begin", p.of) }

func (p *page) end(events int64) error { return pages.ExecuteTemplate(p.out, "end", events) }

// entry is one event as a person reads it.
type entry struct {
	ID, Sender, Name string
	At               time.Time
	About, How       string // the event it speaks of
	Text             string
	Aside            bool // something happened, rather than somebody spoke
	File             string
	Picture          bool
}

// event writes one event.
func (p *page) event(e *eventRow) error {
	var err error
	if e.roomID != p.room {
		p.room, p.names = e.roomID, map[string]string{}
		err = pages.ExecuteTemplate(p.out, "room", e.roomID)
	}
	if e.typ == "m.room.member" && e.content("membership") == "join" {
		p.names[e.stateKey.String] = e.content("displayname")
	}
	one := entry{ID: e.id, Sender: e.sender, Name: p.nameOf(e.sender), At: time.UnixMilli(e.ts).UTC()}
	switch {
	case e.redaction != "":
		one.About, one.How = e.redactionID, "removed"
		one.Text, one.Aside = "The content was removed: "+reason(gjson.Get(e.redaction, "content.reason").Str), true
	case e.stateKey.Valid:
		one.Text, one.Aside = p.happened(e), true
	default:
		p.spoken(e, &one)
	}
	return errors.Join(err, pages.ExecuteTemplate(p.out, "event", one))
}

func (p *page) nameOf(user string) string {
	if name := p.names[user]; name != "" {
		return name
	}
	local, _, _ := strings.Cut(strings.TrimPrefix(user, "@"), ":")
	return local
}

func reason(text string) string {
	if text == "" {
		return "no reason was given."
	}
	return text
}

// spoken tells what was said.
func (p *page) spoken(e *eventRow, one *entry) {
	related := `m\.relates_to.`
	one.About = e.content(related + "event_id")
	one.Text = e.content("body")
	switch e.typ {
	case "m.reaction":
		one.How, one.Text, one.Aside = "reacts", e.content(related+"key"), true
		return
	case "m.room.redaction":
		one.About, one.How, one.Aside = e.content("redacts"), "removes a message", true
		one.Text = reason(e.content("reason"))
		return
	case "m.room.message", "m.sticker":
	default:
		one.Text, one.Aside = "("+e.typ+") "+one.Text, true
	}
	switch e.content(related + "rel_type") {
	case "m.replace":
		one.How, one.Text = "changes it to", e.content(`m\.new_content.body`)
	case "m.thread":
		one.How = "in a thread"
	default:
		if to := e.content(related + `m\.in_reply_to.event_id`); to != "" {
			one.About, one.How = to, "in reply"
		}
	}
	if one.How == "" && one.About != "" {
		one.How = "about"
	}
	p.attach(e, one)
}

// attach adds the file that a message shows.
func (p *page) attach(e *eventRow, one *entry) {
	m := p.files[e.content("url")]
	if m == nil {
		return
	}
	one.File = m.path()
	switch m.typ {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		one.Picture = true
	}
}

// happened tells a change of state.
func (p *page) happened(e *eventRow) string {
	switch e.typ {
	case "m.room.create":
		return "began the conversation, version " + e.content("room_version")
	case "m.room.name":
		return "named it “" + e.content("name") + "”"
	case "m.room.topic":
		return "set the topic: " + e.content("topic")
	case "m.room.member":
		return p.membership(e)
	}
	content := gjson.Get(e.json, "content").Raw
	if canonical, err := matrix.Canonical([]byte(content)); err == nil {
		content = string(canonical)
	}
	return "set " + e.typ + " " + e.stateKey.String + " to " + content
}

func (p *page) membership(e *eventRow) string {
	whom, what := e.stateKey.String, e.content("membership")
	text := map[string]string{
		"join": "joined", "invite": "invited " + whom, "leave": "left", "ban": "banned " + whom, "knock": "asked to be let in",
	}[what]
	if text == "" {
		text = "set the membership of " + whom + " to " + what
	}
	if what == "leave" && whom != e.sender {
		text = "removed " + whom
	}
	if why := e.content("reason"); why != "" {
		text += ": " + why
	}
	return text
}
