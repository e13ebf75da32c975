// Package candor holds the nouns that every part of Candor shares, and the
// closed list of error codes. All it does is name contents and wrap keys to names,
// on which archive, vault and custodian must agree.
//
// Candor is an archive you can search, but not search in secret: material is
// stored sealed, every act on it is bound to an approved purpose, decided by
// terms that a machine evaluates, and written to a transparency log before its
// result leaves. The words used here are defined in docs/words.md and mean the
// same in every package, command, page and document.
//
// This package imports nothing of ours, and nothing but the standard library.
package candor

import (
	"cmp"
	"time"
)

// FormatVersion is the version of the data folder's layout. A folder with a
// higher number was written by a newer Candor and is left untouched.
const FormatVersion = 1

// ItemID names an item: 26 lower-case base32 characters, the keyed hash of the
// item's content under its collection's secret (see internal/vault). The same
// content in the same collection has the same ID; without the secret nobody can
// tell what content an ID stands for, or whether two collections share an item.
type ItemID string

// PurposeID names a purpose: "p-" and 10 lower-case base32 characters.
type PurposeID string

// PersonID names a person: a short lower-case handle, such as "r.osei".
type PersonID string

// Act is what somebody does with the archive. The list is closed: a record
// with another act is not a record of this version.
type Act string

const (
	ActAdd         Act = "add"
	ActSearch      Act = "search"
	ActOpen        Act = "open"
	ActExport      Act = "export"
	ActAnalyse     Act = "analyse"
	ActAsk         Act = "ask"
	ActCorrect     Act = "correct"
	ActDestroy     Act = "destroy"
	ActRequest     Act = "request"      // ask for a purpose
	ActApprove     Act = "approve"      // approve, refuse or revoke a purpose
	ActChangeTerms Act = "change-terms" // terms, collections, people
	ActReleaseKey  Act = "release-key"  // a key that is not an item's: catalog, index
	ActRebuild     Act = "rebuild"
	ActAudit       Act = "audit"    // read sealed details, mark them reviewed
	ActOverride    Act = "override" // ask for a purpose that overrides (break-glass)
)

// Acts lists every act, in the order in which reports show them.
func Acts() []Act {
	return []Act{ActAdd, ActSearch, ActOpen, ActExport, ActAnalyse, ActAsk, ActCorrect, ActDestroy,
		ActRequest, ActApprove, ActChangeTerms, ActReleaseKey, ActRebuild, ActAudit, ActOverride}
}

// Condition is how the reading of a file ended. Every file ends in one.
type Condition string

const (
	Done        Condition = "done"        // everything that was asked for was read
	Partial     Condition = "partial"     // something is missing; Reason says what
	Encrypted   Condition = "encrypted"   // kept, and readable with a password
	Unsupported Condition = "unsupported" // kept, found by name and metadata, not read
	Failed      Condition = "failed"      // Reason says why; kept if its bytes arrived
)

// Conditions lists every condition, in the order in which accounts show them.
func Conditions() []Condition {
	return []Condition{Done, Partial, Encrypted, Unsupported, Failed}
}

// Rendition names one sealed form of an item: the original, or something
// derived from it.
type Rendition string

const (
	Original  Rendition = "original"
	Text      Rendition = "text"      // UTF-8; pages are separated by a form feed (U+000C)
	Thumbnail Rendition = "thumbnail" // image/jpeg made by our worker, at most 480 pixels wide
	Words     Rendition = "words"     // where recognised words stand on pages: JSON, a PageText by page number
	// Translations are what machines made of the text: JSON, see archive.Translation.
	Translations Rendition = "translations"
	Retyped      Rendition = "retyped"  // what people typed in place of recognised text, with all versions: JSON
	Manifest     Rendition = "manifest" // the Item itself as JSON
)

// Place is where an item was found: the path under which it was handed in, or
// its path inside the item that contains it. One item can have many.
type Place struct {
	Path   string `json:"path"`             // slash-separated UTF-8; bytes that are not UTF-8 appear as %XX
	Parent ItemID `json:"parent,omitempty"` // the item it was found inside, if any
	// Head is the item whose family it belongs to, such as the message that it is
	// attached to, at any depth; empty for a file, and for what a mere container holds.
	Head    ItemID    `json:"head,omitempty"`
	ModTime time.Time `json:"mod_time,omitzero"`
	// Addition is the addition that handed it in; empty for a part.
	Addition string `json:"addition,omitempty"`
}

// Item is one stored thing: a file, or a part found inside one.
type Item struct {
	ID         ItemID    `json:"item"`
	Num        uint32    `json:"num"` // dense number within the archive, for bitmaps; never reused
	Collection string    `json:"collection"`
	Name       string    `json:"name"` // base name of its first place
	Places     []Place   `json:"places"`
	Type       string    `json:"type"` // media type found from the content, such as application/pdf
	Size       int64     `json:"bytes"`
	SHA256     string    `json:"sha256"` // of the original, hexadecimal
	Added      time.Time `json:"added"`
	Condition  Condition `json:"condition"`
	Reason     string    `json:"reason,omitempty"` // why the condition is not done, fit to be shown
	Extraction
	Translated []Translated `json:"translated,omitempty"`
	Retyped    []Retyping   `json:"retyped,omitempty"` // oldest first
	Parts      []ItemID     `json:"parts,omitempty"`   // items found directly inside
	Renditions []Rendition  `json:"renditions"`        // what is sealed of it besides the manifest
}

// Indexed are the renditions that a search looks through.
func Indexed() []Rendition { return []Rendition{Text, Translations, Retyped} }

