package receipt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// history is a small honest log: a purpose is asked for, approved, used,
// refused once, revoked; items are added; an act is still running at the end.
func history() []Record {
	approve := func(r *Record) { r.Act, r.Actor, r.Collection = "approve", "b2", "" }
	request := func(r *Record) { r.Act, r.Collection = "request", "" }
	add := func(r *Record) { r.Act, r.Purpose = "add", "" }
	return []Record{
		rec(0, add),
		outcome(1, 0, func(r *Record) { add(r); r.Items, r.Bytes = 80, 4096 }),
		rec(2, func(r *Record) { request(r); r.Purpose = "" }),
		outcome(3, 2, func(r *Record) { request(r); r.Reason = "research" }),
		rec(4, approve),
		outcome(5, 4, func(r *Record) { approve(r); r.Grant = grant(Active) }),
		rec(6, nil),
		rec(7, nil), // two searches at once, answered in the other order
		outcome(8, 7, func(r *Record) { r.Shown, r.New = 12, 12 }),
		outcome(9, 6, func(r *Record) { r.Shown, r.New = 10, 8 }),
		rec(10, nil),
		outcome(11, 10, func(r *Record) { r.Decision, r.Rule = Refuse, "coverage-within-budget" }),
		rec(12, approve),
		outcome(13, 12, func(r *Record) { approve(r); r.Grant = grant(Revoked) }),
		rec(14, nil),
	}
}

