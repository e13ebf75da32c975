package tlog

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// request is one waiting Append.
type request struct {
	entry
	hash  tlog.Hash
	index int64
	head  head // set before done is closed, if err is nil
	err   error
	done  chan struct{}
}

// signedFrame is a frame with the head that its checkpoint signs. Once it is
// made, no other frame may take its place: two different trees of one size
// would have been signed.
type signedFrame struct {
	frame
	head head
}

// Append adds a record with its sealed details (nil for none). It returns when
// both and a signed checkpoint that covers them are durable; the receipt proves
// it offline. Concurrent calls share a disk sync. It keeps leaf and details:
// the caller must not change them afterwards.
//
// After an error the record may or may not come to be in the log, and nothing
// may be released on it. Unavailable: the disk is full or failing; after a
// failed sync every Append fails until the log is opened again. TooLarge: the
// record has more than MaxLeaf, or its details more than MaxDetails bytes.
//
// With Config.AwaitWitnesses it returns when the witnesses have cosigned, and
// Unavailable, naming who is missing, if they do not; the record then stays in
// the log, and the log goes on.
func (l *Log) Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error) {
	r, err := l.enter(ctx, leaf, details)
	if err != nil {
		return receipt.Receipt{}, err
	}
	h := r.head
	if l.witnesses != nil && l.witnesses.await {
		var err error
		if h, err = l.witnessed(ctx, r.index); err != nil {
			return receipt.Receipt{}, err
		}
	}
	return l.prove(h, r.index, leaf)
}

// Enter is Append for a record on which nothing is released yet: it returns the
// record's index when record, details and a signed checkpoint are durable, and does
// not wait for witnesses.
func (l *Log) Enter(ctx context.Context, leaf, details []byte) (int64, error) {
	r, err := l.enter(ctx, leaf, details)
	if err != nil {
		return 0, err
	}
	return r.index, nil
}

// Await waits, with Config.AwaitWitnesses, until the witnesses have cosigned a
// checkpoint that covers a record. Unavailable, naming who is missing, if they do not.
func (l *Log) Await(ctx context.Context, index int64) error {
	if l.witnesses == nil || !l.witnesses.await {
		return nil
	}
	_, err := l.witnessed(ctx, index)
	return err
}

// enter has a record written, and waits until it is durable.
func (l *Log) enter(ctx context.Context, leaf, details []byte) (*request, error) {
	if err := checkEntry(leaf, details); err != nil {
		return nil, err
	}
	if len(details) == 0 {
		details = nil
	}
	r := &request{entry: entry{leaf, details}, hash: tlog.RecordHash(leaf), done: make(chan struct{})}
	if err := l.enqueue(ctx, r); err != nil {
		return nil, err
	}
	select {
	case <-r.done:
		return r, r.err
	case <-ctx.Done():
		return nil, candor.Wrap(ctx.Err(), candor.Unavailable,
			"Waiting for the log ended before the record was known to be durable. Nothing was released.")
	}
}

func checkEntry(leaf, details []byte) error {
	switch {
	case len(leaf) == 0:
		return candor.Errorf(candor.Invalid, "A record cannot be empty.")
	case len(leaf) > MaxLeaf:
		return candor.Errorf(candor.TooLarge, "A record has at most %d bytes; this one has %d.", MaxLeaf, len(leaf))
	case len(details) > MaxDetails:
		return candor.Errorf(candor.TooLarge, "The sealed details of a record have at most %d bytes; these have %d.", MaxDetails, len(details))
	}
	return nil
}

func (l *Log) enqueue(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The request had ended before its record was written. Nothing was released.")
	}
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	if l.closed {
		return errClosed()
	}
	l.queue = append(l.queue, r)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

func errClosed() error {
	return candor.Errorf(candor.Unavailable, "The log is closed; the server is stopping. Try again when it runs.")
}

// take returns the next batch: what waits, up to the limits of one frame.
func (l *Log) take() []*request {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	n, size := 0, 0
	for n < len(l.queue) && n < batchEntries && size < batchBytes {
		size += len(l.queue[n].leaf) + len(l.queue[n].details)
		n++
	}
	batch := l.queue[:n:n]
	l.queue = l.queue[n:]
	return batch
}

// commitLoop is the one goroutine that writes the journal.
func (l *Log) commitLoop() {
	defer l.committing.Done()
	for {
		select {
		case <-l.wake:
		case <-l.stop:
			l.refuseAll()
			return
		}
		for batch := l.take(); len(batch) > 0; batch = l.take() {
			l.finish(batch, l.commit(batch))
			l.rotate()
		}
	}
}

func (l *Log) refuseAll() {
	for batch := l.take(); len(batch) > 0; batch = l.take() {
		l.finish(batch, errClosed())
	}
}

func (l *Log) finish(batch []*request, err error) {
	for _, r := range batch {
		r.err = err
		close(r.done)
	}
}

// commit makes a batch durable.
func (l *Log) commit(batch []*request) error {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	if err := l.fence(); err != nil {
		return err
	}
	if err := l.settle(); err != nil { // what an earlier write left undone comes first
		return err
	}
	if err := l.sign(batch); err != nil {
		return err
	}
	h := l.pending.head
	if err := l.settle(); err != nil {
		return err
	}
	for _, r := range batch {
		r.head = h
	}
	return nil
}

// rotate begins a new journal segment if the last is full; behind the
// acknowledgement, so that nobody waits for it who need not.
func (l *Log) rotate() {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if l.failed != nil || l.pending != nil {
		return // a frame half written must stay the last of its segment
	}
	if l.fence() != nil {
		return // the next commit says why
	}
	if err := l.journal.rotate(); err != nil {
		l.logger.Warn("The log goes on in its old journal segment; a new one could not be made.", "error", err)
	}
}

