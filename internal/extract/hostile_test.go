package extract

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/picture"
	"candor/internal/extract/wire"
	"candor/internal/extract/worker"
)

// takenOver stands in for a parser that hostile bytes have taken over: it does
// what the source tells it to, from inside a worker that is confined as always.
type takenOver struct{}

func hostile(mode string) {
	if mode == "dies-at-start" {
		os.Exit(7)
	}
	err := worker.Serve(os.Stdin, os.Stdout, func(wire.HelloMessage, picture.Frames) (worker.Readers, error) { return takenOver{}, nil })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (takenOver) Render(candor.Source, wire.Limits, int, int) ([]byte, error) {
	return []byte("<svg onload=…>"), nil
}

func (takenOver) Read(src candor.Source, _ wire.Limits, _ func(string), sink candor.Sink) (candor.Reading, error) {
	order := make([]byte, src.Size)
	_, _ = src.ReadAt(order, 0)
	what, arg, _ := strings.Cut(string(order), " ")
	done := candor.Reading{Type: "text/plain", Condition: candor.Done}
	said, err := obey(what, arg, &done)
	if err != nil {
		said = "refused: " + err.Error()
	}
	return done, sink.Text([]byte(said))
}

func frame(k wire.Kind, n int, payload string) {
	head := binary.BigEndian.AppendUint32([]byte{byte(k)}, uint32(n))
	_, _ = os.Stdout.Write(append(head, payload...))
}

func obey(what, arg string, done *candor.Reading) (string, error) {
	switch what {
	case "behave":
		return "well", nil
	case "open":
		data, err := os.ReadFile(arg)
		return string(data), err
	case "write":
		return "wrote", os.WriteFile(arg, []byte("x"), 0o600)
	case "remove":
		return "removed", os.Remove(arg)
	case "environment":
		return fmt.Sprintf("%d variables", len(os.Environ())), nil
	case "signal":
		return "signalled", syscall.Kill(os.Getppid(), 0)
	case "limits":
		return "raised", syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 1, Max: 1})
	case "socket":
		_, err := net.Dial("tcp", "127.0.0.1:80")
		return "connected", err
	case "exec":
		return "executed", syscall.Exec("/bin/true", []string{"true"}, nil)
	case "spawn":
		return "spawned", exec.Command("/bin/true").Run()
	case "ptrace":
		_, _, e := syscall.Syscall(syscall.SYS_PTRACE, 16, uintptr(os.Getppid()), 0)
		return "attached", e
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
			_ = all // held, so that memory runs out
		}
	case "hang":
		for { //nolint // a parser that never ends
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(3)
	case "panic":
		panic("a fault of the parser")
	}
	return misspeak(what, done)
}

