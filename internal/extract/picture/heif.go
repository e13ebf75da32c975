package picture

import (
	"fmt"

	"github.com/bep/imagemeta"

	"candor"
	"candor/internal/extract/plain"
	"candor/internal/extract/xmp"
)

// heif are the formats of which the fields are read and what they show is not:
// pictures of telephones, in which a film's coding holds a still picture. What there
// is to decode it in is not free to go into this program.
var heif = map[string]imagemeta.ImageFormat{"image/heic": imagemeta.HEIF, "image/heic-sequence": imagemeta.HEIF, "image/heif": imagemeta.HEIF,
	"image/heif-sequence": imagemeta.HEIF, "image/avif": imagemeta.AVIF}

// Tells reports whether of a media type the fields are read here, and no more.
func Tells(typ string) bool { return heif[typ] != 0 }

// Fields reads the fields of a picture that is not drawn: its size, EXIF and XMP.
// The error is the sink's.
func Fields(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Partial, Reason: "its fields were read; what it shows is not drawn by this version", Extraction: candor.Extraction{Pages: 1}}
	var t tags
	conf, err := decode(src, heif[typ], imagemeta.EXIF|imagemeta.CONFIG, t.add)
	t.packet(xmp.Find(src))
	t.place()
	t.reconcile()
	if conf.Width > 0 {
		reading.Fields = append(reading.Fields, candor.Field{Name: "file:Width", Value: fmt.Sprint(conf.Width)}, candor.Field{Name: "file:Height", Value: fmt.Sprint(conf.Height)})
	}
	t.describe(&reading)
	switch {
	case len(reading.Fields) > 0:
	case err != nil:
		reading.Condition, reading.Reason = candor.Failed, "the picture is damaged or cut short"
		return reading, nil
	default:
		reading.Reason = "it has no fields; what it shows is not drawn by this version"
	}
	w := plain.NewWriter(sink)
	for _, line := range t.text() {
		_, _ = w.WriteString(line)
		w.Line()
	}
	if err := w.Close(); err != nil {
		return reading, err
	}
	reading.Language = plain.Language(w.Sample())
	return reading, nil
}
