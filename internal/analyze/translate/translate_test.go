package translate

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/archive"
	"candor/internal/extract/native/nativetest"
)

var _, _ archive.Translator = (*Endpoint)(nil), (*Program)(nil)

// The test binary is the helper, and stands in for a translator: it says what it
// was given.
func TestMain(m *testing.M) {
	nativetest.Main(m, func(args []string) (int, bool) {
		if len(args) < 1 || args[0] != "--from" {
			return 0, false
		}
		text, _ := io.ReadAll(os.Stdin)
		_, err := os.ReadDir(filepath.Dir(args[4]))
		model, _ := os.ReadFile(args[4])
		fmt.Printf("%s from %s to %s by %s, other files: %v\n", text, args[1], args[3], model, err == nil)
		return 0, true
	})
}

func TestProgram(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "model")
	if err := os.WriteFile(model, []byte("tiny"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := NewProgram(self+" --from {from} --to {to} "+model, model, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Translate(t.Context(), "Hafen", "", "en")
	if err != nil || got != "Hafen from auto to en by tiny, other files: false" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err = p.Translate(t.Context(), "Hafen; rm -rf /", "de", "en"); err != nil || !strings.HasPrefix(got, "Hafen; rm -rf / from de to en") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := p.Translate(t.Context(), "Hafen", "de", "--help"); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a language that is an option: %v", err)
	}
	for command, code := range map[string]candor.Code{"": candor.Invalid, "translator-that-is-not-there --x": candor.NotSupported} {
		if _, err := NewProgram(command, "", nil); candor.CodeOf(err) != code {
			t.Errorf("%q: %v", command, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	reply := "<think>hm</think>\nharbour"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Model    string
			Messages []endpoint.Message
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.URL.Path != "/v1/chat/completions" || asked.Model != "tongue" || len(asked.Messages) != 2 {
			t.Errorf("%s %+v: %v", r.URL, asked, err)
			return
		}
		if !strings.Contains(asked.Messages[0].Content, "into English.") || asked.Messages[1].Content != "Hafen" {
			t.Errorf("it is told %+v", asked.Messages)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": reply}}}})
	}))
	defer s.Close()
	e, err := NewEndpoint(endpoint.Config{Kind: "translate", URL: s.URL + "/v1", Model: "tongue"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Translate(t.Context(), "Hafen", "de", "en"); err != nil || got != "harbour" {
		t.Errorf("%q, %v", got, err)
	}
	reply = "<think>hm</think> "
	if _, err := e.Translate(t.Context(), "Hafen", "de", "en"); candor.CodeOf(err) != candor.Verification {
		t.Errorf("nothing said: %v", err)
	}
	if _, err := e.Translate(t.Context(), "Hafen", "de", "klingon"); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("no language: %v", err)
	}
	s.Close()
	if _, err := e.Translate(t.Context(), "Hafen", "de", "en"); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("gone: %v", err)
	}
}
