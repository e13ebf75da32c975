package custodian

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/receipt"
)

func wantRule(t *testing.T, err error, code candor.Code, rule string) {
	t.Helper()
	if candor.CodeOf(err) != code || ruleOf(err) != rule {
		t.Fatalf("got %v (%s, %s), want %s (%s)", err, candor.CodeOf(err), ruleOf(err), rule, code)
	}
}

func TestFollow(t *testing.T) {
	w := newWorld(t)
	first := w.log.size()
	if err := w.c.Follow(t.Context(), w.log.checkpoint(first), 0, nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.log.append(w.record(candor.ActSearch))
	}
	proof, err := w.log.consistency(t.Context(), first, first+5)
	if err != nil {
		t.Fatal(err)
	}
	newest := w.log.checkpoint(first + 5)
	wantRule(t, w.c.Follow(t.Context(), newest, first, nil), candor.Verification, RuleFork)
	wantRule(t, w.c.Follow(t.Context(), newest, first+1, proof), candor.Conflict, RuleHeadMoved)
	wantRule(t, w.c.Follow(t.Context(), newTestLog(t, origin).checkpoint(0), first, proof), candor.Verification, RuleSigned)
	wantRule(t, w.c.Follow(t.Context(), newest, -1, proof), candor.Invalid, RuleRequestShape)
	for range 2 { // asked again after a lost answer
		if err := w.c.Follow(t.Context(), newest, first, proof); err != nil {
			t.Fatal(err)
		}
	}
	w.restart()
	if size, _ := w.c.Head(t.Context()); size != first+5 {
		t.Errorf("after a restart the head is %d, want %d", size, first+5)
	}
	// The same size with another root.
	evil := newTestLog(t, origin)
	evil.signer, evil.key = w.log.signer, w.log.key
	for range first + 5 {
		evil.append(w.record(candor.ActSearch))
	}
	wantRule(t, w.c.Follow(t.Context(), evil.checkpoint(first+5), first+5, nil), candor.Verification, RuleFork)
}

// TestOlderTreesOfSeenOnes: acts that run side by side show trees below one
// that the custodian knows, from which it need not be its head any more.
func TestOlderTreesOfSeenOnes(t *testing.T) {
	w := newWorld(t)
	first := w.ask(candor.ActOpen, nil, original(0))
	firstSize := w.log.size()
	second := w.ask(candor.ActOpen, nil, original(1))
	seen := w.log.size()
	if err := w.c.Follow(t.Context(), w.log.checkpoint(seen), 0, nil); err != nil {
		t.Fatal(err)
	}
	w.released(w.ask(candor.ActOpen, nil, original(2))) // the head moves on
	first.From = seen
	first.Consistency = nil
	w.refused(first, candor.Conflict, RuleHeadMoved)
	proof, err := w.log.consistency(t.Context(), firstSize, seen)
	if err != nil {
		t.Fatal(err)
	}
	first.Consistency = [][]byte{make([]byte, 32)}
	w.refused(first, candor.Verification, RuleFork)
	first.Consistency = proof
	w.released(first)
	second.From = 0
	w.released(second) // its tree was the head
}

// TestGrantOfAnotherTree: an approval proven under another checkpoint counts
// only when that is shown to be of the same log.
func TestGrantOfAnotherTree(t *testing.T) {
	w := newWorld(t)
	old := w.log.size()
	a := w.ask(candor.ActOpen, nil, original(0))
	size := w.log.size()
	w.log.append(w.record(candor.ActSearch))
	for _, at := range []int64{old, w.log.size()} {
		a.Grant, a.GrantConsistency = w.log.receiptAt(w.grant, at).Marshal(), nil
		w.refused(a, candor.Verification, RuleFork)
	}
	evil := newTestLog(t, origin) // the operator signs a second log, in which it approves what it likes
	evil.signer, evil.key = w.log.signer, w.log.key
	evil.append(w.record(candor.ActSearch))
	grant := evil.append(w.approval(1 << 40))
	a.Grant, a.GrantConsistency = evil.receiptAt(grant, evil.size()).Marshal(), nil
	w.refused(a, candor.Verification, RuleFork)

	proof, err := w.log.consistency(t.Context(), size, w.log.size())
	if err != nil {
		t.Fatal(err)
	}
	a.Grant, a.GrantConsistency = w.log.receiptAt(w.grant, w.log.size()).Marshal(), proof
	w.released(a)
	b := w.ask(candor.ActOpen, nil, original(1))
	b.Grant = w.log.receiptAt(w.grant, old).Marshal()
	if b.GrantConsistency, err = w.log.consistency(t.Context(), old, w.log.size()); err != nil {
		t.Fatal(err)
	}
	w.released(b)
}

