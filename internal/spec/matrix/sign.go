package matrix

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Key is what a server or a device signs with. Appendices, "Signing Details".
type Key struct {
	ID      string // the algorithm and a name: "ed25519:abc"
	Private ed25519.PrivateKey
}

// NewKey makes a key from a source of randomness. Errors: ErrKey when the id is not "ed25519:" and letters, digits or
// underscores; the source's own.
func NewKey(id string, random io.Reader) (Key, error) {
	if !validKeyID(id) {
		return Key{}, fmt.Errorf("%w: its id is ed25519: and letters, digits or underscores", ErrKey)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Key{}, fmt.Errorf("matrix: make a signing key: %w", err)
	}
	return Key{id, ed25519.NewKeyFromSeed(seed)}, nil
}

// KeyFromSeed restores a key from what Seed wrote: 32 bytes in unpadded base64. Errors: ErrKey.
func KeyFromSeed(id, seed string) (Key, error) {
	raw, err := DecodeBase64(seed)
	if err != nil || len(raw) != ed25519.SeedSize || !validKeyID(id) {
		return Key{}, fmt.Errorf("%w: a seed is 32 bytes in base64, its id ed25519: and a name", ErrKey)
	}
	return Key{id, ed25519.NewKeyFromSeed(raw)}, nil
}

// Seed is the secret to store, in unpadded base64. Whoever holds it can sign as the server.
func (k Key) Seed() string { return EncodeBase64(k.Private.Seed()) }

// Public is what others verify with.
func (k Key) Public() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

func validKeyID(id string) bool {
	name, ok := strings.CutPrefix(id, "ed25519:")
	for i := range len(name) {
		ok = ok && (alphanumeric(name[i]) || name[i] == '_')
	}
	return ok && name != "" && len(id) <= MaxIDBytes
}

// DecodePublicKey reads a public key from base64, in either alphabet. Errors: ErrKey.
func DecodePublicKey(s string) (ed25519.PublicKey, error) {
	raw, err := DecodeBase64(s)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: a public key is 32 bytes in base64", ErrKey)
	}
	return raw, nil
}

// SignJSON adds a signature to a JSON object and returns it in canonical form; signatures by others, and "unsigned",
// stay. name is who signs: a server name, or a user id for device and cross-signing keys. Appendices, "Signing Details".
// Errors: ErrNotJSON, ErrBadJSON.
func SignJSON(object []byte, name string, key Key) ([]byte, error) {
	canonical, err := canonicalObject(object)
	if err != nil {
		return nil, err
	}
	if len(key.Private) != ed25519.PrivateKeySize {
		return nil, ErrKey
	}
	signature := EncodeBase64(ed25519.Sign(key.Private, without(canonical, "signatures", "unsigned")))
	signatures := Field(canonical, "signatures")
	if signatures != nil && !IsObject(signatures) {
		return nil, fmt.Errorf("%w: signatures is no object", ErrBadJSON)
	}
	mine := with(field(signatures, name), key.ID, appendText(nil, signature))
	return Canonical(with(canonical, "signatures", with(signatures, name, mine)))
}

// VerifyJSON checks one signature on a JSON object. Appendices, "Checking for a Signature". Errors: ErrSignature, ErrNotJSON,
// ErrBadJSON.
func VerifyJSON(object []byte, name, keyID string, public ed25519.PublicKey) error {
	canonical, err := canonicalObject(object)
	if err != nil {
		return err
	}
	signature := field(field(Field(canonical, "signatures"), name), keyID)
	return verifySignature(without(canonical, "signatures", "unsigned"), signature, public)
}

// maxSignatures bounds how many signatures are tried: each costs some 60 µs, and an event has room for hundreds.
const maxSignatures = 20

// VerifyAnyJSON accepts the object when a signature by anyone verifies with the key, as authorisation rule 4.4.1.7 of
// room version 11 asks for third-party invites. Of many signatures the first twenty are tried. Errors as VerifyJSON.
func VerifyAnyJSON(object []byte, public ed25519.PublicKey) error {
	canonical, err := canonicalObject(object)
	if err != nil {
		return err
	}
	signed := without(canonical, "signatures", "unsigned")
	tried := 0
	for _, byKey := range Members(Field(canonical, "signatures")) {
		if verifyAnyOf(signed, byKey, public, &tried) == nil {
			return nil
		}
	}
	return ErrSignature
}