// misspeak breaks the protocol in one way each.
func misspeak(what string, done *candor.Reading) (string, error) {
	switch what {
	case "rubbish":
		for {
			if _, err := os.Stdout.WriteString("\xff\x00rubbish"); err != nil {
				os.Exit(0)
			}
		}
	case "giant-frame":
		frame(wire.Text, 1<<30, "x")
	case "flood-text":
		text := strings.Repeat("x", 1<<16)
		for {
			frame(wire.Text, len(text), text)
		}
	case "flood-empty":
		for {
			frame(wire.Type, 3, "a/b")
		}
	case "not-utf8":
		frame(wire.Text, 2, "a\xff")
	case "bad-type":
		frame(wire.Type, 20, "text/html;<script>xx")
	case "past-end":
		frame(wire.Need, 12, "\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x01")
	case "negative":
		frame(wire.Need, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x01")
	case "flood-part":
		frame(wire.Part, 12, `{"path":"x"}`)
		text := strings.Repeat("x", 1<<16)
		for {
			frame(wire.Data, len(text), text)
		}
	case "part-in-part":
		frame(wire.Part, 12, `{"path":"x"}`)
		frame(wire.Part, 12, `{"path":"y"}`)
	case "flood-film":
		text := strings.Repeat("x", 1<<16)
		for {
			frame(wire.Film, len(text), text)
		}
	case "giant-film":
		frame(wire.Frames, 61, `{"codec":"hevc","width":60000,"height":60000,"count":4000    }`)
	case "odd-film":
		frame(wire.Frames, 48, `{"codec":"mjpg","width":8,"height":8,"count":1 }`)
	case "films":
		for {
			frame(wire.Frames, 48, `{"codec":"hevc","width":8,"height":8,"count":1 }`)
		}
	case "not-json":
		frame(wire.Done, 3, "{{{")
	case "bad-condition":
		done.Condition = "excellent"
	case "no-reason":
		done.Condition = candor.Failed
	case "svg-thumbnail":
		done.Thumbnail = []byte("<svg/>")
	case "long-title":
		done.Title = strings.Repeat("t", 1<<19) + "\x1b[31m"
		done.Fields = []candor.Field{{Name: "secret:x", Value: "y"}, {Name: "doc:x", Value: "line\x00\nline"}}
		done.Language = "<b"
	}
	return "said", nil
}

func hostilePool(t *testing.T, change func(*Config)) *Pool {
	return newPool(t, func(c *Config) {
		c.Workers = 1
		c.Command = []string{c.Command[0], "hostile-worker", "obey"}
		c.TimeBase, c.TimePerMB = 3*time.Second, time.Millisecond
		c.Limits.Floor, c.Limits.Text = 4<<20, 4<<20
		if change != nil {
			change(c)
		}
	})
}

func TestAWorkerMayDoNothingButRead(t *testing.T) {
	p := hostilePool(t, nil)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the key"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{
		"open " + secret, "open /etc/passwd", "open /proc/self/environ", fmt.Sprintf("open /proc/%d/mem", os.Getpid()), "open .",
		"write " + secret, "write " + secret + ".new", "write /dev/null", "remove " + secret, "signal", "limits", "spawn",
	} {
		r, g := read(t, p, "order", []byte(order))
		if !strings.Contains(g.text.String(), "refused: ") || !strings.Contains(g.text.String(), "not permitted") {
			t.Errorf("%s: %s, %q", order, r.Condition, g.text.String())
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "the key" {
		t.Errorf("the file is now %q, %v", data, err)
	}
	for _, order := range []string{"socket", "exec", "ptrace"} {
		r, _ := read(t, p, "order", []byte(order))
		if r.Condition != candor.Failed || !strings.Contains(r.Reason, "no reader of files may do") {
			t.Errorf("%s: %s (%s)", order, r.Condition, r.Reason)
		}
		if _, g := read(t, p, "order", []byte("behave")); g.text.String() != "well" {
			t.Errorf("after %s the pool does not go on: %q", order, g.text.String())
		}
	}
	if _, g := read(t, p, "order", []byte("environment")); g.text.String() != "0 variables" {
		t.Errorf("the environment has %s", g.text.String())
	}
}

func TestAWorkerThatFailsIsReplaced(t *testing.T) {
	var mu sync.Mutex
	started := map[int]bool{}
	p := hostilePool(t, func(c *Config) {
		c.Started = func(pid int) { mu.Lock(); started[pid] = true; mu.Unlock() }
	})
	for _, c := range []struct {
		order, reason string
		cond          candor.Condition
	}{
		{"hang", "took longer than 3s", candor.Failed},
		{"sleep", "took longer than 3s", candor.Failed},
		{"flood-empty", "took longer than 3s", candor.Failed},
		{"exit", "broke down", candor.Failed},
		{"panic", "broke down", candor.Failed},
		{"rubbish", "no sense", candor.Failed},
		{"giant-frame", "no sense", candor.Failed},
		{"flood-text", "no sense", candor.Partial},
		{"not-utf8", "no sense", candor.Failed},
		{"bad-type", "no sense", candor.Failed},
		{"past-end", "no sense", candor.Failed},
		{"negative", "no sense", candor.Failed},
		{"flood-part", "no sense", candor.Partial},
		{"part-in-part", "no sense", candor.Partial},
		{"flood-film", "no sense", candor.Failed},
		{"giant-film", "no sense", candor.Failed},
		{"odd-film", "no sense", candor.Failed},
		{"films", "no sense", candor.Failed},
		{"not-json", "no sense", candor.Failed},
		{"bad-condition", "no sense", candor.Partial},
		{"no-reason", "no sense", candor.Partial},
		{"svg-thumbnail", "no sense", candor.Partial},
	} {
		r, _ := read(t, p, "order", []byte(c.order))
		if r.Condition != c.cond || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %s (%s)", c.order, r.Condition, r.Reason)
		}
		if _, g := read(t, p, "order", []byte("behave")); g.text.String() != "well" {
			t.Errorf("after %s the pool does not go on: %q", c.order, g.text.String())
		}
	}
	if _, err := p.Render(t.Context(), source("x", []byte("x")), 1, 100); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("a page that is no PNG gives %v", err)
	}
	_ = p.Close()
	for pid := range started {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("worker %d was left behind: %v", pid, err)
		}
	}
}

func TestAWorkerIsBoundedInMemory(t *testing.T) {
	if testMemory < 0 {
		t.Skip("the race detector needs more memory than a worker may have")
	}
	p := hostilePool(t, func(c *Config) { c.TimeBase = time.Minute })
	r, _ := read(t, p, "order", []byte("memory"))
	if r.Condition != candor.Failed || !strings.Contains(r.Reason, "more memory") {
		t.Errorf("%s (%s)", r.Condition, r.Reason)
	}
}

