package archive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"sync"
	"time"

	"candor"
)

// How adding is bounded. A bound that cuts something short is reported on the
// item, in its condition.
const (
	smallFile     = 8 << 20   // up to here a file is held in memory while it is added
	batchItems    = 500       // a batch is committed when it holds this many changed items
	batchText     = 24 << 20  // or this much text
	deepestPart   = 16        // parts inside parts
	mostFamily    = 1_000_000 // items found inside one file
	largestToText = 64 << 20  // bytes of one item's text that are kept and indexed
)

// intake is one addition in progress. Files come in side by side; what they
// bring collects in a batch until the next commit.
type intake struct {
	archive    *Archive
	who        Actor
	collection candor.Collection

	commit sync.Mutex // held through a commit
	mu     sync.Mutex
	figure candor.Addition
	lost   []candor.Entry // files of which nothing could be kept
	batch  *batch
}

// batch is what has come in since the last commit. It is one act: its intent
// is recorded before its first file is kept, its outcome when it is durable.
type batch struct {
	act     act
	intent  int64
	drafts  map[candor.ItemID]*draft
	entries []candor.Entry
	stored  int64
	bytes   int64
	text    int64
}

// NewAddition begins one handing-in.
type NewAddition struct {
	Collection string
	Source     string // what is handed in, in the adder's words
	Expected   int64  // files that are meant to come; 0 when not known
	OCR        string // languages that pictures of pages are read in, joined by +, or off; "" is the archive's choice
}

// BeginAddition opens the account of one handing-in.
func (a *Archive) BeginAddition(ctx context.Context, who Actor, n NewAddition) (candor.Addition, error) {
	c, err := a.findCollection(n.Collection)
	if err != nil {
		return candor.Addition{}, err
	}
	if err := a.checkOCR(n.OCR); err != nil {
		return candor.Addition{}, err
	}
	if err := a.mayAdd(who, n.Collection); err != nil {
		return candor.Addition{}, err
	}
	in, err := a.newIntake(who, c, n)
	if err != nil {
		return candor.Addition{}, err
	}
	if err := a.cfg.Catalog.PutAddition(ctx, in.figure, nil); err != nil {
		return in.figure, err
	}
	figure := in.snapshot()
	a.intakes.put(in)
	return figure, nil
}

// newIntake begins an account that nobody knows of yet.
func (a *Archive) newIntake(who Actor, c candor.Collection, n NewAddition) (*intake, error) {
	id, err := a.newID("add-")
	if err != nil {
		return nil, err
	}
	return &intake{archive: a, who: who, collection: c, figure: candor.Addition{
		ID: id, Collection: c.Name, By: who.Person.ID, Source: n.Source, Started: a.now(),
		Expected: n.Expected, OCR: cmp.Or(n.OCR, c.OCR), Conditions: make(map[candor.Condition]int64),
	}}, nil
}

// mayAdd asks the terms before anything is recorded, so that somebody who may
// not add is told at once and not at the first file.
func (a *Archive) mayAdd(who Actor, collection string) error {
	d := a.gate.decide(act{kind: candor.ActAdd, who: who, collection: collection, at: a.cfg.Now()}, candor.Intent, result{}, 0)
	if !d.Allow {
		return &candor.Error{Code: candor.Denied, Message: d.Message, Rule: d.Rule}
	}
	return nil
}

// intake finds an addition in progress; one that a restart has interrupted is
// taken up again.
func (a *Archive) intake(ctx context.Context, who Actor, id string) (*intake, error) {
	if in := a.intakes.get(id); in != nil {
		if in.who.Person.ID != who.Person.ID {
			return nil, noAddition(id)
		}
		return in, nil
	}
	figure, err := a.cfg.Catalog.Addition(ctx, id)
	if candor.CodeOf(err) == candor.NotFound || (err == nil && figure.By != who.Person.ID) {
		return nil, noAddition(id)
	}
	if err != nil {
		return nil, err
	}
	if !figure.Finished.IsZero() {
		return nil, candor.Errorf(candor.Conflict, "Addition %s is finished. Begin another one; files that are held already are not added twice.", id)
	}
	c, err := a.findCollection(figure.Collection)
	if err != nil {
		return nil, err
	}
	return a.intakes.put(&intake{archive: a, who: who, collection: c, figure: figure}), nil
}

