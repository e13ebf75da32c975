// Package office reads word processor, spreadsheet and presentation files:
// Office Open XML (ECMA-376), OpenDocument (ISO 26300) and RTF. Each format has
// one small walker over the standard library's zip and XML readers; nothing is
// kept in memory but the strings of a spreadsheet, and every expansion is bounded.
package office

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

const (
	minExpansion = 64 << 20 // bytes that any file may expand to
	maxRatio     = 100      // times its own size that a larger file may expand to
	maxDepth     = 10_000   // nested XML elements
)

var (
	errExpands = errors.New("it expands to far more than its size: reading stopped there")
	errNesting = errors.New("its XML is nested more than 10,000 deep: reading stopped there")
	errMissing = errors.New("a necessary part of it is missing")
)

// pack is an open zip package with a bound on what is read out of it.
type pack struct {
	files map[string]*zip.File
	order []*zip.File
	left  int64
}

func openPack(src candor.Source) (*pack, error) {
	r, err := zip.NewReader(src, src.Size)
	if err != nil {
		return nil, err
	}
	p := &pack{files: make(map[string]*zip.File, len(r.File)), order: r.File, left: max(minExpansion, maxRatio*src.Size)}
	for _, f := range r.File {
		p.files[f.Name] = f
	}
	return p, nil
}

// openOffice opens a file of Office Open XML and reads what it says of itself. ok is
// false if it is none, which the reading then says.
func openOffice(src candor.Source, typ string) (p *pack, r candor.Reading, ok bool) {
	r = candor.Reading{Type: typ, Condition: candor.Done}
	p, err := openPack(src)
	if err != nil {
		faulty(&r, err, false)
		return nil, r, false
	}
	p.meta(&r, "docProps/core.xml")
	p.meta(&r, "docProps/app.xml")
	return p, r, true
}

// walk calls visit for each XML token of a member.
func (p *pack) walk(member string, visit func(xml.Token) error) error {
	f, ok := p.files[strings.TrimPrefix(member, "/")]
	if !ok {
		return errMissing
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	return walkXML(&bounded{r: r, left: &p.left}, visit)
}

// walkXML reads XML, in UTF-16 too if a mark says so, without checking that tags
// match, and without entities: encoding/xml knows none but the five of XML itself, so
// none can expand.
func walkXML(r io.Reader, visit func(xml.Token) error) error {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		in = bufio.NewReader(transform.NewReader(in, unicode.BOMOverride(transform.Nop)))
	}
	d := xml.NewDecoder(in)
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for depth := 0; ; {
		t, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errNesting
			}
		case xml.EndElement:
			depth--
		}
		if err := visit(t); err != nil {
			return err
		}
	}
}

// bounded stops a reader when the package has expanded too far.
type bounded struct {
	r    io.Reader
	left *int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if *b.left <= 0 {
		return 0, errExpands
	}
	if int64(len(p)) > *b.left {
		p = p[:*b.left]
	}
	n, err := b.r.Read(p)
	*b.left -= int64(n)
	return n, err
}

// markup says how one of the XML languages here tells text.
type markup struct {
	texts []string          // elements that hold text
	signs map[string]string // written for an element's beginning
	lines []string          // elements that end with a line
	cells []string          // and with a tab
}

// visitor writes the text of a member.
func (m markup) visitor(w *plain.Writer) func(xml.Token) error {
	inText := false
	return func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			inText = slices.Contains(m.texts, e.Name.Local)
			if sign := m.signs[e.Name.Local]; sign != "" {
				_, _ = w.WriteString(sign)
			}
		case xml.CharData:
			if inText {
				_, _ = w.Write(e)
			}
		case xml.EndElement:
			inText = false
			switch {
			case slices.Contains(m.lines, e.Name.Local):
				w.Line()
			case slices.Contains(m.cells, e.Name.Local):
				_, _ = w.WriteString("\t")
			}
		}
		return w.Err()
	}
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// relations reads which member a relation's ID stands for (ECMA-376 part 2),
// in a member's own .rels file.
func (p *pack) relations(member string) map[string]string {
	out := map[string]string{}
	dir, file := path.Split(member)
	_ = p.walk(dir+"_rels/"+file+".rels", func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && attr(e, "TargetMode") != "External" {
			target := attr(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = path.Join(dir, target)
			}
			out[attr(e, "Id")] = strings.TrimPrefix(target, "/")
		}
		return nil
	})
	return out
}

