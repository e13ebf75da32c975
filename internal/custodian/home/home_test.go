package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/custodian"
	"candor/internal/custodian/custodiantest"
	"candor/internal/pinned"
)

const otherTerms = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err error, code candor.Code, rule string) {
	t.Helper()
	e, ok := errors.AsType[*candor.Error](err)
	if !ok || e.Code != code || e.Rule != rule {
		t.Fatalf("got %#v, want %s by %q", err, code, rule)
	}
}

func newHome(t *testing.T) (*Home, *custodiantest.Archive) {
	t.Helper()
	a := custodiantest.New(func(err error) { t.Helper(); t.Fatal(err) })
	h, err := Make(filepath.Join(t.TempDir(), "keeper"), Settings{Origin: custodiantest.Origin, LogKey: a.Key, Limits: custodian.Limits{Day: 3}}, nil, []string{custodiantest.Terms})
	must(t, err)
	a.WrapTo(h.Public())
	return h, a
}

// release opens an item by a custodian that is started for it.
func release(t *testing.T, h *Home, a *custodiantest.Archive, ask *custodiantest.Ask) error {
	t.Helper()
	c, err := h.Custodian(t.Context(), nil)
	must(t, err)
	defer c.Close()
	head, err := c.Head(t.Context())
	must(t, err)
	a.Prove(ask, head)
	answer, err := c.Release(t.Context(), ask.ReleaseRequest)
	if err == nil {
		err = ask.Open(answer)
	}
	return err
}

func TestHome(t *testing.T) {
	h, a := newHome(t)
	must(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(0))))
	if _, err := Make(h.dir, h.Settings, nil, nil); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("made over another: %v", err)
	}
	h, err := Open(h.dir)
	must(t, err)
	must(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(0), custodiantest.Original(1))))
	wants(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(0))), candor.Denied, custodian.RuleDay)
	public, err := os.ReadFile(h.PublicFile())
	if err != nil || len(public) < 1600 {
		t.Errorf("%d bytes, %v", len(public), err)
	}
}

// TestConsent: terms that nobody agreed to are refused; consent counts at once,
// for a custodian that is running.
func TestConsent(t *testing.T) {
	h, a := newHome(t)
	c, err := h.Custodian(t.Context(), nil)
	must(t, err)
	defer c.Close()
	if h.Consented(otherTerms) || !h.Consented(custodiantest.Terms) || h.Consented("") {
		t.Error("consents are wrong from the beginning")
	}
	must(t, h.Consent(otherTerms))
	must(t, h.Consent(otherTerms))
	if !h.Consented(otherTerms) {
		t.Error("the consent does not count")
	}
	if candor.CodeOf(h.Consent("sha256:short")) != candor.Invalid {
		t.Error("a hash that is none was agreed to")
	}
	if err := os.Remove(filepath.Join(h.dir, consentFile)); err != nil {
		t.Fatal(err)
	}
	ask := a.Ask(candor.ActOpen, 0, custodiantest.Original(0))
	_, err = c.Release(t.Context(), ask.ReleaseRequest)
	wants(t, err, candor.Denied, custodian.RuleTerms) // what cannot be read was not agreed to

	var pin pinned.Pin
	pin[0] = 7
	must(t, h.Allow(pin))
	if !h.Allowed(pin) || h.Allowed(pinned.Pin{}) {
		t.Error("the list of clients is wrong")
	}
	all, err := h.Ceremonies()
	must(t, err)
	if len(all) != 3 || all[1].Kind != "consent" || all[2].Kind != "allow" {
		t.Errorf("ceremonies %+v", all)
	}
}

// TestAttackCeremoniesRewritten: a line that was changed or taken out shows.
func TestAttackCeremoniesRewritten(t *testing.T) {
	h, _ := newHome(t)
	must(t, h.Consent(otherTerms))
	must(t, h.Consent(strings.Replace(otherTerms, "b", "c", 1)))
	file := filepath.Join(h.dir, ceremoniesFile)
	text, err := os.ReadFile(file)
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	for name, now := range map[string]string{
		"changed":   strings.Replace(string(text), "bbbb", "dddd", 1),
		"taken out": lines[0] + lines[2],
		"swapped":   lines[1] + lines[0] + lines[2],
		"rubbish":   string(text) + "rubbish\n",
	} {
		must(t, os.WriteFile(file, []byte(now), 0o600))
		if _, err := h.Ceremonies(); candor.CodeOf(err) != candor.Verification {
			t.Errorf("%s: %v", name, err)
		}
		if err := h.Consent("sha256:" + strings.Repeat("e", 64)); candor.CodeOf(err) != candor.Verification {
			t.Errorf("%s, and went on: %v", name, err)
		}
	}
}

