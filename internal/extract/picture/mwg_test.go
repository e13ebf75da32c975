package picture

import (
	"crypto/md5"
	"strings"
	"testing"

	"candor"
)

// TestReconciled: EXIF comes first, then XMP, unless IIM was changed after it.
func TestReconciled(t *testing.T) {
	block := []byte("\x1c\x02\x78\x00\x03iim")
	sum := md5.Sum(block)
	for name, c := range map[string]struct {
		digest []byte
		stale  bool
	}{"in line": {sum[:], false}, "cut short": {make([]byte, 15), false}, "none": {nil, false}, "other": {append([]byte{1}, make([]byte, 15)...), true}, "zeros": {make([]byte, 16), false}} {
		resources := resource(iimResource, "", block)
		if c.digest != nil {
			resources = append(resources, resource(digestResource, "", c.digest)...)
		}
		if got := isStale(resources); got != c.stale {
			t.Errorf("%s: stale %v", name, got)
		}
	}
	for _, c := range []struct {
		have  string
		stale bool
		want  string
	}{
		{"exif:ImageDescription=E|iptc:Caption-Abstract=I|xmp:Description=X", true, "Description=E"},
		{"iptc:Caption-Abstract=I|xmp:Description=X", false, "Description=X"},
		{"iptc:Caption-Abstract=I|xmp:Description=X", true, "Description=I"},
		{"iptc:Caption-Abstract=I", false, "Description=I"},
		{"iptc:Keywords=a|iptc:Keywords=b|iptc:City=Velmere|xmp:City=Port Velmere", false, "Keywords=a|Keywords=b|City=Port Velmere"},
		{"xmp:Nothing=x", false, ""},
	} {
		tags := tags{stale: c.stale}
		for f := range strings.SplitSeq(c.have, "|") {
			n, v, _ := strings.Cut(f, "=")
			tags.list = append(tags.list, candor.Field{Name: n, Value: v})
		}
		before := len(tags.list)
		tags.reconcile()
		var got []string
		for _, f := range tags.list[before:] {
			got = append(got, strings.TrimPrefix(f.Name, "mwg:")+"="+f.Value)
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%s: %s, want %s", c.have, g, c.want)
		}
	}
}

func TestPositions(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{"exif:GPSLatitude=52.52|exif:GPSLatitudeRef=N|exif:GPSLongitude=13.405|exif:GPSLongitudeRef=E", "52.52000,13.40500"},
		{"exif:GPSLatitude=33.86|exif:GPSLatitudeRef=S|exif:GPSLongitude=151.2|exif:GPSLongitudeRef=E", "-33.86000,151.20000"},
		{"xmp:GPSLatitude=52,31.2N|xmp:GPSLongitude=13,24,18W", "52.52000,-13.40500"},
		{"exif:GPSLatitude=0|exif:GPSLongitude=0", ""}, {"exif:GPSLatitude=91|exif:GPSLongitude=0", ""},
		{"exif:GPSLatitude=x|exif:GPSLongitude=1", ""}, {"exif:GPSLatitude=52.5", ""},
	} {
		var tags tags
		for f := range strings.SplitSeq(c.fields, "|") {
			n, v, _ := strings.Cut(f, "=")
			tags.list = append(tags.list, candor.Field{Name: n, Value: v})
		}
		tags.place()
		got, _ := tags.get(candor.PositionField)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.fields, got, c.want)
		}
	}
}
