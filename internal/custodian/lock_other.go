//go:build !unix

package custodian

import (
	"os"

	"candor"
)

func lockFile(string) (*os.File, error) {
	return nil, candor.Errorf(candor.NotSupported, "A custodian needs a Unix system, to lock its state folder.")
}
