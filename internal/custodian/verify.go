package custodian

import (
	"context"
	"crypto/hpke"
	"crypto/sha256"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"candor"
	"candor/receipt"
)

// permitted is what a verified request may spend.
type permitted struct {
	nonce   string
	made    time.Time // the record's time
	leaves  []int64
	actor   string // pseudonym of the person
	purpose string // "" for acts without one
	grant   int64  // log index of the record that approved the purpose
	budget  int64  // distinct items
	expires time.Time
	items   []itemMark // distinct; those of a purpose
	unbound int64      // distinct items of an act without a purpose
}

// itemMark stands for an item in the custodian's counters.
type itemMark [16]byte

func markOf(collection, item string) itemMark {
	sum := sha256.Sum256([]byte(collection + "/" + item))
	return itemMark(sum[:16])
}

// verify makes every check that does not depend on what was spent before.
func (c *Custodian) verify(ctx context.Context, r candor.ReleaseRequest) (permitted, error) {
	proof, check, rec, err := c.openReceipt(r.Receipt)
	if err != nil {
		return permitted{}, err
	}
	if err := c.follow(ctx, check, r.From, r.Consistency); err != nil {
		return permitted{}, err
	}
	if err := c.checkRecord(rec); err != nil {
		return permitted{}, err
	}
	if restored := c.state.restoredAt(); proof.Index < restored {
		return permitted{}, refuse(candor.Denied, RuleRecordRestored, "The record is from before this custodian was restored, which no longer knows whether it was released then. Do the act again.")
	}
	p := permitted{nonce: rec.Nonce, made: rec.When(), actor: rec.Actor}
	items := make(map[itemMark]bool)
	var collections []string
	for _, k := range r.Keys {
		if err := receipt.OpenCommitment(rec.Commitment, r.Requester, r.Leaves, k.Leaf, string(k.Name), k.Salt, k.Path); err != nil {
			return permitted{}, refuseWrap(err, candor.Verification, RuleCommitment, "The record does not cover this key for this requester.")
		}
		n := parseName(k.Name)
		if !opens(rec.Act, n) || (rec.Collection != "" && n.kind == itemName && n.collection != rec.Collection) {
			return permitted{}, refuse(candor.Denied, RuleActNames, "An act of the kind %q does not open a key like this one.", rec.Act)
		}
		p.leaves = append(p.leaves, k.Leaf)
		if n.kind == itemName {
			items[markOf(n.collection, n.item)] = true
			if !slices.Contains(collections, n.collection) {
				collections = append(collections, n.collection)
			}
		}
	}
	if !needsGrant(rec.Act) {
		p.unbound = int64(len(items))
		return p, nil
	}
	for m := range items {
		p.items = append(p.items, m)
	}
	return c.checkGrant(r, check, proof.Index, rec, collections, p)
}

// openReceipt verifies a receipt: form, checkpoint, inclusion.
func (c *Custodian) openReceipt(text []byte) (receipt.Receipt, receipt.Checkpoint, receipt.Record, error) {
	proof, err := receipt.Parse(text)
	if err != nil {
		return proof, receipt.Checkpoint{}, receipt.Record{}, refuseWrap(err, candor.Verification, RuleReceiptForm, "The receipt cannot be read.")
	}
	if _, _, err := c.trust.OpenCheckpoint(proof.Checkpoint); err != nil {
		return proof, receipt.Checkpoint{}, receipt.Record{}, refuseWrap(err, candor.Verification, RuleSigned, "The receipt's checkpoint is not signed by the log that this custodian serves.")
	}
	check, rec, err := proof.VerifyCheckpoint(c.trust)
	if err != nil {
		return proof, check, rec, refuseWrap(err, candor.Verification, RuleIncluded, "The record is not in the log.")
	}
	return proof, check, rec, nil
}

