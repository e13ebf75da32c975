// Package catalogtest is the conformance suite of archive.Catalog. Every
// adapter runs it; it is imported by tests alone.
package catalogtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
)

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a fixed time.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Suite runs every requirement of the port. open returns an empty catalog that
// goes by the clock, and closes it when the test ends.
func Suite(t *testing.T, open func(t *testing.T, clock *Clock) archive.Catalog) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, archive.Catalog, *Clock)
	}{
		{"Nums", testNums}, {"NumsConcurrent", testNumsConcurrent}, {"NumsExhausted", testNumsExhausted},
		{"Items", testItems}, {"ItemsReplace", testItemsReplace}, {"ItemsAtomic", testItemsAtomic},
		{"ItemsByNum", testItemsByNum}, {"EachItem", testEachItem}, {"Totals", testTotals},
		{"Additions", testAdditions}, {"Entries", testEntries}, {"KnownFile", testKnownFile}, {"Times", testTimes},
		{"Documents", testDocuments}, {"Coverage", testCoverage}, {"CoverageConcurrent", testCoverageConcurrent},
		{"Sessions", testSessions}, {"Wipe", testWipe}, {"Cancelled", testCancelled}, {"Concurrent", testConcurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := NewClock()
			test.run(t, open(t, clock), clock)
		})
	}
}

// NewItem makes an item with every field filled.
func NewItem(num uint32) candor.Item {
	id := fmt.Sprintf("item%022d", num)
	day := time.Date(2020, 1, 1, 8, 30, 0, 123456789, time.UTC).AddDate(0, 0, int(num%1000))
	return candor.Item{
		ID: candor.ItemID(id), Num: num, Collection: "main", Name: fmt.Sprintf("letter %d.pdf", num),
		Places: []candor.Place{{Path: fmt.Sprintf("letters/%d/letter %d.pdf", num%100, num), ModTime: day}, {Path: "mail/7.eml/letter.pdf", Parent: "parent0000000000000000000a"}},
		Type:   "application/pdf", Size: int64(num) * 10, SHA256: fmt.Sprintf("%064x", num), Added: day, Condition: candor.Done,
		Extraction: candor.Extraction{Title: fmt.Sprintf("On the harbour, part %d", num), Date: day, DateFrom: "doc:Created", Language: "en",
			People: []string{"Ama Serwaa", "J. Ødegård"}, Pages: 3, Fields: []candor.Field{{Name: "iptc:City", Value: "Port Velmere"}}, TextSize: 4096},
		Parts: []candor.ItemID{"part00000000000000000000aa"},
	}
}

// NewItems makes items numbered from first.
func NewItems(first uint32, n int) []candor.Item {
	items := make([]candor.Item, n)
	for i := range items {
		items[i] = NewItem(first + uint32(i))
	}
	return items
}

func testNums(t *testing.T, c archive.Catalog, _ *Clock) {
	first := must(c.ReserveNums(t.Context(), 10))(t)
	second := must(c.ReserveNums(t.Context(), 1))(t)
	if first == 0 || second != first+10 {
		t.Fatalf("reserved 10 from %d, then 1 from %d; want numbers from 1 on, without overlap", first, second)
	}
	check(t, c.PutItems(t.Context(), []candor.Item{NewItem(5000)}))
	if n := must(c.ReserveNums(t.Context(), 1))(t); n <= 5000 {
		t.Fatalf("number %d was given out although item 5000 is held", n)
	}
}

func testNumsConcurrent(t *testing.T, c archive.Catalog, _ *Clock) {
	var mu sync.Mutex
	taken := make(map[uint32]bool)
	parallel(t, 8, func(int) error {
		for range 20 {
			first, err := c.ReserveNums(t.Context(), 7)
			if err != nil {
				return err
			}
			mu.Lock()
			for n := first; n < first+7; n++ {
				if taken[n] {
					t.Errorf("number %d was given out twice", n)
				}
				taken[n] = true
			}
			mu.Unlock()
		}
		return nil
	})
	if len(taken) != 8*20*7 {
		t.Fatalf("%d numbers were given out, want %d", len(taken), 8*20*7)
	}
}

func testNumsExhausted(t *testing.T, c archive.Catalog, _ *Clock) {
	check(t, c.PutItems(t.Context(), []candor.Item{NewItem(math.MaxUint32 - 1)}))
	if n := must(c.ReserveNums(t.Context(), 1))(t); n != math.MaxUint32 {
		t.Fatalf("the last number is %d, want %d", n, uint32(math.MaxUint32))
	}
	_, err := c.ReserveNums(t.Context(), 1)
	wantCode(t, err, candor.TooLarge)
}

