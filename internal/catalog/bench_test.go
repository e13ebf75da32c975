package catalog_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"candor"
	"candor/internal/catalog"
	"candor/internal/catalog/catalogtest"
)

func benchCatalog(b *testing.B, items int) *catalog.Catalog {
	b.Helper()
	c := open(b, catalog.Config{Path: filepath.Join(b.TempDir(), "catalog.db"), Key: newKey()})
	for first := 1; first < items; first += 500 {
		check(b, c.PutItems(b.Context(), catalogtest.NewItems(uint32(first), 500)))
	}
	return c
}

// BenchmarkPutItems stores batches of 500 new items, each synced to disk.
func BenchmarkPutItems(b *testing.B) {
	c := benchCatalog(b, 0)
	first := uint32(1)
	for b.Loop() {
		check(b, c.PutItems(b.Context(), catalogtest.NewItems(first, 500)))
		first += 500
	}
	b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkPutAddition stores an account with batches of 500 entries.
func BenchmarkPutAddition(b *testing.B) {
	c := benchCatalog(b, 0)
	a := candor.Addition{ID: "a1", Collection: "main"}
	entries := make([]candor.Entry, 500)
	n := 0
	for b.Loop() {
		for i := range entries {
			n++
			entries[i] = candor.Entry{Path: fmt.Sprintf("letters/%d/letter %d.pdf", n%100, n), Size: int64(n), Item: "item", Condition: candor.Done}
		}
		check(b, c.PutAddition(b.Context(), a, entries))
	}
	b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkCover counts one page of 20 results, as every search does.
func BenchmarkCover(b *testing.B) {
	c := benchCatalog(b, 0)
	nums := make([]uint32, 20)
	n := uint32(0)
	for b.Loop() {
		for i := range nums {
			n += 7
			nums[i] = n
		}
		check(b, c.Cover(b.Context(), candor.PurposeID(fmt.Sprint("p-", n/35000)), nums))
	}
}

// BenchmarkCoverParallel is BenchmarkCover from many searches at once.
func BenchmarkCoverParallel(b *testing.B) {
	c := benchCatalog(b, 0)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for n := uint32(1); pb.Next(); n += 20 {
			if err := c.Cover(b.Context(), "p-1", []uint32{n, n + 1, n + 2, n + 3}); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkCoverage reads a purpose's whole coverage of 5,000 items.
func BenchmarkCoverage(b *testing.B) {
	c := benchCatalog(b, 0)
	nums := make([]uint32, 5000)
	for i := range nums {
		nums[i] = uint32(i * 13)
	}
	check(b, c.Cover(b.Context(), "p-1", nums))
	for b.Loop() {
		if _, err := c.Coverage(b.Context(), "p-1"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkItemsByNum reads the items of one page of results out of 20,000.
func BenchmarkItemsByNum(b *testing.B) {
	c := benchCatalog(b, 20_000)
	nums := make([]uint32, 20)
	for b.Loop() {
		for i := range nums {
			nums[i] = (nums[i]+uint32(i)*977)%19_000 + 1
		}
		if items, err := c.ItemsByNum(b.Context(), nums); err != nil || len(items) != 20 {
			b.Fatal(len(items), err)
		}
	}
}

// BenchmarkEachItem reads all of 20,000 items.
func BenchmarkEachItem(b *testing.B) {
	c := benchCatalog(b, 20_000)
	for b.Loop() {
		check(b, c.EachItem(b.Context(), func(candor.Item) error { return nil }))
	}
	b.ReportMetric(float64(b.N)*20_000/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkTotals is on the path of every search.
func BenchmarkTotals(b *testing.B) {
	c := benchCatalog(b, 5000)
	for b.Loop() {
		if _, err := c.Totals(b.Context(), "main"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens and closes a catalog that is there.
func BenchmarkOpen(b *testing.B) {
	cfg := catalog.Config{Path: filepath.Join(b.TempDir(), "catalog.db"), Key: newKey()}
	for b.Loop() {
		c, err := catalog.New(b.Context(), cfg)
		check(b, err)
		closeIt(b, c)
	}
}
