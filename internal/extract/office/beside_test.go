package office

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/fixture"
)

// little writes numbers of 8, 16 and 32 bits, texts and bytes one after the other.
func little(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case []byte:
			b.Write(v)
		default:
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
	}
	return b.Bytes()
}

func utf16le(s string) []byte { return little(utf16.Encode([]rune(s))) }

// told is what a reader writes, in one line.
func told(t *testing.T, read func(candor.Source, string, candor.Sink) (candor.Reading, error), data []byte, typ string) (string, candor.Reading, *kept) {
	t.Helper()
	var k kept
	r, err := read(source(data), typ, &k)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(k.String()), " "), r, &k
}

func TestWhatStandsBesideTheTextOfRTF(t *testing.T) {
	object := little(uint32(0x501), uint32(2), uint32(8), "Package\x00", uint32(0), uint32(0))
	inside := native("letter.txt", "Dear Ana")[4:]
	object = little(object, uint32(len(inside)), inside)
	pdf := little(uint32(0x501), uint32(2), uint32(9), "AcroExch\x00", uint32(0), uint32(0), uint32(8), "%PDF-1.4")
	linked := little(uint32(0x501), uint32(1), uint32(0), uint32(0), uint32(0), uint32(0))
	rtf := `{\rtf1\ansi Before.{\*\annotation A note}{\*\cs7 Styled}{\*\unknown hidden}{\shp{\*\shpinst{\shptxt In a box}}}` +
		`{\object{\*\objclass Package}{\*\objdata ` + hex.EncodeToString(object[:10]) + "\r\n" + strings.ToUpper(hex.EncodeToString(object[10:])) + `}{\result Shown}}` +
		`{\object{\*\objdata \bin` + fmt.Sprint(len(pdf)) + " " + string(pdf) + `}}{\object{\*\objdata ` + hex.EncodeToString(linked) + `}}{\object{\*\objdata zz0}} After.}`
	text, r, k := told(t, RTF, []byte(rtf), "text/rtf")
	if text != "Before. A note Styled In a box Shown After." || r.Condition != candor.Done {
		t.Errorf("%q, %s (%s)", text, r.Condition, r.Reason)
	}
	if got := strings.Join(k.names, "|"); got != "letter.txt|object-2" || string(k.parts[0]) != "Dear Ana" || string(k.parts[1]) != "%PDF-1.4" {
		t.Errorf("parts %s, %q", got, k.parts)
	}
}

func FuzzObjectsOfOLE1(f *testing.F) {
	f.Add(little(uint32(0x501), uint32(2), uint32(2), "P\x00", uint32(0), uint32(0), uint32(3), "abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, data, _ := oleObject(b); len(data) > len(b) {
			t.Errorf("%d bytes out of %d", len(data), len(b))
		}
	})
}

// record is one of a workbook's.
func record(kind uint16, body ...any) []byte {
	b := little(body...)
	return little(kind, uint16(len(b)), b)
}

func TestWhatStandsBesideCells(t *testing.T) {
	book := little(
		record(0x0809, uint16(0x0600), uint16(5), uint32(0)), record(0x0085, uint32(0), uint16(0), uint8(1), uint8(0), "A"), record(0x000A),
		record(0x0809, uint16(0x0600), uint16(0x10), uint32(0)),
		record(0x0204, uint16(0), uint16(0), uint16(0), uint16(4), uint8(0), "Coal"),
		record(0x01B6, make([]byte, 10), uint16(6), make([]byte, 6)), record(0x003C, uint8(1), utf16le("Łódź\rX")), record(0x003C, uint8(0), "formatting"),
		record(0x001C, uint16(0), uint16(0), uint16(0), uint16(1), uint16(3), uint8(0), "Ana"),
		record(0x0809, uint16(0x0600), uint16(0x20), uint32(0)), record(0x100D, uint16(0), uint8(4), uint8(0), "Fees"), record(0x000A),
		record(0x0204, uint16(1), uint16(0), uint16(0), uint16(4), uint8(0), "Salt"), record(0x000A))
	for _, stream := range []string{"Workbook", "WORKBOOK"} {
		text, r, _ := told(t, OLE, fixture.OLEStream(stream, book), "application/x-ole-storage")
		if text != "A Coal Łódź X Ana Fees Salt" || r.Condition != candor.Done || r.Type != "application/vnd.ms-excel" {
			t.Errorf("%s: %q, %s, %s", stream, text, r.Type, r.Condition)
		}
	}
	// A workbook in a letter is read with it.
	letter := fixture.OLEOf(map[string][]byte{"Book": record(0x0809, uint16(0x0600), uint16(5), uint32(0)), "MBD1/Workbook": book, "MBD2/WordDocument": []byte("x")})
	if text, r, _ := told(t, OLE, letter, "application/x-ole-storage"); text != "A Coal Łódź X Ana Fees Salt" || r.Condition != candor.Done {
		t.Errorf("inside: %q, %s (%s)", text, r.Condition, r.Reason)
	}
}