func noAddition(id string) error {
	return candor.Errorf(candor.NotFound, "There is no addition %q of yours.", id)
}

// KnownFiles tells which files need not be sent: they are held already, under
// the same path, size and modification time. They are entered into the
// account as duplicates.
func (a *Archive) KnownFiles(ctx context.Context, who Actor, addition string, files []FileHeader) ([]bool, error) {
	in, err := a.intake(ctx, who, addition)
	if err != nil {
		return nil, err
	}
	known := make([]bool, len(files))
	for i, h := range files {
		entry, ok, err := a.cfg.Catalog.KnownFile(ctx, in.collection.Name, h.Path, h.Size, h.ModTime)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		entry.Duplicate, entry.Items = true, 0
		if err := in.enter(ctx, entry); err != nil {
			return nil, err
		}
		known[i] = true
	}
	return known, nil
}

// FailFile enters a file that the adder could not read.
func (a *Archive) FailFile(ctx context.Context, who Actor, addition string, h FileHeader, reason string) error {
	in, err := a.intake(ctx, who, addition)
	if err != nil {
		return err
	}
	return in.enter(ctx, candor.Entry{
		Path: h.Path, Size: max(h.Size, 0), ModTime: h.ModTime, Condition: candor.Failed, Reason: reason,
	})
}

// PutFile reads r to its end, seals it, and reads text and parts out of it in
// a confined worker. What it returns is not acknowledged until the next
// commit of the addition returns.
func (a *Archive) PutFile(ctx context.Context, who Actor, addition string, h FileHeader, r io.Reader) (candor.Entry, error) {
	in, err := a.intake(ctx, who, addition)
	if err != nil {
		return candor.Entry{}, err
	}
	if err := checkPath(h.Path); err != nil {
		return candor.Entry{}, err
	}
	if err := in.begin(ctx); err != nil {
		return candor.Entry{}, err
	}
	entry, err := in.file(ctx, h, r)
	if err != nil {
		return entry, err
	}
	return entry, in.enter(ctx, entry)
}

func checkPath(p string) error {
	if p == "" || len(p) > 4096 || path.Base(p) == "." || path.Base(p) == "/" {
		return candor.Errorf(candor.Invalid, "A file needs a path of at most 4,096 bytes that ends in a name.")
	}
	return nil
}

// file keeps one file and its family, and says how that ended.
func (in *intake) file(ctx context.Context, h FileHeader, r io.Reader) (candor.Entry, error) {
	entry := candor.Entry{Path: h.Path, ModTime: h.ModTime}
	fam := &family{intake: in}
	place := candor.Place{Path: h.Path, ModTime: h.ModTime, Addition: in.figure.ID}
	got, err := in.take(ctx, r)
	if err != nil {
		return entry, err
	}
	entry.Size = got.body.Size
	if h.Size >= 0 && h.Size != got.body.Size {
		got.discard(ctx, in.archive)
		entry.Condition, entry.Reason = candor.Failed, "the file changed while it was being added; add it again"
		return entry, nil
	}
	in.archive.reading <- struct{}{}
	defer func() { <-in.archive.reading }()
	root := found{taken: got, place: place, path: h.Path}
	if entry.Item, entry.Duplicate, err = fam.add(ctx, root); err != nil {
		return entry, err
	}
	entry.Condition, entry.Reason, entry.Items = fam.condition, fam.reason, fam.fresh
	return entry, nil
}

// begin records the intent of the current batch, if that has not been done.
func (in *intake) begin(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.beginLocked(ctx)
}

func (in *intake) beginLocked(ctx context.Context) error {
	if in.batch != nil {
		return nil
	}
	a := in.archive
	work := act{kind: candor.ActAdd, who: in.who, collection: in.collection.Name,
		details: a.details(in.who, Details{Source: in.figure.Source, Subject: "addition " + in.figure.ID, Model: a.toldOnAdding()})}
	intent, err := a.gate.intend(ctx, &work)
	if err != nil {
		return err
	}
	if d := a.gate.decide(work, candor.Intent, result{}, 0); !d.Allow {
		return a.gate.refuse(ctx, work, intent, result{}, d)
	}
	in.batch = &batch{act: work, intent: intent, drafts: make(map[candor.ItemID]*draft)}
	return nil
}

