package archive

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"candor"
	"candor/internal/query"
)

// mostPiece is how much text a translator is given at once, in bytes: little
// enough for any model, and enough for it to see what a sentence is about.
const mostPiece = 3000

// Translation is what a machine made of an item's text: a layer beside it, sealed
// with the item, which never takes the text's place.
type Translation struct {
	candor.Translated
	Text string `json:"text"` // pages separated by form feeds, as in the text
}

// translatesBy names the translator; Invalid or NotSupported where there is none
// for a language.
func (a *Archive) translatesBy(to string) (string, error) {
	if a.cfg.Translator == nil {
		return "", candor.Errorf(candor.NotSupported, "No translator is set up here: set CANDOR_TRANSLATE_URL and CANDOR_TRANSLATE_MODEL, or CANDOR_TRANSLATE_PROGRAM, for the server.")
	}
	if len(to) != 2 || strings.Trim(to, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", candor.Errorf(candor.Invalid, "%q is no language. Give a code of two letters, such as en, de or ar.", to)
	}
	return a.cfg.Translator.Name(), nil
}

// textsOutcome states the facts of an act that has the texts of items, and the
// translations that there are.
func (a *Archive) textsOutcome(items []candor.Item) result {
	res := a.originalsOutcome(items)
	res.bytes, res.keys = 0, nil
	for _, it := range items {
		res.keys = append(res.keys, keysOf(it, candor.Indexed()...)...)
		res.bytes += it.TextSize
	}
	return res
}

// translate puts one item's text into a language, and makes the translation
// durable and searchable.
func (r *readings) translate(ctx context.Context, id candor.ItemID, keys map[candor.KeyName][]byte, to string) (Analysed, error) {
	a := r.archive
	return a.rework(ctx, id, func(was candor.Item) (Analysed, error) {
		if !a.translates(was, to) {
			return Analysed{Item: was, Was: was.Condition, Kept: true}, nil
		}
		text, all, err := a.textsOf(ctx, was, keys)
		if err != nil {
			return Analysed{}, err
		}
		r.meter.add(Cost{Text: int64(len(text))})
		made, err := a.translated(ctx, text, was.Language, to)
		if err != nil {
			return Analysed{}, err
		}
		all = slices.DeleteFunc(all, func(t Translation) bool { return t.To == to })
		all = append(all, Translation{candor.Translated{To: to, By: a.cfg.Translator.Name(), At: a.now()}, made})
		now := was
		if err := a.keepTranslations(ctx, &now, all); err != nil {
			return Analysed{}, err
		}
		return Analysed{Item: now, Was: was.Condition}, a.replace(ctx, was, now, text, all)
	})
}

// textsOf reads an item's text, as people have retyped it, and its translations,
// with their keys.
func (a *Archive) textsOf(ctx context.Context, it candor.Item, keys map[candor.KeyName][]byte) (text string, all []Translation, err error) {
	read := func(r candor.Rendition) ([]byte, error) {
		name := candor.ItemKey(it.Collection, it.ID, r)
		key, ok := keys[name]
		if !ok || !slices.Contains(it.Renditions, r) {
			return nil, nil
		}
		return readSealed(ctx, a.cfg.Vault, name, key)
	}
	data, err := read(candor.Text)
	if err != nil {
		return "", nil, err
	}
	sealed, err := read(candor.Translations)
	if err != nil {
		return "", nil, err
	}
	typed, err := read(candor.Retyped)
	if err != nil {
		return "", nil, err
	}
	pages, err := parseRetyped(typed)
	if err != nil {
		return "", nil, err
	}
	all, err = parseTranslations(sealed)
	return retyped(string(data), pages), all, err
}

func parseTranslations(sealed []byte) (all []Translation, err error) {
	return parseLayer[Translation](sealed, "The translations of an item are damaged in the vault. Restore them from a backup, or translate it again.")
}

// parseLayer reads a layer of an item, of which damage is told so; nothing is
// read of nothing.
func parseLayer[T any](sealed []byte, damaged string) (all []T, err error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(sealed, &all); err != nil {
		return nil, candor.Wrap(err, candor.Verification, "%s", damaged)
	}
	return all, nil
}

// keepLayer seals a layer with an item, and names it among its renditions.
func (a *Archive) keepLayer(ctx context.Context, it *candor.Item, r candor.Rendition, all any) error {
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := a.sealUnder(ctx, candor.ItemKey(it.Collection, it.ID, r), data); err != nil {
		return err
	}
	if !slices.Contains(it.Renditions, r) {
		it.Renditions = append(slices.Clone(it.Renditions), r)
	}
	return nil
}

