package catalog

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"

	"candor"
)

// failingDisk is a file system that fails when it is told to, below the
// encryption.
type failingDisk struct {
	vfs.VFS
	writes atomic.Int64 // writes left before every write fails with fault
	fault  atomic.Int64 // SQLite result code
	syncs  atomic.Int64 // syncs left before every sync fails; negative is never
}

// never is more writes than a test makes.
const never = 1 << 60

func newFailingDisk(t *testing.T) *failingDisk {
	d := &failingDisk{VFS: vfs.Find("")}
	d.heal()
	vfs.Register("failing-"+t.Name(), adiantum.Wrap(d, nil))
	t.Cleanup(func() { vfs.Unregister("failing-" + t.Name()) })
	return d
}

func (d *failingDisk) heal() { d.writes.Store(never); d.syncs.Store(never) }

func (d *failingDisk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(d.VFS, name, flags)
	if err != nil {
		return f, flags, err
	}
	return &failingFile{File: f, disk: d}, flags, nil
}

type failingFile struct {
	vfs.File
	disk *failingDisk
}

func (f *failingFile) WriteAt(p []byte, off int64) (int, error) {
	if f.disk.writes.Add(-1) < 0 {
		return 0, sqlite3.ErrorCode(f.disk.fault.Load())
	}
	return f.File.WriteAt(p, off)
}

func (f *failingFile) Sync(flags vfs.SyncFlag) error {
	if f.disk.syncs.Add(-1) < 0 {
		return sqlite3.IOERR
	}
	return f.File.Sync(flags)
}

func (f *failingFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f *failingFile) Unwrap() vfs.File               { return f.File }

func newTestKey() []byte {
	key := make([]byte, KeySize)
	rand.Read(key)
	return key
}

func item(num uint32) candor.Item {
	return candor.Item{ID: candor.ItemID("i" + strconv.Itoa(int(num))), Num: num, Collection: "main", Condition: candor.Done,
		Extraction: candor.Extraction{Title: strings.Repeat("x", 9000)}}
}

// TestFailingDisk lets the nth write or sync of a store fail. The store is then
// an Unavailable error; what was stored before is there; and once the disk is
// well again so is the catalog, without reopening.
func TestFailingDisk(t *testing.T) {
	disk := newFailingDisk(t)
	ctx := t.Context()
	c, err := New(ctx, Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey(), vfs: "failing-" + t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	num, failures := uint32(0), 0
	for n := range int64(6) {
		for name, arm := range map[string]func(){
			"full":   func() { disk.fault.Store(int64(sqlite3.FULL)); disk.writes.Store(n) },
			"broken": func() { disk.fault.Store(int64(sqlite3.IOERR)); disk.writes.Store(n) },
			"sync":   func() { disk.syncs.Store(n) },
		} {
			num++
			arm()
			err := c.PutItems(ctx, []candor.Item{item(num)})
			disk.heal()
			if err != nil {
				failures++
				checkFailedStore(t, c, err, num, name)
			}
			if err := c.PutItems(ctx, []candor.Item{item(num)}); err != nil {
				t.Fatalf("%s at %d: the disk is well again and the catalog is not: %v", name, n, err)
			}
		}
	}
	if failures < 10 {
		t.Fatalf("only %d stores failed: the disk was not failing", failures)
	}
	totals, err := c.Totals(ctx, "main")
	if err != nil || totals.Items != int64(num) {
		t.Fatalf("%d of %d items, error %v", totals.Items, num, err)
	}
}

func checkFailedStore(t *testing.T, c *Catalog, err error, num uint32, fault string) {
	t.Helper()
	if code := candor.CodeOf(err); code != candor.Unavailable {
		t.Errorf("%s: error %v has code %q", fault, err, code)
	}
	if _, err := c.Item(t.Context(), item(num).ID); fault != "sync" && candor.CodeOf(err) != candor.NotFound {
		t.Errorf("%s: an item that was refused is there: %v", fault, err)
	}
	if num > 1 {
		if _, err := c.Item(t.Context(), item(num-1).ID); err != nil {
			t.Errorf("%s: an acknowledged item: %v", fault, err)
		}
	}
}

// TestFullDiskAtTheStart makes a catalog on a disk that fills up on the way.
func TestFullDiskAtTheStart(t *testing.T) {
	disk := newFailingDisk(t)
	disk.fault.Store(int64(sqlite3.FULL))
	cfg := Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey(), vfs: "failing-" + t.Name()}
	for n := int64(0); ; n += 11 {
		disk.writes.Store(n)
		c, err := New(t.Context(), cfg)
		if err == nil {
			if n < 10 {
				t.Fatalf("a catalog was made in %d writes", n)
			}
			disk.heal()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			return
		}
		if code := candor.CodeOf(err); code != candor.Unavailable || n > 1000 {
			t.Fatalf("after %d writes: error %v has code %q", n, err, code)
		}
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey()}
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	db := rawDB(t, cfg)
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), cfg)
	if candor.CodeOf(err) != candor.Conflict {
		t.Fatalf("a newer catalog gave %v", err)
	}
}

// TestDeletedContentIsOverwritten looks for a deleted item's title in the
// decrypted pages: destroying must reach the bytes, not only the rows.
func TestDeletedContentIsOverwritten(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey()}
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	it := candor.Item{ID: "gone", Num: 1, Collection: "main", Extraction: candor.Extraction{Title: "Zanzibar-Okapi-77"}}
	if err := c.PutItems(t.Context(), []candor.Item{it, item(2)}); err != nil {
		t.Fatal(err)
	}
	if !planted(t, c) {
		t.Fatal("the title is not found even before it is deleted")
	}
	if err := c.DeleteItem(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	if planted(t, c) {
		t.Error("the title of a deleted item is still in the pages")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// planted reports whether the serialized database holds the title.
func planted(t *testing.T, c *Catalog) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plain.db")
	conn, err := c.reader.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(conn any) error {
		return conn.(driver.Conn).Raw().Backup("main", "file:"+path+"?vfs=os")
	}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("Zanzibar-Okapi-77").Match(data)
}

func rawDB(t *testing.T, cfg Config) *sql.DB {
	t.Helper()
	db, err := driver.Open(uri(cfg.Path, defaultVFS()), settings(cfg.Key, "NORMAL", false))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestStatementsNumberTheirParameters guards what SQLite would do silently: it
// numbers $1, $2 by first appearance, PostgreSQL by their digits.
func TestStatementsNumberTheirParameters(t *testing.T) {
	c, err := New(context.Background(), Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	queries := []string{reserveNums, raiseNums, putItem, itemTally, itemByID, itemByNum, itemsAfter, deleteItem, addTotals, totalsOfAll,
		totalsOf, putAddition, additionByID, additionsNewest, putEntry, entriesAll, entriesIn, entryKnown, putDocument, documentsOf,
		cover, coverageOf, putSession, sessionByHash, deleteSession, deleteExpired}
	for _, q := range queries {
		next := 1
		for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(q, -1) {
			n, _ := strconv.Atoi(m[1])
			if n > next {
				t.Errorf("$%d first appears before $%d: %s", n, next, q)
			}
			next = max(next, n+1)
		}
		s, err := c.reader.db.Prepare(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		s.Close()
	}
}

func TestEveryMigrationIsNumbered(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, error %v", len(files), err)
	}
	for i, f := range files {
		if name := filepath.Base(f); !regexp.MustCompile(`^\d{5}_[a-z_]+\.sql$`).MatchString(name) || name[:5] != "0000"+strconv.Itoa(i+1) {
			t.Errorf("%s is not the next migration", f)
		}
	}
}
