package custodian

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"candor"
)

// JournalFile is the name of the custodian's state in its folder.
const JournalFile = "custodian.journal"

// A journal is a text file: a line that names the format and the log, then one
// line a batch: the CRC-32C of the JSON in 8 hexadecimal digits, a space, and
// a JSON array of entries. Each line is written by one write and synced before
// the next begins, so only the last can be torn, and a torn one was never
// acknowledged.
const journalFormat = "candor custodian journal v1 "

// largeJournal is the growth, in bytes, after which the journal is rewritten.
const largeJournal = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal writes batches of entries: callers that come while a batch is being
// synced share the next one.
type journal struct {
	path   string
	origin string
	lock   *os.File

	mu      sync.Mutex // guards next, batched
	next    []entry
	batched *batch

	writing  sync.Mutex // held while writing and syncing; guards what follows
	file     *os.File
	size     int64
	compacts int64   // size after the last compaction
	snapshot []entry // when set, replaces the file's content before the next batch
	broken   error   // sticks: what is on disk is not known any more
}

// batch is a set of entries that become durable together.
type batch struct {
	done bool
	err  error
}

// openJournal locks and reads a journal, calling apply for each entry in order.
func openJournal(path, origin string, apply func(entry) bool) (*journal, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, origin: origin, lock: lock}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, errors.Join(unavailable(err, "The custodian's journal could not be read"), j.close())
	}
	if err := readJournal(data, origin, apply); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// readJournal parses a journal. A last line that is torn is passed over.
func readJournal(data []byte, origin string, apply func(entry) bool) error {
	header, rest, ok := bytes.Cut(data, []byte("\n"))
	if !ok || string(header) != journalFormat+origin {
		return refuse(candor.Verification, RuleStateDurable, "The custodian's journal is of another log or of a newer Candor. Point the custodian at its own state folder.")
	}
	for len(rest) > 0 {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		entries, ok := parseLine(line)
		if !whole || !ok && len(after) == 0 {
			return nil // the write that a crash interrupted
		}
		for _, e := range entries {
			ok = ok && apply(e)
		}
		if !ok {
			return refuse(candor.Verification, RuleStateDurable, "The custodian's journal is damaged. Restore the newest copy of it; an older one would let nonces be spent twice.")
		}
		rest = after
	}
	return nil
}

func parseLine(line []byte) ([]entry, bool) {
	sum, text, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(sum) != checksum(text) {
		return nil, false
	}
	var entries []entry
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	return entries, dec.Decode(&entries) == nil && !dec.More()
}

func checksum(text []byte) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.Checksum(text, castagnoli)))
}

func marshalLine(entries []entry) ([]byte, error) {
	text, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	line := append([]byte(checksum(text)+" "), text...)
	return append(line, '\n'), nil
}

// add queues entries and returns the batch they go with. Their order is that
// of the calls.
func (j *journal) add(entries ...entry) *batch {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next = append(j.next, entries...)
	if j.batched == nil {
		j.batched = &batch{}
	}
	return j.batched
}

// wait returns when the batch is durable. The first caller writes for all.
func (j *journal) wait(b *batch) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if b.done {
		return b.err
	}
	j.mu.Lock()
	entries, current := j.next, j.batched
	j.next, j.batched = nil, nil
	j.mu.Unlock()
	if j.broken == nil {
		j.broken = j.write(entries)
	}
	current.done, current.err = true, j.broken
	return b.err
}

func (j *journal) write(entries []entry) error {
	if j.file == nil {
		return unavailable(fs.ErrClosed, "The custodian is closed")
	}
	if j.snapshot != nil {
		if err := j.replace(j.snapshot); err != nil {
			return err
		}
		j.snapshot = nil
	}
	line, err := marshalLine(entries)
	if err != nil {
		return unavailable(err, "The custodian's journal could not be written")
	}
	n, err := j.file.Write(line)
	j.size += int64(n)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return unavailable(err, "The custodian's journal could not be made durable")
	}
	return nil
}

// large reports whether the journal has grown enough to be rewritten.
func (j *journal) large() bool {
	if !j.writing.TryLock() {
		return false // ask again with the next one
	}
	defer j.writing.Unlock()
	return j.snapshot == nil && j.size > 2*j.compacts+largeJournal
}

// rewrite has the journal replaced by a snapshot, which must hold every entry
// added so far, before the next batch is written. Entries of that batch may
// stand in the snapshot too: applying one again changes nothing.
func (j *journal) rewrite(snapshot []entry) {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.snapshot = snapshot
}

// compact replaces the journal by a snapshot now.
func (j *journal) compact(snapshot []entry) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.replace(snapshot)
}

// replace writes a new journal beside the old one and puts it in its place.
func (j *journal) replace(snapshot []entry) error {
	line, err := marshalLine(snapshot)
	if err != nil {
		return unavailable(err, "The custodian's journal could not be written")
	}
	data := append([]byte(journalFormat+j.origin+"\n"), line...)
	f, err := writeBeside(j.path, data)
	if err != nil {
		return unavailable(err, "The custodian's journal could not be made durable")
	}
	if j.file != nil {
		_ = j.file.Close() // every batch in it was synced
	}
	j.file, j.size, j.compacts = f, int64(len(data)), int64(len(data))
	return nil
}

// writeBeside replaces a file durably and returns it, open for appending.
func writeBeside(path string, data []byte) (*os.File, error) {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (j *journal) close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	var err error
	if j.file != nil {
		err = j.file.Close()
		j.file = nil
	}
	return errors.Join(err, j.lock.Close())
}
