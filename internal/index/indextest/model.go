package indextest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/internal/query"
)

// vocabulary holds words that no stemmer and no folding changes, so that the
// reference below can be plain comparison.
var vocabulary = []string{"alpak", "alpik", "bortun", "bortum", "dumlik", "karvol", "karv", "zenq", "zenqo", "трор"}

// many makes documents with every kind of value, the same each time.
func many(n int) []query.Document {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	docs := make([]query.Document, n)
	for i := range docs {
		d := &docs[i]
		*d = query.Document{Num: uint32(i + 1), Item: candor.ItemID(fmt.Sprintf("item%022d", i+1)),
			Collection: pick("main", "mail", "photos"), Type: pick("text/plain", "application/pdf"),
			Language: pick("", "en", "de"), Condition: candor.Condition(pick("done", "partial")),
			Name: fmt.Sprintf("n%d.txt", i), Path: fmt.Sprintf("p/n%d.txt", i), Text: words(rng, 1+rng.IntN(12)),
			Added: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)}
		for range rng.IntN(3) {
			d.People = append(d.People, pick("Ana Lund", "Rosa Osei", "Jörg Öztürk"))
			d.Named.Places = []string{pick("Port Velmere", "Łódź")}
			d.Named.Organisations = []string{pick("Port Velmere Council", "Harbour Office Ltd")}
		}
		d.Named.People = slices.Compact(slices.Sorted(slices.Values(d.People)))
		if rng.IntN(4) > 0 {
			d.Date = time.Date(2020+rng.IntN(5), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 10, 0, 0, 0, time.UTC)
		}
		if rng.IntN(3) == 0 {
			d.Title = words(rng, 1+rng.IntN(3))
		}
	}
	return docs
}

func words(rng *rand.Rand, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = vocabulary[rng.IntN(len(vocabulary))]
	}
	return strings.Join(out, " ")
}

// longText is several pages with the words of the tests far apart.
func longText(seed int) string {
	rng := rand.New(rand.NewPCG(3, uint64(seed)))
	var b strings.Builder
	for i := range 900 {
		switch rng.IntN(40) {
		case 0:
			b.WriteString("Alpak bortun")
		case 1:
			b.WriteString("dumlik")
		case 2:
			b.WriteString("fünfzig")
		default:
			b.WriteString([]string{"schöner", "x", "überaus", "lang", "текст"}[rng.IntN(5)])
		}
		if i%200 == 199 {
			b.WriteString("\f")
		} else {
			b.WriteString([]string{" ", "  ", "\n", "\t "}[rng.IntN(4)])
		}
	}
	return b.String()
}

