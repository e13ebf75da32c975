// Package wire holds what the HTTP API under /api/v1 says and is told: the
// bodies of its requests and answers as Go types, shared by the server
// (internal/api) and the client (internal/client) so that the two cannot
// drift apart. It does nothing else.
//
// What never breaks: within /api/v1 a field is never renamed or given another
// meaning; new fields may appear, and readers ignore those they do not know.
package wire

import (
	"time"

	"candor"
)

// Prefix is the path under which version 1 of the API stands.
const Prefix = "/api/v1"

// ReceiptHeader names the header (for streamed answers, the trailer) that
// holds the log index of the record that an answer rests on.
const ReceiptHeader = "Candor-Receipt"

// AgentHeader marks a request as an AI agent's, with any value. Its acts are recorded
// as such and have smaller budgets; it gives no right to anything. A token that was
// made for agents marks its requests by itself.
const AgentHeader = "Candor-Agent"

// Error is the body of every answer that is not a success.
type Error struct {
	Error ErrorBody `json:"error"`
}

// ErrorBody says what happened, what was not done and what to do.
type ErrorBody struct {
	Code    candor.Code `json:"code" doc:"what kind of error it is" enum:"invalid,not_found,sign_in,refused,conflict,too_large,unavailable,verification,unsupported,internal"`
	Message string      `json:"message" doc:"what happened and what to do, fit to be shown"`
	Rule    string      `json:"rule,omitempty" doc:"for refused: the rule of the terms that decided"`
	At      int         `json:"at,omitempty" doc:"for a query that is not understood: the character that is wrong, from 1"`
}

// Receipt is embedded in the answer to every act.
type Receipt struct {
	Receipt string `json:"receipt" doc:"proof that the act's record is in the log: a C2SP tlog-proof with the record, checkable offline"`
	Index   int64  `json:"receipt_index" doc:"the record's place in the log"`
}

// SignIn asks for a session.
type SignIn struct {
	Person   candor.PersonID `json:"person"`
	Password string          `json:"password"`
}

// Session answers SignIn. Token goes into the Authorization header as a bearer.
type Session struct {
	Token   string        `json:"token,omitempty" doc:"bearer secret; shown only here"`
	Person  candor.Person `json:"person"`
	Expires time.Time     `json:"expires,omitzero"`
}

// NewToken asks for an API token for oneself.
type NewToken struct {
	Label string `json:"label" doc:"what the token is for, in the owner's words"`
	Days  int    `json:"days,omitempty" doc:"days until it expires; 0 is 90"`
	Agent bool   `json:"agent,omitempty" doc:"for an AI agent: every act with it is marked as one"`
}

// Token answers NewToken.
type Token struct {
	Token string `json:"token" doc:"shown only here"`
}

// NewPerson asks an administrator's act: another person.
type NewPerson struct {
	ID       candor.PersonID `json:"id"`
	Name     string          `json:"name"`
	Roles    []candor.Role   `json:"roles"`
	Password string          `json:"password"`
}

// People lists who may act.
type People struct {
	People []candor.Person `json:"people"`
}

// NewCollection asks an administrator's act: another collection.
type NewCollection struct {
	Name  string `json:"name" doc:"lower-case letters, digits and hyphens, at most 63"`
	Title string `json:"title"`
}

// Collection is what anybody signed in may know of a collection.
type Collection struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Created time.Time     `json:"created"`
	Totals  candor.Totals `json:"totals"`
	OCR     string        `json:"ocr,omitempty" doc:"languages that its pictures are read in unless an addition says others, or off; absent is the server's choice"`
}

// CollectionOCR chooses the languages that a collection's pictures are read in.
type CollectionOCR struct {
	OCR string `json:"ocr" doc:"such as deu+eng, or off; empty is the server's choice"`
}

// Collections lists the collections that the person may know of.
type Collections struct {
	Collections []Collection `json:"collections"`
}

// Terms is the text that people agree to, with the closed list of reasons.
type Terms struct {
	Text    string          `json:"text" doc:"Markdown"`
	Reasons []candor.Reason `json:"reasons"`
}

