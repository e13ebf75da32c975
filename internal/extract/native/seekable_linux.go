package native

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Stdin is the path by which a program reopens its standard input, to read it
// at any offset.
const Stdin = "/proc/self/fd/0"

// Seekable holds bytes in memory so that a program can read them at any offset:
// give it to Run as the input, and Stdin to the program as a file's name. It
// never touches a disk. The caller closes it.
func Seekable(src io.ReaderAt, size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate("input", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "input")
	if _, err := io.Copy(f, io.NewSectionReader(src, 0, size)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
