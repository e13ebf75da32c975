package archive_test

import (
	"testing"

	"candor"
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

// hiding are terms that have nobody told where pictures were made.
type hiding struct{ archive.Terms }

func (hiding) HidesPositions() bool { return true }

func TestPositionsCanBeHidden(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.jpg", "field gps:Position 52.52000,13.40500\nfield exif:GPSLatitude 52.52\nfield exif:Make Camera"})
	p := h.purpose(100)
	find := func() (archive.SearchResult, error) {
		return h.Search(bg, h.reader, archive.SearchRequest{Query: "*", Purpose: p, Facets: true, Filters: map[string][]string{"areas": {"52.5,13.4"}}})
	}
	fields := func() int {
		t.Helper()
		res, err := h.find(p, "*")
		must(t, err)
		v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: res.Hits[0].Item.ID, Purpose: p})
		must(t, err)
		return len(v.Item.Fields)
	}
	if res, err := find(); err != nil || res.Total != 1 || fields() != 3 {
		t.Errorf("where positions are told: %d, %v, %d fields", res.Total, err, fields())
	}
	h.close()
	h.adjust = func(c *archive.Config) { c.Terms = hiding{c.Terms} }
	h.open(false)
	if _, err := find(); candor.CodeOf(err) != candor.Invalid || fields() != 1 {
		t.Errorf("where they are hidden: %v, %d fields", err, fields())
	}
	res, err := h.Search(bg, h.reader, archive.SearchRequest{Query: "*", Purpose: p, Facets: true})
	must(t, err)
	for _, f := range res.Facets {
		if f.Field == "areas" {
			t.Error("areas are counted")
		}
	}
	h.add([2]string{"b.jpg", "field gps:Position 10.00000,20.00000\nwords"})
	if res, err := h.find(p, "meta:10"); err != nil || res.Total != 0 {
		t.Errorf("a hidden position is found by its figures: %d, %v", res.Total, err)
	}
}
