package local

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRuns compares runs with the documents one by one, of lists and of bits.
func TestRuns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		m := &matcher{v: &view{segment: &segment{docs: 1 + rnd.Uint32N(200)}}}
		share := rnd.Float64()
		dense := m.every(nil).keep(func(uint32) bool { return rnd.Float64() < share })
		var want []uint32
		dense.each(func(d uint32) bool { want = append(want, d); return true })
		for _, s := range []*set{dense, {docs: want}} {
			var got []uint32
			last := int64(-1)
			s.runs(func(first, behind uint32) {
				if int64(first) <= last || behind <= first {
					t.Fatalf("a run from %d to %d after %d", first, behind, last)
				}
				last = int64(behind)
				for d := first; d < behind; d++ {
					got = append(got, d)
				}
			})
			if !slices.Equal(got, want) {
				t.Fatalf("runs of %v are %v", want, got)
			}
		}
	}
}
