package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func TestRecordRoundTrip(t *testing.T) {
	for _, r := range validRecords() {
		leaf, err := r.Marshal()
		if err != nil {
			t.Errorf("%+v: %v", r, err)
			continue
		}
		back, err := ParseRecord(leaf)
		if err != nil {
			t.Errorf("%s: %v", leaf, err)
		}
		again, _ := back.Marshal()
		if !bytes.Equal(leaf, again) {
			t.Errorf("%s became %s", leaf, again)
		}
	}
}

func validRecords() []Record {
	return []Record{
		rec(1, nil),
		rec(2, func(r *Record) { r.Purpose, r.Collection, r.Agent, r.Details = "", "", true, strings.Repeat("0", 64) }),
		outcome(3, 0, func(r *Record) { r.Shown, r.New, r.Breadth, r.Commitment = 5, 2, "narrow", strings.Repeat("f", 64) }),
		outcome(4, 1, func(r *Record) { r.Decision, r.Rule = Refuse, "coverage-within-budget" }),
		outcome(5, 1, func(r *Record) { r.Act, r.Decision, r.Items, r.Bytes = "add", Failed, 3, 1<<40 }),
		outcome(6, 1, func(r *Record) { r.Act, r.Grant = "approve", grant(Active) }),
		outcome(7, 1, func(r *Record) {
			r.Act, r.Grant = "approve", &Grant{Status: Refused, Acts: []string{}, Collections: []string{}, Expires: "2026-01-01T00:00:00Z"}
		}),
		outcome(8, 1, func(r *Record) { r.Act, r.Grant = "approve", overriding("2026-11-24T14:20:00Z") }),
		outcome(9, 1, func(r *Record) {
			r.Act, r.Purpose, r.Collection, r.Retention = "destroy", "", "", &Retention{7, "2026-11-23T00:00:00Z"}
		}),
	}
}

func TestRecordRefuses(t *testing.T) {
	good, err := outcome(1, 7, func(r *Record) { r.Shown = 3 }).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s := string(good)
	for name, leaf := range map[string]string{
		"white space":        strings.Replace(s, `{"v"`, `{ "v"`, 1),
		"trailing newline":   s + "\n",
		"trailing object":    s + "{}",
		"unknown field":      strings.Replace(s, `"v":1`, `"v":1,"who":"r.osei"`, 1),
		"repeated field":     strings.Replace(s, `"v":1`, `"v":1,"v":1`, 1),
		"order":              strings.Replace(s, `"act":"search","phase":"outcome"`, `"phase":"outcome","act":"search"`, 1),
		"other case":         strings.Replace(s, `"act"`, `"Act"`, 1),
		"escaped":            strings.Replace(s, `search`, `\u0073earch`, 1),
		"version":            strings.Replace(s, `"v":1`, `"v":2`, 1),
		"act":                strings.Replace(s, `search`, `spy`, 1),
		"phase":              strings.Replace(s, `"outcome"`, `"done"`, 1),
		"decision":           strings.Replace(s, `"allow"`, `"maybe"`, 1),
		"fine time":          strings.Replace(s, `14:20Z`, `14:21Z`, 1),
		"no such day":        strings.Replace(s, `11-23`, `02-30`, 1),
		"zone":               strings.Replace(s, `14:20Z`, `14:20+01:00`, 1),
		"nonce short":        strings.Replace(s, nonce(1), nonce(1)[1:], 1),
		"nonce stray bits":   strings.Replace(s, nonce(1), nonce(1)[:21]+"B", 1),
		"purpose":            strings.Replace(s, `p-abcdefghij`, `p-ABCDEFGHIJ`, 1),
		"terms":              strings.Replace(s, `sha256:a`, `sha256:`, 1),
		"explicit zero":      strings.Replace(s, `"shown":3`, `"shown":3,"new":0`, 1),
		"negative":           strings.Replace(s, `"shown":3`, `"shown":-3`, 1),
		"exponent":           strings.Replace(s, `"shown":3`, `"shown":3e0`, 1),
		"more new":           strings.Replace(s, `"shown":3`, `"shown":3,"new":4`, 1),
		"negative intent":    strings.Replace(s, `"intent":7`, `"intent":-7`, 1),
		"actor with a name":  strings.Replace(s, `"a7"`, `"Rosa Osei"`, 1),
		"null grant":         strings.Replace(s, `}`, `,"grant":null}`, 1),
		"grant on search":    strings.Replace(s, `}`, `,"grant":{"status":"active","acts":["open"],"collections":["main"],"coverage":1,"expires":"2026-12-23T14:20:00Z"}}`, 1),
		"too long":           strings.Replace(s, `"a7"`, `"`+strings.Repeat("a", MaxRecord)+`"`, 1),
		"not JSON":           "hello",
		"empty":              "",
		"null":               "null",
		"refused but shown":  strings.Replace(s, `"decision":"allow"`, `"decision":"refuse","rule":"x"`, 1),
		"intent with counts": strings.Replace(strings.Replace(s, `"outcome","intent":7`, `"intent"`, 1), `"decision":"allow",`, ``, 1),
	} {
		if leaf == s {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := ParseRecord([]byte(leaf)); err == nil {
			t.Errorf("%s: accepted %s", name, leaf)
		}
	}
}

func TestFormatTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 15, 29, 59, 0, time.FixedZone("", 3600))
	if got := FormatTime(at); got != "2026-11-23T14:20Z" {
		t.Error(got)
	}
	if got := FormatExpires(at); got != "2026-11-23T14:29:59Z" {
		t.Error(got)
	}
}

