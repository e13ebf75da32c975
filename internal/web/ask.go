package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

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

// askLine is one line of an answer that is told as it comes: how many passages it is
// to rest on, then sentences, and last the page that has all of it, or what went
// wrong.
type askLine struct {
	Found    *int   `json:"found,omitempty"`
	Sentence string `json:"sentence,omitempty"`
	Page     string `json:"page,omitempty"`
	Error    string `json:"error,omitempty"`
}

// askAloud asks a question and tells the answer as it comes, to a page that shows
// it. It is the same act as a question without.
func (s *server) askAloud(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	var mu sync.Mutex
	line := func(l askLine) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(l) // somebody who has gone hears nothing; the act is on the record
		_ = http.NewResponseController(w).Flush()
	}
	r := archive.SearchRequest{Query: strings.TrimSpace(v.PostFormValue("q")), Mode: modeAsk, Purpose: purpose, Limit: hitsAPage, Facets: true}
	res, answer, err := s.ask(v, r, archive.Telling{
		Found:    func(found archive.SearchResult) { n := len(found.Hits); line(askLine{Found: &n}) },
		Sentence: func(said archive.Sentence) { line(askLine{Sentence: said.Text}) },
	})
	if err == nil {
		var id string
		if id, err = s.secretID(); err == nil {
			s.shown.keep(id, v.who.Person.ID, r, res, answer)
			line(askLine{Page: "/results/" + id})
		}
	}
	if err != nil {
		s.note(v, err)
		line(askLine{Error: candor.MessageOf(err)})
	}
	return nil
}

// ask asks a question.
func (s *server) ask(v *visit, r archive.SearchRequest, tell archive.Telling) (archive.SearchResult, *answered, error) {
	if len(r.Filters) > 0 || !r.From.IsZero() || !r.To.IsZero() || r.Offset > 0 {
		return archive.SearchResult{}, nil, candor.Errorf(candor.Invalid, "A question is asked of a collection or of all of the purpose. Search by words to narrow further.")
	}
	res, err := s.Archive.Ask(v.Context(), v.who, archive.AskRequest{Question: r.Query, Purpose: r.Purpose, Collection: r.Collection}, tell)
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
