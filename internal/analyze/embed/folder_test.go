package embed

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/native"
	"candor/internal/extract/native/nativetest"
	"candor/internal/query"
)

func TestMain(m *testing.M) {
	nativetest.Main(m, func(args []string) (int, bool) {
		if len(args) != 3 || args[2] != "mean" && args[2] != "cls" {
			return 0, false
		}
		return standInModel(filepath.Base(args[1]), filepath.Base(args[0])), true
	})
}

// standInModel speaks as candor-onnx does. Its vectors say how many pieces a text
// has. The name of the library says how it fails.
func standInModel(_, library string) int {
	switch library {
	case "missing.so":
		fmt.Fprintln(os.Stderr, "cannot open shared object file")
		return 1
	case "libonnxruntime.so":
		if _, err := os.ReadFile("/etc/passwd"); err == nil {
			return 2 // it is not confined
		}
	}
	fmt.Println("{}")
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return 0
		}
		var r struct{ Rows [][]int64 }
		if err := json.Unmarshal(line, &r); err != nil {
			return 1
		}
		switch library {
		case "crash.so":
			return 3
		case "rubbish.so":
			fmt.Println("I am a model")
		case "few.so":
			fmt.Println(`{"vectors":[]}`)
		case "error.so":
			fmt.Println(`{"error":"out of memory"}`)
		case "zeros.so":
			fmt.Println(`{"vectors":[[0,0,0]]}`)
		case "slow.so":
			select {}
		default:
			vectors := make([][]float64, len(r.Rows))
			for i, row := range r.Rows {
				vectors[i] = []float64{float64(len(row)), float64(row[0]), float64(row[len(row)-1])}
			}
			_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"vectors": vectors})
		}
	}
}

