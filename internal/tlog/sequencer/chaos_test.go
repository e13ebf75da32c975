package sequencer_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"candor"
	"candor/internal/pinned"
	"candor/internal/tlog/sequencer"
	"candor/receipt"
)

const childVariable = "CANDOR_TEST_SEQUENCER"

// childConfig is what a sequencer process of a test is told.
type childConfig struct {
	Dir, Address string
	Key          []byte
	Writers      []string // pins
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := runChild(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild is a sequencer process: it serves until it is interrupted or killed.
func runChild(text string) error {
	var cfg childConfig
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	id, err := pinned.ParseIdentity(cfg.Key)
	if err != nil {
		return err
	}
	log, err := sequencer.Open(ctx, logConfig(nil, cfg.Dir))
	if err != nil {
		return err
	}
	server, err := sequencer.NewServer(ctx, sequencer.Config{Log: log, Clients: func(p pinned.Pin) bool {
		return strings.Contains(strings.Join(cfg.Writers, " "), p.String())
	}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	if err := server.Serve(ctx, l, id); err != nil {
		return err
	}
	return log.Close()
}

// child is a sequencer process under test.
type child struct {
	*exec.Cmd
	address string
}

func startChild(t testing.TB, cfg childConfig) *child {
	t.Helper()
	text, err := json.Marshal(cfg)
	check(t, err)
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), childVariable+"="+string(text))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the sequencer did not start: %v", err)
	}
	c.address = strings.TrimSpace(line)
	return c
}

// kill ends a process as a power cut would, as far as the process can tell.
func (c *child) kill(t testing.TB) {
	t.Helper()
	check(t, c.Process.Kill())
	_ = c.Wait()
}

func (c *child) interrupt(t testing.TB) {
	t.Helper()
	check(t, c.Process.Signal(os.Interrupt))
	check(t, c.Wait())
}

// acknowledged is what writers were told is in the log.
type acknowledged struct {
	mu       sync.Mutex
	receipts []receipt.Receipt
	n        atomic.Int64
	failed   atomic.Int64
}

// write appends records until ctx ends, and notes what was acknowledged.
func (a *acknowledged) write(ctx context.Context, t testing.TB, c *sequencer.Client) {
	for ctx.Err() == nil {
		leaf := newRecord()
		r, err := c.Append(context.Background(), leaf, []byte("sealed"))
		if err != nil {
			if candor.CodeOf(err) != candor.Unavailable {
				t.Errorf("a writer failed with %s, not closed: %v", candor.CodeOf(err), err)
				return
			}
			a.failed.Add(1)
			time.Sleep(time.Millisecond) // the others of this machine want to run, too
			continue
		}
		a.mu.Lock()
		a.receipts = append(a.receipts, r)
		a.mu.Unlock()
		a.n.Add(1)
	}
}

// await blocks until n more records are acknowledged.
func (a *acknowledged) await(t testing.TB, n int64) {
	t.Helper()
	for until := a.n.Load() + n; a.n.Load() < until && !t.Failed(); {
		time.Sleep(time.Millisecond)
	}
}

// inLogOnce compares what was acknowledged with a log that verifies.
func (a *acknowledged) inLogOnce(t testing.TB, dir string) {
	t.Helper()
	count := verifyWhole(t, dir)
	for leaf, n := range count {
		if n != 1 {
			t.Errorf("a record is in the log %d times: %s", n, leaf)
		}
	}
	for _, r := range a.receipts {
		if _, err := r.Verify(trust(t)); err != nil {
			t.Errorf("receipt of record #%d: %v", r.Index, err)
		}
		if count[string(r.Leaf)] != 1 {
			t.Errorf("record #%d was acknowledged and is in the log %d times", r.Index, count[string(r.Leaf)])
		}
	}
	t.Logf("%d acknowledged, %d failed closed, %d in the log", len(a.receipts), a.failed.Load(), len(count))
}

// TestKilledAndRestarted: three servers write while their sequencer is killed
// and started again. Nothing that was acknowledged is lost or doubled.
func TestKilledAndRestarted(t *testing.T) {
	rounds, goroutines := 6, 64
	if testing.Short() {
		rounds = 2
	}
	cfg := childConfig{Dir: t.TempDir(), Address: "127.0.0.1:0", Key: newKey(t)}
	writers := []*pinned.Identity{identityOf(t, newKey(t)), identityOf(t, newKey(t)), identityOf(t, newKey(t))}
	for _, w := range writers {
		cfg.Writers = append(cfg.Writers, w.Pin().String())
	}
	process := startChild(t, cfg)
	cfg.Address = process.address
	var told acknowledged
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, w := range writers {
		c, err := sequencer.NewClient(t.Context(), sequencer.ClientConfig{
			URL: "https://" + process.address, Pin: identityOf(t, cfg.Key).Pin(), Identity: w, Trust: trust(t),
		})
		check(t, err)
		defer c.Close()
		for range goroutines {
			wg.Go(func() { told.write(ctx, t, c) })
		}
	}
	for range rounds {
		told.await(t, 200+rand.Int64N(1500))
		process.kill(t)
		process = startChild(t, cfg)
	}
	told.await(t, 500)
	stop()
	wg.Wait()
	process.interrupt(t)
	told.inLogOnce(t, cfg.Dir)
	if epoch := epochIn(t, cfg.Dir); epoch != int64(rounds+1) {
		t.Errorf("epoch %d after %d sequencers", epoch, rounds+1)
	}
}

func epochIn(t testing.TB, dir string) (epoch int64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "lease"))
	check(t, err)
	_, err = fmt.Sscanf(string(text), "candor-lease-1\nepoch %d\n", &epoch)
	check(t, err)
	return epoch
}