// PurposeRequest asks for a purpose. Zero figures stand for the terms' defaults.
type PurposeRequest struct {
	Reason      string       `json:"reason" doc:"a code of the list under /reasons"`
	Why         string       `json:"why" doc:"the explanation, in the asker's words"`
	Collections []string     `json:"collections"`
	Acts        []candor.Act `json:"acts,omitempty" doc:"empty is search, open and export"`
	Coverage    int64        `json:"coverage,omitempty" doc:"most distinct items it may be shown; 0 is the terms' default"`
	Seconds     int64        `json:"lifetime_seconds,omitempty" doc:"0 is the terms' default"`
	Override    bool         `json:"override,omitempty" doc:"break-glass: at most 24 hours, decided by a second person who says why, told first in public"`
}

// Decision says why somebody decides about a purpose. Who approves an override must say.
type Decision struct {
	Because string `json:"because,omitempty" doc:"in the decider's words; sealed for the auditor"`
}

// Purpose is a purpose with what has been used of it.
type Purpose struct {
	candor.Purpose
	StatusNow candor.PurposeStatus `json:"status_now" doc:"the status at the time of the answer, expiry included"`
	Covered   int64                `json:"covered" doc:"distinct items it has been shown so far"`
	AskedName string               `json:"asked_name"`
	ByName    string               `json:"decided_name,omitempty"`
}

// PurposeAct answers a request for, or a decision about, a purpose.
type PurposeAct struct {
	Purpose
	Receipt
}

// Purposes lists purposes, newest first.
type Purposes struct {
	Purposes []Purpose `json:"purposes"`
}

// NewAddition begins a handing-in of files.
type NewAddition struct {
	Collection string `json:"collection"`
	Source     string `json:"source,omitempty" doc:"what is handed in, in the adder's words"`
	Expected   int64  `json:"expected,omitempty" doc:"how many files are meant to come; 0 when not known"`
	OCR        string `json:"ocr,omitempty" doc:"languages that pictures of pages are read in, such as eng+deu, or off; empty is the server's choice"`
}

// File announces one file of an addition.
type File struct {
	Path    string    `json:"path" doc:"slash-separated UTF-8; bytes that are not UTF-8 appear as %XX"`
	Size    int64     `json:"bytes" doc:"-1 when not known"`
	ModTime time.Time `json:"mod_time,omitzero"`
}

// KnownFiles asks which files need not be sent; at most MaxKnown at a time.
type KnownFiles struct {
	Files []File `json:"files"`
}

// MaxKnown bounds one KnownFiles request.
const MaxKnown = 500

// Known answers KnownFiles in the same order. A file that is known has been
// entered into the addition's account and is not to be sent.
type Known struct {
	Known []bool `json:"known"`
}

// FailedFile enters a file that the adder could not read.
type FailedFile struct {
	File
	Reason string `json:"reason" doc:"fit to be shown"`
}

// Commit makes durable, searchable and recorded what was put so far.
type Commit struct {
	Finish bool `json:"finish,omitempty" doc:"ends the addition"`
}

// Committed is an addition's account with the receipt of its newest record.
type Committed struct {
	candor.Addition
	Receipt string `json:"receipt,omitempty" doc:"proof that the newest record of this addition is in the log; none while nothing was added"`
}

// RecordIndex is the newest record's place in the log; 0 while there is none.
func (c Committed) RecordIndex() int64 { return c.Record }

// Additions lists additions, newest first.
type Additions struct {
	Additions []candor.Addition `json:"additions"`
}

// Entries is one page of an addition's account, in order of path.
type Entries struct {
	Entries []candor.Entry `json:"entries"`
	Next    int            `json:"next,omitempty" doc:"offset of the next page; absent on the last"`
}

