package custodian

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// clockSlack is how far the clock may step back without it being called an
// error; time then stands still until it has caught up.
const clockSlack = time.Minute

// state is what the custodian remembers. In memory it is always at least as
// strict as on disk: it changes first, and answers leave after the disk has it.
type state struct {
	journal *journal
	keep    time.Duration // how long after a record's time its nonce is kept

	mu       sync.Mutex
	head     receipt.Checkpoint
	seen     map[int64]tlog.Hash // the newest heads, this process's, by size
	recent   []int64             // sizes of seen, in order
	moved    *batch              // with which the head becomes durable
	restored headEntry           // the tree below which nothing is honoured; size 0 is none
	today    counts
	clock    time.Time // the newest time at which something was released
	spent    map[string]*spentNonce
	queue    []string // nonces by the order in which they were spent
	purposes map[string]*purposeState
}

type spentNonce struct {
	made   time.Time
	leaves []span // sorted, disjoint
}

// span is a range of leaves, both ends included.
type span [2]int64

type purposeState struct {
	grant   int64 // log index of the approval shown first
	revoked bool
	items   map[itemMark]struct{}
}

// entry is one change of the state, as it stands in the journal. Exactly one
// field is set.
type entry struct {
	Head    *headEntry    `json:"head,omitempty"`
	Clock   int64         `json:"clock,omitempty"` // Unix seconds
	Spent   *spentEntry   `json:"spent,omitempty"`
	Covered *coveredEntry `json:"covered,omitempty"`
	Counted *counts       `json:"counted,omitempty"`
	Revoked string        `json:"revoked,omitempty"` // purpose ID
	// Restored is the head at which a custodian was restored.
	Restored *headEntry `json:"restored,omitempty"`
}

type headEntry struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
}

type spentEntry struct {
	Nonce  string `json:"nonce"`
	Made   int64  `json:"made"` // Unix seconds, the record's time
	Leaves []span `json:"leaves"`
}

type coveredEntry struct {
	Purpose string   `json:"purpose"`
	Grant   int64    `json:"grant"`
	Items   [][]byte `json:"items"` // first 16 bytes of SHA-256 of "collection/item"
}

// openState reads the journal of a folder, and rewrites it without what is no
// longer needed.
func openState(dir, origin string, keep time.Duration) (*state, error) {
	s := &state{
		keep:     keep,
		head:     receipt.Checkpoint{Origin: origin},
		seen:     make(map[int64]tlog.Hash),
		spent:    make(map[string]*spentNonce),
		purposes: make(map[string]*purposeState),
	}
	j, err := openJournal(filepath.Join(dir, JournalFile), origin, s.apply)
	if err != nil {
		return nil, err
	}
	s.journal = j
	s.forget()
	if err := j.compact(s.snapshot()); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return s, nil
}

func (s *state) close() error { return s.journal.close() }

// apply makes one journalled change. It reports false for one that makes no sense.
func (s *state) apply(e entry) bool {
	switch {
	case e.Head != nil:
		return s.applyHead(*e.Head)
	case e.Restored != nil:
		if e.Restored.Size > s.restored.Size {
			s.restored = *e.Restored
		}
		return s.applyHead(*e.Restored)
	case e.Counted != nil:
		s.today.raise(*e.Counted)
	case e.Clock != 0:
		s.clock = maxTime(s.clock, time.Unix(e.Clock, 0))
	case e.Spent != nil:
		s.applySpent(*e.Spent)
	case e.Covered != nil:
		return s.applyCovered(*e.Covered)
	case e.Revoked != "":
		s.purpose(e.Revoked, -1).revoked = true
	default:
		return false
	}
	return true
}

func (s *state) applyHead(e headEntry) bool {
	if len(e.Root) != tlog.HashSize {
		return false
	}
	if e.Size > s.head.Size { // an older one follows when a snapshot came between
		s.setHead(e.Size, tlog.Hash(e.Root))
	}
	return true
}

