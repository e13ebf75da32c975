package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// Open opens the log in a folder, or begins one in an empty folder. It replays
// the journal, drops a last frame that was never acknowledged, verifies every
// signature and root on the way, and writes again whatever public file a crash
// may have taken.
//
// Conflict: another process has the log open, or the folder is another log's.
// Verification: the files do not hold together; nothing was changed, and the
// message says what to restore. Unavailable: the disk did not do its part.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	l, err := newLog(cfg)
	if err != nil {
		return nil, err
	}
	if err := l.acquire(); err != nil {
		return nil, err
	}
	if err := l.recover(ctx); err != nil {
		l.journal.close()
		l.lock.Close()
		if _, ok := errors.AsType[*candor.Error](err); !ok {
			err = candor.Wrap(err, candor.Unavailable, "The log folder could not be read or written. Check its disk and its permissions.")
		}
		return nil, err
	}
	if err := l.startWitnesses(cfg); err != nil {
		l.journal.close()
		l.lock.Close()
		return nil, err
	}
	l.start()
	return l, nil
}

func newLog(cfg Config) (*Log, error) {
	verifier, err := receipt.NewVerifier(cfg.Key)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The log's verifier key is malformed.")
	}
	if err := checkSigner(cfg, verifier); err != nil {
		return nil, err
	}
	l := &Log{
		fs: cfg.FS, signer: cfg.Signer, key: cfg.Key, every: cfg.PublishEvery, logger: cfg.Logger,
		trust:   receipt.Trust{Log: verifier},
		fence:   cfg.Fence,
		mayWait: cfg.Cosigner != nil && cfg.AwaitWitnesses,
		bundles: &bundles{open: make(map[int64]*openBundle)},
		wake:    make(chan struct{}, 1), kick: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if l.fs == nil {
		l.fs = osFS(cfg.Dir)
	}
	if l.fence == nil {
		l.fence = func() error { return nil }
	}
	if l.every == 0 {
		l.every = 50 * time.Millisecond
	}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	l.tree = newTree(l.fs)
	l.journal = &journal{fs: l.fs, limit: cfg.SegmentSize}
	if l.journal.limit <= 0 {
		l.journal.limit = 8 << 20
	}
	return l, nil
}

// checkSigner makes sure that what is signed will verify.
func checkSigner(cfg Config, v note.Verifier) error {
	if cfg.Signer == nil || (cfg.Dir == "" && cfg.FS == nil) {
		return candor.Errorf(candor.Invalid, "A log needs a folder and a signer.")
	}
	if cfg.Origin != "" && cfg.Origin != v.Name() {
		return candor.Errorf(candor.Invalid, "The log's key is for the origin %q, not for %q.", v.Name(), cfg.Origin)
	}
	probe := []byte("candor log key check\n")
	sig, err := cfg.Signer.Sign(probe)
	if err != nil || cfg.Signer.Name() != v.Name() || cfg.Signer.KeyHash() != v.KeyHash() || !v.Verify(probe, sig) {
		return candor.Wrap(err, candor.Invalid, "The log's signing key and verifier key do not belong together.")
	}
	return nil
}

func (l *Log) acquire() error {
	if err := l.fs.MkdirAll(journalDir); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The log folder could not be made. Check its disk and its permissions.")
	}
	lock, err := l.fs.Lock("lock")
	if errors.Is(err, ErrLocked) {
		return candor.Errorf(candor.Conflict, "Another process has this log open. Stop the other server, or use it with --server.")
	}
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "The log folder could not be locked.")
	}
	l.lock = lock
	return nil
}

// recover brings the log to what its journal says.
func (l *Log) recover(ctx context.Context) error {
	if err := l.checkKeyFile(); err != nil {
		return err
	}
	seqs, err := listSegments(l.fs)
	if err != nil {
		return err
	}
	frames, err := readJournal(l.fs, seqs)
	if err != nil {
		return err
	}
	next := int64(1)
	if len(seqs) > 0 {
		// A process that lost the folder while it was beginning a segment may still
		// rename it into place: leave that number free, below the one that supersedes.
		next = seqs[len(seqs)-1] + 2
	}
	if len(frames) == 0 {
		if frames, err = l.firstFrame(); err != nil {
			return err
		}
	}
	if err := l.replay(ctx, frames); err != nil {
		return err
	}
	shown, err := l.checkPublished()
	if err != nil {
		return err
	}
	if err := l.journal.rewrite(frames, next); err != nil {
		return err
	}
	if err := l.writeKeyFile(); err != nil {
		return err
	}
	if err := l.fs.Sync("."); err != nil { // the folders that were just made
		return err
	}
	return l.republish(shown)
}

const keyFile = "key"

func (l *Log) keyText() []byte { return []byte(l.key + "\n" + l.Origin() + "\n") }

func (l *Log) checkKeyFile() error {
	b, err := l.fs.ReadFile(keyFile)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(b) == 0) {
		return nil
	}
	if err == nil && !bytes.Equal(b, l.keyText()) {
		return candor.Errorf(candor.Conflict, "This folder holds the log of another key. Give the log the key that belongs to it; its public half stands in the file key.")
	}
	return err
}

func (l *Log) writeKeyFile() error {
	if b, err := l.fs.ReadFile(keyFile); err == nil && bytes.Equal(b, l.keyText()) {
		return nil
	}
	return replaceDurably(l.fs, ".", keyFile, l.keyText())
}

