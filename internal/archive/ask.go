package archive

import (
	"context"

	"candor"
	"candor/internal/query"
)

// AskRequest asks a question under a purpose.
type AskRequest struct {
	Question   string
	Purpose    candor.PurposeID
	Collection string // "" is every collection of the purpose
	Limit      int    // items with passages; 0 is 5, at most 20
}

const (
	defaultPassages = 5
	mostPassages    = 20
)

// AskResult is what fits a question: passages, as hits with snippets, and what a
// model made of them, if one is set up.
type AskResult struct {
	SearchResult
	Model     string // "" when none was asked
	Sentences []Sentence
	Dropped   int    // sentences that named no passage they rest on, and were left out
	Note      string // why there is no answer, though a model is set up
}

// Sentence is one sentence of an answer, with the passages that it rests on:
// numbers, from 1, of the hits' snippets in their order.
type Sentence struct {
	Text     string
	Passages []int
}

// Telling is called with what there is of an answer as it comes; either may be nil.
type Telling struct {
	Found    func(SearchResult) // once, with what the answer is to rest on
	Sentence func(Sentence)
}

// Ask finds the passages that fit a question best, by words and by meaning. A
// model that is set up answers from them alone, after the record of what it is
// given is durable; every sentence of its answer names the passages it rests on,
// by their order in the hits. Without one, or when it fails, the passages are
// what there is; none means that nothing under the purpose fits. Asking is an act
// of its own; what it shows counts as a search's results do.
func (a *Archive) Ask(ctx context.Context, who Actor, r AskRequest, tell Telling) (AskResult, error) {
	q := question{kind: candor.ActAsk, least: answerLikeness}
	var err error
	if q.node, err = query.Question(r.Question); err != nil {
		return AskResult{}, err
	}
	if r.Limit == 0 {
		r.Limit = defaultPassages
	}
	if r.Limit < 0 || r.Limit > mostPassages {
		return AskResult{}, candor.Errorf(candor.Invalid, "A question is answered with passages of 1 to %d items.", mostPassages)
	}
	mode := ModeText
	if a.cfg.Embedder != nil {
		mode = ModeHybrid
	}
	if a.cfg.Answerer != nil {
		q.model = a.cfg.Answerer.Name()
	}
	found, err := a.find(ctx, who, SearchRequest{Query: r.Question, Mode: mode, Purpose: r.Purpose, Collection: r.Collection, Limit: r.Limit}, q)
	out := AskResult{SearchResult: found}
	passages := passagesOf(found.Hits)
	if err == nil && tell.Found != nil {
		tell.Found(found)
	}
	if err != nil || q.model == "" || len(passages) == 0 {
		return out, err
	}
	out.Model = q.model
	var sentence func(query.Sentence)
	if tell.Sentence != nil {
		sentence = func(s query.Sentence) { tell.Sentence(Sentence(s)) }
	}
	said, err := a.cfg.Answerer.Answer(ctx, r.Question, passages, sentence)
	for _, s := range said.Sentences {
		out.Sentences = append(out.Sentences, Sentence(s))
	}
	if err != nil {
		a.cfg.Logger.Warn("a model did not answer", "code", candor.CodeOf(err))
		out.Note = candor.MessageOf(err)
		return out, nil
	}
	out.Dropped = said.Dropped
	return out, nil
}

// passagesOf are the snippets of hits, in order.
func passagesOf(all []SearchHit) []string {
	var out []string
	for _, h := range all {
		for _, s := range h.Snippets {
			out = append(out, s.Text)
		}
	}
	return out
}
