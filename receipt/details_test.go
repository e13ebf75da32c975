package receipt

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzSplitDetails: what is taken apart, put together again, is the same.
func FuzzSplitDetails(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 3, 'a', 'g', 'e', 0, 0, 0, 1, 'c'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		private, covered, err := SplitDetails(sealed)
		if err != nil {
			return
		}
		again := append(binary.BigEndian.AppendUint32(nil, uint32(len(private))), private...)
		again = append(binary.BigEndian.AppendUint32(again, uint32(len(covered))), covered...)
		if !bytes.Equal(again, sealed) {
			t.Errorf("%x is put together as %x", sealed, again)
		}
	})
}
