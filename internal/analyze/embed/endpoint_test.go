package embed

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/query"
)

// placing is a model of three numbers: how often a text says tide, choir and tax.
func placing(t *testing.T, asked *[]string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Model string
			Input []string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1/embeddings" || in.Model != "large" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		var data []map[string]any
		for i, text := range in.Input {
			*asked = append(*asked, text)
			v := []float64{0.01, 0.01, 0.01}
			for n, word := range []string{"tide", "choir", "tax"} {
				v[n] += 3 * float64(strings.Count(text, word))
			}
			data = append([]map[string]any{{"index": i, "embedding": v}}, data...) // in any order
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	t.Cleanup(s.Close)
	return s
}

func at(t *testing.T, url string) *Endpoint {
	t.Helper()
	e, err := NewEndpoint(endpoint.Config{Kind: "embed", URL: url + "/v1", Model: "large"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAModelAtAnEndpointPlacesPassages(t *testing.T) {
	var asked []string
	e := at(t, placing(t, &asked).URL)
	pages := strings.Repeat("The choir sang.\f", 100) + "High tide."
	m, err := e.Embed(t.Context(), "Minutes", pages)
	if err != nil {
		t.Fatal(err)
	}
	if m.Model != "large" || len(m.Passages) != 101 || len(asked) != 101 || asked[0] != "Minutes\nThe choir sang." {
		t.Fatalf("%s, %d passages of %d texts, the first %q", m.Model, len(m.Passages), len(asked), asked[0])
	}
	v, err := e.Query(t.Context(), "tide")
	if err != nil {
		t.Fatal(err)
	}
	like := func(p []float32) (sum float64) {
		for i := range p {
			sum += float64(p[i]) * float64(v[i])
		}
		return sum
	}
	last := m.Passages[100]
	if pages[last.Start:last.End] != "High tide." || len(last.Vector) != 64 || math.Abs(like(last.Vector)-1) > 1e-3 || like(m.Passages[0].Vector) > 0.1 {
		t.Errorf("the tide is %v like the tide and %v like the choir", like(last.Vector), like(m.Passages[0].Vector))
	}
	for _, nothing := range []string{"", " \f\n"} {
		if m, err := e.Embed(t.Context(), "Minutes", nothing); err != nil || m.Model != "" || len(m.Passages) != 0 {
			t.Errorf("%q: %v, %v", nothing, m, err)
		}
	}
}

func TestRepliesThatAreNoPlaces(t *testing.T) {
	for reply, want := range map[string]candor.Code{
		`hello`:                                 candor.Verification,
		`{}`:                                    candor.Verification,
		`{"data":[]}`:                           candor.Verification,
		`{"data":[{"index":0,"embedding":[]}]}`: candor.Verification,
		`{"data":[{"index":0,"embedding":[0,0]}]}`:                                           candor.Verification,
		`{"data":[{"index":1,"embedding":[1]}]}`:                                             candor.Verification,
		`{"data":[{"index":-1,"embedding":[1]}]}`:                                            candor.Verification,
		`{"data":[{"index":0,"embedding":[1e39]}]}`:                                          candor.Verification,
		`{"data":[{"index":0,"embedding":["a"]}]}`:                                           candor.Verification,
		`{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}`:                 candor.Verification,
		`{"data":[{"index":0,"embedding":[` + strings.Repeat("1,", query.MostDims) + `1]}]}`: candor.Verification,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, reply) }))
		if v, err := at(t, s.URL).Query(t.Context(), "tide"); candor.CodeOf(err) != want || v != nil {
			t.Errorf("%.60s: %v, want %s", reply, err, want)
		}
		s.Close()
	}
}

// A model that is down is asked once, and not by each of a million items.
func TestAModelThatIsDownIsLeftAlone(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}))
	defer s.Close()
	e := at(t, s.URL)
	for range 3 {
		if _, err := e.Embed(t.Context(), "", "The choir sang."); candor.CodeOf(err) != candor.Unavailable {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
