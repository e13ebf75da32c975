package bleve

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	bleveapi "github.com/blevesearch/bleve_index_api"

	"candor"
)

// Bleve hands every block that holds user data (dictionaries, postings,
// positions, stored fields, doc values, field names, bolt values) to a pair of
// package-level hooks. Ours seal each block with AES-256-GCM:
//
//	block  = counter (6 bytes, big endian) ‖ ciphertext ‖ tag (16 bytes)
//	nonce  = 0 (6 bytes) ‖ counter
//	key    = HKDF-SHA256(index key, salt, "candor index file " ‖ base name)
//	ID     = "candor1:" ‖ key ID (16 hex) ‖ ":" ‖ salt (32 hex)
//
// Each segment file draws a new salt, so a counter is never used twice under
// one key, and a block that is moved to another file does not open. The ID
// stands readable in the file's footer; it is the salt and a hash, nothing else.
//
// Values in root.bolt have the salt 0 and, as their key is the same each time,
// a random nonce: block = nonce (12 bytes) ‖ ciphertext ‖ tag. Bleve writes a
// root again when it is opened, and leaves in place the values that have gone
// empty since; under a new salt they would not open.

const (
	idPrefix    = "candor1:"
	saltSize    = 16
	nonceSize   = 12
	counterSize = 6
	tagSize     = 16
	maxBlocks   = 1 << (8 * counterSize)
	rootName    = "root.bolt"
)

var errSeal = candor.Errorf(candor.Verification,
	"A block of the index does not open: it was changed, or the key is wrong. Run candor rebuild; originals are not affected.")

// sealer seals and opens the blocks of one index.
type sealer struct {
	key []byte
	id  string
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, candor.Errorf(candor.Invalid, "The index key has %d bytes; it must have 32.", len(key))
	}
	sum, err := hkdf.Key(sha256.New, key, nil, "candor index key id", 8)
	if err != nil {
		return nil, err
	}
	return &sealer{key: append([]byte(nil), key...), id: hex.EncodeToString(sum)}, nil
}

func (s *sealer) aead(salt []byte, path string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.key, salt, "candor index file "+filepath.Base(path), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// writer returns a new writer's ID and what seals its blocks. Safe for
// concurrent use.
func (s *sealer) writer(path string) (string, func([]byte) []byte, error) {
	salt := make([]byte, saltSize)
	root := filepath.Base(path) == rootName
	if !root {
		rand.Read(salt) // never fails, as crypto/rand says
	}
	aead, err := s.aead(salt, path)
	if err != nil {
		return "", nil, err
	}
	nonces, kept := counted(), nonceSize-counterSize
	if root {
		nonces, kept = random, 0
	}
	seal := func(data []byte) []byte {
		if len(data) == 0 {
			return data
		}
		nonce := nonces()
		out := make([]byte, 0, nonceSize-kept+len(data)+tagSize)
		return aead.Seal(append(out, nonce[kept:]...), nonce[:], data, nil)
	}
	return idPrefix + s.id + ":" + hex.EncodeToString(salt), seal, nil
}

// counted returns nonces that count from 1.
func counted() func() [nonceSize]byte {
	var count atomic.Uint64
	return func() (nonce [nonceSize]byte) {
		binary.BigEndian.PutUint64(nonce[4:], count.Add(1)%maxBlocks)
		return nonce
	}
}

func random() (nonce [nonceSize]byte) {
	rand.Read(nonce[:])
	return nonce
}

// reader returns what opens the blocks of the writer with an ID.
func (s *sealer) reader(id, path string) (func([]byte) ([]byte, error), error) {
	keyID, saltHex, found := strings.Cut(strings.TrimPrefix(id, idPrefix), ":")
	salt, err := hex.DecodeString(saltHex)
	if !found || !strings.HasPrefix(id, idPrefix) || err != nil || len(salt) != saltSize || keyID != s.id {
		return nil, errSeal
	}
	aead, err := s.aead(salt, path)
	if err != nil {
		return nil, err
	}
	size := counterSize
	if filepath.Base(path) == rootName {
		size = nonceSize
	}
	return func(data []byte) ([]byte, error) {
		if len(data) == 0 {
			return data, nil
		}
		if len(data) < size+tagSize {
			return nil, errSeal
		}
		var nonce [nonceSize]byte
		copy(nonce[nonceSize-size:], data[:size])
		plain, err := aead.Open(nil, nonce[:], data[size:], nil)
		if err != nil {
			return nil, errSeal
		}
		return plain, nil
	}, nil
}

// ring finds the sealer of an open index by the path of one of its files. The
// hooks are variables of the whole process; the ring lets any number of
// indexes with different keys stand behind them.
type ring struct {
	once sync.Once
	mu   sync.RWMutex
	open map[string]*sealer // by folder
}

var sealers = ring{open: map[string]*sealer{}}

// add puts a folder under a sealer. It fails if the folder is open already.
func (r *ring) add(folder string, s *sealer) error {
	r.once.Do(func() {
		bleveapi.WriterHook = r.writerHook
		bleveapi.ReaderHook = r.readerHook
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.open[folder]; ok {
		return candor.Errorf(candor.Conflict, "The index is already open in this process. Close it first.")
	}
	r.open[folder] = s
	return nil
}

func (r *ring) remove(folder string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, folder)
}

func (r *ring) find(path string) *sealer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if s, ok := r.open[dir]; ok {
			return s
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// writerHook leaves files of folders that are not ours as they are. An empty
// path is a segment that stays in memory.
func (r *ring) writerHook(path []byte) (string, func([]byte) []byte, error) {
	s := r.find(string(path))
	if s == nil {
		return "", func(b []byte) []byte { return b }, nil
	}
	return s.writer(string(path))
}

func (r *ring) readerHook(id string, path []byte) (func([]byte) ([]byte, error), error) {
	if s := r.find(string(path)); s != nil {
		return s.reader(id, string(path))
	}
	if id == "" {
		return func(b []byte) ([]byte, error) { return b, nil }, nil
	}
	return nil, errSeal
}
