package local

import (
	"context"
	"fmt"
	"math"
	"math/bits"
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

// The reference scores every document by the definition in rank.go, reading
// its words one by one. It is slow, and plain enough to be right.

type refDoc struct {
	doc    query.Document
	live   bool
	words  [fieldCount][]string // as they stand
	stems  [fieldCount][]string
	places [fieldCount][]int

	languages [fieldCount][]int // of each word
}

func newRefDoc(d query.Document) *refDoc {
	r := &refDoc{doc: d}
	for f := range fieldCount {
		pos := 0
		for _, part := range partsOf(&d, f) {
			for _, t := range query.Tokens(part) {
				pos++
				r.words[f] = append(r.words[f], t.Text)
				language := inflected(f, languageNumber[d.Language])
				for _, tongue := range d.Tongues {
					if f == fieldText && t.Start >= tongue.At {
						language = languageNumber[tongue.Language]
					}
				}
				r.stems[f] = append(r.stems[f], stem(t.Text, language))
				r.languages[f] = append(r.languages[f], language)
				r.places[f] = append(r.places[f], pos)
			}
			pos += partGap
		}
	}
	return r
}

type reference struct{ docs []*refDoc }

// leaf is what a node finds in one field of one document, and what it weighs.
type leaf struct {
	tf  func(*refDoc, int) []float64 // in a field; in each language, where they are looked for in each
	idf func(int) float64
}

func refIDF(df, n int) float64 {
	df = min(df, n)
	return math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5))
}

func (r *reference) stemIDF(word string, f int) float64 {
	return r.idf(f, func(d *refDoc) []string { return d.stems[f] }, func(language int) string { return stem(word, language) })
}

// idf counts a document once for each language in which it has a word.
func (r *reference) idf(f int, words func(*refDoc) []string, word func(language int) string) float64 {
	var as [len(languages)]string
	for l := range as {
		as[l] = word(l)
	}
	sum, all := 0, 0
	for _, d := range r.docs {
		in := uint64(0) // a bit for each language
		for i, have := range words(d) {
			if l := d.languages[f][i]; have == as[l] {
				in |= 1 << l
			}
		}
		sum += bits.OnesCount64(in)
		if len(d.words[f]) > 0 {
			all++
		}
	}
	return refIDF(sum, all)
}

func (r *reference) average(f int) float64 {
	words, n := 0, 0
	for _, d := range r.docs {
		words += len(d.words[f])
		if len(d.words[f]) > 0 {
			n++
		}
	}
	return float64(words) / float64(max(n, 1))
}

func count(words []string, w string) (n float64) {
	for _, have := range words {
		if have == w {
			n++
		}
	}
	return n
}

// leaves returns what a node is made of: all must be found, each in some field.
func (r *reference) leaves(n query.Node) (field string, out []leaf) {
	exact := func(w string) leaf {
		return leaf{func(d *refDoc, f int) []float64 { return []float64{count(d.words[f], w)} }, func(f int) float64 {
			return r.idf(f, func(d *refDoc) []string { return d.words[f] }, func(int) string { return w })
		}}
	}
	placed := func(words []string, span int) leaf {
		return leaf{func(d *refDoc, f int) []float64 { return refPlaces(d, f, words, span) }, func(f int) float64 {
			sum := 0.0
			for _, w := range words {
				sum += r.stemIDF(w, f)
			}
			return sum
		}}
	}
	pattern := func(weigh func(string) float64) leaf {
		known := map[string]float64{}
		uncached := weigh
		weigh = func(w string) float64 {
			v, ok := known[w]
			if !ok {
				v = uncached(w)
				known[w] = v
			}
			return v
		}
		return leaf{func(d *refDoc, f int) []float64 {
			tf := 0.0
			for _, w := range d.words[f] {
				tf += weigh(w)
			}
			return []float64{tf}
		}, func(f int) float64 {
			sum, n := 0, 0
			seen := map[string]int{}
			for _, d := range r.docs {
				if len(d.words[f]) > 0 {
					n++
				}
				once := map[string]bool{}
				for i, w := range d.words[f] {
					if in := fmt.Sprint(w, d.languages[f][i]); weigh(w) > 0 && !once[in] {
						once[in] = true
						seen[w]++
					}
				}
			}
			for _, c := range seen {
				sum += c
			}
			return refIDF(sum, n)
		}}
	}
	yes := func(is func(string) bool) func(string) float64 {
		return func(w string) float64 {
			if is(w) {
				return 1
			}
			return 0
		}
	}
	switch n := n.(type) {
	case query.Word:
		words := foldedWords(n.Text)
		if n.Exact {
			for _, w := range words {
				out = append(out, exact(w))
			}
			return n.Field, out
		}
		return n.Field, []leaf{placed(words, 0)}
	case query.Phrase:
		words := foldedWords(n.Text)
		return n.Field, []leaf{placed(words, n.Slop*(len(words)-1))}
	case query.Prefix:
		return n.Field, []leaf{pattern(yes(func(w string) bool { return strings.HasPrefix(w, n.Text) }))}
	case query.Wildcard:
		return n.Field, []leaf{pattern(yes(func(w string) bool { return refGlob([]rune(n.Pattern), []rune(w)) }))}
	case query.Fuzzy:
		return n.Field, []leaf{pattern(func(w string) float64 {
			if e := refEdits([]rune(n.Text), []rune(w)); e <= n.Edits {
				return 1 / float64(1+e)
			}
			return 0
		})}
	}
	return "", nil
}

