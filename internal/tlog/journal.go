package tlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"candor"
)

const (
	journalDir    = "journal"
	segmentMagic  = "candor-journal-1"
	segmentHeader = 16 + 8 + 8 + 4 + 4
	frameHeader   = 12
	maxFrame      = 64 << 20
	sector        = 512 // what a disk writes whole
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entry is a record with its sealed details (nil: none, or destroyed).
type entry struct {
	leaf, details []byte
}

// frame is what one group commit wrote: the records from index first on, and
// the signed checkpoint that covers them.
type frame struct {
	first   int64
	entries []entry
	signed  []byte
}

func (f frame) end() int64 { return f.first + int64(len(f.entries)) }

// encode writes a frame: length, checksum, checksum of these two, payload.
func (f frame) encode() []byte {
	size := frameHeader + 8 + 4 + len(f.signed)
	for _, e := range f.entries {
		size += 2 + len(e.leaf) + 4 + len(e.details)
	}
	b := make([]byte, frameHeader, size)
	b = binary.BigEndian.AppendUint64(b, uint64(f.first))
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.entries)))
	for _, e := range f.entries {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e.leaf)))
		b = append(b, e.leaf...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(e.details)))
		b = append(b, e.details...)
	}
	b = append(b, f.signed...)
	binary.BigEndian.PutUint32(b, uint32(len(b)-frameHeader))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[frameHeader:], castagnoli))
	binary.BigEndian.PutUint32(b[8:], crc32.Checksum(b[:8], castagnoli))
	return b
}

var (
	errTorn    = errors.New("the last frame was not written to its end")
	errCorrupt = errors.New("a frame was changed after it was written")
)

// decodeFrame reads the frame at the beginning of b, which stands at offset at
// of its segment, and returns its length. errTorn means that its writing was
// cut short, so that nobody was told that it is durable.
func decodeFrame(b []byte, at int64) (frame, int, error) {
	if len(b) < frameHeader {
		return frame{}, 0, errTorn
	}
	n := frameHeader + int(binary.BigEndian.Uint32(b))
	if crc32.Checksum(b[:8], castagnoli) != binary.BigEndian.Uint32(b[8:]) || n > maxFrame {
		return frame{}, 0, tornHeader(b[:frameHeader], b[frameHeader:], at)
	}
	if len(b) < n {
		return frame{}, 0, errTorn
	}
	if crc32.Checksum(b[frameHeader:n], castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		if len(b) > n {
			return frame{}, 0, errCorrupt // a later frame stands behind it: this one had been whole
		}
		return frame{}, 0, tornPayload(b, at)
	}
	f, err := decodePayload(b[frameHeader:n])
	return f, n, err
}

// A cut of the power can leave a file whose length was written before its
// bytes: whole sectors of zeroes. tornHeader accepts that where the header's
// bytes in one sector are all zero, or all that follows it is, and nothing else: a
// changed header must not make whole frames look as if they had never been.
func tornHeader(h, rest []byte, at int64) error {
	if allZero(rest) { // no frame is whole without the newline of its checkpoint
		return errTorn
	}
	split := min(int64(len(h)), sector-at%sector)
	const length = 4 // which begins with zeroes anyway
	if split > length && allZero(h[:split]) || split < int64(len(h)) && allZero(h[split:]) {
		return errTorn
	}
	return errCorrupt
}

