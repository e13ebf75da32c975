package archive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/internal/query"
)

const (
	mostSaved   = 100 // searches that a person may keep
	longestName = 200 // bytes

	// watchEvery is how often a search is made again by itself at most, so that
	// a day of watching 50 searches stays well below what a purpose may be used.
	watchEvery = time.Hour
)

// Saved is a search that a person keeps, to make it again. Keeping it is no act
// and shows nothing; making it again is an act like any search, also when the
// archive does so by itself.
type Saved struct {
	ID      string          `json:"id"`
	Person  candor.PersonID `json:"person"`
	Name    string          `json:"name"`
	Request SearchRequest   `json:"request"`
	Watch   bool            `json:"watch"` // count new items by itself
	Made    time.Time       `json:"made"`
	Since   time.Time       `json:"since"`             // what was added from here on is new
	New     int64           `json:"new,omitempty"`     // items, when it was last made by itself
	Looked  time.Time       `json:"looked,omitzero"`   // when that was
	Stopped string          `json:"stopped,omitempty"` // why it is watched no more
}

// SaveSearch keeps a search under a name. What is in the archive by now is not new to it.
func (a *Archive) SaveSearch(ctx context.Context, who Actor, name string, r SearchRequest, watch bool) (Saved, error) {
	name = strings.TrimSpace(name)
	switch {
	case who.Agent:
		return Saved{}, candor.Errorf(candor.Denied, "An AI agent keeps no searches. A person can.")
	case name == "" || len(name) > longestName:
		return Saved{}, candor.Errorf(candor.Invalid, "A search is kept under a name of 1 to %d bytes. Nothing was kept.", longestName)
	case len(a.books.savedOf(who.Person.ID)) >= mostSaved:
		return Saved{}, candor.Errorf(candor.TooLarge, "You keep %d searches, the most there can be. Forget one first.", mostSaved)
	}
	if err := a.checkSaved(ctx, who, r); err != nil {
		return Saved{}, err
	}
	id, err := a.newID("s-")
	if err != nil {
		return Saved{}, err
	}
	r.Offset, r.After, r.Facets, r.Saved, r.Added = 0, "", false, "", time.Time{}
	s := Saved{ID: id, Person: who.Person.ID, Name: name, Request: r, Watch: watch, Made: a.now(), Since: a.settled()}
	if err := a.putSaved(ctx, s); err != nil {
		// A half of it, if there is one, would come back with a rebuild.
		return Saved{}, errors.Join(err, a.cfg.Vault.Delete(context.WithoutCancel(ctx), string(documentName(kindSaved, id))))
	}
	return s, nil
}

// checkSaved refuses what could never be searched.
func (a *Archive) checkSaved(ctx context.Context, who Actor, r SearchRequest) error {
	if p, ok := a.books.purpose(r.Purpose); !ok || p.AskedBy != who.Person.ID {
		return candor.Errorf(candor.NotFound, "There is no purpose %s of yours. A search is kept with the purpose under which it is made.", r.Purpose)
	}
	node, err := query.Parse(r.Query, query.Options{})
	if err != nil && r.Like == "" {
		return err
	}
	_, err = a.searchRequest(r, node, nil)
	return err
}

func (a *Archive) putSaved(ctx context.Context, s Saved) error {
	if err := a.putDocument(ctx, kindSaved, s.ID, s); err != nil {
		return err
	}
	a.books.keepSaved(s)
	return nil
}

// SavedSearches lists what the person keeps, by name.
func (a *Archive) SavedSearches(_ context.Context, who Actor) ([]Saved, error) {
	return a.books.savedOf(who.Person.ID), nil
}

// ForgetSearch destroys a search that the person keeps. Records of having made
// it stay in the log.
func (a *Archive) ForgetSearch(ctx context.Context, who Actor, id string) error {
	if _, err := a.savedOf(who, id); err != nil {
		return err
	}
	if err := a.dropDocument(ctx, kindSaved, id); err != nil {
		return err
	}
	a.books.dropSaved(id)
	return nil
}

