package catalog

import (
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"

	"candor"
)

var errClosed = candor.Errorf(candor.Unavailable, "The catalog is closed. Nothing was changed.")

// failure gives an error of the database or its disk the code that doors
// translate. Errors that have one already, and nil, pass unchanged.
func failure(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return candor.Wrap(err, candor.Unavailable, "The request ended before the catalog could %s.", doing)
	case damaged(err):
		return candor.Wrap(err, candor.Verification, "The catalog's file is damaged. "+
			"Stop Candor, move the catalog's files away and run candor rebuild; vault and log hold everything.")
	case errors.Is(err, sqlite3.FULL):
		return candor.Wrap(err, candor.Unavailable, "The catalog's disk is full. Nothing was changed. Free some space and try again.")
	case errors.Is(err, sqlite3.CONSTRAINT):
		return candor.Wrap(err, candor.Conflict, "The catalog holds something else under that number or name. Nothing was changed.")
	}
	return candor.Wrap(err, candor.Unavailable, "The catalog could not %s. Look at its disk and the server's own log, and try again.", doing)
}

// damaged reports whether SQLite found that the file is not what it wrote.
func damaged(err error) bool {
	for _, code := range []error{sqlite3.CORRUPT, sqlite3.NOTADB, sqlite3.IOERR_DATA, sqlite3.IOERR_SHORT_READ, sqlite3.IOERR_BADKEY} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
