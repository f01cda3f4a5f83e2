package picture

import (
	"encoding/binary"
	"slices"
)

// mediaHandlers are the kinds of track that are seen or heard (14496-12, 8.4.3, and QuickTime's): picture, sound, and
// captions. Tracks of other kinds carry positions, motion and clock times alongside, and go with their samples.
var mediaHandlers = []string{"vide", "auxv", "pict", "soun", "subt", "sbtl", "text", "clcp"}

// track is a track of the movie while it is looked at.
type track struct {
	box
	id      uint32
	handler string
	refs    []box // boxes within tref
	stbl    box   // sample tables; its name is empty if there are none
}

func (t *track) stays() bool { return slices.Contains(mediaHandlers, t.handler) }

// movie goes through the movie box (8.2). Tracks that go are emptied whole, and references to them.
func (c *cleaner) movie(moov box) error {
	var tracks []*track
	err := c.each(moov.span, func(b box) error {
		switch b.name {
		case "mvhd":
			return c.clock(b)
		case "mvex", "iods":
			return nil
		case "cmov":
			return unsupported("a compressed movie header")
		case "trak":
			t, err := c.track(b)
			tracks = append(tracks, t)
			return err
		}
		return c.empty(b)
	})
	if err != nil {
		return err
	}
	c.tracks = append(c.tracks, tracks...)
	return c.dropTracks(tracks)
}

// track cleans one track, whether it stays or goes.
func (c *cleaner) track(trak box) (*track, error) {
	t := &track{box: trak}
	return t, c.each(trak.span, func(b box) error {
		switch b.name {
		case "tkhd":
			return c.trackHeader(t, b)
		case "tref":
			refs, err := c.children(b.span)
			t.refs = append(t.refs, refs...)
			return err
		case "mdia":
			return c.mediaBox(t, b)
		case "edts", "tapt", "load", "trgr", "txas", "clip", "matt":
			return nil
		}
		return c.empty(b)
	})
}

func (c *cleaner) trackHeader(t *track, tkhd box) error {
	head, err := c.payload(tkhd, 24)
	if err != nil {
		return err
	}
	t.id = binary.BigEndian.Uint32(head[12:])
	if head[0] == 1 {
		t.id = binary.BigEndian.Uint32(head[20:])
	}
	return c.clock(tkhd)
}

func (c *cleaner) mediaBox(t *track, mdia box) error {
	return c.each(mdia.span, func(b box) error {
		switch b.name {
		case "mdhd":
			return c.clock(b)
		case "hdlr":
			head, err := c.payload(b, 24)
			if err != nil {
				return err
			}
			t.handler = string(head[8:12])
			return c.handlerNames(b)
		case "minf":
			return c.mediaInformation(t, b)
		case "elng":
			return nil
		}
		return c.empty(b)
	})
}

func (c *cleaner) mediaInformation(t *track, minf box) error {
	return c.each(minf.span, func(b box) error {
		switch b.name {
		case "hdlr":
			return c.handlerNames(b)
		case "stbl":
			t.stbl = b
			return c.sampleTables(b)
		case "udta", "meta", "uuid", "free", "skip":
			return c.empty(b)
		}
		return nil
	})
}

func (c *cleaner) sampleTables(stbl box) error {
	return c.each(stbl.span, func(b box) error {
		switch b.name {
		case "stsd":
			return c.sampleDescriptions(b)
		case "udta", "meta", "uuid", "free", "skip":
			return c.empty(b)
		}
		return nil
	})
}

// clock zeroes the times at which the movie, a track or its media were made and changed (8.2.2, 8.3.2, 8.4.2).
func (c *cleaner) clock(b box) error {
	head, err := c.payload(b, 12)
	if err != nil {
		return err
	}
	length := int64(8)
	if head[0] == 1 {
		length = 16
	}
	if b.end-b.at < 4+length {
		return malformed("box %q is too short", b.name)
	}
	return c.blank(span{b.at + 4, b.at + 4 + length}, times)
}

// handlerNames zeroes the maker and the name in a handler box (8.4.3): programs and devices sign there.
func (c *cleaner) handlerNames(hdlr box) error {
	if hdlr.end-hdlr.at < 12 {
		return malformed("box %q is too short", hdlr.name)
	}
	return c.blank(span{hdlr.at + 12, hdlr.end}, deviceNames)
}

// sampleDescriptions zeroes the names of coders (8.5.2, 12.1.3; the vendor is QuickTime's). The fields stand at the same
// places whatever the coding.
func (c *cleaner) sampleDescriptions(stsd box) error {
	const vendor, coder, coderEnd = 12, 42, 74
	if stsd.end-stsd.at < 8 {
		return malformed("box %q is too short", stsd.name)
	}
	return c.each(span{stsd.at + 8, stsd.end}, func(entry box) error {
		switch entry.name {
		case "avc1", "avc3", "hvc1", "hev1", "av01", "vp08", "vp09", "mp4v", "s263", "jpeg", "mjpa", "mjpb", "apcn", "apch", "apcs", "apco", "ap4h", "dvh1", "dvhe":
			if entry.end-entry.at >= coderEnd {
				if err := c.blank(span{entry.at + coder, entry.at + coderEnd}, deviceNames); err != nil {
					return err
				}
			}
		case "mp4a", "samr", "sawb", "alac", "ac-3", "ec-3", "Opus", "lpcm", "sowt", "twos":
		default:
			return nil
		}
		if entry.end-entry.at < vendor+4 {
			return malformed("box %q is too short", entry.name)
		}
		return c.blank(span{entry.at + vendor, entry.at + vendor + 4}, deviceNames)
	})
}

// dropTracks empties the tracks that are neither seen nor heard, and what refers to them.
func (c *cleaner) dropTracks(tracks []*track) error {
	gone := make(map[uint32]bool)
	for _, t := range tracks {
		if !t.stays() {
			gone[t.id] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if c.pieces {
		return unsupported("a metadata track in a fragmented movie")
	}
	for _, t := range tracks {
		drop := c.dropTrack
		if t.stays() {
			drop = func(t *track) error { return c.dropReferences(t, gone) }
		}
		if err := drop(t); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaner) dropTrack(t *track) error {
	c.found.add(metadataTrack)
	c.edits = append(c.edits, edit{span{t.start + 4, t.start + 8}, []byte("free")})
	_, err := c.zero(t.span)
	return err
}

func (c *cleaner) dropReferences(t *track, gone map[uint32]bool) error {
	for _, ref := range t.refs {
		ids, err := c.payload(ref, 0)
		if err != nil {
			return err
		}
		for ; len(ids) >= 4; ids = ids[4:] {
			if !gone[binary.BigEndian.Uint32(ids)] {
				continue
			}
			if err := c.empty(ref); err != nil {
				return err
			}
			break
		}
	}
	return nil
}
