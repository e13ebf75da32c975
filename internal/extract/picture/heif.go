package picture

import (
	"github.com/bep/imagemeta"

	"candor"
)

// Tells reports whether of a media type the fields are read here, and no more:
// pictures of telephones, in which a film's coding holds a still picture. What there
// is to decode it in is not free to go into this program.
func Tells(typ string) bool { return formats[typ] == imagemeta.HEIF || formats[typ] == imagemeta.AVIF }

// Fields reads the fields of a picture that is not drawn: its size, EXIF and XMP.
// The error is the sink's.
func Fields(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Partial, Reason: "its fields were read; what it shows is not drawn by this version", Extraction: candor.Extraction{Pages: 1}}
	t := readTags(src, typ)
	if t.width > 0 {
		measured(&reading, t.width, t.height)
	}
	t.describe(&reading)
	switch {
	case len(reading.Fields) > 0:
	case t.err != nil:
		reading.Condition, reading.Reason = candor.Failed, "the picture is damaged or cut short"
		return reading, nil
	default:
		reading.Reason = "it has no fields; what it shows is not drawn by this version"
	}
	return reading, t.write(&reading, sink)
}
