package extract

import (
	"bytes"
	"context"
	"io"

	"candor"
	"candor/internal/extract/wire"
)

// Decoder decodes pictures that are coded as film, which no parser of ours does. It
// trusts nothing about them. Safe for concurrent use.
type Decoder interface {
	// Decode writes the pixels of m.Count pictures, one after the other, to out and
	// returns its error. Any other error says in words why there are no more.
	Decode(ctx context.Context, m wire.CodedMessage, film io.Reader, out io.Writer) error
}

const (
	mostFilm    = 128 << 20 // bytes of coded pictures that are decoded at once
	mostDecoded = 4         // times that one job may ask; honest ones ask once
	noFrames    = "ffmpeg, which decodes such pictures, is not installed on this machine"
)

// filmFrame keeps a piece of what is to be decoded.
func (s *session) filmFrame(p []byte) error {
	if len(p) == 0 || int64(s.film.Len()+len(p)) > min(mostFilm, 4*s.src.Size+wire.MaxFrame) {
		return s.broken("%d bytes to be decoded", s.film.Len()+len(p))
	}
	s.film.Write(p)
	return nil
}

// decode has what the worker gave decoded, and gives it the pixels.
func (s *session) decode(p []byte) error {
	var m wire.CodedMessage
	if err := wire.Decode(p, &m); err != nil {
		return s.give(err)
	}
	if err := m.Check(2 * s.limits.Pixels); err != nil { // tiles may jut out of a picture
		return s.give(err)
	}
	if s.decoded++; s.decoded > mostDecoded {
		return s.broken("pictures are to be decoded again and again")
	}
	film := bytes.NewReader(s.film.Bytes())
	s.film = bytes.Buffer{}
	s.pause() // the decoder has its own time
	why := noFrames
	if s.cfg.Decoder != nil {
		err := s.cfg.Decoder.Decode(s.ctx, m, film, (*blocks)(s))
		switch {
		case s.end != nil:
			return s.end
		case err == nil:
			why = ""
		default:
			why = shown(candor.MessageOf(err), maxReason)
		}
	}
	s.resume()
	if why != "" {
		if err := s.p.conn.Write(wire.NoBlock, []byte(why)); err != nil {
			return s.give(err)
		}
	}
	if err := s.p.conn.Flush(); err != nil {
		return s.give(err)
	}
	return nil
}

// blocks hands pixels on to the worker.
type blocks session

func (b *blocks) Write(p []byte) (int, error) {
	s := (*session)(b)
	s.resume()
	defer s.pause()
	if err := s.p.conn.Stream(wire.Block, p); err != nil {
		return 0, s.give(err)
	}
	return len(p), nil
}
