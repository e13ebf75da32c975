package archive

import (
	"context"
	"sync"

	"candor"
	"candor/receipt"
)

// publicFigures are the public figures up to a place in the log.
type publicFigures struct {
	mu      sync.Mutex
	figures receipt.Figures
	at      int64
}

// Figures recomputes the public figures from the log, from where it last
// stopped. They are a pure function of the public records.
func (a *Archive) Figures(ctx context.Context) (receipt.Figures, error) {
	p := &a.public
	p.mu.Lock()
	defer p.mu.Unlock()
	err := a.cfg.Log.Read(ctx, p.at, a.cfg.Log.Size(), func(index int64, leaf, _ []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		if err != nil {
			return candor.Wrap(err, candor.Verification, "Record %d of the log cannot be read. Run `candor verify`.", index)
		}
		p.figures.Add(index, rec)
		p.at = index + 1
		return nil
	})
	if err != nil {
		return receipt.Figures{}, err
	}
	return p.figures.Clone(), nil
}

// Receipt returns the receipt of a record by its index; records are public.
func (a *Archive) Receipt(ctx context.Context, index int64) (receipt.Receipt, error) {
	if index < 0 || index >= a.cfg.Log.Size() {
		return receipt.Receipt{}, candor.Errorf(candor.NotFound, "There is no record %d in the log yet.", index)
	}
	return a.cfg.Log.Receipt(ctx, index)
}
