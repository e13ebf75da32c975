package indextest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"candor/internal/query"
)

// related gives documents prints of which many belong together.
func related(docs []query.Document) []query.Document {
	rng := rand.New(rand.NewPCG(11, 13))
	var prints [12]uint64
	for i := range prints {
		prints[i] = rng.Uint64() | 1
	}
	for i := range docs {
		k := &docs[i].Kin
		switch rng.IntN(4) {
		case 0:
			k.Text = prints[rng.IntN(len(prints))] ^ 1<<rng.IntN(64)
		case 1:
			k.Picture = [4]uint64{prints[rng.IntN(len(prints))], prints[0], prints[1], prints[2] ^ rng.Uint64()>>56}
		}
		if rng.IntN(2) == 0 {
			k.Thread = prints[rng.IntN(len(prints))]
		}
		if rng.IntN(3) == 0 {
			k.Family = prints[rng.IntN(len(prints))]
		}
	}
	return docs
}

// folded is what a fold leaves of a result, by hand: the best of those that
// belong together, with how many others of the result belong to each.
func folded(all []query.Hit, kin map[uint32]query.Kin, fold string) (out []query.Hit) {
	for _, h := range all {
		if !slices.ContainsFunc(out, func(k query.Hit) bool { return kin[k.Num].Same(kin[h.Num], fold) }) {
			h.Kin = kin[h.Num]
			for _, other := range all {
				if other.Num != h.Num && h.Kin.Same(kin[other.Num], fold) {
					h.Folded++
				}
			}
			out = append(out, h)
		}
	}
	return out
}

func testFolds(t *testing.T, x Index) {
	docs := related(many(600))
	put(t, x, docs[:200])
	put(t, x, docs[200:]) // several segments
	kin := map[uint32]query.Kin{}
	for _, d := range docs {
		kin[d.Num] = d.Kin
	}
	for _, text := range []string{"alpak", "alpak OR bortun", "*"} {
		for _, sort := range []query.Sort{query.ByRelevance, query.ByDateDown} {
			all := search(t, x, query.Request{Query: parse(t, text), Limit: 1000, Sort: sort})
			for _, fold := range query.Folds() {
				want := folded(all.Hits, kin, fold)
				name := fmt.Sprintf("%s by %s, folded by %s", text, sort, fold)
				var got []query.Hit
				for more := true; more; {
					page := search(t, x, query.Request{Query: parse(t, text), Offset: len(got), Limit: 7, Sort: sort, Fold: fold, Facets: []string{query.FacetType}})
					if page.Total != all.Total || page.Before != int64(len(got)) || page.Next != nil || len(page.Facets[query.FacetType]) == 0 {
						t.Fatalf("%s: total %d, before %d, next %v", name, page.Total, page.Before, page.Next)
					}
					got, more = append(got, page.Hits...), page.More
				}
				if len(got) != len(want) {
					t.Fatalf("%s: %d are left, want %d", name, len(got), len(want))
				}
				for i := range got {
					if got[i].Num != want[i].Num || got[i].Kin != want[i].Kin || got[i].Folded != want[i].Folded {
						t.Fatalf("%s: number %d is %d with %d folded, want %d with %d", name, i, got[i].Num, got[i].Folded, want[i].Num, want[i].Folded)
					}
				}
				testFoldFilter(t, x, docs, want[0], fold)
			}
		}
	}
	if _, err := x.Search(t.Context(), query.Request{Query: query.All{}, Limit: 5, Fold: "mood"}); err == nil {
		t.Error("folded by a way that is none")
	}
	if _, err := x.Search(t.Context(), query.Request{Query: query.All{}, Limit: 5, Fold: query.FoldThread, After: &query.Cursor{}}); err == nil {
		t.Error("folded results went on from a place")
	}
}

// testFoldFilter: what belongs to a hit is found by its key.
func testFoldFilter(t *testing.T, x Index, docs []query.Document, h query.Hit, fold string) {
	t.Helper()
	key := h.Kin.Key(fold)
	if key == "" {
		return
	}
	to, err := query.ParseKin(fold, key)
	if err != nil {
		t.Fatal(err)
	}
	var want []uint32
	for _, d := range docs {
		if to.Same(d.Kin, fold) {
			want = append(want, d.Num)
		}
	}
	got := nums(search(t, x, query.Request{Query: query.All{}, Limit: 1000, Filters: []query.Filter{{Field: fold, Values: []string{key}}}}))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s %s finds %v, want %v", fold, key, got, want)
	}
	if _, err := x.Search(t.Context(), query.Request{Query: query.All{}, Filters: []query.Filter{{Field: fold, Values: []string{"xyz"}}}}); err == nil {
		t.Errorf("a filter %s by what is no key", fold)
	}
}
