package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/kind"
	"candor/internal/extract/wire"
)

const (
	unknownType  = kind.Unknown
	maxThumbnail = 1 << 20  // bytes
	maxPage      = 64 << 20 // bytes of a rendered page
)

var (
	errLate    = errors.New("the worker took too long")
	errCut     = errors.New("the part could not be read to its end")
	errRefused = errors.New("the sink refused")
)

// session is one job with one worker. It believes nothing that the worker says
// until it has looked at it.
type session struct {
	ctx    context.Context // of the job, which reading a part belongs to
	p      *process
	cfg    *Config
	src    candor.Source
	sink   candor.Sink
	limits wire.Limits

	typ   string
	text  int64
	parts int64
	bytes int64
	film  bytes.Buffer
	image bytes.Buffer

	decoded int // times that pictures were decoded
	most    int // bytes that image may have

	gave   bool  // the sink was given something
	lost   bool  // the source could not be read
	end    error // why the worker has to be given up; nil while it is good
	worked time.Duration
	since  time.Time // since when the worker has been at it; zero when we are
	block  []byte
}

func (p *Pool) session(ctx context.Context, proc *process, src candor.Source, sink candor.Sink) *session {
	l := p.cfg.Limits
	return &session{ctx: ctx, p: proc, cfg: &p.cfg, src: src, sink: sink, typ: unknownType,
		limits: wire.Limits{Text: l.Text, Parts: l.Parts, Bytes: max(l.Floor, mul(l.Ratio, src.Size)), Pixels: l.Pixels}}
}

// mul multiplies without overflow.
func mul(a, b int64) int64 {
	if a != 0 && b > (1<<62)/a {
		return 1 << 62
	}
	return a * b
}

// firstBlock is what goes with the job, so that small files need no questions.
func firstBlock(src candor.Source) ([]byte, error) {
	buf := make([]byte, min(src.Size, wire.BlockSize))
	n, err := src.ReadAt(buf, 0)
	if n == len(buf) {
		return buf, nil
	}
	return nil, fmt.Errorf("reading the first %d bytes: %w", len(buf), err)
}

func maybePDF(first []byte) bool { return kind.MaybePDF(first) }

// vanished is how the reading of a source ends that cannot be read itself.
func vanished(r candor.Reading) candor.Reading {
	r.Condition, r.Reason = candor.Failed, "the file changed or vanished while it was read; add it again"
	return r
}

// The worker's time runs only while we wait for it, not while a disk or the
// sink makes it wait for us.

func (s *session) resume() {
	s.since = time.Now()
	s.p.watch.until = s.since.Add(s.allowed() - s.worked)
}

func (s *session) pause() {
	if !s.since.IsZero() {
		s.worked += time.Since(s.since)
		s.since = time.Time{}
	}
}

func (s *session) allowed() time.Duration {
	mb := float64(s.src.Size+s.bytes) / 1e6
	return s.cfg.TimeBase + time.Duration(mb*float64(s.cfg.TimePerMB))
}

func (s *session) late() bool { return errors.Is(s.end, errLate) }

// give gives the worker up.
func (s *session) give(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errLate
	}
	if s.end == nil {
		s.end = err
	}
	return err
}

func (s *session) broken(format string, args ...any) error {
	return s.give(fmt.Errorf("%w: %s", wire.ErrBroken, fmt.Sprintf(format, args...)))
}

// begin sends the job.
func (s *session) begin(j wire.JobMessage, first []byte) error {
	s.p.jobs++
	s.resume()
	if err := s.p.conn.SendJob(j, first); err != nil {
		return s.give(err)
	}
	return nil
}

