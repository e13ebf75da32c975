package vault

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"

	"candor"
)

// inlineMark begins the Body of a thing that is small enough to travel within
// its SealedBody; base64 of its payload follows.
const inlineMark = "="

// sealBlock is how much is read, hashed and encrypted at a time.
const sealBlock = 1 << 20

var blocks = sync.Pool{New: func() any { return new([sealBlock]byte) }}

// Seal encrypts r to its end into a new body. Up to InlineLimit bytes the body
// is held in the SealedBody itself, and nothing is stored before Bind. Memory
// use does not depend on the size of r. After an error nothing is left behind
// but, at worst, a body that Check sweeps.
func (v *Vault) Seal(ctx context.Context, r io.Reader) (candor.SealedBody, error) {
	buf := blocks.Get().(*[sealBlock]byte)
	defer blocks.Put(buf)
	n, err := io.ReadFull(r, buf[:])
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		if n <= InlineLimit {
			return sealInline(buf[:n])
		}
	case err != nil:
		return candor.SealedBody{}, fmt.Errorf("reading what is to be sealed: %w", err)
	}
	ahead := blocks.Get().(*[sealBlock]byte)
	defer blocks.Put(ahead)
	s := &stream{buf: buf, filled: n, more: err == nil, ahead: ahead, src: r}
	return v.sealBody(ctx, s)
}

func sealInline(plain []byte) (candor.SealedBody, error) {
	var payload strings.Builder
	enc := base64.NewEncoder(base64.RawStdEncoding, &payload)
	payload.WriteString(inlineMark)
	payload.Grow(base64.RawStdEncoding.EncodedLen(int(payloadSize(int64(len(plain))))))
	w, fileKey, err := encrypt(enc)
	if err != nil {
		return candor.SealedBody{}, err
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close(), enc.Close()); err != nil {
		return candor.SealedBody{}, err
	}
	return candor.SealedBody{
		Body:    payload.String(),
		FileKey: fileKey,
		Size:    int64(len(plain)),
		SHA256:  sha256.Sum256(plain),
	}, nil
}

// inlinePayload returns the payload that a SealedBody's Body holds; ok is
// false when the Body is the ID of a separate one.
func inlinePayload(body string) (payload []byte, ok bool) {
	rest, ok := strings.CutPrefix(body, inlineMark)
	if !ok {
		return nil, false
	}
	payload, err := base64.RawStdEncoding.DecodeString(rest)
	return payload, err == nil
}

func (v *Vault) sealBody(ctx context.Context, s *stream) (candor.SealedBody, error) {
	id, err := newBodyID(v.random)
	if err != nil {
		return candor.SealedBody{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dst, err := v.bucket.NewWriter(ctx, bodyKey(id), writerOptions())
	if err != nil {
		return candor.SealedBody{}, fail(err, "Sealed bytes could not be stored")
	}
	fileKey, err := s.encryptTo(dst)
	if err != nil {
		cancel() // makes Close drop the blob
		_ = dst.Close()
		return candor.SealedBody{}, err
	}
	if err := dst.Close(); err != nil {
		return candor.SealedBody{}, fail(err, "Sealed bytes could not be stored")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unbound[id] = true
	return candor.SealedBody{Body: id, FileKey: fileKey, Size: s.size, SHA256: s.sum}, nil
}

// stream is a source whose first block has been read.
type stream struct {
	buf    *[sealBlock]byte
	filled int
	more   bool
	ahead  *[sealBlock]byte // where the block after buf is read to
	src    io.Reader

	size int64
	sum  [sha256.Size]byte
}

// encryptTo writes the payload of the age file to dst and returns its file
// key. While one block is encrypted and written, it is hashed and the next is
// read on another processor.
func (s *stream) encryptTo(dst io.Writer) ([]byte, error) {
	w, fileKey, err := encrypt(dst)
	if err != nil {
		return nil, fail(err, "Sealed bytes could not be stored")
	}
	hash := sha256.New()
	for {
		block := s.buf[:s.filled]
		s.size += int64(s.filled)
		last := !s.more
		beside := make(chan error, 1)
		go func() {
			hash.Write(block)
			beside <- s.readAhead()
		}()
		_, writeErr := w.Write(block)
		readErr := <-beside
		if writeErr != nil {
			return nil, fail(writeErr, "Sealed bytes could not be stored")
		}
		if readErr != nil {
			return nil, readErr
		}
		if last {
			break
		}
	}
	if err := w.Close(); err != nil {
		return nil, fail(err, "Sealed bytes could not be stored")
	}
	hash.Sum(s.sum[:0])
	return fileKey, nil
}

// readAhead reads the next block, if there may be one, and moves on to it.
func (s *stream) readAhead() error {
	if !s.more {
		return nil
	}
	n, err := io.ReadFull(s.src, s.ahead[:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.more, err = false, nil
	}
	if err != nil {
		return fmt.Errorf("reading what is to be sealed: %w", err)
	}
	s.buf, s.ahead, s.filled = s.ahead, s.buf, n
	return nil
}

// encrypt writes the payload of a new age file, without its header, to dst.
func encrypt(dst io.Writer) (w io.WriteCloser, fileKey []byte, err error) {
	var r keepFileKey
	out := &afterHeader{dst: dst}
	w, err = age.Encrypt(out, &r)
	if err != nil {
		return nil, nil, fmt.Errorf("starting an age file: %w", err)
	}
	if err := out.begin(); err != nil {
		return nil, nil, err
	}
	return w, r.fileKey, nil
}

// keepFileKey is a recipient that wraps nothing: it keeps the file key that
// age made, for the header that is written when the name is known.
type keepFileKey struct{ fileKey []byte }

func (r *keepFileKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	r.fileKey = slices.Clone(fileKey)
	return []*age.Stanza{{Type: "provisional"}}, nil
}

// afterHeader passes on what age writes, except for the provisional header.
// age has written the header and the payload's nonce when Encrypt returns.
type afterHeader struct {
	dst   io.Writer
	held  []byte
	begun bool
}

func (w *afterHeader) Write(p []byte) (int, error) {
	if w.begun {
		return w.dst.Write(p)
	}
	w.held = append(w.held, p...)
	return len(p), nil
}

func (w *afterHeader) begin() error {
	if len(w.held) < nonceSize {
		return errors.New("age wrote no nonce")
	}
	w.begun = true
	_, err := w.dst.Write(w.held[len(w.held)-nonceSize:])
	w.held = nil
	return err
}
