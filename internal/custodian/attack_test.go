package custodian

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/receipt"
)

func TestHonestRequests(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActReleaseKey, nil, "archive/catalog", "archive/index", "document/person/a.osei"))
	w.released(w.ask(candor.ActOpen, nil, original(0), candor.ItemKey("main", item(0), candor.Text)))
	w.released(w.ask(candor.ActExport, nil, original(1), original(2)))
	w.released(w.ask(candor.ActOpen, func(r *receipt.Record) { r.Collection = "" }, original(2)))
	w.released(w.ask(candor.ActRebuild, nil, "document/purpose/p-x", candor.ItemKey("main", item(9), candor.Manifest),
		candor.ItemKey("main", item(9), candor.Text), candor.ItemKey("main", item(9), candor.Translations), "coverage/p-aaaaaaaaaa/AAAA"))
	if size, err := w.c.Head(t.Context()); err != nil || size != w.log.size() {
		t.Errorf("Head = %d, %v; the log has %d", size, err, w.log.size())
	}
}

// TestLeavesOfOneRecord: keys of one record may be asked for one after the
// other, each once.
func TestLeavesOfOneRecord(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0), candor.ItemKey("main", item(0), candor.Text))
	both := a.Keys
	a.Keys = both[1:]
	w.released(a)
	w.refused(a, candor.Denied, RuleNonceUnspent)
	a.Keys = both
	w.prove(a)
	w.refused(a, candor.Denied, RuleNonceUnspent)
	a.Keys = both[:1]
	w.released(a)
}

func TestAttackForgedReceipt(t *testing.T) {
	w := newWorld(t)
	t.Run("signature", func(t *testing.T) {
		a := w.ask(candor.ActOpen, nil, original(0))
		evil := newTestLog(t, origin) // same name, another key
		evil.append(a.record)
		a.Receipt = evil.receiptAt(0, 1).Marshal()
		w.refused(a, candor.Verification, RuleSigned)
	})
	t.Run("leaf", func(t *testing.T) {
		a := w.ask(candor.ActOpen, nil, original(0))
		r, err := receipt.Parse(a.Receipt)
		if err != nil {
			t.Fatal(err)
		}
		a.record.Purpose = "p-bbbbbbbbbb"
		if r.Leaf, err = a.record.Marshal(); err != nil {
			t.Fatal(err)
		}
		a.Receipt = r.Marshal()
		w.refused(a, candor.Verification, RuleIncluded)
	})
	t.Run("rubbish", func(t *testing.T) {
		a := w.ask(candor.ActOpen, nil, original(0))
		a.Receipt = []byte("trust me")
		w.refused(a, candor.Verification, RuleReceiptForm)
	})
}

func TestAttackForeignOrigin(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	other := newTestLog(t, "example.org/other")
	other.append(a.record)
	a.Receipt = other.receiptAt(0, 1).Marshal()
	w.refused(a, candor.Verification, RuleSigned)
}

