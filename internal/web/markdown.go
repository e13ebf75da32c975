package web

import (
	"html/template"
	"net/url"
	"strings"
)

// markdown renders the part of Markdown that terms of use are written in:
// headings, paragraphs, lists, block quotes, emphasis, code and links. Every
// character of the text is escaped; markup in it stays text. Links lead to
// https, http, mailto and local addresses only.
func markdown(text string) template.HTML {
	var m markdownWriter
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		m.line(line)
	}
	m.close()
	return template.HTML(m.out.String())
}

// markdownWriter holds the block that is being written.
type markdownWriter struct {
	out   strings.Builder
	block string   // "", p, ul, ol, blockquote, pre
	lines []string // of a paragraph or item, not yet written
}

func (m *markdownWriter) line(line string) {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "```") {
		m.fence()
		return
	}
	if m.block == "pre" {
		m.out.WriteString(template.HTMLEscapeString(line) + "\n")
		return
	}
	if level := headingLevel(trimmed); level > 0 {
		m.close()
		tag := "h" + string(rune('0'+min(level+1, 6))) // the page has its own h1
		m.out.WriteString("<" + tag + ">" + inline(strings.TrimSpace(strings.Trim(trimmed, "#"))) + "</" + tag + ">\n")
		return
	}
	switch item, kind := listItem(trimmed); {
	case trimmed == "":
		m.close()
	case kind != "":
		m.item(kind, item)
	case strings.HasPrefix(trimmed, ">"):
		m.open("blockquote")
		m.lines = append(m.lines, strings.TrimSpace(trimmed[1:]))
	default:
		if m.block == "" {
			m.open("p")
		}
		m.lines = append(m.lines, trimmed)
	}
}

func (m *markdownWriter) fence() {
	if m.block == "pre" {
		m.out.WriteString("</code></pre>\n")
		m.block = ""
		return
	}
	m.close()
	m.block = "pre"
	m.out.WriteString("<pre><code>")
}

func (m *markdownWriter) open(block string) {
	if m.block == block {
		return
	}
	m.close()
	m.block = block
	m.out.WriteString("<" + block + ">")
}

func (m *markdownWriter) item(kind, text string) {
	if m.block == kind {
		m.flushItem()
	} else {
		m.open(kind)
	}
	m.lines = []string{text}
}

func (m *markdownWriter) flushItem() {
	m.out.WriteString("<li>" + inline(strings.Join(m.lines, " ")) + "</li>\n")
	m.lines = nil
}

func (m *markdownWriter) close() {
	switch m.block {
	case "":
		return
	case "pre":
		m.out.WriteString("</code>")
	case "ul", "ol":
		m.flushItem()
	default:
		m.out.WriteString(inline(strings.Join(m.lines, " ")))
	}
	m.out.WriteString("</" + m.block + ">\n")
	m.block, m.lines = "", nil
}

func headingLevel(line string) int {
	n := 0
	for n < len(line) && line[n] == '#' {
		n++
	}
	if n == 0 || n > 6 || n == len(line) || line[n] != ' ' {
		return 0
	}
	return n
}

func listItem(line string) (text, kind string) {
	for _, mark := range []string{"- ", "* ", "+ "} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return rest, "ul"
		}
	}
	digits := strings.TrimLeft(line, "0123456789")
	if rest, ok := strings.CutPrefix(digits, ". "); ok && len(digits) < len(line) {
		return rest, "ol"
	}
	return "", ""
}

// inline renders code, links and emphasis within a block.
func inline(text string) string {
	var out strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "`[*_")
		if i < 0 {
			break
		}
		out.WriteString(template.HTMLEscapeString(text[:i]))
		html, n := span(text[i:], i > 0 && isWordByte(text[i-1]))
		out.WriteString(html)
		text = text[i+n:]
	}
	out.WriteString(template.HTMLEscapeString(text))
	return out.String()
}

// span renders what begins at text and returns how much of it that took.
func span(text string, inWord bool) (html string, n int) {
	switch text[0] {
	case '`':
		if end := strings.IndexByte(text[1:], '`'); end > 0 {
			return "<code>" + template.HTMLEscapeString(text[1:1+end]) + "</code>", end + 2
		}
	case '[':
		if html, n := link(text); n > 0 {
			return html, n
		}
	default:
		if html, n := emphasis(text, inWord); n > 0 {
			return html, n
		}
	}
	return template.HTMLEscapeString(text[:1]), 1
}

func emphasis(text string, inWord bool) (string, int) {
	if inWord && text[0] == '_' {
		return "", 0
	}
	for _, e := range []struct{ mark, tag string }{{"**", "strong"}, {"__", "strong"}, {"*", "em"}, {"_", "em"}} {
		rest, ok := strings.CutPrefix(text, e.mark)
		if !ok {
			continue
		}
		end := strings.Index(rest, e.mark)
		if end <= 0 || rest[0] == ' ' || rest[end-1] == ' ' {
			continue
		}
		return "<" + e.tag + ">" + template.HTMLEscapeString(rest[:end]) + "</" + e.tag + ">", end + 2*len(e.mark)
	}
	return "", 0
}

func link(text string) (string, int) {
	mid := strings.Index(text, "](")
	if mid < 1 || strings.ContainsAny(text[1:mid], "[]") {
		return "", 0
	}
	end := strings.IndexByte(text[mid:], ')')
	if end < 0 {
		return "", 0
	}
	label, target := text[1:mid], text[mid+2:mid+end]
	if !safeLink(target) {
		return template.HTMLEscapeString(label), mid + end + 1
	}
	return `<a href="` + template.HTMLEscapeString(target) + `" rel="noreferrer">` + template.HTMLEscapeString(label) + "</a>", mid + end + 1
}

func safeLink(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "https", "http":
		return u.Host != ""
	case "mailto":
		return true
	case "":
		return localPath(target) == target || strings.HasPrefix(target, "#")
	}
	return false
}

func isWordByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}
