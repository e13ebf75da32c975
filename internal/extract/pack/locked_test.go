package pack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

const (
	password = "open sesame"
	hidden   = "The hidden letter about the harbour.\n"
)

// lockedFiles were made by Info-ZIP's zip, pyzipper and py7zr, with one member.
func lockedFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/locked/*")
	if err != nil || len(names) == 0 {
		t.Fatal("no locked archives", err)
	}
	files := map[string][]byte{}
	for _, n := range names {
		if files[n], err = os.ReadFile(n); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func readLocked(name string, data []byte, password string) (candor.Reading, *gathered) {
	read := Zip
	if strings.HasSuffix(name, ".7z") {
		read = SevenZip
	}
	src, g := from(filepath.Base(name), data), new(gathered)
	src.Password = password
	reading, _ := read(src, "", g)
	return reading, g
}

func TestLockedArchives(t *testing.T) {
	for name, data := range lockedFiles(t) {
		r, g := readLocked(name, data, password)
		if strings.HasSuffix(name, "crypto.zip") { // has an open member too
			if strings.Join(g.bodies, "") != hidden+"Open words.\n" || r.Condition != candor.Done {
				t.Errorf("%s: %s (%s), %q", name, r.Condition, r.Reason, g.bodies)
			}
			if r, g = readLocked(name, data, ""); r.Condition != candor.Partial || r.Reason != "1 of 2 members are encrypted" || len(g.bodies) != 1 {
				t.Errorf("%s without its password: %s (%s), %q", name, r.Condition, r.Reason, g.bodies)
			}
			continue
		}
		if r.Condition != candor.Done || len(g.bodies) != 1 || g.bodies[0] != hidden {
			t.Errorf("%s: %s (%s), %q", name, r.Condition, r.Reason, g.bodies)
		}
		if r, g = readLocked(name, data, ""); r.Condition != candor.Encrypted || !strings.Contains(r.Reason, "only with its password") && !strings.Contains(r.Reason, "only with their password") {
			t.Errorf("%s without its password: %s (%s), %q", name, r.Condition, r.Reason, g.bodies)
		}
		r, g = readLocked(name, data, "close sesame")
		if r.Condition != candor.Encrypted && r.Condition != candor.Partial && r.Condition != candor.Failed || strings.Contains(strings.Join(g.bodies, ""), "hidden") {
			t.Errorf("%s with another password: %s (%s), %q", name, r.Condition, r.Reason, g.bodies)
		}
		if strings.HasPrefix(filepath.Base(name), "aes") && (r.Condition != candor.Encrypted || !strings.Contains(r.Reason, "another password")) {
			t.Errorf("%s with another password: %s (%s)", name, r.Condition, r.Reason)
		}
	}
}

// TestChangedLockedMembers: whoever changes an encrypted member is found out.
func TestChangedLockedMembers(t *testing.T) {
	for _, name := range []string{"testdata/locked/aes128.zip", "testdata/locked/aes256.zip", "testdata/locked/crypto.zip"} {
		data := bytes.Clone(lockedFiles(t)[name])
		at := 30 + len("letter.txt") + 30 // behind the local header, its extra data, salt and verifier
		if strings.Contains(name, "crypto") {
			at = 30 + len("letter.txt") + 28 + 20
		}
		data[at] ^= 4
		if r, _ := readLocked(name, data, password); r.Condition == candor.Done {
			t.Errorf("%s with a changed byte is done", name)
		}
	}
}

func FuzzLocked(f *testing.F) {
	for _, data := range lockedFiles(f) {
		f.Add(data)
	}
	f.Add(fixture.ZipEncrypted(fixture.Member{Name: "a", Body: "b"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _ := readLocked("a.zip", data, password)
		if r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v", r)
		}
	})
}
