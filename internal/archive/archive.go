// Package archive holds the use-cases of Candor, and the gate that every one
// of them passes: an act is written down before it runs and before its result
// leaves, decided by the terms on facts that the archive computed itself, and
// given plaintext only by the custodian. All doors (command line, pages, HTTP,
// agents) call the methods of Archive; there is no other way in.
//
// What never breaks: when the log cannot be written, the terms cannot be
// evaluated, or the custodian does not answer, nothing is released.
package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"candor"
	"candor/receipt"
)

// Config is what an Archive is made of. Every port is needed.
type Config struct {
	Origin     string // the log's origin line, bound into every sealed key
	Log        Log
	Vault      Vault
	Catalog    Catalog
	Index      Index
	Finder     Finder     // nil: nothing is found that texts name
	Namer      Namer      // nil: Finder alone finds it
	Embedder   Embedder   // nil: nothing is searched by meaning
	Former     Embedder   // placed texts before, and is asked until Embedder has placed more; nil: none
	Translator Translator // nil: nothing is translated
	Answerer   Answerer   // nil: questions get passages and no answer
	Recognizer Recognizer // nil: text in pictures is not read
	Listener   Listener   // nil: sound and moving pictures are kept and not looked into
	Extractor  Extractor
	Custodian  Custodian
	Terms      Terms
	Auditors   []string // age recipients to whom sealed details are encrypted
	// Pseudonyms keys the public names of people; see Unlock.
	Pseudonyms []byte
	// CustodianKey is the custodian's public HPKE key, to which coverage is sealed.
	CustodianKey []byte
	Logger       *slog.Logger     // nil discards
	Now          func() time.Time // nil is time.Now
	Rand         io.Reader        // nil is crypto/rand.Reader
}

// Archive is an open archive. Safe for concurrent use.
type Archive struct {
	cfg         Config
	gate        *gate
	books       books
	totals      totals
	attempts    attempts
	intakes     intakes
	drafts      drafts
	nums        nums
	views       views
	public      publicFigures
	placing     placing
	jobs        jobs
	reading     chan struct{} // bounds the files that are read at once
	recognising chan struct{} // and the pictures of pages, and recordings
	playing     chan struct{} // and the sound that is made to be heard: nobody waits for a transcript
	tokens      sync.Mutex
	deciding    sync.Mutex                // purposes are decided one at a time
	storing     sync.Mutex                // batches are stored one at a time
	rekeying    sync.Mutex                // the index gets one new key at a time
	erasing     sync.Mutex                // sealed details are destroyed by one act at a time
	watching    sync.Mutex                // saved searches are changed one at a time
	grown       atomic.Pointer[time.Time] // when items were last stored; nil when that is not known
}

// New opens the archive's use-cases over its ports. What a crash has cut short
// is finished: decisions that the log has and the documents have not are
// applied, and batches that the catalog has are indexed and recorded.
func New(ctx context.Context, cfg Config) (*Archive, error) {
	cfg = cfg.withDefaults()
	g, err := newGate(cfg)
	if err != nil {
		return nil, err
	}
	a := &Archive{cfg: cfg, gate: g, jobs: newJobs(), reading: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		recognising: make(chan struct{}, runtime.GOMAXPROCS(0)), playing: make(chan struct{}, runtime.GOMAXPROCS(0))}
	g.purposes = a.books.purpose
	if err := a.load(ctx); err != nil {
		return nil, err
	}
	if err := a.catchUp(ctx); err != nil {
		return nil, err
	}
	return a, a.finishPending(ctx)
}

func (cfg Config) withDefaults() Config {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return cfg
}

// load reads into memory what the catalog holds of documents and totals.
func (a *Archive) load(ctx context.Context) error {
	if err := a.books.load(ctx, a.cfg.Catalog); err != nil {
		return err
	}
	if err := a.gate.coverage.reload(ctx); err != nil {
		return err
	}
	a.books.mu.RLock()
	names := slices.Collect(maps.Keys(a.books.collections))
	a.books.mu.RUnlock()
	return a.totals.load(ctx, a.cfg.Catalog, names)
}

