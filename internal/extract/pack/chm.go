package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

// Compiled HTML help: a directory of files, most of which are compressed together
// (as chmspec and chmlib describe it; Microsoft has published nothing).

const (
	mostCHM     = 512 << 20 // bytes of a file, and of what is compressed in it
	mostChunk   = 1 << 20
	mostCHMList = 1_000_000 // entries

	chmControl = "::DataSpace/Storage/MSCompressed/ControlData"
	chmContent = "::DataSpace/Storage/MSCompressed/Content"
	chmTable   = "::DataSpace/Storage/MSCompressed/Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable"
)

var errCHM = errors.New("it is no help file")

// chmEntry is a file in one of the two sections.
type chmEntry struct {
	name         string
	section      uint64
	offset, size uint64
}

// CHM reads a help file: its pages, its larger pictures and whatever else somebody
// reads are parts. The error is the sink's.
func CHM(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostCHM, "help files")
	if !ok {
		return reading, nil
	}
	var a account
	err := a.chm(data, sink)
	a.judge(&reading)
	return reading, err
}

func (a *account) chm(data []byte, sink candor.Sink) error {
	entries, base, err := chmEntries(data)
	if err != nil {
		a.cut = err
		return nil
	}
	sections := [2][]byte{data[base:]}
	if sections[1], err = chmSection(sections[0], entries); err != nil {
		a.cut = err // what was decompressed so far is read
	}
	for _, e := range entries {
		if !isPage(e) {
			continue
		}
		a.members++
		if e.section > 1 || e.offset > uint64(len(sections[e.section])) || e.size > uint64(len(sections[e.section]))-e.offset {
			a.broken++
			continue
		}
		content := sections[e.section][e.offset : e.offset+e.size]
		if err := a.part(candor.Place{Path: name.Clean(strings.TrimPrefix(e.name, "/"))}, bytes.NewReader(content), sink); err != nil {
			return err
		}
	}
	return nil
}

// isPage tells what somebody reads from what a help viewer needs.
func isPage(e chmEntry) bool {
	if !strings.HasPrefix(e.name, "/") || strings.HasPrefix(e.name, "/#") || strings.HasPrefix(e.name, "/$") || e.size == 0 {
		return false
	}
	switch strings.ToLower(path.Ext(e.name)) {
	case ".htm", ".html", ".txt", ".hhc", ".pdf", ".doc", ".rtf":
		return true
	case ".jpg", ".jpeg", ".png", ".gif", ".bmp":
		return e.size >= leastPicture
	}
	return false
}

// chmEntries reads the directory, and where the first section begins.
func chmEntries(data []byte) (entries []chmEntry, base uint64, err error) {
	if len(data) < 0x60 || string(data[:4]) != "ITSF" {
		return nil, 0, errCHM
	}
	directory := binary.LittleEndian.Uint64(data[0x48:])
	if base = binary.LittleEndian.Uint64(data[0x58:]); binary.LittleEndian.Uint32(data[4:]) < 3 {
		base = directory + binary.LittleEndian.Uint64(data[0x50:])
	}
	if directory > uint64(len(data)) || base > uint64(len(data)) {
		return nil, 0, errCHM
	}
	head := data[directory:]
	if len(head) < 0x54 || string(head[:4]) != "ITSP" {
		return nil, 0, errCHM
	}
	size, chunk := binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[0x10:])
	if uint64(size) > uint64(len(head)) || chunk < 0x16 || chunk > mostChunk {
		return nil, 0, errCHM
	}
	for b := head[size:]; len(b) >= int(chunk) && len(entries) < mostCHMList; b = b[chunk:] {
		if string(b[:4]) == "PMGL" {
			entries = append(entries, chunkEntries(b[:chunk])...)
		} else if string(b[:4]) != "PMGI" {
			break
		}
	}
	return entries, base, nil
}

func chunkEntries(b []byte) (out []chmEntry) {
	free := binary.LittleEndian.Uint32(b[4:])
	if uint64(free) > uint64(len(b)-0x14) {
		return nil
	}
	r := bytes.NewReader(b[0x14 : len(b)-int(free)])
	for r.Len() > 0 {
		n, ok := encInt(r)
		if !ok || n > uint64(r.Len()) {
			return out
		}
		text := make([]byte, n)
		_, _ = io.ReadFull(r, text)
		e := chmEntry{name: string(text)}
		for _, v := range []*uint64{&e.section, &e.offset, &e.size} {
			if *v, ok = encInt(r); !ok {
				return out
			}
		}
		out = append(out, e)
	}
	return out
}

// encInt reads a number of seven bits a byte, most significant first.
func encInt(r *bytes.Reader) (n uint64, ok bool) {
	for range 9 {
		c, err := r.ReadByte()
		if err != nil {
			return 0, false
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, true
		}
	}
	return 0, false
}

// chmSection decompresses the section that most files stand in. With an error,
// what could be decompressed before.
func chmSection(first []byte, entries []chmEntry) ([]byte, error) {
	find := func(name string) []byte {
		for _, e := range entries {
			if e.name == name && e.section == 0 && e.offset <= uint64(len(first)) && e.size <= uint64(len(first))-e.offset {
				return first[e.offset : e.offset+e.size]
			}
		}
		return nil
	}
	control, content, table := find(chmControl), find(chmContent), find(chmTable)
	if control == nil && content == nil {
		return nil, nil // nothing is compressed
	}
	if len(control) < 24 || string(control[4:8]) != "LZXC" || len(table) < 0x28 {
		return nil, errCHM
	}
	interval, window, per := binary.LittleEndian.Uint32(control[12:]), binary.LittleEndian.Uint32(control[16:]), binary.LittleEndian.Uint32(control[20:])
	if binary.LittleEndian.Uint32(control[8:]) >= 2 {
		if interval > 1<<16 || window > 1<<16 {
			return nil, errCHM
		}
		interval, window = interval*lzxFrame, window*lzxFrame
	}
	z, err := newLZX(int(window))
	if err != nil {
		return nil, err
	}
	blocks := int(min(uint64(interval)/uint64(window/2)*uint64(max(per, 1)), 1<<20))
	return chmFrames(z, content, table, max(blocks, 1))
}

// chmFrames decompresses frame by frame; every so many begin anew.
func chmFrames(z *lzx, content, table []byte, blocks int) ([]byte, error) {
	count, head := int(binary.LittleEndian.Uint32(table[4:])), int(binary.LittleEndian.Uint32(table[12:]))
	whole, frame := binary.LittleEndian.Uint64(table[16:]), binary.LittleEndian.Uint64(table[32:])
	if head < 0x28 || count < 0 || head > len(table) || (len(table)-head)/8 < count || whole > mostCHM || frame != lzxFrame {
		return nil, errCHM
	}
	at := func(i int) uint64 {
		if i == count {
			return uint64(len(content))
		}
		return binary.LittleEndian.Uint64(table[head+8*i:])
	}
	for i := range count {
		from, to := at(i), at(i+1)
		if from > to || to > uint64(len(content)) {
			return z.out, errCHM
		}
		if i%blocks == 0 {
			z.reset()
		}
		size := int(min(whole-min(whole, uint64(len(z.out))), lzxFrame))
		if err := z.frame(content[from:to], size); err != nil {
			return z.out, err
		}
	}
	return z.out, nil
}
