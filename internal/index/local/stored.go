package local

import (
	"encoding/binary"
	"strings"

	"github.com/klauspost/compress/zstd"

	"candor/internal/query"
)

// A stored document is the item's ID, and frames: the first holds name, path,
// title, metadata values and, if there is one, a translation, each with its
// length; the others hold the text.
// A frame is uvarint 2·plain length + 1 if it is compressed, uvarint length,
// bytes.
const (
	frameText  = 1 << 20 // bytes of text in a frame
	frameLeast = 192     // bytes; what is shorter stays as it is
	maxFrame   = 1 << 30
	metaJoin   = "\n" // between metadata values, where no word spans
)

// storedDoc is what is kept to be shown.
type storedDoc struct {
	item                    string
	name, path, title, meta string
	translation             string
	text                    string
}

func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<19), zstd.WithEncoderCRC(false)) // the seal is the checksum
}

func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxFrame))
}

// storeEncoder encodes documents to be stored, in reused memory.
type storeEncoder struct {
	zstd *zstd.Encoder
	head []byte
	out  []byte
}

// encode returns a document's record; it is valid until the next call.
func (e *storeEncoder) encode(d *query.Document) []byte {
	h := appendBytes(e.head[:0], d.Name)
	h = appendBytes(h, d.Path)
	h = appendBytes(h, d.Title)
	h = appendBytes(h, joinedMeta(d))
	if d.Translation != "" {
		h = appendBytes(h, d.Translation)
	}
	e.head = h
	e.out = appendBytes(e.out[:0], string(d.Item))
	e.frame(e.head)
	for text := d.Text; text != ""; {
		n := min(len(text), frameText)
		e.frame([]byte(text[:n]))
		text = text[n:]
	}
	return e.out
}

func (e *storeEncoder) frame(plain []byte) {
	if len(plain) < frameLeast {
		e.out = binary.AppendUvarint(e.out, uint64(len(plain))<<1)
		e.out = appendBytes(e.out, plain)
		return
	}
	packed := e.zstd.EncodeAll(plain, nil)
	e.out = binary.AppendUvarint(e.out, uint64(len(plain))<<1|1)
	e.out = appendBytes(e.out, packed)
}

func joinedMeta(d *query.Document) string {
	values := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		values[i] = f.Value
	}
	return strings.Join(values, metaJoin)
}

// decodeStored reads a record; without text it stops before it.
func decodeStored(z *zstd.Decoder, record []byte, text bool) (out storedDoc, err error) {
	d := decoder{b: record}
	out.item = string(d.bytes())
	head := decoder{b: readFrame(z, &d)}
	for _, s := range []*string{&out.name, &out.path, &out.title, &out.meta} {
		*s = string(head.bytes())
	}
	if len(head.b) > 0 {
		out.translation = string(head.bytes())
	}
	if d.err == nil {
		d.err = head.err
	}
	if !text || d.err != nil {
		return out, d.err
	}
	var b strings.Builder
	for len(d.b) > 0 && d.err == nil {
		b.Write(readFrame(z, &d))
	}
	out.text = b.String()
	return out, d.err
}

func readFrame(z *zstd.Decoder, d *decoder) []byte {
	size := d.uvarint()
	b := d.bytes()
	if d.err != nil || size>>1 > maxFrame {
		d.fail()
		return nil
	}
	if size&1 == 1 {
		var err error
		if b, err = z.DecodeAll(b, nil); err != nil {
			d.fail()
			return nil
		}
	}
	if len(b) != int(size>>1) {
		d.fail()
	}
	return b
}

// storedAt returns where a document's record begins and ends in the file.
func (s *segment) storedAt(w *window, doc uint32) (from, to int64, err error) {
	offsets, stored := s.sections[sectionOffsets], s.sections[sectionStored]
	if offsets.size != 8*(int64(s.docs)+1) || doc >= s.docs {
		return 0, 0, errFormat
	}
	b, err := w.at(offsets.off+8*int64(doc), 16)
	if err != nil {
		return 0, 0, err
	}
	a, z := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if a > z || z > uint64(stored.size) {
		return 0, 0, errFormat
	}
	return stored.off + int64(a), stored.off + int64(z), nil
}

// item returns a document's item ID.
func (s *segment) item(doc uint32) (string, error) {
	w := windowOn(s)
	from, to, err := s.storedAt(&w, doc)
	if err != nil {
		return "", err
	}
	b, err := w.at(from, int(min(to-from, 256)))
	if err != nil {
		return "", err
	}
	d := decoder{b: b}
	id := string(d.bytes())
	return id, d.err
}

// stored returns what is kept of a document, with or without its text.
func (s *segment) stored(z *zstd.Decoder, doc uint32, text bool) (storedDoc, error) {
	w := windowOn(s)
	from, to, err := s.storedAt(&w, doc)
	if err != nil {
		return storedDoc{}, err
	}
	b, err := w.at(from, int(to-from))
	if err != nil {
		return storedDoc{}, err
	}
	return decodeStored(z, b, text)
}
