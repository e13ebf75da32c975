package ownfile

import (
	"os"
	"path/filepath"
	"testing"

	"candor"
)

func TestNewNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := New(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := New(path, []byte("two")); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("over another: %v", err)
	}
	if data, err := Private(path); err != nil || string(data) != "one" {
		t.Errorf("%q, %v", data, err)
	}
	if err := Replace(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if data, err := Private(path); err != nil || string(data) != "two" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestPrivateRefusesWhatOthersMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := Private(path); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Private(path); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("open to the group: %v", err)
	}
}

func TestNewFolderIsWholeOrNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	if err := NewFolder(dir, File{"taken", nil}); err != nil {
		t.Fatal(err)
	}
	if err := NewFolder(dir, File{"first", nil}, File{"taken", nil}, File{"last", nil}); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("over another: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "taken" {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
