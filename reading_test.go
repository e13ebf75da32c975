package candor_test

import (
	"testing"

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
