package local_test

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"

	"candor"
	"candor/internal/index/local"
	"candor/internal/query"
)

func openKeys(t *testing.T, dir string, k []byte, former ...[]byte) *local.Index {
	t.Helper()
	x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: k, Former: former})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func finds(t *testing.T, x *local.Index, want int64) {
	t.Helper()
	res, err := x.Search(t.Context(), query.Request{Query: query.Word{Text: "plantedword"}})
	if err != nil || res.Total != want {
		t.Fatalf("%d found, want %d: %v", res.Total, want, err)
	}
}

// sealedUnder counts the files whose headers name the key of a probe's files.
func sealedUnder(t *testing.T, dir string, k []byte) (n int) {
	t.Helper()
	probe := t.TempDir()
	closed(t, probe, 1, 2)
	if !bytes.Equal(k, key(1)) {
		x := openKeys(t, probe, k, key(1))
		if err := x.Rekey(t.Context(), k, nil); err != nil {
			t.Fatal(err)
		}
		x.Close()
	}
	id := keyID(t, newest(t, probe))
	for _, path := range files(t, dir) {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 && bytes.Equal(keyID(t, path), id) {
			n++
		}
	}
	return n
}

// keyID is what a file's header says of its key: 16 bytes at 16, see
// docs/spec/index.md.
func keyID(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || len(data) < 32 {
		t.Fatalf("%s: %d bytes, %v", path, len(data), err)
	}
	return data[16:32]
}

// TestRekey gives up a key that may have been stolen: afterwards it opens
// nothing in the folder, and nothing is lost.
func TestRekey(t *testing.T) {
	dir := t.TempDir()
	closed(t, dir, 3, 4) // 12 documents without one, under key 1
	if n := sealedUnder(t, dir, key(1)); n < 2 {
		t.Fatalf("%d files are sealed under the first key", n)
	}
	x := openKeys(t, dir, key(2), key(1))
	finds(t, x, 11)
	fill(t, x, 1, 1) // brings the deleted one back
	finds(t, x, 12)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Rekey(cancelled, key(2), nil); err == nil {
		t.Error("a cancelled Rekey says that it is done")
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = openKeys(t, dir, key(2), key(9), key(1))
	if err := x.Rekey(t.Context(), key(2), nil); err != nil {
		t.Fatal(err)
	}
	finds(t, x, 12)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if n := sealedUnder(t, dir, key(1)); n != 0 {
		t.Errorf("%d files still open under the former key", n)
	}
	if _, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)}); candor.CodeOf(err) != candor.Verification {
		t.Errorf("the former key alone: %v", err)
	}
	x = openKeys(t, dir, key(2))
	defer x.Close()
	finds(t, x, 12)
	if err := x.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
}

// TestRekeyEmpty: also what names no segment is sealed anew.
func TestRekeyEmpty(t *testing.T) {
	dir := t.TempDir()
	x := openKeys(t, dir, key(1))
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = openKeys(t, dir, key(2), key(1))
	defer x.Close()
	if err := x.Rekey(t.Context(), key(2), nil); err != nil {
		t.Fatal(err)
	}
	if n := sealedUnder(t, dir, key(1)); n != 0 {
		t.Errorf("%d files still open under the former key", n)
	}
}

// TestRekeyWhileUsed turns the key under running Puts and searches: none of
// them fails, and nothing they write stays under the key that is given up.
func TestRekeyWhileUsed(t *testing.T) {
	dir := t.TempDir()
	x := openKeys(t, dir, key(1))
	fill(t, x, 3, 20)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for n := uint32(1000 * (w + 1)); ctx.Err() == nil; n++ {
				if err := x.Put(context.Background(), []query.Document{planted(n)}); err != nil {
					t.Error(err)
				}
				if res, err := x.Search(context.Background(), query.Request{Query: query.Word{Text: "plantedword"}}); err != nil || res.Total < 60 {
					t.Errorf("%d found: %v", res.Total, err)
				}
			}
		})
	}
	var shown []int64
	if err := x.Rekey(t.Context(), key(2), func(done, total int64) { shown = append(shown, done, total) }); err != nil {
		t.Fatal(err)
	}
	if n := len(shown); n < 4 || shown[0] != 0 || shown[n-2] != shown[n-1] {
		t.Errorf("progress: %v", shown)
	}
	cancel()
	wg.Wait()
	held, err := x.Held(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if n := sealedUnder(t, dir, key(1)); n != 0 {
		t.Errorf("%d files open under the key that was given up", n)
	}
	x = openKeys(t, dir, key(2))
	defer x.Close()
	finds(t, x, int64(held.GetCardinality()))
}
