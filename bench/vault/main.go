// Command vault measures sealing and opening of one large file in the vault
// beside the age command line, on the same file and disk in the same run, and
// of many small files.
//
//	go run ./vault -age /path/to/age -bytes 1073741824 -rounds 3
//
// Both encrypt to one post-quantum recipient and write to disk without
// waiting for it; the fastest of the rounds counts. The vault also computes
// the content's SHA-256, which age does not.
package main

import (
	"bytes"
	"context"
	"crypto/hpke"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"filippo.io/age"

	"candor"
	"candor/internal/vault"
)

type options struct {
	age    string
	dir    string
	bytes  int64
	small  int
	rounds int
}

func main() {
	var o options
	flag.StringVar(&o.age, "age", "age", "the age command")
	flag.StringVar(&o.dir, "dir", "", "folder to work in; default: a temporary one")
	flag.Int64Var(&o.bytes, "bytes", 1<<30, "size of the large file")
	flag.IntVar(&o.small, "small", 5000, "number of 4 KiB files")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the fastest counts")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "vaultbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	plain := filepath.Join(dir, "plain")
	if err := writeNoise(plain, o.bytes); err != nil {
		return err
	}
	b, err := newBench(dir, o, plain)
	if err != nil {
		return err
	}
	defer b.close()
	best := make(map[string]cost)
	for range o.rounds {
		for _, step := range []struct {
			name string
			do   func(context.Context) error
		}{{"age -r", b.ageSeal}, {"vault seal", b.seal}, {"age -d", b.ageOpen}, {"vault open", b.open}} {
			start, cpu := time.Now(), cpuTime()
			if err := step.do(ctx); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
			c := cost{time.Since(start), cpuTime() - cpu}
			if have, ok := best[step.name]; ok {
				c = cost{min(c.wall, have.wall), min(c.cpu, have.cpu)}
			}
			best[step.name] = c
		}
	}
	report(best, o)
	return b.smallFiles(ctx, o.small)
}

// cost is the least that a step took; processor time says more on a busy machine.
type cost struct{ wall, cpu time.Duration }

// cpuTime is what this process and its ended children have used.
func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}

func report(best map[string]cost, o options) {
	rate := func(name string) float64 { return float64(o.bytes) / 1e6 / best[name].wall.Seconds() }
	for _, name := range []string{"age -r", "vault seal", "age -d", "vault open"} {
		fmt.Printf("%-12s %7.0f MB/s, processor %.2f s/GB\n", name, rate(name), best[name].cpu.Seconds()/float64(o.bytes)*1e9)
	}
	fmt.Printf("sealing %.2f of age, opening %.2f of age\n", rate("vault seal")/rate("age -r"), rate("vault open")/rate("age -d"))
}

func writeNoise(path string, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), n)
	return err
}

// bench is a vault and an age identity over one folder.
type bench struct {
	o         options
	dir       string
	plain     string
	recipient string
	identity  string // file
	vault     *vault.Vault
	closers   []io.Closer
	body      candor.SealedBody
}

const name = candor.KeyName("main/aaaaaaaaaaaaaaaaaaaaaaaaaa/original")

func newBench(dir string, o options, plain string) (*bench, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	b := &bench{o: o, dir: dir, plain: plain, recipient: id.Recipient().String(), identity: filepath.Join(dir, "identity")}
	if err := os.WriteFile(b.identity, []byte(id.String()+"\n"), 0o600); err != nil {
		return nil, err
	}
	custodian, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "vault")
	bucket, err := vault.OpenDir(folder)
	if err != nil {
		return nil, err
	}
	b.vault, err = vault.New(vault.Config{Bucket: bucket, Origin: "example.org/bench", Recipient: custodian.PublicKey().Bytes(), Dir: folder})
	b.closers = []io.Closer{b.vault, bucket}
	return b, err
}

func (b *bench) close() {
	for _, c := range b.closers {
		_ = c.Close()
	}
}

func (b *bench) ageSeal(ctx context.Context) error {
	return b.run(ctx, "-r", b.recipient, "-o", filepath.Join(b.dir, "sealed.age"), b.plain)
}

func (b *bench) ageOpen(ctx context.Context) error {
	return b.run(ctx, "-d", "-i", b.identity, "-o", filepath.Join(b.dir, "opened"), filepath.Join(b.dir, "sealed.age"))
}

func (b *bench) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, b.o.age, args...)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func (b *bench) seal(ctx context.Context) error {
	f, err := os.Open(b.plain)
	if err != nil {
		return err
	}
	defer f.Close()
	if b.body, err = b.vault.Seal(ctx, f); err != nil {
		return err
	}
	return b.vault.Bind(ctx, name, b.body)
}

func (b *bench) open(ctx context.Context) error {
	c, err := b.vault.Open(ctx, name, b.body.FileKey)
	if err != nil {
		return err
	}
	defer c.Close()
	out, err := os.Create(filepath.Join(b.dir, "opened"))
	if err != nil {
		return err
	}
	defer out.Close()
	n, err := c.(io.WriterTo).WriteTo(out)
	if err == nil && n != b.o.bytes {
		return fmt.Errorf("opened %d bytes of %d", n, b.o.bytes)
	}
	return err
}

// smallFiles seals, binds and opens files that are kept inline.
func (b *bench) smallFiles(ctx context.Context, n int) error {
	data := make([]byte, 4096)
	bodies := make([]candor.SealedBody, n)
	start := time.Now()
	for i := range bodies {
		var err error
		if bodies[i], err = b.vault.Seal(ctx, bytes.NewReader(data)); err != nil {
			return err
		}
		if err := b.vault.Bind(ctx, smallName(i), bodies[i]); err != nil {
			return err
		}
	}
	sealed := time.Since(start)
	start = time.Now()
	if err := b.vault.Sync(ctx); err != nil {
		return err
	}
	synced := time.Since(start)
	start = time.Now()
	for i := range bodies {
		c, err := b.vault.Open(ctx, smallName(i), bodies[i].FileKey)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, io.NewSectionReader(c, 0, c.Size())); err != nil {
			return err
		}
		_ = c.Close()
	}
	opened := time.Since(start)
	fmt.Printf("%d files of 4 KiB: sealed %.0f/s, then synced in %v, opened %.0f/s\n", n,
		float64(n)/sealed.Seconds(), synced.Round(time.Millisecond), float64(n)/opened.Seconds())
	return nil
}

func smallName(i int) candor.KeyName {
	var sum [32]byte
	sum[0], sum[1], sum[2] = byte(i), byte(i>>8), byte(i>>16)
	return candor.ItemKey("small", candor.NewItemID([]byte("bench"), sum), candor.Original)
}
