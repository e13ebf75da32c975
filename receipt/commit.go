package receipt

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// SaltSize is how many random bytes hide each key name of a commitment.
const SaltSize = 16

const (
	commitmentDomain = "candor commitment v1\n"
	keyDomain        = "candor key v1\n"
)

// Commitment binds an outcome record to the keys that may be released under it
// and to the one public key to which they may be sealed, without naming any:
// the record carries only String. It is the RFC 6962 tree over one salted leaf
// a key name; see docs/spec/receipt.md. Safe for concurrent use.
type Commitment struct {
	text   string
	salts  []byte // SaltSize bytes a leaf
	hashes []tlog.Hash
	at     map[string]int64
}

// Opening shows that a commitment covers one key name.
type Opening struct {
	Name string
	Salt []byte
	Leaf int64
	Path [][]byte
}

// Commit makes a commitment to key names for a requester's public key. Each
// name gets a fresh salt from random (nil is crypto/rand.Reader). Its time and
// memory are linear in the names.
func Commit(requester []byte, names []string, random io.Reader) (*Commitment, error) {
	if len(names) == 0 || len(requester) == 0 {
		return nil, errors.New("a commitment is to at least one key name, for a requester's key")
	}
	if random == nil {
		random = rand.Reader
	}
	c := &Commitment{
		salts:  make([]byte, SaltSize*len(names)),
		hashes: make([]tlog.Hash, 0, tlog.StoredHashCount(int64(len(names)))),
		at:     make(map[string]int64, len(names)),
	}
	if _, err := io.ReadFull(random, c.salts); err != nil {
		return nil, fmt.Errorf("no randomness for a commitment: %w", err)
	}
	for i, name := range names {
		if err := c.add(int64(i), name); err != nil {
			return nil, err
		}
	}
	root, err := tlog.TreeHash(c.Leaves(), tlog.HashReaderFunc(c.read))
	if err != nil {
		return nil, err
	}
	c.text = commitmentText(root, c.Leaves(), requester)
	return c, nil
}

func (c *Commitment) add(leaf int64, name string) error {
	if _, twice := c.at[name]; twice || name == "" {
		return errors.New("a commitment names each key once, and no key is without a name")
	}
	c.at[name] = leaf
	stored, err := tlog.StoredHashesForRecordHash(leaf, keyLeaf(c.salt(leaf), name), tlog.HashReaderFunc(c.read))
	if err != nil {
		return err
	}
	c.hashes = append(c.hashes, stored...)
	return nil
}

// String is the commitment as the record carries it: 64 hexadecimal digits.
func (c *Commitment) String() string { return c.text }

// Leaves is how many key names the commitment covers.
func (c *Commitment) Leaves() int64 { return int64(len(c.at)) }

// Open returns what shows that the commitment covers a key name.
func (c *Commitment) Open(name string) (Opening, error) {
	leaf, ok := c.at[name]
	if !ok {
		return Opening{}, errors.New("the commitment does not cover this key")
	}
	proof, err := tlog.ProveRecord(c.Leaves(), leaf, tlog.HashReaderFunc(c.read))
	if err != nil {
		return Opening{}, err
	}
	return Opening{Name: name, Salt: c.salt(leaf), Leaf: leaf, Path: toBytes(proof)}, nil
}

func (c *Commitment) salt(leaf int64) []byte {
	return c.salts[leaf*SaltSize : (leaf+1)*SaltSize : (leaf+1)*SaltSize]
}

func (c *Commitment) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(c.hashes)) {
			return nil, errors.New("hash outside the commitment")
		}
		out[i] = c.hashes[x]
	}
	return out, nil
}

// OpenCommitment verifies that a record's commitment covers a key name at leaf
// of leaves, for a requester's public key. nil means that it does.
func OpenCommitment(commitment string, requester []byte, leaves, leaf int64, name string, salt []byte, path [][]byte) error {
	if leaves < 1 || leaf < 0 || leaf >= leaves || len(salt) != SaltSize || len(path) > maxHashes {
		return errors.New("the opening of the commitment is malformed")
	}
	proof, err := toHashes(path)
	if err != nil {
		return err
	}
	root, err := rootFromPath(proof, leaves, leaf, keyLeaf(salt, name))
	if err != nil {
		return err
	}
	want := commitmentText(root, leaves, requester)
	if subtle.ConstantTimeCompare([]byte(want), []byte(commitment)) != 1 {
		return errors.New("the record's commitment does not cover this key for this requester")
	}
	return nil
}

// rootFromPath computes the root that an RFC 6962 audit path leads to.
func rootFromPath(path []tlog.Hash, size, leaf int64, h tlog.Hash) (tlog.Hash, error) {
	last := size - 1
	for _, p := range path {
		if last == 0 {
			return tlog.Hash{}, errors.New("the path of the commitment is too long")
		}
		if leaf&1 == 1 || leaf == last {
			h = tlog.NodeHash(p, h)
			for leaf&1 == 0 && leaf != 0 { // a right edge without siblings
				leaf, last = leaf>>1, last>>1
			}
		} else {
			h = tlog.NodeHash(h, p)
		}
		leaf, last = leaf>>1, last>>1
	}
	if last != 0 {
		return tlog.Hash{}, errors.New("the path of the commitment is too short")
	}
	return h, nil
}

// keyLeaf hashes one key name. The salt has a fixed length, so the bytes can
// be cut in one way only.
func keyLeaf(salt []byte, name string) tlog.Hash {
	leaf := make([]byte, 0, len(keyDomain)+len(salt)+1+len(name))
	leaf = append(leaf, keyDomain...)
	leaf = append(leaf, salt...)
	leaf = append(leaf, '\n')
	return tlog.RecordHash(append(leaf, name...))
}

func commitmentText(root tlog.Hash, leaves int64, requester []byte) string {
	key := sha256.Sum256(requester)
	b := append([]byte(commitmentDomain), root[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(leaves))
	sum := sha256.Sum256(append(b, key[:]...))
	return hex.EncodeToString(sum[:])
}

func toBytes(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h[:]
	}
	return out
}
