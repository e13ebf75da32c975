package catalog

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
)

const (
	cover      = `INSERT INTO coverage (purpose, num) VALUES ($1, $2) ON CONFLICT (purpose, num) DO NOTHING`
	coverageOf = `SELECT num FROM coverage WHERE purpose = $1`
)

// Cover adds item numbers to a purpose's coverage. They are durable when it
// returns, so that what is shown next has been counted.
func (c *Catalog) Cover(ctx context.Context, p candor.PurposeID, nums []uint32) error {
	if len(nums) == 0 {
		return nil
	}
	err := c.write(ctx, "count coverage", func(t *txn) error {
		for _, n := range nums {
			if err := t.exec(cover, string(p), int64(n)); err != nil {
				return err
			}
		}
		return nil
	})
	c.covered.Lock()
	defer c.covered.Unlock()
	if err != nil {
		delete(c.coverage, p) // read what the disk holds
		return err
	}
	if known := c.coverage[p]; known != nil {
		known.AddMany(nums)
	}
	return nil
}

// Coverage returns the numbers of all items that a purpose has been shown. The
// bitmap is the caller's own.
func (c *Catalog) Coverage(ctx context.Context, p candor.PurposeID) (*roaring.Bitmap, error) {
	c.covered.Lock()
	defer c.covered.Unlock()
	if known := c.coverage[p]; known != nil {
		return known.Clone(), c.usable()
	}
	nums := roaring.New()
	err := c.each(ctx, coverageOf, []any{string(p)}, func(scan func(...any) error) error {
		var n uint32
		err := scan(&n)
		nums.Add(n)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.coverage[p] = nums
	return nums.Clone(), nil
}
