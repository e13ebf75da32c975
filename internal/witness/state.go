package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/receipt"
)

// followed is one log as the witness follows it: whose signatures count, and
// the newest checkpoint that was cosigned.
type followed struct {
	origin string
	hash   string // SHA-256 of origin, hexadecimal: its name in paths and files
	keys   note.Verifiers

	// turn holds one token: its holder alone compares, writes and cosigns.
	turn chan struct{}
	last atomic.Pointer[state] // stored by the holder of the turn
}

// state is the newest cosigned checkpoint of a log; the zero state is that of
// a log that was never cosigned.
type state struct {
	receipt.Checkpoint
	note []byte    // as monitors get it: the log's signatures and the witness's
	sig  string    // the witness's signature line
	at   time.Time // in the cosignature
}

func newFollowed(origin string) *followed {
	sum := sha256.Sum256([]byte(origin))
	f := &followed{origin: origin, hash: hex.EncodeToString(sum[:]), turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	return f
}

// take waits for the turn, and reports whether it came.
func (f *followed) take(ctx context.Context, stop <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	default:
	}
	select {
	case <-f.turn:
		return true
	case <-stop:
	case <-ctx.Done():
	}
	return false
}

func (f *followed) give() { f.turn <- struct{}{} }

// load reads what was cosigned last, and makes sure that the disk has what was
// read. The file is a note that the witness's own signature protects.
func (f *followed) load(files FS, own note.Verifier) error {
	b, err := files.ReadFile(f.hash)
	if errors.Is(err, fs.ErrNotExist) {
		f.last.Store(&state{})
		return files.Sync(".")
	}
	if err != nil {
		return err
	}
	s, err := readState(b, f.origin, own)
	if err != nil {
		return candor.Wrap(err, candor.Verification,
			"The witness's file %s, which tells what it cosigned last of the log %q, was changed, or belongs to a witness with another key. "+
				"Restore the newest copy of it. Never remove it: a witness that forgot may cosign a second history.", f.hash, f.origin)
	}
	if err := errors.Join(files.Sync(f.hash), files.Sync(".")); err != nil {
		return err
	}
	f.last.Store(s)
	return nil
}

func readState(signed []byte, origin string, own note.Verifier) (*state, error) {
	n, err := note.Open(signed, note.VerifierList(own))
	if err != nil {
		return nil, err
	}
	cp, err := receipt.ParseCheckpoint([]byte(n.Text))
	if err != nil {
		return nil, err
	}
	if cp.Origin != origin {
		return nil, fmt.Errorf("it is of the log %q", cp.Origin)
	}
	at, err := receipt.CosignedAt(signed, own)
	return &state{Checkpoint: cp, note: signed, sig: signatureLines(n.Sigs), at: at}, err
}

// text is what the log signed.
func (s *state) text() string { return string(s.Marshal()) }

// cosign makes the next state: the checkpoint with the log's signatures that
// were verified, and the witness's own. A witness's time never goes back,
// whatever its clock does.
func (s *state) cosign(n *note.Note, cp receipt.Checkpoint, by *Signer, now time.Time) (*state, error) {
	at := now.UTC().Truncate(time.Second)
	if at.Before(s.at) {
		at = s.at
	}
	sig, err := by.line([]byte(n.Text), at)
	if err != nil {
		return nil, err
	}
	own := signatureLines([]note.Signature{sig})
	signed := strings.Join([]string{n.Text, "\n", signatureLines(n.Sigs), own}, "")
	return &state{Checkpoint: cp, note: []byte(signed), sig: own, at: at}, nil
}
