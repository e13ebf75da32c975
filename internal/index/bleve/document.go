package bleve

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/document"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"candor/internal/query"
)

// Fields of the index. A text field has two forms: "t." stemmed with
// positions, "x." as it stands. "k." fields hold whole values, "n." numbers.
const (
	fieldNum   = "k.num" // eight hexadecimal digits, so that order is numeric
	fieldItem  = "k.item"
	fieldBig   = "k.big" // yes when some of the text has no positions
	fieldHas   = "k.has" // names of the text fields that have words
	fieldName  = "k.name"
	fieldPath  = "k.path"
	fieldType  = "x.type" // the media type, lower-case, whole and its two halves
	fieldDate  = "n.date" // milliseconds since 1970
	fieldAdded = "n.added"
	yes        = "1"
)

// textFields may stand before a colon and hold words. rest holds name, path,
// people and metadata together: with text and title, it is what a word
// without a field is looked up in.
var textFields = []string{"text", "title", "name", "path", "people", "meta", "rest"}

var anyText = []string{"text", "title", "rest"}

// facetFields hold whole values that can be counted.
var facetFields = []string{query.FacetCollection, query.FacetType, query.FacetLanguage,
	query.FacetPeople, query.FacetYear, query.FacetCondition}

func stemmed(field string) string { return "t." + field }
func surface(field string) string { return "x." + field }
func keyword(field string) string { return "k." + field }

func docID(num uint32) string { return fmt.Sprintf("%08x", num) }

func numOf(id string) (uint32, error) {
	n, err := strconv.ParseUint(id, 16, 32)
	return uint32(n), err
}

// build makes what Bleve indexes of a document.
func build(d *query.Document) *document.Document {
	doc := document.NewDocument(docID(d.Num))
	b := builder{doc}
	values := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		values[i] = f.Value
	}
	text := b.text("text", true, d.Text)
	doc.AddField(&bigField{text})
	b.text("title", true, d.Title)
	b.text("name", true, d.Name)
	b.text("path", false, d.Path)
	b.text("people", false, d.People...)
	b.text("meta", true, values...)
	b.text("rest", false, append(append([]string{d.Name, d.Path}, d.People...), values...)...)

	b.keyword(fieldNum, bleveapi.DocValues, docID(d.Num))
	b.keyword(fieldItem, bleveapi.DocValues, string(d.Item))
	b.keyword(fieldName, 0, d.Name)
	b.keyword(fieldPath, 0, d.Path)
	b.keyword(fieldType, 0, typeForms(d.Type)...)
	for _, f := range facetFields {
		b.keyword(keyword(f), bleveapi.DocValues, facetValues(d, f)...)
	}
	b.time(fieldDate, d.Date)
	b.time(fieldAdded, d.Added)
	return doc
}

// facetValues are the values that count for a facet.
func facetValues(d *query.Document, facet string) []string {
	switch facet {
	case query.FacetCollection:
		return []string{d.Collection}
	case query.FacetType:
		return []string{d.Type}
	case query.FacetLanguage:
		return []string{d.Language}
	case query.FacetPeople:
		return d.People
	case query.FacetCondition:
		return []string{string(d.Condition)}
	case query.FacetYear:
		if !d.Date.IsZero() {
			return []string{strconv.Itoa(d.Date.Year())}
		}
	}
	return nil
}

func typeForms(media string) []string {
	media = strings.ToLower(media)
	kind, sub, found := strings.Cut(media, "/")
	if !found {
		return []string{media}
	}
	return []string{media, kind, sub}
}

type builder struct{ doc *document.Document }

func (b builder) text(name string, stored bool, parts ...string) *analysis {
	a := &analysis{parts: parts}
	f := &wordsField{name: stemmed(name), words: a}
	whole := strings.Join(parts, "\n")
	if stored && whole != "" {
		f.stored = []byte(whole)
	}
	b.doc.AddField(f)
	b.doc.AddField(&wordsField{name: surface(name), words: a, surface: true})
	if query.HasWord(whole) {
		b.keyword(fieldHas, 0, name)
	}
	return a
}

// keyword adds whole values; a value given twice counts once.
func (b builder) keyword(name string, o bleveapi.FieldIndexingOptions, values ...string) {
	seen := map[string]bool{"": true}
	for _, v := range values {
		if seen[v] {
			continue
		}
		seen[v] = true
		b.doc.AddField(document.NewTextFieldCustom(name, nil, []byte(v), bleveapi.IndexField|bleveapi.SkipFreqNorm|o, nil))
	}
}

func (b builder) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	b.doc.AddField(document.NewNumericFieldWithIndexingOptions(name, nil, millis(t), bleveapi.IndexField|bleveapi.DocValues))
}

func millis(t time.Time) float64 { return float64(t.UnixMilli()) }

// textSize is what a document weighs in a batch.
func textSize(d *query.Document) int {
	n := len(d.Text) + len(d.Title) + len(d.Name) + len(d.Path)
	for _, f := range d.Fields {
		n += len(f.Value)
	}
	return n
}
