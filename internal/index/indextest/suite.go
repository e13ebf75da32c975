// Package indextest is the conformance suite of the Index port: every adapter
// under internal/index runs it, and what it holds is what the archive relies on.
package indextest

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/internal/query"
)

// Index is the port as the suite sees it; archive.Index has the same methods.
type Index interface {
	Put(ctx context.Context, docs []query.Document) error
	Delete(ctx context.Context, nums []uint32) error
	Search(ctx context.Context, r query.Request) (query.Result, error)
	Placed(ctx context.Context, model string) (by, others *roaring.Bitmap, err error)
	Held(ctx context.Context) (*roaring.Bitmap, error)
	Wipe(ctx context.Context) error
	Rekey(ctx context.Context, key []byte, progress func(done, total int64)) error
}

// Suite runs every test of the port. open returns an empty index that is
// closed when its test ends.
func Suite(t *testing.T, open func(t *testing.T) Index) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Index)
	}{
		{"Queries", testQueries},
		{"Languages", testLanguages},
		{"Filters", testFilters},
		{"Facets", testFacets},
		{"Areas", testAreas},
		{"Folds", testFolds},
		{"OpenFilters", testOpenFilters},
		{"Paging", testPaging},
		{"Cursors", testCursors},
		{"CursorsWhileAdding", testCursorsWhileAdding},
		{"CursorAndOffset", testCursorAndOffset},
		{"Order", testOrder},
		{"ReplaceAndDelete", testReplaceAndDelete},
		{"Snippets", testSnippets},
		{"SnippetsAreRight", testSnippetsAreRight},
		{"Quotations", testQuotations},
		{"Near", testNear},
		{"NearIsRight", testNearIsRight},
		{"Rekey", testRekey},
		{"BadRequests", testBadRequests},
		{"Cancelled", testCancelled},
		{"Model", testModel},
		{"Concurrent", testConcurrent},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 12, 0, 0, 0, time.UTC) }

// sample is a small archive in several scripts.
func sample() []query.Document {
	docs := []query.Document{
		{Num: 1, Name: "harbour-contract.pdf", Path: "port/2026/harbour-contract.pdf", Title: "Harbour dredging contract",
			Text: "The city of Port Velmere contracts the dredging of the inner harbour.\fPage two: payment in four parts.\fPage three names Rosa Osei.",
			Type: "application/pdf", Language: "en", People: []string{"Rosa Osei", "Ana Lund"}, Date: day(2026, 1, 15)},
		{Num: 2, Name: "minutes.txt", Path: "council/minutes.txt", Title: "Minutes of the council",
			Text: "The council discussed a contract. Much later, after lunch and a long walk along the quay, dredging came up.",
			Type: "text/plain", Language: "en", People: []string{"Ana Lund"}, Date: day(2025, 12, 31)},
		{Num: 3, Name: "brief.eml", Path: "mail/brief.eml", Title: "Straßenbau in Łódź",
			Text: "Über den Straßenbau und die Überführung. Naïve café.", Type: "message/rfc822", Language: "de",
			People: []string{"Jörg Öztürk"}, Date: day(2026, 3, 31), Condition: candor.Partial},
		{Num: 4, Name: "договор.txt", Path: "ru/договор.txt", Text: "Договор о порте. Подпись.", Type: "text/plain", Language: "ru"},
		{Num: 5, Name: "港口.txt", Path: "zh/港口.txt", Text: "港口合同已经签署。城市", Type: "text/plain", Language: "zh", Date: day(2024, 2, 29)},
		{Num: 6, Name: "photo.jpg", Path: "photos/photo.jpg", Type: "image/jpeg", Date: day(2026, 1, 2),
			Fields: []candor.Field{{Name: "iptc:City", Value: "Port Velmere"}, {Name: "iptc:Credit", Value: "Harbour Office"}, {Name: candor.PositionField, Value: "52.52000,-0.01000"}}},
		{Num: 70000, Name: "empty.bin", Path: "empty.bin", Type: "application/octet-stream", Condition: candor.Unsupported, Collection: "other"},
	}
	docs[0].Named = query.Named{Emails: []string{"a@example.org", "b@example.org"}, Phones: []string{"+4930901820"}}
	docs[2].Translation = "About building the roads, and the handover of the Waldstrasse. A naive tavern."
	docs[1].Named = query.Named{People: []string{"Ana Lund", "Rosa Osei"}, Places: []string{"Port Velmere"}, Organisations: []string{"Port Velmere Council"}}
	docs[3].Named = query.Named{Emails: []string{"a@example.org"}, IBANs: []string{"DE89370400440532013000"},
		Dates: []string{"2026-03", "2026-03-14"}, Money: []string{"EUR 1200.5"}, URLs: []string{"https://example.org/a"}, Identifiers: []string{"isin:US0378331005"}}
	for i := range docs {
		d := &docs[i]
		d.Item = candor.ItemID(fmt.Sprintf("item%022d", d.Num))
		d.Added = day(2026, 6, 1+i)
		if d.Collection == "" {
			d.Collection = "main"
		}
		if d.Condition == "" {
			d.Condition = candor.Done
		}
	}
	return docs
}