// checkRecord makes sure that the record is a fresh outcome that allows, under
// terms that the custodian has agreed to.
func (c *Custodian) checkRecord(rec receipt.Record) error {
	if rec.Phase != receipt.Outcome || rec.Decision != receipt.Allow || rec.Commitment == "" {
		return refuse(candor.Denied, RuleOutcome, "The record is not the outcome of an act that was allowed and commits to keys.")
	}
	if !c.consented(rec.Terms) {
		return refuse(candor.Denied, RuleTerms, "The record was decided under terms that this custodian has not agreed to. Have the custodian consent to them.")
	}
	now := c.now()
	if now.Sub(rec.When()) > c.maxAge {
		return refuse(candor.Denied, RuleStale, "The record is older than %v. Do the act again; if it was just done, compare the clocks.", c.maxAge)
	}
	if rec.When().Sub(now) > c.maxAge {
		return refuse(candor.Denied, RuleFuture, "The record is from the future. Compare the clocks of the archive and of the custodian.")
	}
	return nil
}

// checkGrant verifies that the purpose was approved, for this act, in these
// collections, and adds what it allows to p.
func (c *Custodian) checkGrant(r candor.ReleaseRequest, at receipt.Checkpoint, before int64, rec receipt.Record, collections []string, p permitted) (permitted, error) {
	if rec.Purpose == "" || len(r.Grant) == 0 {
		return p, refuse(candor.Denied, RuleGrantNeeded, "An act of the kind %q needs an approved purpose, and proof of its approval.", rec.Act)
	}
	proof, check, approval, err := c.openReceipt(r.Grant)
	if err != nil {
		return p, err
	}
	if err := sameLog(at, check, r.GrantConsistency); err != nil {
		return p, err
	}
	if proof.Index < c.state.restoredAt() {
		return p, refuse(candor.Denied, RuleGrantRestored, "The purpose was approved before this custodian was restored, which no longer knows what the purpose has been shown. Ask for a new purpose.")
	}
	g := approval.Grant
	if g == nil || approval.Phase != receipt.Outcome || approval.Decision != receipt.Allow || approval.Act != string(candor.ActApprove) {
		return p, refuse(candor.Denied, RuleGrantNeeded, "The record shown as the purpose's approval is none.")
	}
	if g.Status != receipt.Active || !c.now().Before(g.ExpiresAt()) {
		return p, refuse(candor.Denied, RuleGrantActive, "The purpose is not active: refused, revoked or expired. Ask for a new one.")
	}
	fits := approval.Purpose == rec.Purpose && proof.Index < before && slices.Contains(g.Acts, rec.Act)
	for _, name := range collections {
		fits = fits && slices.Contains(g.Collections, name)
	}
	if !fits {
		return p, refuse(candor.Denied, RuleGrantFits, "The purpose was approved for other acts or collections than these.")
	}
	p.purpose, p.grant, p.budget, p.expires = rec.Purpose, proof.Index, g.Coverage, g.ExpiresAt()
	return p, nil
}

