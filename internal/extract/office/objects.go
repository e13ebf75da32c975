package office

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/name"
)

// mostObjects bounds what is taken out of one compound file.
const mostObjects = 1000

// objects hands on the files that were put into a document as objects: packages
// of any file ([MS-OLEDS] 2.3.6 and what the packager writes into it), and those
// that applications keep as a stream of their own, such as PDF. It returns how
// many there were. Objects that are kept as storages, such as a workbook in a
// letter, are left out. The error is the sink's.
func (c *compound) objects(r *candor.Reading, sink candor.Sink) (n int, err error) {
	for _, path := range c.names {
		stream := path[strings.LastIndexByte(path, '/')+1:]
		if n == mostObjects {
			r.Lack("it has more objects than are read")
			break
		}
		var data []byte
		file := stream
		switch strings.ToLower(stream) {
		case "ole10native":
			native, err := c.read(path)
			if err != nil {
				r.Lack("an object in it is damaged or cut short")
				continue
			}
			if file, data = packaged(native); data == nil {
				continue
			}
		case "contents", "package":
			if data, err = c.read(path); err != nil || !bytes.HasPrefix(data, []byte("%PDF")) && !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
				continue
			}
		default:
			continue
		}
		n++
		if err := sink.Part(candor.Place{Path: name.Base(file)}, bytes.NewReader(data)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// packaged reads what the packager writes: a label, the file's name, the path of
// a copy, and the file itself. data is nil for anything else.
func packaged(b []byte) (file string, data []byte) {
	if len(b) < 6 || binary.LittleEndian.Uint16(b[4:]) != 2 {
		return "", nil
	}
	b = b[6:]
	label, b, ok := cString(b)
	if !ok {
		return "", nil
	}
	source, b, ok := cString(b)
	if !ok || len(b) < 8 {
		return "", nil
	}
	b = b[4:] // flags
	copied := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(copied) > uint64(len(b)) {
		return "", nil
	}
	if b = b[copied:]; len(b) < 4 {
		return "", nil
	}
	size := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(size) > uint64(len(b)) || size == 0 {
		return "", nil
	}
	if label == "" {
		label = source
	}
	return label[strings.LastIndexAny(label, `\/`)+1:], b[:size]
}

// cString takes a string of Windows' Western characters up to a zero.
func cString(b []byte) (s string, rest []byte, ok bool) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return "", nil, false
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(b[:end])
	return string(text), b[end+1:], err == nil
}
