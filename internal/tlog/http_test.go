package tlog_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/archive"
	"candor/internal/tlog"
	"candor/receipt"
)

var _ archive.Log = (*tlog.Log)(nil)

// TestActsAgree: receipt imports nothing of ours, so its closed lists are kept
// equal to the nouns by this test.
func TestActsAgree(t *testing.T) {
	var want []string
	for _, a := range candor.Acts() {
		want = append(want, string(a))
	}
	if !slices.Equal(receipt.Acts(), want) {
		t.Errorf("receipt.Acts() = %v, candor.Acts() = %v", receipt.Acts(), want)
	}
	if receipt.Intent != string(candor.Intent) || receipt.Outcome != string(candor.Outcome) {
		t.Error("phases differ")
	}
	for _, s := range []candor.PurposeStatus{candor.Active, candor.Refused, candor.Revoked} {
		if !slices.Contains([]string{receipt.Active, receipt.Refused, receipt.Revoked}, string(s)) {
			t.Errorf("status %s", s)
		}
	}
}

func served(t *testing.T, records int) (*tlog.Log, *httptest.Server, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, "log.example/served")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tlog.Open(t.Context(), tlog.Config{Dir: t.TempDir(), Signer: signer, Key: vkey, PublishEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	for range records {
		if _, err := l.Append(t.Context(), []byte(`{"not":"a record"}`), []byte("sealed")); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(http.StripPrefix("/log", l.Handler()))
	t.Cleanup(func() { srv.Close(); l.Close() })
	return l, srv, vkey
}

func TestHandler(t *testing.T) {
	l, srv, vkey := served(t, 300)
	get := func(path string) (int, http.Header, string) {
		res, err := http.Get(srv.URL + "/log" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(b)
	}
	if code, _, _ := get("/tile/0/000"); code != http.StatusNotFound {
		t.Errorf("a tile was served before a checkpoint covered it: %d", code)
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, cache, kind string
		code              int
	}{
		{"/checkpoint", "no-cache", "text/plain; charset=utf-8", 200},
		{"/key", "public, max-age=3600", "text/plain; charset=utf-8", 200},
		{"/tile/0/000", "public, max-age=31536000, immutable", "application/octet-stream", 200},
		{"/tile/0/001.p/44", "public, max-age=31536000, immutable", "application/octet-stream", 200},
		{"/tile/1/000.p/1", "public, max-age=31536000, immutable", "application/octet-stream", 200},
		{"/tile/entries/000", "public, max-age=31536000, immutable", "application/octet-stream", 200},
		{"/tile/entries/001.p/44", "public, max-age=31536000, immutable", "application/octet-stream", 200},
		{"/tile/0/001", "", "", 404},
		{"/tile/0/001.p/45", "", "", 404},
		{"/tile/data/000", "", "", 404},
		{"/details/000", "", "", 404},
		{"/journal/0000000000000001", "", "", 404},
		{"/tile/../details/000", "", "", 404},
		{"/tile/%2e%2e/details/000", "", "", 404},
		{"/lock", "", "", 404},
	} {
		code, h, body := get(c.path)
		if code != c.code || strings.Contains(body, "sealed") {
			t.Errorf("%s: %d", c.path, code)
		}
		if code == 200 && (h.Get("Cache-Control") != c.cache || h.Get("Content-Type") != c.kind || body == "") {
			t.Errorf("%s: %v, %d bytes", c.path, h, len(body))
		}
	}
	if _, _, body := get("/key"); body != vkey+"\nlog.example/served\n" {
		t.Errorf("key: %q", body)
	}
	res, err := http.Post(srv.URL+"/log/checkpoint", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}

// TestVerifyOverHTTP: leaves that are not records are named, the tree holds.
func TestVerifyOverHTTP(t *testing.T) {
	l, srv, vkey := served(t, 300)
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	src, err := receipt.OpenSource(srv.URL + "/log")
	if err != nil {
		t.Fatal(err)
	}
	v, err := receipt.VerifyLog(context.Background(), src, receipt.Options{Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	if v.OK || v.Size != 300 || v.Records != 0 || len(v.Problems) != 300 || !strings.HasPrefix(v.Problems[7], "Record #7 cannot be read") {
		b, _ := json.Marshal(v)
		t.Errorf("%s", b)
	}
}
