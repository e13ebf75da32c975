package plain

import (
	"unicode"

	"github.com/abadojack/whatlanggo"
)

const (
	languageSample  = 4 << 10 // bytes
	languageLetters = 80      // fewer letters say too little
)

// Language tells the language of a text from a sample, as ISO 639-1. It is
// empty when the sample is short or the answer not to be relied on.
func Language(sample []byte) string {
	text := string(sample[:wholeRunes(sample, min(len(sample), languageSample))])
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if letters < languageLetters {
		return ""
	}
	info := whatlanggo.Detect(text)
	if !info.IsReliable() {
		return ""
	}
	return info.Lang.Iso6391()
}
