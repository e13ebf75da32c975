package receipt

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	maxProblems = 1000 // listed; further ones are counted
	maxKeyFile  = 4 << 10
	prefetch    = 8 // bundles read ahead
)

// Options says what VerifyLog may rely on. The zero value relies on nothing but
// the log itself, and the result says so.
type Options struct {
	// Key is the log's verifier key, known from elsewhere: from the operator's
	// site, from paper, from an earlier visit. Empty takes the key that the log
	// publishes beside itself, which proves only that one key signed it all.
	Key string
	// Origin is the log's name. Empty means the name of the key.
	Origin string
	// Witnesses are verifier keys of witnesses whose cosignatures count.
	Witnesses []string
	// Known is a signed checkpoint seen earlier; the log must still extend it.
	Known []byte
	// Progress, if set, is called now and then, from one goroutine.
	Progress func(done, total int64)
}

// Verification is what an outsider found. It holds no secret and needed none.
type Verification struct {
	OK         bool     `json:"ok"`
	Origin     string   `json:"origin"`
	Size       int64    `json:"size"`        // records that the checkpoint signs
	Records    int64    `json:"records"`     // records that were read and are well formed
	CosignedBy []string `json:"cosigned_by"` // witnesses of Options whose cosignature holds
	Problems   []string `json:"problems"`    // plain sentences; none if OK
	Notes      []string `json:"notes"`       // what the result rests on; facts, not failures
	KeyFromLog bool     `json:"key_from_log"`
	Unanswered []int64  `json:"unanswered"` // indexes of intents without outcome, newest 100
	Figures    Figures  `json:"figures"`

	unlisted int64
}

func (v *Verification) problem(format string, args ...any) {
	if len(v.Problems) == maxProblems {
		v.unlisted++
		return
	}
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

// VerifyLog checks a whole log as an outsider can: it makes the tree again from
// the entries, compares every hash tile and the signed root with it, reads
// every record, checks that the records agree with each other (see Auditing in
// docs/spec/record.md), and counts the figures. It reads each file once, and
// its memory does not grow with the number of records, save for purposes,
// months and unanswered intents.
//
// What is wrong with the log stands in Problems. An error means that nothing
// could be said: there is no checkpoint to be read, an option is malformed, or
// ctx ended.
func VerifyLog(ctx context.Context, src Source, opts Options) (*Verification, error) {
	v := &Verification{CosignedBy: []string{}, Problems: []string{}, Notes: []string{}, Unanswered: []int64{}}
	v.Figures.prepare()
	trust, err := opts.trust(ctx, src, v)
	if err != nil {
		return nil, err
	}
	signed, err := src.ReadFile(ctx, "checkpoint")
	if err != nil {
		return nil, fmt.Errorf("there is no log here, its checkpoint could not be read: %w", err)
	}
	head, cosigned, err := trust.OpenCheckpoint(signed)
	if err != nil {
		v.problem("The newest checkpoint does not hold: %v.", err)
		return v, nil
	}
	v.Origin, v.Size, v.CosignedBy = head.Origin, head.Size, append(v.CosignedBy, cosigned...)
	v.noteWitnesses()
	w := &walk{src: src, v: v, head: head, auditor: newAuditor(v, head.Size), progress: opts.Progress}
	if err := w.know(trust, opts.Known); err != nil {
		return nil, err
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return v.finish(w.auditor), nil
}

func (v *Verification) finish(a *auditor) *Verification {
	v.Records = v.Figures.Records
	v.Unanswered = append(v.Unanswered, a.newestOpen(100)...)
	v.OK = len(v.Problems) == 0
	if v.unlisted > 0 {
		v.Problems = append(v.Problems, fmt.Sprintf("%d further problems are not listed.", v.unlisted))
	}
	if a.forgot > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("Each nonce was compared with at least the %d records before it, not with all.", nonceWindow))
	}
	return v
}

func (v *Verification) noteWitnesses() {
	if len(v.CosignedBy) == 0 {
		v.Notes = append(v.Notes, "No witness that you named has cosigned this log, so it cannot be excluded that others are shown a different one.")
	}
}