// loseLocks does what a file system does that forgets locks, or an operator who
// removes lock files: the processes that held them do not notice.
func loseLocks(t testing.TB, dir string) {
	t.Helper()
	for _, name := range []string{"lock", "lease.lock"} {
		check(t, os.Remove(filepath.Join(dir, name)))
	}
}

// TestAttackDeposedProcess: a sequencer is stopped in the middle of its work,
// another takes the folder over, and the first goes on. It acknowledges nothing.
func TestAttackDeposedProcess(t *testing.T) {
	writer := identityOf(t, newKey(t))
	cfg := childConfig{Dir: t.TempDir(), Address: "127.0.0.1:0", Key: newKey(t), Writers: []string{writer.Pin().String()}}
	dial := func(address string) *sequencer.Client {
		c, err := sequencer.NewClient(t.Context(), sequencer.ClientConfig{
			URL: "https://" + address, Pin: identityOf(t, cfg.Key).Pin(), Identity: writer, Trust: trust(t), Refresh: -1,
		})
		check(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	first := startChild(t, cfg)
	old := dial(first.address)
	var before, during acknowledged
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() { before.write(ctx, t, old) })
	}
	before.await(t, 300)
	check(t, first.Process.Signal(syscall.SIGSTOP))
	loseLocks(t, cfg.Dir)
	second := startChild(t, cfg)
	newer := dial(second.address)
	ctx2, stop2 := context.WithCancel(t.Context())
	var wg2 sync.WaitGroup
	for range 8 {
		wg2.Go(func() { during.write(ctx2, t, newer) })
	}
	during.await(t, 300)
	check(t, first.Process.Signal(syscall.SIGCONT))
	during.await(t, 300)
	for range 5 {
		_, err := old.Append(t.Context(), newRecord(), nil)
		ruled(t, err, candor.Unavailable, sequencer.RuleDeposed)
	}
	stop()
	wg.Wait()
	stop2()
	wg2.Wait()
	_ = first.Process.Signal(os.Interrupt) // it ends in good order, and must not harm the folder
	_ = first.Wait()
	second.interrupt(t)
	before.receipts = append(before.receipts, during.receipts...)
	before.inLogOnce(t, cfg.Dir)
}
