package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"candor"
)

func TestReadAgainPage(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	view, _ := r.open(1, "")
	if _, body := r.get(view + "?tab=translation"); !strings.Contains(body, "German, made by a machine: candle-7b") || !strings.Contains(body, "&lt;b&gt;Angebot") {
		t.Error("a translation is not shown, or not said to be a machine's")
	}
	if _, body := r.get(view + "?tab=again"); strings.Contains(body, "Read it again") {
		t.Error("an item can be read again under a purpose that does not allow it")
	}
	for i := range d.archive.list {
		d.archive.list[i].Acts = append(d.archive.list[i].Acts, candor.ActAnalyse)
	}
	view, _ = r.open(1, "")
	_, body := r.get(view + "?tab=again")
	for _, want := range []string{`name="password"`, `value="deu"`, "/again", `name="to"`, "is given to candle-7b"} {
		if !strings.Contains(body, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	again := "/item/" + string(d.archive.items[1].ID) + "/again"
	res, body := r.post(again, url.Values{"do": {"read"}, "password": {"hunter2"}, "ocr": {"deu", "eng"}})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "It was read again.") || strings.Contains(body, "hunter2") {
		t.Errorf("read again: %d", res.StatusCode)
	}
	if a := d.archive.again; a.Password != "hunter2" || a.OCR != "deu+eng" || a.Translate != "" {
		t.Errorf("asked for %+v", a)
	}
	if _, body = r.post(again, url.Values{"do": {"read"}, "password": {"wrong"}}); !strings.Contains(body, "what was read before stays") {
		t.Error("a wrong password is not told")
	}
	if _, body = r.post(again, url.Values{"do": {"translate"}, "to": {"EN"}}); !strings.Contains(body, "translated it into English") || d.archive.again.Translate != "en" {
		t.Errorf("translated: %+v", d.archive.again)
	}
	if res, _ = r.post(again, url.Values{"do": {"translate"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("into no language: %d", res.StatusCode)
	}
}

// TestReadAllAgain: from the account of an addition, all files that ended in one
// condition are read again at once.
func TestReadAllAgain(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	for i, e := range d.archive.entries["add-1"] {
		if e.Condition == candor.Encrypted {
			d.archive.entries["add-1"][i].Item = d.archive.items[1].ID
		}
	}
	d.archive.entries["add-1"] = append(d.archive.entries["add-1"], candor.Entry{Path: "two.zip", Condition: candor.Encrypted, Item: d.archive.items[2].ID})
	if _, body := r.get("/additions/add-1?condition=encrypted"); strings.Contains(body, "Read all of these again") {
		t.Error("files can be read again without a purpose that allows it")
	}
	for i := range d.archive.list {
		d.archive.list[i].Acts = append(d.archive.list[i].Acts, candor.ActAnalyse)
	}
	if _, body := r.get("/additions/add-1?condition=encrypted"); !strings.Contains(body, "Read all of these again") || !strings.Contains(body, `name="password"`) {
		t.Error("the form is not there")
	}
	if _, body := r.get("/additions/add-1?condition=done"); strings.Contains(body, "Read all of these again") {
		t.Error("what was read can be read again")
	}
	res, body := r.post("/additions/add-1/again", url.Values{"condition": {"encrypted"}, "password": {"hunter2"}})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "3 pages of pictures") || !strings.Contains(body, "2 items were read again") || strings.Contains(body, "hunter2") {
		t.Errorf("read again: %d", res.StatusCode)
	}
	if a := d.archive.again; a.Password != "hunter2" || len(a.Items) != 2 {
		t.Errorf("asked for %+v", a)
	}
	if _, body = r.post("/additions/add-1/again", url.Values{"condition": {"encrypted"}, "estimate": {"1"}}); !strings.Contains(body, "For 2 items at most: 3 pages of pictures") || !strings.Contains(body, "Nothing was done.") || strings.Contains(body, "It took") || !d.archive.again.Estimate {
		t.Error("its cost is not told")
	}
	if res, body = r.post("/additions/add-1/again", url.Values{"condition": {"encrypted"}, "background": {"1"}}); res.Request.URL.Path != "/jobs" || !strings.Contains(body, "1 of 2 items done") || !strings.Contains(body, "data-going") {
		t.Errorf("in the background: %s", res.Request.URL)
	}
	if _, body = r.post("/jobs/j-1/stop", url.Values{}); !strings.Contains(body, "ended before all was done") || strings.Contains(body, "data-going") {
		t.Error("it is not said to be stopped")
	}
	if res, _ = r.post("/jobs/j-9/stop", url.Values{}); res.StatusCode != http.StatusNotFound {
		t.Errorf("stopping none: %d", res.StatusCode)
	}
	if res, _ = r.post("/additions/add-1/again", url.Values{"condition": {"encrypted"}, "background": {"1"}, "password": {"x"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("with a password in the background: %d", res.StatusCode)
	}
	if res, _ = r.post("/additions/add-1/again", url.Values{"condition": {"nonesuch"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("of no file: %d", res.StatusCode)
	}
}

// TestRetypePage: a page on which text was recognised can be typed anew, under a
// purpose that allows it, and says who did it before.
func TestRetypePage(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	view, _ := r.open(0, "")
	if _, body := r.get(view); strings.Contains(body, "Correct what was recognised") {
		t.Error("a page can be typed anew under a purpose that does not allow it")
	}
	for i := range d.archive.list {
		d.archive.list[i].Acts = append(d.archive.list[i].Acts, candor.ActAnalyse)
	}
	d.archive.items[0].Retyped = []candor.Retyping{{Page: 1, By: "j.tan", At: testNow}}
	view, _ = r.open(0, "")
	if _, body := r.get(view); !strings.Contains(body, "Correct what was recognised") || !strings.Contains(body, "Typed by j.tan on") || !strings.Contains(body, "Bring back what was recognised") {
		t.Error("the form is not there, or not who typed the page before")
	}
	retype := "/item/" + string(d.archive.items[0].ID) + "/retype"
	res, body := r.post(retype, url.Values{"page": {"1"}, "text": {"Minutes\r\nof the <board>"}})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "counts as you typed it") || d.archive.typed.Text != "Minutes\nof the <board>" || d.archive.typed.Page != 1 {
		t.Errorf("%d, %+v", res.StatusCode, d.archive.typed)
	}
	if r.post(retype, url.Values{"page": {"1"}, "text": {"x"}, "back": {"1"}}); d.archive.typed.Text != "" {
		t.Errorf("brought back: %+v", d.archive.typed)
	}
}