func (l *Log) writable() error {
	if e, ok := errors.AsType[*candor.Error](l.failed); ok {
		return e
	}
	if l.failed != nil {
		return candor.Wrap(l.failed, candor.Unavailable,
			"The log stopped when a disk sync failed. Nothing was released. Check the disk, then start the server again.")
	}
	if l.bundles.lag() > maxLag && l.witnesses != nil && l.witnesses.await {
		return candor.Errorf(candor.Unavailable,
			"The log has waited too long for its witnesses and has stopped taking records. Nothing was released. Bring the witnesses back, or change the policy.")
	}
	if l.bundles.lag() > maxLag {
		return candor.Errorf(candor.Unavailable,
			"The log cannot write its public files and has stopped taking records. Nothing was released. Check that the disk of the log folder is not full.")
	}
	return nil
}

// sign puts a batch into the tree and makes the frame that is to be written.
func (l *Log) sign(batch []*request) error {
	f := frame{first: l.newest().size, entries: make([]entry, len(batch))}
	hashes := make([]tlog.Hash, len(batch))
	for i, r := range batch {
		r.index = f.first + int64(i)
		f.entries[i], hashes[i] = r.entry, r.hash
	}
	size, root, err := l.tree.add(hashes)
	if err != nil {
		l.failed = err
		return damaged(err, "The root of the log could not be computed")
	}
	l.bundles.add(f.first, f.entries)
	h, err := l.signHead(size, root)
	if err != nil {
		l.failed = err
		return candor.Wrap(err, candor.Unavailable, "The log's key did not sign. Nothing was released. Check the key, then start the server again.")
	}
	f.signed = h.signed
	l.pending = &signedFrame{f, h}
	return nil
}

func (l *Log) signHead(size int64, root tlog.Hash) (head, error) {
	text := receipt.Checkpoint{Origin: l.trust.Log.Name(), Size: size, Hash: root}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, l.signer)
	return head{size, root, signed}, err
}

// settle writes the pending frame, if there is one, and moves the head. A write
// that fails is tried again, with the same frame, by the next commit.
func (l *Log) settle() error {
	if l.pending == nil {
		return nil
	}
	b := l.pending.encode()
	if err := l.journal.write(b); err != nil {
		return candor.Wrap(err, candor.Unavailable,
			"The record could not be written to the log. Nothing was released. Make room on the disk of the log folder and try again.")
	}
	if err := l.journal.sync(len(b), l.pending.end()); err != nil {
		l.failed = err
		return l.writable()
	}
	// Whoever took the folder over meanwhile may have read the journal before this
	// frame was in it. Whoever takes it over from now on finds the frame.
	if err := l.fence(); err != nil {
		l.failed = err
		return l.writable()
	}
	l.headMu.Lock()
	if l.head.size == l.cosigned.size {
		l.behind = time.Now()
	}
	l.head = l.pending.head
	l.headMu.Unlock()
	l.submit(l.pending.head)
	l.pending = nil
	select {
	case l.kick <- struct{}{}:
	default:
	}
	return nil
}

// DestroyDetails destroys the sealed details of records for good: in the
// journal, in the bundles and in memory. The records and all proofs stay as they
// are. It is durable when it returns; calling it again is harmless. No record is
// appended while it runs: give it some thousands at a time. What a file system or
// a backup keeps of overwritten files is beyond it.
func (l *Log) DestroyDetails(ctx context.Context, indexes ...int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	l.pubMu.Lock()
	defer l.pubMu.Unlock()
	inBundle := make(map[int64][]int64)
	for _, index := range indexes {
		if index < 0 || index >= l.Size() {
			return candor.Errorf(candor.NotFound, "The log has no record #%d.", index)
		}
		inBundle[index/width] = append(inBundle[index/width], index)
	}
	if err := errors.Join(l.writable(), l.fence()); err != nil || len(indexes) == 0 {
		return err
	}
	var errs []error
	for n, group := range inBundle {
		errs = append(errs, l.destroyInBundle(n, group))
	}
	if err := errors.Join(append(errs, l.destroyInJournal(indexes))...); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The details of %d records from #%d on could not be destroyed everywhere. Check the disk and try again.", len(indexes), slices.Min(indexes))
	}
	return nil
}

func (l *Log) destroyInBundle(n int64, indexes []int64) error {
	for _, index := range indexes {
		l.bundles.destroy(index)
	}
	if (n+1)*width > l.shown().size {
		return nil // not in a file yet
	}
	details, err := l.readDetails(n)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		details[index%width] = nil
	}
	var b []byte
	for _, d := range details {
		b = appendDetails(b, d)
	}
	name := detailsPath(n)
	return replaceDurably(l.fs, parent(name), name, b)
}

func (l *Log) destroyInJournal(indexes []int64) error {
	seqs, err := listSegments(l.fs)
	if err != nil {
		return err
	}
	frames, err := readJournal(l.fs, seqs)
	if err != nil {
		return err
	}
	found := false
	for _, f := range frames {
		for _, index := range indexes {
			if f.first <= index && index < f.end() {
				f.entries[index-f.first].details = nil
				found = true
			}
		}
	}
	if !found {
		return nil
	}
	if err := l.journal.rewrite(frames, seqs[len(seqs)-1]+1); err != nil {
		l.failed = err // which segment a next start would read is not known
		return err
	}
	return nil
}