// firstFrame begins a log: the signed checkpoint of no records. A folder that
// has public files but no journal has lost it and must not begin again.
func (l *Log) firstFrame() ([]frame, error) {
	for _, name := range []string{"checkpoint", receipt.TilePath(0, 0, width)} {
		if b, err := l.fs.ReadFile(name); err == nil && !l.isEmptyLog(b) {
			return nil, candor.Errorf(candor.Verification, "The log's journal is gone, but its public files are there. "+
				"Restore the journal folder from a copy that is not older than the newest receipt; beginning again would sign a second history.")
		}
	}
	root, err := tlog.TreeHash(0, l.tree)
	if err != nil {
		return nil, err
	}
	h, err := l.signHead(0, root)
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The log's key did not sign.")
	}
	return []frame{{signed: h.signed}}, nil
}

func (l *Log) isEmptyLog(checkpoint []byte) bool {
	if len(checkpoint) == 0 {
		return true
	}
	c, _, err := l.trust.OpenCheckpoint(checkpoint)
	return err == nil && c.Size == 0
}

// replay builds the tree from the tiles before the journal and the journal. The
// tiles are complete up to the first frame rounded up to a full tile, because
// only then was the journal before it dropped.
func (l *Log) replay(ctx context.Context, frames []frame) error {
	from := (frames[0].first + width - 1) &^ (width - 1)
	if end := frames[len(frames)-1].end(); from > end {
		return candor.Errorf(candor.Verification, "The log's journal begins at record #%d and ends at #%d, which leaves out records. Restore the journal folder from a newer copy.", frames[0].first, end)
	}
	if err := l.tree.restore(from); err != nil {
		return damaged(err, "The log cannot be continued")
	}
	l.durable = from
	for _, f := range frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.replayFrame(f, from); err != nil {
			return err
		}
	}
	return l.checkLastBundle(from)
}

func (l *Log) replayFrame(f frame, from int64) error {
	skip := min(max(from-f.first, 0), int64(len(f.entries)))
	rest := f.entries[skip:]
	hashes := make([]tlog.Hash, len(rest))
	for i, e := range rest {
		hashes[i] = tlog.RecordHash(e.leaf)
	}
	size, root, err := l.tree.add(hashes)
	if err != nil {
		return damaged(err, "The log cannot be continued")
	}
	l.bundles.add(f.first+skip, rest)
	if f.end() < from {
		return nil // covered by tiles; the next frames vouch for them
	}
	c, _, err := l.trust.OpenCheckpoint(f.signed)
	if err != nil {
		return damaged(err, "The journal holds a checkpoint that the log's key did not sign")
	}
	if c.Size != size || c.Hash != root {
		return damaged(fmt.Errorf("size %d root %s, signed %d %s", size, root, c.Size, c.Hash),
			"The log's tiles and journal do not hash to the checkpoint of %d records that was signed", c.Size)
	}
	l.head = head{size, root, f.signed}
	return nil
}

// checkLastBundle looks at the newest full files before the journal: those that
// a cut or a failing disk hits first. The rest is for candor verify.
func (l *Log) checkLastBundle(from int64) error {
	if from == 0 {
		return nil
	}
	_, err := l.readLeaves(from/width - 1)
	return err
}

// checkPublished compares the public checkpoint with the journal and returns
// it; zero if there is none. If it is ahead, the journal was rolled back, and
// going on would sign a second history.
func (l *Log) checkPublished() (head, error) {
	signed, err := l.fs.ReadFile("checkpoint")
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(signed) == 0) {
		return head{}, nil // never synced before its tiles: a crash may take it
	}
	if err != nil {
		return head{}, err
	}
	c, _, err := l.trust.OpenCheckpoint(signed)
	if err != nil {
		return head{}, damaged(err, "The file checkpoint is not one that this log signed")
	}
	if c.Size > l.head.size {
		return head{}, candor.Errorf(candor.Verification, "The log was rolled back: its public checkpoint covers %d records, its journal ends at %d. "+
			"Restore the log folder from a copy that is not older than the checkpoint; going on would sign a second history.", c.Size, l.head.size)
	}
	root, err := tlog.TreeHash(c.Size, l.tree)
	if err != nil {
		return head{}, damaged(err, "The public checkpoint cannot be compared")
	}
	if root != c.Hash {
		return head{}, damaged(errors.New("roots differ"), "The public checkpoint of %d records and the journal are of two different logs", c.Size)
	}
	return head{c.Size, root, signed}, nil
}

// republish writes all files that a crash may have taken. A checkpoint that was
// shown may bear cosignatures, and stays until there is something to show in its
// place.
func (l *Log) republish(shown head) error {
	h := l.head
	if shown.size == h.size || (l.mayWait && shown.size > l.durable) {
		h = shown
	}
	if h.signed == nil {
		h = l.head
	}
	if err := l.writeEdge(h.size); err != nil {
		return err
	}
	return l.publishHead(h)
}

// writeEdge writes the files of a tree of a size from the durable size on, and
// the open tiles of every level.
func (l *Log) writeEdge(size int64) error {
	for _, t := range tlog.NewTiles(tileBits, l.durable, size) {
		if err := l.writeTile(t); err != nil {
			return err
		}
	}
	for level := 1; size>>(tileBits*level) > 0; level++ {
		count := size >> (tileBits * level)
		if w := int(count % width); w > 0 {
			if err := l.writeTile(tlog.Tile{H: tileBits, L: level, N: count / width, W: w}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Log) start() {
	l.committing.Add(1)
	go l.commitLoop()
	if l.every > 0 {
		l.done.Add(1)
		go l.publishLoop()
	}
	if l.witnesses != nil {
		l.done.Add(1)
		go l.cosignLoop()
	}
}
