package office

import (
	"encoding/hex"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

func TestPrintedDocuments(t *testing.T) {
	glyphs := func(x, y, text string) string {
		return `<Glyphs OriginX="` + x + `" OriginY="` + y + `" FontRenderingEmSize="10" UnicodeString="` + text + `"/>`
	}
	page := "<FixedPage>" + glyphs("10", "20", "R") + glyphs("16", "20", "ent") + glyphs("60", "20", "due") + glyphs("10", "40", "{}{Ana}") + "</FixedPage>"
	ten := "\ufeff<FixedPage>" + glyphs("1", "1", "Last") + "</FixedPage>"
	file := fixture.Zip(fixture.Member{Name: "[Content_Types].xml", Body: "<Types/>"}, fixture.Member{Name: "FixedDocSeq.fdseq", Body: "<x/>"},
		fixture.Member{Name: "Documents/1/Pages/10.fpage", Body: string(utf16le(ten))}, fixture.Member{Name: "Documents/1/Pages/9.fpage", Body: page})
	text, r, _ := told(t, XPS, file, "")
	if text != "Rent due {Ana} Last" || r.Pages != 2 || r.Condition != candor.Done {
		t.Errorf("%q, %d pages, %s (%s)", text, r.Pages, r.Condition, r.Reason)
	}
	broken := fixture.WithMember(file, fixture.Member{Name: "Documents/1/Pages/11.fpage", Body: "<FixedPage><Glyphs"})
	if _, r, _ := told(t, XPS, broken, ""); r.Condition != candor.Partial || !strings.Contains(r.Reason, "3") {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
}

func TestPicturesInRTF(t *testing.T) {
	png := "\x89PNG" + strings.Repeat("\x00", leastPicture)
	silent := strings.Repeat("\x00", 40) + " EMF" + strings.Repeat("\x00", 20_000)
	hex := func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }
	rtf := `{\rtf1 Before.{\*\shppict{\pict{\*\picprop{\sp{\sn shapeType}{\sv 75}}}\pngblip\picw10 ` + hex(png) + `}}{\nonshppict{\pict\wmetafile8 ` + hex("\x01\x00\x09\x00") + `}}` +
		`{\pict\emfblip ` + hex(silent) + `}{\pict\jpegblip ` + hex("\xff\xd8small") + `} After.}`
	text, r, k := told(t, RTF, []byte(rtf), "text/rtf")
	if text != "Before. After." || r.Condition != candor.Done || strings.Join(k.names, "|") != "picture-1.png" || string(k.parts[0]) != png {
		t.Errorf("%q, %s (%s), parts %s", text, r.Condition, r.Reason, strings.Join(k.names, "|"))
	}
}

func TestDrawingsAreTakenByTheirWords(t *testing.T) {
	if speaks([]byte(strings.Repeat("\x00", 40) + " EMF" + strings.Repeat("\x00", 20_000))) {
		t.Error("a drawing without words")
	}
}
