package extract

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/wire"
)

// strict is a sink that fails the test on anything that a sink may rely on.
type strict struct {
	t     *testing.T
	text  int64
	bytes int64
}

func (s *strict) Text(p []byte) error {
	s.text += int64(len(p))
	if !utf8.Valid(p) || len(p) == 0 {
		s.t.Errorf("text %q", p)
	}
	return nil
}

func (s *strict) Part(p candor.Place, r io.Reader) error {
	if name.Clean(p.Path) != p.Path {
		s.t.Errorf("the path %q", p.Path)
	}
	n, err := io.Copy(io.Discard, r)
	s.bytes += n
	return err
}

// said is what a worker would say, as bytes.
func said(frames ...any) []byte {
	var b bytes.Buffer
	c := wire.NewConn(&b, &b)
	for i := 0; i < len(frames); i += 2 {
		p, ok := frames[i+1].(string)
		if !ok {
			data, _ := json.Marshal(frames[i+1])
			p = string(data)
		}
		_ = c.Write(frames[i].(wire.Kind), []byte(p))
	}
	_ = c.Flush()
	return b.Bytes()
}

// FuzzWhatAWorkerSays gives the archive's side any bytes for a worker's.
func FuzzWhatAWorkerSays(f *testing.F) {
	good := wire.DoneMessage{Reading: candor.Reading{Type: "text/plain", Condition: candor.Done}}
	f.Add(said(wire.Type, "text/plain", wire.Text, "words", wire.Done, good))
	f.Add(said(wire.Part, wire.PartMessage{Path: "../a"}, wire.Data, "x", wire.PartEnd, "", wire.Image, "\xff\xd8\xff", wire.Done, good))
	f.Add(said(wire.Part, wire.PartMessage{Path: "a"}, wire.Data, "x", wire.Need, "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02", wire.PartCut, "", wire.Done, good))
	f.Add(said(wire.Film, "coded", wire.Frames, wire.CodedMessage{Codec: wire.CodecAV1, Width: 4, Height: 2, Count: 1}, wire.Done, good))
	f.Fuzz(func(t *testing.T, in []byte) {
		p := &Pool{cfg: Config{TimeBase: time.Minute, Decoder: white{}, Limits: Limits{Text: 1000, Parts: 3, Ratio: 2, Floor: 1000, Pixels: 1000}}}
		proc := &process{conn: wire.NewConn(bytes.NewReader(in), io.Discard), watch: &watch{}}
		sink := &strict{t: t}
		s := p.session(t.Context(), proc, source("x", []byte("ten bytes.")), sink)
		r, err := s.extract(wire.JobMessage{Size: 10}, []byte("ten bytes."))
		if err != nil {
			t.Errorf("the sink refused nothing, but: %v", err)
		}
		if sink.text > 1000 || sink.bytes > 1000 {
			t.Errorf("%d bytes of text, %d of parts", sink.text, sink.bytes)
		}
		if s.end != nil {
			r = s.failed(ending{})
		}
		if r.Condition == "" || r.Condition != candor.Done && r.Reason == "" || !mediaType(r.Type) || len(r.Title) > maxTitle || len(r.Fields) > maxFields {
			t.Errorf("the reading %+v", r)
		}
	})
}
