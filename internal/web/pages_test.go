package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"candor"
)

func TestSearchOpenAndComeBack(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, body := r.search("quay tender")
	for _, want := range []string{"63 results", "Minutes of the tender board, 18 March 2025", "<mark>tender</mark>", "page 1", `data-receipt="`, "168 of 500 items left", "approved by R. Osei"} {
		if !strings.Contains(strings.Join(strings.Fields(body), " "), want) {
			t.Errorf("the results do not show %q", want)
		}
	}
	view, body := r.open(0, strings.TrimPrefix(results, "/results/"))
	for _, want := range []string{"HARBOUR OFFICE", "<mark>quay</mark>", "/page/1.png", "Back to the results", "Download original"} {
		if !strings.Contains(body, want) {
			t.Errorf("the opened item does not show %q", want)
		}
	}
	acts := d.archive.acts
	r.get(view)
	if _, body = r.get(results); !strings.Contains(body, "63 results") || d.archive.acts != acts {
		t.Error("coming back to the results made a new act, or showed nothing")
	}
	if _, body = r.get("/"); !strings.Contains(body, results) {
		t.Error("the search page does not list what was just shown")
	}
}

// TestPassagesAreInTheirLanguage reads minutes in English with a letter in French.
func TestPassagesAreInTheirLanguage(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, _ := r.search("quay tender")
	_, body := r.open(0, strings.TrimPrefix(results, "/results/"))
	letter := strings.Index(body, "Une lettre de la soci")
	before := body[:max(letter, 0)]
	if strings.LastIndex(before, `lang="fr"`) <= strings.LastIndex(before, `lang="en"`) || strings.LastIndex(before, `<p class="folio">French</p>`) < strings.LastIndex(before, "tender") {
		t.Errorf("the letter is not said to be in French: %.300s", body[max(letter-300, 0):])
	}
	if strings.Count(body, `lang="fr"`) != 1 {
		t.Errorf("%d passages are in French", strings.Count(body, `lang="fr"`))
	}
}

