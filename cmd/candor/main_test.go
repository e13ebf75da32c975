package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"candor/internal/extract/fixture"
)

// TestMain lets the test binary be the command: the scripts run it as "candor",
// and it runs itself again as its own worker.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"candor": main})
}

// TestScripts runs testdata/*.txtar. Each script names the behaviour or the bug
// that it guards in its first lines.
func TestScripts(t *testing.T) {
	testscript.Run(t, scriptParams(t, "testdata"))
}

// scriptParams is how scripts run: with a home of their own, and one shared
// cache for the PDF engine's code, which takes seconds to compile.
func scriptParams(t *testing.T, dir string) testscript.Params {
	cache, err := filepath.Abs("../../.cache/test")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := filepath.Abs(sampleRoot)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := filepath.Abs("../../internal/extract/pack/testdata/locked")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "home", ".config"))
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("CANDOR_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("SAMPLE", sample)
			env.Setenv("LOCKED", locked)
			return os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o700)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "mounts" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt").Run() == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exitsWith, "field": fieldOf, "keys": keysOf, "serving": waitServing, "make": makeFile, "grown": waitGrown,
			"patch": patchFile, "freeport": freePort, "listening": waitListening, "expand": expandFile, "scan": scanFile, "chat": chatWith, "placing": placeWith, "until": untilSays,
		},
	}
}

// scan FILE TEXT...: makes a file that shows texts as pictures. A PDF has a page for
// each; of one that begins with "text:" the words can be read as they are. "scan
// locked FILE" makes a PDF that says "hidden" and opens with "open sesame".
func scanFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: scan FILE TEXT...")
	}
	data := fixture.Scan(args[1])
	switch {
	case args[0] == "locked":
		args, data = args[1:], fixture.PDFEncrypted()
	case strings.HasSuffix(args[0], ".pdf"):
		pages := make([]string, len(args)-1)
		for i, text := range args[1:] {
			words, readable := strings.CutPrefix(text, "text:")
			if pages[i] = words; !readable {
				pages[i] = fixture.Picture + text
			}
		}
		data = fixture.PDF("A scan", pages...)
	}
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o700))
	ts.Check(os.WriteFile(name, data, 0o600))
}

// chat VARIABLE REPLY: an endpoint whose model says so to everything, and hears it in
// every sound, as long as the script runs.
func chatWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: chat VARIABLE REPLY")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"content": args[1]}}}, "text": args[1]})
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/v1")
}

// placing VARIABLE WORD...: an embedding model is at the address in the variable,
// to which texts with the same of these words are alike. It replies to no other path.
func placeWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: placing VARIABLE WORD...")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1/embeddings" {
			http.NotFound(w, r)
			return
		}
		data := make([]map[string]any, len(in.Input))
		for i, text := range in.Input {
			at := make([]float64, len(args)-1)
			for n, word := range args[1:] {
				at[n] = 0.01 + float64(strings.Count(text, word))
			}
			data[i] = map[string]any{"index": i, "embedding": at}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/v1")
}

// until TEXT COMMAND...: the command is run again until its output has the text,
// for at most 30 seconds.
func untilSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT COMMAND...")
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never said %q", strings.Join(args[1:], " "), args[0])
		}
	}
}

// exits CODE COMMAND...: the command ends with exactly this exit code.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// field FILE VARIABLE PATH: takes a value out of JSON, such as hits.0.item.
func fieldOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field FILE VARIABLE PATH")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	for step := range strings.SplitSeq(args[2], ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				ts.Fatalf("no field %s in %s", step, ts.ReadFile(args[0]))
			}
			value = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				ts.Fatalf("no element %s", step)
			}
			value = v[i]
		default:
			ts.Fatalf("%s leads nowhere", args[2])
		}
	}
	text := fmt.Sprint(value)
	if n, ok := value.(float64); ok {
		text = strconv.FormatFloat(n, 'f', -1, 64)
	}
	ts.Setenv(args[1], text)
}

// keys FILE a,b,c: the JSON object in FILE has exactly these fields.
func keysOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keys FILE a,b,c")
	}
	var object map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
	want := strings.Split(args[1], ",")
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		ts.Fatalf("fields %v, want %v", got, want)
	}
}

// serving VARIABLE: waits until the data folder says where it is served.
func waitServing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serving VARIABLE")
	}
	file := filepath.Join(ts.Getenv("CANDOR_DATA"), serverFile)
	waitFor(ts, "no server came up", func() bool {
		address, err := os.ReadFile(file)
		if err != nil || len(address) == 0 {
			return false
		}
		ts.Setenv(args[0], strings.TrimSpace(string(address)))
		return true
	})
}

// grown DIR FILES: waits until a folder has at least so many files.
func waitGrown(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: grown DIR FILES")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	waitFor(ts, "the folder did not grow", func() bool {
		n := 0
		_ = filepath.WalkDir(ts.MkAbs(args[0]), func(_ string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				n++
			}
			return nil
		})
		return n >= want
	})
}

func waitFor(ts *testscript.TestScript, failure string, met func() bool) {
	for range 1200 {
		if met() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s", failure)
}

// patch FILE OLD NEW: replaces text in a file.
func patchFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: patch FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}
