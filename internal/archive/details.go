package archive

import (
	"bytes"
	"crypto/hpke"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/receipt"
)

// Details is the private part of a record: who, what was asked, which items.
// It is sealed to the auditor's age recipients and stored beside the log; see
// docs/spec/details.md.
type Details struct {
	Person    candor.PersonID     `json:"person"`
	Name      string              `json:"name,omitempty"`
	Purpose   candor.PurposeID    `json:"purpose,omitempty"`
	Why       string              `json:"why,omitempty"`
	Query     string              `json:"query,omitempty"`
	Mode      string              `json:"mode,omitempty"`  // semantic or hybrid; empty is by words
	Like      candor.ItemID       `json:"like,omitempty"`  // the item that was asked for more like
	Model     string              `json:"model,omitempty"` // that is told the question, the words, the texts or the sound, and where; several separated by commas
	Sent      []string            `json:"sent,omitempty"`  // passages that it was given
	Filters   map[string][]string `json:"filters,omitempty"`
	Translate string              `json:"translate,omitempty"` // languages that a text, or the words of a query, were put into by Model
	Fold      string              `json:"fold,omitempty"`      // results were folded by it
	Saved     string              `json:"saved,omitempty"`     // the saved search that was made again
	Watch     bool                `json:"watch,omitempty"`     // by the archive itself, to count what is new
	Job       string              `json:"job,omitempty"`       // the job that this is an act of
	Source    string              `json:"source,omitempty"`    // what was handed in
	Subject   string              `json:"subject,omitempty"`   // whom or what an administrative act concerned
	Because   string              `json:"because,omitempty"`   // why it was decided so
	Items     []candor.ItemID     `json:"items,omitempty"`
}

// sealer encrypts details. It holds public keys only: what it has sealed it
// cannot open.
type sealer struct {
	origin   string
	auditors []age.Recipient
	// custodian opens coverage again when the catalog has to be rebuilt.
	custodian hpke.PublicKey
}

func newSealer(origin string, auditors []string, custodianKey []byte) (*sealer, error) {
	s := &sealer{origin: origin}
	recipients, err := parseRecipients(auditors)
	if err != nil {
		return nil, err
	}
	s.auditors = recipients
	s.custodian, err = hpke.MLKEM768X25519().NewPublicKey(custodianKey)
	if err != nil {
		return nil, fmt.Errorf("custodian's public key: %w", err)
	}
	return s, nil
}

func parseRecipients(auditors []string) ([]age.Recipient, error) {
	if len(auditors) == 0 {
		return nil, candor.Errorf(candor.Invalid, "This archive has no auditor. Acts cannot be recorded without somebody who can read their details; run `candor init` again or restore the recovery kit.")
	}
	var all []age.Recipient
	for _, a := range auditors {
		r, err := age.ParseHybridRecipient(a)
		if err != nil {
			return nil, candor.Wrap(err, candor.Invalid, "The auditor's recipient is not a post-quantum age recipient (age1pq1…).")
		}
		all = append(all, r)
	}
	return all, nil
}

// seal returns the sealed details: two parts, each preceded by its length as a
// big-endian uint32. The first is an age file for the auditors. The second, of
// length 0 when nothing new was shown, is the list of newly covered item
// numbers, sealed by HPKE to the custodian under CoverageName.
func (s *sealer) seal(d Details, rec receipt.Record, fresh map[uint32]bool) ([]byte, error) {
	private, err := s.sealDetails(d)
	if err != nil {
		return nil, err
	}
	covered, err := s.sealCoverage(rec, fresh)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 8+len(private)+len(covered))
	for _, part := range [][]byte{private, covered} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out, nil
}

func (s *sealer) sealDetails(d Details) ([]byte, error) {
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, s.auditors...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func (s *sealer) sealCoverage(rec receipt.Record, fresh map[uint32]bool) ([]byte, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	bitmap := roaring.New()
	for n := range fresh {
		bitmap.Add(n)
	}
	plain, err := bitmap.ToBytes()
	if err != nil {
		return nil, err
	}
	name := coverageName(rec)
	return candor.WrapKey(s.custodian, s.origin, name, plain)
}

// coverageName is the name under which the coverage of one outcome is sealed.
func coverageName(rec receipt.Record) candor.KeyName {
	return candor.KeyName("coverage/" + rec.Purpose + "/" + rec.Nonce)
}

// OpenDetails decrypts the private part of sealed details for an auditor.
func OpenDetails(sealed []byte, auditor age.Identity) (Details, error) {
	private, _, err := receipt.SplitDetails(sealed)
	if err != nil {
		return Details{}, candor.Wrap(err, candor.Verification, "These sealed details are damaged.")
	}
	r, err := age.Decrypt(bytes.NewReader(private), auditor)
	if err != nil {
		return Details{}, candor.Wrap(err, candor.Denied, "These details are sealed to another auditor.")
	}
	var d Details
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return Details{}, candor.Wrap(err, candor.Verification, "These sealed details are damaged.")
	}
	return d, nil
}

// newSecret returns a fresh bearer secret: 32 random bytes, base64url.
func newSecret(rand io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(rand, b); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "No randomness could be had; try again.")
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
