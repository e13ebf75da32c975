package entities

import (
	"crypto/sha256"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// mostAddress bounds an address of the web; longer ones are tracking.
const mostAddress = 1024

// web takes the address of which "://" or "www." stands at a place: scheme and
// host in small letters, without what only says where on the page.
func (f *finder) web(from int) {
	end := from
	for end < len(f.text) && end-from <= mostAddress && f.text[end] > ' ' && strings.IndexByte("<>\"{}|\\^`", f.text[end]) < 0 {
		end++
	}
	if end-from > mostAddress {
		return
	}
	written := trimmedAddress(f.text[from:end])
	if strings.HasPrefix(strings.ToLower(written), "www.") {
		written = "http://" + written
	}
	u, err := url.Parse(written)
	if err != nil || !isDomain(strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")) {
		return
	}
	u.Scheme, u.Host, u.User, u.Fragment, u.RawFragment = strings.ToLower(u.Scheme), strings.ToLower(u.Host), nil, "", ""
	if u.Path == "/" && u.RawQuery == "" {
		u.Path = ""
	}
	f.urls.add(u.String())
}

// trimmedAddress leaves out what belongs to the sentence around an address.
func trimmedAddress(s string) string {
	for s != "" {
		last := s[len(s)-1]
		switch {
		case strings.IndexByte(".,;:!?'*_", last) >= 0:
		case last == ')' && strings.Count(s, "(") < strings.Count(s, ")"):
		case last == ']' && strings.Count(s, "[") < strings.Count(s, "]"):
		default:
			return strings.TrimSuffix(strings.TrimSuffix(s, "’"), "”")
		}
		s = s[:len(s)-1]
	}
	return s
}

// schemeBefore is where the scheme of an address begins; at is its colon.
func (f *finder) schemeBefore(at int) (int, bool) {
	for _, scheme := range []string{"https", "http", "ftp"} {
		from := at - len(scheme)
		if from >= 0 && strings.EqualFold(f.text[from:at], scheme) && f.startsWord(from) {
			return from, true
		}
	}
	return 0, false
}

// identifier takes what names one thing in the world and can be checked: a run
// of letters, digits and hyphens.
func (f *finder) identifier(from, to int) {
	s := f.text[from:to]
	switch n := len(s); {
	case n == 12 && isISIN(s):
		f.identifiers.add("isin:" + s)
	case n == 20 && isLEI(s):
		f.identifiers.add("lei:" + s)
	case n == 19 && isORCID(s):
		f.identifiers.add("orcid:" + s)
	case n == 36 && isUUID(s):
		f.identifiers.add("uuid:" + strings.ToLower(s))
	case n == 42 && strings.HasPrefix(s, "0x") && isHex(s[2:]):
		f.identifiers.add("eth:" + strings.ToLower(s))
	case n >= 26 && n <= 35 && (s[0] == '1' || s[0] == '3') && isBase58(s):
		f.identifiers.add("btc:" + s)
	case n >= 14 && n <= 74 && strings.EqualFold(s[:3], "bc1") && isBech32(s):
		f.identifiers.add("btc:" + strings.ToLower(s))
	}
	f.cued(s, to)
}

// cued takes the number behind a word that says what number it is.
func (f *finder) cued(cue string, to int) {
	if len(cue) < 3 || len(cue) > 15 || strings.IndexByte("acdefirACDEFIR", cue[0]) < 0 {
		return
	}
	kind, ok := cues[strings.ToLower(cue)]
	if !ok {
		return
	}
	rest := strings.TrimLeft(f.text[to:min(to+64, len(f.text))], " .:#\u00a0")
	said := false
	for _, filler := range []string{"number", "No", "no", "Nr", "nr", "N°", "nº"} {
		if cut, ok := strings.CutPrefix(rest, filler); ok && (cut == "" || !isLetter(cut[0])) {
			rest, said = strings.TrimLeft(cut, " .:#\u00a0"), true
			break
		}
	}
	n := 0
	for n < len(rest) && (isDigit(rest[n]) || isLetter(rest[n]) || strings.IndexByte("-/._", rest[n]) >= 0) {
		n++
	}
	value := strings.TrimRight(rest[:n], "-/._")
	switch kind {
	case "isbn":
		spaced := 0
		for spaced < len(rest) && (isDigit(rest[spaced]) || strings.IndexByte("- Xx", rest[spaced]) >= 0) {
			spaced++
		}
		value = isbn(rest[:spaced])
	case "imo":
		if !isIMO(value) {
			return
		}
	case "ref":
		if !isReference(value, said) {
			return
		}
	}
	if value != "" {
		f.identifiers.add(kind + ":" + value)
	}
}

// cues are words that a number stands behind. A reference has no check digit,
// so that only what its word stands beside is one.
var cues = map[string]string{
	"isbn": "isbn", "imo": "imo",
	"ref": "ref", "reference": "ref", "invoice": "ref", "case": "ref", "file": "ref", "docket": "ref", "contract": "ref",
	"rechnung": "ref", "rechnungsnummer": "ref", "aktenzeichen": "ref", "facture": "ref", "factura": "ref", "expediente": "ref",
}

// isReference tells a reference from a word or a year: it has digits and no
// small letters, and signs or letters too unless a word said that it is a number.
func isReference(s string, said bool) bool {
	digits := strings.ContainsAny(s, "0123456789")
	others := strings.Trim(s, "0123456789.") != ""
	return len(s) >= 4 && digits && (others || said) && s == strings.ToUpper(s)
}

// doi takes a DOI, which begins with "10." at a place (ISO 26324).
func (f *finder) doi(at int) {
	end := at + 3
	for end < len(f.text) && isDigit(f.text[end]) {
		end++
	}
	if n := end - at - 3; n < 4 || n > 9 || end == len(f.text) || f.text[end] != '/' {
		return
	}
	slash := end
	for end < len(f.text) && end-slash < 200 && f.text[end] > ' ' && f.text[end] < 0x7f && strings.IndexByte("<>\"{}|\\^`", f.text[end]) < 0 {
		end++
	}
	if d := trimmedAddress(f.text[at:end]); len(d) > slash-at+1 {
		f.identifiers.add("doi:" + strings.ToLower(d))
	}
}

// isISIN checks a number of a security (ISO 6166): two letters, and Luhn's sum
// over all with letters as numbers.
func isISIN(s string) bool {
	if !isUpper(s[0]) || !isUpper(s[1]) || !isDigit(s[11]) {
		return false
	}
	var digits []byte
	for _, c := range []byte(s) {
		switch {
		case isDigit(c):
			digits = append(digits, c-'0')
		case isUpper(c):
			digits = append(digits, (c-'A'+10)/10, (c-'A'+10)%10)
		default:
			return false
		}
	}
	sum := 0
	for i, d := range slices.Backward(digits) {
		if (len(digits)-1-i)%2 == 1 {
			d *= 2
		}
		sum += int(d/10 + d%10)
	}
	return sum%10 == 0
}

// isLEI checks a legal entity's identifier (ISO 17442, ISO 7064).
func isLEI(s string) bool {
	rest, letters := 0, false
	for _, c := range []byte(s) {
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isUpper(c):
			rest, letters = (rest*100+int(c-'A')+10)%97, true
		default:
			return false
		}
	}
	return letters && rest == 1 && isDigit(s[18]) && isDigit(s[19])
}

