package vault

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"candor"
)

const origin = "example.org/archive"

const (
	itemA = candor.ItemID("aaaaaaaaaaaaaaaaaaaaaaaaaa")
	itemB = candor.ItemID("abbbbbbbbbbbbbbbbbbbbbbbbb")
)

var (
	nameA = candor.ItemKey("main", itemA, candor.Original)
	nameB = candor.ItemKey("main", itemB, candor.Original)
)

var custodian = sync.OnceValue(func() hpke.PrivateKey {
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
})

func newVault(t testing.TB, b *blob.Bucket, dir string) *Vault {
	t.Helper()
	v, err := New(Config{Bucket: b, Origin: origin, Recipient: custodian().PublicKey().Bytes(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close(); b.Close() })
	return v
}

func newDirVault(t testing.TB) (*Vault, string) {
	t.Helper()
	dir := t.TempDir()
	b, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return newVault(t, b, dir), dir
}

// sizes are those at which an age file or our layout changes its shape.
var sizes = []int{0, 1, 100, InlineLimit - 1, InlineLimit, InlineLimit + 1, chunkSize - 1, chunkSize, chunkSize + 1,
	2*chunkSize - 1, 2 * chunkSize, sealBlock - 1, sealBlock, sealBlock + 1, 1<<20 + 12345}

func noise(n int) []byte {
	p := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1, byte(n)})
	rng.Read(p)
	return p
}

