package pdf

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		pages []int
		want  string
	}{{[]int{3}, "page 3"}, {[]int{2, 3, 4}, "pages 2-4"}, {[]int{1, 3, 4, 9}, "pages 1, 3-4, 9"}} {
		if got := span(c.pages); got != c.want {
			t.Errorf("%v: %q, want %q", c.pages, got, c.want)
		}
	}
	odd := make([]int, 200)
	for i := range odd {
		odd[i] = 2*i + 1
	}
	if got := span(odd); len(got) > 400 || got[len(got)-12:] != "and 150 more" {
		t.Errorf("200 pages: %q", got)
	}
}

func TestDates(t *testing.T) {
	for in, want := range map[string]string{
		"D:20210203040506Z": "2021-02-03T04:05:06Z", "D:20210203040506+01'00'": "2021-02-03T03:05:06Z", "D:20210203040506+01'00": "2021-02-03T03:05:06Z",
		"D:2021": "2021-01-01T00:00:00Z", "20210203": "2021-02-03T00:00:00Z", "yesterday": "", "": "", "D:00000000": "",
	} {
		got := ""
		if d, ok := parseDate(in); ok {
			got = d.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestWordsDividedAtALinesEndAreJoined(t *testing.T) {
	if got := mend("har\x02\r\nbour mas\ufffe\r\nter"); got != "harbour master" {
		t.Errorf("%q", got)
	}
}
