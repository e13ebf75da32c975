package office

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// numberFormat is a code by which a workbook shows numbers (ECMA-376 part 1,
// 18.8.31): sections for numbers above, below and at zero. Of what it does not
// know, such as fractions, it says nothing.
type numberFormat struct{ sections []formatSection }

type formatSection struct {
	parts   []formatPart
	days    bool   // shows a day or a time of day
	unknown bool   // what it shows is not known
	span    bool   // a length of time
	foreign bool   // names of months and days are not English
	sign    string // <, <=, >, >=, <> or = with a number behind it; "" goes by the section's place
	than    float64

	whole, decimals int  // places for digits
	least           int  // digits of whole that are shown if they are zero too
	exponent        int  // least digits of it; 0 is none
	grouped         bool // in thousands
	percent, scale  int  // how often times 100, and divided by 1000
}

// formatPart is a piece of a section.
type formatPart struct {
	kind  byte   // one of those below, or a letter of a day or time: y m d h n (minutes) s
	text  string // of partText
	count int    // of letters
}

const (
	partText     = '"'
	partWhole    = '0'
	partPoint    = '.'
	partDecimal  = '1'
	partExponent = 'e'
	partHalf     = 'a' // AM or PM
)

// builtInFormats are those that files do not write out (18.8.30), but for days
// and times, which each reader's own system shows in its way.
var builtInFormats = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
	37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
	41: "#,##0;(#,##0);-", 42: "#,##0;(#,##0);-", 43: "#,##0.00;(#,##0.00);-", 44: "#,##0.00;(#,##0.00);-", 48: "##0.0E+0",
}

// builtInDays are formats of days and times.
func builtInDays(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47
}

// longestFormat bounds what is read of a code; programs write 255 characters.
const longestFormat = 1000

// parseFormat reads a code. What it cannot read shows nothing.
func parseFormat(code string) *numberFormat {
	f := &numberFormat{}
	var s formatSection
	var last byte // kind of the last part, but for texts
	for code = code[:min(len(code), longestFormat)]; code != ""; {
		n := 1
		switch c := code[0]; c {
		case ';':
			f.sections, s, last = append(f.sections, s.finished()), formatSection{}, 0
		case '"':
			text, _, _ := strings.Cut(code[1:], `"`)
			s.text(text)
			n = min(len(text)+2, len(code))
		case '\\', '!': // the next one as it stands
			n += size(code[1:])
			s.text(code[1:n])
		case '_', '*': // the width of the next one, or filled up with it
			n += size(code[1:])
		case '[':
			in, _, _ := strings.Cut(code[1:], "]")
			s.bracket(in)
			n = min(len(in)+2, len(code))
		default:
			n, last = s.part(code, last)
		}
		code = code[n:]
	}
	f.sections = append(f.sections, s.finished())
	return f
}