func testItems(t *testing.T, c archive.Catalog, _ *Clock) {
	_, err := c.Item(t.Context(), "nothing")
	wantCode(t, err, candor.NotFound)
	want := NewItem(1)
	check(t, c.PutItems(t.Context(), []candor.Item{want}))
	same(t, must(c.Item(t.Context(), want.ID))(t), want)
	bare := candor.Item{ID: "bare", Num: 2, Collection: "main", Condition: candor.Failed, Reason: "it broke"}
	check(t, c.PutItems(t.Context(), []candor.Item{bare}))
	same(t, must(c.Item(t.Context(), "bare"))(t), bare)
	check(t, c.PutItems(t.Context(), nil))
	check(t, c.DeleteItem(t.Context(), want.ID))
	_, err = c.Item(t.Context(), want.ID)
	wantCode(t, err, candor.NotFound)
	check(t, c.DeleteItem(t.Context(), want.ID))
}

func testItemsReplace(t *testing.T, c archive.Catalog, _ *Clock) {
	it := NewItem(1)
	check(t, c.PutItems(t.Context(), []candor.Item{it}))
	it.Title, it.Places, it.Condition, it.Size = "Corrected", nil, candor.Partial, 77
	check(t, c.PutItems(t.Context(), []candor.Item{it}))
	same(t, must(c.Item(t.Context(), it.ID))(t), it)
	totals := must(c.Totals(t.Context(), "main"))(t)
	same(t, totals, candor.Totals{Items: 1, Bytes: 77, Conditions: map[candor.Condition]int64{candor.Partial: 1}})
}

func testItemsAtomic(t *testing.T, c archive.Catalog, _ *Clock) {
	check(t, c.PutItems(t.Context(), []candor.Item{NewItem(1)}))
	thief := NewItem(3)
	thief.Num = 1 // another item's number
	err := c.PutItems(t.Context(), []candor.Item{NewItem(2), thief})
	wantCode(t, err, candor.Conflict)
	_, err = c.Item(t.Context(), NewItem(2).ID)
	wantCode(t, err, candor.NotFound)
	if n := must(c.Totals(t.Context(), ""))(t).Items; n != 1 {
		t.Fatalf("%d items are counted after a refused batch, want 1", n)
	}
}

func testItemsByNum(t *testing.T, c archive.Catalog, _ *Clock) {
	check(t, c.PutItems(t.Context(), NewItems(1, 50)))
	var got []uint32
	for _, it := range must(c.ItemsByNum(t.Context(), []uint32{40, 3, 9999, 3, 17}))(t) {
		got = append(got, it.Num)
	}
	same(t, got, []uint32{40, 3, 3, 17})
	if none := must(c.ItemsByNum(t.Context(), nil))(t); len(none) != 0 {
		t.Fatalf("no numbers gave %d items", len(none))
	}
}

func testEachItem(t *testing.T, c archive.Catalog, _ *Clock) {
	items := NewItems(1, 1203) // more than two pages
	shuffled := slices.Clone(items)
	slices.Reverse(shuffled)
	check(t, c.PutItems(t.Context(), shuffled))
	var got []candor.Item
	check(t, c.EachItem(t.Context(), func(it candor.Item) error {
		got = append(got, it)
		return c.PutDocument(t.Context(), "seen", string(it.ID[:5]), nil) // yield may call the catalog
	}))
	same(t, got, items)
	stop := errors.New("stop")
	if err := c.EachItem(t.Context(), func(candor.Item) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("yield's error came back as %v", err)
	}
}

func testTotals(t *testing.T, c archive.Catalog, _ *Clock) {
	same(t, must(c.Totals(t.Context(), ""))(t), candor.Totals{Conditions: map[candor.Condition]int64{}})
	items := NewItems(1, 4)
	items[1].Collection, items[2].Condition = "photos", candor.Failed
	check(t, c.PutItems(t.Context(), items))
	same(t, must(c.Totals(t.Context(), "main"))(t),
		candor.Totals{Items: 3, Bytes: 80, Conditions: map[candor.Condition]int64{candor.Done: 2, candor.Failed: 1}})
	same(t, must(c.Totals(t.Context(), ""))(t),
		candor.Totals{Items: 4, Bytes: 100, Conditions: map[candor.Condition]int64{candor.Done: 3, candor.Failed: 1}})
	check(t, c.PutItems(t.Context(), []candor.Item{items[0], items[0]})) // putting again counts once
	check(t, c.DeleteItem(t.Context(), items[2].ID))
	check(t, c.DeleteItem(t.Context(), items[2].ID))
	same(t, must(c.Totals(t.Context(), "main"))(t), candor.Totals{Items: 2, Bytes: 50, Conditions: map[candor.Condition]int64{candor.Done: 2}})
}

