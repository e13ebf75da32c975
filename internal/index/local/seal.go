package local

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"candor"
)

// A sealed file is a header and a sequence of blocks, each sealed with
// AES-256-GCM under a key of the file; docs/spec/index.md shows the bytes. A
// block opens only in its file, at its place, and the last only as the last.
const (
	blockSize  = 16 << 10 // of plain text; the last block may be shorter
	tagSize    = 16
	sealedSize = blockSize + tagSize
	openSize   = 64 // of the header, without its seal
	headerSize = openSize + tagSize
	saltSize   = 32
	keyIDSize  = 16

	formatVersion = 2
	firstVersion  = 1 // that is still read
)

var magic = [8]byte{'c', 'a', 'n', 'd', 'o', 'r', 'I', 'X'}

// Errors of sealed files. errTorn is for a file that ends before it should,
// as one whose writing a crash cut short; errSeal for bytes that were changed.
var (
	errTorn     = errors.New("the file ends too early")
	errSeal     = errors.New("a sealed block does not open")
	errOtherKey = errors.New("sealed under another key")
)

// versionError is a file of a format that this code does not read.
type versionError int

func (v versionError) Error() string { return fmt.Sprintf("format %d", int(v)) }

// sealer makes the keys of files from the index key.
type sealer struct {
	key    []byte
	id     [keyIDSize]byte // tells one index key from another
	former []*sealer       // open older files, and write none
}

func newSealers(key []byte, former [][]byte) (*sealer, error) {
	s, err := newSealer(key)
	for _, k := range former {
		if err != nil {
			break
		}
		var old *sealer
		old, err = newSealer(k)
		s.former = append(s.former, old)
	}
	return s, err
}

// withID returns the sealer, this or a former one, that a file names.
func (s *sealer) withID(id []byte) (*sealer, error) {
	for _, one := range append([]*sealer{s}, s.former...) {
		if bytes.Equal(id, one.id[:]) {
			return one, nil
		}
	}
	return nil, errOtherKey
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, candor.Errorf(candor.Invalid, "The index key has %d bytes and must have 32.", len(key))
	}
	id, err := hkdf.Key(sha256.New, key, nil, "candor index key id", keyIDSize)
	if err != nil {
		return nil, err
	}
	return &sealer{key: bytes.Clone(key), id: [keyIDSize]byte(id)}, nil
}

// fileKey derives the key of one file from its name and salt.
func (s *sealer) fileKey(name string, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.key, salt, "candor index file "+name, 32)
	if err != nil {
		return nil, err
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(c)
}

// nonceOf places a block: its number, and whether it is the last.
func nonceOf(n int64, last bool) (nonce [12]byte) {
	binary.BigEndian.PutUint64(nonce[:8], uint64(n))
	if last {
		nonce[11] = 1
	}
	return nonce
}

// headerNonce is for the header's own seal, which covers no text.
func headerNonce() (nonce [12]byte) {
	nonce[11] = 2
	return nonce
}

// sealWriter writes a sealed file from beginning to end.
type sealWriter struct {
	f      File
	aead   cipher.AEAD
	header []byte // also authenticated with every block
	plain  []byte // the block that is being filled
	out    []byte // sealed blocks not yet written
	blocks int64
	off    int64     // plain bytes so far
	pace   func(int) // told of bytes written; may wait
	err    error
}

// flushAt is how many sealed bytes are collected for one write.
const flushAt = 16 * sealedSize

// create begins a file. size is the length of the plain text if it is known,
// so that a reader can tell a file that was cut from one that was changed; or 0.
// The file opens under its final name only; it may be written under another.
func (s *sealer) create(fs FS, name, final string, size int, pace func(int)) (*sealWriter, error) {
	header := make([]byte, openSize, headerSize)
	copy(header, magic[:])
	binary.LittleEndian.PutUint16(header[8:], formatVersion)
	binary.LittleEndian.PutUint32(header[12:], uint32(size))
	copy(header[16:], s.id[:])
	rand.Read(header[openSize-saltSize:])
	aead, err := s.fileKey(final, header[openSize-saltSize:])
	if err != nil {
		return nil, err
	}
	nonce := headerNonce()
	header = aead.Seal(header, nonce[:], nil, header)
	f, err := fs.Create(name)
	if err != nil {
		return nil, err
	}
	w := &sealWriter{f: f, aead: aead, header: header, plain: make([]byte, 0, blockSize), pace: pace}
	w.out = append(make([]byte, 0, flushAt+sealedSize+headerSize), header...)
	return w, nil
}

