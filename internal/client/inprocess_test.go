package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"testing"

	"candor"
	"candor/internal/wire"
)

func local(t *testing.T, h http.HandlerFunc) (*Client, *InProcess) {
	t.Helper()
	transport := &InProcess{Handler: h}
	c, err := New(Config{Server: "http://in-process", Token: "token", Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c, transport
}

// Bodies stream: the handler must be able to answer before it has read all,
// and a body far larger than any buffer passes.
func TestInProcessStreamsBothWays(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}
	sent := make([]byte, 8<<20)
	_, _ = rand.Read(sent)
	transport := &InProcess{Handler: http.HandlerFunc(h)}
	in, out := io.Pipe()
	go func() {
		_, _ = out.Write(sent)
		_ = out.Close()
	}()
	req, _ := http.NewRequest("PUT", "http://in-process/", in)
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	_ = res.Body.Close()
	transport.Wait()
}

func TestInProcessTrailer(t *testing.T) {
	c, _ := local(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", wire.ReceiptHeader)
		_, _ = w.Write([]byte("zip"))
		w.Header().Set(wire.ReceiptHeader, "41")
	})
	var out bytes.Buffer
	index, err := c.Export(t.Context(), wire.ExportRequest{}, &out)
	if err != nil || index != 41 || out.String() != "zip" {
		t.Errorf("index %d, %q, %v", index, &out, err)
	}
}

// An answer that breaks off must not read like a whole one.
func TestInProcessAbort(t *testing.T) {
	for name, write := range map[string]string{"before the header": "", "after some bytes": "zi"} {
		c, _ := local(t, func(w http.ResponseWriter, _ *http.Request) {
			if write != "" {
				_, _ = w.Write([]byte(write))
			}
			panic(http.ErrAbortHandler)
		})
		if _, err := c.Export(t.Context(), wire.ExportRequest{}, io.Discard); candor.CodeOf(err) != candor.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Closing an answer early ends the handler; Wait would hang if it did not.
func TestInProcessCloseEndsTheHandler(t *testing.T) {
	ended := make(chan error, 1)
	transport := &InProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		<-r.Context().Done()
		_, err := w.Write([]byte("too late"))
		ended <- err
	})}
	req, _ := http.NewRequest("GET", "http://in-process/", nil)
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	transport.Wait()
	if err := <-ended; err == nil {
		t.Error("writing to a closed answer succeeded")
	}
}

func TestInProcessCancel(t *testing.T) {
	release := make(chan struct{})
	c, transport := local(t, func(http.ResponseWriter, *http.Request) { <-release })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	transport.Wait()
}

func TestErrorsComeBackAsTheyWere(t *testing.T) {
	c, _ := local(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(403)
		_, _ = w.Write([]byte(`{"error":{"code":"refused","message":"Over budget.","rule":"coverage-within-budget"}}`))
	})
	_, err := c.Search(t.Context(), wire.SearchRequest{})
	e, ok := errors.AsType[*candor.Error](err)
	if !ok || e.Code != candor.Denied || e.Message != "Over budget." || e.Rule != "coverage-within-budget" {
		t.Errorf("got %#v", err)
	}
}

func TestAnswersThatAreNotOurs(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a proxy's error page":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502); _, _ = w.Write([]byte("<html>")) },
		"a redirect":             func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://elsewhere/", 302) },
		"a page instead of JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hello")) },
		"half an answer":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"version":"1`)) },
	} {
		c, _ := local(t, h)
		if _, err := c.Status(t.Context()); candor.CodeOf(err) != candor.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for _, server := range []string{"", "127.0.0.1:7310", "ftp://x", "http://", "http://a b"} {
		if _, err := New(Config{Server: server}); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q: %v", server, err)
		}
	}
}

// A job's stream that ends without its last line did not end.
func TestJobWithoutEnd(t *testing.T) {
	for body, code := range map[string]candor.Code{
		`{"done":1,"total":2}` + "\n": candor.Unavailable,
		`{"done":1,`:                  candor.Unavailable,
		`{"done":1,"total":2}` + "\n" + `{"error":{"code":"verification","message":"m"}}`: candor.Verification,
	} {
		c, _ := local(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		var last int64
		_, err := c.Rebuild(t.Context(), func(done, _ int64) { last = done })
		if candor.CodeOf(err) != code {
			t.Errorf("%s: %v", body, err)
		}
		_ = last
	}
}
