package pack

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"candor"
)

// bitsOf writes bits as LZX has them: the most significant first, in words of two
// bytes.
type bitsOf struct {
	out  []byte
	word uint16
	n    int
}

func (b *bitsOf) put(value, n int) {
	for i := n - 1; i >= 0; i-- {
		b.word = b.word<<1 | uint16(value>>i&1)
		if b.n++; b.n == 16 {
			b.out = binary.LittleEndian.AppendUint16(b.out, b.word)
			b.word, b.n = 0, 0
		}
	}
}

func (b *bitsOf) end() []byte {
	for b.n != 0 {
		b.put(0, 1)
	}
	return b.out
}

// lzxHead writes the head of a block in which the first 496 symbols have 9 bits, and
// codes of lengths none. Later blocks say how they differ from the one before.
func (b *bitsOf) lzxHead(kind, size int, first bool) {
	b.put(kind, 3)
	b.put(size, 24)
	if kind == lzxAligned {
		for range 8 {
			b.put(3, 3)
		}
	}
	pre := func(n, symbol int) {
		for i := range 20 { // two symbols of one bit: 0 and 8
			length := 0
			if i == 0 || i == 8 {
				length = 1
			}
			b.put(length, 4)
		}
		for range n {
			b.put(symbol, 1)
		}
	}
	differ := 0
	if first {
		differ = 1 // 9 bits are 8 less than 0, of 17
	}
	pre(256, differ)
	pre(240, differ)
	pre(249, 0)
}

// match writes a match of 2 to 8 bytes in a slot.
func (b *bitsOf) match(slot, size int) { b.put(256+slot<<3+size-2, 9) }

func lzxFrames(t testing.TB) (frames [][]byte, want string) {
	t.Helper()
	var one bitsOf
	one.put(0, 1)
	one.lzxHead(lzxVerbatim, 9, true)
	for _, c := range "abc" {
		one.put(int(c), 9)
	}
	one.match(4, 4) // slot 4 and one bit: 3 back
	one.put(1, 1)
	one.match(0, 2) // the same again
	want = "abcabcabc"
	one.lzxHead(lzxAligned, 20, false)
	for _, c := range "0123456789ABC" {
		one.put(int(c), 9)
	}
	one.match(8, 7) // slot 8 and 3 bits, which are aligned: 20 back
	one.put(6, 3)
	want += "0123456789ABC"
	return [][]byte{one.end()}, want + want[2:9]
}

func TestLZX(t *testing.T) {
	frames, want := lzxFrames(t)
	z, err := newLZX(1 << 15)
	if err != nil {
		t.Fatal(err)
	}
	z.reset()
	if err := z.frame(frames[0], len(want)); err != nil || string(z.out) != want {
		t.Errorf("%q, %v; want %q", z.out, err, want)
	}
	for _, window := range []int{0, 1 << 14, 1<<15 + 1, 1 << 22} {
		if _, err := newLZX(window); err == nil {
			t.Errorf("a window of %d bytes is taken", window)
		}
	}
	// A match that leads before the beginning, and one before a reset.
	var bad bitsOf
	bad.put(0, 1)
	bad.lzxHead(lzxVerbatim, 2, true)
	bad.match(0, 2)
	z.reset()
	if err := z.frame(bad.end(), 2); err == nil {
		t.Error("a match leads before a reset")
	}
	// Bytes as they are.
	var raw bitsOf
	raw.put(0, 1)
	raw.put(lzxUncompressed, 3)
	raw.put(5, 24)
	in := append(raw.end(), make([]byte, 12)...)
	z, _ = newLZX(1 << 15)
	z.reset()
	if err := z.frame(append(in, "bytes\x00"...), 5); err != nil || string(z.out) != "bytes" {
		t.Errorf("%q, %v", z.out, err)
	}
}

// helpFile makes a help file with two pages, one of which is compressed.
func helpFile(whole bool) []byte {
	le := binary.LittleEndian
	page := "<p>compressed page</p>"
	var raw bitsOf
	raw.put(0, 1)
	raw.put(lzxUncompressed, 3)
	raw.put(len(page), 24)
	content := append(append(raw.end(), make([]byte, 12)...), page...)
	control := le.AppendUint32(nil, 6)
	control = append(control, "LZXC"...)
	for _, v := range []uint32{2, 2, 2, 1} {
		control = le.AppendUint32(control, v)
	}
	var table []byte
	for _, v := range []uint32{2, 1, 8, 0x28} {
		table = le.AppendUint32(table, v)
	}
	for _, v := range []uint64{uint64(len(page)), uint64(len(content)), lzxFrame, 0} {
		table = le.AppendUint64(table, v)
	}
	plain := "<p>plain page</p>"
	var list, data []byte
	entry := func(name string, section byte, body []byte, size int) {
		list = append(append(list, byte(len(name))), name...)
		list = append(list, section)
		at := len(data)
		if section == 1 {
			at = 0
		}
		for _, v := range []int{at, size} {
			list = append(list, byte(v>>7|0x80), byte(v&0x7f))
		}
		data = append(data, body...)
	}
	entry("/plain.htm", 0, []byte(plain), len(plain))
	entry("/#SYSTEM", 0, []byte("no page"), 7)
	entry(chmControl, 0, control, len(control))
	entry(chmTable, 0, table, len(table))
	entry(chmContent, 0, content, len(content))
	entry("/box/packed.html", 1, nil, len(page))
	if !whole {
		entry("/lost.html", 1, nil, 5000)
	}
	const chunk = 1024
	head := append([]byte("ITSF"), make([]byte, 0x5c)...)
	le.PutUint32(head[4:], 3)
	le.PutUint64(head[0x48:], 0x60)
	le.PutUint64(head[0x58:], 0x60+0x54+chunk)
	directory := append([]byte("ITSP"), make([]byte, 0x50)...)
	le.PutUint32(directory[8:], 0x54)
	le.PutUint32(directory[0x10:], chunk)
	lines := append([]byte("PMGL"), make([]byte, 16)...)
	le.PutUint32(lines[4:], uint32(chunk-20-len(list)))
	lines = append(append(lines, list...), make([]byte, chunk-20-len(list))...)
	return bytes.Join([][]byte{head, directory, lines, data}, nil)
}

func TestHelpFiles(t *testing.T) {
	got, r, _ := opened(t, CHM, "a.chm", helpFile(true))
	if got != "plain.htm=<p>plain page</p>|box/packed.html=<p>compressed page</p>" || r.Condition != candor.Done {
		t.Errorf("%s, %s (%s)", got, r.Condition, r.Reason)
	}
	if _, r, _ := opened(t, CHM, "a.chm", helpFile(false)); r.Condition != candor.Partial || !strings.Contains(r.Reason, "1 of 3") {
		t.Errorf("a page that is not there: %s (%s)", r.Condition, r.Reason)
	}
	if _, r, _ := opened(t, CHM, "a.chm", helpFile(true)[:200]); r.Condition != candor.Done && r.Condition != candor.Failed {
		t.Errorf("cut short: %s (%s)", r.Condition, r.Reason)
	}
	if _, r, _ := opened(t, CHM, "a.chm", []byte("ITSF")); r.Condition != candor.Failed {
		t.Errorf("no more than its mark: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzLZX(f *testing.F) {
	frames, want := lzxFrames(f)
	f.Add(frames[0], len(want))
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		z, _ := newLZX(1 << 16)
		z.reset()
		if size < 0 || size > lzxFrame {
			return
		}
		if err := z.frame(in, size); err == nil && len(z.out) != size {
			t.Errorf("%d bytes, asked for %d", len(z.out), size)
		}
	})
}
