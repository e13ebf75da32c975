package local

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"candor/internal/query"
)

// TestMergesArePaced: a merge rests so long that it writes no more a second
// than it may. The rests are not slept but added up.
func TestMergesArePaced(t *testing.T) {
	var mu sync.Mutex
	var longest time.Duration
	const rate = 1 << 20
	x := openTest(t, Config{Dir: t.TempDir(), MergeRate: rate, Sleep: func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		longest = max(longest, d)
		return nil
	}})
	for n := range uint32(3) {
		var b strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&b, "w%dx%d ", n, i)
		}
		if err := x.Put(t.Context(), []query.Document{{Num: n, Text: b.String()}}); err != nil {
			t.Fatal(err)
		}
	}
	if longest != 0 {
		t.Errorf("a Put rested for %v", longest)
	}
	start := time.Now()
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	s, err := x.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	// Each rest fills up what is due by then, so that the longest is all that is
	// due for the segment, less what the merge took by itself.
	due := time.Duration(float64(s.views[0].file.size) / rate * float64(time.Second))
	if len(s.views) != 1 || longest > due || longest < due-took-due/5 {
		t.Errorf("%d segments, the longest rest was %v of %v, and the merge took %v", len(s.views), longest, due, took)
	}
}
