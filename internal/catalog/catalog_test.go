package catalog_test

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/catalog"
	"candor/internal/catalog/catalogtest"
)

var _ archive.Catalog = (*catalog.Catalog)(nil)

func newKey() []byte {
	key := make([]byte, catalog.KeySize)
	rand.Read(key)
	return key
}

func open(t testing.TB, cfg catalog.Config) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, c) })
	return c
}

func closeIt(t testing.TB, c *catalog.Catalog) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestConformance(t *testing.T) {
	catalogtest.Suite(t, func(t *testing.T, clock *catalogtest.Clock) archive.Catalog {
		return open(t, catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey(), Now: clock.Now})
	})
}

func TestReopen(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "a folder, 100%#?&", "catalog.db"), Key: newKey()}
	if err := os.Mkdir(filepath.Dir(cfg.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	c := open(t, cfg)
	items := catalogtest.NewItems(1, 30)
	check(t, c.PutItems(t.Context(), items))
	check(t, c.Cover(t.Context(), "p-1", []uint32{4, 5}))
	closeIt(t, c)
	if _, err := os.Stat(cfg.Path + "-wal"); err == nil {
		t.Error("a closed catalog leaves its journal")
	}

	c = open(t, cfg)
	if _, err := c.Item(t.Context(), items[29].ID); err != nil {
		t.Fatal(err)
	}
	covered, err := c.Coverage(t.Context(), "p-1")
	check(t, err)
	if covered.GetCardinality() != 2 {
		t.Fatalf("%d items are covered after reopening, want 2", covered.GetCardinality())
	}
}

func TestClosed(t *testing.T) {
	c := open(t, catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()})
	closeIt(t, c)
	closeIt(t, c)
	wantCode(t, c.PutItems(t.Context(), catalogtest.NewItems(1, 1)), candor.Unavailable)
	_, err := c.Item(t.Context(), "x")
	wantCode(t, err, candor.Unavailable)
}

// TestNothingReadable plants names, titles, paths and documents, and then looks
// for them in every file, while the catalog is open and after it is closed.
func TestNothingReadable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SQLITE_TMPDIR", dir)
	const planted = "Zanzibar-Okapi-77"
	c := open(t, catalog.Config{Path: filepath.Join(dir, "catalog.db"), Key: newKey()})
	items := catalogtest.NewItems(1, 300)
	for i := range items {
		items[i].Name, items[i].Title = planted+".pdf", "On "+planted
		items[i].Places = []candor.Place{{Path: "secret/" + planted}}
	}
	check(t, c.PutItems(t.Context(), items))
	check(t, c.PutAddition(t.Context(), candor.Addition{ID: "a1", Source: planted, Started: time.Now()},
		[]candor.Entry{{Path: planted, Condition: candor.Failed, Reason: planted}}))
	check(t, c.PutDocument(t.Context(), "query", planted, []byte(planted)))
	check(t, c.PutSession(t.Context(), []byte(planted), planted, time.Now().Add(time.Hour)))
	if _, err := c.Entries(t.Context(), "a1", "", 0, 0); err != nil {
		t.Fatal(err)
	}
	if wal, err := os.Stat(filepath.Join(dir, "catalog.db-wal")); err != nil || wal.Size() == 0 {
		t.Fatalf("there is no journal to look into: %v", err)
	}
	nothingReadable(t, dir, planted)
	closeIt(t, c)
	nothingReadable(t, dir, planted)
}

func nothingReadable(t *testing.T, dir, planted string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		seen += len(data)
		for _, s := range []string{planted, "SQLite format", "CREATE TABLE", "letters/"} {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds %q", filepath.Base(path), s)
			}
		}
		return err
	})
	check(t, err)
	if seen < 100_000 {
		t.Fatalf("only %d bytes were looked at", seen)
	}
}

