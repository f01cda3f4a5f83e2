package room

import (
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Token is a position of the log as clients are given it: a sync token or a pagination token. What follows an
// underscore belongs to sync alone.
func Token(pos int64) string { return "s" + strconv.FormatInt(pos, 10) }

// ParseToken reads a token; errs.Invalid when it is none of ours.
func ParseToken(token string) (pos int64, err error) {
	number, _, _ := strings.Cut(token, "_")
	if !strings.HasPrefix(number, "s") {
		return 0, errs.BadParam("That token was not given out by this server.")
	}
	pos, err = strconv.ParseInt(number[1:], 10, 64)
	if err != nil || pos < 0 {
		return 0, errs.BadParam("That token was not given out by this server.")
	}
	return pos, nil
}
