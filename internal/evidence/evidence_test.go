package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const plain = `{"person":"r.osei","query":"herons"}`

// scene is a log of one record with its sealed details.
type scene struct {
	auditor *age.HybridIdentity
	trust   receipt.Trust
	receipt receipt.Receipt
	sealed  []byte
	signer  note.Signer
}

func newScene(t testing.TB, text string) *scene {
	t.Helper()
	s := &scene{}
	var err error
	s.auditor, err = age.GenerateHybridIdentity()
	must(t, err)
	s.sealed = seal(t, s.auditor, text)
	skey, vkey, err := note.GenerateKey(nil, "archive.test/log")
	must(t, err)
	s.signer, err = note.NewSigner(skey)
	must(t, err)
	s.trust.Log, err = receipt.NewVerifier(vkey)
	must(t, err)
	s.receipt = s.record(t, s.sealed)
	return s
}

func seal(t testing.TB, to *age.HybridIdentity, text string) []byte {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to.Recipient())
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	out := binary.BigEndian.AppendUint32(nil, uint32(file.Len()))
	out = append(out, file.Bytes()...)
	return append(binary.BigEndian.AppendUint32(out, 8), "coverage"...)
}

// record is the receipt of a log that holds one record with these details.
func (s *scene) record(t testing.TB, sealed []byte) receipt.Receipt {
	t.Helper()
	sum := sha256.Sum256(sealed)
	leaf, err := receipt.Record{
		V: 1, Nonce: "AAAAAAAAAAAAAAAAAAAABQ", Time: "2026-11-23T14:20Z", Act: "audit", Phase: "intent", Actor: "a-1",
		Terms: "sha256:" + hex.EncodeToString(sum[:]), Details: hex.EncodeToString(sum[:]),
	}.Marshal()
	must(t, err)
	text := receipt.Checkpoint{Origin: "archive.test/log", Size: 1, Hash: tlog.RecordHash(leaf)}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, s.signer)
	must(t, err)
	return receipt.Receipt{Index: 0, Leaf: leaf, Checkpoint: signed}
}

func (s *scene) write(t testing.TB) string {
	t.Helper()
	key, err := FileKey(s.sealed, s.auditor)
	must(t, err)
	dir := filepath.Join(t.TempDir(), "evidence")
	must(t, Write(dir, s.receipt, s.sealed, key))
	return dir
}

func TestEvidenceHolds(t *testing.T) {
	s := newScene(t, plain)
	dir := s.write(t)
	f, err := Verify(dir, s.trust)
	must(t, err)
	if len(f.Problems) > 0 || f.Record.Act != "audit" || f.Origin != "archive.test/log" || !bytes.Contains(f.Details, []byte("herons")) {
		t.Errorf("%+v", f)
	}
	if !Is(dir) || Is(t.TempDir()) {
		t.Error("evidence is not told from other folders")
	}
	key, err := FileKey(s.sealed, s.auditor)
	must(t, err)
	if err := Write(dir, s.receipt, s.sealed, key); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("writing over evidence: %v", err)
	}
}

// The key that is handed over opens one record's details and no other's.
func TestKeyOpensOneRecordOnly(t *testing.T) {
	s := newScene(t, plain)
	key, err := FileKey(s.sealed, s.auditor)
	must(t, err)
	other := seal(t, s.auditor, `{"person":"somebody else"}`)
	if _, err := open(other, key); err == nil {
		t.Error("the key of one record opened another's details")
	}
	if bytes.Contains(key, []byte(s.auditor.String())) || len(key) != fileKeySize {
		t.Error("more than a file key was handed over")
	}
	stranger, err := age.GenerateHybridIdentity()
	must(t, err)
	if _, err := FileKey(s.sealed, stranger); candor.CodeOf(err) != candor.Denied {
		t.Errorf("a stranger's identity: %v", err)
	}
}

// Every single byte of every file is vouched for: whichever is changed, or cut
// off, or added, it is found.
func TestEveryChangeIsFound(t *testing.T) {
	s := newScene(t, plain)
	dir := s.write(t)
	lie := func(what string) {
		t.Helper()
		f, err := Verify(dir, s.trust)
		if err == nil && len(f.Problems) == 0 {
			t.Errorf("%s: not found", what)
		}
	}
	for _, name := range []string{ReadmeFile, ReceiptFile, SealedFile, KeyFile, DetailsFile} {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		must(t, err)
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1
			must(t, os.WriteFile(path, bad, 0o600))
			lie(name + " changed")
		}
		must(t, os.WriteFile(path, good[:len(good)-1], 0o600))
		lie(name + " cut")
		must(t, os.WriteFile(path, append(bytes.Clone(good), '\n'), 0o600))
		lie(name + " longer")
		must(t, os.Remove(path))
		lie(name + " missing")
		must(t, os.Symlink("/etc/hostname", path))
		lie(name + " a link")
		must(t, os.Remove(path))
		must(t, os.WriteFile(path, good, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "statement.txt"), []byte("and he confessed"), 0o600))
	lie("a file too many")
	must(t, os.Remove(filepath.Join(dir, "statement.txt")))
	if f, err := Verify(dir, s.trust); err != nil || len(f.Problems) > 0 {
		t.Fatalf("the folder put back does not hold, so this test proved nothing: %v %+v", err, f)
	}
}

// Lies that are consistent in themselves: another act's details with their own
// key, a record that another log signed, and details made up for a true record.
func TestConsistentLies(t *testing.T) {
	s, other := newScene(t, plain), newScene(t, `{"person":"somebody else"}`)
	otherKey, err := FileKey(other.sealed, other.auditor)
	must(t, err)
	made := filepath.Join(t.TempDir(), "made")
	if err := Write(made, s.receipt, other.sealed, otherKey); candor.CodeOf(err) != candor.Verification {
		t.Errorf("writing what does not hold: %v", err)
	}
	dir := s.write(t)
	must(t, os.WriteFile(filepath.Join(dir, SealedFile), other.sealed, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, KeyFile), keyText(otherKey), 0o600))
	details, err := open(other.sealed, otherKey)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, DetailsFile), details, 0o600))
	if f, err := Verify(dir, s.trust); err != nil || len(f.Problems) == 0 {
		t.Errorf("swapped details: %v %+v", err, f)
	}
	if f, err := Verify(other.write(t), s.trust); err != nil || len(f.Problems) == 0 {
		t.Errorf("another log's evidence: %v %+v", err, f)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(keyText(make([]byte, fileKeySize)))
	f.Add([]byte(keyPrefix + "AAAA\n"))
	f.Add([]byte("AGE-SECRET-KEY-1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if key, err := parseKey(text); err == nil && !bytes.Equal(keyText(key), text) {
			t.Errorf("%q is read as another key's text", text)
		}
	})
}

func FuzzOpen(f *testing.F) {
	s := newScene(f, plain)
	key, err := FileKey(s.sealed, s.auditor)
	must(f, err)
	f.Add(s.sealed, key)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, key)
	f.Fuzz(func(t *testing.T, sealed, key []byte) {
		_, _ = open(sealed, key) // must end, and not panic
	})
}
