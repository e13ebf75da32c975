package archive

import (
	"context"
	"io"

	"candor"
	"candor/receipt"
)

// Rekey gives the index a new key, and seals everything in it anew: what to do
// when the old one may have become known. It is an administrator's act, agreed
// to by the custodian. When it returns without an error, the old key opens
// nothing in the index's folder; copies made before still open under it.
//
// Searches and additions go on meanwhile. What was broken off is finished by
// the next call. Until then the vault holds both keys, the new one first, so
// that a crash between any two steps leaves an index that opens.
func (a *Archive) Rekey(ctx context.Context, who Actor, progress func(done, total int64)) (receipt.Receipt, error) {
	if !who.Person.Has(candor.Administrator) {
		return receipt.Receipt{}, candor.Errorf(candor.Denied, "Giving the index a new key is an administrator's work. Ask one.")
	}
	a.rekeying.Lock()
	defer a.rekeying.Unlock()
	released, proof, err := a.gate.releaseNames(ctx, candor.ActReleaseKey, who, Details{Subject: "rekey"}, []candor.KeyName{keyIndex})
	if err != nil {
		return receipt.Receipt{}, err
	}
	held, err := readSealed(ctx, a.cfg.Vault, keyIndex, released[keyIndex])
	if err != nil {
		return receipt.Receipt{}, err
	}
	if len(held) == keySize {
		next := make([]byte, keySize)
		if _, err := io.ReadFull(a.cfg.Rand, next); err != nil {
			return receipt.Receipt{}, candor.Wrap(err, candor.Unavailable, "No randomness could be had; nothing was changed.")
		}
		held = append(next, held...)
	}
	if err := a.keepIndexKeys(ctx, held); err != nil {
		return receipt.Receipt{}, err
	}
	if err := a.cfg.Index.Rekey(ctx, held[:keySize], progress); err != nil {
		return receipt.Receipt{}, err
	}
	return proof, a.keepIndexKeys(ctx, held[:keySize])
}

// keepIndexKeys makes what the vault holds of the index's keys durable.
func (a *Archive) keepIndexKeys(ctx context.Context, keys []byte) error {
	if err := sealUnder(ctx, a.cfg.Vault, keyIndex, keys); err != nil {
		return err
	}
	return a.cfg.Vault.Sync(ctx)
}
