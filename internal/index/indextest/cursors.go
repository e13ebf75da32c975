package indextest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/query"
)

// spread puts documents in several calls, each with numbers from all over, and
// deletes some, so that a result is gathered from places that overlap.
func spread(t *testing.T, x Index, docs []query.Document, puts int) {
	t.Helper()
	for p := range puts {
		var part []query.Document
		for i := p; i < len(docs); i += puts {
			part = append(part, docs[i])
		}
		put(t, x, part)
	}
	var gone []uint32
	for i := 0; i < len(docs); i += 11 {
		gone = append(gone, docs[i].Num)
	}
	if err := x.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
}

// walked pages through a result by cursors.
func walked(t *testing.T, x Index, r query.Request) (out []query.Hit) {
	t.Helper()
	for page := 0; ; page++ {
		res := search(t, x, r)
		if int(res.Before) != len(out) {
			t.Fatalf("page %d begins behind %d results, and %d were shown", page, res.Before, len(out))
		}
		out = append(out, res.Hits...)
		if res.Next == nil {
			if int64(len(out)) != res.Total {
				t.Fatalf("the last page ends at %d of %d", len(out), res.Total)
			}
			return out
		}
		next, err := query.ParseCursor(res.Next.String())
		if err != nil || len(res.Hits) == 0 {
			t.Fatalf("%d hits, and more: %v", len(res.Hits), err)
		}
		r.After = &next
	}
}

func testCursors(t *testing.T, x Index) {
	docs := many(2500)
	spread(t, x, docs, 5)
	for _, q := range []string{
		"*", "alpak", "alpak OR bortun", "alpak bortun", "alp*", "alpak OR language:en", "language:en OR language:de", `"alpak bortun"`,
		"alpak OR -bortun", strings.Join(vocabulary, " OR "), "alpak~1 OR bortun",
	} {
		node := parse(t, q)
		for _, sort := range []query.Sort{query.ByRelevance, query.ByDateDown, query.ByDateUp} {
			r := query.Request{Query: node, Limit: 5000, Sort: sort}
			whole := search(t, x, r)
			if int64(len(whole.Hits)) != whole.Total || whole.Next != nil {
				t.Fatalf("%s by %s: %d hits of %d, next %v", q, sort, len(whole.Hits), whole.Total, whole.Next)
			}
			for _, r.Limit = range []int{40, 1999} {
				if got := walked(t, x, r); !slices.Equal(order(got), order(whole.Hits)) {
					t.Errorf("%s by %s: pages of %d by cursor are not the whole", q, sort, r.Limit)
				}
				for _, r.Offset = range []int{len(whole.Hits) / 2, len(whole.Hits) * 7 / 10, len(whole.Hits) * 9 / 10} {
					res := search(t, x, r)
					if !slices.Equal(order(res.Hits), order(whole.Hits[r.Offset:min(len(whole.Hits), r.Offset+r.Limit)])) {
						t.Errorf("%s by %s: a page of %d at %d is not what stands there in the whole", q, sort, r.Limit, r.Offset)
					}
				}
				r.Offset = 0
			}
		}
	}
}

// testCursorsWhileAdding: by date, a walk shows everything that was there from
// its beginning to its end exactly once, whatever comes and goes meanwhile.
func testCursorsWhileAdding(t *testing.T, x Index) {
	docs := many(600)
	put(t, x, docs)
	added := many(120)
	r := query.Request{Query: parse(t, "*"), Limit: 20, Sort: query.ByDateDown}
	seen := map[uint32]int{}
	for page := 0; ; page++ {
		res := search(t, x, r)
		for _, h := range res.Hits {
			seen[h.Num]++
		}
		if res.Next == nil {
			break
		}
		r.After = res.Next
		if page < 12 {
			batch := added[10*page : 10*page+10]
			for i := range batch {
				batch[i].Num += 10_000
				batch[i].Date = time.Date(2019+page%8, 1, 1+i, 0, 0, 0, 0, time.UTC)
			}
			put(t, x, batch)
			if err := x.Delete(t.Context(), []uint32{batch[0].Num}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range docs {
		if seen[d.Num] != 1 {
			t.Errorf("item %d was shown %d times", d.Num, seen[d.Num])
		}
	}
	for num, n := range seen {
		if n > 1 {
			t.Errorf("item %d was shown %d times", num, n)
		}
	}
}

func testCursorAndOffset(t *testing.T, x Index) {
	_, err := x.Search(t.Context(), query.Request{Query: query.All{}, Limit: 1, Offset: 1, After: &query.Cursor{}})
	if candor.CodeOf(err) != candor.Invalid {
		t.Errorf("an offset and a cursor: %v", err)
	}
}
