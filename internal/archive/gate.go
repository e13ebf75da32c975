package archive

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"time"

	"candor"
	"candor/receipt"
)

// gate is what every act passes (docs/design/gate.md):
//
//	intend   the intent record is durable before anything is looked up
//	decide   the terms, on facts computed here
//	run      the act itself; if it only looks, while witnesses cosign the intent
//	decide   again, on what the act would show
//	settle   coverage is counted before it can be used
//	conclude the outcome record is durable, refusals too
//	release  the custodian hands over keys against the outcome's receipt
//
// Each step that fails ends the act with nothing released.
type gate struct {
	origin     string
	log        Log
	terms      Terms
	vault      Vault
	custodian  Custodian
	trail      *trail
	sealer     *sealer
	pseudonyms pseudonyms
	coverage   *coverage
	rates      *rates
	purposes   func(candor.PurposeID) (candor.Purpose, bool) // as they stand now
	logger     *slog.Logger
	now        func() time.Time
	rand       io.Reader
}

// act is one act on its way through the gate.
type act struct {
	kind       candor.Act
	who        Actor
	purpose    *candor.Purpose  // nil for acts that need none, or when it is not known
	about      candor.PurposeID // the purpose that a request or approve act is about
	actor      string           // public name of who acts; the same in both records
	reason     string           // reason code, when there is no purpose to take it from
	collection string
	proposed   *candor.Purpose
	collected  int64 // items in the collections that proposed is about
	owns       bool
	details    Details
	at         time.Time        // when it was last decided; what its next record says
	refusal    *candor.Decision // already decided: the act is recorded and refused
}

// result is what running an act brought, before anything of it leaves.
type result struct {
	matched   int64
	people    int64 // whom these name
	collected int64
	depth     int64
	shown     []uint32        // numbers of the items that would be shown
	items     []candor.ItemID // the same items, for the sealed details
	sent      []string        // passages that go to a model, for the sealed details
	stored    int64           // items added or destroyed
	bytes     int64
	keys      []candor.KeyName          // keys whose release the act needs
	wrapped   map[candor.KeyName][]byte // of keys that do not stand in the vault
	grant     *receipt.Grant
	retention *receipt.Retention
}

// passed is what an act gets once its outcome is recorded.
type passed struct {
	receipt receipt.Receipt
	fresh   map[uint32]bool           // shown items that were new to the purpose
	keys    map[candor.KeyName][]byte // opened keys, by name
}

// pass takes an act through the whole gate.
func (g *gate) pass(ctx context.Context, a act, run func(context.Context) (result, error)) (passed, error) {
	intent, err := g.intend(ctx, &a)
	if err != nil {
		return passed{}, err
	}
	if d := g.decide(a, candor.Intent, result{}, 0); !d.Allow {
		return passed{}, g.refuse(ctx, a, intent, result{}, d)
	}
	res, err := run(ctx)
	if err != nil {
		return passed{}, g.fail(ctx, a, intent, err)
	}
	if a.onlyLooks() {
		if err := g.log.Await(context.WithoutCancel(ctx), intent); err != nil {
			return passed{}, err // nothing has been counted or shown
		}
	}
	r, req, fresh, err := g.outcomeOf(ctx, a, intent, res)
	if err != nil {
		return passed{}, err
	}
	keys, err := g.release(ctx, a, r, req)
	if err != nil {
		return passed{}, err
	}
	return passed{receipt: r, fresh: fresh, keys: keys}, nil
}

// outcomeOf settles and concludes. From the last decision to the durable
// record the purpose stands still: it cannot be revoked in between, so that no
// record says that something was allowed under a purpose already revoked.
func (g *gate) outcomeOf(ctx context.Context, a act, intent int64, res result) (receipt.Receipt, *request, map[uint32]bool, error) {
	if a.purpose != nil {
		defer g.coverage.standStill(a.purpose.ID)()
		if now, ok := g.purposes(a.purpose.ID); ok {
			a.purpose = &now
		}
	}
	fresh, d, err := g.settle(ctx, &a, res)
	switch {
	case err != nil:
		err = g.fail(ctx, a, intent, err)
	case !d.Allow:
		err = g.refuse(ctx, a, intent, res, d)
	default:
		var r receipt.Receipt
		var req *request
		r, req, err = g.conclude(ctx, a, intent, res, fresh, d)
		return r, req, fresh, err
	}
	return receipt.Receipt{}, nil, nil, err
}

