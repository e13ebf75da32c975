package local

import (
	"hash/maphash"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// mostLanguages is how many languages a term can tell apart.
const mostLanguages = 16

// languages are those whose inflections are known (Snowball's stemmers), by
// number as in the files. English serves all others too: of their words it
// changes few. A query does not say its language: its words are looked up as
// words of each.
var languages = [...]struct {
	codes string // ISO 639-1
	stem  func(*snowballstem.Env) bool

	// accents give endings back what folding took, where the stemmer knows them
	// by it, and what the stemmer does not know of plurals: what stands there and
	// what is put in its place, by turns.
	accents []string
}{
	{codes: "en", stem: english.Stem},
	{codes: "de", stem: german.Stem},
	{codes: "fr", stem: french.Stem, accents: []string{"ees", "ées", "ee", "ée"}},
	{codes: "es", stem: spanish.Stem, accents: []string{"cion", "ción", "sion", "sión"}},
	{codes: "it", stem: italian.Stem},
	{codes: "pt", stem: portuguese.Stem, accents: []string{"cao", "ção", "coes", "ção", "oes", "ão", "ao", "ão", "avel", "ável", "aveis", "ável", "ivel", "ível", "iveis", "ível"}},
	{codes: "nl", stem: dutch.Stem},
	{codes: "sv", stem: swedish.Stem},
	{codes: "da", stem: danish.Stem},
	{codes: "no nb nn", stem: norwegian.Stem},
	{codes: "fi", stem: finnish.Stem},
	{codes: russianCode, stem: russian.Stem, accents: []string{"ыи", "ый", "ои", "ой", "еи", "ей"}},
}

const russianCode = "ru"

var _ [mostLanguages - len(languages)]struct{}

// languageNumber is the number of a language by its code, 0 for all others.
var languageNumber = func() map[string]int {
	out := map[string]int{}
	for i, l := range languages {
		for code := range strings.FieldsSeq(l.codes) {
			out[code] = i
		}
	}
	return out
}()

// stem returns the form under which a folded word is found with its
// inflections in texts of a language.
func stem(word string, language int) string {
	if !inflects(word) {
		if language == 0 || languages[language].codes != russianCode || !isCyrillic(word) {
			return word
		}
	} else if languages[language].codes == russianCode {
		language = 0 // a word in Latin letters
	}
	l := &languages[language]
	for i := 0; i < len(l.accents); i += 2 {
		if cut, ok := strings.CutSuffix(word, l.accents[i]); ok && cut != "" {
			word = cut + l.accents[i+1]
			break
		}
	}
	env := snowballstem.NewEnv(word)
	l.stem(env)
	return refolded(env.Current())
}

// refolded takes accents off again.
func refolded(stem string) string {
	if strings.IndexFunc(stem, func(r rune) bool { return r >= 0x80 }) < 0 {
		return stem
	}
	return strings.Join(foldedWords(stem), "")
}

// inflects reports whether a word is of plain letters. Only such words, and
// Russian ones in Russian texts, have inflections.
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

func isCyrillic(word string) bool {
	return len(word) >= 6 && len(word) <= 128 && strings.IndexFunc(word, func(r rune) bool { return r < 'а' || r > 'я' }) < 0
}

func stemAll(words []string, language int) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = stem(w, language)
	}
	return out
}

var seed = maphash.MakeSeed()

// stemmer remembers stems of one language, a newer word throwing out an older
// one of the same hash. Not safe for concurrent use.
type stemmer struct {
	language int
	known    []stemPair
}

type stemPair struct{ word, stem string }

const stemSlots = 1 << 15

func newStemmer(language int) *stemmer {
	return &stemmer{language, make([]stemPair, stemSlots)}
}

func (s *stemmer) of(word []byte) string {
	e := &s.known[maphash.Bytes(seed, word)%stemSlots]
	if e.word == string(word) {
		return e.stem
	}
	w := string(word)
	*e = stemPair{w, strings.Clone(stem(w, s.language))}
	return e.stem
}
