package main

import (
	"math"
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"

	"candor/internal/query"
)

// judged is how good rankings are, on average.
type judged struct{ ndcg, recall float64 }

func (j *judged) add(other judged) { j.ndcg += other.ndcg; j.recall += other.recall }
func (j *judged) divide(n int)     { j.ndcg /= float64(n); j.recall /= float64(n) }

// judge judges one ranking: the discounted gain of its first 10 as a share of
// the best possible, and the share of what is relevant among its first 100.
func judge(found []string, grade map[string]int) (out judged) {
	ideal := make([]int, 0, len(grade))
	relevant := 0
	for _, g := range grade {
		if g > 0 {
			ideal = append(ideal, g)
			relevant++
		}
	}
	slices.SortFunc(ideal, func(a, b int) int { return b - a })
	best, got, hits := 0.0, 0.0, 0
	for i, g := range ideal[:min(10, len(ideal))] {
		best += float64(g) / math.Log2(float64(i+2))
	}
	for i, id := range found[:min(deep, len(found))] {
		g := max(0, grade[id])
		if i < 10 {
			got += float64(g) / math.Log2(float64(i+2))
		}
		if g > 0 {
			hits++
		}
	}
	return judged{got / best, float64(hits) / float64(relevant)}
}

// textbook is BM25 as Robertson and Zaragoza (2009) give it, with k1 1.2 and b
// 0.75, over English stems of title and text together.
type textbook struct {
	docs    []doc
	tfs     map[string]map[int]float64
	lengths []float64
	average float64
}

func stems(text string) []string {
	var out []string
	for _, t := range query.Tokens(text) {
		env := snowballstem.NewEnv(t.Text)
		english.Stem(env)
		out = append(out, env.Current())
	}
	return out
}

func newTextbook(docs []doc) *textbook {
	b := &textbook{docs: docs, tfs: map[string]map[int]float64{}, lengths: make([]float64, len(docs))}
	for i, d := range docs {
		words := stems(d.title + "\n" + d.text)
		b.lengths[i] = float64(len(words))
		b.average += b.lengths[i] / float64(len(docs))
		for _, w := range words {
			if b.tfs[w] == nil {
				b.tfs[w] = map[int]float64{}
			}
			b.tfs[w][i]++
		}
	}
	return b
}

func (b *textbook) best(q string) []string {
	scores := make([]float64, len(b.docs))
	words := stems(strings.ToLower(q))
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		df := float64(len(b.tfs[w]))
		idf := math.Log(1 + (float64(len(b.docs))-df+0.5)/(df+0.5))
		for i, tf := range b.tfs[w] {
			scores[i] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*b.lengths[i]/b.average))
		}
	}
	order := make([]int, 0, len(scores))
	for i, s := range scores {
		if s > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		switch {
		case scores[x] > scores[y]:
			return -1
		case scores[x] < scores[y]:
			return 1
		}
		return 0
	})
	out := make([]string, 0, deep)
	for _, i := range order[:min(deep, len(order))] {
		out = append(out, b.docs[i].id)
	}
	return out
}
