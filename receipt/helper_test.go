package receipt

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const testTerms = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func ptr(n int64) *int64 { return &n }

func nonce(n int) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(n)))
}

// rec is a valid record to start from; change makes it what a test needs.
func rec(n int, change func(*Record)) Record {
	r := Record{V: 1, Nonce: nonce(n), Time: "2026-11-23T14:20Z", Act: "search", Phase: Intent,
		Purpose: "p-abcdefghij", Actor: "a7", Collection: "main", Terms: testTerms}
	if change != nil {
		change(&r)
	}
	return r
}

func outcome(n int, intent int64, change func(*Record)) Record {
	return rec(n, func(r *Record) {
		r.Phase, r.Intent, r.Decision = Outcome, &intent, Allow
		if change != nil {
			change(r)
		}
	})
}

func grant(status string) *Grant {
	return &Grant{Status: status, Acts: []string{"search", "open"}, Collections: []string{"main"}, Coverage: 20, Expires: "2026-12-23T14:20:00Z"}
}

// memLog is a log in memory, with its key; tests may tamper with its files.
type memLog struct {
	files  map[string][]byte
	signer note.Signer
	vkey   string
	leaves [][]byte
}

func (m *memLog) ReadFile(_ context.Context, name string) ([]byte, error) {
	if b, ok := m.files[name]; ok {
		return b, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func newMemLog(t testing.TB) *memLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, "log.example/archive")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &memLog{files: map[string][]byte{"key": []byte(vkey + "\nlog.example/archive\n")}, signer: signer, vkey: vkey}
}

func (m *memLog) add(t testing.TB, rs ...Record) *memLog {
	t.Helper()
	for _, r := range rs {
		leaf, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		m.leaves = append(m.leaves, leaf)
	}
	return m
}

// hashes reads the whole tree by the textbook, not by the code under test.
func (m *memLog) hashes(t testing.TB) tlog.HashReader {
	t.Helper()
	var stored []tlog.Hash
	r := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, leaf := range m.leaves {
		more, err := tlog.StoredHashes(int64(i), leaf, r)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	return r
}

// publish writes all files and returns the signed checkpoint.
func (m *memLog) publish(t testing.TB) []byte {
	t.Helper()
	r, size := m.hashes(t), int64(len(m.leaves))
	for _, tile := range tlog.NewTiles(8, 0, size) {
		data, err := tlog.ReadTileData(tile, r)
		if err != nil {
			t.Fatal(err)
		}
		m.files[TilePath(tile.L, tile.N, tile.W)] = data
		if tile.L > 0 {
			continue
		}
		var b []byte
		for _, leaf := range m.leaves[tile.N*256 : tile.N*256+int64(tile.W)] {
			b = AppendEntry(b, leaf)
		}
		m.files[BundlePath(tile.N, tile.W)] = b
	}
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		t.Fatal(err)
	}
	m.files["checkpoint"] = m.sign(t, Checkpoint{Origin: "log.example/archive", Size: size, Hash: root})
	return m.files["checkpoint"]
}

func (m *memLog) sign(t testing.TB, c Checkpoint, more ...note.Signer) []byte {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: string(c.Marshal())}, append([]note.Signer{m.signer}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (m *memLog) trust(t testing.TB) Trust {
	t.Helper()
	v, err := NewVerifier(m.vkey)
	if err != nil {
		t.Fatal(err)
	}
	return Trust{Log: v}
}

func (m *memLog) receipt(t testing.TB, index int64) Receipt {
	t.Helper()
	proof, err := tlog.ProveRecord(int64(len(m.leaves)), index, m.hashes(t))
	if err != nil {
		t.Fatal(err)
	}
	return Receipt{Index: index, Leaf: m.leaves[index], Hashes: toBytes(proof), Checkpoint: m.publish(t)}
}

// cosigner signs as a witness does.
type cosigner struct {
	*cosignerKey
	priv ed25519.PrivateKey
	at   uint64
}

func newCosigner(t testing.TB, name string, at uint64) cosigner {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key := append([]byte{CosignatureV1}, pub...)
	v, err := NewVerifier(fmt.Sprintf("%s+%08x+%s", name, keyHash(name, key), base64.StdEncoding.EncodeToString(key)))
	if err != nil {
		t.Fatal(err)
	}
	return cosigner{v.(*cosignerKey), priv, at}
}

func (c cosigner) Sign(msg []byte) ([]byte, error) {
	sig := ed25519.Sign(c.priv, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", c.at, msg))
	return append(binary.BigEndian.AppendUint64(nil, c.at), sig...), nil
}

func hasProblem(v *Verification, part string) bool {
	for _, p := range v.Problems {
		if strings.Contains(p, part) {
			return true
		}
	}
	return false
}
