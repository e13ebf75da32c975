// Package bleve is the index on Bleve: words, phrases, patterns, facets and
// snippets, with everything at rest sealed under the index key.
//
// What never breaks: no word, name, title or text stands readable in any file
// of the folder; a wrong key, or a changed file, is an error and not a wrong
// answer; what Put acknowledged is found after a crash. What can be seen
// without the key: the number and sizes of segments, how many documents each
// holds, and the lengths of its blocks. docs/design/index.md tells more.
package bleve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	bleve "github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bleveapi "github.com/blevesearch/bleve_index_api"
	bolterrors "go.etcd.io/bbolt/errors"

	"candor"
	"candor/internal/query"
)

// Config says where an index is kept and under which key.
type Config struct {
	Dir    string       // the index's folder; made if it does not exist
	Key    []byte       // 32 bytes; seals everything in Dir
	Logger *slog.Logger // nil discards
}

// Batches of a Put. Larger ones make fewer segments, and cost memory.
const (
	batchBytes = 16 << 20 // of text; one document may have more
	batchDocs  = 2000
)

// format is the version of what the index holds of a document. An index of
// another version is made again from the vault.
const format = 1

// Index is an open index. Safe for concurrent use.
type Index struct {
	dir    string // absolute
	sealer *sealer
	log    *slog.Logger

	write sync.Mutex   // one batch at a time
	mu    sync.RWMutex // held for reading while idx is used
	idx   bleve.Index  // nil when closed
	state state
}

// description stands in the folder, readable: which key seals it.
type description struct {
	Format int    `json:"format"`
	Key    string `json:"key"` // a hash of the key, to tell a wrong one
}

// Open opens the index in a folder, or makes an empty one. It reads all of its
// files once and checks them. Errors: Verification for a wrong key or changed
// files, NotSupported for a folder of another version, Conflict while another
// process has it open. After Verification and NotSupported, Reset and a
// rebuild make the index again.
func Open(ctx context.Context, cfg Config) (*Index, error) {
	s, err := newSealer(cfg.Key)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The folder of the index cannot be made. Check its place and permissions.")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	x := &Index{dir: dir, sealer: s, log: cfg.Logger}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if err := sealers.add(dir, s); err != nil {
		return nil, err
	}
	if err := x.open(ctx); err != nil {
		sealers.remove(dir)
		return nil, err
	}
	return x, nil
}

// Reset deletes whatever index stands in a folder, so that Open makes an empty
// one: what to do when a key is lost or a file is damaged, before a rebuild.
func Reset(dir string) error {
	if err := os.Remove(filepath.Join(dir, descriptionName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, storeName))
}

const (
	descriptionName = "index.json"
	storeName       = "bleve"
)

func (x *Index) path() string  { return filepath.Join(x.dir, storeName) }
func (x *Index) store() string { return filepath.Join(x.path(), "store") }

func (x *Index) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := x.describe()
	if err != nil {
		return err
	}
	if !found {
		return x.create()
	}
	if x.state, err = verify(x.store(), x.sealer); err != nil {
		return err
	}
	x.idx, err = bleve.OpenUsing(x.path(), settings())
	if errors.Is(err, bolterrors.ErrTimeout) {
		return inUse()
	}
	if err != nil {
		return damaged(err)
	}
	if err := x.checkLoaded(); err != nil {
		return errors.Join(err, x.idx.Close())
	}
	return nil
}

// describe reads the description and compares the key. Without one the folder
// holds no finished index.
func (x *Index) describe() (bool, error) {
	data, err := os.ReadFile(filepath.Join(x.dir, descriptionName))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, candor.Wrap(err, candor.Unavailable, "The index cannot be read. Check the permissions of its folder.")
	}
	var d description
	if err := json.Unmarshal(data, &d); err != nil {
		return false, damaged(err)
	}
	if d.Format != format {
		return false, candor.Errorf(candor.NotSupported,
			"The index was written in format %d and this Candor reads format %d. Run candor rebuild.", d.Format, format)
	}
	if d.Key != x.sealer.id {
		return false, candor.Errorf(candor.Verification,
			"The index is sealed under another key. Use the key that the custodian keeps for it, or run candor rebuild.")
	}
	return true, nil
}

// settings are Bleve's for an index of ours. Its floor of 2,000 documents a
// segment would let two segments stand and merge all others while a folder is
// being added: two thirds of the time of adding. A floor below the size of our
// batches merges ten at a time.
func settings() map[string]any {
	return map[string]any{
		"bolt_timeout":           lockTimeout.String(),
		"scorchMergePlanOptions": map[string]any{"FloorSegmentSize": 100},
	}
}

// create makes an empty index. The description is written last: a folder
// without it is made anew.
func (x *Index) create() error {
	if err := os.RemoveAll(x.path()); err != nil {
		return err
	}
	mapping := bleve.NewIndexMapping()
	config := settings()
	config["forceSegmentType"], config["forceSegmentVersion"] = "zap", 17
	idx, err := bleve.NewUsing(x.path(), mapping, scorch.Name, scorch.Name, config)
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "The index cannot be made. Check that its folder can be written and has space.")
	}
	x.idx, x.state = idx, state{seq: 1}
	b := idx.NewBatch()
	b.SetInternal(stateKey, x.state.encode())
	if err := idx.Batch(b); err != nil {
		return errors.Join(unavailable(err), idx.Close())
	}
	if err := x.writeDescription(); err != nil {
		return errors.Join(err, idx.Close())
	}
	return nil
}

