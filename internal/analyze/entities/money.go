package entities

import (
	"strings"
	"unicode/utf8"
)

// currencies are the codes of ISO 4217 that are in use.
const currencies = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK " +
	"DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT " +
	"LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF " +
	"SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"

// wordy are codes that are words too: ALL 20 is no sum, ALL 20.50 is.
var wordy = set("ALL BAM BOB COP CUP GEL MOP PEN TOP TRY")

// signs stand before or behind a sum. A dollar is of many countries, and so is
// the sign of yen and yuan: those stay as they are.
var signs = []struct{ written, means string }{
	{"US$", "USD"}, {"C$", "CAD"}, {"CA$", "CAD"}, {"A$", "AUD"}, {"AU$", "AUD"}, {"HK$", "HKD"}, {"NZ$", "NZD"}, {"S$", "SGD"}, {"R$", "BRL"},
	{"$", "$"}, {"€", "EUR"}, {"£", "GBP"}, {"¥", "¥"}, {"₹", "INR"}, {"₽", "RUB"}, {"₴", "UAH"}, {"₺", "TRY"}, {"₪", "ILS"}, {"₩", "KRW"}, {"₦", "NGN"},
	{"euros", "EUR"}, {"euro", "EUR"}, {"Euro", "EUR"}, {"dollars", "$"},
}

// multiples are words behind a number, with the zeros that they stand for.
var multiples = map[string]int{
	"k": 3, "thousand": 3, "Tsd": 3, "mille": 3,
	"m": 6, "M": 6, "mn": 6, "million": 6, "millions": 6, "Million": 6, "Millionen": 6, "Mio": 6, "millones": 6, "milioni": 6, "milhões": 6, "miljoen": 6,
	"bn": 9, "billion": 9, "Milliarde": 9, "Milliarden": 9, "Mrd": 9, "milliard": 9, "milliards": 9, "miliardi": 9, "miljard": 9,
	"tn": 12, "trillion": 12,
}

// mostSum bounds the digits of a sum.
const mostSum = 18

// money takes the sum of which the number begins at a place: a currency before
// or behind it is what makes it one. It returns where the number ends.
func (f *finder) money(at int) int {
	whole, part, end := sum(f.text[at:])
	end += at
	if len(whole) > mostSum || end < len(f.text) && isDigit(f.text[end]) {
		return end
	}
	behind := strings.TrimLeft(f.text[end:min(end+24, len(f.text))], " \u00a0\u202f-")
	zeros := 0
	if word := leadingWord(behind); multiples[word] > 0 {
		zeros = multiples[word]
		behind = strings.TrimLeft(strings.TrimPrefix(behind[len(word):], "."), " \u00a0\u202f")
	}
	currency := currencyBefore(f.text[max(at-8, 0):at])
	if currency == "" {
		currency = currencyBehind(behind)
	}
	if currency == "" || wordy[currency] && zeros == 0 && strings.Trim(f.text[at:end], "0123456789") == "" {
		return end
	}
	f.sums.add(currency + " " + times(whole, part, zeros))
	return end
}

// sum reads a number with what separates its thousands and its fraction.
func sum(s string) (whole, part string, end int) {
	var groups []string
	var marks []string
	for {
		n := 0
		for end+n < len(s) && isDigit(s[end+n]) {
			n++
		}
		groups, end = append(groups, s[end:end+n]), end+n
		mark := separator(s[end:])
		if mark == "" || end+len(mark) >= len(s) || !isDigit(s[end+len(mark)]) {
			break
		}
		if (mark == " " || len(mark) > 1) && !threeDigits(s[end+len(mark):]) {
			break
		}
		marks, end = append(marks, mark), end+len(mark)
	}
	if n := len(marks); n > 0 && isFraction(marks, groups[n]) {
		groups, part = groups[:n], groups[n]
	}
	return strings.TrimLeft(strings.Join(groups, ""), "0"), strings.TrimRight(part, "0"), end
}

// isFraction reports whether the last group is a fraction: it stands behind
// another sign than the groups before, or has not the three digits of a group.
func isFraction(marks []string, last string) bool {
	mark := marks[len(marks)-1]
	if mark != "." && mark != "," {
		return false
	}
	return len(last) != 3 || len(marks) > 1 && marks[0] != mark
}

func separator(s string) string {
	for _, m := range []string{".", ",", "'", "’", " ", "\u00a0", "\u202f"} {
		if strings.HasPrefix(s, m) {
			return m
		}
	}
	return ""
}

func threeDigits(s string) bool {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n == 3
}

// times writes a number with so many zeros more.
func times(whole, part string, zeros int) string {
	for range zeros {
		next := "0"
		if part != "" {
			next, part = part[:1], part[1:]
		}
		whole += next
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		return whole + "." + part
	}
	return whole
}

func currencyBefore(s string) string {
	s = strings.TrimRight(s, " \u00a0\u202f")
	best := ""
	for _, sign := range signs {
		if strings.HasSuffix(s, sign.written) && len(sign.written) > len(best) && !wordBefore(s[:len(s)-len(sign.written)], sign.written) {
			best = sign.written
		}
	}
	if n := len(s); best == "" && n >= 3 && isCurrency(s[n-3:]) && (n == 3 || !isWord(s[n-4])) {
		best = s[n-3:]
	}
	return meaningOf(best)
}

func currencyBehind(s string) string {
	best := ""
	for _, sign := range signs {
		if strings.HasPrefix(s, sign.written) && len(sign.written) > len(best) && !wordBehind(s[len(sign.written):], sign.written) {
			best = sign.written
		}
	}
	if best == "" && len(s) >= 3 && isCurrency(s[:3]) && (len(s) == 3 || !isWord(s[3])) {
		best = s[:3]
	}
	if rest := strings.TrimLeft(s[len(best):], " \u00a0\u202f"); rest != "" && isDigit(rest[0]) {
		return "" // of the sum that follows
	}
	return meaningOf(best)
}

func meaningOf(written string) string {
	for _, s := range signs {
		if s.written == written {
			return s.means
		}
	}
	return written
}

func isCurrency(s string) bool {
	i := strings.Index(currencies, s)
	return i >= 0 && i%4 == 0 && strings.IndexByte(s, ' ') < 0
}

// wordBefore and wordBehind report whether a sign that has letters is only a
// piece of a word.
func wordBefore(before, sign string) bool {
	return isLetter(sign[0]) && before != "" && isWord(before[len(before)-1])
}

func wordBehind(behind, sign string) bool {
	return isLetter(sign[len(sign)-1]) && behind != "" && isWord(behind[0])
}

// leadingWord is the run of letters that a text begins with.
func leadingWord(s string) string {
	n := 0
	for n < len(s) && (isLetter(s[n]) || s[n] >= utf8.RuneSelf) {
		n++
	}
	return s[:n]
}
