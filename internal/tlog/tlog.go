// Package tlog is the archive's transparency log: an append-only, signed
// Merkle tree in a folder, in the public formats C2SP tlog-tiles,
// tlog-checkpoint and signed-note, so that any tool for such logs can read it.
// docs/spec/log.md tells the folder byte by byte.
//
// Open a folder, Append records, and hand out the receipts. What never breaks:
// when Append returns a receipt, the record, its sealed details and the signed
// checkpoint that covers it are on the disk; the log never signs two different
// trees of the same size; and a log that does not hold together is not opened.
// With Config.AwaitWitnesses that checkpoint is also cosigned.
//
// How: all concurrent appends share one frame in a journal, with one disk sync.
// Tiles, entry bundles and the public checkpoint are made from memory a moment
// later (Config.PublishEvery) and may be lost until then: opening makes them
// again from the journal, which keeps every frame until its tiles are durable.
package tlog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

const (
	// MaxLeaf is the most bytes a record may have: the limit of C2SP entry bundles.
	MaxLeaf = 65535
	// MaxDetails is the most bytes the sealed details of a record may have.
	MaxDetails = 4 << 20

	width        = receipt.TileWidth
	batchEntries = 1024    // most entries in one frame
	batchBytes   = 8 << 20 // a frame is closed when it has grown to this
	maxLag       = 256 << 20
)

// Config says which log to open.
type Config struct {
	// Dir is the log's folder; made if it is not there. Needed unless FS is set.
	Dir string
	// Signer signs checkpoints with the log's key, and Key is its verifier key
	// ("name+hash+base64"). Both needed. The key's name is the log's origin.
	Signer note.Signer
	Key    string
	// Origin is the log's name. Empty means the name of the key; any other
	// value is an error, so that wiring cannot mix up two logs.
	Origin string
	// PublishEvery is how long a record may be durable before the public files
	// show it. 0 is 50 ms; below 0 publishes only by Publish and Close.
	PublishEvery time.Duration
	// SegmentSize is how large a segment of the journal grows, in bytes, before
	// the next begins. 0 is 8 MiB.
	SegmentSize int64
	// Cosigner makes what brings checkpoints to witnesses; nil if there are none.
	// Open calls it once, with what proves consistency, and Close closes it.
	Cosigner func(Prover) (Cosigner, error)
	// AwaitWitnesses lets an Append return only when a checkpoint that covers its
	// record is cosigned as the policy asks, with a receipt under that checkpoint.
	// Otherwise cosignatures follow and are published when they come.
	AwaitWitnesses bool
	// WitnessPatience is how long an Append awaits its witnesses. 0 is 10 s.
	WitnessPatience time.Duration
	// Fence, if set, says whether this process may still write to the folder: nil,
	// or why not. It is asked before each batch is signed, again when the batch is
	// synced and before anybody hears of it, and before other files are written.
	// An error after the sync stops the log for good. It guards folders whose lock
	// can be lost; package sequencer has one.
	Fence func() error
	// Logger hears of repairs and failures. nil discards.
	Logger *slog.Logger
	// FS is the folder's file system. nil is the operating system's at Dir.
	FS FS
}

// Log is an open log. All methods are safe for concurrent use. One process at a
// time has a folder open.
type Log struct {
	fs      FS
	signer  note.Signer
	trust   receipt.Trust
	key     string
	every   time.Duration
	fence   func() error
	logger  *slog.Logger
	lock    io.Closer
	tree    *tree
	bundles *bundles

	queueMu sync.Mutex
	queue   []*request
	closed  bool
	wake    chan struct{} // a request was queued

	// commitMu is held while the journal is written; pubMu while public files
	// are. Whoever takes both takes commitMu first.
	commitMu sync.Mutex
	journal  *journal
	pending  *signedFrame // signed, and not yet known to be in the journal
	failed   error        // fail-stop: what made the journal unreliable

	pubMu   sync.Mutex
	durable int64 // all full tiles up to this size are synced; a multiple of 256
	noDrop  bool  // a sync of tiles failed: keep every journal segment

	witnesses *witnesses // nil if there are none
	mayWait   bool       // there are some, and they are awaited

	headMu    sync.RWMutex
	head      head      // durable
	cosigned  head      // the newest that the witnesses' policy is content with
	behind    time.Time // since when the head is ahead of cosigned
	published head      // what the public files show

	kick chan struct{} // the head moved
	stop chan struct{}
	done sync.WaitGroup
	// committing is apart from done: the last commit is still to be cosigned.
	committing sync.WaitGroup
}

// head is a signed tree.
type head struct {
	size   int64
	root   tlog.Hash
	signed []byte
}