func put(t *testing.T, x Index, docs []query.Document) {
	t.Helper()
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

func parse(t *testing.T, s string) query.Node {
	t.Helper()
	n, err := query.Parse(s, query.Options{})
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

func search(t *testing.T, x Index, r query.Request) query.Result {
	t.Helper()
	res, err := x.Search(t.Context(), r)
	if err != nil {
		t.Fatalf("searching %q: %v", query.String(r.Query), err)
	}
	return res
}

// nums returns the numbers found, in ascending order.
func nums(res query.Result) []uint32 {
	out := []uint32{}
	for _, h := range res.Hits {
		out = append(out, h.Num)
	}
	slices.Sort(out)
	return out
}

func testQueries(t *testing.T, x Index) {
	put(t, x, sample())
	for q, want := range map[string][]uint32{
		"dredging":                        {1, 2},
		"DREDGED":                         {1, 2}, // inflections are found
		"=dredging":                       {1, 2},
		"=dredged":                        {},
		"=contract":                       {1, 2}, // 1: in its title
		"text:=contract":                  {2},
		"text:contract":                   {1, 2},
		"harbour":                         {1, 6},
		"harbour dredging":                {1},
		"harbour OR council":              {1, 2, 6},
		"contract -council":               {1},
		"-contract":                       {3, 4, 5, 6, 70000},
		"*":                               {1, 2, 3, 4, 5, 6, 70000},
		"* -*":                            {},
		`"inner harbour"`:                 {1},
		`"harbour inner"`:                 {},
		`"harbour page"`:                  {1}, // across a page break
		"contract NEAR/3 dredging":        {1},
		"dredging NEAR/1 contract":        {1},
		"text:(contract NEAR/3 dredging)": {1},
		"text:(dredging NEAR/1 contract)": {},
		"contract NEAR/50 dredging":       {1, 2},
		"contract NEAR/5 contract":        {},
		"dredg*":                          {1, 2},
		"contr*":                          {1, 2},
		"contracts*":                      {1}, // patterns look at words as they stand
		"h?rb*r":                          {1, 6},
		"?arbour":                         {1, 6},
		"velm":                            {},
		"velmer~":                         {1, 6},
		"welmer~2":                        {1, 6},
		"welmer~1":                        {},
		"title:contract":                  {1},
		"title:*":                         {1, 2, 3},
		"text:harbour":                    {1},
		"name:harbour":                    {1},
		"path:council":                    {2},
		`people:"rosa osei"`:              {1},
		"people:lund":                     {1, 2},
		`people:"osei ana"`:               {}, // not from one value into the next
		"people:oztürk":                   {3},
		`meta:"port velmere"`:             {6},
		`meta:"velmere harbour"`:          {},
		"type:application/pdf":            {1},
		"type:pdf":                        {1},
		"type:text":                       {2, 4, 5},
		"type:image/*":                    {6},
		"language:DE":                     {3},
		"collection:other":                {70000},
		"condition:partial":               {3},
		"date:2026":                       {1, 3, 6},
		"date:2026-01":                    {1, 6},
		"date:..2025":                     {2, 5},
		"date:>2026-01-14":                {1, 3},
		"date:2025-12-31":                 {2},
		"date:2025-12-30":                 {},
		"added:2026-06-01":                {1},
		"strasse*":                        {3},
		"Straßenbau":                      {3},
		"strassenbau":                     {3},
		"LODZ":                            {3},
		"uberführung":                     {3},
		"cafe":                            {3},
		"договор":                         {4},
		"ПОДПИСЬ":                         {4},
		"港口":                              {5},
		"合同":                              {5},
		"同合":                              {},
		"harbour-contract.pdf":            {1},
		"nothingofthekind":                {},
		"(harbour OR minutes) -photo":     {1, 2},
		"contract date:2025":              {2},
	} {
		r := query.Request{Query: parse(t, q), Limit: 100, Snippets: true}
		res := search(t, x, r)
		if got := nums(res); !slices.Equal(got, want) || res.Total != int64(len(want)) {
			t.Errorf("%s finds %v (total %d), want %v", q, got, res.Total, want)
		}
		r.Sort, r.Snippets = query.ByDateUp, false
		if got := nums(search(t, x, r)); !slices.Equal(got, want) {
			t.Errorf("%s by date finds %v, want %v", q, got, want)
		}
		for _, h := range res.Hits {
			if h.Item != candor.ItemID(fmt.Sprintf("item%022d", h.Num)) {
				t.Errorf("hit %d is item %s", h.Num, h.Item)
			}
		}
	}
}

func testFilters(t *testing.T, x Index) {
	put(t, x, sample())
	for _, c := range []struct {
		name string
		r    query.Request
		want []uint32
	}{
		{"or within", query.Request{Filters: []query.Filter{{Field: "type", Values: []string{"text/plain", "image/jpeg"}}}}, []uint32{2, 4, 5, 6}},
		{"and across", query.Request{Filters: []query.Filter{{Field: "type", Values: []string{"text/plain"}}, {Field: "language", Values: []string{"ru", "zh"}}}}, []uint32{4, 5}},
		{"people", query.Request{Filters: []query.Filter{{Field: "people", Values: []string{"Ana Lund"}}}}, []uint32{1, 2}},
		{"exact", query.Request{Filters: []query.Filter{{Field: "people", Values: []string{"Ana"}}}}, []uint32{}},
		{"year", query.Request{Filters: []query.Filter{{Field: "year", Values: []string{"2026"}}}}, []uint32{1, 3, 6}},
		{"collection", query.Request{Filters: []query.Filter{{Field: "collection", Values: []string{"other"}}}}, []uint32{70000}},
		{"condition", query.Request{Filters: []query.Filter{{Field: "condition", Values: []string{"done"}}}}, []uint32{1, 2, 4, 5, 6}},
		{"name", query.Request{Filters: []query.Filter{{Field: "name", Values: []string{"minutes.txt"}}}}, []uint32{2}},
		{"path", query.Request{Filters: []query.Filter{{Field: "path", Values: []string{"zh/港口.txt"}}}}, []uint32{5}},
		{"none", query.Request{Filters: []query.Filter{{Field: "path"}}}, []uint32{}},
		{"from", query.Request{From: day(2026, 1, 2)}, []uint32{1, 3, 6}},
		{"to is exclusive", query.Request{To: day(2026, 1, 2)}, []uint32{2, 5}},
		{"both", query.Request{From: day(2025, 1, 1), To: day(2026, 1, 3)}, []uint32{2, 6}},
		{"added from then on", query.Request{Added: day(2026, 6, 6)}, []uint32{6, 70000}},
	} {
		c.r.Query, c.r.Limit = query.All{}, 100
		if got := nums(search(t, x, c.r)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	plain := search(t, x, query.Request{Query: parse(t, "dredging"), Limit: 10})
	narrowed := search(t, x, query.Request{Query: parse(t, "dredging"), Limit: 10,
		Filters: []query.Filter{{Field: "collection", Values: []string{"main"}}}})
	if !reflect.DeepEqual(nums(plain), nums(narrowed)) || plain.Hits[0].Num != narrowed.Hits[0].Num {
		t.Errorf("a filter that all pass changes the order: %v, %v", plain.Hits, narrowed.Hits)
	}
}

func testAreas(t *testing.T, x Index) {
	put(t, x, sample())
	for area, want := range map[string][]uint32{"52,-1": {6}, "52.5,-0.1": {6}, "52,0": {}} {
		res := search(t, x, query.Request{Query: query.All{}, Limit: 10, Filters: []query.Filter{{Field: query.FacetAreas, Values: []string{area}}}})
		if got := nums(res); !slices.Equal(got, want) {
			t.Errorf("in %s: %v, want %v", area, got, want)
		}
	}
}

func testFacets(t *testing.T, x Index) {
	docs := many(300)
	put(t, x, docs)
	fields := query.Facets()
	for _, limit := range []int{0, 1} {
		res := search(t, x, query.Request{Query: parse(t, "alpak"), Limit: limit, Facets: fields, FacetTop: 1000, Distinct: query.FacetPersons})
		if want := len(countByHand(docs, query.FacetPersons)); res.Distinct != int64(want) {
			t.Errorf("%d different persons, want %d", res.Distinct, want)
		}
		for _, f := range fields {
			if want := countByHand(docs, f); !reflect.DeepEqual(res.Facets[f], want) {
				t.Errorf("facet %s is %v, want %v", f, res.Facets[f], want)
			}
		}
		if res.Total != total(docs) || len(res.Hits) != min(limit, len(docs)) {
			t.Errorf("total %d with %d hits, want %d", res.Total, len(res.Hits), total(docs))
		}
	}
	res := search(t, x, query.Request{Query: parse(t, "alpak"), Distinct: query.FacetPersons, Limit: 1,
		Filters: []query.Filter{{Field: query.FacetPersons, Values: []string{"Rosa Osei"}, Open: true}, {Field: query.FacetType, Values: []string{"text/plain"}}}})
	beside := countByHand(slices.DeleteFunc(slices.Clone(docs), func(d query.Document) bool {
		return d.Type != "text/plain" || !slices.Contains(d.Named.People, "Rosa Osei")
	}), query.FacetPersons)
	if res.Distinct != int64(len(beside)) || len(res.Facets) > 0 {
		t.Errorf("%d different persons beside one, want %v; facets %v", res.Distinct, beside, res.Facets)
	}
	res = search(t, x, query.Request{Query: parse(t, "alpak"), Facets: fields, FacetTop: 2})
	if want := countByHand(docs, "people")[:2]; !reflect.DeepEqual(res.Facets["people"], want) {
		t.Errorf("top two people are %v, want %v", res.Facets["people"], want)
	}
}

// testOpenFilters: the facet of a filter that is open counts what else could be
// chosen, within every other filter, also another one on the same field.
func testOpenFilters(t *testing.T, x Index) {
	docs := many(300)
	put(t, x, docs)
	by := func(field string, open bool, values ...string) query.Filter {
		return query.Filter{Field: field, Values: values, Open: open}
	}
	bound := by("collection", false, "main", "mail")
	for name, c := range map[string]struct{ filters, collection, people, other []query.Filter }{
		"one": {[]query.Filter{bound, by("people", true, "Ana Lund")},
			[]query.Filter{bound, by("people", true, "Ana Lund")}, []query.Filter{bound}, []query.Filter{bound, by("people", true, "Ana Lund")}},
		"two": {[]query.Filter{bound, by("people", true, "Ana Lund"), by("collection", true, "main")},
			[]query.Filter{bound, by("people", true, "Ana Lund")}, []query.Filter{bound, by("collection", true, "main")},
			[]query.Filter{bound, by("people", true, "Ana Lund"), by("collection", true, "main")}},
		"none fits": {[]query.Filter{bound, by("people", true, "Nobody Here")}, []query.Filter{by("people", true, "Nobody Here")}, []query.Filter{bound}, []query.Filter{by("people", true, "Nobody Here")}},
	} {
		res := search(t, x, query.Request{Query: parse(t, "alpak"), Filters: c.filters, Limit: 5, Facets: []string{"collection", "people", "type"}, FacetTop: 1000})
		for field, filters := range map[string][]query.Filter{"collection": c.collection, "people": c.people, "type": c.other} {
			if want := countByHand(passing(docs, filters), field); !reflect.DeepEqual(res.Facets[field], want) {
				t.Errorf("%s: facet %s is %v, want %v", name, field, res.Facets[field], want)
			}
		}
		if want := total(passing(docs, c.filters)); res.Total != want {
			t.Errorf("%s: total %d, want %d", name, res.Total, want)
		}
	}
}

func passing(docs []query.Document, filters []query.Filter) (out []query.Document) {
	for _, d := range docs {
		if passes(d, query.Request{Filters: filters}) {
			out = append(out, d)
		}
	}
	return out
}

func total(docs []query.Document) (n int64) {
	for _, d := range docs {
		if strings.Contains(d.Text+" "+d.Title, "alpak") {
			n++
		}
	}
	return n
}

// countByHand counts a facet over the documents that have the word alpak.
func countByHand(docs []query.Document, facet string) []query.Count {
	by := map[string]int64{}
	for _, d := range docs {
		if !strings.Contains(d.Text+" "+d.Title, "alpak") {
			continue
		}
		values := map[string][]string{
			query.FacetCollection: {d.Collection}, query.FacetType: {d.Type}, query.FacetLanguage: d.Languages(),
			query.FacetPeople: slices.Compact(slices.Sorted(slices.Values(d.People))), query.FacetCondition: {string(d.Condition)},
			query.FacetEmails: d.Named.Emails, query.FacetPhones: d.Named.Phones, query.FacetIBANs: d.Named.IBANs,
			query.FacetPersons: d.Named.People, query.FacetOrgs: d.Named.Organisations, query.FacetPlaces: d.Named.Places,
			query.FacetDates: d.Named.Dates, query.FacetMoney: d.Named.Money, query.FacetURLs: d.Named.URLs, query.FacetIdentifiers: d.Named.Identifiers, query.FacetAreas: candor.AreasOf(d.Fields),
		}
		if !d.Date.IsZero() {
			values[query.FacetYear] = []string{d.Date.Format("2006")}
		}
		for _, v := range values[facet] {
			if v != "" {
				by[v]++
			}
		}
	}
	out := []query.Count{}
	for v, n := range by {
		out = append(out, query.Count{Value: v, Count: n})
	}
	slices.SortFunc(out, func(a, b query.Count) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Value, b.Value)
	})
	return out
}

func testPaging(t *testing.T, x Index) {
	docs := many(137)
	put(t, x, docs)
	for _, sort := range []query.Sort{query.ByRelevance, query.ByDateDown, query.ByDateUp} {
		for _, q := range []string{"*", "alpak", "alpak OR bortun", "alp*"} {
			whole := search(t, x, query.Request{Query: parse(t, q), Limit: 1000, Sort: sort})
			var paged []query.Hit
			for offset := 0; ; offset += 10 {
				page := search(t, x, query.Request{Query: parse(t, q), Offset: offset, Limit: 10, Sort: sort})
				if page.Total != whole.Total {
					t.Fatalf("%s: total %d on one page and %d on another", q, page.Total, whole.Total)
				}
				if len(page.Hits) == 0 {
					break
				}
				paged = append(paged, page.Hits...)
			}
			if int64(len(paged)) != whole.Total || !slices.Equal(order(paged), order(whole.Hits)) {
				t.Errorf("%s by %s: pages give %d hits, the whole %d of %d", q, sort, len(paged), len(whole.Hits), whole.Total)
			}
			tiesByNum(t, q, whole.Hits)
		}
	}
}

func order(hits []query.Hit) []uint32 {
	out := make([]uint32, len(hits))
	for i, h := range hits {
		out[i] = h.Num
	}
	return out
}

func tiesByNum(t *testing.T, q string, hits []query.Hit) {
	t.Helper()
	if q != "*" || len(hits) == 0 || hits[0].Score == 0 {
		return
	}
	for i := 1; i < len(hits); i++ {
		if hits[i].Score == hits[i-1].Score && hits[i].Num < hits[i-1].Num {
			t.Fatalf("%s: %d stands before %d with the same score", q, hits[i-1].Num, hits[i].Num)
		}
	}
}

func testOrder(t *testing.T, x Index) {
	put(t, x, sample())
	for sort, want := range map[query.Sort][]uint32{
		query.ByDateUp:   {5, 2, 6, 1, 3, 4, 70000}, // without a date last, by number
		query.ByDateDown: {3, 1, 6, 2, 5, 4, 70000},
	} {
		res := search(t, x, query.Request{Query: query.All{}, Limit: 10, Sort: sort})
		if got := order(res.Hits); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", sort, got, want)
		}
	}
	res := search(t, x, query.Request{Query: parse(t, "contract dredging"), Limit: 10})
	if got := order(res.Hits); !slices.Equal(got, []uint32{1, 2}) || res.Hits[0].Score <= res.Hits[1].Score {
		t.Errorf("the document about it does not come first: %v", res.Hits)
	}
}

func testReplaceAndDelete(t *testing.T, x Index) {
	ctx := t.Context()
	put(t, x, sample())
	held := func(want ...uint32) {
		t.Helper()
		got, err := x.Held(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.ToArray(), want) {
			t.Fatalf("holds %v, want %v", got.ToArray(), want)
		}
	}
	finds := func(q string, want ...uint32) {
		t.Helper()
		if got := nums(search(t, x, query.Request{Query: parse(t, q), Limit: 10})); !slices.Equal(got, append([]uint32{}, want...)) {
			t.Fatalf("%s finds %v, want %v", q, got, want)
		}
	}
	held(1, 2, 3, 4, 5, 6, 70000)
	replaced := query.Document{Num: 2, Item: "other", Text: "entirely new words", Collection: "main"}
	put(t, x, []query.Document{replaced, replaced})
	finds("council")
	finds("entirely", 2)
	held(1, 2, 3, 4, 5, 6, 70000)
	if err := x.Delete(ctx, []uint32{1, 1, 999}); err != nil {
		t.Fatal(err)
	}
	finds("dredging")
	held(2, 3, 4, 5, 6, 70000)
	put(t, x, sample()[:1])
	finds("dredging", 1)
	put(t, x, nil)
	if err := x.Delete(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := x.Wipe(ctx); err != nil {
		t.Fatal(err)
	}
	held()
	finds("*")
	put(t, x, sample()[:2])
	finds("dredging", 1, 2)
}

func testBadRequests(t *testing.T, x Index) {
	put(t, x, sample())
	for name, r := range map[string]query.Request{
		"no query":        {},
		"negative offset": {Query: query.All{}, Offset: -1},
		"negative limit":  {Query: query.All{}, Limit: -1},
		"unknown facet":   {Query: query.All{}, Facets: []string{"colour"}},
		"unknown filter":  {Query: query.All{}, Filters: []query.Filter{{Field: "colour", Values: []string{"red"}}}},
		"unknown order":   {Query: query.All{}, Sort: "size"},
		"unknown date":    {Query: query.Range{Field: "title"}},
	} {
		if _, err := x.Search(t.Context(), r); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v, want an Invalid error", name, err)
		}
	}
}

func testCancelled(t *testing.T, x Index) {
	put(t, x, sample())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Search(ctx, query.Request{Query: query.All{}, Limit: 1}); err != context.Canceled {
		t.Errorf("a cancelled search ends with %v", err)
	}
	if err := x.Put(ctx, sample()); err != context.Canceled {
		t.Errorf("a cancelled Put ends with %v", err)
	}
	if err := x.Delete(ctx, []uint32{1}); err != context.Canceled {
		t.Errorf("a cancelled Delete ends with %v", err)
	}
}

// testRekey: under a new key everything is found as before, and a key of the
// wrong length changes nothing.
func testRekey(t *testing.T, x Index) {
	docs := sample()
	spread(t, x, docs, 3)
	before := search(t, x, query.Request{Query: query.All{}, Limit: 100})
	if err := x.Rekey(t.Context(), make([]byte, 31), nil); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a key of 31 bytes: %v", err)
	}
	for _, key := range []byte{7, 7, 8} {
		var last, all int64
		if err := x.Rekey(t.Context(), bytes.Repeat([]byte{key}, 32), func(done, total int64) { last, all = done, total }); err != nil {
			t.Fatal(err)
		}
		if last != all {
			t.Errorf("it ended at %d of %d", last, all)
		}
		if after := search(t, x, query.Request{Query: query.All{}, Limit: 100}); !reflect.DeepEqual(nums(after), nums(before)) {
			t.Errorf("under another key there are %v, before %v", nums(after), nums(before))
		}
	}
	put(t, x, docs[:1])
}
