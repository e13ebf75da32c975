package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/report"
	"candor/internal/tlog"
	"candor/internal/witness"
	"candor/receipt"
)

const (
	witnessesFile = "witnesses"     // the policy, in the data folder: public, and no secret
	witnessedDir  = "witnessed"     // what the witnesses acknowledged; may be lost
	witnessAnswer = 4 * time.Second // what one witness may take for one checkpoint
	witnessRest   = 2 * time.Second // most that one which failed is left alone: an act that waits sees it come back
	witnessWait   = 5 * time.Second // what an act waits for its witnesses
)

// readPolicy reads a policy file that somebody named.
func readPolicy(file string) (witness.Policy, []byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return witness.Policy{}, nil, candor.Wrap(err, candor.Invalid, "%s cannot be read. Give a file with a policy of witnesses; docs/witnesses.md shows one.", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxReceiptFile))
	if err := errors.Join(err, f.Close()); err != nil {
		return witness.Policy{}, nil, candor.Wrap(err, candor.Unavailable, "%s cannot be read.", file)
	}
	p, err := witness.ParsePolicy(text)
	if err != nil {
		return witness.Policy{}, nil, candor.Wrap(err, candor.CodeOf(err), "%s: %s", file, candor.MessageOf(err))
	}
	return p, text, nil
}

// folderPolicy is the policy of a data folder; one without witnesses if it has none.
func folderPolicy(dir string) (witness.Policy, error) {
	file := filepath.Join(dir, witnessesFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return witness.Policy{}, nil
	}
	p, _, err := readPolicy(file)
	return p, err
}

// checkPolicy makes sure that a policy can be kept for the log with this key,
// which is "" before there is a log.
func checkPolicy(p witness.Policy, logKey string) error {
	if _, _, ok := p.Flat(); !ok {
		return candor.Errorf(candor.NotSupported, "The policy has groups within groups. Receipts are checked against one group of witnesses: write it so.")
	}
	for _, w := range p.Witnesses {
		if w.URL == "" {
			return candor.Errorf(candor.Invalid, "The witness %q has no address in the policy, so no checkpoint can be brought to it. Add it at the end of its line.", w.Name)
		}
	}
	named := func(l witness.Log) bool { return l.Key == logKey }
	if logKey != "" && len(p.Logs) > 0 && !slices.ContainsFunc(p.Logs, named) {
		return candor.Errorf(candor.Invalid, "The policy names logs, and this archive's is none of them. Its line is: log %s", logKey)
	}
	return nil
}

// keepPolicy writes a policy into a data folder.
func (f *folder) keepPolicy(text []byte) error { return writeFile(f.path(witnessesFile), text) }

// newSubmitter makes what brings a log's checkpoints to the witnesses of a policy.
// What they acknowledged is kept in dir, and may be lost.
func newSubmitter(p witness.Policy, origin, dir string, prove tlog.Prover, logger *slog.Logger) (*witness.Submitter, error) {
	return witness.NewSubmitter(witness.SubmitterConfig{
		Policy: p, Origin: origin, Consistency: prove, Timeout: witnessAnswer, MaxBackoff: witnessRest, Dir: dir, Logger: logger,
	})
}

// cosigner brings the archive's own log to the witnesses of its policy.
func (e *engine) cosigner(prove tlog.Prover) (tlog.Cosigner, error) {
	s, err := newSubmitter(e.policy, e.folder.Origin, e.folder.path(witnessedDir), prove, e.logger)
	if err != nil {
		return nil, err
	}
	e.submitter = s
	return s, nil
}

// witnessed adds the witnesses of a policy to a log's configuration.
func witnessed(cfg tlog.Config, p witness.Policy, patience time.Duration, cosigner func(tlog.Prover) (tlog.Cosigner, error)) tlog.Config {
	if len(p.Witnesses) == 0 {
		return cfg
	}
	cfg.Cosigner, cfg.WitnessPatience, cfg.AwaitWitnesses = cosigner, patience, awaits(p)
	return cfg
}

