package archive

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"candor"
	"candor/internal/language"
	"candor/internal/query"
)

// family is one file with everything found inside it. A part is sealed while
// its container is being read, and read itself only afterwards, so that no
// worker ever waits for another and a mailbox of any size needs little memory.
//
// An item goes into a batch after everything inside it: so whatever the archive
// holds of a container is held whole, and a mailbox that a crash cut short is new
// when it is handed in again, while its messages that were stored are not.
type family struct {
	intake    *intake
	condition candor.Condition // of the file itself
	reason    string
	password  string  // opens what is encrypted in it; kept nowhere
	spent     *meter  // of an analysis; nil for an addition
	inside    []found // what an item that is read again has inside

	mu    sync.Mutex
	heads map[candor.ItemID]candor.ItemID // of what was read, the head of the family that its parts belong to
	held  int64                           // bytes of plaintext that waits
	count int64                           // items found so far
	fresh int64                           // of these, new to the collection
}

// found is content with the place where it was found.
type found struct {
	taken
	place candor.Place
	path  string // from the file handed in down to here
	depth int
}

// parallelTo is how deep parts are read side by side, rather than in turn.
const parallelTo = 3

// mostHeld bounds the plaintext of parts that wait in memory; beyond it they
// wait sealed.
const mostHeld = 32 << 20

// add keeps one item with all that is inside it: a new one is read, a known one
// gets another place.
func (f *family) add(ctx context.Context, it found) (id candor.ItemID, duplicate bool, err error) {
	a := f.intake.archive
	d, fresh, err := a.drafts.claim(ctx, it.id, a.cfg.Catalog)
	if err != nil {
		return "", false, err
	}
	defer a.drafts.drop(d)
	if !fresh {
		return it.id, true, f.addKnown(ctx, d, it)
	}
	inside, err := f.read(ctx, d, it)
	a.drafts.settle(d, err) // before what is inside: a file that holds itself may not wait for itself
	if err == nil {
		err = f.addInside(ctx, inside)
	}
	if err != nil {
		return "", false, err
	}
	if it.depth == 0 {
		item, _ := d.asItIs()
		f.condition, f.reason = item.Condition, item.Reason
	}
	f.mu.Lock()
	f.fresh++
	f.mu.Unlock()
	return it.id, false, f.intake.hold(ctx, d, true, int64(len(d.doc.Text)))
}

// addKnown gives an item that is held, or being read, another place. If something
// inside it is not held, and nobody here is about to, it is read again for that:
// another addition may be under way with it, or an older version have left it so.
func (f *family) addKnown(ctx context.Context, d *draft, it found) error {
	item, stored := d.asItIs()
	if it.depth == 0 {
		f.condition, f.reason = item.Condition, item.Reason
	}
	f.mu.Lock()
	_, ours := f.heads[item.ID]
	f.mu.Unlock()
	if !ours {
		whole, err := f.intake.archive.holdsAll(ctx, item, map[candor.ItemID]bool{})
		if err == nil && !whole {
			err = f.addMissing(ctx, item, it)
		}
		if err != nil {
			return err
		}
	}
	it.discard(ctx, f.intake.archive)
	if !d.addPlace(it.place) && stored {
		return nil
	}
	return f.intake.hold(ctx, d, false, 0)
}

// holdsParts tells whether what stands in an item is held, and returns it.
func (a *Archive) holdsParts(ctx context.Context, item candor.Item) (parts []candor.Item, all bool, err error) {
	for _, id := range item.Parts {
		part, err := a.cfg.Catalog.Item(ctx, id)
		if candor.CodeOf(err) == candor.NotFound {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, part)
	}
	return parts, true, nil
}

// holdsAll tells the same of everything inside an item, at any depth.
func (a *Archive) holdsAll(ctx context.Context, item candor.Item, seen map[candor.ItemID]bool) (bool, error) {
	seen[item.ID] = true
	parts, all, err := a.holdsParts(ctx, item)
	for i := 0; err == nil && all && i < len(parts); i++ {
		if len(parts[i].Parts) > 0 && !seen[parts[i].ID] {
			all, err = a.holdsAll(ctx, parts[i], seen)
		}
	}
	return all, err
}

