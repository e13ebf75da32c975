package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"candor/internal/tlog"
	"candor/receipt"
)

// TestTesseraReadsOurLog: an independent implementation's client and fsck
// accept what we write, from the folder and over HTTP, at every kind of edge.
func TestTesseraReadsOurLog(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 700, 65535, 65536, 65537, 300_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir, l, verifier := write(t, n)
			srv := httptest.NewServer(l.Handler())
			defer srv.Close()
			root, err := url.Parse(srv.URL + "/")
			if err != nil {
				t.Fatal(err)
			}
			web, err := client.NewHTTPFetcher(root, srv.Client())
			if err != nil {
				t.Fatal(err)
			}
			for name, f := range map[string]fsck.Fetcher{"folder": client.FileFetcher{Root: dir}, "http": web} {
				if err := fsck.New(verifier.Name(), verifier, f, leafHashes, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
					t.Errorf("fsck over %s: %v", name, err)
				}
				compareProofs(t, l, f, verifier, uint64(n))
			}
		})
	}
}

// compareProofs has Tessera's client make the proofs from our tiles, and
// compares them with ours.
func compareProofs(t *testing.T, l *tlog.Log, f fsck.Fetcher, v note.Verifier, n uint64) {
	t.Helper()
	cp, _, _, err := client.FetchCheckpoint(t.Context(), f.ReadCheckpoint, v, v.Name())
	if err != nil || cp.Size != n {
		t.Fatalf("checkpoint: %v", err)
	}
	if n == 0 {
		return // there is nothing to prove
	}
	pb, err := client.NewProofBuilder(t.Context(), cp.Size, f.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []uint64{0, n / 3, n - 1} {
		theirs, err := pb.InclusionProof(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Receipt(t.Context(), int64(i))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(theirs) != fmt.Sprint(r.Hashes) {
			t.Errorf("inclusion proofs of %d differ", i)
		}
		if bundle, err := client.GetEntryBundle(t.Context(), f.ReadEntryBundle, i/256, n); err != nil || !bytes.Equal(bundle.Entries[i%256], r.Leaf) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	out := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		h := xtlog.RecordHash(e)
		out[i] = h[:]
	}
	return out, nil
}

// write makes a published log of n records.
func write(t *testing.T, n int) (dir string, l *tlog.Log, v note.Verifier) {
	t.Helper()
	dir = t.TempDir()
	skey, vkey, err := note.GenerateKey(nil, "log.example/interop")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if v, err = receipt.NewVerifier(vkey); err != nil {
		t.Fatal(err)
	}
	if l, err = tlog.Open(t.Context(), tlog.Config{Dir: dir, Signer: signer, Key: vkey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	appendAll(t, l, n)
	if err := l.Publish(context.Background()); err != nil {
		t.Fatal(err)
	}
	return dir, l, v
}

func appendAll(t *testing.T, l *tlog.Log, n int) {
	t.Helper()
	const writers = 128
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += writers {
				_, err = l.Append(context.Background(), fmt.Appendf(nil, "entry %d", i), nil)
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}
