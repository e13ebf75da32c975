package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"

	"candor/receipt"
)

// GenerateKey makes the key of a new witness (cosignature/v1, Ed25519): skey
// ("PRIVATE+KEY+name+id+base64(0x04 ‖ seed)") is its secret, vkey
// ("name+id+base64(0x04 ‖ public key)") is what logs and verifiers are given.
// The key must be used by this one witness alone: a cosignature/v1 does not
// say the name of its signer. random is read for 32 bytes; nil is crypto/rand.
func GenerateKey(random io.Reader, name string) (skey, vkey string, err error) {
	return generateKey(random, name, receipt.CosignatureV1)
}

// GenerateQuantumSafeKey is GenerateKey for ML-DSA-44, whose type is 0x06.
func GenerateQuantumSafeKey(random io.Reader, name string) (skey, vkey string, err error) {
	return generateKey(random, name, receipt.CosignatureMLDSA)
}

const seedSize = 32 // of either type

func generateKey(random io.Reader, name string, keyType byte) (skey, vkey string, err error) {
	if !validName(name) {
		return "", "", fmt.Errorf("%.80q cannot name a witness: it needs at least one letter, at most 255 bytes, and no space and no plus", name)
	}
	if random == nil {
		random = rand.Reader
	}
	seed := make([]byte, seedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return "", "", fmt.Errorf("reading randomness for a key: %w", err)
	}
	s, err := newSigner(name, keyType, seed)
	if err != nil {
		return "", "", err
	}
	skey = fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, s.hash, base64.StdEncoding.EncodeToString(append([]byte{keyType}, seed...)))
	return skey, s.Key(), nil
}

// validName is the rule of signed-note for names of keys.
func validName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsSpace) < 0 &&
		strings.IndexFunc(name, unicode.IsControl) < 0 && !strings.Contains(name, "+")
}

// Signer makes cosignatures (https://c2sp.org/tlog-cosignature). Safe for
// concurrent use. It signs what it is given: that a tree extends the one before
// is for Server to check.
type Signer struct {
	name   string
	hash   uint32
	public []byte // begins with its type
	sign   func(msg []byte) ([]byte, error)
}

var _ note.Signer = (*Signer)(nil)

// NewSigner reads a secret key that GenerateKey or GenerateQuantumSafeKey made.
func NewSigner(skey string) (*Signer, error) {
	rest, ok := strings.CutPrefix(skey, "PRIVATE+KEY+")
	parts := strings.Split(rest, "+")
	if !ok || len(parts) < 3 {
		return nil, errors.New("not the secret key of a witness: it must be PRIVATE+KEY+name+id+base64")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(strings.Join(parts[2:], "+"))
	if err != nil || len(key) != 1+seedSize || !validName(parts[0]) {
		return nil, errors.New("not the secret key of a witness: make one with candor witness init")
	}
	s, err := newSigner(parts[0], key[0], key[1:])
	if err != nil {
		return nil, err
	}
	if parts[1] != fmt.Sprintf("%08x", s.hash) {
		return nil, errors.New("the secret key of the witness was changed: its id does not fit it")
	}
	return s, nil
}

func newSigner(name string, keyType byte, seed []byte) (*Signer, error) {
	s := &Signer{name: name}
	switch keyType {
	case receipt.CosignatureV1:
		key := ed25519.NewKeyFromSeed(seed)
		s.public = key.Public().(ed25519.PublicKey)
		s.sign = func(msg []byte) ([]byte, error) { return ed25519.Sign(key, msg), nil }
	case receipt.CosignatureMLDSA:
		key, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
		if err != nil {
			return nil, err
		}
		s.public = key.PublicKey().Bytes()
		s.sign = func(msg []byte) ([]byte, error) { return key.Sign(nil, msg, &mldsa.Options{}) }
	default:
		return nil, fmt.Errorf("not the secret key of a witness: its type is 0x%02x", keyType)
	}
	s.public = append([]byte{keyType}, s.public...)
	sum := sha256.Sum256(append([]byte(name+"\n"), s.public...))
	s.hash = binary.BigEndian.Uint32(sum[:])
	return s, nil
}

// Name returns the witness's name.
func (s *Signer) Name() string { return s.name }

// KeyHash returns the key ID of C2SP signed-note.
func (s *Signer) KeyHash() uint32 { return s.hash }

// Key returns the verifier key, which receipt.NewVerifier reads.
func (s *Signer) Key() string {
	return fmt.Sprintf("%s+%08x+%s", s.name, s.hash, base64.StdEncoding.EncodeToString(s.public))
}

// Sign cosigns the text of a checkpoint as of now.
func (s *Signer) Sign(text []byte) ([]byte, error) { return s.SignAt(text, time.Now()) }

// SignAt cosigns the text of a checkpoint as of a time, which must be after 1970.
func (s *Signer) SignAt(text []byte, at time.Time) ([]byte, error) {
	if _, err := receipt.ParseCheckpoint(text); err != nil {
		return nil, err
	}
	unix := at.Unix()
	if unix <= 0 {
		return nil, errors.New("the clock stands before 1970: a cosignature needs the time")
	}
	msg, err := receipt.CosignedMessage(s.public[0], s.name, uint64(unix), text)
	if err != nil {
		return nil, err
	}
	sig, err := s.sign(msg)
	return append(binary.BigEndian.AppendUint64(nil, uint64(unix)), sig...), err
}

// line is a cosignature as a line of a note.
func (s *Signer) line(text []byte, at time.Time) (note.Signature, error) {
	sig, err := s.SignAt(text, at)
	if err != nil {
		return note.Signature{}, err
	}
	raw := append(binary.BigEndian.AppendUint32(nil, s.hash), sig...)
	return note.Signature{Name: s.name, Hash: s.hash, Base64: base64.StdEncoding.EncodeToString(raw)}, nil
}
