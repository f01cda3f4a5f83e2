package demo

import (
	"html"
	"regexp"
	"strings"
)

// event gives the type and the content of the event that a line becomes.
func (l line) event(s *stage) (typ string, content map[string]any) {
	about := s.ids[l.about]
	switch l.act {
	case reacts:
		return "m.reaction", map[string]any{"m.relates_to": map[string]any{"rel_type": "m.annotation", "event_id": about, "key": l.text}}
	case retracts:
		return "m.room.redaction", map[string]any{"redacts": about, "reason": l.text}
	}
	content = message(l.text, s.people)
	switch l.act {
	case replies:
		content["m.relates_to"] = map[string]any{"m.in_reply_to": map[string]any{"event_id": about}}
		mention(content, l.about.by)
	case threads:
		content["m.relates_to"] = map[string]any{
			"rel_type": "m.thread", "event_id": about, "is_falling_back": true, "m.in_reply_to": map[string]any{"event_id": about},
		}
	case edits:
		fresh := content
		content = message("* "+l.text, s.people)
		content["m.new_content"] = fresh
		content["m.relates_to"] = map[string]any{"rel_type": "m.replace", "event_id": about}
	}
	return "m.room.message", content
}

var (
	numbered = regexp.MustCompile(`\{nhs (\d{1,3})\}`)
)

// message gives the content of a message of these words: mentions become links with the name, {nhs n} a number.
func message(text string, people []*Person) map[string]any {
	text = numbered.ReplaceAllStringFunc(text, func(m string) string { return NHSNumber(number(numbered.FindStringSubmatch(m)[1])) })
	rich := html.EscapeString(text)
	content := map[string]any{"msgtype": "m.text"}
	var called []*Person
	for _, p := range people {
		at := regexp.MustCompile(`@` + p.handle() + `\b`)
		if !at.MatchString(text) {
			continue
		}
		called = append(called, p)
		text = at.ReplaceAllLiteralString(text, p.Name)
		link := `<a href="https://matrix.to/#/` + p.UserID() + `">` + html.EscapeString(p.Name) + `</a>`
		rich = at.ReplaceAllLiteralString(rich, link)
	}
	content["body"] = text
	if len(called) > 0 {
		content["format"], content["formatted_body"] = "org.matrix.custom.html", strings.ReplaceAll(rich, "\n", "<br>")
	}
	mention(content, called...)
	return content
}

// mention adds people to those whom a message calls: client-server API, "User and room mentions".
func mention(content map[string]any, people ...*Person) {
	ids := []string{}
	if old, ok := content["m.mentions"].(map[string]any); ok {
		ids, _ = old["user_ids"].([]string)
	}
	for _, p := range people {
		ids = append(ids, p.UserID())
	}
	if len(ids) == 0 {
		content["m.mentions"] = map[string]any{}
		return
	}
	content["m.mentions"] = map[string]any{"user_ids": ids}
}