func addition(id string, started time.Time) candor.Addition {
	return candor.Addition{ID: id, Collection: "main", By: "r.osei", Source: "a box of letters", Started: started, Expected: 3,
		Conditions: map[candor.Condition]int64{candor.Done: 2, candor.Failed: 1}, Files: 3, Items: 5, Bytes: 999, Duplicates: 1}
}

func testAdditions(t *testing.T, c archive.Catalog, clock *Clock) {
	_, err := c.Addition(t.Context(), "a1")
	wantCode(t, err, candor.NotFound)
	for i, id := range []string{"a1", "a3", "a2"} {
		check(t, c.PutAddition(t.Context(), addition(id, clock.Now().Add(time.Duration(i)*time.Hour)), nil))
	}
	changed := addition("a1", clock.Now())
	changed.Finished, changed.Files = clock.Now().Add(time.Hour), 4
	check(t, c.PutAddition(t.Context(), changed, nil))
	same(t, must(c.Addition(t.Context(), "a1"))(t), changed)
	var ids []string
	for _, a := range must(c.Additions(t.Context(), 2))(t) {
		ids = append(ids, a.ID)
	}
	same(t, ids, []string{"a2", "a3"})
	if all := must(c.Additions(t.Context(), 0))(t); len(all) != 3 {
		t.Fatalf("%d additions, want 3", len(all))
	}
}

func testEntries(t *testing.T, c archive.Catalog, clock *Clock) {
	entries := []candor.Entry{
		{Path: "b.txt", Size: 2, ModTime: clock.Now(), Item: "i2", Condition: candor.Done, Items: 1},
		{Path: "a.pdf", Size: 1, Item: "i1", Condition: candor.Partial, Reason: "page 3 of 9 could not be read", Items: 2},
		{Path: "c.bin", Size: 0, Condition: candor.Failed, Reason: "it vanished"},
	}
	check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), entries))
	again := candor.Entry{Path: "b.txt", Size: 2, ModTime: clock.Now(), Item: "i2", Condition: candor.Done, Duplicate: true}
	check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), []candor.Entry{again}))
	check(t, c.PutAddition(t.Context(), addition("a2", clock.Now()), entries[:1]))
	want := []candor.Entry{entries[1], entries[0], again, entries[2]}
	same(t, must(c.Entries(t.Context(), "a1", "", 0, 0))(t), want)
	same(t, must(c.Entries(t.Context(), "a1", "", 1, 2))(t), want[1:3])
	same(t, must(c.Entries(t.Context(), "a1", candor.Done, 0, 100))(t), want[1:3])
	same(t, must(c.Entries(t.Context(), "a1", candor.Failed, 0, 100))(t), want[3:])
	if none := must(c.Entries(t.Context(), "a1", "", 9, 100))(t); len(none) != 0 {
		t.Fatalf("%d entries beyond the end", len(none))
	}
}

func testKnownFile(t *testing.T, c archive.Catalog, clock *Clock) {
	at := clock.Now().Add(123 * time.Nanosecond)
	e := candor.Entry{Path: "a.pdf", Size: 9, ModTime: at, Item: "i1", Condition: candor.Done, Items: 1}
	check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), []candor.Entry{e}))
	newer, failed := e, e
	newer.Item, failed.Item, failed.Condition = "i2", "", candor.Failed
	check(t, c.PutAddition(t.Context(), addition("a2", clock.Now()), []candor.Entry{newer, failed}))
	got, ok, err := c.KnownFile(t.Context(), "main", "a.pdf", 9, at)
	check(t, err)
	if !ok {
		t.Fatal("the file is not known")
	}
	same(t, got, newer)
	for name, known := range map[string]func() (candor.Entry, bool, error){
		"another collection": func() (candor.Entry, bool, error) { return c.KnownFile(t.Context(), "photos", "a.pdf", 9, at) },
		"another path":       func() (candor.Entry, bool, error) { return c.KnownFile(t.Context(), "main", "A.pdf", 9, at) },
		"another size":       func() (candor.Entry, bool, error) { return c.KnownFile(t.Context(), "main", "a.pdf", 8, at) },
		"another time":       func() (candor.Entry, bool, error) { return c.KnownFile(t.Context(), "main", "a.pdf", 9, at.Add(1)) },
		"no time":            func() (candor.Entry, bool, error) { return c.KnownFile(t.Context(), "main", "a.pdf", 9, time.Time{}) },
	} {
		if _, ok, err := known(); ok || err != nil {
			t.Errorf("%s: known %v, error %v", name, ok, err)
		}
	}
}

