// Package name makes the names that hostile files give to their parts safe to
// show and to store: relative, slash-separated, valid UTF-8. A name is never
// used to open anything; it is kept so that people recognise it.
package name

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxBytes is the greatest length of a cleaned path.
const MaxBytes = 4096

// Clean returns a path as candor.Place holds it: bytes that are not UTF-8 and
// control characters become %XX, backslashes and drive letters become ordinary
// path elements, absolute paths become relative, and the elements "." and ".."
// become %2E and %2E%2E, so that nothing is dropped and nothing climbs. An
// empty path becomes "unnamed". Cleaning twice changes nothing more.
func Clean(raw string) string {
	var out []string
	for _, element := range strings.FieldsFunc(raw, func(r rune) bool { return r == '/' || r == '\\' }) {
		switch element {
		case ".", "..":
			element = strings.ReplaceAll(element, ".", "%2E")
		}
		out = append(out, escape(element))
	}
	p := shorten(strings.Join(out, "/"))
	if p == "" {
		return "unnamed"
	}
	return p
}

// Base cleans the name of one thing, such as an attachment: a single element.
func Base(raw string) string {
	p := Clean(raw)
	return p[strings.LastIndexByte(p, '/')+1:]
}

func escape(s string) string {
	if s == "" || isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) || isDirection(r) {
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// isDirection tells characters that make a name look like another one:
// "invoice\u202Efdp.exe" is shown as "invoiceexe.pdf".
func isDirection(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x2028 || r == 0x2029
}

// shorten keeps the end of a path that is too long: the file's own name says most.
func shorten(p string) string {
	if len(p) <= MaxBytes {
		return p
	}
	p = p[len(p)-MaxBytes+len("…"):]
	for p != "" && !utf8.RuneStart(p[0]) {
		p = p[1:]
	}
	return "…" + strings.TrimLeft(p, "/")
}
