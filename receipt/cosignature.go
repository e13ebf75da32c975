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

	"filippo.io/mldsa"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/mod/sumdb/note"
)

// Signature types of witnesses (https://c2sp.org/tlog-cosignature).
const (
	CosignatureV1    = 0x04 // Ed25519, over the time and the note's body
	CosignatureMLDSA = 0x06 // ML-DSA-44 (FIPS 204), over the time, the names, the size and the root; a quantum computer does not forge it
)

// stampSize is what stands before the signature itself: the time, in seconds.
const stampSize = 8

// NewVerifier reads a verifier key ("name+hash+base64") of a log (Ed25519) or
// of a witness (cosignature/v1, or ML-DSA-44).
func NewVerifier(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("%.80q is not a verifier key", vkey)
	}
	if key[0] != CosignatureV1 && key[0] != CosignatureMLDSA {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("verifier key of %.80q: %w", name, err)
		}
		return v, nil
	}
	v := &cosignerKey{name: name, key: key, hash: keyHash(name, key)}
	if v.verify, err = verifierOf(key); err != nil || name == "" {
		return nil, fmt.Errorf("verifier key of %.80q: malformed", name)
	}
	if vkey != v.String() {
		return nil, fmt.Errorf("verifier key of %.80q: its hash does not fit its key", name)
	}
	return v, nil
}

// verifierOf reads a public key that begins with its type.
func verifierOf(key []byte) (func(msg, sig []byte) bool, error) {
	if key[0] == CosignatureV1 {
		if len(key) != 1+ed25519.PublicKeySize {
			return nil, errors.New("malformed")
		}
		return func(msg, sig []byte) bool { return ed25519.Verify(key[1:], msg, sig) }, nil
	}
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), key[1:])
	if err != nil {
		return nil, err
	}
	return func(msg, sig []byte) bool { return mldsa.Verify(public, msg, sig, nil) == nil }, nil
}

// keyHash is the key ID of C2SP signed-note; key begins with its type.
func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosignerKey verifies what a witness signed.
type cosignerKey struct {
	name   string
	hash   uint32
	key    []byte // begins with its type
	verify func(msg, sig []byte) bool
}

func (v *cosignerKey) Name() string    { return v.name }
func (v *cosignerKey) KeyHash() uint32 { return v.hash }

func (v *cosignerKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", v.name, v.hash, base64.StdEncoding.EncodeToString(v.key))
}

func (v *cosignerKey) Verify(text, sig []byte) bool {
	if len(sig) < stampSize {
		return false
	}
	msg, err := CosignedMessage(v.key[0], v.name, binary.BigEndian.Uint64(sig), text)
	return err == nil && v.verify(msg, sig[stampSize:])
}

// CosignedMessage is what a witness of a name signs, with a key of a type, to say
// that at a time (in seconds since 1970, which stands before its signature too) a
// checkpoint was the largest of its log that it had seen.
func CosignedMessage(keyType byte, name string, at uint64, checkpoint []byte) ([]byte, error) {
	if at > math.MaxInt64 {
		return nil, errors.New("a cosignature from after the end of time")
	}
	if keyType == CosignatureV1 {
		return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), checkpoint...), nil
	}
	c, err := ParseCheckpoint(checkpoint)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddBytes([]byte("subtree/v1\n\x00"))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
	b.AddUint64(at)
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.Origin)) })
	b.AddUint64(0) // the subtree begins with the first leaf
	b.AddUint64(uint64(c.Size))
	b.AddBytes(c.Hash[:])
	return b.Bytes()
}

// CosignedAt returns when a witness says that it cosigned a checkpoint. It
// verifies the cosignature first.
func CosignedAt(signed []byte, witness note.Verifier) (time.Time, error) {
	if _, ok := witness.(*cosignerKey); !ok {
		return time.Time{}, errors.New("the key is not that of a witness")
	}
	n, err := note.Open(signed, note.VerifierList(witness))
	if err != nil {
		return time.Time{}, fmt.Errorf("checkpoint not cosigned by %s: %w", witness.Name(), err)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(raw) < 4+stampSize {
		return time.Time{}, errors.New("malformed cosignature")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), nil
}