// trust reads the keys, taking the log's own from the log if none was given.
func (o Options) trust(ctx context.Context, src Source, v *Verification) (Trust, error) {
	key := o.Key
	if key == "" {
		b, err := src.ReadFile(ctx, "key")
		if err != nil {
			return Trust{}, fmt.Errorf("the log publishes no key; give the log's verifier key: %w", err)
		}
		key, _, _ = strings.Cut(string(b[:min(len(b), maxKeyFile)]), "\n")
		v.KeyFromLog = true
		v.Notes = append(v.Notes, "The key was taken from the log itself: this shows that the log agrees with itself, not whose it is. Compare the key with one that you got elsewhere: "+key)
	}
	t := Trust{Origin: o.Origin}
	var err error
	if t.Log, err = NewVerifier(key); err != nil {
		return Trust{}, fmt.Errorf("the log's key: %w", err)
	}
	t.Witnesses, err = newVerifiers(o.Witnesses)
	return t, err
}

func newVerifiers(keys []string) ([]note.Verifier, error) {
	var out []note.Verifier
	for _, k := range keys {
		w, err := NewVerifier(k)
		if err != nil {
			return nil, fmt.Errorf("a witness's key: %w", err)
		}
		out = append(out, w)
	}
	return out, nil
}

// walk reads a log from its first entry to its last.
type walk struct {
	src      Source
	v        *Verification
	head     Checkpoint
	known    *Checkpoint // an earlier checkpoint whose root must be met on the way
	tree     growingTree
	auditor  *auditor
	progress func(done, total int64)
	desks    sync.Pool
}

func (w *walk) know(t Trust, signed []byte) error {
	if len(signed) == 0 {
		return nil
	}
	c, _, err := Trust{Origin: t.Origin, Log: t.Log}.OpenCheckpoint(signed)
	if err != nil {
		return fmt.Errorf("the earlier checkpoint that you gave: %w", err)
	}
	if c.Size > w.head.Size {
		w.v.problem("The log went back: it had %d records when you last saw it, and now has %d.", c.Size, w.head.Size)
		return nil
	}
	w.known = &c
	w.checkKnown()
	return nil
}

func (w *walk) checkKnown() {
	if w.known == nil || w.known.Size != w.tree.size {
		return
	}
	if w.tree.root() != w.known.Hash {
		w.v.problem("The log does not extend the checkpoint of %d records that you gave: something before record #%d was changed.", w.known.Size, w.known.Size)
	}
	w.known = nil
}

// run walks all bundles. What is missing or wrong becomes a problem; the error
// is for ctx only.
func (w *walk) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for read := range w.bundles(ctx) {
		b := <-read
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.err != nil {
			w.v.problem("The records from #%d on could not be read, so nothing after them was checked: %v.", w.tree.size, b.err)
			return nil
		}
		if err := w.bundle(ctx, b); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.end(ctx)
}

func (w *walk) end(ctx context.Context) error {
	for level := range w.tree.levels {
		n := w.tree.count(level) / TileWidth
		if err := w.compare(ctx, level, n, w.tree.levels[level]); err != nil {
			return err
		}
	}
	if w.tree.root() != w.head.Hash {
		w.v.problem("The records are not those that the checkpoint signs: the tree of %d records has the root %s, the checkpoint says %s.",
			w.head.Size, w.tree.root(), w.head.Hash)
	}
	return nil
}

// readAhead is one bundle: what can be done with it before its turn comes.
type readAhead struct {
	*desk
	leaves  []leaf // on the desk
	hashes  []byte // the level 0 tile
	err     error  // of the entries
	hashErr error
}

// desk is what the reading of one bundle needs, to be used again by the next.
type desk struct {
	room  [TileWidth]leaf
	known map[string]string // see scanRecord
}

// leaf is an entry of the log that was hashed and read.
type leaf struct {
	hash   tlog.Hash
	record Record
	err    error // it is not a record
}

// bundles reads ahead, in order, with a bounded number in flight, on all cores.
func (w *walk) bundles(ctx context.Context) <-chan chan readAhead {
	queue := make(chan chan readAhead, prefetch)
	go func() {
		defer close(queue)
		for from := int64(0); from < w.head.Size; from += TileWidth {
			one := make(chan readAhead, 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return
			}
			go func() { one <- w.fetch(ctx, from/TileWidth, int(min(TileWidth, w.head.Size-from))) }()
		}
	}()
	return queue
}

