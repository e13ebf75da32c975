// Package witness runs Candor's witness and submitter against other people's:
// litewitness (filippo.io/torchwood) cosigns a log of ours, and Tessera's
// client has its log cosigned by a witness of ours.
package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // litewitness keeps its logs in SQLite
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/tlog"
	"candor/internal/witness"
	"candor/receipt"
)

const litewitnessModule = "filippo.io/torchwood/cmd/litewitness@v0.9.0"

// logKeys makes a log's signer and verifier key.
func logKeys(t *testing.T, origin string) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

func ourLog(t *testing.T, origin string) (*tlog.Log, string) {
	t.Helper()
	signer, vkey := logKeys(t, origin)
	l, err := tlog.Open(t.Context(), tlog.Config{Dir: t.TempDir(), Signer: signer, Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, vkey
}

func grow(t *testing.T, l *tlog.Log, to int64) {
	t.Helper()
	var wg sync.WaitGroup
	from := l.Size()
	for w := range int64(64) {
		wg.Go(func() {
			for i := from + w; i < to; i += 64 {
				if _, err := l.Append(context.Background(), fmt.Appendf(nil, "entry %d", i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if l.Size() != to {
		t.Fatalf("the log holds %d records, want %d", l.Size(), to)
	}
}

// ourWitness serves a witness of ours that follows some logs.
func ourWitness(t *testing.T, name string, logs ...witness.Log) (*witness.Server, string) {
	t.Helper()
	skey, _, err := witness.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := witness.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	s, err := witness.NewServer(t.Context(), witness.Config{Signer: signer, Dir: t.TempDir(), Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.Close() })
	return s, srv.URL
}

// litewitness starts an independent witness that follows one log, and returns
// its verifier key, its address, and how to stop it.
type litewitness struct {
	binary, dir, socket, print, name, addr, vkey string
}

func newLitewitness(t *testing.T, origin, logKey string) *litewitness {
	t.Helper()
	w := &litewitness{dir: t.TempDir(), name: "witness.example/lite"}
	w.binary = install(t)
	w.socket = serveAgent(t, w)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.dir, "lite.db"))
	if err != nil {
		t.Fatal(err)
	}
	// The program that adds logs to litewitness needs a module that cannot be
	// had everywhere; these are the rows that it writes.
	empty := sha256.Sum256(nil)
	for _, q := range []string{
		"CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)",
		"CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))",
		fmt.Sprintf("INSERT INTO log VALUES ('%s', 0, '%s')", origin, base64.StdEncoding.EncodeToString(empty[:])),
		fmt.Sprintf("INSERT INTO key VALUES ('%s', '%s')", origin, logKey),
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// install builds the peer from its module. LITEWITNESS names one that is there.
func install(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("LITEWITNESS"); path != "" {
		return path
	}
	bin := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "install", litewitnessModule)
	cmd.Dir = bin
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go install %s: %v\n%s", litewitnessModule, err, out)
	}
	return filepath.Join(bin, "litewitness")
}

// serveAgent is the SSH agent in which litewitness expects its key.
func serveAgent(t *testing.T, w *litewitness) string {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	spub, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	w.print = ssh.FingerprintSHA256(spub)
	w.vkey = cosignerKey(w.name, public)
	dir, err := os.MkdirTemp("", "lw") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	return socket
}

// cosignerKey writes a verifier key by the specification, without our code.
func cosignerKey(name string, public ed25519.PublicKey) string {
	key := append([]byte{4}, public...)
	id := sha256.Sum256(append([]byte(name+"\n"), key...))
	return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(key))
}

// start runs the witness until stop is called.
func (w *litewitness) start(t *testing.T) (stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	l.Close()
	var out bytes.Buffer
	cmd := exec.Command(w.binary, "-name", w.name, "-db", filepath.Join(w.dir, "lite.db"), "-ssh-agent", w.socket, "-key", w.print, "-listen", w.addr)
	cmd.Stderr, cmd.Dir = &out, w.dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
			if t.Failed() {
				t.Logf("litewitness said:\n%s", out.String())
			}
		})
	}
	t.Cleanup(stop)
	for range 200 {
		if res, err := http.Get("http://" + w.addr + "/"); err == nil {
			res.Body.Close()
			return stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("litewitness does not listen")
	return nil
}

func submitter(t *testing.T, l *tlog.Log, policy string) (*witness.Submitter, witness.Policy) {
	t.Helper()
	p, err := witness.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	s, err := witness.NewSubmitter(witness.SubmitterConfig{Policy: p, Consistency: l.Consistency, Backoff: 20 * time.Millisecond, MaxBackoff: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, p
}

// TestLitewitnessCosignsOurLog at sizes round the edges of tiles, across
// restarts of both sides; it refuses a log that went back and one that forked.
func TestLitewitnessCosignsOurLog(t *testing.T) {
	const origin = "log.example/interop"
	l, vkey := ourLog(t, origin)
	peer := newLitewitness(t, origin, vkey)
	stop := peer.start(t)
	ours, oursURL := ourWitness(t, "witness.example/ours", witness.Log{Key: vkey})
	policy := func() string {
		return fmt.Sprintf("witness lite %s http://%s\nwitness ours %s %s\ngroup both all lite ours\nquorum both\n", peer.vkey, peer.addr, ours.Key(), oursURL)
	}
	s, p := submitter(t, l, policy())
	for _, size := range []int64{1, 2, 255, 256, 257, 512, 3000} {
		grow(t, l, size)
		cosign(t, s, l, p, vkey, size)
	}
	old := l.Checkpoint()
	stop()
	s.Close()
	peer.start(t)
	s, p = submitter(t, l, policy()) // knows no sizes: both answer 409 first
	grow(t, l, 3001)
	signed := cosign(t, s, l, p, vkey, 3001)

	group, err := tessera.NewWitnessGroupFromPolicy([]byte(policy()))
	if err != nil || !group.Satisfied(signed) {
		t.Errorf("Tessera does not find its policy satisfied: %v", err)
	}
	s.Close()
	s, _ = submitter(t, l, policy())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		for s.Status()[0].Code == "" && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := s.Cosign(ctx, old); err == nil || s.Status()[0].Code != candor.Conflict {
		t.Errorf("an old checkpoint: %v, %+v", err, s.Status())
	}
}

// cosign checks a cosigned checkpoint with our verifier and with another.
func cosign(t *testing.T, s *witness.Submitter, l *tlog.Log, p witness.Policy, vkey string, size int64) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	signed, err := s.Cosign(ctx, l.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	v, err := receipt.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := p.Trust(v)
	if err != nil {
		t.Fatal(err)
	}
	cp, by, err := trust.OpenCheckpoint(signed)
	if err != nil || cp.Size != size || len(by) != len(p.Witnesses) {
		t.Fatalf("size %d by %v, want %d: %v", cp.Size, by, size, err)
	}
	for _, w := range p.Witnesses {
		verifyElsewhere(t, fmt.Sprint(w.Key), signed)
	}
	return signed
}

// verifyElsewhere has transparency-dev's code verify a cosignature.
func verifyElsewhere(t *testing.T, vkey string, signed []byte) {
	t.Helper()
	v, err := fnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		t.Fatalf("another verifier does not accept the cosignature of %.40s: %v", vkey, err)
	}
	if at, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("cosigned at %s: %v", at, err)
	}
}

// TestOurWitnessesCosignATesseraLog: Tessera, with its own client and its own
// proofs, publishes only what two witnesses of ours have cosigned.
func TestOurWitnessesCosignATesseraLog(t *testing.T) {
	const origin = "log.example/tessera"
	signer, vkey := logKeys(t, origin)
	w1, url1 := ourWitness(t, "witness.example/w1", witness.Log{Key: vkey})
	w2, url2 := ourWitness(t, "witness.example/w2", witness.Log{Key: vkey})
	policy := fmt.Sprintf("# two of ours\nwitness w1 %s %s\nwitness w2 %s %s\ngroup both 2 w1 w2\nquorum both\n", w1.Key(), url1, w2.Key(), url2)
	group, err := tessera.NewWitnessGroupFromPolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	p, err := witness.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for run, to := range []int{3, 700} { // the second run finds the witnesses ahead of nothing
		signed := runTessera(t, dir, signer, group, to)
		v, err := receipt.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		trust, err := p.Trust(v)
		if err != nil {
			t.Fatal(err)
		}
		cp, by, err := trust.OpenCheckpoint(signed)
		if err != nil || cp.Size == 0 || len(by) != 2 {
			t.Fatalf("run %d: size %d by %v: %v", run, cp.Size, by, err)
		}
		verifyElsewhere(t, w1.Key(), signed)
		verifyElsewhere(t, w2.Key(), signed)
		monitored(t, url1, origin, w1.Key(), cp.Size)
	}
}

// runTessera appends entries until there are `to`, waits until the last is
// published, and returns the checkpoint.
func runTessera(t *testing.T, dir string, signer note.Signer, group tessera.WitnessGroup, to int) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(256, 5*time.Millisecond).
		WithCheckpointInterval(100*time.Millisecond).WithWitnesses(group, &tessera.WitnessOptions{Timeout: 10 * time.Second})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		t.Fatal(err)
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	var last tessera.IndexFuture
	for i := range to {
		last = appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d of %d", i, to)))
	}
	_, signed, err := awaiter.Await(ctx, last)
	if err != nil {
		t.Fatal(err)
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return signed
}

// monitored asks the witness as a monitor does.
func monitored(t *testing.T, base, origin, vkey string, atLeast int64) {
	t.Helper()
	hash := sha256.Sum256([]byte(origin))
	where, err := url.JoinPath(base, hex.EncodeToString(hash[:]), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(where)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	verifyElsewhere(t, vkey, b.Bytes())
	cp, err := receipt.ParseCheckpoint([]byte(strings.SplitAfter(b.String(), "=\n")[0]))
	if err != nil || cp.Size < atLeast {
		t.Errorf("a monitor sees %d records, %d were cosigned: %v", cp.Size, atLeast, err)
	}
}
