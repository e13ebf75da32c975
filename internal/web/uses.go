package web

import (
	"context"
	"io"
	"time"

	"filippo.io/age"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// Archive is what the pages ask of the archive. Every method that shows
// something is an act with a record; see package archive. All are called
// concurrently.
type Archive interface {
	People
	Purposes
	Adding
	Reading
	Auditing
}

// People are the uses that concern who acts.
type People interface {
	SignIn(ctx context.Context, who candor.PersonID, password string) (archive.Session, error)
	Authenticate(ctx context.Context, secret string) (archive.Actor, error)
	SignOut(ctx context.Context, secret string) error
	Solo(ctx context.Context) (archive.Actor, error)
	People(ctx context.Context, who archive.Actor) ([]candor.Person, error)
	AddPerson(ctx context.Context, who archive.Actor, p candor.Person, password string) (archive.Receipted, error)
}

// Purposes are the uses that concern purposes, terms and collections.
type Purposes interface {
	Reasons() []candor.Reason
	TermsText() string
	RequestPurpose(ctx context.Context, who archive.Actor, r archive.PurposeRequest) (archive.PurposeInfo, receipt.Receipt, error)
	DecidePurpose(ctx context.Context, who archive.Actor, id candor.PurposeID, approve bool, because string) (archive.PurposeInfo, receipt.Receipt, error)
	RevokePurpose(ctx context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, receipt.Receipt, error)
	Purposes(ctx context.Context, who archive.Actor) ([]archive.PurposeInfo, error)
	Purpose(ctx context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, error)
	Collections(ctx context.Context, who archive.Actor) ([]archive.CollectionInfo, error)
	AddCollection(ctx context.Context, who archive.Actor, name, title string) (archive.Receipted, error)
}

// Adding are the uses that put material in.
type Adding interface {
	BeginAddition(ctx context.Context, who archive.Actor, n archive.NewAddition) (candor.Addition, error)
	KnownFiles(ctx context.Context, who archive.Actor, addition string, files []archive.FileHeader) ([]bool, error)
	PutFile(ctx context.Context, who archive.Actor, addition string, h archive.FileHeader, r io.Reader) (candor.Entry, error)
	FailFile(ctx context.Context, who archive.Actor, addition string, h archive.FileHeader, reason string) error
	CommitAddition(ctx context.Context, who archive.Actor, addition string, finish bool) (candor.Addition, error)
	Additions(ctx context.Context, who archive.Actor) ([]candor.Addition, error)
	Addition(ctx context.Context, who archive.Actor, id string) (candor.Addition, error)
	Entries(ctx context.Context, who archive.Actor, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error)
}

// Reading are the uses that show something.
type Reading interface {
	Search(ctx context.Context, who archive.Actor, r archive.SearchRequest) (archive.SearchResult, error)
	Analyse(ctx context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.AnalyseResult, error)
	BeginJob(ctx context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.Job, error)
	Jobs(ctx context.Context, who archive.Actor) ([]archive.Job, error)
	StopJob(ctx context.Context, who archive.Actor, id string) (archive.Job, error)
	Retype(ctx context.Context, who archive.Actor, r archive.RetypeRequest) (archive.AnalyseResult, error)
	Tools() archive.Tools
	SaveSearch(ctx context.Context, who archive.Actor, name string, r archive.SearchRequest, watch bool) (archive.Saved, error)
	SavedSearches(ctx context.Context, who archive.Actor) ([]archive.Saved, error)
	ForgetSearch(ctx context.Context, who archive.Actor, id string) error
	Ask(ctx context.Context, who archive.Actor, r archive.AskRequest, tell archive.Telling) (archive.AskResult, error)
	Export(ctx context.Context, who archive.Actor, purpose candor.PurposeID, items []candor.ItemID, w io.Writer) (receipt.Receipt, error)
	Open(ctx context.Context, who archive.Actor, r archive.OpenRequest) (Opened, error)
	View(ctx context.Context, who archive.Actor, id string) (Opened, error)
	Receipt(ctx context.Context, index int64) (receipt.Receipt, error)
}

// Auditing are the auditor's uses.
type Auditing interface {
	UnlockAudit(ctx context.Context, who archive.Actor, identity age.Identity) (archive.Receipted, error)
	Audit(ctx context.Context, who archive.Actor, r archive.AuditRequest, yield func(archive.AuditRecord) error) (receipt.Receipt, error)
	Review(ctx context.Context, who archive.Actor, index int64, note string) (archive.Receipted, error)
}

// Opened is an opened item and the way to its contents, which for a view of
// the archive are one and the same.
type Opened struct {
	*archive.View
	Contents Contents
}

// Contents reads an opened item; see archive.View.
type Contents interface {
	Original(ctx context.Context) (candor.Content, error)
	Text(ctx context.Context) (string, error)
	Words(ctx context.Context) (map[int]candor.PageText, error)
	Kin(text string) map[string]string
	Translations(ctx context.Context) ([]archive.Translation, error)
	Thumbnail(ctx context.Context) ([]byte, error)
	Page(ctx context.Context, page, width int) ([]byte, error)
	Sound(ctx context.Context, from time.Duration) ([]byte, error)
}

// Over lets the pages use an archive.
func Over(a *archive.Archive) Archive { return over{a} }

type over struct{ *archive.Archive }

func (o over) Open(ctx context.Context, who archive.Actor, r archive.OpenRequest) (Opened, error) {
	v, err := o.Archive.Open(ctx, who, r)
	return Opened{v, v}, err
}

func (o over) View(ctx context.Context, who archive.Actor, id string) (Opened, error) {
	v, err := o.Archive.View(ctx, who, id)
	return Opened{v, v}, err
}
