package home

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"candor"
	"candor/internal/custodian"
	"candor/internal/ownfile"
)

// Ceremony is one line of the file "ceremonies": something that the custodian's
// operators did with its keys or agreements.
type Ceremony struct {
	N    int       `json:"n"` // from 1
	Time time.Time `json:"time"`
	Kind string    `json:"kind"` // init, allow, consent, split, join, restored
	What string    `json:"what"`
	// Before is the SHA-256 of the line before, without its end; of nothing for
	// the first. A line that was taken out or changed shows.
	Before string `json:"before"`
}

// Ceremonies returns all that were written down. A chain that is broken is a
// Verification error.
func (h *Home) Ceremonies() ([]Ceremony, error) {
	all, _, err := h.ceremonies()
	return all, err
}

func (h *Home) ceremonies() (all []Ceremony, last string, err error) {
	last = hashOf(nil)
	text, err := os.ReadFile(filepath.Join(h.dir, ceremoniesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, last, nil
	}
	if err != nil {
		return nil, "", candor.Wrap(err, candor.Unavailable, "The record of ceremonies cannot be read.")
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var c Ceremony
		if json.Unmarshal(lines.Bytes(), &c) != nil || c.Before != last || c.N != len(all)+1 {
			return nil, "", candor.Errorf(candor.Verification, "The record of ceremonies in %s was changed or damaged at line %d. Compare it with what was printed, and with backups.", filepath.Join(h.dir, ceremoniesFile), len(all)+1)
		}
		all, last = append(all, c), hashOf(lines.Bytes())
	}
	if lines.Err() != nil {
		return nil, "", candor.Wrap(lines.Err(), candor.Verification, "The record of ceremonies is damaged.")
	}
	return all, last, nil
}

func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// note writes down a ceremony. It is durable when note returns. Of two
// operators at once the second is told to try again.
func (h *Home) note(kind, what string) (err error) {
	lock, err := custodian.Lock(filepath.Join(h.dir, ceremoniesFile+".lock"))
	if candor.CodeOf(err) == candor.Conflict {
		return candor.Errorf(candor.Conflict, "Another command is writing down a ceremony in this folder. Try again.")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	all, last, err := h.ceremonies()
	if err != nil {
		return err
	}
	line, err := json.Marshal(Ceremony{N: len(all) + 1, Time: h.now().UTC().Truncate(time.Second), Kind: kind, What: what, Before: last})
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The ceremony could not be written down.")
	}
	path := filepath.Join(h.dir, ceremoniesFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return ownfile.CannotWrite(err, path)
	}
	_, err = f.Write(append(line, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return ownfile.CannotWrite(err, path)
	}
	return ownfile.SyncDir(h.dir)
}
