package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"howett.net/plist"

	"candor"
	"candor/internal/extract/fixture"
)

// kept gathers what is in parts.
type kept struct {
	files []string // name=content
	text  strings.Builder
}

func (k *kept) Text(p []byte) error { k.text.Write(p); return nil }

func (k *kept) Part(p candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	k.files = append(k.files, p.Path+"="+string(data))
	return err
}

type archiveReader func(candor.Source, string, candor.Sink) (candor.Reading, error)

func opened(t *testing.T, read archiveReader, name string, data []byte) (string, candor.Reading, *kept) {
	t.Helper()
	var k kept
	r, err := read(from(name, data), "x", &k)
	if err != nil && !strings.Contains(err.Error(), "unexpected EOF") { // of a part that ends too soon
		t.Fatal(err)
	}
	return strings.Join(k.files, "|"), r, &k
}

func cpio(form string) []byte {
	var b bytes.Buffer
	entry := func(name string, mode uint32, body string) {
		n := len(name) + 1
		switch form {
		case "odc":
			fmt.Fprintf(&b, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o%s\x00%s", 0, 0, mode, 0, 0, 1, 0, 1_700_000_000, n, len(body), name, body)
			return
		case "newc":
			fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", 0, mode, 0, 0, 1, 1_700_000_000, len(body), 0, 0, 0, 0, n, 0, name)
			b.Write(make([]byte, fill(int64(110+n), 4)))
			b.WriteString(body)
			b.Write(make([]byte, fill(int64(len(body)), 4)))
			return
		}
		order := binary.ByteOrder(binary.LittleEndian)
		if form == "big" {
			order = binary.BigEndian
		}
		for _, w := range []uint16{0o070707, 0, 0, uint16(mode), 0, 0, 1, 0, 0x6553, 0xf100, uint16(n), 0, uint16(len(body))} {
			_ = binary.Write(&b, order, w)
		}
		b.WriteString(name + "\x00")
		b.Write(make([]byte, fill(int64(n), 2)))
		b.WriteString(body)
		b.Write(make([]byte, fill(int64(len(body)), 2)))
	}
	entry("box", 0o040755, "")
	entry("box/a.txt", 0o100644, "one")
	entry("link", 0o120777, "box")
	entry("../b.txt", 0o100644, "four")
	entry(cpioEnd, 0, "")
	return b.Bytes()
}

func TestCpio(t *testing.T) {
	for _, form := range []string{"odc", "newc", "little", "big"} {
		data := cpio(form)
		got, r, _ := opened(t, Cpio, "a.cpio", data)
		if got != "box/a.txt=one|%2E%2E/b.txt=four" || r.Condition != candor.Done {
			t.Errorf("%s: %s, %s (%s)", form, got, r.Condition, r.Reason)
		}
		cut := bytes.Index(data, []byte("four")) + 2
		if _, r, _ := opened(t, Cpio, "a.cpio", data[:cut]); r.Condition != candor.Partial {
			t.Errorf("%s cut short: %s (%s)", form, r.Condition, r.Reason)
		}
	}
	if _, r, _ := opened(t, Cpio, "a.cpio", []byte("\xc7\x71 no header")); r.Condition != candor.Failed {
		t.Errorf("no header: %s (%s)", r.Condition, r.Reason)
	}
}

func TestAr(t *testing.T) {
	entry := func(name, body string) string {
		return fmt.Sprintf("%-16s%-12d%-6d%-6d%-8o%-10d`\n%s%s", name, 1_700_000_000, 0, 0, 0o100644, len(body), body, strings.Repeat("\n", len(body)%2))
	}
	gnu := arMark + entry("/", "symbols") + entry("//", "a-very-long-name-indeed.txt/\n") + entry("short.txt/", "one") + entry("/0", "two")
	if got, r, _ := opened(t, Ar, "a.a", []byte(gnu)); got != "short.txt=one|a-very-long-name-indeed.txt=two" || r.Condition != candor.Done {
		t.Errorf("GNU: %s, %s (%s)", got, r.Condition, r.Reason)
	}
	bsd := arMark + entry("#1/8", "name.txtthree")
	if got, _, _ := opened(t, Ar, "a.a", []byte(bsd)); got != "name.txt=three" {
		t.Errorf("BSD: %s", got)
	}
	if _, r, _ := opened(t, Ar, "a.a", []byte(gnu[:len(gnu)-2])); r.Condition != candor.Partial {
		t.Errorf("cut short: %s (%s)", r.Condition, r.Reason)
	}
}

// lzwOf compresses as compress of Unix does, for the test.
func lzwOf(data []byte, most int) []byte {
	out := []byte{0x1f, 0x9d, byte(most) | 0x80}
	width, next, inGroup := 9, 257, 0
	var acc, n uint
	emit := func(code int) {
		acc |= uint(code) << n
		for n += uint(width); n >= 8; n -= 8 {
			out = append(out, byte(acc))
			acc >>= 8
		}
		inGroup++
	}
	align := func() { // fill the group of eight codes
		for inGroup%8 != 0 {
			emit(0)
		}
		inGroup = 0
	}
	table := map[string]int{}
	for i := range 256 {
		table[string([]byte{byte(i)})] = i
	}
	var have []byte
	for _, c := range data {
		if _, ok := table[string(append(have, c))]; ok {
			have = append(have, c)
			continue
		}
		emit(table[string(have)])
		if next < 1<<most {
			table[string(append(have, c))] = next
			next++
		}
		if next > 1<<width && width < most {
			align()
			width++
		}
		have = append(have[:0], c)
	}
	if len(have) > 0 {
		emit(table[string(have)])
	}
	return append(out, byte(acc))
}

func TestCompress(t *testing.T) {
	var text strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&text, "The harbour of %d is open. ", i*i)
	}
	for _, most := range []int{9, 12, 16} {
		for _, want := range []string{"a", "TOBEORNOTTOBEORTOBEORNOT", strings.Repeat("a", 1000), text.String()} {
			got, r, _ := opened(t, func(s candor.Source, _ string, k candor.Sink) (candor.Reading, error) {
				return Compressed(s, "application/x-compress", k)
			}, "a.txt.Z", lzwOf([]byte(want), most))
			if got != "a.txt="+want || r.Condition != candor.Done {
				t.Errorf("%d bits, %d bytes: %d bytes, %s (%s)", most, len(want), len(got), r.Condition, r.Reason)
			}
		}
	}
}

