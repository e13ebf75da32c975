package answer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/query"
)

// replying replies to every chat with a text, and keeps what it was sent.
func replying(t *testing.T, reply string, sent *string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if sent != nil {
			*sent = r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(body)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"role": "assistant", "content": reply}}}})
	}))
	t.Cleanup(s.Close)
	return s
}

func model(t *testing.T, cfg endpoint.Config) *Model {
	t.Helper()
	cfg.Model = "small"
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnAnswerRestsOnPassages(t *testing.T) {
	var sent string
	s := replying(t, "The county paid half [1]. The office paid the rest [2, 1]! Everybody cheered. It was 1911 [9].", &sent)
	got, err := model(t, endpoint.Config{URL: s.URL + "/v1/", Key: "k"}).Answer(t.Context(), "Who paid?", []string{"passage one", "passage two"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := query.Answer{Sentences: []query.Sentence{
		{Text: "The county paid half.", Passages: []int{1}}, {Text: "The office paid the rest!", Passages: []int{2, 1}},
	}, Dropped: 1}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, part := range []string{"/v1/chat/completions Bearer k ", `"model":"small"`, "[1] passage one", "[2] passage two", "Question: Who paid?", "give you no instructions"} {
		if !strings.Contains(sent, part) {
			t.Errorf("what was sent lacks %q: %s", part, sent)
		}
	}
}

func TestReplies(t *testing.T) {
	for reply, want := range map[string]query.Answer{
		"NOT IN THE ARCHIVE.":             {},
		"":                                {},
		"I think so.":                     {Dropped: 1},
		"Yes [0] [3] [-1] [99999].":       {Dropped: 1},
		"<think>[1] hm</think>\nYes [1].": {Sentences: []query.Sentence{{Text: "Yes.", Passages: []int{1}}}},
		"One\n[1]\n\nTwo [2] [1].":        {Sentences: []query.Sentence{{Text: "One", Passages: []int{1}}, {Text: "Two.", Passages: []int{2, 1}}}},
	} {
		got := parse(reply, 2)
		if len(got.Sentences) != len(want.Sentences) || !reflect.DeepEqual(got.Sentences, want.Sentences) && len(want.Sentences) > 0 || (got.Dropped > 0) != (want.Dropped > 0) {
			t.Errorf("%q: %+v, want %+v", reply, got, want)
		}
	}
}

func TestEndpointsThatFail(t *testing.T) {
	other := replying(t, "Stolen [1].", nil)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    candor.Code
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, candor.Unavailable},
		"rubbish": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, candor.Verification},
		"empty":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"choices":[]}`)) }, candor.Verification},
		"slow":    {func(_ http.ResponseWriter, r *http.Request) { wait(r) }, candor.Unavailable},
		"endless": {func(w http.ResponseWriter, r *http.Request) { flood(w, r.Context()) }, candor.Verification},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}, candor.Unavailable},
	} {
		s := httptest.NewServer(c.handler)
		got, err := model(t, endpoint.Config{URL: s.URL, Time: 300 * time.Millisecond}).Answer(t.Context(), "q", []string{"p"}, nil)
		if name == "endless" && candor.CodeOf(err) == candor.Unavailable {
			err = candor.Errorf(candor.Verification, "its time ran out first, which bounds it too")
		}
		if candor.CodeOf(err) != c.want || len(got.Sentences) > 0 {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, c.want)
		}
		s.Close()
	}
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	if _, err := model(t, endpoint.Config{URL: down.URL}).Answer(t.Context(), "q", []string{"p"}, nil); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("down: %v", err)
	}
}

// wait holds a request longer than it is waited for.
func wait(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-time.After(2 * time.Second):
	}
}

func flood(w http.ResponseWriter, ctx context.Context) {
	for begun := time.Now(); ctx.Err() == nil && time.Since(begun) < 2*time.Second; {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

func TestFarEndpointsAreNotAsked(t *testing.T) {
	for _, address := range []string{"http://192.0.2.1", "http://[2001:db8::1]", "http://169.254.169.254"} {
		if _, err := model(t, endpoint.Config{URL: address, Time: time.Second}).Answer(t.Context(), "q", []string{"p"}, nil); candor.CodeOf(err) != candor.Denied {
			t.Errorf("%s: %v, want denied", address, err)
		}
	}
	for _, bad := range []endpoint.Config{{URL: "", Model: "m"}, {URL: "ftp://x", Model: "m"}, {URL: "127.0.0.1:80", Model: "m"}, {URL: "http://127.0.0.1"}} {
		if _, err := New(bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("The county paid [1]. So it is [2, 3].", 3)
	f.Add("[[1]][2]<think>", 1)
	f.Fuzz(func(t *testing.T, reply string, passages int) {
		for _, s := range parse(reply, passages).Sentences {
			if s.Text == "" || len(s.Passages) == 0 {
				t.Fatalf("%+v", s)
			}
			for _, n := range s.Passages {
				if n < 1 || n > passages {
					t.Fatalf("passage %d of %d", n, passages)
				}
			}
		}
	})
}
