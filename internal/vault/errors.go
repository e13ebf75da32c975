package vault

import (
	"context"
	"errors"
	"syscall"

	"gocloud.dev/gcerrors"

	"candor"
)

// fail translates an error of storage. The cause that is kept names no blob:
// blobs of documents are named after people.
func fail(err error, what string) error {
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return candor.Wrap(errno, candor.Unavailable, "%s: the vault's disk is full. Make room and try again; what was stored before is safe.", what)
	case syscall.EACCES, syscall.EPERM, syscall.EROFS:
		return candor.Wrap(errno, candor.Unavailable, "%s: the vault's folder does not allow it. Check its owner and permissions.", what)
	case 0:
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return candor.Wrap(storageError{gcerrors.Code(err)}, candor.Unavailable, "%s. Check the vault's storage and try again.", what)
	}
	return candor.Wrap(errno, candor.Unavailable, "%s. Check the vault's disk and try again.", what)
}

// storageError is what is kept of an error of the blob library.
type storageError struct{ code gcerrors.ErrorCode }

func (e storageError) Error() string { return "storage: " + e.code.String() }
