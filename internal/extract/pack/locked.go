package pack

import (
	"archive/zip"
	"compress/bzip2"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// errLocked says that a member does not open: there is no password, or it is
// another one.
var errLocked = errors.New("locked")

// methodAES marks a member that is encrypted as WinZip has it (AE-1 and AE-2);
// its field of extra data names the method of compression.
const (
	methodAES = 99
	extraAES  = 0x9901
)

// methods decompress members of zip archives.
var methods = map[uint16]func(io.Reader) io.ReadCloser{
	zip.Store:            io.NopCloser,
	zip.Deflate:          func(r io.Reader) io.ReadCloser { return flate.NewReader(r) },
	12:                   func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	zstd.ZipMethodWinZip: zstd.ZipDecompressor(zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderConcurrency(1)),
	zstd.ZipMethodPKWare: zstd.ZipDecompressor(zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderConcurrency(1)),
}

// openLocked opens an encrypted member with a password. Whether the password is
// right is told at once, but for one of 256 (of ZipCrypto) or 65,536 wrong ones,
// which damage in the member betrays.
func openLocked(f *zip.File, password string) (io.ReadCloser, error) {
	if password == "" {
		return nil, errLocked
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	method, strength, version := f.Method, byte(0), uint16(0)
	var plain io.Reader
	if method == methodAES {
		if version, strength, method, err = readExtra(f.Extra); err != nil {
			return nil, err
		}
		plain, err = newAES(raw, int64(f.CompressedSize64), strength, password)
	} else {
		plain, err = newZipCrypto(raw, f, password)
	}
	if err != nil {
		return nil, err
	}
	decompress := methods[method]
	if decompress == nil {
		return nil, zip.ErrAlgorithm
	}
	out := decompress(plain)
	if version == 2 { // has its own seal in place of a checksum
		return &drained{ReadCloser: out, rest: plain}, nil
	}
	return &summed{drained: drained{ReadCloser: out, rest: plain}, want: f.CRC32, sum: crc32.NewIEEE()}, nil
}

// readExtra finds what WinZip's encryption says of a member.
func readExtra(extra []byte) (version uint16, strength byte, method uint16, err error) {
	for len(extra) >= 4 {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			break
		}
		if id == extraAES && size >= 7 {
			return binary.LittleEndian.Uint16(extra), extra[4], binary.LittleEndian.Uint16(extra[5:]), nil
		}
		extra = extra[size:]
	}
	return 0, 0, 0, zip.ErrFormat
}

// drained reads what a compression has left over, so that seals are checked.
type drained struct {
	io.ReadCloser
	rest io.Reader
}

func (d *drained) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err == io.EOF {
		if _, rest := io.Copy(io.Discard, d.rest); rest != nil {
			return n, rest
		}
	}
	return n, err
}

// summed compares the checksum at the end.
type summed struct {
	drained
	want uint32
	sum  hash.Hash32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.drained.Read(p)
	s.sum.Write(p[:n])
	if err == io.EOF && s.sum.Sum32() != s.want {
		return n, zip.ErrChecksum
	}
	return n, err
}

// zipCrypto is the cipher of PKZIP 2 (APPNOTE.TXT 6.1), which is broken, and
// still what most programs make.
type zipCrypto struct {
	r    io.Reader
	keys [3]uint32
}

func newZipCrypto(r io.Reader, f *zip.File, password string) (io.Reader, error) {
	z := &zipCrypto{r: r, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for _, c := range []byte(password) {
		z.update(c)
	}
	var head [12]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		return nil, zip.ErrFormat
	}
	check := byte(f.CRC32 >> 24)
	if f.Flags&8 != 0 { // the checksum was not known yet
		check = byte(f.ModifiedTime >> 8)
	}
	if head[11] != check {
		return nil, errLocked
	}
	return z, nil
}

func (z *zipCrypto) update(c byte) {
	step := func(crc uint32, c byte) uint32 { return crc32.IEEETable[byte(crc)^c] ^ crc>>8 }
	z.keys[0] = step(z.keys[0], c)
	z.keys[1] = (z.keys[1]+z.keys[0]&0xff)*134775813 + 1
	z.keys[2] = step(z.keys[2], byte(z.keys[1]>>24))
}

func (z *zipCrypto) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	for i, c := range p[:n] {
		t := uint16(z.keys[2] | 2)
		p[i] = c ^ byte(uint32(t)*uint32(t^1)>>8)
		z.update(p[i])
	}
	return n, err
}

// winzipAES is WinZip's AES: counter mode, with a seal behind the member.
type winzipAES struct {
	r       io.Reader // all but the seal
	all     io.Reader // and the seal
	block   cipher.Block
	counter uint64
	pad     [aes.BlockSize]byte
	used    int // of pad
	mac     hash.Hash
	sealed  bool // the seal was read and holds
}

// The figures of WinZip's AES.
const (
	verifierSize = 2
	sealSize     = 10
	stretched    = 1000 // rounds of PBKDF2
)

func newAES(r io.Reader, size int64, strength byte, password string) (io.Reader, error) {
	if strength < 1 || strength > 3 {
		return nil, zip.ErrAlgorithm
	}
	keySize := 8 + 8*int(strength)
	salt := make([]byte, keySize/2)
	var verifier [verifierSize]byte
	size -= int64(len(salt) + verifierSize + sealSize)
	if _, err := io.ReadFull(r, salt); err != nil || size < 0 {
		return nil, zip.ErrFormat
	}
	if _, err := io.ReadFull(r, verifier[:]); err != nil {
		return nil, zip.ErrFormat
	}
	keys, err := pbkdf2.Key(sha1.New, password, salt, stretched, 2*keySize+verifierSize)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(keys[2*keySize:], verifier[:]) == 0 {
		return nil, errLocked
	}
	block, err := aes.NewCipher(keys[:keySize])
	if err != nil {
		return nil, err
	}
	return &winzipAES{r: io.LimitReader(r, size), all: r, block: block, used: aes.BlockSize, mac: hmac.New(sha1.New, keys[keySize:2*keySize])}, nil
}

func (a *winzipAES) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.mac.Write(p[:n])
	for i := range p[:n] {
		if a.used == aes.BlockSize {
			a.counter++ // least significant byte first, other than cipher.NewCTR has it
			clear(a.pad[8:])
			binary.LittleEndian.PutUint64(a.pad[:], a.counter)
			a.block.Encrypt(a.pad[:], a.pad[:])
			a.used = 0
		}
		p[i] ^= a.pad[a.used]
		a.used++
	}
	if err == io.EOF && !a.sealed {
		var seal [sealSize]byte
		if _, err := io.ReadFull(a.all, seal[:]); err != nil || !hmac.Equal(seal[:], a.mac.Sum(nil)[:sealSize]) {
			return n, zip.ErrChecksum
		}
		a.sealed = true
	}
	return n, err
}