// refPlaces counts in each language by itself; single words are counted in all.
func refPlaces(d *refDoc, f int, words []string, span int) []float64 {
	var out []float64
	sum := 0.0
	for l := range languages {
		if slices.Contains(d.languages[f], l) {
			n := float64(refPlacesIn(d, f, words, span, l))
			out, sum = append(out, n), sum+n
		}
	}
	if len(words) == 1 {
		return []float64{sum}
	}
	return out
}

// refPlacesIn counts by trying every start.
func refPlacesIn(d *refDoc, f int, words []string, span, language int) (n int) {
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = stem(w, language)
	}
	at := map[int]string{}
	for i, s := range d.stems[f] {
		if d.languages[f][i] == language {
			at[d.places[f][i]] = s
		}
	}
	for _, start := range d.places[f] {
		if span == 0 {
			fits := true
			for i, s := range stems {
				fits = fits && at[start+i] == s
			}
			if fits {
				n++
			}
			continue
		}
		if !slices.Contains(stems, at[start]) {
			continue
		}
		have := map[string]int{}
		for p := start; p <= start+span; p++ {
			have[at[p]]++
		}
		need, fits := map[string]int{}, true
		for _, s := range stems {
			need[s]++
			fits = fits && have[s] >= need[s]
		}
		if fits {
			n++
		}
	}
	return n
}

func refGlob(p, w []rune) bool {
	if len(p) == 0 {
		return len(w) == 0
	}
	if p[0] == '*' {
		return refGlob(p[1:], w) || len(w) > 0 && refGlob(p, w[1:])
	}
	return len(w) > 0 && (p[0] == '?' || p[0] == w[0]) && refGlob(p[1:], w[1:])
}

// refEdits fills the whole table of distances of beginnings.
func refEdits(a, b []rune) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
		for j := range table[i] {
			switch {
			case i == 0 || j == 0:
				table[i][j] = i + j
			case a[i-1] == b[j-1]:
				table[i][j] = table[i-1][j-1]
			default:
				table[i][j] = 1 + min(table[i-1][j-1], table[i-1][j], table[i][j-1])
			}
		}
	}
	return table[len(a)][len(b)]
}

func (r *reference) matches(d *refDoc, n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return !slices.ContainsFunc(n.Of, func(p query.Node) bool { return !r.matches(d, p) })
	case query.Or:
		return slices.ContainsFunc(n.Of, func(p query.Node) bool { return r.matches(d, p) })
	case query.Not:
		return !r.matches(d, n.Of)
	case query.All:
		return true
	case query.Range:
		t := d.doc.Date
		return !t.IsZero() && !t.Before(n.From) && (n.To.IsZero() || t.Before(n.To))
	}
	field, leaves := r.leaves(n)
	for _, l := range leaves {
		if !slices.ContainsFunc(scope(field), func(f int) bool { return slices.Max(append(l.tf(d, f), 0)) > 0 }) {
			return false
		}
	}
	return len(leaves) > 0
}

func (r *reference) scores(n query.Node, into map[*refDoc]float64) {
	switch n := n.(type) {
	case query.And:
		for _, p := range n.Of {
			r.scores(p, into)
		}
		return
	case query.Or:
		for _, p := range n.Of {
			r.scores(p, into)
		}
		return
	case query.Not, query.All, query.Range:
		return
	}
	field, leaves := r.leaves(n)
	for _, l := range leaves {
		for _, f := range scope(field) {
			idf, average := l.idf(f), r.average(f)
			for _, d := range r.docs {
				for _, tf := range l.tf(d, f) {
					if tf > 0 {
						length := float64(len(d.words[f]))
						into[d] += fieldWeights[f] * idf * (bm25K1 + 1) * tf / (tf + bm25K1*(1-bm25B+bm25B*length/average))
					}
				}
			}
		}
	}
}

