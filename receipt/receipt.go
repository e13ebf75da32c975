package receipt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	maxReceipt  = 64 << 10
	maxHashes   = 63 // an inclusion proof in a tree of 2^63 leaves
)

// Receipt proves offline that a record is in the log: a C2SP tlog-proof
// (https://c2sp.org/tlog-proof) together with the record it proves.
type Receipt struct {
	Index      int64    // the record's place in the log, from 0
	Leaf       []byte   // the record as it stands in the log
	Hashes     [][]byte // inclusion proof, RFC 6962, lowest level first
	Checkpoint []byte   // the signed note that covers it
}

// Marshal writes the receipt as a tlog-proof. The leaf stands in the proof's
// extra line, so that one file holds all that a verifier needs; a verifier that
// has the record from elsewhere may ignore that line.
//
//	c2sp.org/tlog-proof@v1
//	extra eyJ2IjoxLCJub25jZSI6…
//	index 73894
//	gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//
//	example.org/archive
//	109482
//	sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
//
//	— example.org/archive hI2DJw…
func (r Receipt) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, base64.StdEncoding.EncodeToString(r.Leaf), r.Index)
	for _, h := range r.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h) + "\n")
	}
	b.WriteString("\n")
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// Parse reads what Marshal writes, and nothing else. It does not verify.
func Parse(text []byte) (Receipt, error) {
	if len(text) > maxReceipt {
		return Receipt{}, fmt.Errorf("a receipt has at most %d bytes, this has %d", maxReceipt, len(text))
	}
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != proofHeader {
		return Receipt{}, fmt.Errorf("not a receipt: it does not begin with %q, an extra and an index line", proofHeader)
	}
	r := Receipt{Checkpoint: []byte(checkpoint)}
	if err := r.parseLeaf(lines[1]); err != nil {
		return Receipt{}, err
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if !ok {
		return Receipt{}, errors.New("not a receipt: its third line is not an index")
	}
	var err error
	if r.Index, err = parseCount(index); err != nil {
		return Receipt{}, fmt.Errorf("not a receipt: index: %w", err)
	}
	return r, r.parseHashes(lines[3:])
}

func (r *Receipt) parseLeaf(line string) error {
	extra, ok := strings.CutPrefix(line, "extra ")
	leaf, err := base64.StdEncoding.Strict().DecodeString(extra)
	if !ok || err != nil || base64.StdEncoding.EncodedLen(len(leaf)) != len(extra) {
		return errors.New("not a receipt: its second line does not hold the record in base64")
	}
	r.Leaf = leaf
	return nil
}

func (r *Receipt) parseHashes(lines []string) error {
	if len(lines) > maxHashes {
		return fmt.Errorf("not a receipt: more than %d hashes", maxHashes)
	}
	for _, l := range lines {
		h, err := parseHash(l)
		if err != nil {
			return fmt.Errorf("not a receipt: %w", err)
		}
		r.Hashes = append(r.Hashes, h[:])
	}
	return nil
}

// Verify checks that the record is in the log that t trusts: the checkpoint's
// signature, origin and quorum, and the inclusion proof. It returns the record.
// It needs no network and asks nobody. It does not check how old the
// checkpoint is.
func (r Receipt) Verify(t Trust) (Record, error) {
	_, rec, err := r.VerifyCheckpoint(t)
	return rec, err
}

// VerifyCheckpoint is Verify for callers that also need the checkpoint under
// which the record was proved, such as a custodian that follows the log.
func (r Receipt) VerifyCheckpoint(t Trust) (Checkpoint, Record, error) {
	c, _, err := t.OpenCheckpoint(r.Checkpoint)
	if err != nil {
		return Checkpoint{}, Record{}, err
	}
	if err := r.checkInclusion(c); err != nil {
		return Checkpoint{}, Record{}, err
	}
	rec, err := ParseRecord(r.Leaf)
	if err != nil {
		return Checkpoint{}, Record{}, fmt.Errorf("leaf %d of the log: %w", r.Index, err)
	}
	return c, rec, nil
}

func (r Receipt) checkInclusion(c Checkpoint) error {
	if r.Index < 0 || r.Index >= c.Size {
		return errors.New("the receipt's index " + strconv.FormatInt(r.Index, 10) + " is not in the tree of its checkpoint")
	}
	proof, err := toHashes(r.Hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, c.Size, c.Hash, r.Index, tlog.RecordHash(r.Leaf)); err != nil {
		return fmt.Errorf("record %d is not in the log of %d records that the checkpoint signs: %w", r.Index, c.Size, err)
	}
	return nil
}
