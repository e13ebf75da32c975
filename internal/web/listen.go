package web

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"candor"
)

// mostSeconds is where in a recording one can begin to listen at most.
const mostSeconds = 7 * 24 * 3600

// viewSound serves the sound of a recording from a second on, made anew in a
// confined process; the original itself is not played.
func (s *server) viewSound(w http.ResponseWriter, v *visit) error {
	opened, err := s.opened(v)
	if err != nil {
		return err
	}
	from := number(v.FormValue("from"), 0)
	if !candor.IsRecording(opened.Item.Type) || from < 0 || from > mostSeconds {
		return candor.Errorf(candor.NotFound, "There is nothing to listen to here.")
	}
	sound, err := opened.Contents.Sound(v.Context(), time.Duration(from)*time.Second)
	if err != nil {
		return err
	}
	return sendMade(w, v, "audio/webm", sound)
}

// timeCode stands at the beginning of a line of what is said in a recording.
var timeCode = regexp.MustCompile(`(?m)^\[(\d{1,3}:\d\d:\d\d)\] `)

// timed sets the times of lines apart in a text that has been divided already.
func timed(pieces []piece) (out []piece) {
	begins := true // whether a line does with this piece
	for _, p := range pieces {
		at := 0
		for _, m := range timeCode.FindAllStringSubmatchIndex(p.Text, -1) {
			if p.Mark || m[0] == 0 && !begins {
				continue
			}
			if m[0] > at {
				out = append(out, piece{Text: p.Text[at:m[0]]})
			}
			code := p.Text[m[2]:m[3]]
			out = append(out, piece{Text: code, Time: true, At: int(candor.ParseTimeCode(code) / time.Second)})
			at = m[1]
		}
		if at < len(p.Text) {
			out = append(out, piece{Text: p.Text[at:], Mark: p.Mark})
		}
		begins = strings.HasSuffix(p.Text, "\n")
	}
	return out
}
