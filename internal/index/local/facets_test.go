package local

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"candor/internal/query"
)

// TestTopValuesAcrossSegments compares the most frequent values, of which only
// candidates are added up, with counting every value of every segment.
func TestTopValuesAcrossSegments(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		kinds := 1 + rng.IntN(400)
		skew := rng.Float64() * 3
		truth := map[string]int64{}
		var tallies []tally
		for range 1 + rng.IntN(7) {
			column, docs := randomColumn(t, rng, kinds, skew)
			found, oneIn := &set{}, []int{1, 2, 100}[rng.IntN(3)]
			for d := range uint32(docs) {
				if rng.IntN(oneIn) == 0 {
					found.docs = append(found.docs, d)
					for _, v := range column.strings(d) {
						truth[v]++
					}
				}
			}
			if oneIn < 100 {
				found = denseOf(found.docs, docs)
			}
			if tl := column.tally(found); tl.some() {
				tallies = append(tallies, tl)
			}
		}
		for _, most := range []int{1, 3, 20, 1000} {
			if got, want := topValues(tallies, most), bruteTop(truth, most); !slices.Equal(got, want) {
				t.Fatalf("round %d, the first %d of %d in %d segments: got %v, want %v", round, most, len(truth), len(tallies), got, want)
			}
		}
		if got := different(tallies); got != int64(len(truth)) {
			t.Fatalf("round %d: %d different values, want %d", round, got, len(truth))
		}
	}
}

// randomColumn makes a column in which low numbers are frequent, and which some
// documents have none, one, or several values of.
func randomColumn(t *testing.T, rng *rand.Rand, kinds int, skew float64) (*keywords, int) {
	b := newKeywordBuilder()
	docs, most, empty := 1+rng.IntN(500), 1+rng.IntN(3), rng.IntN(10)
	for range docs {
		var values []string
		if rng.IntN(10) >= empty {
			for range 1 + rng.IntN(most) {
				n := int(float64(kinds) * math.Pow(rng.Float64(), 1+skew))
				values = append(values, strings.Repeat("x", n%3*100)+fmt.Sprint(n))
			}
		}
		b.add(values)
	}
	column, err := readKeywords(b.encode(nil), uint32(docs))
	if err != nil {
		t.Fatal(err)
	}
	return column, docs
}

func denseOf(docs []uint32, of int) *set {
	s := &set{bits: make([]uint64, wordsFor(uint32(of)))}
	for _, d := range docs {
		s.bits[d/64] |= 1 << (d % 64)
	}
	return s
}

func bruteTop(truth map[string]int64, most int) []query.Count {
	all := []query.Count{}
	for v, n := range truth {
		all = append(all, query.Count{Value: v, Count: n})
	}
	slices.SortFunc(all, func(a, b query.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return all[:min(most, len(all))]
}
