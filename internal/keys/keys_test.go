package keys

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"candor"
)

const (
	origin     = "example.org/archive"
	passphrase = "correct horse battery staple"
)

func generate(t testing.TB, lock Passphrases) (Keys, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	k, err := Generate(dir, origin, lock)
	if err != nil {
		t.Fatal(err)
	}
	return k, dir
}

func TestGenerateAndLoad(t *testing.T) {
	k, dir := generate(t, nil)
	for _, name := range []string{CustodianFile, LogFile, AuditorFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	got, err := Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, k) || k.Origin != origin {
		t.Error("the keys did not come back as they were")
	}
	if _, err := Generate(dir, origin, nil); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("over other keys: %v", err)
	}
	if again, err := Load(dir, nil); err != nil || !reflect.DeepEqual(again, k) {
		t.Errorf("a refused Generate changed the keys: %v", err)
	}
}

func TestPublicHalves(t *testing.T) {
	k, _ := generate(t, nil)
	if p, err := k.CustodianPublic(); err != nil || len(p) != 1216 {
		t.Errorf("CustodianPublic: %d bytes, %v", len(p), err)
	}
	vkey, err := k.LogVerifier()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(k.Log)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil {
		t.Errorf("the public key does not verify the private one: %v", err)
	}
	recipient, err := k.AuditorRecipient()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.ParseHybridRecipient(recipient); err != nil {
		t.Error(err)
	}
}

func TestPassphrase(t *testing.T) {
	k, _ := generate(t, nil)
	dir := t.TempDir()
	if err := k.save(dir, Passphrases{CustodianFile: passphrase}, 10); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, CustodianFile))
	if err != nil || strings.Contains(string(data), "CUSTODIAN-KEY") {
		t.Fatalf("the key stands in the clear: %v", err)
	}
	if _, err := Load(dir, nil); candor.CodeOf(err) != candor.Denied {
		t.Errorf("nobody to ask: %v", err)
	}
	answer := func(s string) func(string) (string, error) {
		return func(file string) (string, error) {
			if file != CustodianFile {
				t.Errorf("asked for the passphrase of %s", file)
			}
			return s, nil
		}
	}
	if _, err := Load(dir, answer("wrong horse battery")); candor.CodeOf(err) != candor.Denied {
		t.Errorf("wrong passphrase: %v", err)
	}
	if got, err := Load(dir, answer(passphrase)); err != nil || !reflect.DeepEqual(got, k) {
		t.Errorf("right passphrase: %v", err)
	}
	short := filepath.Join(t.TempDir(), "x")
	if _, err := Generate(short, origin, Passphrases{LogFile: "short"}); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("short passphrase: %v", err)
	}
	if left, _ := os.ReadDir(short); len(left) > 0 {
		t.Errorf("half of the keys were left: %v", left)
	}
}

func TestKit(t *testing.T) {
	k, dir := generate(t, nil)
	path := filepath.Join(t.TempDir(), "kit.txt")
	write := k.WriteKit
	if testing.Short() { // the real cost of a guess takes a second each time
		write = func(path, passphrase string) error { return k.writeKit(path, passphrase, 10) }
	}
	if err := write(path, passphrase); err != nil {
		t.Fatal(err)
	}
	if err := k.writeKit(path, passphrase, 10); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("over another kit: %v", err)
	}
	if _, err := ReadKit(path, passphrase+"!"); candor.CodeOf(err) != candor.Denied {
		t.Errorf("wrong passphrase: %v", err)
	}
	got, err := ReadKit(path, passphrase)
	if err != nil || !reflect.DeepEqual(got, k) {
		t.Fatalf("the kit gives other keys: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := got.Save(dir, nil); err != nil {
		t.Fatal(err)
	}
	if again, err := Load(dir, nil); err != nil || !reflect.DeepEqual(again, k) {
		t.Errorf("restored keys: %v", err)
	}
	data, _ := os.ReadFile(path)
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKit(path, passphrase); err == nil {
		t.Error("a damaged kit was taken")
	}
	if err := k.WriteKit(path+"2", ""); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("no passphrase: %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	for what, x := range map[string]struct {
		spoil func(path string) error
		code  candor.Code
		says  string
	}{
		"missing":   {os.Remove, candor.NotFound, "recovery kit"},
		"open":      {func(p string) error { return os.Chmod(p, 0o644) }, candor.Invalid, "chmod 600"},
		"empty":     {func(p string) error { return os.WriteFile(p, nil, 0o600) }, candor.Verification, "recovery kit"},
		"rubbish":   {func(p string) error { return os.WriteFile(p, []byte("rubbish"), 0o600) }, candor.Verification, "recovery kit"},
		"huge":      {func(p string) error { return os.WriteFile(p, make([]byte, 1<<20), 0o600) }, candor.Verification, "recovery kit"},
		"directory": {func(p string) error { os.Remove(p); return os.Mkdir(p, 0o700) }, candor.Invalid, "chmod"},
	} {
		for _, name := range []string{CustodianFile, LogFile, AuditorFile} {
			_, dir := generate(t, nil)
			if err := x.spoil(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir, nil)
			if candor.CodeOf(err) != x.code || !strings.Contains(candor.MessageOf(err), x.says) || !strings.Contains(candor.MessageOf(err), name) {
				t.Errorf("%s %s: %v", what, name, err)
			}
		}
	}
}

func TestKeysOfTwoArchives(t *testing.T) {
	_, dir := generate(t, nil)
	k, err := Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.Origin = "example.org/other"
	if err := k.Save(t.TempDir(), nil); candor.CodeOf(err) != candor.Verification {
		t.Errorf("a log key of another origin: %v", err)
	}
}

func TestGenerateBadOrigin(t *testing.T) {
	for _, bad := range []string{"", "two words", "a+b", "line\nfeed"} {
		if _, err := Generate(t.TempDir(), bad, nil); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("origin %q: %v", bad, err)
		}
	}
}

func TestDir(t *testing.T) {
	t.Setenv("CANDOR_CONFIG", "")
	t.Setenv("XDG_CONFIG_HOME", "/home/someone/.config")
	seen := make(map[string]string)
	for _, o := range []string{origin, "example.org_archive", "Example.org/archive", "..", "../../etc", ".", "a b"} {
		dir, err := Dir(o)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(dir) != "/home/someone/.config/candor" {
			t.Errorf("Dir(%q) = %q", o, dir)
		}
		if other, taken := seen[dir]; taken {
			t.Errorf("%q and %q share %s", o, other, dir)
		}
		seen[dir] = o
	}
	t.Setenv("CANDOR_CONFIG", "/etc/candor")
	if dir, err := Dir(origin); err != nil || dir != "/etc/candor" {
		t.Errorf("Dir = %q, %v", dir, err)
	}
}

func TestNotPrinted(t *testing.T) {
	k, _ := generate(t, nil)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, k); strings.Contains(out, "SECRET") || strings.Contains(out, "PRIVATE") {
			t.Errorf("%s shows keys", verb)
		}
	}
}

func FuzzParseKit(f *testing.F) {
	k, _ := generate(f, nil)
	f.Add(fmt.Appendf(nil, `{"v":1,"origin":%q,"custodian":"AAAA","log":%q,"auditor":%q}`, k.Origin, k.Log, k.Auditor))
	junk := make([]byte, 40)
	rand.Read(junk)
	f.Add(junk)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parseKit(data)
		if err == nil && k.check() != nil {
			t.Error("took keys that are none")
		}
		if err != nil && candor.CodeOf(err) != candor.Verification {
			t.Errorf("refused with %v", err)
		}
	})
}
