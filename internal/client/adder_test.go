package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"candor"
	"candor/internal/wire"
)

// keeper is a server that keeps files in memory, as far as handing in goes.
type keeper struct {
	mu       sync.Mutex
	files    map[string]string // what arrived whole, by path
	failed   map[string]string // reasons, by path
	known    map[string]bool
	commits  int
	finished bool
	onPut    func(path string) *wire.Error // may refuse
}

func newKeeper() *keeper {
	return &keeper{files: map[string]string{}, failed: map[string]string{}, known: map[string]bool{}}
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch strings.TrimPrefix(r.URL.Path, wire.Prefix+"/additions") {
	case "":
		reply(candor.Addition{ID: "a"})
	case "/a/known":
		var in wire.KnownFiles
		_ = json.NewDecoder(r.Body).Decode(&in)
		out := wire.Known{}
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, f := range in.Files {
			out.Known = append(out.Known, k.known[f.Path])
		}
		reply(out)
	case "/a/files":
		k.put(w, r)
	case "/a/failed":
		var in wire.FailedFile
		_ = json.NewDecoder(r.Body).Decode(&in)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.failed[in.Path] = in.Reason
		reply(struct{}{})
	case "/a/commit":
		var in wire.Commit
		_ = json.NewDecoder(r.Body).Decode(&in)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.commits++
		k.finished = k.finished || in.Finish
		reply(candor.Addition{ID: "a", Files: int64(len(k.files) + len(k.failed))})
	}
}

