package query

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Token is one word of a text, folded: lower-case, without accents. Start and
// End are its byte range in the text.
type Token struct {
	Text       string
	Start, End int
}

// Tokens returns the words of a text in order. It is what "word" means in
// every query and every index: a run of letters, digits and marks. Scripts
// that are written without spaces (Chinese, Japanese, Thai, Lao, Khmer,
// Burmese) give one token a character, so that their words are phrases.
func Tokens(text string) []Token {
	var out []Token
	EachToken(text, func(folded []byte, start, end int) bool {
		out = append(out, Token{string(folded), start, end})
		return true
	})
	return out
}

// EachToken calls yield for each word of a text until it returns false. The
// folded form is valid only during the call. It allocates nothing for ASCII.
func EachToken(text string, yield func(folded []byte, start, end int) bool) {
	buf := make([]byte, 0, 64)
	start := -1
	flush := func(end int) bool {
		ok := start < 0 || len(buf) == 0 || yield(buf, start, end)
		buf, start = buf[:0], -1
		return ok
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch low := asciiFold[c]; low {
			case 0:
				if start >= 0 && !flush(i) {
					return
				}
			default:
				if start < 0 {
					start = i
				}
				buf = append(buf, low)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch kindOf(r) {
		case runeAlone:
			if !flush(i) {
				return
			}
			start = i
			buf = appendFolded(buf, r)
			if !flush(i + size) {
				return
			}
		case runeWord:
			if start < 0 {
				start = i
			}
			buf = appendFolded(buf, r)
		default:
			if !flush(i) {
				return
			}
		}
		i += size
	}
	flush(len(text))
}

// asciiFold maps ASCII letters and digits to their folded form, all else to 0.
var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	return t
}()

type runeKind int

const (
	runeOther runeKind = iota
	runeWord
	runeAlone // a word by itself
)

// spaceless are the scripts written without spaces between words.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

func kindOf(r rune) runeKind {
	switch {
	case r == utf8.RuneError:
		return runeOther
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		if r >= 0x0E00 && unicode.In(r, spaceless...) {
			return runeAlone
		}
		return runeWord
	case unicode.IsMark(r) || r == 0x200C || r == 0x200D: // joiners stand inside Persian and Indic words
		return runeWord
	}
	return runeOther
}

// foldSpecial are letters whose plain form Unicode does not give.
var foldSpecial = map[rune]string{'ß': "ss", 'ẞ': "ss", 'ø': "o", 'Ø': "o", 'æ': "ae", 'Æ': "ae", 'œ': "oe",
	'Œ': "oe", 'ł': "l", 'Ł': "l", 'đ': "d", 'Đ': "d", 'ı': "i", 'þ': "th", 'Þ': "th", 'ð': "d", 'Ð': "d"}

// appendFolded appends the folded form of a rune, which may be nothing.
func appendFolded(buf []byte, r rune) []byte {
	if s, ok := foldSpecial[r]; ok {
		return append(buf, s...)
	}
	if ignorable(r) {
		return buf
	}
	if !decomposes(r) {
		return utf8.AppendRune(buf, unicode.ToLower(r))
	}
	var in [utf8.UTFMax]byte
	var out [64]byte
	n := utf8.EncodeRune(in[:], unicode.ToLower(r))
	for _, d := range string(norm.NFKD.Append(out[:0], in[:n]...)) {
		if !ignorable(d) {
			buf = utf8.AppendRune(buf, unicode.ToLower(d))
		}
	}
	return buf
}

// ignorable are accents, vowel points and joiners: the same word is written
// with and without them.
func ignorable(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036F: // combining accents
		return true
	case r >= 0x0591 && r <= 0x05C7: // Hebrew points
		return unicode.IsMark(r)
	case r >= 0x064B && r <= 0x065F, r == 0x0670, r == 0x0640: // Arabic vowels, tatweel
		return true
	}
	return r == 0x200C || r == 0x200D
}

// decomposes reports the scripts in which an accent does not make another word,
// and compatibility forms such as full-width Latin.
func decomposes(r rune) bool {
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) || r >= 0xFB00 && r <= 0xFFEF
}

// HasWord reports whether a text has at least one word.
func HasWord(text string) bool {
	found := false
	EachToken(text, func([]byte, int, int) bool { found = true; return false })
	return found
}