func TestStampedFiles(t *testing.T) {
	id := "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x1f"
	loose := "\x30\x80" + id + "\xa0\x80\x30\x80\x02\x01\x01\x16\x01u\x24\x80\x04\x04Dear\x04\x04 Ana\x00\x00\xa0\x00\x00\x00\x00\x00\x00\x00"
	strict := "\x30\x1a" + id + "\xa0\x0b\x30\x09\x02\x01\x01\x04\x04Dear"
	for in, want := range map[string]string{loose: "letter.txt=Dear Ana", strict: "letter.txt=Dear"} {
		if got, r, _ := opened(t, Stamped, "letter.txt.tsd", []byte(in)); got != want || r.Condition != candor.Done {
			t.Errorf("%q: %s (%s)", got, r.Condition, r.Reason)
		}
	}
	elsewhere := "\x30\x14" + id + "\xa0\x05\x30\x03\x02\x01\x01"
	if _, r, _ := opened(t, Stamped, "a.tsd", []byte(elsewhere)); r.Condition != candor.Partial {
		t.Errorf("a file that is elsewhere: %s (%s)", r.Condition, r.Reason)
	}
	if _, r, _ := opened(t, Stamped, "a.tsd", []byte(strict[:20])); r.Condition != candor.Failed {
		t.Errorf("cut short: %s (%s)", r.Condition, r.Reason)
	}
}

func TestPropertyLists(t *testing.T) {
	page := func(url, typ string, size int) map[string]any {
		return map[string]any{"WebResourceURL": url, "WebResourceMIMEType": typ, "WebResourceData": bytes.Repeat([]byte("x"), size)}
	}
	archive := map[string]any{
		"WebMainResource": page("https://example.org/board/", "text/html", 3),
		"WebSubresources": []any{page("https://example.org/quay.jpg", "image/jpeg", 20_000), page("https://example.org/dot.gif", "image/gif", 10), page("https://example.org/a.css", "text/css", 30_000), 7},
		"WebSubframeArchives": []any{
			map[string]any{"WebMainResource": page("about:blank", "text/html", 2)},
		},
	}
	data, err := plist.Marshal(archive, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	_, r, k := opened(t, Plist, "a.webarchive", data)
	if len(k.files) != 3 || k.files[0] != "board.html=xxx" || !strings.HasPrefix(k.files[1], "page.html=") || !strings.HasPrefix(k.files[2], "quay.jpg=") || r.Type != "application/x-webarchive" {
		t.Errorf("%d parts, %s", len(k.files), r.Type)
	}
	data, err = plist.Marshal(map[string]any{"Owner": "Ana Sand", "Ports": []any{"Lamu", 7}, "Raw": []byte("bytes")}, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	_, _, k = opened(t, Plist, "a.plist", data)
	if got := strings.Join(strings.Fields(k.text.String()), " "); got != "Owner Ana Sand Ports Lamu 7 Raw" {
		t.Errorf("%q", got)
	}
	if _, r, _ := opened(t, Plist, "a.plist", []byte("bplist00 and no more")); r.Condition != candor.Failed {
		t.Errorf("damaged: %s", r.Condition)
	}
}

// TestMembersWithWrongDescriptors: what stands behind a member does not matter.
func TestMembersWithWrongDescriptors(t *testing.T) {
	data := fixture.Zip(fixture.Member{Name: "a", Body: "one"})
	if i := bytes.Index(data, []byte("PK\x07\x08")); i > 0 {
		copy(data[i+4:], "\xff\xff\xff\xff")
	}
	if got, r, _ := opened(t, Zip, "a.zip", data); got != "a=one" || r.Condition != candor.Done {
		t.Errorf("%s, %s (%s)", got, r.Condition, r.Reason)
	}
}

func FuzzOthers(f *testing.F) {
	for _, form := range []string{"odc", "newc", "little", "big"} {
		f.Add(cpio(form))
	}
	f.Add([]byte(arMark + strings.Repeat(" ", 60)))
	f.Add(lzwOf([]byte("TOBEORNOTTOBEORTOBEORNOT"), 12))
	f.Add(helpFile(true))
	f.Fuzz(func(t *testing.T, in []byte) {
		for name, read := range map[string]archiveReader{
			"cpio": Cpio, "ar": Ar, "stamped": Stamped, "help": CHM,
			"compress": func(s candor.Source, _ string, k candor.Sink) (candor.Reading, error) {
				return Compressed(s, "application/x-compress", k)
			},
		} {
			var g gathered
			if r, err := read(from("x", in), "x", &g); err != nil || r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
	})
}

func FuzzPlist(f *testing.F) {
	data, _ := plist.Marshal(map[string]any{"WebMainResource": map[string]any{"WebResourceData": []byte("x")}}, plist.BinaryFormat)
	f.Add(data)
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if len(in) > 1<<10 { // larger ones may name one thing many times, which a worker's bounds are for
			return
		}
		if r, err := Plist(from("x", in), "x", &g); err != nil || r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
