package custodian

import (
	"context"
	"errors"
	"io"
	"time"

	"candor"
	"candor/receipt"
)

// Restored is told of a custodian that was put back from a backup: shares of
// its key, or an older copy of its folder.
type Restored struct {
	Trust    receipt.Trust
	StateDir string
	// Backup is the newest checkpoint that the backup knows; its zero value is none.
	Backup receipt.Checkpoint
	// Newest is the log's newest signed checkpoint, brought by hand by whoever
	// restores, from a source that is not the archive's operator where there is
	// one: a witness, or a copy of the public log. It is believed for its
	// signatures, as the very first one is.
	Newest []byte
}

// MarkRestored makes the state of a restored custodian refuse everything from
// before: records and approvals below the newest checkpoint. What was spent,
// shown and revoked after the backup is not known any more, so nothing that
// could have been is honoured. It returns the size of that checkpoint. A
// checkpoint older than the backup or the state is a Verification error.
func MarkRestored(ctx context.Context, r Restored) (size int64, err error) {
	newest, _, err := r.Trust.OpenCheckpoint(r.Newest)
	if err != nil {
		return 0, refuseWrap(err, candor.Verification, RuleSigned, "The checkpoint that was given by hand is not signed by the log that this custodian serves.")
	}
	s, err := openState(r.StateDir, newest.Origin, keepAll)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, known := range []receipt.Checkpoint{r.Backup, s.newest()} {
		if newest.Size < known.Size {
			return 0, refuse(candor.Verification, RuleRollback, "The checkpoint that was given by hand has %d records, and the backup was made at %d. Bring the newest one.", newest.Size, known.Size)
		}
		if newest.Size == known.Size {
			if err := sameLog(newest, known, nil); err != nil {
				return 0, err
			}
		}
	}
	return newest.Size, s.restore(newest)
}

// restore journals the mark. Purposes of before need no counting any more.
func (s *state) restore(at receipt.Checkpoint) error {
	s.mu.Lock()
	e := entry{Restored: &headEntry{at.Size, at.Hash[:]}}
	s.apply(e)
	b := s.journal.add(e)
	s.mu.Unlock()
	return s.journal.wait(b)
}

func (s *state) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Size: s.head.Size, Root: append([]byte(nil), s.head.Hash[:]...), Restored: s.restored.Size,
		Purposes: len(s.purposes), Items: s.today.Items, Unbound: s.today.Unbound,
	}
	if s.today.Day > 0 {
		st.Day = time.Unix(s.today.Day*dayLength, 0).UTC().Format(time.DateOnly)
	}
	return st
}

// keepAll keeps every nonce: what a failed restore leaves must be no laxer.
const keepAll = 100 * 365 * 24 * time.Hour

// Lock takes a lock file that ends with the process or with Close. A Conflict
// error says that another process has it.
func Lock(path string) (io.Closer, error) { return lockFile(path) }
