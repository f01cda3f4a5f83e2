package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Print writes a configuration file with every setting explained and at its default, all commented out: an
// installation then sets only what it means to, and gets better defaults with a newer version.
func Print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Wardline's configuration. Every setting is shown with its default: remove the “#” before a setting to change it.\n" +
		"# Each can be set in the environment too: server.listen is WARDLINE_SERVER_LISTEN.\n")
	c := Defaults()
	section := ""
	docs := sectionDocs()
	for _, k := range keysOf(c) {
		if k.section != section {
			section = k.section
			b.WriteString("\n")
			writeDoc(&b, docs[section])
			fmt.Fprintf(&b, "[%s]\n", section)
		}
		b.WriteString("\n")
		writeDoc(&b, k.doc)
		fmt.Fprintf(&b, "#%s = %s\n", strings.TrimPrefix(k.name, section+"."), k.literal())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sectionDocs() map[string]string {
	docs := map[string]string{}
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		docs[t.Field(i).Tag.Get("toml")] = t.Field(i).Tag.Get("doc")
	}
	return docs
}

// writeDoc writes a comment in lines of at most 110 characters.
func writeDoc(b *strings.Builder, doc string) {
	line := "#"
	for _, word := range strings.Fields(doc) {
		if len(line)+len(word) > 110 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// literal gives the default as TOML.
func (k key) literal() string {
	switch k.value.Kind() {
	case reflect.Bool, reflect.Int:
		return k.preset
	case reflect.Slice:
		return "[]"
	}
	return fmt.Sprintf("%q", k.preset)
}
