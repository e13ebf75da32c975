package query

import (
	"slices"
	"strings"
)

// IsMail reports whether a media type is that of a message.
func IsMail(mediaType string) bool {
	return mediaType == "message/rfc822" || mediaType == "application/vnd.ms-outlook" || mediaType == "application/vnd.ms-tnef"
}

// Quotes returns what a message's text repeats of other messages, as byte
// ranges in order: lines that begin with ">", the line that says who wrote them,
// and all that follows a line as mailers put it over a message that is answered
// or passed on. It goes by what mailers write in nine languages; a quotation
// without any sign of it is not told from the message.
func Quotes(text string) []Span {
	var out []Span
	quote := func(from, to int) {
		if n := len(out); n > 0 && out[n-1].End == from {
			out[n-1].End = to
			return
		}
		out = append(out, Span{from, to})
	}
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		line := strings.TrimSpace(text[at:end])
		switch {
		case strings.HasPrefix(line, ">"):
			quote(at, end)
		case isAttribution(line) || wraps(text, at, end):
			if !strings.HasPrefix(nextLine(text, end, isAttribution(line)), ">") {
				quote(at, len(text))
				return out
			}
			quote(at, end)
		case isBanner(line) || isHeaderBlock(text, at):
			quote(at, len(text))
			return out
		}
		at = end
	}
	return out
}

// lineEnd is where the line that begins at a place ends, with its line end.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// nextLine is the next line with words, or, if the attribution goes on in the
// next line, the one behind that.
func nextLine(text string, at int, whole bool) string {
	for at < len(text) {
		end := lineEnd(text, at)
		if line := strings.TrimSpace(text[at:end]); line != "" {
			if whole || !isAttributionEnd(line) {
				return line
			}
			whole = true
		}
		at = end
	}
	return ""
}

const mostAttribution = 200 // bytes

type attribution struct{ begin, end string }

// attributions are how lines begin and end that say who wrote what follows.
var attributions = []attribution{
	{"On ", " wrote:"}, {"Am ", " schrieb"}, {"Le ", " a écrit"}, {"El ", " escribió:"}, {"Il ", " ha scritto:"},
	{"Op ", " schreef"}, {"Em ", " escreveu:"}, {"Den ", " skrev"}, {"", " wrote:"}, {"", " писал(а):"}, {"", " пишет:"}, {"", " schrieb:"}, {"", " a écrit :"},
}

// isAttribution also asks for a digit or an address, which a sentence that
// happens to end so does not have.
func isAttribution(line string) bool {
	if len(line) > mostAttribution || !strings.HasSuffix(line, ":") || !strings.ContainsAny(line, "0123456789@") {
		return false
	}
	for _, a := range attributions {
		if strings.HasPrefix(line, a.begin) && strings.Contains(line, a.end) {
			return true
		}
	}
	return false
}

// isAttributionEnd reports whether a line may be the second half of one.
func isAttributionEnd(line string) bool {
	line = " " + line
	for _, a := range attributions {
		if strings.HasSuffix(line, ":") && strings.Contains(line, a.end) {
			return true
		}
	}
	return false
}

// wraps reports whether a line and the next are one attribution that a mailer
// has broken.
func wraps(text string, at, end int) bool {
	next := strings.TrimSpace(text[end:lineEnd(text, end)])
	line := strings.TrimSpace(text[at:end])
	begins := slices.ContainsFunc(attributions, func(a attribution) bool { return a.begin != "" && strings.HasPrefix(line, a.begin) })
	return begins && isAttributionEnd(next) && isAttribution(line+" "+next)
}

// banners stand over a message that is answered or passed on, between hyphens
// or underscores.
var banners = map[string]bool{
	"original message": true, "forwarded message": true, "original appointment": true, "ursprüngliche nachricht": true, "weitergeleitete nachricht": true,
	"message d'origine": true, "message original": true, "message transféré": true, "mensaje original": true, "mensaje reenviado": true, "messaggio originale": true,
	"messaggio inoltrato": true, "oorspronkelijk bericht": true, "doorgestuurd bericht": true, "mensagem original": true, "ursprungligt meddelande": true,
	"пересылаемое сообщение": true, "исходное сообщение": true,
}

func isBanner(line string) bool {
	switch line {
	case "Begin forwarded message:", "Anfang der weitergeleiteten Nachricht:", "Début du message réexpédié :", "Inizio messaggio inoltrato:":
		return true
	}
	inner := strings.Trim(line, "-_ ")
	return len(inner) < len(line)-3 && banners[strings.ToLower(strings.ReplaceAll(inner, "’", "'"))]
}

// headerNames are the first words of the lines that Outlook and others put over
// what they quote. The first of each language begins them.
var headerNames = [][]string{
	{"From", "Sent", "Date", "To", "Cc", "Subject"}, {"Von", "Gesendet", "Datum", "An", "Cc", "Betreff"}, {"De", "Envoyé", "Date", "À", "Cc", "Objet"},
	{"De", "Enviado", "Fecha", "Para", "CC", "Asunto"}, {"Da", "Inviato", "Data", "A", "Cc", "Oggetto"}, {"Van", "Verzonden", "Datum", "Aan", "CC", "Onderwerp"},
	{"De", "Enviado", "Data", "Para", "Cc", "Assunto"}, {"Från", "Skickat", "Datum", "Till", "Kopia", "Ämne"}, {"От", "Отправлено", "Дата", "Кому", "Копия", "Тема"},
}

// isHeaderBlock reports whether a line and the following are such a header: the
// first name, and two more in the next six lines.
func isHeaderBlock(text string, at int) bool {
	for _, names := range headerNames {
		if !hasName(text[at:], names[:1]) {
			continue
		}
		more, next := 0, lineEnd(text, at)
		for range 6 {
			if next < len(text) && hasName(text[next:], names[1:]) {
				more++
			}
			next = lineEnd(text, next)
		}
		if more >= 2 {
			return true
		}
	}
	return false
}

// hasName reports whether a line begins with one of some names and a colon.
func hasName(line string, names []string) bool {
	line = strings.TrimLeft(line, " \t*")
	for _, n := range names {
		if rest, ok := strings.CutPrefix(line, n); ok && strings.HasPrefix(strings.TrimLeft(rest, " *\u00a0"), ":") {
			return true
		}
	}
	return false
}
