// Package sequencer lets several server processes write to one log.
//
// One process, the sequencer, owns the log's folder: Open takes its lease and
// opens it, NewServer answers writers. Each writer holds a Client, which
// implements the archive's Log port. Both ends speak HTTP/1.1 with JSON over TLS
// 1.3 and know each other by pinned keys (package pinned); docs/spec/sequencer.md
// tells the messages and the lease byte by byte.
//
// What never breaks: an acknowledged record is in the log exactly once, under a
// checkpoint that every later sequencer extends; a sequencer whose folder was
// taken over acknowledges nothing more, and no signature that it made too late
// leaves its process; a writer that has seen a newer sequencer, or a checkpoint
// that an answer does not agree with, refuses the answer; and a writer whose
// sequencer does not answer releases nothing, and goes on when it is back.
package sequencer

import (
	"context"
	"errors"

	"candor"
	"candor/internal/tlog"
)

// Rules of the errors that this package makes.
const (
	RuleClient   = "client-allowed"    // Denied: the client's pin is not on the sequencer's list
	RulePinned   = "sequencer-pinned"  // Verification: the server has not the key that the writer knows
	RuleMessage  = "message-form"      // Invalid, TooLarge, NotSupported, Unavailable: not a message of this protocol
	RuleBusy     = "sequencer-busy"    // Unavailable: too many requests at once; nothing was appended
	RuleAway     = "sequencer-away"    // Unavailable: it does not answer
	RuleDeposed  = "sequencer-deposed" // Unavailable: another sequencer has taken the log over
	RuleRepeated = "record-repeated"   // Conflict: the record was appended before, by another request
	RuleLost     = "record-unknown"    // Unavailable: the answer was lost and the record is not found
	RuleHistory  = "history-extended"  // Verification: the log does not extend what the writer has seen
)

// Log is a log whose folder this process owns under a lease. Safe for
// concurrent use.
type Log struct {
	*tlog.Log
	lease *lease
}

// Open takes the lease of a log's folder, which raises its epoch durably, and
// then opens the log. cfg.Fence must be nil: it is the lease's.
//
// Conflict: another process owns the folder; nothing was changed. Otherwise as
// tlog.Open.
func Open(ctx context.Context, cfg tlog.Config) (*Log, error) {
	if cfg.Fence != nil {
		return nil, candor.Errorf(candor.Internal, "A sequencer's log is fenced by its lease.")
	}
	if cfg.FS == nil && cfg.Dir == "" {
		return nil, candor.Errorf(candor.Invalid, "A sequencer needs the folder of its log.")
	}
	if cfg.FS == nil {
		cfg.FS = tlog.DirFS(cfg.Dir)
	}
	held, err := takeLease(cfg.FS)
	if err != nil {
		return nil, err
	}
	cfg.Fence = held.check
	l, err := tlog.Open(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return &Log{l, held}, nil
}

// Epoch counts the sequencers that have owned the folder, this one included.
func (l *Log) Epoch() int64 { return l.lease.epoch }

// Holder names this process's tenure: random, hexadecimal.
func (l *Log) Holder() string { return l.lease.holder }

// Fence is nil for as long as this process holds the lease. Unavailable if
// another has taken it, or if the lease cannot be read.
func (l *Log) Fence() error { return l.lease.check() }

// Close closes the log and lets go of the folder.
func (l *Log) Close() error { return errors.Join(l.Log.Close(), l.lease.Close()) }
