package office

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

// Properties of a message ([MS-OXPROPS]), as they stand in the names of streams.
const (
	msgSubject    = "0037"
	msgBody       = "1000"
	msgHTML       = "1013"
	msgRTF        = "1009"
	msgSenderName = "0C1A"
	msgSenderMail = "5D01" // by SMTP
	msgSenderAny  = "0C1F"
	msgTo         = "0E04"
	msgCc         = "0E03"
	msgBcc        = "0E02"
	msgHeaders    = "007D"
	msgID         = "1035"
	msgName       = "3001"
	msgMail       = "39FE"
	msgMailAny    = "3003"
	msgData       = "3701"
	msgFile       = "3707"
	msgFileShort  = "3704"

	msgCodepage     = 0x3FFD0003
	msgInternetPage = 0x3FDE0003

	msgSent      = 0x0039
	msgDelivered = 0x0E06

	deepestMessage = 8 // messages inside one another
)

// outlook reads one message: the file itself, or one attached to it.
type outlook struct {
	c    *compound
	at   string // storage, with a slash; "" is the root
	lost int
}

// readOutlook reads a message of Outlook ([MS-OXMSG]): its text, who wrote it to
// whom and when, and its attachments as parts. A message attached to it becomes
// a part as a mail file.
func readOutlook(c *compound, w *plain.Writer, r *candor.Reading, sink candor.Sink) error {
	m := &outlook{c: c}
	m.describe(r)
	_, _ = w.WriteString(m.body())
	if w.Err() != nil {
		return nil // told by Close
	}
	err := m.attachments(sink, 0)
	if m.lost > 0 {
		r.Lack(fmt.Sprintf("%d of its attachments could not be read", m.lost))
	}
	return err
}

// property returns a text property, from either of its two forms.
func (m *outlook) property(id string) string {
	if b, err := m.c.read(m.at + "__substg1.0_" + id + "001F"); err == nil && b != nil {
		return strings.TrimRight(wide(b), "\x00")
	}
	b, err := m.c.read(m.at + "__substg1.0_" + id + "001E")
	if err != nil || b == nil {
		return ""
	}
	text, _ := m.c.narrow().NewDecoder().Bytes(b)
	return strings.TrimRight(string(text), "\x00")
}

// narrow is the encoding of a message's properties that are not in UTF-16: its
// code page, or that of the mail it came by.
func (c *compound) narrow() encoding.Encoding {
	b, err := c.read("__properties_version1.0")
	if err != nil {
		return charmap.Windows1252
	}
	found := map[uint32]int{}
	for at := 32; at+16 <= len(b); at += 16 {
		found[binary.LittleEndian.Uint32(b[at:])] = int(binary.LittleEndian.Uint32(b[at+8:]))
	}
	for _, tag := range []uint32{msgCodepage, msgInternetPage} {
		if e, _ := plain.CodePage(found[tag]); e != nil {
			return e
		}
	}
	return charmap.Windows1252
}

// body is the text of the message, out of HTML or RTF if there is no other.
func (m *outlook) body() string {
	if text := m.property(msgBody); strings.TrimSpace(text) != "" {
		return text
	}
	b, err := m.c.read(m.at + "__substg1.0_" + msgHTML + "0102")
	if err != nil || b == nil {
		b = []byte(m.property(msgHTML))
	}
	if text := seen(b); strings.TrimSpace(text) != "" {
		return text
	}
	packed, _ := m.c.read(m.at + "__substg1.0_" + msgRTF + "0102")
	return TextOfRTF(packed)
}

// seen is what a reader of a page sees.
func seen(page []byte) string {
	var kept words
	r, _ := plain.DecodeHTML(page[:min(len(page), 1024)], "", bytes.NewReader(page))
	w := plain.NewWriter(&kept)
	_, err := plain.StripMessage(r, w)
	if cerr := w.Close(); err != nil || cerr != nil {
		return kept.String() // as far as it could be read
	}
	return kept.String()
}

// words is a sink that keeps text.
type words struct{ strings.Builder }

func (k *words) Text(p []byte) error {
	k.Write(p)
	return nil
}

