package endpoint

import (
	"context"
	"sync/atomic"
	"time"
)

// pause is how long a model that could not be asked is left alone, so that adding
// a million items does not wait for it a million times.
const pause = 30 * time.Second

// Rest leaves a model alone for half a minute after it could not be asked. Safe for
// concurrent use.
type Rest struct {
	until atomic.Int64 // in Unix nanoseconds
}

// Due tells whether the model is to be left alone now.
func (r *Rest) Due() bool { return time.Now().UnixNano() < r.until.Load() }

// After begins a rest if asking failed, other than by whoever asked having gone away.
func (r *Rest) After(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		r.until.Store(time.Now().Add(pause).UnixNano())
	}
}
