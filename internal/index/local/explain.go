package local

import (
	"context"

	"candor"
	"candor/internal/query"
)

// Explanation tells why a document has its score: the sum of its parts.
type Explanation struct {
	Score float64
	Parts []Part // those of the query that the document has, in the query's order
}

// Part is what one word, phrase or pattern adds to a score in one field. See
// rank.go for the formula.
type Part struct {
	Field   string
	Words   string  // as they are looked up: stemmed, or with the pattern's signs
	Times   float64 // how often they stand in the field; less than once for words that are edits away
	Length  uint64  // words of the document's field
	Average float64 // of that length, over all documents that have the field
	Rarity  float64 // idf; of a phrase the sum of its words'
	Weight  float64 // of the field
	Score   float64
}

// Explain tells why a document has its score in the answer to a request. It
// fails with NotFound for a document that the request does not match, and else
// like Search. What it tells is of the whole index, whatever the filters: it is
// for those who run an archive, and belongs in no result.
func (x *Index) Explain(ctx context.Context, req query.Request, num uint32) (Explanation, error) {
	req.Limit, req.Sort = 1, query.ByRelevance
	if err := validate(req); err != nil {
		return Explanation{}, err
	}
	snap, err := x.acquire()
	if err != nil {
		return Explanation{}, err
	}
	defer snap.release()
	var out Explanation
	err = sound(func() error { out, err = x.explanation(ctx, snap, req, num); return err })
	return out, explain(ctx, err)
}

func (x *Index) explanation(ctx context.Context, snap *snapshot, req query.Request, num uint32) (Explanation, error) {
	p, err := planFor(ctx, snap.views, x.zstd, req)
	if err != nil {
		return Explanation{}, err
	}
	for i, v := range snap.views {
		nums, err := v.nums()
		if err != nil {
			return Explanation{}, err
		}
		doc, ok := nums.find(uint64(num))
		if !ok || v.deleted.Contains(doc) {
			continue
		}
		fail := &failure{}
		m := newMatcher(p, i, fail)
		if m.final = p.root.match(m, &set{docs: []uint32{doc}}); m.final.empty() || fail.err != nil {
			return Explanation{}, firstError(fail.err, errNoMatch)
		}
		out := m.parts(doc)
		return out, fail.err
	}
	return Explanation{}, errNoMatch
}

var errNoMatch = candor.Errorf(candor.NotFound, "The query does not find that document, so that it has no score.")

func (m *matcher) parts(doc uint32) (out Explanation) {
	for i, n := range m.plan.ranked {
		c := n.cursor(m)
		if c == nil {
			continue
		}
		if c.advance(doc); c.doc != doc {
			continue
		}
		field := n.in()
		part := Part{Field: fieldNames[field], Words: m.plan.said[i], Times: c.times(), Length: c.length.at(doc),
			Average: bm25K1 * bm25B / c.slope, Weight: fieldWeights[field], Score: c.score()}
		part.Rarity = c.weight / (part.Weight * (bm25K1 + 1))
		out.Score += part.Score
		out.Parts = append(out.Parts, part)
	}
	return out
}
