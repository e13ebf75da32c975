package api

import (
	"net/http"
	"reflect"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) searchRoutes() []route {
	aloud := stream("ask", http.MethodPost, "/ask/stream", "The same as /ask, told as it comes; JSON lines", linesType, d.askAloud)
	aloud.in = reflect.TypeFor[wire.AskRequest]()
	return []route{
		post("search", "/search", "Search under a purpose", d.search),
		post("ask", "/ask", "Find the passages that fit a question, under a purpose", d.ask),
		aloud,
		post("analyse", "/analyse", "Read items again, with a password or in other languages, under a purpose", d.analyse),
	}
}

func (d *door) search(r *http.Request, who archive.Actor, in wire.SearchRequest) (wire.SearchResult, error) {
	if in.Offset < 0 || in.Limit < 0 {
		return wire.SearchResult{}, candor.Errorf(candor.Invalid, "offset and limit must be 0 or more.")
	}
	res, err := d.archive.Search(r.Context(), who, archive.SearchRequest(in))
	return encodeResult(res), err
}

func (d *door) ask(r *http.Request, who archive.Actor, in wire.AskRequest) (wire.Answer, error) {
	res, err := d.archive.Ask(r.Context(), who, archive.AskRequest(in), archive.Telling{})
	return encodeAnswer(res), err
}

func encodeAnswer(res archive.AskResult) wire.Answer {
	return wire.Answer{
		Model: res.Model, Dropped: res.Dropped, Note: res.Note, SearchResult: encodeResult(res.SearchResult),
		Sentences: each(res.Sentences, func(s archive.Sentence) wire.Sentence { return wire.Sentence(s) }),
	}
}

// askAloud tells an answer as it comes: what was found, each sentence, and the
// whole again, in lines.
func (d *door) askAloud(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	in, err := decode[wire.AskRequest](r)
	if err != nil {
		return err
	}
	lines := newLines(w)
	write := func(line wire.AnswerLine) {
		_ = lines.write(line)
		_ = http.NewResponseController(w).Flush()
	}
	res, err := d.archive.Ask(r.Context(), who, archive.AskRequest(in), archive.Telling{
		Found:    func(f archive.SearchResult) { found := encodeResult(f); write(wire.AnswerLine{Found: &found}) },
		Sentence: func(s archive.Sentence) { said := wire.Sentence(s); write(wire.AnswerLine{Sentence: &said}) },
	})
	switch {
	case err != nil && !lines.begun:
		return err
	case err != nil:
		body := errorBody(err)
		write(wire.AnswerLine{Error: &body})
	default:
		done := encodeAnswer(res)
		write(wire.AnswerLine{Done: &done})
	}
	return nil
}

func (d *door) analyse(r *http.Request, who archive.Actor, in wire.AnalyseRequest) (wire.Analysis, error) {
	res, err := d.archive.Analyse(r.Context(), who, archive.AnalyseRequest(in))
	return encodeAnalysis(res), err
}

func (d *door) retype(r *http.Request, who archive.Actor, in wire.RetypeRequest) (wire.Analysis, error) {
	res, err := d.archive.Retype(r.Context(), who, archive.RetypeRequest{
		Item: candor.ItemID(r.PathValue("id")), Purpose: in.Purpose, Page: in.Page, Text: in.Text,
	})
	return encodeAnalysis(res), err
}

func encodeAnalysis(res archive.AnalyseResult) wire.Analysis {
	return wire.Analysis{
		Items:   orEmpty(each(res.Items, encodeAnalysed)),
		Cost:    encodeCost(res.Cost),
		TookMS:  float64(res.Took) / float64(time.Millisecond),
		Purpose: encodePurpose(res.Purpose),
		Receipt: encodeReceipt(res.Receipt),
	}
}

func encodeCost(c archive.Cost) wire.Cost {
	return wire.Cost{Items: c.Items, Pages: c.Pages, Sound: c.Sound.Seconds(), Text: c.Text, Model: c.Model}
}

func encodeAnalysed(a archive.Analysed) wire.Analysed {
	return wire.Analysed{
		Item: a.Item.ID, Name: a.Item.Name, Was: a.Was, Condition: a.Item.Condition, Reason: a.Item.Reason,
		TextSize: a.Item.TextSize, Kept: a.Kept, Found: a.Found,
	}
}

func encodeResult(res archive.SearchResult) wire.SearchResult {
	return wire.SearchResult{
		Total:   res.Total,
		Before:  res.Before,
		Next:    res.Next,
		More:    res.More,
		Hits:    each(res.Hits, encodeHit),
		Facets:  each(res.Facets, encodeFacet),
		Meaning: res.Meaning,
		People:  res.People,
		TookMS:  float64(res.Took) / float64(time.Millisecond),
		Purpose: encodePurpose(res.Purpose),
		Receipt: encodeReceipt(res.Receipt),
	}
}

func encodeHit(h archive.SearchHit) wire.Hit {
	out := wire.Hit{
		Item: h.Item.ID, Name: h.Item.Name, Path: h.Path, Score: h.Score, Collection: h.Item.Collection, Type: h.Item.Type,
		Title: h.Item.Title, Date: h.Item.Date, Size: h.Item.Size, Pages: h.Item.Pages,
		Condition: h.Item.Condition, Covered: h.Covered, Folded: h.Folded, Kin: h.Kin,
		Snippets: each(h.Snippets, func(s archive.Snippet) wire.Snippet { return wire.Snippet(s) }),
	}
	if len(h.Snippets) > 0 {
		out.Snippet = h.Snippets[0].Text
	}
	return out
}

func encodeFacet(f archive.Facet) wire.Facet {
	return wire.Facet{Field: f.Field, Hidden: f.Hidden, Values: each(f.Values, func(v archive.FacetValue) wire.FacetValue { return wire.FacetValue(v) })}
}
