package archive

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"candor"
	"candor/internal/query"
)

// draft is an item that is being made or changed, from the moment its content
// is known until every batch that holds it is committed. Whoever hands in the
// same content meanwhile shares the draft.
type draft struct {
	ready chan struct{} // closed when the item is read; err says whether it was

	mu      sync.Mutex
	err     error
	item    candor.Item
	doc     query.Document
	dirty   bool // the manifest and the catalog are behind
	toIndex bool // the index is behind
	counted bool // in the collection's totals

	refs int // guarded by drafts.mu
}

// become makes the draft a new item with its index document.
func (d *draft) become(item candor.Item, doc query.Document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.item, d.doc, d.dirty, d.toIndex = item, doc, true, true
}

// addPlace adds a place, unless the item has it already.
func (d *draft) addPlace(p candor.Place) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	same := func(q candor.Place) bool {
		return q.Path == p.Path && q.Parent == p.Parent && q.ModTime.Equal(p.ModTime)
	}
	if slices.ContainsFunc(d.item.Places, same) {
		return false
	}
	d.item.Places = append(slices.Clone(d.item.Places), p)
	d.dirty = true
	return true
}

// asItIs returns the item, and whether the catalog has it.
func (d *draft) asItIs() (item candor.Item, stored bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.item, d.counted
}

// drafts holds all drafts, by item.
type drafts struct {
	mu   sync.Mutex
	open map[candor.ItemID]*draft
}

// claim returns the draft of an item. If fresh, the item is new and the caller
// must read it and then settle the draft; if not, it is ready for use. Each
// claim ends with a drop.
func (s *drafts) claim(ctx context.Context, id candor.ItemID, catalog Catalog) (d *draft, fresh bool, err error) {
	for {
		d, mine := s.enter(id)
		if mine {
			return s.look(ctx, d, id, catalog)
		}
		select {
		case <-d.ready:
		case <-ctx.Done():
			s.drop(d)
			return nil, false, ctx.Err()
		}
		d.mu.Lock()
		failed := d.err != nil
		d.mu.Unlock()
		if !failed {
			return d, false, nil
		}
		s.drop(d) // whoever read it did not succeed: try ourselves
	}
}

func (s *drafts) enter(id candor.ItemID) (d *draft, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[candor.ItemID]*draft)
	}
	if d = s.open[id]; d != nil {
		d.refs++
		return d, false
	}
	d = &draft{ready: make(chan struct{}), item: candor.Item{ID: id}, refs: 1}
	s.open[id] = d
	return d, true
}

// look finds out whether a claimed item is in the catalog.
func (s *drafts) look(ctx context.Context, d *draft, id candor.ItemID, catalog Catalog) (*draft, bool, error) {
	item, err := catalog.Item(ctx, id)
	if candor.CodeOf(err) == candor.NotFound {
		return d, true, nil
	}
	if err == nil {
		d.mu.Lock()
		d.item, d.counted = item, true
		d.mu.Unlock()
	}
	s.settle(d, err)
	if err != nil {
		s.drop(d)
		return nil, false, err
	}
	return d, false, nil
}

// settle says that a draft is read, or why it could not be.
func (s *drafts) settle(d *draft, err error) {
	d.mu.Lock()
	d.err = err
	d.mu.Unlock()
	if err != nil {
		s.mu.Lock()
		if s.open[d.item.ID] == d {
			delete(s.open, d.item.ID)
		}
		s.mu.Unlock()
	}
	close(d.ready)
}

func (s *drafts) share(d *draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.refs++
}

func (s *drafts) drop(d *draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.refs--; d.refs == 0 && s.open[d.item.ID] == d {
		delete(s.open, d.item.ID)
	}
}

// additionDocument is the account of an addition as the vault keeps it. Files
// that became items are told by the items' places; Lost are the others.
type additionDocument struct {
	candor.Addition
	Lost []candor.Entry `json:"lost,omitempty"`
}