func testTimes(t *testing.T, c archive.Catalog, clock *Clock) {
	times := []time.Time{{}, time.Unix(0, 0).UTC(), clock.Now(), time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i, at := range times {
		path := fmt.Sprint(i)
		check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), []candor.Entry{{Path: path, ModTime: at, Condition: candor.Done}}))
		got, ok, err := c.KnownFile(t.Context(), "main", path, 0, at)
		if err != nil || !ok || !got.ModTime.Equal(at) {
			t.Errorf("a file of %v came back as %v, known %v, error %v", at, got.ModTime, ok, err)
		}
	}
	// What hostile archives claim must not wrap around, nor be an error.
	for _, at := range []time.Time{time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		path := at.Format(time.DateOnly)
		check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), []candor.Entry{{Path: path, ModTime: at, Condition: candor.Done}}))
		got, ok, err := c.KnownFile(t.Context(), "main", path, 0, at)
		if err != nil || !ok || got.ModTime.Before(clock.Now()) != at.Before(clock.Now()) {
			t.Errorf("a file of %v came back as %v, known %v, error %v", at, got.ModTime, ok, err)
		}
	}
}

func testDocuments(t *testing.T, c archive.Catalog, _ *Clock) {
	check(t, c.PutDocument(t.Context(), "purpose", "p-1", []byte(`{"a":1}`)))
	check(t, c.PutDocument(t.Context(), "purpose", "p-2", []byte{0, 255}))
	check(t, c.PutDocument(t.Context(), "person", "p-1", nil))
	check(t, c.PutDocument(t.Context(), "purpose", "p-1", []byte(`{"a":2}`)))
	same(t, must(c.Documents(t.Context(), "purpose"))(t), map[string][]byte{"p-1": []byte(`{"a":2}`), "p-2": {0, 255}})
	people := must(c.Documents(t.Context(), "person"))(t)
	if len(people) != 1 || len(people["p-1"]) != 0 {
		t.Fatalf("the empty document came back as %v", people)
	}
	check(t, c.DeleteDocument(t.Context(), "purpose", "p-1"))
	check(t, c.DeleteDocument(t.Context(), "purpose", "p-1"))
	same(t, must(c.Documents(t.Context(), "purpose"))(t), map[string][]byte{"p-2": {0, 255}})
	if none := must(c.Documents(t.Context(), "nothing"))(t); len(none) != 0 {
		t.Fatalf("an unknown kind has %d documents", len(none))
	}
}

func testCoverage(t *testing.T, c archive.Catalog, _ *Clock) {
	if n := must(c.Coverage(t.Context(), "p-1"))(t).GetCardinality(); n != 0 {
		t.Fatalf("a new purpose covers %d items", n)
	}
	check(t, c.Cover(t.Context(), "p-1", []uint32{7, 3, math.MaxUint32, 3}))
	check(t, c.Cover(t.Context(), "p-1", []uint32{3, 8}))
	check(t, c.Cover(t.Context(), "p-1", nil))
	check(t, c.Cover(t.Context(), "p-2", []uint32{1}))
	got := must(c.Coverage(t.Context(), "p-1"))(t)
	same(t, got.ToArray(), []uint32{3, 7, 8, math.MaxUint32})
	got.Add(99) // the caller's own
	if must(c.Coverage(t.Context(), "p-1"))(t).Contains(99) {
		t.Fatal("the caller's bitmap is the catalog's")
	}
	same(t, must(c.Coverage(t.Context(), "p-2"))(t).ToArray(), []uint32{1})
}

func testCoverageConcurrent(t *testing.T, c archive.Catalog, _ *Clock) {
	parallel(t, 8, func(worker int) error {
		for i := range 25 {
			own := uint32(worker*1000 + i)
			if err := c.Cover(t.Context(), "p-1", []uint32{own, uint32(i)}); err != nil {
				return err
			}
			covered, err := c.Coverage(t.Context(), "p-1")
			if err != nil {
				return err
			}
			if !covered.Contains(own) {
				t.Errorf("item %d was covered and is not in the coverage", own)
			}
		}
		return nil
	})
	if n := must(c.Coverage(t.Context(), "p-1"))(t).GetCardinality(); n != 8*25 {
		t.Fatalf("%d items are covered, want %d", n, 8*25)
	}
}

