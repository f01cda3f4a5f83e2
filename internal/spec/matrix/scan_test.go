package matrix

import (
	stdjson "encoding/json"
	"slices"
	"testing"
)

func TestScan(t *testing.T) {
	object := []byte(`{"\n":1,"a":"x\"}","b":[1,{"c":"]"},"\\"],"d":{"e":-7},"f":true,"g":null}`)
	var keys []string
	for key := range Members(object) {
		keys = append(keys, string(key))
	}
	if want := []string{`\n`, "a", "b", "d", "f", "g"}; !slices.Equal(keys, want) {
		t.Errorf("keys %q", keys)
	}
	for key, want := range map[string]string{"a": `"x\"}"`, "b": `[1,{"c":"]"},"\\"]`, "d": `{"e":-7}`, "f": `true`, "g": `null`, "x": ``} {
		if got := string(Field(object, key)); got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
	if s, ok := Text(Field(object, "a")); !ok || s != `x"}` {
		t.Errorf("text %q", s)
	}
	if s, ok := Text([]byte(`"\b\f\n\r\t\"\\\u001f"`)); !ok || s != "\b\f\n\r\t\"\\\x1f" {
		t.Errorf("text %q", s)
	}
	if n, ok := Integer(Field(Field(object, "d"), "e")); !ok || n != -7 {
		t.Errorf("integer %d", n)
	}
	var elements []string
	for element := range Elements(Field(object, "b")) {
		elements = append(elements, string(element))
	}
	if want := []string{`1`, `{"c":"]"}`, `"\\"`}; !slices.Equal(elements, want) {
		t.Errorf("elements %q", elements)
	}
	for _, wrong := range []string{``, `1`, `{}`, `null`, `[]`} {
		if _, ok := Text([]byte(wrong)); ok {
			t.Errorf("%q is text", wrong)
		}
		if _, ok := Integer([]byte(wrong)); ok != (wrong == `1`) {
			t.Errorf("%q: integer %v", wrong, ok)
		}
	}
	for range Members(nil) {
		t.Error("nothing has members")
	}
	for range Elements([]byte(`{}`)) {
		t.Error("an object has no elements")
	}
}

// FuzzScan walks anything without panic, and canonical JSON as encoding/json understands it.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x"],"b":{"c":"\""}}`, `{"`, `{"\`, `["\u00`, `{"a":}`, `[,]`, `"\`, `{"a"`, `[[[`, `-`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		walk(in, 0)
		canonical, err := Canonical(in)
		if err != nil || !IsObject(canonical) {
			return
		}
		var want map[string]stdjson.RawMessage
		if err := stdjson.Unmarshal(canonical, &want); err != nil {
			t.Fatal(err)
		}
		count := 0
		for key, value := range Members(canonical) {
			count++
			name, ok := Text(append(append([]byte{'"'}, key...), '"'))
			if got, found := want[name]; !ok || !found || string(got) != string(value) {
				t.Fatalf("%q: %s, want %s", name, value, got)
			}
		}
		if count != len(want) {
			t.Fatalf("%d members of %d", count, len(want))
		}
	})
}

func walk(value []byte, depth int) {
	Text(value)
	Integer(value)
	if depth > 8 {
		return
	}
	for key, inner := range Members(value) {
		Field(value, string(key))
		walk(inner, depth+1)
	}
	for inner := range Elements(value) {
		walk(inner, depth+1)
	}
}
