package tlog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// FS is the little that the log asks of a file system, so that tests can make
// each call fail and cut the power after any of them. Names are
// slash-separated and below the log's folder; "." is the folder.
type FS interface {
	MkdirAll(name string) error
	ReadDir(name string) ([]string, error)
	ReadFile(name string) ([]byte, error)
	// WriteFile makes or replaces a file. It need not be atomic or durable.
	WriteFile(name string, data []byte) error
	// Rename is atomic, and durable after Sync of the folder.
	Rename(from, to string) error
	// RemoveAll removes a file, or a folder and all in it.
	RemoveAll(name string) error
	// Sync makes a file's bytes, or a folder's entries, durable.
	Sync(name string) error
	// Open opens a file that is there, for writing.
	Open(name string) (File, error)
	// Lock takes a file for this process alone, until closed or until the process
	// ends. ErrLocked if another has it.
	Lock(name string) (io.Closer, error)
}

// File is a segment of the journal being written.
type File interface {
	io.WriterAt
	io.Closer
	Sync() error
}

// ErrLocked is the error of FS.Lock when another process has the file.
var ErrLocked = errors.New("locked by another process")

// DirFS is the operating system's file system below a folder.
func DirFS(dir string) FS { return osFS(dir) }

// osFS is the operating system's file system below a folder.
type osFS string

func (d osFS) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

func (d osFS) ReadFile(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }
func (d osFS) WriteFile(name string, data []byte) error {
	return os.WriteFile(d.path(name), data, 0o600)
}
func (d osFS) Rename(from, to string) error        { return os.Rename(d.path(from), d.path(to)) }
func (d osFS) RemoveAll(name string) error         { return os.RemoveAll(d.path(name)) }
func (d osFS) Lock(name string) (io.Closer, error) { return lockFile(d.path(name)) }

func (d osFS) Open(name string) (File, error) { return os.OpenFile(d.path(name), os.O_RDWR, 0) }

// MkdirAll also syncs the folder above the log's own, so that a new log is
// found again after the power was cut.
func (d osFS) MkdirAll(name string) error {
	_, err := os.Stat(string(d))
	if mkErr := os.MkdirAll(d.path(name), 0o700); mkErr != nil || err == nil {
		return mkErr
	}
	return osFS(filepath.Dir(string(d))).Sync(".")
}

func (d osFS) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(d.path(name))
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (d osFS) Sync(name string) error {
	f, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// replaceFile puts data under a name atomically: readers see all of it or what
// stood there before.
func replaceFile(fs FS, name string, data []byte) error {
	tmp := name + ".tmp"
	if err := fs.WriteFile(tmp, data); err != nil {
		return err
	}
	return fs.Rename(tmp, name)
}

// replaceDurably is replaceFile that returns when the disk has it.
func replaceDurably(fs FS, dir, name string, data []byte) error {
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
	return fs.Sync(dir)
}