func TestNarrowAndTurnPages(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, _ := r.search("quay")
	res, body := r.post(results+"/narrow", url.Values{"f": {"type=application/pdf", "type=message/rfc822", "year=2025"}})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "2 results") || strings.Contains(body, "Letter 7") {
		t.Errorf("narrowing: %s", res.Status)
	}
	if strings.Count(body, " checked") != 3 {
		t.Errorf("%d choices are checked, want 3", strings.Count(body, " checked"))
	}
	res, body = r.post(results+"/page", url.Values{"offset": {"20"}})
	if !strings.Contains(body, "page 2 of 4") || !strings.Contains(body, `href="`+results+`"`) {
		t.Errorf("page 2: %s; the first page should be a link, since it was shown", res.Status)
	}
	if res, _ = r.post(results+"/page", url.Values{"offset": {"-5"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a negative place: %s", res.Status)
	}
	if res, _ = r.post(results+"/narrow", url.Values{"from": {"2026-02-31"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a day that is none: %s", res.Status)
	}
	if res, _ = r.post(results+"/narrow", url.Values{"from": {"2026-02-02"}, "to": {"2025-01-01"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("dates the wrong way round: %s", res.Status)
	}
	if _, body = r.post(results+"/narrow", url.Values{"from": {"2025-03-18"}, "to": {"2025-03-18"}}); !strings.Contains(body, "1 result<") {
		t.Error("the last day is not included")
	}
}

// Two media types that people call the same are one choice, and choosing it
// chooses both.
func TestKindsOfOneNameAreOneChoice(t *testing.T) {
	d := newDesk(t)
	d.archive.items[6].Type = "application/vnd.ms-excel" // bids.xlsx is a spreadsheet too
	r := d.signedIn("m.lind")
	results, body := r.search("tender")
	both := "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet|application/vnd.ms-excel"
	if !strings.Contains(body, `value="type=`+both+`"`) {
		both = "application/vnd.ms-excel|application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	if strings.Count(body, `<span class="choice-label">Spreadsheet</span>`) != 1 || !strings.Contains(body, `value="type=`+both+`"`) {
		t.Fatal("spreadsheets are not one choice")
	}
	_, body = r.post(results+"/narrow", url.Values{"f": {"type=" + both}})
	if !strings.Contains(body, "2 results") || strings.Count(body, " checked") != 1 {
		t.Error("choosing spreadsheets did not choose both kinds")
	}
}

func TestRefusedAndStopped(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	res, body := r.post("/search", url.Values{"q": {"everything"}})
	if res.StatusCode != http.StatusForbidden || !strings.Contains(body, "your purpose allows 1 %") || !strings.Contains(body, "breadth-within-purpose") || !strings.Contains(body, `value="everything"`) {
		t.Errorf("refused: %s", res.Status)
	}
	if res, _ = r.post("/search", url.Values{"q": {"  "}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("empty: %s", res.Status)
	}
	if res, body = r.post("/search", url.Values{"q": {`<b> über "quay`}}); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `&lt;b&gt; über <mark>&#34;</mark>quay`) {
		t.Errorf("the page does not point at the mistake: %d", res.StatusCode)
	}
	if res, body = d.signedIn("j.tan").post("/search", url.Values{"q": {"quay"}}); res.StatusCode != http.StatusForbidden || strings.Contains(body, "result") && strings.Contains(body, "hit-title") {
		t.Errorf("without a purpose: %s", res.Status)
	}
	if res, _ = r.post("/search", url.Values{"q": {"quay"}, "purpose": {"p-pending222"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("under another person's purpose: %s", res.Status)
	}
	if res, _ = r.post("/search", url.Values{"q": {strings.Repeat("a", 2<<20)}}); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a query of 2 MiB: %s", res.Status)
	}
}

func TestViewCloses(t *testing.T) {
	d := newDesk(t)
	now := testNow
	d.archive.now = func() time.Time { return now }
	r := d.signedIn("m.lind")
	results, _ := r.search("quay")
	view, _ := r.open(0)
	now = now.Add(16 * time.Minute)
	res, body := r.get(view)
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "Open it again") || strings.Contains(body, "HARBOUR") {
		t.Errorf("a closed view: %s", res.Status)
	}
	if _, body = r.get(results); !strings.Contains(body, "Search again") || strings.Contains(body, "Minutes of") {
		t.Error("a closed results page is still shown, or does not offer to search again")
	}
	if _, body = r.post(results+"/again", nil); !strings.Contains(body, "results") || !strings.Contains(body, "Minutes of") {
		t.Error("searching again showed nothing")
	}
}

func TestPurposes(t *testing.T) {
	d := newDesk(t)
	lind, osei, tan := d.signedIn("m.lind"), d.signedIn("r.osei"), d.signedIn("j.tan")
	_, body := osei.get("/purposes/p-pending222")
	if !strings.Contains(body, "Would you defend this in public?") {
		t.Fatal("the approver is not asked to decide")
	}
	if _, body = tan.get("/purposes/p-pending222"); strings.Contains(body, `value="approve"`) {
		t.Error("the asker is offered to approve their own purpose")
	}
	if res, _ := tan.post("/purposes/p-pending222/decide", url.Values{"decision": {"approve"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("approving one's own purpose: %s", res.Status)
	}
	if res, _ := osei.post("/purposes/p-pending222/decide", url.Values{"decision": {"perhaps"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("an undecided decision: %s", res.Status)
	}
	_, body = osei.post("/purposes/p-pending222/decide", url.Values{"decision": {"approve"}})
	if !strings.Contains(body, "Done, and written down.") || !strings.Contains(body, "is-active") {
		t.Error("approving does not show the record")
	}
	if _, body = tan.get("/"); !strings.Contains(body, `id="q"`) {
		t.Error("the box does not open once the purpose is approved")
	}
	if _, body = lind.get("/purposes/p-pending222"); !strings.Contains(body, "Not found") {
		t.Error("another person's purpose is shown")
	}
	if _, body = lind.post("/purposes/p-flooding22/use", url.Values{"next": {"/"}}); !strings.Contains(body, "29 of 200 items left") || !strings.Contains(body, "strip near") {
		t.Error("switching the purpose did not change the strip, or it is not amber near its budget")
	}
	if res, _ := lind.post("/purposes/p-pending222/use", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("using another person's purpose: %s", res.Status)
	}
	if _, body = lind.post("/purposes/p-harbour234/revoke", nil); !strings.Contains(body, "revoked") {
		t.Error("revoking did not show")
	}
}

func TestAskForPurpose(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	good := url.Values{"reason": {"research"}, "why": {"Cranes of the old harbour"}, "collection": {"harbour"}, "coverage": {"1,200"}, "days": {"30"}}
	for field, bad := range map[string]string{"reason": "", "collection": "", "coverage": "many", "days": "-3", "why": ""} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(field, bad)
		if bad == "" {
			form.Del(field)
		}
		res, body := r.post("/purposes", form)
		if res.StatusCode != http.StatusBadRequest || field != "why" && !strings.Contains(body, "Cranes of the old harbour") {
			t.Errorf("%s %q: %s; what was typed must stay", field, bad, res.Status)
		}
	}
	res, body := r.post("/purposes", good)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "Cranes of the old harbour") || !strings.Contains(body, "1,200") {
		t.Errorf("asking: %s", res.Status)
	}
}

func TestAccountAddsUp(t *testing.T) {
	d := newDesk(t)
	_, body := d.signedIn("m.lind").get("/additions/add-1")
	for _, want := range []string{"2,140 files handed in", "2,051", "unsupported", "page 3 of 9 could not be read"} {
		if !strings.Contains(body, want) {
			t.Errorf("the account does not show %q", want)
		}
	}
	for _, c := range candor.Conditions() {
		_, body := d.signedIn("m.lind").get("/additions/add-1?condition=" + string(c))
		if !strings.Contains(body, strings.Split(remedies[c], ";")[0]) {
			t.Errorf("the part %s does not say what to do", c)
		}
	}
	for _, a := range append(d.archive.adds, candor.Addition{Files: 3, Conditions: map[candor.Condition]int64{candor.Failed: 3}}) {
		sum := 0.0
		for i, w := range partWidths(a, 1000, 8) {
			sum += w
			if n := a.Conditions[candor.Conditions()[i]]; (n > 0) != (w > 0) {
				t.Errorf("%s: %d files are drawn %v wide", candor.Conditions()[i], n, w)
			}
		}
		if sum < 999.99 || sum > 1000.01 {
			t.Errorf("the parts of an account fill %v of 1000", sum)
		}
	}
}

func TestPeopleAndCollections(t *testing.T) {
	d := newDesk(t)
	admin, lind := d.signedIn("a.keller"), d.signedIn("m.lind")
	if res, _ := lind.get("/people"); res.StatusCode != http.StatusForbidden {
		t.Errorf("people for a reader: %s", res.Status)
	}
	_, body := admin.post("/people", url.Values{"id": {"n.new"}, "name": {"Nora New"}, "role": {"reader"}, "password": {"a long password"}})
	if !strings.Contains(body, "Nora New") || !strings.Contains(body, "Done, and written down.") {
		t.Error("adding a person did not show")
	}
	for _, form := range []url.Values{{"id": {"Ünknown"}, "name": {"X"}}, {"id": {"both"}, "name": {"Kept Name"}, "role": {"reader", "administrator"}}} {
		if res, body := admin.post("/people", form); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, form.Get("name")) {
			t.Errorf("%v: %s", form, res.Status)
		}
	}
	if _, body = admin.post("/collections", url.Values{"name": {"maps"}, "title": {"Maps and plans"}}); !strings.Contains(body, "Maps and plans") {
		t.Error("adding a collection did not show")
	}
	if res, body := admin.post("/collections", url.Values{"name": {"NO"}, "title": {"Kept title"}}); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Kept title") {
		t.Errorf("a bad collection: %s", res.Status)
	}
}

func TestThemeWithoutScript(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	if _, body := r.post("/theme", url.Values{"theme": {"dark"}, "next": {"/help"}}); !strings.Contains(body, `data-theme="dark"`) || !strings.Contains(body, "How this archive works") {
		t.Error("the switch did not switch, or did not come back")
	}
	if _, body := r.post("/theme", url.Values{"theme": {"auto"}}); strings.Contains(body, "data-theme") {
		t.Error("the switch did not go back to what the device prefers")
	}
}

func TestFaultsAreSaid(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	d.archive.broken = candor.Errorf(candor.Unavailable, "The log does not answer. Nothing was released. Try again soon.")
	res, body := r.get("/")
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "The log does not answer") {
		t.Errorf("%s", res.Status)
	}
	req, err := http.NewRequest(http.MethodPost, d.server.URL+"/add/begin", nil)
	must(t, err)
	req.Header.Set("Accept", "application/json")
	if res, body = r.do(req); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, `"code":"unavailable"`) {
		t.Errorf("as JSON: %s %s", res.Status, body)
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	r.post("/signout", nil)
	if res, _ := r.get("/purposes"); res.Request.URL.Path != "/signin" || res.Request.URL.Query().Get("next") != "/purposes" {
		t.Errorf("after signing out: %s", res.Request.URL)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := count(in); got != want {
			t.Errorf("count(%d) = %s, want %s", in, got, want)
		}
	}
	for in, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 9960: "10 kB", 1_400_000_000_000: "1.4 TB", 999_999: "1.0 MB"} {
		if got := size(in); got != want {
			t.Errorf("size(%d) = %s, want %s", in, got, want)
		}
	}
	if got := share(1, 5000); got != "less than 0.1 %" {
		t.Errorf("share: %s", got)
	}
	if got := kindOf("application/x-nothing; a=b").name; got != "File" {
		t.Errorf("an unknown kind is called %s", got)
	}
}

func TestSheets(t *testing.T) {
	long := strings.Repeat("ä line of text\n", 20000)
	got := sheetsOf(long, 0)
	if strings.Join(got, "") != long {
		t.Error("sheets lost text")
	}
	for _, s := range got {
		if len(s) > sheetBytes {
			t.Errorf("a sheet has %d bytes", len(s))
		}
	}
	noLines := strings.Repeat("ä", sheetBytes)
	if strings.Join(sheetsOf(noLines, 0), "") != noLines || !strings.HasSuffix(sheetsOf(noLines, 0)[0], "ä") {
		t.Error("a text without lines was cut inside a character")
	}
	if n := len(sheetsOf("one\ftwo\f", 2)); n != 2 {
		t.Errorf("%d sheets for two pages", n)
	}
}

// TestLongFacets: the ninth value and those after it are a step away, and none is lost.
func TestLongFacets(t *testing.T) {
	for n, rest := range map[int]int{0: 0, 8: 0, 10: 0, 11: 3, 20: 12} {
		g := facetGroup{Values: make([]facetChoice, n)}
		if g.Rest() != rest || g.Shown()+g.Rest() != n {
			t.Errorf("of %d values %d are shown and %d a step away", n, g.Shown(), g.Rest())
		}
	}
}

func TestFoldedResults(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	page, _ := r.search("quay")
	res, body := r.post(page+"/narrow", url.Values{"sort": {"relevance"}, "fold": {"thread"}})
	if res.StatusCode != http.StatusOK || d.archive.last.Fold != "thread" {
		t.Fatalf("folded by %q: %d", d.archive.last.Fold, res.StatusCode)
	}
	for _, want := range []string{"1 other belongs to it", "2 others belong to it", `value="thread=00000000000000aa"`, "1–20 folded", `value="thread" selected`} {
		if !strings.Contains(body, want) {
			t.Errorf("folded results lack %q", want)
		}
	}
	if strings.Contains(body, "page 1 of") {
		t.Error("folded results say how many pages there are")
	}
	_, body = r.post("/search", url.Values{"q": {"quay"}, "f": {"thread=00000000000000aa"}})
	if !strings.Contains(body, "One conversation") || !strings.Contains(body, "only these") {
		t.Error("a chosen conversation cannot be given up again")
	}
	view, _ := r.open(1, "")
	if _, body := r.get(view); !strings.Contains(body, `value="alike=00000000000000aa"`) || strings.Contains(body, "What belongs to it") {
		t.Error("an item's copies cannot be looked for, or a family that is none can")
	}
}
