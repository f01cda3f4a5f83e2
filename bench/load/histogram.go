package main

import (
	"math/bits"
	"time"
)

// subBits sets the resolution of a histogram: 2^subBits steps for each doubling, so a relative error below 0.8 %.
const subBits = 7

// histogram counts durations in steps whose width grows with the value: exact below 128 µs, within 0.8 % above.
// It takes microseconds up to an hour and more; it is not safe for use from several goroutines.
type histogram struct {
	counts [(64 - subBits) << subBits]uint32
	total  uint64
	sum    uint64
	max    uint64
}

// bucket is the index of the step that holds a value.
func bucket(micros uint64) int {
	if micros < 1<<subBits {
		return int(micros)
	}
	shift := bits.Len64(micros) - subBits - 1
	return (shift+1)<<subBits + int(micros>>shift) - 1<<subBits
}

// upper is the largest value of a step.
func upper(index int) uint64 {
	if index < 1<<subBits {
		return uint64(index)
	}
	shift := index>>subBits - 1
	return (uint64(index&(1<<subBits-1))+1<<subBits+1)<<shift - 1
}

// record counts a duration; a negative one counts as zero.
func (h *histogram) record(d time.Duration) {
	micros := uint64(max(0, d.Microseconds()))
	h.counts[bucket(micros)]++
	h.total++
	h.sum += micros
	h.max = max(h.max, micros)
}

// quantile is the duration that the fraction q of those recorded do not exceed; zero when there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(q*float64(h.total) + 0.999999)
	rank = max(1, min(rank, h.total))
	var seen uint64
	for index, count := range h.counts {
		seen += uint64(count)
		if seen >= rank && count > 0 {
			return time.Duration(min(upper(index), h.max)) * time.Microsecond
		}
	}
	return 0
}

// mean is the average duration.
func (h *histogram) mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return time.Duration(h.sum/h.total) * time.Microsecond
}
