package receipt

import (
	"encoding/base64"
	"slices"
	"time"
)

const (
	// maxOpen is how many intents may wait for their outcome at once before the
	// oldest are no longer paired.
	maxOpen = 1 << 18
	// nonceWindow is how many records back a nonce is at least compared.
	nonceWindow = 1 << 20
)

// auditor reads records in order and says where they do not agree.
type auditor struct {
	v        *Verification
	open     map[int64]awaited // intents waiting for their outcome
	oldest   int64             // intents before this index are no longer waited for
	last     time.Time
	lastAt   int64
	read     string               // the record time that was parsed last,
	readAs   time.Time            // and what it is: most records have that of the one before
	young    map[nonceBytes]int64 // nonces to indexes: two generations,
	old      map[nonceBytes]int64 // the older dropped when the younger is full
	window   int                  // nonces in a generation
	forgot   int64                // nonces dropped
	purposes map[string]*auditedPurpose
}

// nonceBytes is a record's, as bytes: a million of them are held.
type nonceBytes [16]byte

// awaited is what the outcome of an intent must agree with.
type awaited struct{ act, purpose, actor string }

// auditedPurpose is what the log says of a purpose up to now.
type auditedPurpose struct {
	grant     Grant
	expires   time.Time
	granted   int64 // index of the newest grant
	used      int64 // sum of New
	overspent bool  // said once
}

// newAuditor makes one for a log of about so many records.
func newAuditor(v *Verification, records int64) *auditor {
	return &auditor{
		v: v, open: make(map[int64]awaited), young: make(map[nonceBytes]int64, min(records, nonceWindow)),
		window: nonceWindow, purposes: make(map[string]*auditedPurpose),
	}
}

// leaf takes the next leaf of the log.
func (a *auditor) leaf(index int64, l *leaf) {
	if l.err != nil {
		a.v.problem("Record #%d cannot be read: %v.", index, l.err)
		return
	}
	r := &l.record
	a.v.Figures.Add(index, *r)
	a.checkTime(index, r)
	a.checkNonce(index, r)
	if r.Phase == Intent {
		a.await(index, r)
		return
	}
	a.pair(index, r)
	a.checkPurpose(index, r)
}

// checkTime finds back-dated records. Acts side by side may reach the log in
// another order than the one in which they read the clock, so a record may be
// one step earlier than the latest before it, and no more.
func (a *auditor) checkTime(index int64, r *Record) {
	if a.read != r.Time {
		a.read, a.readAs = r.Time, r.When()
	}
	t := a.readAs
	switch {
	case t.Before(a.last.Add(-TimeStep)):
		a.v.problem("Record #%d is back-dated: it says %s, and record #%d before it says %s.",
			index, r.Time, a.lastAt, a.last.Format(timeLayout))
	case t.After(a.last):
		a.last, a.lastAt = t, index
	}
}

func (a *auditor) checkNonce(index int64, r *Record) {
	var n nonceBytes
	_, _ = base64.RawURLEncoding.Decode(n[:], []byte(r.Nonce)) // a record has one
	first, again := a.young[n]
	if !again {
		first, again = a.old[n]
	}
	if again {
		a.v.problem("Record #%d repeats the nonce of record #%d.", index, first)
	}
	a.young[n] = index
	if len(a.young) >= a.window {
		a.forgot += int64(len(a.old))
		a.old, a.young = a.young, make(map[nonceBytes]int64)
	}
}

func (a *auditor) await(index int64, r *Record) {
	a.open[index] = awaited{r.Act, r.Purpose, r.Actor}
	for len(a.open) > maxOpen {
		delete(a.open, a.oldest)
		a.oldest++
	}
}

// pair finds the intent of an outcome. An outcome that was allowed must have
// one: nothing runs before it was written down.
func (a *auditor) pair(index int64, r *Record) {
	if r.Intent == nil {
		if r.Decision == Allow {
			a.v.problem("Record #%d was allowed without an intent before it.", index)
		}
		return
	}
	at := *r.Intent
	intent, ok := a.open[at]
	switch {
	case at >= index:
		a.v.problem("Record #%d names record #%d as its intent, which does not come before it.", index, at)
		return
	case !ok && at < a.oldest:
		a.v.problem("Record #%d answers record #%d after more than %d later intents; whether they belong together was not checked.", index, at, maxOpen)
		return
	case !ok:
		a.v.problem("Record #%d names record #%d as its intent, which is not an intent or has an outcome already.", index, at)
		return
	}
	delete(a.open, at)
	if what := disagreement(intent, r); what != "" {
		a.v.problem("Record #%d is not the outcome of its intent #%d: they differ in %s.", index, at, what)
	}
}

