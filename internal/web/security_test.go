package web

import (
	"bytes"
	"fmt"
	"html"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
)

const evil = `"><script>alert('x')</script><img src=x onerror=alert(1)>` + "`{{.}}` javascript:alert(1)"

// poison puts markup into everything that a file, a person or a query can bring.
func poison(a *standIn) {
	it := &a.items[0]
	it.Name, it.Title, it.Reason, it.Condition, it.Type = evil, evil, evil, candor.Partial, evil
	it.Language, it.DateFrom, it.SHA256 = evil, evil, evil
	it.People = []string{evil}
	it.Fields = []candor.Field{{Name: evil, Value: evil}, {Name: "iptc:" + evil, Value: evil}}
	it.Places = []candor.Place{{Path: evil, Parent: candor.ItemID(evil)}}
	it.Parts = []candor.ItemID{candor.ItemID(evil)}
	it.Pages = 1
	a.texts[it.ID] = "quay " + evil
	a.list[0].Why, a.list[0].Reason = evil, evil
	a.persons[0].Name = evil
	a.cols[0].Title = evil
	a.adds[0].Source = evil
	a.entries["add-1"][0] = candor.Entry{Path: evil, Reason: evil, Condition: candor.Failed}
}

func TestNothingBecomesMarkup(t *testing.T) {
	d := newDesk(t)
	poison(d.archive)
	r, osei, admin := d.signedIn("m.lind"), d.signedIn("r.osei"), d.signedIn("a.keller")
	results, _ := r.search("quay")
	view, _ := r.open(0, strings.TrimPrefix(results, "/results/"))
	pages := []struct {
		who  *reader
		path string
	}{{r, results}, {r, view}, {r, "/"}, {r, "/purposes"}, {r, "/purposes/p-harbour234"}, {r, "/add"}, {r, "/additions"}, {r, "/additions/add-1"},
		{r, "/collections"}, {r, "/?q=" + url.QueryEscape(evil)}, {r, "/item/" + url.PathEscape(evil)}, {r, "/terms"},
		{r, "/nowhere/" + url.PathEscape(evil)}, {r, "/additions/" + url.PathEscape(evil)},
		{r, "/additions/add-1?condition=" + url.QueryEscape(evil)}, {osei, "/purposes"}, {admin, "/people"}, {d.visitor(), "/signin?next=" + url.QueryEscape(evil)}}
	for _, tab := range []string{"details", "parts", "places", "record", evil} {
		pages = append(pages, struct {
			who  *reader
			path string
		}{r, view + "&tab=" + url.QueryEscape(tab)})
	}
	for _, p := range pages {
		_, body := p.who.get(p.path)
		checkMarkup(t, p.path, body)
	}
	for _, q := range []string{evil, "everything"} {
		_, body := r.search(q)
		checkMarkup(t, "search "+q, body)
	}
	_, body := r.post("/purposes", url.Values{"reason": {evil}, "why": {evil}, "coverage": {evil}, "days": {evil}, "collection": {evil}})
	checkMarkup(t, "ask", body)
	_, body = admin.post("/people", url.Values{"id": {evil}, "name": {evil}, "role": {evil}, "password": {evil}})
	checkMarkup(t, "people", body)
	_, body = d.visitor().post("/signin", url.Values{"who": {evil}, "password": {evil}, "next": {evil}})
	checkMarkup(t, "sign in", body)
}

func checkMarkup(t *testing.T, where, body string) {
	t.Helper()
	for _, bad := range []string{"<script>", "<img src=x", `href="javascript:`, "<script src=\"/assets/texts.js\" onload"} {
		if strings.Contains(strings.ToLower(body), bad) {
			t.Errorf("%s: %s got through", where, bad)
		}
	}
	if strings.Contains(body, html.EscapeString(evil)) || !strings.Contains(body, "onerror") {
		return
	}
	// Whatever form the text took, an attribute must not have been made of it.
	for _, tag := range strings.Split(body, "<")[1:] {
		inside, _, _ := strings.Cut(tag, ">")
		if strings.Contains(inside, "onerror") && !strings.Contains(inside, `value="`) && !strings.Contains(inside, `href="`) && !strings.Contains(inside, `alt="`) && !strings.Contains(inside, `aria-label="`) {
			t.Errorf("%s: an attribute was made: <%s>", where, inside)
		}
	}
}

