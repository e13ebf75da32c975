package xmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"candor"
)

const (
	standard = "http://ns.adobe.com/xap/1.0/\x00"
	extended = "http://ns.adobe.com/xmp/extension/\x00"
)

// ofJPEG returns the packets of a JPEG file: its own, and the one that carries what
// did not fit into a segment (ISO 16684-3, 1.1.3.1).
func ofJPEG(src candor.Source) (packets [][]byte) {
	r := bufio.NewReader(io.NewSectionReader(src, 2, src.Size-2))
	var more []byte
	for {
		marker, body := segment(r)
		if marker == 0 {
			break
		}
		if marker != 0xe1 {
			continue
		}
		if own, ok := bytes.CutPrefix(body, []byte(standard)); ok {
			packets = append(packets, utf8Packet(own))
		}
		// A print of 32 letters, the whole length, and where this piece belongs.
		if piece, ok := bytes.CutPrefix(body, []byte(extended)); ok && len(piece) > 40 {
			whole, at := int(binary.BigEndian.Uint32(piece[32:])), int(binary.BigEndian.Uint32(piece[36:]))
			if more == nil && whole <= mostPacket {
				more = make([]byte, whole)
			}
			if at < len(more) {
				copy(more[at:], piece[40:])
			}
		}
	}
	if more != nil {
		packets = append(packets, more)
	}
	return packets
}

// segment reads the next segment before the picture itself; marker is 0 at its end.
func segment(r *bufio.Reader) (marker byte, body []byte) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff || head[1] == 0xda {
		return 0, nil
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	if size < 2 {
		return 0, nil
	}
	body = make([]byte, size-2)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil
	}
	return head[1], body
}

// utf8Packet is a packet in UTF-8, however it was written.
func utf8Packet(b []byte) []byte {
	src := candor.Source{Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
	if found := Find(src); found != nil {
		return found
	}
	return b
}
