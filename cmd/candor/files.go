package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"candor"
)

// writeFile replaces a file at once and durably, readable by its owner only.
func writeFile(path string, data []byte) error {
	return writeFileFrom(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeFileFrom replaces a file by what fill writes; when fill fails, what stood
// there before still does.
func writeFileFrom(path string, fill func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".candor-*")
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "%s cannot be written. Check that its folder exists and may be written to.", path)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return diskError(err, path)
	}
	if err := f.Close(); err != nil {
		return diskError(err, path)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return diskError(err, path)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return diskError(err, dir)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return diskError(err, dir)
	}
	return nil
}

func diskError(err error, path string) error {
	return candor.Wrap(err, candor.Unavailable, "%s could not be written. Check the disk's free space and health.", path)
}
