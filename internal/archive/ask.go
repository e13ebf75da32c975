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

// Ask finds the passages that fit a question best, by words and by meaning. No model reads them, so it
// answers nothing by itself: what it returns are items with snippets, and none
// means that nothing under the purpose fits. It is an act of its own; what it
// shows counts as a search's results do.
func (a *Archive) Ask(ctx context.Context, who Actor, r AskRequest) (SearchResult, error) {
	node, err := query.Question(r.Question)
	if err != nil {
		return SearchResult{}, err
	}
	if r.Limit == 0 {
		r.Limit = defaultPassages
	}
	if r.Limit < 0 || r.Limit > mostPassages {
		return SearchResult{}, candor.Errorf(candor.Invalid, "A question is answered with passages of 1 to %d items.", mostPassages)
	}
	mode := ModeText
	if a.cfg.Embedder != nil {
		mode = ModeHybrid
	}
	return a.find(ctx, candor.ActAsk, who, SearchRequest{Query: r.Question, Mode: mode, Purpose: r.Purpose, Collection: r.Collection, Limit: r.Limit}, node)
}
