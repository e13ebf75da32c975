package picture

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"slices"
	"strings"

	"github.com/bep/imagemeta"

	"candor"
	"candor/internal/extract/wire"
)

// Pictures of telephones: still pictures in a film's coding, in the boxes of a film
// (ISO/IEC 23008-12, HEIF; the boxes of ISO/IEC 14496-12). Here the boxes are read
// and the tiles of a picture put together; what is inside of a tile is decoded by
// Frames.

// Frames decodes coded pictures and gives each in turn: Width by Height bytes of Y,
// then two planes of half as many columns and rows, rounded up. The bytes are valid
// until the next one. Errors: NotSupported, with a reason fit to be shown.
type Frames func(m wire.CodedMessage, film []byte, give func(frame []byte)) error

const (
	mostMeta  = 16 << 20  // bytes of the boxes that describe a picture
	mostCoded = 128 << 20 // bytes of a coded picture
	mostTiles = 4096

	mostPieces = 1 << 16 // of all items; one may take no byte to state
)

var (
	errBoxes    = errors.New("its boxes are damaged or cut short")
	errSequence = candor.Errorf(candor.NotSupported, "it is a sequence of pictures and names none of them to be shown")
	errUnknown  = candor.Errorf(candor.NotSupported, "it is put together in a way that this version does not know")
)

func isHEIF(typ string) bool {
	return strings.HasPrefix(typ, "image/hei") || typ == "image/avif"
}

// stillCodec draws the picture that a HEIF file shows first.
func (rd Reader) stillCodec(src *io.SectionReader, typ string) codec {
	s, err := readStill(src)
	format := imagemeta.HEIF
	if typ == "image/avif" {
		format = imagemeta.AVIF
	}
	return codec{
		config:      func(*io.SectionReader) (image.Config, error) { return s.config(), err },
		decode:      func(*io.SectionReader) (image.Image, error) { return s.decode(rd.Frames, rd.MaxPixels) },
		fields:      func(t *tags, src candor.Source) { t.decode(src, format, imagemeta.EXIF) },
		orientation: s.orientation,
	}
}

// still is a picture that a HEIF file shows first.
type still struct {
	src    *io.SectionReader
	codec  string // of wire
	header []byte // what the decoder needs before the first tile
	tiles  []item // row by row

	width, height         int // of the picture as stored
	tileWidth, tileHeight int
	lengthSize            int // of the length before each unit of H.265
	columns               int
	crop                  image.Rectangle // what of it is shown; empty for all
	orientation           int             // as EXIF has it, 1 to 8
	alpha                 *still          // how opaque it is; nil if it all is
}

// item is one of the things that a HEIF file holds.
type item struct {
	kind       string
	pieces     []piece
	properties []property // in the order in which they are applied
	from       []uint32   // items that it is derived from
	beside     []uint32   // items that say more of it, such as what is transparent
}

type piece struct {
	at, size int64
	data     []byte // instead, when it stands among the boxes
}

type property struct {
	kind string
	data []byte
}

func (i *item) property(kind string) []byte {
	for _, p := range i.properties {
		if p.kind == kind {
			return p.data
		}
	}
	return nil
}

// size is that which an item's property states.
func (i *item) size() (w, h int) {
	r := reader{b: i.property("ispe")}
	r.skip(4)
	w, h = int(r.u32()), int(r.u32())
	if r.short || w <= 0 || h <= 0 || w > 1<<16 || h > 1<<16 {
		return 0, 0
	}
	return w, h
}

// readStill finds the picture that a file shows first. What is known of one that
// cannot be drawn is returned with the error.
func readStill(src *io.SectionReader) (*still, error) {
	items, primary, err := readItems(src)
	if err != nil {
		return &still{}, err
	}
	s, err := stillOf(src, items, primary)
	if err != nil {
		return s, err
	}
	i := slices.IndexFunc(items[primary].beside, func(id uint32) bool { return items[id].isAlpha() })
	if i < 0 {
		return s, nil
	}
	if a, err := stillOf(src, items, items[primary].beside[i]); err == nil && a.width == s.width && a.height == s.height {
		s.alpha = a
	}
	return s, nil
}

// isAlpha tells whether an item says how opaque another one is.
func (i *item) isAlpha() bool {
	what := string(i.property("auxC"))
	return strings.Contains(what, "auxiliary:alpha\x00") || strings.Contains(what, "hevc:2015:auxid:1\x00")
}

// stillOf makes a picture of an item.
func stillOf(src *io.SectionReader, items map[uint32]*item, id uint32) (*still, error) {
	s := &still{src: src, columns: 1, orientation: 1}
	it := items[id]
	if it == nil {
		return s, errBoxes
	}
	s.width, s.height = it.size()
	s.turn(it)
	for depth := 0; it.kind == "iden" && len(it.from) == 1 && depth < 4; depth++ {
		if it = items[it.from[0]]; it == nil {
			return s, errBoxes
		}
		s.turn(it)
	}
	if it.kind != "grid" {
		s.tiles = []item{*it}
	} else if err := s.grid(it, items); err != nil {
		return s, err
	}
	return s, s.prepare()
}

