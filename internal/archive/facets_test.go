package archive_test

import (
	"testing"

	"candor/internal/analyze/entities"
	"candor/internal/archive"
)

// reticent are terms that let no small counts be told.
type reticent struct {
	archive.Terms
	least int64
}

func (r reticent) LeastCounted() int64 { return r.least }

func TestFacetsOfNames(t *testing.T) {
	h := newHouse(t)
	under := func(least int64) {
		h.close()
		h.adjust = func(c *archive.Config) { c.Terms, c.Finder = reticent{c.Terms, least}, entities.Rules{} }
		h.open(false)
	}
	under(1)
	h.add([2]string{"a.txt", "Yesterday Rosa Osei met Max Weber in Hamburg."}, [2]string{"b.txt", "Then Rosa Osei left."}, [2]string{"c.txt", "Nobody came."})
	p := h.purpose(100)
	persons := func() (archive.Facet, int64) {
		res, err := h.Search(bg, h.reader, archive.SearchRequest{Query: "*", Purpose: p, Facets: true})
		must(t, err)
		for _, f := range res.Facets {
			if f.Field == "persons" {
				return f, res.People
			}
		}
		return archive.Facet{}, res.People
	}
	all, people := persons()
	if len(all.Values) != 2 || all.Values[0] != (archive.FacetValue{Value: "Rosa Osei", Count: 2}) || all.Hidden || people != 2 {
		t.Errorf("%+v of %d people", all, people)
	}
	under(2)
	few, people := persons()
	if len(few.Values) != 1 || few.Values[0].Value != "Rosa Osei" || !few.Hidden || people != 2 {
		t.Errorf("with small counts left out: %+v of %d people", few, people)
	}
}
