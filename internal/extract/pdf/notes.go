package pdf

import (
	"fmt"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"

	"candor"
)

const (
	mostNotes   = 1000     // annotations of a page
	mostOutline = 64 << 10 // bytes of an outline
	mostPinned  = 1000     // files that are pinned to pages
)

// attached is a file that is pinned to a page.
type attached struct {
	title string
	data  []byte
}

// note is an annotation or a field of a form.
type note struct {
	said  string // what it says, with who wrote it or how it is called
	plain string // without that
	drawn bool   // it is drawn on the page, as letters as a rule
}

// notes returns what people wrote on a page as annotations, and keeps the files that
// they pinned to it. A fault in one lacks nothing of the page.
func (d *document) notes(page int) (out []note) {
	_ = guard(func() error {
		n, err := d.instance.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: d.at(page)})
		if err != nil {
			return err
		}
		for i := range min(n.Count, mostNotes) {
			a, err := d.instance.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: d.at(page), Index: i})
			if err != nil {
				continue
			}
			if n := d.note(a.Annotation); n.said != "" || n.drawn {
				out = append(out, n)
			}
			_, _ = d.instance.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
		}
		return nil
	})
	return out
}

// write writes what notes say, a line each, but for what is drawn and stands in the
// page's text already.
func (d *document) write(notes []note, text string) {
	squeezed := strings.Join(strings.Fields(text), " ")
	for _, n := range notes {
		if n.said != "" && (!n.drawn || n.said != n.plain || !strings.Contains(squeezed, strings.Join(strings.Fields(n.plain), " "))) {
			_, _ = d.w.WriteString(n.said + "\n")
		}
	}
}

// flattened is the text of a page on which its annotations are drawn as its own
// content, so that what forms, stamps and signatures show is part of it; nothing if
// that does not go.
func (d *document) flattened(i int) string {
	if _, err := d.instance.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: d.at(i), Usage: requests.FPDFPage_FlattenUsageNormalDisplay}); err != nil {
		return ""
	}
	res, err := d.instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: d.ref, Index: i})
	if err != nil {
		return ""
	}
	defer func() { _, _ = d.instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: res.Page}) }()
	text, _ := d.text(requests.Page{ByReference: &res.Page})
	return text
}

// note reads one annotation with who wrote it, or a field of a form with its
// name. Links and the windows of other annotations say nothing of their own.
func (d *document) note(a references.FPDF_ANNOTATION) (n note) {
	kind, err := d.instance.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil {
		return n
	}
	key := "Contents"
	switch kind.Subtype {
	case enums.FPDF_ANNOT_SUBTYPE_LINK, enums.FPDF_ANNOT_SUBTYPE_POPUP:
		return n
	case enums.FPDF_ANNOT_SUBTYPE_FILEATTACHMENT:
		d.pinned(a)
	case enums.FPDF_ANNOT_SUBTYPE_WIDGET:
		n.drawn, key = true, "V"
	case enums.FPDF_ANNOT_SUBTYPE_TEXT, enums.FPDF_ANNOT_SUBTYPE_HIGHLIGHT, enums.FPDF_ANNOT_SUBTYPE_UNDERLINE, enums.FPDF_ANNOT_SUBTYPE_STRIKEOUT:
	default:
		n.drawn = true
	}
	n.plain = d.said(a, key)
	n.said = n.plain
	if whose := d.said(a, "T"); whose != "" && n.said != "" {
		n.said = whose + ": " + n.said
	}
	return n
}

// said is a text of an annotation, "" if it has none.
func (d *document) said(a references.FPDF_ANNOTATION, key string) string {
	res, err := d.instance.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a, Key: key})
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.TrimRight(res.Value, "\x00"), "\r", "\n"))
}

func (d *document) pinned(a references.FPDF_ANNOTATION) {
	if len(d.files) >= mostPinned {
		return
	}
	res, err := d.instance.FPDFAnnot_GetFileAttachment(&requests.FPDFAnnot_GetFileAttachment{Document: d.ref, Annotation: a})
	if err != nil {
		return
	}
	f := attached{title: fmt.Sprintf("pinned-%d", len(d.files)+1)}
	if err := d.fileOf(res.Attachment, &f.title, &f.data); err != nil {
		d.lost++
		return
	}
	d.files = append(d.files, f)
}

// outline keeps the titles by which a reader finds a way through the document.
func (d *document) outline(r *candor.Reading) {
	res, err := d.instance.GetBookmarks(&requests.GetBookmarks{Document: d.ref})
	if err != nil {
		return
	}
	var out strings.Builder
	titles(res.Bookmarks, &out, 0)
	if out.Len() > 0 {
		r.Fields = append(r.Fields, candor.Field{Name: "doc:Outline", Value: strings.TrimSpace(out.String())})
	}
}

func titles(all []responses.GetBookmarksBookmark, out *strings.Builder, depth int) {
	for _, b := range all {
		if title := strings.TrimSpace(strings.TrimRight(b.Title, "\x00")); title != "" && out.Len() < mostOutline {
			out.WriteString(title + "\n")
		}
		if depth < 32 {
			titles(b.Children, out, depth+1)
		}
	}
}