// follow makes sure that a signed checkpoint and the newest one seen belong to
// one log, and moves on to the newer of the two. proof leads from the size
// from, -1 when there is none.
func (c *Custodian) follow(ctx context.Context, to receipt.Checkpoint, from int64, proof [][]byte) error {
	for {
		head := c.state.newest()
		if err := c.consistent(ctx, head, to, from, proof); err != nil {
			return err
		}
		if to.Size <= head.Size || c.state.advance(head, to) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// consistent makes sure that to is part of the log whose newest checkpoint is
// head, or extends it.
func (c *Custodian) consistent(ctx context.Context, head, to receipt.Checkpoint, from int64, proof [][]byte) error {
	if head.Size == 0 {
		return nil // the first checkpoint is trusted for its signature
	}
	if seen, ok := c.state.seenAt(to.Size); ok {
		return sameLog(seen, to, nil)
	}
	if to.Size > head.Size && from == head.Size {
		return sameLog(head, to, proof)
	}
	// A tree below one that was seen is part of the log as much as one below the head.
	if base, ok := c.state.seenAt(from); ok && to.Size < base.Size && len(proof) > 0 {
		return sameLog(to, base, proof)
	}
	older, newer := head, to
	if to.Size < head.Size {
		older, newer = to, head
	}
	proof, err := c.fetchProof(ctx, older, newer, from)
	if err != nil {
		return err
	}
	return sameLog(older, newer, proof)
}

// sameLog makes sure that two signed trees are of one log: the proof leads from
// the smaller to the larger, and is empty for trees of one size.
func sameLog(a, b receipt.Checkpoint, proof [][]byte) error {
	if a.Size == b.Size && a.Hash != b.Hash {
		return refuse(candor.Verification, RuleFork, "The log has signed two different trees of %d records. Keep both checkpoints and tell the auditor.", a.Size)
	}
	if a.Size == b.Size {
		return nil
	}
	if a.Size > b.Size {
		a, b = b, a
	}
	if err := receipt.CheckConsistency(a, b, proof); err != nil {
		return refuseWrap(err, candor.Verification, RuleFork, "The log of %d records was not shown to extend the one of %d. If the proof is right, the log has two histories: keep both checkpoints and tell the auditor.", b.Size, a.Size)
	}
	return nil
}

// fetchProof asks the log for the proof that a request could not bring,
// because the custodian's head moved while the request was made.
func (c *Custodian) fetchProof(ctx context.Context, older, newer receipt.Checkpoint, from int64) ([][]byte, error) {
	if c.proofs != nil {
		if proof, err := c.proofs(ctx, older.Size, newer.Size); err == nil {
			return proof, nil
		}
	}
	head := c.state.newest().Size
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if newer.Size == head && (from == head || c.proofs != nil) {
		return nil, refuse(candor.Verification, RuleRollback, "The log shows %d records, and this custodian has seen %d: the log was set back. Restore the newest log; do not go on from this one.", older.Size, newer.Size)
	}
	return nil, refuse(candor.Conflict, RuleHeadMoved, "The log has grown to %d records since the request was made. Ask again from there.", head)
}

// answer opens each wrapped key and seals it to the requester. All or none.
func (c *Custodian) answer(ctx context.Context, requester hpke.PublicKey, keys []candor.ReleaseKey) ([][]byte, error) {
	sealed := make([][]byte, len(keys))
	var next, failed atomic.Int64
	failed.Store(-1)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(keys)) {
		wg.Go(func() {
			for failed.Load() < 0 && ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(keys)) {
					return
				}
				var err error
				if sealed[i], err = c.answerOne(requester, keys[i]); err != nil {
					failed.Store(i)
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if failed.Load() >= 0 {
		return nil, refuse(candor.Verification, RuleKeyOpens, "A wrapped key does not open under its name: it was altered, or belongs to another item, archive or custodian.")
	}
	return sealed, nil
}

func (c *Custodian) answerOne(requester hpke.PublicKey, k candor.ReleaseKey) ([]byte, error) {
	key, err := candor.UnwrapKey(c.private, c.origin, k.Name, k.Wrapped)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return candor.AnswerKey(requester, k.Name, key)
}

// nameKind is what a key name opens.
type nameKind int

const (
	unknownName nameKind = iota
	itemName
	documentName
	archiveName
	coverageName // what one record added to a purpose's coverage, sealed beside the log
)

type parsedName struct {
	kind                        nameKind
	collection, item, rendition string
}

func parseName(name candor.KeyName) parsedName {
	seg := strings.Split(string(name), "/")
	if slices.Contains(seg, "") || slices.Contains(seg, "..") {
		return parsedName{}
	}
	switch {
	case seg[0] == "archive" && len(seg) == 2:
		return parsedName{kind: archiveName}
	case seg[0] == "document" && len(seg) == 3:
		return parsedName{kind: documentName}
	case len(seg) == 3 && candor.ItemID(seg[1]).Valid():
		return parsedName{itemName, seg[0], seg[1], seg[2]}
	case seg[0] == "coverage" && len(seg) == 3:
		return parsedName{kind: coverageName}
	}
	return parsedName{}
}

// needsGrant reports whether an act shows items to a person, and so needs a purpose.
func needsGrant(act string) bool {
	switch candor.Act(act) {
	case candor.ActOpen, candor.ActExport, candor.ActAnalyse, candor.ActAsk, candor.ActCorrect:
		return true
	}
	return false
}

// opens says which keys an act may open. Acts that are not listed open none.
func opens(act string, n parsedName) bool {
	if needsGrant(act) {
		return n.kind == itemName
	}
	switch candor.Act(act) {
	case candor.ActRebuild, candor.ActChangeTerms, candor.ActApprove:
		indexed := slices.Contains(append(candor.Indexed(), candor.Manifest), candor.Rendition(n.rendition))
		return n.kind == documentName || n.kind == coverageName || n.kind == itemName && indexed
	case candor.ActReleaseKey:
		return n.kind == archiveName || n.kind == documentName
	}
	return false
}