// next returns the worker's next frame and answers its questions on the way.
func (s *session) next() (wire.Kind, []byte, error) {
	for {
		k, p, err := s.p.conn.Read()
		if err != nil {
			return 0, nil, s.give(err)
		}
		if time.Since(s.since)+s.worked > s.allowed() {
			return 0, nil, s.give(errLate)
		}
		switch k {
		case wire.Need:
			err = s.answer(p)
		case wire.Film:
			err = s.filmFrame(p)
		case wire.Frames:
			err = s.decode(p)
		default:
			return k, p, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (s *session) answer(p []byte) error {
	off, n, err := wire.ParseNeed(p, s.src.Size)
	if err != nil {
		return s.give(err)
	}
	if s.block == nil {
		s.block = make([]byte, wire.BlockSize)
	}
	s.pause()
	got, _ := s.src.ReadAt(s.block[:n], off) // a short read tells all
	s.resume()
	kind, block := wire.Block, s.block[:n]
	if got < n {
		s.lost = true
		kind, block = wire.NoBlock, nil
	}
	if err := s.p.conn.Write(kind, block); err != nil {
		return s.give(err)
	}
	if err := s.p.conn.Flush(); err != nil {
		return s.give(err)
	}
	return nil
}

// extract does a reading. When it leaves s.end set, the worker is not to be
// used again. The error is the sink's.
func (s *session) extract(j wire.JobMessage, first []byte) (candor.Reading, error) {
	stop := context.AfterFunc(s.ctx, s.p.kill)
	defer stop()
	s.most = maxThumbnail
	if s.begin(j, first) != nil {
		return candor.Reading{}, nil
	}
	for {
		k, p, err := s.next()
		if err != nil {
			return candor.Reading{}, nil
		}
		if k == wire.Done {
			return s.done(p)
		}
		if err := s.frame(k, p); err != nil {
			if s.end != nil && !errors.Is(s.end, errRefused) {
				return candor.Reading{}, nil
			}
			return candor.Reading{}, err
		}
	}
}

func (s *session) frame(k wire.Kind, p []byte) error {
	switch k {
	case wire.Type:
		if !mediaType(string(p)) {
			return s.broken("a type of %d bytes that is none", len(p))
		}
		s.typ = string(p)
		return nil
	case wire.Text:
		return s.textFrame(p)
	case wire.Part:
		return s.partFrame(p)
	case wire.Image:
		return s.imageFrame(p)
	}
	return s.broken("%q where text, a part or the end was due", k)
}

func (s *session) textFrame(p []byte) error {
	s.text += int64(len(p))
	switch {
	case len(p) == 0 || s.text > s.limits.Text:
		return s.broken("%d bytes of text", s.text)
	case !utf8.Valid(p):
		return s.broken("text that is not UTF-8")
	}
	s.gave = true
	s.pause()
	defer s.resume()
	if err := s.sink.Text(p); err != nil {
		s.end = errRefused
		return err
	}
	return nil
}

func (s *session) imageFrame(p []byte) error {
	if len(p) == 0 || s.image.Len()+len(p) > s.most {
		return s.broken("an image of more than %d bytes", s.most)
	}
	s.image.Write(p)
	return nil
}

func (s *session) partFrame(p []byte) error {
	place, err := s.place(p)
	if err != nil {
		return err
	}
	if s.parts++; s.parts > s.limits.Parts {
		return s.broken("%d parts", s.parts)
	}
	s.gave = true
	r := &part{s: s}
	s.pause()
	err = s.sink.Part(place, r)
	s.resume()
	switch {
	case s.end != nil:
		return s.end
	case err != nil && r.err != errCut:
		s.end = errRefused
		return err
	}
	return r.drain()
}

// part is the content of one part, as the sink reads it.
type part struct {
	s    *session
	rest []byte
	err  error
}

func (r *part) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 && r.err == nil {
		r.s.resume()
		r.fill()
		r.s.pause()
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *part) fill() {
	k, p, err := r.s.next()
	if err != nil {
		r.err = err
		return
	}
	switch k {
	case wire.Data:
		r.s.bytes += int64(len(p))
		if len(p) == 0 || r.s.bytes > r.s.limits.Bytes {
			r.err = r.s.broken("%d bytes of parts", r.s.bytes)
			return
		}
		r.rest = p
	case wire.PartEnd:
		r.err = io.EOF
	case wire.PartCut:
		r.err = errCut
	default:
		r.err = r.s.broken("%q inside a part", k)
	}
}

// drain reads what the sink left unread.
func (r *part) drain() error {
	for r.err == nil {
		r.fill()
	}
	if r.s.end != nil {
		return r.s.end
	}
	return nil
}

// done takes the worker's account of a reading.
func (s *session) done(p []byte) (candor.Reading, error) {
	var d wire.DoneMessage
	if err := wire.Decode(p, &d); err != nil {
		_ = s.give(err)
		return candor.Reading{}, nil
	}
	if err := s.check(&d.Reading); err != nil {
		return candor.Reading{}, nil
	}
	d.TextSize = s.text
	if s.image.Len() > 0 {
		d.Thumbnail = s.image.Bytes()
	}
	if s.lost {
		return vanished(d.Reading), nil
	}
	return d.Reading, nil
}

// failed is the reading of a source whose worker had to be given up.
func (s *session) failed(how ending) candor.Reading {
	r := candor.Reading{Type: s.typ, Condition: candor.Failed, Extraction: candor.Extraction{TextSize: s.text}}
	switch {
	case s.late():
		r.Reason = fmt.Sprintf("reading it took longer than %s and was stopped", s.allowed().Round(time.Second))
	case how.reason != "":
		r.Reason = how.reason
	case errors.Is(s.end, wire.ErrBroken):
		r.Reason = "the reader gave an answer that makes no sense, and was stopped"
	default:
		r.Reason = "the reader broke down on it"
	}
	if s.lost {
		return vanished(r)
	}
	if s.gave {
		r.Condition = candor.Partial
		r.Reason += "; what came before was kept"
	}
	return r
}

// render has one page drawn.
func (s *session) render(j wire.JobMessage, first []byte) ([]byte, error) {
	stop := context.AfterFunc(s.ctx, s.p.kill)
	defer stop()
	s.most = maxPage
	if err := s.begin(j, first); err != nil {
		return nil, err
	}
	for {
		k, p, err := s.next()
		if err != nil {
			return nil, err
		}
		switch k {
		case wire.Type:
		case wire.Image:
			if err := s.imageFrame(p); err != nil {
				return nil, err
			}
		case wire.Done:
			return s.rendered(p)
		default:
			return nil, s.broken("%q where an image was due", k)
		}
	}
}

func (s *session) rendered(p []byte) ([]byte, error) {
	var d wire.DoneMessage
	if err := wire.Decode(p, &d); err != nil {
		return nil, s.give(err)
	}
	switch {
	case s.lost:
		return nil, candor.Errorf(candor.Unavailable, "The item's bytes could not be read.")
	case d.Code != "":
		if !known(d.Code) {
			return nil, s.broken("an unknown code")
		}
		return nil, candor.Errorf(d.Code, "%s", shown(d.Reason, maxReason))
	case !bytes.HasPrefix(s.image.Bytes(), []byte("\x89PNG\r\n\x1a\n")):
		return nil, s.broken("a page that is no PNG")
	}
	return s.image.Bytes(), nil
}
