package office

import (
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

func TestTNEF(t *testing.T) {
	whole := fixture.TNEF("Über die Gebühren", fixture.Member{Name: "harbour fees 2026.csv", Body: "item,fee\n"})
	var p parted
	r, err := TNEF(source(whole), "application/vnd.ms-tnef", &p)
	if err != nil || r.Condition != candor.Done || r.Title != "Über die Gebühren" || !strings.Contains(p.String(), "hello world") {
		t.Errorf("%+v, %v, %q", r, err, p.String())
	}
	if len(p.names) != 2 || p.names[0] != "harbour fees 2026.csv" || p.data[0] != "item,fee\n" || p.names[1] != "attachment-2.tnef" {
		t.Fatalf("%q, %q", p.names, p.data)
	}
	var inner parted
	if r, err := TNEF(source([]byte(p.data[1])), "application/vnd.ms-tnef", &inner); err != nil || r.Condition != candor.Done || strings.TrimSpace(inner.String()) != "Café inside" {
		t.Errorf("the message inside: %+v, %v, %q", r, err, inner.String())
	}
	var cut parted
	if r, _ := TNEF(source(whole[:len(whole)/2]), "", &cut); r.Condition != candor.Partial || r.Reason == "" {
		t.Errorf("cut short: %+v", r)
	}
}

func TestCompressedRTF(t *testing.T) {
	if got := TextOfRTF([]byte(fixture.PackedRTF)); strings.TrimSpace(got) != "hello world" {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"", "short", fixture.PackedRTF[:20], strings.Replace(fixture.PackedRTF, "LZFu", "LZFx", 1)} {
		if got := TextOfRTF([]byte(bad)); strings.Contains(got, "world") {
			t.Errorf("%q gives %q", bad, got)
		}
	}
}

func FuzzTNEF(f *testing.F) {
	f.Add(fixture.TNEF("Fees", fixture.Member{Name: "a.txt", Body: "x"}))
	f.Fuzz(func(t *testing.T, in []byte) {
		var p parted
		r, err := TNEF(source(in), "", &p)
		if err != nil || r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v, %v", r, err)
		}
		total := 0
		for _, d := range p.data {
			total += len(d)
		}
		if total > len(in) {
			t.Errorf("%d bytes of attachments in %d", total, len(in))
		}
	})
}

func FuzzCompressedRTF(f *testing.F) {
	f.Add([]byte(fixture.PackedRTF))
	f.Fuzz(func(_ *testing.T, in []byte) { TextOfRTF(in) })
}
