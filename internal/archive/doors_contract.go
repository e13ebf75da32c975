package archive

import (
	"context"
	"io"
	"time"

	"candor"
	"candor/receipt"
)

// This file is scaffolding while the use-cases are being written: signatures first.

type viewState struct{}

func (v *View) original(context.Context) (candor.Content, error) { panic("soon") }
func (v *View) text(context.Context) (string, error)             { panic("soon") }
func (v *View) thumbnail(context.Context) ([]byte, error)        { panic("soon") }
func (v *View) page(context.Context, int, int) ([]byte, error)   { panic("soon") }

// Archive is an open archive. Safe for concurrent use.
type Archive struct{}

// New opens the archive's use-cases over its ports.
func New(ctx context.Context, cfg Config) (*Archive, error) { panic("soon") }

// Close ends background work; the ports stay open.
func (a *Archive) Close() error { panic("soon") }

// --- people
func (a *Archive) SignIn(ctx context.Context, who candor.PersonID, password string) (Session, error) {
	panic("soon")
}

// Authenticate finds who holds a session secret or an API token.
func (a *Archive) Authenticate(ctx context.Context, secret string) (Actor, error) { panic("soon") }
func (a *Archive) SignOut(ctx context.Context, secret string) error               { panic("soon") }

// Solo returns the one person of a solo archive, or a NotFound error.
func (a *Archive) Solo(ctx context.Context) (Actor, error)                        { panic("soon") }
func (a *Archive) People(ctx context.Context, who Actor) ([]candor.Person, error) { panic("soon") }
func (a *Archive) AddPerson(ctx context.Context, who Actor, p candor.Person, password string) (Receipted, error) {
	panic("soon")
}

// NewToken makes an API token for the actor. The secret is returned once.
func (a *Archive) NewToken(ctx context.Context, who Actor, label string, lifetime time.Duration) (string, error) {
	panic("soon")
}

// --- collections
func (a *Archive) Collections(ctx context.Context, who Actor) ([]CollectionInfo, error) {
	panic("soon")
}
func (a *Archive) AddCollection(ctx context.Context, who Actor, name, title string) (Receipted, error) {
	panic("soon")
}

// --- purposes and terms
func (a *Archive) Reasons() []candor.Reason { panic("soon") }
func (a *Archive) TermsText() string        { panic("soon") }
func (a *Archive) RequestPurpose(ctx context.Context, who Actor, r PurposeRequest) (PurposeInfo, receipt.Receipt, error) {
	panic("soon")
}

// DecidePurpose approves or refuses a requested purpose.
func (a *Archive) DecidePurpose(ctx context.Context, who Actor, id candor.PurposeID, approve bool) (PurposeInfo, receipt.Receipt, error) {
	panic("soon")
}
func (a *Archive) RevokePurpose(ctx context.Context, who Actor, id candor.PurposeID) (PurposeInfo, receipt.Receipt, error) {
	panic("soon")
}

// Purposes returns the actor's own purposes, and for an approver those of others too; newest first.
func (a *Archive) Purposes(ctx context.Context, who Actor) ([]PurposeInfo, error) { panic("soon") }
func (a *Archive) Purpose(ctx context.Context, who Actor, id candor.PurposeID) (PurposeInfo, error) {
	panic("soon")
}

// --- adding
func (a *Archive) BeginAddition(ctx context.Context, who Actor, collection, source string, expected int64) (candor.Addition, error) {
	panic("soon")
}

// KnownFiles tells which files need not be sent: held already, unchanged. They
// are entered into the addition's account as duplicates.
func (a *Archive) KnownFiles(ctx context.Context, who Actor, addition string, files []FileHeader) ([]bool, error) {
	panic("soon")
}

// PutFile reads r to its end, seals it, reads text and parts out of it. What it
// returns is not acknowledged until the next Commit of the addition returns.
func (a *Archive) PutFile(ctx context.Context, who Actor, addition string, h FileHeader, r io.Reader) (candor.Entry, error) {
	panic("soon")
}

// FailFile enters a file that the adder could not read.
func (a *Archive) FailFile(ctx context.Context, who Actor, addition string, h FileHeader, reason string) error {
	panic("soon")
}

// CommitAddition makes everything put so far durable, searchable and recorded.
// finish ends the addition.
func (a *Archive) CommitAddition(ctx context.Context, who Actor, addition string, finish bool) (candor.Addition, error) {
	panic("soon")
}
func (a *Archive) Additions(ctx context.Context, who Actor) ([]candor.Addition, error) { panic("soon") }
func (a *Archive) Addition(ctx context.Context, who Actor, id string) (candor.Addition, error) {
	panic("soon")
}
func (a *Archive) Entries(ctx context.Context, who Actor, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error) {
	panic("soon")
}

// --- searching and opening
func (a *Archive) Search(ctx context.Context, who Actor, r SearchRequest) (SearchResult, error) {
	panic("soon")
}
func (a *Archive) Open(ctx context.Context, who Actor, r OpenRequest) (*View, error) { panic("soon") }

// View returns a view that the actor opened and that has not expired.
func (a *Archive) View(ctx context.Context, who Actor, id string) (*View, error) { panic("soon") }

// Export writes the originals of items as one zip to w, with a manifest and a
// receipt inside. Nothing is written before the record is durable.
func (a *Archive) Export(ctx context.Context, who Actor, purpose candor.PurposeID, items []candor.ItemID, w io.Writer) (receipt.Receipt, error) {
	panic("soon")
}

// Receipt returns the receipt of a record by its index; records are public.
func (a *Archive) Receipt(ctx context.Context, index int64) (receipt.Receipt, error) { panic("soon") }

// --- keeping
// Check compares the vault, the log, the catalog and the index.
func (a *Archive) Check(ctx context.Context, progress func(done, total int64)) ([]Difference, error) {
	panic("soon")
}

// Rebuild makes the catalog and the index again from the vault and the log.
func (a *Archive) Rebuild(ctx context.Context, progress func(done, total int64)) (candor.Totals, receipt.Receipt, error) {
	panic("soon")
}
