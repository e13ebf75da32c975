package client

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"candor"
	"candor/internal/wire"
)

const (
	maxParallel   = 8
	commitPeriod  = 2 * time.Second
	commitFiles   = 500
	finishTimeout = time.Minute
)

var errChanged = errors.New("changed while it was being read")

// Adder hands in files and folders of this machine: it asks which files are
// held already, sends the others several at a time, and commits as it goes.
// One Adder makes one addition.
type Adder struct {
	Client     *Client
	Collection string
	Source     string // in the adder's words; "" for none
	OCR        string // languages that pictures of pages are read in, or off; "" is the server's choice
	Parallel   int    // files sent at a time; 0 is twice the CPUs, at most 8

	mu       sync.Mutex
	progress Adding
}

// Adding is how far an Adder has come.
type Adding struct {
	Files      int64 // done: sent, known or entered as failed
	Bytes      int64 // of them
	Known      int64 // of Files, not sent because held already
	Unkept     int64 // of Files, could not be read where they stand
	Links      int64 // symbolic links that were not followed
	Special    int64 // sockets, pipes and devices that were passed by
	Conditions map[candor.Condition]int64
	AllFiles   int64 // found so far
	AllBytes   int64
	Counted    bool // AllFiles and AllBytes are final
}

// Progress returns how far the Adder has come; it may be called at any time.
func (a *Adder) Progress() Adding {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.progress
	p.Conditions = make(map[candor.Condition]int64, len(a.progress.Conditions))
	for c, n := range a.progress.Conditions {
		p.Conditions[c] = n
	}
	return p
}

func (a *Adder) note(change func(p *Adding)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.progress.Conditions == nil {
		a.progress.Conditions = map[candor.Condition]int64{}
	}
	change(&a.progress)
}

// Add hands in paths and returns the server's account. When ctx ends before
// the work does, what was sent is still committed, and the account comes with
// ctx's error; adding the same paths again then sends only the rest.
func (a *Adder) Add(ctx context.Context, paths []string) (candor.Addition, error) {
	from, err := roots(paths)
	if err != nil {
		return candor.Addition{}, err
	}
	begun, err := a.Client.BeginAddition(ctx, wire.NewAddition{Collection: a.Collection, Source: a.Source, OCR: a.OCR})
	if err != nil {
		return candor.Addition{}, err
	}
	err = a.send(ctx, begun.ID, from)
	// The last commit must not be lost to the same interrupt that ended the sending.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	account, commitErr := a.Client.CommitAddition(end, begun.ID, true)
	if commitErr != nil {
		return begun, errors.Join(err, commitErr)
	}
	return account, err
}

// send runs the pipeline: one walk counts ahead, one feeds; several senders;
// one committer.
func (a *Adder) send(ctx context.Context, id string, from []root) error {
	group, ctx := errgroup.WithContext(ctx)
	files := make(chan found)
	put := make(chan struct{}, commitFiles)
	group.Go(func() error { return a.count(ctx, from) })
	group.Go(func() error {
		defer close(files)
		return a.feed(ctx, id, from, files)
	})
	group.Go(func() error {
		defer close(put)
		return a.senders(ctx, id, files, put)
	})
	group.Go(func() error { return a.commit(ctx, id, put) })
	return group.Wait()
}

// count walks ahead, for the time left.
func (a *Adder) count(ctx context.Context, from []root) error {
	_, err := walk(from, func(f found) error {
		a.note(func(p *Adding) { p.AllFiles++; p.AllBytes += max(f.header.Size, 0) })
		return ctx.Err()
	})
	a.note(func(p *Adding) { p.Counted = err == nil })
	return err
}

// feed walks and passes on what the server does not hold.
func (a *Adder) feed(ctx context.Context, id string, from []root, files chan<- found) error {
	batch := make([]found, 0, wire.MaxKnown)
	flush := func() error {
		defer func() { batch = batch[:0] }()
		return a.sift(ctx, id, batch, files)
	}
	pass, err := walk(from, func(f found) error {
		batch = append(batch, f)
		if len(batch) == wire.MaxKnown {
			return flush()
		}
		return ctx.Err()
	})
	a.note(func(p *Adding) { p.Links, p.Special = pass.Links, pass.Special })
	if err != nil {
		return err
	}
	return flush()
}

