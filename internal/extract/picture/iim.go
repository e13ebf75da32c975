package picture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"candor"
)

// iimNames are the datasets of the IPTC Information Interchange Model 4.2,
// application record (2), by number. A dataset without a name here is private
// or binary and is left out.
var iimNames = map[byte]string{
	5: "ObjectName", 7: "EditStatus", 10: "Urgency", 12: "SubjectReference", 15: "Category", 20: "SupplementalCategories",
	22: "FixtureIdentifier", 25: "Keywords", 26: "ContentLocationCode", 27: "ContentLocationName", 30: "ReleaseDate", 35: "ReleaseTime",
	37: "ExpirationDate", 38: "ExpirationTime", 40: "SpecialInstructions", 42: "ActionAdvised", 45: "ReferenceService", 47: "ReferenceDate",
	50: "ReferenceNumber", 55: "DateCreated", 60: "TimeCreated", 62: "DigitalCreationDate", 63: "DigitalCreationTime", 65: "OriginatingProgram",
	70: "ProgramVersion", 80: "By-line", 85: "By-lineTitle", 90: "City", 92: "Sub-location", 95: "Province-State",
	100: "Country-PrimaryLocationCode", 101: "Country-PrimaryLocationName", 103: "OriginalTransmissionReference", 105: "Headline",
	110: "Credit", 115: "Source", 116: "CopyrightNotice", 118: "Contact", 120: "Caption-Abstract", 122: "Writer-Editor",
	130: "ImageType", 131: "ImageOrientation", 135: "LanguageIdentifier",
}

const (
	maxResources = 8 << 20 // bytes of Photoshop resources that are looked at
	iimResource  = 0x0404  // the Photoshop resource that holds IIM
)

var photoshopMark = []byte("Photoshop 3.0\x00")

// photoshop gathers the Photoshop resources of a JPEG file: its APP13 segments
// together, because a block may run from one into the next. What cannot be
// followed ends it.
func photoshop(r io.Reader) []byte {
	b := bufio.NewReaderSize(r, 4<<10)
	var h [4]byte
	if _, err := io.ReadFull(b, h[:2]); err != nil || h[0] != 0xff || h[1] != 0xd8 {
		return nil
	}
	var out []byte
	for len(out) < maxResources {
		if _, err := io.ReadFull(b, h[:]); err != nil || h[0] != 0xff || h[1] == 0xda {
			return out
		}
		n := int(binary.BigEndian.Uint16(h[2:])) - 2
		if n < 0 {
			return out
		}
		if h[1] != 0xed {
			if _, err := b.Discard(n); err != nil {
				return out
			}
			continue
		}
		segment := make([]byte, n)
		if _, err := io.ReadFull(b, segment); err != nil {
			return out
		}
		if data, ok := bytes.CutPrefix(segment, photoshopMark); ok {
			out = append(out, data...)
		}
	}
	return out
}

// iim reads the fields out of Photoshop resources.
func iim(resources []byte) []candor.Field { return datasets(resourceOf(resources, iimResource)) }

// resourceOf finds one of Photoshop's resources. Each is "8BIM", a number of
// 2 bytes, a name (length byte, padded to even), a length of 4 bytes, and data
// padded to even.
func resourceOf(resources []byte, wanted uint16) []byte {
	for len(resources) >= 12 && bytes.HasPrefix(resources, []byte("8BIM")) {
		id := binary.BigEndian.Uint16(resources[4:])
		at := 6 + (int(resources[6])+2)/2*2
		if at+4 > len(resources) {
			return nil
		}
		n := int64(binary.BigEndian.Uint32(resources[at:]))
		data := resources[at+4:]
		if n > int64(len(data)) {
			return nil
		}
		if id == wanted {
			return data[:n]
		}
		resources = data[min(n+n%2, int64(len(data))):]
	}
	return nil
}

// datasets reads IIM: 0x1C, record, dataset, a length of 2 bytes, a value.
// Text is in ISO 8859-1 or windows-1252 unless 1:90 says UTF-8 or it is
// evidently UTF-8, as most of today's desks write without saying so.
func datasets(data []byte) []candor.Field {
	var out []candor.Field
	for len(data) >= 5 && data[0] == 0x1c && len(out) < maxTags {
		record, set, n := data[1], data[2], int(binary.BigEndian.Uint16(data[3:]))
		if n&0x8000 != 0 || n > len(data)-5 { // an extended length is for pictures inside
			break
		}
		value := data[5 : 5+n]
		data = data[5+n:]
		name, ok := iimNames[set]
		if record != 2 || !ok {
			continue
		}
		if v := utf8Text(trimmed(legacy(value))); v != "" && len(v) <= maxValue {
			out = append(out, candor.Field{Name: "iptc:" + name, Value: v})
		}
	}
	return out
}

func legacy(v []byte) string {
	if utf8.Valid(v) {
		return string(v)
	}
	s, _ := charmap.Windows1252.NewDecoder().Bytes(v)
	return string(s)
}
