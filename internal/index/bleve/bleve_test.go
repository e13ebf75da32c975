package bleve_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"candor"
	"candor/internal/archive"
	"candor/internal/index/bleve"
	"candor/internal/index/indextest"
	"candor/internal/query"
)

var _ archive.Index = (*bleve.Index)(nil)

func key(b byte) []byte {
	k := make([]byte, 32)
	for i := range k {
		k[i] = b
	}
	return k
}

func open(t testing.TB, dir string, k []byte) *bleve.Index {
	t.Helper()
	x, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestConformance(t *testing.T) {
	indextest.Suite(t, func(t *testing.T) indextest.Index { return open(t, t.TempDir(), key(1)) })
}

// TestLargeDocument has more words than positions are kept for: phrases far
// behind are found all the same, by reading the text again.
func TestLargeDocument(t *testing.T) {
	x := open(t, t.TempDir(), key(1))
	size := 1_200_000
	if s := os.Getenv("CANDOR_LARGE_WORDS"); s != "" {
		size, _ = strconv.Atoi(s)
	}
	var b strings.Builder
	b.WriteString("first anchor ")
	for i := range size {
		fmt.Fprintf(&b, "w%d ", i%50_000)
	}
	b.WriteString("\flast anchor stands here. anchor apart from last")
	docs := []query.Document{{Num: 1, Text: b.String()}, {Num: 2, Text: "anchor last here"}}
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]int64{
		`"first anchor"`: 1, `"last anchor"`: 1, `"anchor last"`: 1, "anchor NEAR/3 last": 2, "stands": 1,
		`"stands here anchor"`: 1, `"here stands"`: 0, `text:"last anchor stands"`: 1, "w49999": 1, `"w1 w2" -"last anchor"`: 0,
	} {
		n, err := query.Parse(q, query.Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := x.Search(t.Context(), query.Request{Query: n, Limit: 5, Snippets: true})
		if err != nil || res.Total != want {
			t.Errorf("%s finds %d, %v; want %d", q, res.Total, err, want)
		}
		if q == `"last anchor"` && (len(res.Hits) != 1 || len(res.Hits[0].Snippets) == 0 || res.Hits[0].Snippets[0].Page != 2) {
			t.Errorf("%s: %+v", q, res.Hits)
		}
	}
}

// TestTooManyWords bounds what a pattern may stand for.
func TestTooManyWords(t *testing.T) {
	x := open(t, t.TempDir(), key(1))
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "w%d ", i)
	}
	if err := x.Put(t.Context(), []query.Document{{Num: 1, Text: b.String()}}); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]candor.Code{"w*": candor.TooLarge, "w1* w2* w3*": "", "w12*": "", "?1*": ""} {
		n, err := query.Parse(q, query.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Search(t.Context(), query.Request{Query: n, Limit: 1}); candor.CodeOf(err) != want {
			t.Errorf("%s: %v", q, err)
		}
	}
}
