package witness

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the little that a witness and a submitter ask of a file system, so
// that tests can make each call fail and cut the power after any of them. All
// names are base names in one folder; "." is the folder.
type FS interface {
	// Make makes the folder, durably.
	Make() error
	ReadFile(name string) ([]byte, error)
	// WriteFile makes or replaces a file. It need not be atomic or durable.
	WriteFile(name string, data []byte) error
	// Rename is atomic, and durable after Sync of the folder.
	Rename(from, to string) error
	// Sync makes a file's bytes, or the folder's entries, durable.
	Sync(name string) error
	// Lock takes a file for this process alone, until closed.
	Lock(name string) (io.Closer, error)
}

// dirFS is a folder of the operating system.
type dirFS string

func (d dirFS) path(name string) string              { return filepath.Join(string(d), name) }
func (d dirFS) ReadFile(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }
func (d dirFS) WriteFile(name string, data []byte) error {
	return os.WriteFile(d.path(name), data, 0o600)
}
func (d dirFS) Rename(from, to string) error        { return os.Rename(d.path(from), d.path(to)) }
func (d dirFS) Lock(name string) (io.Closer, error) { return lockFile(d.path(name)) }

func (d dirFS) Make() error {
	_, err := os.Stat(string(d))
	if mkErr := os.MkdirAll(string(d), 0o700); mkErr != nil || !errors.Is(err, fs.ErrNotExist) {
		return mkErr
	}
	return dirFS(filepath.Dir(string(d))).Sync(".")
}

func (d dirFS) Sync(name string) error {
	f, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replace puts data under a name atomically: after a crash all of it is there
// or what stood there before. It returns when the disk has it.
func replace(fs FS, name string, data []byte) error {
	tmp := name + ".tmp"
	if err := fs.WriteFile(tmp, data); err != nil {
		return err
	}
	if err := fs.Sync(tmp); err != nil {
		return err
	}
	if err := fs.Rename(tmp, name); err != nil {
		return err
	}
	return fs.Sync(".")
}
