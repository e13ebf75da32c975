package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"candor"
	"candor/internal/client"
	"candor/internal/wire"
	"candor/receipt"
)

// TestCrash kills a server with SIGKILL at random moments while files are being
// added, searched and opened, 200 times (CANDOR_CRASH_ROUNDS says otherwise).
// Whatever was acknowledged must be there after the restart, and whatever was
// shown must have its record in a log that verifies.
func TestCrash(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 10
	}
	if s := os.Getenv("CANDOR_CRASH_ROUNDS"); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	c := newCrash(t)
	for round := range rounds {
		c.round = round
		c.start()
		c.checkAcknowledged()
		c.work(time.Duration(rand.IntN(600)) * time.Millisecond)
	}
	c.start()
	c.checkAcknowledged()
	c.checkKept()
	c.stop()
	c.checkLog()
	t.Logf("%d kills; %d files acknowledged, %d results shown", rounds, len(c.acknowledged), len(c.shown))
	if rounds >= 100 && (len(c.acknowledged) == 0 || len(c.shown) == 0) {
		t.Error("nothing was acknowledged or shown, so nothing was tested")
	}
}

// crash is one archive that is killed again and again.
type crash struct {
	t       *testing.T
	dir     string
	env     []string
	round   int
	cmd     *exec.Cmd
	gone    chan error // receives when cmd has ended
	out     *bytes.Buffer
	client  *client.Client
	purpose candor.PurposeID

	mu           sync.Mutex
	acknowledged []wire.File
	items        []candor.ItemID
	checked      int // acknowledged files that were looked for after a restart
	shown        []receipt.Receipt
}

func newCrash(t *testing.T) *crash {
	c := &crash{t: t, dir: t.TempDir()}
	c.env = append(os.Environ(), "CANDOR_DATA="+filepath.Join(c.dir, "data"), "CANDOR_CONFIG="+filepath.Join(c.dir, "config"),
		"CANDOR_KIT_PASSPHRASE=nothing to keep")
	if out, err := c.command("init", "--solo", "--kit", filepath.Join(c.dir, "kit")).CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	var p struct{ ID candor.PurposeID }
	out, err := c.command("purpose", "request", "--collection", "main", "--reason", "research", "--coverage", "400",
		"--why", "Looking at what is left after a crash, again and again", "--json").Output()
	if err != nil {
		t.Fatalf("purpose request: %v\n%s", err, out)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	c.purpose = p.ID
	t.Cleanup(func() {
		if c.cmd != nil {
			_ = c.cmd.Process.Kill()
		}
	})
	return c
}

// command runs this test binary as candor.
func (c *crash) command(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Args[0] = "candor" // what testscript goes by
	cmd.Env = c.env
	return cmd
}

func (c *crash) start() {
	c.t.Helper()
	c.cmd, c.out = c.command("serve", "--listen", "127.0.0.1:0"), new(bytes.Buffer)
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	_ = os.Remove(filepath.Join(c.dir, "data", "server"))
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	cmd, gone := c.cmd, make(chan error, 1)
	c.gone = gone
	go func() { gone <- cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); ; {
		if address, token := c.signIn(); token != "" {
			cl, err := client.New(client.Config{Server: address, Token: token})
			if err != nil {
				c.t.Fatal(err)
			}
			if _, err := cl.WhoAmI(context.Background()); err == nil {
				c.client = cl
				return
			}
		}
		select {
		case err := <-gone:
			c.t.Fatalf("round %d: the server did not come back: %v\n%s", c.round, err, c.out)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("round %d: the server does not answer\n%s", c.round, c.out)
		}
	}
}

// signIn finds the server's address, and the sign-in it leaves for the one person.
func (c *crash) signIn() (address, token string) {
	data, err := os.ReadFile(filepath.Join(c.dir, "data", "server"))
	if err != nil {
		return "", ""
	}
	address = strings.TrimSpace(string(data))
	for _, pattern := range []string{"sign-ins.json", "*/sign-ins.json"} {
		files, _ := filepath.Glob(filepath.Join(c.dir, "config", pattern))
		for _, f := range files {
			if saved, err := readSignIns(f); err == nil && saved[address] != "" {
				return address, saved[address]
			}
		}
	}
	return address, ""
}

// work lets people work for a while, then kills the server.
func (c *crash) work(d time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for worker, do := range []func(context.Context, int) error{c.addSome, c.searchSome, c.openSome} {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := do(ctx, worker*1000+n); candor.CodeOf(err) == candor.Verification {
					c.t.Errorf("round %d: %v", c.round, err)
				}
			}
		})
	}
	time.Sleep(d)
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Error(err)
	}
	<-c.gone
	cancel()
	wg.Wait()
}

func (c *crash) addSome(ctx context.Context, n int) error {
	a, err := c.client.BeginAddition(ctx, wire.NewAddition{Collection: "main"})
	if err != nil {
		return err
	}
	var files []wire.File
	var items []candor.ItemID
	for i := range 3 {
		content := fmt.Sprintf("word%dx%dx%d in a file with some more words", c.round, n, i)
		f := wire.File{Path: fmt.Sprintf("%d/%d/%d.txt", c.round, n, i), Size: int64(len(content)), ModTime: time.Unix(1_700_000_000, 0).UTC()}
		e, err := c.client.PutFile(ctx, a.ID, f, strings.NewReader(content))
		if err != nil {
			return err
		}
		files, items = append(files, f), append(items, e.Item)
	}
	if _, err := c.client.CommitAddition(ctx, a.ID, true); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledged, c.items = append(c.acknowledged, files...), append(c.items, items...)
	return nil
}

