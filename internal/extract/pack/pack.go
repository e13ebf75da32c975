// Package pack opens archives and compressed files and hands on what is inside,
// member by member and streaming. How deep archives stand inside archives is the
// caller's to bound, because the caller hands members back in; how much one
// archive may give is bounded by the sink.
package pack

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

const (
	damaged    = "it is damaged or cut short"
	zstdMemory = 64 << 20 // bytes of window that a zstd frame may ask for
)

// account counts what could not be handed on.
type account struct {
	members, encrypted, unknown, broken, links int
	cut                                        error // why the archive could not be read to its end

	password string // that opens what is encrypted; "" if none is known
}

func (a *account) judge(r *candor.Reading) {
	var missing []string
	add := func(n int, what string) {
		if n > 0 {
			missing = append(missing, fmt.Sprintf("%d of %d members %s", n, a.members, what))
		}
	}
	if a.encrypted > 0 && a.encrypted == a.members {
		r.Condition, r.Reason = candor.Encrypted, locked("its members open", "their", a.password)
		return
	}
	add(a.encrypted, "are encrypted")
	add(a.unknown, "are compressed in a way that this version does not read")
	add(a.broken, "are damaged")
	if a.cut != nil {
		missing = append(missing, fmt.Sprintf("it is damaged or cut short after %d members", a.members))
	}
	if a.links > 0 {
		r.Fields = append(r.Fields, candor.Field{Name: "file:Links", Value: fmt.Sprint(a.links)})
	}
	r.Fields = append(r.Fields, candor.Field{Name: "file:Members", Value: fmt.Sprint(a.members)})
	switch {
	case len(missing) == 0:
	case a.members == 0:
		r.Condition, r.Reason = candor.Failed, damaged
	default:
		r.Condition, r.Reason = candor.Partial, strings.Join(missing, "; ")
	}
}

// locked says that something needs its password, or another than was given.
func locked(opens, whose, password string) string {
	if password != "" {
		return opens + " with another password than was given"
	}
	return opens + " only with " + whose + " password"
}

// source remembers a member's own fault, which is not the sink's.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Zip reads a zip archive. The error is the sink's.
func Zip(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	r, err := zip.NewReader(src, src.Size)
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, "its list of members is damaged or missing: it was probably cut short"
		return reading, nil
	}
	a := account{password: src.Password}
	renamed := oldNames(r)
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		f.Name = renamed(f)
		if err := a.zipMember(f, sink); err != nil {
			a.judge(&reading)
			return reading, err
		}
	}
	a.judge(&reading)
	return reading, nil
}

// oldNames tells the encoding of names that do not say that they are UTF-8, from
// all of them together. Where that stays a guess, a name is as it was.
func oldNames(r *zip.Reader) func(*zip.File) string {
	var all []byte
	for _, f := range r.File {
		if f.NonUTF8 && len(all) < plain.HeadSize {
			all = append(append(all, f.Name...), '\n')
		}
	}
	enc, found := plain.Guess(all)
	if enc == nil || found == "windows-1252" {
		return func(f *zip.File) string { return f.Name }
	}
	return func(f *zip.File) string {
		if decoded, err := enc.NewDecoder().String(f.Name); f.NonUTF8 && err == nil {
			return decoded
		}
		return f.Name
	}
}

func (a *account) zipMember(f *zip.File, sink candor.Sink) error {
	if !f.Mode().IsRegular() {
		a.links++
		return nil
	}
	a.members++
	open := func() (io.ReadCloser, error) { return openMember(f) }
	if f.Flags&1 != 0 {
		open = func() (io.ReadCloser, error) { return openLocked(f, a.password) }
	}
	m, err := open()
	if err != nil {
		switch {
		case errors.Is(err, errLocked):
			a.encrypted++
		case errors.Is(err, zip.ErrAlgorithm):
			a.unknown++
		default:
			a.broken++
		}
		return nil
	}
	defer m.Close()
	return a.part(candor.Place{Path: name.Clean(f.Name), ModTime: sane(f.Modified)}, m, sink)
}

// openMember opens a member by what the list of members says of it, and of what is
// said behind the member itself nothing: some programs write that wrong.
func openMember(f *zip.File) (io.ReadCloser, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	decompress := methods[f.Method]
	if decompress == nil {
		return nil, zip.ErrAlgorithm
	}
	return &summed{drained: drained{ReadCloser: decompress(raw), rest: raw}, want: f.CRC32, sum: crc32.NewIEEE()}, nil
}