// size is how many bytes the first character takes; 0 if there is none.
func size(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func (s *formatSection) text(text string) {
	s.parts = append(s.parts, formatPart{kind: partText, text: text})
}

// bracket reads a currency, a condition, or hours that go on behind a day; colours
// say nothing.
func (s *formatSection) bracket(in string) {
	sign := in[:len(in)-len(strings.TrimLeft(in, "<>="))]
	switch than, err := strconv.ParseFloat(in[len(sign):], 64); {
	case strings.HasPrefix(in, "$"):
		currency, locale, _ := strings.Cut(in[1:], "-")
		s.text(currency)
		id, err := strconv.ParseUint(locale, 16, 32)
		s.foreign = s.foreign || err == nil && id&0x3ff != english
	case sign != "" && err == nil:
		s.sign, s.than = sign, than
	case in != "" && strings.Trim(in, "hH") == "" || in != "" && strings.Trim(in, "mMsS") == "":
		s.span = true
	}
}

// part reads what stands outside of quotes and brackets, and returns how many bytes
// it takes and of which kind it is.
func (s *formatSection) part(code string, last byte) (int, byte) {
	inNumber := last == partWhole || last == partPoint || last == partDecimal
	c := code[0]
	switch letter := c | 0x20; {
	case c == '0' || c == '#' || c == '?':
		return 1, s.digit(c, last)
	case c == '.' && (inNumber || len(code) > 1 && strings.IndexByte("0#?", code[1]) >= 0):
		return 1, s.add(formatPart{kind: partPoint})
	case c == ',' && inNumber:
		if rest := strings.TrimLeft(code, ","); rest != "" && strings.IndexByte("0#?", rest[0]) >= 0 {
			s.grouped = true
		} else {
			s.scale++
		}
		return 1, last
	case c == '%':
		s.percent++
	case letter == 'e' && inNumber && len(code) > 1 && (code[1] == '+' || code[1] == '-'):
		zeros := len(code[2:]) - len(strings.TrimLeft(code[2:], "0"))
		s.exponent = max(zeros, 1)
		return 2 + zeros, s.add(formatPart{kind: partExponent, text: strings.TrimPrefix(code[1:2], "-")})
	case c == '/' && last == partWhole: // a fraction
		s.unknown = true
	case c == '@' || hasPrefixFold(code, "general"):
		s.unknown = true
		return len(code), last
	case hasPrefixFold(code, "am/pm"):
		return len("am/pm"), s.add(formatPart{kind: partHalf})
	case hasPrefixFold(code, "a/p"):
		return len("a/p"), s.add(formatPart{kind: partHalf})
	case strings.IndexByte("ymdhs", letter) >= 0:
		n := 1
		for n < len(code) && code[n]|0x20 == letter {
			n++
		}
		return n, s.clock(letter, n, last)
	}
	n := size(code)
	s.text(code[:n])
	return n, last
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (s *formatSection) add(p formatPart) byte {
	s.parts = append(s.parts, p)
	return p.kind
}

func (s *formatSection) digit(c, last byte) byte {
	if last == partPoint || last == partDecimal {
		s.decimals++
		return s.add(formatPart{kind: partDecimal, text: string(c)})
	}
	if s.whole++; c == '0' || s.least > 0 {
		s.least++
	}
	return s.add(formatPart{kind: partWhole})
}

// clock adds letters of a day or time. Of one or two m behind hours or before
// seconds are minutes, others months.
func (s *formatSection) clock(letter byte, n int, last byte) byte {
	s.days = true
	if letter == 'm' && n <= 2 && last == 'h' {
		letter = 'n'
	}
	if letter == 's' && last == 'm' {
		at := slices.IndexFunc(s.parts, func(p formatPart) bool { return p.kind == 'm' && p.count <= 2 })
		if at >= 0 {
			s.parts[at].kind = 'n'
		}
	}
	return s.add(formatPart{kind: letter, count: n})
}

// english is the number of the language among Windows' locales.
const english = 0x09

func (s formatSection) finished() formatSection {
	s.days = s.days && !s.span
	named := func(p formatPart) bool { return (p.kind == 'm' || p.kind == 'd') && p.count > 2 }
	s.unknown = s.unknown || s.foreign && slices.ContainsFunc(s.parts, named)
	s.unknown = s.unknown || s.span || s.days && s.whole+s.decimals > 0 // fractions of seconds
	return s
}

// section returns the one for a number, and the number as it is to be shown there.
func (f *numberFormat) section(v float64) (*formatSection, float64) {
	s := f.sections
	if i := slices.IndexFunc(s, func(s formatSection) bool { return s.sign != "" && s.holds(v) }); i >= 0 {
		return &s[i], v
	}
	numbers := s[:min(len(s), 3)]
	switch {
	case numbers[0].sign != "":
		return &numbers[len(numbers)-1], v
	case v < 0 && len(numbers) > 1:
		return &numbers[1], -v
	case v == 0 && len(numbers) > 2:
		return &numbers[2], v
	}
	return &numbers[0], v
}

func (s *formatSection) holds(v float64) bool {
	switch s.sign {
	case "<":
		return v < s.than
	case "<=":
		return v <= s.than
	case ">":
		return v > s.than
	case ">=":
		return v >= s.than
	case "=":
		return v == s.than
	}
	return v != s.than
}

// showsDays reports whether numbers above zero are days or times.
func (f *numberFormat) showsDays() bool { return f.sections[0].days }

// show writes a number as the workbook shows it, "" where that is not known.
func (f *numberFormat) show(v float64, epoch time.Time) string {
	s, v := f.section(v)
	switch {
	case s.unknown || math.IsInf(v, 0) || math.IsNaN(v):
		return ""
	case s.days:
		if v < 0 || v >= lastDay {
			return ""
		}
		return s.clockText(dayTime(epoch, v))
	}
	return s.numberText(v)
}

// mostDigits is how many decimals are written; there are no more to a number.
const mostDigits = 30

func (s *formatSection) numberText(v float64) string {
	v *= math.Pow(100, float64(s.percent)) / math.Pow(1000, float64(s.scale))
	verb := byte('f')
	if s.exponent > 0 {
		verb = 'e'
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), verb, min(s.decimals, mostDigits), 64), "e")
	whole, decimals, _ := strings.Cut(digits, ".")
	if whole == "0" {
		whole = ""
	}
	whole = strings.Repeat("0", max(0, min(s.least, mostDigits)-len(whole))) + whole
	var b strings.Builder
	if v < 0 && strings.Trim(digits, "0.") != "" {
		b.WriteByte('-')
	}
	left, place := s.whole, 0
	for _, p := range s.parts {
		switch p.kind {
		case partText:
			b.WriteString(p.text)
		case partWhole: // the first place takes what there is too much of
			n := max(0, len(whole)-left+1)
			left--
			b.WriteString(s.group(whole, n))
			whole = whole[n:]
		case partPoint:
			if s.whole == 0 {
				b.WriteString(whole)
			}
			if strings.Trim(decimals, "0") != "" || strings.ContainsRune(s.decimalPlaces(), '0') {
				b.WriteByte('.')
			}
		case partDecimal:
			if place < len(decimals) && (p.text == "0" || strings.Trim(decimals[place:], "0") != "") {
				b.WriteByte(decimals[place])
			}
			place++
		case partExponent:
			b.WriteString(exponentText(exponent, s.exponent, p.text))
		}
	}
	return strings.TrimSpace(b.String())
}