// sift asks about a batch and passes on what must be sent.
func (a *Adder) sift(ctx context.Context, id string, batch []found, files chan<- found) error {
	var ask []wire.File
	for _, f := range batch {
		if f.err == nil {
			ask = append(ask, f.header)
		}
	}
	var known []bool
	if len(ask) > 0 {
		var err error
		if known, err = a.Client.KnownFiles(ctx, id, ask); err != nil {
			return err
		}
	}
	for _, f := range batch {
		if f.err == nil {
			held := known[0]
			known = known[1:]
			if held {
				a.note(func(p *Adding) { p.Files++; p.Known++; p.Bytes += f.header.Size })
				continue
			}
		}
		select {
		case files <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (a *Adder) senders(ctx context.Context, id string, files <-chan found, put chan<- struct{}) error {
	n := a.Parallel
	if n <= 0 {
		n = min(2*runtime.GOMAXPROCS(0), maxParallel)
	}
	group, ctx := errgroup.WithContext(ctx)
	for range n {
		group.Go(func() error {
			for f := range files {
				if err := a.one(ctx, id, f); err != nil {
					return err
				}
				select {
				case put <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// one brings one file to a stated condition. Its error is one that ends the
// whole addition.
func (a *Adder) one(ctx context.Context, id string, f found) error {
	if f.err != nil {
		return a.unkept(ctx, id, f.header, "could not be read: "+causeOf(f.err))
	}
	entry, header, err := a.put(ctx, id, f.local, f.header)
	if errors.Is(err, errChanged) && ctx.Err() == nil {
		// Once more, as it is now: whoever was writing may have finished.
		entry, header, err = a.put(ctx, id, f.local, wire.File{Path: f.header.Path, Size: -1})
	}
	var source *sourceError
	switch {
	case err == nil:
		a.note(func(p *Adding) { p.Files++; p.Bytes += max(header.Size, 0); p.Conditions[entry.Condition]++ })
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errChanged):
		return a.unkept(ctx, id, f.header, "changed while it was being read, twice; add it again when nobody writes to it")
	case errors.As(err, &source) && errors.Is(err, fs.ErrNotExist):
		return a.unkept(ctx, id, f.header, "vanished before it could be read")
	case errors.As(err, &source):
		return a.unkept(ctx, id, f.header, "could not be read: "+causeOf(err))
	case candor.CodeOf(err) == candor.Invalid || candor.CodeOf(err) == candor.TooLarge:
		return a.unkept(ctx, id, f.header, candor.MessageOf(err))
	}
	return err
}

// put sends one file. A header without size is filled in from the file itself.
func (a *Adder) put(ctx context.Context, id, local string, h wire.File) (candor.Entry, wire.File, error) {
	f, err := openFile(local)
	if err != nil {
		return candor.Entry{}, h, &sourceError{err}
	}
	defer func() { _ = f.Close() }()
	if h.Size < 0 {
		info, err := f.Stat()
		if err != nil {
			return candor.Entry{}, h, &sourceError{err}
		}
		h = headerOf(h.Path, info)
	}
	entry, err := a.Client.PutFile(ctx, id, h, &steady{f: f, header: h})
	return entry, h, err
}

// unkept enters a file that could not be read.
func (a *Adder) unkept(ctx context.Context, id string, h wire.File, reason string) error {
	if err := a.Client.FailFile(ctx, id, h, reason); err != nil {
		return err
	}
	a.note(func(p *Adding) { p.Files++; p.Unkept++; p.Conditions[candor.Failed]++ })
	return nil
}

// commit commits every two seconds, or sooner after many files.
func (a *Adder) commit(ctx context.Context, id string, put <-chan struct{}) error {
	tick := time.NewTicker(commitPeriod)
	defer tick.Stop()
	pending := 0
	for {
		due := false
		select {
		case _, more := <-put:
			if !more {
				return nil // the caller commits last, and finishes
			}
			pending++
			due = pending >= commitFiles
		case <-tick.C:
			due = pending > 0
		case <-ctx.Done():
			return ctx.Err()
		}
		if !due {
			continue
		}
		if _, err := a.Client.CommitAddition(ctx, id, false); err != nil {
			return err
		}
		pending = 0
	}
}

// sourceError is a failure of the file on this machine, not of the server.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// steady reads a file and, at its end, makes sure that it is still the file
// that was announced. It fails instead of ending when it is not, so that the
// server throws away what it was sent: half an old file and half a new one.
type steady struct {
	f interface {
		io.Reader
		Stat() (fs.FileInfo, error)
	}
	header wire.File
	read   int64
}

func (s *steady) Read(p []byte) (int, error) {
	n, err := s.f.Read(p)
	s.read += int64(n)
	switch {
	case err == nil && s.read > s.header.Size:
		return n, errChanged
	case errors.Is(err, io.EOF):
		return n, s.atEnd()
	case err != nil:
		return n, &sourceError{err}
	}
	return n, nil
}

// atEnd returns io.EOF if the file is what was announced.
func (s *steady) atEnd() error {
	info, err := s.f.Stat()
	if err != nil {
		return &sourceError{err}
	}
	if s.read != s.header.Size || info.Size() != s.header.Size || !info.ModTime().Equal(s.header.ModTime) {
		return errChanged
	}
	return io.EOF
}