// testModel asks random queries on random documents, with replacements and
// deletions between, and compares with a reference that reads every document.
func testModel(t *testing.T, x Index) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("CANDOR_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("CANDOR_SEED=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	held := map[uint32]query.Document{}
	pool := many(200)
	for round := range 8 {
		var batch []query.Document
		for range 30 {
			d := pool[rng.IntN(len(pool))]
			d.Text = words(rng, 1+rng.IntN(12))
			batch = append(batch, d)
		}
		put(t, x, batch)
		for _, d := range batch {
			held[d.Num] = d
		}
		gone := []uint32{uint32(1 + rng.IntN(200)), uint32(1 + rng.IntN(200))}
		if err := x.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		for _, n := range gone {
			delete(held, n)
		}
		for range 60 {
			compare(t, x, held, randomRequest(rng))
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

func compare(t *testing.T, x Index, held map[uint32]query.Document, r query.Request) {
	t.Helper()
	want := []uint32{}
	for num, d := range held {
		if matches(d, r.Query) && passes(d, r) {
			want = append(want, num)
		}
	}
	slices.Sort(want)
	res := search(t, x, r)
	if got := nums(res); !slices.Equal(got, want) || res.Total != int64(len(want)) {
		t.Errorf("%s with %v finds %v, want %v", query.String(r.Query), r.Filters, got, want)
		for num, d := range held {
			if slices.Contains(got, num) != slices.Contains(want, num) {
				t.Logf("%d: %q titled %q", num, d.Text, d.Title)
				explainMatch(t, x, d, r)
			}
		}
	}
}

// explainMatch logs the smallest parts of a query on which the index and the
// reference differ about a document.
func explainMatch(t *testing.T, x Index, d query.Document, r query.Request) bool {
	var parts []query.Node
	switch n := r.Query.(type) {
	case query.And:
		parts = n.Of
	case query.Or:
		parts = n.Of
	case query.Not:
		parts = []query.Node{n.Of}
	}
	differs := false
	for _, part := range parts {
		inner := r
		inner.Query = part
		differs = explainMatch(t, x, d, inner) || differs
	}
	if _, not := r.Query.(query.Not); not {
		return differs
	}
	found := slices.Contains(nums(search(t, x, r)), d.Num)
	want := matches(d, r.Query) && passes(d, r)
	if found != want && !differs {
		t.Logf("  %s by %s: index %v, reference %v", query.String(r.Query), r.Sort, found, want)
	}
	return differs || found != want
}

func randomRequest(rng *rand.Rand) query.Request {
	r := query.Request{Query: randomNode(rng, 3), Limit: 1000}
	if rng.IntN(3) == 0 {
		r.Filters = append(r.Filters, query.Filter{Field: "collection", Values: []string{"main", "mail"}[:1+rng.IntN(2)]})
	}
	if rng.IntN(3) == 0 {
		r.Filters = append(r.Filters, query.Filter{Field: "people", Values: []string{"Rosa Osei"}})
	}
	if rng.IntN(4) == 0 {
		r.From = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	r.Sort = []query.Sort{query.ByRelevance, query.ByDateDown}[rng.IntN(2)]
	return r
}

func randomNode(rng *rand.Rand, depth int) query.Node {
	word := func() string { return vocabulary[rng.IntN(len(vocabulary))] }
	field := []string{"", "", "text", "title"}[rng.IntN(4)]
	if depth == 0 || rng.IntN(3) == 0 {
		switch rng.IntN(8) {
		case 0:
			return query.Phrase{Field: field, Text: word() + " " + word()}
		case 1:
			return query.Phrase{Field: field, Text: word() + " " + word() + " " + word(), Slop: 1 + rng.IntN(4)}
		case 2:
			w := []rune(word())
			return query.Prefix{Field: field, Text: string(w[:1+rng.IntN(len(w))])}
		case 3:
			return query.Wildcard{Field: field, Pattern: []string{"*l*k", "bortu?", "?arv*", "zen??", "*p?k"}[rng.IntN(5)]}
		case 4:
			return query.Fuzzy{Field: field, Text: word(), Edits: 1 + rng.IntN(2)}
		case 5:
			return query.Word{Field: field, Text: word(), Exact: true}
		}
		return query.Word{Field: field, Text: word()}
	}
	var of []query.Node
	for range 2 + rng.IntN(2) {
		of = append(of, randomNode(rng, depth-1))
	}
	if rng.IntN(2) == 0 {
		return query.Or{Of: of}
	}
	if rng.IntN(2) == 0 {
		of[len(of)-1] = query.Not{Of: of[len(of)-1]}
	}
	return query.And{Of: of}
}

func passes(d query.Document, r query.Request) bool {
	for _, f := range r.Filters {
		have := map[string][]string{"collection": {d.Collection}, "people": d.People}[f.Field]
		if !slices.ContainsFunc(have, func(v string) bool { return slices.Contains(f.Values, v) }) {
			return false
		}
	}
	return r.From.IsZero() || !d.Date.IsZero() && !d.Date.Before(r.From)
}

// matches is the reference: it reads the words of a document one by one.
func matches(d query.Document, n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		for _, part := range n.Of {
			if !matches(d, part) {
				return false
			}
		}
		return true
	case query.Or:
		return slices.ContainsFunc(n.Of, func(part query.Node) bool { return matches(d, part) })
	case query.Not:
		return !matches(d, n.Of)
	case query.All:
		return true
	case query.Phrase:
		return inAny(d, n.Field, func(ws []string) bool { return hasPhrase(ws, strings.Fields(n.Text), n.Slop) })
	}
	field, is := wordTest(n)
	return inAny(d, field, func(ws []string) bool { return slices.ContainsFunc(ws, is) })
}

func wordTest(n query.Node) (string, func(string) bool) {
	switch n := n.(type) {
	case query.Word:
		return n.Field, func(w string) bool { return w == n.Text }
	case query.Prefix:
		return n.Field, func(w string) bool { return strings.HasPrefix(w, n.Text) }
	case query.Wildcard:
		return n.Field, func(w string) bool { return glob([]rune(n.Pattern), []rune(w)) }
	case query.Fuzzy:
		return n.Field, func(w string) bool { return edits([]rune(n.Text), []rune(w)) <= n.Edits }
	}
	panic(fmt.Sprintf("the reference does not know %T", n))
}

func inAny(d query.Document, field string, is func([]string) bool) bool {
	texts := map[string][]string{"text": {d.Text}, "title": {d.Title}}[field]
	if field == "" {
		texts = append([]string{d.Text, d.Title, d.Name, d.Path}, d.People...)
	}
	return slices.ContainsFunc(texts, func(s string) bool { return is(strings.Fields(plain.Replace(s))) })
}

// plain folds the few characters of many's values that are not plain words.
var plain = strings.NewReplacer("A", "a", "L", "l", "R", "r", "O", "o", "J", "j", "Ö", "o", "ö", "o", "ü", "u", "/", " ", ".", " ")

// hasPhrase tries every choice of different positions.
func hasPhrase(ws, phrase []string, slop int) bool {
	var try func(taken []int) bool
	try = func(taken []int) bool {
		if len(taken) == len(phrase) {
			return slices.Max(taken)-slices.Min(taken) <= slop*(len(phrase)-1)
		}
		for i, w := range ws {
			next := len(taken) == 0 || slop > 0 && !slices.Contains(taken, i) || slop == 0 && i == taken[len(taken)-1]+1
			if w == phrase[len(taken)] && next && try(append(slices.Clone(taken), i)) {
				return true
			}
		}
		return false
	}
	if slop == 0 {
		for i := range ws {
			if i+len(phrase) <= len(ws) && slices.Equal(ws[i:i+len(phrase)], phrase) {
				return true
			}
		}
		return false
	}
	return try(nil)
}

func glob(p, w []rune) bool {
	if len(p) == 0 {
		return len(w) == 0
	}
	if p[0] == '*' {
		return glob(p[1:], w) || len(w) > 0 && glob(p, w[1:])
	}
	return len(w) > 0 && (p[0] == '?' || p[0] == w[0]) && glob(p[1:], w[1:])
}

func edits(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	if a[0] == b[0] {
		return edits(a[1:], b[1:])
	}
	return 1 + min(edits(a[1:], b), edits(a, b[1:]), edits(a[1:], b[1:]))
}

// testConcurrent searches while documents are put: every search sees all of
// some earlier Put and nothing by halves.
func testConcurrent(t *testing.T, x Index) {
	const each = 20
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				res, err := x.Search(ctx, query.Request{Query: query.Word{Text: "karvol"}, Limit: 5, Facets: []string{"collection"}, Snippets: true})
				if ctx.Err() != nil {
					return
				}
				if err != nil || res.Total%each != 0 {
					t.Errorf("a search between: %d found, %v", res.Total, err)
					return
				}
			}
		})
	}
	for round := range 10 {
		docs := many(each)
		for i := range docs {
			docs[i].Num = uint32(round*each + i)
			docs[i].Text = "karvol"
		}
		put(t, x, docs)
		if got := search(t, x, query.Request{Query: query.Word{Text: "karvol"}}).Total; got != int64((round+1)*each) {
			t.Errorf("after Put %d, %d are found", round+1, got)
		}
	}
	cancel()
	wg.Wait()
}