func TestAttackTruncatedReceipt(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	whole := a.Receipt
	for cut := 0; cut < len(whole); cut += 3 {
		a.Receipt = whole[:cut]
		if _, err := w.c.Release(t.Context(), a.ReleaseRequest); candor.CodeOf(err) != candor.Verification {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	a.Receipt = whole
	w.released(a)
}

func TestAttackReplay(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	w.released(a)
	w.refused(a, candor.Denied, RuleNonceUnspent)
	twice := w.ask(candor.ActOpen, nil, original(1))
	twice.Keys = append(twice.Keys, twice.Keys[0])
	w.refused(twice, candor.Denied, RuleNonceUnspent)
}

func TestAttackReplayAcrossRestart(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	w.released(a)
	for range 3 {
		w.restart()
		w.refused(a, candor.Denied, RuleNonceUnspent)
	}
}

func TestAttackStale(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	w.now = noon.Add(DefaultMaxAge + time.Second)
	w.refused(a, candor.Denied, RuleStale)
	w.now = noon.Add(DefaultMaxAge)
	w.released(a)
}

func TestAttackFutureRecord(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, func(r *receipt.Record) { r.Time = receipt.FormatTime(noon.Add(40 * time.Minute)) }, original(0))
	w.refused(a, candor.Denied, RuleFuture)
}

// TestAttackClock: setting the custodian's clock back does not make an old
// record fresh, and what was spent before it went forward stays spent.
func TestAttackClock(t *testing.T) {
	w := newWorld(t)
	first := w.ask(candor.ActOpen, nil, original(0))
	unused := w.ask(candor.ActOpen, nil, original(1))
	w.released(first)
	w.now = noon.Add(5 * time.Hour)
	w.released(w.ask(candor.ActOpen, nil, original(2)))
	w.prove(unused)
	w.refused(unused, candor.Denied, RuleStale)
	w.now = noon
	for range 2 {
		w.prove(first)
		w.refused(first, candor.Unavailable, RuleClock)
		w.prove(unused)
		w.refused(unused, candor.Unavailable, RuleClock)
		w.restart()
	}
}

// TestClockForwardByMistake: requests that are refused do not move time on.
func TestClockForwardByMistake(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	w.now = noon.AddDate(5, 0, 0)
	w.refused(a, candor.Denied, RuleStale)
	w.now = noon
	w.released(a)
}

func TestAttackHeaderOfAnother(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	a.Keys[0].Wrapped = w.wrap(original(1))
	w.refused(a, candor.Verification, RuleKeyOpens)
	a.Keys[0].Wrapped = nil
	w.refused(a, candor.Verification, RuleKeyOpens)
	a.Keys[0].Wrapped = w.wrap(original(0))
	w.released(a) // a request that could not be answered spent nothing
}

func TestAttackOtherName(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	a.Keys[0].Name, a.Keys[0].Wrapped = original(1), w.wrap(original(1))
	w.refused(a, candor.Verification, RuleCommitment)
}

func TestAttackRequesterSwapped(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	thief, err := candor.NewRequester(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Requester = thief.Public()
	w.refused(a, candor.Verification, RuleCommitment)
	a.Requester = []byte("short")
	w.refused(a, candor.Invalid, RuleRequestShape)
}

func TestAttackRecordAllowsNothing(t *testing.T) {
	w := newWorld(t)
	for what, change := range map[string]func(*receipt.Record){
		"refused": func(r *receipt.Record) { r.Decision, r.Commitment = receipt.Refuse, "" },
		"failed":  func(r *receipt.Record) { r.Decision, r.Commitment = receipt.Failed, "" },
		"intent": func(r *receipt.Record) {
			r.Phase, r.Decision, r.Rule, r.Commitment, r.Intent = receipt.Intent, "", "", "", nil
		},
		"no commitment": func(r *receipt.Record) { r.Commitment = "" },
	} {
		t.Run(what, func(t *testing.T) { w.refused(w.ask(candor.ActOpen, change, original(0)), candor.Denied, RuleOutcome) })
	}
}

func TestAttackUnknownTerms(t *testing.T) {
	w := newWorld(t)
	other := "sha256:" + strings.Repeat("b", 64)
	w.refused(w.ask(candor.ActOpen, func(r *receipt.Record) { r.Terms = other }, original(0)), candor.Denied, RuleTerms)
}

func TestAttackActOpensName(t *testing.T) {
	w := newWorld(t)
	elsewhere := candor.ItemKey("secret", item(0), candor.Original)
	for _, x := range []struct {
		act  candor.Act
		name candor.KeyName
	}{
		{candor.ActOpen, "archive/index"}, {candor.ActOpen, "document/person/a"}, {candor.ActOpen, elsewhere},
		{candor.ActExport, "coverage/p-aaaaaaaaaa/x"}, {candor.ActSearch, original(0)}, {candor.ActAdd, original(0)},
		{candor.ActDestroy, original(0)}, {candor.ActRequest, "document/person/a"}, {candor.ActOverride, original(0)},
		{candor.ActRebuild, original(0)}, {candor.ActRebuild, "archive/index"}, {candor.ActApprove, original(0)},
		{candor.ActChangeTerms, original(0)}, {candor.ActReleaseKey, original(0)},
		{candor.ActReleaseKey, "archive/../main"}, {candor.ActRebuild, "main/short/text"},
	} {
		change := func(r *receipt.Record) { r.Purpose = purpose }
		if x.act == candor.ActReleaseKey || x.act == candor.ActRebuild {
			change = nil
		}
		w.refused(w.ask(x.act, change, x.name), candor.Denied, RuleActNames)
	}
}

func TestAttackGrant(t *testing.T) {
	w := newWorld(t)
	approve := func(change func(*receipt.Record)) []byte {
		r := w.approval(5)
		change(&r)
		i := w.log.append(r)
		return w.log.receiptAt(i, w.log.size()).Marshal()
	}
	for what, x := range map[string]struct {
		grant []byte
		code  candor.Code
		rule  string
	}{
		"none":          {nil, candor.Denied, RuleGrantNeeded},
		"rubbish":       {[]byte("yes"), candor.Verification, RuleReceiptForm},
		"no approval":   {w.log.receiptAt(w.log.append(w.record(candor.ActChangeTerms)), w.log.size()).Marshal(), candor.Denied, RuleGrantNeeded},
		"other purpose": {approve(func(r *receipt.Record) { r.Purpose = "p-bbbbbbbbbb" }), candor.Denied, RuleGrantFits},
		"other act":     {approve(func(r *receipt.Record) { r.Grant.Acts = []string{"search"} }), candor.Denied, RuleGrantFits},
		"other place":   {approve(func(r *receipt.Record) { r.Grant.Collections = []string{"other"} }), candor.Denied, RuleGrantFits},
		"refused":       {approve(func(r *receipt.Record) { r.Grant.Status = receipt.Refused }), candor.Denied, RuleGrantActive},
		"revoked":       {approve(func(r *receipt.Record) { r.Grant.Status = receipt.Revoked }), candor.Denied, RuleGrantActive},
		"expired": {approve(func(r *receipt.Record) { r.Grant.Expires = receipt.FormatExpires(noon) }),
			candor.Denied, RuleGrantActive},
	} {
		t.Run(what, func(t *testing.T) {
			a := w.ask(candor.ActOpen, nil, original(0))
			a.Grant = x.grant
			if r, err := receipt.Parse(x.grant); err == nil { // under the same checkpoint as the record
				a.Grant = w.log.receiptAt(r.Index, w.log.size()).Marshal()
			}
			w.refused(a, x.code, x.rule)
		})
	}
	t.Run("approved afterwards", func(t *testing.T) {
		a := w.ask(candor.ActOpen, nil, original(0))
		w.grant = w.log.append(w.approval(5))
		w.prove(a)
		w.refused(a, candor.Denied, RuleGrantFits)
	})
}

func TestAttackPurposeWidened(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	w.grant = w.log.append(w.approval(1000))
	w.refused(w.ask(candor.ActOpen, nil, original(1)), candor.Denied, RuleGrantUnchanged)
	w.restart()
	w.refused(w.ask(candor.ActOpen, nil, original(1)), candor.Denied, RuleGrantUnchanged)
}

func TestAttackOverBudget(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActExport, nil, original(0), original(1), original(2)))
	w.refused(w.ask(candor.ActExport, nil, original(2), original(3), original(4), original(5)), candor.Denied, RuleCoverage)
	w.restart()
	w.released(w.ask(candor.ActExport, nil, original(2), original(3), original(4))) // two are new: 5 of 5
	w.refused(w.ask(candor.ActOpen, nil, original(5)), candor.Denied, RuleCoverage)
	w.released(w.ask(candor.ActOpen, nil, original(0), candor.ItemKey("main", item(0), candor.Text)))
}

