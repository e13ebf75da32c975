package archive

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/internal/query"
	"candor/receipt"
)

// rebuildBatch is how many keys one rebuild act asks the custodian for.
const rebuildBatch = 1000

// Rebuild makes the catalog and the index again from the vault and the log. It
// reads every text, so each batch of it is a recorded act that the custodian
// must agree to. Sessions survive; everything else in the catalog is replaced.
//
// An administrator may rebuild; so may whoever holds the data folder and the
// key files when the catalog is empty, since nobody can sign in then: that is
// recorded as an act of the system.
func (a *Archive) Rebuild(ctx context.Context, who Actor, progress func(done, total int64)) (candor.Totals, receipt.Receipt, error) {
	if people, _ := a.People(ctx, who); len(people) == 0 {
		who = system
	}
	a.storing.Lock()
	defer a.storing.Unlock()
	r := &rebuild{archive: a, who: who, progress: progress}
	if err := r.run(ctx); err != nil {
		return candor.Totals{}, receipt.Receipt{}, err
	}
	if err := a.load(ctx); err != nil {
		return candor.Totals{}, receipt.Receipt{}, err
	}
	a.nums.forget()
	return a.allTotals(), r.last, a.replayDecisions(ctx)
}

// rebuild is one rebuilding in progress.
type rebuild struct {
	archive  *Archive
	who      Actor
	progress func(done, total int64)
	done     int64
	total    int64
	last     receipt.Receipt // of the newest act
	names    []candor.KeyName
	places   map[string][]candor.Entry // by addition: its entries, as the items tell them
	purposes map[string]bool           // those of this archive: a shared log has others too
}

func (r *rebuild) run(ctx context.Context) error {
	if err := r.list(ctx); err != nil {
		return err
	}
	var documents, items []candor.KeyName
	for _, name := range r.names {
		if strings.HasPrefix(string(name), "document/") {
			documents = append(documents, name)
		} else {
			items = append(items, name)
		}
	}
	// The first act is recorded, and agreed to, before anything is wiped.
	opened, err := r.open(ctx, documents)
	if err != nil {
		return err
	}
	if err := r.wipe(ctx); err != nil {
		return err
	}
	if err := r.keepDocuments(ctx, opened); err != nil {
		return err
	}
	r.places = make(map[string][]candor.Entry)
	for batch := range slices.Chunk(items, rebuildBatch) {
		if err := r.keepItems(ctx, batch); err != nil {
			return err
		}
	}
	if err := r.keepAdditions(ctx, opened); err != nil {
		return err
	}
	return r.keepCoverage(ctx)
}

func (r *rebuild) wipe(ctx context.Context) error {
	if err := r.archive.cfg.Catalog.Wipe(ctx); err != nil {
		return err
	}
	return r.archive.cfg.Index.Wipe(ctx)
}

// list finds all names that a rebuild reads: documents, manifests and texts.
// An item without a manifest was never finished and is left to `candor add`.
func (r *rebuild) list(ctx context.Context) error {
	return r.archive.cfg.Vault.List(ctx, "", func(name candor.KeyName) error {
		parts := strings.Split(string(name), "/")
		switch {
		case len(parts) != 3:
		case parts[0] == "document", candor.Rendition(parts[2]) == candor.Manifest:
			r.names = append(r.names, name)
			r.total++
		}
		return nil
	})
}

// release has the keys of names released, in as many acts as it takes.
func (r *rebuild) release(ctx context.Context, names []candor.KeyName) (map[candor.KeyName][]byte, error) {
	all := make(map[candor.KeyName][]byte, len(names))
	details := Details{Subject: "rebuild", Model: r.archive.indexedBy()}
	for batch := range slices.Chunk(names, rebuildBatch) {
		keys, proof, err := r.archive.gate.releaseNames(ctx, candor.ActRebuild, r.who, details, batch)
		if err != nil {
			return nil, err
		}
		r.last = proof
		maps.Copy(all, keys)
	}
	return all, nil
}