// grid lists the tiles of a picture that is put together of them.
func (s *still) grid(it *item, items map[uint32]*item) error {
	data, err := it.read(s.src, 64)
	if err != nil {
		return err
	}
	r := reader{b: data}
	r.skip(1)
	wide, rows := r.u8()&1 == 1, int(r.u8())+1
	s.columns = int(r.u8()) + 1
	if wide {
		s.width, s.height = int(r.u32()), int(r.u32())
	} else {
		s.width, s.height = int(r.u16()), int(r.u16())
	}
	if r.short || rows*s.columns != len(it.from) || len(it.from) > mostTiles {
		return errBoxes
	}
	for _, id := range it.from {
		if items[id] == nil {
			return errBoxes
		}
		s.tiles = append(s.tiles, *items[id])
	}
	return nil
}

// prepare finds out how the tiles are coded.
func (s *still) prepare() error {
	first := s.tiles[0]
	s.tileWidth, s.tileHeight = first.size()
	rows := len(s.tiles) / s.columns
	if s.width <= 0 || s.height <= 0 || s.tileWidth <= 0 || s.columns*s.tileWidth < s.width || rows*s.tileHeight < s.height {
		return errBoxes
	}
	for _, t := range s.tiles {
		if t.kind != first.kind {
			return errUnknown
		}
	}
	switch first.kind {
	case "hvc1", "hev1":
		s.codec = wire.CodecHEVC
		return s.parameterSets(first.property("hvcC"))
	case "av01":
		s.codec = wire.CodecAV1
		if c := first.property("av1C"); len(c) > 4 {
			s.header = c[4:]
		}
		return nil
	}
	return errUnknown
}

// parameterSets reads a decoder's configuration (ISO/IEC 14496-15, 8.3.3.1).
func (s *still) parameterSets(conf []byte) error {
	r := reader{b: conf}
	r.skip(21)
	s.lengthSize = int(r.u8()&3) + 1
	for range int(r.u8()) {
		r.skip(1)
		for range int(r.u16()) {
			s.header = append(append(s.header, 0, 0, 0, 1), r.bytes(int(r.u16()))...)
		}
	}
	if r.short {
		return errBoxes
	}
	return nil
}

// turn adds how an item is turned, mirrored and cropped.
func (s *still) turn(it *item) {
	for _, p := range it.properties {
		r := reader{b: p.data}
		switch p.kind {
		case "irot": // quarters of a turn to the left
			s.orientation = combined(s.orientation, []int{1, 8, 3, 6}[r.u8()&3])
		case "imir":
			s.orientation = combined(s.orientation, []int{4, 2}[r.u8()&1])
		case "clap":
			s.clean(r)
		}
	}
}

// clean reads a clean aperture: its size, and how far its middle is off, as fractions.
func (s *still) clean(r reader) {
	var v [4]float64
	for i := range v {
		n, d := r.u32(), r.u32()
		if d == 0 || r.short {
			return
		}
		v[i] = float64(int32(n)) / float64(d)
	}
	at := func(size int, length, off float64) int { return int((float64(size)-length)/2 + off + 0.5) }
	x, y := at(s.width, v[0], v[2]), at(s.height, v[1], v[3])
	s.crop = image.Rect(x, y, x+int(v[0]), y+int(v[1])).Intersect(image.Rect(0, 0, s.width, s.height))
}

// combined is the orientation that turns as first and then as second does.
func combined(first, second int) int {
	place := func(o, x, y, w, h int) (int, int, int, int) {
		x, y = turned(o, x, y, w, h)
		if o >= 5 {
			w, h = h, w
		}
		return x, y, w, h
	}
	for o := 1; o <= 8; o++ {
		same := true
		for _, p := range [][2]int{{0, 0}, {2, 0}, {0, 1}} { // of a picture of 3 by 2
			x, y, w, h := place(first, p[0], p[1], 3, 2)
			x, y, w, h = place(second, x, y, w, h)
			gx, gy, gw, gh := place(o, p[0], p[1], 3, 2)
			same = same && x == gx && y == gy && w == gw && h == gh
		}
		if same {
			return o
		}
	}
	return 1
}

func (s *still) config() image.Config {
	if !s.crop.Empty() {
		return image.Config{ColorModel: color.YCbCrModel, Width: s.crop.Dx(), Height: s.crop.Dy()}
	}
	return image.Config{ColorModel: color.YCbCrModel, Width: s.width, Height: s.height}
}

// decode draws the picture as it is stored.
func (s *still) decode(frames Frames, maxPixels int64) (image.Image, error) {
	m, err := s.planes(frames, maxPixels)
	if err != nil {
		return nil, err
	}
	if s.alpha != nil {
		a, err := s.alpha.planes(frames, maxPixels)
		if err != nil {
			return nil, err
		}
		return cropped(&image.NYCbCrA{YCbCr: *m, A: a.Y, AStride: a.YStride}, s.crop), nil
	}
	return cropped(m, s.crop), nil
}