func TestAttackRevoked(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	r := w.approval(5)
	r.Grant.Status = receipt.Revoked
	proof := w.log.receiptAt(w.log.append(r), w.log.size()).Marshal()
	if err := w.c.Learn(t.Context(), proof[:len(proof)-10]); candor.CodeOf(err) != candor.Verification {
		t.Errorf("learned a truncated receipt: %v", err)
	}
	if err := w.c.Learn(t.Context(), w.log.receiptAt(w.grant, w.log.size()).Marshal()); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("learned an approval: %v", err)
	}
	if err := w.c.Learn(t.Context(), proof); err != nil {
		t.Fatal(err)
	}
	w.refused(w.ask(candor.ActOpen, nil, original(0)), candor.Denied, RuleGrantActive)
	w.restart()
	w.refused(w.ask(candor.ActOpen, nil, original(0)), candor.Denied, RuleGrantActive)
}

func TestAttackRollback(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	a := w.ask(candor.ActOpen, nil, original(1))
	w.released(w.ask(candor.ActOpen, nil, original(2)))
	a.From, _ = w.c.Head(t.Context())
	a.Consistency = nil
	w.refused(a, candor.Verification, RuleRollback)
	w.restart()
	w.refused(a, candor.Verification, RuleRollback)
}

// TestAttackLogSetBack: the whole log is put back, proofs and all.
func TestAttackLogSetBack(t *testing.T) {
	var w *world
	w = newWorld(t, func(c *Config) {
		c.Proofs = func(ctx context.Context, from, to int64) ([][]byte, error) { return w.log.consistency(ctx, from, to) }
	})
	leaves, hashes := w.log.leaves[:1], w.log.hashes[:1]
	for i := range 4 {
		w.released(w.ask(candor.ActOpen, nil, original(i)))
	}
	w.log.leaves, w.log.hashes = leaves, hashes
	w.refused(w.ask(candor.ActOpen, nil, original(0)), candor.Verification, RuleFork)
	w.restart()
	w.restart() // the rewritten journal holds only the newest tree, which extends no other that is shown
	w.refused(w.ask(candor.ActOpen, nil, original(0)), candor.Verification, RuleRollback)
	for range 6 { // and grown past what was seen, differently
		w.log.append(w.record(candor.ActSearch))
	}
	a := w.ask(candor.ActOpen, nil, original(0))
	w.refused(a, candor.Verification, RuleFork)
}