// physical reads what stands in the segments, deleted or not: the reference's
// statistics are of that.
func physical(t *testing.T, x *Index, versions map[string]query.Document) *reference {
	t.Helper()
	snap, err := x.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.release()
	r := &reference{}
	for _, v := range snap.views {
		for doc := range v.docs {
			id, err := v.item(doc)
			if err != nil {
				t.Fatal(err)
			}
			d, ok := versions[id]
			if !ok {
				t.Fatalf("the index holds %q, which was never put", id)
			}
			rd := newRefDoc(d)
			rd.live = !v.deleted.Contains(doc)
			r.docs = append(r.docs, rd)
		}
	}
	return r
}

var roots = []string{"harbour", "contract", "dredge", "payment", "city", "council", "velmere", "quay", "minutes", "ledger",
	"wharf", "tender", "anchor", "cargo", "pilot", "n7", "x9y", "über", "łódź", "порт", "港", "口", "vertrag", "договор", "decision"}

var endings = []string{"", "", "", "s", "ed", "ing", "er", "ly", "e", "en", "ées"}

var russianEndings = []string{"", "а", "ов", "ами", "ый"}

func refWord(rng *rand.Rand) string {
	w := roots[int(float64(len(roots))*math.Pow(rng.Float64(), 2))]
	if inflects(w) {
		w += endings[rng.IntN(len(endings))]
	} else if isCyrillic(w) {
		w += russianEndings[rng.IntN(len(russianEndings))]
	}
	return w
}

func refText(rng *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = refWord(rng)
	}
	return strings.Join(words, []string{" ", ", ", "\f"}[rng.IntN(3)])
}

func refDocument(rng *rand.Rand, num uint32, version int) query.Document {
	d := query.Document{Num: num, Item: candor.ItemID(fmt.Sprintf("%d/%d", num, version)), Collection: "main",
		Name: refWord(rng) + ".txt", Text: refText(rng, 1+rng.IntN(30)), Condition: candor.Done, Type: "text/plain",
		Language: []string{"", "en", "de", "fr", "ru", "pl"}[rng.IntN(6)]}
	if rng.IntN(4) == 0 {
		for at := 0; at < len(d.Text); at += 1 + rng.IntN(60) {
			d.Tongues = append(d.Tongues, query.Tongue{At: at, Language: []string{"en", "de", "fr", "ru", "pl"}[rng.IntN(5)]})
		}
	}
	d.Path = refWord(rng) + "/" + d.Name
	if rng.IntN(3) == 0 {
		d.Title = refText(rng, 1+rng.IntN(4))
	}
	if rng.IntN(4) == 0 {
		d.People = []string{refText(rng, 2), refText(rng, 2)}
	}
	if rng.IntN(4) == 0 {
		d.Fields = []candor.Field{{Name: "a", Value: refText(rng, 2)}, {Name: "b", Value: refText(rng, 1)}}
	}
	if rng.IntN(3) > 0 {
		d.Date = time.Date(2020+rng.IntN(5), 1, 1+rng.IntN(300), 0, 0, 0, 0, time.UTC)
	}
	return d
}

