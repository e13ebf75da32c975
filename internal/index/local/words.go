package local

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"candor/internal/query"
)

// The text fields, by number as in the files. A word without a field is looked
// up in all of them.
const (
	fieldText = iota
	fieldTitle
	fieldName
	fieldPath
	fieldPeople
	fieldMeta
	fieldTranslation
	fieldCount

	firstFields = fieldTranslation // that the first version of the format had
)

var fieldNames = [fieldCount]string{"text", "title", "name", "path", "people", "meta", "translation"}

// fieldWeights say how much a word in a field weighs in the score. A name
// stands at the end of most paths too, so that the two together weigh 1.
var fieldWeights = [fieldCount]float64{1, 1, 0.5, 0.5, 1, 1, 0.8}

// A term of the dictionary is a byte for language, field and form, and the word.
const (
	formStem  = 0 // with its inflections; has positions
	formExact = 1 // as it is written, folded
)

// space is a field of the items in one language. Each space has its own words:
// what is said of stems and words as they stand holds inside one.
type space uint8

const (
	mostFields = 8 // that a space can tell apart
	spaceCount = mostFields * mostLanguages
)

var _ [mostFields - fieldCount]struct{} // there is room for all fields

func spaceOf(field, language int) space { return space(language*mostFields + field) }

func (s space) field() int    { return int(s % mostFields) }
func (s space) language() int { return int(s / mostFields) }

// inflected is the language that a field of an item in some language is read in:
// names of people have none, nor has a translation that of its item.
func inflected(field, language int) int {
	if field == fieldPeople || field == fieldTranslation {
		return 0
	}
	return language
}

func termByte(s space, form int) byte { return byte(s)<<1 | byte(form) }

// spaceIn is the space of a term.
func spaceIn(term []byte) space { return space(term[0] >> 1) }

// maxWord bounds a word in the dictionary. Of a longer one stand there its
// first bytes, a zero byte, and a hash of the whole.
const maxWord = 200

func boundWord(w []byte) []byte {
	if len(w) <= maxWord {
		return w
	}
	sum := sha256.Sum256(w)
	cut := maxWord
	for !utf8.RuneStart(w[cut]) {
		cut--
	}
	out := append(slices.Clone(w[:cut]), 0)
	return hex.AppendEncode(out, sum[:16])
}

// foldedWords returns the words of a query's text as they stand in the dictionary.
func foldedWords(text string) []string {
	var out []string
	query.EachToken(text, func(w []byte, _, _ int) bool {
		out = append(out, string(boundWord(w)))
		return true
	})
	return out
}