func put(t testing.TB, v *Vault, name candor.KeyName, data []byte) candor.SealedBody {
	t.Helper()
	b, err := v.Seal(t.Context(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Bind(t.Context(), name, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// fileKey opens a name's wrapped key as the custodian does.
func fileKey(t testing.TB, v *Vault, name candor.KeyName) []byte {
	t.Helper()
	wrapped, err := v.Wrapped(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := candor.UnwrapKey(custodian(), origin, name, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func get(t testing.TB, v *Vault, name candor.KeyName) []byte {
	t.Helper()
	c, err := v.Open(t.Context(), name, fileKey(t, v, name))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func list(t testing.TB, v *Vault, prefix string) []string {
	t.Helper()
	var names []string
	if err := v.List(t.Context(), prefix, func(n candor.KeyName) error { names = append(names, string(n)); return nil }); err != nil {
		t.Fatal(err)
	}
	return names
}

func problems(t testing.TB, v *Vault) []string {
	t.Helper()
	var found []string
	if err := v.Check(t.Context(), func(p string) { found = append(found, p) }); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestConformance runs the suite over every kind of bucket at hand.
func TestConformance(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		testConformance(t, func(t *testing.T) *Vault { v, _ := newDirVault(t); return v })
	})
	t.Run("memory", func(t *testing.T) {
		testConformance(t, func(t *testing.T) *Vault { return newVault(t, memblob.OpenBucket(nil), "") })
	})
	t.Run("paged", func(t *testing.T) {
		testConformance(t, func(t *testing.T) *Vault { return newVault(t, newFaultyBucket().open(), "") })
	})
}

// testConformance holds for a vault over any bucket.
func testConformance(t *testing.T, open func(*testing.T) *Vault) {
	for name, test := range map[string]func(*testing.T, *Vault){
		"round trip":   testRoundTrip,
		"unbound":      testUnbound,
		"random reads": testRandomReads,
		"rebinding":    testRebinding,
		"listing":      testListing,
		"deleting":     testDeleting,
		"misuse":       testMisuse,
		"bad names":    testBadNames,
		"concurrency":  testConcurrency,
		"late reads":   testReadsOutliveContext,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func testRoundTrip(t *testing.T, v *Vault) {
	for _, n := range sizes {
		data := noise(n)
		b := put(t, v, nameA, data)
		if b.Size != int64(n) || b.SHA256 != sha256.Sum256(data) {
			t.Fatalf("%d bytes: sealed as %d bytes", n, b.Size)
		}
		if err := v.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(get(t, v, nameA), data) {
			t.Fatalf("%d bytes came back different", n)
		}
		c, err := v.Open(t.Context(), nameA, b.FileKey)
		if err != nil {
			t.Fatal(err)
		}
		var w bytes.Buffer
		if _, err := c.(io.WriterTo).WriteTo(&w); err != nil || !bytes.Equal(w.Bytes(), data) {
			t.Fatalf("%d bytes written through: %v", n, err)
		}
		c.Close()
	}
	if p := problems(t, v); len(p) > 0 {
		t.Error(p)
	}
}

func testUnbound(t *testing.T, v *Vault) {
	for _, n := range sizes {
		data := noise(n)
		b, err := v.Seal(t.Context(), iotest.HalfReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.OpenBody(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d unbound bytes: %v", n, err)
		}
		c.Close()
		for range 2 {
			if err := v.Discard(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := list(t, v, ""); len(got) > 0 {
		t.Errorf("names without Bind: %v", got)
	}
	v.now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	bodies, err := v.listBodies(t.Context(), func(p string) { t.Error(p) })
	if err != nil || len(bodies) > 0 {
		t.Errorf("bodies left after Discard: %v %v", bodies, err)
	}
}

func testRandomReads(t *testing.T, v *Vault) {
	data := noise(5*chunkSize + 777)
	put(t, v, nameA, data)
	c, err := v.Open(t.Context(), nameA, fileKey(t, v, nameA))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(7, uint64(g)))
			for range 60 {
				off, n := rng.IntN(len(data)+10), rng.IntN(2*chunkSize)
				p := make([]byte, n)
				got, err := c.ReadAt(p, int64(off))
				want := data[min(off, len(data)):min(off+n, len(data))]
				if !bytes.Equal(p[:got], want) || (err != nil && err != io.EOF) || (err == nil && got < n) {
					t.Errorf("ReadAt(%d, %d) = %d, %v", off, n, got, err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := c.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read before the beginning")
	}
}

func testRebinding(t *testing.T, v *Vault) {
	old := put(t, v, nameA, noise(100_000))
	put(t, v, nameA, noise(100_001))
	if err := v.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, v, nameA); !bytes.Equal(got, noise(100_001)) {
		t.Error("the name does not stand for what was bound last")
	}
	if _, err := v.OpenBody(t.Context(), old); candor.CodeOf(err) != candor.Verification {
		t.Errorf("the replaced body is still there: %v", err)
	}
	if got := list(t, v, ""); len(got) != 1 {
		t.Errorf("names: %v", got)
	}
}

func testListing(t *testing.T, v *Vault) {
	names := []string{
		"archive/catalog", "archive/index",
		"document/person/a.osei", "document/person/a", "document/person-x/a", "document/purpose/p-abc",
		"main/" + string(itemA) + "/original", "main/" + string(itemA) + "/text", "main/" + string(itemB) + "/manifest",
		"other/" + string(itemA) + "/original", "main2/" + string(itemB) + "/text",
	}
	for _, n := range names {
		put(t, v, candor.KeyName(n), []byte(n))
	}
	slices.Sort(names)
	for prefix, want := range map[string][]string{
		"":                            names,
		"main/":                       {"main/" + string(itemA) + "/original", "main/" + string(itemA) + "/text", "main/" + string(itemB) + "/manifest"},
		"main/" + string(itemA) + "/": {"main/" + string(itemA) + "/original", "main/" + string(itemA) + "/text"},
		"document/person/":            {"document/person/a", "document/person/a.osei"},
		"document/person/a":           {"document/person/a"},
		"archive/":                    {"archive/catalog", "archive/index"},
		"nothing/":                    nil,
	} {
		if got := list(t, v, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
	stop := errors.New("enough")
	if err := v.List(t.Context(), "", func(candor.KeyName) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("List does not pass on yield's error: %v", err)
	}
}

func testDeleting(t *testing.T, v *Vault) {
	a := put(t, v, nameA, noise(100_000))
	put(t, v, candor.ItemKey("main", itemA, candor.Text), noise(10))
	put(t, v, nameB, noise(100_000))
	if err := v.Delete(t.Context(), "main/"+string(itemA)+"/"); err != nil {
		t.Fatal(err)
	}
	if got := list(t, v, ""); !slices.Equal(got, []string{string(nameB)}) {
		t.Errorf("left: %v", got)
	}
	if _, err := v.Wrapped(t.Context(), nameA); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("the key of a deleted name: %v", err)
	}
	if _, err := v.OpenBody(t.Context(), a); candor.CodeOf(err) != candor.Verification {
		t.Errorf("the body of a deleted name: %v", err)
	}
	if err := v.Delete(t.Context(), string(nameA)); err != nil {
		t.Errorf("deleting again: %v", err)
	}
	if err := v.Delete(t.Context(), ""); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("deleting everything: %v", err)
	}
	if err := v.Delete(t.Context(), "main"); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("deleting half a name: %v", err)
	}
}

func testMisuse(t *testing.T, v *Vault) {
	b := put(t, v, nameA, noise(100_000))
	if err := v.Bind(t.Context(), nameB, b); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("one body under two names: %v", err)
	}
	if err := v.Discard(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := get(t, v, nameA); len(got) != 100_000 {
		t.Error("discarding a bound body removed it")
	}
	if _, err := v.Open(t.Context(), nameB, b.FileKey); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("opening nothing: %v", err)
	}
	for what, bad := range map[string]candor.SealedBody{
		"empty":       {},
		"path":        {Body: "../../etc/passwd", FileKey: make([]byte, 16), Size: 100_000},
		"short key":   {Body: b.Body, FileKey: b.FileKey[:8], Size: b.Size},
		"wrong size":  {Body: inlineMark + "AAAA", FileKey: make([]byte, 16), Size: 3},
		"bad payload": {Body: inlineMark + "?", FileKey: make([]byte, 16)},
		"negative":    {Body: b.Body, FileKey: b.FileKey, Size: -1},
	} {
		if err := v.Bind(t.Context(), nameB, bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("binding a body with %s: %v", what, err)
		}
	}
	broken := errors.New("cable pulled")
	for _, n := range []int{0, 100_000, sealBlock, 2*sealBlock + 1} {
		src := io.MultiReader(bytes.NewReader(noise(n)), iotest.ErrReader(broken))
		if _, err := v.Seal(t.Context(), src); !errors.Is(err, broken) {
			t.Errorf("sealing a broken source of %d bytes: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Seal(ctx, bytes.NewReader(noise(100_000))); !errors.Is(err, context.Canceled) {
		t.Errorf("sealing after the end: %v", err)
	}
	if p := problems(t, v); len(p) > 0 {
		t.Error(p)
	}
}

var badNames = []string{"", "/", "main", "main/", "main//x", "../x/y", "main/../original", "main/" + string(itemA) + "/..",
	"main/" + string(itemA) + "/a/b", "document/x", "document/../x", "document/x/.hidden", "archive/a/b", "archive/a.tmp",
	"document/x/y.attrs", "MAIN/" + string(itemA) + "/text", "main/short/text", "main/" + string(itemA) + "/a b",
	"main/" + string(itemA) + "/a\x00", "/" + string(nameA), string(nameA) + "/", "main\\" + string(itemA) + "\\text"}

func testBadNames(t *testing.T, v *Vault) {
	b, err := v.Seal(t.Context(), bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range badNames {
		name := candor.KeyName(n)
		_, wrappedErr := v.Wrapped(t.Context(), name)
		_, openErr := v.Open(t.Context(), name, b.FileKey)
		for what, err := range map[string]error{"Bind": v.Bind(t.Context(), name, b), "Wrapped": wrappedErr, "Open": openErr} {
			if candor.CodeOf(err) != candor.Invalid {
				t.Errorf("%s(%q): %v", what, n, err)
			}
		}
	}
}

func testConcurrency(t *testing.T, v *Vault) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 6 {
				put(t, v, nameA, bytes.Repeat([]byte{byte(g)}, 20_000))
				put(t, v, candor.KeyName(fmt.Sprintf("document/x/%d-%d", g, i)), noise(g*1000))
				if err := v.Sync(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := get(t, v, nameA)
	if !bytes.Equal(got, bytes.Repeat(got[:1], 20_000)) {
		t.Error("a mixture")
	}
	v.now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if p := problems(t, v); len(p) > 0 {
		t.Error(p)
	}
	bodies, _ := v.listBodies(t.Context(), func(p string) { t.Error(p) })
	if len(bodies) != 1 {
		t.Errorf("%d bodies are left for one name", len(bodies))
	}
}

func testReadsOutliveContext(t *testing.T, v *Vault) {
	b := put(t, v, nameA, noise(300_000))
	ctx, cancel := context.WithCancel(t.Context())
	c, err := v.Open(ctx, nameA, b.FileKey)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, io.NewSectionReader(c, 0, c.Size())); err != nil {
		t.Errorf("reading after the opening call ended: %v", err)
	}
	c.Close()
	if _, err := c.ReadAt(make([]byte, 10), 70_000); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("reading closed content: %v", err)
	}
}
