package archive

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/internal/query"
)

const (
	placeEvery = 5 * time.Minute // how often it is looked for texts without a place
	placeBatch = 200             // items of one act; each takes one of the model's requests or more
	askedFresh = 10 * time.Second

	// kindTried documents hold, by model, the numbers of items whose texts have no
	// place because the model understands nothing of them. They stand in the
	// catalog alone: without them those are only tried once more.
	kindTried = "tried"
)

// Placing tells how far the texts are placed in meaning by the model that is set
// up.
type Placing struct {
	Model   string
	Placed  int64 // items
	Waiting int64 // items that another model placed
}

// placing remembers for a moment how far it is, since every search by meaning asks.
type placing struct {
	mu     sync.Mutex
	at     time.Time
	now    Placing
	former int64 // items that Former placed
}

func (p *placing) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = time.Time{}
}

// Placing tells how far it is. It may be some seconds old.
func (a *Archive) Placing(ctx context.Context) (Placing, error) {
	if a.cfg.Embedder == nil {
		return Placing{}, nil
	}
	now, _, err := a.placed(ctx)
	return now, err
}

func (a *Archive) placed(ctx context.Context) (now Placing, former int64, err error) {
	p := &a.placing
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.at.IsZero() && a.now().Sub(p.at) < askedFresh {
		return p.now, p.former, nil
	}
	by, others, err := a.cfg.Index.Placed(ctx, a.cfg.Embedder.Model())
	if err != nil {
		return Placing{}, 0, err
	}
	p.now = Placing{a.cfg.Embedder.Model(), int64(by.GetCardinality()), int64(others.GetCardinality())}
	if p.former = 0; a.cfg.Former != nil && p.now.Waiting > 0 {
		was, _, err := a.cfg.Index.Placed(ctx, a.cfg.Former.Model())
		if err != nil {
			return Placing{}, 0, err
		}
		p.former = int64(was.GetCardinality())
	}
	p.at = a.now()
	return p.now, p.former, nil
}

// embedderFor is the model that is asked where the words of a search stand: the
// one that is set up, or, while it has placed fewer texts, the former one. It is
// nil for a search that is not by meaning, and where there is none.
func (a *Archive) embedderFor(ctx context.Context, r SearchRequest) (Embedder, error) {
	if byMeaning(r.Mode) == "" || a.cfg.Embedder == nil || a.cfg.Former == nil {
		return a.cfg.Embedder, nil
	}
	now, former, err := a.placed(ctx)
	if err == nil && former > now.Placed {
		return a.cfg.Former, nil
	}
	return a.cfg.Embedder, err
}

