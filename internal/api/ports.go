package api

import (
	"context"
	"io"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// Archive is what the door calls: one small interface a resource.
type Archive interface {
	sessions
	people
	collections
	terms
	purposes
	additions
	searching
	exporting
	receipts
	keeping
	auditing
}

type sessions interface {
	SignIn(ctx context.Context, who candor.PersonID, password string) (archive.Session, error)
	SignOut(ctx context.Context, secret string) error
	Authenticate(ctx context.Context, secret string) (archive.Actor, error)
	Solo(ctx context.Context) (archive.Actor, error)
	NewToken(ctx context.Context, who archive.Actor, label string, lifetime time.Duration, agent bool) (string, error)
}

type people interface {
	People(ctx context.Context, who archive.Actor) ([]candor.Person, error)
	AddPerson(ctx context.Context, who archive.Actor, p candor.Person, password string) (archive.Receipted, error)
}

type collections interface {
	Placing(ctx context.Context) (archive.Placing, error)
	Collections(ctx context.Context, who archive.Actor) ([]archive.CollectionInfo, error)
	AddCollection(ctx context.Context, who archive.Actor, name, title string) (archive.Receipted, error)
	SetOCR(ctx context.Context, who archive.Actor, name, ocr string) (archive.Receipted, error)
}

type terms interface {
	Reasons() []candor.Reason
	TermsText() string
}

type purposes interface {
	RequestPurpose(ctx context.Context, who archive.Actor, r archive.PurposeRequest) (archive.PurposeInfo, receipt.Receipt, error)
	DecidePurpose(ctx context.Context, who archive.Actor, id candor.PurposeID, approve bool, because string) (archive.PurposeInfo, receipt.Receipt, error)
	RevokePurpose(ctx context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, receipt.Receipt, error)
	Purposes(ctx context.Context, who archive.Actor) ([]archive.PurposeInfo, error)
	Purpose(ctx context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, error)
}

type additions interface {
	BeginAddition(ctx context.Context, who archive.Actor, n archive.NewAddition) (candor.Addition, error)
	KnownFiles(ctx context.Context, who archive.Actor, addition string, files []archive.FileHeader) ([]bool, error)
	PutFile(ctx context.Context, who archive.Actor, addition string, h archive.FileHeader, r io.Reader) (candor.Entry, error)
	FailFile(ctx context.Context, who archive.Actor, addition string, h archive.FileHeader, reason string) error
	CommitAddition(ctx context.Context, who archive.Actor, addition string, finish bool) (candor.Addition, error)
	Additions(ctx context.Context, who archive.Actor) ([]candor.Addition, error)
	Addition(ctx context.Context, who archive.Actor, id string) (candor.Addition, error)
	Entries(ctx context.Context, who archive.Actor, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error)
}

type searching interface {
	Search(ctx context.Context, who archive.Actor, r archive.SearchRequest) (archive.SearchResult, error)
	SaveSearch(ctx context.Context, who archive.Actor, name string, r archive.SearchRequest, watch bool) (archive.Saved, error)
	SavedSearches(ctx context.Context, who archive.Actor) ([]archive.Saved, error)
	ForgetSearch(ctx context.Context, who archive.Actor, id string) error
	Ask(ctx context.Context, who archive.Actor, r archive.AskRequest, tell archive.Telling) (archive.AskResult, error)
	Analyse(ctx context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.AnalyseResult, error)
	BeginJob(ctx context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.Job, error)
	Jobs(ctx context.Context, who archive.Actor) ([]archive.Job, error)
	Job(ctx context.Context, who archive.Actor, id string) (archive.Job, error)
	StopJob(ctx context.Context, who archive.Actor, id string) (archive.Job, error)
	Retype(ctx context.Context, who archive.Actor, r archive.RetypeRequest) (archive.AnalyseResult, error)
	Open(ctx context.Context, who archive.Actor, r archive.OpenRequest) (*archive.View, error)
	View(ctx context.Context, who archive.Actor, id string) (*archive.View, error)
}

type exporting interface {
	Export(ctx context.Context, who archive.Actor, purpose candor.PurposeID, items []candor.ItemID, w io.Writer) (receipt.Receipt, error)
}

type receipts interface {
	Receipt(ctx context.Context, index int64) (receipt.Receipt, error)
}

type keeping interface {
	Check(ctx context.Context, who archive.Actor, progress func(done, total int64)) ([]archive.Difference, error)
	Rebuild(ctx context.Context, who archive.Actor, progress func(done, total int64)) (candor.Totals, receipt.Receipt, error)
	Rekey(ctx context.Context, who archive.Actor, progress func(done, total int64)) (receipt.Receipt, error)
}

type auditing interface {
	Audit(ctx context.Context, who archive.Actor, r archive.AuditRequest, yield func(archive.AuditRecord) error) (receipt.Receipt, error)
	Review(ctx context.Context, who archive.Actor, index int64, note string) (archive.Receipted, error)
	DestroyDetails(ctx context.Context, who archive.Actor, before time.Time) (archive.Destroyed, error)
}
