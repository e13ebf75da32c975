package picture

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bep/imagemeta"
	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
	"candor/internal/extract/xmp"
)

const (
	maxTags  = 500
	maxValue = 8 << 10 // bytes of one field
)

// tags are a picture's fields as found, in order.
type tags struct {
	list        []candor.Field
	orientation int  // EXIF, 1 to 8; 0 when not stated
	stale       bool // IIM was changed after XMP
}

// tags reads all fields of a picture.
func (c codec) tags(src candor.Source) tags {
	var t tags
	if c.fields != nil {
		c.fields(&t, src)
	}
	for _, p := range xmp.Packets(src) {
		t.packet(p)
	}
	t.place()
	t.reconcile()
	return t
}

// turned is how a picture is to be turned, without reading all of its fields.
func (c codec) turned(src candor.Source) int {
	var t tags
	if c.orientation == 0 && c.fields != nil {
		c.fields(&t, src)
	}
	return cmp.Or(c.orientation, t.orientation)
}

// jpeg reads EXIF and IPTC of JPEG; of IPTC there is a reader of ours.
func (t *tags) jpeg(src candor.Source) {
	resources := photoshop(io.NewSectionReader(src, 0, src.Size))
	if t.list, t.stale = iim(resources), isStale(resources); len(t.list) == 0 {
		t.list = trailer(src)
	}
	t.decode(src, imagemeta.JPEG, imagemeta.EXIF)
}

// library reads the fields of a format that a library knows.
func library(format imagemeta.ImageFormat) func(*tags, candor.Source) {
	return func(t *tags, src candor.Source) { t.decode(src, format, imagemeta.EXIF|imagemeta.IPTC) }
}

// packet adds the fields of a packet of XMP.
func (t *tags) packet(packet []byte) {
	fields := xmp.Fields(packet)
	t.list = append(t.list, fields[:min(len(fields), max(0, maxTags-len(t.list)))]...)
}

// decode reads fields. What was found before a fault stands; the fault itself shows
// when a picture is decoded, if it is.
func (t *tags) decode(src candor.Source, format imagemeta.ImageFormat, sources imagemeta.Source) {
	defer func() { _ = recover() }() // a fault of the library's is one of the file
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:               io.NewSectionReader(src, 0, src.Size),
		ImageFormat:     format,
		Sources:         sources,
		ShouldHandleTag: wanted,
		HandleTag:       func(tag imagemeta.TagInfo) error { t.add(tag); return nil },
		LimitNumTags:    2000,
		LimitTagSize:    maxValue,
	})
}

// wanted leaves out previews of the picture and makers' private blocks.
func wanted(tag imagemeta.TagInfo) bool {
	if tag.Source == imagemeta.EXIF && strings.HasPrefix(tag.Namespace, "IFD1") {
		return false
	}
	if strings.HasSuffix(tag.Namespace, "InteroperabilityIFD") {
		return false // the library gives its numbers the names of places
	}
	switch tag.Tag {
	case "PrintIM", "ThumbnailOffset", "ThumbnailLength", "StripOffsets", "StripByteCounts",
		"TileOffsets", "TileByteCounts", "JPEGTables", "ApplicationNotes", "PhotoshopSettings", "ICC_Profile":
		return false
	}
	return !strings.HasPrefix(tag.Tag, imagemeta.UnknownPrefix) && !strings.HasPrefix(tag.Tag, "MakerNote")
}

func (t *tags) add(tag imagemeta.TagInfo) {
	if tag.Source == imagemeta.EXIF && tag.Tag == "Orientation" {
		t.orientation = integer(tag.Value)
	}
	v := value(tag.Value)
	if v == "" || len(v) > maxValue || len(t.list) >= maxTags {
		return
	}
	prefix := map[imagemeta.Source]string{imagemeta.EXIF: "exif:", imagemeta.IPTC: "iptc:"}[tag.Source]
	t.list = append(t.list, candor.Field{Name: prefix + tag.Tag, Value: v})
}

func integer(v any) int {
	switch n := v.(type) {
	case uint16:
		return int(n)
	case uint8:
		return int(n)
	case uint32:
		return int(n)
	case int:
		return n
	}
	return 0
}

// value writes a tag's value as text; what has no text form gives "".
func value(v any) string {
	switch x := v.(type) {
	case string:
		return utf8Text(trimmed(x))
	case []string:
		return utf8Text(strings.Join(x, ", "))
	case []byte:
		if len(x) > 64 || !utf8.Valid(x) {
			return ""
		}
		return trimmed(string(x))
	case time.Time:
		return x.Format(time.RFC3339)
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, value(e))
		}
		return strings.Join(parts, ", ")
	case nil:
		return ""
	}
	s := fmt.Sprint(v)
	if len(s) > 512 {
		return "" // tables of numbers
	}
	return s
}

