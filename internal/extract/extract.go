// Package extract turns hostile files into text, metadata and parts. It
// implements archive.Extractor.
//
// Nothing of a file is parsed in the process that holds keys. A Pool keeps a few
// worker processes (the same binary, re-executed) that open no file, have no
// network and no environment, are bounded in memory and in time, and get bytes
// only by asking for them over a pipe; see internal/extract/confine for what is
// taken from them and internal/extract/wire for what they may say. Everything
// that a worker says is checked. A worker that dies, hangs, floods or lies is
// replaced; it takes one file's reading with it, and that file's condition
// says so.
//
// To start: New with a Config, and in main, for the hidden argument Subcommand,
// nothing but RunWorker(os.Stdin, os.Stdout).
package extract

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"candor"
	"candor/internal/extract/wire"
	"candor/internal/extract/worker"
)

// Subcommand is the hidden argument with which the binary is re-executed.
const Subcommand = "extract-worker"

// RunWorker is the life of a worker process. It confines the calling process
// for good and returns when stdin ends.
func RunWorker(stdin io.Reader, stdout io.Writer) error { return worker.Run(stdin, stdout) }

// Limits bound what one source may give. What is more is left out, and the
// reading is partial and says so.
type Limits struct {
	Text   int64 // bytes of text; default 256 MiB
	Parts  int64 // parts directly inside; default 1,000,000
	Ratio  int64 // bytes of parts for each byte of the source; default 200
	Floor  int64 // bytes of parts that any source may give; default 256 MiB
	Pixels int64 // pixels of a picture that is drawn; default 50 million
}

// Config says how a Pool works. The zero value is good for production.
type Config struct {
	Workers int // processes; default GOMAXPROCS
	// Command is a worker's program and arguments; default this program with
	// Subcommand. A program that does not obey Subcommand (a test binary without
	// a TestMain for it) must not be left to the default: it would run itself.
	Command      []string
	Memory       int64         // greatest data segment of a worker in bytes; default 700 MiB; negative for none
	TimeBase     time.Duration // time that a worker has for any file; default 60 s
	TimePerMB    time.Duration // time that it has beside, for each MB read or handed on; default 10 s
	CacheDir     string        // folder of the PDF engine's compiled code; default in the user's cache folder
	MaxJobs      int           // files after which a worker is replaced; default 5,000
	RestartAbove int64         // resident bytes above which a worker is replaced after a file; default 240 MiB
	Decoder      Decoder       // decodes pictures coded as film; nil: they are not drawn
	Limits       Limits        // bounds of one source; a zero field has its own default
	Logger       *slog.Logger  // default slog.Default; never told names or contents
	Started      func(pid int) // told of each worker process that was started, for accounts of resources
}

func (c *Config) defaults() error {
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	setDefault(&c.Memory, 700<<20)
	setDefault(&c.TimeBase, 60*time.Second)
	setDefault(&c.TimePerMB, 10*time.Second)
	setDefault(&c.MaxJobs, 5000)
	setDefault(&c.RestartAbove, 240<<20)
	setDefault(&c.Limits.Text, 256<<20)
	setDefault(&c.Limits.Parts, 1_000_000)
	setDefault(&c.Limits.Ratio, 200)
	setDefault(&c.Limits.Floor, 256<<20)
	setDefault(&c.Limits.Pixels, 50_000_000)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if len(c.Command) == 0 {
		self, err := ownProgram()
		if err != nil {
			return candor.Wrap(err, candor.Internal, "The program cannot find itself, which it needs to start its workers.")
		}
		c.Command = []string{self, Subcommand}
	}
	return c.cache()
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// cache makes the folder for compiled code. Without one every worker that reads
// PDF files takes some seconds to start, which is slow but not wrong.
func (c *Config) cache() error {
	if c.CacheDir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		c.CacheDir = filepath.Join(user, "candor", "pdf-engine")
	}
	dir, err := filepath.Abs(c.CacheDir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		c.Logger.Warn("the PDF engine's cache cannot be kept: PDF workers will start slowly", "error", err)
		c.CacheDir = ""
		return nil
	}
	c.CacheDir = dir
	return nil
}

