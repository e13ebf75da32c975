package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"candor"
)

// The names that stand in a data folder; docs/spec/folder.md describes them.
const (
	folderFile  = "candor.json"
	lockFile    = "lock"
	serverFile  = "server"
	logDir      = "log"
	vaultDir    = "vault"
	catalogFile = "catalog.db"
	indexDir    = "index"
)

// description is candor.json: what a data folder says of itself. It holds no
// secret and no name of a person.
type description struct {
	Format  int       `json:"format"` // candor.FormatVersion of who made it
	Origin  string    `json:"origin"` // the log's origin line
	Solo    bool      `json:"solo,omitempty"`
	Created time.Time `json:"created"`
	Log     string    `json:"log,omitempty"` // where the public files of the log are, if a sequencer writes it
}

// folder is a data folder that this process holds alone.
type folder struct {
	dir  string
	lock *os.File
	description
}

// describeFolder reads what a folder says of itself, without holding it.
func describeFolder(dir string) (description, error) {
	var d description
	data, err := os.ReadFile(filepath.Join(dir, folderFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d, candor.Errorf(candor.NotFound,
			"There is no archive in %s. Make one with `candor init` (or `candor init --solo` for yourself alone), or say where it is with --data DIR or --server URL.", dir)
	}
	if err != nil {
		return d, candor.Wrap(err, candor.Unavailable, "%s cannot be read. Check who owns it.", filepath.Join(dir, folderFile))
	}
	if err := json.Unmarshal(data, &d); err != nil || d.Format < 1 || d.Origin == "" {
		return d, candor.Wrap(err, candor.Invalid, "%s is damaged. Restore it from a backup; it says the format and the log's origin.", filepath.Join(dir, folderFile))
	}
	if d.Format > candor.FormatVersion {
		return d, candor.Errorf(candor.Conflict,
			"The archive in %s was written by a newer Candor (format %d; this one knows %d). Nothing was touched. Use the newer version.", dir, d.Format, candor.FormatVersion)
	}
	return d, nil
}

// openFolder holds a data folder for this process. Nothing in it is changed
// before its format is known.
func openFolder(dir string) (*folder, error) {
	d, err := describeFolder(dir)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return &folder{dir: dir, lock: lock, description: d}, nil
}

// makeFolder makes a new data folder and holds it. A folder that has anything
// in it is left alone.
func makeFolder(dir string, d description) (*folder, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be read. Choose another place with --data.", dir)
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, folderFile)); err == nil {
			return nil, candor.Errorf(candor.Conflict, "There is an archive in %s already. Use it, or choose another place with --data.", dir)
		}
		return nil, candor.Errorf(candor.Conflict, "%s is not empty. Choose an empty or new folder with --data.", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be made. Choose another place with --data.", dir)
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return &folder{dir: dir, lock: lock, description: d}, nil
}

// describe writes candor.json, the last step of making an archive: a folder
// without it is not one.
func (f *folder) describe() error {
	data, err := json.MarshalIndent(f.description, "", " ")
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The folder's description could not be encoded.")
	}
	return writeFile(f.path(folderFile), append(data, '\n'))
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// announce says at which address the folder is being served.
func (f *folder) announce(address string) error {
	return writeFile(f.path(serverFile), []byte(address+"\n"))
}

// Close lets go of the folder.
func (f *folder) Close() error {
	if err := os.Remove(f.path(serverFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, f.lock.Close())
	}
	return f.lock.Close()
}

// takeLock holds the folder against other processes until the file is closed
// or this process ends, however it ends.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be written to. Check who owns it and that the disk is not read-only.", dir)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, heldElsewhere(dir)
	}
	return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be locked. Keep the data folder on a local disk.", dir)
}

// heldElsewhere says who holds the folder, and how to go on.
func heldElsewhere(dir string) error {
	address, err := os.ReadFile(filepath.Join(dir, serverFile))
	if err != nil {
		return candor.Errorf(candor.Conflict, "Another candor command is using %s. Wait for it to end, then try again.", dir)
	}
	return candor.Errorf(candor.Conflict, "%s is being served at %s. Use it there with --server %s, or stop that server first.",
		dir, strings.TrimSpace(string(address)), strings.TrimSpace(string(address)))
}

// empty removes what a failed creation left in a folder that was empty before.
func (f *folder) empty() error {
	var errs []error
	for _, name := range []string{folderFile, lockFile, logDir, vaultDir, indexDir, witnessesFile, witnessedDir} {
		errs = append(errs, os.RemoveAll(f.path(name)))
	}
	caches, err := filepath.Glob(f.path(catalogFile) + "*")
	errs = append(errs, err)
	for _, name := range caches {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}
