package pack

import (
	"bytes"
	"errors"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

var errBER = errors.New("it is no BER")

// Stamped reads time-stamped data (RFC 5544): the file that was stamped is a part.
// No stamp is checked: to read is not to vouch. The error is the sink's.
func Stamped(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostSigned, "signed files")
	if !ok {
		return reading, nil
	}
	content, err := stampedContent(data)
	switch {
	case err != nil:
		reading.Condition, reading.Reason = candor.Failed, damaged
	case content == nil:
		reading.Lack("the file that was stamped is not in it")
	default:
		return reading, sink.Part(candor.Place{Path: name.Base(innerName(src.Name, ""))}, bytes.NewReader(content))
	}
	return reading, nil
}

// stampedContent finds what was stamped, nil if it stands elsewhere.
func stampedContent(data []byte) ([]byte, error) {
	b := ber{b: data}
	b.enter(0x30) // ContentInfo
	b.skip(0x06)
	b.enter(0xa0)
	b.enter(0x30) // TimeStampedData
	b.skip(0x02)
	b.skip(0x16) // where the data is
	b.skip(0x30) // what is said of it
	var out []byte
	switch b.peek() {
	case 0x04, 0x24:
		out = b.octets(0)
	}
	return out, b.err
}

// ber reads the basic encoding of ASN.1 (X.690) step by step. After an error all
// steps do nothing.
type ber struct {
	b   []byte
	err error
}

func (b *ber) peek() byte {
	if b.err != nil || len(b.b) == 0 {
		return 0
	}
	return b.b[0]
}

// head takes a tag and a length; -1 is one that is not stated.
func (b *ber) head() (tag byte, size int) {
	if b.err != nil || len(b.b) < 2 {
		b.err = errBER
		return 0, 0
	}
	tag, size = b.b[0], int(b.b[1])
	b.b = b.b[2:]
	switch {
	case size == 0x80:
		return tag, -1
	case size > 0x80:
		n := size & 0x7f
		if n > 4 || n > len(b.b) {
			b.err = errBER
			return 0, 0
		}
		size = 0
		for _, c := range b.b[:n] {
			size = size<<8 | int(c)
		}
		b.b = b.b[n:]
	}
	if size > len(b.b) {
		b.err = errBER
	}
	return tag, size
}

// enter goes into what is built of others.
func (b *ber) enter(want byte) {
	if tag, _ := b.head(); tag != want {
		b.err = errBER
	}
}

// skip passes over something of a stated length, if it is there.
func (b *ber) skip(tag byte) {
	if b.peek() != tag {
		return
	}
	_, size := b.head()
	if size < 0 {
		b.err = errBER
	}
	if b.err == nil {
		b.b = b.b[size:]
	}
}

// octets takes a string of bytes, which may be built of others.
func (b *ber) octets(depth int) []byte {
	tag, size := b.head()
	switch {
	case b.err != nil, depth > 8:
		b.err = errBER
		return nil
	case tag == 0x04 && size >= 0:
		out := b.b[:size]
		b.b = b.b[size:]
		return out
	case tag != 0x24:
		b.err = errBER
		return nil
	}
	out := []byte{}
	if size < 0 {
		for b.err == nil && b.peek() != 0 {
			out = append(out, b.octets(depth+1)...)
		}
		b.head() // the end
		return out
	}
	inner := ber{b: b.b[:size]}
	b.b = b.b[size:]
	for inner.err == nil && len(inner.b) > 0 {
		out = append(out, inner.octets(depth+1)...)
	}
	b.err = inner.err
	return out
}
