// Package shares splits a secret among people, so that any few of them bring it
// back and fewer learn nothing.
//
// Split makes printable shares, Join takes them. The secret, of any length, is
// sealed (AES-256-GCM) under a key that is derived from a random scalar, and the
// scalar is split by Shamir's scheme over ristretto255 (cloudflare/circl). Each
// share carries its part of the scalar and the whole sealed secret.
//
// What never breaks: a share that was mistyped, altered, or is of another set
// is refused by name, and what Join returns is exactly what was split: Shamir's
// scheme alone would give some wrong secret instead.
package shares

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"candor"
)

// The body of a share, in the base64 of a PEM block, docs/spec/custodian.md:
//
//	byte 0        version, 1
//	byte 1        threshold T: how many shares bring the secret back
//	byte 2        N: how many there are
//	byte 3        the share's number, 1 to N: the x of its point
//	bytes 4-19    set: random, the same in all shares of one split
//	bytes 20-51   y of the point, a scalar of ristretto255
//	then          AES-256-GCM of the secret, its nonce first
//	last 8 bytes  of SHA-256 over all before
const (
	version    = 1
	setAt      = 4
	valueAt    = 20
	sealedAt   = 52
	checkBytes = 8
	blockType  = "CANDOR CUSTODIAN SHARE"

	// Most is how many shares one split can make.
	Most = 99
	// maxSecret bounds what is printed, in bytes.
	maxSecret = 64 << 10
)

// Split makes n shares of a secret, any threshold of which bring it back. label
// says on each share, for people, what it is of. A nil random is
// crypto/rand.Reader.
func Split(secret []byte, label string, n, threshold int, random io.Reader) ([][]byte, error) {
	if threshold < 2 || n < threshold || n > Most || len(secret) > maxSecret {
		return nil, candor.Errorf(candor.Invalid, "A key is split into 2 to %d shares, of which at least 2 and at most all restore it.", Most)
	}
	if strings.ContainsAny(label, "\r\n") {
		return nil, candor.Errorf(candor.Invalid, "The label of a share is one line.")
	}
	if random == nil {
		random = rand.Reader
	}
	set := make([]byte, valueAt-setAt)
	if _, err := io.ReadFull(random, set); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "No randomness could be had to split the key; no share was made.")
	}
	head := append([]byte{version, byte(threshold), byte(n)}, set...)
	scalar := group.Ristretto255.RandomScalar(random)
	sealed, err := seal(scalar, head, secret)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for i, s := range secretsharing.New(random, uint(threshold-1), scalar).Share(uint(n)) {
		value, err := s.Value.MarshalBinary()
		if err != nil || len(value) != sealedAt-valueAt {
			return nil, candor.Wrap(err, candor.Internal, "A share could not be written out; none was made.")
		}
		body := append([]byte{version, byte(threshold), byte(n), byte(i + 1)}, set...)
		body = append(append(body, value...), sealed...)
		sum := sha256.Sum256(body)
		out = append(out, pem.EncodeToMemory(&pem.Block{
			Type: blockType, Bytes: append(body, sum[:checkBytes]...),
			Headers: map[string]string{
				"Of": label, "Set": fmt.Sprintf("%x", set), "Share": fmt.Sprintf("%d of %d", i+1, n),
				"Restores": fmt.Sprintf("any %d together", threshold),
			},
		}))
	}
	return out, nil
}

// share is one that was read.
type share struct {
	threshold, of, number int
	set, head, sealed     []byte
	point                 secretsharing.Share
}

// Join brings the secret back from at least the threshold of shares. The texts
// may have anything before and after the share itself.
func Join(texts ...[]byte) ([]byte, error) {
	var all []share
	for i, text := range texts {
		s, err := parse(text)
		if err != nil {
			return nil, candor.Wrap(err, candor.Verification, "Share %d of those given is damaged or mistyped. Compare it with the print, character by character.", i+1)
		}
		for _, other := range all {
			if !bytes.Equal(s.head, other.head) || !bytes.Equal(s.sealed, other.sealed) {
				return nil, candor.Errorf(candor.Invalid, "Share %d of those given is of another set. Shares of one split have the same Set line.", i+1)
			}
			if s.number == other.number {
				return nil, candor.Errorf(candor.Invalid, "Share number %d was given twice.", s.number)
			}
		}
		all = append(all, s)
	}
	if len(all) == 0 || len(all) < all[0].threshold {
		return nil, candor.Errorf(candor.Invalid, "%d shares are too few. Each says in its line Restores how many it takes.", len(all))
	}
	points := make([]secretsharing.Share, all[0].threshold)
	for i := range points {
		points[i] = all[i].point
	}
	scalar, err := secretsharing.Recover(uint(len(points)-1), points)
	if err != nil {
		return nil, candor.Wrap(err, candor.Verification, "The shares do not fit together.")
	}
	return unseal(scalar, all[0].head, all[0].sealed)
}

func parse(text []byte) (share, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != blockType {
		return share{}, errors.New("not a share")
	}
	if !canonical(text, block.Bytes) {
		return share{}, errors.New("a character is wrong")
	}
	b := block.Bytes
	if len(b) < sealedAt+checkBytes || len(b) > sealedAt+maxSecret+100 {
		return share{}, errors.New("of an impossible length")
	}
	body, check := b[:len(b)-checkBytes], b[len(b)-checkBytes:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:checkBytes], check) {
		return share{}, errors.New("the checksum is wrong")
	}
	s := share{threshold: int(body[1]), of: int(body[2]), number: int(body[3]), set: body[setAt:valueAt], sealed: body[sealedAt:]}
	if body[0] != version || s.threshold < 2 || s.of < s.threshold || s.of > Most || s.number < 1 || s.number > s.of {
		return share{}, errors.New("not numbers of a share")
	}
	s.head = append(bytes.Clone(body[:3]), s.set...)
	s.point.ID = group.Ristretto255.NewScalar().SetUint64(uint64(s.number))
	s.point.Value = group.Ristretto255.NewScalar()
	if err := s.point.Value.UnmarshalBinary(body[valueAt:sealedAt]); err != nil {
		return share{}, err
	}
	return s, nil
}

// canonical tells whether the text holds exactly the base64 of data, white
// space apart. A base64 decoder passes over the spare bits of the last
// character, and with them over a typing mistake there.
func canonical(text, data []byte) bool {
	squeezed := bytes.Join(bytes.Fields(text), nil)
	return bytes.Contains(squeezed, []byte(base64.StdEncoding.EncodeToString(data)+"-----END"))
}

// box is the cipher under a scalar, for one set.
func box(scalar group.Scalar, head []byte) (cipher.AEAD, error) {
	raw, err := scalar.MarshalBinary()
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, raw, head, "candor/v1 custodian shares", 32)
	if err != nil {
		return nil, err
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(b)
}

func seal(scalar group.Scalar, head, secret []byte) ([]byte, error) {
	b, err := box(scalar, head)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The key could not be sealed; no share was made.")
	}
	return b.Seal(nil, nil, secret, head), nil
}

func unseal(scalar group.Scalar, head, sealed []byte) ([]byte, error) {
	b, err := box(scalar, head)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The shares could not be opened.")
	}
	secret, err := b.Open(nil, nil, sealed, head)
	if err != nil {
		return nil, candor.Wrap(err, candor.Verification, "The shares do not fit together: one was made to look right and is not.")
	}
	return secret, nil
}
