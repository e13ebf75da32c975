package mail

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

type gathered struct {
	bytes.Buffer
	parts [][]byte
}

func (g *gathered) Text(p []byte) error { g.Write(p); return nil }

func (g *gathered) Part(_ candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	g.parts = append(g.parts, data)
	return err
}

func source(data []byte) candor.Source {
	return candor.Source{Name: "x", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func TestMboxBoundaries(t *testing.T) {
	const from = "From a@b Tue Mar  5 14:30:00 2024\n"
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"one", from + "S: 1\n\nx\n", []string{"S: 1\n\nx\n"}},
		{"no blank line before", from + "S: 1\n\nx\n" + from + "y\n", []string{"S: 1\n\nx\n" + from + "y\n"}},
		{"a sentence", from + "S: 1\n\nFrom then on it rained.\n", []string{"S: 1\n\nFrom then on it rained.\n"}},
		{"quoted", from + "S: 1\n\n>>From x\n> From y\n", []string{"S: 1\n\n>From x\n> From y\n"}},
		{"blank lines at the end", from + "S: 1\n\nx\n\n\n" + from + "S: 2\n\n", []string{"S: 1\n\nx\n\n", "S: 2\n"}},
		{"CRLF", "From a@b Tue Mar  5 14:30:00 2024\r\nS: 1\r\n\r\nx\r\n\r\nFrom a@b Tue Mar  5 14:30:00 2024\r\nS: 2\r\n", []string{"S: 1\r\n\r\nx\r\n", "S: 2\r\n"}},
		{"a long line", from + "S: 1\n\n" + strings.Repeat("x", 200_000) + "\n\n" + from + "S: 2\n", []string{"S: 1\n\n" + strings.Repeat("x", 200_000) + "\n", "S: 2\n"}},
		{"empty", from, []string{""}},
	} {
		var g gathered
		r, err := Mbox(source([]byte(c.in)), &g)
		if err != nil || r.Condition != candor.Done || fmt.Sprintf("%q", g.parts) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: %s, %.300q", c.name, r.Condition, g.parts)
		}
	}
}

func TestOddMessages(t *testing.T) {
	UseCharsets()
	for _, c := range []struct {
		name, in, text string
		cond           candor.Condition
		parts          int
	}{
		{"no header", "\r\nwords\r\n", "words\n", candor.Done, 0},
		{"HTML only", "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>one<p>two", "one\ntwo\n", candor.Done, 0},
		{"HTML that quotes", "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>mine<blockquote>one<br>two <b>three</b><blockquote>older</blockquote></blockquote>mine again</blockquote>",
			"mine\n> one\n> two three\n> > older\nmine again\n", candor.Done, 0},
		{"unknown charset", "Subject: x\r\nContent-Type: text/plain; charset=martian\r\n\r\nwords", "words\n", candor.Partial, 0},
		{"open end", "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords", "words\n", candor.Partial, 0},
		{"attached text", "Subject: x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"../../a.txt\"\r\n\r\nwords", "", candor.Done, 1},
		{"bad base64", "Subject: x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!", "", candor.Partial, 1},
	} {
		var g gathered
		r, _ := Read(source([]byte(c.in)), &g)
		if r.Condition != c.cond || g.String() != c.text || len(g.parts) != c.parts {
			t.Errorf("%s: %s (%s), %q, %d parts", c.name, r.Condition, r.Reason, g.String(), len(g.parts))
		}
	}
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte(fixture.Mbox))
	f.Add([]byte("From x y 1:23\n\n\n\nFrom x y 1:23\r\n>From\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if r, err := Mbox(source(in), &g); err != nil || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v, %v", r, err)
		}
		total := 0
		for _, p := range g.parts {
			total += len(p)
		}
		if total > len(in) {
			t.Errorf("%d bytes of messages in %d bytes", total, len(in))
		}
	})
}

func FuzzMail(f *testing.F) {
	UseCharsets()
	f.Add([]byte(fixture.Mail))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, _ := Read(source(in), &gathered{})
		if r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestTheOtherFormOfATextIsReadIfItSaysMore(t *testing.T) {
	UseCharsets()
	const html = "<p>The harbour was closed on <b>Tuesday</b> after the second fire, and Ana Lund signed.</p>"
	for plain, want := range map[string]string{
		"The harbour was closed on Tuesday after the second fire, and Ana Lund signed.\r\n":              "The harbour was closed on Tuesday after the second fire, and Ana Lund signed.",
		"The HARBOUR was closed on *Tuesday* after the second fire,\r\nand Ana Lund\r\nsigned. Bye!\r\n": "The HARBOUR was closed on *Tuesday* after the second fire,\nand Ana Lund\nsigned. Bye!",
		"Your program shows no HTML.\r\n": "Your program shows no HTML.\nThe harbour was closed on Tuesday after the second fire, and Ana Lund signed.",
		"":                                "The harbour was closed on Tuesday after the second fire, and Ana Lund signed.",
	} {
		in := "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + plain +
			"\r\n--b\r\nContent-Type: text/html\r\n\r\n" + html + "\r\n--b--\r\n"
		var g gathered
		r, err := Read(source([]byte(in)), &g)
		if got := strings.Join(strings.Fields(g.String()), " "); err != nil || r.Condition != candor.Done || got != strings.Join(strings.Fields(want), " ") {
			t.Errorf("%q: %s, %q, want %q", plain, r.Condition, got, want)
		}
	}
}

func TestALongOtherFormIsSaidToBeCut(t *testing.T) {
	UseCharsets()
	var html strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&html, "<p>word%d\r\n", i)
	}
	in := "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the other part.\r\n--b\r\nContent-Type: text/html\r\n\r\n" + html.String() + "\r\n--b--\r\n"
	var g gathered
	r, err := Read(source([]byte(in)), &g)
	if err != nil || r.Condition != candor.Partial || !strings.Contains(r.Reason, "longer than 1 MiB") || !strings.Contains(g.String(), "word1000\n") {
		t.Errorf("%s (%s), %v", r.Condition, r.Reason, err)
	}
}