// open opens small things: documents and manifests.
func (r *rebuild) open(ctx context.Context, names []candor.KeyName) (map[candor.KeyName][]byte, error) {
	keys, err := r.release(ctx, names)
	if err != nil {
		return nil, err
	}
	opened := make(map[candor.KeyName][]byte, len(names))
	for name, key := range keys {
		if opened[name], err = readSealed(ctx, r.archive.cfg.Vault, name, key); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

func (r *rebuild) keepDocuments(ctx context.Context, opened map[candor.KeyName][]byte) error {
	r.purposes = make(map[string]bool)
	for name, data := range opened {
		parts := strings.Split(string(name), "/")
		if parts[1] == kindPurpose {
			r.purposes[parts[2]] = true
		}
		if parts[1] != kindAddition {
			if err := r.archive.cfg.Catalog.PutDocument(ctx, parts[1], parts[2], data); err != nil {
				return err
			}
		}
		r.step(1)
	}
	return nil
}

// keepItems puts a batch of items into the catalog and the index again.
func (r *rebuild) keepItems(ctx context.Context, manifests []candor.KeyName) error {
	opened, err := r.open(ctx, manifests)
	if err != nil {
		return err
	}
	items := make([]candor.Item, 0, len(opened))
	var texts []candor.KeyName
	for _, name := range manifests {
		var item candor.Item
		if err := json.Unmarshal(opened[name], &item); err != nil {
			return candor.Wrap(err, candor.Verification, "A manifest in the vault is damaged. Restore it from a backup.")
		}
		items = append(items, item)
		texts = append(texts, keysOf(item, candor.Indexed()...)...)
		r.notePlaces(item)
	}
	if err := r.archive.cfg.Catalog.PutItems(ctx, items); err != nil {
		return err
	}
	return r.index(ctx, items, texts)
}

// index puts items into the index, some texts at a time.
func (r *rebuild) index(ctx context.Context, items []candor.Item, texts []candor.KeyName) error {
	keys, err := r.release(ctx, texts)
	if err != nil {
		return err
	}
	var docs []query.Document
	var size int
	for i, it := range items {
		text, translations, err := r.archive.textsOf(ctx, it, keys)
		if err != nil {
			return err
		}
		doc := r.archive.document(ctx, it, r.archive.pathOf(ctx, it), text)
		doc.Translation = searchable(translations)
		docs = append(docs, doc)
		size += len(text) + len(doc.Translation)
		if size > batchText || len(docs) == batchItems || i == len(items)-1 {
			if err := r.archive.cfg.Index.Put(ctx, docs); err != nil {
				return err
			}
			r.step(int64(len(docs)))
			docs, size = docs[:0], 0
		}
	}
	return nil
}

// pathOf walks up from a part to the file that was handed in.
func (a *Archive) pathOf(ctx context.Context, it candor.Item) string {
	p := it.Places[0].Path
	for _, container := range a.containersOf(ctx, it) {
		p = container.Path + "/" + p
	}
	return p
}

// containersOf are the places of what an item was found in, the innermost first,
// as far as the catalog has them: one may come in a later batch, or be gone.
func (a *Archive) containersOf(ctx context.Context, it candor.Item) []candor.Place {
	var out []candor.Place
	for up := it.Places[0].Parent; up != "" && len(out) <= deepestPart; up = out[len(out)-1].Parent {
		parent, err := a.cfg.Catalog.Item(ctx, up)
		if err != nil || len(parent.Places) == 0 {
			break
		}
		out = append(out, parent.Places[0])
	}
	return out
}

// notePlaces remembers which addition handed the item in, and where.
func (r *rebuild) notePlaces(it candor.Item) {
	for i, p := range it.Places {
		if p.Addition == "" {
			continue
		}
		r.places[p.Addition] = append(r.places[p.Addition], candor.Entry{
			Path: p.Path, Size: it.Size, ModTime: p.ModTime, Item: it.ID, Condition: it.Condition, Reason: it.Reason, Duplicate: i > 0,
		})
	}
}

func (r *rebuild) keepAdditions(ctx context.Context, opened map[candor.KeyName][]byte) error {
	for name, data := range opened {
		if !strings.HasPrefix(string(name), "document/"+kindAddition+"/") {
			continue
		}
		var doc additionDocument
		if err := json.Unmarshal(data, &doc); err != nil {
			return candor.Wrap(err, candor.Verification, "The account of an addition in the vault is damaged. Restore it from a backup.")
		}
		entries := append(r.places[doc.ID], doc.Lost...)
		if err := r.archive.cfg.Catalog.PutAddition(ctx, doc.Addition, entries); err != nil {
			return err
		}
	}
	return nil
}

// keepCoverage counts again what each purpose has been shown, from the part of
// the sealed details that only the custodian can open.
func (r *rebuild) keepCoverage(ctx context.Context) error {
	sealed := make(map[candor.KeyName][]byte)
	flush := func() error {
		defer clear(sealed)
		return r.openCoverage(ctx, sealed)
	}
	log := r.archive.cfg.Log
	err := log.Read(ctx, 0, log.Size(), func(_ int64, leaf, details []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		if err != nil || rec.New == 0 || len(details) == 0 || !r.purposes[rec.Purpose] {
			return err
		}
		_, covered, err := receipt.SplitDetails(details)
		if err != nil || len(covered) == 0 {
			return err
		}
		sealed[coverageName(rec)] = slices.Clone(covered)
		if len(sealed) < rebuildBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (r *rebuild) openCoverage(ctx context.Context, sealed map[candor.KeyName][]byte) error {
	if len(sealed) == 0 {
		return nil
	}
	a := r.archive
	work := act{kind: candor.ActRebuild, who: r.who, details: a.details(r.who, Details{Subject: "rebuild coverage"})}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		res := result{wrapped: sealed}
		for name := range sealed {
			res.keys = append(res.keys, name)
		}
		return res, nil
	})
	if err != nil {
		return err
	}
	r.last = done.receipt
	for name, data := range done.keys {
		seen := roaring.New()
		if err := seen.UnmarshalBinary(data); err != nil {
			return candor.Wrap(err, candor.Verification, "The sealed coverage of a record is damaged. Restore the log's details from a backup.")
		}
		purpose := candor.PurposeID(strings.Split(string(name), "/")[1])
		if err := a.cfg.Catalog.Cover(ctx, purpose, seen.ToArray()); err != nil {
			return err
		}
	}
	return nil
}

func (r *rebuild) step(n int64) {
	r.done += n
	if r.progress != nil {
		r.progress(r.done, r.total)
	}
}

// replayDecisions applies every recorded decision to its purpose.
func (a *Archive) replayDecisions(ctx context.Context) error {
	return a.cfg.Log.Read(ctx, 0, a.cfg.Log.Size(), func(index int64, leaf, _ []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		if err != nil {
			return err
		}
		return a.reconcile(ctx, index, rec)
	})
}
