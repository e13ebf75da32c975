package picture

import (
	"bytes"
	"encoding/binary"
	"io"

	"candor"
)

// Some programs of picture desks write IPTC behind the end of a picture, where no
// other program looks: FotoStation in records, each followed by what it is, and the
// AXS File Concatenation Protocol with a directory.

const (
	mostTrailer = 8 << 20 // bytes of IPTC behind a picture
	mostRecords = 64

	fotoStationMark = 0xa1b2c3d4
	fotoStationIPTC = 1
	fotoStationFoot = 10 // bytes: what the record is, its length with this foot, the mark

	afcpFoot  = 12 // bytes: AXS, how numbers are written, where the directory begins, 0
	afcpEntry = 12
)

// trailer returns the IPTC fields that stand behind a picture's end.
func trailer(src candor.Source) []candor.Field {
	if data := fotoStation(src); data != nil {
		return datasets(data)
	}
	return datasets(afcp(src))
}

// fotoStation goes back from record to record.
func fotoStation(src candor.Source) []byte {
	end := src.Size
	for range mostRecords {
		foot := pieceOf(src, end-fotoStationFoot, fotoStationFoot)
		if foot == nil || binary.BigEndian.Uint32(foot[6:]) != fotoStationMark {
			return nil
		}
		size := int64(binary.BigEndian.Uint32(foot[2:]))
		if binary.BigEndian.Uint16(foot) == fotoStationIPTC {
			return pieceOf(src, end-size, size-fotoStationFoot)
		}
		if size < fotoStationFoot {
			return nil
		}
		end -= size
	}
	return nil
}

func afcp(src candor.Source) []byte {
	foot := pieceOf(src, src.Size-afcpFoot, afcpFoot)
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(foot, []byte("AXS!")):
		order = binary.BigEndian
	case bytes.HasPrefix(foot, []byte("AXS*")):
		order = binary.LittleEndian
	default:
		return nil
	}
	at := int64(order.Uint32(foot[4:]))
	head := pieceOf(src, at, afcpEntry) // AXS, version, how many entries, 0
	if !bytes.HasPrefix(head, foot[:4]) {
		return nil
	}
	for n := range min(int64(order.Uint16(head[6:])), mostRecords) {
		entry := pieceOf(src, at+afcpEntry*(n+1), afcpEntry)
		if bytes.HasPrefix(entry, []byte("IPTC")) {
			return pieceOf(src, int64(order.Uint32(entry[8:])), int64(order.Uint32(entry[4:])))
		}
	}
	return nil
}

// pieceOf reads a piece of a file, nil if it is not there or too large.
func pieceOf(src candor.Source, at, size int64) []byte {
	if at < 0 || size <= 0 || size > mostTrailer || size > src.Size-at {
		return nil
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(src, at, size), data); err != nil {
		return nil
	}
	return data
}