func logOf(t testing.TB, n int) *memLog {
	t.Helper()
	m := newMemLog(t)
	for i := range n {
		m.add(t, rec(i, nil))
	}
	m.publish(t)
	return m
}

func TestReceiptRoundTrip(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 300} {
		m := logOf(t, n)
		for _, i := range []int64{0, int64(n / 2), int64(n - 1)} {
			text := m.receipt(t, i).Marshal()
			r, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Marshal(), text) {
				t.Error("parse, then marshal, gives other bytes")
			}
			if got, err := r.Verify(m.trust(t)); err != nil || got.Nonce != nonce(int(i)) {
				t.Errorf("%d of %d: %v", i, n, err)
			}
		}
	}
}

// TestForgedReceipts: every way to bend a receipt fails.
func TestForgedReceipts(t *testing.T) {
	m, other := logOf(t, 20), logOf(t, 20)
	trust := m.trust(t)
	for name, forge := range map[string]func(r *Receipt){
		"another record":      func(r *Receipt) { r.Leaf, _ = rec(99, nil).Marshal() },
		"another index":       func(r *Receipt) { r.Index++ },
		"index outside":       func(r *Receipt) { r.Index = 20 },
		"negative index":      func(r *Receipt) { r.Index = -1 },
		"hash dropped":        func(r *Receipt) { r.Hashes = r.Hashes[1:] },
		"hash added":          func(r *Receipt) { r.Hashes = append(r.Hashes, make([]byte, 32)) },
		"hash cut":            func(r *Receipt) { r.Hashes[0] = r.Hashes[0][:31] },
		"hashes swapped":      func(r *Receipt) { r.Hashes[0], r.Hashes[1] = r.Hashes[1], r.Hashes[0] },
		"another log's key":   func(r *Receipt) { r.Checkpoint = other.files["checkpoint"] },
		"size raised":         func(r *Receipt) { r.Checkpoint = bytes.Replace(r.Checkpoint, []byte("\n20\n"), []byte("\n21\n"), 1) },
		"signature gone":      func(r *Receipt) { r.Checkpoint = r.Checkpoint[:bytes.Index(r.Checkpoint, []byte("\n\n"))+2] },
		"no checkpoint":       func(r *Receipt) { r.Checkpoint = nil },
		"another origin":      func(r *Receipt) { r.Checkpoint = m.sign(t, Checkpoint{Origin: "log.example/other", Size: 20}) },
		"smaller checkpoint":  func(r *Receipt) { r.Checkpoint = logOf(t, 3).files["checkpoint"] },
		"interior node":       func(r *Receipt) { r.Leaf = append([]byte{1}, r.Hashes[0]...) },
		"checkpoint repeated": func(r *Receipt) { r.Checkpoint = append(r.Checkpoint, r.Checkpoint...) },
	} {
		r := m.receipt(t, 5)
		if _, err := r.Verify(trust); err != nil {
			t.Fatal(err)
		}
		forge(&r)
		if _, err := r.Verify(trust); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := m.receipt(t, 5).Verify(Trust{}); err == nil {
		t.Error("verified without a key")
	}
}

func TestLeafThatIsNoRecord(t *testing.T) {
	m := logOf(t, 3)
	m.leaves = append(m.leaves, []byte(`{"v":1}`))
	if _, err := m.receipt(t, 3).Verify(m.trust(t)); err == nil {
		t.Error("accepted")
	}
}

func TestParseRefuses(t *testing.T) {
	good := string(logOf(t, 9).receipt(t, 4).Marshal())
	for name, text := range map[string]string{
		"empty":           "",
		"header":          strings.Replace(good, "@v1", "@v2", 1),
		"no extra":        good[:len(proofHeader)+1] + good[strings.Index(good, "index"):],
		"stray bits":      strings.Replace(good, "\n\n", "\n"+strings.Repeat("A", 42)+"B=\n\n", 1),
		"index zeroes":    strings.Replace(good, "index 4", "index 04", 1),
		"index sign":      strings.Replace(good, "index 4", "index +4", 1),
		"index huge":      strings.Replace(good, "index 4", "index 9223372036854775808", 1),
		"carriage return": strings.Replace(good, "\n", "\r\n", 1),
		"short hash":      strings.Replace(good, "index 4\n", "index 4\nAAAA\n", 1),
		"64 hashes":       strings.Replace(good, "index 4\n", "index 4\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 64), 1),
		"too long":        good + strings.Repeat("x", maxReceipt),
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCheckpointParse(t *testing.T) {
	hash := tlog.Hash{1, 2, 3}
	good := Checkpoint{Origin: "o", Size: 7, Hash: hash, Extensions: []string{"more"}}
	c, err := ParseCheckpoint(good.Marshal())
	if err != nil || !bytes.Equal(c.Marshal(), good.Marshal()) {
		t.Errorf("%+v, %v", c, err)
	}
	h := hash.String()
	for _, bad := range []string{"", "o\n7\n" + h, "o\n07\n" + h + "\n", "o\n-1\n" + h + "\n", "\n7\n" + h + "\n", "o\n7\n\n",
		"o\n7\n" + h + "\n\n", "o\n7\n" + h[:40] + "\n", "o\n7\n" + strings.Replace(h, "=", "A", 1) + "\n", "o\n7\n"} {
		if _, err := ParseCheckpoint([]byte(bad)); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestCosignatures(t *testing.T) {
	m := logOf(t, 4)
	c, _, err := m.trust(t).OpenCheckpoint(m.files["checkpoint"])
	if err != nil {
		t.Fatal(err)
	}
	w1, w2 := newCosigner(t, "witness.example/1", 1763900000), newCosigner(t, "witness.example/2", 1763900001)
	signed := m.sign(t, c, w1)
	v1, err := NewVerifier(w1.String())
	if err != nil {
		t.Fatal(err)
	}
	v2, err := NewVerifier(w2.String())
	if err != nil {
		t.Fatal(err)
	}
	trust := m.trust(t)
	trust.Witnesses = []note.Verifier{v1, v2}
	_, by, err := trust.OpenCheckpoint(signed)
	if err != nil || !slices.Equal(by, []string{w1.name}) {
		t.Errorf("cosigned by %v, %v", by, err)
	}
	if at, err := CosignedAt(signed, v1); err != nil || at.Unix() != 1763900000 {
		t.Errorf("%v, %v", at, err)
	}
	if _, err := CosignedAt(signed, v2); err == nil {
		t.Error("a time was read from a cosignature that is not there")
	}
	trust.Quorum = 2
	if _, _, err := trust.OpenCheckpoint(signed); err == nil {
		t.Error("one cosignature passed for two")
	}
	only, err := note.Sign(&note.Note{Text: string(c.Marshal())}, w1, w2)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := trust.OpenCheckpoint(only); err == nil {
		t.Error("witnesses alone passed for the log")
	}
	w1.at = 1 << 63
	trust.Quorum = 0
	if _, _, err := trust.OpenCheckpoint(m.sign(t, c, w1)); err == nil {
		t.Error("a cosignature of after the end of time was accepted")
	}
}

func TestVerifierKeys(t *testing.T) {
	w := newCosigner(t, "w", 1)
	good := w.String()
	for _, bad := range []string{"", "+", "w", "w+00000000+", strings.Replace(good, "w+", "v+", 1), good + "A", " " + good,
		"w+00000000+" + base64.StdEncoding.EncodeToString([]byte{6, 1, 2})} {
		if _, err := NewVerifier(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestCheckConsistency(t *testing.T) {
	m := logOf(t, 40)
	r := m.hashes(t)
	at := func(n int64) Checkpoint {
		h, err := tlog.TreeHash(n, r)
		if err != nil {
			t.Fatal(err)
		}
		return Checkpoint{Origin: "o", Size: n, Hash: h}
	}
	for to := int64(0); to <= 40; to++ {
		for from := int64(0); from <= to; from++ {
			var proof tlog.TreeProof
			if from > 0 {
				var err error
				if proof, err = tlog.ProveTree(to, from, r); err != nil {
					t.Fatal(err)
				}
			}
			if err := CheckConsistency(at(from), at(to), toBytes(proof)); err != nil {
				t.Errorf("%d to %d: %v", from, to, err)
			}
			forked := at(from)
			forked.Hash[0] ^= 1
			if err := CheckConsistency(forked, at(to), toBytes(proof)); err == nil && from > 0 {
				t.Errorf("%d to %d: a fork was accepted", from, to)
			}
		}
	}
	if CheckConsistency(at(9), at(8), nil) == nil {
		t.Error("a log that went back was accepted")
	}
	other := at(9)
	other.Origin = "p"
	if CheckConsistency(other, at(9), nil) == nil || CheckConsistency(at(9), at(9), [][]byte{make([]byte, 32)}) == nil {
		t.Error("another origin, or a needless proof, was accepted")
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, r := range validRecords() {
		leaf, err := r.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(leaf)
	}
	f.Fuzz(func(t *testing.T, leaf []byte) {
		r, err := ParseRecord(leaf)
		if err != nil {
			return
		}
		again, err := r.Marshal()
		if err != nil || !bytes.Equal(again, leaf) {
			t.Errorf("%s became %s, %v", leaf, again, err)
		}
		var f Figures
		f.Add(0, r)
		if _, err := json.Marshal(f); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParse(f *testing.F) {
	m := logOf(f, 20)
	for _, i := range []int64{0, 7, 19} {
		f.Add(m.receipt(f, i).Marshal())
	}
	trust := m.trust(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Marshal(), text) {
			t.Error("parse, then marshal, gives other bytes")
		}
		if _, err := r.Verify(trust); err == nil && !bytes.Equal(r.Leaf, m.leaves[r.Index]) {
			t.Error("a record that is not in the log was proved")
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Origin: "o", Size: 7}.Marshal())
	f.Add(Checkpoint{Origin: "o", Size: 7, Extensions: []string{"x", "y"}}.Marshal())
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := ParseCheckpoint(text); err == nil && !bytes.Equal(c.Marshal(), text) {
			t.Errorf("%q became %q", text, c.Marshal())
		}
	})
}

func FuzzNewVerifier(f *testing.F) {
	f.Add(newCosigner(f, "w", 1).String())
	f.Add(newMemLog(f).vkey)
	f.Fuzz(func(t *testing.T, vkey string) {
		if v, err := NewVerifier(vkey); err == nil && v.Verify([]byte("a message"), make([]byte, 72)) {
			t.Error("zeroes verified as a signature")
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add(AppendEntry(AppendEntry(nil, []byte("one")), []byte("two")), 2)
	f.Add([]byte{0}, 1)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		if width < 0 || width > TileWidth {
			return
		}
		entries, err := ParseBundle(b, width)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			again = AppendEntry(again, e)
		}
		if !bytes.Equal(again, b) {
			t.Error("parse, then append, gives other bytes")
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-11-27T14:20Z", "2024-02-29T00:00Z", "2026-02-29T00:00Z", "2026-13-01T00:00Z", "2026-00-10T00:00Z",
		"2026-11-00T00:00Z", "2026-11-27T24:00Z", "2026-11-27T1:200Z", "2026-11-27T14:25Z", "0000-01-01T00:00Z", "2026-11-27T14:60Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime(s)
		want, err := time.Parse(timeLayout, s)
		wellFormed := err == nil && want.Format(timeLayout) == s && want.Truncate(TimeStep).Equal(want)
		if ok != wellFormed || ok && !got.Equal(want) {
			t.Errorf("%q: %v, %v; time.Parse says %v, %v", s, got, ok, want, err)
		}
	})
}
