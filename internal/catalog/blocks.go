package catalog

import (
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	sealing "github.com/ncruces/go-sqlite3/vfs/adiantum"
)

// defaultVFS encrypts every file in wide blocks of 4 KiB, one to a page. Any
// change to a block turns all of it into noise, which the page checksum then
// finds; and it is several times faster here than the xts VFS.
//
// A block that is encrypted as a whole is written as a whole, also if only its end
// is new: the end of one frame of the journal and the beginning of the next stand
// in one block. The system may show a reader a block half written, of which SQLite
// expects no harm, since what it reads does not change; but half of two ciphertexts
// opens to garbage. So nothing is read of a file while something is written to it.
// All connections are this process's, as the folder's lock sees to.
var defaultVFS = sync.OnceValue(func() string {
	const name = "candor-sealed"
	vfs.Register(name, sealing.Wrap(wholeBlocks{vfs.Find("")}, nil))
	return name
})

type wholeBlocks struct{ vfs.VFS }

func (w wholeBlocks) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(w.VFS, name, flags)
	if err != nil {
		return f, flags, err
	}
	path := name.String() // "" for temporary files, which nobody shares
	return &wholeFile{File: f, path: path, turn: turns.take(path)}, flags, nil
}

// turns are who may read or write a file, by its path, while it is open.
var turns = turnsByPath{open: map[string]*turn{}}

type turnsByPath struct {
	mu   sync.Mutex
	open map[string]*turn
}

type turn struct {
	sync.RWMutex
	files int
}

func (t *turnsByPath) take(path string) *turn {
	if path == "" {
		return &turn{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.open[path]
	if of == nil {
		of = &turn{}
		t.open[path] = of
	}
	of.files++
	return of
}

func (t *turnsByPath) leave(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.open[path]; of != nil {
		if of.files--; of.files == 0 {
			delete(t.open, path)
		}
	}
}

type wholeFile struct {
	vfs.File
	path string
	turn *turn
}

func (f *wholeFile) ReadAt(p []byte, off int64) (int, error) {
	f.turn.RLock()
	defer f.turn.RUnlock()
	return f.File.ReadAt(p, off)
}

func (f *wholeFile) WriteAt(p []byte, off int64) (int, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.File.WriteAt(p, off)
}

func (f *wholeFile) Truncate(size int64) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.File.Truncate(size)
}

func (f *wholeFile) Close() error {
	turns.leave(f.path)
	return f.File.Close()
}

// What the file below can do beside, it still can.

func (f *wholeFile) Unwrap() vfs.File               { return f.File }
func (f *wholeFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f *wholeFile) LockState() vfs.LockLevel       { return vfsutil.WrapLockState(f.File) }
func (f *wholeFile) PersistentWAL() bool            { return vfsutil.WrapPersistWAL(f.File) }
func (f *wholeFile) SetPersistentWAL(keep bool)     { vfsutil.WrapSetPersistWAL(f.File, keep) }
func (f *wholeFile) ChunkSize(size int)             { vfsutil.WrapChunkSize(f.File, size) }
func (f *wholeFile) SizeHint(size int64) error      { return vfsutil.WrapSizeHint(f.File, size) }
func (f *wholeFile) HasMoved() (bool, error)        { return vfsutil.WrapHasMoved(f.File) }
func (f *wholeFile) BeginAtomicWrite() error        { return vfsutil.WrapBeginAtomicWrite(f.File) }
func (f *wholeFile) CommitAtomicWrite() error       { return vfsutil.WrapCommitAtomicWrite(f.File) }
func (f *wholeFile) RollbackAtomicWrite() error     { return vfsutil.WrapRollbackAtomicWrite(f.File) }
