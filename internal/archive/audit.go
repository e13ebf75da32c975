package archive

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"candor"
	"candor/receipt"
)

// Auditing. The archive hands sealed details out as they are sealed: it cannot
// open them, and neither can anybody who has no auditor's identity. Each look,
// each review and each destruction is an act with a record of its own, so that
// the auditor does nothing in secret either. See docs/auditing.md.

// AuditRequest chooses records by what is public of them. Zero fields choose
// all: outcomes, and intents that have no outcome.
type AuditRequest struct {
	Act      candor.Act
	Purpose  candor.PurposeID
	From, To time.Time // of the records' own coarse time; To is exclusive
	Indexes  []int64   // only these records
	Newest   int       // at most so many, the newest; 0 is all
	Sample   int       // so many chosen at random by Seed; 0 is all
	Seed     string    // see SampleRank; needed with Sample
	// For is what the auditor looks for in the details. The archive cannot look
	// there; it writes it down, sealed.
	For LookingFor
}

// LookingFor is what an auditor looks for in opened details. Zero fields match all.
type LookingFor struct {
	Person string        `json:"person,omitempty"` // short name, or part of the name
	Item   candor.ItemID `json:"item,omitempty"`
	Query  string        `json:"query,omitempty"` // part of what was asked, said or handed in
}

// Holding says what is held of a record's sealed details.
type Holding string

const (
	HeldSealed    Holding = "sealed"
	HeldDestroyed Holding = "destroyed" // under a retention rule, which the record DestroyedBy tells
	HeldMissing   Holding = "missing"   // and nothing in the log says why
	HeldNone      Holding = "none"      // the record never had any
)

// AuditRecord is a record with its details as they are sealed.
type AuditRecord struct {
	Index       int64
	Leaf        []byte
	Sealed      []byte // docs/spec/details.md; nil unless Held is HeldSealed
	Held        Holding
	DestroyedBy int64 // index of the destroy act
	Reviews     []Review
}

// Review is an auditor's note that a record was looked at.
type Review struct {
	Index int64           `json:"index"` // of the record
	By    candor.PersonID `json:"by"`
	Name  string          `json:"name"`
	At    time.Time       `json:"at"`
	Note  string          `json:"note"`
}

// Audit hands out sealed details to an auditor. The act is recorded before the
// first yield. Records come in the order of the log; what yield is given is
// its own to keep. An error of yield ends the audit and is returned.
func (a *Archive) Audit(ctx context.Context, who Actor, r AuditRequest, yield func(AuditRecord) error) (receipt.Receipt, error) {
	if err := r.check(); err != nil {
		return receipt.Receipt{}, err
	}
	size := a.cfg.Log.Size()
	work := act{kind: candor.ActAudit, who: who, details: a.details(who, r.details())}
	var chosen []int64
	var held *holdings
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		var err error
		chosen, held, err = a.choose(ctx, r, size)
		return result{}, err
	})
	if err != nil {
		return receipt.Receipt{}, err
	}
	return done.receipt, a.handOut(ctx, chosen, held, yield)
}

func (r AuditRequest) check() error {
	switch {
	case r.Sample < 0 || r.Newest < 0:
		return candor.Errorf(candor.Invalid, "A number of records must be 0 (all) or more.")
	case r.Sample > 0 && (r.Seed == "" || len(r.Seed) > 100):
		return candor.Errorf(candor.Invalid, "A sample needs a seed of 1 to 100 bytes, so that it can be drawn again.")
	case r.Act != "" && !slices.Contains(candor.Acts(), r.Act):
		return candor.Errorf(candor.Invalid, "There is no act %q. Acts are %s.", r.Act, actNames())
	case len(r.For.Person)+len(r.For.Item)+len(r.For.Query) > 4000:
		return candor.Errorf(candor.TooLarge, "What you look for is longer than 4,000 bytes. Say it shorter.")
	case !slices.IsSorted(r.Indexes):
		return candor.Errorf(candor.Invalid, "Name the records in order.")
	}
	return nil
}

