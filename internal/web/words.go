package web

import (
	"fmt"
	"html/template"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Numbers, dates and kinds as people read them.

func toInt(n any) int64 {
	v := reflect.ValueOf(n)
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(min(v.Uint(), 1<<62))
	}
	return 0
}

// count writes a whole number with separators: 1,234,567.
func count(n any) string {
	text := strconv.FormatInt(toInt(n), 10)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// size writes bytes in decimal units: 1.4 TB.
func size(n any) string {
	f := float64(toInt(n))
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	i := 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	switch {
	case i == 0:
		return count(n) + " bytes"
	case f < 9.95:
		return fmt.Sprintf("%.1f %s", f, units[i])
	}
	return fmt.Sprintf("%.0f %s", f, units[i])
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

// day is a date as form fields hold it.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Minute:
		return "1 minute"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

// share writes a part of a whole in per cent, with as many digits as tell something.
func share(part, whole int64) string {
	switch {
	case whole <= 0 || part <= 0:
		return "0 %"
	case part*1000 < whole:
		return "less than 0.1 %"
	case part*10 < whole:
		return fmt.Sprintf("%.1f %%", float64(part)*100/float64(whole))
	}
	return fmt.Sprintf("%d %%", part*100/whole)
}

// languageName names an ISO 639-1 code in English; the code itself when unknown.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if name := display.English.Languages().Name(tag); name != "" {
		return name
	}
	return code
}

// itemKind is how a media type is called and drawn.
type itemKind struct {
	name  string
	icon  string
	drawn bool // its pages can be drawn
}

func (k itemKind) Name() string { return k.name }
func (k itemKind) Icon() string { return k.icon }

var kinds = map[string]itemKind{
	"application/pdf":    {"PDF", "document", true},
	"application/msword": {"Word document", "document", false},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {"Word document", "document", false},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {"Spreadsheet", "sheet", false},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {"Presentation", "document", false},
	"application/vnd.ms-excel":                        {"Spreadsheet", "sheet", false},
	"application/vnd.ms-powerpoint":                   {"Presentation", "document", false},
	"application/vnd.oasis.opendocument.text":         {"Text document", "document", false},
	"application/vnd.oasis.opendocument.spreadsheet":  {"Spreadsheet", "sheet", false},
	"application/vnd.oasis.opendocument.presentation": {"Presentation", "document", false},
	"application/rtf":                                 {"Text document", "document", false},
	"text/rtf":                                        {"Text document", "document", false},
	"text/html":                                       {"Web page", "document", false},
	"application/xhtml+xml":                           {"Web page", "document", false},
	"text/markdown":                                   {"Markdown", "text", false},
	"text/plain":                                      {"Text", "text", false},
	"text/csv":                                        {"Table", "sheet", false},
	"message/rfc822":                                  {"E-mail", "mail", false},
	"application/mbox":                                {"Mailbox", "mail", false},
	"application/vnd.ms-outlook":                      {"E-mail", "mail", false},
	"application/vnd.ms-tnef":                         {"E-mail", "mail", false},
	"application/zip":                                 {"Zip archive", "box", false},
	"application/x-tar":                               {"Tar archive", "box", false},
	"application/gzip":                                {"Compressed file", "box", false},
	"application/x-7z-compressed":                     {"7-Zip archive", "box", false},
	"application/vnd.rar":                             {"RAR archive", "box", false},
	"application/warc":                                {"Web archive", "box", false},
	"application/pkcs7-mime":                          {"Signed file", "box", false},
	"application/vnd.ms-outlook-pst":                  {"Mailbox", "mail", false},
	"application/vnd.sqlite3":                         {"Database", "sheet", false},
	"application/rdf+xml":                             {"Description of a picture", "document", false},
	"application/x-java-applet":                       {"Program", "file", false},
	"application/vnd.wordperfect":                     {"Text document", "document", false},
	"application/vnd.ms-xpsdocument":                  {"Printed document", "document", false},
	"application/x-dbf":                               {"Table", "sheet", false},
	"application/x-msaccess":                          {"Database", "sheet", false},
	"image/jpeg":                                      {"JPEG picture", "picture", false},
	"image/png":                                       {"PNG picture", "picture", false},
	"image/tiff":                                      {"TIFF picture", "picture", false},
	"image/gif":                                       {"GIF picture", "picture", false},
	"image/webp":                                      {"WebP picture", "picture", false},
	"application/json":                                {"JSON", "text", false},
	"text/xml":                                        {"XML", "text", false},
	"application/xml":                                 {"XML", "text", false},
}

// families name what kinds does not list.
var families = map[string]itemKind{
	"image": {"Picture", "picture", false},
	"audio": {"Sound", "sound", false},
	"video": {"Video", "video", false},
	"text":  {"Text", "text", false},
}

func kindOf(mediaType string) itemKind {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.TrimSpace(strings.ToLower(mediaType))
	if k, ok := kinds[mediaType]; ok {
		return k
	}
	family, _, _ := strings.Cut(mediaType, "/")
	if k, ok := families[family]; ok {
		return k
	}
	return itemKind{"File", "file", false}
}

