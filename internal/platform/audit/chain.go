package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/platform/store"
)

// What is hashed and signed begins with what it is, so that neither can be passed off as the other.
const (
	recordPrefix = "wardline audit record 1\n"
	headPrefix   = "wardline audit head 1\n"
)

// sum is the hash of a record: SHA-256 over its number, time and the previous hash, and each text after its length, all
// numbers as 8 bytes, most significant first. No two records have the same encoding.
func (r *record) sum() []byte {
	b := make([]byte, 0, 512)
	b = append(b, recordPrefix...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.seq))            //nolint:gosec // the bits, not the number
	b = binary.BigEndian.AppendUint64(b, uint64(r.ts.UnixMilli())) //nolint:gosec // the bits, not the number
	for _, s := range [...]string{r.actor, r.device, r.addr, r.action, r.object, r.detail, string(r.prev)} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	h := sha256.Sum256(b)
	return h[:]
}

// head is the signed row: the newest record, and the counters as that commit left them.
type head struct {
	seq, pos, commits int64
	hash, signature   []byte
}

func (h *head) signed() []byte {
	b := append(make([]byte, 0, 96), headPrefix...)
	for _, n := range [...]int64{h.seq, h.pos, h.commits, int64(len(h.hash))} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits, not the number
	}
	return append(b, h.hash...)
}

// The actions of records that the log writes about itself, when it has to continue on a chain whose end is not as it
// was left. Verify reports them: what was done can then not be hidden by carrying on.
const (
	actionHeadMissing = "audit.head_missing"
	actionHeadInvalid = "audit.head_invalid"
	actionHeadBehind  = "audit.head_behind"
)

// Log appends to the chain; there is one for each open database.
type Log struct {
	key  ed25519.PrivateKey
	head head // as of the last commit of this process
}

// Start makes the records of every commit of db part of the chain, signed by the server's key. Every process that writes starts
// it, before its first write.
func Start(db *store.DB, key ed25519.PrivateKey) error {
	if len(key) != ed25519.PrivateKeySize {
		return errors.New("audit: the server's key is not an Ed25519 key")
	}
	l := &Log{key: key}
	db.Seal(l.seal)
	return nil
}

// seal chains the records of a commit and signs the new head.
func (l *Log) seal(tx *store.Tx, s store.Sealing) error {
	h := l.head
	items := s.Items
	if s.Foreign {
		var strange *record
		var err error
		if h, strange, err = l.load(tx); err != nil {
			return fmt.Errorf("audit: reading the head: %w", err)
		}
		if strange != nil {
			items = append([]any{strange}, items...)
		}
	}
	for _, item := range items {
		r, ok := item.(*record)
		if !ok {
			return fmt.Errorf("audit: a %T is not a record", item)
		}
		if err := h.extend(tx, r); err != nil {
			return err
		}
	}
	h.pos, h.commits = s.Pos, s.Commits
	h.signature = ed25519.Sign(l.key, h.signed())
	tx.OnCommit(func() { l.head = h })
	return writeHead(tx, &h)
}

// extend gives a record its place in the chain. The record is copied: a batch that is run again chains it anew.
func (h *head) extend(tx *store.Tx, r *record) error {
	next := *r
	next.seq, next.prev = h.seq+1, h.hash
	next.hash = next.sum()
	h.seq, h.hash = next.seq, next.hash
	return insertRecord(tx, &next)
}

// load reads where the chain ends. strange is what has to be recorded about it, if it is not as it was left.
func (l *Log) load(tx *store.Tx) (h head, strange *record, err error) {
	h, seq, hash, err := readEnd(tx)
	if err != nil {
		return h, nil, err
	}
	missing := h.signature == nil
	action := ""
	switch pub, _ := l.key.Public().(ed25519.PublicKey); {
	case missing && seq > 0:
		action = actionHeadMissing
	case missing:
	case !ed25519.Verify(pub, h.signed(), h.signature):
		action = actionHeadInvalid
	case seq > h.seq:
		action = actionHeadBehind
	}
	if seq > h.seq {
		h.seq, h.hash = seq, hash
	}
	if h.hash == nil {
		h.hash = []byte{}
	}
	if action != "" {
		strange = &record{ts: tx.Now(), actor: Server, action: action}
	}
	return h, strange, nil
}
