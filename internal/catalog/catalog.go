// Package catalog is the archive's database of items, additions, documents,
// coverage and sessions, in one SQLite file that is encrypted at rest. Open
// one with New; the port it fills is archive.Catalog.
//
// What never breaks: what a method acknowledged is on disk; a method happens
// wholly or not at all; no name, title, query or path stands readable in any
// file that this package writes; damage is reported and never read as data.
// All but sessions can be rebuilt from the vault and the log, so a catalog that
// is lost or damaged costs a rebuild and nothing else.
package catalog

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
)

// KeySize is the length of Config.Key in bytes.
const KeySize = 32

// readers is how many reads may run at once beside the one writer. Each holds
// a SQLite connection with its own page cache.
const readers = 4

// Config says where a catalog stands and what opens it.
type Config struct {
	Path   string           // of the database file; "-wal", "-shm" and ".lock" stand beside it
	Key    []byte           // KeySize bytes; the catalog's own key, used for nothing else
	Now    func() time.Time // nil is time.Now; decides when a session has expired
	Logger *slog.Logger     // nil discards

	vfs string // the encrypting file system; tests put a failing disk below it
}

// Catalog is an open catalog. Every method is safe for concurrent use, atomic,
// and durable when it returns without an error: concurrent writes share a
// transaction and its disk sync. A write that returns an error has not
// happened, except when the error's code is Unavailable: then the disk did not
// say whether it has. Errors are candor.Error: NotFound, Invalid, Conflict,
// Unavailable (disk, closed, context done) and Verification (damage).
type Catalog struct {
	now    func() time.Time
	log    *slog.Logger
	lock   *sql.DB // held open: its file lock keeps a second process out
	writer *writer
	reader *reader

	closing sync.RWMutex // held to send on jobs; taken to close it
	closed  bool
	jobs    chan *job
	ended   chan struct{} // closed when writeLoop has ended

	covered sync.Mutex // guards coverage
	// coverage mirrors table coverage for the purposes used since New. A search
	// needs it whole, and this process is the only one that writes it.
	coverage map[candor.PurposeID]*roaring.Bitmap
}

// New opens the catalog at cfg.Path, making it if there is none, and brings
// its schema up to this version. It fails with Verification when the key is
// not this catalog's or the file is damaged, and with Conflict when another
// process holds it or a newer Candor wrote it; the file is then unchanged.
func New(ctx context.Context, cfg Config) (*Catalog, error) {
	c := &Catalog{
		now:      cfg.Now,
		log:      cfg.Logger,
		jobs:     make(chan *job, maxGroup),
		ended:    make(chan struct{}),
		coverage: make(map[candor.PurposeID]*roaring.Bitmap),
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.open(ctx, cfg); err != nil {
		return nil, err
	}
	go c.writeLoop()
	return c, nil
}

// Close waits for writes under way, folds the journal into the database file
// and releases the lock. Methods called later return Unavailable.
func (c *Catalog) Close() error {
	c.closing.Lock()
	if c.closed {
		c.closing.Unlock()
		return nil
	}
	c.closed = true
	close(c.jobs)
	c.closing.Unlock()
	<-c.ended
	return failure(c.closeFiles(), "close")
}