func TestSplitAndJoin(t *testing.T) {
	h, a := newHome(t)
	ctx := t.Context()
	must(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(0))))
	must(t, h.Consent(otherTerms))
	atSplit := a.Checkpoint(a.Size() - 1)
	files, err := h.Split(ctx, filepath.Join(t.TempDir(), "shares"), 3, 2)
	must(t, err)
	var shares [][]byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		shares = append(shares, text)
	}
	spent := a.Ask(candor.ActOpen, 0, custodiantest.Original(1)) // released after the split
	must(t, release(t, h, a, spent))

	dir := filepath.Join(t.TempDir(), "again")
	_, _, err = Join(ctx, dir, atSplit, shares[0], shares[1])
	wants(t, err, candor.Verification, custodian.RuleRollback)
	_, _, err = Join(ctx, dir, []byte("no checkpoint"), shares[0], shares[1])
	if candor.CodeOf(err) != candor.Verification {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err == nil {
		for _, f := range left {
			if !strings.HasSuffix(f.Name(), ".lock") {
				t.Errorf("a join that failed left %s", f.Name())
			}
		}
	}
	again, size, err := Join(ctx, dir, a.Checkpoint(a.Size()), shares[2], shares[0])
	must(t, err)
	if size != a.Size() || again.Pin() != h.Pin() || string(again.Public()) != string(h.Public()) || !again.Consented(otherTerms) || again.Limits != h.Limits {
		t.Errorf("joined at %d: %+v", size, again.Settings)
	}
	wants(t, release(t, again, a, spent), candor.Denied, custodian.RuleRecordRestored)
	fresh := a.Ask(candor.ActOpen, 0, custodiantest.Original(1))
	wants(t, release(t, again, a, fresh), candor.Denied, custodian.RuleGrantRestored)
	a.Grant = a.Approve(10)
	must(t, release(t, again, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(1))))
	for x, kind := range map[*Home]string{h: "split", again: "join"} {
		all, err := x.Ceremonies()
		must(t, err)
		if all[len(all)-1].Kind != kind {
			t.Errorf("ceremonies %+v, want a %s last", all, kind)
		}
	}
	_, err = h.Split(context.Background(), filepath.Dir(files[0]), 3, 2)
	if candor.CodeOf(err) != candor.Conflict {
		t.Errorf("shares were written over others: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, x := range map[string]struct {
		file string
		do   func(path string) error
		code candor.Code
	}{
		"no key":            {keyFile, os.Remove, candor.NotFound},
		"key for all":       {keyFile, func(p string) error { return os.Chmod(p, 0o644) }, candor.Invalid},
		"TLS key for all":   {identityFile, func(p string) error { return os.Chmod(p, 0o640) }, candor.Invalid},
		"damaged key":       {keyFile, func(p string) error { return os.WriteFile(p, []byte("key"), 0o600) }, candor.Verification},
		"damaged TLS key":   {identityFile, func(p string) error { return os.WriteFile(p, []byte("key"), 0o600) }, candor.Verification},
		"no settings":       {settingsFile, os.Remove, candor.NotFound},
		"unknown setting":   {settingsFile, func(p string) error { return os.WriteFile(p, []byte(`{"v":1,"more":1}`), 0o600) }, candor.Invalid},
		"newer settings":    {settingsFile, func(p string) error { return os.WriteFile(p, []byte(`{"v":2}`), 0o600) }, candor.NotSupported},
		"settings, no log":  {settingsFile, func(p string) error { return os.WriteFile(p, []byte(`{"v":1}`), 0o600) }, candor.Invalid},
		"a negative limit":  {settingsFile, edit(`"day": 3`, `"day": -3`), candor.Invalid},
		"a quorum of none":  {settingsFile, edit(`"listen"`, `"quorum": 1, "listen"`), candor.Invalid},
		"a witness unknown": {settingsFile, edit(`"listen"`, `"witnesses": ["w"], "listen"`), candor.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHome(t)
			must(t, x.do(filepath.Join(h.dir, x.file)))
			if _, err := Open(h.dir); candor.CodeOf(err) != x.code {
				t.Errorf("%v, want %s", err, x.code)
			}
		})
	}
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := Make(dir, Settings{Origin: "x", LogKey: "no key"}, nil, nil); candor.CodeOf(err) != candor.Invalid {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made for settings that are wrong")
	}
}

func edit(from, to string) func(string) error {
	return func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600)
	}
}

// TestAttackClockOfTheHost: the clock of the custodian's host, set forward and
// back, brings neither an old record nor yesterday's room again.
func TestAttackClockOfTheHost(t *testing.T) {
	h, a := newHome(t)
	at := time.Now()
	h.now = func() time.Time { return at }
	a.Now = h.now
	must(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(0))))
	old := a.Ask(candor.ActOpen, 0, custodiantest.Original(1))
	at = at.Add(5 * time.Hour)
	wants(t, release(t, h, a, old), candor.Denied, custodian.RuleStale)
	must(t, release(t, h, a, a.Ask(candor.ActOpen, 0, custodiantest.Original(2))))
	at = at.Add(-5 * time.Hour)
	wants(t, release(t, h, a, old), candor.Unavailable, custodian.RuleClock)
}

// FuzzBackup: what shares restore is a backup or an error.
func FuzzBackup(f *testing.F) {
	f.Add([]byte(`{"v":1,"settings":{"v":1,"origin":"o","log_key":"k","listen":"l","limits":{}},"key":"","identity":"","clients":[],"consents":[],"size":0}`))
	f.Add([]byte(`{"v":1,"size":9,"root":"AA=="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBackup(text)
		if err == nil && b.Size > 0 && len(b.Root) != 32 {
			t.Errorf("%+v", b)
		}
	})
}
