package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/blevesearch/vellum"
)

// Check reads through every block of the index, every column, record and
// stored document, and names what is wrong. It returns an error only when it
// could not go on. The index can be used meanwhile.
func (x *Index) Check(ctx context.Context, problem func(string)) error {
	snap, err := x.acquire()
	if err != nil {
		return err
	}
	defer snap.release()
	for _, v := range snap.views {
		if err := sound(func() error { return x.checkSegment(ctx, v) }); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			problem(fmt.Sprintf("%s: %v", v.name, err))
		}
	}
	return nil
}

func (x *Index) checkSegment(ctx context.Context, v *view) error {
	for n := range v.file.blocks {
		if n%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := v.file.block(n); err != nil {
			return fmt.Errorf("block %d of %d: %w", n, v.file.blocks, err)
		}
	}
	return errors.Join(x.checkColumns(ctx, v), checkTerms(ctx, v))
}

// checkColumns decodes every column and stored document.
func (x *Index) checkColumns(ctx context.Context, v *view) error {
	nums, err := v.nums()
	for _, f := range facetFields {
		_, err2 := v.segment.keywords(f)
		err = errors.Join(err, err2)
	}
	for _, f := range wholeFields {
		_, err2 := v.hashes(f)
		err = errors.Join(err, err2)
	}
	_, errKin := v.kinColumns()
	_, err2 := v.times(sectionDates)
	_, err3 := v.times(sectionAdded)
	if err = errors.Join(err, errKin, err2, err3); err != nil {
		return err
	}
	if err := v.checkPassages(); err != nil {
		return err
	}
	for doc := range v.docs {
		if doc%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if doc > 0 && nums.at(doc) <= nums.at(doc-1) {
			return fmt.Errorf("document %d: numbers do not ascend", doc)
		}
		if _, err := v.stored(x.zstd, doc, true); err != nil {
			return fmt.Errorf("stored document %d: %w", doc, err)
		}
	}
	return nil
}

// checkPassages decodes where passages stand, and their signatures.
func (s *segment) checkPassages() error {
	p, err := s.passages()
	if err != nil || p == nil {
		return err
	}
	signs, err := s.signatures()
	if err == nil && len(signs) != p.count()*p.dims/64 {
		err = errFormat
	}
	return err
}

// checkTerms decodes every record of the dictionary, with its positions, and
// compares the sums with the lengths of fields.
func checkTerms(ctx context.Context, v *view) error {
	fail := &failure{}
	words := [fieldCount]uint64{}
	dict, err := v.dictionary()
	if err != nil {
		return err
	}
	it, err := dict.Iterator(nil, nil)
	for n := 0; err == nil; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key, value := it.Current()
		ref, err2 := v.record(value)
		if err2 != nil || len(key) == 0 || spaceIn(key).field() >= fieldCount {
			return fmt.Errorf("term %d: %w", n, errors.Join(errFormat, err2))
		}
		count, err2 := walk(v.segment, ref, fail)
		if err2 != nil {
			return fmt.Errorf("term %d: %w", n, err2)
		}
		if key[0]%2 == formStem {
			words[spaceIn(key).field()] += count
		}
		err = it.Next()
	}
	if err != vellum.ErrIteratorDone {
		return err
	}
	for f, s := range v.stats {
		if words[f] != s.words {
			return fmt.Errorf("field %s has %d words in its records and %d by its lengths", fieldNames[f], words[f], s.words)
		}
	}
	return nil
}

// walk reads a whole record and returns the sum of its occurrences.
func walk(s *segment, ref termRef, fail *failure) (count uint64, err error) {
	docs, next := uint32(0), uint32(0)
	for p := newPostings(s, ref, fail); p.doc != endOfList; p.next() {
		if p.doc < next || p.doc >= s.docs {
			return 0, errFormat
		}
		next = p.doc + 1
		docs++
		count += uint64(p.tf())
		if ref.places {
			r := p.positions()
			for before := uint32(0); r.next(); before = r.pos {
				if r.pos <= before {
					return 0, errFormat
				}
			}
		}
	}
	if fail.err == nil && docs != ref.df {
		fail.set(errFormat)
	}
	return count, fail.err
}
