package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"filippo.io/age"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"candor"
)

// Open reads what a name stands for, with its file key. Content stays
// readable after ctx ends, until it is closed or the name is bound anew; it
// can be read at any offset, by several readers at once, and implements
// io.WriterTo for reading it through. What does not verify is a Verification
// error; bytes returned before it are right.
func (v *Vault) Open(ctx context.Context, name candor.KeyName, fileKey []byte) (candor.Content, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	k, err := v.readKey(ctx, name)
	if err != nil {
		return nil, err
	}
	return v.open(ctx, k, fileKey)
}

// OpenBody reads a body that the caller has just sealed.
func (v *Vault) OpenBody(ctx context.Context, b candor.SealedBody) (candor.Content, error) {
	if len(b.FileKey) != fileKeySize || b.Size < 0 {
		return nil, errNotSealed()
	}
	k := keyBlob{header: marshalHeader(formInline, make([]byte, wrappedSize), b.FileKey)}
	if payload, ok := inlinePayload(b.Body); ok {
		k.payload = payload
	} else if validBodyID(b.Body) {
		k.body = pointer{id: b.Body, size: payloadSize(b.Size)}
	} else {
		return nil, errNotSealed()
	}
	return v.open(ctx, k, b.FileKey)
}

func (v *Vault) open(ctx context.Context, k keyBlob, fileKey []byte) (candor.Content, error) {
	if len(fileKey) != fileKeySize {
		return nil, candor.Errorf(candor.Invalid, "A file key is %d bytes.", fileKeySize)
	}
	f := &ageFile{header: k.header, payload: bytes.NewReader(k.payload), size: int64(len(k.payload))}
	if k.body.id != "" {
		f.body = &body{ctx: context.WithoutCancel(ctx), bucket: v.bucket, p: k.body}
		f.payload, f.size = f.body, k.body.size
	}
	identity := age.NewInjectedFileKeyIdentity(fileKey)
	plain, size, err := age.DecryptReaderAt(f, int64(len(f.header))+f.size, identity)
	if err != nil {
		return nil, errors.Join(verification(err), f.Close())
	}
	return &content{plain: plain, size: size, file: f, identity: identity}, nil
}

// content is an opened age file.
type content struct {
	plain    io.ReaderAt
	size     int64
	file     *ageFile
	identity age.Identity
}

func (c *content) Size() int64 { return c.size }

func (c *content) Close() error { return c.file.Close() }

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, candor.Errorf(candor.Invalid, "Content cannot be read before its beginning.")
	}
	if off >= c.size {
		return 0, io.EOF
	}
	n, err := c.plain.ReadAt(p, off)
	return n, verification(err)
}

// WriteTo decrypts from the beginning to the end in one pass. While one piece
// is written, the next is read and decrypted on another processor.
func (c *content) WriteTo(w io.Writer) (int64, error) {
	whole := io.NewSectionReader(c.file, 0, int64(len(c.file.header))+c.file.size)
	r, err := age.Decrypt(whole, c.identity)
	if err != nil {
		return 0, verification(err)
	}
	pieces := make(chan piece, 1)
	done := make(chan struct{})
	defer func() {
		close(done)
		for range pieces { // the reader has stopped when pieces is closed
		}
	}()
	go readPieces(r, pieces, done)
	var written int64
	for p := range pieces {
		n, err := w.Write(p.data)
		written += int64(n)
		if err != nil {
			return written, err
		}
		if p.err != nil {
			return written, p.err
		}
	}
	return written, nil
}

// piece is decrypted bytes; err ends what was read and is nil at its end.
type piece struct {
	data []byte
	err  error
}

// readPieces sends what r holds and closes pieces. At most three buffers are in
// use: one being filled, one on its way, one with the receiver.
func readPieces(r io.Reader, pieces chan<- piece, done <-chan struct{}) {
	defer close(pieces)
	var bufs [3][]byte
	for i := 0; ; i++ {
		buf := &bufs[i%len(bufs)]
		if *buf == nil {
			*buf = make([]byte, 4*chunkSize)
		}
		n, err := io.ReadFull(r, *buf)
		end := err == io.EOF || err == io.ErrUnexpectedEOF && n > 0 && atEnd(r)
		p := piece{data: (*buf)[:n]}
		if !end {
			p.err = verification(err)
		}
		select {
		case pieces <- p:
		case <-done:
			return
		}
		if err != nil {
			return
		}
	}
}

// atEnd tells a stream that ended from one that was cut short: age gives its
// error again.
func atEnd(r io.Reader) bool {
	_, err := r.Read(make([]byte, 1))
	return err == io.EOF
}

// verification marks an error of age: either storage failed beneath it, which
// carries its own code, or what was read does not verify.
func verification(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	return candor.Wrap(err, candor.Verification, "What the vault holds here was altered, damaged, or sealed with another key. Put it back from a backup; nothing more was released.")
}

// ageFile is an age file in two pieces: its header in memory, then its payload.
type ageFile struct {
	header  []byte
	payload io.ReaderAt
	size    int64 // of the payload
	body    *body // nil when the payload is in memory
}

func (f *ageFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < int64(len(f.header)) {
		n = copy(p, f.header[off:])
	}
	if n == len(p) {
		return n, nil
	}
	m, err := f.payload.ReadAt(p[n:], off+int64(n)-int64(len(f.header)))
	return n + m, err
}

func (f *ageFile) Close() error {
	if f.body == nil {
		return nil
	}
	return f.body.Close()
}

// body reads a blob at any offset. Reads that follow one another share one
// stream, which for an object store is one request; others ask for their own range.
type body struct {
	ctx    context.Context
	bucket *blob.Bucket
	p      pointer

	mu     sync.Mutex
	stream *blob.Reader // nil while there is none, or while a reader uses it
	at     int64        // offset of the stream
	ended  int64        // where the last read ended
	closed bool
}

func (b *body) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.p.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), b.p.size-off)
	r, whole, err := b.take(off, want)
	if err != nil {
		return 0, b.fail(err)
	}
	n, err := io.ReadFull(r, p[:want])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = candor.Errorf(candor.Verification, "Sealed bytes in the vault were cut short. Put them back from a backup; nothing more was released.")
	}
	b.give(r, off+int64(n), whole && err == nil)
	if err != nil {
		return n, b.fail(err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// take returns a reader that stands at off, and whether it goes on to the end.
func (b *body) take(off, want int64) (r *blob.Reader, whole bool, err error) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, false, candor.Errorf(candor.Invalid, "This content has been closed. Open it again.")
	}
	if b.stream != nil && b.at == off {
		r, b.stream = b.stream, nil
		b.mu.Unlock()
		return r, true, nil
	}
	length := want
	if off == b.ended && off > 0 {
		length = -1 // the second read in a row: there will be more
	}
	b.mu.Unlock()
	r, err = b.bucket.NewRangeReader(b.ctx, bodyKey(b.p.id), off, length, nil)
	return r, length < 0, err
}

// give hands back a reader, to be kept if the next read may follow on.
func (b *body) give(r *blob.Reader, at int64, keep bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = at
	old := r
	if keep && at < b.p.size && !b.closed {
		old, b.stream, b.at = b.stream, r, at
	}
	if old != nil {
		_ = old.Close() // reading is over; there is nothing to lose
	}
}

func (b *body) fail(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return candor.Errorf(candor.Verification, "Sealed bytes are missing from the vault, or were replaced while they were read. Open the item again; if that does not help, run candor check.")
	}
	return fail(err, "Sealed bytes could not be read")
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.stream == nil {
		return nil
	}
	err := b.stream.Close()
	b.stream = nil
	return err
}
