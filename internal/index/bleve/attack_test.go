package bleve_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"candor"
	"candor/internal/index/bleve"
	"candor/internal/query"
)

func planted(num uint32) query.Document {
	return query.Document{Num: num, Item: "itemsecretitem", Name: "secretname.pdf", Path: "secretfolder/secretname.pdf",
		Title: "Secrettitle", Text: "Plantedword and the plantedwords of Velmere.", Type: "application/x-secrettype",
		Collection: "secretcollection", People: []string{"Secretperson Osei"}, Condition: candor.Done,
		Fields: []candor.Field{{Name: "iptc:City", Value: "Secretcity"}}}
}

func fill(t testing.TB, x *bleve.Index, rounds, each int) {
	t.Helper()
	for r := range rounds {
		var docs []query.Document
		for i := range each {
			docs = append(docs, planted(uint32(r*each+i)))
		}
		if err := x.Put(context.Background(), docs); err != nil {
			t.Fatal(err)
		}
	}
}

func closed(t testing.TB, dir string, rounds, each int) {
	t.Helper()
	x, err := bleve.Open(context.Background(), bleve.Config{Dir: dir, Key: key(1)})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, x, rounds, each)
	if err := x.Delete(context.Background(), []uint32{0}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) < 4 {
		t.Fatalf("%d files in the index: %v", len(out), err)
	}
	return out
}

// TestNothingReadable looks for every planted value, in any case, in every
// byte of every file, open and closed, before and after merges.
func TestNothingReadable(t *testing.T) {
	dir := t.TempDir()
	secrets := []string{"planted", "velmere", "secret", "osei", "iptc", "x.text", "k.people"}
	look := func(when string) {
		for _, path := range files(t, dir) {
			data, err := os.ReadFile(path)
			if err != nil {
				continue // merged away meanwhile
			}
			low := bytes.ToLower(data)
			for _, s := range secrets {
				if bytes.Contains(low, []byte(s)) {
					t.Errorf("%s: %q can be read in %s", when, s, filepath.Base(path))
				}
			}
		}
	}
	x, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(1)})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, x, 25, 8)
	look("open")
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	look("closed")
}

func TestWrongKey(t *testing.T) {
	dir := t.TempDir()
	closed(t, dir, 2, 3)
	_, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(2)})
	if candor.CodeOf(err) != candor.Verification || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: %v", err)
	}
	// The description says that it is the right key, and it is not.
	name := filepath.Join(dir, "index.json")
	other := t.TempDir()
	open(t, other, key(2))
	forged, err := os.ReadFile(filepath.Join(other, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, forged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(2)}); candor.CodeOf(err) != candor.Verification {
		t.Errorf("another key with a forged description: %v", err)
	}
	if _, err := bleve.Open(t.Context(), bleve.Config{Dir: t.TempDir(), Key: []byte("short")}); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a short key: %v", err)
	}
}

func TestSeveralKeysAtOnce(t *testing.T) {
	a, b := open(t, t.TempDir(), key(1)), open(t, t.TempDir(), key(2))
	fill(t, a, 2, 5)
	fill(t, b, 3, 5)
	for x, want := range map[*bleve.Index]int64{a: 10, b: 15} {
		res, err := x.Search(t.Context(), query.Request{Query: query.Word{Text: "plantedword"}, Limit: 1, Snippets: true})
		if err != nil || res.Total != want {
			t.Errorf("%d found, %v; want %d", res.Total, err, want)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, key(1))
	if _, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(1)}); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("opened twice: %v", err)
	}
}

// TestMovedFolder opens an index that was moved: the place is not bound, the
// file is.
func TestMovedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	closed(t, dir, 2, 3)
	moved := filepath.Join(t.TempDir(), "b")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	res, err := open(t, moved, key(1)).Search(t.Context(), query.Request{Query: query.All{}})
	if err != nil || res.Total != 5 {
		t.Errorf("%d found, %v", res.Total, err)
	}
}

// TestFlippedBits changes one bit of one file at a time. The index then either
// says so, or still answers exactly as before (a byte that is not in use).
func TestFlippedBits(t *testing.T) {
	dir := t.TempDir()
	closed(t, dir, 4, 5)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	live, err := bleve.LiveSegments(dir, key(1))
	if err != nil || len(live) == 0 {
		t.Fatalf("%d segments are in use: %v", len(live), err)
	}
	found := map[string]int{}
	for range 150 {
		all := files(t, dir)
		victim := all[rng.IntN(len(all))]
		data, err := os.ReadFile(victim)
		if err != nil {
			t.Fatal(err)
		}
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		at := rng.IntN(len(data))
		for filepath.Ext(victim) == ".bolt" && data[at] == 0 { // most of it is empty pages
			at = rng.IntN(len(data))
		}
		data[at] ^= 1 << rng.IntN(8)
		name, _ := filepath.Rel(dir, victim)
		if err := os.WriteFile(filepath.Join(copied, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if bad := checkFlipped(t, copied); bad != nil {
			found[filepath.Ext(name)]++
			continue
		}
		if slices.Contains(live, filepath.Base(name)) {
			t.Errorf("byte %d of %s was changed and nobody noticed", at, name)
		}
	}
	if found[".zap"] == 0 || found[".bolt"] == 0 || found[".json"] == 0 {
		t.Errorf("too few changes were found: %v", found)
	}
}

// checkFlipped returns the error that tells of a changed bit; without one,
// every answer must be right.
func checkFlipped(t *testing.T, dir string) error {
	x, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(1)})
	if err != nil {
		if c := candor.CodeOf(err); c != candor.Verification && c != candor.NotSupported {
			t.Errorf("a changed bit gives %s: %v", c, err)
		}
		return err
	}
	defer x.Close()
	for q, want := range map[string]int64{"*": 19, "plantedword": 19, "people:osei": 19, `"plantedwords of velmere"`: 19, "secretc*": 19} {
		n, _ := query.Parse(q, query.Options{})
		res, err := x.Search(t.Context(), query.Request{Query: n, Limit: 30, Snippets: true, Facets: []string{"people"}})
		if err != nil {
			return err
		}
		if res.Total != want {
			t.Errorf("%s finds %d after a bit was changed, want %d", q, res.Total, want)
		}
	}
	return nil
}

