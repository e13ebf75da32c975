package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTimesOfLines(t *testing.T) {
	text := "[0:00:01] The heron [0:00:09] stood\n[1:02:03] by the quay\n[x] no\n"
	got := timed(newFinder([]string{"heron", "quay"}).pieces(text))
	want := []piece{{Text: "0:00:01", Time: true, At: 1}, {Text: "The "}, {Text: "heron", Mark: true}, {Text: " [0:00:09] stood\n"},
		{Text: "1:02:03", Time: true, At: 3723}, {Text: "by the "}, {Text: "quay", Mark: true}, {Text: "\n[x] no\n"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestListen: what is played was made anew, and only under the view.
func TestListen(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	view, body := r.open(d.archive.recording())
	for _, want := range []string{`<audio`, `data-at="83"`, "/sound?from=83"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	path, _, _ := strings.Cut(view, "?")
	res, sound := r.get(path + "/sound?from=83")
	if res.StatusCode != http.StatusOK || sound != "sound from 1m23s" || res.Header.Get("Content-Type") != "audio/webm" {
		t.Errorf("%d %s %q", res.StatusCode, res.Header.Get("Content-Type"), sound)
	}
	for _, from := range []string{"-1", "99999999"} {
		if res, _ := r.get(path + "/sound?from=" + from); res.StatusCode != http.StatusNotFound {
			t.Errorf("from %s: %d", from, res.StatusCode)
		}
	}
	if res, _ := d.signedIn("j.tan").get(path + "/sound"); res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusGone {
		t.Errorf("somebody else: %d", res.StatusCode)
	}
	pdf, _ := r.open(0)
	path, _, _ = strings.Cut(pdf, "?")
	if res, _ := r.get(path + "/sound"); res.StatusCode != http.StatusNotFound {
		t.Errorf("the sound of a PDF: %d", res.StatusCode)
	}
}
