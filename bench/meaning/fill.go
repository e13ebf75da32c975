package main

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"candor"
	"candor/internal/analyze/entities"
	"candor/internal/query"
)

// batch is how many documents are added at once.
const batch = 10_000

// took is what filling an index took: of one core what is done for each document,
// by the clock what adding takes.
type took struct {
	bytes                             int
	placing, naming, printing, adding time.Duration
}

// fill adds the first n documents. Questions are pieces of some of them.
func (b *bench) fill(ctx context.Context, name string, n, each int) (t took, err error) {
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	var docs []query.Document
	for i := 0; i < n && s.Scan(); i++ {
		d := b.document(i, strings.SplitN(s.Text(), "\t", 4))
		t.bytes += len(d.Text)
		if rnd.IntN(n) < 2*each && len(b.questions) < each {
			words := strings.Fields(d.Text)
			from := rnd.IntN(max(1, len(words)-8))
			b.questions = append(b.questions, strings.Join(words[from:min(from+8, len(words))], " "))
		}
		if docs = append(docs, d); len(docs) == batch || i+1 == n {
			if err := b.put(ctx, docs, &t); err != nil {
				return t, err
			}
			docs = docs[:0]
		}
	}
	return t, s.Err()
}

// document is a line of the file as the archive would hold it: of a family of
// four and a conversation of eight that stand one after the other, with a day.
func (b *bench) document(i int, line []string) query.Document {
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i%9000)
	return query.Document{
		Num: uint32(i), Item: "i", Collection: "main", Condition: candor.Done, Type: line[1], People: []string{line[2]}, Text: line[3],
		Language: b.languages[i%len(b.languages)], Date: day, Added: day,
		Kin: query.Kin{Family: uint64(i/4) + 1, Thread: uint64(i/8) + 1},
	}
}

// put places documents, finds what they name, on two cores, and adds them.
func (b *bench) put(ctx context.Context, docs []query.Document, t *took) error {
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	for from := range 2 {
		wg.Go(func() {
			var mine took
			for i := from; i < len(docs); i += 2 {
				if err := b.analyse(ctx, &docs[i], &mine); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			t.placing, t.naming, t.printing = t.placing+mine.placing, t.naming+mine.naming, t.printing+mine.printing
		})
	}
	if wg.Wait(); failed != nil {
		return failed
	}
	for _, d := range docs {
		for _, p := range d.Meaning.Passages {
			b.vectors, b.owners = append(b.vectors, p.Vector), append(b.owners, d.Num)
		}
	}
	begin := time.Now()
	err := b.index.Put(ctx, docs)
	t.adding += time.Since(begin)
	return err
}

func (b *bench) analyse(ctx context.Context, d *query.Document, t *took) (err error) {
	begin := time.Now()
	d.Meaning, err = b.model.Embed(ctx, "", d.Text)
	placed := time.Now()
	d.Named = entities.Rules{}.Find(d.Text)
	named := time.Now()
	d.Kin.Text = query.TextPrint(d.Text)
	t.placing, t.naming, t.printing = t.placing+placed.Sub(begin), t.naming+named.Sub(placed), t.printing+time.Since(named)
	return err
}
