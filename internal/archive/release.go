package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"

	"candor"
	"candor/receipt"
)

// request is what will be asked of the custodian once the outcome is recorded.
type request struct {
	requester  *candor.Requester
	commitment *receipt.Commitment
	names      []candor.KeyName
	wrapped    map[candor.KeyName][]byte // of names that are not the vault's
}

// prepare makes the key pair to which the custodian will seal its answer, and
// commits the outcome record to that key and to the names of the wrapped keys.
func (g *gate) prepare(rec *receipt.Record, names []candor.KeyName, wrapped map[candor.KeyName][]byte) (*request, error) {
	if len(names) == 0 {
		return nil, nil
	}
	requester, err := candor.NewRequester(g.rand)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "No key could be made to receive the custodian's answer; nothing was released.")
	}
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	c, err := receipt.Commit(requester.Public(), plain, g.rand)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The outcome could not be bound to what it releases; nothing was released.")
	}
	rec.Commitment = c.String()
	return &request{requester: requester, commitment: c, names: names, wrapped: wrapped}, nil
}

// release asks the custodian for the keys that the outcome record r commits to.
func (g *gate) release(ctx context.Context, a act, r receipt.Receipt, req *request) (map[candor.KeyName][]byte, error) {
	if req == nil {
		return nil, nil
	}
	ask, err := g.ask(ctx, a, r, req)
	if err != nil {
		return nil, err
	}
	answer, err := g.askCustodian(ctx, r, ask)
	if err != nil {
		return nil, err
	}
	if len(answer.Keys) != len(req.names) {
		return nil, candor.Errorf(candor.Unavailable, "The custodian answered with %d keys where %d were asked for; nothing was released.", len(answer.Keys), len(req.names))
	}
	keys := make(map[candor.KeyName][]byte, len(req.names))
	for i, name := range req.names {
		key, err := req.requester.Open(name, answer.Keys[i])
		if err != nil {
			return nil, candor.Wrap(err, candor.Verification, "The custodian's answer does not open with the key that was made for this act; nothing was released.")
		}
		keys[name] = key
	}
	return keys, nil
}

// ask gathers what the custodian checks, but for the proof that depends on what
// it has seen.
func (g *gate) ask(ctx context.Context, a act, r receipt.Receipt, req *request) (candor.ReleaseRequest, error) {
	ask := candor.ReleaseRequest{
		Receipt: r.Marshal(), Requester: req.requester.Public(), Leaves: int64(len(req.names)),
	}
	if a.purpose != nil && a.purpose.Grant >= 0 {
		grant, err := g.log.Receipt(ctx, a.purpose.Grant)
		if err != nil {
			return ask, err
		}
		ask.Grant = grant.Marshal()
		if ask.GrantConsistency, err = g.between(ctx, grant, r); err != nil {
			return ask, err
		}
	}
	var err error
	ask.Keys, err = g.wrappedKeys(ctx, req)
	return ask, err
}

// between proves that the trees of two receipts are of one log.
func (g *gate) between(ctx context.Context, a, b receipt.Receipt) ([][]byte, error) {
	x, err := treeSize(a)
	if err != nil {
		return nil, err
	}
	y, err := treeSize(b)
	if err != nil || x == y {
		return nil, err
	}
	return g.log.Consistency(ctx, min(x, y), max(x, y))
}

// mostAsked bounds how often one act asks again because the custodian has moved
// on meanwhile. Acts of this gate never make one another ask again (see trail);
// only other processes that write to the same log do.
const mostAsked = 8

// askCustodian proves the request from a tree that the custodian knows, and
// asks. It asks again only when it was told that nothing was looked at, because
// the tree is not known any more.
func (g *gate) askCustodian(ctx context.Context, r receipt.Receipt, ask candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	size, err := treeSize(r)
	if err != nil {
		return candor.ReleaseAnswer{}, err
	}
	for try := 1; ; try++ {
		if ask.From, err = g.trail.reach(ctx, g, size); err != nil {
			return candor.ReleaseAnswer{}, custodianError(err)
		}
		ask.Consistency = nil
		if size < ask.From && ask.From <= g.log.Size() {
			if ask.Consistency, err = g.log.Consistency(ctx, size, ask.From); err != nil {
				return candor.ReleaseAnswer{}, err
			}
		}
		answer, err := g.custodian.Release(ctx, ask)
		if err == nil {
			return answer, nil
		}
		if !headMoved(err) || try == mostAsked {
			return candor.ReleaseAnswer{}, custodianError(err)
		}
		g.trail.lose(ask.From)
	}
}

