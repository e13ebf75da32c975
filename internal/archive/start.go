package archive

import (
	"context"
	"io"
	"slices"
	"time"

	"candor"
	"candor/receipt"
)

// Keys are the archive's own keys, 32 bytes each. They stand sealed in the
// vault; the custodian releases them when the archive starts, as a recorded act.
type Keys struct {
	Catalog    []byte
	Index      []byte
	Pseudonyms []byte

	FormerIndex [][]byte // open what a Rekey that was broken off has left; see Archive.Rekey
}

const (
	keyCatalog    candor.KeyName = "archive/catalog"
	keyIndex      candor.KeyName = "archive/index"
	keyPseudonyms candor.KeyName = "archive/pseudonyms"

	keySize = 32
)

var keyNames = []candor.KeyName{keyCatalog, keyIndex, keyPseudonyms}

// CreateKeys makes the keys of a new archive and seals them into its vault.
func CreateKeys(ctx context.Context, v Vault, rand io.Reader) error {
	for _, name := range keyNames {
		key := make([]byte, keySize)
		if _, err := io.ReadFull(rand, key); err != nil {
			return candor.Wrap(err, candor.Unavailable, "No randomness could be had; no archive was made.")
		}
		if err := sealUnder(ctx, v, name, key); err != nil {
			return err
		}
	}
	return v.Sync(ctx)
}

// Unlock starts an archive: it asks the custodian for the archive's own keys,
// by a recorded release-key act. Of cfg it needs all but Catalog, Index,
// Extractor and Pseudonyms.
func Unlock(ctx context.Context, cfg Config) (Keys, error) {
	g, err := newGate(cfg.withDefaults())
	if err != nil {
		return Keys{}, err
	}
	opened, err := g.openNames(ctx, candor.ActReleaseKey, system, "start", keyNames)
	if err != nil {
		return Keys{}, err
	}
	for _, name := range keyNames {
		if n := len(opened[name]); n != keySize && (name != keyIndex || n != 2*keySize) {
			return Keys{}, candor.Errorf(candor.Verification, "The sealed key %s has the wrong length. Restore the vault from a backup.", name)
		}
	}
	index := slices.Collect(slices.Chunk(opened[keyIndex], keySize))
	return Keys{Catalog: opened[keyCatalog], Index: index[0], FormerIndex: index[1:], Pseudonyms: opened[keyPseudonyms]}, nil
}

// openNames opens what stands under names in the vault, by one recorded act.
func (g *gate) openNames(ctx context.Context, kind candor.Act, who Actor, subject string, names []candor.KeyName) (map[candor.KeyName][]byte, error) {
	keys, _, err := g.releaseNames(ctx, kind, who, Details{Subject: subject}, names)
	if err != nil {
		return nil, err
	}
	opened := make(map[candor.KeyName][]byte, len(names))
	for name, key := range keys {
		if opened[name], err = readSealed(ctx, g.vault, name, key); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// releaseNames has the keys of names in the vault released, by one recorded
// administrative act, whose receipt it returns.
func (g *gate) releaseNames(ctx context.Context, kind candor.Act, who Actor, d Details, names []candor.KeyName) (map[candor.KeyName][]byte, receipt.Receipt, error) {
	d.Person, d.Name = who.Person.ID, who.Person.Name
	work := act{kind: kind, who: who, details: d}
	done, err := g.pass(ctx, work, func(context.Context) (result, error) { return result{keys: names}, nil })
	return done.keys, done.receipt, err
}

// readSealed reads something small out of the vault.
func readSealed(ctx context.Context, v Vault, name candor.KeyName, key []byte) ([]byte, error) {
	c, err := v.Open(ctx, name, key)
	if err != nil {
		return nil, err
	}
	return readAll(c)
}

func newGate(cfg Config) (*gate, error) {
	s, err := newSealer(cfg.Origin, cfg.Auditors, cfg.CustodianKey)
	if err != nil {
		return nil, err
	}
	return &gate{
		origin: cfg.Origin, log: cfg.Log, terms: cfg.Terms, vault: cfg.Vault, custodian: cfg.Custodian, trail: newTrail(),
		sealer: s, pseudonyms: pseudonyms{cfg.Pseudonyms}, coverage: &coverage{store: cfg.Catalog}, rates: newRates(),
		logger: cfg.Logger, now: cfg.Now, rand: cfg.Rand,
	}, nil
}

// mostRecent bounds how far back a start reads the log. A purpose cannot be
// used more often in a day than the terms allow, so the day's counts of busy
// archives may begin too low after a restart, never the coverage.
const mostRecent = 50_000

// catchUp reads the end of the log: it applies decisions that a crash kept from
// the documents, and counts the acts of the last day again.
func (a *Archive) catchUp(ctx context.Context) error {
	size := a.cfg.Log.Size()
	dayAgo := a.cfg.Now().Add(-24 * time.Hour)
	return a.cfg.Log.Read(ctx, max(size-mostRecent, 0), size, func(index int64, leaf, _ []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		if err != nil {
			return candor.Wrap(err, candor.Verification, "Record %d of the log cannot be read. Run `candor verify` on the data folder's log.", index)
		}
		at := rec.When()
		if at.After(dayAgo) && rec.Phase == string(candor.Outcome) && rec.Purpose != "" {
			a.gate.rates.restore(candor.PurposeID(rec.Purpose), at)
		}
		return a.reconcile(ctx, index, rec)
	})
}

// reconcile applies one recorded decision to its purpose, if the document is behind.
func (a *Archive) reconcile(ctx context.Context, index int64, rec receipt.Record) error {
	if rec.Act != string(candor.ActApprove) || rec.Grant == nil || rec.Decision != receipt.Allow {
		return nil
	}
	p, ok := a.books.purpose(candor.PurposeID(rec.Purpose))
	if !ok {
		return nil
	}
	status := candor.PurposeStatus(rec.Grant.Status)
	behind := p.Status == candor.Requested || (p.Status == candor.Active && status == candor.Revoked)
	if !behind {
		return nil
	}
	p.Status, p.Solo = status, rec.Grant.Solo
	if status == candor.Active {
		p.Grant = index
	}
	if err := a.putDocument(ctx, kindPurpose, string(p.ID), p); err != nil {
		return err
	}
	a.books.keepPurpose(p)
	return nil
}
