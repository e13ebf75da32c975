package media

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor"
)

// probed is what ffprobe tells of a file.
type probed struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Name     string            `json:"format_long_name"`
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
	Chapters []struct {
		Start string            `json:"start_time"`
		Tags  map[string]string `json:"tags"`
	} `json:"chapters"`
}

type stream struct {
	Kind        string            `json:"codec_type"`
	Codec       string            `json:"codec_name"`
	Duration    string            `json:"duration"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	Rate        string            `json:"avg_frame_rate"`
	SampleRate  string            `json:"sample_rate"`
	Channels    int               `json:"channels"`
	Tags        map[string]string `json:"tags"`
	Disposition struct {
		Cover int `json:"attached_pic"`
	} `json:"disposition"`
}

// Bounds of what a file may say of itself.
const (
	mostTags     = 100
	mostStreams  = 50
	mostTagBytes = 4 << 10
	mostChapters = 200
)

func parseProbe(data []byte) (p probed, err error) {
	if err := json.Unmarshal(data, &p); err != nil {
		return p, candor.Wrap(err, candor.Invalid, "what ffprobe says of the file cannot be read")
	}
	p.Streams = p.Streams[:min(len(p.Streams), mostStreams)]
	if !p.has("audio") && !p.has("video") && !p.has("subtitle") {
		return p, candor.Errorf(candor.Invalid, "there is no sound and no moving picture in it")
	}
	return p, nil
}

func (p probed) of(kind string) (out []stream) {
	for _, s := range p.Streams {
		if s.Kind == kind {
			out = append(out, s)
		}
	}
	return out
}

func (p probed) has(kind string) bool { return len(p.of(kind)) > 0 }

// length is the longest duration that anything in the file states.
func (p probed) length() time.Duration {
	longest := decimal(p.Format.Duration)
	for _, s := range p.Streams {
		longest = max(longest, decimal(s.Duration))
	}
	return longest
}

// recording tells of a file what it says of itself.
func (p probed) recording() candor.Recording {
	rec := candor.Recording{Length: p.length()}
	add := func(name, value string) {
		if value = clean(value); value != "" && len(rec.Fields) < mostTags {
			rec.Fields = append(rec.Fields, candor.Field{Name: "media:" + name, Value: value})
		}
	}
	if rec.Length > 0 {
		add("Duration", candor.TimeCode(rec.Length))
	}
	add("Format", p.Format.Name)
	for _, s := range p.Streams {
		add(strings.ToUpper(s.Kind[:min(1, len(s.Kind))])+s.Kind[min(1, len(s.Kind)):], s.says())
	}
	tags := p.Format.Tags
	for _, s := range p.Streams { // Ogg has its tags on the stream
		if len(tags) == 0 && s.Kind == "audio" {
			tags = s.Tags
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		add("Tag-"+tagName(name), tags[name])
		switch strings.ToLower(name) {
		case "title":
			rec.Title = clean(tags[name])
		case "artist", "author", "composer", "album_artist", "performer":
			if who := clean(tags[name]); who != "" && !slices.Contains(rec.People, who) {
				rec.People = append(rec.People, who)
			}
		case "creation_time", "date", "com.apple.quicktime.creationdate":
			if at, ok := moment(tags[name]); ok && (rec.Date.IsZero() || strings.Contains(tags[name], "T")) {
				rec.Date, rec.DateFrom = at, "media:Tag-"+tagName(name)
			}
		}
	}
	for i, c := range p.Chapters {
		if i < mostChapters {
			add("Chapter", candor.TimeCode(decimal(c.Start))+" "+c.Tags["title"])
		}
	}
	return rec
}

// says tells of a stream what it is, such as "h264, 1280x720, 25 a second".
func (s stream) says() string {
	parts := []string{s.Codec}
	if s.Width > 0 && s.Height > 0 {
		parts = append(parts, fmt.Sprintf("%dx%d", s.Width, s.Height))
	}
	if rate := perSecond(s.Rate); rate > 0 && s.Disposition.Cover == 0 && s.Kind == "video" {
		parts = append(parts, strconv.FormatFloat(rate, 'f', -1, 64)+" pictures a second")
	}
	if hz, err := strconv.Atoi(s.SampleRate); err == nil && hz > 0 {
		parts = append(parts, fmt.Sprintf("%d Hz", hz))
	}
	if s.Channels > 0 {
		parts = append(parts, fmt.Sprintf("%d channel(s)", s.Channels))
	}
	if l := s.Tags["language"]; l != "" && l != "und" {
		parts = append(parts, l)
	}
	return strings.Join(parts, ", ")
}

// perSecond reads a fraction such as 30000/1001, to two places.
func perSecond(s string) float64 {
	a, b, ok := strings.Cut(s, "/")
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if !ok || err != nil || err2 != nil || y <= 0 || x <= 0 || x/y > 1e5 {
		return 0
	}
	return float64(int(x/y*100+.5)) / 100
}

var oddInNames = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

func tagName(s string) string { return oddInNames.ReplaceAllString(s[:min(len(s), 64)], "-") }

func clean(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd"))
	if len(s) > mostTagBytes {
		s = strings.ToValidUTF8(s[:mostTagBytes], "")
	}
	return s
}

// moment reads a tag's date; a year alone is one.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05", "2006-01-02", "2006-01", "2006"} {
		if at, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && at.Year() > 1904 { // the clock of QuickTime begins there
			return at, true
		}
	}
	return time.Time{}, false
}

var cueTime = regexp.MustCompile(`^((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{3}) --> `)

var markup = regexp.MustCompile(`<[^<>]{0,64}>|\{\\[^{}]{0,64}\}`)

// parseVTT reads captions; what is none is passed over.
func parseVTT(s string) (out []candor.Line) {
	var now *candor.Line
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if m := cueTime.FindStringSubmatch(line); m != nil {
			out = append(out, candor.Line{At: candor.ParseTimeCode(m[1])})
			now = &out[len(out)-1]
			continue
		}
		if line == "" {
			now = nil
		}
		if now != nil {
			now.Text = strings.TrimSpace(now.Text + " " + clean(markup.ReplaceAllString(line, "")))
		}
	}
	return slices.DeleteFunc(out, func(l candor.Line) bool { return l.Text == "" })
}
