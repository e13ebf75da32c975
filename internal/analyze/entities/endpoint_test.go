package entities

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"candor"
	"candor/internal/analyze/endpoint"
)

// saying is a chat model that replies by what it is given.
func saying(t *testing.T, reply func(text string) string) (*Endpoint, *int) {
	t.Helper()
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var in struct{ Messages []endpoint.Message }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Messages) != 2 {
			t.Errorf("asked with %v: %v", in, err)
		}
		said := reply(in.Messages[1].Content)
		if said == "down" {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": said}}}})
	}))
	t.Cleanup(s.Close)
	e, err := NewEndpoint(endpoint.Config{Kind: "names", URL: s.URL + "/v1", Model: "tagger"})
	if err != nil {
		t.Fatal(err)
	}
	return e, &asked
}

func TestAModelTellsNames(t *testing.T) {
	e, _ := saying(t, func(string) string {
		return "<think>hm</think>```json\n" + `{"people":["Ngũgĩ wa Mwangi","Nobody Atall","",` + `"` + strings.Repeat("x", 300) + `"],"organisations":["the Quay\nBoard"],"places":["Lamu"]}` + "\n```"
	})
	got, err := e.Find(t.Context(), "ngugi? Ngũgĩ  wa Mwangi of the Quay Board wrote from Lamu on 3 May 2026 to a@example.org.")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.People, []string{"Ngũgĩ wa Mwangi"}) || !slices.Equal(got.Organisations, []string{"the Quay Board"}) || !slices.Equal(got.Places, []string{"Lamu"}) {
		t.Errorf("people %q, organisations %q, places %q", got.People, got.Organisations, got.Places)
	}
	if !slices.Equal(got.Emails, []string{"a@example.org"}) || !slices.Equal(got.Dates, []string{"2026-05-03"}) {
		t.Errorf("what rules tell for sure is %q and %q", got.Emails, got.Dates)
	}
}

func TestLongTextsAreToldInPieces(t *testing.T) {
	longest := 0
	e, asked := saying(t, func(text string) string {
		longest = max(longest, len(text))
		return `{"people":["Rosa Osei"]}`
	})
	text := strings.Repeat("Nothing to tell here.\n", 1_000) + "Rosa Osei."
	got, err := e.Find(t.Context(), text)
	if err != nil || !slices.Equal(got.People, []string{"Rosa Osei"}) {
		t.Errorf("%q, %v", got.People, err)
	}
	if *asked != 4 || longest > mostAsked {
		t.Errorf("asked %d times, with %d bytes at most", *asked, longest)
	}
	*asked = 0
	got, err = e.Find(t.Context(), strings.Repeat("é", 2*mostRead)+" Dr Amara Lindqvist")
	if err != nil || !slices.Contains(got.People, "Amara Lindqvist") {
		t.Errorf("beyond what the model is told: %q, %v", got.People, err)
	}
	if most := mostRead/mostAsked + 2; *asked > most {
		t.Errorf("asked %d times", *asked)
	}
}

func TestAModelThatTellsNoNames(t *testing.T) {
	for _, reply := range []string{"", "I cannot.", `{"people":`, `{"people":7}`, `["x"]`, "}{"} {
		e, _ := saying(t, func(string) string { return reply })
		if _, err := e.Find(t.Context(), "Rosa Osei"); candor.CodeOf(err) != candor.Verification {
			t.Errorf("%q: %v", reply, err)
		}
	}
	e, asked := saying(t, func(string) string { return "down" })
	for range 3 {
		if _, err := e.Find(t.Context(), "Rosa Osei"); candor.CodeOf(err) != candor.Unavailable {
			t.Errorf("down: %v", err)
		}
	}
	if *asked != 1 {
		t.Errorf("a model that is down was asked %d times at once", *asked)
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("a\nb c", 3)
	f.Add("éééé", 2)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 4 || most > 1<<20 {
			return
		}
		for len(text) > 0 {
			end := pieceEnd(text, most)
			if end < 1 || end > len(text) || end > most {
				t.Fatalf("%d of %d bytes, most %d", end, len(text), most)
			}
			text = text[end:]
		}
	})
}
