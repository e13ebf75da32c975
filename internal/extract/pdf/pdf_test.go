package pdf

import (
	"testing"
	"time"
)

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