// Pool reads sources in confined workers. Any number of goroutines may use it;
// they wait for a free worker in turn.
type Pool struct {
	cfg   Config
	slots chan *slot
	start chan func()     // run by the one thread that starts processes
	life  context.Context // ends with Close
	stop  context.CancelFunc
	once  sync.Once
	warm  sync.Mutex // held while the PDF engine may be compiled for the first time
}

// slot is the place of one worker. It has none until it is needed.
type slot struct {
	p   *process
	pdf bool // a PDF came here once: its next workers load the engine at once
}

// New makes a Pool. Workers are started when they are needed.
func New(cfg Config) (*Pool, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	path, err := exec.LookPath(cfg.Command[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The worker program cannot be found. Check the command that starts workers.")
	}
	cfg.Command = append([]string{path}, cfg.Command[1:]...)
	p := &Pool{cfg: cfg, slots: make(chan *slot, cfg.Workers), start: make(chan func())}
	p.life, p.stop = context.WithCancel(context.Background())
	for range cfg.Workers {
		p.slots <- &slot{}
	}
	go p.starter()
	return p, nil
}

// starter starts every process from one thread that lives as long as the pool:
// the kernel ends a worker when the thread that started it ends.
func (p *Pool) starter() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case f := <-p.start:
			f()
		case <-p.life.Done():
			return
		}
	}
}

// Close ends all workers, and with them all calls, and returns when that is done.
func (p *Pool) Close() error {
	p.once.Do(func() {
		p.stop()
		for range p.cfg.Workers {
			s := <-p.slots
			s.drop()
		}
	})
	return nil
}

func (s *slot) drop() {
	if s.p != nil {
		s.p.end()
		s.p = nil
	}
}

// acquire waits for a slot.
func (p *Pool) acquire(ctx context.Context) (*slot, error) {
	select {
	case <-p.life.Done():
		return nil, errClosed()
	default:
	}
	select {
	case s := <-p.slots:
		return s, nil
	case <-ctx.Done():
		return nil, candor.Wrap(ctx.Err(), candor.Unavailable, "The reading was given up before a worker was free.")
	case <-p.life.Done():
		return nil, errClosed()
	}
}

func errClosed() error {
	return candor.Errorf(candor.Unavailable, "The workers were stopped: Candor is shutting down. Try again when it runs.")
}

// ready makes sure that a slot has a worker that can do the job.
func (p *Pool) ready(ctx context.Context, s *slot, pdf bool) error {
	s.pdf = s.pdf || pdf
	if s.p != nil && (s.p.pdf || !pdf) {
		return nil
	}
	s.drop()
	if s.pdf { // the first one compiles, the others find it compiled
		p.warm.Lock()
		defer p.warm.Unlock()
	}
	proc, err := p.spawn(ctx, s.pdf)
	if err != nil {
		p.cfg.Logger.Error("a worker could not be started", "error", err)
		return candor.Wrap(err, candor.Unavailable, "No worker could be started to read files. Run `candor doctor` on the server; its log says why.")
	}
	s.p = proc
	proc.release = context.AfterFunc(p.life, proc.kill)
	return nil
}

// release gives a slot back, without its worker if that has done enough.
func (p *Pool) release(s *slot) {
	if s.p != nil && (s.p.jobs >= p.cfg.MaxJobs || s.p.resident() > p.cfg.RestartAbove) {
		s.drop()
	}
	p.slots <- s
}

// Confinement says what confines the workers on this machine, in words fit to
// be shown. It starts a worker if none runs.
func (p *Pool) Confinement(ctx context.Context) ([]string, error) {
	s, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release(s)
	if err := p.ready(ctx, s, false); err != nil {
		return nil, err
	}
	return s.p.confinement, nil
}

