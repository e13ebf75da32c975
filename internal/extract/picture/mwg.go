package picture

import (
	"bytes"
	"crypto/md5"

	"candor"
)

// digestResource is the Photoshop resource that holds the MD5 of the IIM that
// XMP was last brought in line with.
const digestResource = 0x0425

// reconciled are the properties that EXIF, IIM and XMP each have a place for, and
// where (Metadata Working Group, Guidelines for handling image metadata 2.0, 5).
var reconciled = []struct {
	name           string
	exif, iim, xmp string
	several        bool // several values are kept
}{
	{name: "Description", exif: "exif:ImageDescription", iim: "iptc:Caption-Abstract", xmp: "xmp:Description"},
	{name: "Creator", exif: "exif:Artist", iim: "iptc:By-line", xmp: "xmp:Creator", several: true},
	{name: "Copyright", exif: "exif:Copyright", iim: "iptc:CopyrightNotice", xmp: "xmp:Rights"},
	{name: "Keywords", iim: "iptc:Keywords", xmp: "xmp:Subject", several: true},
	{name: "DateTimeOriginal", exif: "exif:DateTimeOriginal", iim: "iptc:DateCreated", xmp: "xmp:DateCreated"},
	{name: "CreateDate", exif: "exif:DateTimeDigitized", iim: "iptc:DigitalCreationDate", xmp: "xmp:CreateDate"},
	{name: "ModifyDate", exif: "exif:DateTime", xmp: "xmp:ModifyDate"},
	{name: "Location", iim: "iptc:Sub-location", xmp: "xmp:Location"},
	{name: "City", iim: "iptc:City", xmp: "xmp:City"},
	{name: "State", iim: "iptc:Province-State", xmp: "xmp:State"},
	{name: "Country", iim: "iptc:Country-PrimaryLocationName", xmp: "xmp:Country"},
}

// reconcile adds one value of each property, with the field it came from: EXIF's
// if it has one; else XMP's, unless IIM was changed since by a program that knows
// no XMP, which its digest tells; then IIM's. All three stay as they were found.
func (t *tags) reconcile() {
	var out []candor.Field
	for _, p := range reconciled {
		order := []string{p.exif, p.xmp, p.iim}
		if t.stale {
			order = []string{p.exif, p.iim, p.xmp}
		}
		for _, field := range order {
			values := t.all(field)
			if field == "" || len(values) == 0 {
				continue
			}
			if !p.several {
				values = values[:1]
			}
			for _, v := range values {
				out = append(out, candor.Field{Name: "mwg:" + p.name, Value: v})
			}
			break
		}
	}
	t.list = append(t.list, out...)
}

// isStale reports whether IIM was changed after XMP was brought in line with it.
func isStale(resources []byte) bool {
	block, digest := resourceOf(resources, iimResource), resourceOf(resources, digestResource)
	if len(block) == 0 || len(digest) != md5.Size || bytes.Equal(digest, make([]byte, md5.Size)) {
		return false
	}
	sum := md5.Sum(block)
	return !bytes.Equal(sum[:], digest)
}