func TestHeaders(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, _ := r.search("quay")
	view, _ := r.open(0)
	for _, path := range []string{"/", results, view, view + "/page/1.png", view + "/original", view + "/text", "/purposes", "/signin", "/receipt/0", "/nowhere"} {
		res, _ := r.get(path)
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
		csp := res.Header.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: no nosniff", path)
		}
	}
}

// The original is a download of bytes, whatever it is called and whatever it is.
func TestHostileOriginal(t *testing.T) {
	for name, want := range map[string]string{
		"evil.html": "evil.html", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "a\r\nSet-Cookie: x=1.txt": "a__Set-Cookie_ x=1.txt",
		`q"uote;x.pdf`: "q_uote;x.pdf", "Müll – 日本.pdf": "Müll – 日本.pdf", "": "item", "..": "item", "\xff\xfe.txt": "_.txt",
	} {
		d := newDesk(t)
		d.archive.items[0].Name, d.archive.items[0].Type = name, "text/html"
		r := d.signedIn("m.lind")
		view, _ := r.open(0)
		res, _ := r.get(view + "/original")
		kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != want {
			t.Errorf("%q: disposition %q, want the name %q", name, res.Header.Get("Content-Disposition"), want)
		}
		if ct := res.Header.Get("Content-Type"); ct != "application/octet-stream" {
			t.Errorf("%q: served as %s", name, ct)
		}
		if !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: headers %v", name, res.Header)
		}
	}
}

// A view belongs to the person who opened it, and to nobody else.
func TestViewOfAnotherPerson(t *testing.T) {
	d := newDesk(t)
	lind, tan := d.signedIn("m.lind"), d.signedIn("j.tan")
	results, _ := lind.search("quay")
	view, body := lind.open(0)
	if !strings.Contains(body, "HARBOUR OFFICE") {
		t.Fatal("the opener does not see the item")
	}
	for _, path := range []string{view, view + "/page/1.png", view + "/image", view + "/original", view + "/text", results} {
		for _, who := range []*reader{tan, d.signedIn("a.keller"), d.signedIn("r.osei")} {
			res, body := who.get(path)
			if res.StatusCode != http.StatusNotFound || strings.Contains(body, "HARBOUR") || strings.Contains(body, "Minutes of") {
				t.Errorf("%s for somebody else: %s", path, res.Status)
			}
		}
	}
	for _, path := range []string{results + "/narrow", results + "/page", results + "/again"} {
		if res, _ := tan.post(path, url.Values{"offset": {"20"}}); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s for somebody else: %s", path, res.Status)
		}
	}
	if res, body := d.visitor().get(view); strings.Contains(body, "HARBOUR OFFICE") || res.Request.URL.Path != "/signin" {
		t.Errorf("somebody not signed in came to %s", res.Request.URL)
	}
}

// No address that a link, a prefetch or a reload can follow performs an act.
func TestGetPerformsNoAct(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, _ := r.search("quay")
	view, _ := r.open(0)
	acts, size := d.archive.acts, len(d.archive.log.leaves)
	for _, path := range []string{"/", "/?q=quay&purpose=p-harbour234", "/search?q=quay", results, results, results + "/again", results + "/page?offset=20",
		"/item/" + string(d.archive.items[0].ID), "/open?item=" + string(d.archive.items[0].ID), view, view + "/page/2.png", view + "/original",
		"/purposes/p-pending222/decide?decision=approve", "/purposes/p-harbour234/revoke", "/signout"} {
		r.get(path)
	}
	if d.archive.acts != acts || len(d.archive.log.leaves) != size {
		t.Errorf("following links performed %d acts and wrote %d records", d.archive.acts-acts, len(d.archive.log.leaves)-size)
	}
}

func TestOtherOriginsCannotAct(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	before := d.archive.acts
	for _, path := range []string{"/search", "/open", "/purposes", "/purposes/p-harbour234/revoke", "/signout", "/theme", "/add", "/add/begin"} {
		for header, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
			req, err := http.NewRequest(http.MethodPost, d.server.URL+path, strings.NewReader("q=quay&item="+string(d.archive.items[0].ID)))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(header, value)
			if res, _ := r.do(req); res.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s %s: %s", path, header, value, res.Status)
			}
		}
	}
	if d.archive.acts != before || d.archive.list[0].Status != candor.Active {
		t.Error("another site performed an act")
	}
	if res, _ := r.get("/purposes"); res.Request.URL.Path != "/purposes" {
		t.Error("another site signed the reader out")
	}
}