// modelFolder writes a folder with what is given, besides a small tokenizer and a
// graph that nobody can run.
func modelFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	all := map[string]string{
		"onnx/model.onnx": "graph",
		"tokenizer.json": `{"normalizer":{"type":"BertNormalizer","lowercase":true},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
			"vocab":{"[UNK]":1,"[CLS]":2,"[SEP]":3,"the":4,"sea":5,"##s":6,"query":7,":":8}}}`,
	}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if content == "" {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func folder(t *testing.T, dir, library string) *Folder {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := FolderConfig{Dir: dir, Program: self, Helper: []string{self, native.Subcommand}}
	if library != "" {
		cfg.Library = filepath.Join(dir, library)
	}
	f, err := NewFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFolderCutsTextsAsItsModelDoes(t *testing.T) {
	f := folder(t, modelFolder(t, map[string]string{
		"sentence_bert_config.json":         `{"max_seq_length": 6}`,
		"config_sentence_transformers.json": `{"prompts":{"query":"query: "}}`,
	}), "")
	for text, want := range map[string]string{
		"The seas":               "[2 4 5 6 3]",
		"The unheard sea":        "[2 4 1 5 3]",
		"sea sea sea sea sea":    "[2 5 5 5 5 3]",
		"":                       "[2 3]",
		strings.Repeat("x", 200): "[2 1 3]",
	} {
		if got := fmt.Sprint(f.row(text)); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if v, err := f.Query(t.Context(), "sea"); err != nil || v[0] == 0 {
		t.Errorf("%v, %v", v, err)
	} else if n := math.Round(float64(v[0]/v[1]) * 2); n != 5 { // begin, query, colon, sea, end
		t.Errorf("what is looked for has %v pieces", n)
	}
	if v, err := f.Query(t.Context(), " "); err != nil || v != nil {
		t.Errorf("nothing: %v, %v", v, err)
	}
	m, err := f.Embed(t.Context(), "The sea", strings.Repeat("The sea is wide. ", 1000))
	if err != nil || len(m.Passages) < 11 || m.Model != f.Model() || !strings.HasPrefix(f.Model(), "small-") || f.Name() != "small on this machine" {
		t.Errorf("%d passages by %s (%s): %v", len(m.Passages), f.Model(), f.Name(), err)
	}
}

// Another graph in a folder of the same name is another space.
func TestFoldersAreToldApart(t *testing.T) {
	a, b := folder(t, modelFolder(t, nil), ""), folder(t, modelFolder(t, map[string]string{"onnx/model.onnx": "graph2"}), "")
	if a.Model() == b.Model() {
		t.Error("two models have one name")
	}
}

func TestFoldersThatLackSomething(t *testing.T) {
	self, _ := os.Executable()
	for name, c := range map[string]struct {
		files map[string]string
		code  candor.Code
		says  string
	}{
		"no graph":          {map[string]string{"onnx/model.onnx": ""}, candor.Invalid, "neither model.onnx nor onnx/model.onnx"},
		"no tokenizer":      {map[string]string{"tokenizer.json": ""}, candor.Invalid, "no tokenizer.json"},
		"damaged tokenizer": {map[string]string{"tokenizer.json": "{"}, candor.Invalid, "tokenizer.json of the model"},
		"another kind":      {map[string]string{"tokenizer.json": `{"model":{"type":"Unigram"}}`}, candor.NotSupported, "CANDOR_EMBED_URL"},
		"no special pieces": {map[string]string{"tokenizer.json": `{"normalizer":{"lowercase":true},"model":{"type":"WordPiece","continuing_subword_prefix":"##","vocab":{}}}`}, candor.Invalid, "damaged"},
		"odd numbers":       {map[string]string{"tokenizer.json": `{"normalizer":{"lowercase":true},"model":{"type":"WordPiece","continuing_subword_prefix":"##","vocab":{"[CLS]":-1}}}`}, candor.Invalid, "damaged"},
		"damaged pooling":   {map[string]string{"1_Pooling/config.json": "[]"}, candor.Invalid, "config.json of the model"},
	} {
		_, err := NewFolder(FolderConfig{Dir: modelFolder(t, c.files), Program: self})
		if candor.CodeOf(err) != c.code || !strings.Contains(candor.MessageOf(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := NewFolder(FolderConfig{Dir: modelFolder(t, nil), Program: "/nowhere/candor-onnx"})
	if candor.CodeOf(err) != candor.NotSupported || !strings.Contains(candor.MessageOf(err), "make onnx") {
		t.Errorf("no program: %v", err)
	}
}

func TestAModelThatFails(t *testing.T) {
	dir := modelFolder(t, nil)
	for library, says := range map[string]string{
		"missing.so": "cannot open shared object", "crash.so": "EOF", "rubbish.so": "invalid character", "few.so": "no place", "error.so": "out of memory", "zeros.so": "no place",
	} {
		f := folder(t, dir, library)
		if _, err := f.Query(t.Context(), "sea"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", library, err)
		}
		if _, err := f.Query(t.Context(), "sea"); candor.CodeOf(err) != candor.Unavailable || !strings.Contains(err.Error(), "left alone") {
			t.Errorf("%s again: %v", library, err)
		}
	}
	slow := folder(t, dir, "slow.so")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := slow.Query(ctx, "sea"); err == nil {
		t.Error("a question that nobody waits for was answered")
	}
}

// miniLM is all-MiniLM-L6-v2, run by candor-onnx as it is built here.
func miniLM(t testing.TB) *Folder {
	t.Helper()
	cache, err := filepath.Abs("../../../.cache/onnx")
	if err != nil {
		t.Fatal(err)
	}
	dir, library := filepath.Join(cache, "all-MiniLM-L6-v2"), filepath.Join(cache, "libonnxruntime.so")
	if !isFile(library) || !isFile(filepath.Join(dir, "model.onnx")) {
		t.Skip("make onnx fetches the model and what runs it")
	}
	program := filepath.Join(t.TempDir(), "candor-onnx")
	build := exec.Command("go", "build", "-o", program, "candor/cmd/candor-onnx")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFolder(FolderConfig{Dir: dir, Program: program, Library: library, Helper: []string{self, native.Subcommand}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// BenchmarkFolder tells how many passages all-MiniLM-L6-v2 places in a second, and
// the table beside it.
func BenchmarkFolder(b *testing.B) {
	text := strings.Repeat("The harbour board met in the morning to open the tenders for the quay wall. ", 800)
	f := miniLM(b)
	if _, err := f.Query(b.Context(), "the model is loaded now"); err != nil {
		b.Fatal(err)
	}
	for name, place := range map[string]func() (query.Meaning, error){
		"model": func() (query.Meaning, error) { return f.Embed(b.Context(), "", text) },
		"table": func() (query.Meaning, error) { return BuiltIn{}.Embed(b.Context(), "", text) },
	} {
		b.Run(name, func(b *testing.B) {
			passages := 0
			for b.Loop() {
				m, err := place()
				if err != nil {
					b.Fatal(err)
				}
				passages += len(m.Passages)
			}
			b.ReportMetric(float64(passages)/b.Elapsed().Seconds(), "passages/s")
		})
	}
}

// TestFolderRunsAModel runs all-MiniLM-L6-v2 by ONNX Runtime: it places texts where
// its authors say that it does, and what means the same stands together.
func TestFolderRunsAModel(t *testing.T) {
	f := miniLM(t)
	like := func(a, b string) (sum float64) {
		v, err := f.Query(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		w, err := f.Query(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range v {
			sum += float64(v[i]) * float64(w[i])
		}
		return sum
	}
	// The figures of the model's card for these sentences.
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"The weather is lovely today.", "It's so sunny outside!", 0.6660},
		{"The weather is lovely today.", "He drove to the stadium.", 0.1046},
		{"It's so sunny outside!", "He drove to the stadium.", 0.1411},
	} {
		if got := like(c.a, c.b); math.Abs(got-c.want) > 0.0005 {
			t.Errorf("%q and %q are alike by %.4f, want %.4f", c.a, c.b, got, c.want)
		}
	}
	m, err := f.Embed(t.Context(), "", strings.Repeat("Rain fell on the quay. ", 500))
	if err != nil || len(m.Passages) < 8 || len(m.Passages[0].Vector) != 384 {
		t.Errorf("%d passages: %v", len(m.Passages), err)
	}
}
