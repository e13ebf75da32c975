package archive

import (
	"context"
	"io"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
	"candor/internal/query"
	"candor/receipt"
)

// Log is the archive's transparency log: one of its two truths.
type Log interface {
	// Append adds a record with its sealed details (which may be nil). It
	// returns when both are durable and a signed checkpoint covers the record;
	// the receipt proves it. After an error the record may or may not be in the
	// log; the caller must act as if it were not and release nothing.
	// Safe for concurrent use; concurrent calls share a disk sync.
	Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error)
	// Enter is Append for a record on which nothing is released yet: it returns the
	// record's index when it is durable, and need not wait for witnesses.
	Enter(ctx context.Context, leaf, details []byte) (int64, error)
	// Await waits until the witnesses that the log awaits have cosigned a record
	// that was entered. It returns at once where none are awaited.
	Await(ctx context.Context, index int64) error
	// Receipt proves again a record that is in the log, under the newest checkpoint.
	Receipt(ctx context.Context, index int64) (receipt.Receipt, error)
	// Consistency proves that the tree of size to extends the tree of size from.
	Consistency(ctx context.Context, from, to int64) ([][]byte, error)
	// Read calls yield for each record from index from (inclusive) to to
	// (exclusive), with its sealed details if there are any.
	Read(ctx context.Context, from, to int64, yield func(index int64, leaf, details []byte) error) error
	// DestroyDetails destroys the sealed details of records for good; records
	// and proofs stay. It is durable when it returns, and can be repeated.
	DestroyDetails(ctx context.Context, indexes ...int64) error
	// Size returns the number of records under the newest checkpoint.
	Size() int64
	// Checkpoint returns the newest signed checkpoint, a C2SP signed note.
	Checkpoint() []byte
}

// Vault keeps sealed bytes under names: the other truth. It never holds a key
// that opens what it keeps. All methods are safe for concurrent use. What
// Bind, Delete and Discard did is durable after the next Sync that succeeds.
type Vault interface {
	// Seal encrypts r to its end into a new body. The body cannot be found
	// until it is bound to a name; unbound bodies are swept by Check.
	Seal(ctx context.Context, r io.Reader) (candor.SealedBody, error)
	// Bind wraps the body's file key to the custodian under a name, and lets the
	// name stand for the body from then on. What the name stood for is deleted.
	Bind(ctx context.Context, name candor.KeyName, b candor.SealedBody) error
	// Discard deletes a body that was not bound.
	Discard(ctx context.Context, b candor.SealedBody) error
	// Wrapped returns the wrapped file key under a name, for the custodian.
	Wrapped(ctx context.Context, name candor.KeyName) ([]byte, error)
	// Open reads what a name stands for, with its file key.
	Open(ctx context.Context, name candor.KeyName, fileKey []byte) (candor.Content, error)
	// OpenBody reads a body that the caller has just sealed.
	OpenBody(ctx context.Context, b candor.SealedBody) (candor.Content, error)
	// List calls yield for each name under a prefix ("main/" or "document/"), in order.
	List(ctx context.Context, prefix string, yield func(candor.KeyName) error) error
	// Delete destroys every name under a prefix: wrapped keys first, then bodies.
	Delete(ctx context.Context, prefix string) error
	// Sync makes durable all that was done before it was called.
	Sync(ctx context.Context) error
	// Check reads through the vault and names what is wrong: names without their
	// body, bodies of the wrong length. It removes unbound bodies older than a day.
	Check(ctx context.Context, problem func(string)) error
}

// Custodian releases keys against receipts. It checks everything for itself
// and trusts nothing that the archive says. Safe for concurrent use.
type Custodian interface {
	// Head returns the tree size of the newest checkpoint it has seen.
	Head(ctx context.Context) (int64, error)
	// Follow shows it a newer checkpoint, with the proof that its tree extends
	// that of the size from, the custodian's head. What it followed is durable
	// when it returns. A Conflict error says that the head has moved: ask again.
	Follow(ctx context.Context, checkpoint []byte, from int64, proof [][]byte) error
	// Release opens the wrapped keys that the request's receipt allows. Either
	// all keys are released or none. The nonce is spent durably before it returns.
	Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error)
	// Learn shows it the receipt of a record that narrows what it may release,
	// such as a revocation. It verifies and remembers durably.
	Learn(ctx context.Context, receipt []byte) error
}

