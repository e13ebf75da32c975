package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of C2SP signed-note that Candor verifies.
const (
	algEd25519       = 0x01 // a log's own signature
	algCosignatureV1 = 0x04 // a witness's (https://c2sp.org/tlog-cosignature)
)

// NewVerifier reads a verifier key ("name+hash+base64") of a log (Ed25519) or
// of a witness (cosignature/v1).
func NewVerifier(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("%.80q is not a verifier key", vkey)
	}
	if key[0] != algCosignatureV1 {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("verifier key of %.80q: %w", name, err)
		}
		return v, nil
	}
	if len(key) != 1+ed25519.PublicKeySize || name == "" {
		return nil, fmt.Errorf("verifier key of %.80q: malformed", name)
	}
	v := &cosignatureV1{name: name, key: ed25519.PublicKey(key[1:]), hash: keyHash(name, key)}
	if vkey != v.String() {
		return nil, fmt.Errorf("verifier key of %.80q: its hash does not fit its key", name)
	}
	return v, nil
}

// keyHash is the key ID of C2SP signed-note; key begins with its type.
func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosignatureV1 verifies what a witness signed: the time and the note's body.
type cosignatureV1 struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v *cosignatureV1) Name() string    { return v.name }
func (v *cosignatureV1) KeyHash() uint32 { return v.hash }

func (v *cosignatureV1) String() string {
	key := append([]byte{algCosignatureV1}, v.key...)
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(key))
}

func (v *cosignatureV1) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= math.MaxInt64 && ed25519.Verify(v.key, cosignedMessage(at, msg), sig[8:])
}

// cosignedMessage is what is signed: two lines, then the note's body.
func cosignedMessage(at uint64, body []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), body...)
}

// CosignedAt returns when a witness says that it cosigned a checkpoint. It
// verifies the cosignature first.
func CosignedAt(signed []byte, witness note.Verifier) (time.Time, error) {
	if _, ok := witness.(*cosignatureV1); !ok {
		return time.Time{}, errors.New("the key is not that of a cosignature/v1 witness")
	}
	n, err := note.Open(signed, note.VerifierList(witness))
	if err != nil {
		return time.Time{}, fmt.Errorf("checkpoint not cosigned by %s: %w", witness.Name(), err)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(raw) != 4+8+ed25519.SignatureSize {
		return time.Time{}, errors.New("malformed cosignature")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), nil
}