// SearchRequest asks for one page of results under a purpose. It is sent in a
// body, not in a URL, so that no proxy's log keeps what was searched for.
type SearchRequest struct {
	Query      string              `json:"query"`
	Mode       string              `json:"mode,omitempty" doc:"text (the default), semantic or hybrid"`
	Like       candor.ItemID       `json:"like,omitempty" doc:"in place of query: what is about the same as this item"`
	Purpose    candor.PurposeID    `json:"purpose"`
	Collection string              `json:"collection,omitempty" doc:"empty is every collection of the purpose"`
	Filters    map[string][]string `json:"filters,omitempty" doc:"collection, type, language, year, people, persons, organisations, places, emails, phones, ibans, dates, money, urls, identifiers, areas, condition, name or path to accepted values"`
	From       time.Time           `json:"from,omitzero" doc:"on the content's date, inclusive"`
	To         time.Time           `json:"to,omitzero" doc:"on the content's date, exclusive"`
	Offset     int                 `json:"offset,omitempty"`
	After      string              `json:"after,omitempty" doc:"next of the page before, instead of offset; reaches any depth"`
	Limit      int                 `json:"limit,omitempty" doc:"0 is 20; at most 100"`
	Sort       string              `json:"sort,omitempty" doc:"relevance, date-desc or date-asc"`
	Facets     bool                `json:"facets,omitempty"`
	Fold       string              `json:"fold,omitempty" doc:"alike, thread or family: show only the best of the results that belong together; go on by offset"`
	Translate  []string            `json:"translate,omitempty" doc:"look for the words in these languages too (ISO 639-1); the translator that is set up is told them"`
	Added      time.Time           `json:"added,omitzero" doc:"only what was added from then on"`
	Saved      string              `json:"saved,omitempty" doc:"the saved search that this makes again; its new items are then new no more"`
}

// SearchResult is one page of results with the receipt of having been shown it.
type SearchResult struct {
	Total   int64   `json:"total" doc:"exact"`
	Before  int64   `json:"before,omitempty" doc:"results in front of this page, exact"`
	Hits    []Hit   `json:"hits"`
	Next    string  `json:"next,omitempty" doc:"to ask for the next page with, as after; absent on the last"`
	More    bool    `json:"more,omitempty" doc:"results go on behind this page"`
	Facets  []Facet `json:"facets,omitempty"`
	Meaning string  `json:"meaning" doc:"the query as it was understood"`
	People  int64   `json:"people" doc:"different people that all results name, as far as rules tell"`
	TookMS  float64 `json:"took_ms"`
	Purpose Purpose `json:"purpose" doc:"the purpose after this act"`
	Receipt
}

// SaveRequest keeps a search under a name.
type SaveRequest struct {
	Name    string        `json:"name"`
	Request SearchRequest `json:"request"`
	Watch   bool          `json:"watch,omitempty" doc:"count new items by itself, at most once an hour, each time by an act of its purpose"`
}

// Saved is a search that somebody keeps, to make it again with POST /search.
type Saved struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Request SearchRequest `json:"request" doc:"what to search with, and saved set to the id"`
	Watch   bool          `json:"watch"`
	Made    time.Time     `json:"made"`
	Since   time.Time     `json:"since" doc:"what was added from here on is new; ask for it alone with added"`
	New     int64         `json:"new" doc:"new items, when it was last made by itself"`
	Looked  time.Time     `json:"looked,omitzero" doc:"when that was"`
	Stopped string        `json:"stopped,omitempty" doc:"why it is watched no more"`
}

// SavedSearches lists searches by name.
type SavedSearches struct {
	Searches []Saved `json:"searches"`
}

// AskRequest asks a question, in a person's words.
type AskRequest struct {
	Question   string           `json:"question"`
	Purpose    candor.PurposeID `json:"purpose"`
	Collection string           `json:"collection,omitempty" doc:"empty is every collection of the purpose"`
	Limit      int              `json:"limit,omitempty" doc:"items with passages; 0 is 5, at most 20"`
}

// Answer is what fits a question.
type Answer struct {
	Model     string     `json:"model" doc:"what wrote the sentences; empty where no model is set up: then the hits' snippets are all there is"`
	Sentences []Sentence `json:"sentences,omitempty" doc:"the answer; none where the passages give none"`
	Dropped   int        `json:"dropped,omitempty" doc:"sentences that named no passage they rest on, and were left out"`
	Note      string     `json:"note,omitempty" doc:"why there is no answer, though a model is set up"`
	SearchResult
}

