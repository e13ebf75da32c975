// Package witness is both sides of the C2SP witness protocol
// (https://c2sp.org/tlog-witness): a small complete witness, and what a log
// needs to have its checkpoints cosigned by several.
//
// NewServer is a witness: an http.Handler that cosigns the checkpoints of the
// logs it knows. What never breaks: it cosigns only trees that extend the one
// it cosigned before, never two trees of one size, and a cosignature leaves
// only after the checkpoint under it is on the disk.
//
// ParsePolicy reads which witnesses count, and NewSubmitter brings checkpoints
// to all of them side by side. It hands a checkpoint back as soon as enough
// have cosigned it; a witness that is slow or away costs nothing that the
// policy does not need. docs/spec/witness.md tells requests, answers and files.
package witness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

const (
	maxProof = 63 // hashes in a consistency proof, by the specification
	// maxRequest is the most bytes of a request: a full proof and 16 signatures
	// of 5 kB, which the note format asks to be accepted, fit twice.
	maxRequest = 256 << 10
	// maxAnswer is the most bytes that a client reads of an answer.
	maxAnswer = 64 << 10

	sizeType = "text/x.tlog.size"
)

// request is the body of add-checkpoint:
//
//	old 20852014
//	PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
//
//	example.com/behind-the-sofa
//	20852163
//	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//
//	— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
type request struct {
	old        int64
	proof      [][]byte
	checkpoint []byte
}

func (r request) marshal() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, h := range r.proof {
		b = base64.StdEncoding.AppendEncode(b, h)
		b = append(b, '\n')
	}
	return append(append(b, '\n'), r.checkpoint...)
}

// parseRequest reads a body. Whatever it accepts, marshal writes again byte
// for byte.
func parseRequest(body []byte) (request, error) {
	head, checkpoint, ok := strings.Cut(string(body), "\n\n")
	if !ok {
		return request{}, errors.New("no empty line between the proof and the checkpoint")
	}
	lines := strings.Split(head, "\n")
	old, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return request{}, errors.New("the first line is not the old size")
	}
	size, err := parseSize(old)
	if err != nil {
		return request{}, fmt.Errorf("old size: %w", err)
	}
	proof, err := parseProof(lines[1:])
	return request{old: size, proof: proof, checkpoint: []byte(checkpoint)}, err
}

func parseProof(lines []string) ([][]byte, error) {
	if len(lines) > maxProof {
		return nil, fmt.Errorf("more than %d hashes", maxProof)
	}
	var proof [][]byte
	for _, l := range lines {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize || len(l) != base64.StdEncoding.EncodedLen(tlog.HashSize) {
			return nil, fmt.Errorf("%.60q is not a hash", l)
		}
		proof = append(proof, h)
	}
	return proof, nil
}

// parseSize reads a decimal without sign or leading zeroes.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%.40q is not a decimal number", s)
	}
	return n, nil
}

// parseSizeAnswer reads the body of an answer 409: a size and a newline.
func parseSizeAnswer(body []byte) (int64, error) {
	s, ok := strings.CutSuffix(string(body), "\n")
	if !ok {
		return 0, errors.New("the answer is not a size and a newline")
	}
	return parseSize(s)
}

// readNote takes a signed note apart without believing it.
func readNote(signed []byte) (*note.Note, receipt.Checkpoint, error) {
	_, err := note.Open(signed, note.VerifierList())
	unverified, ok := errors.AsType[*note.UnverifiedNoteError](err)
	if !ok {
		return nil, receipt.Checkpoint{}, fmt.Errorf("not a signed note: %w", err)
	}
	cp, err := receipt.ParseCheckpoint([]byte(unverified.Note.Text))
	return unverified.Note, cp, err
}

// signatureLines are the lines of a note below its text.
func signatureLines(sigs []note.Signature) string {
	var b strings.Builder
	for _, s := range sigs {
		fmt.Fprintf(&b, "— %s %s\n", s.Name, s.Base64)
	}
	return b.String()
}
