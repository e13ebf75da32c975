package embed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"candor"
	"candor/internal/analyze/endpoint"
	"candor/internal/extract/native"
	"candor/internal/query"
)

const (
	mostTokens  = 256             // of a passage, where the folder does not say how many the model reads
	rowsAtOnce  = 16              // texts that the model is given at once
	patience    = 5 * time.Minute // for them
	mostMemory  = 16 << 30        // bytes, of the program
	headOfModel = 1 << 20         // bytes by which models are told apart, with their size
)

// FolderConfig says where a model is, and what runs it.
type FolderConfig struct {
	Dir     string   // of a sentence transformer: model.onnx and tokenizer.json, and more; see NewFolder
	Program string   // candor-onnx; "" is the one beside this program, or on the path
	Library string   // of ONNX Runtime; "" is what the system calls libonnxruntime.so
	Helper  []string // as native.Program's Command
}

// Folder embeds by a sentence transformer in a folder, run by ONNX Runtime in a
// process of its own, confined: it can open no socket, write nothing, and read
// nothing but the model. Safe for concurrent use; the model reads one batch at a time.
type Folder struct {
	name      string
	model     string
	program   native.Program
	args      []string
	pieces    pieces
	begin     int64 // the piece that begins a text
	end       int64
	tokens    int    // most pieces of a text
	toFind    string // stands before what is looked for
	toBeFound string // stands before a passage
	rest      endpoint.Rest

	mu      sync.Mutex
	running *native.Running // nil when it has to be started
}

// NewFolder reads what a folder as sentence-transformers saves them says of its
// model: tokenizer.json (WordPiece, in small letters, as BERT's, MiniLM's, BGE's,
// E5's and GTE's English models have it), model.onnx or onnx/model.onnx, and where
// they are 1_Pooling/config.json, sentence_bert_config.json and
// config_sentence_transformers.json. Invalid for a folder that lacks something,
// NotSupported for a tokenizer of another kind or a program that is not installed.
// The model is loaded when it is first needed.
func NewFolder(cfg FolderConfig) (*Folder, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{name: filepath.Base(dir), tokens: mostTokens}
	graph, err := graphIn(dir)
	if err != nil {
		return nil, err
	}
	if err := f.readTokenizer(filepath.Join(dir, "tokenizer.json")); err != nil {
		return nil, err
	}
	pooling, err := f.readConfigs(dir)
	if err != nil {
		return nil, err
	}
	if f.model, err = nameOf(f.name, graph); err != nil {
		return nil, err
	}
	if f.program, err = findProgram(cfg); err != nil {
		return nil, err
	}
	f.program.Read = []string{filepath.Dir(graph)}
	library := cfg.Library
	if library == "" {
		library = "libonnxruntime.so"
	} else if library, err = filepath.Abs(library); err == nil {
		f.program.Read = append(f.program.Read, library)
	}
	f.args = []string{library, graph, pooling}
	return f, err
}

// graphIn finds the model's graph.
func graphIn(dir string) (string, error) {
	for _, name := range []string{"model.onnx", "onnx/model.onnx"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return filepath.EvalSymlinks(file)
		}
	}
	return "", candor.Errorf(candor.Invalid, "The folder of the model of meaning has neither model.onnx nor onnx/model.onnx. Give the folder of a sentence transformer that was exported to ONNX.")
}

func findProgram(cfg FolderConfig) (native.Program, error) {
	name := cfg.Program
	if name == "" {
		name = "candor-onnx"
		if self, err := os.Executable(); err == nil {
			if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) {
				name = beside
			}
		}
	}
	p, err := native.Find(name)
	if err != nil {
		return p, candor.Wrap(err, candor.NotSupported, "A model in a folder is run by candor-onnx, which is not installed. Build it with make onnx, and put it beside candor or on the path.")
	}
	if p.Path, err = filepath.Abs(p.Path); err != nil {
		return p, err
	}
	p.Command, p.Memory = cfg.Helper, mostMemory
	return p, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// nameOf tells models apart that stand in folders of the same name.
