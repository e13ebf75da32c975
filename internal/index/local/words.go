package local

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"

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

// A term of the dictionary is a byte for field and form, and the word.
const (
	formStem  = 0 // with its inflections; has positions
	formExact = 1 // as it is written, folded
)

func termByte(field, form int) byte { return byte(2*field + form) }

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

// stem returns the form under which a folded word is found with its
// inflections. Only words of plain letters have any; one English stemmer serves
// all languages, because a query does not say its language.
func stem(word string) string {
	if !inflects(word) {
		return word
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

func inflects[T string | []byte](word T) bool {
	if len(word) < 3 || len(word) > 64 {
		return false
	}
	for i := range len(word) {
		if c := word[i]; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func stemAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = stem(w)
	}
	return out
}

var seed = maphash.MakeSeed()

// stemmer remembers stems, a newer word throwing out an older one of the same
// hash. Not safe for concurrent use.
type stemmer struct{ known []stemPair }

type stemPair struct{ word, stem string }

const stemSlots = 1 << 15

func newStemmer() *stemmer { return &stemmer{known: make([]stemPair, stemSlots)} }

func (s *stemmer) of(word []byte) string {
	e := &s.known[maphash.Bytes(seed, word)%stemSlots]
	if e.word == string(word) {
		return e.stem
	}
	w := string(word)
	*e = stemPair{w, strings.Clone(stem(w))}
	return e.stem
}