func (a *Archive) savedOf(who Actor, id string) (Saved, error) {
	s, ok := a.books.savedSearch(id)
	if !ok || s.Person != who.Person.ID {
		return Saved{}, candor.Errorf(candor.NotFound, "You keep no search %q. See `candor saved`.", id)
	}
	return s, nil
}

// made remembers that somebody was shown the first page of a saved search: what
// had been added when it began is not new any more. What goes wrong here keeps
// nobody from a result that is recorded already; the items stay new.
func (a *Archive) made(ctx context.Context, who Actor, r SearchRequest, settled time.Time) {
	if r.Saved == "" || r.Offset > 0 || r.After != "" {
		return
	}
	a.watching.Lock()
	defer a.watching.Unlock()
	s, err := a.savedOf(who, r.Saved)
	if err != nil {
		return // forgotten meanwhile
	}
	s.Since, s.New = settled, 0
	if err := a.putSaved(context.WithoutCancel(ctx), s); err != nil {
		a.cfg.Logger.Warn("it could not be kept that a saved search was made; its items stay new", "search", s.ID, "err", err)
	}
}

// settled is the time up to which everything that was added can be found: what
// an addition under way has read may be found later.
func (a *Archive) settled() time.Time {
	at := a.now()
	for _, in := range a.intakes.all() {
		if began := in.snapshot().Started; began.Before(at) {
			at = began
		}
	}
	return at
}

// Watch counts new items for saved searches that are watched, each by an act of
// the person who keeps it, until ctx ends: after something was added, and at
// most once an hour each.
func (a *Archive) Watch(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		a.LookAgain(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// LookAgain makes those watched searches again for which it is time.
func (a *Archive) LookAgain(ctx context.Context) {
	now, grown := a.now(), a.grown.Load()
	for _, s := range a.books.watched() {
		if ctx.Err() != nil || now.Sub(s.Looked) < watchEvery || grown != nil && !s.Looked.Before(*grown) {
			continue
		}
		if err := a.lookAgain(ctx, s.ID); err != nil && ctx.Err() == nil {
			a.cfg.Logger.Warn("a saved search could not be made again; it is tried again later", "search", s.ID, "err", err)
		}
	}
}

// lookAgain counts what is new to one search, and shows nothing of it.
func (a *Archive) lookAgain(ctx context.Context, id string) error {
	a.watching.Lock()
	defer a.watching.Unlock()
	s, ok := a.books.savedSearch(id)
	if !ok || !s.Watch {
		return nil
	}
	keeper, ok := a.books.person(s.Person)
	if !ok {
		return nil
	}
	r := s.Request
	r.Saved, r.Added = s.ID, s.Since
	looked := a.now()
	q, err := a.questionOf(&r)
	if err != nil {
		return err
	}
	q.countOnly = true
	res, err := a.find(ctx, Actor{Person: keeper.Person}, r, q)
	switch candor.CodeOf(err) {
	case "":
		s.New = res.Total
	case candor.Denied, candor.NotFound, candor.Invalid:
		s.Watch, s.Stopped = false, candor.MessageOf(err)
	default:
		return err
	}
	s.Looked = looked
	return a.putSaved(ctx, s)
}

// savedSearch returns a search that somebody keeps.
func (b *books) savedSearch(id string) (Saved, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s, ok := b.saved[id]
	return s, ok
}

func (b *books) savedOf(person candor.PersonID) []Saved {
	return b.savedThat(func(s Saved) bool { return s.Person == person })
}

func (b *books) watched() []Saved { return b.savedThat(func(s Saved) bool { return s.Watch }) }

func (b *books) savedThat(is func(Saved) bool) []Saved {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Saved
	for _, s := range b.saved {
		if is(s) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Saved) int {
		if n := strings.Compare(a.Name, b.Name); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func (b *books) keepSaved(s Saved) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved[s.ID] = s
}

func (b *books) dropSaved(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.saved, id)
}
