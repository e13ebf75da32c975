package candor

import (
	"bytes"
	"crypto/hpke"
	"testing"
)

func TestWrapKeyBindsName(t *testing.T) {
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("sixteen byte key")
	name := ItemKey("main", "abcdefghijklmnopqrstuvwxyz", Original)
	wrapped, err := WrapKey(private.PublicKey(), "example.org/log", name, key)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrapped) != 1152 {
		t.Errorf("wrapped key is %d bytes, want 1152", len(wrapped))
	}
	got, err := UnwrapKey(private, "example.org/log", name, wrapped)
	if err != nil || !bytes.Equal(got, key) {
		t.Fatalf("UnwrapKey = %q, %v", got, err)
	}
	if _, err := UnwrapKey(private, "example.org/log", name+"x", wrapped); err == nil {
		t.Error("opened under another name")
	}
	if _, err := UnwrapKey(private, "example.org/other", name, wrapped); err == nil {
		t.Error("opened under another origin")
	}
}

func TestRequester(t *testing.T) {
	r, err := NewRequester(nil)
	if err != nil {
		t.Fatal(err)
	}
	public, err := hpke.MLKEM768X25519().NewPublicKey(r.Public())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := AnswerKey(public, "archive/index", []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Open("archive/index", sealed); err != nil || string(got) != "key" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if _, err := r.Open("archive/catalog", sealed); CodeOf(err) != Verification {
		t.Errorf("opened under another name: %v", err)
	}
	other, _ := NewRequester(nil)
	if _, err := other.Open("archive/index", sealed); CodeOf(err) != Verification {
		t.Errorf("opened by another requester: %v", err)
	}
	if a, err := NewRequester(bytes.NewReader(make([]byte, 32))); err != nil || len(a.Public()) != 1216 {
		t.Errorf("NewRequester from a seed: %v", err)
	}
	if _, err := NewRequester(bytes.NewReader(nil)); CodeOf(err) != Unavailable {
		t.Errorf("without randomness: %v", err)
	}
}
