package plain

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"candor"
)

// Troff reads a manual page (man(7), mdoc(7)) as text: its words without its
// macros. Layout is not kept.
func Troff(src candor.Source, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: "text/troff", Condition: candor.Done}
	head, err := Head(src)
	if err != nil {
		return Unreadable(reading, err), nil
	}
	r, _ := Decode(head, io.NewSectionReader(src, 0, src.Size))
	w := NewWriter(sink)
	m := roff{w: w}
	err = m.read(r)
	if cerr := w.Close(); cerr != nil {
		return reading, cerr
	}
	if err != nil {
		return Unreadable(reading, err), nil
	}
	reading.Title = m.title
	if m.date != "" {
		reading.Fields = append(reading.Fields, candor.Field{Name: "doc:Date", Value: m.date})
		if t, ok := ParseDate(m.date); ok {
			reading.Date, reading.DateFrom = t, "doc:Date"
		}
	}
	reading.Language = w.Language()
	return reading, nil
}

type roff struct {
	w     *Writer
	title string
	date  string
	name  string // mdoc's .Nm
	skip  bool   // inside a macro's definition
	open  bool   // text stands on the line
}

func (m *roff) read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for m.w.Err() == nil {
		line, err := lines.ReadSlice('\n') // a longer line is read in pieces
		if len(line) > 0 {
			m.line(strings.TrimRight(string(line), "\r\n"))
		}
		if err == io.EOF {
			m.end()
			return nil
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
	}
	return nil
}

func (m *roff) line(s string) {
	switch {
	case m.skip:
		m.skip = s != ".."
	case s == "":
		m.end()
	case s[0] == '.' || s[0] == '\'':
		m.request(strings.TrimLeft(s[1:], " \t"))
	default:
		m.words(s)
	}
}

func (m *roff) words(s string) {
	s = unescapeRoff(s)
	if s == "" {
		return
	}
	if m.open {
		_, _ = m.w.WriteString(" ")
	}
	_, _ = m.w.WriteString(s)
	m.open = true
}

func (m *roff) end() {
	if m.open {
		m.w.Line()
		m.open = false
	}
}

func (m *roff) request(s string) {
	name, rest, _ := strings.Cut(s, " ")
	if strings.HasPrefix(name, `\"`) || name == "" {
		return
	}
	switch name {
	case "TH", "Dt":
		m.header(arguments(rest))
	case "Dd":
		m.date = unescapeRoff(rest)
	case "SH", "SS", "Sh", "Ss":
		m.end()
		m.words(strings.Join(arguments(rest), " "))
		m.end()
	case "PP", "P", "LP", "TP", "IP", "HP", "sp", "br", "RS", "RE", "nf", "fi", "EX", "EE", "Pp", "It", "Bl", "El", "Bd", "Ed", "TQ":
		m.end()
		if name == "IP" || name == "It" {
			m.words(strings.Join(mdocWords(arguments(rest)), " "))
		}
	case "de", "ig", "am", "de1":
		m.skip = true
	case "Nm":
		m.nm(rest)
	case "so":
		m.words("see " + rest)
	default:
		m.other(name, rest)
	}
}

func (m *roff) header(args []string) {
	if len(args) >= 2 {
		m.title = args[0] + "(" + args[1] + ")"
	}
	if len(args) >= 3 {
		m.date = args[2]
	}
	m.words(m.title)
	m.end()
}

func (m *roff) nm(rest string) {
	if args := arguments(rest); len(args) > 0 {
		if m.name == "" {
			m.name = args[0]
		}
		m.words(strings.Join(args, " "))
		return
	}
	m.words(m.name)
}

// other keeps the arguments of macros that mark words, and drops requests that
// only format: those have lower-case names.
func (m *roff) other(name, rest string) {
	if name[0] < 'A' || name[0] > 'Z' {
		return
	}
	switch name {
	case "B", "I", "SB", "SM", "R":
		m.words(strings.Join(arguments(rest), " "))
	case "BR", "RB", "BI", "IB", "IR", "RI":
		m.words(strings.Join(arguments(rest), ""))
	default:
		m.words(strings.Join(mdocWords(append([]string{name}, arguments(rest)...)), " "))
	}
}