func TestGuessingPasswordsIsSlow(t *testing.T) {
	d := newDesk(t)
	now := testNow
	d.archive.now = func() time.Time { return now }
	v := d.visitor()
	guess := func(password string) int {
		res, _ := v.post("/signin", url.Values{"who": {"m.lind"}, "password": {password}})
		return res.StatusCode
	}
	for i := range attemptsPair {
		if got := guess("wrong"); got != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, got)
		}
	}
	if got := guess(password); got != http.StatusTooManyRequests {
		t.Errorf("after %d wrong passwords the right one gave %d", attemptsPair, got)
	}
	now = now.Add(attemptWindow + time.Second)
	if got := guess(password); got != http.StatusOK {
		t.Errorf("after the wait the right password gave %d", got)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	a := newAttempts(func() time.Time { return testNow })
	for i := range attemptsKept {
		a.failed(fmt.Sprint("who", i), fmt.Sprint("from", i))
	}
	if n := len(a.seen); n > attemptsKept+3 {
		t.Errorf("%d counts are kept", n)
	}
}

func TestSignInTellsNothing(t *testing.T) {
	d := newDesk(t)
	_, known := d.visitor().post("/signin", url.Values{"who": {"m.lind"}, "password": {"wrong"}})
	_, unknown := d.visitor().post("/signin", url.Values{"who": {"m.lynd"}, "password": {"wrong"}})
	if strings.ReplaceAll(known, "m.lind", "") != strings.ReplaceAll(unknown, "m.lynd", "") {
		t.Error("the page tells whether a name exists")
	}
}

func TestNextStaysHere(t *testing.T) {
	for _, bad := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", "evil", ""} {
		if got := localPath(bad); got != "/" {
			t.Errorf("%q leads to %q", bad, got)
		}
	}
	if got := localPath("/purposes?x=1"); got != "/purposes?x=1" {
		t.Errorf("a local path became %q", got)
	}
}

func TestSessionCookie(t *testing.T) {
	for _, secure := range []bool{false, true} {
		d := newDesk(t, func(c *Config) { c.SecureCookies = secure })
		v := d.visitor()
		v.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res, _ := v.post("/signin", url.Values{"who": {"m.lind"}, "password": {password}})
		c := res.Header.Get("Set-Cookie")
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || strings.Contains(c, "Secure") != secure || strings.HasPrefix(c, "__Host-") != secure {
			t.Errorf("secure %v: %s", secure, c)
		}
	}
}

// A page of another site that makes its name point here must not reach a solo
// archive, where nobody signs in.
func TestSoloAnswersOnlyHere(t *testing.T) {
	d := newDesk(t, func(c *Config) { c.Solo, c.Hosts = true, []string{"desk.example"} })
	d.archive.persons = append(d.archive.persons, candor.Person{ID: "me", Name: "Me", Solo: true})
	for host, want := range map[string]int{"": 200, "localhost": 200, "localhost:7310": 200, "127.0.0.1:7310": 200, "[::1]:7310": 200, "desk.example": 200, "evil.example": 421, "evil.example:7310": 421, "127.0.0.1.evil.example": 421} {
		req, err := http.NewRequest(http.MethodGet, d.server.URL+"/", nil)
		must(t, err)
		req.Host = host
		if res, body := d.visitor().do(req); res.StatusCode != want || want == 200 && !strings.Contains(body, "signed in as the one person") {
			t.Errorf("host %q: %s", host, res.Status)
		}
	}
}

func TestRevokedPurposeClosesPages(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	results, _ := r.search("quay")
	d.archive.list[0].Status = candor.Revoked
	if _, body := r.get(results); strings.Contains(body, "Minutes of the tender board") {
		t.Error("a results page is still shown after its purpose was revoked")
	}
}