func (w *walk) fetch(ctx context.Context, n int64, width int) (b readAhead) {
	entries, err := readBundle(ctx, w.src, n, width)
	if err != nil {
		return readAhead{err: err}
	}
	var ok bool
	if b.desk, ok = w.desks.Get().(*desk); !ok {
		b.desk = &desk{known: make(map[string]string)}
	}
	b.leaves = b.room[:len(entries)]
	for i, entry := range entries {
		b.leaves[i].hash = tlog.RecordHash(entry)
		b.leaves[i].record, b.leaves[i].err = parseRecord(entry, b.known)
	}
	b.hashes, b.hashErr = readHashTile(ctx, w.src, 0, n, width)
	return b
}

func (w *walk) bundle(ctx context.Context, b readAhead) error {
	first := w.tree.size
	w.compareLeaves(first, b)
	for i := range b.leaves {
		for _, full := range w.tree.add(b.leaves[i].hash) {
			if err := w.compare(ctx, full.level, full.n, full.hashes); err != nil {
				return err
			}
		}
		w.checkKnown()
		w.auditor.leaf(first+int64(i), &b.leaves[i])
	}
	w.desks.Put(b.desk)
	if w.progress != nil {
		w.progress(w.tree.size, w.head.Size)
	}
	return nil
}

// compareLeaves compares entries with the level 0 tile, so that a change can be
// pinned to its record.
func (w *walk) compareLeaves(first int64, b readAhead) {
	if b.hashErr != nil || len(b.hashes) != len(b.leaves)*tlog.HashSize {
		w.v.problem("The hash tile over the records #%d to #%d is missing or has the wrong length.", first, first+int64(len(b.leaves))-1)
		return
	}
	for i := range b.leaves {
		if b.leaves[i].hash != tlog.Hash(b.hashes[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			w.v.problem("Record #%d is not the one that was logged: it does not fit its hash.", first+int64(i))
		}
	}
}

// compare compares one hash tile above level 0 with the tree made again.
func (w *walk) compare(ctx context.Context, level int, n int64, want []tlog.Hash) error {
	if level == 0 || len(want) == 0 { // level 0 was compared with the entries
		return nil
	}
	name := TilePath(level, n, len(want))
	got, err := readHashTile(ctx, w.src, level, n, len(want))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		w.v.problem("The hash tile %s could not be read: %v.", name, err)
	case !equalTile(got, want):
		w.v.problem("The hash tile %s does not fit the records below it.", name)
	}
	return nil
}

func equalTile(got []byte, want []tlog.Hash) bool {
	if len(got) != len(want)*tlog.HashSize {
		return false
	}
	for i, h := range want {
		if h != tlog.Hash(got[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return false
		}
	}
	return true
}

// growingTree is the right edge of a tree: enough to add leaves, to give out
// every tile as it fills, and to compute the root. It holds at most 255 hashes
// a tile level.
type growingTree struct {
	size   int64
	levels [][]tlog.Hash // the open tile of each tile level
	edge   []tlog.Hash   // roots of the complete subtrees, largest first
}

type fullTile struct {
	level  int
	n      int64
	hashes []tlog.Hash
}

func (t *growingTree) add(leaf tlog.Hash) (full []fullTile) {
	h := leaf
	full = t.fill(0, h, full)
	height := 0
	for n := t.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(t.edge[len(t.edge)-1], h)
		t.edge = t.edge[:len(t.edge)-1]
		if height++; height%tileBits == 0 { // the root of the tile that has just filled
			full = t.fill(height/tileBits, h, full)
		}
	}
	t.edge = append(t.edge, h)
	t.size++
	return full
}

// fill puts a hash into the open tile of a level, and appends the tile to full
// if that fills it.
func (t *growingTree) fill(level int, h tlog.Hash, full []fullTile) []fullTile {
	if level == len(t.levels) {
		t.levels = append(t.levels, nil)
	}
	t.levels[level] = append(t.levels[level], h)
	if len(t.levels[level]) < TileWidth {
		return full
	}
	hashes := t.levels[level]
	t.levels[level] = make([]tlog.Hash, 0, TileWidth)
	return append(full, fullTile{level, t.size >> (tileBits * (level + 1)), hashes})
}

// count is how many hashes tile level level has.
func (t *growingTree) count(level int) int64 { return t.size >> (tileBits * level) }

func (t *growingTree) root() tlog.Hash {
	if t.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // the empty tree reads nothing and cannot fail
		return h
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}