// TestFlippedWhileOpen changes segments under an open index.
func TestFlippedWhileOpen(t *testing.T) {
	for trial := range 20 {
		dir := t.TempDir()
		closed(t, dir, 1, 20)
		x := open(t, dir, key(1))
		for _, path := range files(t, dir) {
			if filepath.Ext(path) != ".zap" {
				continue
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			info, _ := f.Stat()
			b := make([]byte, 1)
			for i := range 40 {
				at := (int64(trial)*7919 + int64(i)*info.Size()/40) % info.Size()
				f.ReadAt(b, at)
				b[0] ^= 0x40
				f.WriteAt(b, at)
			}
			f.Close()
		}
		n, _ := query.Parse(`"plantedwords of velmere"`, query.Options{})
		res, err := x.Search(t.Context(), query.Request{Query: n, Limit: 30, Snippets: true})
		if err == nil && res.Total != 19 {
			t.Errorf("trial %d: %d found and no error", trial, res.Total)
		}
		if err != nil && candor.CodeOf(err) != candor.Verification {
			t.Errorf("trial %d: %s: %v", trial, candor.CodeOf(err), err)
		}
	}
}

func TestDeletedFiles(t *testing.T) {
	source := t.TempDir()
	closed(t, source, 3, 4)
	for _, path := range files(t, source) {
		name, _ := filepath.Rel(source, path)
		if name == "index.json" {
			continue // without it the folder is an unfinished index, made anew
		}
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		x, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(1)})
		if candor.CodeOf(err) == candor.Verification {
			if err := bleve.Reset(dir); err != nil {
				t.Fatal(err)
			}
			fill(t, open(t, dir, key(1)), 1, 1)
			continue
		}
		if err != nil {
			t.Errorf("without %s: %v", name, err)
			continue
		}
		res, err := x.Search(t.Context(), query.Request{Query: query.All{}})
		if err != nil || res.Total != 11 {
			t.Errorf("without %s: %d found, %v", name, res.Total, err)
		}
		x.Close()
	}
}

const crashDir = "CANDOR_INDEX_CRASH_DIR"

// TestCrashChild is the process that TestCrash kills: it puts documents and
// writes the number of each acknowledged batch to standard output.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("run by TestCrash")
	}
	x, err := bleve.Open(context.Background(), bleve.Config{Dir: dir, Key: key(1)})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	held, err := x.Held(context.Background())
	if err != nil {
		fmt.Println("held:", err)
		os.Exit(1)
	}
	for next := uint32(held.GetCardinality()); ; next += 3 {
		docs := []query.Document{planted(next), planted(next + 1), planted(next + 2)}
		if err := x.Put(context.Background(), docs); err != nil {
			fmt.Println("put:", err)
			os.Exit(1)
		}
		fmt.Println("ack", next+2)
	}
}

// TestCrash kills a process in the middle of Put, again and again, on the same
// index: whatever was acknowledged is there.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		last := crashOnce(t, dir, 1+rand.IntN(30))
		x, err := bleve.Open(t.Context(), bleve.Config{Dir: dir, Key: key(1)})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		held, err := x.Held(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		res, err := x.Search(t.Context(), query.Request{Query: query.Word{Text: "plantedword"}})
		if err != nil || res.Total != int64(held.GetCardinality()) {
			t.Errorf("round %d: finds %d of %d, %v", round, res.Total, held.GetCardinality(), err)
		}
		want := make([]uint32, held.GetCardinality())
		for i := range want {
			want[i] = uint32(i)
		}
		if len(want) <= last || !slices.Equal(held.ToArray(), want) {
			t.Fatalf("round %d: %d were acknowledged, %d are held", round, last+1, len(want))
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// crashOnce kills a child after some acknowledgements and returns the last.
func crashOnce(t *testing.T, dir string, acks int) int {
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := -1
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if _, err := fmt.Sscanf(lines.Text(), "ack %d", &last); err != nil {
			t.Errorf("the child says %s", lines.Text())
			break
		}
		if n == acks {
			cmd.Process.Kill() // SIGKILL; what it still says is read below
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if last < 0 {
		t.Fatal("the child acknowledged nothing")
	}
	return last
}