func (k *words) Part(_ candor.Place, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (m *outlook) describe(r *candor.Reading) {
	r.Title = m.property(msgSubject)
	for _, f := range []struct{ name, value string }{
		{"mail:From", m.sender()}, {"mail:To", m.property(msgTo)}, {"mail:Cc", m.property(msgCc)}, {"mail:Bcc", m.property(msgBcc)},
		{"mail:Subject", r.Title}, {"mail:Message-Id", m.property(msgID)},
	} {
		if v := strings.TrimSpace(f.value); v != "" {
			r.Fields = append(r.Fields, candor.Field{Name: f.name, Value: v})
		}
	}
	if from := m.sender(); from != "" {
		r.People = append(r.People, from)
	}
	for _, at := range m.storages("__recip_version1.0_") {
		who := &outlook{c: m.c, at: at}
		p := mailbox(who.property(msgName), who.property(msgMail), who.property(msgMailAny))
		if p != "" && len(r.People) < 1000 {
			r.People = append(r.People, p)
		}
	}
	if t := m.date(); !t.IsZero() {
		r.Date, r.DateFrom = t, "mail:Date"
		r.Fields = append(r.Fields, candor.Field{Name: "mail:Date", Value: t.Format(time.RFC1123Z)})
	}
}

func (m *outlook) sender() string {
	return mailbox(m.property(msgSenderName), m.property(msgSenderMail), m.property(msgSenderAny))
}

// mailbox is a name with its address, of which an internal one is none.
func mailbox(name string, addresses ...string) string {
	name = strings.TrimSpace(name)
	for _, a := range addresses {
		if a = strings.TrimSpace(a); strings.Contains(a, "@") {
			if name == "" || name == a {
				return a
			}
			return name + " <" + a + ">"
		}
	}
	return name
}

// date looks for the time of sending, then of delivery, among the properties of
// fixed length.
func (m *outlook) date() time.Time {
	b, err := m.c.read(m.at + "__properties_version1.0")
	if err != nil {
		return time.Time{}
	}
	skip := 32
	if m.at != "" {
		skip = 24
	}
	found := map[uint16]time.Time{}
	for at := skip; at+16 <= len(b); at += 16 {
		kind, id := binary.LittleEndian.Uint16(b[at:]), binary.LittleEndian.Uint16(b[at+2:])
		if kind != 0x0040 {
			continue
		}
		const unixEpoch = 116444736000000000 // in units of 100 ns since 1601
		ticks := int64(binary.LittleEndian.Uint64(b[at+8:])) - unixEpoch
		if t := time.Unix(ticks/1e7, ticks%1e7*100).UTC(); t.Year() > 1980 && t.Year() < 10000 {
			found[id] = t
		}
	}
	if t, ok := found[msgSent]; ok {
		return t
	}
	return found[msgDelivered]
}

// storages lists the storages directly inside that begin so, with their slash.
func (m *outlook) storages(prefix string) []string {
	var out []string
	for _, n := range m.c.names {
		rest, ok := strings.CutPrefix(n, m.at+prefix)
		if ok && !strings.Contains(rest, "/") {
			out = append(out, n+"/")
		}
	}
	return out
}

func (m *outlook) attachments(sink candor.Sink, depth int) error {
	for _, at := range m.storages("__attach_version1.0_") {
		a := &outlook{c: m.c, at: at}
		file := a.property(msgFile)
		if file == "" {
			file = a.property(msgFileShort)
		}
		data, err := m.c.read(at + "__substg1.0_" + msgData + "0102")
		if inside := at + "__substg1.0_" + msgData + "000D/"; data == nil && m.c.streams[strings.TrimSuffix(inside, "/")] != nil {
			inner := &outlook{c: m.c, at: inside}
			data, file = inner.mail(), inner.property(msgSubject)+".eml"
			if depth < deepestMessage {
				if err := inner.attachments(sink, depth+1); err != nil {
					return err
				}
				m.lost += inner.lost
			}
		}
		if err != nil || data == nil {
			m.lost++
			continue
		}
		if file == "" {
			file = "attachment"
		}
		if err := sink.Part(candor.Place{Path: name.Base(file)}, bytes.NewReader(data)); err != nil {
			return err
		}
	}
	return nil
}

var lineEnds = regexp.MustCompile(`[\r\n]+`)

// mail makes a mail file of a message: its headers as they came, or as far as
// its properties tell them, and its text.
func (m *outlook) mail() []byte {
	var b strings.Builder
	line := func(key, value string) {
		if value = lineEnds.ReplaceAllString(strings.TrimSpace(value), " "); value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", key, value)
		}
	}
	line("From", m.sender())
	line("To", m.property(msgTo))
	line("Cc", m.property(msgCc))
	line("Subject", m.property(msgSubject))
	if t := m.date(); !t.IsZero() {
		line("Date", t.Format(time.RFC1123Z))
	}
	line("Message-Id", m.property(msgID))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(m.body())
	return []byte(b.String())
}