// enter puts one line into the account, and commits when the batch is full.
func (in *intake) enter(ctx context.Context, e candor.Entry) error {
	in.mu.Lock()
	err := in.beginLocked(ctx)
	if err == nil {
		in.batch.entries = append(in.batch.entries, e)
		in.figure.Files++
		in.figure.Bytes += e.Size
		in.figure.Items += e.Items
		in.figure.Conditions[e.Condition]++
		if e.Duplicate {
			in.figure.Duplicates++
		}
		if e.Item == "" {
			in.lost = append(in.lost, e)
		}
	}
	in.mu.Unlock()
	if err != nil {
		return err
	}
	return in.commitFull(ctx)
}

// hold puts a draft into the current batch.
func (in *intake) hold(ctx context.Context, d *draft, fresh bool, text int64) error {
	in.mu.Lock()
	err := in.beginLocked(ctx)
	if err == nil {
		if in.batch.drafts[d.item.ID] == nil {
			in.batch.drafts[d.item.ID] = d
			in.archive.drafts.share(d)
		}
		in.batch.text += text
		if fresh {
			in.batch.stored++
			in.batch.bytes += d.item.Size
		}
	}
	in.mu.Unlock()
	if err != nil {
		return err
	}
	return in.commitFull(ctx)
}

func (in *intake) commitFull(ctx context.Context) error {
	in.mu.Lock()
	b := in.batch
	full := b != nil && (len(b.drafts) >= batchItems || len(b.entries) >= 4*batchItems || b.text >= batchText)
	in.mu.Unlock()
	if !full {
		return nil
	}
	_, err := in.finishBatch(ctx, false)
	return err
}

// taken is content that has been sealed and not yet given a name.
type taken struct {
	id     candor.ItemID
	body   candor.SealedBody
	sealed bool   // body stands in the vault
	whole  []byte // the plaintext, when it is small
}

// take reads r to its end. Small content stays in memory and is sealed only if
// it turns out to be new; large content is sealed as it streams.
func (in *intake) take(ctx context.Context, r io.Reader) (taken, error) {
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, smallFile+1))
	if err != nil {
		return taken{}, readError(err)
	}
	var got taken
	if n <= smallFile {
		got.whole = head.Bytes()
		got.body = candor.SealedBody{Size: n, SHA256: sha256.Sum256(got.whole)}
	} else {
		if got.body, err = in.archive.cfg.Vault.Seal(ctx, io.MultiReader(&head, r)); err != nil {
			return taken{}, readError(err)
		}
		got.sealed = true
	}
	got.id = candor.NewItemID(in.collection.Secret, got.body.SHA256)
	return got, nil
}

func readError(err error) error {
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	return candor.Wrap(err, candor.Invalid, "The file could not be read to its end; nothing of it was kept. Add it again.")
}

func (t *taken) discard(ctx context.Context, a *Archive) {
	if t.sealed {
		if err := a.cfg.Vault.Discard(context.WithoutCancel(ctx), t.body); err != nil {
			a.cfg.Logger.Warn("a body that is not needed could not be removed; `candor check` sweeps it", "err", err)
		}
	}
}

// CommitAddition makes everything put so far durable, searchable and recorded;
// what it returns is acknowledged. finish ends the addition.
func (a *Archive) CommitAddition(ctx context.Context, who Actor, addition string, finish bool) (candor.Addition, error) {
	in, err := a.intake(ctx, who, addition)
	if err != nil {
		return candor.Addition{}, err
	}
	figure, err := in.finishBatch(ctx, finish)
	if err == nil && finish {
		a.intakes.drop(addition)
	}
	return figure, err
}

