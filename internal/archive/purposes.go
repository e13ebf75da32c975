package archive

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/receipt"
)

// Reasons is the closed list of reason codes of the terms in force.
func (a *Archive) Reasons() []candor.Reason { return a.cfg.Terms.Reasons() }

// TermsText is the human text of the terms in force, in Markdown.
func (a *Archive) TermsText() string { return a.cfg.Terms.Human() }

// RequestPurpose asks for a purpose. In a solo archive it is approved at once,
// by the one person there is, and the public log says so.
func (a *Archive) RequestPurpose(ctx context.Context, who Actor, r PurposeRequest) (PurposeInfo, receipt.Receipt, error) {
	p, err := a.newPurpose(who, r)
	if err != nil {
		return PurposeInfo{}, receipt.Receipt{}, err
	}
	work := act{
		kind: candor.ActRequest, who: who, about: p.ID, reason: p.Reason, collection: single(p.Collections), proposed: &p, owns: true,
		collected: a.itemsIn(p.Collections),
		details:   a.details(who, Details{Purpose: p.ID, Why: p.Why, Subject: strings.Join(p.Collections, ", ")}),
	}
	if p.Override {
		work.kind = candor.ActOverride
	}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		return result{}, a.putDocument(ctx, kindPurpose, string(p.ID), p)
	})
	if err != nil {
		return PurposeInfo{}, receipt.Receipt{}, err
	}
	a.books.keepPurpose(p)
	if who.Person.Solo {
		return a.DecidePurpose(ctx, who, p.ID, true, "")
	}
	info, err := a.purposeInfo(ctx, p)
	return info, done.receipt, err
}

func (a *Archive) newPurpose(who Actor, r PurposeRequest) (candor.Purpose, error) {
	coverage, lifetime := a.cfg.Terms.Defaults()
	if r.Override {
		lifetime = receipt.OverrideMost
	}
	now := a.now()
	p := candor.Purpose{
		Reason: r.Reason, Why: strings.TrimSpace(r.Why), Collections: slices.Clone(r.Collections), Acts: slices.Clone(r.Acts),
		Coverage: cmp.Or(r.Coverage, coverage), Expires: now.Add(cmp.Or(r.Lifetime, lifetime)).Truncate(time.Second),
		AskedBy: who.Person.ID, Asked: now, Status: candor.Requested, Grant: -1, Override: r.Override,
	}
	if len(p.Acts) == 0 {
		p.Acts = []candor.Act{candor.ActSearch, candor.ActOpen, candor.ActExport}
	}
	if err := a.checkPurpose(p); err != nil {
		return p, err
	}
	slices.Sort(p.Collections)
	p.Collections = slices.Compact(p.Collections)
	id, err := a.newID("p-")
	p.ID = candor.PurposeID(id)
	return p, err
}

func (a *Archive) checkPurpose(p candor.Purpose) error {
	known := func(r candor.Reason) bool { return r.Code == p.Reason }
	if !slices.ContainsFunc(a.cfg.Terms.Reasons(), known) {
		return candor.Errorf(candor.Invalid, "There is no reason code %q. See `candor reasons`.", p.Reason)
	}
	if p.Why == "" {
		return candor.Errorf(candor.Invalid, "Say why, in your own words: whoever approves reads it.")
	}
	if len(p.Why) > 4000 {
		return candor.Errorf(candor.TooLarge, "The explanation is longer than 4,000 bytes. Say it shorter.")
	}
	if len(p.Collections) == 0 {
		return candor.Errorf(candor.Invalid, "Name at least one collection.")
	}
	if p.Coverage < 0 || p.Expires.Before(p.Asked) {
		return candor.Errorf(candor.Invalid, "Coverage and lifetime must be more than nothing.")
	}
	for _, act := range p.Acts {
		if !slices.Contains([]candor.Act{candor.ActSearch, candor.ActOpen, candor.ActExport, candor.ActAnalyse, candor.ActAsk}, act) {
			return candor.Errorf(candor.Invalid, "A purpose cannot allow %q. It can allow search, open, export, analyse and ask.", act)
		}
	}
	for _, c := range p.Collections {
		if _, err := a.findCollection(c); err != nil {
			return err
		}
	}
	return nil
}

// DecidePurpose approves or refuses a requested purpose. Because says why, in
// the decider's words; who approves an override must, and others may.
func (a *Archive) DecidePurpose(ctx context.Context, who Actor, id candor.PurposeID, approve bool, because string) (PurposeInfo, receipt.Receipt, error) {
	status := candor.Refused
	if approve {
		status = candor.Active
	}
	if len(because) > 4000 {
		return PurposeInfo{}, receipt.Receipt{}, candor.Errorf(candor.TooLarge, "The reason is longer than 4,000 bytes. Say it shorter; nothing was decided.")
	}
	return a.changePurpose(ctx, who, id, candor.Requested, status, strings.TrimSpace(because))
}

// RevokePurpose ends an active purpose. An approver may, and whoever asked for it.
func (a *Archive) RevokePurpose(ctx context.Context, who Actor, id candor.PurposeID) (PurposeInfo, receipt.Receipt, error) {
	return a.changePurpose(ctx, who, id, candor.Active, candor.Revoked, "")
}

