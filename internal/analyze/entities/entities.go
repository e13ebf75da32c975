// Package entities finds what a text names. Of e-mail addresses, telephone
// numbers with their country, bank accounts, days, sums of money, addresses of
// the web and identifiers it takes what can be told for sure. People, organisations and places it tells by rules and by a list of
// names of many languages: it misses some and takes some for what they are not,
// as docs/benchmarks.md measures. A model at an endpoint can tell these instead.
// Rules implements archive.Finder, Endpoint archive.Namer.
package entities

import (
	"slices"
	"strings"
	"unicode/utf8"

	"candor/internal/query"
)

// most is how many different values of each kind are kept of one text.
const most = 500

// Rules finds by rules. Safe for concurrent use.
type Rules struct{}

// Find returns what a text names, each once, in canonical form and in order:
// addresses in small letters, numbers as E.164 has them (+ and digits), accounts
// as IBANs without spaces, days as 2026-03-14 and months as 2026-03, sums as
// EUR 1200.5, identifiers behind their kind (isin:US0378331005), names as they
// are written.
func (Rules) Find(text string) query.Named {
	f := finder{text: text}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '@':
			f.email(i)
		case c == '+':
			f.phone(i)
		case c == ':' && strings.HasPrefix(text[i:], "://"):
			if from, ok := f.schemeBefore(i); ok {
				f.web(from)
			}
		case isDigit(c) && (i == 0 || !isDigit(text[i-1])):
			f.digits(i)
			fallthrough
		case isLetter(c) && (i == 0 || !isWord(text[i-1])):
			f.word(i)
		}
	}
	f.names()
	return query.Named{
		Emails: f.emails.sorted(), Phones: f.phones.sorted(), IBANs: f.ibans.sorted(),
		Dates: f.dates.sorted(), Money: f.sums.sorted(), URLs: f.urls.sorted(), Identifiers: f.identifiers.sorted(),
		People: f.people.sorted(), Organisations: f.orgs.sorted(), Places: f.places.sorted(),
	}
}

// digits takes what begins with digits, or has its year there.
func (f *finder) digits(at int) {
	end := at
	for end < len(f.text) && isDigit(f.text[end]) {
		end++
	}
	if end-at == 4 && (at == 0 || !isLetter(f.text[at-1])) && (end == len(f.text) || !isLetter(f.text[end]) && f.text[end] != '_') {
		f.date(at, end)
	}
	if end-at == 2 && strings.HasPrefix(f.text[at:], "10.") {
		f.doi(at)
	}
	if at >= f.summed {
		f.summed = f.money(at)
	}
}

// word takes what begins with the word at a place.
func (f *finder) word(at int) {
	if at > 0 && isWord(f.text[at-1]) {
		return
	}
	switch c := f.text[at]; {
	case isUpper(c):
		f.iban(at)
	case c == 'w' && strings.HasPrefix(f.text[at:], "www."):
		if at == 0 || f.text[at-1] != '/' {
			f.web(at)
		}
	}
	if at > 0 && f.text[at-1] == '-' {
		return // in the middle of what has hyphens
	}
	end := at
	for end < len(f.text) && (isDigit(f.text[end]) || isLetter(f.text[end]) || f.text[end] == '-') {
		end++
	}
	f.identifier(at, end)
}

type finder struct {
	text                  string
	emails, phones, ibans values
	dates, sums           values
	urls, identifiers     values
	people, orgs, places  values
	titled                values  // people named by a title and one name
	tokens                []token // room for what stands before a year
	summed                int     // where the last number ends
}

// values collects different values, up to a bound.
type values map[string]bool

func (v *values) add(s string) {
	if *v == nil {
		*v = values{}
	}
	if len(*v) < most {
		(*v)[s] = true
	}
}

func (v values) sorted() []string {
	out := make([]string, 0, len(v))
	for s := range v {
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Clip(out)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) || c == '_' || c >= utf8.RuneSelf }

// Bounds of an address (RFC 5321 4.5.3.1).
const (
	mostLocal  = 64
	mostDomain = 255
	mostLabel  = 63
)

// email takes the address around an @: what people write, not all that RFC 5322
// allows.
func (f *finder) email(at int) {
	from := at
	for from > 0 && at-from < mostLocal && isLocal(f.text[from-1]) {
		from--
	}
	to := at + 1
	for to < len(f.text) && to-at <= mostDomain && (isDigit(f.text[to]) || isLetter(f.text[to]) || f.text[to] == '-' || f.text[to] == '.') {
		to++
	}
	local, domain := strings.Trim(f.text[from:at], "."), strings.TrimRight(f.text[at+1:to], ".-")
	if local == "" || from > 0 && isWord(f.text[from-1]) || strings.Contains(local, "..") || !isDomain(domain) {
		return
	}
	f.emails.add(strings.ToLower(local + "@" + domain))
}

func isLocal(c byte) bool { return isDigit(c) || isLetter(c) || strings.IndexByte("._%+-", c) >= 0 }

func isDomain(d string) bool {
	labels := strings.Split(d, ".")
	for _, l := range labels {
		if l == "" || len(l) > mostLabel || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) >= 2 && strings.Trim(strings.ToLower(last), "abcdefghijklmnopqrstuvwxyz") == ""
}

// Digits of an international number with its country (ITU-T E.164).
const (
	leastDigits = 8
	mostDigits  = 15
	mostNumber  = 30 // bytes, with what stands between digits
)

// phone takes a number that begins with + and a country.
func (f *finder) phone(at int) {
	if at > 0 && isWord(f.text[at-1]) || at+1 == len(f.text) || !isDigit(f.text[at+1]) || f.text[at+1] == '0' {
		return
	}
	var digits strings.Builder
	gap := 0
	for i := at + 1; i < len(f.text) && i-at < mostNumber && gap < 3; i++ {
		c := f.text[i]
		switch {
		case isDigit(c):
			digits.WriteByte(c)
			gap = 0
		case strings.IndexByte(" -./()", c) >= 0:
			gap++
		default:
			if isWord(c) && gap == 0 {
				return // goes on as a word: no number
			}
			gap = 3
		}
	}
	if n := digits.Len(); n >= leastDigits && n <= mostDigits {
		f.phones.add("+" + digits.String())
	}
}

// ibanLengths has the countries of ISO 13616 with the lengths of their accounts.
const ibanLengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28" +
	"HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29" +
	"RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"

// iban takes an account whose check digits hold.
func (f *finder) iban(at int) {
	if at+4 > len(f.text) || !isDigit(f.text[at+2]) || !isDigit(f.text[at+3]) {
		return
	}
	i := strings.Index(ibanLengths, f.text[at:at+2])
	if i < 0 || i%4 != 0 {
		return
	}
	want := int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
	account := make([]byte, 0, want)
	end := at
	for ; end < len(f.text) && len(account) < want; end++ {
		c := f.text[end]
		switch {
		case isDigit(c), 'A' <= c && c <= 'Z':
			account = append(account, c)
		case c == ' ' && end > at && f.text[end-1] != ' ':
		default:
			return
		}
	}
	if len(account) == want && (end == len(f.text) || !isWord(f.text[end])) && checked(account) {
		f.ibans.add(string(account))
	}
}

// checked reports whether the check digits hold: modulo 97 is 1 (ISO 7064).
func checked(account []byte) bool {
	rest := 0
	for _, c := range slices.Concat(account[4:], account[:4]) {
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}