// Place gives texts that the model has not placed their places in meaning, until
// ctx ends: those that another model placed, and those that were added while it
// was down. Searches go on meanwhile. Reading the texts is a rebuild of the
// system's, in as many recorded acts as it takes.
func (a *Archive) Place(ctx context.Context) {
	if a.cfg.Embedder == nil {
		return
	}
	tick := time.NewTicker(placeEvery)
	defer tick.Stop()
	var done *time.Time // how far the archive had grown when nothing was left
	for first := true; ; first = false {
		if grown := a.grown.Load(); first || done != grown {
			if _, err := a.PlaceWaiting(ctx); err == nil {
				done = grown
			} else if ctx.Err() == nil {
				a.cfg.Logger.Warn("texts could not be placed in meaning; it is tried again", "in", placeEvery, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// PlaceWaiting places what waits for it, and returns how many items got a place.
func (a *Archive) PlaceWaiting(ctx context.Context) (placed int64, err error) {
	waiting, tried, err := a.waiting(ctx)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	a.cfg.Logger.Info("placing texts in meaning", "model", a.cfg.Embedder.Model(), "items", len(waiting))
	for batch := range slices.Chunk(waiting, placeBatch) {
		if err := a.keepTried(ctx, tried); err != nil {
			return placed, err
		}
		items, err := a.cfg.Catalog.ItemsByNum(ctx, batch)
		if err != nil {
			return placed, err
		}
		n, err := a.placeItems(ctx, items, tried)
		placed += n
		if err != nil {
			return placed, errors.Join(err, a.keepTried(ctx, tried))
		}
	}
	if a.cfg.Embedder.Name() == "" {
		return placed, a.cfg.Catalog.DeleteDocument(ctx, kindTried, a.cfg.Embedder.Model())
	}
	return placed, a.keepTried(ctx, tried)
}

// waiting are the numbers of the items with a text that the model is to place.
// The built-in model never fails, so that there is something to do only if
// another model placed texts, or if this one was broken off.
func (a *Archive) waiting(ctx context.Context) (nums []uint32, tried *roaring.Bitmap, err error) {
	by, others, err := a.cfg.Index.Placed(ctx, a.cfg.Embedder.Model())
	if err != nil {
		return nil, nil, err
	}
	tried, begun, err := a.tried(ctx)
	if err != nil || a.cfg.Embedder.Name() == "" && others.IsEmpty() && !begun {
		return nil, nil, err
	}
	err = a.cfg.Catalog.EachItem(ctx, func(it candor.Item) error {
		if slices.Contains(it.Renditions, candor.Text) && !by.Contains(it.Num) && !tried.Contains(it.Num) {
			nums = append(nums, it.Num)
		}
		return nil
	})
	return nums, tried, err
}

// tried returns what was tried in vain, and whether placing was begun.
func (a *Archive) tried(ctx context.Context) (tried *roaring.Bitmap, begun bool, err error) {
	all, err := a.cfg.Catalog.Documents(ctx, kindTried)
	if err != nil {
		return nil, false, err
	}
	data, begun := all[a.cfg.Embedder.Model()]
	tried = roaring.New()
	if err := tried.UnmarshalBinary(data); err != nil {
		return roaring.New(), begun, nil // none, or damaged: they are tried once more
	}
	return tried, begun, nil
}

func (a *Archive) keepTried(ctx context.Context, tried *roaring.Bitmap) error {
	data, err := tried.ToBytes()
	if err != nil {
		return err
	}
	return a.cfg.Catalog.PutDocument(ctx, kindTried, a.cfg.Embedder.Model(), data)
}

// placeItems places the texts of some items, by one recorded act.
func (a *Archive) placeItems(ctx context.Context, items []candor.Item, tried *roaring.Bitmap) (placed int64, err error) {
	var names []candor.KeyName
	for _, it := range items {
		names = append(names, keysOf(it, candor.Indexed()...)...)
	}
	if len(names) == 0 {
		return 0, nil
	}
	keys, _, err := a.gate.releaseNames(ctx, candor.ActRebuild, system, Details{Subject: "places in meaning", Model: a.indexedBy()}, names)
	if err != nil {
		return 0, err
	}
	var docs []query.Document
	var of []candor.Item
	size := 0
	for _, it := range items {
		text, translations, err := a.textsOf(ctx, it, keys)
		if candor.CodeOf(err) == candor.NotFound {
			continue // gone, or read again meanwhile, which has placed it
		}
		if err != nil {
			return placed, err
		}
		doc := a.described(ctx, it, a.pathOf(ctx, it), text)
		doc.Translation = searchable(translations)
		if doc.Meaning, err = a.cfg.Embedder.Embed(ctx, it.Title, text); err != nil {
			return placed, err
		}
		if len(doc.Meaning.Passages) == 0 {
			tried.Add(it.Num)
			continue
		}
		docs, of, size = append(docs, doc), append(of, it), size+len(text)
		if size > batchText {
			n, err := a.putPlaced(ctx, docs, of)
			if placed += n; err != nil {
				return placed, err
			}
			docs, of, size = nil, nil, 0
		}
	}
	n, err := a.putPlaced(ctx, docs, of)
	return placed + n, err
}

// putPlaced puts documents into the index, but for those whose items have changed
// since they were read: who changed them has put them.
func (a *Archive) putPlaced(ctx context.Context, docs []query.Document, of []candor.Item) (int64, error) {
	if len(docs) == 0 {
		return 0, nil
	}
	a.storing.Lock()
	defer a.storing.Unlock()
	nums := make([]uint32, len(of))
	for i, it := range of {
		nums[i] = it.Num
	}
	now, err := a.cfg.Catalog.ItemsByNum(ctx, nums)
	if err != nil {
		return 0, err
	}
	var same []query.Document
	for i, it := range of {
		if slices.ContainsFunc(now, func(n candor.Item) bool { return n.Num == it.Num && reflect.DeepEqual(n, it) }) {
			same = append(same, docs[i])
		}
	}
	if len(same) == 0 {
		return 0, nil
	}
	if err := a.cfg.Index.Put(ctx, same); err != nil {
		return 0, err
	}
	a.placing.forget()
	return int64(len(same)), nil
}
