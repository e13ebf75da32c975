package web

import (
	"maps"
	"slices"
	"sync"
	"time"

	"candor"
	"candor/internal/archive"
)

// A results page is one act with one record. It is remembered here for as long
// as an opened item is readable, so that a reload, the back button, or coming
// back from an item shows the same page again instead of making a new record.
// After that the page is forgotten and only its question stays, so that the
// person can ask again. Nothing of this outlives the process.
const (
	pageLifetime  = archive.ViewLifetime
	askLifetime   = 8 * time.Hour
	pagesAPerson  = 40
	pagesAtMost   = 4000
	openedAtMost  = 20000
	rememberWords = 200 // forms of matched words kept for an item page
)

// shownPage is one results page that a person was shown.
type shownPage struct {
	ID      string
	By      candor.PersonID
	Request archive.SearchRequest
	Result  *archive.SearchResult // nil when it has been forgotten
	Answer  *answered             // of a question; nil for a search
	At      time.Time
	Until   time.Time
}

// openedItem is what is known of a view after it expired.
type openedItem struct {
	By      candor.PersonID
	Item    candor.ItemID
	Purpose candor.PurposeID
	At      time.Time
}

// memory keeps what was shown lately. Safe for concurrent use.
type memory struct {
	now    func() time.Time
	mu     sync.Mutex
	pages  map[string]*shownPage
	opened map[string]openedItem
}

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, pages: map[string]*shownPage{}, opened: map[string]openedItem{}}
}

// keep remembers a results page under a secret ID.
func (m *memory) keep(id string, by candor.PersonID, r archive.SearchRequest, res archive.SearchResult, answer *answered) *shownPage {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	p := &shownPage{ID: id, By: by, Request: r, Result: &res, Answer: answer, At: now, Until: now.Add(pageLifetime)}
	m.pages[id] = p
	m.forgetOld(now)
	m.bound(by)
	return p
}

// page returns a copy of a page that this person was shown.
func (m *memory) page(id string, by candor.PersonID) (shownPage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetOld(m.now())
	p := m.pages[id]
	if p == nil || p.By != by {
		return shownPage{}, false
	}
	return *p, true
}

// recent lists the pages a person can still look at, newest first.
func (m *memory) recent(by candor.PersonID, limit int) []shownPage {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetOld(m.now())
	var out []shownPage
	for _, p := range m.pages {
		if p.By == by && p.Result != nil {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b shownPage) int { return b.At.Compare(a.At) })
	return out[:min(limit, len(out))]
}

// noteOpened remembers which item a view was of.
func (m *memory) noteOpened(view string, o openedItem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o.At = m.now()
	m.opened[view] = o
	if len(m.opened) > openedAtMost {
		maps.DeleteFunc(m.opened, func(_ string, o openedItem) bool { return m.now().Sub(o.At) > time.Hour })
	}
	if len(m.opened) > openedAtMost {
		clear(m.opened)
	}
}

func (m *memory) openedAs(view string, by candor.PersonID) (openedItem, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.opened[view]
	if !ok || o.By != by || m.now().Sub(o.At) > askLifetime {
		return openedItem{}, false
	}
	return o, true
}

// forget drops all that a person was shown, when they sign out.
func (m *memory) forget(by candor.PersonID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.pages, func(_ string, p *shownPage) bool { return p.By == by })
	maps.DeleteFunc(m.opened, func(_ string, o openedItem) bool { return o.By == by })
}

func (m *memory) forgetOld(now time.Time) {
	for id, p := range m.pages {
		if now.After(p.Until) {
			p.Result, p.Answer = nil, nil
		}
		if now.Sub(p.At) > askLifetime {
			delete(m.pages, id)
		}
	}
}

// bound drops a person's oldest pages, and if that is not enough everybody's.
func (m *memory) bound(by candor.PersonID) {
	m.dropOldest(pagesAPerson, func(p *shownPage) bool { return p.By == by })
	m.dropOldest(pagesAtMost, func(*shownPage) bool { return true })
}

func (m *memory) dropOldest(keep int, of func(*shownPage) bool) {
	var have []*shownPage
	for _, p := range m.pages {
		if of(p) {
			have = append(have, p)
		}
	}
	if len(have) <= keep {
		return
	}
	slices.SortFunc(have, func(a, b *shownPage) int { return a.At.Compare(b.At) })
	for _, p := range have[:len(have)-keep] {
		delete(m.pages, p.ID)
	}
}
