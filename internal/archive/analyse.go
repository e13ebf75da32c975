package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"candor"
	"candor/internal/query"
	"candor/receipt"
)

// MostAnalysed bounds the items of one act of analysing.
const MostAnalysed = 500

// AnalyseRequest has items read again, under a purpose.
type AnalyseRequest struct {
	Items    []candor.ItemID  `json:"items,omitempty"`
	Purpose  candor.PurposeID `json:"purpose"`
	OCR      string           `json:"ocr,omitempty"` // as of an addition
	Password string           `json:"-"`             // opens encrypted items; kept nowhere

	// Translate, a language of ISO 639-1, has the texts translated instead.
	Translate string `json:"translate,omitempty"`
	// Reindex has what the texts name found anew, and the texts placed in meaning
	// anew, instead.
	Reindex bool `json:"reindex,omitempty"`
	// Estimate has nothing done but its cost told: at most so much.
	Estimate bool `json:"-"`
}

// AnalyseResult says what came of reading items again, with the receipt of it.
type AnalyseResult struct {
	Items   []Analysed
	Cost    Cost // as it was, or, for an estimate, at most
	Receipt receipt.Receipt
	Took    time.Duration
	Purpose PurposeInfo // after this act
}

// Analysed is one item that was read again.
type Analysed struct {
	Item candor.Item      // as it is now
	Was  candor.Condition // before
	Kept bool             // the reading before was kept, because this one failed

	Found int64 // items inside that are new to the collection
}

// Analyse reads items again and puts what it reads in place of what was read
// before: with a password, or with other languages of recognition. Each item is
// durable and searchable before the next is begun; when the context ends or the
// disk is full, those that were done stay done.
func (a *Archive) Analyse(ctx context.Context, who Actor, r AnalyseRequest) (AnalyseResult, error) {
	return a.analyse(ctx, who, r, "")
}

// analyse makes one act of analysing, for a job if there is one. What was done
// before an error is returned with it.
func (a *Archive) analyse(ctx context.Context, who Actor, r AnalyseRequest, job string) (AnalyseResult, error) {
	start := time.Now()
	if len(r.Items) == 0 || len(r.Items) > MostAnalysed {
		return AnalyseResult{}, candor.Errorf(candor.Invalid, "1 to %d items are analysed at a time; these are %d.", MostAnalysed, len(r.Items))
	}
	model, err := a.analysedBy(r)
	if err != nil {
		return AnalyseResult{}, err
	}
	details := Details{Items: r.Items, Model: model, Translate: r.Translate, Job: job}
	if r.Estimate {
		details.Subject, details.Model = "what it would cost", "" // it is told nothing
	}
	work, err := a.under(ctx, candor.ActAnalyse, who, r.Purpose, details)
	if err != nil {
		return AnalyseResult{}, err
	}
	items, err := a.chosen(ctx, &work, r.Items)
	if err != nil {
		return AnalyseResult{}, err
	}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		switch {
		case r.Estimate:
			return result{}, nil
		case r.Translate != "" || r.Reindex:
			return a.textsOutcome(items), nil
		}
		return a.toReadAgain(items), nil
	})
	if err != nil {
		return AnalyseResult{}, err
	}
	out := AnalyseResult{Receipt: done.receipt}
	if r.Estimate {
		out.Cost, items = a.costOf(items, r, model), nil
	}
	again := &readings{archive: a, who: who, request: r, intakes: map[string]*intake{}, meter: new(meter)}
	for _, it := range items {
		one, failed := again.analyse(ctx, it, done.keys)
		if err = failed; err != nil {
			break
		}
		out.Items = append(out.Items, one)
	}
	if !r.Estimate {
		out.Cost = again.meter.cost
		out.Cost.Items, out.Cost.Model = int64(len(out.Items)), model
	}
	if err != nil {
		return out, err
	}
	out.Took = time.Since(start)
	out.Purpose, err = a.purposeInfo(ctx, *work.purpose)
	return out, err
}

// Tools are what items can be read again with here.
type Tools struct {
	Languages  []string // that pictures of text can be read in, by tesseract's names
	Translator string   // "" if there is none
}

// Tools tells what there is.
func (a *Archive) Tools() (t Tools) {
	if a.cfg.Recognizer != nil {
		t.Languages = a.cfg.Recognizer.Languages()
	}
	if a.cfg.Translator != nil {
		t.Translator = a.cfg.Translator.Name()
	}
	return t
}

