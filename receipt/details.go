package receipt

import (
	"encoding/binary"
	"errors"
	"time"
)

// SplitDetails takes the sealed details of a record apart: an age file for the
// auditors, and the coverage sealed to the custodian, which may be empty. See
// docs/spec/details.md. It decrypts nothing; the parts share sealed's memory.
func SplitDetails(sealed []byte) (private, covered []byte, err error) {
	private, rest, err := cutPart(sealed)
	if err != nil {
		return nil, nil, err
	}
	covered, rest, err = cutPart(rest)
	if err != nil {
		return nil, nil, err
	}
	if len(rest) != 0 {
		return nil, nil, errors.New("sealed details have more than two parts")
	}
	return private, covered, nil
}

func cutPart(b []byte) (part, rest []byte, err error) {
	if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
		return nil, nil, errors.New("sealed details are cut short")
	}
	n := 4 + int(binary.BigEndian.Uint32(b))
	return b[4:n:n], b[n:], nil
}

// BeforeTime is the time before which the acts were over.
func (t Retention) BeforeTime() time.Time {
	at, _ := time.Parse(expiresLayout, t.Before) // a parsed record's is valid; of others the zero time
	return at
}
