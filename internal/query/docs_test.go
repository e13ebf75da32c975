package query_test

import (
	"os"
	"strings"
	"testing"

	"candor/internal/query"
)

// TestDocs runs the examples of docs/query.md.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	inside := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = line == "```query"
			continue
		}
		if typed, want, found := strings.Cut(line, "=>"); inside && found {
			ran++
			example(t, strings.TrimSpace(typed), strings.TrimSpace(want))
		}
	}
	if ran < 25 {
		t.Errorf("only %d examples were found", ran)
	}
}

func example(t *testing.T, typed, want string) {
	t.Helper()
	n, err := query.Parse(typed, query.Options{})
	if says, ok := strings.CutPrefix(want, "error: "); ok {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want an error with %q", typed, err, says)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", typed, err)
		return
	}
	if got := query.String(n); got != want {
		t.Errorf("%s means %s, the document says %s", typed, got, want)
	}
}