func nameOf(name, graph string) (string, error) {
	f, err := os.Open(graph)
	if err != nil {
		return "", candor.Wrap(err, candor.Invalid, "The model of meaning cannot be read. Check its permissions.")
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, size)
	for _, at := range []int64{0, max(size-headOfModel, 0)} {
		if _, err := io.Copy(sum, io.NewSectionReader(f, at, headOfModel)); err != nil {
			return "", candor.Wrap(err, candor.Invalid, "The model of meaning cannot be read. Check its disk.")
		}
	}
	return name + "-" + hex.EncodeToString(sum.Sum(nil)[:4]), nil
}

func (f *Folder) readTokenizer(file string) error {
	var t struct {
		Normalizer struct {
			Type      string `json:"type"`
			Lowercase bool   `json:"lowercase"`
		} `json:"normalizer"`
		Model struct {
			Type    string         `json:"type"`
			Prefix  string         `json:"continuing_subword_prefix"`
			Unknown string         `json:"unk_token"`
			Vocab   map[string]int `json:"vocab"`
		} `json:"model"`
	}
	if there, err := readJSON(file, &t); err != nil {
		return err
	} else if !there {
		return candor.Errorf(candor.Invalid, "The folder of the model of meaning has no tokenizer.json. Save the model with its tokenizer.")
	}
	if t.Model.Type != "WordPiece" && t.Model.Type != "" || t.Model.Prefix != "##" || !t.Normalizer.Lowercase {
		return candor.Errorf(candor.NotSupported, "The model's tokenizer is none of BERT's kind in small letters, which is all that can be run from a folder. Put the model behind an endpoint, and set CANDOR_EMBED_URL.")
	}
	f.pieces = newPieces(len(t.Model.Vocab))
	for piece, n := range t.Model.Vocab {
		if n < 0 || n > mostPieces {
			return badConfig(file, nil)
		}
		f.pieces.add(piece, n)
	}
	begin, hasBegin := t.Model.Vocab["[CLS]"]
	end, hasEnd := t.Model.Vocab["[SEP]"]
	unknown, hasUnknown := t.Model.Vocab[t.Model.Unknown]
	if !hasBegin || !hasEnd || !hasUnknown {
		return badConfig(file, nil)
	}
	f.begin, f.end, f.pieces.unknown = int64(begin), int64(end), unknown
	return nil
}

// readConfigs reads what is told besides, and returns how vectors are pooled.
func (f *Folder) readConfigs(dir string) (pooling string, err error) {
	var pool struct {
		First bool `json:"pooling_mode_cls_token"`
	}
	var reads struct {
		Tokens int `json:"max_seq_length"`
	}
	var prompts struct {
		Prompts map[string]string `json:"prompts"`
	}
	for name, into := range map[string]any{"1_Pooling/config.json": &pool, "sentence_bert_config.json": &reads, "config_sentence_transformers.json": &prompts} {
		if _, err := readJSON(filepath.Join(dir, filepath.FromSlash(name)), into); err != nil {
			return "", err
		}
	}
	if reads.Tokens > 2 {
		f.tokens = min(reads.Tokens, 8192)
	}
	f.toFind = prompts.Prompts["query"]
	for _, name := range []string{"document", "passage"} {
		if p := prompts.Prompts[name]; p != "" {
			f.toBeFound = p
		}
	}
	if pool.First {
		return "cls", nil
	}
	return "mean", nil
}

// readJSON reads a file, if it is there.
func readJSON(file string, into any) (there bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return true, badConfig(file, err)
	}
	return true, nil
}

func badConfig(file string, err error) error {
	return candor.Wrap(err, candor.Invalid, "%s of the model of meaning is damaged, or none of a sentence transformer. Save the model again.", filepath.Base(file))
}

// Model names the space that places are in: the folder's name, and what tells its
// model from others.
func (f *Folder) Model() string { return f.model }

