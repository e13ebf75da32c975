package xmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"candor"
)

const body = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ps="http://ns.adobe.com/photoshop/1.0/" xmlns:j="http://ns.adobe.com/xap/1.0/bj/" xmlns:st="http://ns.adobe.com/xap/1.0/sType/Job#">
<rdf:Description rdf:about="uuid:1" ps:City="Port Velmere" ps:Headline="Quay &amp; wall">
 <dc:subject><rdf:Bag><rdf:li>quay</rdf:li><rdf:li>tender</rdf:li></rdf:Bag></dc:subject>
 <dc:title><rdf:Alt><rdf:li xml:lang="de">Kaimauer</rdf:li><rdf:li xml:lang="x-default">Quay wall</rdf:li></rdf:Alt></dc:title>
 <dc:creator><rdf:Seq><rdf:li>Rosa Osei</rdf:li></rdf:Seq></dc:creator>
 <j:JobRef><rdf:Bag><rdf:li rdf:parseType="Resource"><st:name>Harbour</st:name></rdf:li><rdf:li st:name="Fees"/></rdf:Bag></j:JobRef>
 <ps:Contact><rdf:Description><ps:town>Hamburg</ps:town></rdf:Description></ps:Contact>
 <ps:empty/>
</rdf:Description></rdf:RDF>`

func packet(body string) string {
	return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` + body + `</x:xmpmeta><?xpacket end="w"?>`
}

func wide(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func from(s string) candor.Source {
	return candor.Source{Size: int64(len(s)), ReaderAt: strings.NewReader(s)}
}

func TestFields(t *testing.T) {
	const want = "[{xmp:City Port Velmere} {xmp:Headline Quay & wall} {xmp:Subject quay, tender} {xmp:Title Quay wall} {xmp:Title-de Kaimauer} {xmp:Creator Rosa Osei} {xmp:JobRefName Harbour} {xmp:JobRefName Fees} {xmp:ContactTown Hamburg}]"
	for name, file := range map[string]string{
		"alone": packet(body), "in a file": strings.Repeat("x", chunk-5) + packet(body) + "<?xpacket begin", "without instructions": "<x:xmpmeta>" + body + "</x:xmpmeta>",
		"UTF-16, high first": "odd" + wide(packet(body), binary.BigEndian), "UTF-16, low first": "odd" + wide(packet(body), binary.LittleEndian),
	} {
		if got := fmt.Sprint(Fields(Find(from(file)))); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := Sole(from("%PDF" + packet(body))); got == nil || Sole(from(packet(body)+packet(body))) != nil {
		t.Error("one packet and two are not told apart")
	}
	if Find(from("nothing of the kind")) != nil || Fields(nil) != nil {
		t.Error("something was found in nothing")
	}
	if got := fmt.Sprint(Fields([]byte(body[:strings.Index(body, "<rdf:li>tender")]))); !strings.Contains(got, "Port Velmere") || !strings.Contains(got, "quay") {
		t.Errorf("cut short: %s", got)
	}
	deep := strings.Repeat("<a>", 100_000)
	if got := Fields([]byte(strings.Replace(body, "<ps:empty/>", deep, 1))); len(got) < 8 {
		t.Errorf("deep: %v", got)
	}
}

func TestPacketsOfJPEG(t *testing.T) {
	segment := func(parts ...string) string {
		b := strings.Join(parts, "")
		return "\xff\xe1" + string(binary.BigEndian.AppendUint16(nil, uint16(len(b)+2))) + b
	}
	more := strings.Replace(body, "Port Velmere", "Hamburg", 1)
	piece := func(from, to int) string {
		return segment(extended, strings.Repeat("0", 32), string(binary.BigEndian.AppendUint32(nil, uint32(len(more)))), string(binary.BigEndian.AppendUint32(nil, uint32(from))), more[from:to])
	}
	file := "\xff\xd8" + segment("Exif\x00\x00") + segment(standard, packet(body)) + piece(300, len(more)) + piece(0, 300) + "\xff\xda\x00\x02picture"
	packets := ofJPEG(from(file))
	if len(packets) != 2 || !bytes.Contains(packets[0], []byte("Port Velmere")) || string(packets[1]) != more {
		t.Fatalf("%d packets: %q", len(packets), packets)
	}
	if got := ofJPEG(from("\xff\xd8\xff\xe1")); got != nil {
		t.Errorf("%q", got)
	}
}

func FuzzFields(f *testing.F) {
	f.Add([]byte(packet(body)))
	f.Add([]byte(wide(packet(body), binary.LittleEndian)))
	f.Fuzz(func(t *testing.T, b []byte) {
		src := candor.Source{Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
		for _, p := range append(Packets(src), Find(src), b) {
			for _, field := range Fields(p) {
				if len(field.Value) > mostValue {
					t.Errorf("%d bytes in a field", len(field.Value))
				}
			}
		}
	})
}
