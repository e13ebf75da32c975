package web

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// asked asks a question and returns the page of its answer.
func (r *reader) asked(question string) (path, body string) {
	r.d.t.Helper()
	res, body := r.post("/search", url.Values{"q": {question}, "mode": {"ask"}})
	if res.StatusCode != http.StatusOK {
		r.d.t.Fatalf("asking %q: %d", question, res.StatusCode)
	}
	return res.Request.URL.Path, body
}

func TestAskPage(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	_, body := r.asked("What does the model say of the quay?")
	for _, want := range []string{"&lt;b&gt;tendered&lt;/b&gt;", `href="#hit-1"`, `id="hit-1"`, "candle-7b", "1 sentence named no passage"} {
		if !strings.Contains(body, want) {
			t.Errorf("the answer's page lacks %q", want)
		}
	}
	if strings.Contains(body, `href="#hit-99"`) || strings.Contains(body, "Narrow the results") {
		t.Error("a passage that does not exist is linked, or the answer can be narrowed")
	}
	if _, body = r.asked("What of the quay?"); !strings.Contains(body, "No model is set up here") {
		t.Error("passages without a model are not said to be so")
	}
	if _, body = r.asked("What of zanzibar?"); !strings.Contains(body, "Not in the archive") {
		t.Error("what is not in the archive is not said to be so")
	}
	if res, _ := r.post("/search", url.Values{"q": {"quay?"}, "mode": {"ask"}, "from": {"2026-01-01"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a question of some days only: %d", res.StatusCode)
	}
}

// TestAskAloud: the answer is told as it comes, and then where all of it is.
func TestAskAloud(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	ask := func(form url.Values) (lines []askLine) {
		t.Helper()
		res, body := r.post("/ask", form)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Fatalf("%d, %s", res.StatusCode, res.Header.Get("Content-Type"))
		}
		for line := range strings.Lines(body) {
			var l askLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, l)
		}
		return lines
	}
	lines := ask(url.Values{"q": {"What does the model say of the quay?"}})
	if len(lines) != 3 || lines[0].Found == nil || *lines[0].Found == 0 || !strings.Contains(lines[1].Sentence, "<b>tendered</b>") {
		t.Fatalf("told %+v", lines)
	}
	if _, body := r.get(lines[2].Page); !strings.Contains(body, "&lt;b&gt;tendered&lt;/b&gt;") {
		t.Error("its page does not have the answer")
	}
	if lines = ask(url.Values{"q": {" "}}); len(lines) != 1 || lines[0].Error == "" {
		t.Errorf("an empty question: %+v", lines)
	}
}

// TestTakeList: the table holds what the page shows, is no act, and closes with it.
func TestTakeList(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	page, body := r.search("quay")
	acts := d.archive.acts
	res, list := r.get(page + "/list.csv")
	rows, err := csv.NewReader(strings.NewReader(list)).ReadAll()
	if err != nil || res.StatusCode != http.StatusOK || len(rows) != 1+strings.Count(body, `class="hit"`) || len(rows) < 2 {
		t.Fatalf("%d rows, %d: %v", len(rows), res.StatusCode, err)
	}
	if d.archive.acts != acts {
		t.Error("a table of what was shown was an act")
	}
	if res, _ := d.signedIn("j.tan").get(page + "/list.csv"); res.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's page: %d", res.StatusCode)
	}
}

func TestTakeOriginals(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	page, body := r.search("quay")
	if !strings.Contains(body, page+"/originals") {
		t.Fatal("the page offers no originals under a purpose that grants export")
	}
	acts := d.archive.acts
	res, zip := r.post(page+"/originals", url.Values{"collection": {"harbour"}})
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(zip, "zip of ") || res.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("%d %s: %.40q", res.StatusCode, res.Header.Get("Content-Type"), zip)
	}
	if d.archive.acts != acts+1 {
		t.Errorf("it was %d acts", d.archive.acts-acts)
	}
	if res, _ := r.post(page+"/originals", url.Values{"collection": {"elsewhere"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("another collection: %d", res.StatusCode)
	}
	if res, _ := d.signedIn("j.tan").post(page+"/originals", url.Values{"collection": {"harbour"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's page: %d", res.StatusCode)
	}
}