// pages writes members as pages, and says of which it could not write all.
func (p *pack) pages(members []string, called string, w *plain.Writer, r *candor.Reading, write func(member string, w *plain.Writer) error) {
	r.Pages = len(members)
	var broken []string
	for i, member := range members {
		if i > 0 {
			w.Page()
		}
		if err := write(member, w); err != nil && w.Err() == nil {
			broken = append(broken, fmt.Sprint(i+1))
		}
	}
	if len(broken) > 0 {
		r.Lack(called + " that could not be read to their end: " + strings.Join(broken[:min(len(broken), 50)], ", "))
	}
}

// leastPicture is how large a picture in a document has to be to be more than an
// ornament, in bytes: a scanned page, a photograph.
const leastPicture = 16 << 10

// isPart tells what stands among the pictures and is more than an ornament: larger
// pictures, drawings with words in them, and recordings.
func (p *pack) isPart(f *zip.File) bool {
	switch strings.ToLower(path.Ext(f.Name)) {
	case ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp":
		return f.UncompressedSize64 >= leastPicture
	case ".emf", ".wmf":
		m, err := f.Open()
		if err != nil {
			return false
		}
		defer m.Close()
		data, err := io.ReadAll(&bounded{r: io.LimitReader(m, mostMetafile), left: &p.left})
		return err == nil && speaks(data)
	case ".mp3", ".m4a", ".wav", ".wma", ".aac", ".ogg", ".mp4", ".m4v", ".mov", ".wmv", ".avi", ".mpg", ".mpeg", ".webm":
		return true
	}
	return false
}

// embedded hands on the files that stand inside a document, its larger pictures and
// recordings, and counts all pictures. The error is the sink's.
func (p *pack) embedded(r *candor.Reading, sink candor.Sink, parts, pictures string) error {
	n, lost := 0, 0
	for _, f := range p.order {
		picture := strings.HasPrefix(f.Name, pictures) && !f.FileInfo().IsDir()
		if picture {
			n++
		}
		switch {
		case picture && p.isPart(f), !picture && parts != "" && strings.HasPrefix(f.Name, parts) && !f.FileInfo().IsDir():
			m, err := f.Open()
			if err != nil {
				lost++
				continue
			}
			err = sink.Part(candor.Place{Path: name.Base(f.Name)}, m)
			_ = m.Close()
			if err != nil {
				return err
			}
		}
	}
	if n > 0 {
		r.Fields = append(r.Fields, candor.Field{Name: "doc:Pictures", Value: fmt.Sprint(n)})
	}
	if lost > 0 {
		r.Lack(fmt.Sprintf("%d files inside it could not be read", lost))
	}
	return nil
}

// judge is faulty for a part whose text went to w. When the sink refused, the
// fault is not the document's.
func (p *pack) judge(r *candor.Reading, err error, w *plain.Writer) {
	if w.Err() == nil {
		faulty(r, err, len(w.Sample()) > 0)
	}
}

// faulty states what a fault in a document's main part means.
func faulty(r *candor.Reading, err error, someText bool) {
	var say string
	switch {
	case err == nil:
		return
	case errors.Is(err, errExpands), errors.Is(err, errNesting):
		say = err.Error()
	case errors.Is(err, errMissing):
		say = err.Error()
	default:
		say = "it is damaged or cut short"
	}
	if someText {
		r.Lack(say + "; what stands before was read")
		return
	}
	r.Condition, r.Reason = candor.Failed, say
}
