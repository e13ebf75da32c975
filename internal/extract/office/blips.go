package office

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"

	"candor"
)

// blipKind is a kind of picture as documents of Word, Excel and PowerPoint from 97
// keep it ([MS-ODRAW] 2.2.23).
type blipKind struct {
	mark     uint16 // of the record's head; the next one says that a second print follows the first
	ending   string
	metafile bool // compressed, behind a head of its own
}

var blipKinds = map[uint16][]blipKind{
	0xf01a: {{0x3d4, "emf", true}}, 0xf01b: {{0x216, "wmf", true}}, 0xf01d: {{0x46a, "jpg", false}, {0x6e2, "jpg", false}},
	0xf01e: {{0x6e0, "png", false}}, 0xf01f: {{0x7a8, "bmp", false}}, 0xf029: {{0x6e4, "tif", false}}, 0xf02a: {{0x46a, "jpg", false}, {0x6e2, "jpg", false}},
}

const (
	blipPrint    = 16 // bytes
	metafileHead = 34
	bitmapHead   = 14
)

// blips hands on the larger pictures of a document. The error is the sink's.
func (c *compound) blips(r *candor.Reading, sink candor.Sink) error {
	n := 0
	for _, name := range []string{"Pictures", "Data", "WordDocument", "Workbook"} {
		stream, _ := c.read(name) // what is damaged in it was told before
		if name == "Workbook" {
			stream = drawings(stream)
		}
		err := eachBlip(stream, func(ending string, data []byte) error {
			if n == mostObjects || !worthwhile(data) {
				return nil
			}
			n++
			return sink.Part(candor.Place{Path: fmt.Sprintf("picture-%d.%s", n, ending)}, bytes.NewReader(data))
		})
		if err != nil {
			return err
		}
	}
	if n == mostObjects {
		r.Lack("it has more pictures than are read")
	}
	return nil
}

// worthwhile reports whether a picture is more than an ornament.
func worthwhile(data []byte) bool {
	switch pictureEnding(data) {
	case "emf", "wmf":
		return speaks(data)
	}
	return len(data) >= leastPicture
}

// pictureEnding tells the kind of a picture from its content.
func pictureEnding(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		return "png"
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return "jpg"
	case len(data) >= 44 && string(data[40:44]) == " EMF":
		return "emf"
	case bytes.HasPrefix(data, []byte("\x01\x00\x09\x00")), bytes.HasPrefix(data, []byte("\xd7\xcd\xc6\x9a")):
		return "wmf"
	}
	return "bmp"
}

// eachBlip finds the pictures in a stream by the heads of their records, wherever
// they stand: documents keep them in several ways, pictures always alike.
func eachBlip(b []byte, yield func(ending string, data []byte) error) error {
	for len(b) >= 8 {
		at := bytes.IndexByte(b[3:], 0xf0)
		if at < 0 || at+8 > len(b) {
			return nil
		}
		b = b[at:]
		kind, size := blipAt(b)
		if kind == nil {
			b = b[1:]
			continue
		}
		if data := kind.picture(b[8:8+size], binary.LittleEndian.Uint16(b)>>4 > kind.mark); data != nil {
			if err := yield(kind.ending, data); err != nil {
				return err
			}
		}
		b = b[8+size:]
	}
	return nil
}

// blipAt tells whether a record of a picture begins here, of which kind, and how
// long it is.
func blipAt(b []byte) (*blipKind, int) {
	mark, size := binary.LittleEndian.Uint16(b)>>4, binary.LittleEndian.Uint32(b[4:])
	if uint64(size) > uint64(len(b)-8) {
		return nil, 0
	}
	for _, k := range blipKinds[binary.LittleEndian.Uint16(b[2:])] {
		if mark == k.mark || mark == k.mark+1 {
			return &k, int(size)
		}
	}
	return nil, 0
}

// picture returns the file in a record, nil if there is none.
func (k *blipKind) picture(b []byte, second bool) []byte {
	skip := blipPrint
	if second {
		skip += blipPrint
	}
	if !k.metafile {
		skip++
	}
	if len(b) < skip {
		return nil
	}
	b = b[skip:]
	switch {
	case k.ending == "bmp":
		return bitmap(b)
	case !k.metafile:
		return b
	case len(b) < metafileHead:
		return nil
	}
	packed := b[metafileHead-2] == 0
	if b = b[metafileHead:]; !packed {
		return b
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	data, _ := io.ReadAll(io.LimitReader(z, mostStream)) // what is there of it
	return data
}

// bitmap puts the head of a file before a bitmap that has none.
func bitmap(b []byte) []byte {
	if len(b) < 40 {
		return nil
	}
	head, depth, colours := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[14:]), binary.LittleEndian.Uint32(b[32:])
	if depth <= 8 && colours == 0 {
		colours = 1 << depth
	}
	out := make([]byte, bitmapHead, bitmapHead+len(b))
	copy(out, "BM")
	binary.LittleEndian.PutUint32(out[2:], uint32(bitmapHead+len(b)))
	binary.LittleEndian.PutUint32(out[10:], bitmapHead+head+4*colours)
	return append(out, b...)
}

// drawings joins the records of a workbook's pictures, which are cut into pieces.
func drawings(b []byte) (out []byte) {
	const group = 0x00eb
	inside := false
	for len(b) >= 4 {
		kind, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if 4+size > len(b) {
			return out
		}
		if inside = kind == group || inside && kind == xlsContinue; inside {
			out = append(out, b[4:4+size]...)
		}
		b = b[4+size:]
	}
	return out
}
