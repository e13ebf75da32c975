package extract

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

// BenchmarkPDF reads one document of 200 pages again and again with one worker.
func BenchmarkPDF(b *testing.B) {
	const pages = 200
	page := strings.TrimSuffix(strings.Repeat("The council met at noon and heard the harbour master on the fees of the year.\n", 40), "\n")
	texts := make([]string, pages)
	for i := range texts {
		texts[i] = page
	}
	data := fixture.PDF("Minutes", texts...)
	p := newPool(b, func(c *Config) { c.Workers = 1 })
	read(b, p, "a.pdf", data)
	for b.Loop() {
		if r, _ := read(b, p, "a.pdf", data); r.Condition != candor.Done {
			b.Fatal(r.Reason)
		}
	}
	b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "pages/s")
}

// BenchmarkSmallFiles reads small files of many formats with every worker.
func BenchmarkSmallFiles(b *testing.B) {
	files := map[string][]byte{
		"a.txt": []byte(strings.Repeat(english+"\n", 20)), "a.html": []byte(strings.Repeat(fixture.HTML, 10)), "a.1": []byte(strings.Repeat(fixture.Troff, 10)),
		"a.docx": fixture.DOCX("x", english), "a.xlsx": fixture.XLSX(), "a.eml": []byte(fixture.Mail), "a.gz": fixture.Gzip([]byte(english)), "a.png": fixture.Image("png", 64, 64),
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	p := newPool(b, func(c *Config) { c.Workers = runtime.GOMAXPROCS(0) })
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			name := names[int(n.Add(1))%len(names)]
			read(b, p, name, files[name])
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkFolder reads the files below $CANDOR_BENCH_FILES once, with their
// parts, and reports the most memory that all workers held.
func BenchmarkFolder(b *testing.B) {
	dir := os.Getenv("CANDOR_BENCH_FILES")
	if dir == "" {
		b.Skip("CANDOR_BENCH_FILES names no folder")
	}
	var paths []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			paths = append(paths, path)
		}
		return nil
	})
	for b.Loop() {
		folder(b, paths)
	}
}

func folder(b *testing.B, paths []string) {
	var peak, files, pages, bytes atomic.Int64
	var conditions [6]atomic.Int64
	p := newPool(b, nil)
	next := make(chan string)
	done := make(chan struct{})
	for range runtime.GOMAXPROCS(0) {
		go func() {
			defer func() { done <- struct{}{} }()
			for path := range next {
				g := &gathered{}
				data, err := os.ReadFile(path)
				if err != nil {
					continue
				}
				bytes.Add(int64(len(data)))
				r, err := p.Extract(context.Background(), source(filepath.Base(path), data), g)
				if err != nil {
					b.Error(err)
				}
				for i, c := range candor.Conditions() {
					if r.Condition == c {
						conditions[i].Add(1)
					}
				}
				if r.Condition == candor.Failed || r.Condition == candor.Partial {
					b.Logf("%s: %s, %s (%s)", path, r.Type, r.Condition, r.Reason)
				}
				pages.Add(int64(r.Pages))
				files.Add(1)
				for _, part := range g.parts {
					if _, err := p.Extract(context.Background(), source(part.Path, part.data), &gathered{}); err != nil {
						b.Error(err)
					}
					files.Add(1)
				}
			}
		}()
	}
	for i, path := range paths {
		next <- path
		if i%20 == 0 {
			peak.Store(max(peak.Load(), childrenMemory()))
		}
	}
	close(next)
	for range runtime.GOMAXPROCS(0) {
		<-done
	}
	b.ReportMetric(float64(files.Load())/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(bytes.Load())/1e6/b.Elapsed().Seconds(), "MB/s")
	b.ReportMetric(float64(pages.Load())/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(peak.Load())/1024, "worker-MB")
	var say []string
	for i, c := range candor.Conditions() {
		say = append(say, fmt.Sprintf("%s %d", c, conditions[i].Load()))
	}
	b.Log(strings.Join(say, ", "))
}

// childrenMemory is what all children of this process hold now, in KiB.
func childrenMemory() int64 {
	var total int64
	stats, _ := filepath.Glob("/proc/[0-9]*/status")
	parent := fmt.Sprintf("PPid:\t%d\n", os.Getpid())
	for _, s := range stats {
		data, err := os.ReadFile(s)
		if err != nil || !strings.Contains(string(data), parent) {
			continue
		}
		for _, line := range strings.Split(string(data), "\n") {
			var kib int64
			if n, _ := fmt.Sscanf(line, "VmRSS: %d", &kib); n == 1 {
				total += kib
			}
		}
	}
	return total
}