func (c *crash) searchSome(ctx context.Context, n int) error {
	found, err := c.client.Search(ctx, wire.SearchRequest{Query: fmt.Sprintf("word%dx0x0", max(c.round-1-n%7, 0)), Purpose: c.purpose})
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return err
	}
	return c.show(found.Receipt)
}

func (c *crash) openSome(ctx context.Context, n int) error {
	c.mu.Lock()
	known := c.items
	c.mu.Unlock()
	if len(known) == 0 {
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	v, err := c.client.Open(ctx, known[(c.round*31+n)%len(known)], c.purpose)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return err
	}
	if r, err := c.client.Text(ctx, v.View); err == nil {
		_, _ = io.Copy(io.Discard, r)
		_ = r.Close()
	}
	return c.show(v.Receipt)
}

func (c *crash) show(r wire.Receipt) error {
	parsed, err := receipt.Parse([]byte(r.Receipt))
	if err != nil {
		return candor.Wrap(err, candor.Verification, "a result came without a readable receipt")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = append(c.shown, parsed)
	return nil
}

// checkAcknowledged asks for every file acknowledged since the last restart.
func (c *crash) checkAcknowledged() {
	c.t.Helper()
	files := c.acknowledged[c.checked:]
	c.checked = len(c.acknowledged)
	if len(files) == 0 {
		return
	}
	a, err := c.client.BeginAddition(context.Background(), wire.NewAddition{Collection: "main"})
	if err != nil {
		c.t.Fatal(err)
	}
	for len(files) > 0 {
		some := files[:min(len(files), 400)]
		files = files[len(some):]
		known, err := c.client.KnownFiles(context.Background(), a.ID, some)
		if err != nil {
			c.t.Fatal(err)
		}
		for i, ok := range known {
			if !ok {
				c.t.Errorf("round %d: %s was acknowledged and is gone", c.round, some[i].Path)
			}
		}
	}
}

// checkKept compares vault, log, catalog and index, once the dust has settled.
func (c *crash) checkKept() {
	c.t.Helper()
	found, err := c.client.Check(context.Background(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, d := range found.Differences {
		// Files whose addition was cut short stand in the vault, unacknowledged.
		if d.Where == "catalog" && strings.Contains(d.Problem, "in the vault and not in the catalog") {
			continue
		}
		c.t.Errorf("check: %+v", d)
	}
}

func (c *crash) stop() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	select {
	case err := <-c.gone:
		if err != nil {
			c.t.Errorf("the server stopped with %v\n%s", err, c.out)
		}
	case <-time.After(time.Minute):
		c.t.Fatalf("the server did not stop\n%s", c.out)
	}
}

// checkLog verifies the log as an outsider would, and looks up the record of
// everything that was shown.
func (c *crash) checkLog() {
	c.t.Helper()
	dir := filepath.Join(c.dir, "data", "log")
	src, err := receipt.OpenSource(dir)
	if err != nil {
		c.t.Fatal(err)
	}
	v, err := receipt.VerifyLog(context.Background(), src, receipt.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	if !v.OK {
		c.t.Errorf("verify: %v", v.Problems)
	}
	leaves := make(map[int64][]byte)
	out, err := c.command("verify", dir, "--json").CombinedOutput()
	if err != nil {
		c.t.Errorf("candor verify: %v\n%s", err, out)
	}
	for _, r := range c.shown {
		if old, ok := leaves[r.Index]; ok && !bytes.Equal(old, r.Leaf) {
			c.t.Errorf("two records were shown as #%d", r.Index)
		}
		leaves[r.Index] = r.Leaf
		path := filepath.Join(c.dir, "receipt.txt")
		if r.Index%37 == 0 { // each takes a process
			if err := os.WriteFile(path, r.Marshal(), 0o600); err != nil {
				c.t.Fatal(err)
			}
			if out, err := c.command("verify", path).CombinedOutput(); err != nil {
				c.t.Errorf("candor verify of a receipt: %v\n%s", err, out)
			}
		}
	}
	c.checkLeaves(src, v.Size, leaves)
}

// checkLeaves reads the entry bundles and compares them with what was shown.
func (c *crash) checkLeaves(src receipt.Source, size int64, shown map[int64][]byte) {
	c.t.Helper()
	found := 0
	for n := int64(0); n*256 < size; n++ {
		width := int(min(256, size-n*256))
		data, err := src.ReadFile(context.Background(), receipt.BundlePath(n, width))
		if err != nil {
			c.t.Fatal(err)
		}
		leaves, err := receipt.ParseBundle(data, width)
		if err != nil {
			c.t.Fatal(err)
		}
		for i, leaf := range leaves {
			if want, ok := shown[n*256+int64(i)]; ok {
				found++
				if !bytes.Equal(want, leaf) {
					c.t.Errorf("record #%d is not the one that was shown", n*256+int64(i))
				}
			}
		}
	}
	if found != len(shown) {
		c.t.Errorf("%d of %d records that were shown are in the log", found, len(shown))
	}
}
