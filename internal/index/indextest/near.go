package indextest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"candor"
	"candor/internal/query"
)

const space = "test space"

// towards returns a vector of length 1 of 64 numbers that leans to some axes.
func towards(weights ...float32) []float32 {
	v := make([]float32, 64)
	copy(v, weights)
	return unit(v)
}

func unit(v []float32) []float32 {
	sum := 0.0
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// placed is the sample, with passages about ships (axis 0), streets (1) and meals (2).
func placed() []query.Document {
	docs := sample()
	place := func(i int, page string, at []float32) {
		d := &docs[i]
		d.Meaning.Model = space
		d.Meaning.Passages = append(d.Meaning.Passages, query.Passage{Start: len(d.Text) - len(page), End: len(d.Text), Vector: at})
	}
	place(0, docs[0].Text, towards(0.2, 0.1, 0.1))
	place(0, "Page three names Rosa Osei.", towards(0.9, 0, 0.1))
	place(1, docs[1].Text, towards(0.5, 0, 0.5))
	place(2, docs[2].Text, towards(0, 1, 0))
	place(4, docs[4].Text, towards(0.8, 0.3, 0))
	return docs
}

func testNear(t *testing.T, x Index) {
	put(t, x, placed())
	near := &query.Near{Model: space, Vector: towards(1), Most: 3, Least: -1}
	res := search(t, x, query.Request{Near: near, Limit: 10, Snippets: true, Facets: []string{query.FacetLanguage}})
	if got := order(res.Hits); !slices.Equal(got, []uint32{1, 5, 2}) || res.Total != 3 || res.Next != nil {
		t.Fatalf("nearest are %v of %d, want 1, 5 and 2", got, res.Total)
	}
	if s := res.Hits[0].Snippets; len(s) != 1 || s[0].Text != "Page three names Rosa Osei." || s[0].Page != 3 {
		t.Errorf("the nearest passage is not what is shown: %+v", s)
	}
	if got, want := res.Facets[query.FacetLanguage], []query.Count{{Value: "en", Count: 2}, {Value: "zh", Count: 1}}; !slices.Equal(got, want) {
		t.Errorf("facets %v, want %v", got, want)
	}
	narrow := func(r query.Request, want ...uint32) {
		t.Helper()
		r.Limit = 10
		if got := order(search(t, x, r).Hits); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
	}
	narrow(query.Request{Near: near, Filters: []query.Filter{{Field: query.FacetLanguage, Values: []string{"de", "zh"}}}}, 5, 3)
	open := []query.Filter{{Field: query.FacetLanguage, Values: []string{"de", "zh"}, Open: true}}
	res = search(t, x, query.Request{Near: near, Filters: open, Facets: []string{query.FacetLanguage}})
	if got, want := res.Facets[query.FacetLanguage], []query.Count{{Value: "de", Count: 1}, {Value: "zh", Count: 1}}; !slices.Equal(got, want) {
		t.Errorf("with an open filter, facets of what is near are %v, want %v", got, want)
	}
	narrow(query.Request{Near: &query.Near{Model: space, Vector: towards(1), Within: parse(t, "contract")}}, 1, 2)
	narrow(query.Request{Near: &query.Near{Model: space, Vector: towards(1), Least: 0.8}}, 1, 5)
	narrow(query.Request{Near: &query.Near{Model: "another", Vector: towards(1)}})
	for model, want := range map[string][2]string{space: {"{1,2,3,5}", "{}"}, "another": {"{}", "{1,2,3,5}"}} {
		if by, others, err := x.Placed(t.Context(), model); err != nil || by.String() != want[0] || others.String() != want[1] {
			t.Errorf("%s placed %v, others %v, %v; want %v", model, by, others, err, want)
		}
	}
	for model, want := range map[string]bool{space: false, "another": true} {
		if res := search(t, x, query.Request{Near: &query.Near{Model: model, Vector: towards(1)}}); res.Elsewhere != want {
			t.Errorf("looking by %s, texts are placed elsewhere: %v, want %v", model, res.Elsewhere, want)
		}
		if res := search(t, x, query.Request{Near: &query.Near{Model: model, Like: new(uint32(5)), Least: -1}}); res.Elsewhere != want {
			t.Errorf("looking by %s for more like an item, texts are placed elsewhere: %v, want %v", model, res.Elsewhere, want)
		}
	}
	narrow(query.Request{Near: near, Sort: query.ByDateUp}, 5, 2, 1)
	like := func(num uint32) *query.Near { return &query.Near{Model: space, Like: &num, Most: 2, Least: -1} }
	narrow(query.Request{Near: like(5)}, 1, 2)
	narrow(query.Request{Near: like(3)}, 1, 5)
	for _, num := range []uint32{4, 99} { // without passages, and not there
		if _, err := x.Search(t.Context(), query.Request{Near: like(num), Limit: 1}); candor.CodeOf(err) != candor.NotFound {
			t.Errorf("like %d: %v, want not found", num, err)
		}
	}
	fused := func(most int) *query.Near {
		return &query.Near{Model: space, Vector: towards(1), Most: most, Fused: true}
	}
	narrow(query.Request{Query: parse(t, "straßenbau"), Near: fused(1)}, 3, 1)
	narrow(query.Request{Query: parse(t, "contract"), Near: fused(2)}, 1, 5, 2)
	narrow(query.Request{Query: parse(t, "подпись"), Near: &query.Near{Model: "another", Vector: towards(1), Fused: true}}, 4)
	if err := x.Delete(t.Context(), []uint32{1}); err != nil {
		t.Fatal(err)
	}
	narrow(query.Request{Near: near}, 5, 2, 3)
	for name, bad := range map[string]*query.Near{
		"no model": {Vector: towards(1)}, "odd vector": {Model: space, Vector: []float32{1}}, "no vector": {Model: space},
		"too many": {Model: space, Vector: towards(1), Most: 1 << 20},
	} {
		if _, err := x.Search(t.Context(), query.Request{Near: bad, Limit: 1}); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	mixed := placed()[:3]
	mixed[2].Meaning.Model = "another"
	outside := placed()[:1]
	outside[0].Meaning.Passages[0].End++
	for name, docs := range map[string][]query.Document{"two models": mixed, "a passage outside": outside} {
		if err := x.Put(t.Context(), docs); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// testNearIsRight compares what is nearest with every vector looked at, through
// additions, replacements and deletions, and page by page.
func testNearIsRight(t *testing.T, x Index) {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func() []float32 {
		v := make([]float32, 128)
		for i := range v {
			v[i] = float32(rnd.NormFloat64())
		}
		return unit(v)
	}
	held := map[uint32][][]float32{}
	for round := range 6 {
		var docs []query.Document
		for range 150 {
			num := rnd.Uint32N(400)
			d := query.Document{Num: num, Item: candor.ItemID(fmt.Sprintf("item%022d", num)), Collection: "main", Text: "abcdef", Condition: candor.Done}
			d.Meaning.Model = space
			held[num] = nil
			for i := range rnd.IntN(4) {
				v := random()
				held[num] = append(held[num], v)
				d.Meaning.Passages = append(d.Meaning.Passages, query.Passage{Start: i, End: i + 1, Vector: v})
			}
			docs = append(docs, d)
		}
		put(t, x, docs)
		gone := []uint32{rnd.Uint32N(400), rnd.Uint32N(400)}
		if err := x.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		delete(held, gone[0])
		delete(held, gone[1])
		compareNear(t, x, fmt.Sprintf("round %d", round), random(), held)
	}
}

func compareNear(t *testing.T, x Index, name string, q []float32, held map[uint32][][]float32) {
	t.Helper()
	want := map[uint32]float64{}
	for num, vectors := range held {
		for _, v := range vectors {
			sum := 0.0
			for i := range v {
				sum += float64(v[i]) * float64(q[i])
			}
			if old, ok := want[num]; !ok || sum > old {
				want[num] = sum
			}
		}
	}
	last, seen := 2.0, map[uint32]bool{}
	r := query.Request{Near: &query.Near{Model: space, Vector: q, Most: 1000, Least: -1}, Limit: 64}
	for more := true; more; more = r.After != nil {
		res := search(t, x, r)
		if int(res.Total) != len(want) {
			t.Fatalf("%s: total %d, want %d", name, res.Total, len(want))
		}
		for _, h := range res.Hits {
			like, ok := want[h.Num]
			if !ok || math.Abs(h.Score-like) > 0.01 {
				t.Fatalf("%s: document %d has likeness %.3f, want %.3f (held: %v)", name, h.Num, h.Score, like, ok)
			}
			if h.Score > last || seen[h.Num] {
				t.Fatalf("%s: document %d comes too late", name, h.Num)
			}
			last, seen[h.Num] = h.Score, true
		}
		r.After = res.Next
	}
	if len(seen) != len(want) {
		t.Fatalf("%s: %d of %d seen", name, len(seen), len(want))
	}
}
