package archive_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"candor"
	"candor/internal/archive"
	"candor/internal/query"
)

// sense places texts by a few words that it knows, one axis each.
type sense struct {
	model, name string
	knows       []string
	broken      bool
	told        []string
}

func (s *sense) Model() string { return s.model }
func (s *sense) Name() string  { return s.name }

func (s *sense) Query(_ context.Context, text string) ([]float32, error) {
	s.told = append(s.told, text)
	if s.broken {
		return nil, candor.Errorf(candor.Unavailable, "The model cannot be reached.")
	}
	v := make([]float32, 64)
	sum := 0.0
	for i, w := range s.knows {
		if strings.Contains(text, w) {
			v[i] = 1
			sum++
		}
	}
	if sum == 0 {
		return nil, nil
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v, nil
}

func (s *sense) Embed(ctx context.Context, _, text string) (query.Meaning, error) {
	v, err := s.Query(ctx, text)
	if v == nil {
		return query.Meaning{}, err
	}
	return query.Meaning{Model: s.model, Passages: []query.Passage{{End: len(text), Vector: v}}}, nil
}

// TestAnotherModelTakesOver: texts move to another model in the background, the
// former answers until it has more, and each act says who was told what.
func TestAnotherModelTakesOver(t *testing.T) {
	small, large := &sense{model: "small", knows: []string{"sea", "choir"}}, &sense{model: "large", name: "large elsewhere", knows: []string{"sea", "choir", "quay"}}
	h := newHouse(t)
	use := func(now, former archive.Embedder) {
		h.close()
		h.adjust = func(c *archive.Config) { c.Embedder, c.Former = now, former }
		h.open(false)
	}
	use(small, nil)
	h.add([2]string{"a.txt", "the sea"}, [2]string{"b.txt", "the choir"}, [2]string{"c.txt", "the sea and the choir"}, [2]string{"d.txt", "the quay"}, [2]string{"e.txt", "12345"})
	p := h.purpose(100)
	found := func(q string) int64 {
		t.Helper()
		res, err := h.Search(bg, h.reader, archive.SearchRequest{Query: q, Mode: archive.ModeSemantic, Purpose: p})
		must(t, err)
		return res.Total
	}
	if n := found("sea"); n != 2 {
		t.Fatalf("%d found by the first model", n)
	}
	before := h.cfg.Log.Size()
	if n, err := h.PlaceWaiting(bg); n != 0 || err != nil || h.cfg.Log.Size() != before {
		t.Errorf("a model whose texts are all placed placed %d more, %v, by %d records", n, err, h.cfg.Log.Size()-before)
	}

	use(large, nil)
	if _, err := h.Search(bg, h.reader, archive.SearchRequest{Query: "sea", Mode: archive.ModeSemantic, Purpose: p}); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("without the former model: %v", err)
	}
	use(large, small)
	large.told = nil
	if got, err := h.Placing(bg); err != nil || got != (archive.Placing{Model: "large", Waiting: 3}) {
		t.Errorf("%+v, %v", got, err)
	}
	small.told = nil
	if n := found("sea"); n != 2 || len(small.told) != 1 || len(large.told) != 0 {
		t.Errorf("%d found; the former model was told %q, the new one %q", n, small.told, large.told)
	}

	large.broken = true
	if n, err := h.PlaceWaiting(bg); n != 0 || candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a broken model placed %d, %v", n, err)
	}
	if n := found("choir"); n != 2 {
		t.Errorf("%d found while the new model is down", n)
	}
	large.broken = false
	if n, err := h.PlaceWaiting(bg); n != 4 || err != nil {
		t.Fatalf("placed %d, %v", n, err)
	}
	before = h.cfg.Log.Size()
	if n, err := h.PlaceWaiting(bg); n != 0 || err != nil || h.cfg.Log.Size() != before {
		t.Errorf("it goes on placing: %d, %v, %d records", n, err, h.cfg.Log.Size()-before)
	}
	if n := found("quay"); n != 1 {
		t.Errorf("%d found by the new model", n)
	}
	if got, err := h.Placing(bg); err != nil || got != (archive.Placing{Model: "large", Placed: 4}) {
		t.Errorf("%+v, %v", got, err)
	}
	if res, err := h.find(p, "quay"); err != nil || res.Total != 1 {
		t.Errorf("words find %d, %v", res.Total, err)
	}

	use(small, nil) // and back again
	if n, err := h.PlaceWaiting(bg); n != 3 || err != nil {
		t.Errorf("placed %d, %v", n, err)
	}
	if n := found("sea"); n != 2 {
		t.Errorf("%d found by the first model again", n)
	}
}

// TestPlacingMissedTexts: what was added while the model was down is placed later.
func TestPlacingMissedTexts(t *testing.T) {
	m := &sense{model: "large", name: "large elsewhere", knows: []string{"sea"}, broken: true}
	h := newHouse(t)
	h.close()
	h.adjust = func(c *archive.Config) { c.Embedder = m }
	h.open(false)
	h.add([2]string{"a.txt", "the sea"})
	m.broken = false
	if n, err := h.PlaceWaiting(bg); n != 1 || err != nil {
		t.Fatalf("placed %d, %v", n, err)
	}
	res, err := h.Search(bg, h.reader, archive.SearchRequest{Query: "sea", Mode: archive.ModeSemantic, Purpose: h.purpose(100)})
	if err != nil || res.Total != 1 {
		t.Errorf("%d found, %v", res.Total, err)
	}
}