func testSessions(t *testing.T, c archive.Catalog, clock *Clock) {
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	_, _, err := c.Session(t.Context(), one[:])
	wantCode(t, err, candor.NotFound)
	expires := clock.Now().Add(time.Hour)
	check(t, c.PutSession(t.Context(), one[:], "r.osei", expires))
	check(t, c.PutSession(t.Context(), two[:], "a.adjei", expires.Add(time.Hour)))
	who, until, err := c.Session(t.Context(), one[:])
	if err != nil || who != "r.osei" || !until.Equal(expires) {
		t.Fatalf("the session is %q until %v, error %v", who, until, err)
	}
	clock.Advance(time.Hour)
	_, _, err = c.Session(t.Context(), one[:])
	wantCode(t, err, candor.NotFound)
	check(t, c.DeleteSession(t.Context(), two[:]))
	check(t, c.DeleteSession(t.Context(), two[:]))
	_, _, err = c.Session(t.Context(), two[:])
	wantCode(t, err, candor.NotFound)
}

func testWipe(t *testing.T, c archive.Catalog, clock *Clock) {
	hash := sha256.Sum256([]byte("secret"))
	check(t, c.PutSession(t.Context(), hash[:], "r.osei", clock.Now().Add(time.Hour)))
	check(t, c.PutItems(t.Context(), NewItems(1, 20)))
	check(t, c.PutAddition(t.Context(), addition("a1", clock.Now()), []candor.Entry{{Path: "a", Condition: candor.Done}}))
	check(t, c.PutDocument(t.Context(), "purpose", "p-1", []byte("x")))
	check(t, c.Cover(t.Context(), "p-1", []uint32{1, 2}))
	check(t, c.Wipe(t.Context()))

	check(t, c.EachItem(t.Context(), func(it candor.Item) error { return fmt.Errorf("item %d is left", it.Num) }))
	same(t, must(c.Totals(t.Context(), ""))(t), candor.Totals{Conditions: map[candor.Condition]int64{}})
	left := len(must(c.Additions(t.Context(), 0))(t)) + len(must(c.Entries(t.Context(), "a1", "", 0, 0))(t)) +
		len(must(c.Documents(t.Context(), "purpose"))(t)) + int(must(c.Coverage(t.Context(), "p-1"))(t).GetCardinality())
	if left != 0 {
		t.Fatalf("%d things are left", left)
	}
	if _, _, err := c.Session(t.Context(), hash[:]); err != nil {
		t.Fatalf("the session is gone: %v", err)
	}
	if n := must(c.ReserveNums(t.Context(), 1))(t); n <= 20 {
		t.Fatalf("number %d was given out again", n)
	}
}

func testCancelled(t *testing.T, c archive.Catalog, _ *Clock) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantCode(t, c.PutItems(ctx, NewItems(1, 1)), candor.Unavailable)
	_, err := c.Item(t.Context(), NewItem(1).ID)
	wantCode(t, err, candor.NotFound)
}

// testConcurrent has writers, readers and refused writes share transactions.
func testConcurrent(t *testing.T, c archive.Catalog, _ *Clock) {
	check(t, c.PutItems(t.Context(), []candor.Item{NewItem(1)}))
	parallel(t, 8, func(worker int) error {
		for i := range 20 {
			it := NewItem(uint32(1000 + worker*100 + i))
			if err := c.PutItems(t.Context(), []candor.Item{it}); err != nil {
				return err
			}
			if _, err := c.Item(t.Context(), it.ID); err != nil {
				return fmt.Errorf("an acknowledged item: %w", err)
			}
			thief := NewItem(uint32(5000 + worker*100 + i))
			thief.Num = 1
			if code := candor.CodeOf(c.PutItems(t.Context(), []candor.Item{thief})); code != candor.Conflict {
				return fmt.Errorf("a taken number gave %q", code)
			}
		}
		return nil
	})
	if n := must(c.Totals(t.Context(), "main"))(t).Items; n != 161 {
		t.Fatalf("%d items, want 161", n)
	}
}

func parallel(t *testing.T, n int, run func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range n {
		wg.Go(func() {
			if err := run(worker); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code candor.Code) {
	t.Helper()
	if got := candor.CodeOf(err); got != code {
		t.Fatalf("error %v has code %q, want %q", err, got, code)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}
