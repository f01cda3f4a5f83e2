package keys

import (
	"crypto/ed25519"
	"errors"
	"maps"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// signatures maps a user to key ids ("ed25519:…") to signatures.
type signatures map[string]map[string]string

// object is a JSON object that can be signed. Appendices, "Signing JSON".
type object map[string]jsontext.Value

// readObject reads an object of bounded size.
func readObject(raw jsontext.Value) (object, error) {
	if len(raw) > maxKeyBytes {
		return nil, errs.New(errs.TooLarge, "M_TOO_LARGE", "A key is larger than %d bytes.", maxKeyBytes)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, errs.BadJSON("A key must be a JSON object.")
	}
	return o, nil
}

// signatures reads the object's signatures.
func (o object) signatures() (signatures, error) {
	raw, ok := o["signatures"]
	if !ok {
		return nil, nil
	}
	var s signatures
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, errs.BadJSON("The signatures of a key must map users to key ids to signatures.")
	}
	return s, nil
}

// payload is what is signed: the canonical object without signatures and unsigned.
func (o object) payload() ([]byte, error) {
	bare := maps.Clone(o)
	delete(bare, "signatures")
	delete(bare, "unsigned")
	return bare.canonical()
}

// canonical is the object as canonical JSON.
func (o object) canonical() ([]byte, error) {
	raw, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	canonical, err := matrix.Canonical(raw)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Code: "M_BAD_JSON", Message: "A key cannot be signed: " + err.Error(), Cause: err}
	}
	return canonical, nil
}

// with gives the canonical object with exactly these signatures and no unsigned.
func (o object) with(s signatures) ([]byte, error) {
	c := maps.Clone(o)
	delete(c, "unsigned")
	delete(c, "signatures")
	if len(s) > 0 {
		raw, err := json.Marshal(s, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		c["signatures"] = raw
	}
	return c.canonical()
}

// errSignature is the answer to a signature that does not hold.
func errSignature(format string, args ...any) error {
	return errs.New(errs.Invalid, "M_INVALID_SIGNATURE", format, args...)
}

// verify checks that a signature over the payload was made with the public key (unpadded base64).
func verify(payload []byte, publicKey, signature string) error {
	pub, err := publicBytes(publicKey)
	if err != nil {
		return err
	}
	if matrix.VerifyBytes(payload, signature, pub) != nil {
		return errSignature("A signature does not verify.")
	}
	return nil
}

// publicBytes decodes a public key of 32 bytes: Ed25519 and Curve25519 alike.
func publicBytes(key string) ([]byte, error) {
	b, err := matrix.DecodeBase64(key)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errs.BadParam("A public key must be 32 bytes in unpadded base64.")
	}
	return b, nil
}

// splitKeyID cuts "algorithm:id". Client-server API, "Key algorithms".
func splitKeyID(name string) (algorithm, id string, err error) {
	algorithm, id, ok := strings.Cut(name, ":")
	if !ok || algorithm == "" || id == "" || len(name) > 255 {
		return "", "", errs.BadParam("The name of a key must be its algorithm, a colon and its id, of at most 255 bytes.")
	}
	return algorithm, id, nil
}

// codeOf gives the Matrix code and words of an answerable error.
func codeOf(err error) (code, words string) {
	var e *errs.Error
	if errors.As(err, &e) && e.Kind != errs.Internal {
		return e.Code, e.Message
	}
	return "M_UNKNOWN", "internal error"
}