// Name tells which model it is.
func (f *Folder) Name() string { return f.name + " on this machine" }

// Embed cuts a text into passages and has the model place each. The title stands
// before the first. Unavailable when the model cannot be run.
func (f *Folder) Embed(ctx context.Context, title, text string) (query.Meaning, error) {
	return embedBy(ctx, f.Model(), rowsAtOnce, title, text, func(ctx context.Context, texts []string) ([][]float32, error) {
		return f.ask(ctx, f.toBeFound, texts)
	})
}

// Query places what is looked for; nil for nothing. Errors as of Embed.
func (f *Folder) Query(ctx context.Context, text string) ([]float32, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	vectors, err := f.ask(ctx, f.toFind, []string{text})
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

// row is the pieces of a text.
func (f *Folder) row(text string) []int64 {
	out := []int64{f.begin}
	f.pieces.each(text, nil, func(n int) {
		if len(out) < f.tokens-1 {
			out = append(out, int64(n))
		}
	})
	return append(out, f.end)
}

func (f *Folder) ask(ctx context.Context, prompt string, texts []string) ([][]float32, error) {
	if f.rest.Due() {
		return nil, candor.Errorf(candor.Unavailable, "The model of meaning could not be run a moment ago, and is left alone for half a minute. Search by text meanwhile.")
	}
	rows := make([][]int64, len(texts))
	for i, text := range texts {
		rows[i] = f.row(prompt + text)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	vectors, err := f.exchange(ctx, rows)
	if err != nil {
		f.rest.After(ctx, err)
		return nil, err
	}
	return vectors, nil
}

// exchange gives the program some rows. One that fails or does not answer in time
// is ended, and started anew the next time.
func (f *Folder) exchange(ctx context.Context, rows [][]int64) (_ [][]float32, err error) {
	if f.running == nil {
		if f.running, err = f.program.Start(f.args...); err != nil {
			return nil, candor.Wrap(err, candor.Unavailable, "The model of meaning could not be started.")
		}
		if _, err := f.converse(ctx, nil); err != nil {
			return nil, err
		}
	}
	vectors, err := f.converse(ctx, rows)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(rows) {
		return nil, f.nonsense()
	}
	out := make([][]float32, len(vectors))
	for i, v := range vectors {
		var ok bool
		if out[i], ok = whole(v); !ok || len(v) != len(vectors[0]) {
			return nil, f.nonsense()
		}
	}
	return out, nil
}

// converse says something, unless it is nil, and reads one reply.
func (f *Folder) converse(ctx context.Context, rows [][]int64) ([][]float32, error) {
	type reply struct {
		Vectors [][]float32 `json:"vectors"`
		Error   string      `json:"error"`
		err     error
	}
	p := f.running
	heard := make(chan reply, 1)
	go func() {
		var said reply
		if rows != nil {
			said.err = json.NewEncoder(p.In).Encode(map[string]any{"rows": rows})
		}
		if said.err == nil {
			var line []byte
			if line, said.err = p.Out.ReadBytes('\n'); said.err == nil {
				said.err = json.Unmarshal(line, &said)
			}
		}
		heard <- said
	}()
	var said reply
	select {
	case said = <-heard:
		if said.err == nil && said.Error == "" {
			return said.Vectors, nil
		}
	case <-ctx.Done():
		said.err = ctx.Err()
	case <-time.After(patience):
		said.err = errors.New("no reply in time")
	}
	words := p.Close()
	f.running = nil
	return nil, candor.Wrap(errors.Join(said.err, errors.New(cmp.Or(said.Error, words))), candor.Unavailable, "The model of meaning could not be run. The server's own log says why.")
}

func (f *Folder) nonsense() error {
	return candor.Errorf(candor.Verification, "What the model of meaning replied is no place of the texts that it was given. Is %s a sentence transformer?", f.name)
}

// Close ends the program.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil {
		f.running.Close()
		f.running = nil
	}
	return nil
}