// mdocWords drops the macro names among arguments, which mdoc calls by writing
// them as words, and shows flags with their dash.
func mdocWords(args []string) []string {
	var out []string
	dash := false
	for _, a := range args {
		if len(a) == 2 && a[0] >= 'A' && a[0] <= 'Z' && a[1] >= 'a' && a[1] <= 'z' {
			dash = a == "Fl"
			continue
		}
		if dash {
			a, dash = "-"+a, false
		}
		out = append(out, a)
	}
	return out
}

// arguments splits a macro's arguments: words, or anything between quotes.
func arguments(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " \t") {
		if strings.HasPrefix(s, `\"`) {
			break
		}
		var arg string
		if s[0] == '"' {
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				end = len(s) - 1
			}
			arg, s = s[1:1+end], s[min(len(s), end+2):]
		} else {
			end := endOfWord(s)
			arg, s = s[:end], s[end:]
		}
		out = append(out, unescapeRoff(arg))
	}
	return out
}

// endOfWord finds the space that ends a word; "\ " is part of it.
func endOfWord(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ' ', '\t':
			return i
		}
	}
	return len(s)
}

var roffGlyphs = map[string]string{"aq": "'", "lq": "“", "rq": "”", "dq": `"`, "oq": "‘", "cq": "’", "em": "—", "en": "–", "hy": "-",
	"bu": "•", "co": "©", "rg": "®", "tm": "™", "ha": "^", "ti": "~", "rs": `\`, "ga": "`", "->": "→", "<-": "←", ">=": "≥", "<=": "≤",
	"mu": "×", "de": "°", "sc": "§", "+-": "±", ":a": "ä", ":o": "ö", ":u": "ü", ":A": "Ä", ":O": "Ö", ":U": "Ü", "ss": "ß", "'e": "é", "'a": "á",
	"'i": "í", "'o": "ó", "'u": "ú", "`e": "è", "`a": "à", "^e": "ê", ",c": "ç", "~n": "ñ", "oe": "œ", "ae": "æ", "L\"": "“", "R\"": "”"}

// unescapeRoff replaces escapes by what they show.
func unescapeRoff(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i >= len(s) {
			break
		}
		if s[i] == '"' { // a comment to the line's end
			break
		}
		i += roffEscape(&b, s[i:]) - 1
	}
	return b.String()
}

// roffEscape writes what the escape at the start of s (after its backslash)
// shows, and returns its length.
func roffEscape(b *bytes.Buffer, s string) int {
	switch s[0] {
	case '-', '.', '\'', '`', '_':
		b.WriteByte(s[0])
	case 'e', '\\':
		b.WriteByte('\\')
	case ' ', '~', '0', 't':
		b.WriteByte(' ')
	case '(', '[':
		name, n := roffName(s)
		b.WriteString(roffGlyphs[name])
		return n
	case '*', 'f', 'n', 'F', 'm', 'M', 'g', 'k':
		name, n := roffName(s[1:])
		if s[0] == '*' {
			b.WriteString(roffGlyphs[name])
		}
		return 1 + n
	case 's':
		return roffSize(s)
	case 'h', 'v', 'w', 'l', 'L', 'o', 'b', 'D', 'x', 'X', 'Z':
		if len(s) > 1 {
			if end := strings.IndexByte(s[2:], s[1]); end >= 0 {
				return end + 3
			}
		}
	}
	return 1
}

// roffName takes a name in one of its three forms: x, (xx, [xxx].
func roffName(s string) (string, int) {
	switch {
	case s == "":
		return "", 0
	case s[0] == '(' && len(s) >= 3:
		return s[1:3], 3
	case s[0] == '[':
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end], end + 1
		}
	}
	return s[:1], 1
}

func roffSize(s string) int {
	n := 1
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	if n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