// Catalog is the database of items, documents and accounts: a cache of the two
// truths, except for sessions, which may be lost. Every method is atomic, and
// durable when it returns. Safe for concurrent use.
type Catalog interface {
	// ReserveNums returns the first of n item numbers that nobody else gets.
	ReserveNums(ctx context.Context, n uint32) (first uint32, err error)
	// PutItems inserts items or replaces those with the same ID.
	PutItems(ctx context.Context, items []candor.Item) error
	// Item returns an item, or a candor.NotFound error.
	Item(ctx context.Context, id candor.ItemID) (candor.Item, error)
	// ItemsByNum returns items in the order of nums; numbers not held are left out.
	ItemsByNum(ctx context.Context, nums []uint32) ([]candor.Item, error)
	// EachItem calls yield for every item, by number.
	EachItem(ctx context.Context, yield func(candor.Item) error) error
	// DeleteItem removes an item and its places.
	DeleteItem(ctx context.Context, id candor.ItemID) error
	// Totals counts a collection's items, or all with "".
	Totals(ctx context.Context, collection string) (candor.Totals, error)

	// PutAddition inserts or replaces an addition's figures together with new entries.
	PutAddition(ctx context.Context, a candor.Addition, entries []candor.Entry) error
	Addition(ctx context.Context, id string) (candor.Addition, error)
	// Additions returns the newest additions first.
	Additions(ctx context.Context, limit int) ([]candor.Addition, error)
	// Entries returns an addition's entries with a condition ("" for all), in order of path.
	Entries(ctx context.Context, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error)
	// KnownFile finds the newest entry for a path of a collection with this size
	// and modification time whose condition is not failed.
	KnownFile(ctx context.Context, collection, path string, size int64, modTime time.Time) (candor.Entry, bool, error)

	// PutDocument stores a document; Documents returns all of a kind by ID.
	PutDocument(ctx context.Context, kind, id string, data []byte) error
	Documents(ctx context.Context, kind string) (map[string][]byte, error)
	// DeleteDocument removes a document; one not held is no error.
	DeleteDocument(ctx context.Context, kind, id string) error

	// Cover adds item numbers to a purpose's coverage; Coverage returns it.
	Cover(ctx context.Context, p candor.PurposeID, nums []uint32) error
	Coverage(ctx context.Context, p candor.PurposeID) (*roaring.Bitmap, error)

	// Sessions: hash is the SHA-256 of a bearer secret.
	PutSession(ctx context.Context, hash []byte, who candor.PersonID, expires time.Time) error
	Session(ctx context.Context, hash []byte) (candor.PersonID, time.Time, error)
	DeleteSession(ctx context.Context, hash []byte) error

	// Wipe empties the catalog of all but sessions, to be filled by a rebuild.
	Wipe(ctx context.Context) error
}

// Index finds items. A cache: whatever it holds can be put again. Safe for
// concurrent use; a search sees a consistent snapshot.
type Index interface {
	// Put adds or replaces documents. They are durable and searchable when it returns.
	Put(ctx context.Context, docs []query.Document) error
	// Delete removes documents by number.
	Delete(ctx context.Context, nums []uint32) error
	// Search answers a request. Totals and facet counts are exact.
	Search(ctx context.Context, r query.Request) (query.Result, error)
	// Placed returns the numbers of the documents that a model placed in meaning,
	// and of those that others did.
	Placed(ctx context.Context, model string) (by, others *roaring.Bitmap, err error)
	// Held returns the numbers of all documents in the index.
	Held(ctx context.Context) (*roaring.Bitmap, error)
	// Check reads through the index and names every block that does not hold.
	Check(ctx context.Context, problem func(string)) error
	// Wipe empties the index.
	Wipe(ctx context.Context) error
	// Rekey seals the index under a key of 32 bytes. When it returns, no other
	// opens any of it. It can be broken off, and called again with the same key.
	Rekey(ctx context.Context, key []byte, progress func(done, total int64)) error
}

