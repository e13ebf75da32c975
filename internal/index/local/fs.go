package local

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// FS is the index's one folder, flat. Tests put faults behind it.
type FS interface {
	// Make makes the folder, durably.
	Make() error
	// List returns the names of all files.
	List() ([]string, error)
	// Create makes a new file for writing; an old one of the name is replaced.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename is atomic, and durable after SyncDir.
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes names durable.
	SyncDir() error
	// Lock takes the folder for this process alone, until closed.
	Lock() (io.Closer, error)
}

// File is an open file. ReadAt may be called concurrently, also after the
// file's name was removed.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
	Size() (int64, error)
}

// errLocked is what FS.Lock returns while another process holds the folder.
var errLocked = errors.New("locked by another process")

// dirFS is a folder of the operating system.
type dirFS string

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (d dirFS) path(name string) string { return filepath.Join(string(d), name) }

func (d dirFS) Make() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	return dirFS(filepath.Dir(string(d))).SyncDir()
}

func (d dirFS) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (d dirFS) Create(name string) (File, error) {
	f, err := os.OpenFile(d.path(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d dirFS) Open(name string) (File, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d dirFS) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d dirFS) Remove(name string) error     { return os.Remove(d.path(name)) }
func (d dirFS) Lock() (io.Closer, error)     { return lockFile(d.path(lockName)) }

func (d dirFS) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
