package api

import (
	"context"
	"errors"
	"io"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// standIn is an archive that answers with something in every field, so that
// the tests see what the door makes of it. A non-nil err is returned instead.
type standIn struct {
	err      error
	put      []byte // what PutFile read
	readErr  error  // how reading it ended
	header   archive.FileHeader
	search   archive.SearchRequest
	purpose  archive.PurposeRequest
	audit    archive.AuditRequest
	signed   string // the secret that SignOut was told
	exported int    // bytes written before err
}

var (
	when   = time.Date(2026, 11, 23, 14, 20, 0, 0, time.UTC)
	reader = candor.Person{ID: "r.osei", Name: "Ruth Osei", Roles: []candor.Role{candor.Reader}, Created: when}
	admin  = candor.Person{ID: "admin", Name: "Admin", Roles: []candor.Role{candor.Administrator}, Created: when}
	proof  = receipt.Receipt{Index: 41, Leaf: []byte(`{"v":1}`), Checkpoint: []byte("origin\n42\nroot\n")}
	item   = candor.Item{
		ID: "item1", Num: 7, Collection: "main", Name: "letter.pdf", Type: "application/pdf", Size: 12, SHA256: "ab", Added: when,
		Places: []candor.Place{{Path: "letters/letter.pdf", ModTime: when}}, Condition: candor.Done,
		Extraction: candor.Extraction{Title: "Letter", Date: when, Pages: 2},
	}
	purpose = archive.PurposeInfo{
		Purpose: candor.Purpose{
			ID: "p-1", Reason: "research", Why: "why", Collections: []string{"main"}, Acts: []candor.Act{candor.ActSearch},
			Coverage: 100, Expires: when, AskedBy: "r.osei", Asked: when, Status: candor.Active, Grant: 12,
		},
		StatusNow: candor.Active, Covered: 3, AskedName: "Ruth Osei",
	}
	addition = candor.Addition{ID: "a-1", Collection: "main", By: "r.osei", Started: when, Files: 1, Conditions: map[candor.Condition]int64{candor.Done: 1}, Record: 41}
	entry    = candor.Entry{Path: "letters/letter.pdf", Size: 12, Item: "item1", Condition: candor.Done, Items: 1}
)

func (s *standIn) SignIn(_ context.Context, who candor.PersonID, password string) (archive.Session, error) {
	if password != "right" {
		return archive.Session{}, candor.Errorf(candor.SignIn, "Wrong name or password.")
	}
	return archive.Session{Secret: "secret-of-" + string(who), Person: reader, Expires: when}, s.err
}

func (s *standIn) SignOut(_ context.Context, secret string) error {
	s.signed = secret
	return s.err
}

func (s *standIn) Authenticate(_ context.Context, secret string) (archive.Actor, error) {
	switch secret {
	case "reader":
		return archive.Actor{Person: reader}, nil
	case "admin":
		return archive.Actor{Person: admin}, nil
	}
	return archive.Actor{}, candor.Errorf(candor.SignIn, "The token is not known or has expired. Sign in again.")
}

func (s *standIn) Solo(context.Context) (archive.Actor, error) {
	return archive.Actor{}, candor.Errorf(candor.NotFound, "Not a solo archive.")
}

func (s *standIn) NewToken(context.Context, archive.Actor, string, time.Duration, bool) (string, error) {
	return "token", s.err
}

func (s *standIn) People(context.Context, archive.Actor) ([]candor.Person, error) {
	return []candor.Person{reader, admin}, s.err
}

func (s *standIn) AddPerson(context.Context, archive.Actor, candor.Person, string) (archive.Receipted, error) {
	return archive.Receipted{Receipt: proof}, s.err
}

func (s *standIn) Collections(context.Context, archive.Actor) ([]archive.CollectionInfo, error) {
	return []archive.CollectionInfo{
		{Name: "main", Title: "Main", Created: when, Totals: candor.Totals{Items: 2, Bytes: 30, Conditions: map[candor.Condition]int64{candor.Done: 2}}},
		{Name: "more", Title: "More", Created: when, Totals: candor.Totals{Items: 1, Bytes: 12, Conditions: map[candor.Condition]int64{candor.Partial: 1}}},
	}, s.err
}

func (s *standIn) Placing(context.Context) (archive.Placing, error) {
	return archive.Placing{Model: "small", Placed: 2, Waiting: 1}, nil
}

func (s *standIn) SetOCR(context.Context, archive.Actor, string, string) (archive.Receipted, error) {
	return archive.Receipted{Receipt: proof}, s.err
}

func (s *standIn) AddCollection(context.Context, archive.Actor, string, string) (archive.Receipted, error) {
	return archive.Receipted{Receipt: proof}, s.err
}

func (s *standIn) Reasons() []candor.Reason {
	return []candor.Reason{{Code: "research", Title: "Research", Help: "Help"}}
}
func (s *standIn) TermsText() string { return "# Terms" }

func (s *standIn) RequestPurpose(_ context.Context, _ archive.Actor, r archive.PurposeRequest) (archive.PurposeInfo, receipt.Receipt, error) {
	s.purpose = r
	return purpose, proof, s.err
}

func (s *standIn) DecidePurpose(context.Context, archive.Actor, candor.PurposeID, bool, string) (archive.PurposeInfo, receipt.Receipt, error) {
	return purpose, proof, s.err
}

func (s *standIn) RevokePurpose(context.Context, archive.Actor, candor.PurposeID) (archive.PurposeInfo, receipt.Receipt, error) {
	return purpose, proof, s.err
}

func (s *standIn) Purposes(context.Context, archive.Actor) ([]archive.PurposeInfo, error) {
	return []archive.PurposeInfo{purpose}, s.err
}

func (s *standIn) Purpose(context.Context, archive.Actor, candor.PurposeID) (archive.PurposeInfo, error) {
	return purpose, s.err
}

func (s *standIn) BeginAddition(context.Context, archive.Actor, archive.NewAddition) (candor.Addition, error) {
	return addition, s.err
}

func (s *standIn) KnownFiles(_ context.Context, _ archive.Actor, _ string, files []archive.FileHeader) ([]bool, error) {
	return make([]bool, len(files)), s.err
}

func (s *standIn) PutFile(_ context.Context, _ archive.Actor, _ string, h archive.FileHeader, r io.Reader) (candor.Entry, error) {
	s.header = h
	s.put, s.readErr = io.ReadAll(r)
	return entry, errors.Join(s.err, s.readErr)
}

func (s *standIn) FailFile(context.Context, archive.Actor, string, archive.FileHeader, string) error {
	return s.err
}

func (s *standIn) CommitAddition(context.Context, archive.Actor, string, bool) (candor.Addition, error) {
	return addition, s.err
}

func (s *standIn) Additions(context.Context, archive.Actor) ([]candor.Addition, error) {
	return []candor.Addition{addition}, s.err
}

func (s *standIn) Addition(context.Context, archive.Actor, string) (candor.Addition, error) {
	return addition, s.err
}

// Entries stands for an account of 5 files.
func (s *standIn) Entries(_ context.Context, _ archive.Actor, _ string, _ candor.Condition, offset, limit int) ([]candor.Entry, error) {
	all := []candor.Entry{entry, entry, entry, entry, entry}
	offset = min(offset, len(all))
	return all[offset:min(offset+limit, len(all))], s.err
}

func (s *standIn) Search(_ context.Context, _ archive.Actor, r archive.SearchRequest) (archive.SearchResult, error) {
	s.search = r
	return archive.SearchResult{
		Total: 1, Meaning: "river", Receipt: proof, Took: 1500 * time.Microsecond, Purpose: purpose,
		Hits: []archive.SearchHit{{Item: item, Path: item.Places[0].Path, Score: 1.5, Covered: true, Snippets: []archive.Snippet{
			{Text: "the river rose", Marks: [][2]int{{4, 9}}, Page: 1, Field: "text"}}}},
		Facets: []archive.Facet{{Field: "type", Values: []archive.FacetValue{{Value: "application/pdf", Count: 1}}}},
	}, s.err
}

func (s *standIn) SaveSearch(_ context.Context, _ archive.Actor, name string, r archive.SearchRequest, watch bool) (archive.Saved, error) {
	return archive.Saved{ID: "s-1", Name: name, Request: r, Watch: watch, Made: when, Since: when}, s.err
}

func (s *standIn) SavedSearches(context.Context, archive.Actor) ([]archive.Saved, error) {
	return []archive.Saved{{ID: "s-1", Name: "rivers", Request: s.search}}, s.err
}

func (s *standIn) ForgetSearch(context.Context, archive.Actor, string) error { return s.err }

func (s *standIn) Analyse(context.Context, archive.Actor, archive.AnalyseRequest) (archive.AnalyseResult, error) {
	return archive.AnalyseResult{}, nil
}

func (s *standIn) BeginJob(_ context.Context, _ archive.Actor, r archive.AnalyseRequest) (archive.Job, error) {
	total := int64(len(r.Items))
	r.Items = nil
	return archive.Job{ID: "j-1", Request: r, Total: total, Began: when}, s.err
}

func (s *standIn) Jobs(context.Context, archive.Actor) ([]archive.Job, error) {
	return []archive.Job{{ID: "j-1", Total: 3, Done: 1, Began: when, Waiting: "The disk is full."}}, s.err
}

func (s *standIn) Job(_ context.Context, _ archive.Actor, id string) (archive.Job, error) {
	return archive.Job{ID: id, Total: 3, Done: 3, Began: when, Ended: when}, s.err
}

func (s *standIn) StopJob(_ context.Context, _ archive.Actor, id string) (archive.Job, error) {
	return archive.Job{ID: id, Total: 3, Done: 1, Began: when, Ended: when, Stopped: "stopped"}, s.err
}

func (s *standIn) Retype(context.Context, archive.Actor, archive.RetypeRequest) (archive.AnalyseResult, error) {
	return archive.AnalyseResult{}, nil
}

func (s *standIn) Ask(ctx context.Context, who archive.Actor, r archive.AskRequest, tell archive.Telling) (archive.AskResult, error) {
	found, err := s.Search(ctx, who, archive.SearchRequest{Query: r.Question, Purpose: r.Purpose, Limit: r.Limit})
	out := archive.AskResult{SearchResult: found, Model: "small", Sentences: []archive.Sentence{{Text: "The river.", Passages: []int{1}}}}
	if err == nil && tell.Found != nil {
		tell.Found(found)
		tell.Sentence(out.Sentences[0])
	}
	if err == nil && r.Question == "broken?" {
		err = candor.Errorf(candor.Unavailable, "It broke.")
	}
	return out, err
}

func (s *standIn) Open(context.Context, archive.Actor, archive.OpenRequest) (*archive.View, error) {
	return &archive.View{ID: "v1", Item: item, Receipt: proof, Purpose: purpose, Expires: when}, s.err
}

func (s *standIn) View(_ context.Context, _ archive.Actor, id string) (*archive.View, error) {
	if id != "v1" {
		return nil, candor.Errorf(candor.NotFound, "The view has expired. Open the item again.")
	}
	return &archive.View{ID: "v1", Item: item, Receipt: proof, Purpose: purpose, Expires: when}, s.err
}

func (s *standIn) Export(_ context.Context, _ archive.Actor, _ candor.PurposeID, _ []candor.ItemID, w io.Writer) (receipt.Receipt, error) {
	if s.err != nil && s.exported == 0 {
		return receipt.Receipt{}, s.err
	}
	if _, err := w.Write([]byte("PK-zip-bytes")); err != nil {
		return receipt.Receipt{}, err
	}
	return proof, s.err
}

func (s *standIn) Receipt(_ context.Context, index int64) (receipt.Receipt, error) {
	if index != proof.Index {
		return receipt.Receipt{}, candor.Errorf(candor.NotFound, "The log has no record %d.", index)
	}
	return proof, s.err
}

func (s *standIn) Check(_ context.Context, who archive.Actor, progress func(done, total int64)) ([]archive.Difference, error) {
	if !who.Person.Has(candor.Administrator) {
		return nil, candor.Errorf(candor.Denied, "An administrator's work.")
	}
	progress(1, 2)
	return []archive.Difference{{Where: "index", Problem: "2 items missing", Remedy: "candor rebuild"}}, s.err
}

func (s *standIn) Rebuild(_ context.Context, who archive.Actor, progress func(done, total int64)) (candor.Totals, receipt.Receipt, error) {
	if !who.Person.Has(candor.Administrator) {
		return candor.Totals{}, receipt.Receipt{}, candor.Errorf(candor.Denied, "An administrator's work.")
	}
	progress(1, 2)
	return candor.Totals{Items: 3, Bytes: 42, Conditions: map[candor.Condition]int64{}}, proof, s.err
}

func (s *standIn) Rekey(ctx context.Context, who archive.Actor, progress func(done, total int64)) (receipt.Receipt, error) {
	_, proof, err := s.Rebuild(ctx, who, progress)
	return proof, err
}

func (s *standIn) Audit(_ context.Context, _ archive.Actor, r archive.AuditRequest, yield func(archive.AuditRecord) error) (receipt.Receipt, error) {
	s.audit = r
	if s.err != nil && s.exported == 0 {
		return receipt.Receipt{}, s.err
	}
	if err := yield(archive.AuditRecord{Index: 40, Leaf: proof.Leaf, Sealed: []byte("sealed"), Held: archive.HeldSealed, Reviews: []archive.Review{{Index: 40, By: "a.lind", Note: "fine", At: when}}}); err != nil {
		return receipt.Receipt{}, err
	}
	return proof, s.err
}

func (s *standIn) Review(context.Context, archive.Actor, int64, string) (archive.Receipted, error) {
	return archive.Receipted{Receipt: proof}, s.err
}

func (s *standIn) DestroyDetails(context.Context, archive.Actor, time.Time) (archive.Destroyed, error) {
	return archive.Destroyed{Records: 4, Kept: 1, Receipt: proof}, s.err
}