// analysedBy names the model that gets what the items hold, "" if none does.
func (a *Archive) analysedBy(r AnalyseRequest) (string, error) {
	if r.Reindex && (r.Translate != "" || r.OCR != "" || r.Password != "") {
		return "", candor.Errorf(candor.Invalid, "Items are indexed anew, read again or translated, one at a time.")
	}
	if r.Reindex {
		return a.indexedBy(), nil
	}
	if r.Translate == "" {
		return a.toldOnAdding(), a.checkOCR(r.OCR)
	}
	if r.OCR != "" || r.Password != "" {
		return "", candor.Errorf(candor.Invalid, "Items are read again or translated, not both at once. Translate them after reading them.")
	}
	by, err := a.translatesBy(r.Translate)
	return joined(by, a.indexedBy()), err // the text is indexed again with its translation
}

// readings are those of one act. What is found inside items for the first time
// becomes items, by one addition a collection.
type readings struct {
	archive *Archive
	who     Actor
	request AnalyseRequest
	intakes map[string]*intake
	meter   *meter
}

func (r *readings) analyse(ctx context.Context, it candor.Item, keys map[candor.KeyName][]byte) (Analysed, error) {
	switch {
	case r.request.Translate != "":
		return r.translate(ctx, it.ID, keys, r.request.Translate)
	case r.request.Reindex:
		return r.reindex(ctx, it.ID, keys)
	}
	return r.readAgain(ctx, it.ID, keys)
}

// reindex finds anew what one item's text names, and places it in meaning anew.
func (r *readings) reindex(ctx context.Context, id candor.ItemID, keys map[candor.KeyName][]byte) (Analysed, error) {
	a := r.archive
	return a.rework(ctx, id, func(was candor.Item) (Analysed, error) {
		text, translations, err := a.textsOf(ctx, was, keys)
		if err != nil {
			return Analysed{}, err
		}
		r.meter.add(Cost{Text: int64(len(text))})
		doc := a.document(ctx, was, a.pathOf(ctx, was), text)
		doc.Translation = searchable(translations)
		a.storing.Lock()
		defer a.storing.Unlock()
		return Analysed{Item: was, Was: was.Condition}, a.cfg.Index.Put(ctx, []query.Document{doc})
	})
}

