package keys

import (
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"candor"
)

// After the identity was handed over the archive's keys still seal, and open
// no details any more; the identity is where it was put.
func TestHandOver(t *testing.T) {
	for _, passphrase := range []string{"", "four words in a row"} {
		k, dir := generate(t, nil)
		to := filepath.Join(t.TempDir(), "auditor")
		if err := HandOver(dir, to, passphrase, nil); err != nil {
			t.Fatal(err)
		}
		ask := func(string) (string, error) { return passphrase, nil }
		id, err := LoadAuditor(to, ask)
		if err != nil || id.(*age.HybridIdentity).String() != k.Auditor {
			t.Fatalf("the identity that was handed over: %v", err)
		}
		left, err := Load(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := k.AuditorRecipient()
		if got, err := left.AuditorRecipient(); err != nil || got != want || left.Auditor != want {
			t.Errorf("left behind: %q, %v", got, err)
		}
		if _, err := LoadAuditor(filepath.Join(dir, AuditorFile), nil); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("the identity is still in the archive's keys: %v", err)
		}
		if err := HandOver(dir, to+"2", "", nil); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("handed over twice: %v", err)
		}
		if passphrase == "" {
			continue
		}
		data, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseAuditor(data, "another passphrase"); candor.CodeOf(err) != candor.Denied {
			t.Errorf("a wrong passphrase: %v", err)
		}
		if _, err := ParseAuditor(data, ""); candor.CodeOf(err) != candor.Denied {
			t.Errorf("no passphrase: %v", err)
		}
	}
}

func FuzzParseAuditor(f *testing.F) {
	f.Add([]byte("AGE-SECRET-KEY-PQ-1"))
	f.Add([]byte("age1pq1"))
	f.Add([]byte("# a comment\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if isSealed(data) {
			return // each would cost a key derivation
		}
		if id, err := ParseAuditor(data, ""); (id == nil) == (err == nil) {
			t.Errorf("identity %v, error %v", id, err)
		}
	})
}