// Size returns the number of durable records.
func (l *Log) Size() int64 { return l.newest().size }

// Checkpoint returns the newest signed checkpoint; where witnesses are awaited,
// the newest that they cosigned, once there is one. What it covers is durable.
func (l *Log) Checkpoint() []byte {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	h := l.head
	if l.cosigned.signed != nil && (l.mayWait || l.cosigned.size == h.size) {
		h = l.cosigned
	}
	return bytes.Clone(h.signed)
}

// Shown returns the checkpoint that the public files show, with the
// cosignatures there are.
func (l *Log) Shown() []byte { return bytes.Clone(l.shown().signed) }

// Origin returns the log's name.
func (l *Log) Origin() string { return l.trust.Log.Name() }

func (l *Log) newest() head {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	return l.head
}

func (l *Log) shown() head {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	return l.published
}

// Receipt proves a record under the newest cosigned checkpoint that covers it,
// or under the newest checkpoint if none does. NotFound if the log has
// no such record; Verification if the files do not prove it any more.
func (l *Log) Receipt(ctx context.Context, index int64) (receipt.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return receipt.Receipt{}, err
	}
	if size := l.Size(); index < 0 || index >= size {
		return receipt.Receipt{}, candor.Errorf(candor.NotFound, "The log has no record #%d; it holds %d.", index, size)
	}
	leaves, _, err := l.bundle(index/width, false)
	if err != nil {
		return receipt.Receipt{}, err
	}
	return l.prove(l.provable(index), index, leaves[index%width])
}

// prove makes a receipt under a head. It never hands out one that does not hold.
func (l *Log) prove(h head, index int64, leaf []byte) (receipt.Receipt, error) {
	proof, err := tlog.ProveRecord(h.size, index, l.tree)
	if err != nil {
		return receipt.Receipt{}, damaged(err, "The proof of record #%d could not be made", index)
	}
	if err := tlog.CheckRecord(proof, h.size, h.root, index, tlog.RecordHash(leaf)); err != nil {
		return receipt.Receipt{}, damaged(err, "The log's files do not prove record #%d", index)
	}
	return receipt.Receipt{Index: index, Leaf: leaf, Hashes: toBytes(proof), Checkpoint: h.signed}, nil
}

// Consistency proves that the tree of size to extends the tree of size from.
// The proof is empty if from is 0 or both are equal.
func (l *Log) Consistency(ctx context.Context, from, to int64) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if from < 0 || from > to || to > l.Size() {
		return nil, candor.Errorf(candor.Invalid, "There is no proof from %d to %d records: the log holds %d.", from, to, l.Size())
	}
	if from == 0 || from == to {
		return nil, nil
	}
	proof, err := tlog.ProveTree(to, from, l.tree)
	if err != nil {
		return nil, damaged(err, "The proof from %d to %d records could not be made", from, to)
	}
	return toBytes(proof), nil
}

// Read calls yield for each record from index from (inclusive) to to
// (exclusive), with its sealed details or nil. Leaves are compared with their
// hashes. The slices are only valid during the call. An error of yield ends
// the reading and is returned.
func (l *Log) Read(ctx context.Context, from, to int64, yield func(index int64, leaf, details []byte) error) error {
	if size := l.Size(); from < 0 || from > to || to > size {
		return candor.Errorf(candor.Invalid, "Records #%d to #%d cannot be read: the log holds %d.", from, to, size)
	}
	for at := from; at < to; {
		leaves, details, err := l.bundle(at/width, true)
		if err != nil {
			return err
		}
		end := min(to, (at/width+1)*width)
		for ; at < end; at++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := yield(at, leaves[at%width], details[at%width]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close publishes what is durable, and gives the folder free. Appends that are
// still waiting fail. Witnesses get a second to cosign the last checkpoint.
func (l *Log) Close() error {
	l.queueMu.Lock()
	if l.closed {
		l.queueMu.Unlock()
		return nil
	}
	l.closed = true
	l.queueMu.Unlock()
	close(l.stop)
	l.committing.Wait()
	err := l.endWitnesses()
	l.done.Wait()
	err = errors.Join(err, l.Publish(context.Background()))
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	l.failed = errClosed()
	return errors.Join(err, l.journal.close(), l.lock.Close())
}

// damaged says that files of the log were changed behind its back.
func damaged(cause error, format string, args ...any) error {
	if _, ok := errors.AsType[*candor.Error](cause); ok {
		return cause
	}
	return candor.Wrap(cause, candor.Verification,
		format+". Files of the log folder were changed or lost: run candor verify on it to learn which, and restore those from a backup.", args...)
}

func toBytes(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h[:]
	}
	return out
}
