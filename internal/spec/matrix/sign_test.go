package matrix

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Appendices, "Cryptographic Test Vectors", "JSON Signing".
func TestSignJSONVectors(t *testing.T) {
	for in, signature := range map[string]string{
		`{}`:                       "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
		`{"one": 1, "two": "Two"}`: "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
	} {
		signed, err := SignJSON([]byte(in), "domain", testKey(t))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := Text(Field(Field(Field(signed, "signatures"), "domain"), "ed25519:1"))
		if got != signature {
			t.Errorf("%s: signature %s", in, got)
		}
		if err := VerifyJSON(signed, "domain", "ed25519:1", testKey(t).Public()); err != nil {
			t.Error(err)
		}
	}
}

// Appendices, "Cryptographic Test Vectors", "Event Signing", the content hash: the vectors predate room version 11, whose
// redaction no longer keeps "origin", so their signatures are of other versions.
func TestContentHashVectors(t *testing.T) {
	for in, want := range map[string]string{
		`{"auth_events":[],"content":{},"depth":3,"hashes":{},"origin":"domain","origin_server_ts":1000000,"prev_events":[],` +
			`"room_id":"!x:domain","sender":"@a:domain","signatures":{},"type":"X","unsigned":{"age_ts":1000000}}`: "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
		`{"content":{"body":"Here is the message content"},"event_id":"$0:domain","origin":"domain","origin_server_ts":1000000,` +
			`"room_id":"!r:domain","sender":"@u:domain","signatures":{},"type":"m.room.message","unsigned":{"age_ts":1000000}}`: "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
	} {
		sum := ContentHash([]byte(in))
		if got := EncodeBase64(sum[:]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSignJSONKeepsOtherSignatures(t *testing.T) {
	key := testKey(t)
	second, err := NewKey("ed25519:second", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	object := []byte(`{"user_id":"@a:b","unsigned":{"name":"x"},"signatures":{"odd \" name":{"x:y":"z"}}}`)
	for _, s := range []struct {
		name string
		key  Key
	}{{"b", key}, {"b", second}, {"@a:b", key}, {`odd " name`, key}} {
		if object, err = SignJSON(object, s.name, s.key); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(object, []byte(`"unsigned":{"name":"x"}`)) || !bytes.Contains(object, []byte(`"x:y":"z"`)) {
		t.Errorf("something was lost: %s", object)
	}
	object = bytes.Replace(object, []byte(`"name":"x"`), []byte(`"name":"changed"`), 1)
	for _, name := range []string{"b", "@a:b", `odd " name`} {
		if err := VerifyJSON(object, name, "ed25519:1", key.Public()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := VerifyJSON(object, "b", "ed25519:second", second.Public()); err != nil {
		t.Error(err)
	}
	if err := VerifyAnyJSON(object, second.Public()); err != nil {
		t.Error(err)
	}
}

func TestVerifyJSONRefuses(t *testing.T) {
	key := testKey(t)
	signed, err := SignJSON([]byte(`{"a":1}`), "b", key)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, in, by, keyID string
		want                error
	}{
		{"changed", strings.Replace(string(signed), `"a":1`, `"a":2`, 1), "b", "ed25519:1", ErrSignature},
		{"another signer", string(signed), "c", "ed25519:1", ErrSignature},
		{"another key id", string(signed), "b", "ed25519:2", ErrSignature},
		{"no signatures", `{"a":1}`, "b", "ed25519:1", ErrSignature},
		{"signatures a list", `{"signatures":[]}`, "b", "ed25519:1", ErrSignature},
		{"signature a number", `{"signatures":{"b":{"ed25519:1":1}}}`, "b", "ed25519:1", ErrSignature},
		{"signature no base64", `{"signatures":{"b":{"ed25519:1":"!"}}}`, "b", "ed25519:1", ErrSignature},
		{"no object", `[]`, "b", "ed25519:1", ErrBadJSON},
		{"no JSON", `{`, "b", "ed25519:1", ErrNotJSON},
	} {
		if err := VerifyJSON([]byte(tt.in), tt.by, tt.keyID, key.Public()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := VerifyAnyJSON([]byte(tt.in), key.Public()); tt.by == "b" && tt.keyID == "ed25519:1" && !errors.Is(err, tt.want) {
			t.Errorf("any, %s: %v", tt.name, err)
		}
	}
	if err := VerifyJSON(signed, "b", "ed25519:1", nil); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v", err)
	}
	if _, err := SignJSON([]byte(`{"signatures":1}`), "b", key); !errors.Is(err, ErrBadJSON) {
		t.Errorf("signatures a number: %v", err)
	}
	if _, err := SignJSON([]byte(`{}`), "b", Key{}); !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

// A signature costs 60 µs to check; an event has room for hundreds of them.
func TestVerifyAnyJSONIsBounded(t *testing.T) {
	key := testKey(t)
	signed, err := SignJSON([]byte(`{}`), "z", key)
	if err != nil {
		t.Fatal(err)
	}
	forged := signed
	for i := range maxSignatures {
		forged = with(forged, "signatures", with(Field(forged, "signatures"), fmt.Sprintf("a%02d", i),
			fmt.Appendf(nil, `{"ed25519:1":%q}`, strings.Repeat("A", 86))))
		err := VerifyAnyJSON(forged, key.Public())
		if found := err == nil; found != (i < maxSignatures-1) {
			t.Fatalf("after %d forged signatures: %v", i+1, err)
		}
	}
}

func TestKeys(t *testing.T) {
	key, err := NewKey("ed25519:a_1", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	back, err := KeyFromSeed(key.ID, key.Seed())
	if err != nil || !bytes.Equal(back.Private, key.Private) || back.ID != key.ID {
		t.Errorf("%v", err)
	}
	public, err := DecodePublicKey(EncodeBase64(key.Public()))
	if err != nil || !public.Equal(key.Public()) {
		t.Errorf("%v", err)
	}
	for _, id := range []string{"", "a", "ed25519:", "ed25519:a-b", "rsa:a", "ed25519:" + strings.Repeat("a", 255)} {
		if _, err := NewKey(id, rand.Reader); !errors.Is(err, ErrKey) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	for _, seed := range []string{"", "AAAA", key.Seed() + "AAAA", "!"} {
		if _, err := KeyFromSeed("ed25519:a", seed); !errors.Is(err, ErrKey) {
			t.Errorf("seed of %d: %v", len(seed), err)
		}
		if _, err := DecodePublicKey(seed); !errors.Is(err, ErrKey) {
			t.Errorf("public key of %d: %v", len(seed), err)
		}
	}
	if _, err := NewKey("ed25519:a", bytes.NewReader(nil)); err == nil {
		t.Error("a key without randomness")
	}
}
