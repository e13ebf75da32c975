package witness

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkServer is one witness with its state on the disk, asked for one
// record more each time.
func BenchmarkServer(b *testing.B) {
	l, s := benchServer(b)
	requests := make([][]byte, b.N)
	for i := range requests {
		l.grow(int64(i+1), "a")
		requests[i] = l.request(int64(i), int64(i+1)).marshal()
	}
	b.ResetTimer()
	for _, r := range requests {
		if w := post(s, r); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

func benchServer(b *testing.B) (*testLog, *Server) {
	l := newLog(b, "log.example/a")
	cfg := testConfig(b, nil, l)
	cfg.FS, cfg.Dir = nil, b.TempDir()
	return l, mustServe(b, cfg)
}

// BenchmarkCosign is what a log waits for a witness of its own on loopback:
// one checkpoint after the other, and 64 at once that go as few.
func BenchmarkCosign(b *testing.B) {
	for name, atOnce := range map[string]int64{"1": 1, "64": 64} {
		b.Run(name, func(b *testing.B) {
			l, server := benchServer(b)
			server.now = time.Now
			web := httptest.NewServer(server)
			defer web.Close()
			p, err := ParsePolicy([]byte("witness w " + server.Key() + " " + web.URL + "\nquorum w\n"))
			if err != nil {
				b.Fatal(err)
			}
			s, err := NewSubmitter(SubmitterConfig{Policy: p, Consistency: l.prove})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var size int64
			for b.Loop() {
				var wg sync.WaitGroup
				for range atOnce {
					size++
					l.grow(size, "a")
					cp := l.checkpoint(size)
					wg.Go(func() {
						if _, err := s.Cosign(context.Background(), cp); err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
			}
		})
	}
}

// BenchmarkRefusal is what a stranger can make a witness do without a
// signature that counts, with as many lines as a note may have.
func BenchmarkRefusal(b *testing.B) {
	l, s := benchServer(b)
	other := newLog(b, "log.example/b").grow(3, "b")
	l.grow(3, "a")
	r := l.request(0, 3)
	text, _, _ := strings.Cut(string(r.checkpoint), "\n\n")
	r.checkpoint = []byte(text + "\n\n" + strings.Repeat(string(lines(other.checkpoint(3))), 90))
	body := r.marshal()
	for b.Loop() {
		if w := post(s, body); w.Code != 403 {
			b.Fatal(w.Code)
		}
	}
}
