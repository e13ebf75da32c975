package local

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/internal/query"
)

// The readers are safe against bytes that open under the key and make no
// sense: they end with an error or a wrong answer, never a panic or a hang.

func FuzzCommit(f *testing.F) {
	c := &commit{seq: 3, next: 9, segments: []committed{{id: 1, docs: 5, deleted: roaring.BitmapOf(1, 4)}, {id: 8, docs: 1, deleted: roaring.New()}}}
	data, err := c.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{1, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeCommit(b)
		if err != nil {
			return
		}
		again, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		if c2, err := decodeCommit(again); err != nil || len(c2.segments) != len(c.segments) || c2.seq != c.seq {
			t.Fatalf("a commit read back is another: %v", err)
		}
	})
}

func FuzzColumns(f *testing.F) {
	f.Add(packColumn(nil, []uint64{5, 300, 70000}), uint32(3))
	f.Add(packTimes(nil, []int64{noTime, 1000, -5}), uint32(3))
	k := newKeywordBuilder()
	k.add([]string{"a", "b"})
	k.add(nil)
	f.Add(k.encode(nil), uint32(2))
	f.Fuzz(func(t *testing.T, b []byte, docs uint32) {
		docs %= 1 << 12
		if p, _, err := readPacked(b); err == nil {
			for i := range min(p.n, 1000) {
				p.at(uint32(i))
			}
		}
		if ts, err := readTimes(b); err == nil {
			for i := range min(ts.n, 1000) {
				ts.at(uint32(i))
			}
		}
		if k, err := readKeywords(b, docs); err == nil {
			for d := range docs {
				k.strings(d)
			}
		}
	})
}

func FuzzStored(f *testing.F) {
	z, err := newEncoder()
	if err != nil {
		f.Fatal(err)
	}
	d, err := newDecoder()
	if err != nil {
		f.Fatal(err)
	}
	e := storeEncoder{zstd: z}
	f.Add(slices.Clone(e.encode(&query.Document{Item: "i", Name: "n", Text: "short"})))
	f.Add(slices.Clone(e.encode(&query.Document{Item: "i", Text: string(make([]byte, 5000))})))
	f.Fuzz(func(t *testing.T, b []byte) {
		decodeStored(d, b, true)
	})
}

// fuzzIndex is a small index in memory, with lists of one block and of several.
func fuzzIndex(f testing.TB) (*memFS, Config, string) {
	m := newMemFS()
	cfg := memConfig(m)
	x, err := Open(context.Background(), cfg)
	if err != nil {
		f.Fatal(err)
	}
	var docs []query.Document
	for i := range uint32(300) {
		docs = append(docs, query.Document{Num: i, Item: candor.ItemID("x"), Text: "common words words", Title: "rare"[:1+i%4], Collection: "main"})
	}
	if err := x.Put(context.Background(), docs); err != nil {
		f.Fatal(err)
	}
	name := x.snap.views[0].name
	if err := x.Close(); err != nil {
		f.Fatal(err)
	}
	return m, cfg, name
}

// FuzzSegment overwrites a part of a segment's plain text, seals it again, and
// reads all of it.
func FuzzSegment(f *testing.F) {
	m, cfg, name := fuzzIndex(f)
	s, err := newSealer(cfg.Key)
	if err != nil {
		f.Fatal(err)
	}
	old, err := s.open(m, name)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := old.span(0, old.size)
	if err != nil {
		f.Fatal(err)
	}
	table, _ := old.span(int64(binary.LittleEndian.Uint64(plain[len(plain)-16:])), int64(binary.LittleEndian.Uint32(plain[len(plain)-8:])))
	sections, err := readSections(table, old.size)
	if err != nil || sections[sectionWords].size == 0 {
		f.Fatalf("the segment has no sections: %v", err)
	}
	for name, sec := range sections {
		f.Add(uint32(sec.off), []byte{0xFF, 0x01})
		f.Add(uint32(sec.off+sec.size/2), []byte(name))
	}
	f.Add(uint32(len(plain)-16), []byte{1})
	words := sections[sectionWords]
	f.Fuzz(func(t *testing.T, at uint32, b []byte) {
		from := int64(at) % int64(len(plain))
		changed := slices.Clone(plain)
		copy(changed[from:], b)
		copy(changed[words.off:words.off+words.size], plain[words.off:]) // vellum's own reader is not ours to fuzz
		fs := newMemFS()
		id, _ := numbered(name, segmentPrefix)
		w, err := s.create(fs, name, name, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.append(changed)
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		g, err := openSegment(fs, s, newCache(1<<20), id)
		if err != nil {
			return
		}
		defer g.release()
		readAll(t, g)
	})
}

// readAll searches and checks a segment; errors are welcome, panics are not
// (sound is not asked).
func readAll(t *testing.T, g *segment) {
	z, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if g.docs > 1<<16 {
		return
	}
	x := &Index{zstd: z}
	views := []*view{newView(g)}
	for _, q := range []query.Node{query.Word{Text: "common"}, query.Phrase{Text: "common words"}, query.Phrase{Text: "words common", Slop: 2},
		query.Prefix{Text: "ra"}, query.Word{Text: "words", Exact: true}, query.Or{Of: []query.Node{query.Word{Text: "rare"}, query.Word{Text: "words"}}}} {
		x.answer(context.Background(), &snapshot{views: views}, query.Request{Query: q, Limit: 5, Snippets: true, Facets: facetFields})
		x.answer(context.Background(), &snapshot{views: views}, query.Request{Query: q, Limit: 5})
	}
	x.checkSegment(context.Background(), views[0])
	if m, err := newMerging(context.Background(), views); err == nil && len(m.order) > 0 {
		s, _ := newSealer(make([]byte, 32))
		if w, err := s.create(newMemFS(), "m", "m", 0, nil); err == nil {
			m.write(w)
		}
	}
}

func FuzzBits(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		values := make([]uint32, len(b)/4)
		for i := range values {
			values[i] = binary.LittleEndian.Uint32(b[4*i:]) >> (b[0] % 32)
		}
		w := widthOf(values)
		packed := pack(nil, values, w)
		if len(packed) != packedLen(len(values), w) {
			t.Fatalf("%d bytes for %d numbers of %d bits", len(packed), len(values), w)
		}
		got := make([]uint32, len(values))
		unpack(got, append(packed, make([]byte, packPad)...), w)
		if !slices.Equal(got, values) {
			t.Fatalf("%v became %v", values, got)
		}
	})
}

// FuzzGlob compares the automaton, the matcher of strings and the reference.
func FuzzGlob(f *testing.F) {
	f.Add("h?rb*r", "harbour")
	f.Add("*??ö*", "schön")
	f.Add("a*b?c*", "aabbc")
	f.Fuzz(func(t *testing.T, pattern, word string) {
		pattern, word = string([]rune(pattern)), string([]rune(word))
		if len(pattern) > 24 || len(word) > 24 {
			return
		}
		want := refGlob([]rune(pattern), []rune(word))
		g := newGlob(pattern)
		s := g.Start()
		for i := range len(word) {
			s = g.Accept(s, word[i])
		}
		if got := g.IsMatch(s); got != want || globMatch(pattern, word) != want {
			t.Fatalf("%q on %q: automaton %v, matcher %v, reference %v", pattern, word, got, globMatch(pattern, word), want)
		}
	})
}