// Sentence is one sentence of an answer.
type Sentence struct {
	Text     string `json:"text"`
	Passages []int  `json:"passages" doc:"that it rests on: numbers, from 1, of the hits' snippets in their order"`
}

// AnswerLine is one line of an answer that is told as it comes: Found first, then
// sentences, and last Done, with all of it again, or Error.
type AnswerLine struct {
	Found    *SearchResult `json:"found,omitempty" doc:"what the answer is to rest on"`
	Sentence *Sentence     `json:"sentence,omitempty"`
	Done     *Answer       `json:"done,omitempty"`
	Error    *ErrorBody    `json:"error,omitempty"`
}

// Hit is one found item.
type Hit struct {
	Item       candor.ItemID    `json:"item"`
	Name       string           `json:"name"`
	Path       string           `json:"path" doc:"its first place, from the file handed in down to it"`
	Score      float64          `json:"score"`
	Snippet    string           `json:"snippet" doc:"the best snippet as plain text"`
	Snippets   []Snippet        `json:"snippets,omitempty"`
	Collection string           `json:"collection"`
	Type       string           `json:"type"`
	Title      string           `json:"title,omitempty"`
	Date       time.Time        `json:"date,omitzero"`
	Size       int64            `json:"bytes"`
	Pages      int              `json:"pages,omitempty"`
	Condition  candor.Condition `json:"condition"`
	Covered    bool             `json:"covered" doc:"the purpose had been shown it before"`

	Folded int64             `json:"folded,omitempty" doc:"other results that belong to it, if results are folded"`
	Kin    map[string]string `json:"kin,omitempty" doc:"values for the filters alike, thread and family that find what belongs to it"`
}

// Snippet is a piece of text; Marks are byte ranges of what matched.
type Snippet struct {
	Text   string   `json:"text"`
	Marks  [][2]int `json:"marks"`
	Page   int      `json:"page,omitempty" doc:"from 1"`
	Field  string   `json:"field,omitempty"`
	Quoted bool     `json:"quoted,omitempty" doc:"of a message: all that matched here it quotes of others"`
}

// Facet is one facet field with its most frequent values.
type Facet struct {
	Field  string       `json:"field"`
	Values []FacetValue `json:"values"`
	Hidden bool         `json:"hidden,omitempty" doc:"values that fewer items have than the terms let be told are left out"`
}

// FacetValue is one value with the number of matching items that have it.
type FacetValue struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// OpenRequest opens an item under a purpose.
type OpenRequest struct {
	Purpose candor.PurposeID `json:"purpose"`
}

// View is an opened item. Until Expires its contents can be read again under
// /views/{view}/… without a new act.
type View struct {
	View    string      `json:"view" doc:"secret name of the view"`
	Item    candor.Item `json:"item"`
	Expires time.Time   `json:"expires"`
	Purpose Purpose     `json:"purpose" doc:"the purpose after this act"`
	Receipt
}

// Translations are what machines made of an item's text.
type Translations struct {
	Translations []Translation `json:"translations"`
}

// Translation is one of them; pages are separated by form feeds, as in the text.
type Translation struct {
	candor.Translated
	Text string `json:"text"`
}

// RetypeRequest puts what somebody reads on a page in place of what was recognised.
type RetypeRequest struct {
	Purpose candor.PurposeID `json:"purpose"`
	Page    int              `json:"page" doc:"from 1; a picture is page 1"`
	Text    string           `json:"text" doc:"at most 256 kB; empty brings back what was recognised"`
}

// RetypedPages are all versions of pages that people typed, oldest first.
type RetypedPages struct {
	Pages []RetypedPage `json:"pages"`
}

// RetypedPage is one of them.
type RetypedPage struct {
	candor.Retyping
	Text string `json:"text"`
}

// ExportRequest asks for the originals of items as one zip.
type ExportRequest struct {
	Purpose candor.PurposeID `json:"purpose"`
	Items   []candor.ItemID  `json:"items"`
}

