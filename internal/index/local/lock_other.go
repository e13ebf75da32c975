//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package local

import (
	"errors"
	"io"
)

// lockFile fails where we know of no lock that ends with its process: two
// writers would delete one another's segments.
func lockFile(string) (io.Closer, error) {
	return nil, errors.New("this operating system has no file lock that the index can rely on")
}
