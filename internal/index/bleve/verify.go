package bleve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/blevesearch/bleve/v2/util"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"candor"
)

// Bleve opens what it can: on a root that does not load it takes an older one,
// or none, and deletes the files that this one does not name. So everything is
// checked before Bleve sees the folder.

// state is written with every batch, inside a sealed value of the root.
type state struct {
	seq   uint64 // grows by one with each batch
	count uint64 // documents after it
}

// stateKey names the state among the root's internal values.
var stateKey = []byte("candor.state")

func (s state) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, s.seq)
	return binary.BigEndian.AppendUint64(b, s.count)
}

func decodeState(b []byte) (state, error) {
	if len(b) != 16 {
		return state{}, fmt.Errorf("the index's state has %d bytes", len(b))
	}
	return state{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}

func damaged(err error) error {
	return candor.Wrap(err, candor.Verification,
		"The index is damaged, or was changed from outside. Run candor rebuild; originals are not affected.")
}

// verify reads every file of an index at rest and returns its newest state.
// Its errors are Verification, or Conflict when another process has it open.
func verify(store string, s *sealer) (st state, err error) {
	defer func() {
		if p := recover(); p != nil { // bbolt panics on pages that make no sense
			err = damaged(fmt.Errorf("reading root.bolt: %v", p))
		}
	}()
	root := filepath.Join(store, "root.bolt")
	if err := checkBoltMeta(root); err != nil {
		return st, damaged(err)
	}
	db, err := bolt.Open(root, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PreLoadFreelist: true})
	if err == bolterrors.ErrTimeout {
		return st, inUse()
	}
	if err != nil {
		return st, damaged(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for problem := range tx.Check() {
			return problem
		}
		var segments []string
		st, segments, err = readRoots(tx, root, s)
		if err != nil {
			return err
		}
		for _, name := range segments {
			if err := checkSegment(filepath.Join(store, filepath.Base(name))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return st, damaged(err)
	}
	return st, nil
}

const lockTimeout = 2 * time.Second

func inUse() error {
	return candor.Errorf(candor.Conflict, "Another process has the index open. Stop it, or wait until it ends.")
}

// checkBoltMeta checks both meta pages: with one of them wrong, bbolt goes back
// to the transaction before, silently.
func checkBoltMeta(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	pages := make([]byte, 80)
	var size int64
	for i := range int64(2) {
		if _, err := f.ReadAt(pages, i*size); err != nil {
			return fmt.Errorf("meta page %d: %w", i, err)
		}
		meta := pages[16:] // after the page header
		sum := fnv.New64a()
		sum.Write(meta[:56])
		if binary.NativeEndian.Uint64(meta[56:]) != sum.Sum64() {
			return fmt.Errorf("meta page %d has a wrong checksum", i)
		}
		size = int64(binary.NativeEndian.Uint32(meta[8:]))
	}
	return nil
}

// readRoots opens every sealed value of every root, and returns the newest
// one's state and segment files. A newer root never has an older state.
func readRoots(tx *bolt.Tx, path string, s *sealer) (st state, segments []string, err error) {
	roots := tx.Bucket(util.BoltSnapshotsBucket)
	if roots == nil {
		return st, nil, fmt.Errorf("no roots")
	}
	c := roots.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		root := roots.Bucket(k)
		if v != nil || root == nil {
			return st, nil, fmt.Errorf("a root is not a bucket")
		}
		var next state
		next, segments, err = readRoot(root, path, s)
		if err != nil {
			return st, nil, err
		}
		if next.seq < st.seq {
			return st, nil, fmt.Errorf("root %x is older than the one before", k)
		}
		st = next
	}
	if st.seq == 0 {
		return st, nil, fmt.Errorf("no root has a state")
	}
	return st, segments, nil
}

func readRoot(root *bolt.Bucket, path string, s *sealer) (st state, segments []string, err error) {
	meta := root.Bucket(util.BoltMetaDataKey)
	internal := root.Bucket(util.BoltInternalKey)
	if meta == nil || internal == nil {
		return st, nil, fmt.Errorf("a root lacks its description")
	}
	open, err := s.reader(string(meta.Get(util.BoltMetaDataFileWriterIDKey)), path)
	if err != nil {
		return st, nil, err
	}
	err = internal.ForEach(func(k, v []byte) error {
		plain, err := open(v)
		if err == nil && bytes.Equal(k, stateKey) {
			st, err = decodeState(plain)
		}
		return err
	})
	if err != nil {
		return st, nil, err
	}
	err = root.ForEachBucket(func(k []byte) error {
		if bytes.Equal(k, util.BoltMetaDataKey) || bytes.Equal(k, util.BoltInternalKey) {
			return nil
		}
		segments = append(segments, string(root.Bucket(k).Get(util.BoltPathKey)))
		for _, sealed := range [][]byte{util.BoltDeletedKey, util.BoltStatsKey, util.BoltUpdatedFieldsKey} {
			if _, err := open(root.Bucket(k).Get(sealed)); err != nil {
				return err
			}
		}
		return nil
	})
	return st, segments, err
}

// checkSegment compares a segment file with the CRC-32 at its end, which
// covers every byte before it, sealed or not.
func checkSegment(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < 4 {
		return fmt.Errorf("segment of %d bytes", info.Size())
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.LimitReader(f, info.Size()-4), make([]byte, 1<<20)); err != nil {
		return err
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(want[:]) != sum.Sum32() {
		return fmt.Errorf("a segment does not agree with its checksum")
	}
	return nil
}
