package matrix

import (
	"bytes"
	"iter"
	"strconv"
	"unicode/utf8"
)

// The functions of this file walk JSON that is already canonical, and therefore valid, by slicing it: no decoding, no
// copy. On other input they do not panic, but their answer means nothing.

// Members walks a canonical object: each key as it is written between its quotes, and its value. Nothing comes of a
// value that is no object.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if len(object) < 2 || object[0] != '{' {
			return
		}
		for at := 1; at < len(object) && object[at] == '"'; at++ { // steps over the comma
			keyEnd := skip(object, at)
			valueEnd := skip(object, min(keyEnd+1, len(object)))
			if keyEnd+1 >= valueEnd || !yield(object[at+1:keyEnd-1], object[keyEnd+1:valueEnd]) {
				return
			}
			at = valueEnd
		}
	}
}

// Elements walks a canonical array. Nothing comes of a value that is no array.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(array) < 2 || array[0] != '[' {
			return
		}
		for at := 1; at < len(array) && array[at] != ']'; at++ {
			end := skip(array, at)
			if end == at || !yield(array[at:end]) {
				return
			}
			at = end
		}
	}
}

// Field is the value of a key in a canonical object, nil when it is absent or when the value is no object. The key must
// be one that needs no escapes.
func Field(object []byte, key string) []byte {
	for k, v := range Members(object) {
		if string(k) == key {
			return v
		}
	}
	return nil
}

// Text is what a canonical string means; ok is false for any other value, nil included.
func Text(value []byte) (text string, ok bool) {
	if !isText(value) {
		return "", false
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		inner = unescape(inner)
	}
	return string(inner), true
}

func isText(value []byte) bool { return len(value) >= 2 && value[0] == '"' }

// Integer is what a canonical integer means; ok is false for any other value, nil included.
func Integer(value []byte) (n int64, ok bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}

// IsObject reports whether a canonical value is an object.
func IsObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// skip is the position after the value that begins at at.
func skip(b []byte, at int) int {
	if at >= len(b) {
		return at
	}
	switch b[at] {
	case '"':
		return skipText(b, at)
	case '{', '[':
		return skipNested(b, at)
	}
	for at < len(b) && b[at] != ',' && b[at] != '}' && b[at] != ']' {
		at++
	}
	return at
}

func skipText(b []byte, at int) int {
	for at++; at < len(b); at++ {
		switch b[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(b)
}

func skipNested(b []byte, at int) int {
	for depth := 0; at < len(b); {
		switch b[at] {
		case '"':
			at = skipText(b, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
		at++
	}
	return len(b)
}

// unescape undoes the escapes of the inside of a canonical string.
func unescape(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		if s[i] == 'u' {
			r, _ := hex4(s, i+1)
			out = utf8.AppendRune(out, r)
			i += 4
		} else if at := bytes.IndexByte([]byte("bfnrt"), s[i]); at >= 0 {
			out = append(out, "\b\f\n\r\t"[at])
		} else {
			out = append(out, s[i])
		}
	}
	return out
}

// appendText appends a string as canonical JSON. The caller has made sure that it is UTF-8.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		if s[i] < utf8.RuneSelf && !plain[s[i]] {
			dst = append(dst, s[start:i]...)
			dst = appendRune(dst, rune(s[i]))
			start = i + 1
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
