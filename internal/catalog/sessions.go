package catalog

import (
	"context"
	"time"

	"candor"
)

const (
	putSession = `INSERT INTO sessions (hash, who, expires) VALUES ($1, $2, $3)
		ON CONFLICT (hash) DO UPDATE SET who = excluded.who, expires = excluded.expires`
	sessionByHash = `SELECT who, expires FROM sessions WHERE hash = $1`
	deleteSession = `DELETE FROM sessions WHERE hash = $1`
	deleteExpired = `DELETE FROM sessions WHERE expires <= $1`
)

// PutSession stores a session under the SHA-256 of its secret, and forgets
// those that have expired.
func (c *Catalog) PutSession(ctx context.Context, hash []byte, who candor.PersonID, expires time.Time) error {
	return c.write(ctx, "store a session", func(t *txn) error {
		if err := t.exec(deleteExpired, c.now().UnixNano()); err != nil {
			return err
		}
		return t.exec(putSession, hash, string(who), nanos(expires))
	})
}

// Session returns who holds a session and until when, or a NotFound error when
// there is none or it has expired.
func (c *Catalog) Session(ctx context.Context, hash []byte) (candor.PersonID, time.Time, error) {
	var who string
	var expires int64
	found, err := c.one(ctx, sessionByHash, []any{hash}, &who, &expires)
	if err == nil && (!found || expires <= c.now().UnixNano()) {
		return "", time.Time{}, candor.Errorf(candor.NotFound, "There is no such session. Sign in again.")
	}
	return candor.PersonID(who), fromNanos(expires), err
}

// DeleteSession ends a session; one that is not there is no error.
func (c *Catalog) DeleteSession(ctx context.Context, hash []byte) error {
	return c.write(ctx, "end a session", func(t *txn) error {
		return t.exec(deleteSession, hash)
	})
}
