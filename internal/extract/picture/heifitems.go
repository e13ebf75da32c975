package picture

import (
	"encoding/binary"
	"io"
)

// readItems reads what a HEIF file says of the things in it, and which of them is
// shown first.
func readItems(src *io.SectionReader) (items map[uint32]*item, primary uint32, err error) {
	meta, err := metaBox(src)
	if err != nil {
		return nil, 0, err
	}
	items = map[uint32]*item{}
	b := contents{items: items}
	for r := (reader{b: meta[4:]}); ; {
		kind, body := r.box()
		if kind == "" {
			return items, primary, b.end(r.short)
		}
		switch kind {
		case "pitm":
			primary = uint32(body.uint([]int{2, 4}[min(body.version(), 1)]))
		case "iinf":
			b.infos(body)
		case "iloc":
			b.locations = body
		case "idat":
			b.data = body.b
		case "iref":
			b.references(body)
		case "iprp":
			b.properties(body)
		}
	}
}

// metaBox finds the box that describes a file, before or behind its data.
func metaBox(src *io.SectionReader) ([]byte, error) {
	var meta []byte
	missing := error(errBoxes)
	err := eachBox(src, func(kind string, body *io.SectionReader) bool {
		switch {
		case kind == "mini":
			missing = errUnknown
		case kind == "moov":
			missing = errSequence
		case kind == "meta" && body.Size() >= 4:
			if meta = bytesAt(body, 0, body.Size(), mostMeta); meta != nil {
				missing = nil
			}
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return meta, missing
}

// eachBox goes through the boxes at the top of a file, until it is told to stop.
func eachBox(src *io.SectionReader, look func(kind string, body *io.SectionReader) bool) error {
	var head [16]byte
	for at := int64(0); at+8 <= src.Size(); {
		if n, err := src.ReadAt(head[:], at); err != nil && (err != io.EOF || n < 8) {
			return err
		}
		size, start := int64(binary.BigEndian.Uint32(head[:])), int64(8)
		switch size {
		case 0:
			size = src.Size() - at
		case 1:
			size, start = int64(binary.BigEndian.Uint64(head[8:])), 16
		}
		if size < start || size > src.Size()-at {
			return errBoxes
		}
		if !look(string(head[4:8]), io.NewSectionReader(src, at+start, size-start)) {
			return nil
		}
		at += size
	}
	return nil
}

// contents collects what several boxes say of the items.
type contents struct {
	items     map[uint32]*item
	locations reader // read at the end, when the data beside it is known
	data      []byte
	pieces    int
	short     bool
}

func (b *contents) item(id uint32) *item {
	if b.items[id] == nil {
		b.items[id] = &item{}
	}
	return b.items[id]
}

func (b *contents) end(short bool) error {
	b.places(b.locations)
	if short || b.short {
		return errBoxes
	}
	return nil
}

// version reads a box's version and its flags, and returns the version.
func (r *reader) version() int {
	v := int(r.u8())
	r.skip(3)
	return v
}

func (b *contents) infos(r reader) {
	r.skip([]int{2, 4}[min(r.version(), 1)])
	for {
		kind, body := r.box()
		if kind == "" {
			return
		}
		v := body.version()
		if kind != "infe" || v < 2 {
			continue
		}
		id := uint32(body.uint([]int{2, 4}[min(v-2, 1)]))
		body.skip(2)
		b.item(id).kind = string(body.bytes(4))
	}
}

func (b *contents) references(r reader) {
	wide := []int{2, 4}[min(r.version(), 1)]
	for {
		kind, body := r.box()
		if kind == "" {
			return
		}
		id, n := uint32(body.uint(wide)), int(body.u16())
		for range n {
			switch to := uint32(body.uint(wide)); {
			case body.short:
			case kind == "dimg":
				b.item(id).from = append(b.item(id).from, to)
			case kind == "auxl":
				b.item(to).beside = append(b.item(to).beside, id)
			}
		}
	}
}

// properties reads the properties and which item has which.
func (b *contents) properties(r reader) {
	var all []property
	for {
		kind, body := r.box()
		switch kind {
		case "":
			return
		case "ipco":
			for k, p := body.box(); k != ""; k, p = body.box() {
				all = append(all, property{k, p.b})
			}
		case "ipma":
			b.associations(body, all)
		}
	}
}

func (b *contents) associations(r reader, all []property) {
	flags := r.u32()
	wide := []int{2, 4}[min(flags>>24, 1)]
	for range r.u32() {
		id := uint32(r.uint(wide))
		for range int(r.u8()) {
			n := int(r.u8())
			if flags&1 == 1 {
				n = n<<8 | int(r.u8())
				n &= 0x7fff
			} else {
				n &= 0x7f
			}
			if n > 0 && n <= len(all) {
				b.item(id).properties = append(b.item(id).properties, all[n-1])
			}
		}
		if r.short {
			b.short = true
			return
		}
	}
}

// places reads where the items are: in the file or in the box beside.
func (b *contents) places(r reader) {
	version := r.version()
	sizes := r.u16()
	width := func(shift int) int { return int(sizes>>shift) & 15 }
	wide := []int{2, 4}[version/2&1]
	for range r.uint(wide) {
		id, method := uint32(r.uint(wide)), uint16(0)
		if version > 0 {
			method = r.u16() & 15
		}
		r.skip(2)
		base := int64(r.uint(width(4)))
		for range int(r.u16()) {
			if version > 0 {
				r.skip(width(0))
			}
			e := piece{at: base + int64(r.uint(width(12))), size: int64(r.uint(width(8)))}
			if method == 1 {
				e = b.beside(e)
			}
			if b.pieces++; method <= 1 && b.pieces < mostPieces {
				b.item(id).pieces = append(b.item(id).pieces, e)
			}
		}
		if r.short || b.pieces >= mostPieces {
			b.short = true
			return
		}
	}
}

// beside is an piece in the box of data; one of no bytes when it is not there.
func (b *contents) beside(e piece) piece {
	n := int64(len(b.data))
	if e.size == 0 && e.at >= 0 && e.at <= n {
		e.size = n - e.at
	}
	if e.at < 0 || e.size < 0 || e.at > n || e.size > n-e.at {
		return piece{data: []byte{}}
	}
	return piece{data: b.data[e.at : e.at+e.size]}
}
