package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestKeptSearches(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	page, body := r.search("quay")
	if !strings.Contains(body, page+"/keep") {
		t.Fatal("results cannot be kept")
	}
	acts := d.archive.acts
	if res, _ := r.post(page+"/keep", url.Values{"name": {""}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("kept without a name: %d", res.StatusCode)
	}
	_, body = r.post(page+"/keep", url.Values{"name": {"Quay <b>"}, "watch": {"1"}})
	for _, want := range []string{"Quay &lt;b&gt;", "/saved/s-1/run", "not counted yet"} {
		if !strings.Contains(body, want) {
			t.Errorf("the start page lacks %q", want)
		}
	}
	if d.archive.acts != acts {
		t.Error("keeping a search was an act")
	}
	since := d.archive.saved[0].Since
	d.archive.saved[0].New, d.archive.saved[0].Looked = 3, since.Add(time.Hour)
	if _, body = r.get("/"); !strings.Contains(body, "3 new") || !strings.Contains(body, "3 new items for searches you keep") {
		t.Error("what is new is not told")
	}
	res, body := r.post("/saved/s-1/run", url.Values{"new": {"1"}})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "Search results") {
		t.Fatalf("made again: %d", res.StatusCode)
	}
	if got := d.archive.last; got.Saved != "s-1" || !got.Added.Equal(since) || got.Query != "quay" {
		t.Errorf("made again as %+v", got)
	}
	if d.archive.acts != acts+1 {
		t.Error("making it again was not one act")
	}
	other := d.signedIn("r.osei")
	for _, path := range []string{"/saved/s-1/run", "/saved/s-1/forget"} {
		if res, _ := other.post(path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s by somebody else: %d", path, res.StatusCode)
		}
	}
	if _, body = r.post("/saved/s-1/forget", nil); strings.Contains(body, "Quay") {
		t.Error("a forgotten search is still there")
	}
}
