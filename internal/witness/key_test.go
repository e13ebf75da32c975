package witness

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor/receipt"
)

func TestKeys(t *testing.T) {
	skey, vkey, err := GenerateKey(nil, testWitness)
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
