package picture

import (
	"encoding/binary"
	"math"
)

// tables are the sample tables that say where the data of a track is (14496-12, 8.6 and 8.7).
type tables struct {
	chunks  []byte // stco or co64, after the count
	wide    bool   // co64
	runs    []byte // stsc, after the count
	sizes   []byte // stsz or stz2, after the count; nil when all samples have one size
	size    uint32 // of every sample
	bits    int    // of an entry in sizes
	samples uint32
}

// sampleSpans finds the samples of all tracks: those of tracks that go are to be erased, and if anything is, those of
// tracks that stay must not be touched.
func (c *cleaner) sampleSpans() error {
	erasing := len(c.dropped) > 0
	for _, t := range c.tracks {
		erasing = erasing || !t.stays()
	}
	if !erasing {
		return nil
	}
	for _, t := range c.tracks {
		spans, err := c.samples(t)
		if err != nil {
			return err
		}
		if t.stays() {
			c.kept = append(c.kept, spans...)
			continue
		}
		for _, s := range spans {
			c.dropped = append(c.dropped, erasure{s, metadataTrack})
		}
	}
	return nil
}

// samples returns the stretches of the file that the samples of a track occupy, chunk by chunk.
func (c *cleaner) samples(t *track) ([]span, error) {
	if t.stbl.name == "" {
		return nil, nil
	}
	var tab tables
	err := c.each(t.stbl.span, func(b box) (err error) {
		switch b.name {
		case "stco", "co64":
			tab.wide = b.name == "co64"
			tab.chunks, err = c.table(b, 4)
		case "stsc":
			tab.runs, err = c.table(b, 4)
		case "stsz", "stz2":
			err = c.sizes(&tab, b)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	spans, err := tab.spans()
	if err == nil && len(spans)+len(c.kept)+len(c.dropped) > maxSpans {
		err = unsupported("more than %d chunks", maxSpans)
	}
	return spans, err
}

// table reads a table whose entries begin after so many bytes and a count; the count is left out, as the length says it.
func (c *cleaner) table(b box, skip int) ([]byte, error) {
	data, err := c.payload(b, skip+4)
	if err != nil {
		return nil, err
	}
	return data[skip+4:], nil
}

func (c *cleaner) sizes(tab *tables, b box) error {
	data, err := c.payload(b, 12)
	if err != nil {
		return err
	}
	tab.samples, tab.bits = binary.BigEndian.Uint32(data[8:]), 32
	if b.name == "stsz" {
		tab.size = binary.BigEndian.Uint32(data[4:])
	} else {
		tab.bits = int(data[7])
	}
	if tab.bits != 4 && tab.bits != 8 && tab.bits != 16 && tab.bits != 32 {
		return malformed("sample sizes of %d bits", tab.bits)
	}
	if tab.size == 0 {
		tab.sizes = data[12:]
		if uint64(tab.samples)*uint64(tab.bits) > uint64(len(tab.sizes))*8 {
			return malformed("the table of sample sizes is cut short")
		}
	}
	return nil
}

// sizeOf is the size of a sample, counted from 0.
func (t *tables) sizeOf(i uint32) uint64 {
	if t.sizes == nil {
		return uint64(t.size)
	}
	switch t.bits {
	case 4:
		return uint64(t.sizes[i/2] >> (4 * (1 - i%2)) & 15)
	case 8:
		return uint64(t.sizes[i])
	case 16:
		return uint64(binary.BigEndian.Uint16(t.sizes[2*i:]))
	}
	return uint64(binary.BigEndian.Uint32(t.sizes[4*i:]))
}

func (t *tables) chunkCount() int {
	if t.wide {
		return len(t.chunks) / 8
	}
	return len(t.chunks) / 4
}

func (t *tables) chunkAt(i int) uint64 {
	if t.wide {
		return binary.BigEndian.Uint64(t.chunks[8*i:])
	}
	return uint64(binary.BigEndian.Uint32(t.chunks[4*i:]))
}

// spans follows the runs of chunks (8.7.4) and adds up their samples.
func (t *tables) spans() ([]span, error) {
	var out []span
	sample, perChunk, runs := uint32(0), uint32(0), t.runs
	for chunk := range t.chunkCount() {
		if len(runs) >= 12 && uint64(binary.BigEndian.Uint32(runs)) == uint64(chunk)+1 {
			perChunk, runs = binary.BigEndian.Uint32(runs[4:]), runs[12:]
		}
		n := min(perChunk, t.samples-sample)
		length := t.total(sample, n)
		sample += n
		if length == 0 {
			continue
		}
		at := t.chunkAt(chunk)
		if length > math.MaxInt64/4 || at > math.MaxInt64/4 {
			return nil, malformed("a chunk lies outside the file")
		}
		if len(out) == maxSpans {
			return nil, unsupported("more than %d chunks", maxSpans)
		}
		out = append(out, span{int64(at), int64(at + length)})
	}
	if sample < t.samples {
		return nil, malformed("samples without a place")
	}
	return out, nil
}

// total is the length of n samples from one on.
func (t *tables) total(first, n uint32) uint64 {
	if t.sizes == nil {
		return uint64(n) * uint64(t.size)
	}
	var sum uint64
	for i := first; i < first+n; i++ {
		sum += t.sizeOf(i)
	}
	return sum
}