// isORCID checks a researcher's identifier (ISO 27729, ISO 7064 MOD 11-2).
func isORCID(s string) bool {
	sum := 0
	for i, c := range []byte(s) {
		switch {
		case i%5 == 4:
			if c != '-' {
				return false
			}
		case i == 18:
			check := (12 - sum%11) % 11
			return check == 10 && c == 'X' || check < 10 && int(c-'0') == check
		case !isDigit(c):
			return false
		default:
			sum = (sum + int(c-'0')) * 2
		}
	}
	return false
}

func isUUID(s string) bool {
	for i, c := range []byte(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(string(c)) {
			return false
		}
	}
	return true
}

// isIMO checks a ship's number: six digits by 7 to 2, and the last of their sum.
func isIMO(s string) bool {
	if len(s) != 7 {
		return false
	}
	sum := 0
	for i, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
		if i < 6 {
			sum += int(c-'0') * (7 - i)
		}
	}
	return int(s[6]-'0') == sum%10
}

// isbn returns a book's number as 13 digits, "" if its check digit does not hold
// (ISO 2108). What stands behind it may follow.
func isbn(s string) string {
	s = strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(s))
	if len(s) >= 13 && !strings.Contains(s[:13], "X") && s[12] == isbn13Check(s[:12]) {
		return s[:13]
	}
	if len(s) < 10 || strings.Contains(s[:9], "X") {
		return ""
	}
	sum := 0
	for i := range 9 {
		sum += int(s[i]-'0') * (10 - i)
	}
	if check := (11 - sum%11) % 11; check == 10 && s[9] != 'X' || check < 10 && s[9] != byte('0'+check) {
		return ""
	}
	s = "978" + s[:9]
	return s + string(isbn13Check(s))
}

func isbn13Check(s string) byte {
	sum := 0
	for i := range 12 {
		sum += int(s[i]-'0') * (1 + i%2*2)
	}
	return byte('0' + (10-sum%10)%10)
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// isBase58 checks an address of Bitcoin: 21 bytes and the first four of their
// hash of hash.
func isBase58(s string) bool {
	n := new(big.Int)
	for _, c := range []byte(s) {
		v := strings.IndexByte(base58, c)
		if v < 0 {
			return false
		}
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(v)))
	}
	if n.BitLen() > 25*8 {
		return false
	}
	var b [25]byte
	n.FillBytes(b[:])
	once := sha256.Sum256(b[:21])
	twice := sha256.Sum256(once[:])
	return (b[0] == 0 || b[0] == 5) && string(b[21:]) == string(twice[:4])
}

const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// isBech32 checks an address of Bitcoin as BIP 173 and BIP 350 have them.
func isBech32(s string) bool {
	if s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return false
	}
	sum := uint32(1)
	step := func(v int) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for _, v := range []int{'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31} {
		step(v)
	}
	for _, c := range []byte(strings.ToLower(s)[3:]) {
		v := strings.IndexByte(bech32, c)
		if v < 0 {
			return false
		}
		step(v)
	}
	return sum == 1 || sum == 0x2bc830a3
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