// VerifyBytes checks a detached signature in base64. Errors: ErrSignature.
func VerifyBytes(message []byte, signature string, public ed25519.PublicKey) error {
	raw, err := DecodeBase64(signature)
	if err != nil || len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, message, raw) {
		return ErrSignature
	}
	return nil
}

// Verify checks what nobody can forge: that the stored bytes are canonical, that the content is what was hashed, that the
// id is the reference hash, and that the server signed. All that fails is named: test with errors.Is for ErrFormat,
// ErrContentHash, ErrEventID and ErrSignature. A redacted event fails by ErrContentHash alone; VerifyRedacted is for those.
// Server-server API, "Validating hashes and signatures on received events".
func Verify(version RoomVersion, e *Event, server string, public ed25519.PublicKey) error {
	err := VerifyRedacted(version, e, server, public)
	if errors.Is(err, ErrFormat) {
		return err
	}
	want, _ := Text(Field(Field(e.JSON, "hashes"), "sha256"))
	sum := ContentHash(e.JSON)
	if got, decodeErr := DecodeBase64(want); decodeErr != nil || subtle.ConstantTimeCompare(got, sum[:]) != 1 {
		err = errors.Join(fmt.Errorf("event %s: %w", e.ID, ErrContentHash), err)
	}
	return err
}

// VerifyRedacted checks an event whose content may have been redacted: id and signature hold, the content hash cannot.
func VerifyRedacted(version RoomVersion, e *Event, server string, public ed25519.PublicKey) error {
	parsed, err := Parse(version, e.JSON)
	if err != nil || !bytes.Equal(parsed.JSON, e.JSON) {
		return errors.Join(fmt.Errorf("event %s: %w: its bytes are not the canonical event", e.ID, ErrFormat), err)
	}
	if parsed.ID != e.ID {
		err = fmt.Errorf("event %s: %w: its bytes are those of %s", e.ID, ErrEventID, parsed.ID)
	}
	redacted, redactErr := redactCanonical(nil, e.JSON)
	if redactErr != nil {
		return errors.Join(err, redactErr)
	}
	byKey := field(Field(e.JSON, "signatures"), server)
	if verifyAnyOf(without(redacted, "signatures"), byKey, public, new(int)) != nil {
		err = errors.Join(err, fmt.Errorf("event %s: %w: by %s", e.ID, ErrSignature, server))
	}
	return err
}

// ContentHash is the SHA-256 of a canonical event without hashes, signatures and unsigned. Server-server API, "Calculating
// the content hash for an event".
func ContentHash(canonical []byte) [32]byte {
	return sha256.Sum256(without(canonical, "hashes", "signatures", "unsigned"))
}

// EventID computes an event's id: "$" and its reference hash. Errors as Redact.
func EventID(version RoomVersion, pdu []byte) (string, error) {
	redacted, err := Redact(version, pdu)
	if err != nil {
		return "", err
	}
	return eventID(without(redacted, "signatures")), nil
}

// verifyAnyOf tries one signer's signatures, and counts them.
func verifyAnyOf(signed, byKey []byte, public ed25519.PublicKey, tried *int) error {
	for keyID, signature := range Members(byKey) {
		if !bytes.HasPrefix(keyID, []byte("ed25519:")) {
			continue
		}
		if *tried++; *tried > maxSignatures {
			break
		}
		if verifySignature(signed, signature, public) == nil {
			return nil
		}
	}
	return ErrSignature
}

func verifySignature(signed, signature []byte, public ed25519.PublicKey) error {
	s, ok := Text(signature)
	if !ok {
		return ErrSignature
	}
	return VerifyBytes(signed, s, public)
}

func canonicalObject(object []byte) ([]byte, error) {
	canonical, err := Canonical(object)
	if err == nil && !IsObject(canonical) {
		err = fmt.Errorf("%w: only an object can be signed", ErrBadJSON)
	}
	return canonical, err
}

// field is Field for keys that may need escapes.
func field(object []byte, key string) []byte {
	quoted := appendText(nil, key)
	return Field(object, string(quoted[1:len(quoted)-1]))
}

// with is an object, or nothing, with a field set; the order of keys is left to Canonical.
func with(object []byte, key string, value []byte) []byte {
	quoted := appendText(nil, key)
	o := openObject(nil)
	for k, v := range Members(object) {
		if string(k) != string(quoted[1:len(quoted)-1]) {
			o.key(k)
			o.out = append(o.out, v...)
		}
	}
	o.key(quoted[1 : len(quoted)-1])
	o.out = append(o.out, value...)
	return o.close()
}