// store makes a batch durable and searchable, and then records its outcome. It
// returns the account with the outcome's place in the log.
// Batches are stored one at a time, because additions can share drafts: what
// one batch takes over is stored before another relies on it.
func (a *Archive) store(ctx context.Context, b *batch, figure candor.Addition, lost []candor.Entry) (candor.Addition, error) {
	a.storing.Lock()
	defer a.storing.Unlock()
	figure, err := a.storeBatch(ctx, b, figure, lost)
	if err != nil && b != nil {
		b.renew()
	}
	return figure, err
}

// renew marks everything in a batch as not stored, so that it is stored again.
func (b *batch) renew() {
	for _, d := range b.drafts {
		d.mu.Lock()
		d.dirty, d.toIndex = true, d.doc.Item != ""
		d.mu.Unlock()
	}
}

func (a *Archive) storeBatch(ctx context.Context, b *batch, figure candor.Addition, lost []candor.Entry) (candor.Addition, error) {
	held, err := a.sealManifests(ctx, b)
	if err != nil {
		return figure, err
	}
	account, err := json.Marshal(additionDocument{Addition: figure, Lost: lost})
	if err != nil {
		return figure, err
	}
	if err := a.sealUnder(ctx, documentName(kindAddition, figure.ID), account); err != nil {
		return figure, err
	}
	if err := a.cfg.Vault.Sync(ctx); err != nil {
		return figure, err
	}
	if b == nil {
		return figure, a.cfg.Catalog.PutAddition(ctx, figure, nil)
	}
	if err := a.markPending(ctx, figure.ID, b, held); err != nil {
		return figure, err
	}
	if err := a.cfg.Catalog.PutItems(ctx, held.items); err != nil {
		return figure, err
	}
	if err := a.cfg.Catalog.PutAddition(ctx, figure, b.entries); err != nil {
		return figure, err
	}
	if err := a.cfg.Index.Put(ctx, held.docs); err != nil {
		return figure, err
	}
	stored := a.now()
	a.grown.Store(&stored)
	if figure.Record, err = a.recordBatch(ctx, b); err != nil {
		return figure, err
	}
	// The outcome is recorded: nothing that follows may have the batch stored
	// again. A note that could not be cleared is cleared by the next start.
	if err := a.clearPending(ctx, figure.ID); err != nil {
		a.cfg.Logger.Warn("the note of a stored batch could not be cleared", "err", err)
	}
	if err := a.cfg.Catalog.PutAddition(ctx, figure, nil); err != nil {
		a.cfg.Logger.Warn("the account does not name its newest record", "err", err)
	}
	return figure, nil
}

// toStore is what a batch has for the catalog and the index.
type toStore struct {
	mu    sync.Mutex
	items []candor.Item
	docs  []query.Document
}

// sealManifests writes the manifest of every item that changed.
func (a *Archive) sealManifests(ctx context.Context, b *batch) (*toStore, error) {
	held := new(toStore)
	if b == nil {
		return held, nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, d := range b.drafts {
		g.Go(func() error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.dirty {
				return nil
			}
			data, err := json.Marshal(d.item)
			if err != nil {
				return err
			}
			held.mu.Lock()
			held.items = append(held.items, d.item)
			if d.toIndex {
				held.docs = append(held.docs, d.doc)
			}
			held.mu.Unlock()
			d.dirty, d.toIndex = false, false
			return a.sealUnder(ctx, candor.ItemKey(d.item.Collection, d.item.ID, candor.Manifest), data)
		})
	}
	return held, g.Wait()
}

// recordBatch writes the outcome record of a stored batch, lets go of the batch,
// and returns the record's place in the log.
func (a *Archive) recordBatch(ctx context.Context, b *batch) (int64, error) {
	b.act.at = a.cfg.Now()
	d := a.gate.decide(b.act, candor.Outcome, result{stored: b.stored}, 0)
	if !d.Allow {
		return 0, a.gate.refuse(ctx, b.act, b.intent, result{}, d)
	}
	proof, _, err := a.gate.conclude(ctx, b.act, b.intent, result{stored: b.stored, bytes: b.bytes}, nil, d)
	if err != nil {
		return 0, err
	}
	for _, draft := range b.drafts {
		draft.mu.Lock()
		if !draft.counted {
			a.totals.count(draft.item)
			draft.counted = true
		}
		draft.doc = query.Document{}
		draft.mu.Unlock()
		a.drafts.drop(draft)
	}
	return proof.Index, nil
}
