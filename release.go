package candor

import (
	"crypto/hpke"
	cryptorand "crypto/rand"
	"io"
)

// Sealed keys are named by what they open: an item's rendition, a document of
// the vault, or a key of the archive itself. The custodian binds the name into
// the wrapping, so a key presented under another name does not open.

// KeyName names one wrapped key: "<collection>/<item>/<rendition>" for an
// item's rendition or manifest, "document/<kind>/<id>" for a vault document,
// "archive/<what>" for a key of the archive itself ("archive/catalog",
// "archive/index").
type KeyName string

// ItemKey returns the name of the key of one rendition of an item.
func ItemKey(collection string, item ItemID, r Rendition) KeyName {
	return KeyName(collection + "/" + string(item) + "/" + string(r))
}

// ReleaseKey asks for one key. Salt, Leaf and Path open the outcome record's
// commitment for this key: see receipt.Commit.
type ReleaseKey struct {
	Name    KeyName  `json:"name"`
	Wrapped []byte   `json:"wrapped"` // the body of the key's stanza: hpke.Seal output
	Salt    []byte   `json:"salt"`
	Leaf    int64    `json:"leaf"`
	Path    [][]byte `json:"path"`
}

// ReleaseRequest asks the custodian for the keys that one outcome record
// allows. It carries proof of everything the custodian checks.
type ReleaseRequest struct {
	Receipt          []byte       `json:"receipt"`                     // receipt.Receipt of the outcome record
	Grant            []byte       `json:"grant,omitempty"`             // receipt of the record that approved the purpose, when it has one
	GrantConsistency [][]byte     `json:"grant_consistency,omitempty"` // between the checkpoints of Grant and Receipt, from the smaller tree to the larger
	Consistency      [][]byte     `json:"consistency,omitempty"`       // between the tree of From and that of Receipt, from the smaller to the larger
	From             int64        `json:"from"`                        // a tree size to which the custodian has followed the log
	Requester        []byte       `json:"requester"`                   // HPKE public key (MLKEM768X25519) made for this act
	Leaves           int64        `json:"leaves"`                      // how many keys the commitment covers
	Keys             []ReleaseKey `json:"keys"`
}

// ReleaseAnswer holds the keys, each sealed with HPKE to the requester's key
// with the key's name as info, in the order of the request.
type ReleaseAnswer struct {
	Keys [][]byte `json:"keys"`
}

// The one suite of HPKE (RFC 9180) that keys are wrapped and answered with:
// MLKEM768-X25519, HKDF-SHA256, ChaCha20Poly1305.

// WrapKey seals a file key to the custodian under a name: the output of
// hpke.Seal, 1,152 bytes for a key of 16. What opens it is the custodian's
// private key together with this origin and this name, and no other.
func WrapKey(custodian hpke.PublicKey, origin string, name KeyName, fileKey []byte) ([]byte, error) {
	return hpke.Seal(custodian, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), wrapInfo(origin, name), fileKey)
}

// UnwrapKey opens what WrapKey sealed. An error means that the bytes were
// altered, or were wrapped under another name, origin or custodian.
func UnwrapKey(custodian hpke.PrivateKey, origin string, name KeyName, wrapped []byte) ([]byte, error) {
	return hpke.Open(custodian, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), wrapInfo(origin, name), wrapped)
}

func wrapInfo(origin string, name KeyName) []byte {
	return []byte("candor/v1 file key\n" + origin + "\n" + string(name))
}

// AnswerKey seals a released key to a requester, for Requester.Open.
func AnswerKey(requester hpke.PublicKey, name KeyName, key []byte) ([]byte, error) {
	return hpke.Seal(requester, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(name), key)
}

// Requester is the ephemeral key pair of one act, to which the custodian
// seals its answer. It is made before the outcome record, which commits to its
// public part, and forgotten with the act.
type Requester struct {
	private hpke.PrivateKey
}

// NewRequester makes a key pair. A nil rand is crypto/rand.Reader.
func NewRequester(rand io.Reader) (*Requester, error) {
	if rand == nil {
		rand = cryptorand.Reader
	}
	seed := make([]byte, 32)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, Wrap(err, Unavailable, "No randomness could be had; nothing was released.")
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, Wrap(err, Internal, "A requester key could not be made; nothing was released.")
	}
	return &Requester{private}, nil
}

// Public returns the public key that goes into a ReleaseRequest, 1,216 bytes.
func (r *Requester) Public() []byte { return r.private.PublicKey().Bytes() }

// Open opens one key of a ReleaseAnswer. An answer given for another name, or
// to another requester, does not open.
func (r *Requester) Open(name KeyName, sealed []byte) ([]byte, error) {
	key, err := hpke.Open(r.private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(name), sealed)
	if err != nil {
		return nil, Wrap(err, Verification, "The custodian's answer does not open under the name that was asked for; nothing was released.")
	}
	return key, nil
}