func TestDayLimits(t *testing.T) {
	for rule, limits := range map[string]Limits{
		RulePurposeDay: {PurposeDay: 2, PersonDay: 3, Day: 3},
		RulePersonDay:  {PersonDay: 2, Day: 3},
		RuleDay:        {Day: 2, RebuildDay: 1},
	} {
		t.Run(rule, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Limits = limits })
			w.released(w.ask(candor.ActExport, nil, original(0), original(1)))
			again := w.ask(candor.ActOpen, nil, original(0)) // within coverage, and counted all the same
			w.refused(again, candor.Denied, rule)
			w.restart()
			w.refused(again, candor.Denied, rule)
			w.released(w.ask(candor.ActReleaseKey, nil, "archive/index")) // no item
			w.now = noon.Add(12 * time.Hour)
			w.released(w.ask(candor.ActOpen, nil, original(0)))
			w.now = noon // a clock set back does not bring yesterday's room again
			w.refused(w.ask(candor.ActOpen, nil, original(0)), candor.Unavailable, RuleClock)
		})
	}
}

func TestRebuildLimit(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits = Limits{RebuildDay: 1, Day: 1} })
	manifest := func(n int) candor.KeyName { return candor.ItemKey("main", item(n), candor.Manifest) }
	w.released(w.ask(candor.ActRebuild, nil, manifest(0), candor.ItemKey("main", item(0), candor.Text), "document/person/a"))
	w.refused(w.ask(candor.ActRebuild, nil, manifest(1)), candor.Denied, RuleRebuildDay)
	w.released(w.ask(candor.ActRebuild, nil, "document/person/a"))
	w.released(w.ask(candor.ActOpen, nil, original(0))) // counted apart
	st, err := w.c.Status(t.Context())
	if err != nil || st.Items != 1 || st.Unbound != 1 || st.Day != "2026-11-23" {
		t.Errorf("status %+v, %v", st, err)
	}
	if candor.CodeOf(Limits{Day: -1}.Check()) != candor.Invalid || DefaultLimits().Check() != nil {
		t.Error("limits are not checked")
	}
}

// TestAttackReplayAcrossRestore: an older copy of the state would let a nonce
// be spent twice. Marked as restored, it honours nothing from before.
func TestAttackReplayAcrossRestore(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	file := filepath.Join(w.dir, "custodian.journal")
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spent := w.ask(candor.ActOpen, nil, original(1))
	w.released(spent)
	older := w.log.checkpoint(1)
	newest := w.log.checkpoint(w.log.size())
	if err := errors.Join(w.c.Close(), os.WriteFile(file, backup, 0o600)); err != nil {
		t.Fatal(err)
	}
	r := Restored{Trust: receipt.Trust{Origin: origin, Log: w.log.key}, StateDir: w.dir, Newest: older}
	_, err = MarkRestored(t.Context(), r)
	wantRule(t, err, candor.Verification, RuleRollback)
	r.Newest = newTestLog(t, origin).checkpoint(0)
	_, err = MarkRestored(t.Context(), r)
	wantRule(t, err, candor.Verification, RuleSigned)
	r.Newest = newest
	if size, err := MarkRestored(t.Context(), r); err != nil || size != w.log.size() {
		t.Fatalf("%d, %v", size, err)
	}
	w.start()
	for range 2 {
		w.prove(spent)
		w.refused(spent, candor.Denied, RuleRecordRestored)
		fresh := w.ask(candor.ActOpen, nil, original(2))
		w.refused(fresh, candor.Denied, RuleGrantRestored) // its coverage is not known any more
		w.released(w.ask(candor.ActReleaseKey, nil, "archive/index"))
		w.restart()
	}
	w.grant = w.log.append(w.approval(5)) // asked for and approved anew
	again := w.ask(candor.ActOpen, nil, original(2))
	w.refused(again, candor.Denied, RuleGrantUnchanged)
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), `"restored"`) {
		t.Errorf("the journal does not say that it was restored: %v", err)
	}
}