// Close commits every addition in progress. The ports stay open.
func (a *Archive) Close(ctx context.Context) error {
	var errs []error
	for _, in := range a.intakes.all() {
		_, err := in.finishBatch(ctx, false)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Actor is somebody who has been authenticated.
type Actor struct {
	Person candor.Person
	Agent  bool // an AI agent acts for the person
}

// Session is a sign-in. Secret is shown once and kept only as its hash.
type Session struct {
	Secret  string
	Person  candor.Person
	Expires time.Time
}

// Receipted is the outcome of an act that returns nothing but its proof.
type Receipted struct {
	Receipt receipt.Receipt
}

// CollectionInfo is what anybody signed in may know of a collection.
type CollectionInfo struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Created time.Time     `json:"created"`
	Totals  candor.Totals `json:"totals"`
	OCR     string        `json:"ocr,omitempty"` // see candor.Collection
}

// PurposeRequest asks for a purpose. Zero Acts means search and open and
// export; zero Coverage and Lifetime mean the terms' defaults.
type PurposeRequest struct {
	Reason      string
	Why         string
	Collections []string
	Acts        []candor.Act
	Coverage    int64
	Lifetime    time.Duration
	// Override asks for a purpose that overrides (break-glass): zero Lifetime is
	// then receipt.OverrideMost.
	Override bool
}

// PurposeInfo is a purpose with what has been used of it.
type PurposeInfo struct {
	candor.Purpose
	StatusNow candor.PurposeStatus `json:"status_now"`
	Covered   int64                `json:"covered"` // distinct items shown so far
	AskedName string               `json:"asked_name"`
	ByName    string               `json:"decided_name,omitempty"`
}

// FileHeader announces one file of an addition. Path is slash-separated.
type FileHeader struct {
	Path    string    `json:"path"`
	Size    int64     `json:"bytes"` // -1 when not known
	ModTime time.Time `json:"mod_time,omitzero"`
}

// SearchRequest asks for one page of results under a purpose.
type SearchRequest struct {
	Query      string              `json:"query"`
	Mode       string              `json:"mode,omitempty"` // ModeText, ModeSemantic or ModeHybrid; "" is ModeText
	Like       candor.ItemID       `json:"like,omitempty"` // in place of Query: what is about the same as this item
	Purpose    candor.PurposeID    `json:"purpose"`
	Collection string              `json:"collection,omitempty"` // "" is every collection of the purpose
	Filters    map[string][]string `json:"filters,omitempty"`    // facet field or name/path to accepted values
	From       time.Time           `json:"from,omitzero"`
	To         time.Time           `json:"to,omitzero"`
	Offset     int                 `json:"offset,omitempty"`
	After      string              `json:"after,omitempty"` // Next of the page before, instead of Offset; reaches any depth
	Limit      int                 `json:"limit,omitempty"` // 0 is 20; at most 100
	Sort       string              `json:"sort,omitempty"`  // relevance, date-desc, date-asc
	Facets     bool                `json:"facets,omitempty"`
	Fold       string              `json:"fold,omitempty"`      // of query.Folds: show only the best of those that belong together; then Offset, not After
	Translate  []string            `json:"translate,omitempty"` // look for the words in these languages too (ISO 639-1); the translator is told the words
	Added      time.Time           `json:"added,omitzero"`      // only what was added from then on
	Saved      string              `json:"saved,omitempty"`     // the saved search that this makes again
}

// Modes of a search: by words, by meaning, or by both at once. Results by meaning
// have no natural end; at most query.DefaultNear of each kind are found.
const (
	ModeText     = "text"
	ModeSemantic = "semantic"
	ModeHybrid   = "hybrid"
)

// SearchResult is one page of results with the receipt of having been shown it.
type SearchResult struct {
	Total   int64
	Before  int64 // results in front of the page
	Hits    []SearchHit
	Next    string // for the next page; empty on the last, and if results are folded
	More    bool   // results go on behind this page
	Facets  []Facet
	Meaning string // the query as it was understood
	People  int64  // different people that the results name, as far as rules tell
	Receipt receipt.Receipt
	Took    time.Duration
	Purpose PurposeInfo // after this act
}

// SearchHit is one found item.
type SearchHit struct {
	Item     candor.Item
	Path     string // from the file handed in down to it
	Score    float64
	Snippets []Snippet
	Covered  bool              // the purpose had been shown it before
	Folded   int64             // other results that belong to it, if results are folded
	Kin      map[string]string // by what it belongs to others, for filters of these names: alike, thread, family
}

// Snippet is a piece of text; Marks are byte ranges of what matched.
type Snippet struct {
	Text   string   `json:"text"`
	Marks  [][2]int `json:"marks"`
	Page   int      `json:"page,omitempty"`
	Field  string   `json:"field,omitempty"`
	Quoted bool     `json:"quoted,omitempty"` // of a message: all that matched here it quotes of others
}

// Facet is one facet field with its most frequent values.
type Facet struct {
	Field  string       `json:"field"`
	Values []FacetValue `json:"values"`
	Hidden bool         `json:"hidden,omitempty"` // values that fewer items have than the terms let be told are left out
}

// FacetValue is one value with the number of matching items that have it.
type FacetValue struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// OpenRequest opens one item under a purpose.
type OpenRequest struct {
	Item    candor.ItemID
	Purpose candor.PurposeID
}

// View is an opened item. It lives for ViewLifetime and can be read again by
// the same person under its secret ID without a new act: looking at the next
// page of an opened document is the same act.
type View struct {
	ID      string
	Item    candor.Item
	Receipt receipt.Receipt
	Purpose PurposeInfo
	Expires time.Time
	// contains unexported fields
	viewState
}

// ViewLifetime is how long an opened item can be read under its one record.
const ViewLifetime = 15 * time.Minute

// Original returns the item's bytes.
func (v *View) Original(ctx context.Context) (candor.Content, error) { return v.original(ctx) }

// Text returns the text that was read out of the item, pages separated by
// form feeds; empty when there is none.
func (v *View) Text(ctx context.Context) (string, error) { return v.text(ctx) }

// Words returns where recognised words stand on the pictures of pages, by page
// (from 1); none when nothing was recognised.
func (v *View) Words(ctx context.Context) (map[int]candor.PageText, error) { return v.words(ctx) }

// Kin returns by what the item, which has this text, belongs together with
// others: values for the filters alike, thread and family.
func (v *View) Kin(text string) map[string]string {
	v.printed.Do(func() { v.kin = kinKeys(kinOf(v.Item, text)) })
	return v.kin
}

// Thumbnail returns a small JPEG made by a confined worker, or a NotFound error.
func (v *View) Thumbnail(ctx context.Context) ([]byte, error) { return v.thumbnail(ctx) }

// Page draws one page (from 1) as PNG in a confined worker, width pixels wide.
func (v *View) Page(ctx context.Context, page, width int) ([]byte, error) {
	return v.page(ctx, page, width)
}

// Sound returns the sound of a recording from a time on, at most half an hour of
// it, as WebM made by a confined process.
func (v *View) Sound(ctx context.Context, from time.Duration) ([]byte, error) {
	return v.sound(ctx, from)
}

// Difference is one thing that `check` found.
type Difference struct {
	Where   string `json:"where"` // vault, log, catalog or index
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}
