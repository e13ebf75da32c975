package answer

import (
	"encoding/json"
	"fmt"
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

// speaking replies in pieces, each as an event; before a piece that is "" it waits
// for the channel.
func speaking(t *testing.T, go_ chan struct{}, pieces ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, p := range pieces {
			if p == "" {
				select {
				case <-go_:
				case <-r.Context().Done():
					return
				}
				continue
			}
			if raw, ok := strings.CutPrefix(p, "raw:"); ok {
				fmt.Fprint(w, raw)
			} else {
				data, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]string{"content": p}}}})
				fmt.Fprintf(w, ": a comment\nevent: x\ndata: %s\n\n", data)
			}
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestSentencesAreToldAsTheyCome(t *testing.T) {
	goOn := make(chan struct{})
	url := speaking(t, goOn, "<think>It says [1]. Hm.", "</think>The county ", "paid half [1", "][2]. The off", "ice paid the rest [2", "]", "", ". Nobody knows more.", "raw:data: [DONE]\n\n")
	var told []query.Sentence
	got, err := model(t, endpoint.Config{URL: url}).Answer(t.Context(), "Who paid?", []string{"one", "two"}, func(s query.Sentence) {
		if told = append(told, s); len(told) == 1 {
			close(goOn) // the rest is said only once the first was told
		}
	})
	want := query.Answer{Sentences: []query.Sentence{{Text: "The county paid half.", Passages: []int{1, 2}}, {Text: "The office paid the rest.", Passages: []int{2}}}, Dropped: 1}
	if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(told, want.Sentences) {
		t.Errorf("%+v, %v; told %+v", got, err, told)
	}
}

func TestStreamsThatGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		pieces []string
		code   candor.Code
		told   int
	}{
		"rubbish":         {[]string{"It was so [1]. And ", "so [1]. Then", "raw:data: {rubbish\n\n"}, candor.Verification, 1},
		"nothing":         {[]string{"raw:data: [DONE]\n\n"}, "", 0},
		"no events":       {[]string{"raw:hello\n"}, candor.Verification, 0},
		"no stream":       {[]string{`raw:{"choices":[{"message":{"content":"It was so [1]."}}]}`}, "", 1},
		"no answer":       {[]string{`raw:{"error":"x"}`}, candor.Verification, 0},
		"silence":         {[]string{"It was so [1]. And so [1]. Then", ""}, candor.Unavailable, 1},
		"no end":          {[]string{"It was so [1]."}, "", 1},
		"not in it":       {[]string{"NOT IN ", "THE ARCHIVE"}, "", 0},
		"one line of all": {[]string{"raw:data: " + strings.Repeat("x", 3<<20)}, candor.Unavailable, 0},
	} {
		told := 0
		url := speaking(t, nil, c.pieces...)
		got, err := model(t, endpoint.Config{URL: url, Time: 300 * time.Millisecond}).Answer(t.Context(), "q", []string{"p"}, func(query.Sentence) { told++ })
		if candor.CodeOf(err) != c.code || told != c.told || len(got.Sentences) != told {
			t.Errorf("%s: %+v, %v, told %d", name, got, err, told)
		}
	}
}
