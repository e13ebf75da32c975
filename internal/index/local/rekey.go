package local

import "context"

// Rekey seals the whole index under a key of 32 bytes: what is written from
// now on, and then, segment by segment, what stands in the folder. When it
// returns, that key alone opens the index, and the keys before open nothing in
// its folder. Searches and Puts go on meanwhile.
//
// It can be broken off and called again with the same key. Until it has
// returned without an error both keys are needed: Config.Key and Config.Former
// of the next Open. progress, which may be nil, is told of documents.
func (x *Index) Rekey(ctx context.Context, key []byte, progress func(done, total int64)) error {
	if err := x.turn(key); err != nil {
		return err
	}
	total := int64(-1)
	err := x.rewrite(ctx, func(views []*view) (chosen []*view) {
		left, id := int64(0), x.sealer.Load().id
		for _, v := range views {
			if v.file.keyID != id {
				left += int64(v.docs)
				chosen = []*view{v}
			}
		}
		total = max(total, left)
		if progress != nil && total > 0 {
			progress(total-left, total)
		}
		return chosen
	})
	if err != nil {
		return err
	}
	return explain(ctx, x.sealCommits())
}

// turn has everything sealed under a key from now on. It waits for segments
// that are being made under the one before.
func (x *Index) turn(key []byte) error {
	next, err := newSealer(key)
	if err != nil {
		return err
	}
	x.keying.Lock()
	defer x.keying.Unlock()
	x.write.Lock()
	defer x.write.Unlock()
	now := x.sealer.Load()
	if next.id == now.id {
		return nil
	}
	next.former = append([]*sealer{now}, now.former...)
	x.sealer.Store(next)
	return nil
}

// sealCommits writes as many commits as are kept, so that none is left under a
// former key, and forgets the former keys.
func (x *Index) sealCommits() error {
	x.write.Lock()
	defer x.write.Unlock()
	now := x.sealer.Load()
	if len(now.former) == 0 {
		return nil
	}
	for range 2 {
		if err := x.commitAgain(); err != nil {
			return err
		}
	}
	x.sealer.Store(&sealer{key: now.key, id: now.id})
	return nil
}
