package picture

import (
	"bytes"
	"encoding/binary"

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
		foot := bytesAt(src, end-fotoStationFoot, fotoStationFoot, fotoStationFoot)
		if foot == nil || binary.BigEndian.Uint32(foot[6:]) != fotoStationMark {
			return nil
		}
		size := int64(binary.BigEndian.Uint32(foot[2:]))
		if binary.BigEndian.Uint16(foot) == fotoStationIPTC {
			return bytesAt(src, end-size, size-fotoStationFoot, mostTrailer)
		}
		if size < fotoStationFoot {
			return nil
		}
		end -= size
	}
	return nil
}

func afcp(src candor.Source) []byte {
	foot := bytesAt(src, src.Size-afcpFoot, afcpFoot, afcpFoot)
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
	head := bytesAt(src, at, afcpEntry, afcpEntry) // AXS, version, how many entries, 0
	if !bytes.HasPrefix(head, foot[:4]) {
		return nil
	}
	for n := range min(int64(order.Uint16(head[6:])), mostRecords) {
		entry := bytesAt(src, at+afcpEntry*(n+1), afcpEntry, afcpEntry)
		if bytes.HasPrefix(entry, []byte("IPTC")) {
			return bytesAt(src, int64(order.Uint32(entry[8:])), int64(order.Uint32(entry[4:])), mostTrailer)
		}
	}
	return nil
}
