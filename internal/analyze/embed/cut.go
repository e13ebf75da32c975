package embed

import (
	"strings"
	"unicode/utf8"
)

// Passages are about a paragraph long: long enough to be about something, short
// enough to be about one thing. They end with a sentence where that can be.
const (
	passageLeast = 800  // bytes before a passage may end with a sentence
	passageMost  = 1500 // bytes
)

// span is a piece of a text.
type span struct{ start, end int }

// cut cuts a text into passages, page by page (pages end with form feeds). Text
// between passages is white space.
func cut(text string) []span {
	var out []span
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\f'); i >= 0 {
			end = start + i
		}
		out = cutPage(out, text, start, end)
		start = end + 1
	}
	return out
}

func cutPage(out []span, text string, start, end int) []span {
	for {
		for start < end && isSpace(text[start]) {
			start++
		}
		if start == end {
			return out
		}
		stop := end
		if end-start > passageMost {
			stop = passageEnd(text, start)
		}
		last := stop
		for isSpace(text[last-1]) {
			last--
		}
		out = append(out, span{start, last})
		start = stop
	}
}

// passageEnd returns where the passage that begins at start ends, of a text
// that goes on beyond the greatest length.
func passageEnd(text string, start int) int {
	least, most := start+passageLeast, start+passageMost
	for !utf8.RuneStart(text[most]) && most > least {
		most--
	}
	for _, mark := range []string{"\n\n", ". ", ".\n", "? ", "! ", "。", "\n", "; ", ", ", " "} {
		if i := strings.LastIndex(text[least:most], mark); i >= 0 {
			return least + i + len(mark)
		}
	}
	return most
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\v' || c == '\f'
}
