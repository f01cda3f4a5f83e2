package webpush

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// browser is the receiving end: the keys that a browser makes for a subscription.
type browser struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newBrowser(t testing.TB) *browser {
	b := &browser{auth: make([]byte, authLength)}
	var err error
	if b.private, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, err := rand.Read(b.auth); err != nil {
		t.Fatal(err)
	}
	return b
}

// open decrypts a push of one record (RFC 8188, section 2; RFC 8291, section 3).
func (b *browser) open(body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("the header is cut short")
	}
	salt, size, sender, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if len(sealed) > int(size) {
		return nil, fmt.Errorf("%d bytes are more than one record of %d", len(sealed), size)
	}
	theirs, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(b.private.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	return unseal(key, nonce, sealed)
}

// unseal decrypts the last record and takes off its padding: zeros after the delimiter 2.
func unseal(key, nonce, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	padded, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, err
	}
	text, last := bytes.CutSuffix(bytes.TrimRight(padded, "\x00"), []byte{2})
	if !last {
		return nil, errors.New("not the last record")
	}
	return text, nil
}

// TestReceiver holds the receiver of these tests against the example of RFC 8291, section 5 and appendix A.
func TestReceiver(t *testing.T) {
	private, err := ecdh.P256().NewPrivateKey(raw(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{private, raw(t, "BTBZMqHH6r4Tts7J_aSIgg")}
	text, err := b.open(raw(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"))
	if err != nil || string(text) != "When I grow up, I want to be a watermelon" {
		t.Errorf("%q, %v", text, err)
	}
}

func raw(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) offer(endpoint string) Offer {
	encode := base64.RawURLEncoding.EncodeToString
	return Offer{endpoint, encode(b.private.PublicKey().Bytes()), encode(b.auth)}
}

// received is a push that a push service has taken.
type received struct {
	text   string // as the browser decrypted it
	length int    // of the body
	header http.Header
}

// postbox is a push service: it checks what every push must have, and decrypts it as the browser would.
type postbox struct {
	*httptest.Server
	*browser
	t    testing.TB
	mu   sync.Mutex
	got  []received
	said []int // statuses that were answered
	next func() int
	more chan struct{}
}

func newPostbox(t testing.TB) *postbox {
	p := &postbox{browser: newBrowser(t), t: t, more: make(chan struct{}, 1)}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *postbox) offer() Offer { return p.browser.offer(p.URL + "/push/abc?x=1") }

// answers has the service answer by a function; nil: 201.
func (p *postbox) answers(next func() int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

func always(status int) func() int { return func() int { return status } }

func (p *postbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.String() != "/push/abc?x=1" || r.Header.Get("Content-Encoding") != "aes128gcm" {
		p.t.Errorf("not a push: %s %s %v, %v", r.Method, r.URL, r.Header, err)
	}
	text, err := p.open(body)
	if err != nil {
		p.t.Errorf("the browser cannot read it: %v", err)
	}
	if err := checkSignature(r.Header.Get("Authorization"), p.URL); err != nil {
		p.t.Errorf("the signature: %v", err)
	}
	p.mu.Lock()
	next := p.next
	p.mu.Unlock()
	status := http.StatusCreated
	if next != nil {
		status = next()
	}
	p.mu.Lock()
	p.said = append(p.said, status)
	if status == http.StatusCreated {
		p.got = append(p.got, received{string(text), len(body), r.Header})
	}
	p.mu.Unlock()
	w.WriteHeader(status)
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *postbox) pushes() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.got...)
}

func (p *postbox) answered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.said)
}

// until waits for something to be so.
func (p *postbox) until(what string, fn func() bool) {
	p.t.Helper()
	over := time.After(2 * time.Minute)
	for !fn() {
		select {
		case <-p.more:
		case <-time.After(5 * time.Millisecond):
		case <-over:
			p.t.Fatalf("%s: never; got %v", what, p.pushes())
		}
	}
}

// checkSignature checks a VAPID header (RFC 8292, sections 2 and 3; RFC 7515 with ES256) for a push service's origin.
func checkSignature(header, origin string) error {
	var token, key string
	for part := range strings.SplitSeq(strings.TrimPrefix(header, "vapid "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			token = value
		case "k":
			key = value
		}
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return fmt.Errorf("k is not base64url: %q", key)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return fmt.Errorf("k is no public key: %q", key)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("t is no token: %q", token)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return errors.New("the signature is not 64 bytes")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("it was not made with k")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	c := gjson.ParseBytes(claims)
	if left := time.Until(time.Unix(c.Get("exp").Int(), 0)); c.Get("aud").Str != origin || c.Get("sub").Str != contact || left <= 0 || left > 24*time.Hour {
		return fmt.Errorf("claims: %s", claims)
	}
	return nil
}

const contact = "https://chat.northbrook.example"
