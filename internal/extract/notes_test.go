package extract

import (
	"fmt"
	"strings"
	"testing"

	"candor"
)

// annotated is a PDF with annotations on its page. Its table of objects is left to
// the reader to make.
func annotated(annotations ...string) []byte {
	drawn := func(text string) string {
		content := "BT /F1 12 Tf 2 4 Td (" + text + ") Tj ET"
		return fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 3 0 R>>>>/Length %d>>\nstream\n%s\nendstream", len(content), content)
	}
	page := "BT /F1 12 Tf 72 720 Td (Lease of shed nine) Tj ET"
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[4 0 R]/Count 1>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R/Annots[" + strings.Join(annotations, "") + "]>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(page), page), drawn("Signed by R. Osei"), drawn("Checked")}
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer\n<</Root 1 0 R/Size 8>>\n%%EOF\n")
	return []byte(b.String())
}

func TestNotesAndFormsOfPDF(t *testing.T) {
	const at = "/Rect[72 600 272 620]"
	p := newPool(t, nil)
	for name, c := range map[string]struct {
		annotations []string
		want        string
	}{
		"none":        {nil, "Lease of shed nine"},
		"a note":      {[]string{"<</Subtype/Text/T(Ana)/Contents(Ask the board)" + at + ">>"}, "Lease of shed nine Ana: Ask the board"},
		"a window":    {[]string{"<</Subtype/Popup/Contents(nothing)" + at + ">>"}, "Lease of shed nine"},
		"a signature": {[]string{"<</Subtype/Widget/FT/Sig/T(Sign)/AP<</N 6 0 R>>" + at + ">>"}, "Lease of shed nine Signed by R. Osei"},
		"a field":     {[]string{"<</Subtype/Widget/FT/Tx/T(Surname)/V(Lund)" + at + ">>"}, "Lease of shed nine Surname: Lund"},
		"free text":   {[]string{"<</Subtype/FreeText/Contents(Checked)/AP<</N 7 0 R>>" + at + ">>"}, "Lease of shed nine Checked"},
	} {
		r, g := read(t, p, "a.pdf", annotated(c.annotations...))
		if got := strings.Join(strings.Fields(g.text.String()), " "); got != c.want || r.Condition != candor.Done {
			t.Errorf("%s: %q, %s (%s)", name, got, r.Condition, r.Reason)
		}
	}
}