// tornPayload looks for a sector of zeroes in the last frame, or a zero where
// the newline of its checkpoint should be.
func tornPayload(b []byte, at int64) error {
	if b[len(b)-1] == 0 {
		return errTorn
	}
	for i := int((sector - at%sector) % sector); i+sector <= len(b); i += sector {
		if allZero(b[i : i+sector]) {
			return errTorn
		}
	}
	return errCorrupt
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func decodePayload(b []byte) (frame, error) {
	if len(b) < 12 {
		return frame{}, errCorrupt
	}
	f := frame{first: int64(binary.BigEndian.Uint64(b))}
	count := int(binary.BigEndian.Uint32(b[8:]))
	b = b[12:]
	if f.first < 0 || count > len(b)/6 {
		return frame{}, errCorrupt
	}
	f.entries = make([]entry, count)
	for i := range f.entries {
		var ok bool
		if f.entries[i], b, ok = decodeEntry(b); !ok {
			return frame{}, errCorrupt
		}
	}
	f.signed = b
	return f, nil
}

func decodeEntry(b []byte) (e entry, rest []byte, ok bool) {
	if len(b) < 2 {
		return entry{}, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n+4 {
		return entry{}, nil, false
	}
	e.leaf, b = b[:n:n], b[n:]
	d := int(binary.BigEndian.Uint32(b))
	if b = b[4:]; len(b) < d {
		return entry{}, nil, false
	}
	if d > 0 {
		e.details = b[:d:d]
	}
	return e, b[d:], true
}

// segment is one file of the journal.
type segment struct {
	seq  int64
	name string
	end  int64 // index after its last record
}

// journal is the segments in use, the last of which is open for writing. Not
// safe for concurrent use.
type journal struct {
	fs       FS
	limit    int64 // bytes after which a segment is full
	segments []segment
	file     File
	offset   int64
}

func segmentName(seq int64) string { return fmt.Sprintf("%s/%016x", journalDir, seq) }

// header begins a segment. start says that all segments before it are
// superseded by it.
func header(seq, first int64, start bool) []byte {
	b := []byte(segmentMagic)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(first))
	var flag uint32
	if start {
		flag = 1
	}
	b = binary.BigEndian.AppendUint32(b, flag)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func parseHeader(b []byte) (seq int64, start bool, err error) {
	if len(b) < segmentHeader || !bytes.HasPrefix(b, []byte(segmentMagic)) ||
		crc32.Checksum(b[:segmentHeader-4], castagnoli) != binary.BigEndian.Uint32(b[segmentHeader-4:]) {
		return 0, false, errors.New("not a segment of the journal")
	}
	return int64(binary.BigEndian.Uint64(b[16:])), binary.BigEndian.Uint32(b[32:]) == 1, nil
}

// list returns the numbers of the segments in the folder, in order.
func listSegments(fs FS) ([]int64, error) {
	names, err := fs.ReadDir(journalDir)
	if err != nil {
		return nil, err
	}
	var seqs []int64
	for _, name := range names {
		seq, err := strconv.ParseInt(name, 16, 64)
		if err == nil && segmentName(seq) == journalDir+"/"+name {
			seqs = append(seqs, seq)
		} else if !strings.HasSuffix(name, ".tmp") {
			return nil, candor.Errorf(candor.Verification, "The file %s in the log's journal is not one of ours. Move it away.", name)
		}
	}
	slices.Sort(seqs)
	return seqs, nil
}

// readJournal reads the frames of the journal: all whole ones, from the newest
// starting segment on. seqs are all segments in the folder.
func readJournal(fs FS, seqs []int64) ([]frame, error) {
	files := make([][]byte, len(seqs))
	begin := 0
	for i, seq := range seqs {
		b, err := fs.ReadFile(segmentName(seq))
		if err != nil {
			return nil, candor.Wrap(err, candor.Unavailable, "The log's journal cannot be read.")
		}
		got, start, err := parseHeader(b)
		if err != nil || got != seq {
			return nil, damagedJournal(segmentName(seq), 0, err)
		}
		if start {
			begin = i
		}
		files[i] = b
	}
	last := len(seqs) - 1 // the last that was written to: making the next may have failed half way
	for last > begin && len(files[last]) == segmentHeader {
		last--
	}
	var frames []frame
	for i := begin; i < len(seqs); i++ {
		var err error
		if frames, err = readSegment(frames, segmentName(seqs[i]), files[i], i >= last); err != nil {
			return nil, err
		}
	}
	return frames, nil
}

// readSegment appends a segment's frames. Only the last one written to may end torn.
func readSegment(frames []frame, name string, b []byte, last bool) ([]frame, error) {
	for at := segmentHeader; at < len(b); {
		f, n, err := decodeFrame(b[at:], int64(at))
		if errors.Is(err, errTorn) && last {
			return frames, nil
		}
		if err != nil {
			return nil, damagedJournal(name, at, err)
		}
		if len(frames) > 0 && f.first != frames[len(frames)-1].end() {
			return nil, damagedJournal(name, at, errors.New("records are missing before this frame"))
		}
		frames = append(frames, f)
		at += n
	}
	return frames, nil
}

func damagedJournal(name string, at int, err error) error {
	return candor.Wrap(err, candor.Verification, "The log's journal is damaged in %s at byte %d, so the log was not opened and nothing was changed. "+
		"Restore this file from a copy of the log folder that is not older than the newest receipt; never go on from an older log.", name, at)
}

// rewrite puts frames into a new segment that supersedes all others, and
// removes those. It is durable when it returns. Bytes that a failed sync left
// in memory only, and details destroyed since, are thereby settled.
func (j *journal) rewrite(frames []frame, seq int64) error {
	b := header(seq, frames[0].first, true)
	for _, f := range frames {
		b = append(b, f.encode()...)
	}
	old, err := listSegments(j.fs)
	if err != nil {
		return err
	}
	if err := j.begin(seq, b); err != nil {
		return err
	}
	j.segments = []segment{{seq, segmentName(seq), frames[len(frames)-1].end()}}
	for _, s := range old {
		if s >= seq {
			continue // this one, or one of a process that took the folder over
		}
		if err := j.fs.RemoveAll(segmentName(s)); err != nil {
			return err
		}
	}
	return j.fs.Sync(journalDir)
}

// begin makes a segment with content b and opens it for writing.
func (j *journal) begin(seq int64, b []byte) error {
	name := segmentName(seq)
	if err := replaceDurably(j.fs, journalDir, name, b); err != nil {
		return err
	}
	file, err := j.fs.Open(name)
	if err != nil {
		return err
	}
	if j.file != nil {
		_ = j.file.Close() // all it holds was synced, or the log has failed
	}
	j.file, j.offset = file, int64(len(b))
	return nil
}

// write puts a frame behind the last one. After an error the same frame may be
// written again: it goes to the same place.
func (j *journal) write(b []byte) error {
	n, err := j.file.WriteAt(b, j.offset)
	if err == nil && n < len(b) {
		err = errors.New("short write")
	}
	return err
}

// sync makes what was written durable and moves on.
func (j *journal) sync(written int, end int64) error {
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.offset += int64(written)
	j.segments[len(j.segments)-1].end = end
	return nil
}

// rotate begins a new segment if the last is full.
func (j *journal) rotate() error {
	if j.offset < j.limit {
		return nil
	}
	last := j.segments[len(j.segments)-1]
	if err := j.begin(last.seq+1, header(last.seq+1, last.end, false)); err != nil {
		return err
	}
	j.segments = append(j.segments, segment{last.seq + 1, segmentName(last.seq + 1), last.end})
	return nil
}

// drop removes the segments whose records are all below durable, but never the
// last one that holds a frame: it has the newest checkpoint.
func (j *journal) drop(durable int64) error {
	keep := 0
	for keep < len(j.segments)-1 && j.segments[keep].end <= durable && j.segments[len(j.segments)-1].end > j.segments[keep].end {
		if err := j.fs.RemoveAll(j.segments[keep].name); err != nil {
			return err
		}
		keep++
	}
	if keep == 0 {
		return nil
	}
	j.segments = j.segments[keep:]
	return j.fs.Sync(journalDir)
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
