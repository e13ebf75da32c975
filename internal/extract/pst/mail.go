package pst

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"candor/internal/extract/office"
)

// Properties of messages and attachments ([MS-OXPROPS]).
const (
	subject          = 0x0037
	submitted        = 0x0039
	transportHeaders = 0x007d
	senderName       = 0x0c1a
	senderAddress    = 0x0c1f
	displayBcc       = 0x0e02
	displayCc        = 0x0e03
	displayTo        = 0x0e04
	delivered        = 0x0e06
	plainBody        = 0x1000
	rtfBody          = 0x1009
	htmlBody         = 0x1013
	messageID        = 0x1035
	references       = 0x1039
	inReplyTo        = 0x1042
	displayName      = 0x3001
	attachData       = 0x3701
	attachShortName  = 0x3704
	attachMethod     = 0x3705
	attachName       = 0x3707
	attachType       = 0x370e
	attachContentID  = 0x3712
	internetCodePage = 0x3fde
	codePage         = 0x3ffd
	senderSMTP       = 0x5d01

	embeddedMessage = 5 // a method of attaching
)

// newMail reads a message as a mail file: its headers as they came if they are
// kept, else as far as its properties tell them. id tells its boundaries from
// those of messages inside it.
func newMail(o *object, id string, depth int) io.Reader {
	attachments := o.attachments()
	boundary := fmt.Sprintf("=_%s_%d", id, depth)
	parts := []io.Reader{strings.NewReader(o.headers() + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n")}
	add := func(head string, body io.Reader) {
		parts = append(parts, strings.NewReader("--"+boundary+"\r\n"+head+"\r\n"), body, strings.NewReader("\r\n"))
	}
	o.bodies(boundary+"_b", add)
	for i, a := range attachments {
		if head, body := o.attachment(a, fmt.Sprintf("%s_%d", id, i), depth); body != nil {
			add(head, body)
		}
	}
	return io.MultiReader(append(parts, strings.NewReader("--"+boundary+"--\r\n"))...)
}

// bodies hands on the message's words, in the one or two forms that there are.
func (o *object) bodies(boundary string, add func(string, io.Reader)) {
	const text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
	plain := o.text(plainBody)
	page, charset := []byte(o.text(htmlBody)), "utf-8"
	if len(page) == 0 {
		page, _ = o.bytes(htmlBody)
		_, charset = o.encoding()
	}
	html := "Content-Type: text/html; charset=" + charset + "\r\nContent-Transfer-Encoding: base64\r\n"
	if len(page) == 0 && strings.TrimSpace(plain) == "" {
		packed, _ := o.bytes(rtfBody)
		plain = office.TextOfRTF(packed)
	}
	switch {
	case len(page) == 0:
		add(text, encoded(strings.NewReader(plain)))
	case strings.TrimSpace(plain) == "":
		add(html, encoded(strings.NewReader(string(page))))
	default:
		add("Content-Type: multipart/alternative; boundary=\""+boundary+"\"\r\n", io.MultiReader(
			strings.NewReader("--"+boundary+"\r\n"+text+"\r\n"), encoded(strings.NewReader(plain)),
			strings.NewReader("\r\n--"+boundary+"\r\n"+html+"\r\n"), encoded(strings.NewReader(string(page))),
			strings.NewReader("\r\n--"+boundary+"--\r\n")))
	}
}

var (
	lineEnds = regexp.MustCompile(`[\r\n]+`)
	// mimeHeaders say how the message was packed when it came, which is not how it is packed here.
	mimeHeaders = regexp.MustCompile(`(?i)^(content-[a-z-]+|mime-version):`)
)

// headers are the header of the message, each line ended.
func (o *object) headers() string {
	if came := strings.TrimSpace(o.text(transportHeaders)); strings.Contains(came, ":") {
		return kept(came)
	}
	var b strings.Builder
	line := func(key, value string) {
		if value = lineEnds.ReplaceAllString(strings.TrimSpace(value), " "); value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", key, value)
		}
	}
	line("From", o.sender())
	line("To", o.text(displayTo))
	line("Cc", o.text(displayCc))
	line("Bcc", o.text(displayBcc))
	line("Subject", title(o.text(subject)))
	for _, id := range []uint16{submitted, delivered} {
		if t := o.time(id); !t.IsZero() {
			line("Date", t.Format(time.RFC1123Z))
			break
		}
	}
	line("Message-Id", o.text(messageID))
	line("In-Reply-To", o.text(inReplyTo))
	line("References", o.text(references))
	return b.String()
}

// kept leaves out the lines of MIME, with those that go on from them, and
// whatever is no header.
func kept(came string) string {
	var b strings.Builder
	skip := true
	for line := range strings.Lines(strings.ReplaceAll(came, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			skip = mimeHeaders.MatchString(line) || !strings.Contains(line, ":")
		}
		if !skip {
			b.WriteString(line + "\r\n")
		}
	}
	return b.String()
}

// title takes away the mark that tells how long a subject's "Re: " is.
func title(s string) string {
	if r := []rune(s); len(r) > 2 && r[0] == 1 {
		return string(r[2:])
	}
	return s
}

func (o *object) sender() string {
	who := o.text(senderName)
	for _, id := range []uint16{senderSMTP, senderAddress} {
		if a := o.text(id); strings.Contains(a, "@") {
			if who == a {
				who = ""
			}
			return (&netmail.Address{Name: who, Address: a}).String()
		}
	}
	return who
}

// attachments lists the attachments, in their order.
func (o *object) attachments() []node {
	var all []node
	for _, n := range o.below {
		if n.kind() == attach {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b node) int { return int(int64(a.id) - int64(b.id)) })
	return all
}

// attachment reads one attachment as a part of a mail file. One that cannot be
// read at all is a reader that fails, so that the message counts as cut.
func (o *object) attachment(n node, id string, depth int) (string, io.Reader) {
	a, err := o.d.object(n)
	if err != nil {
		return "", failing{err}
	}
	file := a.text(attachName)
	if file == "" {
		file = a.text(attachShortName)
	}
	if p := a.properties[attachData]; p.kind == typeObject && a.number(attachMethod) == embeddedMessage {
		inner, ok := a.below[le(a.allocated(p.at), 0, 4)]
		if !ok || depth >= deepestMessage {
			return "", failing{errDamaged}
		}
		return "Content-Type: message/rfc822\r\n" + disposition(file+".eml"), &later{open: func() io.Reader {
			m, err := o.d.object(inner)
			if err != nil {
				return failing{err}
			}
			return newMail(m, id, depth+1)
		}}
	}
	data, err := a.stream(attachData)
	switch {
	case err != nil:
		return "", failing{err}
	case data == nil: // a mere link to a file
		return "", nil
	}
	head := "Content-Type: " + mediaType(a.text(attachType)) + "\r\n" + disposition(file) + "Content-Transfer-Encoding: base64\r\n"
	if cid := lineEnds.ReplaceAllString(a.text(attachContentID), ""); cid != "" {
		head += "Content-Id: <" + cid + ">\r\n"
	}
	return head, encoded(data)
}

func mediaType(stated string) string {
	if typ, _, err := mime.ParseMediaType(stated); err == nil && strings.Contains(typ, "/") && !strings.HasPrefix(typ, "multipart/") && !strings.HasPrefix(typ, "message/") {
		return typ
	}
	return "application/octet-stream"
}

func disposition(file string) string {
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": lineEnds.ReplaceAllString(file, " ")}); d != "" {
		return "Content-Disposition: " + d + "\r\n"
	}
	return "Content-Disposition: attachment\r\n"
}

// later opens a reader when it is read: many messages inside many others are
// bounded by what is read of them, and never stand in memory together.
type later struct {
	open func() io.Reader
	r    io.Reader
}

func (l *later) Read(p []byte) (int, error) {
	if l.r == nil {
		l.r = l.open()
	}
	return l.r.Read(p)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// encoded reads what r gives in base64, in lines of 76 (RFC 2045 6.8).
func encoded(r io.Reader) io.Reader { return &encoder{r: r} }

type encoder struct {
	r    io.Reader
	left []byte
	raw  [57]byte
	end  error
}

func (e *encoder) Read(p []byte) (int, error) {
	if len(e.left) == 0 {
		if e.end != nil {
			return 0, e.end
		}
		n, err := io.ReadFull(e.r, e.raw[:])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			e.end = io.EOF
		default:
			return 0, err
		}
		e.left = append(base64.StdEncoding.AppendEncode(e.left[:0], e.raw[:n]), "\r\n"...)
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}
