package candor

import (
	"crypto/sha256"
	"strings"
	"testing"
)

func TestNewItemID(t *testing.T) {
	sum := sha256.Sum256([]byte("minutes of the council"))
	a, b := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))

	id := NewItemID(a, sum)
	// Fixed for ever: every stored name depends on it.
	if want := ItemID("nzpd7yhmwldr2arxvrwcn7nilu"); id != want {
		t.Errorf("NewItemID = %s, want %s", id, want)
	}
	if !id.Valid() {
		t.Errorf("%q is not a valid item ID", id)
	}
	if NewItemID(b, sum) == id {
		t.Error("two collections share an item ID")
	}
	if NewItemID(a, sha256.Sum256([]byte("another"))) == id {
		t.Error("two contents share an item ID")
	}
}

func TestItemIDValid(t *testing.T) {
	for id, want := range map[ItemID]bool{
		"abcdefghijklmnopqrstuvwxyz":  true,
		"22222222222222222222222222":  true,
		"abcdefghijklmnopqrstuvwxy":   false,
		"abcdefghijklmnopqrstuvwxyza": false,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ":  false,
		"abcdefghijklmnopqrstuvwxy1":  false,
		"../../../../../../../etc/p":  false,
		"":                            false,
	} {
		if got := id.Valid(); got != want {
			t.Errorf("%q.Valid() = %v, want %v", id, got, want)
		}
	}
}
