package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"time"

	pdfium_errors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
	"candor/internal/extract/xmp"
)

const (
	// Type is the media type of what this package reads.
	Type = "application/pdf"

	maxSize        = 2 << 30 // PDFium inside WebAssembly addresses a file with 32 bits
	thumbnailWidth = 480     // pixels
	maxHeight      = 8000    // pixels of a rendered page
)

// document is an open PDF file.
type document struct {
	*Engine
	ref     references.FPDF_DOCUMENT
	w       *plain.Writer
	count   int
	broken  []int // pages that could not be read, from 1
	noText  []int // pages that show something but have no text, from 1
	lost    int   // attached files that could not be read
	files   []attached
	trapped error
}

// Read reads a document's text page by page, its metadata, a thumbnail of its
// first page, and the files attached to it. The error is the sink's.
func (e *Engine) Read(src candor.Source, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: Type, Condition: candor.Done}
	d, err := e.open(src)
	if err != nil {
		return refused(reading, err), nil
	}
	d.w = plain.NewWriter(sink)
	reading.Pages = d.count
	_ = guard(func() error { d.metadata(&reading); return nil })
	xmp.Describe(&reading, xmp.Sole(src))
	_ = guard(func() error { d.outline(&reading); return nil })
	d.pages()
	if err := d.w.Close(); err != nil {
		d.close()
		return reading, err
	}
	reading.Language = d.w.Language()
	_ = guard(func() (err error) { reading.Thumbnail, err = d.thumbnail(); return err })
	err = d.attachments(sink)
	d.judge(&reading)
	d.close()
	return reading, err
}

// open opens a document, with a new instance if the last one is broken.
func (e *Engine) open(src candor.Source) (*document, error) {
	if src.Size > maxSize {
		return nil, candor.Errorf(candor.TooLarge, "a PDF file of more than 2 GiB is not read by this version")
	}
	d := &document{Engine: e}
	err := guard(func() error {
		open := &requests.OpenDocument{FileReader: io.NewSectionReader(src, 0, src.Size), FileReaderSize: src.Size}
		if src.Password != "" {
			open.Password = &src.Password
		}
		res, err := e.instance.OpenDocument(open)
		if err != nil {
			return err
		}
		d.ref = res.Document
		n, err := e.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.ref})
		if err != nil {
			return err
		}
		d.count = n.PageCount
		return nil
	})
	if err != nil && !expected(err) {
		if rerr := e.restart(); rerr != nil {
			return nil, rerr
		}
	}
	return d, err
}

// expected tells what PDFium says about documents from faults of its own.
func expected(err error) bool {
	for _, e := range []error{pdfium_errors.ErrFormat, pdfium_errors.ErrPassword, pdfium_errors.ErrSecurity, pdfium_errors.ErrPage, pdfium_errors.ErrFile} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func refused(r candor.Reading, err error) candor.Reading {
	switch {
	case errors.Is(err, pdfium_errors.ErrPassword):
		r.Condition, r.Reason = candor.Encrypted, "it opens only with its password"
	case errors.Is(err, pdfium_errors.ErrSecurity):
		r.Condition, r.Reason = candor.Encrypted, "it is encrypted in a way that this version does not know"
	case errors.Is(err, pdfium_errors.ErrFormat), errors.Is(err, pdfium_errors.ErrFile):
		r.Condition, r.Reason = candor.Failed, "it is not a whole PDF file: its structure is damaged or cut short"
	case candor.CodeOf(err) == candor.TooLarge:
		r.Condition, r.Reason = candor.Unsupported, candor.MessageOf(err)
	default:
		r.Condition, r.Reason = candor.Failed, "the PDF engine could not open it"
	}
	return r
}

func (d *document) close() {
	err := guard(func() error {
		_, err := d.instance.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: d.ref})
		return err
	})
	if err != nil || d.trapped != nil {
		_ = d.restart() // if it does not start, the next document says so
	}
}