// onlyLooks reports whether running the act changes nothing, as under a purpose.
// Then witnesses may cosign its intent meanwhile; any other act waits for them
// first, so that nothing is changed that they could not have seen.
func (a *act) onlyLooks() bool { return a.purpose != nil }

// intend writes the intent record and returns its index.
func (g *gate) intend(ctx context.Context, a *act) (int64, error) {
	a.at = g.now()
	a.actor = g.pseudonyms.of(a.who.Person.ID, a.at)
	rec := g.record(*a, candor.Intent)
	leaf, sealed, err := g.seal(&rec, a.details, nil)
	if err != nil {
		return 0, err
	}
	index, err := g.log.Enter(context.WithoutCancel(ctx), leaf, sealed)
	if err == nil && !a.onlyLooks() {
		err = g.log.Await(context.WithoutCancel(ctx), index)
	}
	return index, unwritten(err)
}

// decide asks the terms. An evaluation error means deny.
func (g *gate) decide(a act, phase candor.Phase, res result, fresh int64) candor.Decision {
	if a.refusal != nil {
		return *a.refusal
	}
	f := candor.Facts{
		Act: a.kind, Phase: phase, Now: a.at, Person: a.who.Person, Agent: a.who.Agent,
		Collection: a.collection, Purpose: a.purpose, Proposed: a.proposed, Owns: a.owns,
		Matched: res.matched, People: res.people, Collected: max(res.collected, a.collected), Depth: res.depth,
		Shown: int64(len(res.shown)), New: fresh,
	}
	if a.purpose != nil {
		f.Covered = g.coverage.count(a.purpose.ID)
		f.ActsToday = g.rates.today(a.purpose.ID, f.Now)
	}
	f.ActsMinute = g.rates.minute(a.who.Person.ID, f.Now)
	d, err := g.terms.Decide(f)
	if err != nil {
		g.logger.Error("terms could not be evaluated", "act", a.kind, "err", err)
		return candor.Decision{Rule: "evaluation-error", Message: "Refused: the terms could not be evaluated, so nothing was released. Tell the administrator."}
	}
	return d
}

// settle decides on the outcome and, if it is allowed, counts what will be
// shown into the purpose's coverage, both under one lock, so that acts side by
// side cannot share one budget. Coverage is durable before the outcome record:
// a crash in between counts too much, never too little.
func (g *gate) settle(ctx context.Context, a *act, res result) (map[uint32]bool, candor.Decision, error) {
	a.at = g.now()
	if a.purpose == nil {
		return nil, g.decide(*a, candor.Outcome, res, 0), nil
	}
	unlock := g.coverage.lock(a.purpose.ID)
	defer unlock()
	fresh := g.coverage.fresh(a.purpose.ID, res.shown)
	d := g.decide(*a, candor.Outcome, res, int64(len(fresh)))
	if !d.Allow || len(fresh) == 0 {
		return fresh, d, nil
	}
	if err := g.coverage.add(ctx, a.purpose.ID, fresh); err != nil {
		return nil, d, candor.Wrap(err, candor.Unavailable, "The catalog could not count what would be shown, so nothing was released. Check the disk and try again.")
	}
	return fresh, d, nil
}

// conclude writes the outcome record of an allowed act. The request is what
// the custodian is then to be asked, nil when no key is needed.
func (g *gate) conclude(ctx context.Context, a act, intent int64, res result, fresh map[uint32]bool, d candor.Decision) (receipt.Receipt, *request, error) {
	rec := g.outcome(a, intent, res, receipt.Allow, d.Rule)
	rec.Shown, rec.New = int64(len(res.shown)), int64(len(fresh))
	rec.Items, rec.Bytes, rec.Grant, rec.Retention = res.stored, res.bytes, res.grant, res.retention
	req, err := g.prepare(&rec, res.keys, res.wrapped)
	if err != nil {
		return receipt.Receipt{}, nil, err
	}
	a.details.Items, a.details.Sent = res.items, res.sent
	r, err := g.append(ctx, &rec, a.details, fresh)
	if err != nil {
		return receipt.Receipt{}, nil, err
	}
	g.rates.count(a, a.at)
	return r, req, nil
}

