package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/internal/query"
)

func mustParse(t testing.TB, s string) query.Node {
	t.Helper()
	n, err := query.Parse(s, query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func total(t testing.TB, x *Index, q string) int64 {
	t.Helper()
	res, err := x.Search(context.Background(), query.Request{Query: mustParse(t, q), Limit: 3, Snippets: true})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return res.Total
}

// opened returns the plain text of every file of a folder, and of what is
// compressed in it, to be searched for what must not be there.
func opened(t *testing.T, fs FS, key []byte) map[string][]byte {
	t.Helper()
	s, err := newSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		f, err := s.open(fs, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plain, err := f.span(0, f.size)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := numbered(name, segmentPrefix); ok {
			plain = append(plain, storedText(t, fs, s, id)...)
		}
		out[name] = bytes.ToLower(plain)
	}
	return out
}

func storedText(t *testing.T, fs FS, s *sealer, id uint64) (text []byte) {
	g, err := openSegment(fs, s, newCache(1<<20), id)
	if err != nil {
		t.Fatal(err)
	}
	defer g.release()
	z, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for doc := range g.docs {
		d, err := g.stored(z, doc, true)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, fmt.Sprint(d)...)
	}
	dict, err := g.dictionary()
	if err != nil {
		t.Fatal(err)
	}
	it, err := dict.Iterator(nil, nil)
	for ; err == nil; err = it.Next() {
		k, _ := it.Current()
		text = append(append(text, ' '), k...)
	}
	return text
}

// TestPurge destroys an item and looks for it in the opened bytes of every
// file: dictionary, records, values, stored text.
func TestPurge(t *testing.T) {
	m := newMemFS()
	cfg := memConfig(m)
	x := openTest(t, cfg)
	secret := query.Document{Num: 3, Item: "secretitem", Text: "Secretword and " + strings.Repeat("secretpassage ", 50), Title: "Secrettitle",
		Name: "secretname", Path: "secretpath", People: []string{"Secretperson"}, Type: "application/secrettype", Collection: "secretcollection"}
	docs := []query.Document{secret}
	for i := range uint32(40) {
		docs = append(docs, query.Document{Num: 10 + i, Item: "other", Text: "ordinary words"})
	}
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	present := 0
	for _, plain := range opened(t, m, cfg.Key) {
		present += bytes.Count(plain, []byte("secret"))
	}
	if present < 10 {
		t.Fatalf("the secret can be seen %d times in the opened files: the test looks at too little", present)
	}
	if err := x.Delete(t.Context(), []uint32{3}); err != nil {
		t.Fatal(err)
	}
	if total(t, x, "secretword") != 0 {
		t.Error("a deleted document is found")
	}
	if err := x.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, plain := range opened(t, m, cfg.Key) {
		if at := bytes.Index(plain, []byte("secret")); at >= 0 {
			t.Errorf("%s still has %q", name, plain[max(0, at-20):min(len(plain), at+20)])
		}
	}
	if total(t, x, "ordinary") != 40 {
		t.Error("the others are gone too")
	}
}

// TestPurgeByItself waits for the interval, without anybody asking.
func TestPurgeByItself(t *testing.T) {
	m := newMemFS()
	cfg := memConfig(m)
	cfg.PurgeEvery = time.Millisecond
	x := openTest(t, cfg)
	docs := make([]query.Document, 30)
	for i := range docs {
		docs[i] = query.Document{Num: uint32(i), Text: fmt.Sprintf("word%d", i)}
	}
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if err := x.Delete(t.Context(), []uint32{7}); err != nil {
		t.Fatal(err)
	}
	for {
		s, err := x.acquire()
		if err != nil {
			t.Fatal(err)
		}
		clean := s.views[0].deleted.IsEmpty()
		s.release()
		if clean {
			break
		}
		time.Sleep(time.Millisecond) // the test's own deadline ends it
	}
	if total(t, x, "word7") != 0 || total(t, x, "word8") != 1 {
		t.Error("the wrong document was purged")
	}
}

// TestDiskFullInMerge lets merges run out of disk: searches and puts go on,
// and nothing is left behind.
func TestDiskFullInMerge(t *testing.T) {
	m := newMemFS()
	x := openTest(t, memConfig(m))
	x.merges.one.Lock()
	for i := range uint32(5) {
		if err := x.Put(t.Context(), []query.Document{{Num: i, Item: "x", Text: "common"}}); err != nil {
			t.Fatal(err)
		}
	}
	x.merges.one.Unlock()
	full := func(_ int, op, name string) error {
		if op == "write" && strings.HasPrefix(name, segmentPrefix) {
			return errInjected
		}
		return nil
	}
	m.mu.Lock()
	m.fail = full
	m.mu.Unlock()
	if err := x.Compact(t.Context()); candor.CodeOf(err) != candor.Unavailable || !errors.Is(err, errInjected) {
		t.Errorf("a merge on a full disk: %v", err)
	}
	if got := total(t, x, "common"); got != 5 {
		t.Errorf("%d found after a merge failed", got)
	}
	names, _ := m.List()
	x.write.Lock()
	for _, name := range names {
		if id, ok := numbered(name, segmentPrefix); ok && !x.last.has(id) && !x.before.has(id) {
			t.Errorf("%s was left behind", name)
		}
	}
	x.write.Unlock()
	m.mu.Lock()
	m.fail = nil
	m.mu.Unlock()
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := total(t, x, "common"); got != 5 {
		t.Errorf("%d found after the merge", got)
	}
}

// TestTornCommit cuts the newest commit at every length: the one before
// counts. Changing it instead is an error.
func TestTornCommit(t *testing.T) {
	m := newMemFS()
	cfg := memConfig(m)
	x := openTest(t, cfg)
	for i := range uint32(2) {
		if err := x.Put(t.Context(), []query.Document{{Num: i, Item: "x", Text: "common"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	newest := commitName(x.last.seq)
	whole := m.names[newest].synced
	for length := range len(whole) {
		cut := m.cut()
		cut.names[newest].data = whole[:length]
		y, err := Open(t.Context(), memConfig(cut))
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", length, err)
		}
		if got := total(t, y, "common"); got != 1 {
			t.Errorf("cut to %d bytes: %d found", length, got)
		}
		y.Close()
		changed := m.cut()
		changed.names[newest].data = bytes.Clone(whole)
		changed.names[newest].data[length] ^= 4
		if y, err := Open(t.Context(), memConfig(changed)); err == nil {
			t.Errorf("byte %d was changed and it opens", length)
			y.Close()
		}
	}
}

// TestManySegments adds while merges and searches run.
func TestManySegments(t *testing.T) {
	x := openTest(t, Config{Dir: t.TempDir(), MergeRate: -1, CacheBytes: 1 << 18})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				res, err := x.Search(ctx, query.Request{Query: mustParse(t, "common -gone"), Limit: 5, Snippets: true, Facets: []string{"collection"}})
				if ctx.Err() == nil && (err != nil || res.Total%4 != 0) {
					t.Errorf("%d found, %v", res.Total, err)
					return
				}
			}
		})
	}
	rounds := uint32(60)
	for r := range rounds {
		var docs []query.Document
		for i := range uint32(4) {
			docs = append(docs, query.Document{Num: (r*4 + i) * 7 % (rounds * 4), Item: "x", Collection: "main", Text: "common word"})
		}
		if err := x.Put(ctx, docs); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	wg.Wait()
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := x.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	if len(s.views) != 1 || total(t, x, "common") != int64(rounds*4) {
		t.Errorf("%d segments after Compact, %d found", len(s.views), total(t, x, "common"))
	}
	if err := x.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
}

// TestGiants puts documents that are large in one way or another.
func TestGiants(t *testing.T) {
	x := openTest(t, Config{Dir: t.TempDir(), MemoryLimit: 1 << 20})
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	var many strings.Builder
	for i := range n {
		fmt.Fprintf(&many, "w%d ", i)
	}
	many.WriteString("\flast anchor stands here")
	docs := []query.Document{
		{Num: 1, Text: strings.Repeat("again ", n)},
		{Num: 2, Text: many.String()},
		{Num: 3, Text: strings.Repeat("x", 50*n)},
		{Num: 4, Text: strings.Repeat("\xff\xfe bad\x80bytes ", 1000)},
		{Num: 5, Text: strings.Repeat("港", n)},
		{Num: 6, Text: strings.Repeat("y", 300) + " " + strings.Repeat("y", 301)},
		{Num: 7},
	}
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]int64{
		"again": 1, `"again again again"`: 1, "again NEAR/2 again": 1, "*": 7, fmt.Sprintf("w%d", n-1): 1, `"last anchor"`: 1,
		`"anchor last"`: 0, fmt.Sprintf(`"w%d last"`, n-1): 1, "bytes": 1, `"港港"`: 1, strings.Repeat("y", 300): 1, strings.Repeat("y", 302): 0,
		"=" + strings.Repeat("y", 301): 1, "yyyy*": 1, strings.Repeat("x", 2000): 0,
	} {
		if got := total(t, x, q); got != want {
			t.Errorf("%.40s finds %d, want %d", q, got, want)
		}
	}
	if err := x.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := total(t, x, `"last anchor"`); got != 1 {
		t.Errorf("after Compact %d found", got)
	}
}

// TestTooManyWords bounds what patterns may stand for.
func TestTooManyWords(t *testing.T) {
	x := openTest(t, Config{Dir: t.TempDir()})
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "w%d ", i)
	}
	if err := x.Put(t.Context(), []query.Document{{Num: 1, Text: b.String()}}); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]candor.Code{"w*": candor.TooLarge, "w1* w2* w3*": "", "w12*": "", "?1*": ""} {
		_, err := x.Search(t.Context(), query.Request{Query: mustParse(t, q), Limit: 1})
		if candor.CodeOf(err) != want {
			t.Errorf("%s: %v", q, err)
		}
	}
	var clauses []query.Node
	for i := range 1000 {
		clauses = append(clauses, query.Word{Text: fmt.Sprintf("w%d", i)})
	}
	res, err := x.Search(t.Context(), query.Request{Query: query.Or{Of: clauses}, Limit: 1})
	if err != nil || res.Total != 1 {
		t.Errorf("1,000 clauses: %d, %v", res.Total, err)
	}
}
