// Package picture reads photographs and drawings: their size, their EXIF, IPTC
// and XMP fields, and a small copy of what they show. It recognises nobody and
// nothing in them.
package picture

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/bep/imagemeta"
	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"candor"
)

const (
	thumbnailWidth = 480  // pixels
	maxSide        = 8000 // pixels of a rendered picture
)

// codec draws a picture, and reads its fields.
type codec struct {
	config      func(*io.SectionReader) (image.Config, error) // a size may be known besides an error
	decode      func(*io.SectionReader) (image.Image, error)
	fields      func(*tags, candor.Source) // besides XMP; nil: it has none
	orientation int                        // how what is drawn is to be turned (EXIF, 1 to 8); 0 is as the fields say
}

// over is a codec of functions of the standard library's shape.
func over(config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error), fields func(*tags, candor.Source)) codec {
	return codec{
		config: func(r *io.SectionReader) (image.Config, error) { return config(r) },
		decode: func(r *io.SectionReader) (image.Image, error) { return decode(r) },
		fields: fields,
	}
}

var codecs = map[string]codec{
	"image/jpeg":             over(jpeg.DecodeConfig, jpeg.Decode, (*tags).jpeg),
	"image/png":              over(png.DecodeConfig, png.Decode, library(imagemeta.PNG)),
	"image/vnd.mozilla.apng": over(png.DecodeConfig, png.Decode, nil),
	"image/gif":              over(gif.DecodeConfig, gif.Decode, nil),
	"image/webp":             over(webp.DecodeConfig, webp.Decode, library(imagemeta.WebP)),
	"image/tiff":             {config: tiffConfig, decode: tiffDecode, fields: library(imagemeta.TIFF)},
	"image/bmp":              over(bmp.DecodeConfig, bmp.Decode, nil),
}

// Reads tells whether a media type is read here.
func Reads(typ string) bool {
	_, ok := codecs[typ]
	return ok || typ == SVGType || isHEIF(typ) || isCamera(typ)
}

// Reader reads pictures that are no larger than MaxPixels.
type Reader struct {
	MaxPixels int64
	Frames    Frames // decodes what is coded as film
}

func (rd Reader) codec(src candor.Source, typ string) codec {
	section := io.NewSectionReader(src, 0, src.Size)
	switch {
	case isHEIF(typ):
		return rd.stillCodec(section, typ)
	case isCamera(typ):
		return cameraCodec(section, typ)
	}
	return codecs[typ]
}

// Read reads a picture; see SVG for drawings. What its fields say in words (headline, description,
// keywords, place, by-line) is its text. A picture of more than MaxPixels is not
// decoded. The error is the sink's.
func (rd Reader) Read(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	if typ == SVGType {
		return SVG(src, rd.MaxPixels, sink)
	}
	reading := candor.Reading{Type: typ, Condition: candor.Done, Extraction: candor.Extraction{Pages: 1}}
	c := rd.codec(src, typ)
	tags := c.tags(src)
	conf, err := c.config(io.NewSectionReader(src, 0, src.Size))
	if err == nil || conf.Width > 0 {
		reading.Fields = append(reading.Fields, candor.Field{Name: "file:Width", Value: fmt.Sprint(conf.Width)}, candor.Field{Name: "file:Height", Value: fmt.Sprint(conf.Height)})
	}
	tags.describe(&reading)
	if err := tags.write(&reading, sink); err != nil {
		return reading, err
	}
	if err == nil {
		err = rd.look(src, c, conf, cmp.Or(c.orientation, tags.orientation), &reading)
	}
	judge(&reading, err, len(tags.list) > 0)
	if reading.Condition == candor.Done {
		reading.Pictures = []int{1}
	}
	return reading, nil
}

func judge(r *candor.Reading, err error, tagged bool) {
	switch {
	case err == nil:
	case candor.CodeOf(err) == candor.TooLarge:
		r.Condition, r.Reason = candor.Partial, candor.MessageOf(err)
	case candor.CodeOf(err) == candor.NotSupported:
		r.Condition, r.Reason = candor.Partial, "what it shows is not drawn: "+candor.MessageOf(err)
	case tagged || len(r.Fields) > 0:
		r.Condition, r.Reason = candor.Partial, "the picture is damaged or cut short: its fields were read, what it shows was not"
	default:
		r.Condition, r.Reason = candor.Failed, "the picture is damaged or cut short"
	}
}

