package embed

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// pieces cuts text into known pieces of words, as BERT's uncased tokeniser does
// (Devlin et al. 2018, after Schuster and Nakajima 2012): words in small letters
// without accents, every sign and every CJK character for itself, and of a word
// that is not known the longest beginning that is, then the longest that goes on.
type pieces struct {
	first map[string]int // pieces that begin a word
	later map[string]int // pieces that go on in one
	long  int            // bytes of the longest

	unknown int // stands for a word with a part that is not known; -1 leaves it out
}

// mostWord is how many characters a word may have; longer ones are left out.
const mostWord = 100

func newPieces(n int) pieces {
	return pieces{first: make(map[string]int, n), later: make(map[string]int, n/4), unknown: -1}
}

func (p *pieces) add(piece string, n int) {
	if piece == "" {
		return
	}
	p.long = max(p.long, len(piece))
	if rest, ok := strings.CutPrefix(piece, "##"); ok && rest != "" {
		p.later[rest] = n
		return
	}
	p.first[piece] = n
}

// each calls yield for the pieces of a text. It uses a buffer, which it returns.
func (p *pieces) each(text string, word []byte, yield func(n int)) []byte {
	word = word[:0]
	flush := func() {
		p.word(word, yield)
		word = word[:0]
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
				word = append(word, c)
			case 'A' <= c && c <= 'Z':
				word = append(word, c+'a'-'A')
			case c > ' ' && c != 0x7f:
				flush()
				p.word(append(word, c), yield)
			case isSpace(c): // other controls stand in no word and end none
				flush()
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		word = p.rune(word, r, text[i:i+size], flush, yield)
		i += size
	}
	flush()
	return word
}

// rune takes a character outside ASCII.
func (p *pieces) rune(word []byte, r rune, as string, flush func(), yield func(int)) []byte {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf):
		return word
	case unicode.IsSpace(r):
		flush()
		return word[:0]
	case unicode.IsPunct(r) || unicode.Is(unicode.Han, r):
		flush()
		p.word([]byte(as), yield)
		return word[:0]
	}
	for _, d := range norm.NFD.String(strings.ToLower(as)) {
		if !unicode.Is(unicode.Mn, d) {
			word = utf8.AppendRune(word, d)
		}
	}
	return word
}

// word cuts one word. A word with a part that is not known has no pieces.
func (p *pieces) word(w []byte, yield func(int)) {
	if n, ok := p.first[string(w)]; ok {
		yield(n)
		return
	}
	if len(w) == 0 {
		return
	}
	if len(w) > mostWord && utf8.RuneCount(w) > mostWord {
		p.missed(yield)
		return
	}
	var found [mostWord]int
	count := 0
	for at, from := 0, p.first; at < len(w); from = p.later {
		end := min(len(w), at+p.long)
		for end > at {
			if n, ok := from[string(w[at:end])]; ok {
				found[count] = n
				count++
				break
			}
			end--
		}
		if end == at {
			p.missed(yield)
			return
		}
		at = end
	}
	for _, n := range found[:count] {
		yield(n)
	}
}

func (p *pieces) missed(yield func(int)) {
	if p.unknown >= 0 {
		yield(p.unknown)
	}
}