// Extract reads a source. Whatever the source does, it ends in a condition; an
// error means that no worker could be had, that ctx ended, or that the sink
// refused. A sink must not call Extract from within: it would hold one worker
// while it waits for another.
func (p *Pool) Extract(ctx context.Context, src candor.Source, sink candor.Sink) (candor.Reading, error) {
	if src.Size == 0 {
		return candor.Reading{Type: "application/x-empty", Condition: candor.Done}, nil
	}
	first, err := firstBlock(src)
	if err != nil {
		return vanished(candor.Reading{Type: unknownType}), nil
	}
	s, err := p.acquire(ctx)
	if err != nil {
		return candor.Reading{}, err
	}
	defer p.release(s)
	return p.attempt(ctx, s, src, first, sink)
}

// largePDF is the size in bytes from which a PDF gets a fresh worker. PDFium's
// memory never shrinks: whether a large file fits must not depend on what the
// worker has read before.
const largePDF = 8 << 20

// attempt reads with a slot's worker, and once more with a fresh one if an old
// one died before it gave anything: what earlier files left in it may have been
// the cause.
func (p *Pool) attempt(ctx context.Context, s *slot, src candor.Source, first []byte, sink candor.Sink) (candor.Reading, error) {
	pdf := maybePDF(first)
	if pdf && src.Size > largePDF && s.p != nil && s.p.jobs > 0 {
		s.drop()
	}
	for {
		if err := p.ready(ctx, s, pdf); err != nil {
			return candor.Reading{}, err
		}
		used := s.p.jobs > 0
		run := p.session(ctx, s.p, src, sink)
		reading, err := run.extract(wire.JobMessage{Name: src.Name, Size: src.Size, Password: src.Password, Limits: run.limits}, first)
		if run.end == nil {
			return reading, err
		}
		how := s.p.end()
		s.p = nil
		if cerr := ctx.Err(); cerr != nil {
			return candor.Reading{}, candor.Wrap(cerr, candor.Unavailable, "The reading was given up.")
		}
		if err != nil {
			return candor.Reading{}, err
		}
		if p.life.Err() != nil {
			return candor.Reading{}, errClosed()
		}
		if used && !run.gave && !run.late() {
			continue
		}
		p.cfg.Logger.Warn("a worker was given up", "ended", how.log, "cause", run.end, "type", run.typ, "bytes", src.Size)
		return run.failed(how), nil
	}
}

// Render draws one page (from 1) of a source as PNG, width pixels wide (at most
// 4,000; a picture is not made wider than it is).
func (p *Pool) Render(ctx context.Context, src candor.Source, page, width int) ([]byte, error) {
	if page < 1 || width < 1 || width > 4000 {
		return nil, candor.Errorf(candor.Invalid, "A page is numbered from 1 and is drawn 1 to 4,000 pixels wide.")
	}
	first, err := firstBlock(src)
	if err != nil || src.Size == 0 {
		return nil, candor.Wrap(err, candor.NotSupported, "The item has nothing that can be drawn.")
	}
	s, err := p.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release(s)
	if err := p.ready(ctx, s, maybePDF(first)); err != nil {
		return nil, err
	}
	run := p.session(ctx, s.p, src, nil)
	png, err := run.render(wire.JobMessage{Name: src.Name, Size: src.Size, Password: src.Password, Render: true, Page: page, Width: width, Limits: run.limits}, first)
	if run.end == nil {
		return png, err
	}
	how := s.p.end()
	s.p = nil
	if ctx.Err() != nil {
		return nil, candor.Wrap(ctx.Err(), candor.Unavailable, "The drawing was given up.")
	}
	if p.life.Err() != nil {
		return nil, errClosed()
	}
	p.cfg.Logger.Warn("a worker was given up", "ended", how.log, "cause", run.end)
	return nil, candor.Wrap(run.end, candor.NotSupported, "The page cannot be drawn: %s.", run.failed(how).Reason)
}
