package witness

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"golang.org/x/mod/sumdb/note"

	"candor/receipt"
)

func TestKeys(t *testing.T) {
	for name, generate := range map[string]func(io.Reader, string) (string, string, error){
		"cosignature/v1": GenerateKey, "ML-DSA-44": GenerateQuantumSafeKey,
	} {
		t.Run(name, func(t *testing.T) { testKey(t, generate) })
	}
}

func testKey(t *testing.T, generate func(io.Reader, string) (string, string, error)) {
	skey, vkey, err := generate(nil, testWitness)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(skey)
	if err != nil || s.Key() != vkey || s.Name() != testWitness {
		t.Fatalf("%v: key %s, want %s", err, s.Key(), vkey)
	}
	l := newLog(t, "log.example/a").grow(5, "a")
	n, err := note.Open(l.checkpoint(5), note.VerifierList(testVerifier(t, l.vkey)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(n, s)
	if err != nil {
		t.Fatal(err)
	}
	at, err := receipt.CosignedAt(signed, testVerifier(t, vkey))
	if err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("cosigned at %s: %v", at, err)
	}
	own := bytes.LastIndex(signed, []byte("\n\u2014 ")) + 1
	for i := range len(signed) - len("AAA=\n") { // in the last four, some bits mean nothing
		if i >= len(n.Text) && i < own {
			continue // the log's signature, which is not the witness's business
		}
		spoilt := bytes.Clone(signed)
		spoilt[i] ^= 1
		if _, err := receipt.CosignedAt(spoilt, testVerifier(t, vkey)); err == nil {
			t.Fatalf("byte %d was changed, and nobody noticed", i)
		}
	}
	if _, err := s.Sign([]byte("anything\n")); err == nil {
		t.Error("a witness signed what is not a checkpoint")
	}
}

func TestBadKeys(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b", "a\nb", "a\u00a0b", "a\xff", "a\x00"} {
		if _, _, err := GenerateKey(nil, name); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
	if _, _, err := GenerateKey(strings.NewReader("short"), "w"); err == nil {
		t.Error("a key was made of 5 bytes")
	}
	good, vkey, _ := GenerateKey(nil, testWitness)
	logKey, _, _ := note.GenerateKey(nil, testWitness)
	for _, bad := range []string{"", vkey, logKey, good[:len(good)-4], good + "=", strings.Replace(good, "/w1", "/w2", 1), strings.Replace(good, "PRIVATE", "private", 1)} {
		if _, err := NewSigner(bad); err == nil {
			t.Errorf("%.30q was accepted", bad)
		}
	}
}

// TestQuantumSafeByAnother: another implementation of FIPS 204 verifies what is
// signed, over the structure of https://c2sp.org/tlog-cosignature written by hand.
func TestQuantumSafeByAnother(t *testing.T) {
	skey, vkey, err := GenerateQuantumSafeKey(nil, testWitness)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	const origin = "log.example/a"
	root := bytes.Repeat([]byte{7}, 32)
	text := fmt.Sprintf("%s\n5\n%s\n", origin, base64.StdEncoding.EncodeToString(root))
	at := time.Unix(1_790_000_000, 0)
	signature, err := s.SignAt([]byte(text), at)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("subtree/v1\n\x00")
	message = append(message, byte(len(testWitness)))
	message = append(message, testWitness...)
	message = binary.BigEndian.AppendUint64(message, uint64(at.Unix()))
	message = append(message, byte(len(origin)))
	message = append(message, origin...)
	message = append(message, make([]byte, 15)...) // the start, and most of the end
	message = append(append(message, 5), root...)

	raw, err := base64.StdEncoding.DecodeString(publicPart(vkey))
	if err != nil || raw[0] != 6 {
		t.Fatalf("the key %s: %v", vkey, err)
	}
	var public mldsa44.PublicKey
	if err := public.UnmarshalBinary(raw[1:]); err != nil {
		t.Fatal(err)
	}
	if !mldsa44.Verify(&public, message, nil, signature[8:]) {
		t.Error("the cosignature does not verify")
	}
}
