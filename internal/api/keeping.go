package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"candor/internal/archive"
	"candor/internal/wire"
)

const linesType = "application/jsonl"

func (d *door) keepingRoutes() []route {
	return []route{
		stream("keeping", http.MethodPost, "/check", "Compare vault, log, catalog and index (administrator); progress and result as JSON lines", linesType, d.keeping(d.check)),
		stream("keeping", http.MethodPost, "/rebuild", "Make catalog and index again from vault and log (administrator); progress and result as JSON lines", linesType, d.keeping(d.rebuild)),
		stream("keeping", http.MethodPost, "/rekey", "Give the index a new key and seal it anew (administrator); progress and result as JSON lines", linesType, d.keeping(d.rekey)),
	}
}

func (d *door) check(ctx context.Context, who archive.Actor, progress func(done, total int64)) (wire.Progress, error) {
	found, err := d.archive.Check(ctx, who, progress)
	if err != nil {
		return wire.Progress{}, err
	}
	return wire.Progress{Check: &wire.CheckResult{
		OK:          len(found) == 0,
		Differences: each(found, func(f archive.Difference) wire.Difference { return wire.Difference(f) }),
	}}, nil
}

func (d *door) rebuild(ctx context.Context, who archive.Actor, progress func(done, total int64)) (wire.Progress, error) {
	totals, proof, err := d.archive.Rebuild(ctx, who, progress)
	if err != nil {
		return wire.Progress{}, err
	}
	return wire.Progress{Rebuild: &wire.RebuildResult{Totals: totals, Receipt: encodeReceipt(proof)}}, nil
}

func (d *door) rekey(ctx context.Context, who archive.Actor, progress func(done, total int64)) (wire.Progress, error) {
	proof, err := d.archive.Rekey(ctx, who, progress)
	if err != nil {
		return wire.Progress{}, err
	}
	return wire.Progress{Rekey: &wire.Done{Receipt: encodeReceipt(proof)}}, nil
}

// keeping runs a long job. What fails once progress has been written is told in
// the last line.
func (d *door) keeping(job func(context.Context, archive.Actor, func(done, total int64)) (wire.Progress, error)) func(http.ResponseWriter, *http.Request, archive.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
		lines := &lineWriter{w: w}
		last, err := job(r.Context(), who, func(done, total int64) {
			lines.write(wire.Progress{Done: done, Total: total})
		})
		if err != nil && !lines.begun {
			return err
		}
		if err != nil {
			body := errorBody(err)
			last = wire.Progress{Error: &body}
		}
		lines.write(last)
		return nil
	}
}

// lineWriter writes JSON lines, each sent at once. Progress may come from
// several goroutines.
type lineWriter struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	begun bool
}

func (l *lineWriter) write(p wire.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.w.Header().Set("Content-Type", linesType)
		l.begun = true
	}
	_ = json.NewEncoder(l.w).Encode(p)
	_ = http.NewResponseController(l.w).Flush()
}
