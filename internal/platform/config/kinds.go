package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written like 90s, 12h, 1h30m or 30d.
type Duration time.Duration

// UnmarshalText reads a Duration.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is not a time like 90s, 12h or 30d", s)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a time like 90s, 12h or 30d", s)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes a Duration as it is read.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Size is a number of bytes, written like 4096, 2KiB, 50MiB or 1GiB.
type Size int64

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// UnmarshalText reads a Size.
func (z *Size) UnmarshalText(text []byte) error {
	s := string(text)
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		*z = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is not a size like 4096, 2KiB or 50MiB", s)
}

// MarshalText writes a Size as it is read.
func (z Size) MarshalText() ([]byte, error) {
	for _, u := range units {
		if int64(z)%u.bytes == 0 && (z != 0 || u.bytes == 1) {
			return []byte(strconv.FormatInt(int64(z)/u.bytes, 10) + u.name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(z), 10)), nil
}

// Rate is a limit, written like "10/s burst 50" or "30/m burst 10". Off is no limit.
type Rate struct {
	PerSecond float64 // on average; 0: no limit
	Burst     int     // at once
}

// UnmarshalText reads a Rate.
func (r *Rate) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "off" {
		*r = Rate{}
		return nil
	}
	wrong := fmt.Errorf("%q is not a rate like \"10/s burst 50\", \"30/m burst 10\" or \"off\"", s)
	words := strings.Fields(s)
	if len(words) != 3 || words[1] != "burst" {
		return wrong
	}
	number, unit, _ := strings.Cut(words[0], "/")
	over, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(number, 64)
	burst, err2 := strconv.Atoi(words[2])
	if !ok || err != nil || err2 != nil || !(n > 0 && n <= 1e9) || burst < 1 {
		return wrong
	}
	*r = Rate{PerSecond: n / over, Burst: burst}
	return nil
}

// MarshalText writes a Rate as it is read.
func (r Rate) MarshalText() ([]byte, error) {
	if r.PerSecond <= 0 {
		return []byte("off"), nil
	}
	return []byte(strconv.FormatFloat(r.PerSecond, 'g', -1, 64) + "/s burst " + strconv.Itoa(r.Burst)), nil
}
