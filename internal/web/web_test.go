package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// desk is a running set of pages over a stand-in archive.
type desk struct {
	t       testing.TB
	archive *standIn
	server  *httptest.Server
}

func newDesk(t testing.TB, change ...func(*Config)) *desk {
	t.Helper()
	a := newStandIn(t)
	cfg := Config{Archive: a, LogKey: a.log.key, Now: func() time.Time { return a.now() }, Logger: slog.New(slog.DiscardHandler), Public: publicStub()}
	for _, c := range change {
		c(&cfg)
	}
	h, err := New(cfg)
	must(t, err)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &desk{t, a, srv}
}

func publicStub() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the public log") })
}

// reader is a browser without a screen.
type reader struct {
	d *desk
	c *http.Client
}

func (d *desk) visitor() *reader {
	jar, err := cookiejar.New(nil)
	must(d.t, err)
	return &reader{d, &http.Client{Jar: jar}}
}

func (d *desk) signedIn(who string) *reader {
	d.t.Helper()
	r := d.visitor()
	res, body := r.post("/signin", url.Values{"who": {who}, "password": {password}})
	if res.StatusCode != http.StatusOK || strings.Contains(body, `name="password" type="password" autocomplete="current-password"`) {
		d.t.Fatalf("sign in as %s: %s", who, res.Status)
	}
	return r
}

func (r *reader) do(req *http.Request) (*http.Response, string) {
	r.d.t.Helper()
	res, err := r.c.Do(req)
	must(r.d.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(r.d.t, err)
	return res, string(body)
}

func (r *reader) get(path string) (*http.Response, string) {
	r.d.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.d.server.URL+path, nil)
	must(r.d.t, err)
	return r.do(req)
}

func (r *reader) post(path string, form url.Values) (*http.Response, string) {
	r.d.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.d.server.URL+path, strings.NewReader(form.Encode()))
	must(r.d.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", r.d.server.URL)
	return r.do(req)
}

// search returns the path of the results page and its body.
func (r *reader) search(q string) (path, body string) {
	r.d.t.Helper()
	res, body := r.post("/search", url.Values{"q": {q}})
	return res.Request.URL.Path, body
}

// open opens the nth item of the stand-in and returns the path of the view.
func (r *reader) open(n int, more ...string) (path, body string) {
	r.d.t.Helper()
	form := url.Values{"item": {string(r.d.archive.items[n].ID)}}
	if len(more) == 1 {
		form.Set("from", more[0])
	}
	res, body := r.post("/open", form)
	return res.Request.URL.RequestURI(), body
}
