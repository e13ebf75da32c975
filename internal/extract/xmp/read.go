package xmp

import (
	"io"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/plain"
)

// Read reads a file that is nothing but a packet, as programs put beside pictures.
// Its values are its text. The error is the sink's.
func Read(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	packet := Find(src)
	if packet == nil {
		packet, _ = io.ReadAll(io.NewSectionReader(src, 0, min(src.Size, mostPacket)))
	}
	Describe(&reading, packet)
	w := plain.NewWriter(sink)
	for _, f := range reading.Fields {
		_, _ = w.WriteString(f.Value)
		w.Line()
	}
	if err := w.Close(); err != nil {
		return reading, err
	}
	if len(reading.Fields) == 0 {
		reading.Lack("nothing that it says could be read")
	}
	reading.Language = w.Language()
	return reading, nil
}

// Describe adds what a packet says to a reading: its fields, and what of them says
// who made the thing, when, and how it is called.
func Describe(r *candor.Reading, packet []byte) {
	fields := Fields(packet)
	r.Fields = append(r.Fields, fields...)
	for _, f := range fields {
		switch f.Name {
		case "xmp:Headline", "xmp:Title":
			if r.Title == "" {
				r.Title = f.Value
			}
		case "xmp:Creator":
			if len(r.People) == 0 {
				r.People = strings.Split(f.Value, ", ")
			}
		case "xmp:CreateDate", "xmp:DateCreated":
			if d, err := time.Parse(time.RFC3339, f.Value); err == nil && r.Date.IsZero() {
				r.Date, r.DateFrom = d.UTC(), f.Name
			}
		}
	}
}