// keepSeen is how many heads are remembered, so that requests which were proven
// from one of them need not be made anew.
const keepSeen = 4096

func (s *state) setHead(size int64, root tlog.Hash) {
	s.head.Size, s.head.Hash = size, root
	s.seen[size] = root
	if s.recent = append(s.recent, size); len(s.recent) > keepSeen {
		delete(s.seen, s.recent[0])
		s.recent = s.recent[1:]
	}
}

func (s *state) applySpent(e spentEntry) {
	n, known := s.spent[e.Nonce]
	if !known {
		n = &spentNonce{made: time.Unix(e.Made, 0)}
		s.spent[e.Nonce] = n
		s.queue = append(s.queue, e.Nonce)
	}
	n.leaves = mergeSpans(append(n.leaves, e.Leaves...))
}

func (s *state) applyCovered(e coveredEntry) bool {
	p := s.purpose(e.Purpose, e.Grant)
	for _, m := range e.Items {
		if len(m) != len(itemMark{}) {
			return false
		}
		p.items[itemMark(m)] = struct{}{}
	}
	return true
}

// purpose returns the state of a purpose; the first grant that is shown stays.
func (s *state) purpose(id string, grant int64) *purposeState {
	p, known := s.purposes[id]
	if !known {
		p = &purposeState{grant: -1, items: make(map[itemMark]struct{})}
		s.purposes[id] = p
	}
	if p.grant < 0 {
		p.grant = grant
	}
	return p
}

// snapshot lists the state as entries.
func (s *state) snapshot() []entry {
	var all []entry
	if s.head.Size > 0 {
		all = append(all, entry{Head: &headEntry{s.head.Size, bytes.Clone(s.head.Hash[:])}})
	}
	if !s.clock.IsZero() {
		all = append(all, entry{Clock: s.clock.Unix()})
	}
	if s.restored.Size > 0 {
		mark := s.restored
		all = append(all, entry{Restored: &mark})
	}
	if s.today.Day != 0 {
		day := s.today.clone()
		all = append(all, entry{Counted: &day})
	}
	for _, nonce := range s.queue {
		n := s.spent[nonce]
		all = append(all, entry{Spent: &spentEntry{nonce, n.made.Unix(), n.leaves}})
	}
	for id, p := range s.purposes {
		if p.grant >= 0 {
			e := &coveredEntry{Purpose: id, Grant: p.grant}
			for m := range p.items {
				e.Items = append(e.Items, slices.Clone(m[:]))
			}
			all = append(all, entry{Covered: e})
		}
		if p.revoked {
			all = append(all, entry{Revoked: id})
		}
	}
	return all
}

// forget drops the nonces of records that are too old to be accepted at the
// newest time seen, which the clock may not fall behind.
func (s *state) forget() {
	for len(s.queue) > 0 {
		n := s.spent[s.queue[0]]
		if s.clock.Sub(n.made) <= s.keep+clockSlack {
			return
		}
		delete(s.spent, s.queue[0])
		s.queue = s.queue[1:]
	}
}

func (s *state) newest() receipt.Checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}

// seenAt returns the tree of a size, if it was the head not long ago.
func (s *state) seenAt(size int64) (receipt.Checkpoint, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, ok := s.seen[size]
	return receipt.Checkpoint{Origin: s.head.Origin, Size: size, Hash: root}, ok
}

func (s *state) restoredAt() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restored.Size
}

// followed returns when the head is durable.
func (s *state) followed(ctx context.Context) error {
	s.mu.Lock()
	b := s.moved
	s.mu.Unlock()
	if b == nil {
		return nil
	}
	return s.journal.wait(b)
}

// advance moves the head on, unless somebody else moved it meanwhile. It is on
// disk before the next answer leaves: entries are written in order.
func (s *state) advance(from, to receipt.Checkpoint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.head.Size != from.Size {
		return false
	}
	s.setHead(to.Size, to.Hash)
	s.moved = s.journal.add(entry{Head: &headEntry{to.Size, to.Hash[:]}})
	return true
}

