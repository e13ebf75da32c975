//go:build unix

package custodian

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"candor"
)

// lockFile takes a lock that ends with the process: two custodians over one
// state would let a nonce be spent twice.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unavailable(err, "The custodian's lock could not be opened")
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		_ = f.Close()
		return nil, candor.Errorf(candor.Conflict, "Another custodian is running on this state folder. Stop it first, or use it.")
	}
	if err != nil {
		_ = f.Close()
		return nil, unavailable(err, "The custodian's state folder could not be locked")
	}
	return f, nil
}