func (x *Index) writeDescription() error {
	data, err := json.Marshal(description{format, x.sealer.id})
	if err != nil {
		return err
	}
	name := filepath.Join(x.dir, descriptionName)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	for _, dir := range []string{x.dir, x.path(), x.store()} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkLoaded compares what Bleve loaded with what was verified.
func (x *Index) checkLoaded() error {
	r, done, err := x.reader()
	if err != nil {
		return damaged(err)
	}
	defer done()
	data, err := r.GetInternal(stateKey)
	if err != nil {
		return damaged(err)
	}
	st, err := decodeState(data)
	if err != nil {
		return damaged(err)
	}
	count, err := r.DocCount()
	if err != nil {
		return damaged(err)
	}
	if st != x.state || count != st.count {
		return damaged(fmt.Errorf("%d documents of %d were loaded", count, x.state.count))
	}
	return nil
}

// reader opens a snapshot. The caller holds mu, or owns x.
func (x *Index) reader() (bleveapi.IndexReader, func(), error) {
	if x.idx == nil {
		return nil, nil, errClosed
	}
	adv, err := x.idx.Advanced()
	if err != nil {
		return nil, nil, err
	}
	r, err := adv.Reader()
	if err != nil {
		return nil, nil, err
	}
	return r, func() { r.Close() }, nil
}

var errClosed = candor.Errorf(candor.Unavailable, "The index is closed.")

func unavailable(err error) error {
	return candor.Wrap(err, candor.Unavailable, "The index could not be written. Check the disk's free space, then try again.")
}

// Close waits for running calls and closes the index. What was acknowledged is
// already durable.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.idx == nil {
		return nil
	}
	err := x.idx.Close()
	x.idx = nil
	sealers.remove(x.dir)
	return err
}

// Put adds or replaces documents by number, in batches. When it returns
// without an error, all are on disk and searchable; after an error, some may be.
// Text of any length is accepted and indexed whole; docs/design/index.md says
// what memory a large document was measured to take.
func (x *Index) Put(ctx context.Context, docs []query.Document) error {
	for len(docs) > 0 {
		n, size := 0, 0
		for n < len(docs) && n < batchDocs && (n == 0 || size+textSize(&docs[n]) <= batchBytes) {
			size += textSize(&docs[n])
			n++
		}
		if err := x.putBatch(ctx, docs[:n]); err != nil {
			return err
		}
		docs = docs[n:]
	}
	return nil
}

func (x *Index) putBatch(ctx context.Context, docs []query.Document) error {
	nums := make([]uint32, len(docs))
	for i := range docs {
		nums[i] = docs[i].Num
	}
	return x.batch(ctx, nums, 1, func(b *bleve.Batch) error {
		for i := range docs {
			if err := b.IndexAdvanced(build(&docs[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete removes documents by number; numbers not held are ignored. It is
// durable when it returns.
func (x *Index) Delete(ctx context.Context, nums []uint32) error {
	for chunk := range slices.Chunk(nums, batchDocs) {
		err := x.batch(ctx, chunk, 0, func(b *bleve.Batch) error {
			for _, n := range chunk {
				b.Delete(docID(n))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// batch writes one batch on some documents together with the state after it;
// each of them is there so many times afterwards.
func (x *Index) batch(ctx context.Context, nums []uint32, after uint64, fill func(*bleve.Batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.write.Lock()
	defer x.write.Unlock()
	x.mu.RLock()
	defer x.mu.RUnlock()
	distinct := roaring.BitmapOf(nums...)
	held, err := x.countHeld(distinct)
	if err != nil {
		return err
	}
	next := state{seq: x.state.seq + 1, count: x.state.count - held + after*distinct.GetCardinality()}
	b := x.idx.NewBatch()
	if err := fill(b); err != nil {
		return unavailable(err)
	}
	b.SetInternal(stateKey, next.encode())
	if err := x.idx.Batch(b); err != nil {
		// Bleve keeps the batch in memory and tries to write it again, so from
		// here on the state is the new one whether or not it is on disk yet.
		x.state = next
		return unavailable(err)
	}
	x.state = next
	return nil
}

// countHeld counts which of some documents are in the index.
func (x *Index) countHeld(nums *roaring.Bitmap) (uint64, error) {
	r, done, err := x.reader()
	if err != nil {
		return 0, err
	}
	defer done()
	ids := make([]string, 0, nums.GetCardinality())
	for _, n := range nums.ToArray() {
		ids = append(ids, docID(n))
	}
	found, err := r.DocIDReaderOnly(ids)
	if err != nil {
		return 0, unavailable(err)
	}
	defer found.Close()
	var count uint64
	for {
		id, err := found.Next()
		if err != nil {
			return 0, unavailable(err)
		}
		if id == nil {
			return count, nil
		}
		count++
	}
}

// Held returns the numbers of all documents.
func (x *Index) Held(ctx context.Context) (*roaring.Bitmap, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	r, done, err := x.reader()
	if err != nil {
		return nil, err
	}
	defer done()
	ids, err := r.DocIDReaderAll()
	if err != nil {
		return nil, damaged(err)
	}
	defer ids.Close()
	values, err := r.DocValueReader([]string{fieldNum})
	if err != nil {
		return nil, damaged(err)
	}
	held := roaring.New()
	for {
		id, err := ids.Next()
		if err != nil {
			return nil, damaged(err)
		}
		if id == nil {
			return held, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var num uint32
		var bad error
		if err := values.VisitDocValues(id, func(_ string, v []byte) { num, bad = numOf(string(v)) }); err != nil || bad != nil {
			return nil, damaged(errors.Join(err, bad))
		}
		held.Add(num)
	}
}

// Wipe empties the index.
func (x *Index) Wipe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.write.Lock()
	defer x.write.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.idx == nil {
		return errClosed
	}
	if err := x.idx.Close(); err != nil {
		x.log.Warn("closing the index before emptying it", "error", err)
	}
	x.idx = nil
	if err := Reset(x.dir); err != nil {
		return unavailable(err)
	}
	return x.create()
}
