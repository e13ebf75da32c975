// Package embed gives texts a place in meaning: by a model at an endpoint, or
// without a model at run time. For the latter a table has a vector for each piece
// of a word, and a text stands at the mean of its pieces. The table is distilled
// from a sentence transformer (NOTICE.md, tools/distil); it knows English best,
// and other languages little. Both implement archive.Embedder.
//
// Of the table it promises that the same text has the same place on every
// machine, that any bytes are a text, and that no text takes more than time in
// proportion to its length; of a model, that what is no place is an error.
package embed

import (
	"context"
	_ "embed"
	"math"
	"sync"

	"candor/internal/query"
)

//go:embed table.bin
var table []byte

// BuiltIn embeds by the built-in table, which is read when it is first needed.
// Safe for concurrent use.
type BuiltIn struct{}

var builtIn = sync.OnceValues(func() (*static, error) { return read(table) })

// static is a table that was read.
type static struct {
	dims   int
	pieces pieces
	rows   []int8    // of each piece dims numbers
	scales []float32 // what one unit of a piece's row is worth
	idle   sync.Pool // of places that were taken from
}

// Model names the table: places of other names cannot be compared with these.
const Model = "candor-static-1"

// Model names the space that places are in.
func (BuiltIn) Model() string { return Model }

// Name is empty: texts are told to nobody.
func (BuiltIn) Name() string { return "" }

// Embed cuts a text into passages and places each. The title stands before the
// first. Passages without a known word are left out.
func (BuiltIn) Embed(ctx context.Context, title, text string) (query.Meaning, error) {
	s, err := builtIn()
	if err != nil {
		return query.Meaning{}, err
	}
	return s.embed(ctx, title, text)
}

// Query places what is looked for, nil if no word of it is known.
func (BuiltIn) Query(_ context.Context, text string) ([]float32, error) {
	s, err := builtIn()
	if err != nil {
		return nil, err
	}
	return s.query(text), nil
}

func (s *static) embed(ctx context.Context, title, text string) (query.Meaning, error) {
	out := query.Meaning{Model: Model}
	place := s.place()
	for n, p := range cut(text) {
		if n%256 == 0 && ctx.Err() != nil {
			return query.Meaning{}, ctx.Err()
		}
		if n == 0 {
			place.add(title)
		}
		place.add(text[p.start:p.end])
		if v := place.take(); v != nil {
			out.Passages = append(out.Passages, query.Passage{Start: p.start, End: p.end, Vector: v})
		}
	}
	s.idle.Put(place)
	if len(out.Passages) == 0 {
		return query.Meaning{}, nil
	}
	return out, nil
}

func (s *static) query(text string) []float32 {
	p := s.place()
	p.add(text)
	v := p.take()
	s.idle.Put(p)
	return v
}

// place adds up the rows of pieces. Each is counted first: texts repeat themselves,
// and a row takes longer to add than a piece to find.
type place struct {
	static *static
	counts []uint32 // of each piece of the table
	seen   []int    // pieces that were counted
	word   []byte   // buffer
}

// place returns one to which nothing was added. Its counts are large beside most
// texts, so that it is kept for the next one.
func (s *static) place() *place {
	if p, ok := s.idle.Get().(*place); ok {
		return p
	}
	return &place{static: s, counts: make([]uint32, len(s.scales))}
}

func (p *place) add(text string) {
	p.word = p.static.pieces.each(text, p.word, func(n int) {
		if p.counts[n] == 0 {
			p.seen = append(p.seen, n)
		}
		p.counts[n]++
	})
}

// take returns the vector of what was added, with length 1, and begins anew.
func (p *place) take() []float32 {
	s := p.static
	sum := make([]float32, s.dims)
	for _, n := range p.seen {
		scale, row := s.scales[n]*float32(p.counts[n]), s.rows[n*s.dims:(n+1)*s.dims]
		p.counts[n] = 0
		sum := sum[:len(row)]
		for i, f := range row {
			sum[i] += scale * float32(f)
		}
	}
	p.seen = p.seen[:0]
	square := 0.0
	for _, f := range sum {
		square += float64(f) * float64(f)
	}
	if square == 0 {
		return nil
	}
	scale := float32(1 / math.Sqrt(square))
	for i := range sum {
		sum[i] *= scale
	}
	return sum
}
