package catalog

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
)

// wiped are the tables that a rebuild fills. Sessions stay, and so does meta:
// an item number must never stand for a second item.
var wiped = []string{
	`DELETE FROM items`, `DELETE FROM totals`, `DELETE FROM additions`,
	`DELETE FROM entries`, `DELETE FROM documents`, `DELETE FROM coverage`,
}

// Wipe empties the catalog of all but sessions and the count of item numbers.
func (c *Catalog) Wipe(ctx context.Context) error {
	err := c.write(ctx, "be emptied", func(t *txn) error {
		for _, query := range wiped {
			if err := t.exec(query); err != nil {
				return err
			}
		}
		return nil
	})
	c.covered.Lock()
	defer c.covered.Unlock()
	c.coverage = make(map[candor.PurposeID]*roaring.Bitmap)
	return err
}
