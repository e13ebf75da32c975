// Package vault keeps sealed bytes under names, over a blob library
// (gocloud.dev/blob): one of the archive's two truths.
//
// Every sealed thing is one standard age file (age-encryption.org/v1). Its
// file key is wrapped to the custodian's public key with the thing's name
// bound in, so the vault holds nothing that opens what it keeps, and a header
// moved to another name opens nothing. The format is docs/spec/vault.md.
//
// Start with OpenDir and New. What never breaks: a name stands for the whole
// old thing or the whole new one, whatever fails in between; what was altered,
// cut or swapped is a Verification error, never other plaintext; plaintext is
// never written to storage; memory does not grow with the size of a thing.
package vault

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"candor"
)

// InlineLimit is the size, in bytes of plaintext, up to which a thing is kept
// whole in the blob of its name. One small file costs one write and one read.
const InlineLimit = 16 << 10

// sweepAge is how old an unbound body must be before Check removes it.
const sweepAge = 24 * time.Hour

// Config is what a Vault is made of. Bucket, Origin and Recipient are needed.
type Config struct {
	Bucket    *blob.Bucket // stays open; the caller closes it after the vault
	Origin    string       // the log's origin line, bound into every wrapped key
	Recipient []byte       // the custodian's public HPKE key, MLKEM768X25519
	// Dir is the folder behind Bucket when it is a local one: Sync then makes
	// its file system durable. Empty for object stores, whose writes are
	// durable when they return.
	Dir  string
	Rand io.Reader        // names of bodies; nil is crypto/rand.Reader
	Now  func() time.Time // nil is time.Now
}

// Vault implements archive.Vault. All methods are safe for concurrent use.
type Vault struct {
	bucket    *blob.Bucket
	origin    string
	recipient hpke.PublicKey
	dir       *os.File // held open, so that Sync learns of earlier write errors
	random    io.Reader
	now       func() time.Time

	names [64]sync.Mutex // by hash of the name: one Bind or Delete of a name at a time

	mu      sync.Mutex
	unbound map[string]bool // bodies sealed here that no name stands for yet
	stale   []string        // bodies that no name stands for any more, removed by the next Sync
}

// OpenDir opens a local folder as a bucket, making it if need be. Temporary
// files stand beside their targets, and there are no side files.
func OpenDir(path string) (*blob.Bucket, error) {
	bucket, err := fileblob.OpenBucket(path, &fileblob.Options{
		CreateDir:   true,
		DirFileMode: 0o700,
		NoTempDir:   true,
		Metadata:    fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fail(err, "The vault's folder could not be opened")
	}
	return bucket, nil
}

// New opens a vault. Close it when done.
func New(cfg Config) (*Vault, error) {
	if cfg.Bucket == nil || cfg.Origin == "" {
		return nil, candor.Errorf(candor.Invalid, "A vault needs a bucket and the log's origin.")
	}
	recipient, err := hpke.MLKEM768X25519().NewPublicKey(cfg.Recipient)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The custodian's public key is not an MLKEM768-X25519 key. Check the configuration.")
	}
	v := &Vault{
		bucket:    cfg.Bucket,
		origin:    cfg.Origin,
		recipient: recipient,
		random:    cfg.Rand,
		now:       cfg.Now,
		unbound:   map[string]bool{},
	}
	if v.random == nil {
		v.random = rand.Reader
	}
	if v.now == nil {
		v.now = time.Now
	}
	if cfg.Dir != "" {
		if v.dir, err = os.Open(cfg.Dir); err != nil {
			return nil, fail(err, "The vault's folder could not be opened")
		}
	}
	return v, nil
}

// Close lets go of the folder. It does not sync.
func (v *Vault) Close() error {
	if v.dir == nil {
		return nil
	}
	return v.dir.Close()
}

// Bind wraps the body's file key to the custodian under a name, and lets the
// name stand for the body from then on. Only a body that this Vault sealed,
// and that no name stands for, can be bound. The switch from old to new is one
// atomic write; the old body goes with the next Sync, once the switch is durable.
func (v *Vault) Bind(ctx context.Context, name candor.KeyName, b candor.SealedBody) error {
	if err := checkName(name); err != nil {
		return err
	}
	blob, id, err := v.keyBlobFor(name, b)
	if err != nil {
		return err
	}
	defer v.lock(name)()
	if id != "" && !v.isUnbound(id) {
		return candor.Errorf(candor.Conflict, "These sealed bytes are bound already, or were discarded. Seal them again.")
	}
	old, err := v.bodyOf(ctx, name)
	if err != nil {
		return err
	}
	if err := v.write(ctx, blobKey(name), blob); err != nil {
		return fail(err, "A sealed key could not be written")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.unbound, id)
	if old != "" && old != id {
		v.stale = append(v.stale, old)
	}
	return nil
}

// keyBlobFor makes the blob that lets name stand for b, and tells the ID of
// the separate body, empty when the blob holds everything.
func (v *Vault) keyBlobFor(name candor.KeyName, b candor.SealedBody) (data []byte, id string, err error) {
	if len(b.FileKey) != fileKeySize || b.Size < 0 {
		return nil, "", errNotSealed()
	}
	wrapped, err := candor.WrapKey(v.recipient, v.origin, name, b.FileKey)
	if err != nil {
		return nil, "", candor.Wrap(err, candor.Internal, "A file key could not be wrapped to the custodian.")
	}
	if payload, ok := inlinePayload(b.Body); ok {
		if int64(len(payload)) != payloadSize(b.Size) {
			return nil, "", errNotSealed()
		}
		return append(marshalHeader(formInline, wrapped, b.FileKey), payload...), "", nil
	}
	if !validBodyID(b.Body) {
		return nil, "", errNotSealed()
	}
	p := pointer{id: b.Body, size: payloadSize(b.Size)}
	return append(marshalHeader(formBody, wrapped, b.FileKey), p.String()...), b.Body, nil
}

