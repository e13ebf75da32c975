package archive

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"candor"
	"candor/receipt"
)

// mostExported bounds one export act.
const mostExported = 10_000

// Export writes the originals of items as one zip to w, with a manifest and a
// receipt inside. Nothing is written before the record is durable and the
// custodian has released every key: an export is whole or does not begin.
func (a *Archive) Export(ctx context.Context, who Actor, purpose candor.PurposeID, ids []candor.ItemID, w io.Writer) (receipt.Receipt, error) {
	if len(ids) == 0 || len(ids) > mostExported {
		return receipt.Receipt{}, candor.Errorf(candor.Invalid, "An export has between 1 and %d items; this one has %d.", mostExported, len(ids))
	}
	work, err := a.under(ctx, candor.ActExport, who, purpose, Details{Items: ids})
	if err != nil {
		return receipt.Receipt{}, err
	}
	items, err := a.chosen(ctx, &work, ids)
	if err != nil {
		return receipt.Receipt{}, err
	}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		return a.originalsOutcome(items), nil
	})
	if err != nil {
		return receipt.Receipt{}, err
	}
	return done.receipt, a.writeExport(ctx, w, items, done)
}

// chosen finds the items that one act is about, of one collection.
func (a *Archive) chosen(ctx context.Context, work *act, ids []candor.ItemID) ([]candor.Item, error) {
	seen := make(map[candor.ItemID]bool, len(ids))
	var items []candor.Item
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		item, err := a.openable(ctx, work, id)
		if err != nil {
			return nil, err
		}
		if work.refusal != nil {
			return nil, nil
		}
		items = append(items, item)
		work.collection = items[0].Collection
		if item.Collection != items[0].Collection {
			return nil, candor.Errorf(candor.Invalid, "One act has items of one collection. Take each collection by itself.")
		}
	}
	return items, nil
}

// originalsOutcome states the facts of an act that has the originals of items.
func (a *Archive) originalsOutcome(items []candor.Item) result {
	res := result{matched: int64(len(items)), collected: a.totals.of(items[0].Collection).Items}
	for _, it := range items {
		res.shown = append(res.shown, it.Num)
		res.items = append(res.items, it.ID)
		res.bytes += it.Size
		res.keys = append(res.keys, candor.ItemKey(it.Collection, it.ID, candor.Original))
	}
	return res
}

// exported is one line of an export's manifest.
type exported struct {
	File string `json:"file"`
	candor.Item
}

func (a *Archive) writeExport(ctx context.Context, w io.Writer, items []candor.Item, done passed) error {
	z := zip.NewWriter(w)
	manifest := make([]exported, len(items))
	for i, it := range items {
		manifest[i] = exported{File: fmt.Sprintf("items/%05d-%s", i+1, safeName(it.Name)), Item: it}
		if err := a.writeExported(ctx, z, manifest[i], done); err != nil {
			return err
		}
	}
	list, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"manifest.json": list, "receipt.txt": done.receipt.Marshal()} {
		f, err := z.Create(name)
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
	}
	return z.Close()
}

func (a *Archive) writeExported(ctx context.Context, z *zip.Writer, e exported, done passed) error {
	name := candor.ItemKey(e.Collection, e.ID, candor.Original)
	c, err := a.cfg.Vault.Open(ctx, name, done.keys[name])
	if err != nil {
		return err
	}
	defer c.Close()
	f, err := z.CreateHeader(&zip.FileHeader{Name: e.File, Method: zip.Deflate, Modified: e.Added})
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(c, 0, c.Size()))
	return err
}

// safeName keeps a name from leaving the folder into which it is unpacked.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	return strings.TrimLeft(name, ".")
}
