package plain

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Decode guesses the encoding from the head of a text and returns a reader of
// UTF-8 together with the encoding's name.
func Decode(head []byte, r io.Reader) (io.Reader, string) {
	enc, name := Guess(head)
	if enc == nil {
		return r, name
	}
	return transform.NewReader(r, enc.NewDecoder()), name
}

// DecodeHTML is Decode for HTML, where the document may state its encoding. What
// it states is believed unless its bytes are UTF-8, which nothing else is by
// chance; so many pages state Western that that is no more than a guess.
func DecodeHTML(head []byte, contentType string, r io.Reader) (io.Reader, string) {
	enc, name, certain := charset.DetermineEncoding(head, contentType)
	if name == "windows-1252" && !certain {
		if late := lateCharset.FindSubmatch(head); late != nil { // further down than browsers look
			if e, n := charset.Lookup(string(late[1])); e != nil {
				enc, name, certain = e, n, n != "utf-8"
			}
		}
	}
	stated := name != "windows-1252" && (!validUTF8(head) || isASCII(head))
	if name != "utf-8" && (certain || stated) {
		return transform.NewReader(r, enc.NewDecoder()), name
	}
	return Decode(head, r)
}

var lateCharset = regexp.MustCompile(`(?i)<meta\s[^<>]{0,200}?charset\s*=\s*["']?([a-z0-9_:.-]{1,40})`)

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Guess tells the encoding of a text from its head. A nil encoding means UTF-8,
// whose faults the Writer mends.
func Guess(head []byte) (encoding.Encoding, string) {
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return nil, "utf-8"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), "utf-16le"
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM), "utf-16be"
	case validUTF8(head):
		if e, name := bareUTF16(head); e != nil {
			return e, name
		}
		if e, name := sevenBit(head); e != nil {
			return e, name
		}
		return nil, "utf-8"
	}
	if e, name := bareUTF16(head); e != nil {
		return e, name
	}
	return other(head)
}

