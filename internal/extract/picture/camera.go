package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"

	"github.com/bep/imagemeta"

	"candor"
	"candor/internal/extract/kind"
)

// Raw pictures of cameras that write formats of their own: Canon's (boxes of a film,
// ISO/IEC 14496-12), Fujifilm's (a header of fixed places), Panasonic's (TIFF with
// another mark). What is shown is the largest JPEG in them.

// Places in Fujifilm's header, big-endian.
const (
	rafJPEG     = 84
	rafJPEGSize = 88
)

// The boxes in which Canon's cameras describe a picture.
const (
	canonFields  = "\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"
	canonPreview = "\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16"
)

func isCamera(typ string) bool { return typ == kind.CR3 || typ == kind.RAF || typ == kind.RW2 }

// camera is what stands in a raw picture.
type camera struct {
	jpegs []extent
	tiffs [][]byte // with fields: directories of the picture, of EXIF, of the place
}

func readCamera(src *io.SectionReader, typ string) camera {
	var c camera
	switch typ {
	case kind.RAF:
		if head := bytesAt(src, 0, rafJPEGSize+4, rafJPEGSize+4); head != nil {
			c.jpegs = []extent{{int64(binary.BigEndian.Uint32(head[rafJPEG:])), int64(binary.BigEndian.Uint32(head[rafJPEGSize:]))}}
		}
	case kind.RW2:
		t := rawTIFF{r: src}
		t.read()
		c.jpegs = t.jpegs
	case kind.CR3:
		_ = eachBox(src, func(name string, body *io.SectionReader) bool {
			c.box(name, body, src.Size())
			return true
		})
	}
	return c
}

// box reads a box at the top of Canon's file.
func (c *camera) box(name string, body *io.SectionReader, size int64) {
	if name == "uuid" {
		const head = 40 // bytes: the identifier, 8 bytes, a box's head, and its sizes
		if b := bytesAt(body, 0, head, head); b != nil && string(b[:16]) == canonPreview && string(b[28:32]) == "PRVW" {
			_, start, _ := body.Outer()
			c.jpegs = append(c.jpegs, extent{start + 48, min(int64(binary.BigEndian.Uint32(b[24:]))-24, size-start-48)})
		}
		return
	}
	if name != "moov" {
		return
	}
	for r := (reader{b: bytesAt(body, 0, body.Size(), mostMeta)}); ; {
		name, body := r.box()
		switch name {
		case "":
			return
		case "uuid":
			c.fields(body)
		case "trak":
			c.track(body)
		}
	}
}

// fields are TIFF files of one directory each. Those of EXIF and of the place are
// given a directory above them that says what they are.
func (c *camera) fields(r reader) {
	if string(r.bytes(16)) != canonFields {
		return
	}
	for name, body := r.box(); name != ""; name, body = r.box() {
		switch name {
		case "CMT1":
			c.tiffs = append(c.tiffs, body.b)
		case "CMT2":
			c.tiffs = append(c.tiffs, below(body.b, tiffEXIF))
		case "CMT4":
			c.tiffs = append(c.tiffs, below(body.b, tiffGPS))
		}
	}
}

// below puts the directory of a TIFF below a new one, under a tag.
func below(file []byte, tag uint16) []byte {
	if len(file) < 8 {
		return nil
	}
	var order binary.AppendByteOrder = binary.LittleEndian
	if file[0] == 'M' {
		order = binary.BigEndian
	}
	out := bytes.Clone(file)
	out = order.AppendUint16(order.AppendUint16(order.AppendUint16(out, 1), tag), 4)
	out = append(order.AppendUint32(out, 1), file[4:8]...)
	out = order.AppendUint32(out, 0)
	copy(out[4:8], order.AppendUint32(nil, uint32(len(file))))
	return out
}

// track finds the first sample of a track, which may be a JPEG of full size.
func (c *camera) track(r reader) {
	for _, name := range []string{"mdia", "minf", "stbl"} {
		if r = inside(r, name); r.short {
			return
		}
	}
	sizes, places := inside(r, "stsz"), inside(r, "co64")
	sizes.skip(4)
	size := sizes.u32()
	if sizes.skip(4); size == 0 {
		size = sizes.u32()
	}
	places.skip(8)
	if at := places.uint(8); !sizes.short && !places.short && at < 1<<62 && len(c.jpegs) < mostIFDs {
		c.jpegs = append(c.jpegs, extent{int64(at), int64(size)})
	}
}

// inside finds a box in another; what is not there is short.
func inside(r reader, name string) reader {
	for have, body := r.box(); have != ""; have, body = r.box() {
		if have == name {
			return body
		}
	}
	return reader{short: true}
}

// cameraCodec draws the largest JPEG in a raw picture. Its fields are those that
// stand beside the JPEG, or else those in it.
func cameraCodec(src *io.SectionReader, typ string) codec {
	c := readCamera(src, typ)
	data := largestJPEG(src, c.jpegs)
	return codec{
		config: func(*io.SectionReader) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(data)) },
		decode: func(*io.SectionReader) (image.Image, error) { return jpeg.Decode(bytes.NewReader(data)) },
		fields: func(t *tags, _ candor.Source) {
			for _, file := range c.tiffs {
				t.decode(memory(file), imagemeta.TIFF, imagemeta.EXIF)
			}
			if len(c.tiffs) == 0 && data != nil {
				t.decode(memory(data), imagemeta.JPEG, imagemeta.EXIF)
			}
		},
	}
}

func memory(data []byte) candor.Source {
	return candor.Source{Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}
