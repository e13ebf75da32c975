package bleve

import (
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// LiveSegments returns the names of the segment files that the newest root of
// a closed index uses; others wait to be deleted.
func LiveSegments(dir string, key []byte) (names []string, err error) {
	s, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(dir, storeName, "store", "root.bolt")
	db, err := bolt.Open(root, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		_, names, err = readRoots(tx, root, s)
		return err
	})
	return names, err
}
