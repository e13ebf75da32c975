package web

import (
	"candor"
	"candor/internal/archive"
)

// modeAsk is how the box is told that what was typed is a question.
const modeAsk = "ask"

// answered is what stands above the passages that an answer rests on.
type answered struct {
	Model     string
	Sentences []answeredSentence
	Dropped   int
	Note      string
}

type answeredSentence struct {
	Text  string
	Rests []rest
}

// rest is a passage that a sentence rests on: its number, and which hit it
// stands in, from 1.
type rest struct{ Passage, Hit int }

// ask asks a question and remembers it as a results page.
func (s *server) ask(v *visit, r archive.SearchRequest) (archive.SearchResult, *answered, error) {
	if len(r.Filters) > 0 || !r.From.IsZero() || !r.To.IsZero() || r.Offset > 0 {
		return archive.SearchResult{}, nil, candor.Errorf(candor.Invalid, "A question is asked of a collection or of all of the purpose. Search by words to narrow further.")
	}
	res, err := s.Archive.Ask(v.Context(), v.who, archive.AskRequest{Question: r.Query, Purpose: r.Purpose, Collection: r.Collection}, archive.Telling{})
	if err != nil {
		return archive.SearchResult{}, nil, err
	}
	return res.SearchResult, answerOf(res), nil
}

// answerOf joins the sentences of an answer with the hits that they rest on.
func answerOf(res archive.AskResult) *answered {
	var hitOf []int // of each passage
	for i, h := range res.Hits {
		for range h.Snippets {
			hitOf = append(hitOf, i+1)
		}
	}
	out := &answered{Model: res.Model, Dropped: res.Dropped, Note: res.Note}
	for _, said := range res.Sentences {
		sentence := answeredSentence{Text: said.Text}
		for _, n := range said.Passages {
			if n >= 1 && n <= len(hitOf) {
				sentence.Rests = append(sentence.Rests, rest{n, hitOf[n-1]})
			}
		}
		out.Sentences = append(out.Sentences, sentence)
	}
	return out
}

// firstPassage is the number of a hit's first passage, from 1.
func firstPassage(hits []archive.SearchHit, hit int) int {
	n := 1
	for _, h := range hits[:hit] {
		n += len(h.Snippets)
	}
	return n
}