// utf8Text reads what is not UTF-8 as windows-1252, which old picture desks wrote.
func utf8Text(s string) string {
	if !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// get returns the first value of the named fields, in order of preference.
func (t *tags) get(names ...string) (value, from string) {
	for _, n := range names {
		for _, f := range t.list {
			if strings.EqualFold(f.Name, n) {
				return f.Value, f.Name
			}
		}
	}
	return "", ""
}

// all returns the distinct values of the named fields.
func (t *tags) all(names ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		for _, f := range t.list {
			if strings.EqualFold(f.Name, n) && !seen[f.Value] {
				seen[f.Value] = true
				out = append(out, f.Value)
			}
		}
	}
	return out
}

// describe fills in title, date, people and fields.
func (t *tags) describe(r *candor.Reading) {
	r.Fields = append(r.Fields, t.list...)
	r.Title, _ = t.get("iptc:Headline", "xmp:Headline", "iptc:ObjectName", "xmp:Title", "exif:XPTitle")
	r.People = t.all("iptc:By-line", "iptc:Byline", "xmp:Creator", "exif:Artist")
	r.Date, r.DateFrom = t.date()
}

// place adds where a picture was taken as one field, in degrees north and east.
func (t *tags) place() {
	for _, of := range []string{"exif:", "xmp:"} {
		north, _ := t.get(of + "GPSLatitude")
		east, _ := t.get(of + "GPSLongitude")
		ns, _ := t.get(of + "GPSLatitudeRef")
		ew, _ := t.get(of + "GPSLongitudeRef")
		lat, ok := degrees(north, ns, 90)
		lon, okay := degrees(east, ew, 180)
		if ok && okay && (lat != 0 || lon != 0) { // cameras without a signal write zeros
			t.list = append(t.list, candor.Field{Name: candor.PositionField, Value: candor.Position(lat, lon)})
			return
		}
	}
}

// degrees reads degrees with a fraction, or, as XMP has them, degrees and minutes:
// 52.5200, 52,31.2N, 52,31,12N. South and west are below zero.
func degrees(v, side string, most float64) (float64, bool) {
	v = strings.TrimSpace(v)
	if n := len(v); n > 0 && strings.ContainsRune("NSEW", rune(v[n-1])) {
		side, v = v[n-1:], v[:n-1]
	}
	sum, unit := 0.0, 1.0
	for part := range strings.SplitSeq(v, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || unit < 1 && f < 0 {
			return 0, false
		}
		sum, unit = sum+f*unit, unit/60
	}
	if side = strings.ToUpper(strings.TrimSpace(side)); (strings.HasPrefix(side, "S") || strings.HasPrefix(side, "W")) && sum > 0 {
		sum = -sum
	}
	return sum, v != "" && sum >= -most && sum <= most
}

func (t *tags) date() (time.Time, string) {
	for _, n := range []string{"exif:DateTimeOriginal", "xmp:DateTimeOriginal", "iptc:DateCreated", "xmp:DateCreated", "xmp:CreateDate", "exif:CreateDate", "exif:DateTimeDigitized", "exif:DateTime", "exif:ModifyDate"} {
		v, from := t.get(n)
		if v == "" {
			continue
		}
		for _, form := range []string{"2006:01:02 15:04:05", "2006:01:02 15:04:05-07:00", time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02", "2006:01:02", "20060102"} {
			if d, err := time.Parse(form, v); err == nil && d.Year() > 1 {
				return d.UTC(), from
			}
		}
	}
	return time.Time{}, ""
}

// write writes as text what the fields say in words. The error is the sink's.
func (t *tags) write(r *candor.Reading, sink candor.Sink) error {
	w := plain.NewWriter(sink)
	for _, line := range t.text() {
		_, _ = w.WriteString(line)
		w.Line()
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.Language = w.Language()
	return nil
}

// text is what the fields say in words, for searching.
func (t *tags) text() []string {
	return t.all(
		"iptc:Headline", "xmp:Headline", "iptc:ObjectName", "xmp:Title", "exif:XPTitle",
		"iptc:Caption-Abstract", "iptc:Caption", "xmp:Description", "exif:ImageDescription", "exif:XPComment", "exif:UserComment", "xmp:AltTextAccessibility",
		"iptc:Keywords", "xmp:Subject", "exif:XPKeywords",
		"iptc:Sub-location", "iptc:Sublocation", "xmp:Location", "iptc:City", "xmp:City", "iptc:Province-State", "iptc:ProvinceState", "xmp:State",
		"iptc:Country-PrimaryLocationName", "iptc:CountryPrimaryLocationName", "xmp:Country",
		"iptc:By-line", "iptc:Byline", "xmp:Creator", "exif:Artist", "iptc:Credit", "xmp:Credit", "iptc:Source", "xmp:Source",
		"iptc:CopyrightNotice", "xmp:Rights", "exif:Copyright", "iptc:SpecialInstructions", "xmp:Instructions")
}
