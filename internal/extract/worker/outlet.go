package worker

import (
	"errors"
	"fmt"
	"io"

	"candor"
	"candor/internal/extract/wire"
)

// limitError ends a reading politely: its words say what is missing.
type limitError string

func (e limitError) Error() string { return string(e) }

// outlet sends what a reader finds to the archive, within the job's limits.
type outlet struct {
	c      *wire.Conn
	limits wire.Limits
	text   int64
	parts  int64
	bytes  int64
	err    error // the conversation's end
	buf    []byte
}

func (o *outlet) fail(err error) error {
	if err != nil {
		o.err = err
	}
	return err
}

func (o *outlet) say(typ string) { _ = o.fail(o.c.Write(wire.Type, []byte(typ))) }

// Text sends a piece of text.
func (o *outlet) Text(p []byte) error {
	if o.err != nil {
		return o.err
	}
	if o.text += int64(len(p)); o.text > o.limits.Text {
		o.text -= int64(len(p))
		return limitError(fmt.Sprintf("only the first %d MiB of its text were read", o.limits.Text>>20))
	}
	return o.fail(o.c.Stream(wire.Text, p))
}

// Part sends a part. A part that cannot be read to its end is cut, which is
// not an error of the sink: the reader that handed it in knows and says so.
func (o *outlet) Part(p candor.Place, r io.Reader) error {
	if o.err != nil {
		return o.err
	}
	if o.parts >= o.limits.Parts {
		return limitError(fmt.Sprintf("only the first %d of its parts were read", o.limits.Parts))
	}
	o.parts++
	m := wire.PartMessage{Path: p.Path}
	if !p.ModTime.IsZero() {
		m.ModTime = p.ModTime.Unix()
	}
	if err := o.fail(o.c.Send(wire.Part, m)); err != nil {
		return err
	}
	if o.buf == nil {
		o.buf = make([]byte, wire.MaxData)
	}
	return o.data(r)
}

func (o *outlet) data(r io.Reader) error {
	for {
		n, err := r.Read(o.buf)
		if o.bytes += int64(n); o.bytes > o.limits.Bytes {
			o.bytes -= int64(n)
			if err := o.fail(o.c.Write(wire.PartCut)); err != nil {
				return err
			}
			return limitError(fmt.Sprintf("what is inside is more than %d MiB, which is out of all proportion to its size: the rest was not read", o.limits.Bytes>>20))
		}
		if werr := o.fail(o.c.Stream(wire.Data, o.buf[:n])); werr != nil {
			return werr
		}
		switch {
		case errors.Is(err, io.EOF):
			return o.fail(o.c.Write(wire.PartEnd))
		case err != nil:
			return o.fail(o.c.Write(wire.PartCut))
		}
	}
}