// fieldParts divides a field's name, such as iptc:City, into where it comes
// from and what it is.
func fieldParts(name string) [2]string {
	from, what, ok := strings.Cut(name, ":")
	if !ok {
		return [2]string{"", name}
	}
	return [2]string{from, what}
}

// Icons are drawn by us: 20 by 20, one stroke, the colour of the text beside.
var icons = map[string]string{
	"seal":     `<path d="M10 2.2l1.9 1.5 2.4-.3.9 2.2 2.2.9-.3 2.4 1.5 1.9-1.5 1.9.3 2.4-2.2.9-.9 2.2-2.4-.3L10 17.8l-1.9-1.5-2.4.3-.9-2.2-2.2-.9.3-2.4L1.4 10l1.5-1.9-.3-2.4 2.2-.9.9-2.2 2.4.3z" transform="translate(.6 .6) scale(.94)"/><path d="M7 10.2l2.1 2.1L13.2 8"/>`,
	"search":   `<circle cx="8.8" cy="8.8" r="5.3"/><path d="M12.8 12.8L17 17"/>`,
	"document": `<path d="M5 2.5h6.5L15 6v11.5H5z"/><path d="M11.5 2.5V6H15M7.5 10h5M7.5 13h5"/>`,
	"text":     `<path d="M5 2.5h10v15H5z"/><path d="M7.5 6.5h5M7.5 9.5h5M7.5 12.5h3"/>`,
	"sheet":    `<path d="M3 4h14v12H3zM3 8h14M3 12h14M8 4v12"/>`,
	"mail":     `<path d="M2.5 5h15v10.5h-15z"/><path d="M2.5 5.5L10 11l7.5-5.5"/>`,
	"picture":  `<path d="M2.5 4h15v12h-15z"/><circle cx="7" cy="8" r="1.4"/><path d="M3 14.5l4.5-4 3 2.5 3-3.5 4 4.5"/>`,
	"sound":    `<path d="M3 8v4M6 5.5v9M9 3v14M12 6.5v7M15 4.5v11M17.5 8.5v3"/>`,
	"video":    `<path d="M2.5 4.5h15v11h-15z"/><path d="M8.5 7.5v5l4-2.5z"/>`,
	"box":      `<path d="M3 6.5L10 3l7 3.5v7L10 17l-7-3.5zM3 6.5l7 3.5 7-3.5M10 10v7"/>`,
	"file":     `<path d="M5 2.5h6.5L15 6v11.5H5z"/><path d="M11.5 2.5V6H15"/>`,
	"purpose":  `<path d="M4 17.5v-14c3-2 5 1.5 8 0 1.5-.7 2.5-.7 4-.3v8c-3-1-4 .5-6 .8s-3.5-1-6 0"/>`,
	"plus":     `<path d="M10 4v12M4 10h12"/>`,
	"people":   `<circle cx="7.5" cy="7" r="2.8"/><path d="M2.5 16c.4-3 2.4-4.6 5-4.6s4.6 1.6 5 4.6M13 4.6a2.6 2.6 0 010 5M14.6 11.8c1.7.6 2.7 2 3 4.2"/>`,
	"log":      `<path d="M4 3.5h12M4 7.8h12M4 12.1h12M4 16.5h7"/>`,
	"shelf":    `<path d="M3.5 3v14.5h13V3M3.5 9h13M6.5 4.5V9M9.5 5.5V9M6.5 12v5.5M9 12.5v5M12 11l2.5 6"/>`,
	"download": `<path d="M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13"/>`,
	"check":    `<path d="M4 10.5l4 4 8-9"/>`,
	"half":     `<circle cx="10" cy="10" r="6.5"/><path d="M10 3.5v13a6.5 6.5 0 010-13z" fill="currentColor"/>`,
	"lock":     `<path d="M4.5 9h11v8h-11zM7 9V6.5a3 3 0 016 0V9"/>`,
	"dash":     `<circle cx="10" cy="10" r="6.5"/><path d="M7 10h6"/>`,
	"cross":    `<path d="M5 5l10 10M15 5L5 15"/>`,
	"warn":     `<path d="M10 3l7.5 13.5h-15zM10 8v4M10 14v.5"/>`,
	"refuse":   `<circle cx="10" cy="10" r="6.8"/><path d="M5.2 14.8l9.6-9.6"/>`,
	"left":     `<path d="M12 4.5L6.5 10l5.5 5.5"/>`,
	"right":    `<path d="M8 4.5l5.5 5.5L8 15.5"/>`,
	"down":     `<path d="M4.5 7.5L10 13l5.5-5.5"/>`,
	"calendar": `<path d="M3 5h14v12H3zM3 8.5h14M7 3v3.5M13 3v3.5"/>`,
	"clock":    `<circle cx="10" cy="10" r="7"/><path d="M10 5.5V10l3 2"/>`,
	"eye":      `<path d="M2 10c2-3.7 4.7-5.5 8-5.5s6 1.8 8 5.5c-2 3.7-4.7 5.5-8 5.5S4 13.7 2 10z"/><circle cx="10" cy="10" r="2.3"/>`,
}

// icon draws an icon. It says nothing: the word beside it does.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">` + icons[name] + `</svg>`)
}
