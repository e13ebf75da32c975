package bleve

import (
	"strings"
	"sync"

	bleveapi "github.com/blevesearch/bleve_index_api"
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"

	"candor/internal/query"
)

// partGap keeps phrases and NEAR from reaching from one value of a field into
// the next.
const partGap = 10 * query.MaxNear

// maxPositions bounds the positions kept of one field of one document, and so
// the memory that a large document takes (72 bytes a position). Words beyond
// are found; phrases beyond are found by reading the text again (see big).
const maxPositions = 1 << 20

// stem returns the form under which a folded word is found with its
// inflections.
func stem(word string) string {
	if len(word) < 3 || len(word) > 64 {
		return word
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

// analysis reads a field's words once for its two forms in the index: stemmed
// with positions, and as they stand.
type analysis struct {
	parts    []string
	done     bool
	length   int
	stemmed  bleveapi.TokenFrequencies
	surfaces bleveapi.TokenFrequencies
	cut      bool // more words than maxPositions
}

// run does the work at the first call. Bleve analyses one document's fields
// one after the other.
func (a *analysis) run() {
	if a.done {
		return
	}
	a.done = true
	var t tally
	t.ids = make(map[string]uint32, 64)
	for i, part := range a.parts {
		if i > 0 {
			t.position += partGap
		}
		query.EachToken(part, t.add)
	}
	a.length, a.cut = t.total, t.total > maxPositions
	a.surfaces = t.surfaceFrequencies()
	a.stemmed = t.stemmedFrequencies()
}

// tally counts the words of one field.
type tally struct {
	ids      map[string]uint32 // surface form to number
	words    []string          // by number
	seen     []occurrence      // the first maxPositions words
	counts   []int             // by number
	position int
	total    int
}

type occurrence struct {
	word     uint32
	position uint32
}

func (t *tally) add(folded []byte, _, _ int) bool {
	id, ok := t.ids[string(folded)]
	if !ok {
		id = uint32(len(t.words))
		word := string(folded)
		t.ids[word] = id
		t.words = append(t.words, word)
		t.counts = append(t.counts, 0)
	}
	t.counts[id]++
	t.position++
	t.total++
	if len(t.seen) < maxPositions {
		t.seen = append(t.seen, occurrence{id, uint32(t.position)})
	}
	return true
}

func (t *tally) surfaceFrequencies() bleveapi.TokenFrequencies {
	out := make(bleveapi.TokenFrequencies, len(t.words))
	freqs := make([]bleveapi.TokenFreq, len(t.words))
	for i, w := range t.words {
		freqs[i].Term = []byte(w)
		freqs[i].SetFrequency(t.counts[i])
		out[w] = &freqs[i]
	}
	return out
}

func (t *tally) stemmedFrequencies() bleveapi.TokenFrequencies {
	out := make(bleveapi.TokenFrequencies, len(t.words))
	byWord := make([]*bleveapi.TokenFreq, len(t.words))
	for i, w := range t.words {
		s := stems.of(w)
		f := out[s]
		if f == nil {
			f = &bleveapi.TokenFreq{Term: []byte(s)}
			out[s] = f
		}
		f.SetFrequency(f.Frequency() + t.counts[i])
		byWord[i] = f
	}
	locations := make([]bleveapi.TokenLocation, len(t.seen))
	for i, o := range t.seen {
		locations[i].Position = int(o.position)
		f := byWord[o.word]
		f.Locations = append(f.Locations, &locations[i])
	}
	return out
}

// stems remembers the stems of common words.
var stems = stemCache{known: map[string]string{}}

const maxStems = 1 << 16

type stemCache struct {
	mu    sync.RWMutex
	known map[string]string
}

func (c *stemCache) of(word string) string {
	c.mu.RLock()
	s, ok := c.known[word]
	c.mu.RUnlock()
	if ok {
		return s
	}
	s = stem(word)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxStems {
		clear(c.known)
	}
	c.known[strings.Clone(word)] = s
	return s
}

// wordsField is one of the two forms of a text field.
type wordsField struct {
	name    string
	words   *analysis
	surface bool
	stored  []byte // nil when the field is not stored
}

func (f *wordsField) Name() string             { return f.name }
func (f *wordsField) ArrayPositions() []uint64 { return nil }
func (f *wordsField) EncodedFieldType() byte   { return 't' }
func (f *wordsField) Value() []byte            { return f.stored }
func (f *wordsField) Analyze()                 { f.words.run() }
func (f *wordsField) AnalyzedLength() int      { return f.words.length }
func (f *wordsField) Size() int                { return len(f.stored) + 128 }

func (f *wordsField) NumPlainTextBytes() uint64 { return uint64(len(f.stored)) }

func (f *wordsField) AnalyzedTokenFrequencies() bleveapi.TokenFrequencies {
	if f.surface {
		return f.words.surfaces
	}
	return f.words.stemmed
}

func (f *wordsField) Options() bleveapi.FieldIndexingOptions {
	if f.surface {
		return bleveapi.IndexField | bleveapi.SkipFreqNorm
	}
	o := bleveapi.IndexField | bleveapi.IncludeTermVectors
	if f.stored != nil {
		o |= bleveapi.StoreField
	}
	return o
}

// bigField marks a document some of whose text has no positions. Bleve
// analyses it after the text.
type bigField struct{ words *analysis }

func (f *bigField) Name() string              { return fieldBig }
func (f *bigField) ArrayPositions() []uint64  { return nil }
func (f *bigField) EncodedFieldType() byte    { return 't' }
func (f *bigField) Value() []byte             { return nil }
func (f *bigField) Analyze()                  { f.words.run() }
func (f *bigField) AnalyzedLength() int       { return 1 }
func (f *bigField) Size() int                 { return 64 }
func (f *bigField) NumPlainTextBytes() uint64 { return 0 }
func (f *bigField) Options() bleveapi.FieldIndexingOptions {
	return bleveapi.IndexField | bleveapi.SkipFreqNorm
}

func (f *bigField) AnalyzedTokenFrequencies() bleveapi.TokenFrequencies {
	if !f.words.cut {
		return nil
	}
	one := &bleveapi.TokenFreq{Term: []byte(yes)}
	one.SetFrequency(1)
	return bleveapi.TokenFrequencies{yes: one}
}