func actNames() string {
	var names []string
	for _, a := range candor.Acts() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

// details says in the auditor's own sealed details what was looked at.
func (r AuditRequest) details() Details {
	d := Details{Purpose: r.Purpose, Query: r.For.Query, Filters: map[string][]string{}}
	put := func(name, value string) {
		if value != "" {
			d.Filters[name] = []string{value}
		}
	}
	put("act", string(r.Act))
	put("person", r.For.Person)
	put("item", string(r.For.Item))
	if !r.From.IsZero() {
		put("from", r.From.UTC().Format(time.RFC3339))
	}
	if !r.To.IsZero() {
		put("to", r.To.UTC().Format(time.RFC3339))
	}
	d.Subject = "sealed details"
	switch {
	case r.Sample > 0:
		d.Subject = fmt.Sprintf("a sample of %d by the seed %s", r.Sample, r.Seed)
	case len(r.Indexes) > 0:
		d.Subject = "the records " + numbers(r.Indexes)
	case r.Newest > 0:
		d.Subject = fmt.Sprintf("the newest %d", r.Newest)
	}
	return d
}

// numbers lists indexes, up to 100 of them.
func numbers(indexes []int64) string {
	most := indexes[:min(len(indexes), 100)]
	text := strings.Trim(fmt.Sprint(most), "[]")
	if more := len(indexes) - len(most); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// choose finds the records that a request is about, in order, and what the
// whole log tells of destroyed details.
func (a *Archive) choose(ctx context.Context, r AuditRequest, size int64) ([]int64, *holdings, error) {
	held := newHoldings()
	open := make(map[int64]bool) // intents that fit and have no outcome yet
	var chosen []int64
	err := a.eachRecord(ctx, size, func(index int64, rec receipt.Record, _ []byte) error {
		held.note(index, rec)
		if rec.Intent != nil {
			delete(open, *rec.Intent)
		}
		switch {
		case !r.fits(index, rec):
		case rec.Phase == receipt.Intent && len(r.Indexes) == 0:
			open[index] = true
		default:
			chosen = append(chosen, index)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	chosen = slices.Sorted(slices.Values(append(chosen, slices.Collect(maps.Keys(open))...)))
	if r.Sample > 0 {
		chosen = sample(chosen, r.Sample, r.Seed)
	}
	if r.Newest > 0 {
		chosen = chosen[max(0, len(chosen)-r.Newest):]
	}
	return chosen, held, nil
}

func (r AuditRequest) fits(index int64, rec receipt.Record) bool {
	if len(r.Indexes) > 0 {
		if _, named := slices.BinarySearch(r.Indexes, index); !named {
			return false
		}
	}
	at := rec.When()
	return (r.Act == "" || rec.Act == string(r.Act)) &&
		(r.Purpose == "" || rec.Purpose == string(r.Purpose)) &&
		(r.From.IsZero() || !at.Add(receipt.TimeStep).Before(r.From)) && (r.To.IsZero() || at.Before(r.To))
}

func (a *Archive) eachRecord(ctx context.Context, size int64, yield func(int64, receipt.Record, []byte) error) error {
	return a.cfg.Log.Read(ctx, 0, size, func(index int64, leaf, sealed []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		if err != nil {
			return candor.Wrap(err, candor.Verification, "Record %d of the log cannot be read. Run `candor verify`.", index)
		}
		return yield(index, rec, sealed)
	})
}

func (a *Archive) handOut(ctx context.Context, chosen []int64, held *holdings, yield func(AuditRecord) error) error {
	reviews, err := a.reviews(ctx)
	if err != nil {
		return err
	}
	for _, index := range chosen {
		err := a.cfg.Log.Read(ctx, index, index+1, func(index int64, leaf, sealed []byte) error {
			rec, err := receipt.ParseRecord(leaf)
			if err != nil {
				return err
			}
			out := AuditRecord{Index: index, Leaf: bytes.Clone(leaf), Sealed: bytes.Clone(sealed), Reviews: reviews[index]}
			out.Held, out.DestroyedBy = held.of(rec, sealed)
			return yield(out)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SampleRank orders records for a sample: SHA-256 of a line that names this
// rule, the seed, and the index. The sample of n are the n with the lowest
// rank, so everybody who knows the seed draws the same from the same records,
// and nobody who fixes the seed first can choose whom it hits.
func SampleRank(seed string, index int64) [32]byte {
	b := append([]byte("candor audit sample v1\n"), seed...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(append(b, '\n'), uint64(index)))
}

func sample(from []int64, n int, seed string) []int64 {
	h := &ranks{}
	for _, index := range from {
		heap.Push(h, ranked{index, SampleRank(seed, index)})
		if h.Len() > n {
			heap.Pop(h)
		}
	}
	out := make([]int64, 0, h.Len())
	for _, r := range *h {
		out = append(out, r.index)
	}
	slices.Sort(out)
	return out
}

type ranked struct {
	index int64
	rank  [32]byte
}

// ranks is a heap with the highest rank first.
type ranks []ranked

func (h ranks) Len() int           { return len(h) }
func (h ranks) Less(i, j int) bool { return bytes.Compare(h[i].rank[:], h[j].rank[:]) > 0 }
func (h ranks) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ranks) Push(x any)        { *h = append(*h, x.(ranked)) }
func (h *ranks) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// holdings is what the public log tells of details that were destroyed.
type holdings struct {
	rules []retentionRule
	ends  map[string]time.Time // of purposes that were approved
}

type retentionRule struct {
	index      int64
	at, before time.Time
}

func newHoldings() *holdings { return &holdings{ends: make(map[string]time.Time)} }

// note reads a record, in the log's order.
func (h *holdings) note(index int64, rec receipt.Record) {
	if g := rec.Grant; g != nil && rec.Decision == receipt.Allow {
		switch g.Status {
		case receipt.Active:
			h.ends[rec.Purpose] = g.ExpiresAt()
		case receipt.Revoked:
			h.ends[rec.Purpose] = rec.When()
		}
	}
	if t := rec.Retention; t != nil {
		h.rules = append(h.rules, retentionRule{index, rec.When(), t.BeforeTime()})
	}
}

// of says what is held of a record's details, and which record tells that they
// were destroyed.
func (h *holdings) of(rec receipt.Record, sealed []byte) (Holding, int64) {
	switch {
	case len(sealed) > 0:
		return HeldSealed, 0
	case rec.Details == "":
		return HeldNone, 0
	}
	for _, rule := range h.rules {
		// The rule ran up to a step after its record's time.
		if destroyable(rec, rule.before) && !h.counts(rec, rule.at.Add(receipt.TimeStep)) {
			return HeldDestroyed, rule.index
		}
	}
	return HeldMissing, 0
}

// destroyable reports whether the act was over before a time: its record's
// time is floored.
func destroyable(rec receipt.Record, before time.Time) bool {
	return !rec.When().Add(receipt.TimeStep).After(before)
}

// counts reports whether details are needed at a time to count a purpose's
// coverage again after the catalog was lost.
func (h *holdings) counts(rec receipt.Record, at time.Time) bool {
	return rec.New > 0 && h.ends[rec.Purpose].After(at)
}

// Destroyed is what DestroyDetails did.
type Destroyed struct {
	Records int64 // whose sealed details were destroyed
	Kept    int64 // that are old enough, and count the coverage of purposes that have not ended
	Receipt receipt.Receipt
}

// destroyBatch is how many details are destroyed before others may append.
const destroyBatch = 4096

// DestroyDetails destroys the sealed details of acts that were over before a
// time, for good, by one recorded destroy act that says in public how many and
// before when. Records, proofs and receipts stay as they are. Details that
// count the coverage of a purpose which has not ended are kept. It is recorded
// first: if it breaks off, run it again.
func (a *Archive) DestroyDetails(ctx context.Context, who Actor, before time.Time) (Destroyed, error) {
	now := a.cfg.Now()
	before = before.UTC().Truncate(time.Second)
	if before.IsZero() || before.After(now) {
		return Destroyed{}, candor.Errorf(candor.Invalid, "Say before which time, and one that has passed: what is still being written cannot be destroyed.")
	}
	a.erasing.Lock()
	defer a.erasing.Unlock()
	var old []int64
	var out Destroyed
	subject := "sealed details of acts before " + before.Format(time.RFC3339)
	work := act{kind: candor.ActDestroy, who: who, details: a.details(who, Details{Subject: subject})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		var err error
		if old, out.Kept, err = a.oldDetails(ctx, before, now); err != nil {
			return result{}, err
		}
		if len(old) == 0 {
			return result{}, candor.Errorf(candor.NotFound, "There are no sealed details of acts before %s that can be destroyed; %d count the coverage of purposes that have not ended.", before.Format(time.RFC3339), out.Kept)
		}
		return result{retention: &receipt.Retention{Records: int64(len(old)), Before: receipt.FormatExpires(before)}}, nil
	})
	if err != nil {
		return Destroyed{}, err
	}
	out.Records, out.Receipt = int64(len(old)), done.receipt
	for batch := range slices.Chunk(old, destroyBatch) {
		if err := a.cfg.Log.DestroyDetails(context.WithoutCancel(ctx), batch...); err != nil {
			return out, err
		}
	}
	return out, nil
}

// oldDetails finds what can be destroyed, and counts what must be kept.
func (a *Archive) oldDetails(ctx context.Context, before, now time.Time) (old []int64, kept int64, err error) {
	held := newHoldings()
	counting := make(map[int64]receipt.Record) // whether they are needed is known at the end
	err = a.eachRecord(ctx, a.cfg.Log.Size(), func(index int64, rec receipt.Record, sealed []byte) error {
		held.note(index, rec)
		switch {
		case len(sealed) == 0 || !destroyable(rec, before):
		case rec.New > 0:
			counting[index] = rec
		default:
			old = append(old, index)
		}
		return nil
	})
	for index, rec := range counting {
		if held.counts(rec, now) {
			kept++
		} else {
			old = append(old, index)
		}
	}
	slices.Sort(old)
	return old, kept, err
}

// Review marks a record reviewed, with a note, by a recorded audit act.
func (a *Archive) Review(ctx context.Context, who Actor, index int64, note string) (Receipted, error) {
	note = strings.TrimSpace(note)
	switch {
	case note == "":
		return Receipted{}, candor.Errorf(candor.Invalid, "Say what you found: a review has a note.")
	case len(note) > 4000:
		return Receipted{}, candor.Errorf(candor.TooLarge, "The note is longer than 4,000 bytes. Say it shorter.")
	case index < 0 || index >= a.cfg.Log.Size():
		return Receipted{}, candor.Errorf(candor.NotFound, "There is no record %d in the log.", index)
	}
	id, err := a.newID("r-")
	if err != nil {
		return Receipted{}, err
	}
	review := Review{Index: index, By: who.Person.ID, Name: who.Person.Name, At: a.now(), Note: note}
	work := act{kind: candor.ActAudit, who: who, details: a.details(who, Details{Subject: fmt.Sprintf("review of record %d", index), Because: note})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		return result{}, a.putDocument(ctx, kindReview, id, review)
	})
	return Receipted{Receipt: done.receipt}, err
}

// reviews reads all reviews, by the index of what was reviewed, oldest first.
func (a *Archive) reviews(ctx context.Context) (map[int64][]Review, error) {
	all, err := readDocuments(ctx, a.cfg.Catalog, kindReview, func(r Review) string {
		return fmt.Sprintf("%020d %s %s", r.Index, r.At.Format(time.RFC3339Nano), r.By)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]Review)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		r := all[key]
		out[r.Index] = append(out[r.Index], r)
	}
	return out, nil
}

// UnlockAudit records that an auditor gave the identity that opens sealed details to
// the pages, and makes sure that it is one of this archive's. It does not keep it.
func (a *Archive) UnlockAudit(ctx context.Context, who Actor, identity age.Identity) (Receipted, error) {
	hybrid, ok := identity.(*age.HybridIdentity)
	if !ok || !slices.Contains(a.cfg.Auditors, hybrid.Recipient().String()) {
		return Receipted{}, candor.Errorf(candor.Denied, "This is not the identity of an auditor of this archive. Nothing was unlocked and it was not kept.")
	}
	work := act{kind: candor.ActAudit, who: who, details: a.details(who, Details{Subject: "unlocking the pages"})}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) { return result{}, nil })
	return Receipted{Receipt: done.receipt}, err
}

// Unsealed is a record with its details opened by an auditor's identity.
type Unsealed struct {
	AuditRecord
	Record  receipt.Record
	Details Details
	// Problem says what does not hold: details that are not those that the
	// record names, or that do not open. "" when all is well.
	Problem string
}

// Unseal opens the details of a record, and makes sure that they are those that
// the record names. It asks nobody.
func Unseal(r AuditRecord, identity age.Identity) Unsealed {
	out := Unsealed{AuditRecord: r}
	var err error
	if out.Record, err = receipt.ParseRecord(r.Leaf); err != nil {
		out.Problem = "The record cannot be read."
		return out
	}
	switch r.Held {
	case HeldSealed:
	case HeldMissing:
		out.Problem = "Its sealed details are missing, and nothing in the log says that they were destroyed."
		return out
	default:
		return out
	}
	if sum := sha256.Sum256(r.Sealed); hex.EncodeToString(sum[:]) != out.Record.Details {
		out.Problem = "Its sealed details are not those that the record names: they were swapped or altered."
		return out
	}
	if out.Details, err = OpenDetails(r.Sealed, identity); err != nil {
		out.Problem = candor.MessageOf(err)
	}
	return out
}

// Matches reports whether an opened record is what an auditor looks for. A
// record whose details cannot be opened matches only when nothing is looked for.
func (f LookingFor) Matches(u Unsealed) bool {
	d := u.Details
	return (f.Person == "" || string(d.Person) == f.Person || contains(d.Name, f.Person)) &&
		(f.Item == "" || slices.Contains(d.Items, f.Item)) &&
		(f.Query == "" || contains(d.Query, f.Query) || contains(d.Why, f.Query) || contains(d.Source, f.Query) ||
			contains(d.Subject, f.Query) || contains(d.Because, f.Query))
}

// contains looks for text without regard to case; nothing contains nothing.
func contains(text, part string) bool {
	return text != "" && strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
