// Command relevance judges what is found first by published collections with
// judgements: nDCG@10 and recall@100, as trec_eval defines them, of searching by
// words (any of the question's), by meaning, and by both, beside a textbook BM25
// over the same stems. It looks for collections in folders: SMART's format (one
// file each of *.ALL, *.QRY and *.REL: Cranfield, CISI, MED, ADI), or BEIR's
// (corpus.jsonl, queries.jsonl, qrels/test.tsv).
//
//	go run ./relevance -collections FOLDER
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"candor"
	"candor/internal/analyze/embed"
	"candor/internal/index/local"
	"candor/internal/query"
)

// deep is how far down recall is measured.
const deep = 100

// collection is documents, questions, and how relevant which document is.
type collection struct {
	name      string
	docs      []doc
	questions []question
}

type doc struct{ id, title, text string }

type question struct {
	text  string
	grade map[string]int // by document; above 0 is relevant
}

func main() {
	folder := flag.String("collections", "../.cache/collections", "the folder with a folder for each collection")
	flag.Parse()
	if err := run(context.Background(), *folder); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("no collections: %w; see docs/benchmarks.md for where they come from", err)
	}
	fmt.Printf("%-10s %7s %5s | %-13s | %-13s | %-13s | %-13s\n", "", "docs", "qs", "textbook", "words", "meaning", "both")
	var sums [4]judged
	count := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		c, err := load(filepath.Join(folder, e.Name()))
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		all, err := judgeAll(ctx, c)
		if err != nil {
			return err
		}
		fmt.Printf("%-10s %7d %5d", c.name, len(c.docs), len(c.questions))
		for i, j := range all {
			fmt.Printf(" | %.4f %.4f", j.ndcg, j.recall)
			sums[i].ndcg += j.ndcg
			sums[i].recall += j.recall
		}
		fmt.Println()
		count++
	}
	fmt.Printf("%-24s", "mean")
	for _, s := range sums {
		fmt.Printf(" | %.4f %.4f", s.ndcg/float64(count), s.recall/float64(count))
	}
	fmt.Println("\neach pair: nDCG@10, recall@100")
	return nil
}

// judgeAll judges the four ways to search.
func judgeAll(ctx context.Context, c collection) (out [4]judged, err error) {
	dir, err := os.MkdirTemp("", "relevance-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(dir)
	x, err := local.Open(ctx, local.Config{Dir: dir, Key: make([]byte, 32)})
	if err != nil {
		return out, err
	}
	defer x.Close()
	model := embed.BuiltIn{}
	if err := fill(ctx, x, model, c.docs); err != nil {
		return out, err
	}
	plain := newTextbook(c.docs)
	ways := []func(string) ([]string, error){
		func(q string) ([]string, error) { return plain.best(q), nil },
		func(q string) ([]string, error) { return search(ctx, x, c.docs, request(q)) },
		func(q string) ([]string, error) { return near(ctx, x, model, c.docs, q, false) },
		func(q string) ([]string, error) { return near(ctx, x, model, c.docs, q, true) },
	}
	for i, way := range ways {
		for _, q := range c.questions {
			found, err := way(q.text)
			if err != nil {
				return out, err
			}
			out[i].add(judge(found, q.grade))
		}
		out[i].divide(len(c.questions))
	}
	return out, nil
}

func fill(ctx context.Context, x *local.Index, model embed.BuiltIn, docs []doc) error {
	var batch []query.Document
	for i, d := range docs {
		one := query.Document{Num: uint32(i + 1), Item: candor.ItemID(fmt.Sprintf("item%022d", i)), Title: d.title, Text: d.text, Collection: "main"}
		var err error
		if one.Meaning, err = model.Embed(ctx, d.title, d.text); err != nil {
			return err
		}
		if batch = append(batch, one); len(batch) == 2000 || i+1 == len(docs) {
			if err := x.Put(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// request asks for any of a question's words.
func request(q string) query.Request {
	n, err := query.Question(q)
	if err != nil {
		n = query.Word{Text: q}
	}
	return query.Request{Query: n, Limit: deep}
}

func near(ctx context.Context, x *local.Index, model embed.BuiltIn, docs []doc, q string, fused bool) ([]string, error) {
	v, err := model.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	r := request(q)
	if v != nil {
		r.Near = &query.Near{Model: model.Model(), Vector: v, Least: *least, Fused: fused}
	}
	return search(ctx, x, docs, r)
}

var least = flag.Float64("least", 0.3, "least likeness, as the archive has it")

func search(ctx context.Context, x *local.Index, docs []doc, r query.Request) ([]string, error) {
	res, err := x.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(res.Hits))
	for i, h := range res.Hits {
		out[i] = docs[h.Num-1].id
	}
	return out, nil
}
