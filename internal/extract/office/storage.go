package office

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"candor"
)

// compoundMark begins every compound file.
const compoundMark = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// embeddedFile hands on what was put into a document as an object: a document of
// its own, or a compound file with a package of any file. Anything else is passed
// over. The error is the sink's.
func embeddedFile(data []byte, label string, r *candor.Reading, sink candor.Sink) error {
	switch {
	case bytes.HasPrefix(data, []byte("%PDF")), bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte(`{\rtf`)):
		return sink.Part(candor.Place{Path: label}, bytes.NewReader(data))
	case !bytes.HasPrefix(data, []byte(compoundMark)):
		return nil
	}
	c, err := openCompound(candor.Source{Name: label, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)})
	if err != nil {
		r.Lack("an object in it is damaged or cut short")
		return nil
	}
	for _, stream := range documentStreams {
		if c.streams[stream] != nil {
			return sink.Part(candor.Place{Path: label}, bytes.NewReader(data))
		}
	}
	_, err = c.objects(r, sink)
	return err
}

// oleObject reads an object as OLE 1 writes it ([MS-OLEDS] 2.2.5), as RTF has it:
// its class, and its own data. ok is false for links and for what is damaged.
func oleObject(b []byte) (class string, data []byte, ok bool) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b[4:]) != 2 {
		return "", nil, false
	}
	b = b[8:]
	for i := range 3 { // class, topic, item
		if len(b) < 4 {
			return "", nil, false
		}
		n := binary.LittleEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return "", nil, false
		}
		if i == 0 {
			class = string(bytes.TrimRight(b[:n], "\x00"))
		}
		b = b[n:]
	}
	if len(b) < 4 {
		return "", nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return "", nil, false
	}
	return class, b[:n], true
}

// Object hands on an object as OLE 1 writes it, as RTF and databases of Access have
// them: a package of any file, or a document. Anything else, links too, is passed
// over. The error is the sink's.
func Object(b []byte, label string, r *candor.Reading, sink candor.Sink) error {
	class, data, ok := oleObject(b)
	if !ok {
		return nil
	}
	if class == "Package" {
		file, inside := packaged(append(make([]byte, 4), data...))
		if inside == nil {
			return nil
		}
		return sink.Part(candor.Place{Path: file}, bytes.NewReader(inside))
	}
	return embeddedFile(data, label, r, sink)
}

// pptObject is the storage of an object of a presentation ([MS-PPT] 2.10.34),
// compressed or not; nil if it is damaged.
func pptObject(head uint16, body []byte) []byte {
	if head>>4 == 0 {
		return body
	}
	if len(body) < 4 {
		return nil
	}
	size := int64(binary.LittleEndian.Uint32(body))
	z, err := zlib.NewReader(bytes.NewReader(body[4:]))
	if err != nil || size > mostStream {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(z, size))
	if err != nil {
		return nil
	}
	return data
}
