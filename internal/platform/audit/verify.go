package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// verifyChunk is how many records are held in memory at a time.
const verifyChunk = 2000

// Checkpoint names a record and its hash. Kept elsewhere (printed, mailed, in another system's log), it proves later
// that the chain up to it has not been replaced.
type Checkpoint struct {
	Seq  int64
	Hash []byte
}

// String gives "812:9f86d0…", the number and the hash in hexadecimal.
func (c Checkpoint) String() string {
	return strconv.FormatInt(c.Seq, 10) + ":" + hex.EncodeToString(c.Hash)
}

// ParseCheckpoint reads what String gave.
func ParseCheckpoint(s string) (Checkpoint, error) {
	number, digits, ok := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	hash, herr := hex.DecodeString(digits)
	if err := errors.Join(err, herr); !ok || err != nil || seq < 1 || len(hash) != 32 {
		return Checkpoint{}, errs.BadParam("A checkpoint is a number, a colon and 64 hexadecimal digits.")
	}
	return Checkpoint{seq, hash}, nil
}

// Report is what Verify found.
type Report struct {
	Records int64      // how many were read and found good
	Head    Checkpoint // the newest good record
	// Broken is the first record that is not as it was written, 0 if none is. Why says what is wrong, empty if nothing is.
	Broken int64
	Why    string
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return r.Why == "" }

func (r *Report) fail(seq int64, format string, args ...any) {
	if r.Why == "" {
		r.Broken, r.Why = seq, fmt.Sprintf(format, args...)
	}
}

// Verify walks the whole chain and checks the signed head, with bounded memory, on a database that may be in use. An error
// means that it could not be read; what is wrong with the records is in the report. known are checkpoints kept elsewhere.
func Verify(ctx context.Context, db *store.DB, pub ed25519.PublicKey, known ...Checkpoint) (Report, error) {
	v := verifier{pub: pub, known: map[int64][]byte{}, last: record{hash: []byte{}}}
	for _, c := range known {
		v.known[c.Seq] = c.Hash
	}
	for done := false; !done && v.report.OK(); {
		err := db.Read(ctx, func(tx *store.Tx) (err error) {
			done, err = v.chunk(tx)
			return err
		})
		if err != nil {
			return v.report, fmt.Errorf("audit: verifying: %w", err)
		}
	}
	v.report.Head = Checkpoint{v.last.seq, v.last.hash}
	return v.report, nil
}

type verifier struct {
	pub    ed25519.PublicKey
	known  map[int64][]byte
	last   record
	report Report
}

// chunk checks the next records; with the last of them, in the same snapshot, the head.
func (v *verifier) chunk(tx *store.Tx) (done bool, err error) {
	list, err := recordsAfter(tx, v.last.seq, verifyChunk)
	if err != nil {
		return false, err
	}
	for i := range list {
		if v.record(&list[i]); !v.report.OK() {
			return true, nil
		}
	}
	if len(list) == verifyChunk {
		return false, nil
	}
	return true, v.end(tx)
}

func (v *verifier) record(r *record) {
	due := v.last.seq + 1
	switch hash, known := v.known[r.seq]; {
	case r.seq != due:
		v.report.fail(due, "record %d is missing: the next one is %d", due, r.seq)
	case !bytes.Equal(r.prev, v.last.hash):
		v.report.fail(r.seq, "record %d does not follow from the one before it", r.seq)
	case !bytes.Equal(r.hash, r.sum()):
		v.report.fail(r.seq, "record %d is not as it was written: its hash does not fit its contents", r.seq)
	case known && !bytes.Equal(hash, r.hash):
		v.report.fail(r.seq, "record %d is not the one of the checkpoint: the record was replaced up to here", r.seq)
	case r.action == actionHeadMissing || r.action == actionHeadInvalid || r.action == actionHeadBehind:
		v.report.fail(r.seq, "record %d says that the server found the end of the record tampered with (%s)", r.seq, r.action)
	default:
		delete(v.known, r.seq)
		v.report.Records++
		v.last = *r
	}
}

// end holds the newest record against the signed head, and the head against the database.
func (v *verifier) end(tx *store.Tx) error {
	for seq := range v.known {
		v.report.fail(v.last.seq+1, "the checkpoint names record %d, the newest is %d: the end was cut off", seq, v.last.seq)
	}
	pos, commits, err := counters(tx)
	if err != nil {
		return err
	}
	h, err := readHead(tx)
	if errs.Is(err, errs.NotFound) {
		if v.last.seq > 0 || commits > 0 {
			v.report.fail(v.last.seq, "the signed head is missing")
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case !ed25519.Verify(v.pub, h.signed(), h.signature):
		v.report.fail(v.last.seq, "the head's signature is not this server's")
	case v.last.seq < h.seq:
		v.report.fail(v.last.seq+1, "record %d is missing: the signed head names %d as the newest", v.last.seq+1, h.seq)
	case v.last.seq > h.seq:
		v.report.fail(h.seq+1, "record %d was added after the signed head", h.seq+1)
	case !bytes.Equal(h.hash, v.last.hash):
		v.report.fail(v.last.seq, "record %d is not the one that was signed: the chain was written anew", v.last.seq)
	case h.commits != commits || h.pos != pos:
		v.report.fail(v.last.seq, "the head was signed at commit %d (position %d), the database is at %d (%d): an old head was put back, or something wrote without the audit", h.commits, h.pos, commits, pos)
	}
	return nil
}