// awaits reports whether an act waits for the witnesses of a policy.
func awaits(p witness.Policy) bool { return p.Mode != witness.Later && !p.NeedsNone() }

// asked is what is asked of a checkpoint in this process, by the custodian or by
// the writer of a shared log: cosignatures only where the log awaits them, or none
// would be there yet.
func (e *engine) asked(log note.Verifier) (receipt.Trust, error) {
	trust, err := e.policy.Trust(log)
	if !awaits(e.policy) {
		trust.Quorum = 0
	}
	return trust, err
}

// witnessKeys are the keys with which cosignatures are checked.
func (e *engine) witnessKeys() []string {
	var out []string
	for _, w := range e.trust.Witnesses {
		out = append(out, keyText(w))
	}
	return out
}

// Witnessed tells, for pages, who watches the log and how they do. The newest
// cosignatures are those that outsiders get.
func (e *engine) Witnessed() report.Witnessed {
	if len(e.policy.Witnesses) == 0 {
		return report.Witnessed{}
	}
	out := report.Witnessed{Needed: e.policy.Describe(), Awaited: awaits(e.policy)}
	shown := e.log.Shown()
	for i, w := range e.witnessStatus() {
		if at, err := receipt.CosignedAt(shown, e.policy.Witnesses[i].Key); err == nil && at.After(w.At) {
			w.At = at // from before this start, or of a shared log
		}
		out.Witnesses = append(out.Witnesses, w)
	}
	return out
}

// witnessStatus tells how the witnesses did when the log was brought to them; of a
// shared log, which its sequencer brings to them, no more than who they are.
func (e *engine) witnessStatus() []report.Witness {
	var out []report.Witness
	if e.submitter == nil {
		for _, w := range e.policy.Witnesses {
			out = append(out, report.Witness{Name: w.Key.Name(), Key: keyText(w.Key), URL: w.URL})
		}
		return out
	}
	for _, s := range e.submitter.Status() {
		out = append(out, report.Witness{Name: s.Name, Key: s.Key, URL: s.URL, Size: s.Size, At: s.At, Code: s.Code, Message: s.Message, Since: s.Since})
	}
	return out
}

// trusting adds the witnesses and the log of a policy to what a verifier
// believes. enough then says whether those that cosigned suffice.
func trusting(file string, opts *receipt.Options) (enough func(cosigned []string) error, err error) {
	if file == "" {
		return func([]string) error { return nil }, nil
	}
	p, _, err := readPolicy(file)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, w := range p.Witnesses {
		if seen[w.Key.Name()] {
			return nil, candor.Errorf(candor.Invalid, "Two witnesses of %s have keys of one name, %q, and could not be told apart.", file, w.Key.Name())
		}
		seen[w.Key.Name()] = true
		opts.Witnesses = append(opts.Witnesses, keyText(w.Key))
	}
	if opts.Key == "" && len(p.Logs) == 1 {
		opts.Key = p.Logs[0].Key
	}
	return func(cosigned []string) error {
		if p.Satisfied(func(i int) bool { return slices.Contains(cosigned, p.Witnesses[i].Key.Name()) }) {
			return nil
		}
		return candor.Errorf(candor.Verification, "%s of your policy cosigned the checkpoint, and it asks for %s.", counted(int64(len(cosigned)), "witness", "witnesses"), p.Describe())
	}, nil
}

// keyText is the text of a verifier key that was read from a policy.
func keyText(v note.Verifier) string {
	if s, ok := v.(interface{ String() string }); ok {
		return s.String()
	}
	return ""
}

// witnessStates asks the server that has the folder open how its witnesses do;
// false if none has.
func witnessStates(ctx context.Context, dir string) (report.Witnessed, bool) {
	address, err := os.ReadFile(filepath.Join(dir, serverFile))
	if err != nil {
		return report.Witnessed{}, false
	}
	return fetchWitnessed(ctx, string(address))
}
