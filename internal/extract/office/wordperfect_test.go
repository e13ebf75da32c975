package office

import (
	"strings"
	"testing"

	"candor"
)

func wordPerfectFile(version byte, encrypted uint16, packets []byte, body ...any) []byte {
	const from = 512
	head := little("\xffWPC", uint32(from+len(packets)), "\x01\x0a", version, uint8(0), encrypted, uint16(0))
	if packets != nil {
		head[14] = from & 0xff
		head[15] = from >> 8
	}
	return little(head, make([]byte, from-len(head)), packets, little(body...))
}

func wp6() []byte {
	note := little(uint16(1), uint32(10), uint32(5), "A\x80note\x20")
	index := little(uint16(0), uint16(2), make([]byte, 10), uint8(0), uint8(wpText), uint16(1), uint16(0), uint32(len(note)), uint32(512+3*wpIndexEntry),
		uint8(0), uint8(wpText), uint16(1), uint16(0), uint32(1<<30), uint32(0))
	return wordPerfectFile(2, 0, little(index, note), "\xdd\x0a\x06\x00\x00\xdd", "Fees\x80due\xf0\x1d\x04\xf0\x0f\xcc", "\xd0\x01\x05\x00\xd0", "Cell\xd0\x0a\x05\x00\xd0two", "\xf2\x01\xf2\x84\x00end")
}

func wp5() []byte {
	header := little(make([]byte, 18), "Port Velmere", make([]byte, 4))
	return wordPerfectFile(0, 0, nil, "\xd5\x00", uint16(len(header)), header, "Fees due\r\xc3\x0c\xc3in March\n\xc0\x1c\x04\xc0\xc0\x1b\x01\xc0\xc1", make([]byte, 7), "\xc1Ana\xa9Lund",
		"\xd6\x00\x04\x00\x04\x00\x00\xd6", "\xc0\x05\x09\xc0")
}

func TestWordPerfect(t *testing.T) {
	for name, c := range map[string]struct {
		file      []byte
		text      string
		condition candor.Condition
		reason    string
	}{
		"6":            {wp6(), "Fees due‘é Cell two-end A noteß", candor.Done, ""},
		"5":            {wp5(), "Port Velmere Fees due in March ’á Ana-Lund\ufffd", candor.Partial, "1 notes were not read; 1 characters of WordPerfect's own sets are not known"},
		"locked":       {wordPerfectFile(2, 7, nil, "Fees"), "", candor.Encrypted, "it opens only with its password"},
		"damaged 5":    {wordPerfectFile(0, 0, nil, "Fees\xd0\x00\xff\xff"), "Fees", candor.Partial, "damaged"},
		"damaged 6":    {wordPerfectFile(2, 0, nil, "Fees\xd0\x00\xff\xff"), "Fees", candor.Partial, "damaged"},
		"a macro":      {[]byte(strings.Replace(string(wp6()), "\x01\x0a", "\x01\x01", 1)), "", candor.Unsupported, "only documents"},
		"cut short":    {wp6()[:20], "", candor.Failed, "cut short"},
		"of five byte": {[]byte("\xffWPC\x00"), "", candor.Failed, "cut short"},
	} {
		text, r, _ := told(t, WordPerfect, c.file, "")
		if text != c.text || r.Condition != c.condition || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %q, %s (%s)", name, text, r.Condition, r.Reason)
		}
	}
}

func FuzzWordPerfect(f *testing.F) {
	f.Add(wp5())
	f.Add(wp6())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := WordPerfect(source(b), "", &kept{}); err != nil {
			t.Error(err)
		}
	})
}