func errNotSealed() error {
	return candor.Errorf(candor.Invalid, "These are not bytes that the vault sealed.")
}

// bodyOf returns the ID of the separate body a name stands for, empty when
// there is none. A damaged key blob stands for nothing that can be found.
func (v *Vault) bodyOf(ctx context.Context, name candor.KeyName) (string, error) {
	k, err := v.readKey(ctx, name)
	switch candor.CodeOf(err) {
	case "":
		return k.body.id, nil
	case candor.NotFound, candor.Verification:
		return "", nil
	}
	return "", err
}

// readKey reads and parses the blob of a name.
func (v *Vault) readKey(ctx context.Context, name candor.KeyName) (keyBlob, error) {
	data, err := v.read(ctx, blobKey(name))
	if gcerrors.Code(err) == gcerrors.NotFound {
		return keyBlob{}, candor.Errorf(candor.NotFound, "The vault holds nothing under this name.")
	}
	if err != nil {
		return keyBlob{}, fail(err, "A sealed key could not be read")
	}
	return parseKeyBlob(data)
}

// read reads a whole key blob. What is larger than any key blob is cut short
// there, and then does not parse.
func (v *Vault) read(ctx context.Context, key string) ([]byte, error) {
	r, err := v.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, err
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(r.Size(), maxKeyBlob)+bytes.MinRead))
	_, err = buf.ReadFrom(io.LimitReader(r, maxKeyBlob+1))
	return buf.Bytes(), errors.Join(err, r.Close())
}

// write puts a blob in place in one atomic step.
func (v *Vault) write(ctx context.Context, key string, data []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := v.bucket.NewWriter(ctx, key, writerOptions())
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		cancel() // makes Close drop the blob
		_ = w.Close()
		return err
	}
	return w.Close()
}

// writerOptions names the type, so that the library neither guesses nor buffers.
func writerOptions() *blob.WriterOptions {
	return &blob.WriterOptions{ContentType: "application/age"}
}

// Discard deletes a body that was not bound. Discarding again does nothing.
func (v *Vault) Discard(ctx context.Context, b candor.SealedBody) error {
	if _, ok := inlinePayload(b.Body); ok {
		return nil
	}
	if !v.isUnbound(b.Body) {
		return nil
	}
	if err := v.remove(ctx, bodyKey(b.Body)); err != nil {
		return fail(err, "Sealed bytes could not be discarded")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.unbound, b.Body)
	return nil
}

// Wrapped returns the wrapped file key under a name, for the custodian.
func (v *Vault) Wrapped(ctx context.Context, name candor.KeyName) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	k, err := v.readKey(ctx, name)
	if err != nil {
		return nil, err
	}
	return k.wrapped, nil
}

// Delete destroys a name, or every name under a prefix that ends in a slash.
// All wrapped keys go first, durably; then the bodies, which nobody can open
// any more. Deleting what is not there does nothing.
func (v *Vault) Delete(ctx context.Context, prefix string) error {
	if prefix == "" {
		return candor.Errorf(candor.Invalid, "A prefix is needed: the whole vault is not deleted at once.")
	}
	var names []candor.KeyName
	err := v.List(ctx, prefix, func(n candor.KeyName) error {
		names = append(names, n)
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := v.deleteKey(ctx, name); err != nil {
			return err
		}
	}
	return v.Sync(ctx)
}

func (v *Vault) deleteKey(ctx context.Context, name candor.KeyName) error {
	defer v.lock(name)()
	body, err := v.bodyOf(ctx, name)
	if err != nil {
		return err
	}
	if err := v.remove(ctx, blobKey(name)); err != nil {
		return fail(err, "A sealed key could not be deleted")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if body != "" {
		v.stale = append(v.stale, body)
	}
	return nil
}

// Sync makes durable all that was done before it was called, and then removes
// the bodies that were replaced. When it fails, nothing may be acknowledged.
func (v *Vault) Sync(ctx context.Context) error {
	v.mu.Lock()
	stale := v.stale
	v.stale = nil
	v.mu.Unlock()
	if v.dir != nil {
		if err := syncFileSystem(v.dir); err != nil {
			v.putBack(stale)
			return fail(err, "The vault could not be made durable")
		}
	}
	for i, id := range stale {
		if err := v.remove(ctx, bodyKey(id)); err != nil {
			v.putBack(stale[i:])
			return fail(err, "Replaced bytes could not be removed")
		}
	}
	return nil
}

func (v *Vault) putBack(stale []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stale = append(v.stale, stale...)
}

// remove deletes a blob; one that is gone already is no error.
func (v *Vault) remove(ctx context.Context, key string) error {
	if err := v.bucket.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	return nil
}

func (v *Vault) isUnbound(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.unbound[id]
}

// lock keeps other Binds and Deletes of a name out until the returned function is called.
func (v *Vault) lock(name candor.KeyName) (unlock func()) {
	h := uint32(2166136261) // FNV-1a
	for _, c := range []byte(name) {
		h = (h ^ uint32(c)) * 16777619
	}
	m := &v.names[h%uint32(len(v.names))]
	m.Lock()
	return m.Unlock
}