// load decodes a picture that is not too large, the right way up.
func (rd Reader) load(src candor.Source, c codec, conf image.Config, orientation int, width int64) (*image.RGBA, error) {
	pixels := int64(conf.Width) * int64(conf.Height)
	if conf.Width <= 0 || conf.Height <= 0 {
		return nil, candor.Errorf(candor.Invalid, "the picture has no area")
	}
	if pixels > rd.MaxPixels {
		return nil, candor.Errorf(candor.TooLarge, "the picture has %d megapixels; more than %d are not drawn", pixels/1e6, rd.MaxPixels/1e6)
	}
	m, err := c.decode(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return nil, err
	}
	if orientation >= 5 { // lies on its side: what will be its width is now its height
		return upright(scale(m, m.Bounds().Dy(), m.Bounds().Dx(), width, true), orientation), nil
	}
	return upright(scale(m, m.Bounds().Dx(), m.Bounds().Dy(), width, false), orientation), nil
}

// scale draws m so that the picture, seen upright with w by h pixels, is at
// most width wide. Pictures are not made larger.
func scale(m image.Image, w, h int, width int64, lying bool) *image.RGBA {
	factor := min(1, float64(width)/float64(w), maxSide/float64(h))
	w, h = max(1, int(float64(w)*factor+0.5)), max(1, int(float64(h)*factor+0.5))
	if lying {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	if factor == 1 {
		draw.Draw(dst, dst.Bounds(), m, m.Bounds().Min, draw.Over)
	} else {
		m = reduced(m, min(m.Bounds().Dx()/(2*w), m.Bounds().Dy()/(2*h))) // the rest at least halves it
		draw.BiLinear.Scale(dst, dst.Bounds(), m, m.Bounds(), draw.Over, nil)
	}
	return dst
}

// upright turns a picture as its EXIF orientation (1 to 8) says.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dw, dh := w, h
	if orientation >= 5 {
		dw, dh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range h {
		for x := range w {
			dx, dy := turned(orientation, x, y, w, h)
			copy(dst.Pix[dst.PixOffset(dx, dy):][:4], m.Pix[m.PixOffset(x, y):][:4])
		}
	}
	return dst
}

// turned gives the upright place of a stored pixel (EXIF 2.32, tag 0x0112).
func turned(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 1:
		return x, y
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	}
	return y, w - 1 - x
}

// look makes a small picture of a picture, and its print.
func (rd Reader) look(src candor.Source, c codec, conf image.Config, orientation int, r *candor.Reading) error {
	m, err := rd.load(src, c, conf, orientation, thumbnailWidth)
	if err != nil {
		return err
	}
	r.Print, r.Detail = print(m)
	var b bytes.Buffer
	err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 75})
	r.Thumbnail = b.Bytes()
	return err
}

// Render draws a picture anew as PNG, at most width pixels wide.
func (rd Reader) Render(src candor.Source, typ string, page, width int) ([]byte, error) {
	if page != 1 {
		return nil, candor.Errorf(candor.NotFound, "there is no page %d: a picture has one", page)
	}
	if typ == SVGType {
		return renderSVG(src, width, rd.MaxPixels)
	}
	c := rd.codec(src, typ)
	conf, err := c.config(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return nil, notDrawn(err)
	}
	m, err := rd.load(src, c, conf, c.turned(src), int64(width))
	if err != nil {
		return nil, notDrawn(err)
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	err = enc.Encode(&b, m)
	return b.Bytes(), err
}

// notDrawn says why a picture is not drawn.
func notDrawn(err error) error {
	switch candor.CodeOf(err) {
	case candor.TooLarge, candor.NotSupported:
		return err
	}
	return candor.Wrap(err, candor.NotSupported, "the picture cannot be drawn: it is damaged or cut short")
}

func trimmed(s string) string { return strings.TrimSpace(strings.Trim(s, "\x00")) }
