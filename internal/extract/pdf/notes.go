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

// notes returns what people wrote on a page as annotations, a line each, and keeps
// the files that they pinned to it. A fault in one lacks nothing of the page.
func (d *document) notes(page int) string {
	var out strings.Builder
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
			d.note(a.Annotation, &out)
			_, _ = d.instance.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
		}
		return nil
	})
	return out.String()
}

// note writes one annotation with who wrote it, or a field of a form with its
// name. Links and the windows of other annotations say nothing of their own.
func (d *document) note(a references.FPDF_ANNOTATION, out *strings.Builder) {
	kind, err := d.instance.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil {
		return
	}
	switch kind.Subtype {
	case enums.FPDF_ANNOT_SUBTYPE_LINK, enums.FPDF_ANNOT_SUBTYPE_POPUP:
		return
	case enums.FPDF_ANNOT_SUBTYPE_FILEATTACHMENT:
		d.pinned(a)
	}
	said := d.said(a, "Contents")
	if kind.Subtype == enums.FPDF_ANNOT_SUBTYPE_WIDGET {
		said = d.said(a, "V")
	}
	if said == "" {
		return
	}
	if whose := d.said(a, "T"); whose != "" {
		said = whose + ": " + said
	}
	out.WriteString(said + "\n")
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