// changePurpose moves a purpose from one status to another, by an approve act
// whose outcome record says in public what was decided.
func (a *Archive) changePurpose(ctx context.Context, who Actor, id candor.PurposeID, from, to candor.PurposeStatus, because string) (PurposeInfo, receipt.Receipt, error) {
	a.deciding.Lock()
	defer a.deciding.Unlock()
	p, ok := a.books.purpose(id)
	if !ok {
		return PurposeInfo{}, receipt.Receipt{}, noPurpose(id)
	}
	if p.Status != from {
		return PurposeInfo{}, receipt.Receipt{}, candor.Errorf(candor.Conflict, "Purpose %s is %s, not %s; nothing was changed.", id, p.StatusAt(a.cfg.Now()), from)
	}
	if err := a.gate.coverage.load(ctx, id); err != nil {
		return PurposeInfo{}, receipt.Receipt{}, err
	}
	defer a.gate.coverage.change(id)()
	p.Status, p.DecidedBy, p.Decided = to, who.Person.ID, a.now()
	p.Solo = to == candor.Active && who.Person.ID == p.AskedBy
	if because != "" {
		p.Because = because
	}
	work := act{
		kind: candor.ActApprove, who: who, about: id, reason: p.Reason, collection: single(p.Collections), proposed: &p, collected: a.itemsIn(p.Collections),
		owns: who.Person.ID == p.AskedBy, details: a.details(who, Details{Purpose: id, Why: p.Why, Subject: string(to), Because: because}),
	}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		return result{grant: grantOf(p)}, nil
	})
	if err != nil {
		return PurposeInfo{}, receipt.Receipt{}, err
	}
	return a.keepDecision(ctx, p, done.receipt)
}

// keepDecision stores a decided purpose once its record is in the log. If this
// fails, the log has the decision and the next start applies it: see reconcile.
func (a *Archive) keepDecision(ctx context.Context, p candor.Purpose, r receipt.Receipt) (PurposeInfo, receipt.Receipt, error) {
	if p.Status == candor.Active {
		p.Grant = r.Index
	}
	if p.Status == candor.Revoked {
		if err := a.cfg.Custodian.Learn(ctx, r.Marshal()); err != nil {
			return PurposeInfo{}, r, custodianError(err)
		}
	}
	if err := a.putDocument(ctx, kindPurpose, string(p.ID), p); err != nil {
		return PurposeInfo{}, r, err
	}
	a.books.keepPurpose(p)
	info, err := a.purposeInfo(ctx, p)
	return info, r, err
}

func grantOf(p candor.Purpose) *receipt.Grant {
	acts := make([]string, len(p.Acts))
	for i, a := range p.Acts {
		acts[i] = string(a)
	}
	return &receipt.Grant{
		Status: string(p.Status), Acts: acts, Collections: p.Collections, Coverage: p.Coverage,
		Expires: receipt.FormatExpires(p.Expires), Solo: p.Solo, Override: p.Override,
	}
}

// Purposes returns the actor's own purposes, and for an approver those of
// others too; newest first.
func (a *Archive) Purposes(ctx context.Context, who Actor) ([]PurposeInfo, error) {
	var mine []PurposeInfo
	for _, p := range a.allPurposes() {
		if !mayKnow(who, p) {
			continue
		}
		info, err := a.purposeInfo(ctx, p)
		if err != nil {
			return nil, err
		}
		mine = append(mine, info)
	}
	slices.SortFunc(mine, func(x, y PurposeInfo) int {
		return cmp.Or(y.Asked.Compare(x.Asked), cmp.Compare(x.ID, y.ID))
	})
	return mine, nil
}

func (a *Archive) allPurposes() []candor.Purpose {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	all := make([]candor.Purpose, 0, len(a.books.purposes))
	for _, p := range a.books.purposes {
		all = append(all, p)
	}
	return all
}

// Purpose returns one purpose with what has been used of it.
func (a *Archive) Purpose(ctx context.Context, who Actor, id candor.PurposeID) (PurposeInfo, error) {
	p, ok := a.books.purpose(id)
	if !ok || !mayKnow(who, p) {
		return PurposeInfo{}, noPurpose(id)
	}
	return a.purposeInfo(ctx, p)
}

func mayKnow(who Actor, p candor.Purpose) bool {
	return p.AskedBy == who.Person.ID || who.Person.Has(candor.Approver) || who.Person.Has(candor.Auditor)
}

func noPurpose(id candor.PurposeID) error {
	return candor.Errorf(candor.NotFound, "There is no purpose %q that you may use. See `candor purpose list`.", id)
}

func (a *Archive) purposeInfo(ctx context.Context, p candor.Purpose) (PurposeInfo, error) {
	if err := a.gate.coverage.load(ctx, p.ID); err != nil {
		return PurposeInfo{}, err
	}
	asked, _ := a.books.person(p.AskedBy)
	by, _ := a.books.person(p.DecidedBy)
	return PurposeInfo{
		Purpose: p, StatusNow: p.StatusAt(a.cfg.Now()), Covered: a.gate.coverage.count(p.ID),
		AskedName: asked.Name, ByName: by.Name,
	}, nil
}

// under starts an act under a purpose. A purpose that does not exist is left
// nil, so that the attempt is recorded and refused.
func (a *Archive) under(ctx context.Context, kind candor.Act, who Actor, id candor.PurposeID, d Details) (act, error) {
	d.Purpose = id
	work := act{kind: kind, who: who, details: a.details(who, d)}
	p, ok := a.books.purpose(id)
	if !ok {
		if id != "" {
			work.refusal = &candor.Decision{Rule: "no-such-purpose", Message: "Refused: there is no such purpose. See `candor purpose list` for yours, or ask for one."}
		}
		return work, nil
	}
	if err := a.gate.coverage.load(ctx, p.ID); err != nil {
		return act{}, err
	}
	work.purpose, work.details.Why = &p, p.Why
	return work, nil
}

// single returns the only element, or "" for several.
func single(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return ""
}