// group returns the first n digits with commas where thousands end.
func (s *formatSection) group(whole string, n int) string {
	if !s.grouped {
		return whole[:n]
	}
	var b strings.Builder
	for i := range n {
		b.WriteByte(whole[i])
		if behind := len(whole) - i - 1; behind > 0 && behind%3 == 0 {
			b.WriteByte(',')
		}
	}
	return b.String()
}

func (s *formatSection) decimalPlaces() string {
	var b strings.Builder
	for _, p := range s.parts {
		if p.kind == partDecimal {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func exponentText(exponent string, least int, plus string) string {
	n, _ := strconv.Atoi(exponent)
	sign := plus
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.Itoa(n)
	return "E" + sign + strings.Repeat("0", max(0, min(least, mostDigits)-len(digits))) + digits
}

// clockText writes a day or time.
func (s *formatSection) clockText(t time.Time) string {
	half := slices.ContainsFunc(s.parts, func(p formatPart) bool { return p.kind == partHalf })
	var b strings.Builder
	for _, p := range s.parts {
		switch {
		case p.kind == partText:
			b.WriteString(p.text)
		case p.kind == 'h' && !half:
			fmt.Fprintf(&b, "%0*d", min(p.count, 2), t.Hour())
		default:
			b.WriteString(t.Format(clockLayout(p)))
		}
	}
	return strings.TrimSpace(b.String())
}

// clockLayout is how package time writes letters of a format.
func clockLayout(p formatPart) string {
	layouts := map[byte][]string{
		'y': {"06", "06", "2006"}, 'm': {"1", "01", "Jan", "January"}, 'd': {"2", "02", "Mon", "Monday"},
		'h': {"3", "03"}, 'n': {"4", "04"}, 's': {"5", "05"}, partHalf: {"PM"},
	}[p.kind]
	if len(layouts) == 0 {
		return ""
	}
	return layouts[min(max(p.count, 1), len(layouts))-1]
}

// lastDay is the first of January 10000, counted from the end of 1899.
const lastDay = 2_958_466

// dayTime is the time that so many days, as spreadsheets count them, are from an
// epoch.
func dayTime(epoch time.Time, days float64) time.Time {
	whole, part := math.Modf(days)
	return epoch.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(part*86400)) * time.Second)
}

// serialDate writes days since an epoch as days and times are written everywhere here.
func serialDate(epoch time.Time, days float64) string {
	t := dayTime(epoch, days)
	switch whole, part := math.Modf(days); {
	case part == 0:
		return t.Format("2006-01-02")
	case whole == 0:
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// formats are a workbook's formats of numbers, by their numbers, and those of its
// styles of cells.
type formats struct {
	own     map[int]*numberFormat
	styles  []int
	epoch   time.Time
	inOrder bool // formats are numbered as they come, and none is built in, as before Excel 5
}

// mostStyles is how many styles of cells a workbook can have.
const mostStyles = 1 << 16

func (f *formats) define(id int, code string) {
	if f.own == nil {
		f.own = map[int]*numberFormat{}
	}
	if f.inOrder {
		id = len(f.own)
	}
	if len(f.own) < mostStyles {
		f.own[id] = parseFormat(code)
	}
}

// epoch1900 and epoch1904 are the days from which workbooks count.
var epoch1900, epoch1904 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC), time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)

func (f *formats) style(id int) {
	if len(f.styles) < mostStyles {
		f.styles = append(f.styles, id)
	}
}

// text writes a number: its value, a day as 2026-03-14, and behind it in brackets
// what the workbook shows where that reads otherwise, so that either is found.
func (f *formats) text(v float64, style int) string {
	value := strconv.FormatFloat(v, 'f', -1, 64)
	if style < 0 || style >= len(f.styles) {
		return value
	}
	id := f.styles[style]
	format := f.own[id]
	if format == nil && !f.inOrder {
		if builtInDays(id) && v >= 0 && v < lastDay {
			return serialDate(f.epoch, v)
		}
		code, ok := builtInFormats[id]
		if !ok {
			return value
		}
		f.define(id, code)
		format = f.own[id]
	}
	if format == nil {
		return value
	}
	if format.showsDays() && v >= 0 && v < lastDay {
		value = serialDate(f.epoch, v)
	}
	shown := format.show(v, f.epoch)
	switch {
	case shown == value || strings.IndexFunc(shown, readable) < 0:
		return value
	case holdsNumber(shown, value):
		return shown
	case !format.showsDays() && strings.TrimRight(strings.TrimRight(shown, "0"), ".") == value:
		return value
	}
	return value + " (" + bare(shown) + ")"
}

// bare takes the brackets off a number below zero, as accountants write it.
func bare(shown string) string {
	inner, ok := strings.CutPrefix(shown, "(")
	if ok && inner != "" && strings.IndexByte(inner, ')') == len(inner)-1 {
		return inner[:len(inner)-1]
	}
	return shown
}

func readable(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// holdsNumber reports whether a text has a number in it that is not part of a longer one.
func holdsNumber(text, number string) bool {
	before, after, ok := strings.Cut(text, number)
	const more = "0123456789.,"
	return ok && (before == "" || !strings.Contains(more, before[len(before)-1:])) && (after == "" || !strings.Contains(more, after[:1]))
}
