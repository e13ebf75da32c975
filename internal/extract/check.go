package extract

import (
	"bytes"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/wire"
)

// What a worker says is data of the file it read. These bounds keep it from
// being more than that.
const (
	maxReason = 2 << 10  // bytes
	maxTitle  = 1 << 10  // bytes
	maxPerson = 300      // bytes
	maxPeople = 1000     // names
	maxFields = 1000     // fields
	maxName   = 100      // bytes of a field's name
	maxValue  = 64 << 10 // bytes of a field's value
	maxPages  = 10_000_000
)

// printed is what a picture's print looks like.
var printed = regexp.MustCompile(`^[0-9a-f]{64}$`)

// prefixes are those that candor.Field allows.
var prefixes = []string{"exif:", "iptc:", "xmp:", "doc:", "mail:", "file:"}

// check refuses a reading that cannot be, and makes the rest fit to be shown.
func (s *session) check(r *candor.Reading) error {
	if !mediaType(r.Type) {
		return s.broken("a reading without a type")
	}
	switch r.Condition {
	case candor.Done, candor.Partial, candor.Encrypted, candor.Unsupported, candor.Failed:
	default:
		return s.broken("a reading without a condition")
	}
	if r.Condition != candor.Done && r.Reason == "" || r.Pages < 0 || r.Pages > maxPages {
		return s.broken("a reading that says too little or too much")
	}
	if s.image.Len() > 0 && !bytes.HasPrefix(s.image.Bytes(), []byte{0xff, 0xd8, 0xff}) {
		return s.broken("a thumbnail that is no JPEG")
	}
	for i, n := range r.Pictures {
		if n < 1 || n > max(r.Pages, 1) || i > 0 && n <= r.Pictures[i-1] {
			return s.broken("pictures where there are no pages")
		}
	}
	if r.Print != "" && !printed.MatchString(r.Print) || r.Detail < 0 || r.Detail > 100 {
		return s.broken("a print that is none")
	}
	r.Reason = shown(r.Reason, maxReason)
	r.Title = shown(r.Title, maxTitle)
	r.DateFrom = shown(r.DateFrom, maxName)
	if y := r.Date.Year(); y < 1 || y > 9999 {
		r.Date, r.DateFrom = time.Time{}, ""
	}
	if len(r.Language) != 2 || strings.Trim(r.Language, "abcdefghijklmnopqrstuvwxyz") != "" {
		r.Language = ""
	}
	tidy(r)
	return nil
}

// tidy bounds lists.
func tidy(r *candor.Reading) {
	people := r.People[:min(len(r.People), maxPeople)]
	r.People = nil
	for _, p := range people {
		if p = shown(p, maxPerson); p != "" {
			r.People = append(r.People, p)
		}
	}
	fields := r.Fields[:min(len(r.Fields), maxFields)]
	r.Fields = nil
	for _, f := range fields {
		if !allowedName(f.Name) {
			continue
		}
		if v := lines(f.Value, maxValue); v != "" {
			r.Fields = append(r.Fields, candor.Field{Name: shown(f.Name, maxName), Value: v})
		}
	}
}

func allowedName(n string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(n, p) && len(n) > len(p) {
			return true
		}
	}
	return false
}

// place checks where a part says that it was found.
func (s *session) place(p []byte) (candor.Place, error) {
	var m wire.PartMessage
	if err := wire.Decode(p, &m); err != nil {
		return candor.Place{}, s.give(err)
	}
	place := candor.Place{Path: name.Clean(m.Path)}
	if m.ModTime > 0 && m.ModTime < 253402300800 { // year 10000
		place.ModTime = time.Unix(m.ModTime, 0).UTC()
	}
	return place, nil
}

// mediaType tells type "/" subtype (RFC 6838) in lower case from anything else.
func mediaType(t string) bool {
	main, sub, ok := strings.Cut(t, "/")
	if !ok || main == "" || sub == "" || len(t) > 127 {
		return false
	}
	return strings.Trim(main+sub, "abcdefghijklmnopqrstuvwxyz0123456789.+-_") == ""
}

func known(c candor.Code) bool {
	switch c {
	case candor.Invalid, candor.NotFound, candor.TooLarge, candor.NotSupported, candor.Unavailable, candor.Internal:
		return true
	}
	return false
}

// shown makes one line of at most n bytes, without control characters.
func shown(s string, n int) string { return clean(s, n, false) }

// lines is shown, but leaves line breaks and tabs.
func lines(s string, n int) string { return clean(s, n, true) }

func clean(s string, n int, breaks bool) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case breaks && (r == '\n' || r == '\t'):
			return r
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.TrimSpace(s)
	if len(s) <= n {
		return s
	}
	s = s[:n-len("…")]
	for s != "" && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
