// Package language tells which language a text is in, and where in it the language
// changes. It goes by the small words that every text of a language is full of, of
// some forty languages, and by the script where only one is written in it; what
// neither tells is asked of a library that compares sequences of letters, which
// takes seventy times as long. It says nothing where a text is too short, or no
// prose.
package language

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

const (
	sampleSize  = 4 << 10 // bytes of a text that Of looks at,
	lettersSize = 1 << 10 // and that sequences of letters are told from
	fewLetters  = 80      // say too little,
	fewOfScript = 20      // of a script of one language less so
	fewWords    = 5       // likewise; small ones, of the language found
	leastShare  = 0.10    // of the words of prose are small, at the very least
	leastLead   = 1       // points before the language that comes second, and at least
	leastFactor = 1.12    // so many times as many
	longestWord = 24      // bytes; longer ones are not small
)

// Of tells the language of a text from its beginning, as ISO 639-1. It is empty when
// the text is short or the answer not to be relied on.
func Of(text string) string {
	text = cut(text, sampleSize)
	c := count(text)
	if found := c.decide(); found != "" || c.letters < fewLetters {
		return found
	}
	info := whatlanggo.Detect(cut(text, lettersSize))
	if !info.IsReliable() {
		return ""
	}
	return info.Lang.Iso6391()
}

// cut shortens a text to n bytes, or some fewer, so that no character is divided.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for least := n - utf8.UTFMax; n > least && !utf8.RuneStart(text[n]); {
		n--
	}
	return text[:n]
}

// counted is what a text is made of.
type counted struct {
	letters int
	scripts [len(scripts)]int // letters of each
	words   int
	lexicon lexicon
	points  [64]float64 // of each language of the lexicon
	small   [64]int     // words of each
}

// scripts are those in which one language is written, as far as we tell them apart.
var scripts = [...]struct {
	code  string
	table *unicode.RangeTable
}{
	{"el", unicode.Greek}, {"th", unicode.Thai}, {"ko", unicode.Hangul}, {"ja", unicode.Hiragana}, {"ja", unicode.Katakana}, {"zh", unicode.Han},
	{"ka", unicode.Georgian}, {"hy", unicode.Armenian}, {"km", unicode.Khmer}, {"my", unicode.Myanmar}, {"ta", unicode.Tamil}, {"te", unicode.Telugu},
	{"lo", unicode.Lao},
}

const hiragana, katakana, han = 3, 4, 5 // of scripts

// count looks at each word once.
func count(text string) *counted {
	c := &counted{lexicon: known()}
	var word [longestWord]byte
	for i := 0; i < len(text); {
		n, end := 0, i
		for end < len(text) {
			if low := letters[text[end]]; low != 0 { // most of most texts
				if n < longestWord {
					word[n] = low
				}
				n++
				end++
				c.letters++
				continue
			}
			if text[end] == '\'' && n > 0 && n < longestWord {
				word[n] = '\''
				n++
				end++
				continue
			}
			r, size := utf8.DecodeRuneInString(text[end:])
			if size == 1 || !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) {
				break
			}
			c.letters++
			c.script(r)
			if r = unicode.ToLower(r); n+utf8.RuneLen(r) <= longestWord {
				n += utf8.EncodeRune(word[n:], r)
			} else {
				n = longestWord + 1
			}
			end += size
		}
		switch {
		case n == 0:
			i++
		case n <= longestWord:
			c.word(word[:n])
			fallthrough
		default:
			c.words++
			i = end
		}
	}
	return c
}

// letters are those of ASCII, made small; 0 is none.
var letters = func() (out [256]byte) {
	for b := byte('a'); b <= 'z'; b++ {
		out[b], out[b-'a'+'A'] = b, b
	}
	return out
}()

// script counts a letter that is not ASCII.
func (c *counted) script(r rune) {
	if r < 0x370 {
		return
	}
	for i := range scripts {
		if unicode.Is(scripts[i].table, r) {
			c.scripts[i]++
			return
		}
	}
}

func (c *counted) word(w []byte) {
	of := c.lexicon.of[string(w)]
	if of == 0 {
		return
	}
	share := 1 / float64(bits.OnesCount64(of))
	for ; of != 0; of &= of - 1 {
		l := bits.TrailingZeros64(of)
		c.points[l] += share
		c.small[l]++
	}
}

// decide is the language, if that is plain.
func (c *counted) decide() string {
	if found := c.byScript(); found != "" || c.letters < fewLetters {
		return found
	}
	best, second := 0, 0
	for l := range c.lexicon.codes {
		switch {
		case c.points[l] > c.points[best]:
			best, second = l, best
		case l != best && (second == best || c.points[l] > c.points[second]):
			second = l
		}
	}
	if c.small[best] < fewWords || float64(c.small[best]) < leastShare*float64(c.words) || best != second && (c.points[best] < c.points[second]+leastLead || c.points[best] < leastFactor*c.points[second]) {
		return ""
	}
	return c.lexicon.codes[best]
}

// byScript is the language of a script that has most letters. Japanese is written
// in Chinese letters too, but never without its own.
func (c *counted) byScript() string {
	most := func(n int) bool { return n >= fewOfScript && 2*n > c.letters }
	if kana := c.scripts[hiragana] + c.scripts[katakana]; kana > 0 && most(kana+c.scripts[han]) {
		return "ja"
	}
	for i, n := range c.scripts {
		if most(n) {
			return scripts[i].code
		}
	}
	return ""
}

// Passage is a piece of a text in one language.
type Passage struct {
	At       int    // where it begins, in bytes
	Language string // ISO 639-1
}

// A change of language is told by pieces: of lines, about so many bytes together, or
// fewer before a blank line.
const (
	pieceSize  = 300
	paragraphs = 100
)

// Passages tells where a text changes its language, given the one that it is mostly
// in. Nothing is returned where it does not, or cannot be told. The first passage
// begins at 0.
func Passages(text, mostly string) []Passage {
	var out []Passage
	now := mostly
	for at := 0; at < len(text); {
		end := pieceEnd(text, at)
		found := count(text[at:end]).decide()
		if found == "" {
			found = now
		}
		if found != now || at == 0 {
			out = append(out, Passage{at, found})
			now = found
		}
		at = end
	}
	if len(out) < 2 && (len(out) == 0 || out[0].Language == mostly) {
		return nil
	}
	return out
}

// pieceEnd is the end of the piece that begins at a place: of a paragraph, of a line,
// or, if that is very long, of a word.
func pieceEnd(text string, at int) int {
	most := min(len(text), at+2*pieceSize)
	for end := at; end < most; {
		i := strings.IndexAny(text[end:most], "\n\f")
		if i < 0 {
			break
		}
		ended := text[end+i] == '\f' || i == 0 && end > at // a blank line
		if end += i + 1; end-at >= pieceSize || ended && end-at >= paragraphs {
			return end
		}
	}
	if most == len(text) {
		return most
	}
	if i := strings.LastIndexByte(text[at+pieceSize:most], ' '); i >= 0 {
		return at + pieceSize + i + 1
	}
	return at + len(cut(text[at:], 2*pieceSize))
}