// AnalyseRequest has items read again.
type AnalyseRequest struct {
	Items    []candor.ItemID  `json:"items,omitempty" doc:"1 to 500, of one collection; of a job 1 to 10,000, best ordered by collection"`
	Purpose  candor.PurposeID `json:"purpose"`
	OCR      string           `json:"ocr,omitempty" doc:"languages that pictures of pages are read in, such as eng+deu, or off; empty is the server's choice"`
	Password string           `json:"password,omitempty" doc:"opens encrypted items; kept nowhere"`

	Translate string `json:"translate,omitempty" doc:"a language (ISO 639-1) to have the texts translated into, instead of reading them again; those that the same translator has done are passed over"`
	Reindex   bool   `json:"reindex,omitempty" doc:"find what the texts name anew, and place them in meaning anew, instead of reading them again"`
	Estimate  bool   `json:"estimate,omitempty" doc:"do nothing but tell the cost, at most; recorded too"`
}

// Cost is the work of an analysis: at most, before it; or as it was, after it.
type Cost struct {
	Items int64   `json:"items"`
	Pages int64   `json:"pages" doc:"pictures of pages that words are read off"`
	Sound float64 `json:"sound_seconds" doc:"that is listened to"`
	Text  int64   `json:"text_bytes" doc:"translated, or told to the model of meaning"`
	Model string  `json:"model,omitempty" doc:"that is told them; empty if nothing leaves the server"`
}

// Analysis says what came of reading items again.
type Analysis struct {
	Items   []Analysed `json:"items"`
	Cost    Cost       `json:"cost" doc:"as it was, or, for an estimate, at most"`
	TookMS  float64    `json:"took_ms"`
	Purpose Purpose    `json:"purpose"`
	Receipt
}

// Job is an analysis that the archive makes by itself, in acts of 100 items, each
// of whoever began it.
type Job struct {
	ID      string         `json:"id"`
	Request AnalyseRequest `json:"request" doc:"what it was begun with, without the items"`
	Total   int64          `json:"total" doc:"items"`
	Done    int64          `json:"done"`
	Kept    int64          `json:"kept,omitempty" doc:"of those that are done: nothing new came of them"`
	Cost    Cost           `json:"cost" doc:"so far"`
	Began   time.Time      `json:"began"`
	Ended   time.Time      `json:"ended,omitzero" doc:"absent while it goes on"`
	Stopped string         `json:"stopped,omitempty" doc:"why it ended before all was done"`
	Waiting string         `json:"waiting,omitempty" doc:"why it does not go on right now; it is tried again"`
	Record  int64          `json:"record,omitempty" doc:"of its last act"`
}

// Jobs lists one's own, the newest first.
type Jobs struct {
	Jobs []Job `json:"jobs"`
}

// Analysed is one item that was read again.
type Analysed struct {
	Item      candor.ItemID    `json:"item"`
	Name      string           `json:"name"`
	Was       candor.Condition `json:"was"`
	Condition candor.Condition `json:"condition"`
	Reason    string           `json:"reason,omitempty"`
	TextSize  int64            `json:"text_bytes"`
	Kept      bool             `json:"kept,omitempty" doc:"reading it again failed, or there was nothing to translate, so that it stays as it was"`
	Found     int64            `json:"found,omitempty" doc:"items inside that are new to the collection"`
}

// Done answers an act that returns nothing but its proof.
type Done struct {
	Receipt
}

