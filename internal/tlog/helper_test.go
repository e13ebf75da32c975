package tlog

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

const testOrigin = "log.example/test"

// testKeys are the same in every run, so that failures can be repeated.
var testKeys = sync.OnceValues(func() (skey, vkey string) {
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat("candor test key ", 8)), testOrigin)
	if err != nil {
		panic(err)
	}
	return skey, vkey
})

// watchedSigner is a signer that remembers everything it signed, and so would notice
// two different trees of one size.
type watchedSigner struct {
	note.Signer
	t  testing.TB
	mu sync.Mutex
	as map[int64]tlog.Hash
}

func newSigner(t testing.TB) *watchedSigner {
	t.Helper()
	skey, _ := testKeys()
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &watchedSigner{Signer: s, t: t, as: map[int64]tlog.Hash{}}
}

func (s *watchedSigner) Sign(msg []byte) ([]byte, error) {
	if c, err := receipt.ParseCheckpoint(msg); err == nil {
		s.mu.Lock()
		if had, ok := s.as[c.Size]; ok && had != c.Hash {
			s.t.Errorf("two different trees of %d records were signed", c.Size)
		}
		s.as[c.Size] = c.Hash
		s.mu.Unlock()
	}
	return s.Signer.Sign(msg)
}

func testConfig(t testing.TB, fs FS) Config {
	_, vkey := testKeys()
	return Config{FS: fs, Signer: newSigner(t), Key: vkey, Origin: testOrigin, PublishEvery: -1}
}

func testTrust(t testing.TB) receipt.Trust {
	t.Helper()
	_, vkey := testKeys()
	v, err := receipt.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Trust{Log: v}
}

func mustOpen(t testing.TB, cfg Config) *Log {
	t.Helper()
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// leafOf is record number n of the tests: a real record, so that the log passes
// candor verify.
func leafOf(_ testing.TB, n int64) []byte {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 8), uint64(n))
	return fmt.Appendf(nil, `{"v":1,"nonce":"%s","time":"2026-11-23T14:20Z","act":"add","phase":"intent","actor":"a1","collection":"main","terms":"sha256:%064d"}`,
		base64.RawURLEncoding.EncodeToString(nonce), 0)
}

func detailsOf(n int64) []byte {
	if n%5 == 4 {
		return nil
	}
	return fmt.Appendf(nil, "sealed details %d %s", n, strings.Repeat("x", int(n%37)))
}

func appendN(t testing.TB, l *Log, from, n int64) {
	t.Helper()
	for i := from; i < from+n; i++ {
		r, err := l.Append(context.Background(), leafOf(t, i), detailsOf(i))
		if err != nil {
			t.Fatal(err)
		}
		if r.Index != i {
			t.Fatalf("record %d got index %d", i, r.Index)
		}
	}
}

// appendMany is appendN in large frames, for speed.
func appendMany(t testing.TB, l *Log, from, n int64) {
	t.Helper()
	const step = 1024
	for at := from; at < from+n; at += step {
		batch := make([]*request, min(step, from+n-at))
		for i := range batch {
			leaf := leafOf(t, at+int64(i))
			batch[i] = &request{entry: entry{leaf, detailsOf(at + int64(i))}, hash: tlog.RecordHash(leaf), done: make(chan struct{})}
		}
		if err := l.commit(batch); err != nil {
			t.Fatal(err)
		}
		l.rotate()
	}
}

// checkHolds reads the log whole and compares it with what was appended.
func checkHolds(t testing.TB, l *Log, n int64, destroyed map[int64]bool) {
	t.Helper()
	if l.Size() < n {
		t.Fatalf("%d records were acknowledged, the log holds %d", n, l.Size())
	}
	err := l.Read(context.Background(), 0, n, func(i int64, leaf, details []byte) error {
		if !bytes.Equal(leaf, leafOf(t, i)) {
			t.Errorf("record %d is not the one that was acknowledged", i)
		}
		want := detailsOf(i)
		if destroyed[i] {
			want = nil
		}
		if !bytes.Equal(details, want) {
			t.Errorf("details of record %d: %q, want %q", i, details, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mustVerify(t testing.TB, fs FS, size int64) {
	t.Helper()
	_, vkey := testKeys()
	v, err := receipt.VerifyLog(context.Background(), source{fs}, receipt.Options{Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK || v.Size != size || v.Records != size {
		t.Fatalf("verify: ok %v, size %d, records %d, want %d: %v", v.OK, v.Size, v.Records, size, v.Problems)
	}
}
