package office

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"candor"
)

// lzDictionary is what the dictionary of compressed RTF begins with ([MS-OXRTFCP] 2.1.2.1).
const lzDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

const (
	lzWindow   = 4096
	mostOfRTF  = 64 << 20 // bytes of a body
	rtfPacked  = 0x75465A4C
	rtfPlain   = 0x414C454D
	rtfHeaders = 16
)

var errRTF = errors.New("compressed RTF is damaged")

// TextOfRTF is the text of a message's body that Outlook keeps as compressed RTF
// ([MS-OXRTFCP]), as far as it can be read.
func TextOfRTF(packed []byte) string {
	rtf, err := unpackRTF(packed)
	if err != nil && len(rtf) == 0 {
		return ""
	}
	var text words
	_, _ = RTF(candor.Source{Name: "body.rtf", Size: int64(len(rtf)), ReaderAt: bytes.NewReader(rtf)}, "text/rtf", &text)
	return text.String()
}

// unpackRTF undoes the compression, an LZ77 with a dictionary that is full from
// the beginning. It returns what it has when the rest is damaged.
func unpackRTF(b []byte) ([]byte, error) {
	if len(b) < rtfHeaders {
		return nil, errRTF
	}
	size, kind := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	if size > mostOfRTF {
		return nil, errRTF
	}
	b = b[rtfHeaders:]
	switch kind {
	case rtfPlain:
		return b[:min(int(size), len(b))], nil
	case rtfPacked:
	default:
		return nil, errRTF
	}
	var window [lzWindow]byte
	at := copy(window[:], lzDictionary)
	var out []byte
	emit := func(c byte) {
		out = append(out, c)
		window[at%lzWindow] = c
		at++
	}
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := range 8 {
			if flags>>bit&1 == 0 {
				if len(b) < 1 {
					return out, io.ErrUnexpectedEOF
				}
				emit(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out, io.ErrUnexpectedEOF
			}
			from, n := int(b[0])<<4|int(b[1])>>4, int(b[1]&15)+2
			b = b[2:]
			if from == at%lzWindow { // the end
				return out, nil
			}
			for i := range n {
				emit(window[(from+i)%lzWindow])
			}
			if len(out) > int(size) {
				return out, errRTF
			}
		}
	}
	return out, io.ErrUnexpectedEOF
}
