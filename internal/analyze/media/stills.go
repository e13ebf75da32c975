package media

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"candor"
	"candor/internal/extract/native"
	"candor/internal/extract/wire"
)

// Stills decodes still pictures that are coded as film, such as those of
// telephones, by ffmpeg. It implements extract.Decoder. Safe for concurrent use.
type Stills struct{ convert native.Program }

// NewStills finds the program. NotSupported if it is not installed. command is that
// of native.Program.
func NewStills(command []string) (*Stills, error) {
	convert, err := find("ffmpeg", command, time.Minute)
	if err != nil {
		return nil, err
	}
	return &Stills{convert}, nil
}

// demuxers are ffmpeg's names of the codings.
var demuxers = map[string]string{wire.CodecHEVC: "hevc", wire.CodecAV1: "obu"}

// Decode writes the pictures to out; see wire.CodedMessage. Errors: Invalid when they
// cannot be decoded, Unavailable when the time was up, out's.
func (s *Stills) Decode(ctx context.Context, m wire.CodedMessage, film io.Reader, out io.Writer) error {
	filter := fmt.Sprintf("scale=%d:%d:out_range=full:out_color_matrix=bt601", m.Width, m.Height)
	most := int64(m.FrameSize()) * int64(m.Count)
	n, err := s.convert.RunTo(ctx, film, out, most, quietly("pipe", "-nostdin",
		"-f", demuxers[m.Codec], "-i", "pipe:0", "-vf", filter, "-pix_fmt", "yuvj420p", "-vsync", "passthrough",
		"-frames:v", strconv.Itoa(m.Count), "-f", "rawvideo", "pipe:1")...)
	if err == nil && n < most {
		return candor.Errorf(candor.Invalid, "not all of it could be decoded")
	}
	return err
}
