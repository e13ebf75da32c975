package candor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Recording is what was found out about sound or moving pictures.
type Recording struct {
	Extraction               // what the file says of itself
	Length     time.Duration // 0 when not known
	Thumbnail  []byte        // image/jpeg: pictures from all over it; nil for sound
	Captions   []Line        // that stand in it
	Spoken     []Line        // as a machine has heard it
	By         string        // which machine; "" when none listened
	Lacks      []string      // what could not be had, fit to be shown
}

// IsRecording tells sound and moving pictures by their media type.
func IsRecording(typ string) bool {
	return strings.HasPrefix(typ, "audio/") || strings.HasPrefix(typ, "video/") || typ == "application/ogg"
}

// Line is something said at a time, counted from the beginning.
type Line struct {
	At   time.Duration
	Text string
}

// TimeCode writes a time as hours, minutes and seconds: 0:01:23.
func TimeCode(at time.Duration) string {
	s := int64(max(at, 0) / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// ParseTimeCode reads hours, minutes and seconds, or the last two, with or without
// thousandths: 1:02:03, 02:03.500, 00:02:03,500. What is none is 0.
func ParseTimeCode(s string) (at time.Duration) {
	whole, thousandths, _ := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	for part := range strings.SplitSeq(whole, ":") {
		n, _ := strconv.Atoi(part)
		at = at*60 + time.Duration(n)*time.Second
	}
	ms, _ := strconv.Atoi(thousandths)
	return at + time.Duration(ms)*time.Millisecond
}

// Text is what is said in a recording, a line each with its time: captions,
// then, behind an empty line, what a machine has heard.
func (r Recording) Text() string {
	var b strings.Builder
	for _, part := range [][]Line{r.Captions, r.Spoken} {
		if len(part) > 0 && b.Len() > 0 {
			b.WriteByte('\n')
		}
		for _, l := range part {
			fmt.Fprintf(&b, "[%s] %s\n", TimeCode(l.At), l.Text)
		}
	}
	return b.String()
}
