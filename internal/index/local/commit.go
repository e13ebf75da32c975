package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// A commit names the segments that make up the index, and what of each is
// deleted. It is a sealed file, written whole under another name, made durable
// and renamed. The two newest are kept: if the newest ends too early, as after
// a crash on a disk that does not keep its word, the one before counts.
type commit struct {
	seq      uint64
	next     uint64 // the lowest segment number not used yet
	segments []committed
}

type committed struct {
	id      uint64
	docs    uint32
	salt    [saltSize]byte // of the segment file, so that it cannot be another
	deleted *roaring.Bitmap
}

const (
	commitPrefix  = "commit-"
	segmentPrefix = "segment-"
	commitTemp    = "commit.new"
	lockName      = "lock"
)

func commitName(seq uint64) string { return fmt.Sprintf("%s%016x", commitPrefix, seq) }

// numbered returns the number in a file's name.
func numbered(name, prefix string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil
}

func (c *commit) encode() ([]byte, error) {
	b := binary.AppendUvarint(nil, c.seq)
	b = binary.AppendUvarint(b, c.next)
	b = binary.AppendUvarint(b, uint64(len(c.segments)))
	for _, s := range c.segments {
		b = binary.AppendUvarint(b, s.id)
		b = binary.AppendUvarint(b, uint64(s.docs))
		b = append(b, s.salt[:]...)
		var deleted []byte
		if !s.deleted.IsEmpty() {
			var err error
			if deleted, err = s.deleted.ToBytes(); err != nil {
				return nil, err
			}
		}
		b = appendBytes(b, deleted)
	}
	return b, nil
}

func decodeCommit(b []byte) (*commit, error) {
	d := decoder{b: b}
	c := &commit{seq: d.uvarint(), next: d.uvarint()}
	for range d.count(3 + saltSize) {
		s := committed{id: d.uvarint(), docs: uint32(d.uvarint()), deleted: roaring.New()}
		copy(s.salt[:], d.take(saltSize))
		if deleted := d.bytes(); len(deleted) > 0 {
			if err := sound(func() error { return readDeleted(s.deleted, deleted, s.docs) }); err != nil {
				return nil, err
			}
		}
		c.segments = append(c.segments, s)
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = errFormat
	}
	return c, d.err
}

func readDeleted(to *roaring.Bitmap, b []byte, docs uint32) error {
	if err := to.UnmarshalBinary(b); err != nil {
		return errFormat
	}
	if err := to.Validate(); err != nil || to.IsEmpty() || to.Maximum() >= docs {
		return errFormat
	}
	return nil
}

func (c *commit) has(id uint64) bool {
	return slices.ContainsFunc(c.segments, func(s committed) bool { return s.id == id })
}

// writeCommit makes a commit, and all files it names, durable.
func writeCommit(fs FS, s *sealer, c *commit) error {
	data, err := c.encode()
	if err != nil {
		return err
	}
	w, err := s.create(fs, commitTemp, commitName(c.seq), len(data), nil)
	if err != nil {
		return err
	}
	w.append(data)
	if err := w.finish(); err != nil {
		return err
	}
	if err := fs.SyncDir(); err != nil { // the segments' names, before a commit that needs them
		return err
	}
	if err := fs.Rename(commitTemp, commitName(c.seq)); err != nil {
		return err
	}
	return fs.SyncDir()
}

func readCommit(fs FS, s *sealer, seq uint64) (*commit, error) {
	f, err := s.open(fs, commitName(seq))
	if err != nil {
		return nil, err
	}
	data, err := f.span(0, f.size)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	c, err := decodeCommit(data)
	if err == nil && c.seq != seq {
		err = errFormat
	}
	return c, err
}

// newestCommit returns the commit that counts and, if there is one, the one
// before; or neither, when no commit was ever made. Others are left out.
func newestCommit(fs FS, s *sealer, names []string) (newest, before *commit, torn bool, err error) {
	var seqs []uint64
	for _, name := range names {
		if seq, ok := numbered(name, commitPrefix); ok {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	slices.Reverse(seqs)
	for i, seq := range seqs {
		c, err := readCommit(fs, s, seq)
		switch {
		case err == nil && newest == nil:
			newest = c
		case err == nil:
			return newest, c, torn, nil
		case newest != nil: // what came before a good one no longer matters
			return newest, nil, torn, nil
		case i > 0 || len(seqs) == 1 || !errors.Is(err, errTorn):
			return nil, nil, torn, fmt.Errorf("%s: %w", commitName(seq), err)
		default:
			torn = true
		}
	}
	return newest, nil, torn, nil
}
