package candor

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// SealedBody is what sealing a stream gives: where the ciphertext stands, and
// what is needed to bind it to a name. Whoever sealed may still read it with
// FileKey; nobody else can until the custodian releases that key.
type SealedBody struct {
	Body    string // the vault's name for the ciphertext; random
	FileKey []byte // 16 bytes, the age file key; never stored in the clear
	Size    int64  // bytes of plaintext
	SHA256  [32]byte
}

// Content is plaintext that can be read at any offset.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Source is bytes to be read by a worker. ReadAt may be called concurrently.
type Source struct {
	Name string // base name, a hint only; the type is found from the content
	Size int64
	io.ReaderAt
	Password string // opens it if it is encrypted; "" if none is known
}

// Reading is what a worker made of a Source. Every reading has a condition; an
// error beside it means that no worker could be had.
type Reading struct {
	Type      string
	Condition Condition
	Reason    string // fit to be shown: "page 3 of 9 could not be read: …"
	Extraction
	Thumbnail []byte // image/jpeg, at most 480 pixels wide; nil when the kind has none
	Pictures  []int  // pages, from 1 and ascending, that are pictures: words on them are not in the text
}

// Lack says that a reading lacks something: what was read is partial then, and
// the reason names it.
func (r *Reading) Lack(what string) {
	if r.Condition == Done {
		r.Condition = Partial
	}
	if r.Reason != "" {
		what = r.Reason + "; " + what
	}
	r.Reason = what
}

// PageText is what was recognised on the picture of a page.
type PageText struct {
	Text       string    `json:"-"`
	Language   string    `json:"-"`          // ISO 639-1, empty when not known
	Confidence int       `json:"confidence"` // percent, mean over letters; 0 without any
	Width      int       `json:"width"`      // of the picture, pixels
	Height     int       `json:"height"`
	Words      []WordBox `json:"words"` // in the order of the text
}

// WordBox is a word and where it stands on a picture, in pixels.
type WordBox struct {
	Left       int    `json:"left"`
	Top        int    `json:"top"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Confidence int    `json:"confidence"` // percent
	Text       string `json:"text"`
}

// Sink receives what a worker finds, in the order in which it stands in the
// source. Calls come one at a time. An error ends the reading.
type Sink interface {
	// Text receives the next piece of text: valid UTF-8, pages separated by U+000C.
	Text(p []byte) error
	// Part receives an item found inside, such as an attachment. It must read r
	// to its end before it returns.
	Part(p Place, r io.Reader) error
}

// Entry is one line of an addition's account: one file handed in, and how it ended.
type Entry struct {
	Path      string    `json:"path"`
	Size      int64     `json:"bytes"`
	ModTime   time.Time `json:"mod_time,omitzero"`
	Item      ItemID    `json:"item,omitempty"` // empty when nothing could be kept
	Condition Condition `json:"condition"`
	Reason    string    `json:"reason,omitempty"`
	Duplicate bool      `json:"duplicate,omitempty"` // its content was in the collection before
	Items     int64     `json:"items"`               // new items: itself, if new, and the parts found inside
}

// Addition is the account of one handing-in. Its figures always add up:
// Files = the sum over Conditions, and each entry stands for one file.
type Addition struct {
	ID         string              `json:"id"`
	Collection string              `json:"collection"`
	By         PersonID            `json:"by"`
	Source     string              `json:"source,omitempty"` // what was handed in, in the adder's words
	Started    time.Time           `json:"started"`
	Finished   time.Time           `json:"finished,omitzero"`
	Expected   int64               `json:"expected,omitempty"` // files the adder means to hand in; 0 when not known
	Files      int64               `json:"files"`
	Items      int64               `json:"items"`
	Bytes      int64               `json:"bytes"`
	Duplicates int64               `json:"duplicates"`
	Conditions map[Condition]int64 `json:"conditions"`
	OCR        string              `json:"ocr,omitempty"`    // how pictures of pages are read: languages, or off; empty is as the archive does
	Record     int64               `json:"record,omitempty"` // log index of the newest outcome of adding; 0 while there is none
}

// Totals counts what a collection holds.
type Totals struct {
	Items      int64               `json:"items"`
	Bytes      int64               `json:"bytes"` // of originals
	Conditions map[Condition]int64 `json:"conditions"`
}

// PageNumbers names pages, given in order: "page 3", "pages 2-4, 7".
func PageNumbers(pages []int) string {
	const mostRuns = 50
	var runs []string
	for i := 0; i < len(pages); {
		j := i
		for j+1 < len(pages) && pages[j+1] == pages[j]+1 {
			j++
		}
		if i == j {
			runs = append(runs, fmt.Sprint(pages[i]))
		} else {
			runs = append(runs, fmt.Sprintf("%d-%d", pages[i], pages[j]))
		}
		i = j + 1
		if len(runs) == mostRuns && i < len(pages) {
			runs = append(runs, fmt.Sprintf("and %d more", len(pages)-i))
			break
		}
	}
	if len(pages) == 1 {
		return "page " + runs[0]
	}
	return "pages " + strings.Join(runs, ", ")
}

// HavePages is PageNumbers with its verb: "page 3 has", "pages 2-4 have".
func HavePages(pages []int) string {
	if len(pages) == 1 {
		return PageNumbers(pages) + " has"
	}
	return PageNumbers(pages) + " have"
}