func TestWrongKeyChangesNothing(t *testing.T) {
	dir := t.TempDir()
	cfg := catalog.Config{Path: filepath.Join(dir, "catalog.db"), Key: newKey()}
	c := open(t, cfg)
	check(t, c.PutItems(t.Context(), catalogtest.NewItems(1, 10)))
	copied := filepath.Join(t.TempDir(), "copy") // as a crash would leave it, journal and all
	check(t, os.CopyFS(copied, os.DirFS(dir)))

	cfg.Path = filepath.Join(copied, "catalog.db")
	before := contents(t, copied)
	if before["catalog.db-wal"] == "" {
		t.Fatal("the copy has no journal to lose")
	}
	wrong := cfg
	wrong.Key = newKey()
	_, err := catalog.New(t.Context(), wrong)
	wantCode(t, err, candor.Verification)
	wrong.Key = wrong.Key[:16]
	_, err = catalog.New(t.Context(), wrong)
	wantCode(t, err, candor.Invalid)
	for name, data := range contents(t, copied) {
		if before[name] != data {
			t.Errorf("a wrong key changed %s", name)
		}
	}
	if _, err := open(t, cfg).Item(t.Context(), catalogtest.NewItem(10).ID); err != nil {
		t.Errorf("after a wrong key the right one finds: %v", err)
	}
}

func TestSecondOpenIsAConflict(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	c := open(t, cfg)
	_, err := catalog.New(t.Context(), cfg)
	wantCode(t, err, candor.Conflict)
	check(t, c.PutItems(t.Context(), catalogtest.NewItems(1, 1)))
}

func TestMissingFolder(t *testing.T) {
	_, err := catalog.New(t.Context(), catalog.Config{Path: filepath.Join(t.TempDir(), "none", "catalog.db"), Key: newKey()})
	wantCode(t, err, candor.Unavailable)
}

// TestFlippedBits changes one bit somewhere in each page of a closed catalog.
// Whatever is read afterwards is right or an error, and never wrong.
func TestFlippedBits(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	c := open(t, cfg)
	items := catalogtest.NewItems(1, 100)
	check(t, c.PutItems(t.Context(), items))
	closeIt(t, c)
	whole, err := os.ReadFile(cfg.Path)
	check(t, err)
	found := 0
	for page := 0; page < len(whole)/4096; page++ {
		damaged := bytes.Clone(whole)
		damaged[page*4096+(page*977)%4096] ^= 1 << (page % 8)
		check(t, os.WriteFile(cfg.Path, damaged, 0o600))
		found += readDamaged(t, cfg, items)
	}
	if found < 10 {
		t.Fatalf("of %d damaged pages only %d were found", len(whole)/4096, found)
	}
}

// readDamaged returns 1 if reading everything met the damage.
func readDamaged(t *testing.T, cfg catalog.Config, items []candor.Item) int {
	t.Helper()
	c, err := catalog.New(t.Context(), cfg)
	if err != nil {
		wantCode(t, err, candor.Verification)
		return 1
	}
	defer c.Close()
	seen := 0
	err = c.EachItem(t.Context(), func(it candor.Item) error {
		if it.Title != items[seen].Title {
			t.Errorf("item %d came back wrong", it.Num)
		}
		seen++
		return nil
	})
	if err != nil {
		wantCode(t, err, candor.Verification)
		return 1
	}
	if seen != len(items) {
		t.Errorf("%d items came back, want %d", seen, len(items))
	}
	for _, it := range items {
		if _, err := c.Item(t.Context(), it.ID); err != nil {
			wantCode(t, err, candor.Verification)
			return 1
		}
	}
	return 0
}

func TestMessagesAreSafe(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	c := open(t, cfg)
	check(t, c.PutItems(t.Context(), catalogtest.NewItems(1, 1)))
	thief := catalogtest.NewItem(2)
	thief.Num = 1
	err := c.PutItems(t.Context(), []candor.Item{thief})
	if m := candor.MessageOf(err); strings.Contains(m, thief.Title) || strings.Contains(m, cfg.Path) {
		t.Fatalf("the message says too much: %s", m)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".lock") || strings.HasSuffix(e.Name(), "-shm") {
			continue // hold no data
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		check(t, err)
		files[e.Name()] = string(data)
	}
	return files
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code candor.Code) {
	t.Helper()
	if got := candor.CodeOf(err); got != code {
		t.Fatalf("error %v has code %q, want %q", err, got, code)
	}
}