// finishBatch commits the current batch: vault, then catalog, then index, then
// the outcome record. If a step fails the batch is kept and the next commit
// does it again; every step can be repeated.
func (in *intake) finishBatch(ctx context.Context, finish bool) (candor.Addition, error) {
	in.commit.Lock()
	defer in.commit.Unlock()
	ctx = context.WithoutCancel(ctx)
	in.mu.Lock()
	b, figure, lost := in.batch, in.snapshot(), slices.Clone(in.lost)
	in.batch = nil
	in.mu.Unlock()
	if finish {
		figure.Finished = in.archive.cfg.Now().UTC()
	}
	if b == nil && !finish {
		return figure, nil
	}
	figure, err := in.archive.store(ctx, b, figure, lost)
	if err != nil {
		in.giveBack(b)
		return figure, err
	}
	in.mu.Lock()
	in.figure.Record = figure.Record
	if finish {
		in.figure.Finished = figure.Finished
	}
	in.mu.Unlock()
	return figure, nil
}

// snapshot copies the figures. The caller holds mu.
func (in *intake) snapshot() candor.Addition {
	f := in.figure
	f.Conditions = maps.Clone(f.Conditions)
	return f
}

// giveBack merges a batch that could not be committed into the current one.
func (in *intake) giveBack(b *batch) {
	if b == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	later := in.batch
	in.batch = b
	if later == nil {
		return
	}
	for id, d := range later.drafts {
		if b.drafts[id] == nil {
			b.drafts[id] = d
		} else {
			in.archive.drafts.drop(d)
		}
	}
	b.entries = append(b.entries, later.entries...)
	b.stored, b.bytes, b.text = b.stored+later.stored, b.bytes+later.bytes, b.text+later.text
}

// Additions returns the newest additions first, with their figures so far.
func (a *Archive) Additions(ctx context.Context, who Actor) ([]candor.Addition, error) {
	all, err := a.cfg.Catalog.Additions(ctx, 200)
	if err != nil {
		return nil, err
	}
	mine := make([]candor.Addition, 0, len(all))
	for _, f := range all {
		if f.By != who.Person.ID && !who.Person.Has(candor.Administrator) {
			continue
		}
		mine = append(mine, figuresOnly(a.live(f), who))
	}
	return mine, nil
}

// Addition returns one addition with its figures so far.
func (a *Archive) Addition(ctx context.Context, who Actor, id string) (candor.Addition, error) {
	f, err := a.cfg.Catalog.Addition(ctx, id)
	if candor.CodeOf(err) == candor.NotFound || (err == nil && f.By != who.Person.ID && !who.Person.Has(candor.Administrator)) {
		return candor.Addition{}, noAddition(id)
	}
	return figuresOnly(a.live(f), who), err
}

// figuresOnly leaves out what somebody else said about their addition.
func figuresOnly(f candor.Addition, who Actor) candor.Addition {
	if f.By != who.Person.ID {
		f.Source = ""
	}
	return f
}

// live prefers the figures of an addition in progress over the stored ones.
func (a *Archive) live(f candor.Addition) candor.Addition {
	in := a.intakes.get(f.ID)
	if in == nil {
		return f
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.snapshot()
}

// Entries returns an addition's committed entries with a condition, or all with
// "". They name items, so only whoever handed them in sees them: an
// administrator sees an addition's figures and no more.
func (a *Archive) Entries(ctx context.Context, who Actor, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error) {
	f, err := a.Addition(ctx, who, id)
	if err != nil {
		return nil, err
	}
	if f.By != who.Person.ID {
		return nil, candor.Errorf(candor.Denied, "The files of an addition are named only to whoever handed them in. Its figures are above.")
	}
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	return a.cfg.Catalog.Entries(ctx, id, c, max(offset, 0), limit)
}

// intakes holds the additions in progress.
type intakes struct {
	mu   sync.Mutex
	open map[string]*intake
}

func (s *intakes) get(id string) *intake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// put keeps an intake and returns it, or the one that was there before.
func (s *intakes) put(in *intake) *intake {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[string]*intake)
	}
	if old := s.open[in.figure.ID]; old != nil {
		return old
	}
	s.open[in.figure.ID] = in
	return in
}

func (s *intakes) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

func (s *intakes) all() []*intake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.open))
}

// now is the time in UTC, without the monotonic clock, as it is stored.
func (a *Archive) now() time.Time { return a.cfg.Now().UTC().Round(0) }
