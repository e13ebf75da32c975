package catalog_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/catalog"
	"candor/internal/catalog/catalogtest"
)

// crashRounds is how often the writing process is killed.
const crashRounds = 12

// TestMain lets the test binary stand in for a server that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("CANDOR_TEST_WRITER"); path != "" {
		if err := writeUntilKilled(path); err != nil {
			fmt.Println("error", err)
		}
		return
	}
	os.Exit(m.Run())
}

// writeUntilKilled puts items and covers them, and says each number on
// standard output once it is acknowledged.
func writeUntilKilled(path string) error {
	ctx := context.Background()
	key, err := hex.DecodeString(os.Getenv("CANDOR_TEST_KEY"))
	if err != nil {
		return err
	}
	c, err := catalog.New(ctx, catalog.Config{Path: path, Key: key})
	if err != nil {
		return err
	}
	for {
		first, err := c.ReserveNums(ctx, 3)
		if err != nil {
			return err
		}
		if err := c.PutItems(ctx, catalogtest.NewItems(first, 3)); err != nil {
			return err
		}
		if err := c.Cover(ctx, "p-1", []uint32{first}); err != nil {
			return err
		}
		fmt.Println(first)
	}
}

// TestKilledWhileWriting kills a writing process again and again. Everything
// that it acknowledged is there afterwards, and the catalog is whole.
func TestKilledWhileWriting(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	var acknowledged []uint32
	for round := range crashRounds {
		acknowledged = append(acknowledged, killedWriter(t, cfg, 5+(round*7)%23)...)
		verifyAfterCrash(t, cfg, acknowledged)
	}
	if len(acknowledged) < crashRounds*5 {
		t.Fatalf("only %d writes were acknowledged in %d rounds", len(acknowledged), crashRounds)
	}
}

// killedWriter starts a writer and kills it a moment after its nth
// acknowledgement, in the middle of what comes next.
func killedWriter(t *testing.T, cfg catalog.Config, n int) []uint32 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CANDOR_TEST_WRITER="+cfg.Path, "CANDOR_TEST_KEY="+hex.EncodeToString(cfg.Key))
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	var acknowledged []uint32
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		num, err := strconv.ParseUint(lines.Text(), 10, 32)
		if err != nil {
			t.Errorf("the writer said %q", lines.Text())
			break
		}
		if acknowledged = append(acknowledged, uint32(num)); len(acknowledged) == n {
			time.Sleep(time.Duration(n*37%900) * time.Microsecond)
			check(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the writer ended by %v, not by being killed", err)
	}
	return acknowledged
}

func verifyAfterCrash(t *testing.T, cfg catalog.Config, acknowledged []uint32) {
	t.Helper()
	c, err := catalog.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	defer closeIt(t, c)
	covered, err := c.Coverage(t.Context(), "p-1")
	check(t, err)
	for _, num := range acknowledged {
		items, err := c.ItemsByNum(t.Context(), []uint32{num, num + 1, num + 2})
		if err != nil || len(items) != 3 || !covered.Contains(num) {
			t.Fatalf("of the acknowledged batch at %d %d items are left, covered %v, error %v", num, len(items), covered.Contains(num), err)
		}
	}
	var held int64
	check(t, c.EachItem(t.Context(), func(candor.Item) error { held++; return nil }))
	totals, err := c.Totals(t.Context(), "")
	check(t, err)
	if totals.Items != held || held%3 != 0 {
		t.Fatalf("%d items are held and %d counted: a batch happened in part", held, totals.Items)
	}
}

// TestKilledWhileMaking leaves every kind of half-made file behind.
func TestKilledWhileMaking(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	for _, suffix := range []string{".new", ".new-journal", ".new-wal", ".new-shm"} {
		check(t, os.WriteFile(cfg.Path+suffix, []byte("half made"), 0o600))
	}
	c := open(t, cfg)
	check(t, c.PutItems(t.Context(), catalogtest.NewItems(1, 1)))
}

func TestJournalWithoutCatalog(t *testing.T) {
	cfg := catalog.Config{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: newKey()}
	check(t, os.WriteFile(cfg.Path+"-wal", []byte("a journal"), 0o600))
	_, err := catalog.New(t.Context(), cfg)
	wantCode(t, err, candor.Verification)
}
