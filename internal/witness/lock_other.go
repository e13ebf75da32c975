//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package witness

import (
	"errors"
	"io"
)

var errLocked = errors.New("locked by another process")

// lockFile fails where we know of no lock that ends with its process: without
// one, two processes could cosign two different trees.
func lockFile(string) (io.Closer, error) {
	return nil, errors.New("this operating system has no file lock that a witness can rely on")
}
