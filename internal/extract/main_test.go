package extract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"candor"
)

// TestMain lets the test binary be its own workers, good and hostile.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Subcommand {
		if err := RunWorker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == "hostile-worker" {
		hostile(os.Args[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var cacheDir = os.TempDir() + "/candor-test-pdf-engine"

func newPool(t testing.TB, change func(*Config)) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Workers: 2, Command: []string{self, Subcommand}, Memory: testMemory, CacheDir: cacheDir,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// gathered is a sink that keeps all.
type gathered struct {
	text  bytes.Buffer
	parts []gatheredPart
	fail  error
}

type gatheredPart struct {
	candor.Place
	data []byte
	err  error
}

func (g *gathered) Text(p []byte) error {
	g.text.Write(p)
	return g.fail
}

func (g *gathered) Part(p candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	g.parts = append(g.parts, gatheredPart{p, data, err})
	if g.fail != nil {
		return g.fail
	}
	return err
}

func (g *gathered) names() string {
	var out []string
	for _, p := range g.parts {
		out = append(out, p.Path)
	}
	return strings.Join(out, " ")
}

func source(name string, data []byte) candor.Source {
	return candor.Source{Name: name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func read(t testing.TB, p *Pool, name string, data []byte) (candor.Reading, *gathered) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	g := &gathered{}
	r, err := p.Extract(ctx, source(name, data), g)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if r.Condition != candor.Done && r.Reason == "" {
		t.Errorf("%s: %s without a reason", name, r.Condition)
	}
	return r, g
}

func field(r candor.Reading, name string) string {
	for _, f := range r.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}
