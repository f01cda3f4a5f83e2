package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/wardline/wardline/internal/platform/store"
)

// maxSessions bounds the tokens kept in memory, some 400 bytes each.
const maxSessions = 1 << 18

type tokenHash = [sha256.Size]byte

// session is an access token in memory. Only noted and addr change.
type session struct {
	hash tokenHash
	row  tokenRow

	noted atomic.Int64               // when its use was last noted, ms
	addr  atomic.Pointer[netip.Addr] // from where it was used then
}

func newSession(hash tokenHash, row tokenRow) *session { return &session{hash: hash, row: row} }

// sessionCache remembers access tokens that were read from the database, until the log says that something about their
// person has changed.
type sessionCache struct {
	mu     sync.RWMutex
	epoch  int64 // counts changes seen
	byHash map[tokenHash]*session
	byUser map[string]map[tokenHash]*session
}

func newSessionCache() *sessionCache {
	return &sessionCache{byHash: map[tokenHash]*session{}, byUser: map[string]map[tokenHash]*session{}}
}

// find gives the session of a token, or nil. The hash is compared in constant time besides: a map does not promise that.
func (c *sessionCache) find(hash tokenHash) *session {
	c.mu.RLock()
	s := c.byHash[hash]
	c.mu.RUnlock()
	if s == nil || subtle.ConstantTimeCompare(s.hash[:], hash[:]) != 1 {
		return nil
	}
	return s
}

// now gives the epoch to keep with, taken before the database is read.
func (c *sessionCache) now() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.epoch
}

// keep remembers a session, unless a change since epoch may be missing from it.
func (c *sessionCache) keep(s *session, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return
	}
	if len(c.byHash) >= maxSessions {
		c.shed(maxSessions / 16)
	}
	c.byHash[s.hash] = s
	of := c.byUser[s.row.user]
	if of == nil {
		of = map[tokenHash]*session{}
		c.byUser[s.row.user] = of
	}
	of[s.hash] = s
}

// shed forgets n sessions, whichever come first: they will be read again.
func (c *sessionCache) shed(n int) {
	for hash, s := range c.byHash {
		if n--; n < 0 {
			return
		}
		delete(c.byHash, hash)
		of := c.byUser[s.row.user]
		if delete(of, hash); len(of) == 0 {
			delete(c.byUser, s.row.user)
		}
	}
}

// follow forgets the sessions of people about whom something has changed.
func (c *sessionCache) follow(b store.Batch) {
	if b.Gap {
		c.mu.Lock()
		c.epoch++
		clear(c.byHash)
		clear(c.byUser)
		c.mu.Unlock()
	}
	for _, change := range b.Changes {
		if change.Kind != KindSession {
			continue
		}
		c.mu.Lock()
		c.epoch++
		for hash := range c.byUser[change.Scope] {
			delete(c.byHash, hash)
		}
		delete(c.byUser, change.Scope)
		c.mu.Unlock()
	}
}
