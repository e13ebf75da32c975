//go:build !linux

package vault

import (
	"os"

	"candor"
)

// syncFileSystem refuses: sync(2) elsewhere returns before data is durable.
func syncFileSystem(*os.File) error {
	return candor.Errorf(candor.NotSupported, "Vaults in local folders need Linux. Use an object store instead.")
}