// part hands a member on and counts it as broken if it could not be read.
func (a *account) part(p candor.Place, r io.Reader, sink candor.Sink) error {
	s := &source{r: r}
	err := sink.Part(p, s)
	if s.err != nil {
		a.broken++
	}
	return err
}

// sane drops times that only say that nothing is known.
func sane(t time.Time) time.Time {
	if t.Year() < 1981 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// Tar reads a tar archive. The error is the sink's.
func Tar(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	err := tarMembers(io.NewSectionReader(src, 0, src.Size), &reading, sink)
	return reading, err
}

func tarMembers(r io.Reader, reading *candor.Reading, sink candor.Sink) error {
	var a account
	s := &source{r: r}
	t := tar.NewReader(s)
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			a.cut = err
			break
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, '\x00', '7':
			a.members++
			if err := a.part(candor.Place{Path: name.Clean(h.Name), ModTime: sane(h.ModTime)}, t, sink); err != nil {
				a.judge(reading)
				return err
			}
		case tar.TypeDir:
		default:
			a.links++
		}
		if s.err != nil { // the member's fault was the archive's end
			a.cut = s.err
			break
		}
	}
	a.judge(reading)
	return nil
}

// Compressed reads a file that is one compressed stream: gzip, bzip2, xz, zstd,
// zlib, lz4 or framed snappy. A tar or a web archive inside is opened at once;
// anything else is the one part, under the file's name without its last suffix.
// The error is the sink's.
func Compressed(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	r, inner, err := decompress(src, typ)
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, damaged
		return reading, nil
	}
	defer r.Close()
	buffered := bufio.NewReaderSize(r, 64<<10)
	switch head, _ := buffered.Peek(512); {
	case isTar(head):
		return reading, tarMembers(buffered, &reading, sink)
	case bytes.HasPrefix(head, []byte(warcMark)):
		return reading, records(buffered, &reading, sink)
	}
	s := &source{r: buffered}
	if err := sink.Part(candor.Place{Path: innerName(src.Name, inner)}, s); err != nil {
		return reading, err
	}
	if s.err != nil {
		reading.Condition, reading.Reason = candor.Failed, damaged
	}
	return reading, nil
}

func decompress(src candor.Source, typ string) (io.ReadCloser, string, error) {
	in := io.NewSectionReader(src, 0, src.Size)
	switch typ {
	case "application/gzip":
		r, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", err
		}
		return r, r.Name, nil
	case "application/x-bzip2":
		return io.NopCloser(bzip2.NewReader(in)), "", nil
	case "application/x-xz":
		r, err := xz.ReaderConfig{DictCap: zstdMemory, SingleStream: false}.NewReader(bufio.NewReader(in))
		if err != nil {
			return nil, "", err
		}
		return io.NopCloser(r), "", nil
	case "application/zstd":
		r, err := zstd.NewReader(in, zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, "", err
		}
		return r.IOReadCloser(), "", nil
	case "application/zlib":
		r, err := zlib.NewReader(in)
		return r, "", err
	case "application/x-compress":
		r, err := newUnlzw(in)
		return io.NopCloser(r), "", err
	case "application/x-lz4":
		return io.NopCloser(lz4.NewReader(in)), "", nil
	case "application/x-snappy-framed":
		return io.NopCloser(snappy.NewReader(in)), "", nil
	}
	return nil, "", errors.New("not a compression that is read here")
}

// isTar recognises POSIX and GNU tar by their magic, and old tar by a header
// whose checksum holds.
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	if bytes.HasPrefix(head[257:], []byte("ustar")) {
		return true
	}
	_, err := tar.NewReader(bytes.NewReader(head)).Next()
	return err == nil && head[0] != 0
}

// innerName is the file's name without its suffix, or the name that the stream
// itself states when the file's has none.
func innerName(outer, inner string) string {
	base := name.Base(outer)
	ext := path.Ext(base)
	switch strings.ToLower(ext) {
	case ".gz", ".bz2", ".xz", ".zst", ".z", ".zlib", ".lz4", ".sz", ".p7m", ".tsd":
		if len(ext) < len(base) {
			return strings.TrimSuffix(base, ext)
		}
	case ".svgz":
		return strings.TrimSuffix(base, "z")
	}
	if inner != "" {
		return name.Base(inner)
	}
	return base + ".content"
}