// cropped is a picture without what is not to be shown.
func cropped(m interface {
	image.Image
	SubImage(image.Rectangle) image.Image
}, crop image.Rectangle) image.Image {
	if crop.Empty() {
		return m
	}
	return m.SubImage(crop)
}

// planes puts the tiles together. They may jut out of the picture, which in turn may
// be larger than what is shown of it.
func (s *still) planes(frames Frames, maxPixels int64) (*image.YCbCr, error) {
	coded := wire.CodedMessage{Codec: s.codec, Width: s.tileWidth, Height: s.tileHeight, Count: len(s.tiles)}
	if coded.Check(2*maxPixels) != nil || int64(s.width)*int64(s.height) > 2*maxPixels {
		return nil, candor.Errorf(candor.TooLarge, "the picture is put together of tiles that are too large or too many to be drawn")
	}
	data, err := s.stream()
	if err != nil {
		return nil, err
	}
	m := image.NewYCbCr(image.Rect(0, 0, s.width, s.height), image.YCbCrSubsampleRatio420)
	n := 0
	err = frames(coded, data, func(frame []byte) {
		s.lay(m, frame, n%s.columns*s.tileWidth, n/s.columns*s.tileHeight)
		n++
	})
	return m, err
}

// lay puts a tile's planes where they belong; what juts out is left off. Tiles that
// do not begin at even places (no encoder makes any) would be off by half a pixel in colour.
func (s *still) lay(m *image.YCbCr, frame []byte, x, y int) {
	half := func(n int) int { return (n + 1) / 2 }
	w, h := s.tileWidth, s.tileHeight
	rows := func(dst []byte, stride, width, height int, src []byte, w, h, x, y int) {
		for row := 0; row < h && y+row < height && x < width; row++ {
			copy(dst[(y+row)*stride+x:][:min(w, width-x)], src[row*w:][:w])
		}
	}
	rows(m.Y, m.YStride, s.width, s.height, frame, w, h, x, y)
	cb := frame[w*h:]
	cr := cb[half(w)*half(h):]
	rows(m.Cb, m.CStride, half(s.width), half(s.height), cb, half(w), half(h), x/2, y/2)
	rows(m.Cr, m.CStride, half(s.width), half(s.height), cr, half(w), half(h), x/2, y/2)
}

// stream is what the decoder gets: all tiles, one after the other, each as a film
// of one picture.
func (s *still) stream() ([]byte, error) {
	var out []byte
	for _, t := range s.tiles {
		data, err := t.read(s.src, mostCoded-len(out))
		if err != nil {
			return nil, err
		}
		if s.codec == wire.CodecAV1 {
			out = append(append(append(out, 0x12, 0), s.header...), data...) // a temporal delimiter before each
			continue
		}
		out = append(out, s.header...)
		for r := (reader{b: data}); len(r.b) > 0; {
			unit := r.bytes(int(r.uint(s.lengthSize)))
			if r.short {
				return nil, errBoxes
			}
			out = append(append(out, 0, 0, 0, 1), unit...)
		}
	}
	return out, nil
}

// read returns an item's bytes, at most so many.
func (i *item) read(src *io.SectionReader, most int) ([]byte, error) {
	var out []byte
	for _, e := range i.pieces {
		if e.data != nil {
			out = append(out, e.data...)
			continue
		}
		if e.size == 0 { // to the end
			e.size = src.Size() - e.at
		}
		data := bytesAt(src, e.at, e.size, min(int64(most-len(out)), src.Size()-e.at))
		if data == nil {
			return nil, errBoxes
		}
		out = append(out, data...)
	}
	if len(out) == 0 || len(out) > most {
		return nil, errBoxes
	}
	return out, nil
}

// reader reads numbers, big-endian. What is not there is zero, and short is set.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.short = nil, true
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) skip(n int) { r.bytes(n) }

// uint reads a number of 0 to 8 bytes.
func (r *reader) uint(n int) uint64 {
	var wide [8]byte
	copy(wide[8-min(n, 8):], r.bytes(n))
	return binary.BigEndian.Uint64(wide[:])
}

func (r *reader) u8() uint8   { return uint8(r.uint(1)) }
func (r *reader) u16() uint16 { return uint16(r.uint(2)) }
func (r *reader) u32() uint32 { return uint32(r.uint(4)) }

// box returns the next box; its kind is "" at the end.
func (r *reader) box() (kind string, body reader) {
	if len(r.b) < 8 {
		return "", reader{}
	}
	size, kind, head := uint64(r.u32()), string(r.bytes(4)), uint64(8)
	switch size {
	case 0:
		size = uint64(len(r.b)) + head
	case 1:
		size, head = r.uint(8), 16
	}
	if size < head || size-head > uint64(len(r.b)) {
		r.b, r.short = nil, true
		return "", reader{}
	}
	return kind, reader{b: r.bytes(int(size - head))}
}
