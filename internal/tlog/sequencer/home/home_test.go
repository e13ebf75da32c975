package home

import (
	"os"
	"path/filepath"
	"testing"

	"candor"
	"candor/internal/pinned"
)

func fresh(t *testing.T) (*Home, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sequencer")
	h, err := Make(dir, "example.org/log", Settings{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h, dir
}

func TestMakeAndOpen(t *testing.T) {
	h, dir := fresh(t)
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Origin() != "example.org/log" || again.LogKey() != h.LogKey() || again.Identity().Pin() != h.Identity().Pin() || again.Listen != DefaultListen {
		t.Errorf("%q %q %q", again.Origin(), again.LogKey(), again.Listen)
	}
	if _, err := Make(dir, "example.org/log", Settings{}, nil); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("over another: %v", err)
	}
	if _, err := Make(t.TempDir(), "two words", Settings{}, nil); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a bad origin: %v", err)
	}
	if _, err := Make(t.TempDir(), "example.org/log", Settings{}, []string{"sha256:00"}); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a bad pin: %v", err)
	}
}

func TestAllow(t *testing.T) {
	h, dir := fresh(t)
	pin := pinned.Pin{1}
	if h.Allowed(pin) {
		t.Error("a stranger may write")
	}
	for range 2 {
		if err := h.Allow(pin); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := h.Writers(); err != nil || len(all) != 1 || !h.Allowed(pin) {
		t.Errorf("%v, %v", all, err)
	}
	// Taken off the list by hand, it counts at once.
	if err := os.WriteFile(filepath.Join(dir, writersFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if h.Allowed(pin) {
		t.Error("it may still write")
	}
}

func TestDamage(t *testing.T) {
	for name, x := range map[string]struct {
		spoil func(path string) error
		code  candor.Code
	}{
		settingsFile: {os.Remove, candor.NotFound},
		keyFile:      {func(p string) error { return os.Chmod(p, 0o644) }, candor.Invalid},
		identityFile: {func(p string) error { return os.WriteFile(p, []byte("rubbish"), 0o600) }, candor.Verification},
		verifierFile: {func(p string) error { return os.WriteFile(p, []byte("example.org/other+00000000+AA"), 0o600) }, candor.Verification},
	} {
		_, dir := fresh(t)
		if err := x.spoil(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); candor.CodeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