// refuse writes the outcome record of a refused act and returns the refusal.
func (g *gate) refuse(ctx context.Context, a act, intent int64, res result, d candor.Decision) error {
	rec := g.outcome(a, intent, res, receipt.Refuse, d.Rule)
	if _, err := g.append(ctx, &rec, a.details, nil); err != nil {
		return err
	}
	g.rates.count(a, a.at)
	return &candor.Error{Code: candor.Denied, Message: d.Message, Rule: d.Rule}
}

// fail writes the outcome record of an act that was allowed and did not
// succeed, and returns why. A Denied cause is a refusal by rule.
func (g *gate) fail(ctx context.Context, a act, intent int64, cause error) error {
	if e, ok := errors.AsType[*candor.Error](cause); ok && e.Code == candor.Denied {
		return g.refuse(ctx, a, intent, result{}, candor.Decision{Rule: e.Rule, Message: e.Message})
	}
	rec := g.outcome(a, intent, result{}, receipt.Failed, string(candor.CodeOf(cause)))
	if _, err := g.append(ctx, &rec, a.details, nil); err != nil {
		return err
	}
	return cause
}

// record starts a record with what both phases share.
func (g *gate) record(a act, phase candor.Phase) receipt.Record {
	rec := receipt.Record{
		V: 1, Act: string(a.kind), Phase: string(phase),
		Time:       receipt.FormatTime(a.at),
		Actor:      a.actor,
		Purpose:    string(a.about),
		Agent:      a.who.Agent,
		Collection: a.collection,
		Reason:     a.reason,
		Terms:      g.terms.Hash(),
	}
	if a.purpose != nil {
		rec.Purpose, rec.Reason = string(a.purpose.ID), a.purpose.Reason
	}
	return rec
}

func (g *gate) outcome(a act, intent int64, res result, decision, rule string) receipt.Record {
	rec := g.record(a, candor.Outcome)
	rec.Intent, rec.Decision, rec.Rule = &intent, decision, rule
	if res.collected > 0 {
		rec.Breadth = string(candor.BreadthOf(res.matched, res.collected))
	}
	return rec
}

// append has a record written, and waits until the log has it under a signed
// checkpoint. An act that has begun is written down even if whoever asked has gone
// away.
func (g *gate) append(ctx context.Context, rec *receipt.Record, d Details, fresh map[uint32]bool) (receipt.Receipt, error) {
	leaf, sealed, err := g.seal(rec, d, fresh)
	if err != nil {
		return receipt.Receipt{}, err
	}
	r, err := g.log.Append(context.WithoutCancel(ctx), leaf, sealed)
	if err != nil {
		return receipt.Receipt{}, unwritten(err)
	}
	return r, nil
}

// seal seals the details, and completes the record with what names them.
func (g *gate) seal(rec *receipt.Record, d Details, fresh map[uint32]bool) (leaf, sealed []byte, err error) {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(g.rand, nonce); err != nil {
		return nil, nil, candor.Wrap(err, candor.Unavailable, "No randomness could be had, so nothing was recorded and nothing released.")
	}
	rec.Nonce = base64.RawURLEncoding.EncodeToString(nonce)
	if sealed, err = g.sealer.seal(d, *rec, fresh); err != nil {
		return nil, nil, candor.Wrap(err, candor.Unavailable, "The details of this act could not be sealed for the auditor, so nothing was recorded and nothing released.")
	}
	sum := sha256.Sum256(sealed)
	rec.Details = hex.EncodeToString(sum[:])
	if leaf, err = rec.Marshal(); err != nil {
		return nil, nil, candor.Wrap(err, candor.Internal, "This act could not be put into a record, so nothing was released.")
	}
	return leaf, sealed, nil
}

// unwritten is the error of a record that the log did not take. What is
// Unavailable says for itself what is away: the disk, or which witness.
func unwritten(err error) error {
	if err == nil || candor.CodeOf(err) == candor.Unavailable {
		return err
	}
	return candor.Wrap(err, candor.Unavailable, "The log could not be written, so nothing was released. Check the disk that holds the log, then try again.")
}