// validUTF8 accepts a character that is cut by the head's end.
func validUTF8(head []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut <= len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// bareUTF16 recognises UTF-16 without a mark: mostly Latin text, so nearly
// every second byte is zero.
func bareUTF16(head []byte) (encoding.Encoding, string) {
	if len(head) < 8 {
		return nil, ""
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	most := len(head) * 2 / 5
	switch {
	case zeros[1] >= most && zeros[0]*20 < zeros[1]:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le"
	case zeros[0] >= most && zeros[1]*20 < zeros[0]:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"
	}
	return nil, ""
}

// sevenBit recognises ISO-2022-JP, which is ASCII but for its escapes (RFC 1468).
func sevenBit(head []byte) (encoding.Encoding, string) {
	if bytes.Contains(head, []byte("\x1b$B")) || bytes.Contains(head, []byte("\x1b$@")) {
		return japanese.ISO2022JP, "iso-2022-jp"
	}
	return nil, ""
}

// leastSure is how sure the detector must be, in percent, before the plain counts
// of eightBit are not asked.
const leastSure = 30

// other tells the encoding of bytes that are no form of Unicode: by the statistics
// of ICU's detector where many bytes are not ASCII, which short Western texts would
// only confuse.
func other(head []byte) (encoding.Encoding, string) {
	if ebcdic(head) {
		return charmap.CodePage037, "ibm037"
	}
	high, letters := count(head)
	if high < leastHigh && hanzi(head) {
		return simplifiedchinese.GB18030, "gb18030"
	}
	if high > letters && high < leastHigh {
		if enc, name := kana(head); enc != nil {
			return enc, name
		}
	}
	if high > letters || high >= leastHigh {
		if enc, name := dosCyrillic(head, high); enc != nil {
			return enc, name
		}
		found, err := chardet.NewTextDetector().DetectBest(head)
		if err == nil && found.Confidence >= leastSure {
			if enc, name := charset.Lookup(found.Charset); enc != nil && believable(name) {
				return enc, name
			}
		}
	}
	return eightBit(head)
}

// ebcdic recognises text of IBM's large computers: blanks are 0x40, and letters
// stand where ASCII has none at all.
func ebcdic(head []byte) bool {
	var blanks, letters, ascii int
	for _, b := range head {
		switch low := b & 0xf; {
		case b == 0x40:
			blanks++
		case b >= 0xf0 && b <= 0xf9, b >= 0x80 && b < 0xa0 && low >= 1 && low <= 9, b >= 0xa2 && b <= 0xa9,
			b >= 0xc1 && b < 0xe0 && low >= 1 && low <= 9, b >= 0xe2 && b <= 0xe9:
			letters++
		case b == ' ' || b == '\n' || b|0x20 >= 'a' && b|0x20 <= 'z':
			ascii++
		}
	}
	return len(head) >= 40 && 20*blanks > len(head) && 10*(blanks+letters) > 8*len(head) && 50*ascii < len(head)
}

// kana recognises short texts in Japanese, of which there are too few bytes for
// statistics: all are pairs, and a third of these are kana.
func kana(head []byte) (encoding.Encoding, string) {
	for _, c := range []struct {
		enc  encoding.Encoding
		name string
		is   func(a, b byte) bool
	}{
		{japanese.ShiftJIS, "shift_jis", func(a, b byte) bool {
			return a == 0x82 && b >= 0x9f && b <= 0xf1 || a == 0x83 && b >= 0x40 && b <= 0x96
		}},
		{japanese.EUCJP, "euc-jp", func(a, b byte) bool {
			return a == 0xa4 && b >= 0xa1 && b <= 0xf3 || a == 0xa5 && b >= 0xa1 && b <= 0xf6
		}},
	} {
		text, err := c.enc.NewDecoder().Bytes(head)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			continue
		}
		pairs, kana := 0, 0
		for i := 0; i+1 < len(head); i++ {
			if head[i] >= 0x80 {
				pairs++
				if c.is(head[i], head[i+1]) {
					kana++
				}
				i++
			}
		}
		if 3*kana > pairs {
			return c.enc, c.name
		}
	}
	return nil, ""
}

// hanzi recognises short texts in simplified Chinese: all bytes above ASCII are
// pairs of GB 2312, nearly all of its first plane, which holds the usual characters,
// and some stand where Korean has no syllables.
func hanzi(head []byte) bool {
	pairs, usual, beyond := 0, 0, 0
	for i := 0; i < len(head); i++ {
		if head[i] < 0x80 {
			continue
		}
		if i+1 == len(head) || head[i] < 0xa1 || head[i] == 0xff || head[i+1] < 0xa1 || head[i+1] == 0xff {
			return false
		}
		pairs++
		if head[i] >= 0xb0 && head[i] <= 0xd7 {
			usual++
		}
		if head[i] > 0xc8 && head[i] <= 0xd7 {
			beyond++
		}
		i++
	}
	return pairs >= 4 && 10*usual >= 9*pairs && 5*beyond >= pairs
}

// leastHigh is how many bytes above ASCII the detector's statistics need.
const leastHigh = 40

// believable leaves out what the detector finds in texts that are not it: UTF-16
// without a mark is told by its zeros, above.
func believable(name string) bool { return !strings.HasPrefix(name, "utf-") && name != "replacement" }

// dosCyrillic recognises code page 866, which the detector does not know: small
// letters stand at 0xa0 to 0xaf and 0xe0 to 0xef, capitals at 0x80 to 0x9f, and
// the frames between them are rare in words.
func dosCyrillic(head []byte, high int) (encoding.Encoding, string) {
	var small, upper int
	for _, b := range head {
		switch {
		case b >= 0xa0 && b <= 0xaf, b >= 0xe0 && b <= 0xef:
			small++
		case b >= 0x80 && b <= 0x9f:
			upper++
		}
	}
	var first int // letters of the first half of the alphabet, which no other Cyrillic code has there
	for _, b := range head {
		if b >= 0xa0 && b <= 0xaf {
			first++
		}
	}
	if high > 0 && (small+upper)*100 >= high*97 && upper*4 < small && first*3 > small {
		return charmap.CodePage866, "ibm866"
	}
	return nil, ""
}

// count counts the bytes above ASCII, and the ASCII letters.
func count(head []byte) (high, letters int) {
	for _, b := range head {
		switch {
		case b >= 0x80:
			high++
		case b|0x20 >= 'a' && b|0x20 <= 'z':
			letters++
		}
	}
	return high, letters
}

// eightBit tells Cyrillic from Western text: in Cyrillic most letters have the
// high bit, and small letters outnumber capitals in only one of the two codes.
func eightBit(head []byte) (encoding.Encoding, string) {
	high, letters := count(head)
	var small1251, smallKOI int
	for _, b := range head {
		switch {
		case b >= 0xe0:
			small1251++
		case b >= 0xc0:
			smallKOI++
		}
	}
	switch {
	case high <= letters:
		return charmap.Windows1252, "windows-1252"
	case smallKOI > small1251:
		return charmap.KOI8R, "koi8-r"
	}
	return charmap.Windows1251, "windows-1251"
}

// codePages are the numbers of Windows for encodings that have another name.
var codePages = map[int]string{932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5", 866: "ibm866", 20866: "koi8-r", 21866: "koi8-u",
	28591: "iso-8859-1", 28592: "iso-8859-2", 28595: "iso-8859-5", 28597: "iso-8859-7", 50220: "iso-2022-jp", 51932: "euc-jp", 54936: "gb18030",
	65001: "utf-8", 874: "windows-874", 1250: "windows-1250", 1251: "windows-1251", 1252: "windows-1252", 1253: "windows-1253", 1254: "windows-1254",
	1255: "windows-1255", 1256: "windows-1256", 1257: "windows-1257", 1258: "windows-1258"}

// CodePage is an encoding by its number at Microsoft's, with its name on the web;
// nil for one that is not known.
func CodePage(n int) (encoding.Encoding, string) {
	name, ok := codePages[n]
	if !ok {
		return nil, ""
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, ""
	}
	return enc, name
}