func TestAttackFork(t *testing.T) {
	w := newWorld(t)
	seen := w.log
	fork := &testLog{t: t, signer: seen.signer, key: seen.key, leaves: slices.Clone(seen.leaves), hashes: slices.Clone(seen.hashes)}
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	w.log = fork
	a := w.ask(candor.ActOpen, nil, original(1)) // as long as what was seen, and different
	w.refused(a, candor.Verification, RuleFork)
	w.log.append(w.record(candor.ActSearch))
	w.prove(a)
	w.refused(a, candor.Verification, RuleFork)
	w.log = seen
	w.released(w.ask(candor.ActOpen, nil, original(2)))
}

func TestHeadMoved(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	slow := w.ask(candor.ActOpen, nil, original(1))
	w.released(w.ask(candor.ActOpen, nil, original(2)))
	w.refused(slow, candor.Conflict, RuleHeadMoved)
	w.prove(slow)
	w.released(slow)
}

// TestConcurrentReleases: with a way to fetch proofs, acts side by side do not
// get into each other's way, and no key is released twice.
func TestConcurrentReleases(t *testing.T) {
	var w *world
	w = newWorld(t, func(c *Config) {
		c.Proofs = func(ctx context.Context, from, to int64) ([][]byte, error) { return w.log.consistency(ctx, from, to) }
	})
	var asks []*ask
	for i := range 16 {
		asks = append(asks, w.ask(candor.ActOpen, nil, original(i%5)))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	released := make(map[int]int)
	for range 3 {
		for i, a := range asks {
			wg.Go(func() {
				_, err := w.c.Release(t.Context(), a.ReleaseRequest)
				if err != nil && ruleOf(err) != RuleNonceUnspent {
					t.Errorf("refused: %v", err)
				}
				if err == nil {
					mu.Lock()
					released[i]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	for i := range asks {
		if released[i] != 1 {
			t.Errorf("request %d was answered %d times", i, released[i])
		}
	}
}

func TestStateTornTail(t *testing.T) {
	w := newWorld(t)
	a := w.ask(candor.ActOpen, nil, original(0))
	w.released(a)
	b := w.ask(candor.ActOpen, nil, original(1))
	path := filepath.Join(w.dir, "custodian.journal")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.released(b)
	w.c.Close()
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(before); cut < len(after); cut += 5 {
		if err := os.WriteFile(path, after[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.refused(a, candor.Denied, RuleNonceUnspent)
		w.c.Close()
	}
	if err := os.WriteFile(path, after, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.refused(b, candor.Denied, RuleNonceUnspent)
}

func TestStateDamaged(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.released(w.ask(candor.ActOpen, nil, original(i)))
	}
	w.c.Close()
	path := filepath.Join(w.dir, "custodian.journal")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n')
	for at := 0; at < last; at += 11 {
		bad := bytes.Clone(whole)
		bad[at] ^= 4
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), w.config()); candor.CodeOf(err) != candor.Verification {
			t.Fatalf("damage at %d of %d was not seen: %v", at, len(whole), err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
}

func TestTwoCustodians(t *testing.T) {
	w := newWorld(t)
	if _, err := New(t.Context(), w.config()); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("a second custodian on one state: %v", err)
	}
}

// TestStateNotDurable: when the disk fails nothing is released, then or later.
func TestStateNotDurable(t *testing.T) {
	w := newWorld(t)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	w.c.state.journal.file.Close()
	w.refused(w.ask(candor.ActOpen, nil, original(1)), candor.Unavailable, RuleStateDurable)
	w.refused(w.ask(candor.ActOpen, nil, original(2)), candor.Unavailable, RuleStateDurable)
}

// TestStateStaysSmall: nonces are forgotten when their records are too old,
// and a rewritten journal says the same as the one before.
func TestStateStaysSmall(t *testing.T) {
	w := newWorld(t)
	first := w.ask(candor.ActOpen, nil, original(0))
	w.released(first)
	w.now = noon.Add(3 * time.Hour)
	second := w.ask(candor.ActOpen, nil, original(1))
	w.released(second)
	if n := len(w.c.state.spent); n != 1 {
		t.Errorf("%d nonces are kept, want 1", n)
	}
	w.refused(first, candor.Denied, RuleStale)

	w.c.state.mu.Lock()
	w.c.state.journal.rewrite(w.c.state.snapshot())
	w.c.state.mu.Unlock()
	third := w.ask(candor.ActOpen, nil, original(2))
	w.released(third)
	w.restart()
	w.prove(second)
	w.refused(second, candor.Denied, RuleNonceUnspent)
	w.prove(third)
	w.refused(third, candor.Denied, RuleNonceUnspent)
	if got := len(w.c.state.purposes[purpose].items); got != 3 {
		t.Errorf("%d items are counted after a rewrite, want 3", got)
	}
}

func TestLogsNoNames(t *testing.T) {
	var out bytes.Buffer
	w := newWorld(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	w.refused(w.ask(candor.ActSearch, func(r *receipt.Record) { r.Purpose = purpose }, original(0)), candor.Denied, RuleActNames)
	if !strings.Contains(out.String(), RuleActNames) || strings.Contains(out.String(), string(item(0))) || strings.Contains(out.String(), "main") {
		t.Errorf("logged: %s", out.String())
	}
}

func TestNewRefuses(t *testing.T) {
	w := newWorld(t)
	for what, change := range map[string]func(*Config){
		"origin": func(c *Config) { c.Origin = "" }, "log": func(c *Config) { c.Log = nil },
		"key": func(c *Config) { c.PrivateKey = c.PrivateKey[1:] }, "state": func(c *Config) { c.StateDir = "" },
		"terms": func(c *Config) { c.Consented = nil },
	} {
		cfg := w.config()
		change(&cfg)
		if _, err := New(t.Context(), cfg); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("without %s: %v", what, err)
		}
	}
	w.c.Close()
	cfg := w.config()
	cfg.Origin = "example.org/other"
	if _, err := New(t.Context(), cfg); candor.CodeOf(err) != candor.Verification {
		t.Errorf("state of another log: %v", err)
	}
	w.start()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := w.ask(candor.ActOpen, nil, original(0))
	if _, err := w.c.Release(ctx, a.ReleaseRequest); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	w.released(a)
}

func TestSpans(t *testing.T) {
	m := mergeSpans(spansOf([]int64{5, 1, 2, 3, 9, 7}))
	if len(m) != 4 || m[0] != (span{1, 3}) {
		t.Errorf("mergeSpans = %v", m)
	}
	for _, x := range []struct {
		a    []int64
		want bool
	}{{[]int64{4}, false}, {[]int64{3}, true}, {[]int64{0, 8, 10}, false}, {[]int64{0, 9}, true}, {nil, false}} {
		if got := overlap(m, mergeSpans(spansOf(x.a))); got != x.want {
			t.Errorf("overlap with %v = %v", x.a, got)
		}
	}
}
