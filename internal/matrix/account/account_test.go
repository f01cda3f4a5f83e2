package account

import (
	"errors"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/platform/errs"
)

func TestNames(t *testing.T) {
	a := &Accounts{conf: Config{ServerName: "Test.example"}}
	for typed, want := range map[string]string{
		"alice": "@alice:Test.example", " Alice\n": "@alice:Test.example", "@ALICE:test.EXAMPLE": "@alice:Test.example",
		"a.b_c=d-e/f+1": "@a.b_c=d-e/f+1:Test.example",
		"":              "", "@": "", "@:Test.example": "", "@alice": "", "alice:Test.example": "", "@alice:other": "", "al ice": "", "é": "",
		"a\x00b": "", strings.Repeat("a", 250): "",
	} {
		id, err := a.UserID(typed)
		if id != want || (want == "") != (err != nil) {
			t.Errorf("%q is %q (%v), want %q", typed, id, err, want)
		}
		var e *errs.Error
		if err != nil && (!errors.As(err, &e) || e.Code != "M_INVALID_USERNAME") {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
