package tlog

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// Cosigner brings checkpoints to witnesses. *witness.Submitter is one. All
// methods are safe for concurrent use.
type Cosigner interface {
	// Submit hands in a checkpoint and does not wait. Only the newest matters.
	Submit(checkpoint []byte) (receipt.Checkpoint, error)
	// Wait returns the newest checkpoint that the policy is content with, as soon
	// as that covers size records. If ctx ends first, the error says who is missing.
	Wait(ctx context.Context, size int64) ([]byte, error)
	// Newer returns the newest checkpoint that the policy is content with, as soon
	// as that is not have: newer, or with more cosignatures.
	Newer(ctx context.Context, have []byte) ([]byte, error)
	// Close ends all waiting with an error.
	Close() error
}

// Prover proves that the tree of size to extends the tree of size from; it is
// what witnesses ask for.
type Prover func(ctx context.Context, from, to int64) ([][]byte, error)

// witnesses is what a log knows of its cosigner.
type witnesses struct {
	cosigner Cosigner
	await    bool          // an Append returns under a cosigned checkpoint only
	patience time.Duration // of an Append that awaits
	grace    time.Duration // how long the public checkpoint may wait for cosignatures, if none are awaited
	farewell time.Duration // how long Close waits for the last cosignatures
	stop     context.CancelFunc
	ended    context.Context

	accepting sync.Mutex // so that one checkpoint is verified once, however many wait for it
}

func newWitnesses(cfg Config) *witnesses {
	w := &witnesses{await: cfg.AwaitWitnesses, patience: cfg.WitnessPatience, grace: 2 * time.Second, farewell: time.Second}
	if w.patience <= 0 {
		w.patience = 10 * time.Second
	}
	w.ended, w.stop = context.WithCancel(context.Background())
	return w
}

// startWitnesses makes the cosigner and hands in the newest checkpoint, which a
// stop of the server may have kept from the witnesses.
func (l *Log) startWitnesses(cfg Config) error {
	if cfg.Cosigner == nil {
		return nil
	}
	l.witnesses = newWitnesses(cfg)
	var err error
	if l.witnesses.cosigner, err = cfg.Cosigner(l.Consistency); err != nil {
		l.witnesses = nil
		return err
	}
	if l.head.size == 0 {
		return nil // there is nothing that could be shown differently
	}
	l.behind = time.Now()
	if _, err := l.witnesses.cosigner.Submit(l.head.signed); err != nil {
		return errors.Join(err, l.witnesses.cosigner.Close())
	}
	return nil
}

// submit hands a new head to the witnesses; nobody waits for it here.
func (l *Log) submit(h head) {
	if l.witnesses == nil {
		return
	}
	if _, err := l.witnesses.cosigner.Submit(h.signed); err != nil {
		l.logger.Error("A checkpoint could not be handed to the witnesses.", "size", h.size, "error", err)
	}
}

// cosignLoop takes up every cosigned checkpoint, so that it is published.
func (l *Log) cosignLoop() {
	defer l.done.Done()
	var have []byte
	for {
		signed, err := l.witnesses.cosigner.Newer(l.witnesses.ended, have)
		if err != nil {
			return // stopped
		}
		have = signed
		if _, err := l.accept(signed); err != nil {
			l.logger.Error("A cosigned checkpoint is not one of this log.", "error", err)
		}
		l.again()
	}
}

// witnessed waits until the witnesses have cosigned a checkpoint that covers a
// record. Batches that come meanwhile are committed; one checkpoint serves all
// of them.
func (l *Log) witnessed(ctx context.Context, index int64) (head, error) {
	ctx, cancel := context.WithTimeout(ctx, l.witnesses.patience)
	defer cancel()
	signed, err := l.witnesses.cosigner.Wait(ctx, index+1)
	if err != nil {
		return head{}, candor.Wrap(err, candor.Unavailable,
			"%s Nothing was released. Try again when the witness answers; `candor doctor` tells how each of them does.", candor.MessageOf(err))
	}
	return l.accept(signed)
}

// accept makes sure that a cosigned checkpoint is one that this log signed, and
// keeps it if it is the best so far.
func (l *Log) accept(signed []byte) (head, error) {
	l.witnesses.accepting.Lock()
	defer l.witnesses.accepting.Unlock()
	if had := l.witnessedHead(); bytes.Equal(had.signed, signed) {
		return had, nil
	}
	c, _, err := l.trust.OpenCheckpoint(signed)
	if err != nil {
		return head{}, candor.Wrap(err, candor.Verification, "What the witnesses cosigned is not a checkpoint of this log. Nothing was released.")
	}
	root, err := tlog.TreeHash(c.Size, l.tree)
	if err != nil {
		return head{}, damaged(err, "A cosigned checkpoint could not be compared with the log")
	}
	if root != c.Hash || c.Size > l.Size() {
		return head{}, candor.Errorf(candor.Verification, "The witnesses cosigned another tree of %d records than this log's. Nothing was released.", c.Size)
	}
	h := head{c.Size, root, signed}
	l.improve(h)
	return h, nil
}

func (l *Log) improve(h head) {
	l.headMu.Lock()
	defer l.headMu.Unlock()
	if h.size > l.cosigned.size || (h.size == l.cosigned.size && len(h.signed) > len(l.cosigned.signed)) {
		l.cosigned = h
		l.behind = time.Now()
	}
}

// witnessedHead is the newest cosigned checkpoint; without bytes if there is none.
func (l *Log) witnessedHead() head {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	return l.cosigned
}

// provable is the head under which a record is proved: cosigned if it can be.
func (l *Log) provable(index int64) head {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	if index < l.cosigned.size {
		return l.cosigned
	}
	return l.head
}

// showable is the head that the public files are to show: the newest with its
// cosignatures. It does not go back. Where witnesses are awaited it is always a
// cosigned one once there is any, and otherwise for as long as the witnesses
// keep up.
func (l *Log) showable() head {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	switch w := l.witnesses; {
	case w == nil:
		return l.head
	case l.cosigned.signed != nil && l.cosigned.size == l.head.size:
		return l.cosigned
	case l.published.signed == nil, !w.await && time.Since(l.behind) >= w.grace:
		return l.head
	case l.cosigned.signed != nil && l.cosigned.size >= l.published.size:
		return l.cosigned
	}
	return l.published
}

// overdue ticks when the public checkpoint has waited long enough for witnesses
// that nobody needs to wait for; nil if it does not wait.
func (l *Log) overdue() <-chan time.Time {
	l.headMu.RLock()
	defer l.headMu.RUnlock()
	if l.witnesses == nil || l.witnesses.await || l.published.size == l.head.size {
		return nil
	}
	return time.After(max(l.witnesses.grace-time.Since(l.behind), time.Millisecond))
}

// endWitnesses gives the last checkpoint a moment to be cosigned, so that
// commands that open a log for a moment leave a cosigned one, and lets go.
func (l *Log) endWitnesses() error {
	w := l.witnesses
	if w == nil {
		return nil
	}
	if size := l.Size(); l.witnessedHead().size < size {
		ctx, cancel := context.WithTimeout(w.ended, w.farewell)
		if signed, err := w.cosigner.Wait(ctx, size); err == nil {
			_, err = l.accept(signed)
			if err != nil {
				l.logger.Error("A cosigned checkpoint is not one of this log.", "error", err)
			}
		}
		cancel()
	}
	w.stop()
	return w.cosigner.Close()
}