// Retyping says that somebody typed what stands on a page in place of what was
// recognised.
type Retyping struct {
	Page int       `json:"page"` // from 1
	By   PersonID  `json:"by"`
	At   time.Time `json:"at"`
}

// Translated says that an item's text was put into a language by a machine.
type Translated struct {
	To string    `json:"to"` // ISO 639-1
	By string    `json:"by"` // model or program, and where
	At time.Time `json:"at"`
}

// Extraction is what reading an original told about it.
type Extraction struct {
	Title    string    `json:"title,omitempty"`
	Date     time.Time `json:"date,omitzero"`        // the content's own date, not the file's
	DateFrom string    `json:"date_from,omitempty"`  // the field that Date came from, such as "exif:DateTimeOriginal"
	Language string    `json:"language,omitempty"`   // ISO 639-1, empty when not known
	People   []string  `json:"people,omitempty"`     // authors, senders, recipients as named in the metadata
	Pages    int       `json:"pages,omitempty"`      // 0 when the kind has no pages
	Fields   []Field   `json:"fields,omitempty"`     // metadata as found, in order
	TextSize int64     `json:"text_bytes,omitempty"` // bytes of the text rendition

	// Print is a picture's PDQ hash, 64 hexadecimal digits, by which copies of it
	// are told; empty for what is no picture or has too little detail. Detail is
	// PDQ's quality, of 100.
	Print  string `json:"print,omitempty"`
	Detail int    `json:"detail,omitempty"`
}

// Supplement adds what another reading of the same original told: its fields, and
// title, people and date where this one has none.
func (e *Extraction) Supplement(other Extraction) {
	e.Fields = append(e.Fields, other.Fields...)
	e.Title = cmp.Or(e.Title, other.Title)
	if len(e.People) == 0 {
		e.People = other.People
	}
	if e.Date.IsZero() {
		e.Date, e.DateFrom = other.Date, other.DateFrom
	}
}

// Field is one metadata value as found, such as {"iptc:City", "Port Velmere"}.
type Field struct {
	Name  string `json:"name"` // prefix:Name; prefixes: exif, iptc, xmp, mwg (of these three, reconciled), gps, doc, mail, file, ocr, media
	Value string `json:"value"`
}

// Role is what a person may do besides holding purposes. Administering and
// reading are separate: nobody may hold both Administrator and Reader, except
// the one person of a solo archive.
type Role string

const (
	Reader        Role = "reader"        // ask for purposes; search and open under them
	Approver      Role = "approver"      // approve other people's purposes
	Auditor       Role = "auditor"       // read sealed details
	Administrator Role = "administrator" // people, collections, terms; sees no contents
	Contributor   Role = "contributor"   // add items
)

// Person is somebody who acts. The public log never names a person.
type Person struct {
	ID      PersonID  `json:"id"`
	Name    string    `json:"name"`
	Roles   []Role    `json:"roles"`
	Created time.Time `json:"created"`
	Solo    bool      `json:"solo,omitempty"`    // the one person of a solo archive
	Revoked bool      `json:"revoked,omitempty"` // may no longer sign in
}

// Has reports whether the person holds a role.
func (p Person) Has(r Role) bool {
	for _, have := range p.Roles {
		if have == r {
			return true
		}
	}
	return p.Solo
}

// Collection is a named part of the archive with its own terms and readers.
type Collection struct {
	Name    string    `json:"name"` // lower-case letters, digits and hyphens, at most 63
	Title   string    `json:"title"`
	Secret  []byte    `json:"secret"` // 32 bytes; keys its item IDs; sealed at rest, never shown
	Created time.Time `json:"created"`
	OCR     string    `json:"ocr,omitempty"` // languages that its pictures are read in unless an addition says others, or off; "" is the archive's choice
}

// PurposeStatus is the state of a purpose.
type PurposeStatus string

const (
	Requested PurposeStatus = "requested"
	Active    PurposeStatus = "active"
	Refused   PurposeStatus = "refused"
	Revoked   PurposeStatus = "revoked"
	Expired   PurposeStatus = "expired" // computed from Expires, never stored
)

// Purpose is an approved, limited reason to use a collection.
type Purpose struct {
	ID          PurposeID     `json:"id"`
	Reason      string        `json:"reason"` // a code from the terms' closed list
	Why         string        `json:"why"`    // the explanation, in the asker's words
	Collections []string      `json:"collections"`
	Acts        []Act         `json:"acts"`
	Coverage    int64         `json:"coverage"` // most distinct items it may be shown
	Expires     time.Time     `json:"expires"`
	AskedBy     PersonID      `json:"asked_by"`
	Asked       time.Time     `json:"asked"`
	DecidedBy   PersonID      `json:"decided_by,omitempty"`
	Decided     time.Time     `json:"decided,omitzero"`
	Status      PurposeStatus `json:"status"`
	Solo        bool          `json:"solo,omitempty"` // approved by the person who asked
	// Override marks a purpose for an emergency (break-glass): decided by a second
	// person with a reason, at most 24 hours long, and told first in public.
	Override bool   `json:"override,omitempty"`
	Because  string `json:"because,omitempty"` // why it was decided so, in the words of DecidedBy
	// Grant is the log index of the outcome record that approved it; -1 while
	// there is none. The custodian asks to be shown that record.
	Grant int64 `json:"grant"`
}

// StatusAt returns the purpose's status at a time, Expired included.
func (p Purpose) StatusAt(now time.Time) PurposeStatus {
	if p.Status == Active && !now.Before(p.Expires) {
		return Expired
	}
	return p.Status
}
