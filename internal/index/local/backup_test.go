package local_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"candor"
	"candor/internal/index/local"
	"candor/internal/query"
)

// copied copies a folder file by file, in any order, as a backup does that
// knows nothing of what is in it. Files that are gone by then are left out.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestBackupWhileRunning copies the folder while documents are added and
// segments merged. A copy opens as what stood there at some moment, all of it
// sound, or says that it needs a rebuild.
func TestBackupWhileRunning(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir, key(1))
	const each = 10
	fill(t, x, 1, each)
	ctx, stop := context.WithCancel(t.Context())
	var adding sync.WaitGroup
	adding.Go(func() {
		for n := uint32(each); ctx.Err() == nil; n += each {
			var docs []query.Document
			for i := range uint32(each) {
				docs = append(docs, planted(n+i))
			}
			if err := x.Put(ctx, docs); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	defer adding.Wait()
	defer stop()
	whole := 0
	for n := range 60 {
		if n >= 20 && whole > 2 {
			break
		}
		if opensAsOfSomeMoment(t, copied(t, dir), each) {
			whole++
		}
	}
	if whole == 0 {
		t.Error("no copy could be opened")
	}
}

func opensAsOfSomeMoment(t *testing.T, dir string, each int) bool {
	t.Helper()
	x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)})
	if candor.CodeOf(err) == candor.Verification {
		return false
	}
	if err != nil {
		t.Fatalf("opening a copy: %v", err)
	}
	defer x.Close()
	held, err := x.Held(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []uint32
	for n := range uint32(held.GetCardinality()) {
		want = append(want, n)
	}
	if len(want) == 0 || len(want)%each != 0 || !slices.Equal(held.ToArray(), want) {
		t.Errorf("a copy holds %d documents: not what stood there at any moment", len(want))
	}
	res, err := x.Search(t.Context(), query.Request{Query: query.Word{Text: "plantedword"}})
	if err != nil || int(res.Total) != len(want) {
		t.Errorf("a copy of %d documents finds %d: %v", len(want), res.Total, err)
	}
	if err := x.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
	return true
}
