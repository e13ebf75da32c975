package keys

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"candor"
)

func sequencerOf(t *testing.T, origin string) Shared {
	t.Helper()
	_, vkey, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	return Shared{V: 1, Origin: origin, URL: "https://log.example.org:7313", Pin: "sha256:00", LogKey: vkey, Public: "https://log.example.org"}
}

// The keys of an archive with a shared log hold nothing that signs it, and come
// back from the recovery kit as they were.
func TestSharedLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	for _, on := range []Elsewhere{{Writer: clientKey}, {Client: clientKey, Writer: clientKey}} {
		dir += "+"
		k, err := Prepare(dir, origin, on, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.LogVerifier(); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("no sequencer is known yet: %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, LogFile)); !os.IsNotExist(err) {
			t.Errorf("there is a key that signs: %v", err)
		}
		if err := SetShared(dir, sequencerOf(t, "example.org/other")); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("the log of another origin: %v", err)
		}
		s := sequencerOf(t, origin)
		if err := SetShared(dir, s); err != nil {
			t.Fatal(err)
		}
		if err := SetShared(dir, s); candor.CodeOf(err) != candor.Conflict {
			t.Errorf("said twice: %v", err)
		}
		if k, err = Load(dir, nil); err != nil || k.Origin != origin || !reflect.DeepEqual(*k.Shared, s) {
			t.Fatalf("%v, %v", k.Shared, err)
		}
		if key, err := k.LogVerifier(); err != nil || key != s.LogKey {
			t.Errorf("%q, %v", key, err)
		}
		if err := Unset(dir); err != nil {
			t.Fatal(err)
		}
		if p, err := Load(dir, nil); err != nil || p.Shared.Known() || p.Origin != origin {
			t.Errorf("not as before: %v, %v", p.Shared, err)
		}
		kit := filepath.Join(t.TempDir(), "kit")
		if err := k.writeKit(kit, passphrase, 10); err != nil {
			t.Fatal(err)
		}
		if back, err := ReadKit(kit, passphrase); err != nil || !reflect.DeepEqual(back, k) {
			t.Errorf("%v, %v", back, err)
		}
	}
}

func TestSharedLogIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Shared){
		"no address": func(s *Shared) { s.URL = "" },
		"no pin":     func(s *Shared) { s.Pin = "" },
		"no key":     func(s *Shared) { s.LogKey = "" },
		"no public":  func(s *Shared) { s.Public = "" },
	} {
		dir := t.TempDir()
		if _, err := Prepare(dir, origin, Elsewhere{Writer: clientKey}, nil); err != nil {
			t.Fatal(err)
		}
		s := sequencerOf(t, origin)
		change(&s)
		if err := SetShared(dir, s); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
