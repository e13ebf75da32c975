package local_test

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
	"candor/internal/index/local"
	"candor/internal/query"
)

func planted(num uint32) query.Document {
	return query.Document{Num: num, Item: "itemsecretitem", Name: "secretname.pdf", Path: "secretfolder/secretname.pdf",
		Title: "Secrettitle", Text: "Plantedword and the plantedwords of Velmere.", Type: "application/x-secrettype",
		Collection: "secretcollection", People: []string{"Secretperson Osei"}, Condition: candor.Done,
		Fields: []candor.Field{{Name: "iptc:City", Value: "Secretcity"}}}
}

func fill(t testing.TB, x *local.Index, rounds, each int) {
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
	x, err := local.Open(context.Background(), local.Config{Dir: dir, Key: key(1)})
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
	if err != nil || len(out) < 3 {
		t.Fatalf("%d files in the index: %v", len(out), err)
	}
	return out
}

// TestNothingReadable looks for every planted value, in any case, in every
// byte of every file, open and closed, before and after merges.
func TestNothingReadable(t *testing.T) {
	dir := t.TempDir()
	secrets := []string{"planted", "velmere", "secret", "osei", "iptc", "plant", "postings", "values."}
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
	x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)})
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
	_, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(2)})
	if candor.CodeOf(err) != candor.Verification || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: %v", err)
	}
	// The header says that it is the right key, and it is not.
	ids := map[byte][]byte{}
	for b, d := range map[byte]string{1: dir, 2: t.TempDir()} {
		if b == 2 {
			open(t, d, key(2))
		}
		data, err := os.ReadFile(newest(t, d))
		if err != nil {
			t.Fatal(err)
		}
		ids[b] = data[16:32]
	}
	for _, path := range files(t, dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 64 {
			copy(data[16:32], ids[2])
			os.WriteFile(path, data, 0o600)
		}
	}
	if _, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(2)}); candor.CodeOf(err) != candor.Verification {
		t.Errorf("another key with forged headers: %v", err)
	}
	if _, err := local.Open(t.Context(), local.Config{Dir: t.TempDir(), Key: []byte("short")}); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a short key: %v", err)
	}
}

func TestSeveralKeysAtOnce(t *testing.T) {
	a, b := open(t, t.TempDir(), key(1)), open(t, t.TempDir(), key(2))
	fill(t, a, 2, 5)
	fill(t, b, 3, 5)
	for x, want := range map[*local.Index]int64{a: 10, b: 15} {
		res, err := x.Search(t.Context(), query.Request{Query: query.Word{Text: "plantedword"}, Limit: 1, Snippets: true})
		if err != nil || res.Total != want {
			t.Errorf("%d found, %v; want %d", res.Total, err, want)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, key(1))
	if _, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)}); candor.CodeOf(err) != candor.Conflict {
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
		if len(data) == 0 {
			continue // the lock
		}
		at := rng.IntN(len(data))
		data[at] ^= 1 << rng.IntN(8)
		name, _ := filepath.Rel(dir, victim)
		if err := os.WriteFile(filepath.Join(copied, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if bad := checkFlipped(t, copied); bad != nil {
			found[strings.Split(name, "-")[0]]++
			continue
		}
		if victim == newest(t, dir) || strings.Contains(name, "segment") && referenced(t, dir, name) {
			t.Errorf("byte %d of %s was changed and nobody noticed", at, name)
		}
	}
	if found["commit"] == 0 || found["segment"] == 0 {
		t.Errorf("too few changes were found: %v", found)
	}
}

// newest returns the newest commit file.
func newest(t *testing.T, dir string) string {
	found, err := filepath.Glob(filepath.Join(dir, "commit-*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no commit: %v", err)
	}
	return found[len(found)-1]
}

// referenced reports whether an index needs a file: without it, it does not open.
func referenced(t *testing.T, dir, name string) bool {
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(copied, name))
	x, err := local.Open(t.Context(), local.Config{Dir: copied, Key: key(1)})
	if err == nil {
		x.Close()
	}
	return err != nil
}

// checkFlipped returns the error that tells of a changed bit; without one,
// every answer must be right.
func checkFlipped(t *testing.T, dir string) error {
	x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)})
	if err != nil {
		if c := candor.CodeOf(err); c != candor.Verification && c != candor.NotSupported {
			t.Errorf("a changed bit gives %s: %v", c, err)
		}
		return err
	}
	defer x.Close()
	var problems []string
	if err := x.Check(t.Context(), func(p string) { problems = append(problems, p) }); err != nil {
		return err
	}
	if len(problems) > 0 {
		defer func() { checked++ }()
	}
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
	if len(problems) > 0 {
		return fmt.Errorf("check: %s", problems[0])
	}
	return nil
}

// checked counts changes that Check named.
var checked int

// TestFlippedWhileOpen changes segments under an open index.
func TestFlippedWhileOpen(t *testing.T) {
	for trial := range 20 {
		dir := t.TempDir()
		closed(t, dir, 1, 20)
		x := open(t, dir, key(1))
		for _, path := range files(t, dir) {
			if !strings.HasPrefix(filepath.Base(path), "segment-") {
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
		if path == newest(t, source) {
			continue // without it the folder is an older index; candor check compares
		}
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)})
		if candor.CodeOf(err) == candor.Verification {
			if err := local.Reset(dir); err != nil {
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
	x, err := local.Open(context.Background(), local.Config{Dir: dir, Key: key(1)})
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
		x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: key(1)})
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
