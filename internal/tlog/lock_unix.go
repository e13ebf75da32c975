//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package tlog

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockFile takes an advisory lock that the system gives free when the process
// ends, however it ends.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
