package archive

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"candor"
)

// viewState is what an opened item can be read with. It never leaves memory.
type viewState struct {
	archive *Archive
	person  candor.PersonID
	keys    map[candor.KeyName][]byte
	printed sync.Once // kin is made once: turning pages of a long text must not print it again
	kin     map[string]string
}

// Open opens one item under a purpose: the custodian releases the keys of its
// renditions against the receipt of this act.
func (a *Archive) Open(ctx context.Context, who Actor, r OpenRequest) (*View, error) {
	work, err := a.under(ctx, candor.ActOpen, who, r.Purpose, Details{Items: []candor.ItemID{r.Item}})
	if err != nil {
		return nil, err
	}
	item, err := a.openable(ctx, &work, r.Item)
	if err != nil {
		return nil, err
	}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		return result{
			matched: 1, collected: a.totals.of(item.Collection).Items, shown: []uint32{item.Num},
			items: []candor.ItemID{item.ID}, bytes: item.Size, keys: itemKeys(item),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	id, err := newSecret(a.cfg.Rand)
	if err != nil {
		return nil, err
	}
	info, err := a.purposeInfo(ctx, *work.purpose)
	if err != nil {
		return nil, err
	}
	v := &View{
		ID: id, Item: a.toldOf(item), Receipt: done.receipt, Purpose: info, Expires: a.cfg.Now().Add(ViewLifetime),
		viewState: viewState{archive: a, person: who.Person.ID, keys: done.keys},
	}
	a.views.keep(v, a.cfg.Now())
	return v, nil
}

// openable finds the item an act is about. An item outside the purpose's
// collections is refused in the same words as one that does not exist, so that
// nobody learns which it is; both are recorded.
func (a *Archive) openable(ctx context.Context, work *act, id candor.ItemID) (candor.Item, error) {
	item, err := a.cfg.Catalog.Item(ctx, id)
	if err != nil && candor.CodeOf(err) != candor.NotFound {
		return item, err
	}
	if err != nil || (work.purpose != nil && !slices.Contains(work.purpose.Collections, item.Collection)) {
		if work.refusal == nil && work.purpose != nil {
			work.refusal = &candor.Decision{Rule: "no-such-item", Message: "Refused: there is no such item in the collections of this purpose."}
		}
		return item, nil
	}
	work.collection = item.Collection
	return item, nil
}

// itemKeys names the keys of all renditions of an item.
func itemKeys(item candor.Item) []candor.KeyName { return keysOf(item, item.Renditions...) }

// keysOf names the keys of those of some renditions that an item has.
func keysOf(item candor.Item, wanted ...candor.Rendition) []candor.KeyName {
	var names []candor.KeyName
	for _, r := range wanted {
		if slices.Contains(item.Renditions, r) {
			names = append(names, candor.ItemKey(item.Collection, item.ID, r))
		}
	}
	return names
}

// View returns a view that the actor opened and that has not expired.
func (a *Archive) View(_ context.Context, who Actor, id string) (*View, error) {
	v := a.views.get(id, a.cfg.Now())
	if v == nil || v.person != who.Person.ID {
		return nil, candor.Errorf(candor.NotFound, "This view has ended: an opened item can be read for %d minutes. Open it again; that is a new act.", int(ViewLifetime.Minutes()))
	}
	return v, nil
}

func (v *View) read(ctx context.Context, r candor.Rendition) (candor.Content, error) {
	name := candor.ItemKey(v.Item.Collection, v.Item.ID, r)
	key, ok := v.keys[name]
	if !ok {
		return nil, candor.Errorf(candor.NotFound, "This item has no %s.", r)
	}
	return v.archive.cfg.Vault.Open(ctx, name, key)
}

func (v *View) original(ctx context.Context) (candor.Content, error) {
	return v.read(ctx, candor.Original)
}

func (v *View) text(ctx context.Context) (string, error) {
	if !slices.Contains(v.Item.Renditions, candor.Text) {
		return "", nil
	}
	data, err := v.small(ctx, candor.Text)
	if err != nil {
		return "", err
	}
	typed, err := v.Retyped(ctx)
	return retyped(string(data), typed), err
}

func (v *View) words(ctx context.Context) (map[int]candor.PageText, error) {
	if !slices.Contains(v.Item.Renditions, candor.Words) {
		return nil, nil
	}
	data, err := v.small(ctx, candor.Words)
	if err != nil {
		return nil, err
	}
	return parseWords(data)
}

func parseWords(data []byte) (pages map[int]candor.PageText, err error) {
	if err := json.Unmarshal(data, &pages); err != nil {
		return nil, candor.Wrap(err, candor.Verification, "What was recognised on this item is damaged in the vault. Restore it from a backup.")
	}
	return pages, nil
}

func (v *View) thumbnail(ctx context.Context) ([]byte, error) {
	return v.small(ctx, candor.Thumbnail)
}

func (v *View) small(ctx context.Context, r candor.Rendition) ([]byte, error) {
	c, err := v.read(ctx, r)
	if err != nil {
		return nil, err
	}
	return readAll(c)
}

func (v *View) page(ctx context.Context, page, width int) ([]byte, error) {
	c, err := v.original(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	src := candor.Source{Name: v.Item.Name, Size: c.Size(), ReaderAt: c}
	return v.archive.cfg.Extractor.Render(ctx, src, page, width)
}

// views holds what is open now, by secret ID.
type views struct {
	mu   sync.Mutex
	open map[string]*View
}

func (s *views) keep(v *View, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.open {
		if !now.Before(old.Expires) {
			delete(s.open, id)
		}
	}
	if s.open == nil {
		s.open = make(map[string]*View)
	}
	s.open[v.ID] = v
}

func (s *views) get(id string, now time.Time) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.open[id]
	if v == nil || !now.Before(v.Expires) {
		return nil
	}
	return v
}
