package candor_test

import (
	"testing"
	"time"

	"candor"
)

func TestPageNumbers(t *testing.T) {
	for _, c := range []struct {
		pages []int
		want  string
	}{{[]int{3}, "page 3"}, {[]int{2, 3, 4}, "pages 2-4"}, {[]int{1, 3, 4, 9}, "pages 1, 3-4, 9"}} {
		if got := candor.PageNumbers(c.pages); got != c.want {
			t.Errorf("%v: %q, want %q", c.pages, got, c.want)
		}
	}
	odd := make([]int, 200)
	for i := range odd {
		odd[i] = 2*i + 1
	}
	if got := candor.PageNumbers(odd); len(got) > 400 || got[len(got)-12:] != "and 150 more" {
		t.Errorf("200 pages: %q", got)
	}
}

func TestAnExtractionIsSupplemented(t *testing.T) {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	e := candor.Extraction{Title: "Walk", Fields: []candor.Field{{"media:Duration", "4 s"}}}
	e.Supplement(candor.Extraction{Title: "Other", Date: day, DateFrom: "xmp:CreateDate", People: []string{"Rosa Osei"}, Fields: []candor.Field{{"xmp:Credit", "Club"}}})
	e.Supplement(candor.Extraction{Date: day.AddDate(1, 0, 0), DateFrom: "later", People: []string{"Ana Lund"}})
	if e.Title != "Walk" || !e.Date.Equal(day) || e.DateFrom != "xmp:CreateDate" || len(e.People) != 1 || e.People[0] != "Rosa Osei" || len(e.Fields) != 2 || e.Fields[1].Name != "xmp:Credit" {
		t.Errorf("%+v", e)
	}
}