// Finder finds what a text names. Safe for concurrent use.
type Finder interface {
	Find(text string) query.Named
}

// Namer finds what a text names by a model. Safe for concurrent use.
type Namer interface {
	// Name tells which model is told texts, and where.
	Name() string
	// Find returns what a text names; with an error, nothing.
	Find(ctx context.Context, text string) (query.Named, error)
}

// Embedder gives texts a place in meaning, where texts about the same thing
// stand close together. The same text has the same place. Safe for concurrent use.
type Embedder interface {
	// Model names the space of the places.
	Model() string
	// Name tells which model is told texts and queries, and where; "" if none is.
	Name() string
	// Embed places the passages of a text; none where nothing of it is understood.
	Embed(ctx context.Context, title, text string) (query.Meaning, error)
	// Query places what is looked for; nil where nothing of it is understood.
	Query(ctx context.Context, text string) ([]float32, error)
}

// Recognizer reads words off pictures of pages. Safe for concurrent use.
type Recognizer interface {
	// Languages lists what it can read, by the names that Recognize takes.
	Languages() []string
	// Recognize reads a page drawn as PNG, in which these languages are expected.
	// An Invalid error names a language that it cannot read.
	Recognize(ctx context.Context, png []byte, languages []string) (candor.PageText, error)
}

// Listener finds out what sound and moving pictures hold. Safe for concurrent use.
type Listener interface {
	// Name tells which model writes down what is said, and where; "" if none does.
	Name() string
	// Listen reads a source. What could not be had beside the first look stands in
	// the recording's Lacks. An Invalid error is for what is no recording.
	Listen(ctx context.Context, src candor.Source) (candor.Recording, error)
	// Sound makes what can be heard of a source anew, from a time on and at most
	// half an hour of it, as WebM. A NotFound error says that nothing can.
	Sound(ctx context.Context, src candor.Source, from time.Duration) ([]byte, error)
}

// Translator puts texts into other languages. Safe for concurrent use.
type Translator interface {
	// Name tells which model translates, and where.
	Name() string
	// Translate puts a text of some paragraphs into a language; both are codes of
	// ISO 639-1, and from is "" if it is not known.
	Translate(ctx context.Context, text, from, to string) (string, error)
}

// Answerer has a language model answer questions. Safe for concurrent use.
type Answerer interface {
	// Name tells which model answers, and where.
	Name() string
	// Answer answers from passages alone; every sentence names those it rests on.
	// tell, unless it is nil, is called with each as it comes.
	Answer(ctx context.Context, question string, passages []string, tell func(query.Sentence)) (query.Answer, error)
}

// Extractor reads hostile files in confined workers. Safe for concurrent use.
type Extractor interface {
	// Extract reads a source. Whatever the source does, it ends in a condition;
	// an error means that no worker could be had or that the sink refused.
	Extract(ctx context.Context, src candor.Source, sink candor.Sink) (candor.Reading, error)
	// Render draws one page (from 1) of a source as PNG, width pixels wide.
	Render(ctx context.Context, src candor.Source, page, width int) ([]byte, error)
}

// Terms decide. A decision is a pure function of the facts and the terms.
type Terms interface {
	// Decide says whether an act may go on. An error means deny.
	Decide(f candor.Facts) (candor.Decision, error)
	// Hash names the terms in force: "sha256:" and hexadecimal.
	Hash() string
	// Reasons is the closed list of reason codes.
	Reasons() []candor.Reason
	// Human is the text that people agree to, in Markdown.
	Human() string
	// LeastCounted is how many items a value must have to be told in a facet.
	LeastCounted() int64
	// HidesPositions tells whether nobody is told where a picture was made.
	HidesPositions() bool
	// Defaults are used where a purpose is asked for without figures.
	Defaults() (coverage int64, lifetime time.Duration)
}
