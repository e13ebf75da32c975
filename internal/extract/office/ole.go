package office

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
	"github.com/richardlehane/msoleps"
	"github.com/richardlehane/msoleps/types"

	"candor"
	"candor/internal/extract/plain"
)

const (
	mostStream  = 256 << 20 // bytes of one stream
	mostStreams = 100_000
	oleDamaged  = "it is damaged or cut short"
)

// compound is an OLE compound file ([MS-CFB]): streams in storages.
type compound struct {
	streams map[string]*mscfb.File // by their path, joined by slashes
	names   []string               // in the order of the file
	size    int64                  // of the file, and so the most that a stream can have
}

func openCompound(src candor.Source) (*compound, error) {
	var doc *mscfb.Reader
	err := guarded(func() (err error) {
		doc, err = mscfb.New(io.NewSectionReader(src, 0, src.Size))
		return err
	})
	if err != nil {
		return nil, err
	}
	c := &compound{streams: map[string]*mscfb.File{}, size: src.Size}
	for _, f := range doc.File[:min(len(doc.File), mostStreams)] {
		name := strings.Join(append(append([]string{}, f.Path...), canonical(f.Name)), "/")
		c.streams[name] = f
		c.names = append(c.names, name)
	}
	return c, nil
}

// canonical writes the names of streams by which documents are known as Microsoft
// does; other programs write them in other cases.
func canonical(name string) string {
	for _, known := range knownStreams {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return name
}

// documentStreams are the streams by which documents are known; see oleKinds.
var documentStreams = []string{"EncryptedPackage", "WordDocument", "Workbook", "Book", "PowerPoint Document", "__properties_version1.0"}

// knownStreams are these, and where a document of Word has its text besides.
var knownStreams = append([]string{"0Table", "1Table", "Data"}, documentStreams...)

// inside are the documents that stand in a file as storages: a workbook in a
// letter.
func (c *compound) inside() (out []*compound, readers []oleReader) {
	for _, path := range c.names {
		at := strings.LastIndexByte(path, '/')
		for _, kind := range oleKinds {
			if at < 0 || path[at+1:] != kind.stream || !kind.inside || len(out) == mostObjects {
				continue
			}
			inner := &compound{streams: map[string]*mscfb.File{}, size: c.size}
			for _, name := range c.names {
				if rest, ok := strings.CutPrefix(name, path[:at+1]); ok {
					inner.streams[rest] = c.streams[name]
					inner.names = append(inner.names, rest)
				}
			}
			out, readers = append(out, inner), append(readers, kind.read)
			break
		}
	}
	return out, readers
}

// read returns a stream, nil if there is none.
func (c *compound) read(name string) ([]byte, error) {
	f := c.streams[name]
	if f == nil || f.Size <= 0 {
		return nil, nil
	}
	most := min(f.Size, c.size, mostStream)
	var out []byte
	err := guarded(func() (err error) {
		out, err = io.ReadAll(io.NewSectionReader(f, 0, most))
		return err
	})
	if err == nil && int64(len(out)) < f.Size {
		err = io.ErrUnexpectedEOF
	}
	return out, err
}

// wide decodes UTF-16 as these formats have it, least significant byte first.
func wide(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// OLE reads an OLE compound file: a document of Word, Excel or PowerPoint from
// before 2007, a message of Outlook, or an object in a document. The error is the sink's.
func OLE(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	c, err := openCompound(src)
	if err != nil && typ == "application/vnd.ms-excel" {
		return bareWorkbook(src, typ, sink)
	}
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, oleDamaged
		return reading, nil
	}
	for _, kind := range oleKinds {
		if c.streams[kind.stream] == nil {
			continue
		}
		reading.Type = kind.typ
		if kind.read == nil {
			reading.Condition, reading.Reason = candor.Encrypted, "it opens only with its password"
			return reading, nil
		}
		c.properties(&reading)
		return c.text(reading, kind.read, sink)
	}
	n, err := c.objects(&reading, sink)
	if err == nil && n == 0 {
		reading.Condition, reading.Reason = candor.Unsupported, "files of this type are kept but not read by this version"
	}
	return reading, err
}

// oleReader reads one kind of compound file. Faults of the file go into the
// reading; the error is the sink's.
type oleReader func(c *compound, w *plain.Writer, r *candor.Reading, sink candor.Sink) error

// oleKinds are known by a stream that each has; an encrypted package of the
// formats from 2007 on is a compound file too.
var oleKinds = []struct {
	stream, typ string
	read        oleReader
	inside      bool // may stand in a document as an object
}{
	{"EncryptedPackage", "application/x-ole-storage", nil, false},
	{"WordDocument", "application/msword", readWord, true},
	{"Workbook", "application/vnd.ms-excel", readWorkbook, true},
	{"Book", "application/vnd.ms-excel", readWorkbook, true},
	{"PowerPoint Document", "application/vnd.ms-powerpoint", readSlides, true},
	{"__properties_version1.0", "application/vnd.ms-outlook", readOutlook, false},
	{hwpHeader, "application/x-hwp-v5", readHangul, false},
}

func (c *compound) text(reading candor.Reading, read oleReader, sink candor.Sink) (candor.Reading, error) {
	w := plain.NewWriter(sink)
	err := read(c, w, &reading, sink)
	if reading.Condition == candor.Done || reading.Condition == candor.Partial {
		err = errors.Join(err, c.insides(w, sink))
	}
	if cerr := w.Close(); cerr != nil {
		return reading, cerr
	}
	if reading.Language == "" {
		reading.Language = w.Language()
	}
	if err == nil && reading.Condition != candor.Encrypted {
		if _, err = c.objects(&reading, sink); err == nil {
			err = c.blips(&reading, sink)
		}
	}
	return reading, err
}

// insides writes the texts of documents that stand in this one as storages. A fault
// in one is not the document's.
func (c *compound) insides(w *plain.Writer, sink candor.Sink) error {
	inner, readers := c.inside()
	for i, doc := range inner {
		w.Line()
		if err := readers[i](doc, w, new(candor.Reading), sink); err != nil {
			return err
		}
	}
	return nil
}

// properties reads the set of properties that documents have.
func (c *compound) properties(r *candor.Reading) {
	for _, name := range c.names {
		f := c.streams[name]
		if strings.Contains(name, "/") || !msoleps.IsMSOLEPS(f.Initial) || f.Size > 1<<20 {
			continue
		}
		_ = guarded(func() error { return c.propertySet(r, f) }) // a damaged set is none
	}
}

func (c *compound) propertySet(r *candor.Reading, f *mscfb.File) error {
	set, err := msoleps.NewFrom(io.NewSectionReader(f, 0, f.Size))
	if err != nil {
		return err
	}
	for _, p := range set.Property {
		name := propertyNames[p.Name]
		if name == "" || len(r.Fields) >= 200 {
			continue
		}
		v := strings.TrimSpace(strings.TrimRight(p.String(), "\x00"))
		if t, ok := p.T.(types.FileTime); ok {
			when := t.Time()
			if when.Year() < 1981 || when.Year() > 9999 {
				continue
			}
			v = when.UTC().Format(time.RFC3339)
		}
		if v != "" {
			setMeta(r, name, strings.ToValidUTF8(v, ""))
		}
	}
	return nil
}

var propertyNames = map[string]string{
	"Title": "doc:Title", "Author": "doc:Creator", "Subject": "doc:Subject", "Comments": "doc:Description", "Keywords": "doc:Keywords",
	"LastAuthor": "doc:LastModifiedBy", "CreateTime": "doc:Created", "LastSaveTime": "doc:Modified", "AppName": "doc:Generator",
	"Company": "doc:Company", "Manager": "doc:Manager", "Category": "doc:Category",
}

// guarded makes an error of a panic: the libraries here read out of bounds when
// sizes in a file lie.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errOLE
		}
	}()
	return f()
}
