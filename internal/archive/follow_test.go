package archive_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"candor"
	"candor/internal/archive"
	"candor/internal/custodian"
	"candor/internal/terms"
	"candor/receipt"
)

// farCustodian is a custodian that cannot fetch proofs, as one on another host.
// It counts what it is asked.
type farCustodian struct {
	archive.Custodian
	heads, follows, refusals atomic.Int64
}

func (c *farCustodian) Head(ctx context.Context) (int64, error) {
	c.heads.Add(1)
	return c.Custodian.Head(ctx)
}

func (c *farCustodian) Follow(ctx context.Context, checkpoint []byte, from int64, proof [][]byte) error {
	c.follows.Add(1)
	return c.Custodian.Follow(ctx, checkpoint, from, proof)
}

func (c *farCustodian) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	answer, err := c.Custodian.Release(ctx, r)
	if err != nil {
		c.refusals.Add(1)
	}
	return answer, err
}

// farHouse is a house whose custodian has no way to ask the log.
func farHouse(t *testing.T) (*house, *farCustodian) {
	t.Helper()
	h := newHouse(t)
	far := new(farCustodian)
	h.close()
	h.adjust = func(cfg *archive.Config) {
		must(t, cfg.Custodian.(faultyCustodian).Custodian.(*custodian.Custodian).Close())
		policy, err := terms.Default()
		must(t, err)
		verifier, err := receipt.NewVerifier(h.vkey)
		must(t, err)
		seed, err := h.key.Bytes()
		must(t, err)
		c, err := custodian.New(bg, custodian.Config{
			Origin: origin, Log: verifier, PrivateKey: seed, StateDir: h.dir + "/custodian",
			Consented: func(hash string) bool { return hash == policy.Hash() }, Now: h.clock.now,
		})
		must(t, err)
		t.Cleanup(func() { c.Close() })
		far.Custodian = c
		cfg.Custodian = far
	}
	h.open(false)
	return h, far
}

// TestOpensSideBySideOfAFarCustodian: acts that run together do not move the
// custodian's head under one another's proofs.
func TestOpensSideBySideOfAFarCustodian(t *testing.T) {
	h, far := farHouse(t)
	const n = 24
	var files [][2]string
	for i := range n {
		files = append(files, [2]string{fmt.Sprintf("f%02d.txt", i), fmt.Sprintf("harbour paper %d", i)})
	}
	h.add(files...)
	p := h.purpose(100)
	found, err := h.Search(bg, h.reader, archive.SearchRequest{Purpose: p, Query: "harbour", Limit: n})
	must(t, err)
	if len(found.Hits) != n {
		t.Fatalf("%d hits, want %d", len(found.Hits), n)
	}
	for range 3 {
		var wg sync.WaitGroup
		for _, hit := range found.Hits {
			wg.Go(func() {
				if _, err := h.Open(bg, h.reader, archive.OpenRequest{Item: hit.Item.ID, Purpose: p}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if far.refusals.Load() > 0 {
		t.Errorf("%d requests had to be made again", far.refusals.Load())
	}
	if far.heads.Load() != 2 { // once to unlock the archive, once by the gate that then serves
		t.Errorf("the head was asked for %d times: it is known from the answers", far.heads.Load())
	}
}

// TestAnotherProcessMovesTheHead: an act that finds its tree unknown asks
// again, and gives up in the end.
func TestAnotherProcessMovesTheHead(t *testing.T) {
	h, far := farHouse(t)
	h.add([2]string{"a.txt", "harbour"})
	p := h.purpose(5)
	ids := h.items("harbour", p)
	moved := &forgetful{Custodian: far.Custodian}
	far.Custodian = moved
	for _, times := range []int64{1, 3} {
		moved.left.Store(times)
		_, err := h.Open(bg, h.reader, archive.OpenRequest{Item: ids[0], Purpose: p})
		must(t, err)
	}
	moved.left.Store(1 << 40)
	_, err := h.Open(bg, h.reader, archive.OpenRequest{Item: ids[0], Purpose: p})
	if candor.CodeOf(err) != candor.Conflict {
		t.Errorf("got %v", err)
	}
}

// forgetful says that its head has moved, for the next few requests.
type forgetful struct {
	archive.Custodian
	left atomic.Int64
}

func (f *forgetful) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	if f.left.Add(-1) >= 0 {
		return candor.ReleaseAnswer{}, &candor.Error{Code: candor.Conflict, Rule: custodian.RuleHeadMoved, Message: "moved"}
	}
	return f.Custodian.Release(ctx, r)
}

func (h *house) items(words string, p candor.PurposeID) []candor.ItemID {
	h.t.Helper()
	found, err := h.Search(bg, h.reader, archive.SearchRequest{Purpose: p, Query: words, Limit: 100})
	must(h.t, err)
	var ids []candor.ItemID
	for _, hit := range found.Hits {
		ids = append(ids, hit.Item.ID)
	}
	return slices.Clip(ids)
}
