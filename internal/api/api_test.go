package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

func newHandler(t *testing.T, a *standIn) http.Handler {
	t.Helper()
	h, err := New(Config{Archive: a, Version: "test", Origin: "example.org/archive"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, wire.Prefix+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func codeIn(t *testing.T, w *httptest.ResponseRecorder) candor.Code {
	t.Helper()
	var body wire.Error
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("not an error body: %v: %s", err, w.Body)
	}
	if body.Error.Message == "" {
		t.Errorf("an error without a message: %s", w.Body)
	}
	return body.Error.Code
}

// Everything that is not said to be public refuses who has not signed in, and
// who shows a token that does not work.
func TestNothingWithoutSignIn(t *testing.T) {
	public := []string{"GET /status", "POST /session", "GET /terms", "GET /reasons", "GET /receipts/{index}"}
	a := &standIn{}
	h := newHandler(t, a)
	for _, r := range (&door{archive: a}).routes() {
		name := r.method + " " + r.path
		if r.public != slices.Contains(public, name) {
			t.Errorf("%s: public is %v", name, r.public)
		}
		if r.public {
			continue
		}
		for _, token := range []string{"", "wrong"} {
			w := ask(h, r.method, concrete(r.path), token, "{}")
			if w.Code != http.StatusUnauthorized || codeIn(t, w) != candor.SignIn {
				t.Errorf("%s with token %q: %d %s", name, token, w.Code, w.Body)
			}
		}
	}
}

func concrete(path string) string {
	return strings.NewReplacer("{id}", "x1", "{view}", "v1", "{page}", "1.png", "{index}", "41").Replace(path)
}

// Each code has one status, and only the message leaves, never the cause.
func TestErrorsAreTranslatedOnce(t *testing.T) {
	want := map[candor.Code]int{
		candor.Invalid: 400, candor.SignIn: 401, candor.Denied: 403, candor.NotFound: 404, candor.Conflict: 409,
		candor.TooLarge: 413, candor.Internal: 500, candor.Verification: 500, candor.NotSupported: 501, candor.Unavailable: 503,
	}
	for code, status := range want {
		cause := candor.Wrap(errors.New("cause /secret/path"), code, "What to do.")
		cause.Rule = "coverage-within-budget"
		w := ask(newHandler(t, &standIn{err: cause}), "POST", "/search", "reader", `{"query":"river","purpose":"p-1"}`)
		if w.Code != status || codeIn(t, w) != code {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: the cause leaked: %s", code, w.Body)
		}
		if !strings.Contains(w.Body.String(), `"rule":"coverage-within-budget"`) {
			t.Errorf("%s: no rule in %s", code, w.Body)
		}
	}
	w := ask(newHandler(t, &standIn{err: errors.New("sql: near table people")}), "GET", "/people", "admin", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "sql") {
		t.Errorf("an unknown error leaked: %s", w.Body)
	}
}

func TestBadBodies(t *testing.T) {
	h := newHandler(t, &standIn{})
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"not JSON":              {"/search", "query=river", 400},
		"nothing":               {"/search", "", 400},
		"another type":          {"/search", `{"query":["a"]}`, 400},
		"a misspelt field":      {"/search", `{"query":"a","purpose":"p-1","limits":5}`, 400},
		"two objects":           {"/search", `{"query":"a"}{"query":"b"}`, 400},
		"negative limit":        {"/search", `{"query":"a","limit":-1}`, 400},
		"2 MiB":                 {"/search", `{"query":"` + strings.Repeat("a", 2<<20) + `"}`, 413},
		"501 files":             {"/additions/a-1/known", `{"files":[` + strings.Repeat(`{"path":"a","bytes":1},`, 500) + `{"path":"a","bytes":1}]}`, 413},
		"no items":              {"/export", `{"purpose":"p-1","items":[]}`, 400},
		"token without end":     {"/tokens", `{"label":"x","days":100000}`, 400},
		"negative coverage":     {"/purposes", `{"reason":"research","coverage":-1}`, 400},
		"lifetime out of range": {"/purposes", `{"reason":"research","lifetime_seconds":99999999999999}`, 400},
	} {
		if w := ask(h, "POST", c.path, "reader", c.body); w.Code != c.status {
			t.Errorf("%s: got %d, want %d: %.200s", name, w.Code, c.status, w.Body)
		} else {
			codeIn(t, w)
		}
	}
}

func TestUnknownPathIsJSON(t *testing.T) {
	for _, path := range []string{"/nowhere", "/people/x"} {
		if w := ask(newHandler(t, &standIn{}), "GET", path, "reader", ""); w.Code != 404 || codeIn(t, w) != candor.NotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Every answer to an act says where its record is, in the field and the header.
func TestEveryActHasItsReceipt(t *testing.T) {
	h := newHandler(t, &standIn{})
	for _, c := range []struct{ path, token, body string }{
		{"/people", "admin", `{"id":"x"}`},
		{"/collections", "admin", `{"name":"x"}`},
		{"/purposes", "reader", `{"reason":"research"}`},
		{"/purposes/p-1/approve", "reader", ""},
		{"/purposes/p-1/refuse", "reader", "{}"},
		{"/purposes/p-1/revoke", "reader", ""},
		{"/search", "reader", `{"query":"river","purpose":"p-1"}`},
		{"/ask", "reader", `{"question":"which river?","purpose":"p-1"}`},
		{"/items/item1/open", "reader", `{"purpose":"p-1"}`},
		{"/additions/a-1/commit", "reader", `{"finish":true}`},
	} {
		w := ask(h, "POST", c.path, c.token, c.body)
		var body struct {
			wire.Receipt
			Record int64 `json:"record"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 200 {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
			continue
		}
		if w.Header().Get(wire.ReceiptHeader) != "41" || (body.Index != 41 && body.Record != 41) || body.Receipt.Receipt != string(proof.Marshal()) {
			t.Errorf("%s: header %q, body %+v", c.path, w.Header().Get(wire.ReceiptHeader), body)
		}
	}
}

func TestSearchKeepsEveryField(t *testing.T) {
	a := &standIn{}
	w := ask(newHandler(t, a), "POST", "/search", "reader",
		`{"query":"river","purpose":"p-1","collection":"main","filters":{"type":["application/pdf"]},"from":"2026-01-01T00:00:00Z","offset":20,"limit":10,"sort":"date-desc","facets":true}`)
	if a.search.Query != "river" || a.search.Purpose != "p-1" || a.search.Collection != "main" || a.search.Filters["type"][0] != "application/pdf" ||
		a.search.From.Year() != 2026 || a.search.Offset != 20 || a.search.Limit != 10 || a.search.Sort != "date-desc" || !a.search.Facets {
		t.Errorf("the archive was asked %+v", a.search)
	}
	var out wire.SearchResult
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	hit := out.Hits[0]
	if out.Total != 1 || out.TookMS != 1.5 || out.Purpose.Covered != 3 || out.Purpose.ID != "p-1" || hit.Item != "item1" || hit.Path != "letters/letter.pdf" ||
		hit.Snippet != "the river rose" || hit.Snippets[0].Marks[0] != [2]int{4, 9} || out.Facets[0].Values[0].Count != 1 {
		t.Errorf("answered %+v", out)
	}
}

func TestPutStreamsAndKeepsTheHeader(t *testing.T) {
	a := &standIn{}
	h := newHandler(t, a)
	big := strings.Repeat("x", 3<<20) // more than any JSON body may have
	w := ask(h, "PUT", "/additions/a-1/files?path=a%2Fb.txt&bytes=3145728&mod_time=2026-11-23T14:20:00.5Z", "reader", big)
	if w.Code != 200 || len(a.put) != len(big) || a.readErr != nil {
		t.Fatalf("%d %s, read %d bytes, %v", w.Code, w.Body, len(a.put), a.readErr)
	}
	if a.header.Path != "a/b.txt" || a.header.Size != 3145728 || a.header.ModTime.Nanosecond() != 5e8 {
		t.Errorf("header %+v", a.header)
	}
	if ask(h, "PUT", "/additions/a-1/files?path=a", "reader", ""); a.header.Size != -1 {
		t.Errorf("a size that was not given became %d", a.header.Size)
	}
	for _, q := range []string{"", "?path=", "?path=a&bytes=-1", "?path=a&bytes=x", "?path=a&mod_time=yesterday"} {
		if w := ask(h, "PUT", "/additions/a-1/files"+q, "reader", ""); w.Code != 400 {
			t.Errorf("%q: %d", q, w.Code)
		}
	}
}

func TestEntriesPage(t *testing.T) {
	h := newHandler(t, &standIn{})
	seen, offset := 0, 0
	for range 3 {
		w := ask(h, "GET", "/additions/a-1/entries?limit=2&offset="+string(rune('0'+offset)), "reader", "")
		var page wire.Entries
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		seen += len(page.Entries)
		offset = page.Next
	}
	if seen != 5 || offset != 0 {
		t.Errorf("saw %d of 5 entries, next is %d", seen, offset)
	}
	if w := ask(h, "GET", "/additions/a-1/entries?limit=-1", "reader", ""); w.Code != 400 {
		t.Errorf("a negative limit gives %d", w.Code)
	}
}

// An export that fails before its first byte is an error; one that fails after
// it must not look like a whole zip.
func TestExport(t *testing.T) {
	body := `{"purpose":"p-1","items":["item1"]}`
	srv := httptest.NewServer(newHandler(t, &standIn{}))
	defer srv.Close()
	res, data := exportFrom(t, srv, body)
	if string(data) != "PK-zip-bytes" || res.Trailer.Get(wire.ReceiptHeader) != "41" || res.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("%s, trailer %v, header %v", data, res.Trailer, res.Header)
	}

	w := ask(newHandler(t, &standIn{err: candor.Errorf(candor.Denied, "No.")}), "POST", "/export", "reader", body)
	if w.Code != 403 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}

	broken := httptest.NewServer(newHandler(t, &standIn{err: candor.Errorf(candor.Unavailable, "Gone."), exported: 1}))
	defer broken.Close()
	req, _ := http.NewRequest("POST", broken.URL+wire.Prefix+"/export", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer reader")
	if res, err := http.DefaultClient.Do(req); err == nil {
		defer func() { _ = res.Body.Close() }()
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("an export that broke off reads like a whole one")
		}
	}
}

func exportFrom(t *testing.T, srv *httptest.Server, body string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest("POST", srv.URL+wire.Prefix+"/export", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer reader")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, data
}

func TestKeepingTellsItsEnd(t *testing.T) {
	for _, path := range []string{"/check", "/rebuild", "/rekey"} {
		h := newHandler(t, &standIn{})
		if w := ask(h, "POST", path, "reader", ""); w.Code != 403 || codeIn(t, w) != candor.Denied {
			t.Errorf("%s by a reader: %d", path, w.Code)
		}
		w := ask(h, "POST", path, "admin", "")
		if lines := strings.Count(w.Body.String(), "\n"); w.Code != 200 || lines != 2 {
			t.Errorf("%s: %d, %d lines: %s", path, w.Code, lines, w.Body)
		}
		// Progress has gone out, so the failure must be told in the last line.
		w = ask(newHandler(t, &standIn{err: candor.Errorf(candor.Unavailable, "The disk is full.")}), "POST", path, "admin", "")
		if !strings.Contains(w.Body.String(), `"error":{"code":"unavailable","message":"The disk is full."}`) {
			t.Errorf("%s: the failure is not told: %s", path, w.Body)
		}
	}
}

func TestStatusSaysMoreToWhoIsKnown(t *testing.T) {
	h := newHandler(t, &standIn{})
	var nobody, known wire.Status
	if err := json.Unmarshal(ask(h, "GET", "/status", "", "").Body.Bytes(), &nobody); err != nil {
		t.Fatal(err)
	}
	if nobody.Totals != nil || nobody.Person != nil || nobody.Origin != "example.org/archive" || nobody.Format != candor.FormatVersion {
		t.Errorf("nobody is told %+v", nobody)
	}
	if err := json.Unmarshal(ask(h, "GET", "/status", "reader", "").Body.Bytes(), &known); err != nil {
		t.Fatal(err)
	}
	if known.Totals == nil || known.Totals.Items != 3 || known.Totals.Bytes != 42 || known.Totals.Conditions[candor.Partial] != 1 {
		t.Errorf("totals %+v", known.Totals)
	}
	if w := ask(h, "GET", "/status", "wrong", ""); w.Code != 401 {
		t.Errorf("a token that does not work gives %d", w.Code)
	}
}

// The actor of a context is for callers in the same process only; no header
// can bring one about.
func TestWithActor(t *testing.T) {
	h := newHandler(t, &standIn{})
	r := httptest.NewRequest("GET", wire.Prefix+"/session", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(WithActor(r.Context(), archive.Actor{Person: admin})))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"id":"admin"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSignOutTellsTheSecret(t *testing.T) {
	a := &standIn{}
	if w := ask(newHandler(t, a), "DELETE", "/session", "reader", ""); w.Code != 204 || a.signed != "reader" {
		t.Errorf("%d, signed out %q", w.Code, a.signed)
	}
}

func TestPageNames(t *testing.T) {
	h := newHandler(t, &standIn{})
	for _, page := range []string{"0.png", "-1.png", "x.png", "1", "1.jpg"} {
		if w := ask(h, "GET", "/views/v1/pages/"+page, "reader", ""); w.Code != 404 {
			t.Errorf("page %s gives %d", page, w.Code)
		}
	}
}

// What the handlers answer is what the document says they answer.
func TestAnswersFitTheDocument(t *testing.T) {
	a := &standIn{}
	h := newHandler(t, a)
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	bodies := map[string]string{
		"/session": `{"person":"r.osei","password":"right"}`, "/tokens": `{"label":"x"}`, "/people": `{"id":"x"}`,
		"/collections": `{"name":"x"}`, "/collections/{name}/ocr": `{"ocr":"eng"}`, "/purposes": `{"reason":"research"}`, "/additions": `{"collection":"main"}`,
		"/additions/{id}/known": `{"files":[{"path":"a","bytes":1}]}`, "/additions/{id}/failed": `{"path":"a","bytes":1,"reason":"x"}`,
		"/additions/{id}/commit": `{"finish":true}`, "/analyse": `{"items":["x"],"purpose":"p-1"}`, "/jobs": `{"items":["x"],"purpose":"p-1"}`, "/search": `{"query":"river","purpose":"p-1"}`, "/searches": `{"name":"rivers","request":{"query":"river","purpose":"p-1"}}`, "/ask": `{"question":"which river?","purpose":"p-1"}`, "/ask/stream": `{"question":"which river?","purpose":"p-1"}`, "/items/{id}/open": `{"purpose":"p-1"}`, "/items/{id}/retype": `{"purpose":"p-1","page":1,"text":"x"}`,
		"/audit/reviews": `{"index":4,"note":"fine"}`, "/audit/destroy": `{"before":"2026-01-01T00:00:00Z"}`,
	}
	for _, r := range (&door{archive: a}).routes() {
		if r.out == nil {
			continue
		}
		query := ""
		if r.method == http.MethodPut {
			query = "?path=a"
		}
		w := ask(h, r.method, concrete(r.path)+query, "admin", bodies[r.path])
		if w.Code != 200 {
			t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
			continue
		}
		var value any
		if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
			t.Fatal(err)
		}
		res := &huma.ValidateResult{}
		huma.Validate(schemas, schemas.Schema(r.out, true, r.out.Name()), huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, res)
		if len(res.Errors) > 0 {
			t.Errorf("%s %s does not fit its schema: %v", r.method, r.path, res.Errors)
		}
	}
}

// The document that is served lists the routes that are served, every reference
// in it leads somewhere, and docs/api.md names the same operations.
func TestDocumentMatchesRoutesAndGuide(t *testing.T) {
	a := &standIn{}
	w := ask(newHandler(t, a), "GET", "/openapi.json", "", "")
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
		Parts   struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("version %q", doc.OpenAPI)
	}
	var described, routed []string
	for path, methods := range doc.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	mux := newHandler(t, a).(*http.ServeMux)
	for _, r := range (&door{archive: a}).routes() {
		routed = append(routed, r.method+" "+r.path)
		_, pattern := mux.Handler(httptest.NewRequest(r.method, wire.Prefix+concrete(r.path), nil))
		if pattern != r.method+" "+wire.Prefix+r.path {
			t.Errorf("%s %s is served by %q", r.method, r.path, pattern)
		}
	}
	slices.Sort(described)
	slices.Sort(routed)
	if !reflect.DeepEqual(described, routed) {
		t.Errorf("described: %v\nrouted:    %v", described, routed)
	}
	for _, ref := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllStringSubmatch(w.Body.String(), -1) {
		if doc.Parts.Schemas[ref[1]] == nil {
			t.Errorf("the schema %s is referred to and missing", ref[1])
		}
	}
	guide, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(GET|POST|PUT|DELETE) ([^`]+)`").FindAllStringSubmatch(string(guide), -1) {
		told = append(told, m[1]+" "+m[2])
	}
	slices.Sort(told)
	if !reflect.DeepEqual(told, routed) {
		t.Errorf("docs/api.md tells %v\nrouted:           %v", told, routed)
	}
}

// An audit says what is asked for, hands details out as they are sealed, and
// ends with its receipt, or with what broke it off.
func TestAuditStreams(t *testing.T) {
	body := `{"act":"search","newest":5,"for":{"person":"r.osei","query":"river"}}`
	a := &standIn{}
	w := ask(newHandler(t, a), "POST", "/audit/records", "admin", body)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if w.Code != 200 || len(lines) != 2 || !strings.Contains(lines[0], `"sealed":"c2VhbGVk"`) || !strings.Contains(lines[1], `"receipt_index":41`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if a.audit.Act != candor.ActSearch || a.audit.Newest != 5 || a.audit.For.Person != "r.osei" || a.audit.For.Query != "river" {
		t.Errorf("the archive was asked for %+v", a.audit)
	}
	w = ask(newHandler(t, &standIn{err: candor.Errorf(candor.Denied, "No.")}), "POST", "/audit/records", "admin", body)
	if w.Code != 403 || strings.Contains(w.Body.String(), "sealed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = ask(newHandler(t, &standIn{err: candor.Errorf(candor.Unavailable, "The disk is full."), exported: 1}), "POST", "/audit/records", "admin", body)
	if !strings.Contains(w.Body.String(), "The disk is full.") || strings.Contains(w.Body.String(), `"done"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAnswersAreToldAsTheyCome(t *testing.T) {
	w := ask(newHandler(t, &standIn{}), "POST", "/ask/stream", "reader", `{"question":"which river?","purpose":"p-1"}`)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if w.Code != 200 || w.Header().Get("Content-Type") != linesType || len(lines) != 3 {
		t.Fatalf("%d, %s", w.Code, w.Body)
	}
	for i, want := range []string{`{"found":{`, `{"sentence":{"text":"The river.","passages":[1]}}`, `{"done":{`} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %s", i, lines[i])
		}
	}
	w = ask(newHandler(t, &standIn{}), "POST", "/ask/stream", "reader", `{"question":"broken?","purpose":"p-1"}`)
	if lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n"); !strings.HasPrefix(lines[len(lines)-1], `{"error":{"code":"unavailable"`) {
		t.Errorf("the end is %s", lines[len(lines)-1])
	}
}
