package speech

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/extract/native/nativetest"
)

// The test binary is the helper, and stands in for whisper.cpp's command line: it
// says what it was given.
func TestMain(m *testing.M) {
	nativetest.Main(m, func(args []string) (int, bool) {
		if len(args) < 2 || args[0] != "-m" {
			return 0, false
		}
		return whisper(args[1], args[2:]), true
	})
}

func whisper(model string, args []string) int {
	weights, err := os.ReadFile(model)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no model")
		return 1
	}
	wav, _ := io.ReadAll(os.Stdin)
	_, outside := os.ReadFile(filepath.Join(filepath.Dir(model), "other"))
	fmt.Printf("\n[00:00:00.000 --> 00:00:02.500]   %s heard %d bytes\nnoise\n[01:02:03,004 --> 01:02:04,000] %s, other files: %v\n[00:00:09.000 --> 00:00:10.000]  \n",
		weights, len(wav), strings.Join(args, " "), outside == nil)
	return 0
}

func TestProgram(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "ggml-tiny.bin")
	for name, data := range map[string]string{"ggml-tiny.bin": "tiny", "other": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := NewProgram(self, model, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := p.Transcribe(t.Context(), []byte("RIFFwav"))
	want := []candor.Line{{Text: "tiny heard 7 bytes"}, {At: time.Hour + 2*time.Minute + 3*time.Second + 4*time.Millisecond, Text: "-f - -l auto -np, other files: false"}}
	if err != nil || len(lines) != 2 || lines[0] != want[0] || lines[1] != want[1] {
		t.Errorf("%+v, %v", lines, err)
	}
	if p.Name() != "ggml-tiny on this machine" {
		t.Error(p.Name())
	}
	p, err = NewProgram(self, filepath.Join(dir, "gone.bin"), nil)
	if err == nil {
		_, err = p.Transcribe(t.Context(), nil)
	}
	if candor.CodeOf(err) != candor.Invalid || !strings.Contains(candor.MessageOf(err), "no model") {
		t.Errorf("a model that is not there: %v", err)
	}
	if _, err := NewProgram("whisper-that-is-not-there", model, nil); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("a program that is not there: %v", err)
	}
}

func TestEndpoint(t *testing.T) {
	reply, status := `{"text":"all of it","segments":[{"start":1.5,"text":"  The heron\n stood"},{"start":-1,"text":"before"},{"start":2,"text":" "}]}`, http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, head, err := r.FormFile("file")
		if err != nil || r.URL.Path != "/v1/audio/transcriptions" || r.FormValue("model") != "ear" || r.FormValue("response_format") != "verbose_json" || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("%s %v: %v", r.URL, r.Form, err)
			return
		}
		data, _ := io.ReadAll(file)
		if head.Filename != "sound.wav" || !bytes.Equal(data, []byte("RIFF")) {
			t.Errorf("%s: %q", head.Filename, data)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	defer s.Close()
	e, err := NewEndpoint(endpoint.Config{URL: s.URL + "/v1", Model: "ear", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := e.Transcribe(t.Context(), []byte("RIFF"))
	if err != nil || len(lines) != 1 || lines[0] != (candor.Line{At: 1500 * time.Millisecond, Text: "The heron stood"}) {
		t.Errorf("%+v, %v", lines, err)
	}
	reply = `{"text":" just  text "}`
	if lines, err = e.Transcribe(t.Context(), []byte("RIFF")); err != nil || len(lines) != 1 || lines[0].Text != "just text" {
		t.Errorf("%+v, %v", lines, err)
	}
	for bad, want := range map[string]candor.Code{"": candor.Verification, "<html>": candor.Verification, `{"error":"x"}`: candor.Verification} {
		reply = bad
		if _, err := e.Transcribe(t.Context(), []byte("RIFF")); candor.CodeOf(err) != want {
			t.Errorf("%q: %v", bad, err)
		}
	}
	status = http.StatusTooManyRequests
	if _, err := e.Transcribe(t.Context(), []byte("RIFF")); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("refused: %v", err)
	}
	far, err := NewEndpoint(endpoint.Config{URL: "http://192.0.2.1/v1", Model: "ear", Kind: "speech"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Transcribe(t.Context(), nil); candor.CodeOf(err) != candor.Denied || !strings.Contains(candor.MessageOf(err), "CANDOR_SPEECH_REMOTE=yes") {
		t.Errorf("far: %v", err)
	}
}

func FuzzReplies(f *testing.F) {
	f.Add(`{"segments":[{"start":1e300,"text":"x"}]}`)
	f.Add("[00:00:00.000 --> 00:00:02.500] x")
	f.Fuzz(func(t *testing.T, s string) {
		lines, _ := parseReply([]byte(s))
		for _, l := range append(lines, parseLines(s)...) {
			if l.Text == "" || l.At < 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}
