package receipt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is what a log signs: the body of a C2SP tlog-checkpoint
// (https://c2sp.org/tlog-checkpoint).
//
//	example.org/archive
//	20852163
//	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
type Checkpoint struct {
	Origin     string    // the log's name, one line
	Size       int64     // records in the tree
	Hash       tlog.Hash // RFC 6962 root of the tree
	Extensions []string  // further lines; Candor writes none and trusts none
}

// Marshal writes the text of the note, without signatures.
func (c Checkpoint) Marshal() []byte {
	lines := append([]string{c.Origin, strconv.FormatInt(c.Size, 10), c.Hash.String()}, c.Extensions...)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// ParseCheckpoint reads the text of a note. Whatever it accepts, Marshal
// writes again byte for byte.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	body, ok := strings.CutSuffix(string(text), "\n")
	lines := strings.Split(body, "\n")
	if !ok || len(lines) < 3 {
		return Checkpoint{}, errors.New("not a checkpoint: it has fewer than three lines")
	}
	for _, l := range lines {
		if l == "" {
			return Checkpoint{}, errors.New("not a checkpoint: it has an empty line")
		}
	}
	size, err := parseCount(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("not a checkpoint: size: %w", err)
	}
	hash, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("not a checkpoint: root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Hash: hash}
	if len(lines) > 3 {
		c.Extensions = lines[3:]
	}
	return c, nil
}

// Trust says whom a verifier believes.
type Trust struct {
	// Origin is the log's name. Empty means the name of Log.
	Origin string
	// Log verifies the log's own signature. Needed.
	Log note.Verifier
	// Witnesses verify cosignatures (see NewVerifier). A signature by a witness
	// that is listed here and does not verify is an error; others are ignored.
	Witnesses []note.Verifier
	// Quorum is how many of Witnesses must have cosigned. 0 asks for none, and
	// leaves the operator able to show different logs to different people.
	Quorum int
}

// OpenCheckpoint verifies a signed checkpoint: the log's signature, the origin
// and the quorum. It returns the names of the witnesses that cosigned. How old
// a checkpoint may be is the caller's to decide.
func (t Trust) OpenCheckpoint(signed []byte) (Checkpoint, []string, error) {
	if t.Log == nil {
		return Checkpoint{}, nil, errors.New("no key of the log to verify with")
	}
	n, err := note.Open(signed, note.VerifierList(append([]note.Verifier{t.Log}, t.Witnesses...)...))
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("checkpoint not signed as it must be: %w", err)
	}
	c, err := ParseCheckpoint([]byte(n.Text))
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if want := t.origin(); c.Origin != want {
		return Checkpoint{}, nil, fmt.Errorf("the checkpoint is of the log %q, not of %q", c.Origin, want)
	}
	cosigned, err := t.cosigners(n.Sigs)
	return c, cosigned, err
}

func (t Trust) origin() string {
	if t.Origin != "" {
		return t.Origin
	}
	return t.Log.Name()
}

func (t Trust) cosigners(sigs []note.Signature) ([]string, error) {
	var byLog bool
	var cosigned []string
	for _, s := range sigs {
		if s.Name == t.Log.Name() && s.Hash == t.Log.KeyHash() {
			byLog = true
			continue
		}
		cosigned = append(cosigned, s.Name)
	}
	if !byLog {
		return nil, errors.New("the checkpoint is not signed by the log")
	}
	if len(cosigned) < t.Quorum {
		return nil, fmt.Errorf("%d witnesses cosigned, %d are needed", len(cosigned), t.Quorum)
	}
	return cosigned, nil
}

// CheckConsistency verifies that the tree of to extends the tree of from, by an
// RFC 6962 consistency proof. Equal sizes need an empty proof and equal roots;
// every tree extends the empty one.
func CheckConsistency(from, to Checkpoint, proof [][]byte) error {
	switch {
	case from.Origin != to.Origin:
		return fmt.Errorf("two different logs: %q and %q", from.Origin, to.Origin)
	case from.Size < 0 || from.Size > to.Size:
		return fmt.Errorf("the log went back from %d records to %d", from.Size, to.Size)
	case from.Size == 0 || from.Size == to.Size:
		return checkTrivial(from, to, proof)
	}
	hashes, err := toHashes(proof)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, to.Size, to.Hash, from.Size, from.Hash); err != nil {
		return fmt.Errorf("the log of %d records does not extend the log of %d: %w", to.Size, from.Size, err)
	}
	return nil
}

func checkTrivial(from, to Checkpoint, proof [][]byte) error {
	if len(proof) != 0 {
		return errors.New("a consistency proof that must be empty is not")
	}
	if from.Size == to.Size && from.Hash != to.Hash {
		return fmt.Errorf("two different logs of %d records were signed", to.Size)
	}
	return nil
}

func toHashes(raw [][]byte) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(raw))
	for i, b := range raw {
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of the proof has %d bytes, not %d", len(b), tlog.HashSize)
		}
		copy(hashes[i][:], b)
	}
	return hashes, nil
}

// parseCount reads a decimal without sign or leading zeroes.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%.40q is not a decimal number", s)
	}
	return n, nil
}

// parseHash reads a base64 hash. It is stricter than tlog.ParseHash, which
// accepts stray bits and so more than one way to write a hash.
func parseHash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || len(s) != 44 {
		return tlog.Hash{}, fmt.Errorf("%.60q is not a hash", s)
	}
	return tlog.Hash(b), nil
}