// keepTranslations seals translations and names them on the item.
func (a *Archive) keepTranslations(ctx context.Context, it *candor.Item, all []Translation) error {
	it.Translated = make([]candor.Translated, len(all))
	for i, t := range all {
		it.Translated[i] = t.Translated
	}
	return a.keepLayer(ctx, it, candor.Translations, all)
}

// translated has a text translated piece by piece, page by page.
func (a *Archive) translated(ctx context.Context, text, from, to string) (string, error) {
	pages := strings.Split(text, "\f")
	for i, page := range pages {
		var made []string
		for _, piece := range pieces(page, mostPiece) {
			said, err := a.cfg.Translator.Translate(ctx, piece, from, to)
			if err != nil {
				return "", err
			}
			made = append(made, strings.ReplaceAll(said, "\f", " "))
		}
		pages[i] = strings.Join(made, "\n\n")
	}
	return strings.Join(pages, "\f"), nil
}

// pieces divides a page at paragraphs, else at lines, sentences or words, into
// pieces of at most so many bytes that have words.
func pieces(page string, most int) (out []string) {
	for page = strings.TrimSpace(page); page != ""; {
		n := len(page)
		if n > most {
			n = breakBefore(page, most)
		}
		if piece := strings.TrimSpace(page[:n]); query.HasWord(piece) {
			out = append(out, piece)
		}
		page = strings.TrimSpace(page[n:])
	}
	return out
}

// breakBefore finds the best place to divide a text before a byte.
func breakBefore(text string, most int) int {
	for !utf8.RuneStart(text[most]) {
		most--
	}
	for _, sign := range []string{"\n\n", "\n", ". ", "。", " "} {
		if at := strings.LastIndex(text[:most], sign); at > most/3 {
			return at + len(sign)
		}
	}
	return most
}

// searchable is what of translations is put into the index.
func searchable(all []Translation) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = t.Text
	}
	return strings.Join(texts, "\n\n")
}

// checkLanguages names the translator of a search in other languages, "" for one
// in none.
func (a *Archive) checkLanguages(r SearchRequest) (string, error) {
	if len(r.Translate) == 0 {
		return "", nil
	}
	if r.Like != "" || r.Mode == ModeSemantic || len(r.Translate) > mostTongues {
		return "", candor.Errorf(candor.Invalid, "Words are looked for in at most %d other languages, by words or by both.", mostTongues)
	}
	for _, to := range r.Translate {
		if _, err := a.translatesBy(to); err != nil {
			return "", err
		}
	}
	return a.cfg.Translator.Name(), nil
}

// inOtherLanguages widens a request by what the words of the query are in other
// languages. The translator is told the words only now, when it is recorded that
// it will be.
func (a *Archive) inOtherLanguages(ctx context.Context, r SearchRequest, node query.Node, ask *query.Request) error {
	if len(r.Translate) == 0 {
		return nil
	}
	sense := query.SenseOf(node)
	if sense.Text == "" {
		return nil
	}
	either := []query.Node{ask.Query}
	for _, to := range r.Translate {
		said, err := a.cfg.Translator.Translate(ctx, sense.Text, "", to)
		if err != nil {
			return err
		}
		words := allOf(said)
		if len(words) == 0 {
			continue
		}
		if sense.Within != nil {
			words = append(words, sense.Within)
		}
		either = append(either, query.And{Of: words})
	}
	ask.Query = query.Or{Of: either}
	return nil
}

const (
	mostTongues    = 5  // that a query is put into
	mostTranslated = 32 // words of a query in another language
)

// allOf looks for each word of a text. It is no query: nothing that a model says
// can mean anything else.
func allOf(text string) (words []query.Node) {
	for _, t := range query.Tokens(text) {
		if len(words) == mostTranslated {
			break
		}
		words = append(words, query.Word{Text: t.Text})
	}
	return words
}

// Translations returns what machines made of the item's text.
func (v *View) Translations(ctx context.Context) ([]Translation, error) {
	if !slices.Contains(v.Item.Renditions, candor.Translations) {
		return nil, nil
	}
	data, err := v.small(ctx, candor.Translations)
	if err != nil {
		return nil, err
	}
	return parseTranslations(data)
}