// pages writes the text of every page that can be read. A trap ends the
// document: an instance that has trapped answers nothing sensible any more.
func (d *document) pages() {
	for i := range d.count {
		if i > 0 {
			d.w.Page()
		}
		if d.w.Err() != nil {
			return
		}
		err := guard(func() error { return d.page(i) })
		if err == nil {
			continue
		}
		d.broken = append(d.broken, i+1)
		if !expected(err) {
			d.trapped = err
			for j := i + 1; j < d.count; j++ {
				d.broken = append(d.broken, j+1)
			}
			return
		}
	}
}

func (d *document) at(i int) requests.Page {
	return requests.Page{ByIndex: &requests.PageByIndex{Document: d.ref, Index: i}}
}

func (d *document) page(i int) error {
	text, err := d.text(d.at(i))
	if err != nil {
		return err
	}
	notes := d.notes(i)
	if slices.ContainsFunc(notes, func(n note) bool { return n.drawn }) {
		if more := d.flattened(i); len(more) > len(text) {
			text = more
		}
	}
	if strings.TrimSpace(text) == "" {
		d.write(notes, "")
		n, err := d.instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: d.at(i)})
		if err == nil && n.Count > 0 {
			d.noText = append(d.noText, i+1)
		}
		return nil
	}
	_, _ = d.w.WriteString(mend(text))
	d.w.Line()
	d.write(notes, text)
	return nil
}

func (d *document) text(page requests.Page) (text string, err error) {
	tp, err := d.instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return "", err
	}
	defer func() {
		if _, cerr := d.instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage}); err == nil {
			err = cerr
		}
	}()
	n, err := d.instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp.TextPage})
	if err != nil || n.Count == 0 {
		return "", err
	}
	res, err := d.instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: tp.TextPage, Count: n.Count})
	if err != nil {
		return "", err
	}
	return strings.TrimRight(res.Text, "\x00"), nil
}

var hyphens = strings.NewReplacer("\x02\r\n", "", "\ufffe\r\n", "", "\x02", "", "\ufffe", "")

// mend joins the words that a line's end divides: PDFium marks the hyphen.
func mend(s string) string {
	if !strings.ContainsAny(s, "\x02\ufffe") {
		return s
	}
	return hyphens.Replace(s)
}

// judge states the condition once all pages were looked at.
func (d *document) judge(r *candor.Reading) {
	var missing []string
	switch {
	case d.count == 0:
		r.Condition, r.Reason = candor.Failed, "it has no pages that can be found"
		return
	case len(d.broken) == d.count:
		r.Condition, r.Reason = candor.Failed, "none of its pages could be read"
		return
	case len(d.broken) > 0:
		missing = append(missing, fmt.Sprintf("%s of %d could not be read", candor.PageNumbers(d.broken), d.count))
	}
	r.Pictures = d.noText
	if d.lost > 0 {
		missing = append(missing, fmt.Sprintf("%d of the files attached to it could not be read", d.lost))
	}
	if len(missing) > 0 {
		r.Condition, r.Reason = candor.Partial, strings.Join(missing, "; ")
	}
}

func (d *document) metadata(r *candor.Reading) {
	for _, tag := range []string{"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"} {
		res, err := d.instance.GetMetaData(&requests.GetMetaData{Document: d.ref, Tags: &[]string{tag}})
		if err != nil || len(res.Tags) == 0 {
			continue
		}
		v := strings.TrimSpace(strings.TrimRight(res.Tags[0].Value, "\x00"))
		if v == "" {
			continue
		}
		r.Fields = append(r.Fields, candor.Field{Name: "doc:" + tag, Value: v})
		switch tag {
		case "Title":
			r.Title = v
		case "Author":
			r.People = append(r.People, v)
		case "CreationDate":
			if t, ok := parseDate(v); ok {
				r.Date, r.DateFrom = t, "doc:CreationDate"
			}
		}
	}
}

