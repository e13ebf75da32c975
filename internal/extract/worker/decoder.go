package worker

import (
	"fmt"

	"candor"
	"candor/internal/extract/wire"
)

// decoder has coded pictures decoded, which the archive does by a program of the
// machine that is confined by itself. It is not safe for concurrent use.
type decoder struct {
	c      *wire.Conn
	broken error // the conversation's end
}

// frames is a picture.Frames.
func (d *decoder) frames(m wire.CodedMessage, film []byte, give func(frame []byte)) error {
	if d.broken != nil {
		return d.broken
	}
	if d.broken = d.c.Stream(wire.Film, film); d.broken != nil {
		return d.broken
	}
	if d.broken = d.c.Send(wire.Frames, m); d.broken != nil {
		return d.broken
	}
	frame := make([]byte, 0, m.FrameSize())
	for n := 0; n < m.Count; {
		p, err := d.pixels()
		if err != nil {
			return err
		}
		for len(p) > 0 && n < m.Count {
			more := min(len(p), cap(frame)-len(frame))
			frame, p = append(frame, p[:more]...), p[more:]
			if len(frame) == cap(frame) {
				give(frame)
				frame = frame[:0]
				n++
			}
		}
		if len(p) > 0 {
			d.broken = fmt.Errorf("%w: more pixels than were due", wire.ErrBroken)
			return d.broken
		}
	}
	return nil
}

// pixels are the next ones, or why there are none.
func (d *decoder) pixels() ([]byte, error) {
	k, p, err := d.c.Read()
	switch {
	case err != nil:
		d.broken = err
	case k == wire.NoBlock:
		return nil, candor.Errorf(candor.NotSupported, "%s", p)
	case k != wire.Block || len(p) == 0:
		d.broken = fmt.Errorf("%w: %q of %d bytes where pixels were due", wire.ErrBroken, k, len(p))
	}
	return p, d.broken
}