func TestWorkbooksBeforeExcel97(t *testing.T) {
	five := little(
		record(0x0809, uint16(0x0500), uint16(5), uint32(0)), record(0x0042, uint16(1251)), record(0x0085, uint32(0), uint16(0), uint8(4), "\xca\xed\xe8\xe3"), record(0x000A),
		record(0x0809, uint16(0x0500), uint16(0x10), uint32(0)), record(0x0204, uint16(0), uint16(0), uint16(0), uint16(5), "\xd3\xe3\xee\xeb\xfc"),
		record(0x00D6, uint16(0), uint16(1), uint16(0), uint16(4), "rich", uint8(0)), record(0x0203, uint16(1), uint16(0), uint16(0), 12.5),
		record(0x001C, uint16(1), uint16(0), uint16(4), "note"), record(0x000A))
	if text, r, _ := told(t, OLE, fixture.OLEStream("Book", five), ""); text != "Книг Уголь rich 12.5 note" || r.Condition != candor.Done {
		t.Errorf("Excel 95: %q, %s (%s)", text, r.Condition, r.Reason)
	}
	four := little(record(0x0409, uint16(6), uint16(0x10), uint16(0)), record(0x041E, uint16(0), uint8(1), "0"), record(0x041E, uint16(0), uint8(10), "yyyy-mm-dd"), record(0x0443, uint8(0), uint8(1), make([]byte, 10)),
		record(0x0443, uint8(0), uint8(15), make([]byte, 10)), record(0x0203, uint16(0), uint16(2), uint16(1), 3.0),
		record(0x0204, uint16(0), uint16(0), uint16(0), uint16(4), "Coal"), record(0x0203, uint16(0), uint16(1), uint16(0), 44197.0),
		record(0x0406, uint16(1), uint16(0), uint16(9), 7.0, uint16(0)), record(0x000A))
	if text, r, _ := told(t, OLE, four, "application/vnd.ms-excel"); text != "3 Coal 2021-01-01 7" || r.Condition != candor.Done {
		t.Errorf("Excel 4: %q, %s (%s)", text, r.Condition, r.Reason)
	}
	if _, r, _ := told(t, OLE, four[:len(four)-7], "application/vnd.ms-excel"); r.Condition != candor.Partial {
		t.Errorf("cut short: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzBareWorkbooks(f *testing.F) {
	f.Add(little(record(0x0409, uint16(6), uint16(0x10)), record(0x0204, uint16(0), uint16(0), uint16(0), uint16(4), "Coal"), record(0x01B6, make([]byte, 12)), record(0x003C, "x")))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if r, err := bareWorkbook(source(in), "", &g); err != nil || r.Condition != candor.Done && r.Reason == "" || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// slide is a record of a presentation; containers have version 15.
func slide(version, instance, kind uint16, body ...any) []byte {
	b := little(body...)
	return little(version|instance<<4, kind, uint32(len(b)), b)
}

func TestWhatStandsBesideSlides(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	object := fixture.XLS()
	_, _ = z.Write(object)
	_ = z.Close()
	shape := func(holder bool, text string) []byte {
		inside := slide(15, 0, 0xF00D, slide(0, 0, 0x0FA8, text))
		if holder {
			inside = little(slide(15, 0, 0xF011, slide(0, 0, 0x0BC3, make([]byte, 8))), inside)
		}
		return slide(15, 0, 0xF004, inside)
	}
	stream := slide(15, 0, 0x03E8,
		slide(15, 0, 0x03F8, slide(15, 0, 0x040C, shape(true, "Click to edit"), shape(false, "Confidential"))),
		slide(15, 0, 0x03EE, slide(0, 0, 0x0FA8, "Fees"), slide(15, 0, 0x1388, slide(0, 0, 0x138B, slide(15, 0, 0x2EE0, slide(0, 0, 0x0FBA, utf16le("Ana")), slide(0, 1, 0x0FBA, utf16le("Too high?")))))),
		slide(0, 1, 0x1011, uint32(len(object)), packed.Bytes()), slide(0, 0, 0x1011, []byte("rubbish")), slide(0, 1, 0x1011, []byte{9, 0, 0, 0, 1}))
	text, r, k := told(t, OLE, fixture.OLEStream("PowerPoint Document", stream), "")
	if text != "Fees Ana Too high? Confidential" || r.Condition != candor.Done || r.Pages != 1 {
		t.Errorf("%q, %s (%s), %d pages", text, r.Condition, r.Reason, r.Pages)
	}
	if len(k.parts) != 1 || !bytes.Equal(k.parts[0], object) {
		t.Errorf("parts %q", k.names)
	}
}

func TestMastersOfSlides(t *testing.T) {
	file := fixture.PPTX()
	for name, body := range map[string]string{
		"ppt/slideMasters/slideMaster1.xml": `<p:sldMaster xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:t>Click to edit</a:t></a:p></p:sp><p:sp><a:p><a:t>Confidential</a:t></a:p></p:sp></p:sldMaster>`,
		"ppt/slideLayouts/slideLayout1.xml": `<p:sldLayout xmlns:p="p" xmlns:a="a"><p:sp><a:p><a:t>Harbour board</a:t></a:p></p:sp><a:t>nowhere</a:t></p:sldLayout>`,
	} {
		file = fixture.WithMember(file, fixture.Member{Name: name, Body: body})
	}
	text, _, _ := told(t, PPTX, file, "")
	if !strings.Contains(text, "Confidential") || !strings.Contains(text, "Harbour board") || strings.Contains(text, "Click") || strings.Contains(text, "nowhere") {
		t.Errorf("%q", text)
	}
}

func TestLargerPicturesAreParts(t *testing.T) {
	file := fixture.DOCX("A letter", "Words.")
	for name, size := range map[string]int{"word/media/scan.png": 20_000, "word/media/dot.png": 100, "word/media/chart.emf": 20_000, "word/media/line.wmf": 100, "word/media/font.bin": 20_000} {
		file = fixture.WithMember(file, fixture.Member{Name: name, Body: strings.Repeat("x", size)})
	}
	_, r, k := told(t, DOCX, file, "")
	if got := strings.Join(k.names, "|"); !strings.Contains(got, "scan.png") || strings.Contains(got, "chart") || strings.Contains(got, "dot") || strings.Contains(got, "line") || strings.Contains(got, "font") {
		t.Errorf("parts %s", got)
	}
	if !strings.Contains(fmt.Sprint(r.Fields), "{doc:Pictures 6}") {
		t.Errorf("%v", r.Fields)
	}
}

// brt is a record of a binary workbook.
func brt(kind int, body ...any) []byte {
	b := little(body...)
	var head []byte
	if kind >= 0x80 {
		head = []byte{byte(kind&0x7f | 0x80), byte(kind >> 7)}
	} else {
		head = []byte{byte(kind)}
	}
	return little(head, uint8(len(b)&0x7f|0x80), uint8(len(b)>>7), b)
}

func wideText(s string) []byte {
	return little(uint32(len(utf16.Encode([]rune(s)))), utf16le(s))
}

func xlsb() []byte {
	return fixture.Zip(
		fixture.Member{Name: "[Content_Types].xml", Body: "<Types/>"},
		fixture.Member{Name: "xl/workbook.bin", Body: string(little(brt(153, uint32(0), uint32(0)), brt(156, uint32(0), uint32(1), wideText("rId1"), wideText("Dues"))))},
		fixture.Member{Name: "xl/_rels/workbook.bin.rels", Body: `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.bin"/></Relationships>`},
		fixture.Member{Name: "xl/sharedStrings.bin", Body: string(brt(19, uint8(0), wideText("Łódź")))},
		fixture.Member{Name: "xl/styles.bin", Body: string(little(brt(44, uint16(200), wideText("yyyy-mm-dd")), brt(47, uint16(0), uint16(7)), brt(617), brt(47, uint16(0), uint16(0)), brt(47, uint16(0), uint16(200)), brt(618)))},
		fixture.Member{Name: "xl/comments1.bin", Body: string(brt(637, uint8(0), wideText("Too high?")))},
		fixture.Member{Name: "xl/worksheets/sheet1.bin", Body: string(little(
			brt(0, make([]byte, 16)), brt(7, uint32(0), uint32(0), uint32(0)), brt(5, uint32(1), uint32(1), 44197.0), brt(2, uint32(2), uint32(0), uint32(7<<2|2)),
			brt(0, make([]byte, 16)), brt(6, uint32(0), uint32(0), wideText("inline")), brt(4, uint32(1), uint32(0), uint8(1)), brt(9, uint32(2), uint32(0), 1.5, uint16(0)),
			brt(8, uint32(3), uint32(0), wideText("total")), brt(7, uint32(0), uint32(0), uint32(math.MaxUint32))))})
}

func TestBinaryWorkbooks(t *testing.T) {
	text, r, _ := told(t, XLSB, xlsb(), "")
	if text != "Dues Łódź 2021-01-01 7 inline TRUE 1.5 total Too high?" || r.Condition != candor.Done {
		t.Errorf("%q, %s (%s)", text, r.Condition, r.Reason)
	}
	if _, r, _ := told(t, XLSB, fixture.Zip(fixture.Member{Name: "xl/x", Body: "y"}), ""); r.Condition != candor.Failed {
		t.Errorf("without a workbook: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzBinaryRecords(f *testing.F) {
	f.Add(string(little(brt(0, make([]byte, 16)), brt(6, uint32(0), uint32(0), wideText("inline")))))
	f.Fuzz(func(t *testing.T, sheet string) {
		file := fixture.Zip(fixture.Member{Name: "xl/workbook.bin", Body: string(brt(156, uint32(0), uint32(1), wideText("r"), wideText("S")))},
			fixture.Member{Name: "xl/_rels/workbook.bin.rels", Body: `<R><Relationship Id="r" Target="s.bin"/></R>`},
			fixture.Member{Name: "xl/s.bin", Body: sheet}, fixture.Member{Name: "xl/sharedStrings.bin", Body: sheet}, fixture.Member{Name: "xl/styles.bin", Body: sheet})
		var g gathered
		if r, err := XLSB(source(file), "", &g); err != nil || r.Condition != candor.Done && r.Reason == "" || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
