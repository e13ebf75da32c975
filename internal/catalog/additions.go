package catalog

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"candor"
)

const (
	putAddition = `INSERT INTO additions (id, started, data) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET started = excluded.started, data = excluded.data`
	additionByID    = `SELECT data FROM additions WHERE id = $1`
	additionsNewest = `SELECT data FROM additions ORDER BY started DESC, id DESC LIMIT $1`

	putEntry = `INSERT INTO entries (addition, collection, path, size, mod_time, item, condition, reason, duplicate, items)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	entryColumns = `SELECT path, size, mod_time, item, condition, reason, duplicate, items FROM entries `
	entriesAll   = entryColumns + `WHERE addition = $1 ORDER BY path, num LIMIT $2 OFFSET $3`
	entriesIn    = entryColumns + `WHERE addition = $1 AND condition = $2 ORDER BY path, num LIMIT $3 OFFSET $4`
	entryKnown   = entryColumns + `WHERE collection = $1 AND path = $2 AND size = $3 AND mod_time = $4
		AND condition <> 'failed' ORDER BY num DESC LIMIT 1`
)

// PutAddition inserts or replaces an addition's figures and adds new entries
// to its account. Entries stay as they are: a path that was handed in twice
// has two.
func (c *Catalog) PutAddition(ctx context.Context, a candor.Addition, entries []candor.Entry) error {
	data, err := json.Marshal(&a)
	if err != nil {
		return candor.Wrap(err, candor.Invalid, "The addition's account cannot be stored.")
	}
	return c.write(ctx, "store an addition", func(t *txn) error {
		if err := t.exec(putAddition, a.ID, nanos(a.Started), data); err != nil {
			return err
		}
		for i := range entries {
			if err := t.putEntry(&a, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *txn) putEntry(a *candor.Addition, e *candor.Entry) error {
	return t.exec(putEntry, a.ID, a.Collection, e.Path, e.Size, nanos(e.ModTime), string(e.Item),
		string(e.Condition), e.Reason, bit(e.Duplicate), e.Items)
}

// Addition returns an addition's figures, or a NotFound error.
func (c *Catalog) Addition(ctx context.Context, id string) (candor.Addition, error) {
	var a candor.Addition
	found, err := c.one(ctx, additionByID, []any{id}, fromJSON{&a})
	if err == nil && !found {
		err = candor.Errorf(candor.NotFound, "There is no such addition.")
	}
	return a, err
}

// Additions returns the newest additions first; all with a limit of 0.
func (c *Catalog) Additions(ctx context.Context, limit int) ([]candor.Addition, error) {
	var all []candor.Addition
	err := c.each(ctx, additionsNewest, []any{atMost(limit)}, func(scan func(...any) error) error {
		var a candor.Addition
		if err := scan(fromJSON{&a}); err != nil {
			return err
		}
		all = append(all, a)
		return nil
	})
	return all, err
}

// Entries returns an addition's entries with a condition ("" for all), in
// order of path; all from offset on with a limit of 0.
func (c *Catalog) Entries(ctx context.Context, id string, cond candor.Condition, offset, limit int) ([]candor.Entry, error) {
	query, args := entriesIn, []any{id, string(cond), atMost(limit), max(offset, 0)}
	if cond == "" {
		query, args = entriesAll, []any{id, atMost(limit), max(offset, 0)}
	}
	return c.entries(ctx, query, args)
}

// KnownFile finds the newest entry for a path of a collection with this size
// and modification time whose condition is not failed.
func (c *Catalog) KnownFile(ctx context.Context, collection, path string, size int64, modTime time.Time) (candor.Entry, bool, error) {
	found, err := c.entries(ctx, entryKnown, []any{collection, path, size, nanos(modTime)})
	if err != nil || len(found) == 0 {
		return candor.Entry{}, false, err
	}
	return found[0], true, nil
}

func (c *Catalog) entries(ctx context.Context, query string, args []any) ([]candor.Entry, error) {
	var all []candor.Entry
	err := c.each(ctx, query, args, func(scan func(...any) error) error {
		var e candor.Entry
		var modTime, duplicate int64
		err := scan(&e.Path, &e.Size, &modTime, &e.Item, &e.Condition, &e.Reason, &duplicate, &e.Items)
		e.ModTime, e.Duplicate = fromNanos(modTime), duplicate != 0
		all = append(all, e)
		return err
	})
	return all, err
}

// noTime stands for a time that is not known.
const noTime = math.MinInt64

// Nanoseconds since 1970 reach from 1678 to 2262. A file's time can be outside,
// by a hostile archive for one; it is then moved to the bound.
var (
	firstTime = time.Unix(0, math.MinInt64+1)
	lastTime  = time.Unix(0, math.MaxInt64)
)

func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return noTime
	case t.Before(firstTime):
		return firstTime.UnixNano()
	case t.After(lastTime):
		return lastTime.UnixNano()
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == noTime {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func atMost(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
