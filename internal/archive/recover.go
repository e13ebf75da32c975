package archive

import (
	"context"
	"encoding/json"
	"slices"

	"candor"
	"candor/receipt"
)

// kindPending marks, in the catalog only, a batch that is being stored. What a
// crash has cut short is finished at the next start: see finishPending.
const kindPending = "pending"

// pending is a batch on its way into the catalog, the index and the log.
type pending struct {
	Intent     int64           `json:"intent"` // index of the batch's intent; its outcome is due
	Actor      string          `json:"actor"`  // public name in that intent
	By         candor.PersonID `json:"by"`
	Collection string          `json:"collection"`
	Nums       []uint32        `json:"nums"` // items that the index must hold
	Stored     int64           `json:"stored"`
	Bytes      int64           `json:"bytes"`
}

func (a *Archive) markPending(ctx context.Context, addition string, b *batch, held *toStore) error {
	p := pending{
		Intent: b.intent, Actor: b.act.actor, By: b.act.who.Person.ID, Collection: b.act.collection,
		Stored: b.stored, Bytes: b.bytes,
	}
	for _, d := range held.docs {
		p.Nums = append(p.Nums, d.Num)
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return a.cfg.Catalog.PutDocument(ctx, kindPending, addition, data)
}

func (a *Archive) clearPending(ctx context.Context, addition string) error {
	return a.cfg.Catalog.PutDocument(ctx, kindPending, addition, nil)
}

// finishPending finishes the batches that a crash has cut short: items that
// the catalog holds are put into the index, and the outcome that the log still
// lacks is recorded. Items that did not reach the catalog were not
// acknowledged; adding their files again completes them.
func (a *Archive) finishPending(ctx context.Context) error {
	raw, err := a.cfg.Catalog.Documents(ctx, kindPending)
	if err != nil {
		return err
	}
	for addition, data := range raw {
		if len(data) == 0 {
			continue
		}
		var p pending
		if err := json.Unmarshal(data, &p); err != nil {
			return candor.Wrap(err, candor.Verification, "The catalog's note of an unfinished batch is damaged. Run `candor rebuild`.")
		}
		if err := a.finishBatchOf(ctx, p); err != nil {
			return err
		}
		if err := a.clearPending(ctx, addition); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) finishBatchOf(ctx context.Context, p pending) error {
	items, err := a.cfg.Catalog.ItemsByNum(ctx, p.Nums)
	if err != nil || len(items) < len(p.Nums) {
		return err
	}
	if err := a.indexMissing(ctx, items); err != nil {
		return err
	}
	recorded, err := a.answered(ctx, p.Intent)
	if err != nil || recorded {
		return err
	}
	acc, _ := a.books.person(p.By)
	acc.Person.ID = p.By
	work := act{kind: candor.ActAdd, who: Actor{Person: acc.Person}, actor: p.Actor, at: a.cfg.Now(), collection: p.Collection,
		details: a.details(Actor{Person: acc.Person}, Details{Subject: "finished after a restart"})}
	_, _, err = a.gate.conclude(ctx, work, p.Intent, result{stored: p.Stored, bytes: p.Bytes}, nil, candor.Decision{Allow: true, Rule: "finished-after-restart"})
	return err
}

// indexMissing puts items into the index that it does not hold. It reads their
// texts, which is an act of the system, recorded and agreed to like a rebuild.
func (a *Archive) indexMissing(ctx context.Context, items []candor.Item) error {
	held, err := a.cfg.Index.Held(ctx)
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(it candor.Item) bool { return held.Contains(it.Num) })
	var texts []candor.KeyName
	for _, it := range items {
		texts = append(texts, keysOf(it, candor.Indexed()...)...)
	}
	r := &rebuild{archive: a, who: system}
	return r.index(ctx, items, texts)
}

// answered reports whether the log has an outcome for an intent.
func (a *Archive) answered(ctx context.Context, intent int64) (bool, error) {
	found := false
	err := a.cfg.Log.Read(ctx, intent+1, a.cfg.Log.Size(), func(_ int64, leaf, _ []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		found = found || rec.Intent != nil && *rec.Intent == intent
		return err
	})
	return found, err
}