// Difference is one thing that a check found.
type Difference struct {
	Where   string `json:"where" doc:"vault, log, catalog or index"`
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

// Progress is one line of the answer of a check, a rebuild or a rekey, which is
// a stream of JSON lines. All but the last hold Done and Total; the last holds
// one of Check, Rebuild, Rekey and Error.
type Progress struct {
	Done    int64          `json:"done,omitempty"`
	Total   int64          `json:"total,omitempty"`
	Check   *CheckResult   `json:"check,omitempty"`
	Rebuild *RebuildResult `json:"rebuild,omitempty"`
	Rekey   *Done          `json:"rekey,omitempty"`
	Error   *ErrorBody     `json:"error,omitempty"`
}

// CheckResult lists every difference between vault, log, catalog and index.
type CheckResult struct {
	OK          bool         `json:"ok"`
	Differences []Difference `json:"differences"`
}

// RebuildResult says what the rebuilt catalog and index hold.
type RebuildResult struct {
	Totals candor.Totals `json:"totals"`
	Receipt
}

// Status says who is asking and what this server is.
type Status struct {
	Version string         `json:"version"`
	Format  int            `json:"format" doc:"version of the data folder's layout"`
	Origin  string         `json:"origin" doc:"the log's origin line"`
	Solo    bool           `json:"solo" doc:"an archive of one person: purposes are not independently approved"`
	Person  *candor.Person `json:"person,omitempty" doc:"who is asking; absent when not signed in"`
	Totals  *candor.Totals `json:"totals,omitempty" doc:"of the collections that the person may know of"`
	Meaning *Placing       `json:"meaning,omitempty" doc:"how far texts are placed in meaning; absent when not signed in, or without a model"`
}

// Placing tells how far texts are placed in meaning by the model that is set up.
type Placing struct {
	Model   string `json:"model"`
	Placed  int64  `json:"placed" doc:"items"`
	Waiting int64  `json:"waiting" doc:"items that another model placed; a server places them anew in the background"`
}

// RecordIndex returns the place in the log of the record that an answer rests on.
func (r Receipt) RecordIndex() int64 { return r.Index }

// AuditRequest chooses records by what is public of them; see AuditLine for
// the answer. What the auditor looks for in the details is written down in the
// auditor's own record, and left to the auditor to find: the server cannot.
type AuditRequest struct {
	Act     candor.Act       `json:"act,omitempty"`
	Purpose candor.PurposeID `json:"purpose,omitempty"`
	From    time.Time        `json:"from,omitzero" doc:"on the record's time, inclusive"`
	To      time.Time        `json:"to,omitzero" doc:"on the record's time, exclusive"`
	Indexes []int64          `json:"indexes,omitempty" doc:"only these records, in order"`
	Newest  int              `json:"newest,omitempty" doc:"at most so many, the newest; 0 is all"`
	Sample  int              `json:"sample,omitempty" doc:"so many, drawn at random by the seed; 0 is all"`
	Seed    string           `json:"seed,omitempty" doc:"needed with sample; the same seed draws the same records"`
	For     LookingFor       `json:"for,omitzero" doc:"what the auditor looks for; recorded, not applied"`
}

// LookingFor is what an auditor looks for in opened details.
type LookingFor struct {
	Person string        `json:"person,omitempty"`
	Item   candor.ItemID `json:"item,omitempty"`
	Query  string        `json:"query,omitempty"`
}

// AuditLine is one line of the answer to an AuditRequest, which is a stream of
// JSON lines. All but the last hold Record; the last holds Done or Error.
type AuditLine struct {
	Record *AuditRecord `json:"record,omitempty"`
	Done   *Receipt     `json:"done,omitempty" doc:"the audit's own receipt"`
	Error  *ErrorBody   `json:"error,omitempty"`
}

// AuditRecord is a record with its details as they are sealed.
type AuditRecord struct {
	Index       int64    `json:"index"`
	Leaf        string   `json:"leaf" doc:"the record as it stands in the log"`
	Sealed      []byte   `json:"sealed,omitempty" doc:"docs/spec/details.md"`
	Held        string   `json:"held" doc:"what is held of its sealed details" enum:"sealed,destroyed,missing,none"`
	DestroyedBy int64    `json:"destroyed_by,omitempty" doc:"index of the record that tells of their destruction"`
	Reviews     []Review `json:"reviews,omitempty"`
}

// Review is an auditor's note that a record was looked at.
type Review struct {
	Index int64           `json:"index" doc:"of the record"`
	By    candor.PersonID `json:"by"`
	Name  string          `json:"name"`
	At    time.Time       `json:"at"`
	Note  string          `json:"note"`
}

// NewReview marks a record reviewed.
type NewReview struct {
	Index int64  `json:"index"`
	Note  string `json:"note"`
}

// Retention asks to destroy the sealed details of acts that were over before a time.
type Retention struct {
	Before time.Time `json:"before"`
}

// Destroyed answers Retention.
type Destroyed struct {
	Records int64 `json:"records" doc:"whose sealed details were destroyed"`
	Kept    int64 `json:"kept" doc:"that are old enough, and count the coverage of purposes that have not ended"`
	Receipt
}
