package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/witness"
	"candor/receipt"
)

// Attacks on a whole archive by its own operator, who has every file and key of
// it. docs/design/threats.md lists all attacks, with those on single parts.

// victim is an archive in two folders, with one witness that is not its
// operator's.
type victim struct {
	t      *testing.T
	dir    string // holds data and keys
	logKey string
	policy string // file
}

// newVictim makes a solo archive, and a witness for it that runs until the test ends.
func newVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{t: t, dir: t.TempDir()}
	e, err := createEngine(t.Context(), creation{
		engineConfig: v.config(), Origin: "attacked.example/archive", Solo: true, Collection: "main", Title: "Main",
		People: []archive.NewPerson{{Person: candor.Person{ID: "me", Name: "Planted Person", Solo: true}}},
	})
	must(t, err)
	v.logKey = e.logKey
	must(t, e.Close(t.Context()))

	skey, vkey, err := witness.GenerateKey(nil, "witness.example/w")
	must(t, err)
	signer, err := witness.NewSigner(skey)
	must(t, err)
	s, err := witness.NewServer(t.Context(), witness.Config{Signer: signer, Dir: t.TempDir(), Logs: []witness.Log{{Key: v.logKey}}})
	must(t, err)
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); s.Close() })
	v.policy = filepath.Join(t.TempDir(), "policy")
	text := "log " + v.logKey + "\nwitness w " + vkey + " " + server.URL + "\nquorum w\n"
	must(t, os.WriteFile(v.policy, []byte(text), 0o600))
	must(t, os.WriteFile(filepath.Join(v.dir, "data", witnessesFile), []byte(text), 0o600))
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (v *victim) config() engineConfig {
	return engineConfig{Data: filepath.Join(v.dir, "data"), Keys: filepath.Join(v.dir, "keys"), Patience: time.Second, Logger: slog.New(slog.DiscardHandler)}
}

// act opens the archive, asks for a purpose, and closes it. Nothing of it is
// known to whoever asked if it fails.
func (v *victim) act(why string) error {
	e, err := openEngine(v.t.Context(), v.config())
	if err != nil {
		return err
	}
	defer func() { must(v.t, e.Close(context.WithoutCancel(v.t.Context()))) }()
	who, err := e.archive.Solo(v.t.Context())
	must(v.t, err)
	_, _, err = e.archive.RequestPurpose(v.t.Context(), who, archive.PurposeRequest{Reason: "research", Why: why, Collections: []string{"main"}, Coverage: 10})
	return err
}

// copied is a second copy of everything that the operator has.
func (v *victim) copied() *victim {
	v.t.Helper()
	twin := *v
	twin.dir = v.t.TempDir()
	must(v.t, os.CopyFS(twin.dir, os.DirFS(v.dir)))
	must(v.t, filepath.WalkDir(filepath.Join(twin.dir, "keys"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(file, 0o600)
	}))
	return &twin
}

func (v *victim) checkpoint() []byte {
	v.t.Helper()
	b, err := os.ReadFile(filepath.Join(v.dir, "data", logDir, "checkpoint"))
	must(v.t, err)
	return b
}

// verify is what an outsider finds who has the policy, and may have seen a checkpoint.
func (v *victim) verify(known []byte) verified {
	v.t.Helper()
	opts := receipt.Options{Known: known}
	enough, err := trusting(v.policy, &opts)
	must(v.t, err)
	c := &cli{errOut: new(bytes.Buffer), env: func(string) string { return "" }}
	out, _, err := c.verify(v.t.Context(), filepath.Join(v.dir, "data"), opts)
	must(v.t, err)
	if err := enough(out.CosignedBy); err != nil {
		out.OK, out.Problems = false, append(out.Problems, candor.MessageOf(err))
	}
	return out
}

// TestAttackTwoLogs: the operator keeps two histories, to show each to another
// outsider. The witness cosigns one; in the other no act gets through, and if
// the operator does without the witness, whoever asks for it notices.
func TestAttackTwoLogs(t *testing.T) {
	one := newVictim(t)
	must(t, one.act("the common beginning"))
	two := one.copied()
	must(t, one.act("what one outsider is shown"))
	if out := one.verify(nil); !out.OK || len(out.CosignedBy) != 1 {
		t.Fatalf("the honest history: %+v", out)
	}
	err := two.act("what another outsider is shown")
	if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "witness.example/w") {
		t.Fatalf("a second history went on: %v", err)
	}
	must(t, os.Remove(filepath.Join(two.dir, "data", witnessesFile)))
	for range 4 {
		must(t, two.act("what another outsider is shown"))
	}
	if out := two.verify(nil); out.OK || len(out.CosignedBy) != 0 {
		t.Errorf("an outsider with the policy believes the second history: %+v", out)
	}
	if out := two.verify(one.checkpoint()); out.OK {
		t.Errorf("an outsider who saw the first history believes the second: %+v", out)
	}
}