func verify(t testing.TB, m *memLog, opts Options) *Verification {
	t.Helper()
	v, err := VerifyLog(context.Background(), m, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyHonestLog(t *testing.T) {
	m := newMemLog(t).add(t, history()...)
	m.publish(t)
	v := verify(t, m, Options{Key: m.vkey})
	if !v.OK || v.Size != 15 || v.Records != 15 || v.KeyFromLog || len(v.Problems) != 0 || v.Origin != "log.example/archive" {
		t.Errorf("%+v", v)
	}
	if !slices.Equal(v.Unanswered, []int64{14}) || v.Figures.Unanswered != 1 {
		t.Errorf("unanswered %v, %d", v.Unanswered, v.Figures.Unanswered)
	}
	h := history()
	h[9].Time = "2026-11-23T14:10Z" // read its clock before, and reached the log after, its neighbour
	side := newMemLog(t).add(t, h...)
	side.publish(t)
	if v := verify(t, side, Options{Key: side.vkey}); !v.OK {
		t.Errorf("acts side by side: %v", v.Problems)
	}
	if v = verify(t, m, Options{}); !v.OK || !v.KeyFromLog || !strings.Contains(strings.Join(v.Notes, " "), "taken from the log itself") {
		t.Errorf("%+v", v.Notes)
	}
}

// TestVerifyFindsLies: each dishonest history is told by a problem.
func TestVerifyFindsLies(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(h []Record) []Record
		want string
	}{
		"outcome without intent":  {func(h []Record) []Record { h[9].Intent = nil; return h }, "Record #9 was allowed without an intent"},
		"intent answered twice":   {func(h []Record) []Record { h[9].Intent = ptr(7); return h }, "Record #9 names record #7 as its intent, which is not an intent or has an outcome already"},
		"intent is an outcome":    {func(h []Record) []Record { h[9].Intent = ptr(5); return h }, "Record #9 names record #5"},
		"intent comes later":      {func(h []Record) []Record { h[9].Intent = ptr(14); return h }, "does not come before it"},
		"intent is itself":        {func(h []Record) []Record { h[9].Intent = ptr(9); return h }, "does not come before it"},
		"another act":             {func(h []Record) []Record { h[9].Act = "open"; return h }, "they differ in the act"},
		"another purpose":         {func(h []Record) []Record { h[9].Purpose = "p-zzzzzzzzzz"; return h }, "they differ in the purpose"},
		"another actor":           {func(h []Record) []Record { h[9].Actor = "c3"; return h }, "they differ in the actor"},
		"back-dated":              {func(h []Record) []Record { h[9].Time = "2026-11-23T14:00Z"; return h }, "Record #9 is back-dated"},
		"nonce repeated":          {func(h []Record) []Record { h[9].Nonce = h[3].Nonce; return h }, "Record #9 repeats the nonce of record #3"},
		"never approved":          {func(h []Record) []Record { h[5].Decision, h[5].Rule, h[5].Grant = Refuse, "own", nil; return h }, "was not approved before it"},
		"approval was a no":       {func(h []Record) []Record { h[5].Grant = grant(Refused); return h }, "record #5 had made refused"},
		"over coverage":           {func(h []Record) []Record { h[9].New = 9; return h }, "more than its coverage of 20 items: with record #9 it came to 21"},
		"expired":                 {func(h []Record) []Record { h[5].Grant.Expires = "2026-11-23T14:20:00Z"; return h }, "which had expired"},
		"act not granted":         {func(h []Record) []Record { h[6].Act, h[9].Act = "export", "export"; return h }, "not approved for that"},
		"collection not granted":  {func(h []Record) []Record { h[9].Collection = "secret"; return h }, "on collection secret"},
		"no purpose at all":       {func(h []Record) []Record { h[6].Purpose, h[9].Purpose = "", ""; return h }, "allowed to search without a purpose"},
		"used after it was ended": {func(h []Record) []Record { return append(h, outcome(20, 14, nil)) }, "record #13 had made revoked"},
		"approved a second time":  {func(h []Record) []Record { h[13].Grant = grant(Active); return h }, "Record #13 decides again"},
		"override for two days":   {func(h []Record) []Record { h[5].Grant = overriding("2026-11-25T14:20:00Z"); return h }, "an override lasts at most 24 hours"},
		"override by one person": {func(h []Record) []Record {
			h[5].Grant = overriding("2026-11-24T10:00:00Z")
			h[5].Grant.Solo = true
			return h
		}, "that only one person asked for"},
		"revived after revocation": {func(h []Record) []Record { return append(h, reapprove()...) }, "decides again about purpose"},
	} {
		m := newMemLog(t).add(t, c.lie(history())...)
		m.publish(t)
		if v := verify(t, m, Options{Key: m.vkey}); v.OK || !hasProblem(v, c.want) {
			t.Errorf("%s: ok %v, %q", name, v.OK, v.Problems)
		}
	}
}

func overriding(expires string) *Grant {
	g := grant(Active)
	g.Override, g.Expires = true, expires
	return g
}

// An honest override, and details destroyed under a rule, are facts and no problems.
func TestVerifyOverrideAndRetention(t *testing.T) {
	h := history()
	h[2].Act, h[3].Act, h[5].Grant = "override", "override", overriding("2026-11-24T14:20:00Z")
	destroy := func(r *Record) { r.Act, r.Purpose, r.Collection = "destroy", "", "" }
	h = append(h, rec(40, destroy), outcome(41, 15, func(r *Record) { destroy(r); r.Retention = &Retention{7, "2026-11-23T00:00:00Z"} }))
	m := newMemLog(t).add(t, h...)
	m.publish(t)
	v := verify(t, m, Options{Key: m.vkey})
	p := v.Figures.Purposes["p-abcdefghij"]
	if !v.OK || v.Figures.Overrides != 1 || p == nil || !p.Override || v.Figures.Destroyed != 7 || v.Figures.Items != 80 {
		t.Errorf("%v %+v", v.Problems, v.Figures)
	}
}

func TestRetentionIsOfSealedDetailsOnly(t *testing.T) {
	good := outcome(41, 15, func(r *Record) {
		r.Act, r.Purpose, r.Collection, r.Retention = "destroy", "", "", &Retention{7, "2026-11-23T00:00:00Z"}
	})
	if _, err := good.Marshal(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Record){
		"of another act":    func(r *Record) { r.Act = "add" },
		"of a refusal":      func(r *Record) { r.Decision, r.Rule = Refuse, "no" },
		"of a collection":   func(r *Record) { r.Collection = "main" },
		"of items":          func(r *Record) { r.Items = 1 },
		"of nothing":        func(r *Record) { r.Retention = &Retention{0, "2026-11-23T00:00:00Z"} },
		"before no time":    func(r *Record) { r.Retention = &Retention{7, "2026-11-23"} },
		"of an intent":      func(r *Record) { r.Phase, r.Intent, r.Decision = Intent, nil, "" },
		"of less than zero": func(r *Record) { r.Retention = &Retention{-1, "2026-11-23T00:00:00Z"} },
	} {
		r := good
		change(&r)
		if leaf, err := r.Marshal(); err == nil {
			t.Errorf("a retention %s: %s", name, leaf)
		}
	}
}

func reapprove() []Record {
	approve := func(r *Record) { r.Act = "approve" }
	return []Record{rec(30, approve), outcome(31, 15, func(r *Record) { approve(r); r.Grant = grant(Active) })}
}

// TestVerifyFindsDamage: whatever file of a log is changed, cut, swapped or
// lost, verification says so.
func TestVerifyFindsDamage(t *testing.T) {
	whole := newMemLog(t)
	for i := range 600 {
		whole.add(t, rec(i, func(r *Record) { r.Act, r.Purpose = "add", "" }))
	}
	whole.publish(t)
	if v := verify(t, whole, Options{Key: whole.vkey}); !v.OK {
		t.Fatal(v.Problems)
	}
	damages := map[string]func(b []byte) []byte{
		"flipped": func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b },
		"cut":     func(b []byte) []byte { return b[:len(b)-1] },
		"longer":  func(b []byte) []byte { return append(bytes.Clone(b), '\n') },
		"emptied": func([]byte) []byte { return nil },
		"lost":    nil,
	}
	for name := range whole.files {
		for what, damage := range damages {
			m := &memLog{files: map[string][]byte{}}
			for n, b := range whole.files {
				m.files[n] = b
			}
			delete(m.files, name)
			if damage != nil {
				m.files[name] = damage(whole.files[name])
			}
			v, err := VerifyLog(t.Context(), m, Options{Key: whole.vkey})
			if name == "key" { // not read: the key was given
				continue
			}
			if err == nil && v.OK {
				t.Errorf("%s %s: nothing was found", name, what)
			}
		}
	}
}

