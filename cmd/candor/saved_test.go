package main

import (
	"testing"
	"time"
)

// TestServerWatches: whoever keeps a watched search learns from the server what is new.
func TestServerWatches(t *testing.T) {
	b := newBuilding(t)
	before := b.records()
	stop := background(t.Context(), b.engine.archive.Watch)
	defer stop()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all, err := b.engine.archive.SavedSearches(t.Context(), b.reader)
		noError(t, err)
		if len(all) == 1 && !all[0].Looked.IsZero() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody looked: %+v", all)
		}
	}
	stop()
	if n := b.records() - before; n != 2 {
		t.Errorf("looking made %d records, not an intent and an outcome", n)
	}
}
