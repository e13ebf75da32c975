package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/srwiley/oksvg"
	"github.com/srwiley/rasterx"

	"candor"
	"candor/internal/extract/plain"
)

// SVGType is the media type of drawings in SVG.
const SVGType = "image/svg+xml"

const mostSVG = 16 << 20 // bytes of a drawing that is drawn

// SVG reads a drawing: its text as it stands, and what it shows, as far as it is
// drawn with paths (text in it is not drawn). Nothing that it names elsewhere is
// fetched. The error is the sink's.
func SVG(src candor.Source, maxPixels int64, sink candor.Sink) (candor.Reading, error) {
	reading, err := plain.Read(src, SVGType, sink)
	if err != nil {
		return reading, err
	}
	reading.Pages = 1
	m, derr := drawSVG(src, thumbnailWidth, maxPixels)
	if derr != nil {
		return reading, nil // its text is all that is wanted of most
	}
	reading.Print, reading.Detail = print(m)
	var b bytes.Buffer
	if jpeg.Encode(&b, m, &jpeg.Options{Quality: 75}) == nil {
		reading.Thumbnail = b.Bytes()
	}
	return reading, nil
}

// drawSVG draws on white, width pixels wide. The library is brought to a fall by
// some drawings, which makes an error here.
func drawSVG(src candor.Source, width int, maxPixels int64) (m *image.RGBA, err error) {
	defer func() {
		if recover() != nil {
			m, err = nil, candor.Errorf(candor.NotSupported, "the drawing cannot be drawn")
		}
	}()
	if src.Size > mostSVG {
		return nil, candor.Errorf(candor.TooLarge, "drawings of more than 16 MB are not drawn")
	}
	icon, err := oksvg.ReadIconStream(io.NewSectionReader(src, 0, src.Size), oksvg.IgnoreErrorMode)
	if err != nil {
		return nil, candor.Wrap(err, candor.NotSupported, "the drawing cannot be drawn")
	}
	w, h := icon.ViewBox.W, icon.ViewBox.H
	if !(w > 0 && h > 0) {
		return nil, candor.Errorf(candor.NotSupported, "the drawing has no area")
	}
	if high := float64(width) / w * h; high > maxSide {
		width = max(1, int(float64(width)*maxSide/high))
	}
	height := max(1, int(float64(width)/w*h+0.5))
	if int64(width)*int64(height) > maxPixels {
		return nil, candor.Errorf(candor.TooLarge, "the drawing would have too many pixels")
	}
	icon.SetTarget(0, 0, float64(width), float64(height))
	m = image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	icon.Draw(rasterx.NewDasher(width, height, rasterx.NewScannerGV(width, height, m, m.Bounds())), 1)
	return m, nil
}

// renderSVG draws a drawing as PNG.
func renderSVG(src candor.Source, width int, maxPixels int64) ([]byte, error) {
	m, err := drawSVG(src, min(width, maxSide), maxPixels)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	err = enc.Encode(&b, m)
	return b.Bytes(), err
}