// rework changes one item that nobody else changes meanwhile.
func (a *Archive) rework(ctx context.Context, id candor.ItemID, change func(was candor.Item) (Analysed, error)) (Analysed, error) {
	d, fresh, err := a.drafts.claim(ctx, id, a.cfg.Catalog)
	if err != nil {
		return Analysed{}, err
	}
	defer a.drafts.drop(d)
	if fresh {
		err := candor.Errorf(candor.NotFound, "Item %s has gone meanwhile.", id)
		a.drafts.settle(d, err)
		return Analysed{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.item
	done, err := change(was)
	if err != nil {
		return Analysed{}, err
	}
	d.item = done.Item
	a.totals.change(was, done.Item)
	return done, nil
}

// readAgain reads one item with the key of its original. What machines made of
// the former text goes with it.
func (r *readings) readAgain(ctx context.Context, id candor.ItemID, keys map[candor.KeyName][]byte) (Analysed, error) {
	var fam *family
	done, err := r.archive.rework(ctx, id, func(was candor.Item) (done Analysed, err error) {
		if fam, err = r.familyOf(was); err != nil {
			return done, err
		}
		return r.archive.rereadFrom(ctx, was, keys, fam)
	})
	if err != nil || done.Kept {
		fam.forget(ctx)
		return done, err
	}
	// Only now: a part may have the very content of the item, which was held till here.
	done.Found, err = fam.keepParts(ctx)
	return done, err
}

// toReadAgain states the facts of an act that reads items again: it has their
// originals, and what people typed of them, which stays.
func (a *Archive) toReadAgain(items []candor.Item) result {
	res := a.originalsOutcome(items)
	for _, it := range items {
		res.keys = append(res.keys, keysOf(it, candor.Retyped)...)
	}
	return res
}

// familyOf is the family of an item that is read again, as of an addition.
func (r *readings) familyOf(it candor.Item) (*family, error) {
	if r.intakes[it.Collection] == nil {
		c, err := r.archive.findCollection(it.Collection)
		if err != nil {
			return nil, err
		}
		in, err := r.archive.newIntake(r.who, c, NewAddition{Source: "inside what was read again", OCR: r.request.OCR})
		if err != nil {
			return nil, err
		}
		r.intakes[it.Collection] = in
	}
	return &family{intake: r.intakes[it.Collection], password: r.request.Password, spent: r.meter}, nil
}

func (a *Archive) rereadFrom(ctx context.Context, was candor.Item, keys map[candor.KeyName][]byte, fam *family) (Analysed, error) {
	original := candor.ItemKey(was.Collection, was.ID, candor.Original)
	typed, err := a.retypedPages(ctx, was, keys)
	if err != nil {
		return Analysed{}, err
	}
	c, err := a.cfg.Vault.Open(ctx, original, keys[original])
	if err != nil {
		return Analysed{}, err
	}
	defer c.Close()
	src := candor.Source{Name: was.Name, Size: c.Size(), Password: fam.password, ReaderAt: c}
	s := &rereading{sink: sink{family: fam, parent: found{taken: taken{id: was.ID}, path: a.pathOf(ctx, was), depth: len(a.containersOf(ctx, was))}}}
	s.keep = a.mayAdd(fam.intake.who, was.Collection) == nil && (fam.password != "" || len(was.Parts) == 0)
	reading, err := a.cfg.Extractor.Extract(ctx, src, s)
	fam.inside = s.sink.inside
	if err != nil {
		return Analysed{}, candor.Wrap(err, candor.Unavailable, "No worker could be had to read the item; it is as before. Try again.")
	}
	if err := fam.complete(ctx, src, &reading, &s.sink); err != nil {
		return Analysed{}, err
	}
	if worse(reading.Condition, was.Condition) {
		return Analysed{Item: was, Was: was.Condition, Kept: true}, nil
	}
	if s.inside > 0 && len(was.Parts) == 0 {
		reading.Lack(fmt.Sprintf("%d files were found inside and not kept: whoever may add to the collection can read it again", s.inside))
	}
	now := was
	now.Renditions, now.Translated = []candor.Rendition{candor.Original}, nil
	if typed != nil { // what people typed stays
		now.Renditions = append(now.Renditions, candor.Retyped)
	}
	if err := fam.keepReading(ctx, &now, reading, &s.sink); err != nil {
		return Analysed{}, err
	}
	if !s.keep {
		now.Parts = was.Parts
	}
	fam.heads = map[candor.ItemID]candor.ItemID{now.ID: headOf(now)}
	return Analysed{Item: now, Was: was.Condition}, a.replace(ctx, was, now, retyped(s.text.String(), typed), nil)
}

// keepParts makes items of the parts that wait, and says how many are new. It
// makes them durable and searchable and records them as an addition.
func (f *family) keepParts(ctx context.Context) (int64, error) {
	if f == nil || len(f.inside) == 0 {
		return 0, nil
	}
	err := f.addInside(ctx, f.inside)
	f.intake.mu.Lock()
	f.intake.figure.Items += f.fresh
	nothing := f.intake.batch == nil && err == nil
	f.intake.mu.Unlock()
	if nothing { // all were items already
		return 0, nil
	}
	if _, kept := f.intake.finishBatch(ctx, true); kept != nil || err != nil {
		return f.fresh, candor.Wrap(errors.Join(err, kept), candor.CodeOf(cmp.Or(err, kept)), "The item was read, and not all that is inside it could be kept. Read it again.")
	}
	return f.fresh, nil
}

// forget lets go of the parts that wait.
func (f *family) forget(ctx context.Context) {
	if f == nil {
		return
	}
	for _, part := range f.inside {
		part.discard(ctx, f.intake.archive)
	}
	f.inside = nil
}

// worse tells whether a reading failed where the one before did not.
func worse(now, was candor.Condition) bool {
	bad := func(c candor.Condition) bool { return c == candor.Failed || c == candor.Encrypted }
	return bad(now) && !bad(was)
}

// replace makes durable and searchable what was read of an item, and lets go of
// renditions that it has no more.
func (a *Archive) replace(ctx context.Context, was, now candor.Item, text string, translations []Translation) error {
	doc := a.document(ctx, now, a.pathOf(ctx, now), text)
	doc.Translation = searchable(translations)
	a.storing.Lock()
	defer a.storing.Unlock()
	manifest, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := a.sealUnder(ctx, candor.ItemKey(now.Collection, now.ID, candor.Manifest), manifest); err != nil {
		return err
	}
	for _, r := range was.Renditions {
		if slices.Contains(now.Renditions, r) {
			continue
		}
		if err := a.cfg.Vault.Delete(ctx, string(candor.ItemKey(now.Collection, now.ID, r))); err != nil {
			return err
		}
	}
	if err := a.cfg.Vault.Sync(ctx); err != nil {
		return err
	}
	if err := a.cfg.Catalog.PutItems(ctx, []candor.Item{now}); err != nil {
		return err
	}
	return a.cfg.Index.Put(ctx, []query.Document{doc})
}

// rereading is a sink for an item that is read again: its parts may be items already.
type rereading struct {
	sink
	keep   bool // the parts
	inside int  // parts that are not kept
}

// Part keeps a part or passes over it.
func (s *rereading) Part(p candor.Place, r io.Reader) error {
	if s.keep {
		return s.sink.Part(p, r)
	}
	s.inside++
	_, err := io.Copy(io.Discard, r)
	return err
}
