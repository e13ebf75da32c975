// Command giants puts documents into the embedded index that are large in one
// way or another, each in a process of its own, and tells how long it takes,
// how much memory, and that what stands at the document's end is found.
//
//	go run ./giants [-mb 100]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"candor/bench/internal/meter"
	"candor/internal/index/local"
	"candor/internal/query"
)

// giants make a text of so many bytes; " lastword" is put behind it.
var giants = []struct {
	name string
	make func(bytes int) string
}{
	{"prose on one line", func(n int) string { return strings.Repeat("the quick brown fox jumps over the lazy dog and ", n/48) }},
	{"one word again and again", func(n int) string { return strings.Repeat("again ", n/6) }},
	{"one word without end", func(n int) string { return strings.Repeat("x", n) }},
	{"nothing but different words", differentWords},
	{"no word at all", func(n int) string { return strings.Repeat(". ", n/2) }},
	{"bytes that are no UTF-8", func(n int) string { return strings.Repeat("\xff\xfe bad\x80", n/7) }},
}

func differentWords(n int) string {
	var b strings.Builder
	for i := uint64(0); b.Len() < n; i++ {
		b.WriteString(strconv.FormatUint(i*0x9E3779B97F4A7C15>>8, 36))
		b.WriteByte(' ')
	}
	return b.String()
}

func main() {
	mb := flag.Int("mb", 100, "size of each document, MB of text")
	child := flag.Int("giant", -1, "be the process of this giant")
	tell := flag.String("tell", "", "the file in which that process tells")
	flag.Parse()
	run := func() error { return all(*mb) }
	if *child >= 0 {
		run = func() error { return one(context.Background(), *child, *mb*1_000_000, *tell) }
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func all(mb int) error {
	dir, err := os.MkdirTemp("", "bench-giants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("| %d MB of | seconds | peak MB | index/text |\n|---|---|---|---|\n", mb)
	for i, g := range giants {
		told := filepath.Join(dir, strconv.Itoa(i))
		sample, err := meter.Run(exec.Command(os.Args[0], "-giant", strconv.Itoa(i), "-mb", strconv.Itoa(mb), "-tell", told))
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		out, err := os.ReadFile(told)
		if err != nil {
			return err
		}
		seconds, size, _ := strings.Cut(string(out), " ")
		fmt.Printf("| %s | %s | %.0f | %s |\n", g.name, seconds, float64(sample.PeakKB)/1000, size)
	}
	return nil
}

func one(ctx context.Context, giant, size int, tell string) error {
	dir, err := os.MkdirTemp("", "bench-giants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	x, err := local.Open(ctx, local.Config{Dir: dir, Key: make([]byte, 32), MergeRate: -1})
	if err != nil {
		return err
	}
	text := giants[giant].make(size) + " lastword"
	start := time.Now()
	if err := x.Put(ctx, []query.Document{{Num: 1, Item: "i", Collection: "main", Text: text}}); err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	res, err := x.Search(ctx, query.Request{Query: query.Word{Text: "lastword"}, Limit: 1, Snippets: true})
	if err != nil {
		return err
	}
	if res.Total != 1 {
		return fmt.Errorf("its last word is found %d times", res.Total)
	}
	if err := x.Close(); err != nil {
		return err
	}
	bytes, err := meter.SizeOf(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(tell, fmt.Appendf(nil, "%.1f %.2f", seconds, float64(bytes)/float64(len(text))), 0o600)
}