func refNode(rng *rand.Rand, depth int) query.Node {
	field := []string{"", "", "", "text", "title", "people", "meta"}[rng.IntN(7)]
	w := query.Tokens(refWord(rng))[0].Text
	if depth == 0 || rng.IntN(2) == 0 {
		switch rng.IntN(10) {
		case 0:
			return query.Phrase{Field: field, Text: w + " " + refWord(rng)}
		case 1:
			return query.Phrase{Field: field, Text: refText(rng, 2+rng.IntN(2)), Slop: 1 + rng.IntN(5)}
		case 2:
			return query.Prefix{Field: field, Text: string([]rune(w)[:1+rng.IntN(len([]rune(w)))])}
		case 3:
			return query.Wildcard{Field: field, Pattern: []string{"*r*", "?arbour*", "con*s", "*y", "c?*", "??р*"}[rng.IntN(6)]}
		case 4:
			return query.Fuzzy{Field: field, Text: w, Edits: 1 + rng.IntN(2)}
		case 5:
			return query.Word{Field: field, Text: w, Exact: true}
		case 6:
			return query.Range{Field: "date", From: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)}
		}
		return query.Word{Field: field, Text: w}
	}
	var of []query.Node
	for range 2 + rng.IntN(3) {
		of = append(of, refNode(rng, depth-1))
	}
	if rng.IntN(5) < 3 {
		return query.Or{Of: of}
	}
	if rng.IntN(3) == 0 {
		of[len(of)-1] = query.Not{Of: of[len(of)-1]}
	}
	return query.And{Of: of}
}

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("CANDOR_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("CANDOR_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// TestScores compares every kind of query with the reference, on several
// segments with deleted documents, before and after merges.
func TestScores(t *testing.T) {
	rng := seeded(t)
	x := openTest(t, Config{Dir: t.TempDir()})
	x.merges.one.Lock() // no merge while several segments are looked at
	unlock := sync.OnceFunc(x.merges.one.Unlock)
	defer unlock()
	versions := map[string]query.Document{}
	docs, queries := 400, 40
	if testing.Short() {
		docs, queries = 200, 20
	}
	for round := range 3 {
		var batch []query.Document
		for range docs {
			d := refDocument(rng, uint32(rng.IntN(docs*5/2)), round)
			versions[string(d.Item)] = d
			batch = append(batch, d)
		}
		// The last of a number in a batch is the one that counts.
		for _, d := range batch {
			versions[string(d.Item)] = d
		}
		if err := x.Put(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if err := x.Delete(t.Context(), []uint32{uint32(rng.IntN(docs)), uint32(rng.IntN(docs))}); err != nil {
			t.Fatal(err)
		}
	}
	ref := physical(t, x, versions)
	for range queries {
		compareScores(t, x, ref, refNode(rng, 2))
	}
	compareScores(t, x, ref, manyWords(rng))
	unlock()
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	ref = physical(t, x, versions)
	for _, d := range ref.docs {
		if !d.live {
			t.Fatal("a deleted document is there after Compact")
		}
	}
	for range queries {
		compareScores(t, x, ref, refNode(rng, 2))
	}
}

// manyWords has more clauses than cursors are kept in order for.
func manyWords(rng *rand.Rand) query.Node {
	var of []query.Node
	for range manyCursors {
		of = append(of, query.Word{Text: query.Tokens(refWord(rng))[0].Text})
	}
	return query.Or{Of: of}
}

func compareScores(t *testing.T, x *Index, ref *reference, n query.Node) {
	t.Helper()
	scores := map[*refDoc]float64{}
	ref.scores(n, scores)
	type scoredNum struct {
		num   uint32
		score float64
	}
	var want []scoredNum
	for _, d := range ref.docs {
		if d.live && ref.matches(d, n) {
			want = append(want, scoredNum{d.doc.Num, scores[d]})
		}
	}
	slices.SortFunc(want, func(a, b scoredNum) int {
		if a.score > b.score || a.score == b.score && a.num < b.num {
			return -1
		}
		return 1
	})
	for _, limit := range []int{5, 10_000} {
		res, err := x.Search(context.Background(), query.Request{Query: n, Limit: limit})
		if err != nil {
			t.Fatalf("%s: %v", query.String(n), err)
		}
		if res.Total != int64(len(want)) || len(res.Hits) != min(limit, len(want)) {
			t.Fatalf("%s: %d found, %d hits; want %d", query.String(n), res.Total, len(res.Hits), len(want))
		}
		by := map[uint32]float64{}
		for _, w := range want {
			by[w.num] = w.score
		}
		for i, h := range res.Hits {
			if math.Abs(h.Score-want[i].score) > 1e-5*(1+want[i].score) || math.Abs(h.Score-by[h.Num]) > 1e-5*(1+h.Score) {
				t.Fatalf("%s: hit %d is %d with %v; the reference has %d with %v there, and %v for the hit",
					query.String(n), i, h.Num, h.Score, want[i].num, want[i].score, by[h.Num])
			}
			if why, err := x.Explain(context.Background(), query.Request{Query: n}, h.Num); err != nil || why.Score != h.Score {
				t.Fatalf("%s: hit %d has %v, explained as %+v, %v", query.String(n), i, h.Score, why, err)
			}
		}
	}
}

func openTest(t testing.TB, cfg Config) *Index {
	t.Helper()
	if cfg.Key == nil {
		cfg.Key = make([]byte, 32)
	}
	x, err := Open(t.Context(), cfg)
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
