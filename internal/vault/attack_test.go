package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"gocloud.dev/blob/memblob"

	"candor"
)

// readThrough opens a name with a key and reads it both ways.
func readThrough(v *Vault, name candor.KeyName, key []byte) error {
	c, err := v.Open(context.Background(), name, key)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.Copy(io.Discard, io.NewSectionReader(c, 0, c.Size()))
	_, through := c.(io.WriterTo).WriteTo(io.Discard)
	if (err == nil) != (through == nil) {
		return errors.New("the two ways of reading disagree")
	}
	return err
}

func wantVerification(t *testing.T, what string, err error) {
	t.Helper()
	if candor.CodeOf(err) != candor.Verification {
		t.Errorf("%s: %v, want a verification error", what, err)
	}
}

func TestAttackFlippedBits(t *testing.T) {
	for _, n := range []int{0, 500, InlineLimit, 100_000} {
		f := newFaultyBucket()
		v := newVault(t, f.open(), "")
		b := put(t, v, nameA, noise(n))
		for _, key := range f.keys("") {
			whole := f.blobs[key]
			step := max(1, len(whole.data)/400)
			for at := 0; at < len(whole.data); at += step {
				bad := bytes.Clone(whole.data)
				bad[at] ^= 1 << (at % 8)
				f.blobs[key] = storedBlob{bad, whole.mod}
				wantVerification(t, "bit flipped", readThrough(v, nameA, b.FileKey))
			}
			f.blobs[key] = whole
		}
		if err := readThrough(v, nameA, b.FileKey); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAttackTruncation(t *testing.T) {
	for _, n := range []int{0, 500, 100_000, 2 * chunkSize} {
		f := newFaultyBucket()
		v := newVault(t, f.open(), "")
		b := put(t, v, nameA, noise(n))
		for _, key := range f.keys("") {
			whole := f.blobs[key]
			cuts := []int{0, 1, len(whole.data) / 2, len(whole.data) - 1, len(whole.data) - tagSize, nonceSize + chunkSize + tagSize}
			for _, cut := range cuts {
				if cut < len(whole.data) {
					f.blobs[key] = storedBlob{whole.data[:cut], whole.mod}
					wantVerification(t, "truncated", readThrough(v, nameA, b.FileKey))
				}
			}
			f.blobs[key] = whole
		}
	}
}

// TestAttackTruncationAtChunk cuts a body at a chunk's end and names the
// shorter size in the key blob: only the mark on the last chunk tells.
func TestAttackTruncationAtChunk(t *testing.T) {
	f := newFaultyBucket()
	v := newVault(t, f.open(), "")
	b := put(t, v, nameA, noise(3*chunkSize))
	cut := pointer{id: b.Body, size: payloadSize(2 * chunkSize)}
	key := f.blobs[blobKey(nameA)]
	at := bytes.LastIndex(key.data, []byte("bodies/"))
	f.blobs[blobKey(nameA)] = storedBlob{append(bytes.Clone(key.data[:at]), cut.String()...), key.mod}
	body := f.blobs[bodyKey(b.Body)]
	f.blobs[bodyKey(b.Body)] = storedBlob{body.data[:cut.size], body.mod}
	wantVerification(t, "cut at a chunk", readThrough(v, nameA, b.FileKey))
}

func TestAttackSwappedBodies(t *testing.T) {
	f := newFaultyBucket()
	v := newVault(t, f.open(), "")
	a, b := put(t, v, nameA, noise(100_000)), put(t, v, nameB, bytes.Repeat([]byte("b"), 100_000))
	ka, kb := bodyKey(a.Body), bodyKey(b.Body)
	f.blobs[ka], f.blobs[kb] = f.blobs[kb], f.blobs[ka]
	wantVerification(t, "A with B's body", readThrough(v, nameA, a.FileKey))
	wantVerification(t, "B with A's body", readThrough(v, nameB, b.FileKey))
}

func TestAttackRenamedKey(t *testing.T) {
	f := newFaultyBucket()
	v := newVault(t, f.open(), "")
	put(t, v, nameA, noise(500))
	put(t, v, nameB, []byte("B"))
	f.blobs[blobKey(nameA)] = f.blobs[blobKey(nameB)]
	wrapped, err := v.Wrapped(t.Context(), nameA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := candor.UnwrapKey(custodian(), origin, nameA, wrapped); err == nil {
		t.Error("the custodian opened B's header under A's name")
	}
	if _, err := candor.UnwrapKey(custodian(), origin+"2", nameB, wrapped); err == nil {
		t.Error("the custodian opened the header under another origin")
	}
}

func TestAttackOtherKey(t *testing.T) {
	v := newVault(t, memblob.OpenBucket(nil), "")
	a, b := put(t, v, nameA, noise(500)), put(t, v, nameB, noise(501))
	wantVerification(t, "A with B's key", readThrough(v, nameA, b.FileKey))
	if _, err := v.Open(t.Context(), nameA, a.FileKey[:15]); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a short key: %v", err)
	}
}

// identity is what an age plugin for our stanza would do.
type identity struct{ name candor.KeyName }

func (i identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == stanzaType {
			return candor.UnwrapKey(custodian(), origin, i.name, s.Body)
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// TestStandardAgeFile: header and body, one after the other, are an age file
// that age itself opens, given an identity for our stanza.
func TestStandardAgeFile(t *testing.T) {
	for _, n := range sizes {
		f := newFaultyBucket()
		v := newVault(t, f.open(), "")
		b := put(t, v, nameA, noise(n))
		file := bytes.Clone(f.blobs[blobKey(nameA)].data)
		if n > InlineLimit {
			file = file[:bytes.LastIndex(file, []byte("bodies/"))]
			file = append(file, f.blobs[bodyKey(b.Body)].data...)
		}
		r, err := age.Decrypt(bytes.NewReader(file), identity{nameA})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, noise(n)) {
			t.Errorf("age does not read our file of %d bytes: %v", n, err)
		}
	}
}

// TestCrashInBind stops a Bind over an existing name before each step it takes
// in storage. The name must then stand for all of the old or all of the new.
func TestCrashInBind(t *testing.T) {
	oldData, newData := noise(90_000), noise(91_000)
	crash := errors.New("power went")
	for stop := 0; ; stop++ {
		f := newFaultyBucket()
		v := newVault(t, f.open(), "")
		old := put(t, v, nameA, oldData)
		if err := v.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		steps := 0
		f.fault = func(string, string) error {
			if steps++; steps > stop {
				return crash
			}
			return nil
		}
		b, err := v.Seal(t.Context(), bytes.NewReader(newData))
		if err == nil {
			err = v.Bind(t.Context(), nameA, b)
		}
		bound := err == nil
		if err == nil {
			err = v.Sync(t.Context())
		}
		done := steps <= stop
		f.fault = nil

		after := newVault(t, f.open(), "") // a new process
		got := get(t, after, nameA)
		if !bytes.Equal(got, oldData) && !bytes.Equal(got, newData) {
			t.Fatalf("stopped before step %d: neither old nor new", stop)
		}
		if bound && !bytes.Equal(got, newData) {
			t.Fatalf("stopped before step %d: bound, but old", stop)
		}
		after.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
		if p := problems(t, after); len(p) > 0 {
			t.Fatalf("stopped before step %d: %v", stop, p)
		}
		if left := f.keys(bodiesPrefix); len(left) != 1 {
			t.Fatalf("stopped before step %d: bodies left after the sweep: %v", stop, left)
		}
		_ = old
		if done {
			if err != nil || stop < 5 {
				t.Fatalf("only %d steps were seen, %v", stop, err)
			}
			return
		}
	}
}

func TestDiskFull(t *testing.T) {
	for _, op := range []string{"write", "close"} {
		for _, n := range []int{100, 100_000} {
			f := newFaultyBucket()
			v := newVault(t, f.open(), "")
			put(t, v, nameA, noise(50))
			f.fault = func(o, _ string) error {
				if o == op {
					return &os.PathError{Op: op, Path: "document/person/a.osei", Err: syscall.ENOSPC}
				}
				return nil
			}
			b, err := v.Seal(t.Context(), bytes.NewReader(noise(n)))
			if err == nil {
				err = v.Bind(t.Context(), nameA, b)
			}
			if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(err.Error(), "full") || strings.Contains(err.Error(), "osei") {
				t.Errorf("%s of %d bytes on a full disk: %v", op, n, err)
			}
			f.fault = nil
			if !bytes.Equal(get(t, v, nameA), noise(50)) {
				t.Error("a full disk lost what was stored before")
			}
		}
	}
}

// TestDiskFullFolder fills a real limit: no file may grow beyond 64 KiB.
func TestDiskFullFolder(t *testing.T) {
	if os.Getenv("VAULT_LIMITED") == "" {
		cmd, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		attr := &os.ProcAttr{Env: append(os.Environ(), "VAULT_LIMITED=1"), Files: []*os.File{nil, os.Stdout, os.Stderr}}
		p, err := os.StartProcess(cmd, []string{cmd, "-test.run=^TestDiskFullFolder$"}, attr)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := p.Wait(); err != nil || !s.Success() {
			t.Errorf("under the limit: %v %v", s, err)
		}
		return
	}
	v, dir := newDirVault(t)
	limit := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	_, err := v.Seal(t.Context(), bytes.NewReader(noise(200_000)))
	if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(err.Error(), "full") {
		t.Errorf("past the limit: %v", err)
	}
	put(t, v, nameA, noise(20_000))
	if err := v.Sync(t.Context()); err != nil {
		t.Error(err)
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".tmp") {
			t.Errorf("left behind: %s %v", path, err)
		}
		return nil
	})
}

func TestCheckFinds(t *testing.T) {
	f := newFaultyBucket()
	v := newVault(t, f.open(), "")
	gone := put(t, v, nameA, noise(100_000))
	short := put(t, v, nameB, noise(100_000))
	f.blobs["keys/archive/index"] = storedBlob{[]byte("not a key"), time.Now()}
	f.blobs["keys/main/zz/stray.txt"] = storedBlob{nil, time.Now()}
	delete(f.blobs, bodyKey(gone.Body))
	f.blobs[bodyKey(short.Body)] = storedBlob{f.blobs[bodyKey(short.Body)].data[:70_000], time.Now()}
	found := strings.Join(problems(t, v), "\n")
	for _, want := range []string{string(nameA) + ": its sealed bytes are missing", string(nameB) + ": its sealed bytes are 70000 long",
		"archive/index: A sealed key", "a file that is not the vault's stands under keys/"} {
		if !strings.Contains(found, want) {
			t.Errorf("Check did not say %q, but:\n%s", want, found)
		}
	}
	if strings.Contains(found, "stray") {
		t.Error("Check names a file that is not ours")
	}
}

func TestCheckSweeps(t *testing.T) {
	f := newFaultyBucket()
	v := newVault(t, f.open(), "")
	kept, err := v.Seal(t.Context(), bytes.NewReader(noise(100_000)))
	if err != nil {
		t.Fatal(err)
	}
	bound := put(t, v, nameA, noise(100_000))
	day := time.Now().Add(-25 * time.Hour)
	orphan := bodyKey(strings.Repeat("q", 26))
	young := bodyKey(strings.Repeat("y", 26))
	f.blobs[orphan] = storedBlob{nil, day}
	f.blobs[young] = storedBlob{nil, time.Now()}
	f.blobs["keys/archive/index.17.tmp"] = storedBlob{nil, day}
	f.blobs["keys/archive/catalog.18.tmp"] = storedBlob{nil, time.Now()}
	for key, s := range f.blobs {
		if key == bodyKey(kept.Body) || key == bodyKey(bound.Body) {
			f.blobs[key] = storedBlob{s.data, day}
		}
	}
	if p := problems(t, v); len(p) > 0 {
		t.Error(p)
	}
	for key, want := range map[string]bool{orphan: false, young: true, bodyKey(kept.Body): true, bodyKey(bound.Body): true,
		"keys/archive/index.17.tmp": false, "keys/archive/catalog.18.tmp": true} {
		if _, held := f.blobs[key]; held != want {
			t.Errorf("%s: kept %v, want %v", key, held, want)
		}
	}
}

func TestNothingReadableAtRest(t *testing.T) {
	v, dir := newDirVault(t)
	secret := bytes.Repeat([]byte("the mayor's private letter "), 2000)
	put(t, v, nameA, secret)
	put(t, v, nameB, secret[:200])
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("mayor")) {
			t.Errorf("%s holds plaintext", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// zeros is a source of n bytes that takes no memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestConstantMemory seals and reads a large stream, in both ways, and looks
// at how much heap was live meanwhile.
func TestConstantMemory(t *testing.T) {
	n := int64(1 << 30)
	if testing.Short() {
		n = 64 << 20
	}
	v, _ := newDirVault(t)
	var peak atomic.Uint64
	src := &sampling{Reader: zeros(n), peak: &peak}
	b, err := v.Seal(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Bind(t.Context(), nameA, b); err != nil {
		t.Fatal(err)
	}
	c, err := v.Open(t.Context(), nameA, b.FileKey)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out := &sampling{Writer: io.Discard, peak: &peak}
	if got, err := c.(io.WriterTo).WriteTo(out); err != nil || got != n {
		t.Fatalf("wrote %d of %d bytes: %v", got, n, err)
	}
	if limit := uint64(32 << 20); peak.Load() > limit {
		t.Errorf("peak heap was %d bytes, want at most %d", peak.Load(), limit)
	}
}

// sampling looks at the heap every so often while a stream passes.
type sampling struct {
	io.Reader
	io.Writer
	peak  *atomic.Uint64
	calls int
}

func (s *sampling) sample() {
	if s.calls++; s.calls%64 != 0 {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.peak.Store(max(s.peak.Load(), m.HeapAlloc))
}

func (s *sampling) Read(p []byte) (int, error)  { s.sample(); return s.Reader.Read(p) }
func (s *sampling) Write(p []byte) (int, error) { s.sample(); return s.Writer.Write(p) }

func TestNewRefuses(t *testing.T) {
	b := memblob.OpenBucket(nil)
	defer b.Close()
	key := custodian().PublicKey().Bytes()
	for what, cfg := range map[string]Config{
		"no bucket":   {Origin: origin, Recipient: key},
		"no origin":   {Bucket: b, Recipient: key},
		"no key":      {Bucket: b, Origin: origin},
		"short key":   {Bucket: b, Origin: origin, Recipient: key[1:]},
		"no such dir": {Bucket: b, Origin: origin, Recipient: key, Dir: "/nonexistent"},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
