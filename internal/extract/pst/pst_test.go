package pst

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/mail"
)

type gathered struct {
	text   strings.Builder
	places []string
	bodies [][]byte
}

func (g *gathered) Text(p []byte) error { g.text.Write(p); return nil }

func (g *gathered) Part(p candor.Place, r io.Reader) error {
	b, _ := io.ReadAll(r) // a part that fails is cut, and the reader knows
	g.places, g.bodies = append(g.places, p.Path), append(g.bodies, b)
	return nil
}

func from(data []byte) candor.Source {
	return candor.Source{Name: "a.pst", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

var long = strings.Repeat("The harbour ledger, page after page.\n", 700)

func letters() []byte {
	fixture.UsePermutation(decode)
	return fixture.PST(
		fixture.Letter{Sender: "Ama Boateng", To: "Harbour master", Subject: "Dues, überfällig", Body: "The dues are late.", HTML: "<p>The dues are <b>late</b>.",
			Sent: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), Attachments: []fixture.Member{{Name: "ledger.txt", Body: long}, {Name: "Zusätze.txt", Body: "x"}}},
		fixture.Letter{Headers: "From: Rene <rene@velmere.example>\r\nMessage-ID: <7@velmere.example>\r\nContent-Type: text/plain;\r\n\tcharset=koi8-r\r\nSubject: Tide\r\n\r\n",
			Subject: "Tide", Body: "Low at nine.", Inside: &fixture.Letter{Sender: "M. Tan", Subject: "Forwarded", Body: "As agreed."}})
}

// asMail reads a mail file as the archive will.
func asMail(t *testing.T, data []byte) (candor.Reading, *gathered) {
	t.Helper()
	var g gathered
	r, err := mail.Read(from(data), &g)
	if err != nil || r.Condition != candor.Done {
		t.Fatalf("%s (%s), %v\n%s", r.Condition, r.Reason, err, data)
	}
	return r, &g
}

func TestMailbox(t *testing.T) {
	var box gathered
	r, err := Read(from(letters()), "x", &box)
	if err != nil || r.Condition != candor.Done || strings.Join(box.places, " ") != "Inbox/0001.eml Inbox/0002.eml" {
		t.Fatalf("%s (%s), %v, %q", r.Condition, r.Reason, err, box.places)
	}
	first, g := asMail(t, box.bodies[0])
	if first.Title != "Dues, überfällig" || !first.Date.Equal(time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)) || !strings.Contains(g.text.String(), "The dues are late.") {
		t.Errorf("%+v, %q", first, g.text.String())
	}
	if strings.Join(g.places, " ") != "ledger.txt Zusätze.txt" || string(g.bodies[0]) != long || string(g.bodies[1]) != "x" {
		t.Errorf("the attachments are %q", g.places)
	}
	second, g := asMail(t, box.bodies[1])
	if second.Title != "Tide" || !strings.Contains(g.text.String(), "Low at nine.") || len(g.bodies) != 1 {
		t.Fatalf("%+v, %q, %q", second, g.text.String(), g.places)
	}
	if bytes.Contains(box.bodies[1], []byte("koi8")) {
		t.Error("the header says how the message was packed when it came")
	}
	if third, g := asMail(t, g.bodies[0]); third.Title != "Forwarded" || !strings.Contains(g.text.String(), "As agreed.") {
		t.Errorf("%+v, %q", third, g.text.String())
	}
}

// Damage is named, and what is whole is still read.
func TestDamagedMailbox(t *testing.T) {
	whole := letters()
	for at := 1024; at < len(whole); at += 97 {
		data := bytes.Clone(whole)
		data[at] ^= 0x55
		if _, err := Read(from(data), "x", &gathered{}); err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	for name, data := range map[string][]byte{"cut": whole[:len(whole)-600], "only a header": whole[:1024], "half a header": whole[:300]} {
		if r, err := Read(from(data), "x", &gathered{}); err != nil || r.Condition == candor.Done || r.Reason == "" {
			t.Errorf("%s: %s (%s), %v", name, r.Condition, r.Reason, err)
		}
	}
	strong := bytes.Clone(whole)
	strong[513] = 2
	if r, _ := Read(from(strong), "x", &gathered{}); r.Condition != candor.Unsupported || r.Reason == "" {
		t.Errorf("disguised otherwise: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzMailbox(f *testing.F) {
	f.Add(letters())
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Read(from(data), "x", &gathered{}); err != nil {
			t.Error(err)
		}
	})
}
