// Package ownfile reads and writes the small files of a folder that belongs to
// one operator: keys, settings, lists of whom to answer.
//
// What never breaks: a file is readable by its owner only, is there whole or not
// at all, and is durable when a function returns; New never writes over a file,
// and Private does not read one that others could have read.
package ownfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"candor"
)

// MaxSize is a size that no such file reaches, in bytes.
const MaxSize = 16 << 20

// Read reads a file whole. NotFound if it is not there; Unavailable if it cannot
// be read.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, candor.Wrap(err, candor.NotFound, "There is no %s.", path)
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be read. Run as the user who owns it.", path)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSize))
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be read.", path)
	}
	return data, nil
}

// Private is Read for a file that nobody but its owner may read; Invalid if
// others may.
func Private(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, candor.Errorf(candor.Invalid, "The key file %s may be read by others. Run: chmod 600 %s", path, path)
	}
	return Read(path)
}

// New writes a file that must not be there yet: Conflict if it is.
func New(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return candor.Errorf(candor.Conflict, "%s is there already, and is not overwritten. Choose another folder, or move it away.", path)
	}
	if err != nil {
		return CannotWrite(err, path)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
		return CannotWrite(err, path)
	}
	return SyncDir(filepath.Dir(path))
}

// File is what NewFolder writes: a name and what stands in it.
type File struct {
	Name string
	Data []byte
}

// NewFolder makes a folder if need be, and writes files into it with New: all of
// them, or those that were written are removed again.
func NewFolder(dir string, files ...File) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return CannotWrite(err, dir)
	}
	for i, f := range files {
		if err := New(filepath.Join(dir, f.Name), f.Data); err != nil {
			for _, written := range files[:i] {
				_ = os.Remove(filepath.Join(dir, written.Name)) // never used
			}
			return err
		}
	}
	return nil
}

// Replace puts data in the place of a file, or where there is none.
func Replace(path string, data []byte) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return CannotWrite(err, path)
	}
	if err := New(fresh, data); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return CannotWrite(err, path)
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the entries of a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return CannotWrite(err, dir)
	}
	return nil
}

// CannotWrite is the error of a file or folder that could not be written.
func CannotWrite(err error, path string) error {
	return candor.Wrap(err, candor.Unavailable, "%s could not be written. Check room, owner and permissions of the folder.", path)
}
