package kind

import (
	"bytes"
	"strings"

	"candor/internal/extract/mail"
)

// mailHeaders are the fields (RFC 5322, 2045) that messages begin with. The
// strong ones stand in little else.
var mailHeaders = map[string]bool{
	"received": true, "return-path": true, "message-id": true, "mime-version": true, "delivered-to": true, "x-mailer": true,
	"dkim-signature": true, "in-reply-to": true, "references": true, "reply-to": true, "content-transfer-encoding": true,
	"list-id": true, "x-original-to": true, "authentication-results": true, "arc-seal": true,
	"from": false, "to": false, "cc": false, "subject": false, "date": false, "sender": false, "content-type": false,
}

// header reads the fields at the start of a text: how many are a mail's, how
// many of those are strong, and whether only fields stand there.
func header(head []byte) (known, strong int, from, clean bool) {
	for n := 0; n < 200; n++ {
		line, rest, more := bytes.Cut(head, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			return known, strong, from, n > 0
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := bytes.Cut(line, []byte(":"))
			if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t<>\"'(){}") {
				return known, strong, from, false
			}
			key := strings.ToLower(string(name))
			if s, ok := mailHeaders[key]; ok {
				known++
				from = from || key == "from"
				if s {
					strong++
				}
			}
		}
		if !more {
			break
		}
		head = rest
	}
	return known, strong, from, true // the head ends inside the header
}

func looksLikeMail(head []byte) bool {
	known, strong, from, clean := header(head)
	return clean && (strong >= 1 && known >= 2 || from && known >= 3)
}

func looksLikeHeader(head []byte) bool {
	known, _, _, clean := header(head)
	return clean && known >= 1
}

// looksLikeMbox recognises RFC 4155: a From line, then a message's header.
func looksLikeMbox(head []byte) bool {
	line, rest, ok := bytes.Cut(head, []byte("\n"))
	if !ok || !bytes.HasPrefix(line, []byte("From ")) || !mail.FromLine(line) {
		return false
	}
	known, _, _, _ := header(rest)
	return known >= 1
}

// looksLikeManual recognises man(7) and mdoc(7): a title request before any text.
func looksLikeManual(head []byte) bool {
	if head[0] != '.' && head[0] != '\'' {
		return false
	}
	for n := 0; n < 400; n++ {
		line, rest, more := bytes.Cut(head, []byte("\n"))
		switch {
		case bytes.HasPrefix(line, []byte(".TH ")), bytes.HasPrefix(line, []byte(".Dd")), bytes.HasPrefix(line, []byte(".Dt ")), bytes.HasPrefix(line, []byte(".so ")):
			return true
		}
		if !more {
			return false
		}
		head = rest
	}
	return false
}
