package archive

import (
	"bytes"
	"context"
	"io"

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
	answer, err := g.custodian.Release(ctx, ask)
	if err != nil {
		return nil, custodianError(err)
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

// ask gathers the proofs that the custodian checks.
func (g *gate) ask(ctx context.Context, a act, r receipt.Receipt, req *request) (candor.ReleaseRequest, error) {
	ask := candor.ReleaseRequest{
		Receipt: r.Marshal(), Requester: req.requester.Public(), Leaves: int64(len(req.names)),
	}
	size, err := treeSize(r)
	if err != nil {
		return ask, err
	}
	if ask.From, err = g.custodian.Head(ctx); err != nil {
		return ask, custodianError(err)
	}
	// The custodian may have seen a later checkpoint than this receipt's, when
	// acts run side by side: prove the record again under the newest one.
	if ask.From > size {
		if r, err = g.log.Receipt(ctx, r.Index); err != nil {
			return ask, err
		}
		if size, err = treeSize(r); err != nil {
			return ask, err
		}
		ask.Receipt = r.Marshal()
	}
	if ask.From > 0 && ask.From < size {
		if ask.Consistency, err = g.log.Consistency(ctx, ask.From, size); err != nil {
			return ask, err
		}
	}
	if a.purpose != nil && a.purpose.Grant >= 0 {
		grant, err := g.log.Receipt(ctx, a.purpose.Grant)
		if err != nil {
			return ask, err
		}
		ask.Grant = grant.Marshal()
	}
	ask.Keys, err = g.wrappedKeys(ctx, req)
	return ask, err
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
func treeSize(r receipt.Receipt) (int64, error) {
	text, _, _ := bytes.Cut(r.Checkpoint, []byte("\n\n"))
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
