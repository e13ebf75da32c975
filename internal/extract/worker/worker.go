// Package worker is the child process that reads hostile files. It begins with
// no rights but two pipes: it loads what it needs, confines itself for good, and
// only then hears of the first file, of which it gets bytes by asking.
package worker

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"candor"
	"candor/internal/extract/confine"
	"candor/internal/extract/picture"
	"candor/internal/extract/wire"
)

const (
	gcPercent = 50        // garbage a heap may grow by before it is collected
	softLimit = 240 << 20 // bytes at which the Go runtime collects harder
)

// Readers read sources. A Reader trusts nothing about the source; what it may
// give is bounded by the sink, whose errors it returns.
type Readers interface {
	// Read reads a source and says as soon as it can what type it is.
	Read(src candor.Source, l wire.Limits, say func(typ string), sink candor.Sink) (candor.Reading, error)
	// Render draws a page as PNG.
	Render(src candor.Source, l wire.Limits, page, width int) ([]byte, error)
}

// Run is the life of a worker: it returns when the archive closes the pipe.
func Run(in io.Reader, out io.Writer) error { return Serve(in, out, Load) }

// Serve is Run with other readers. load is called before the process confines
// itself, and nothing else of the readers is; the Frames that it is given serve
// while a job is done.
func Serve(in io.Reader, out io.Writer, load func(wire.HelloMessage, picture.Frames) (Readers, error)) error {
	c := wire.NewConn(in, out)
	k, p, err := c.Read()
	if err != nil {
		return err
	}
	var hello wire.HelloMessage
	if k != wire.Hello {
		return fmt.Errorf("%w: the first frame is %q", wire.ErrBroken, k)
	}
	if err := wire.Decode(p, &hello); err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(softLimit)
	d := &decoder{c: c}
	readers, err := load(hello, d.frames)
	if err != nil {
		return c.Send(wire.Ready, wire.ReadyMessage{Error: err.Error()})
	}
	report, err := confine.Apply(hello.Memory)
	if err != nil {
		return c.Send(wire.Ready, wire.ReadyMessage{Error: err.Error()})
	}
	if err := c.Send(wire.Ready, wire.ReadyMessage{Confinement: report}); err != nil {
		return err
	}
	return jobs(c, readers, d)
}

func jobs(c *wire.Conn, readers Readers, d *decoder) error {
	for {
		k, p, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if k != wire.Job {
			return fmt.Errorf("%w: %q where a job was due", wire.ErrBroken, k)
		}
		j, first, err := wire.ParseJob(p)
		if err != nil {
			return err
		}
		src := newRemote(c, j.Size, first)
		if err := do(c, readers, j, src); err != nil {
			return err
		}
		if d.broken != nil {
			return d.broken
		}
	}
}

// do does one job. An error means that the conversation cannot go on.
func do(c *wire.Conn, readers Readers, j wire.JobMessage, src *remote) error {
	var done wire.DoneMessage
	source := candor.Source{Name: j.Name, Size: j.Size, ReaderAt: src, Password: j.Password}
	if j.Render {
		page, err := readers.Render(source, j.Limits, j.Page, j.Width)
		if err != nil {
			done.Code, done.Reason = candor.CodeOf(err), candor.MessageOf(err)
		} else if err := c.Stream(wire.Image, page); err != nil {
			return err
		}
	} else {
		o := &outlet{c: c, limits: j.Limits}
		r, err := readers.Read(source, j.Limits, o.say, o)
		if o.err != nil {
			return o.err
		}
		done.Reading = r
		settle(&done.Reading, err)
		if err := c.Stream(wire.Image, r.Thumbnail); err != nil {
			return err
		}
		done.Thumbnail = nil
	}
	if src.broken != nil {
		return src.broken
	}
	return c.Send(wire.Done, done)
}

// settle puts a limit that was reached into the reading's words.
func settle(r *candor.Reading, err error) {
	var limit limitError
	switch {
	case errors.As(err, &limit):
		if r.Reason != "" {
			r.Reason += "; "
		}
		r.Condition = candor.Partial
		r.Reason += limit.Error()
	case err != nil:
		r.Condition, r.Reason = candor.Failed, "it could not be read"
	}
}