// TestVerifyRewrittenLog: an operator who makes the whole log again, properly
// signed, is found by whoever kept a checkpoint.
func TestVerifyRewrittenLog(t *testing.T) {
	m := newMemLog(t).add(t, history()...)
	known := m.publish(t)
	m.add(t, rec(40, nil), rec(41, nil))
	m.publish(t)
	if v := verify(t, m, Options{Key: m.vkey, Known: known}); !v.OK {
		t.Fatal(v.Problems)
	}
	for name, lie := range map[string]func(){
		"changed":   func() { m.leaves[1] = slices.Clone(m.leaves[0]) },
		"reordered": func() { m.leaves[3], m.leaves[4] = m.leaves[4], m.leaves[3] },
		"dropped":   func() { m.leaves = slices.Delete(slices.Clone(m.leaves), 7, 8) },
		"cut":       func() { m.leaves = m.leaves[:10] },
	} {
		before := slices.Clone(m.leaves)
		lie()
		m.publish(t)
		v := verify(t, m, Options{Key: m.vkey, Known: known})
		if !hasProblem(v, "does not extend the checkpoint") && !hasProblem(v, "The log went back") {
			t.Errorf("%s: %q", name, v.Problems)
		}
		m.leaves = before
	}
	other := logOf(t, 3)
	if _, err := VerifyLog(t.Context(), m, Options{Key: m.vkey, Known: other.files["checkpoint"]}); err == nil {
		t.Error("another log's checkpoint was taken for an earlier one")
	}
}

func TestVerifyCosigned(t *testing.T) {
	m := logOf(t, 3)
	c, _, err := m.trust(t).OpenCheckpoint(m.files["checkpoint"])
	if err != nil {
		t.Fatal(err)
	}
	w := newCosigner(t, "witness.example", 5)
	m.files["checkpoint"] = m.sign(t, c, w)
	v := verify(t, m, Options{Key: m.vkey, Witnesses: []string{w.String()}})
	if !slices.Equal(v.CosignedBy, []string{"witness.example"}) {
		t.Errorf("%+v", v)
	}
	if v = verify(t, m, Options{Key: m.vkey}); len(v.CosignedBy) != 0 || !strings.Contains(v.Notes[0], "No witness") {
		t.Errorf("%+v", v)
	}
}

