package local_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"candor/internal/index/local"
	"candor/internal/query"
)

// corpus makes documents whose words are spread as in natural text (Zipf),
// about 2 kB each.
func corpus(n int) ([]query.Document, int) {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := func() int { return int(math.Pow(60_000, rng.Float64())) }
	docs := make([]query.Document, n)
	size := 0
	for i := range docs {
		var b strings.Builder
		for range 320 {
			w := zipf()
			fmt.Fprintf(&b, "%s%s ", word(w), []string{"", "s", "ed", "ing"}[w%4])
		}
		docs[i] = query.Document{Num: uint32(i), Item: "i", Collection: "main", Name: fmt.Sprintf("f%d.txt", i), Path: fmt.Sprintf("d/f%d.txt", i),
			Title: word(zipf()), Text: b.String(), Type: "text/plain", People: []string{word(zipf() % 50)}}
		size += b.Len()
	}
	return docs, size
}

// benchFolder names a folder of UTF-8 text files to measure on instead.
const benchFolder = "CANDOR_BENCH_TEXTS"

func texts(b *testing.B) ([]query.Document, int) {
	dir := os.Getenv(benchFolder)
	if dir == "" {
		return corpus(5000)
	}
	var docs []query.Document
	size := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || size > 32<<20 {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		docs = append(docs, query.Document{Num: uint32(len(docs)), Name: info.Name(), Path: path, Text: string(data), Collection: "main"})
		size += len(data)
		return nil
	})
	if err != nil || len(docs) == 0 {
		b.Fatalf("%d documents: %v", len(docs), err)
	}
	return docs, size
}

func word(n int) string {
	var b strings.Builder
	for n += 30; n > 0; n /= 15 {
		b.WriteByte("bcdfghklmnprstv"[n%15])
		b.WriteByte("aeiou"[n%5])
	}
	return b.String()
}

func BenchmarkPut(b *testing.B) {
	docs, size := texts(b)
	b.SetBytes(int64(size))
	for b.Loop() {
		dir := b.TempDir()
		x, err := local.Open(context.Background(), local.Config{Dir: dir, Key: key(1)})
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < len(docs); i += 500 {
			if err := x.Put(context.Background(), docs[i:min(i+500, len(docs))]); err != nil {
				b.Fatal(err)
			}
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(folderSize(dir))/float64(size), "index/text")
	}
}

func folderSize(dir string) (n int64) {
	filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}

func BenchmarkSearch(b *testing.B) {
	docs, _ := corpus(20_000)
	x := open(b, b.TempDir(), key(1))
	if err := x.Put(context.Background(), docs); err != nil {
		b.Fatal(err)
	}
	searches(b, x)
}

// BenchmarkSearchCold opens every block again for every query: its difference
// from BenchmarkSearch is what reading and unsealing cost at most.
func BenchmarkSearchCold(b *testing.B) {
	docs, _ := corpus(20_000)
	x, err := local.Open(context.Background(), local.Config{Dir: b.TempDir(), Key: key(1), CacheBytes: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	if err := x.Put(context.Background(), docs); err != nil {
		b.Fatal(err)
	}
	searches(b, x)
}

func searches(b *testing.B, x *local.Index) {
	a, c, d := word(40), word(400), word(4000)
	for _, q := range []struct {
		name, text       string
		facets, snippets bool
	}{
		{"term", c, false, false}, {"and", a + " " + c, false, false}, {"or3", a + " OR " + c + " OR " + d, false, false},
		{"phrase", `"` + a + " " + c + `"`, false, false}, {"prefix", c[:3] + "*", false, false}, {"fuzzy", c + "~2", false, false},
		{"or2facets", a + " OR " + c, true, false}, {"or2snippets", a + " OR " + c, false, true}, {"all", "*", true, false},
	} {
		n, err := query.Parse(q.text, query.Options{})
		if err != nil {
			b.Fatal(err)
		}
		r := query.Request{Query: n, Limit: 10, Snippets: q.snippets}
		if q.facets {
			r.Facets = []string{"collection", "type", "people", "year"}
		}
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				res, err := x.Search(context.Background(), r)
				if err != nil || res.Total == 0 {
					b.Fatalf("%d found, %v", res.Total, err)
				}
			}
		})
	}
}

// BenchmarkPeopleCounted: what it costs a search to count the different people
// that its results name, here three of 20,000 in each of 200,000 short documents.
func BenchmarkPeopleCounted(b *testing.B) {
	x, err := local.Open(context.Background(), local.Config{Dir: b.TempDir(), Key: key(1)})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	docs := make([]query.Document, 20_000)
	for n := uint32(0); n < 200_000; n += uint32(len(docs)) {
		for i := range docs {
			docs[i] = query.Document{Num: n + uint32(i), Item: "i", Collection: "main", Text: "common " + word(rng.IntN(5000))}
			if i%10 == 0 {
				docs[i].Text += " tenth"
			}
			if i%1000 == 0 {
				docs[i].Text += " rare"
			}
			for range 3 {
				docs[i].Named.People = append(docs[i].Named.People, fmt.Sprintf("Person %d", rng.IntN(20_000)))
			}
		}
		if err := x.Put(context.Background(), docs); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range []string{"rare", "tenth", "common"} {
		for name, field := range map[string]string{"alone": "", "with people": query.FacetPersons} {
			b.Run(text+"/"+name, func(b *testing.B) {
				for b.Loop() {
					if _, err := x.Search(context.Background(), query.Request{Query: query.Word{Text: text}, Limit: 20, Distinct: field}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
