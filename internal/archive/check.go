package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

const (
	remedyRebuild = "Run `candor rebuild`: it makes the catalog and the index again from the vault and the log."
	remedyAdd     = "Add the files that they are, or stand in, again: only what is missing is read."
	remedyRestore = "Restore it from a backup, or add the file again."
	remedyDetails = "Restore the details folder of the log from a backup, and ask who had access to it."
	remedyVerify  = "Run `candor verify` on the log and compare with a backup; do not add to it before."
)

// checker gathers differences.
type checker struct {
	archive  *Archive
	found    []Difference
	progress func(done, total int64)
	done     int64
	total    int64
	held     *holdings
	gone     []goneDetails // records without their sealed details
}

type goneDetails struct {
	index int64
	rec   receipt.Record
}

func (c *checker) note(where, remedy, format string, args ...any) {
	c.found = append(c.found, Difference{Where: where, Problem: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (c *checker) step() {
	c.done++
	if c.progress != nil {
		c.progress(c.done, max(c.total, c.done))
	}
}

// Check compares the vault, the log, the catalog and the index, and names
// every difference. It opens nothing and changes nothing but for sweeping
// bodies that no name stands for.
func (a *Archive) Check(ctx context.Context, who Actor, progress func(done, total int64)) ([]Difference, error) {
	if !who.Person.Has(candor.Administrator) {
		return nil, candor.Errorf(candor.Denied, "Checking the archive is an administrator's work. Ask one, or run `candor check` where the data folder is.")
	}
	c := &checker{archive: a, held: newHoldings(), progress: progress, total: a.cfg.Log.Size() + a.allTotals().Items}
	for _, part := range []func(context.Context) error{c.log, c.vault, c.items} {
		if err := part(ctx); err != nil {
			return c.found, err
		}
	}
	return c.found, nil
}

func (a *Archive) allTotals() candor.Totals {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	var sum candor.Totals
	for name := range a.books.collections {
		t := a.totals.of(name)
		sum.Items += t.Items
		sum.Bytes += t.Bytes
	}
	return sum
}

// log re-derives the tree from the records and looks at the sealed details.
func (c *checker) log(ctx context.Context) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	size := c.archive.cfg.Log.Size()
	err := c.archive.cfg.Log.Read(ctx, 0, size, func(index int64, leaf, details []byte) error {
		more, err := tlog.StoredHashes(index, leaf, reader)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
		c.record(index, leaf, details)
		c.step()
		return nil
	})
	if err != nil {
		c.note("log", remedyVerify, "The log cannot be read to its end: %s", candor.MessageOf(err))
		return nil
	}
	for _, g := range c.gone {
		if held, _ := c.held.of(g.rec, nil); held == HeldMissing {
			c.note("log", remedyDetails, "The sealed details of record %d are missing, and nothing in the log says that they were destroyed.", g.index)
		}
	}
	return c.root(ctx, size, reader)
}

func (c *checker) root(ctx context.Context, size int64, reader tlog.HashReader) error {
	if size == 0 {
		return nil
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return err
	}
	last, err := c.archive.cfg.Log.Receipt(ctx, size-1)
	if err != nil {
		return err
	}
	text, _, _ := bytes.Cut(last.Checkpoint, []byte("\n\n"))
	signed, err := receipt.ParseCheckpoint(append(bytes.Clone(text), '\n'))
	if err != nil || (signed.Size == size && signed.Hash != root) {
		c.note("log", remedyVerify, "The records do not make the tree that the checkpoint signs.")
	}
	return nil
}

func (c *checker) record(index int64, leaf, details []byte) {
	rec, err := receipt.ParseRecord(leaf)
	if err != nil {
		c.note("log", remedyVerify, "Record %d cannot be read.", index)
		return
	}
	c.held.note(index, rec)
	if rec.Details != "" && len(details) == 0 {
		c.gone = append(c.gone, goneDetails{index, rec}) // whether under a retention rule is known at the end
	}
	if rec.Details == "" || len(details) == 0 {
		return
	}
	if sum := sha256.Sum256(details); hex.EncodeToString(sum[:]) != rec.Details {
		c.note("log", remedyDetails, "The sealed details of record %d are not those that were recorded.", index)
	}
}

// vault asks the vault to look at itself, and whether every item of the
// catalog has its manifest there and the other way round.
func (c *checker) vault(ctx context.Context) error {
	a := c.archive
	if err := a.cfg.Vault.Check(ctx, func(problem string) { c.note("vault", remedyRestore, "%s", problem) }); err != nil {
		return err
	}
	for _, info := range a.collectionNames() {
		sealed := make(map[candor.ItemID]bool)
		err := a.cfg.Vault.List(ctx, info+"/", func(name candor.KeyName) error {
			if id, ok := manifestOf(name); ok {
				sealed[id] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := c.compareVault(ctx, info, sealed); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) compareVault(ctx context.Context, collection string, sealed map[candor.ItemID]bool) error {
	var missing, extra int64
	err := c.archive.cfg.Catalog.EachItem(ctx, func(it candor.Item) error {
		if it.Collection != collection {
			return nil
		}
		if !sealed[it.ID] {
			missing++
		}
		delete(sealed, it.ID)
		return nil
	})
	if err != nil {
		return err
	}
	extra = int64(len(sealed))
	if missing > 0 {
		c.note("vault", remedyRestore, "%d items of collection %s are in the catalog and not in the vault.", missing, collection)
	}
	if extra > 0 {
		c.note("catalog", remedyRebuild, "%d items of collection %s are in the vault and not in the catalog.", extra, collection)
	}
	return nil
}

// items asks the index to look at itself, and compares it with the catalog.
func (c *checker) items(ctx context.Context) error {
	if err := c.archive.cfg.Index.Check(ctx, func(problem string) { c.note("index", remedyRebuild, "%s", problem) }); err != nil {
		return err
	}
	held, err := c.archive.cfg.Index.Held(ctx)
	if err != nil {
		return err
	}
	catalog, lacking := roaring.New(), int64(0)
	err = c.archive.cfg.Catalog.EachItem(ctx, func(it candor.Item) error {
		catalog.Add(it.Num)
		c.step()
		_, all, err := c.archive.holdsParts(ctx, it)
		if !all {
			lacking++
		}
		return err
	})
	if err != nil {
		return err
	}
	if lacking > 0 {
		c.note("catalog", remedyAdd, "%d items lack some of what is inside them.", lacking)
	}
	if n := roaring.AndNot(catalog, held).GetCardinality(); n > 0 {
		c.note("index", remedyRebuild, "%d items are in the catalog and not in the index: searches do not find them.", n)
	}
	if n := roaring.AndNot(held, catalog).GetCardinality(); n > 0 {
		c.note("index", remedyRebuild, "%d items are in the index and not in the catalog.", n)
	}
	return nil
}

func (a *Archive) collectionNames() []string {
	infos, _ := a.Collections(context.Background(), system)
	names := make([]string, len(infos))
	for i, info := range infos {
		names[i] = info.Name
	}
	return names
}

// manifestOf tells whether a key name is a manifest's, and of which item.
func manifestOf(name candor.KeyName) (candor.ItemID, bool) {
	parts := strings.Split(string(name), "/")
	if len(parts) != 3 || candor.Rendition(parts[2]) != candor.Manifest {
		return "", false
	}
	return candor.ItemID(parts[1]), true
}
