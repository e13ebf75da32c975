package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"

	"golang.org/x/image/tiff"
)

// Raw pictures of most cameras (DNG, CR2, NEF, ARW, PEF, ORF with TIFF's mark) are
// TIFF files in which a JPEG for looking at stands beside what the sensor saw.
// The former is shown; the latter is not developed.

// Tags of TIFF 6.0, TIFF/EP and DNG 1.7.
const (
	tiffCompression = 0x0103
	tiffPhotometric = 0x0106
	tiffStrips      = 0x0111
	tiffStripSizes  = 0x0117
	tiffSubIFDs     = 0x014A
	tiffJPEG        = 0x0201
	tiffJPEGSize    = 0x0202
	tiffEXIF        = 0x8769
	tiffGPS         = 0x8825
	dngVersion      = 0xC612
	panasonicJPEG   = 0x002E

	sensorCFA    = 32803 // photometric interpretations of what a sensor saw
	sensorLinear = 34892

	mostIFDs    = 64
	mostEntries = 4096
	mostPreview = 64 << 20 // bytes
)

// tiffConfig and tiffDecode read a TIFF, or the preview of a raw picture.
func tiffConfig(r *io.SectionReader) (image.Config, error) {
	if preview := previewOf(r); preview != nil {
		return jpeg.DecodeConfig(bytes.NewReader(preview))
	}
	return tiff.DecodeConfig(r)
}

func tiffDecode(r *io.SectionReader) (image.Image, error) {
	if preview := previewOf(r); preview != nil {
		return jpeg.Decode(bytes.NewReader(preview))
	}
	return tiff.Decode(r)
}

// previewOf returns the largest JPEG in a raw picture, nil if it is none or has none.
func previewOf(src io.ReaderAt) []byte {
	t := rawTIFF{r: src}
	if !t.read() || !t.raw {
		return nil
	}
	return largestJPEG(src, t.jpegs)
}

// largestJPEG returns the largest of some places that holds a JPEG, nil if none does.
func largestJPEG(src io.ReaderAt, places []extent) []byte {
	var best []byte
	for _, c := range places {
		if c.size <= int64(len(best)) {
			continue
		}
		data := bytesAt(src, c.at, c.size, mostPreview)
		if _, err := jpeg.DecodeConfig(bytes.NewReader(data)); err == nil {
			best = data
		}
	}
	return best
}

// bytesAt reads a piece of a file; nil if it is not all there, or larger than most.
func bytesAt(src io.ReaderAt, at, size, most int64) []byte {
	if at < 0 || size <= 0 || size > most {
		return nil
	}
	data := make([]byte, size)
	if n, _ := src.ReadAt(data, at); int64(n) < size {
		return nil
	}
	return data
}

type extent struct{ at, size int64 }

// rawTIFF walks through the directories of a TIFF.
type rawTIFF struct {
	r     io.ReaderAt
	order binary.ByteOrder
	raw   bool
	jpegs []extent
	seen  map[int64]bool
}

func (t *rawTIFF) read() bool {
	head := make([]byte, 12)
	if n, _ := t.r.ReadAt(head, 0); n < 8 {
		return false
	}
	switch string(head[:2]) {
	case "II":
		t.order = binary.LittleEndian
	case "MM":
		t.order = binary.BigEndian
	default:
		return false
	}
	t.raw, t.seen = string(head[8:10]) == "CR", map[int64]bool{} // Canon's mark
	t.directories(int64(t.order.Uint32(head[4:])), 0)
	return true
}

// directories reads a chain of directories, and those below them.
func (t *rawTIFF) directories(at int64, depth int) {
	for at > 0 && !t.seen[at] && len(t.seen) < mostIFDs {
		t.seen[at] = true
		count := make([]byte, 2)
		if n, _ := t.r.ReadAt(count, at); n < 2 {
			return
		}
		size := int(min(t.order.Uint16(count), mostEntries))
		entries := make([]byte, 12*size+4)
		if n, _ := t.r.ReadAt(entries, at+2); n < 12*size {
			return
		}
		t.directory(entries[:12*size], depth)
		at = int64(t.order.Uint32(entries[12*size:]))
	}
}

func (t *rawTIFF) directory(entries []byte, depth int) {
	values := map[uint16]uint32{}
	for ; len(entries) >= 12; entries = entries[12:] {
		tag, count := t.order.Uint16(entries), t.order.Uint32(entries[4:])
		value := t.order.Uint32(entries[8:])
		if t.order.Uint16(entries[2:]) == 3 { // of two bytes
			value = uint32(t.order.Uint16(entries[8:]))
		}
		switch {
		case tag == tiffSubIFDs && depth < 4:
			t.below(value, count, depth)
		case tag == panasonicJPEG:
			t.jpegs = append(t.jpegs, extent{int64(value), int64(count)})
		case tag == dngVersion:
			t.raw = true
		case count == 1 || tag == tiffCompression:
			values[tag] = value
		}
	}
	if p := values[tiffPhotometric]; p == sensorCFA || p == sensorLinear {
		t.raw = true
		return // a JPEG in it, if it is one, holds no picture
	}
	if size := values[tiffJPEGSize]; size > 0 {
		t.jpegs = append(t.jpegs, extent{int64(values[tiffJPEG]), int64(size)})
	}
	if c := values[tiffCompression]; (c == 6 || c == 7) && values[tiffStripSizes] > 0 {
		t.jpegs = append(t.jpegs, extent{int64(values[tiffStrips]), int64(values[tiffStripSizes])})
	}
}

// below reads the directories that stand below one.
func (t *rawTIFF) below(value, count uint32, depth int) {
	if count == 1 {
		t.directories(int64(value), depth+1)
		return
	}
	list := make([]byte, 4*min(count, mostIFDs))
	if n, _ := t.r.ReadAt(list, int64(value)); n < len(list) {
		return
	}
	for ; len(list) >= 4; list = list[4:] {
		t.directories(int64(t.order.Uint32(list)), depth+1)
	}
}
