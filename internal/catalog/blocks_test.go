package catalog

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	sealing "github.com/ncruces/go-sqlite3/vfs/adiantum"
)

// tearing is a file system that shows blocks half written for a while, as the
// system's own may when a writer is interrupted.
type tearing struct{ vfs.VFS }

func (d tearing) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(d.VFS, name, flags)
	if err != nil {
		return f, flags, err
	}
	return &tearingFile{File: f}, flags, nil
}

type tearingFile struct{ vfs.File }

func (f *tearingFile) WriteAt(p []byte, off int64) (int, error) {
	half := len(p) / 2
	if n, err := f.File.WriteAt(p[:half], off); err != nil {
		return n, err
	}
	for begin := time.Now(); time.Since(begin) < 200*time.Microsecond; {
		runtime.Gosched()
	}
	n, err := f.File.WriteAt(p[half:], off+int64(half))
	return half + n, err
}

func (f *tearingFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f *tearingFile) Unwrap() vfs.File               { return f.File }

// TestBlocksAreNotReadHalfWritten: readers beside a writer find what was committed,
// though the journal's last block is written anew with every frame.
func TestBlocksAreNotReadHalfWritten(t *testing.T) {
	vfs.Register("tearing", sealing.Wrap(wholeBlocks{tearing{vfs.Find("")}}, nil))
	defer vfs.Unregister("tearing")
	c, err := New(context.Background(), Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newTestKey(), vfs: "tearing"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Documents(context.Background(), "kind"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := 0; ctx.Err() == nil; i++ {
		if err := c.PutDocument(context.Background(), "kind", fmt.Sprint(i%50), make([]byte, 700)); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	if n := len(turns.open); n == 0 {
		t.Error("nobody takes turns")
	}
}
