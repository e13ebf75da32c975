//go:build !linux

package native

import (
	"io"
	"os"

	"candor"
)

// Stdin is the path by which a program reopens its standard input.
const Stdin = "/dev/fd/0"

// Seekable is for Linux only: elsewhere programs read their input once, in order.
func Seekable(io.ReaderAt, int64) (*os.File, error) {
	return nil, candor.Errorf(candor.NotSupported, "a program cannot be given a file in memory on this system")
}
