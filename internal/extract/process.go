package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"candor/internal/extract/wire"
)

const (
	startTime = 2 * time.Minute // for a worker to get ready, which may include compiling the PDF engine
	tailSize  = 4 << 10         // bytes kept of what a worker says before it dies
)

// process is one running worker.
type process struct {
	cmd         *exec.Cmd
	in, out     *os.File // the archive's ends of the pipes
	conn        *wire.Conn
	watch       *watch
	stderr      *tail
	pdf         bool
	jobs        int
	confinement []string
	release     func() bool // lets go of the pool's end, which kills the process
}

// watch gives every wait for the worker an end. A zero end is no end.
type watch struct {
	in, out *os.File
	until   time.Time
}

func (w *watch) Read(p []byte) (int, error) {
	if err := w.out.SetReadDeadline(w.until); err != nil {
		return 0, err
	}
	return w.out.Read(p)
}

func (w *watch) Write(p []byte) (int, error) {
	if err := w.in.SetWriteDeadline(w.until); err != nil {
		return 0, err
	}
	return w.in.Write(p)
}

// spawn starts a worker and waits until it says that it is confined.
func (p *Pool) spawn(ctx context.Context, pdf bool) (*process, error) {
	proc, err := p.run(pdf)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, proc.kill)
	defer stop()
	if err := proc.greet(p.cfg); err != nil {
		how := proc.end()
		if how.said != "" {
			return nil, fmt.Errorf("%w: %s: %s", err, how.log, how.said)
		}
		return nil, fmt.Errorf("%w: %s", err, how.log)
	}
	return proc, nil
}

// run starts the process from the thread that starts all of them.
func (p *Pool) run(pdf bool) (*process, error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childIn.Close()
	out, childOut, err := os.Pipe()
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	defer childOut.Close()
	proc := &process{in: in, out: out, pdf: pdf, stderr: &tail{}}
	proc.watch = &watch{in: in, out: out}
	proc.conn = wire.NewConn(proc.watch, proc.watch)
	proc.cmd = &exec.Cmd{
		Path: p.cfg.Command[0], Args: append([]string{"candor"}, p.cfg.Command[1:]...),
		Env: []string{}, Dir: "/", Stdin: childIn, Stdout: childOut, Stderr: proc.stderr,
		SysProcAttr: attributes(), WaitDelay: time.Second,
	}
	started := make(chan error, 1)
	select {
	case p.start <- func() { started <- proc.cmd.Start() }:
		err = <-started
	case <-p.life.Done():
		err = errClosed()
	}
	if err != nil {
		_, _ = in.Close(), out.Close()
		return nil, err
	}
	if p.cfg.Started != nil {
		p.cfg.Started(proc.cmd.Process.Pid)
	}
	return proc, nil
}

// greet tells the worker its limits and hears what confines it.
func (p *process) greet(cfg Config) error {
	p.watch.until = time.Now().Add(startTime)
	if err := p.conn.Send(wire.Hello, wire.HelloMessage{Memory: max(cfg.Memory, 0), PDF: p.pdf, Cache: cfg.CacheDir}); err != nil {
		return fmt.Errorf("greeting a worker: %w", err)
	}
	k, payload, err := p.conn.Read()
	if err != nil {
		return fmt.Errorf("waiting for a worker to be ready: %w", err)
	}
	var ready wire.ReadyMessage
	if k != wire.Ready {
		return fmt.Errorf("%w: %q where a worker was to be ready", wire.ErrBroken, k)
	}
	if err := wire.Decode(payload, &ready); err != nil {
		return err
	}
	if ready.Error != "" {
		return errors.New("the worker is not ready: " + ready.Error)
	}
	for _, c := range ready.Confinement[:min(len(ready.Confinement), 20)] {
		p.confinement = append(p.confinement, shown(c, 200))
	}
	return nil
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// ending is how a process ended.
type ending struct {
	log    string // for our log
	reason string // fit to be shown; "" when it says nothing about the file
	said   string // the last it wrote to its standard error
}

// end kills the process if it still runs and says how it ended. A process that
// has just closed its pipe is given a moment to end by itself, so that its own
// ending is seen and not ours.
func (p *process) end() ending {
	if p.release != nil {
		p.release()
	}
	_ = p.in.Close()
	timer := time.AfterFunc(100*time.Millisecond, p.kill)
	_ = p.cmd.Wait()
	timer.Stop()
	_ = p.out.Close()
	return describe(p.cmd.ProcessState, p.stderr.String())
}

func describe(state *os.ProcessState, said string) ending {
	e := ending{log: "not started", said: firstLine(said)}
	if state != nil {
		e.log = state.String()
	}
	switch {
	case stoppedByFilter(state):
		e.reason = "the reader tried something that no reader of files may do, and was stopped"
	case strings.Contains(said, "out of memory"), strings.Contains(said, "cannot allocate memory"):
		e.reason = "reading it needs more memory than a worker may have"
		e.log += ", out of memory"
	}
	return e
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return shown(line, 200)
}

// tail keeps the beginning of what a worker says on its standard error: a Go
// program that dies says why first.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(p[:min(len(p), tailSize-min(tailSize, t.b.Len()))])
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
