package bleve

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
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
// Each writer (a segment file, a bolt snapshot) draws a new salt, so a counter
// is never used twice under one key, and a block that is moved to another file
// does not open. The ID stands readable in the file's footer; it is the salt
// and a hash, nothing else.

const (
	idPrefix     = "candor1:"
	saltSize     = 16
	counterSize  = 6
	tagSize      = 16
	maxBlocks    = 1 << (8 * counterSize)
	sealOverhead = counterSize + tagSize
)

var errSeal = candor.Errorf(candor.Verification,
	"A block of the index does not open: it was changed, or the key is wrong. Run candor rebuild; originals are not affected.")

// sealer seals and opens the blocks of one index.
type sealer struct {
	key  []byte
	id   string
	rand io.Reader
}

func newSealer(key []byte, random io.Reader) (*sealer, error) {
	if len(key) != 32 {
		return nil, candor.Errorf(candor.Invalid, "The index key has %d bytes; it must have 32.", len(key))
	}
	if random == nil {
		random = rand.Reader
	}
	sum, err := hkdf.Key(sha256.New, key, nil, "candor index key id", 8)
	if err != nil {
		return nil, err
	}
	return &sealer{key: append([]byte(nil), key...), id: hex.EncodeToString(sum), rand: random}, nil
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
	if _, err := io.ReadFull(s.rand, salt); err != nil {
		return "", nil, fmt.Errorf("drawing a salt for an index file: %w", err)
	}
	aead, err := s.aead(salt, path)
	if err != nil {
		return "", nil, err
	}
	var count atomic.Uint64
	seal := func(data []byte) []byte {
		if len(data) == 0 {
			return data
		}
		var nonce [12]byte
		binary.BigEndian.PutUint64(nonce[4:], count.Add(1)%maxBlocks)
		out := make([]byte, counterSize, len(data)+sealOverhead)
		copy(out, nonce[6:])
		return aead.Seal(out, nonce[:], data, nil)
	}
	return idPrefix + s.id + ":" + hex.EncodeToString(salt), seal, nil
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
	return func(data []byte) ([]byte, error) {
		if len(data) == 0 {
			return data, nil
		}
		if len(data) < sealOverhead {
			return nil, errSeal
		}
		var nonce [12]byte
		copy(nonce[6:], data[:counterSize])
		plain, err := aead.Open(nil, nonce[:], data[counterSize:], nil)
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