func (k *keeper) put(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	if k.onPut != nil {
		if refusal := k.onPut(path); refusal != nil {
			w.WriteHeader(503)
			_ = json.NewEncoder(w).Encode(refusal)
			return
		}
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(400)
		_ = json.NewEncoder(w).Encode(wire.Error{Error: wire.ErrorBody{Code: candor.Invalid, Message: "The body broke off."}})
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files[path] = string(data)
	_ = json.NewEncoder(w).Encode(candor.Entry{Path: path, Condition: candor.Done})
}

func adder(t *testing.T, k *keeper) *Adder {
	t.Helper()
	c, err := New(Config{Server: "http://in-process", Transport: &InProcess{Handler: k}})
	if err != nil {
		t.Fatal(err)
	}
	return &Adder{Client: c, Collection: "main"}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAddFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	write(t, dir+"/a.txt", "a")
	write(t, dir+"/sub/b.txt", "bb")
	write(t, dir+"/sub/held.txt", "held")
	write(t, dir+"/bad\xffname.txt", "c")
	write(t, dir+"/empty", "")
	k := newKeeper()
	k.known["box/sub/held.txt"] = true
	a := adder(t, k)
	if _, err := a.Add(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"box/a.txt": "a", "box/sub/b.txt": "bb", "box/bad%FFname.txt": "c", "box/empty": ""}
	if !maps.Equal(k.files, want) || len(k.failed) > 0 || !k.finished {
		t.Errorf("arrived %v, failed %v, finished %v", k.files, k.failed, k.finished)
	}
	p := a.Progress()
	if p.Files != 5 || p.Known != 1 || p.Unkept != 0 || p.AllFiles != 5 || !p.Counted || p.Bytes != 8 || p.Conditions[candor.Done] != 4 {
		t.Errorf("progress %+v", p)
	}
}

// A loop of links, a pipe that nobody writes to: neither may hang the walk.
func TestLinksAndPipes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	write(t, dir+"/a.txt", "a")
	for link, target := range map[string]string{"loop": ".", "out": "/etc/passwd", "gone": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(dir+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(filepath.Dir(dir), "named")
	if err := os.Symlink(dir, named); err != nil {
		t.Fatal(err)
	}
	k := newKeeper()
	a := adder(t, k)
	if _, err := a.Add(t.Context(), []string{named}); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(k.files, map[string]string{"named/a.txt": "a"}) {
		t.Errorf("arrived %v", k.files)
	}
	if p := a.Progress(); p.Links != 3 || p.Special != 1 {
		t.Errorf("progress %+v", p)
	}
}

// What turns into a pipe or a link between the walk and the reading is not opened.
func TestOpenFileFollowsNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/real", "x")
	_ = os.Symlink(dir+"/real", dir+"/link")
	_ = syscall.Mkfifo(dir+"/pipe", 0o600)
	for _, name := range []string{"link", "pipe", "gone"} {
		if f, err := openFile(filepath.Join(dir, name)); err == nil {
			_ = f.Close()
			t.Errorf("%s was opened", name)
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	write(t, dir+"/a.txt", "a")
	write(t, dir+"/vanishes.txt", "v")
	k := newKeeper()
	a := adder(t, k)
	if err := a.one(t.Context(), "a", found{local: dir + "/gone.txt", header: wire.File{Path: "box/gone.txt", Size: 4}}); err != nil {
		t.Fatal(err)
	}
	if err := a.one(t.Context(), "a", found{header: wire.File{Path: "box/locked", Size: -1}, err: &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"box/gone.txt": "vanished before it could be read", "box/locked": "could not be read: permission denied"}
	if !maps.Equal(k.failed, want) {
		t.Errorf("failed %v", k.failed)
	}
	if p := a.Progress(); p.Unkept != 2 || p.Files != 2 {
		t.Errorf("progress %+v", p)
	}
}

// A file that changed after it was listed is sent as it is now, once, whole.
func TestChangedIsSentAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.txt")
	write(t, file, "new and longer")
	k := newKeeper()
	a := adder(t, k)
	stale := wire.File{Path: "a.txt", Size: 3, ModTime: time.Now().Add(-time.Hour)}
	if err := a.one(t.Context(), "a", found{local: file, header: stale}); err != nil {
		t.Fatal(err)
	}
	if k.files["a.txt"] != "new and longer" || len(k.failed) > 0 {
		t.Errorf("arrived %v, failed %v", k.files, k.failed)
	}
}

// A file that keeps changing is never kept half old and half new.
func TestKeepsChanging(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log.txt")
	write(t, file, "one")
	k := newKeeper()
	k.onPut = func(string) *wire.Error { // somebody writes while it is being sent
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, _ = f.WriteString(strings.Repeat("more", 10_000))
			_ = f.Close()
		}
		return nil
	}
	a := adder(t, k)
	if _, err := a.Add(t.Context(), []string{file}); err != nil {
		t.Fatal(err)
	}
	if len(k.files) > 0 || !strings.Contains(k.failed["log.txt"], "changed while it was being read") {
		t.Errorf("arrived %v, failed %v", slices.Collect(maps.Keys(k.files)), k.failed)
	}
}

// An interrupt still commits what was sent.
func TestInterruptCommits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	for _, name := range []string{"a", "b", "c", "d"} {
		write(t, filepath.Join(dir, name), name)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	k := newKeeper()
	n := 0
	k.onPut = func(string) *wire.Error {
		if n++; n == 3 {
			interrupt()
		}
		return nil
	}
	a := adder(t, k)
	a.Parallel = 1
	account, err := a.Add(ctx, []string{dir})
	if !errors.Is(err, context.Canceled) || k.commits != 1 || !k.finished || account.ID != "a" {
		t.Errorf("%v, %d commits, finished %v", err, k.commits, k.finished)
	}
	if len(k.files) < 2 || len(k.files) == 4 {
		t.Errorf("arrived %v", k.files)
	}
}

// A server that fails ends the addition; it is not taken for a bad file.
func TestServerFailureEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	write(t, dir+"/a", "a")
	write(t, dir+"/b", "b")
	k := newKeeper()
	k.onPut = func(string) *wire.Error {
		return &wire.Error{Error: wire.ErrorBody{Code: candor.Unavailable, Message: "The disk is full."}}
	}
	_, err := adder(t, k).Add(t.Context(), []string{dir})
	if candor.CodeOf(err) != candor.Unavailable || len(k.failed) > 0 {
		t.Errorf("%v, failed %v", err, k.failed)
	}
}

func TestBadPaths(t *testing.T) {
	k := newKeeper()
	for path, code := range map[string]candor.Code{
		"s3://bucket/key": candor.NotSupported, "azblob://c": candor.NotSupported, "gs://b": candor.NotSupported,
		filepath.Join(t.TempDir(), "nowhere"): candor.NotFound,
	} {
		if _, err := adder(t, k).Add(t.Context(), []string{path}); candor.CodeOf(err) != code {
			t.Errorf("%s: %v", path, err)
		}
	}
	if k.commits > 0 {
		t.Error("an addition was begun for nothing")
	}
}

func FuzzValidName(f *testing.F) {
	for _, seed := range []string{"a.txt", "bad\xff\xfename", "100%.txt", "é", "\xc3", "", "a\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := validName(name)
		if len(got) < len(name) {
			t.Fatalf("%q lost bytes and became %q", name, got)
		}
		if strings.ToValidUTF8(got, "") != got {
			t.Fatalf("%q is not UTF-8", got)
		}
		if strings.ToValidUTF8(name, "") == name && got != name {
			t.Fatalf("%q became %q", name, got)
		}
	})
}
