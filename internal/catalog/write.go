package catalog

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ncruces/go-sqlite3/driver"
)

// maxGroup is how many writes may share one transaction and its disk sync.
const maxGroup = 64

// job is one write that waits for its turn.
type job struct {
	ctx  context.Context
	run  func(*txn) error
	done chan error
}

// txn is what a write may use. Its statements are not cut short by a caller
// that goes away: SQLite would give up the whole transaction, and with it the
// writes of others.
type txn struct {
	ctx context.Context
	w   *writer
}

// writer is the one connection that writes, with its prepared statements. Only
// writeLoop uses it.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// write runs a write in a transaction that it may share with others, and
// returns when that is durable. The error of one write undoes only that write.
func (c *Catalog) write(ctx context.Context, doing string, run func(*txn) error) error {
	j := &job{ctx: ctx, run: run, done: make(chan error, 1)}
	if err := c.send(j); err != nil {
		return failure(err, doing)
	}
	return failure(<-j.done, doing)
}

func (c *Catalog) send(j *job) error {
	c.closing.RLock()
	defer c.closing.RUnlock()
	if c.closed {
		return errClosed
	}
	select {
	case c.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// writeLoop commits jobs in groups: all that arrived while the last group was
// being synced make the next.
func (c *Catalog) writeLoop() {
	defer close(c.ended)
	for first := range c.jobs {
		group := []*job{first}
	gather:
		for len(group) < maxGroup {
			select {
			case j, ok := <-c.jobs:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		c.commit(group)
	}
}

// commit runs a group in one transaction and tells each job how it ended.
func (c *Catalog) commit(group []*job) {
	results, err := c.runGroup(group)
	for i, j := range group {
		if results[i] == nil {
			results[i] = err
		}
		j.done <- results[i]
	}
}

// runGroup returns each job's own error, and the error that all share.
func (c *Catalog) runGroup(group []*job) ([]error, error) {
	results := make([]error, len(group))
	if err := c.writer.do(`BEGIN`); err != nil {
		return results, err
	}
	for i, j := range group {
		if results[i] = j.ctx.Err(); results[i] != nil {
			continue
		}
		var fatal error
		t := &txn{ctx: context.WithoutCancel(j.ctx), w: c.writer}
		if results[i], fatal = t.isolated(j.run); fatal != nil {
			return results, errors.Join(fatal, c.writer.rollback())
		}
	}
	if err := c.writer.do(`COMMIT`); err != nil {
		return results, errors.Join(err, c.writer.rollback())
	}
	return results, nil
}

// isolated runs one job. fatal means that the transaction is lost with it, as
// SQLite decides for a full or failing disk.
func (t *txn) isolated(run func(*txn) error) (own, fatal error) {
	if err := t.w.do(`SAVEPOINT job`); err != nil {
		return nil, err
	}
	if own = run(t); own != nil {
		if err := t.w.do(`ROLLBACK TO SAVEPOINT job`); err != nil {
			return own, own
		}
	}
	return own, t.w.do(`RELEASE SAVEPOINT job`)
}

func (t *txn) exec(query string, args ...any) error {
	s, err := t.w.statement(query)
	if err == nil {
		_, err = s.ExecContext(t.ctx, args...)
	}
	return err
}

// scan reads the one row of a query; sql.ErrNoRows when there is none.
func (t *txn) scan(query string, args []any, into ...any) error {
	s, err := t.w.statement(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(t.ctx, args...).Scan(into...)
}

func (w *writer) do(command string) error {
	s, err := w.statement(command)
	if err == nil {
		_, err = s.Exec()
	}
	return err
}

// rollback ends a transaction that SQLite may have ended by itself already.
func (w *writer) rollback() error {
	var active bool
	err := w.conn.Raw(func(conn any) error {
		active = !conn.(driver.Conn).Raw().GetAutocommit()
		return nil
	})
	if err != nil || !active {
		return err
	}
	return w.do(`ROLLBACK`)
}

func (w *writer) statement(query string) (*sql.Stmt, error) {
	if s := w.prepared[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.prepared[query] = s
	}
	return s, err
}

func (w *writer) close() error {
	var errs []error
	for _, s := range w.prepared {
		errs = append(errs, s.Close())
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}
