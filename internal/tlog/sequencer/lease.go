package sequencer

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"candor"
	"candor/internal/tlog"
)

// Files of the lease, in the log's folder.
const (
	leaseFile = "lease"
	leaseLock = "lease.lock"

	leaseMagic = "candor-lease-1"
	holderSize = 16
)

// lease is the right to sign for a log. It is held for as long as the file says
// what its holder wrote: the lock only keeps two from asking at once, and may be
// lost where a file system forgets locks.
type lease struct {
	fs     tlog.FS
	lock   io.Closer
	epoch  int64
	holder string
	text   []byte
}

// takeLease takes the lock, and writes the next epoch with a new holder before
// anything of the log is read. So what its holder before acknowledged, which was
// synced before it looked at the lease, is there to be read.
func takeLease(fsys tlog.FS) (*lease, error) {
	if err := fsys.MkdirAll("."); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The log folder could not be made. Check its disk and its permissions.")
	}
	lock, err := fsys.Lock(leaseLock)
	if errors.Is(err, tlog.ErrLocked) {
		return nil, candor.Errorf(candor.Conflict, "Another sequencer owns this log, and nothing was changed. Stop it first, or have the writers use it.")
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The log's lease could not be locked.")
	}
	l := &lease{fs: fsys, lock: lock}
	if err := l.raise(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return l, nil
}

func (l *lease) raise() error {
	var before int64
	text, err := l.fs.ReadFile(leaseFile)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the first
	case err != nil:
		return candor.Wrap(err, candor.Unavailable, "The log's lease cannot be read. Check the disk of the log folder.")
	default:
		if before, _, err = parseLease(text); err != nil {
			return err
		}
	}
	if before == math.MaxInt64 {
		return damagedLease(errors.New("the last epoch"))
	}
	var holder [holderSize]byte
	if _, err := rand.Read(holder[:]); err != nil {
		return candor.Wrap(err, candor.Unavailable, "No randomness could be had for the log's lease.")
	}
	l.epoch = before + 1
	l.holder = hex.EncodeToString(holder[:])
	l.text = marshalLease(l.epoch, holder)
	if err := l.write(); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The log's lease could not be written. Check the disk of the log folder.")
	}
	return nil
}

func (l *lease) write() error {
	tmp := leaseFile + ".tmp"
	if err := l.fs.WriteFile(tmp, l.text); err != nil {
		return err
	}
	if err := l.fs.Sync(tmp); err != nil {
		return err
	}
	if err := l.fs.Rename(tmp, leaseFile); err != nil {
		return err
	}
	return l.fs.Sync(".")
}

// check says whether the lease still is what this holder wrote.
func (l *lease) check() error {
	text, err := l.fs.ReadFile(leaseFile)
	if err != nil {
		return ruledWrap(err, candor.Unavailable, RuleDeposed, "The log's lease cannot be read, so its sequencer signs nothing. Nothing was released. Check the disk of the log folder.")
	}
	if !bytes.Equal(text, l.text) {
		return ruled(candor.Unavailable, RuleDeposed, "Another sequencer has taken the log over. This one has stopped signing, and nothing was released. Stop it, and ask the other.")
	}
	return nil
}

// Close lets another sequencer take the lease. The file stays: it holds the epoch.
func (l *lease) Close() error { return l.lock.Close() }

// marshalLease writes three lines, each ended by a newline:
//
//	candor-lease-1
//	epoch 7
//	holder 5f0c6d3a9b7e4c1188d2f4a6b0c3e597
func marshalLease(epoch int64, holder [holderSize]byte) []byte {
	return fmt.Appendf(nil, "%s\nepoch %d\nholder %x\n", leaseMagic, epoch, holder)
}

// parseLease reads what marshalLease writes, and nothing else.
func parseLease(text []byte) (epoch int64, holder [holderSize]byte, err error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != leaseMagic {
		return 0, holder, damagedLease(errors.New("not a lease"))
	}
	number, _ := strings.CutPrefix(lines[1], "epoch ")
	if epoch, err = strconv.ParseInt(number, 10, 64); err != nil || epoch < 1 {
		return 0, holder, damagedLease(errors.New("no epoch"))
	}
	digits, _ := strings.CutPrefix(lines[2], "holder ")
	if raw, err := hex.DecodeString(digits); err == nil && len(raw) == holderSize {
		holder = [holderSize]byte(raw)
	}
	if !bytes.Equal(marshalLease(epoch, holder), text) {
		return 0, holder, damagedLease(errors.New("written in another way than it must be"))
	}
	return epoch, holder, nil
}

// damagedLease does not begin again at 1: writers would refuse the epoch, and a
// deposed sequencer could be taken for the newest.
func damagedLease(err error) error {
	return candor.Wrap(err, candor.Verification, "The file lease in the log folder is damaged, so no sequencer was started. Write it anew with an epoch that is higher than any before, as docs/spec/sequencer.md tells.")
}
