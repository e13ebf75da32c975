package entities

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Years that a date may have: others are more often numbers of something else.
const (
	firstYear = 1000
	lastYear  = 2999
)

// date takes the date that has its year at from..to, four digits: year first
// (2026-03-14, 2026年3月14日) or last (14.3.2026, 14 March 2026, March 14th, 2026,
// March 2026). Of 3/4/2026 nobody can tell which is the month, so it is none.
func (f *finder) date(from, to int) {
	year, _ := strconv.Atoi(f.text[from:to])
	if year < firstYear || year > lastYear {
		return
	}
	if f.yearFirst(year, to) {
		return
	}
	before := f.tokensBefore(from)
	if len(before) == 0 {
		return
	}
	if month := monthNumbers[before[0].text]; month > 0 {
		f.written(year, month, before[1:])
		return
	}
	f.figures(year, before)
}

// yearFirst takes what stands behind a year: month and day in digits.
func (f *finder) yearFirst(year, at int) bool {
	rest := f.text[at:]
	if s, ok := strings.CutPrefix(rest, "年"); ok {
		month, s := number(s)
		s, isMonth := strings.CutPrefix(s, "月")
		day, s := number(s)
		if isMonth && strings.HasPrefix(s, "日") {
			f.day(year, month, day)
		} else if isMonth && month >= 1 && month <= 12 {
			f.dates.add(fmt.Sprintf("%04d-%02d", year, month))
		}
		return true
	}
	if len(rest) < 4 || strings.IndexByte("-/.", rest[0]) < 0 {
		return false
	}
	month, s := number(rest[1:])
	if month == 0 || s == "" || s[0] != rest[0] {
		return false
	}
	day, s := number(s[1:])
	if day > 0 && (s == "" || !isWord(s[0]) || s[0] == 'T') {
		f.day(year, month, day)
	}
	return day > 0
}

// written takes a month in letters with the day before it or behind it.
func (f *finder) written(year, month int, before []token) {
	for len(before) > 0 && betweenParts[before[0].text] {
		before = before[1:]
	}
	if len(before) > 0 {
		if day := ordinal(before[0].text); day > 0 {
			f.day(year, month, day)
			return
		}
	}
	f.dates.add(fmt.Sprintf("%04d-%02d", year, month))
}

// figures takes the day and month before a year: in digits with the same sign
// between all, or a month in letters and a day behind it.
func (f *finder) figures(year int, before []token) {
	for len(before) > 0 && betweenParts[before[0].text] {
		before = before[1:]
	}
	if len(before) < 2 {
		return
	}
	if month := monthNumbers[before[0].text]; month > 0 {
		f.written(year, month, before[1:]) // 14 de marzo de 2026
		return
	}
	last, first := before[0], before[1]
	if month := monthNumbers[first.text]; month > 0 {
		if day := ordinal(last.text); day > 0 {
			f.day(year, month, day)
		}
		return
	}
	b, a := plain(last.text), plain(first.text)
	if a == 0 || b == 0 || last.gap != first.gap || len(before) > 2 && before[2].gap == last.gap {
		return
	}
	switch last.gap {
	case ".", ". ":
		f.day(year, b, a)
	case "/", "-":
		switch {
		case a > 12 || a == b:
			f.day(year, b, a)
		case b > 12:
			f.day(year, a, b)
		}
	}
}

// day adds a day that there is.
func (f *finder) day(year, month, day int) {
	if t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); t.Year() == year && int(t.Month()) == month && t.Day() == day {
		f.dates.add(t.Format(time.DateOnly))
	}
}

// token is a word or a number with what stands between it and what follows.
type token struct{ text, gap string }

// Bounds of what is looked at before a year.
const (
	tokensOfDate = 5
	mostGap      = 3  // bytes between two
	mostToken    = 24 // bytes
)

// tokensBefore returns what stands before a place, nearest first, in small
// letters.
func (f *finder) tokensBefore(at int) []token {
	f.tokens = f.tokens[:0]
	for len(f.tokens) < tokensOfDate {
		end := at
		for end > 0 && at-end < mostGap && !isWord(f.text[end-1]) {
			end--
		}
		start := end
		for start > 0 && end-start < mostToken && isWord(f.text[start-1]) {
			start--
		}
		if start == end {
			break
		}
		f.tokens = append(f.tokens, token{strings.ToLower(f.text[start:end]), f.text[end:at]})
		at = start
	}
	return f.tokens
}

// number reads at most two digits.
func number(s string) (int, string) {
	n := 0
	for n < len(s) && n < 2 && isDigit(s[n]) {
		n++
	}
	v, _ := strconv.Atoi(s[:n])
	return v, s[n:]
}

// plain is a number of one or two digits and nothing else; 0 if it is none.
func plain(s string) int {
	n, rest := number(s)
	if rest != "" {
		return 0
	}
	return n
}

// ordinal is the day of a month as it is written before its name: 1, 1st, 1er, 1º.
func ordinal(s string) int {
	n, rest := number(s)
	switch rest {
	case "", "st", "nd", "rd", "th", "er", "º", "ª", "°":
		return n
	}
	return 0
}

// betweenParts are words that stand between day, month and year.
var betweenParts = map[string]bool{"of": true, "de": true, "del": true, "di": true, "do": true, "года": true, "г": true}

// monthNumbers by their names and short forms in English, German, French, Spanish,
// Italian, Portuguese, Dutch, the languages of Scandinavia, and (as dates have
// them) Polish, Russian and Ukrainian.
var monthNumbers = monthsOf(
	"january jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia января січня",
	"february feb februar feber février févr fév febrero febbraio febb fevereiro fev februari lutego февраля лютого",
	"march mar märz mrz mars marzo março maart mrt marts marca марта березня",
	"april apr avril avr abril abr aprile kwietnia апреля квітня",
	"may mai mayo maggio mag maio mei maj maja мая травня",
	"june jun juni juin junio giugno giu junho czerwca июня червня",
	"july jul juli juillet juil julio luglio lug julho lipca июля липня",
	"august aug août aout agosto ago augustus augusti sierpnia августа серпня",
	"september sep sept septembre septiembre settembre sett setembro set września сентября вересня",
	"october oct oktober okt octobre octubre ottobre ott outubro out października октября жовтня",
	"november nov novembre noviembre novembro listopada ноября листопада",
	"december dec dezember dez décembre déc diciembre dic dicembre dezembro desember des grudnia декабря грудня",
)

func monthsOf(names ...string) map[string]int {
	out := map[string]int{}
	for i, line := range names {
		for name := range strings.FieldsSeq(line) {
			out[name] = i + 1
		}
	}
	return out
}

// startsWord reports whether a word or number may begin at a place.
func (f *finder) startsWord(at int) bool {
	if at == 0 {
		return true
	}
	if f.text[at-1] < utf8.RuneSelf {
		return !isWord(f.text[at-1])
	}
	r, _ := utf8.DecodeLastRuneInString(f.text[:at])
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}