// parseDate reads a PDF date, "D:YYYYMMDDHHmmSSOHH'mm'" (ISO 32000-1, 7.9.4),
// of which only the year is certain to be there.
func parseDate(v string) (time.Time, bool) {
	v = strings.ReplaceAll(strings.TrimPrefix(v, "D:"), "'", "")
	v = strings.TrimSuffix(v, "Z")
	for _, form := range []string{"20060102150405-0700", "20060102150405", "200601021504", "20060102", "200601", "2006"} {
		if t, err := time.Parse(form, v); err == nil && t.Year() > 1 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func (d *document) thumbnail() ([]byte, error) {
	if d.trapped != nil || d.count == 0 {
		return nil, nil
	}
	res, err := d.instance.RenderPageInPixels(&requests.RenderPageInPixels{Page: d.at(0), Width: thumbnailWidth, Height: 2 * thumbnailWidth})
	if err != nil {
		return nil, err
	}
	defer res.Cleanup()
	var b bytes.Buffer
	err = jpeg.Encode(&b, res.Result.RenderedImage, &jpeg.Options{Quality: 75})
	return b.Bytes(), err
}

// Render draws one page, from 1, as PNG.
func (e *Engine) Render(src candor.Source, page, width int) ([]byte, error) {
	d, err := e.open(src)
	if err != nil {
		r := refused(candor.Reading{}, err)
		return nil, candor.Errorf(candor.NotSupported, "no page can be drawn: %s", r.Reason)
	}
	defer d.close()
	if page < 1 || page > d.count {
		return nil, candor.Errorf(candor.NotFound, "there is no page %d: the document has %d", page, d.count)
	}
	var b bytes.Buffer
	err = guard(func() error {
		res, err := e.instance.RenderPageInPixels(&requests.RenderPageInPixels{Page: d.at(page - 1), Width: width, Height: maxHeight})
		if err != nil {
			return err
		}
		defer res.Cleanup()
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		return enc.Encode(&b, res.Result.RenderedImage)
	})
	if err != nil {
		d.trapped = err
		return nil, candor.Wrap(err, candor.NotSupported, "page %d could not be drawn: it is damaged", page)
	}
	return b.Bytes(), nil
}

// attachments hands on the files that stand inside the document. The error is
// the sink's.
func (d *document) attachments(sink candor.Sink) error {
	if d.trapped != nil {
		return nil
	}
	n, err := d.instance.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: d.ref})
	if err != nil {
		return nil // a document that cannot say has none
	}
	for i := range n.AttachmentCount {
		var file []byte
		title := fmt.Sprintf("attachment-%d", i+1)
		if err := guard(func() error { return d.attachment(i, &title, &file) }); err != nil {
			d.lost, d.trapped = n.AttachmentCount-i, err
			return nil
		}
		if err := sink.Part(candor.Place{Path: name.Base(title)}, bytes.NewReader(file)); err != nil {
			return err
		}
	}
	for _, f := range d.files {
		if err := sink.Part(candor.Place{Path: name.Base(f.title)}, bytes.NewReader(f.data)); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) attachment(i int, title *string, file *[]byte) error {
	a, err := d.instance.FPDFDoc_GetAttachment(&requests.FPDFDoc_GetAttachment{Document: d.ref, Index: i})
	if err != nil {
		return err
	}
	return d.fileOf(a.Attachment, title, file)
}

func (d *document) fileOf(a references.FPDF_ATTACHMENT, title *string, file *[]byte) error {
	if n, err := d.instance.FPDFAttachment_GetName(&requests.FPDFAttachment_GetName{Attachment: a}); err == nil && n.Name != "" {
		*title = n.Name
	}
	f, err := d.instance.FPDFAttachment_GetFile(&requests.FPDFAttachment_GetFile{Attachment: a})
	if err != nil {
		return err
	}
	*file = f.Contents
	return nil
}
