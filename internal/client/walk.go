package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"candor"
	"candor/internal/wire"
)

// found is one file that a walk met, or a place that could not be read.
type found struct {
	local  string // where it stands on this machine
	header wire.File
	err    error // why it cannot be read; the header then has only a path
}

// skipped counts what a walk passed by on purpose.
type skipped struct {
	Links   int64 // symbolic links inside folders, never followed
	Special int64 // sockets, pipes, devices: not files
}

// root is one path that was named, with the name under which it is handed in.
type root struct{ local, name string }

// roots settles what each named path stands for. A symbolic link that is named
// directly is followed, and only then; so a walk cannot run in a circle.
func roots(paths []string) ([]root, error) {
	out := make([]root, 0, len(paths))
	for _, p := range paths {
		if scheme, _, remote := strings.Cut(p, "://"); remote {
			return nil, candor.Errorf(candor.NotSupported,
				"Adding from %s:// is not supported by this version. Copy the files to a folder and add the folder.", scheme)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, candor.Wrap(err, candor.Invalid, "%s cannot be found.", p)
		}
		real, err := filepath.EvalSymlinks(abs)
		if err != nil {
			return nil, candor.Wrap(err, candor.NotFound, "%s cannot be read: %s. Nothing was added.", p, causeOf(err))
		}
		out = append(out, root{local: real, name: filepath.Base(abs)})
	}
	return out, nil
}

// walk calls yield for every regular file under the roots, in lexical order,
// and for every place that could not be read. It stops at yield's first error.
func walk(from []root, yield func(found) error) (skipped, error) {
	var pass skipped
	for _, r := range from {
		err := filepath.WalkDir(r.local, func(local string, entry fs.DirEntry, err error) error {
			name := handedIn(r, local)
			if err != nil {
				return yield(found{local: local, header: wire.File{Path: name, Size: -1}, err: err})
			}
			return visit(local, name, entry, &pass, yield)
		})
		if err != nil {
			return pass, err
		}
	}
	return pass, nil
}

func visit(local, name string, entry fs.DirEntry, pass *skipped, yield func(found) error) error {
	switch kind := entry.Type(); {
	case kind.IsDir():
		return nil
	case kind&fs.ModeSymlink != 0:
		pass.Links++
		return nil
	case !kind.IsRegular():
		pass.Special++
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return yield(found{local: local, header: wire.File{Path: name, Size: -1}, err: err})
	}
	return yield(found{local: local, header: headerOf(name, info)})
}

func headerOf(name string, info fs.FileInfo) wire.File {
	return wire.File{Path: name, Size: info.Size(), ModTime: info.ModTime().UTC()}
}

// handedIn is the path under which a file is handed in: the root's own name and
// the path below it.
func handedIn(r root, local string) string {
	rel, err := filepath.Rel(r.local, local)
	if err != nil || rel == "." {
		return validName(r.name)
	}
	return validName(path.Join(filepath.ToSlash(r.name), filepath.ToSlash(rel)))
}

// validName writes bytes that are not UTF-8 as %XX.
func validName(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, "%%%02X", name[0])
		} else {
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}

// causeOf is the part of a file error that is fit to be shown: without paths.
func causeOf(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "it is not there"
	}
	return "reading failed"
}

// openFile opens a file that a walk met. What has become a link, a pipe or a
// device since is not opened, and nothing here waits for one.
func openFile(local string) (*os.File, error) {
	f, err := os.OpenFile(local, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, errors.Join(err, errChanged)
	}
	return f, nil
}