// disagreement names the field in which an outcome differs from its intent. A
// request's purpose may get its ID only when it is recorded.
func disagreement(intent awaited, outcome *Record) string {
	newPurpose := (intent.act == "request" || intent.act == "override") && intent.purpose == ""
	switch {
	case intent.act != outcome.Act:
		return "the act"
	case intent.purpose != outcome.Purpose && !newPurpose:
		return "the purpose"
	case intent.actor != outcome.Actor:
		return "the actor"
	}
	return ""
}

func (a *auditor) checkPurpose(index int64, r *Record) {
	if r.Decision != Allow {
		return
	}
	if r.Grant != nil {
		a.decide(index, r)
	}
	if r.Act == "request" || r.Act == "approve" || r.Act == "override" {
		return
	}
	if r.Purpose == "" {
		if slices.Contains(readingActs, r.Act) {
			a.v.problem("Record #%d was allowed to %s without a purpose.", index, r.Act)
		}
		return
	}
	a.useOf(index, r)
}

func (a *auditor) decide(index int64, r *Record) {
	a.checkOverride(index, r)
	p := a.purposes[r.Purpose]
	if p == nil {
		a.purposes[r.Purpose] = &auditedPurpose{grant: *r.Grant, expires: r.Grant.ExpiresAt(), granted: index}
		return
	}
	if !(p.grant.Status == Active && r.Grant.Status == Revoked) {
		a.v.problem("Record #%d decides again about purpose %s: record #%d made it %s, and only an active purpose can change, by being revoked.",
			index, r.Purpose, p.granted, p.grant.Status)
	}
	p.grant.Status, p.granted = r.Grant.Status, index
}

// checkOverride finds an override that lasts too long, or that nobody else approved.
func (a *auditor) checkOverride(index int64, r *Record) {
	g := r.Grant
	if !g.Override || g.Status != Active {
		return
	}
	if g.ExpiresAt().Sub(r.When()) > OverrideMost+TimeStep { // the act was up to a step after its time
		a.v.problem("Record #%d approved an override until %s; an override lasts at most %d hours.", index, g.Expires, int(OverrideMost.Hours()))
	}
	if g.Solo {
		a.v.problem("Record #%d approved an override that only one person asked for and approved.", index)
	}
}

// useOf checks an allowed act against the grant that stood when it ran.
func (a *auditor) useOf(index int64, r *Record) {
	p := a.purposes[r.Purpose]
	switch {
	case p == nil:
		a.v.problem("Record #%d was allowed under purpose %s, which was not approved before it.", index, r.Purpose)
		return
	case p.grant.Status != Active:
		a.v.problem("Record #%d was allowed under purpose %s, which record #%d had made %s.", index, r.Purpose, p.granted, p.grant.Status)
	case !a.readAs.Before(p.expires): // the act was at this time or later
		a.v.problem("Record #%d was allowed under purpose %s, which had expired at %s.", index, r.Purpose, p.grant.Expires)
	case !slices.Contains(p.grant.Acts, r.Act):
		a.v.problem("Record #%d was allowed to %s under purpose %s, which was not approved for that.", index, r.Act, r.Purpose)
	case r.Collection != "" && !slices.Contains(p.grant.Collections, r.Collection):
		a.v.problem("Record #%d was allowed on collection %s under purpose %s, which was not approved for it.", index, r.Collection, r.Purpose)
	}
	p.used += r.New
	if p.used > p.grant.Coverage && !p.overspent {
		p.overspent = true
		a.v.problem("Purpose %s was shown more than its coverage of %d items: with record #%d it came to %d.", r.Purpose, p.grant.Coverage, index, p.used)
	}
}

// newestOpen lists the newest intents without an outcome, in order.
func (a *auditor) newestOpen(n int) []int64 {
	all := make([]int64, 0, len(a.open))
	for index := range a.open {
		all = append(all, index)
	}
	slices.Sort(all)
	return all[max(0, len(all)-n):]
}
