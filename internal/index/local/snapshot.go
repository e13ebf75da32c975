package local

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
)

// snapshot is what one search sees: the segments of a commit. It does not
// change. Its segments stay open until the last user has released it.
type snapshot struct {
	views []*view
	users atomic.Int64
}

// view is a segment together with what is deleted of it.
type view struct {
	*segment
	deleted *roaring.Bitmap

	once sync.Once
	gone []uint64 // deleted as a bit set; nil if there is none
}

func newSnapshot(views []*view) *snapshot {
	s := &snapshot{views: views}
	s.users.Store(1)
	for _, v := range views {
		v.retain()
	}
	return s
}

func (s *snapshot) release() {
	if s.users.Add(-1) == 0 {
		for _, v := range s.views {
			v.release()
		}
	}
}

func (s *snapshot) find(id uint64) *view {
	for _, v := range s.views {
		if v.id == id {
			return v
		}
	}
	return nil
}

// live is how many documents are not deleted.
func (v *view) live() int { return int(v.docs) - int(v.deleted.GetCardinality()) }

// goneBits returns the deleted documents as a bit set, nil for none.
func (v *view) goneBits() []uint64 {
	v.once.Do(func() {
		if v.deleted.IsEmpty() {
			return
		}
		v.gone = make([]uint64, wordsFor(v.docs))
		it := v.deleted.Iterator()
		for it.HasNext() {
			d := it.Next()
			v.gone[d/64] |= 1 << (d % 64)
		}
	})
	return v.gone
}

func wordsFor(docs uint32) int { return (int(docs) + 63) / 64 }

func countBits(set []uint64) (n int) {
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}

func newView(s *segment) *view { return &view{segment: s, deleted: roaring.New()} }
