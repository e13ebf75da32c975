package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"sync"

	"candor"
)

// reader is a pool of connections that cannot write, with their prepared
// statements.
type reader struct {
	db       *sql.DB
	mu       sync.Mutex // guards prepared
	prepared map[string]*sql.Stmt
}

func (r *reader) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.prepared[query]; s != nil {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, query)
	if err == nil {
		r.prepared[query] = s
	}
	return s, err
}

func (r *reader) close() error {
	var errs []error
	for _, s := range r.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}

// each calls row for every row of a query. The rows are those of one moment.
func (c *Catalog) each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) error {
	if err := c.usable(); err != nil {
		return err
	}
	s, err := c.reader.statement(ctx, query)
	if err != nil {
		return failure(err, "read")
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return failure(err, "read")
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return failure(err, "read")
		}
	}
	return failure(rows.Err(), "read")
}

// one reads the one row of a query, and reports whether there is one.
func (c *Catalog) one(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	err = c.each(ctx, query, args, func(scan func(...any) error) error {
		found = true
		return scan(into...)
	})
	return found, err
}

// fromJSON scans a column of JSON into what it points to.
type fromJSON struct{ into any }

// Scan implements sql.Scanner.
func (j fromJSON) Scan(column any) error {
	data, ok := column.([]byte)
	if !ok {
		return candor.Errorf(candor.Verification, "The catalog holds a %T where an account should stand. Run candor rebuild.", column)
	}
	if err := json.Unmarshal(data, j.into); err != nil {
		return candor.Wrap(err, candor.Verification, "The catalog holds an account that cannot be read. Run candor rebuild.")
	}
	return nil
}

func (c *Catalog) usable() error {
	c.closing.RLock()
	defer c.closing.RUnlock()
	if c.closed {
		return errClosed
	}
	return nil
}
