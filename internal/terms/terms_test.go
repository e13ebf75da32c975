package terms_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/terms"
)

var _ archive.Terms = (*terms.Terms)(nil)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func standard(t testing.TB) *terms.Terms {
	t.Helper()
	x, err := terms.Default()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func person(roles ...candor.Role) candor.Person { return candor.Person{ID: "r.osei", Roles: roles} }

// use is a reader's search that every rule allows.
func use() candor.Facts {
	return candor.Facts{
		Act: candor.ActSearch, Phase: candor.Outcome, Now: now, Person: person(candor.Reader), Collection: "main",
		Purpose: &candor.Purpose{ID: "p-abcdefghij", Reason: "research", Why: "What became of the harbour fund", Collections: []string{"main", "photos"},
			Acts: []candor.Act{candor.ActSearch, candor.ActOpen}, Coverage: 200, Expires: now.Add(time.Hour), AskedBy: "r.osei", Status: candor.Active},
		Matched: 30, Collected: 10_000, Shown: 20, New: 20, Covered: 100, Depth: 20,
	}
}

// ask is a request that every rule allows.
func ask() candor.Facts {
	p := *use().Purpose
	p.Status, p.Expires = candor.Requested, now.AddDate(0, 0, 30)
	return candor.Facts{Act: candor.ActRequest, Phase: candor.Intent, Now: now, Person: person(candor.Reader), Collection: "main", Proposed: &p, Owns: true}
}

// grant is an approval that every rule allows.
func grant() candor.Facts {
	f := ask()
	f.Act, f.Person, f.Owns = candor.ActApprove, candor.Person{ID: "a.adjei", Roles: []candor.Role{candor.Approver}}, false
	f.Proposed.Status = candor.Active
	return f
}

func act(a candor.Act, roles ...candor.Role) candor.Facts {
	return candor.Facts{Act: a, Phase: candor.Intent, Now: now, Person: person(roles...), Collection: "main"}
}

type change func(*candor.Facts)

func with(f candor.Facts, changes ...change) candor.Facts {
	for _, c := range changes {
		c(&f)
	}
	return f
}

// TestFiguresThatCameLater: a bundle from before them means what it meant.
func TestFiguresThatCameLater(t *testing.T) {
	now, err := terms.Default()
	if err != nil {
		t.Fatal(err)
	}
	b := now.Bundle()
	var figures map[string]int64
	if err := json.Unmarshal(b.Budgets, &figures); err != nil {
		t.Fatal(err)
	}
	delete(figures, "sweep_people")
	delete(figures, "counts_least")
	if b.Budgets, err = json.Marshal(figures); err != nil {
		t.Fatal(err)
	}
	before, err := terms.New(terms.Config{Bundle: fstest.MapFS{
		"terms.md": {Data: b.Human}, "policies.cedar": {Data: b.Policies}, "reasons.json": {Data: b.Reasons}, "budgets.json": {Data: b.Budgets},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := before.Decide(with(use(), func(f *candor.Facts) { f.People, f.Depth = 1<<39, 40 })); err != nil || !d.Allow {
		t.Errorf("a search that names many: %+v, %v", d, err)
	}
	if n := before.LeastCounted(); n != 1 {
		t.Errorf("values of at least %d items are told", n)
	}
}

func TestDefaultTerms(t *testing.T) {
	solo := func(f *candor.Facts) { f.Person = candor.Person{ID: "r.osei", Solo: true} }
	agent := func(f *candor.Facts) { f.Agent = true }
	asks := func(f *candor.Facts) { f.Purpose.Acts = append(f.Purpose.Acts, candor.ActAsk) }
	intent := func(f *candor.Facts) {
		f.Phase, f.Matched, f.Shown, f.New, f.Depth = candor.Intent, 0, 0, 0, 0
	}
	small := func(f *candor.Facts) { f.Matched, f.Collected, f.Shown, f.New, f.Depth = 190, 200, 100, 100, 100 }
	words := func(n int) change { return func(f *candor.Facts) { f.Proposed.Why = strings.Repeat("w ", n) } }
	asked := func(n int64) change { return func(f *candor.Facts) { f.Proposed.Coverage = n } }
	status := func(s candor.PurposeStatus) change { return func(f *candor.Facts) { f.Proposed.Status = s } }
	own := func(f *candor.Facts) { f.Owns = true }
	named := func(n int64) change { return func(f *candor.Facts) { f.People = n } }

	for _, test := range []struct {
		name  string
		facts candor.Facts
		rule  string
		allow bool
	}{
		{"search", use(), "use-under-a-purpose", true},
		{"search before it runs", with(use(), intent), "use-under-a-purpose", true},
		{"search all collections of the purpose", with(use(), func(f *candor.Facts) { f.Collection = "" }), "use-under-a-purpose", true},
		{"search without the role", with(use(), func(f *candor.Facts) { f.Person.Roles = []candor.Role{candor.Approver} }), terms.NoPolicyPermits, false},
		{"search, revoked person", with(use(), func(f *candor.Facts) { f.Person.Revoked = true }), "person-may-act", false},
		{"search, no purpose", with(use(), func(f *candor.Facts) { f.Purpose, f.New = nil, 0 }), "purpose-needed", false},
		{"search, purpose of another", with(use(), func(f *candor.Facts) { f.Purpose.AskedBy = "somebody" }), "own-purpose-only", false},
		{"search, purpose of nobody by nobody", with(use(), func(f *candor.Facts) { f.Purpose.AskedBy, f.Person.ID = "", "" }), "own-purpose-only", false},
		{"search, purpose requested", with(use(), func(f *candor.Facts) { f.Purpose.Status = candor.Requested }), "purpose-is-active", false},
		{"search, purpose refused", with(use(), func(f *candor.Facts) { f.Purpose.Status = candor.Refused }), "purpose-is-active", false},
		{"search, purpose revoked", with(use(), func(f *candor.Facts) { f.Purpose.Status = candor.Revoked }), "purpose-is-active", false},
		{"search, purpose expired this moment", with(use(), func(f *candor.Facts) { f.Purpose.Expires = now }), "purpose-is-active", false},
		{"search, last moment of the purpose", with(use(), func(f *candor.Facts) { f.Purpose.Expires = now.Add(1) }), "use-under-a-purpose", true},
		{"open", with(use(), func(f *candor.Facts) { f.Act = candor.ActOpen }), "use-under-a-purpose", true},
		{"export outside the purpose", with(use(), func(f *candor.Facts) { f.Act = candor.ActExport }), "act-within-purpose", false},
		{"analyse outside the purpose", with(use(), func(f *candor.Facts) { f.Act = candor.ActAnalyse }), "act-within-purpose", false},
		{"ask within the purpose", with(use(), asks, func(f *candor.Facts) { f.Act = candor.ActAsk }), "use-under-a-purpose", true},
		{"another collection", with(use(), func(f *candor.Facts) { f.Collection = "police" }), "collection-within-purpose", false},
		{"administrator who reads", with(use(), func(f *candor.Facts) { f.Person = person(candor.Reader, candor.Administrator) }), "administrators-do-not-read", false},
		{"solo reads", with(use(), solo), "use-under-a-purpose", true},

		{"agent", with(use(), agent), "agent-within-purpose", false},
		{"agent within the purpose", with(use(), agent, asks), "use-under-a-purpose", true},
		{"agent asks for a purpose", with(ask(), agent), "people-decide", false},
		{"agent approves", with(grant(), agent), "people-decide", false},
		{"agent adds", with(act(candor.ActAdd, candor.Contributor), agent), "add-as-contributor", true},
		{"120th act of the minute", with(use(), func(f *candor.Facts) { f.ActsMinute = 119 }), "use-under-a-purpose", true},
		{"121st act of the minute", with(use(), func(f *candor.Facts) { f.ActsMinute = 120 }), "acts-per-minute", false},
		{"agent's 60th act", with(use(), agent, asks, func(f *candor.Facts) { f.ActsMinute = 59 }), "use-under-a-purpose", true},
		{"agent's 61st act", with(use(), agent, asks, func(f *candor.Facts) { f.ActsMinute = 60 }), "acts-per-minute", false},
		{"2000th act of the day", with(use(), func(f *candor.Facts) { f.ActsToday = 1999 }), "use-under-a-purpose", true},
		{"2001st act of the day", with(use(), func(f *candor.Facts) { f.ActsToday = 2000 }), "acts-per-day", false},
		{"agent's 1001st act of the day", with(use(), agent, asks, func(f *candor.Facts) { f.ActsToday = 1000 }), "acts-per-day", false},

		{"last of the budget", with(use(), func(f *candor.Facts) { f.Covered = 180 }), "use-under-a-purpose", true},
		{"one over the budget", with(use(), func(f *candor.Facts) { f.Covered = 181 }), "coverage-within-budget", false},
		{"budget spent, shown again", with(use(), func(f *candor.Facts) { f.Covered, f.New = 200, 0 }), "use-under-a-purpose", true},
		{"budget lowered below what was seen", with(use(), func(f *candor.Facts) { f.Covered, f.New = 300, 1 }), "coverage-within-budget", false},
		{"page 200 deep", with(use(), func(f *candor.Facts) { f.Depth = 200 }), "use-under-a-purpose", true},
		{"page deeper than the budget", with(use(), func(f *candor.Facts) { f.Depth = 201 }), "depth-within-budget", false},
		{"small budget, first page", with(use(), func(f *candor.Facts) { f.Purpose.Coverage, f.Covered, f.New, f.Depth = 5, 0, 5, 100 }), "use-under-a-purpose", true},
		{"small budget, deeper", with(use(), func(f *candor.Facts) { f.Purpose.Coverage, f.Covered, f.New, f.Depth = 5, 5, 0, 101 }), "depth-within-budget", false},
		{"broad search, 20 shown", with(use(), func(f *candor.Facts) { f.Matched = 2001 }), "use-under-a-purpose", true},
		{"broad search, 21 shown", with(use(), func(f *candor.Facts) { f.Matched, f.Shown, f.Depth = 2001, 21, 21 }), "no-sweeping-search", false},
		{"broad search, second page", with(use(), func(f *candor.Facts) { f.Matched, f.Depth = 2001, 40 }), "no-sweeping-search", false},
		{"just not broad, second page", with(use(), func(f *candor.Facts) { f.Matched, f.Depth = 2000, 40 }), "use-under-a-purpose", true},
		{"broad in a small collection", with(use(), small), "use-under-a-purpose", true},
		{"total alone of everything", with(use(), func(f *candor.Facts) { f.Matched, f.Shown, f.New, f.Depth = 10_000, 0, 0, 0 }), "use-under-a-purpose", true},

		{"names many people, first page", with(use(), named(5001)), "use-under-a-purpose", true},
		{"names many people, second page", with(use(), named(5001), func(f *candor.Facts) { f.Depth = 40 }), "no-sweep-of-people", false},
		{"names just not many, second page", with(use(), named(5000), func(f *candor.Facts) { f.Depth = 40 }), "use-under-a-purpose", true},
		{"question that names many people", with(use(), asks, named(5001), func(f *candor.Facts) { f.Act, f.Shown = candor.ActAsk, 21 }), "no-sweep-of-people", false},
		{"names many people, override", with(use(), named(5001), func(f *candor.Facts) { f.Purpose.Override, f.Depth = true, 40 }), "use-under-a-purpose", true},

		{"ask for a purpose", ask(), "ask-for-a-purpose", true},
		{"ask without the role", with(ask(), func(f *candor.Facts) { f.Person = person(candor.Contributor) }), terms.NoPolicyPermits, false},
		{"ask as administrator", with(ask(), func(f *candor.Facts) { f.Person = person(candor.Reader, candor.Administrator) }), "administrators-do-not-read", false},
		{"unknown reason", with(ask(), func(f *candor.Facts) { f.Proposed.Reason = "investigation" }), "known-reason", false},
		{"nine letters", with(ask(), words(9)), "explained", false},
		{"ten letters", with(ask(), words(10)), "ask-for-a-purpose", true},
		{"a bare number", with(ask(), func(f *candor.Facts) { f.Proposed.Why = "2026-0123456789-0000" }), "explained", false},
		{"no collections", with(ask(), func(f *candor.Facts) { f.Proposed.Collections = nil }), "something-asked-for", false},
		{"no acts", with(ask(), func(f *candor.Facts) { f.Proposed.Acts = nil }), "something-asked-for", false},
		{"acts that are no use", with(ask(), func(f *candor.Facts) { f.Proposed.Acts = []candor.Act{candor.ActSearch, candor.ActOverride} }), "something-asked-for", false},
		{"no coverage", with(ask(), asked(0)), "something-asked-for", false},
		{"negative coverage", with(ask(), asked(-1<<63)), "something-asked-for", false},
		{"plain coverage", with(ask(), asked(500)), "ask-for-a-purpose", true},
		{"wide coverage", with(ask(), asked(501)), "coverage-explained", false},
		{"a tenth of the collection", with(ask(), asked(1000), func(f *candor.Facts) { f.Collected = 10_000 }), "ask-for-a-purpose", true},
		{"wide coverage, explained", with(ask(), asked(5000), words(60)), "ask-for-a-purpose", true},
		{"too wide", with(ask(), asked(5001), words(600)), "coverage-bounded", false},
		{"absurdly wide", with(ask(), asked(1<<63-1), words(600)), "coverage-bounded", false},
		{"a year", with(ask(), func(f *candor.Facts) { f.Proposed.Expires = now.AddDate(0, 0, 365) }), "ask-for-a-purpose", true},
		{"over a year", with(ask(), func(f *candor.Facts) { f.Proposed.Expires = now.AddDate(0, 0, 366) }), "lifetime-bounded", false},
		{"ended already", with(ask(), func(f *candor.Facts) { f.Proposed.Expires = now }), "lifetime-bounded", false},
		{"for ever", with(ask(), func(f *candor.Facts) { f.Proposed.Expires = now.AddDate(9000, 0, 0) }), "lifetime-bounded", false},
		{"request without what is asked for", with(ask(), func(f *candor.Facts) { f.Proposed = nil }), terms.NoPolicyPermits, false},

		{"approve", grant(), "decide-for-another", true},
		{"approve without the role", with(grant(), func(f *candor.Facts) { f.Person.Roles = []candor.Role{candor.Reader} }), terms.NoPolicyPermits, false},
		{"approve one's own", with(grant(), own), "not-ones-own", false},
		{"approve one's own, solo", with(grant(), own, solo), "solo-decides-alone", true},
		{"refuse", with(grant(), status(candor.Refused)), "decide-for-another", true},
		{"refuse what is too wide", with(grant(), status(candor.Refused), asked(1<<40)), "decide-for-another", true},
		{"revoke what has expired", with(grant(), status(candor.Revoked), func(f *candor.Facts) { f.Proposed.Expires = now.Add(-1) }), "decide-for-another", true},
		{"approve what is too wide", with(grant(), asked(5001)), "coverage-bounded", false},
		{"approve what has ended", with(grant(), func(f *candor.Facts) { f.Proposed.Expires = now }), "lifetime-bounded", false},
		{"give up one's own", with(grant(), own, status(candor.Revoked), func(f *candor.Facts) { f.Person = person(candor.Reader) }), "give-up-ones-own", true},
		{"revoke another's without the role", with(grant(), status(candor.Revoked), func(f *candor.Facts) { f.Person = person(candor.Reader) }), terms.NoPolicyPermits, false},

		{"add", act(candor.ActAdd, candor.Contributor), "add-as-contributor", true},
		{"add without the role", act(candor.ActAdd, candor.Reader, candor.Approver), terms.NoPolicyPermits, false},
		{"change terms", act(candor.ActChangeTerms, candor.Administrator), "administer", true},
		{"change terms without the role", act(candor.ActChangeTerms, candor.Approver, candor.Reader, candor.Contributor), terms.NoPolicyPermits, false},
		{"the archive's own start", with(act(candor.ActReleaseKey, candor.Administrator), func(f *candor.Facts) { f.Person.ID = "system" }), "administer", true},
		{"release a key as reader", act(candor.ActReleaseKey, candor.Reader), terms.NoPolicyPermits, false},
		{"rebuild", act(candor.ActRebuild, candor.Administrator), "administer", true},
		{"destroy", act(candor.ActDestroy, candor.Administrator), "administer", true},
		{"destroy as contributor", act(candor.ActDestroy, candor.Contributor), terms.NoPolicyPermits, false},
		{"correct", act(candor.ActCorrect, candor.Contributor), "correct-as-contributor", true},
		{"correct as reader", act(candor.ActCorrect, candor.Reader), terms.NoPolicyPermits, false},
		{"agent destroys", with(act(candor.ActDestroy, candor.Administrator), agent), "people-decide", false},
		{"destroy as auditor, items", act(candor.ActDestroy, candor.Auditor), terms.NoPolicyPermits, false},
		{"destroy sealed details", with(act(candor.ActDestroy, candor.Auditor), nowhere), "destroy-details-as-auditor", true},
		{"destroy sealed details as administrator", with(act(candor.ActDestroy, candor.Administrator), nowhere), "details-are-the-auditors", false},
		{"audit", act(candor.ActAudit, candor.Auditor), "audit-as-auditor", true},
		{"audit as administrator", act(candor.ActAudit, candor.Administrator), terms.NoPolicyPermits, false},
		{"audit as anybody else", act(candor.ActAudit, candor.Reader, candor.Approver, candor.Contributor), terms.NoPolicyPermits, false},
		{"agent audits", with(act(candor.ActAudit, candor.Auditor), agent), "people-decide", false},

		{"override", override(), "ask-for-an-override", true},
		{"override without what is asked for", act(candor.ActOverride, candor.Reader), "override-is-asked-for-as-one", false},
		{"override as administrator", act(candor.ActOverride, candor.Administrator), "administrators-do-not-read", false},
		{"override as approver", with(override(), func(f *candor.Facts) { f.Person = person(candor.Approver) }), terms.NoPolicyPermits, false},
		{"override, solo", with(override(), solo), "override-needs-another", false},
		{"override by an agent", with(override(), agent), "people-decide", false},
		{"override, asked for as a request", with(override(), func(f *candor.Facts) { f.Act = candor.ActRequest }), "override-is-asked-for-as-one", false},
		{"request, asked for as an override", with(ask(), func(f *candor.Facts) { f.Act = candor.ActOverride }), "override-is-asked-for-as-one", false},
		{"override for a day", with(override(), func(f *candor.Facts) { f.Proposed.Expires = now.Add(24 * time.Hour) }), "ask-for-an-override", true},
		{"override for a day and a second", with(override(), func(f *candor.Facts) { f.Proposed.Expires = now.Add(24*time.Hour + time.Second) }), "override-is-short", false},
		{"override without a reason code", with(override(), func(f *candor.Facts) { f.Proposed.Reason = "emergency" }), "known-reason", false},
		{"override unexplained", with(override(), words(9)), "explained", false},
		{"override of everything", with(override(), asked(5001), words(600)), "coverage-bounded", false},
		{"override approved", overrideGrant(), "decide-for-another", true},
		{"override approved without a word", with(overrideGrant(), func(f *candor.Facts) { f.Proposed.Because = "2026 118" }), "override-is-answered-for", false},
		{"override refused without a word", with(overrideGrant(), status(candor.Refused), func(f *candor.Facts) { f.Proposed.Because = "" }), "decide-for-another", true},
		{"override approved by who asked", with(overrideGrant(), own), "override-needs-another", false},
		{"override approved by who asked, solo", with(overrideGrant(), own, solo), "override-needs-another", false},
		{"override given up", with(overrideGrant(), own, status(candor.Revoked)), "give-up-ones-own", true},
		{"override approved for too long", with(overrideGrant(), func(f *candor.Facts) { f.Proposed.Expires = now.Add(25 * time.Hour) }), "override-is-short", false},
		{"override approved by an administrator", with(overrideGrant(), func(f *candor.Facts) { f.Person = person(candor.Administrator) }), terms.NoPolicyPermits, false},
		{"broad search under an override", with(use(), func(f *candor.Facts) { f.Purpose.Override, f.Matched, f.Depth = true, 2001, 40 }), "use-under-a-purpose", true},
		{"over the budget of an override", with(use(), func(f *candor.Facts) { f.Purpose.Override, f.Covered = true, 181 }), "coverage-within-budget", false},
		{"an act nobody has heard of", act("dance", candor.Administrator), terms.NoPolicyPermits, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := standard(t).Decide(test.facts)
			if err != nil {
				t.Fatal(err)
			}
			if d.Allow != test.allow || d.Rule != test.rule {
				t.Fatalf("allow %v by %s, want %v by %s: %s", d.Allow, d.Rule, test.allow, test.rule, d.Message)
			}
			if d.Allow == (d.Message != "") || strings.ContainsAny(d.Message, "{}") {
				t.Fatalf("message %q", d.Message)
			}
		})
	}
}

func TestMessageHasFigures(t *testing.T) {
	d, err := standard(t).Decide(with(use(), func(f *candor.Facts) { f.Covered = 183 }))
	want := "Refused: this would show 20 items that are new to purpose p-abcdefghij, which has 17 of 200 left. " +
		"Ask for fewer results, narrow it by date or place, or ask for a wider purpose."
	if err != nil || d.Message != want {
		t.Fatalf("message %q, error %v, want %q", d.Message, err, want)
	}
}

func TestImpossibleFactsAreRefused(t *testing.T) {
	for name, c := range map[string]change{
		"negative":      func(f *candor.Facts) { f.Covered = -1 },
		"overflowing":   func(f *candor.Facts) { f.Covered = 1<<63 - 1 },
		"more new":      func(f *candor.Facts) { f.New = f.Shown + 1 },
		"no phase":      func(f *candor.Facts) { f.Phase = "" },
		"no time":       func(f *candor.Facts) { f.Now = time.Time{} },
		"unknown phase": func(f *candor.Facts) { f.Phase = "later" },
	} {
		if d, err := standard(t).Decide(with(use(), c)); err == nil || d.Allow {
			t.Errorf("%s: allow %v, error %v", name, d.Allow, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	x := standard(t)
	coverage, lifetime := x.Defaults()
	if coverage != 200 || lifetime != 30*24*time.Hour {
		t.Errorf("defaults are %d items and %v", coverage, lifetime)
	}
	codes := make([]string, 0)
	for _, r := range x.Reasons() {
		codes = append(codes, r.Code)
	}
	if !slices.Contains(codes, "research") {
		t.Errorf("no reason research in %v", codes)
	}
	for _, figure := range []string{"200 items", "Up to 500", "up to 5,000", "120 acts", "2,000 a day", "first 20", "30 days"} {
		if !strings.Contains(x.Human(), figure) {
			t.Errorf("the human text does not say %q, which the machine enforces", figure)
		}
	}
}

// TestNoAllowedActBreaksAnInvariant decides on many random facts. Whatever is
// allowed must hold by rules that are written here again, without the policies.
func TestNoAllowedActBreaksAnInvariant(t *testing.T) {
	x := standard(t)
	r := rand.New(rand.NewPCG(7, 11))
	allowed := 0
	for range 40_000 {
		f := randomFacts(r)
		d, err := x.Decide(f)
		if err != nil {
			if d.Allow {
				t.Fatalf("an error came with an allowance: %v", err)
			}
			continue
		}
		if !d.Allow {
			continue
		}
		allowed++
		if broken := brokenInvariant(f); broken != "" {
			t.Fatalf("%s allowed although %s: %+v, purpose %+v", d.Rule, broken, f, f.Purpose)
		}
	}
	if allowed < 500 {
		t.Fatalf("only %d facts were allowed: the test proves nothing", allowed)
	}
}

func brokenInvariant(f candor.Facts) string {
	switch {
	case f.Person.Revoked:
		return "the person is revoked"
	case f.Act == candor.ActOverride && (f.Proposed == nil || !f.Proposed.Override || f.Person.Solo || f.Proposed.Expires.After(f.Now.Add(24*time.Hour))):
		return "the override is no override, is one person's alone, or lasts longer than a day"
	case f.Act == candor.ActApprove && f.Proposed.Override && f.Owns && f.Proposed.Status == candor.Active:
		return "somebody approves their own override"
	case f.Act == candor.ActApprove && f.Owns && !f.Person.Solo && f.Proposed.Status == candor.Active:
		return "somebody approves their own purpose"
	case f.Act == candor.ActApprove && f.Proposed.Status == candor.Active && f.Proposed.Coverage > 5000:
		return "the coverage is boundless"
	}
	if !slices.Contains([]candor.Act{candor.ActSearch, candor.ActOpen, candor.ActExport, candor.ActAnalyse, candor.ActAsk}, f.Act) {
		return ""
	}
	p := f.Purpose
	switch {
	case p == nil:
		return "there is no purpose"
	case p.Status != candor.Active || !f.Now.Before(p.Expires):
		return "the purpose is not active"
	case p.AskedBy != f.Person.ID:
		return "the purpose is somebody else's"
	case !slices.Contains(p.Acts, f.Act):
		return "the purpose does not include the act"
	case f.Collection != "" && !slices.Contains(p.Collections, f.Collection):
		return "the purpose does not include the collection"
	case f.New > 0 && f.Covered+f.New > p.Coverage:
		return "the budget is passed"
	case f.Person.Has(candor.Administrator) && !f.Person.Solo:
		return "an administrator reads"
	case f.ActsMinute >= 120 || f.ActsToday >= 2000:
		return "the pace is inhuman"
	}
	return ""
}

func randomFacts(r *rand.Rand) candor.Facts {
	people := []candor.PersonID{"r.osei", "a.adjei"}
	odds := func(n int) bool { return r.IntN(n) == 0 }
	purpose := func() *candor.Purpose {
		if odds(12) {
			return nil
		}
		p := candor.Purpose{ID: "p-1", Reason: pick(r, "research", "fun"), Why: "What became of the harbour fund, and who signed for it in those years",
			Collections: []string{pick(r, "main", "photos")}, Acts: []candor.Act{pick(r, candor.Acts()...), pick(r, candor.ActSearch, candor.ActOpen), candor.ActAsk},
			Coverage: r.Int64N(1000), Expires: now.Add(time.Duration(r.IntN(400)-20) * 24 * time.Hour), AskedBy: pick(r, people...),
			Status: pick(r, candor.Active, candor.Active, candor.Active, candor.Requested, candor.Revoked, candor.Refused)}
		if odds(5) {
			p.Coverage = r.Int64N(10_000)
		}
		return &p
	}
	f := candor.Facts{Act: pick(r, candor.Acts()...), Phase: pick(r, candor.Intent, candor.Outcome), Now: now, Agent: odds(4),
		Person:     candor.Person{ID: pick(r, people...), Revoked: odds(15), Solo: odds(15)},
		Collection: pick(r, "main", "photos", ""), Purpose: purpose(), Proposed: purpose(), Owns: odds(2),
		Matched: r.Int64N(3000), Collected: r.Int64N(3000), Shown: r.Int64N(100), Covered: r.Int64N(1000), Depth: r.Int64N(300),
		ActsToday: r.Int64N(2500), ActsMinute: r.Int64N(150)}
	f.New = r.Int64N(f.Shown + 1)
	for _, role := range []candor.Role{candor.Reader, candor.Reader, candor.Approver, candor.Administrator, candor.Contributor} {
		if odds(2) {
			f.Person.Roles = append(f.Person.Roles, role)
		}
	}
	return f
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// BenchmarkDecide decides on the outcome of a search, as every search does.
func BenchmarkDecide(b *testing.B) {
	x, f := standard(b), use()
	for b.Loop() {
		if d, err := x.Decide(f); err != nil || !d.Allow {
			b.Fatal(d, err)
		}
	}
}

func ExampleTerms_Decide() {
	x, _ := terms.Default()
	d, _ := x.Decide(candor.Facts{Act: candor.ActOverride, Phase: candor.Intent, Now: now, Person: person(candor.Administrator)})
	fmt.Println(d.Allow, d.Rule)
	// Output: false administrators-do-not-read
}

// override is a request for an override, and overrideGrant its approval.
func override() candor.Facts {
	f := ask()
	f.Act = candor.ActOverride
	f.Proposed.Override, f.Proposed.Expires = true, now.Add(6*time.Hour)
	return f
}

func overrideGrant() candor.Facts {
	f := grant()
	f.Proposed.Override, f.Proposed.Expires, f.Proposed.Because = true, now.Add(6*time.Hour), "A child is missing; the duty editor agrees."
	return f
}

// nowhere makes an act concern no collection.
func nowhere(f *candor.Facts) { f.Collection = "" }