func TestUploadedPathsStayInside(t *testing.T) {
	for in, want := range map[string]string{
		"a/b.txt": "a/b.txt", "../../etc/passwd": "etc/passwd", `..\..\x`: "x", "/etc/passwd": "etc/passwd", "a/../../b": "b", "..": "", ".": "", "": "", "a\x00b": "ab", "\xff.txt": "\uFFFD.txt",
	} {
		if got := cleanPath(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestFolderUploadKeepsPaths(t *testing.T) {
	d := newDesk(t)
	r := d.signedIn("m.lind")
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	must(t, m.WriteField("collection", "harbour"))
	must(t, m.WriteField("source", "my folder"))
	for name, text := range map[string]string{"box/letters/one.txt": "one", "../../two.txt": "two"} {
		h := make(map[string][]string)
		h["Content-Disposition"] = []string{fmt.Sprintf(`form-data; name="files"; filename="%s"`, name)}
		w, err := m.CreatePart(h)
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	must(t, m.Close())
	req, err := http.NewRequest(http.MethodPost, d.server.URL+"/add", &b)
	must(t, err)
	req.Header.Set("Content-Type", m.FormDataContentType())
	res, body := r.do(req)
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Request.URL.Path, "/additions/") || !strings.Contains(body, "2 files handed in") {
		t.Fatalf("%s %s\n%s", res.Status, res.Request.URL, body)
	}
	if string(d.archive.sent["box/letters/one.txt"]) != "one" || string(d.archive.sent["two.txt"]) != "two" {
		t.Errorf("sent: %v", d.archive.sent)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	now := testNow
	m := newMemory(func() time.Time { return now })
	for i := range pagesAPerson + 25 {
		now = now.Add(time.Second)
		m.keep(fmt.Sprint(i), "m.lind", archive.SearchRequest{}, archive.SearchResult{}, nil)
	}
	if len(m.pages) != pagesAPerson {
		t.Errorf("%d pages are kept for one person, want %d", len(m.pages), pagesAPerson)
	}
	if _, ok := m.page("0", "m.lind"); ok {
		t.Error("the oldest page is still there")
	}
	now = now.Add(pageLifetime + time.Second)
	if p, ok := m.page(fmt.Sprint(pagesAPerson+24), "m.lind"); !ok || p.Result != nil {
		t.Error("after its time a page should be forgotten, and its question kept")
	}
	m.forget("m.lind")
	if len(m.pages) != 0 {
		t.Error("signing out left pages")
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# Terms\n\n- one\n- **two** `x`\n\n[a](/b) [c](javascript:alert(1))", "```\n<script>\n```", "> q\n1. x", "**<b>**", "[x](https://a\"onmouseover=\"b)", "_a_b_ *c* __d__"} {
		f.Add(s)
	}
	allowed := strings.Fields("p ul ol li blockquote pre code strong em h2 h3 h4 h5 h6 a")
	f.Fuzz(func(t *testing.T, s string) {
		out := string(markdown(s))
		for _, tag := range strings.Split(out, "<")[1:] {
			inside, _, ok := strings.Cut(tag, ">")
			if !ok {
				t.Fatalf("a tag is not closed in %q", out)
			}
			name, rest, _ := strings.Cut(strings.TrimPrefix(inside, "/"), " ")
			known := false
			for _, a := range allowed {
				known = known || a == name
			}
			if !known || rest != "" && (name != "a" || strings.Count(rest, `"`) != 4) {
				t.Fatalf("%q made the tag <%s>", s, inside)
			}
			if strings.Contains(strings.ToLower(rest), `href="javascript`) || strings.Contains(strings.ToLower(rest), `href="data`) {
				t.Fatalf("%q made the link %s", s, rest)
			}
		}
	})
}

func FuzzSnippet(f *testing.F) {
	f.Add("the quay wall", 4, 8, 9, 13)
	f.Add("Übermaß", 0, 1, 2, 99)
	f.Add("", -1, 5, 0, 0)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		var got strings.Builder
		for _, p := range snippetPieces(archive.Snippet{Text: text, Marks: [][2]int{{a, b}, {c, d}}}) {
			got.WriteString(p.Text)
		}
		if got.String() != text {
			t.Fatalf("%q became %q", text, got.String())
		}
	})
}

func FuzzFinder(f *testing.F) {
	f.Add("The Quay, the quays and QUAY.", "quay")
	f.Add("straße STRASSE", "straße")
	f.Add("a\xffb", "b")
	f.Fuzz(func(t *testing.T, text, word string) {
		var got strings.Builder
		n := 0
		finder := newFinder([]string{word})
		for _, p := range finder.pieces(text) {
			got.WriteString(p.Text)
			if p.Mark {
				n++
			}
		}
		if got.String() != text || n != finder.count(text) {
			t.Fatalf("%q became %q", text, got.String())
		}
	})
}
