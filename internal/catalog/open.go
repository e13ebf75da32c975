package catalog

import (
	"context"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"
	"lukechampine.com/adiantum"

	"candor"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// magic begins every SQLite database, https://sqlite.org/fileformat.html.
const magic = "SQLite format 3\x00"

// blockSize is the unit of encryption and the page size.
const blockSize = 4096

func (c *Catalog) open(ctx context.Context, cfg Config) (err error) {
	if len(cfg.Key) != KeySize {
		return candor.Errorf(candor.Invalid, "The catalog's key has %d bytes and must have %d.", len(cfg.Key), KeySize)
	}
	if cfg.vfs == "" {
		cfg.vfs = defaultVFS()
	}
	if cfg.Path, err = filepath.Abs(cfg.Path); err != nil {
		return failure(err, "open")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.closeFiles())
		}
	}()
	if c.lock, err = takeLock(ctx, cfg.Path+".lock"); err != nil {
		return err
	}
	if err := prepare(ctx, cfg); err != nil {
		return err
	}
	return c.connect(ctx, cfg)
}

// takeLock keeps other processes out for as long as the returned handle is
// open. The lock is SQLite's own file lock on an empty database, so it works
// on every system that SQLite does, and the system drops it with the process.
func takeLock(ctx context.Context, path string) (*sql.DB, error) {
	db, err := driver.Open(uri(path, "os"), func(c *sqlite3.Conn) error {
		return c.Exec(`PRAGMA busy_timeout=0; PRAGMA locking_mode=exclusive; BEGIN EXCLUSIVE`)
	})
	if err == nil {
		db.SetMaxOpenConns(1)
		err = db.PingContext(ctx)
	}
	if err == nil {
		return db, nil
	}
	if db != nil {
		err = errors.Join(err, db.Close())
	}
	if errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.LOCKED) {
		return nil, candor.Wrap(err, candor.Conflict,
			"Another Candor process has this archive's catalog open. Stop it, or use it with --server.")
	}
	return nil, failure(err, "lock")
}

// prepare makes the database file if there is none, and else checks that the
// key opens it. The check comes before SQLite sees the file: with a wrong key
// SQLite would take the journal for garbage and delete it.
func prepare(ctx context.Context, cfg Config) error {
	f, err := os.Open(cfg.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(ctx, cfg)
	}
	if err != nil {
		return failure(err, "open")
	}
	defer f.Close()
	block := make([]byte, blockSize)
	if _, err := io.ReadFull(f, block); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return failure(err, "read")
	}
	plain := adiantum.New(cfg.Key).Decrypt(block, make([]byte, 8)) // tweak: the block's offset
	if string(plain[:len(magic)]) != magic {
		return candor.Errorf(candor.Verification, "The catalog does not open with this key, or its file is damaged. "+
			"Nothing was changed. If the key is right, move the catalog's files away and run candor rebuild.")
	}
	return nil
}

// create builds a new database under another name and then moves it into
// place, so that a crash leaves either none or a whole one.
func create(ctx context.Context, cfg Config) error {
	final := cfg.Path
	cfg.Path += ".new"
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(cfg.Path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failure(err, "create")
		}
	}
	if _, err := os.Stat(final + "-wal"); err == nil {
		return candor.Errorf(candor.Verification, "The catalog's file is missing but its journal is there. "+
			"Move the journal away and run candor rebuild.")
	}
	db, err := driver.Open(uri(cfg.Path, cfg.vfs), settings(cfg.Key, "EXCLUSIVE", false))
	if err != nil {
		return failure(err, "create")
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err == nil {
		err = errors.Join(conn.Raw(enableChecksums), conn.Close())
	}
	if err == nil {
		err = migrate(ctx, db)
	}
	if err == nil { // last, so that nothing stands in the journal alone
		_, err = db.ExecContext(ctx, `PRAGMA journal_mode=WAL`)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return failure(err, "create")
	}
	// Closing tells nothing of a journal that it could not fold in.
	if wal, err := os.Stat(cfg.Path + "-wal"); err == nil && wal.Size() > 0 {
		return candor.Errorf(candor.Unavailable, "The catalog could not be made. Look at its disk and try again.")
	}
	if err := os.Rename(cfg.Path, final); err != nil {
		return failure(err, "create")
	}
	return failure(syncDir(filepath.Dir(final)), "create")
}

