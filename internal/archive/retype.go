package archive

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"candor"
)

// mostTyped bounds what is typed in place of one page, in bytes.
const mostTyped = 256 << 10

// RetypedPage is one version of a page as somebody typed it, in place of what was
// recognised on its picture. The picture and what was recognised stay as they are.
type RetypedPage struct {
	candor.Retyping
	Text string `json:"text"`
}

// RetypeRequest has a page's text replaced by what somebody reads on it.
type RetypeRequest struct {
	Item    candor.ItemID
	Purpose candor.PurposeID
	Page    int    // from 1
	Text    string // "" brings back what was recognised
}

// Retype puts what somebody typed in place of what was recognised on a page: a
// version of a layer beside the text, sealed with the item, which searches find
// from then on. It is an act of analysing, which the purpose must allow. Items
// whose text was not recognised cannot be retyped: what a file says itself stays.
func (a *Archive) Retype(ctx context.Context, who Actor, r RetypeRequest) (AnalyseResult, error) {
	if len(r.Text) > mostTyped || !utf8.ValidString(r.Text) || strings.Contains(r.Text, "\f") {
		return AnalyseResult{}, candor.Errorf(candor.Invalid, "A page is text in UTF-8 of at most %d kB.", mostTyped>>10)
	}
	work, err := a.under(ctx, candor.ActAnalyse, who, r.Purpose, Details{Items: []candor.ItemID{r.Item}, Subject: "a page typed anew", Model: a.indexedBy()})
	if err != nil {
		return AnalyseResult{}, err
	}
	items, err := a.chosen(ctx, &work, []candor.ItemID{r.Item})
	if err != nil {
		return AnalyseResult{}, err
	}
	done, err := a.gate.pass(ctx, work, func(context.Context) (result, error) {
		if err := retypable(items[0], r.Page); err != nil {
			return result{}, err
		}
		res := a.textsOutcome(items)
		res.keys = append(res.keys, candor.ItemKey(items[0].Collection, items[0].ID, candor.Words))
		return res, nil
	})
	if err != nil {
		return AnalyseResult{}, err
	}
	one, err := a.retype(ctx, who, done.keys, r)
	if err != nil {
		return AnalyseResult{}, err
	}
	out := AnalyseResult{Items: []Analysed{one}, Receipt: done.receipt, Cost: Cost{Items: 1}}
	out.Purpose, err = a.purposeInfo(ctx, *work.purpose)
	return out, err
}

func retypable(it candor.Item, page int) error {
	switch {
	case !slices.Contains(it.Renditions, candor.Words):
		return notRecognised()
	case page < 1 || page > max(it.Pages, 1):
		return candor.Errorf(candor.Invalid, "This item has pages 1 to %d.", max(it.Pages, 1))
	}
	return nil
}

func notRecognised() error {
	return candor.Errorf(candor.NotSupported, "Only text that was recognised in pictures can be typed anew. What a file says itself stays as it is.")
}

func (a *Archive) retype(ctx context.Context, who Actor, keys map[candor.KeyName][]byte, r RetypeRequest) (Analysed, error) {
	return a.rework(ctx, r.Item, func(was candor.Item) (Analysed, error) {
		name := candor.ItemKey(was.Collection, was.ID, candor.Words)
		data, err := readSealed(ctx, a.cfg.Vault, name, keys[name])
		if err != nil {
			return Analysed{}, err
		}
		recognised, err := parseWords(data)
		if err != nil {
			return Analysed{}, err
		}
		if _, ok := recognised[r.Page]; !ok {
			return Analysed{}, notRecognised()
		}
		all, err := a.retypedPages(ctx, was, keys)
		if err != nil {
			return Analysed{}, err
		}
		text, translations, err := a.textsOf(ctx, withoutRetyped(was), keys)
		if err != nil {
			return Analysed{}, err
		}
		all = append(all, RetypedPage{candor.Retyping{Page: r.Page, By: who.Person.ID, At: a.now()}, r.Text})
		now := was
		if err := a.keepRetyped(ctx, &now, all); err != nil {
			return Analysed{}, err
		}
		return Analysed{Item: now, Was: was.Condition}, a.replace(ctx, was, now, retyped(text, all), translations)
	})
}

// withoutRetyped is an item whose text is as it was recognised.
func withoutRetyped(it candor.Item) candor.Item {
	it.Renditions = slices.DeleteFunc(slices.Clone(it.Renditions), func(r candor.Rendition) bool { return r == candor.Retyped })
	return it
}

func (a *Archive) retypedPages(ctx context.Context, it candor.Item, keys map[candor.KeyName][]byte) ([]RetypedPage, error) {
	name := candor.ItemKey(it.Collection, it.ID, candor.Retyped)
	key, ok := keys[name]
	if !ok || !slices.Contains(it.Renditions, candor.Retyped) {
		return nil, nil
	}
	data, err := readSealed(ctx, a.cfg.Vault, name, key)
	if err != nil {
		return nil, err
	}
	return parseRetyped(data)
}

func parseRetyped(data []byte) ([]RetypedPage, error) {
	return parseLayer[RetypedPage](data, "What people typed of an item is damaged in the vault. Restore it from a backup.")
}

// keepRetyped seals all versions and names them on the item.
func (a *Archive) keepRetyped(ctx context.Context, it *candor.Item, all []RetypedPage) error {
	it.Retyped = make([]candor.Retyping, len(all))
	for i, p := range all {
		it.Retyped[i] = p.Retyping
	}
	return a.keepLayer(ctx, it, candor.Retyped, all)
}

// retyped is a text with the newest version of each page that was typed.
func retyped(text string, all []RetypedPage) string {
	if len(all) == 0 {
		return text
	}
	newest := map[int]string{}
	for _, p := range all {
		newest[p.Page] = p.Text
	}
	pages := strings.Split(text, "\f")
	for n, typed := range newest {
		if strings.TrimSpace(typed) == "" {
			continue // as it was recognised
		}
		for len(pages) < n {
			pages = append(pages, "")
		}
		pages[n-1] = typed
	}
	return strings.Join(pages, "\f")
}

// Retyped returns all versions of pages that people typed, oldest first.
func (v *View) Retyped(ctx context.Context) ([]RetypedPage, error) {
	if !slices.Contains(v.Item.Renditions, candor.Retyped) {
		return nil, nil
	}
	data, err := v.small(ctx, candor.Retyped)
	if err != nil {
		return nil, err
	}
	return parseRetyped(data)
}