func TestVerifyNeedsALog(t *testing.T) {
	for name, m := range map[string]*memLog{"nothing": {}, "no checkpoint": {files: map[string][]byte{"key": newMemLog(t).files["key"]}}} {
		if _, err := VerifyLog(t.Context(), m, Options{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := logOf(t, 600)
	if _, err := VerifyLog(ctx, m, Options{Key: m.vkey}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := VerifyLog(t.Context(), m, Options{Key: "nonsense"}); err == nil {
		t.Error("a malformed key was accepted")
	}
}

// TestSources reads the same log from a folder and over HTTP, and falls back to
// full tiles where the partial ones were deleted.
func TestSources(t *testing.T) {
	m := newMemLog(t)
	for i := range 300 {
		m.add(t, rec(i, func(r *Record) { r.Act, r.Purpose = "add", "" }))
	}
	checkpoint := m.publish(t)
	for i := range 300 {
		m.add(t, rec(1000+i, func(r *Record) { r.Act, r.Purpose = "add", "" }))
	}
	m.publish(t)
	m.files["checkpoint"] = checkpoint // a reader that is a little behind
	delete(m.files, BundlePath(1, 44))
	delete(m.files, TilePath(0, 1, 44))
	dir := t.TempDir()
	for name, b := range m.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(http.StripPrefix("/log", http.FileServer(http.Dir(dir))))
	defer srv.Close()
	for _, where := range []string{dir, srv.URL + "/log", srv.URL + "/log/"} {
		src, err := OpenSource(where)
		if err != nil {
			t.Fatal(err)
		}
		v, err := VerifyLog(t.Context(), src, Options{Key: m.vkey})
		if err != nil || !v.OK || v.Records != 300 {
			t.Errorf("%s: %v, %+v", where, err, v)
		}
	}
	for _, bad := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "key"), "http://", "https://%zz"} {
		if _, err := OpenSource(bad); err == nil {
			t.Errorf("%s: opened", bad)
		}
	}
}

func TestTilePaths(t *testing.T) {
	for got, want := range map[string]string{
		TilePath(0, 0, 256):        "tile/0/000",
		TilePath(3, 1234067, 7):    "tile/3/x001/x234/067.p/7",
		BundlePath(1234067, 256):   "tile/entries/x001/x234/067",
		BundlePath(0, 1):           "tile/entries/000.p/1",
		TilePath(1, 999, 256):      "tile/1/999",
		TilePath(1, 1000, 256):     "tile/1/x001/000",
		BundlePath(999999999, 255): "tile/entries/x999/x999/999.p/255",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestGrowingTreeAgreesWithTextbook(t *testing.T) {
	m := logOf(t, 0)
	for i := range 70 {
		m.add(t, rec(i, nil))
	}
	r := m.hashes(t)
	var g growingTree
	for i, leaf := range m.leaves {
		want, err := tlog.TreeHash(int64(i), r)
		if err != nil {
			t.Fatal(err)
		}
		if g.root() != want {
			t.Fatalf("root of %d", i)
		}
		g.add(tlog.RecordHash(leaf))
	}
}

func TestFigures(t *testing.T) {
	var f Figures
	for i, r := range history() {
		f.Add(int64(i), r)
	}
	p := f.Purposes["p-abcdefghij"]
	if p == nil || p.Status != Revoked || p.Used != 20 || p.Coverage != 20 || p.Refusals != 1 || p.Acts["search"] != 2 || p.Reason != "research" || *p.Grant != 5 {
		t.Errorf("purpose %+v", p)
	}
	if f.Items != 80 || f.Bytes != 4096 || f.Collections["main"] != 80 || len(f.Months) != 1 || f.Months[0] != (Month{"2026-11", 80, 4096}) {
		t.Errorf("kept %+v", f)
	}
	if got := f.Acts["search"]; got != (Tally{Intents: 4, Allowed: 2, Refused: 1}) {
		t.Errorf("searches %+v", got)
	}
	if f.Refusals["coverage-within-budget"] != 1 || f.Solo || f.Unanswered != 1 || f.Newest[0].Index != 14 {
		t.Errorf("%+v", f)
	}
	kept := f.Clone()
	before, _ := json.Marshal(kept)
	f.Add(15, outcome(15, 14, func(r *Record) { r.Act, r.Items, r.Bytes, r.Time = "destroy", 30, 96, "2026-12-01T00:00Z" }))
	if after, _ := json.Marshal(kept); !bytes.Equal(before, after) {
		t.Error("a clone changed")
	}
	if f.Items != 50 || f.Months[1] != (Month{"2026-12", 50, 4000}) {
		t.Errorf("after destroying: %+v", f.Months)
	}
}

// TestFiguresKeepFewRecords: refused acts under invented purposes do not grow
// the report, and only the newest records are held.
func TestFiguresKeepFewRecords(t *testing.T) {
	var f Figures
	for i := range 1000 {
		f.Add(int64(i), outcome(i, 0, func(r *Record) { r.Decision, r.Rule = Refuse, "no-such-purpose" }))
	}
	if len(f.Purposes) != 0 || len(f.Newest) != newestKept || f.Newest[0].Index != 999 || f.Newest[newestKept-1].Index != 970 {
		t.Errorf("%d purposes, %d newest", len(f.Purposes), len(f.Newest))
	}
}

func TestOpenIntentsAreBounded(t *testing.T) {
	v := &Verification{}
	a := newAuditor(v, 0)
	for i := range maxOpen + 10 {
		a.await(int64(i), &Record{})
	}
	if len(a.open) != maxOpen {
		t.Errorf("%d intents are held", len(a.open))
	}
	late := outcome(1, 3, nil)
	a.pair(maxOpen+20, &late)
	if !hasProblem(v, "was not checked") {
		t.Errorf("%q", v.Problems)
	}
}

func TestNonceWindow(t *testing.T) {
	v := &Verification{}
	a := newAuditor(v, 0)
	a.window = 100
	for i := range 205 {
		a.checkNonce(int64(i), &Record{Nonce: nonce(i)})
	}
	a.checkNonce(205, &Record{Nonce: nonce(106)})
	if len(v.Problems) != 1 || a.forgot != 100 {
		t.Errorf("%q, forgot %d", v.Problems, a.forgot)
	}
	if len(a.old)+len(a.young) > 200 {
		t.Error("memory grows")
	}
}
