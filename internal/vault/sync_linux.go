package vault

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncFileSystem makes durable everything written to the file system that
// holds dir: one call for any number of small files. It reports write errors
// that happened since dir was opened (Linux 5.8 and later).
func syncFileSystem(dir *os.File) error {
	return unix.Syncfs(int(dir.Fd()))
}