func TestWhatAWorkerSaysIsMadeFitToBeShown(t *testing.T) {
	p := hostilePool(t, nil)
	r, _ := read(t, p, "order", []byte("long-title"))
	if len(r.Title) > maxTitle || strings.Contains(r.Title, "\x1b") || r.Language != "" {
		t.Errorf("title of %d bytes, language %q", len(r.Title), r.Language)
	}
	if len(r.Fields) != 1 || r.Fields[0] != (candor.Field{Name: "doc:x", Value: "line\nline"}) {
		t.Errorf("fields %v", r.Fields)
	}
}

func TestNoWorkerIsAnError(t *testing.T) {
	p := newPool(t, func(c *Config) { c.Command = []string{c.Command[0], "hostile-worker", "dies-at-start"} })
	_, err := p.Extract(t.Context(), source("a", []byte("x")), &gathered{})
	if candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a worker that never starts gives %v", err)
	}
	if _, err := New(Config{Command: []string{"/nowhere/candor"}}); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a program that is not there gives %v", err)
	}
}

func TestTheSinkEndsAReading(t *testing.T) {
	p := newPool(t, nil)
	full := errors.New("the disk is full")
	for _, data := range [][]byte{[]byte(english), fixture.Zip(fixture.Member{Name: "a", Body: "b"})} {
		_, err := p.Extract(t.Context(), source("a", data), &gathered{fail: full})
		if !errors.Is(err, full) {
			t.Errorf("a sink that refuses gives %v", err)
		}
	}
	if r, _ := read(t, p, "a.txt", []byte(english)); r.Condition != candor.Done {
		t.Errorf("the pool does not go on: %s", r.Reason)
	}
}

// lazySink returns before it has read a part.
type lazySink struct{ gathered }

func (l *lazySink) Part(p candor.Place, _ io.Reader) error {
	l.parts = append(l.parts, gatheredPart{Place: p})
	return nil
}

func TestASinkThatReadsNothingIsServed(t *testing.T) {
	p := newPool(t, nil)
	var l lazySink
	big := strings.Repeat("x", 1<<20)
	r, err := p.Extract(t.Context(), source("a.zip", fixture.Zip(fixture.Member{Name: "a", Body: big}, fixture.Member{Name: "b", Body: big})), &l)
	if err != nil || r.Condition != candor.Done || l.names() != "a b" {
		t.Errorf("%s, parts %s, %v", r.Condition, l.names(), err)
	}
}

func TestCancelAndClose(t *testing.T) {
	p := hostilePool(t, func(c *Config) { c.TimeBase = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	src := source("order", []byte("sleep"))
	inner := src.ReaderAt
	var once sync.Once
	src.ReaderAt = readerAt(func(b []byte, off int64) (int, error) { once.Do(func() { close(began) }); return inner.ReadAt(b, off) })
	go func() { <-began; cancel() }()
	if _, err := p.Extract(ctx, src, &gathered{}); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a reading that was given up gives %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := p.Extract(context.Background(), source("order", []byte("sleep")), &gathered{})
		ended <- err
	}()
	_ = p.Close()
	if err := <-ended; candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("closing gives %v", err)
	}
	if _, err := p.Extract(context.Background(), source("order", []byte("behave")), &gathered{}); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a closed pool gives %v", err)
	}
}

type readerAt func([]byte, int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

func TestAFileThatVanishes(t *testing.T) {
	p := newPool(t, nil)
	data := []byte(strings.Repeat("words and more words\n", 100_000))
	whole := source("a.txt", data)
	for _, until := range []int64{0, 300_000} {
		src := candor.Source{Name: "a.txt", Size: whole.Size, ReaderAt: readerAt(func(b []byte, off int64) (int, error) {
			if off+int64(len(b)) > until {
				return 0, io.ErrUnexpectedEOF
			}
			return whole.ReadAt(b, off)
		})}
		r, err := p.Extract(t.Context(), src, &gathered{})
		if err != nil || r.Condition != candor.Failed || !strings.Contains(r.Reason, "changed or vanished") {
			t.Errorf("%s (%s), %v", r.Condition, r.Reason, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	p := newPool(t, func(c *Config) { c.MaxJobs = 5 })
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			want := fmt.Sprintf("text number %d", i)
			data, name := []byte(want), "a.txt"
			if i%3 == 0 {
				data, name = fixture.PDF("x", want), "a.pdf"
			}
			g := &gathered{}
			r, err := p.Extract(t.Context(), source(name, data), g)
			if err != nil || r.Condition != candor.Done || !strings.Contains(g.text.String(), want) {
				t.Errorf("%d: %s (%s) %q, %v", i, r.Condition, r.Reason, g.text.String(), err)
			}
		})
	}
	wg.Wait()
}

func TestConfinementIsReported(t *testing.T) {
	p := newPool(t, nil)
	report, err := p.Confinement(t.Context())
	if err != nil || !strings.Contains(strings.Join(report, "\n"), "seccomp") {
		t.Errorf("%q, %v", report, err)
	}
	t.Log(report)
}