// addMissing reads an item that is held only for what is inside it.
func (f *family) addMissing(ctx context.Context, item candor.Item, it found) error {
	src, err := f.source(ctx, item, it)
	if err != nil {
		return err
	}
	defer src.Close()
	f.mu.Lock()
	if f.heads == nil {
		f.heads = map[candor.ItemID]candor.ItemID{}
	}
	f.heads[item.ID] = headOf(item)
	f.mu.Unlock()
	s := &sink{family: f, parent: it}
	if _, err := f.intake.archive.cfg.Extractor.Extract(ctx, candor.Source{Name: item.Name, Size: item.Size, Password: f.password, ReaderAt: src}, s); err != nil {
		return err
	}
	return f.addInside(ctx, s.inside)
}

// addInside keeps what was found inside an item, and what is inside that.
func (f *family) addInside(ctx context.Context, inside []found) error {
	one := func(ctx context.Context, it *found) error {
		_, _, err := f.add(ctx, *it)
		f.mu.Lock()
		f.held -= int64(len(it.whole))
		f.mu.Unlock()
		it.whole = nil
		return err
	}
	if len(inside) == 0 {
		return nil
	}
	if inside[0].depth > parallelTo {
		for i := range inside {
			if err := one(ctx, &inside[i]); err != nil {
				return err
			}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range inside {
		g.Go(func() error { return one(ctx, &inside[i]) })
	}
	return g.Wait()
}

// read seals a new item's original and what a worker makes of it, and returns what
// is inside.
func (f *family) read(ctx context.Context, d *draft, it found) ([]found, error) {
	a := f.intake.archive
	num, err := a.nums.next(ctx, a.cfg.Catalog)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	it.place.Head = f.heads[it.place.Parent]
	f.mu.Unlock()
	item := candor.Item{
		ID: it.id, Num: num, Collection: f.intake.collection.Name, Name: path.Base(it.place.Path),
		Places: []candor.Place{it.place}, Size: it.body.Size, SHA256: hex.EncodeToString(it.body.SHA256[:]), Added: a.now(),
	}
	if err := f.bindOriginal(ctx, &item, &it); err != nil {
		return nil, err
	}
	src, err := f.source(ctx, item, it)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	sink := &sink{family: f, parent: it}
	whole := candor.Source{Name: item.Name, Size: item.Size, Password: f.password, ReaderAt: src}
	reading, err := a.cfg.Extractor.Extract(ctx, whole, sink)
	if err != nil {
		if sink.err != nil {
			return nil, sink.err
		}
		return nil, candor.Wrap(err, candor.Unavailable, "No worker could be had to read files. See `candor doctor`, then add again.")
	}
	if err := f.complete(ctx, whole, &reading, sink); err != nil {
		return nil, err
	}
	if err := f.keepReading(ctx, &item, reading, sink); err != nil {
		return nil, err
	}
	f.mu.Lock()
	if f.heads == nil {
		f.heads = map[candor.ItemID]candor.ItemID{}
	}
	f.heads[item.ID] = headOf(item)
	f.mu.Unlock()
	d.become(item, a.document(ctx, item, it.path, sink.text.String()))
	return sink.inside, nil
}

// complete adds to what a worker has read of a source what other programs find in it.
func (f *family) complete(ctx context.Context, src candor.Source, r *candor.Reading, s *sink) error {
	if err := f.recognise(ctx, src, r, s); err != nil {
		return err
	}
	return f.listen(ctx, src, r, s)
}

func (f *family) bindOriginal(ctx context.Context, item *candor.Item, it *found) error {
	v := f.intake.archive.cfg.Vault
	if !it.sealed {
		body, err := v.Seal(ctx, bytes.NewReader(it.whole))
		if err != nil {
			return err
		}
		it.body, it.sealed = body, true
	}
	if err := v.Bind(ctx, candor.ItemKey(item.Collection, item.ID, candor.Original), it.body); err != nil {
		return err
	}
	item.Renditions = []candor.Rendition{candor.Original}
	return nil
}

// source gives the worker's bytes: from memory, or out of the vault again.
func (f *family) source(ctx context.Context, item candor.Item, it found) (candor.Content, error) {
	if it.whole != nil || it.body.Size == 0 {
		return memory{bytes.NewReader(it.whole)}, nil
	}
	return f.intake.archive.cfg.Vault.OpenBody(ctx, it.body)
}

// keepReading seals the renditions and completes the item.
func (f *family) keepReading(ctx context.Context, item *candor.Item, r candor.Reading, s *sink) error {
	a := f.intake.archive
	words, err := wordsOf(s.words)
	if err != nil {
		return err
	}
	for _, rendition := range []struct {
		name candor.Rendition
		data []byte
	}{{candor.Text, s.text.Bytes()}, {candor.Thumbnail, r.Thumbnail}, {candor.Words, words}} {
		if len(rendition.data) == 0 {
			continue
		}
		if err := a.sealUnder(ctx, candor.ItemKey(item.Collection, item.ID, rendition.name), rendition.data); err != nil {
			return err
		}
		item.Renditions = append(item.Renditions, rendition.name)
	}
	for _, note := range s.notes() {
		r.Lack(note)
	}
	item.Type, item.Condition, item.Reason, item.Extraction = r.Type, r.Condition, r.Reason, r.Extraction
	item.TextSize, item.Parts = int64(s.text.Len()), s.parts
	return nil
}

// sink receives what a worker finds in one source.
type sink struct {
	family *family
	parent found
	text   bytes.Buffer
	words  map[int]candor.PageText // recognised, by page
	parts  []candor.ItemID
	known  map[candor.ItemID]bool // the same, for a mailbox of a million messages
	inside []found                // the same, with what is in them
	cut    int64                  // bytes of text that were not kept
	deep   int64                  // parts left out because they stand too deep
	many   int64                  // parts left out because there are too many
	err    error                  // what ended the reading from our side
}

// Text keeps text up to a stated bound.
func (s *sink) Text(p []byte) error {
	room := max(largestToText-s.text.Len(), 0)
	s.cut += int64(max(len(p)-room, 0))
	s.text.Write(p[:min(len(p), room)])
	return nil
}

// Part takes an item found inside and lets it wait for its own reading.
func (s *sink) Part(p candor.Place, r io.Reader) error {
	f := s.family
	if s.parent.depth+1 > deepestPart {
		s.deep++
		_, err := io.Copy(io.Discard, r)
		return err
	}
	f.mu.Lock()
	f.count++
	many := f.count > mostFamily
	f.mu.Unlock()
	if many {
		s.many++
		_, err := io.Copy(io.Discard, r)
		return err
	}
	got, err := f.intake.take(context.Background(), r)
	if err == nil {
		err = s.wait(found{
			taken: got, depth: s.parent.depth + 1, path: s.parent.path + "/" + p.Path,
			place: candor.Place{Path: p.Path, Parent: s.parent.id, ModTime: p.ModTime},
		})
	}
	s.err = err
	return err
}

// wait queues a part, sealed if too much plaintext waits already.
func (s *sink) wait(part found) error {
	f := s.family
	f.mu.Lock()
	full := f.held+int64(len(part.whole)) > mostHeld
	f.mu.Unlock()
	if full && !part.sealed {
		body, err := f.intake.archive.cfg.Vault.Seal(context.Background(), bytes.NewReader(part.whole))
		if err != nil {
			return err
		}
		part.body, part.sealed, part.whole = body, true, nil
	}
	s.inside = append(s.inside, part)
	f.mu.Lock()
	f.held += int64(len(part.whole))
	f.mu.Unlock()
	if s.known == nil {
		s.known = map[candor.ItemID]bool{}
	}
	if !s.known[part.id] {
		s.known[part.id] = true
		s.parts = append(s.parts, part.id)
	}
	return nil
}

// notes says what a bound cut short.
func (s *sink) notes() []string {
	var all []string
	if s.cut > 0 {
		all = append(all, fmt.Sprintf("%d bytes of text beyond the first %d MB were not kept", s.cut, largestToText>>20))
	}
	if s.deep > 0 {
		all = append(all, fmt.Sprintf("%d parts nested deeper than %d were not kept", s.deep, deepestPart))
	}
	if s.many > 0 {
		all = append(all, fmt.Sprintf("%d parts beyond the first %d were not kept", s.many, mostFamily))
	}
	return all
}

// document is what the index gets of an item. Without a place in meaning, if
// the model fails, it is still found by its words, and Place tries again.
func (a *Archive) document(ctx context.Context, item candor.Item, path, text string) query.Document {
	d := a.described(ctx, item, path, text)
	if a.cfg.Embedder == nil {
		return d
	}
	var err error
	if d.Meaning, err = a.cfg.Embedder.Embed(ctx, item.Title, text); err != nil {
		a.cfg.Logger.Warn("an item could not be placed by meaning; it is found by words only until it is", "item", item.ID, "err", err)
	}
	return d
}

// described is a document without its place in meaning.
func (a *Archive) described(ctx context.Context, item candor.Item, path, text string) query.Document {
	d := query.Document{
		Num: item.Num, Item: item.ID, Collection: item.Collection, Name: item.Name, Path: path,
		Title: item.Title, Text: text, Type: item.Type, Language: item.Language, Tongues: tongues(text, item.Language), People: item.People,
		Condition: item.Condition, Date: item.Date, Added: item.Added, Fields: a.toldFields(item.Fields), Kin: kinOf(item, text),
	}
	if a.cfg.Finder != nil {
		d.Named = a.named(ctx, item, text)
		d.Named.People = withPeople(d.Named.People, item.People)
	}
	return d
}

// tongues are where a text goes on in another language.
func tongues(text, mostly string) []query.Tongue {
	var out []query.Tongue
	for _, p := range language.Passages(text, mostly) {
		out = append(out, query.Tongue{At: p.At, Language: p.Language})
	}
	return out
}

// named is what an item names: by the model, or, if that fails, by rules alone.
func (a *Archive) named(ctx context.Context, item candor.Item, text string) query.Named {
	all := naming(item, text)
	if a.cfg.Namer != nil {
		named, err := a.cfg.Namer.Find(ctx, all)
		if err == nil {
			return named
		}
		a.cfg.Logger.Warn("the names in an item were told by rules, and not by the model; index it anew to have it asked", "item", item.ID, "err", err)
	}
	return a.cfg.Finder.Find(all)
}

// toldFields are those of some fields that the terms let be told.
func (a *Archive) toldFields(fields []candor.Field) []candor.Field {
	if !a.cfg.Terms.HidesPositions() {
		return fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f candor.Field) bool {
		return f.Name == candor.PositionField || strings.Contains(f.Name, "GPS") || strings.HasPrefix(f.Name, "media:Location")
	})
}

// toldOf is an item as the terms let it be told.
func (a *Archive) toldOf(item candor.Item) candor.Item {
	item.Fields = a.toldFields(item.Fields)
	return item
}

// naming is all of an item in which something may be named: its title, what its
// metadata say, and its text.
func naming(item candor.Item, text string) string {
	var b strings.Builder
	b.Grow(len(text) + 1024)
	b.WriteString(item.Title)
	for _, f := range item.Fields {
		b.WriteString("\n\n" + f.Value)
	}
	b.WriteString("\n\n" + text)
	return b.String()
}

// withPeople adds to people who are named those who wrote or received an item,
// without their addresses.
func withPeople(named, people []string) []string {
	for _, p := range people {
		name, _, _ := strings.Cut(p, " <")
		if name != "" && !strings.Contains(name, "@") {
			named = append(named, name)
		}
	}
	slices.Sort(named)
	return slices.Compact(named)
}

// memory is content held in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
