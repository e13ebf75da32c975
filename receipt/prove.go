package receipt

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Prover makes receipts out of a log's public files, as anybody can. The zero
// value is of no use; see NewProver. Safe for concurrent use.
type Prover struct {
	src    Source
	signed []byte
	head   Checkpoint
}

// NewProver reads a log's newest checkpoint, which must be one that trust
// believes. All receipts are under it.
func NewProver(ctx context.Context, src Source, trust Trust) (*Prover, error) {
	signed, err := src.ReadFile(ctx, "checkpoint")
	if err != nil {
		return nil, fmt.Errorf("there is no log here, its checkpoint could not be read: %w", err)
	}
	head, _, err := trust.OpenCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	return &Prover{src, signed, head}, nil
}

// Checkpoint returns the signed checkpoint under which it proves.
func (p *Prover) Checkpoint() []byte { return p.signed }

// Receipt proves the record at an index. Nothing that the log's files say is
// believed before the signed root confirms it.
func (p *Prover) Receipt(ctx context.Context, index int64) (Receipt, error) {
	if index < 0 || index >= p.head.Size {
		return Receipt{}, fmt.Errorf("the log has no record #%d; it holds %d", index, p.head.Size)
	}
	n := index / TileWidth
	entries, err := readBundle(ctx, p.src, n, int(min(TileWidth, p.head.Size-n*TileWidth)))
	if err != nil {
		return Receipt{}, fmt.Errorf("record #%d could not be read: %w", index, err)
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: p.head.Size, Hash: p.head.Hash}, tileReader{ctx, p.src})
	proof, err := tlog.ProveRecord(p.head.Size, index, hashes)
	if err != nil {
		return Receipt{}, fmt.Errorf("record #%d could not be proved: %w", index, err)
	}
	r := Receipt{Index: index, Leaf: entries[index%TileWidth], Hashes: toBytes(proof), Checkpoint: p.signed}
	return r, r.checkInclusion(p.head)
}

// tileReader reads hash tiles for x/mod, which authenticates them.
type tileReader struct {
	ctx context.Context
	src Source
}

func (r tileReader) Height() int { return tileBits }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if out[i], err = readHashTile(r.ctx, r.src, t.L, t.N, t.W); err != nil {
			return nil, err
		}
		if len(out[i]) != t.W*tlog.HashSize {
			return nil, fmt.Errorf("the hash tile %s has the wrong length", TilePath(t.L, t.N, t.W))
		}
	}
	return out, nil
}

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
