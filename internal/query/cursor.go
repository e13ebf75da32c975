package query

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"candor"
)

// Cursor is a place in the order of a result, after which a page may begin. It
// does not depend on the other results: the next page costs what the first did,
// however deep it is, and documents added, changed or deleted meanwhile move
// no others across it when the order is by date. By relevance, scores shift a
// little with the whole of the index, and so may what stands next to it.
type Cursor struct {
	Key float64 // what the result is sorted by
	Num uint32  // the item's number, which decides between equal keys
}

const cursorSize = 12

// String encodes a cursor as text, to be handed back for the next page.
func (c Cursor) String() string {
	b := binary.BigEndian.AppendUint64(nil, math.Float64bits(c.Key))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, c.Num))
}

// ParseCursor reads what String wrote. Anything else is Invalid.
func ParseCursor(text string) (Cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(text) != base64.RawURLEncoding.EncodedLen(cursorSize) || len(b) != cursorSize || math.IsNaN(math.Float64frombits(binary.BigEndian.Uint64(b))) {
		return Cursor{}, candor.Errorf(candor.Invalid, "That is not where a page of results ended. Hand back next as it came with the page before.")
	}
	return Cursor{Key: math.Float64frombits(binary.BigEndian.Uint64(b)), Num: binary.BigEndian.Uint32(b[8:])}, nil
}
