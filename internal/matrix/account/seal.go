package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// sealSecret names the secret that sealed strings are made with.
const sealSecret = "seal"

// sealer makes strings that the server recognises later, on any node, without having kept them: sessions of
// user-interactive authentication, nonces of registration, OpenID tokens. They are bounded in time, not in use.
type sealer struct{ key []byte }

// A sealed string is, in base64: 8 bytes of expiry (ms), 8 random bytes, 32 bytes of MAC, the payload.
const sealHead = 8 + 8 + sha256.Size

// seal makes a string of a purpose that is bound to something ("this user, this act") and carries a payload.
func (s sealer) seal(purpose, bound, payload string, expires time.Time) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, sealHead+len(payload)), uint64(expires.UnixMilli()))
	b = append(b, randomBytes(8)...)
	b = append(b, s.mac(purpose, bound, payload, b)...)
	b = append(b, payload...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// open gives the payload of a string that seal made for the same purpose and bound, and that has not expired.
func (s sealer) open(purpose, bound, sealed string, now time.Time) (payload string, ok bool) {
	if len(sealed) > maxToken {
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(b) < sealHead {
		return "", false
	}
	payload = string(b[sealHead:])
	if !hmac.Equal(b[16:sealHead], s.mac(purpose, bound, payload, b[:16])) {
		return "", false
	}
	return payload, now.UnixMilli() < int64(binary.BigEndian.Uint64(b))
}

// mac covers every part with its length, so that no two lists of parts are the same bytes.
func (s sealer) mac(purpose, bound, payload string, head []byte) []byte {
	m := hmac.New(sha256.New, s.key)
	for _, part := range []string{purpose, bound, payload, string(head)} {
		m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		m.Write([]byte(part))
	}
	return m.Sum(nil)
}