// enableChecksums puts a checksum at the end of every page. Under a wide-block
// cipher no change to the file yields a page that passes it.
func enableChecksums(conn any) error {
	return conn.(driver.Conn).Raw().EnableChecksums("main")
}

func (c *Catalog) connect(ctx context.Context, cfg Config) error {
	w, err := driver.Open(uri(cfg.Path, cfg.vfs), settings(cfg.Key, "NORMAL", false))
	if err != nil {
		return failure(err, "open")
	}
	w.SetMaxOpenConns(1)
	c.writer = &writer{db: w, prepared: make(map[string]*sql.Stmt)}
	if err := upgrade(ctx, w); err != nil {
		return failure(err, "open")
	}
	if c.writer.conn, err = w.Conn(ctx); err != nil {
		return failure(err, "open")
	}
	// The first write makes the journal file; its name must be durable before
	// anything in it is acknowledged, which the VFS leaves to us.
	if _, err := c.writer.conn.ExecContext(ctx, deleteExpired, c.now().UnixNano()); err != nil {
		return failure(err, "open")
	}
	if err := syncDir(filepath.Dir(cfg.Path)); err != nil {
		return failure(err, "open")
	}
	r, err := driver.Open(uri(cfg.Path, cfg.vfs), settings(cfg.Key, "NORMAL", true))
	if err != nil {
		return failure(err, "open")
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	c.reader = &reader{db: r, prepared: make(map[string]*sql.Stmt)}
	return failure(r.PingContext(ctx), "open")
}

// settings is run on every new connection. The key goes first and never into
// the URI, which SQLite hands around.
func settings(key []byte, locking string, readOnly bool) func(*sqlite3.Conn) error {
	return func(c *sqlite3.Conn) error {
		return c.Exec(fmt.Sprintf(`
			PRAGMA hexkey='%s';
			PRAGMA busy_timeout=10000;
			PRAGMA locking_mode=%s;
			PRAGMA synchronous=FULL;
			PRAGMA temp_store=MEMORY;
			PRAGMA secure_delete=ON;
			PRAGMA trusted_schema=OFF;
			PRAGMA cache_size=-8000;
			PRAGMA query_only=%t;`, hex.EncodeToString(key), locking, readOnly))
	}
}

func uri(path, vfs string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "vfs=" + url.QueryEscape(vfs)}
	return u.String()
}

// upgrade brings an existing database's schema to the newest version that this
// binary knows. The version is read first and by ourselves: damage would make
// the migration library believe that there is no schema yet.
func upgrade(ctx context.Context, db *sql.DB) error {
	p, err := migrator(db)
	if err != nil {
		return err
	}
	var current int64
	if err := db.QueryRowContext(ctx, schemaVersion).Scan(&current); err != nil {
		return err
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	if current > newest {
		return candor.Errorf(candor.Conflict, "The catalog was written by a newer Candor (its schema is %d, this one knows %d). "+
			"Nothing was changed. Use the newer version, or move the catalog's files away and run candor rebuild.", current, newest)
	}
	if current < newest {
		_, err = p.Up(ctx)
	}
	return err
}

const schemaVersion = `SELECT max(version_id) FROM goose_db_version`

func migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrate makes the schema in a new database.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := migrator(db)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// closeFiles closes the readers first, so that the writer, being last, folds
// its journal into the database file.
func (c *Catalog) closeFiles() error {
	var errs []error
	if c.reader != nil {
		errs = append(errs, c.reader.close())
	}
	if c.writer != nil {
		errs = append(errs, c.writer.close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
