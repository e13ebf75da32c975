package terms_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/terms"
)

// world is a tiny archive: items with a letter and a place, and somebody who
// may see them only as far as Decide allows, as the gate would ask it.
type world struct {
	t       *testing.T
	terms   *terms.Terms
	items   []string // "<letter><place>"
	purpose *candor.Purpose
	seen    map[int]bool
	clock   time.Time
	recent  []time.Time
	refused map[string]int // by rule
}

func newWorld(t *testing.T, items int, coverage int64) *world {
	w := &world{t: t, terms: standard(t), seen: make(map[int]bool), clock: now, refused: make(map[string]int)}
	for i := range items {
		w.items = append(w.items, fmt.Sprintf("%c%c", 'a'+i%26, 'A'+(i/26)%10))
	}
	w.purpose = use().Purpose
	w.purpose.Coverage, w.purpose.Expires = coverage, now.AddDate(0, 0, 30)
	return w
}

// search shows the page of results from offset on, if the terms allow it.
func (w *world) search(match func(string) bool, offset, limit int) (total int, more bool) {
	w.clock = w.clock.Add(time.Second)
	var page []int
	for i, it := range w.items {
		if match(it) {
			if total >= offset && len(page) < limit {
				page = append(page, i)
			}
			total++
		}
	}
	f := use()
	f.Now, f.Purpose, f.Matched, f.Collected = w.clock, w.purpose, int64(total), int64(len(w.items))
	f.Shown, f.New, f.Covered, f.Depth = int64(len(page)), w.fresh(page), int64(len(w.seen)), int64(offset+len(page))
	f.ActsMinute, f.ActsToday = w.since(time.Minute), w.since(24*time.Hour)
	w.recent = append(w.recent, w.clock)
	d, err := w.terms.Decide(f)
	if err != nil {
		w.t.Fatal(err)
	}
	if !d.Allow {
		w.refused[d.Rule]++
		return total, false
	}
	for _, i := range page {
		w.seen[i] = true
	}
	return total, offset+len(page) < total
}

func (w *world) fresh(page []int) (n int64) {
	for _, i := range page {
		if !w.seen[i] {
			n++
		}
	}
	return n
}

func (w *world) since(d time.Duration) (n int64) {
	for i := len(w.recent) - 1; i >= 0 && w.clock.Sub(w.recent[i]) < d; i-- {
		n++
	}
	return n
}

// stopped checks that a sweep ended at the budget, by the rule that should end it.
func (w *world) stopped(rule string) {
	w.t.Helper()
	if int64(len(w.seen)) > w.purpose.Coverage {
		w.t.Errorf("the sweep saw %d items under a budget of %d", len(w.seen), w.purpose.Coverage)
	}
	if w.refused[rule] == 0 {
		w.t.Errorf("%s never refused: %v", rule, w.refused)
	}
}

func everything(string) bool { return true }

func TestSweepAlphabetWalk(t *testing.T) {
	w := newWorld(t, 5000, 200)
	for letter := 'a'; letter <= 'z'; letter++ {
		for offset, more := 0, true; more; offset += 20 {
			_, more = w.search(func(it string) bool { return strings.HasPrefix(it, string(letter)) }, offset, 20)
		}
	}
	w.stopped("coverage-within-budget")
	if len(w.seen) < 100 {
		t.Errorf("the walk saw only %d items: it was stopped too early to be a test of the budget", len(w.seen))
	}
}

func TestSweepFacetSlicing(t *testing.T) {
	w := newWorld(t, 5000, 200)
	for letter := 'a'; letter <= 'z'; letter++ {
		for place := 'A'; place < 'K'; place++ {
			w.search(func(it string) bool { return it == string(letter)+string(place) }, 0, 100)
		}
	}
	w.stopped("coverage-within-budget")
}

func TestSweepDeepPaging(t *testing.T) {
	w := newWorld(t, 5000, 200)
	for offset := 0; offset < 5000; offset += 20 {
		w.search(everything, offset, 20)
	}
	w.stopped("no-sweeping-search")
	if len(w.seen) != 20 {
		t.Errorf("paging through everything saw %d items, want the first 20", len(w.seen))
	}
	// A search that is just narrow enough not to be sweeping, paged to its end.
	for offset := 0; offset < 1000; offset += 20 {
		w.search(func(it string) bool { return it[0] < 'f' }, offset, 20)
	}
	w.stopped("depth-within-budget")
}

func TestSweepManySmallQueries(t *testing.T) {
	w := newWorld(t, 5000, 200)
	for i := range 5000 { // one item at a time, a second apart
		w.search(only(w, i), 0, 1)
	}
	w.stopped("coverage-within-budget")
	if len(w.seen) != 200 {
		t.Errorf("saw %d items one by one, want exactly the budget of 200", len(w.seen))
	}
	if w.refused["acts-per-day"] == 0 {
		t.Errorf("5,000 acts in a day were not stopped: %v", w.refused)
	}
}

func only(w *world, i int) func(string) bool {
	at := -1
	return func(string) bool {
		at++
		return at%len(w.items) == i
	}
}

// TestSmallArchiveStaysUsable reads a whole small archive, page by page.
func TestSmallArchiveStaysUsable(t *testing.T) {
	w := newWorld(t, 80, 200)
	for offset := 0; offset < 80; offset += 20 {
		w.search(everything, offset, 20)
	}
	if len(w.seen) != 80 || len(w.refused) != 0 {
		t.Fatalf("saw %d of 80 items, refused %v", len(w.seen), w.refused)
	}
}