// TestAttackRollEverythingBack: log, database, keys and the custodian's memory
// are all put back to last week's backup. Only somebody outside can notice, and
// the witness does.
func TestAttackRollEverythingBack(t *testing.T) {
	v := newVictim(t)
	must(t, v.act("what was done last week"))
	backup := v.copied()
	must(t, v.act("what is to be forgotten"))
	seen := v.checkpoint()
	v.dir = backup.dir
	err := v.act("as if nothing had been")
	if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "witness.example/w") {
		t.Fatalf("the archive went on from last week: %v", err)
	}
	if out := v.verify(seen); out.OK {
		t.Error("whoever kept a checkpoint does not notice")
	}
}

// TestAttackSwitchWitnessesOff: the operator does without the witnesses. Acts go
// on, unseen by them, and both the public page and every verifier say so.
func TestAttackSwitchWitnessesOff(t *testing.T) {
	v := newVictim(t)
	must(t, v.act("while it is watched"))
	must(t, os.Remove(filepath.Join(v.dir, "data", witnessesFile)))
	must(t, v.act("while it is not watched"))
	if out := v.verify(nil); out.OK {
		t.Error("a log without cosignatures satisfies a policy that asks for one")
	}
	e, err := openEngine(t.Context(), v.config())
	must(t, err)
	defer e.Close(t.Context())
	site, err := e.Site(siteConfig{})
	must(t, err)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost/log", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	site.ServeHTTP(w, r)
	if first, _, _ := strings.Cut(w.Body.String(), "<h1>"); !strings.Contains(first, "No witness outside the operator's control is configured") {
		t.Errorf("the first line of the public page says nothing: %s", first)
	}
}

// admitted is all that can be read in a data folder without a key, and what it
// tells. The README's honest limits admit these and no other.
var admitted = map[string]string{
	"candor.json":           "format, the log's origin, whether solo, when it was made",
	"lock":                  "nothing",
	witnessesFile:           "the policy of witnesses, which is public",
	witnessedDir + "/*":     "how many records each witness has cosigned, which is public",
	logDir + "/checkpoint":  "the log's, which is public",
	logDir + "/key":         "the log's, which is public",
	logDir + "/lock":        "nothing",
	logDir + "/tile/...":    "records and hashes, which are public",
	logDir + "/journal/...": "the newest records, which are public, and their sealed details",
	logDir + "/details/...": "the sealed details of records, and how large they are",
}

func admits(name string) bool {
	for pattern := range admitted {
		if prefix, ok := strings.CutSuffix(pattern, "..."); ok && strings.HasPrefix(name, prefix) {
			return true
		}
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// TestAttackReadTheFolder: somebody copies the data folder and has no key. What
// can be read is what is admitted; the rest is not told from noise, but for the
// headers of sealed files; and no planted word stands anywhere.
func TestAttackReadTheFolder(t *testing.T) {
	v := newVictim(t)
	must(t, v.act("planted reason for a purpose, in the asker's own planted words"))
	header := regexp.MustCompile(`(?s)^age-encryption\.org/v1\n.*?\n--- [^\n]*\n`)
	seen, sealed := 0, 0
	root := filepath.Join(v.dir, "data")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		seen++
		name, err := filepath.Rel(root, file)
		must(t, err)
		if bytes.Contains(bytes.ToLower(b), []byte("planted")) || strings.Contains(strings.ToLower(name), "planted") {
			t.Errorf("%s holds a planted word", name)
		}
		if admits(filepath.ToSlash(name)) {
			return nil
		}
		sealed++
		body := header.ReplaceAll(b, nil)
		if len(body) >= 1024 && packed(t, body) < len(body)*9/10 {
			t.Errorf("%s is not admitted to be readable, and has a structure that can be seen: %d bytes pack into %d", name, len(body), packed(t, body))
		}
		return nil
	})
	must(t, err)
	if seen < 15 || sealed < 5 {
		t.Fatalf("only %d files were looked at, of which %d are sealed", seen, sealed)
	}
}

func packed(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return out.Len()
}