// append adds to the plain text. The first error is kept in err, and finish
// returns it.
func (w *sealWriter) append(p []byte) {
	w.off += int64(len(p))
	for len(p) > 0 && w.err == nil {
		if len(w.plain) == blockSize {
			w.seal(false)
		}
		k := copy(w.plain[len(w.plain):blockSize], p)
		w.plain = w.plain[:len(w.plain)+k]
		p = p[k:]
	}
}

func (w *sealWriter) seal(last bool) {
	nonce := nonceOf(w.blocks, last)
	w.out = w.aead.Seal(w.out, nonce[:], w.plain, w.header)
	w.plain = w.plain[:0]
	w.blocks++
	if len(w.out) >= flushAt {
		w.flush()
	}
}

func (w *sealWriter) flush() {
	if w.err != nil {
		return
	}
	_, w.err = w.f.Write(w.out)
	if w.pace != nil {
		w.pace(len(w.out))
	}
	w.out = w.out[:0]
}

// finish seals the last block and makes the file's bytes durable.
func (w *sealWriter) finish() error {
	w.seal(true)
	w.flush()
	if w.err != nil {
		return errors.Join(w.err, w.f.Close())
	}
	return errors.Join(w.f.Sync(), w.f.Close())
}

// abandon closes a file that will not be used.
func (w *sealWriter) abandon() { _ = w.f.Close() }

// sealed is a sealed file open for reading. Safe for concurrent use.
type sealed struct {
	f      File
	aead   cipher.AEAD
	header []byte
	blocks int64
	size   int64 // of the plain text
	keyID  [keyIDSize]byte
}

func (s *sealer) open(fs FS, name string) (*sealed, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := s.read(f, name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (s *sealer) read(f File, name string) (*sealed, error) {
	total, err := f.Size()
	if err != nil {
		return nil, err
	}
	if total < headerSize+tagSize {
		return nil, errTorn
	}
	header := make([]byte, headerSize)
	if _, err := f.ReadAt(header, 0); err != nil {
		return nil, err
	}
	if !bytes.Equal(header[:8], magic[:]) {
		return nil, errSeal
	}
	if v := binary.LittleEndian.Uint16(header[8:]); v < firstVersion || v > formatVersion {
		return nil, versionError(v)
	}
	by, err := s.withID(header[16 : 16+keyIDSize])
	if err != nil {
		return nil, err
	}
	aead, err := by.fileKey(name, header[openSize-saltSize:openSize])
	if err != nil {
		return nil, err
	}
	nonce := headerNonce()
	if _, err := aead.Open(nil, nonce[:], header[openSize:], header[:openSize]); err != nil {
		return nil, errSeal
	}
	body := total - headerSize
	r := &sealed{f: f, aead: aead, header: header, keyID: by.id, blocks: (body + sealedSize - 1) / sealedSize}
	if body-(r.blocks-1)*sealedSize < tagSize {
		return nil, errTorn
	}
	r.size = body - r.blocks*tagSize
	if want := binary.LittleEndian.Uint32(header[12:]); want != 0 && r.size < int64(want) {
		return nil, errTorn
	}
	return r, nil
}

func (r *sealed) salt() []byte { return r.header[openSize-saltSize : openSize] }

// block reads and opens one block into new memory.
func (r *sealed) block(n int64) ([]byte, error) {
	if n < 0 || n >= r.blocks {
		return nil, fmt.Errorf("block %d of %d", n, r.blocks)
	}
	buf := make([]byte, min(int64(sealedSize), r.size+r.blocks*tagSize-n*sealedSize))
	if _, err := r.f.ReadAt(buf, headerSize+n*sealedSize); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errTorn
		}
		return nil, err
	}
	nonce := nonceOf(n, n == r.blocks-1)
	plain, err := r.aead.Open(buf[:0], nonce[:], buf, r.header)
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

// span reads a range of the plain text into new memory, past every cache.
func (r *sealed) span(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off+n > r.size {
		return nil, fmt.Errorf("range %d+%d of %d", off, n, r.size)
	}
	out := make([]byte, 0, n)
	for at := off; at < off+n; {
		b, err := r.block(at / blockSize)
		if err != nil {
			return nil, err
		}
		b = b[at%blockSize:]
		b = b[:min(int64(len(b)), off+n-at)]
		out = append(out, b...)
		at += int64(len(b))
	}
	return out, nil
}

func (r *sealed) Close() error { return r.f.Close() }