// headMoved reports whether the custodian says to ask again from its present
// head: docs/spec/custodian.md, rule head-moved. Nothing was released or spent.
func headMoved(err error) bool {
	e, ok := errors.AsType[*candor.Error](err)
	return ok && e.Code == candor.Conflict && e.Rule == "head-moved"
}

// trail leads the custodian along the log. One act at a time shows it the
// newest checkpoint; acts that wait meanwhile are mostly covered by it, and then
// prove their own, older trees to be parts of one that the custodian knows. So
// acts that run side by side never move the head under one another's proofs,
// however far away the custodian is.
type trail struct {
	known atomic.Int64  // a tree size that the custodian has followed; 0 is none
	turn  chan struct{} // holds one: whoever takes it may lead
}

func newTrail() *trail {
	t := &trail{turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

// reach returns a tree size that the custodian knows, of at least size unless
// the log itself is behind the custodian.
func (t *trail) reach(ctx context.Context, g *gate, size int64) (int64, error) {
	if known := t.known.Load(); known >= size {
		return known, nil
	}
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	known := t.known.Load()
	for try := 1; known < size; try++ {
		var err error
		if known, err = g.lead(ctx, known); err == nil {
			break
		}
		if !headMoved(err) || try == mostAsked {
			return 0, err
		}
		known = 0
	}
	t.known.Store(known)
	return known, nil
}

// lose forgets a size that the custodian turned out not to know.
func (t *trail) lose(size int64) { t.known.CompareAndSwap(size, 0) }

// lead shows the custodian the newest checkpoint, from a tree that it is
// thought to have as its head, or from the head that it tells.
func (g *gate) lead(ctx context.Context, head int64) (int64, error) {
	var err error
	if head == 0 {
		if head, err = g.custodian.Head(ctx); err != nil {
			return 0, err
		}
	}
	checkpoint := g.log.Checkpoint()
	to, err := checkpointSize(checkpoint)
	if err != nil || head >= to {
		return head, err
	}
	var proof [][]byte
	if head > 0 {
		if proof, err = g.log.Consistency(ctx, head, to); err != nil {
			return 0, err
		}
	}
	return to, g.custodian.Follow(ctx, checkpoint, head, proof)
}

func (g *gate) wrappedKeys(ctx context.Context, req *request) ([]candor.ReleaseKey, error) {
	keys := make([]candor.ReleaseKey, len(req.names))
	for i, name := range req.names {
		wrapped, ok := req.wrapped[name]
		if !ok {
			var err error
			if wrapped, err = g.vault.Wrapped(ctx, name); err != nil {
				return nil, err
			}
		}
		open, err := req.commitment.Open(string(name))
		if err != nil {
			return nil, candor.Wrap(err, candor.Internal, "The outcome does not cover a key that it should; nothing was released.")
		}
		keys[i] = candor.ReleaseKey{Name: name, Wrapped: wrapped, Salt: open.Salt, Leaf: open.Leaf, Path: open.Path}
	}
	return keys, nil
}

// treeSize reads the size out of a receipt's checkpoint.
func treeSize(r receipt.Receipt) (int64, error) { return checkpointSize(r.Checkpoint) }

func checkpointSize(signed []byte) (int64, error) {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	c, err := receipt.ParseCheckpoint(append(bytes.Clone(text), '\n'))
	if err != nil {
		return 0, candor.Wrap(err, candor.Verification, "The log's checkpoint cannot be read; nothing was released. Run `candor verify`.")
	}
	return c.Size, nil
}

func custodianError(err error) error {
	if c := candor.CodeOf(err); c != candor.Internal {
		return err
	}
	return candor.Wrap(err, candor.Unavailable, "The custodian did not answer, so no key was released and nothing is shown. See `candor doctor`.")
}

// readAll reads a small content whole.
func readAll(c candor.Content) ([]byte, error) {
	defer c.Close()
	return io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
}
