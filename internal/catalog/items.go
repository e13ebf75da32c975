package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"

	"candor"
)

// Statements are the same text for SQLite and PostgreSQL; the tables are made
// by files under migrations, one folder a database. SQLite numbers $1, $2 by
// first appearance, so they must first appear in that order.
const (
	reserveNums = `UPDATE meta SET value = value + $1 WHERE name = 'next_num' AND value + $2 <= $3 RETURNING value`
	raiseNums   = `UPDATE meta SET value = $1 WHERE name = 'next_num' AND value < $2`

	putItem = `INSERT INTO items (num, id, collection, condition, size, data) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET num = excluded.num, collection = excluded.collection,
			condition = excluded.condition, size = excluded.size, data = excluded.data`
	itemTally  = `SELECT collection, condition, size FROM items WHERE id = $1`
	itemByID   = `SELECT data FROM items WHERE id = $1`
	itemByNum  = `SELECT data FROM items WHERE num = $1`
	itemsAfter = `SELECT num, data FROM items WHERE num > $1 ORDER BY num LIMIT $2`
	deleteItem = `DELETE FROM items WHERE id = $1`

	addTotals = `INSERT INTO totals (collection, condition, items, bytes) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collection, condition) DO UPDATE SET
			items = totals.items + excluded.items, bytes = totals.bytes + excluded.bytes`
	totalsOfAll = `SELECT condition, items, bytes FROM totals`
	totalsOf    = `SELECT condition, items, bytes FROM totals WHERE collection = $1`
)

// pageSize is how many items EachItem reads at a time.
const pageSize = 500

// ReserveNums returns the first of n item numbers that nobody else gets, now
// or later; numbers begin at 1 and outlive Wipe. It fails with TooLarge when
// 2^32 are used up.
func (c *Catalog) ReserveNums(ctx context.Context, n uint32) (uint32, error) {
	var next int64
	err := c.write(ctx, "reserve item numbers", func(t *txn) error {
		err := t.scan(reserveNums, []any{int64(n), int64(n), int64(math.MaxUint32) + 1}, &next)
		if errors.Is(err, sql.ErrNoRows) {
			return candor.Errorf(candor.TooLarge, "The archive has used up its item numbers. Begin a new archive.")
		}
		return err
	})
	return uint32(next - int64(n)), err
}

// PutItems inserts items or replaces those with the same ID. An item under a
// number that another item has is a Conflict, and then none is put.
func (c *Catalog) PutItems(ctx context.Context, items []candor.Item) error {
	data := make([][]byte, len(items))
	for i := range items {
		var err error
		if data[i], err = json.Marshal(&items[i]); err != nil {
			return candor.Wrap(err, candor.Invalid, "An item's account cannot be stored.")
		}
	}
	return c.write(ctx, "store items", func(t *txn) error {
		change, highest := tally{}, uint32(0)
		for i := range items {
			if err := t.putItem(&items[i], data[i], change); err != nil {
				return err
			}
			highest = max(highest, items[i].Num)
		}
		if err := t.exec(raiseNums, int64(highest)+1, int64(highest)+1); err != nil {
			return err
		}
		return t.addTotals(change)
	})
}

// tally is a change of totals.
type tally map[tallyKey]tallyValue

type tallyKey struct{ collection, condition string }

type tallyValue struct{ items, bytes int64 }

func (c tally) add(k tallyKey, items, bytes int64) {
	v := c[k]
	c[k] = tallyValue{v.items + items, v.bytes + bytes}
}

func (t *txn) putItem(it *candor.Item, data []byte, change tally) error {
	if err := t.takeFromTally(it.ID, change); err != nil {
		return err
	}
	change.add(tallyKey{it.Collection, string(it.Condition)}, 1, it.Size)
	return t.exec(putItem, int64(it.Num), string(it.ID), it.Collection, string(it.Condition), it.Size, data)
}

// takeFromTally counts an item out, if it is held.
func (t *txn) takeFromTally(id candor.ItemID, change tally) error {
	var old tallyKey
	var size int64
	err := t.scan(itemTally, []any{string(id)}, &old.collection, &old.condition, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	change.add(old, -1, -size)
	return err
}

func (t *txn) addTotals(change tally) error {
	for k, v := range change {
		if v == (tallyValue{}) {
			continue
		}
		if err := t.exec(addTotals, k.collection, k.condition, v.items, v.bytes); err != nil {
			return err
		}
	}
	return nil
}

// Item returns an item, or a NotFound error.
func (c *Catalog) Item(ctx context.Context, id candor.ItemID) (candor.Item, error) {
	var it candor.Item
	found, err := c.one(ctx, itemByID, []any{string(id)}, fromJSON{&it})
	if err == nil && !found {
		err = candor.Errorf(candor.NotFound, "There is no such item.")
	}
	return it, err
}

// ItemsByNum returns items in the order of nums; numbers not held are left out.
func (c *Catalog) ItemsByNum(ctx context.Context, nums []uint32) ([]candor.Item, error) {
	items := make([]candor.Item, 0, len(nums))
	for _, n := range nums {
		var it candor.Item
		found, err := c.one(ctx, itemByNum, []any{int64(n)}, fromJSON{&it})
		if err != nil {
			return nil, err
		}
		if found {
			items = append(items, it)
		}
	}
	return items, nil
}

// EachItem calls yield for every item, by number. It reads in pages and holds
// nothing between them, so yield may take long and may call the catalog; an
// item put or deleted meanwhile is seen or not.
func (c *Catalog) EachItem(ctx context.Context, yield func(candor.Item) error) error {
	last := int64(-1)
	for {
		page := make([]candor.Item, 0, pageSize)
		err := c.each(ctx, itemsAfter, []any{last, pageSize}, func(scan func(...any) error) error {
			var it candor.Item
			if err := scan(&last, fromJSON{&it}); err != nil {
				return err
			}
			page = append(page, it)
			return nil
		})
		if err != nil {
			return err
		}
		for _, it := range page {
			if err := yield(it); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// DeleteItem removes an item with its places. An item not held is no error.
func (c *Catalog) DeleteItem(ctx context.Context, id candor.ItemID) error {
	return c.write(ctx, "delete an item", func(t *txn) error {
		change := tally{}
		if err := t.takeFromTally(id, change); err != nil {
			return err
		}
		if err := t.exec(deleteItem, string(id)); err != nil {
			return err
		}
		return t.addTotals(change)
	})
}

// Totals counts a collection's items, or all with "", in constant time.
func (c *Catalog) Totals(ctx context.Context, collection string) (candor.Totals, error) {
	query, args := totalsOf, []any{collection}
	if collection == "" {
		query, args = totalsOfAll, nil
	}
	all := candor.Totals{Conditions: make(map[candor.Condition]int64)}
	err := c.each(ctx, query, args, func(scan func(...any) error) error {
		var condition string
		var items, bytes int64
		if err := scan(&condition, &items, &bytes); err != nil {
			return err
		}
		if items != 0 {
			all.Items += items
			all.Bytes += bytes
			all.Conditions[candor.Condition(condition)] += items
		}
		return nil
	})
	return all, err
}
