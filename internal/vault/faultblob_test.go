package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// faultyBucket is a bucket in memory whose operations can be made to fail.
// fault is called before each step ("write", "close", "delete", "read",
// "list") with the key; an error it returns is what the step does.
type faultyBucket struct {
	mu    sync.Mutex
	blobs map[string]storedBlob
	fault func(op, key string) error
}

type storedBlob struct {
	data []byte
	mod  time.Time
}

func newFaultyBucket() *faultyBucket { return &faultyBucket{blobs: map[string]storedBlob{}} }

func (b *faultyBucket) open() *blob.Bucket { return blob.NewBucket(b) }

func (b *faultyBucket) step(op, key string) error {
	if b.fault == nil {
		return nil
	}
	return b.fault(op, key)
}

func (b *faultyBucket) keys(prefix string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for k := range b.blobs {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (b *faultyBucket) ErrorCode(err error) gcerrors.ErrorCode {
	if errors.Is(err, fs.ErrNotExist) {
		return gcerrors.NotFound
	}
	return gcerrors.Unknown
}
func (b *faultyBucket) As(any) bool             { return false }
func (b *faultyBucket) ErrorAs(error, any) bool { return false }
func (b *faultyBucket) Close() error            { return nil }
func (b *faultyBucket) get(k string) (storedBlob, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.blobs[k]
	if !ok {
		return s, fs.ErrNotExist
	}
	return s, nil
}

func (b *faultyBucket) Attributes(_ context.Context, key string) (*driver.Attributes, error) {
	s, err := b.get(key)
	return &driver.Attributes{Size: int64(len(s.data)), ModTime: s.mod}, err
}

func (b *faultyBucket) ListPaged(_ context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	if err := b.step("list", o.Prefix); err != nil {
		return nil, err
	}
	page := &driver.ListPage{}
	seen := map[string]bool{}
	for _, k := range b.keys(o.Prefix) {
		rest := k[len(o.Prefix):]
		if i := strings.Index(rest, o.Delimiter); o.Delimiter != "" && i >= 0 {
			dir := o.Prefix + rest[:i+1]
			if !seen[dir] {
				page.Objects = append(page.Objects, &driver.ListObject{Key: dir, IsDir: true})
			}
			seen[dir] = true
			continue
		}
		s, _ := b.get(k)
		page.Objects = append(page.Objects, &driver.ListObject{Key: k, Size: int64(len(s.data)), ModTime: s.mod})
	}
	// Pages of two, so that paging is tried.
	start := 0
	if len(o.PageToken) > 0 {
		start = slices.IndexFunc(page.Objects, func(l *driver.ListObject) bool { return l.Key > string(o.PageToken) })
		if start < 0 {
			start = len(page.Objects)
		}
	}
	page.Objects = page.Objects[start:]
	if len(page.Objects) > 2 {
		page.Objects = page.Objects[:2]
		page.NextPageToken = []byte(page.Objects[1].Key)
	}
	return page, nil
}

type faultyReader struct {
	io.Reader
	attrs driver.ReaderAttributes
}

func (r *faultyReader) Close() error                         { return nil }
func (r *faultyReader) Attributes() *driver.ReaderAttributes { return &r.attrs }
func (r *faultyReader) As(any) bool                          { return false }

func (b *faultyBucket) NewRangeReader(_ context.Context, key string, off, n int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	if err := b.step("read", key); err != nil {
		return nil, err
	}
	s, err := b.get(key)
	if err != nil {
		return nil, err
	}
	end := int64(len(s.data))
	if n >= 0 {
		end = min(end, off+n)
	}
	return &faultyReader{
		Reader: bytes.NewReader(s.data[min(off, end):end]),
		attrs:  driver.ReaderAttributes{Size: int64(len(s.data)), ModTime: s.mod},
	}, nil
}

type faultyWriter struct {
	bytes.Buffer
	ctx context.Context
	b   *faultyBucket
	key string
}

func (w *faultyWriter) Write(p []byte) (int, error) {
	if err := w.b.step("write", w.key); err != nil {
		return 0, err
	}
	return w.Buffer.Write(p)
}

func (w *faultyWriter) Close() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.b.step("close", w.key); err != nil {
		return err
	}
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.b.blobs[w.key] = storedBlob{slices.Clone(w.Bytes()), time.Now()}
	return nil
}

func (b *faultyBucket) NewTypedWriter(ctx context.Context, key, _ string, _ *driver.WriterOptions) (driver.Writer, error) {
	return &faultyWriter{ctx: ctx, b: b, key: key}, nil
}

func (b *faultyBucket) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return errors.ErrUnsupported
}

func (b *faultyBucket) Delete(_ context.Context, key string, _ *driver.DeleteOptions) error {
	if err := b.step("delete", key); err != nil {
		return err
	}
	if _, err := b.get(key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.blobs, key)
	return nil
}

func (b *faultyBucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errors.ErrUnsupported
}