// revoke remembers that a purpose is over; it returns when that is durable.
func (s *state) revoke(ctx context.Context, purpose string) error {
	s.mu.Lock()
	s.purpose(purpose, -1).revoked = true
	b := s.journal.add(entry{Revoked: purpose})
	s.mu.Unlock()
	return s.journal.wait(b)
}

// spend makes the checks that depend on what was spent before, and spends. It
// returns when that is durable. Once it has begun it is not given up half-way.
func (s *state) spend(ctx context.Context, p permitted, limits Limits, now func() time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	entries, err := s.trySpend(p, limits, now())
	if err != nil {
		s.mu.Unlock()
		return err
	}
	b := s.journal.add(entries...)
	if s.journal.large() {
		s.forget()
		s.journal.rewrite(s.snapshot())
	}
	s.mu.Unlock()
	return s.journal.wait(b)
}

func (s *state) trySpend(p permitted, limits Limits, now time.Time) ([]entry, error) {
	if back := s.clock.Sub(now); back > clockSlack {
		return nil, refuse(candor.Unavailable, RuleClock, "The custodian's clock stands %v behind a time that it has seen. Set the clock right.", back.Round(time.Second))
	}
	now = maxTime(now, s.clock)
	leaves := mergeSpans(spansOf(p.leaves))
	if n, known := s.spent[p.nonce]; known && overlap(n.leaves, leaves) {
		return nil, refuse(candor.Denied, RuleNonceUnspent, "These keys were released under this record before. Do the act again.")
	}
	entries := []entry{{Clock: now.Unix()}, {Spent: &spentEntry{p.nonce, p.made.Unix(), leaves}}}
	if p.purpose != "" {
		covered, err := s.tryCover(p, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{Covered: covered})
	}
	counted, err := s.today.add(p, limits, now)
	if err != nil {
		return nil, err
	}
	if counted != nil {
		entries = append(entries, entry{Counted: counted})
	}
	for _, e := range entries {
		s.apply(e)
	}
	s.forget()
	return entries, nil
}

// tryCover counts the items that a purpose has not been shown before.
func (s *state) tryCover(p permitted, now time.Time) (*coveredEntry, error) {
	have, known := s.purposes[p.purpose]
	if !known {
		have = &purposeState{grant: -1}
	}
	switch {
	case have.revoked || !now.Before(p.expires):
		return nil, refuse(candor.Denied, RuleGrantActive, "The purpose is not active: revoked or expired. Ask for a new one.")
	case have.grant >= 0 && have.grant != p.grant:
		return nil, refuse(candor.Denied, RuleGrantUnchanged, "The purpose was approved by another record when it was first used. Ask for a new purpose.")
	}
	e := &coveredEntry{Purpose: p.purpose, Grant: p.grant}
	for _, m := range p.items {
		if _, shown := have.items[m]; !shown {
			e.Items = append(e.Items, slices.Clone(m[:]))
		}
	}
	if after := int64(len(have.items) + len(e.Items)); after > p.budget {
		return nil, refuse(candor.Denied, RuleCoverage, "The purpose may be shown %d distinct items and this would make %d. Ask for a purpose with a larger budget.", p.budget, after)
	}
	return e, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func spansOf(leaves []int64) []span {
	spans := make([]span, len(leaves))
	for i, l := range leaves {
		spans[i] = span{l, l}
	}
	return spans
}

// mergeSpans sorts spans and joins those that touch.
func mergeSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a[0], b[0]) })
	var merged []span
	for _, s := range spans {
		last := len(merged) - 1
		if last >= 0 && s[0] <= merged[last][1]+1 {
			merged[last][1] = max(merged[last][1], s[1])
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// overlap reports whether two merged lists share a leaf.
func overlap(a, b []span) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0][1] < b[0][0]:
			a = a[1:]
		case b[0][1] < a[0][0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

// syncDir makes a rename in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
