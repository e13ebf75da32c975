package sequencer_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/pinned"
	"candor/internal/tlog"
	"candor/internal/tlog/sequencer"
	"candor/receipt"
)

// slowSigner stops in the middle of signing once it is told to.
type slowSigner struct {
	note.Signer
	armed   atomic.Bool
	reached chan struct{}
	resume  chan struct{}
}

func (s *slowSigner) Sign(msg []byte) ([]byte, error) {
	if s.armed.CompareAndSwap(true, false) {
		close(s.reached)
		<-s.resume
	}
	return s.Signer.Sign(msg)
}

// TestAttackDeposedWhileSigning: the folder is taken over after the fence was
// asked and before the signature is made. The signature leaves nobody's hands.
func TestAttackDeposedWhileSigning(t *testing.T) {
	b := newBench(t)
	slow := &slowSigner{reached: make(chan struct{}), resume: make(chan struct{})}
	first := b.open(func(cfg *tlog.Config) { slow.Signer, cfg.Signer = cfg.Signer, slow })
	var address string
	end := b.listen(first, &address)
	old := b.dial(func(cfg *sequencer.ClientConfig) { cfg.URL = "https://" + address })
	for range 10 {
		_, err := old.Append(t.Context(), newRecord(), nil)
		check(t, err)
	}
	slow.armed.Store(true)
	late := newRecord()
	refused := make(chan error, 1)
	go func() {
		_, err := old.Append(t.Context(), late, nil)
		refused <- err
	}()
	<-slow.reached
	loseLocks(t, b.dir)
	b.start()
	newer := b.dial()
	var told acknowledged
	for range 10 {
		r, err := newer.Append(t.Context(), newRecord(), nil)
		check(t, err)
		told.receipts = append(told.receipts, r)
	}
	close(slow.resume)
	ruled(t, <-refused, candor.Unavailable, sequencer.RuleDeposed)
	shown, _, err := trust(t).OpenCheckpoint(first.Checkpoint())
	if err != nil || shown.Size != 10 {
		t.Errorf("the deposed sequencer shows a checkpoint of %d records: %v", shown.Size, err)
	}
	_, err = old.Append(t.Context(), newRecord(), nil)
	ruled(t, err, candor.Unavailable, sequencer.RuleDeposed)
	end()
	if err := first.Publish(t.Context()); err == nil {
		t.Error("a deposed sequencer published")
	}
	if err := first.DestroyDetails(t.Context(), 0); err == nil {
		t.Error("a deposed sequencer destroyed details")
	}
	if err := first.Close(); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("closed with %v", err)
	}
	b.halt()
	told.inLogOnce(t, b.dir)
	if verifyWhole(t, b.dir)[string(late)] != 0 {
		t.Error("the late record is in the log")
	}
}

// TestAttackWriterKnowsBetter: a sequencer whose lease still seems its own is
// told by a writer that there is a newer one.
func TestAttackWriterKnowsBetter(t *testing.T) {
	b := newBench(t).start()
	b.halt()
	b.start()
	c := b.dial() // has seen 2
	b.halt()
	text, err := os.ReadFile(b.dir + "/lease")
	check(t, err)
	check(t, os.WriteFile(b.dir+"/lease", bytes.Replace(text, []byte("epoch 2"), []byte("epoch 0"), 1), 0o600))
	if _, err := sequencer.Open(t.Context(), logConfig(t, b.dir)); candor.CodeOf(err) != candor.Verification {
		t.Fatalf("epoch 0 was taken for one: %v", err)
	}
	check(t, os.Remove(b.dir+"/lease"))
	b.start()
	_, err = c.Append(t.Context(), newRecord(), nil)
	ruled(t, err, candor.Unavailable, sequencer.RuleDeposed)
	ruled(t, c.Update(t.Context()), candor.Unavailable, sequencer.RuleDeposed)
}

// TestAttackRolledBack: the sequencer is started on last week's copy of the
// folder. Its epoch may be lower, the same or higher than what was seen.
func TestAttackRolledBack(t *testing.T) {
	for name, more := range map[string]int{"same epoch": 0, "higher epoch": 3} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t).start()
			c := b.dial()
			for range 5 {
				_, err := c.Append(t.Context(), newRecord(), nil)
				check(t, err)
			}
			b.halt()
			backup := t.TempDir()
			check(t, os.CopyFS(backup+"/log", os.DirFS(b.dir)))
			b.start()
			for range 5 {
				_, err := c.Append(t.Context(), newRecord(), nil)
				check(t, err)
			}
			b.halt()
			b.dir = backup + "/log"
			for range more {
				b.start()
				b.halt()
			}
			b.start()
			innocent := b.dial()
			for i := range 10 { // shorter than what was seen, as long, and longer
				ruled(t, c.Update(t.Context()), candor.Verification, sequencer.RuleHistory)
				_, err := c.Append(t.Context(), newRecord(), nil)
				ruled(t, err, candor.Verification, sequencer.RuleHistory)
				err = c.Read(t.Context(), 0, 1, func(int64, []byte, []byte) error { return nil })
				ruled(t, err, candor.Verification, sequencer.RuleHistory)
				if _, err := innocent.Append(t.Context(), newRecord(), nil); err != nil {
					t.Fatalf("append %d: %v", i, err)
				}
			}
			if c.Size() != 10 {
				t.Errorf("the writer went back to %d records", c.Size())
			}
		})
	}
}

func TestAttackWrongCertificates(t *testing.T) {
	b := newBench(t).start()
	cfg := b.clientConfig()
	cfg.Identity = identityOf(t, newKey(t))
	_, err := sequencer.NewClient(t.Context(), cfg)
	ruled(t, err, candor.Denied, sequencer.RuleClient)
	cfg = b.clientConfig()
	cfg.Pin = cfg.Identity.Pin()
	_, err = sequencer.NewClient(t.Context(), cfg)
	ruled(t, err, candor.Verification, sequencer.RulePinned)
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer bare.CloseIdleConnections()
	if res, err := bare.Post("https://"+b.address+"/v1/head", "application/json", strings.NewReader(`{"v":1,"epoch":0}`)); err == nil {
		res.Body.Close()
		t.Errorf("answered %d to a client without a certificate", res.StatusCode)
	}
	// One that is taken off the list is refused on the connection that it has.
	allowed := true
	var mu sync.Mutex
	b.halt()
	b.cfg.Clients = func(pinned.Pin) bool { mu.Lock(); defer mu.Unlock(); return allowed }
	b.start()
	c := b.dial()
	mu.Lock()
	allowed = false
	mu.Unlock()
	_, err = c.Append(t.Context(), newRecord(), nil)
	ruled(t, err, candor.Denied, sequencer.RuleClient)
}

// raw posts bytes as the known writer does.
func (b *bench) raw(method, path, body string, length int64) (status int, code candor.Code, rule string) {
	b.t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: b.writer.ClientTLS(b.server.Pin(), io.EOF)}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequest(method, "https://"+b.address+path, strings.NewReader(body))
	check(b.t, err)
	if length != 0 {
		req.ContentLength = length
		req.Body = io.NopCloser(strings.NewReader(body))
	}
	res, err := client.Do(req)
	check(b.t, err)
	defer res.Body.Close()
	var m struct {
		Error struct {
			Code candor.Code `json:"code"`
			Rule string      `json:"rule"`
		} `json:"error"`
	}
	check(b.t, json.NewDecoder(res.Body).Decode(&m))
	return res.StatusCode, m.Error.Code, m.Error.Rule
}

func TestAttackMalformedRequests(t *testing.T) {
	b := newBench(t).start()
	for name, x := range map[string]struct {
		path, body string
		length     int64
		code       candor.Code
	}{
		"no JSON":           {"/v1/append", "hello", 0, candor.Invalid},
		"nothing":           {"/v1/append", "", 0, candor.Invalid},
		"unknown field":     {"/v1/head", `{"v":1,"epoch":0,"x":1}`, 0, candor.Invalid},
		"two messages":      {"/v1/head", `{"v":1,"epoch":0}{"v":1}`, 0, candor.Invalid},
		"other version":     {"/v1/head", `{"v":2,"epoch":0}`, 0, candor.NotSupported},
		"negative epoch":    {"/v1/head", `{"v":1,"epoch":-1}`, 0, candor.Invalid},
		"newer epoch":       {"/v1/head", `{"v":1,"epoch":2}`, 0, candor.Unavailable},
		"long holder":       {"/v1/head", `{"v":1,"epoch":0,"holder":"` + strings.Repeat("a", 33) + `"}`, 0, candor.Invalid},
		"no request ID":     {"/v1/append", `{"v":1,"epoch":0,"request":"","leaf":"e30="}`, 0, candor.Invalid},
		"no record":         {"/v1/append", `{"v":1,"epoch":0,"request":"` + strings.Repeat("0", 32) + `","leaf":"e30="}`, 0, candor.Invalid},
		"no hash":           {"/v1/whereis", `{"v":1,"epoch":0,"hash":"AAAA","from":0}`, 0, candor.Invalid},
		"before the log":    {"/v1/receipt", `{"v":1,"epoch":0,"index":-1}`, 0, candor.NotFound},
		"empty page":        {"/v1/read", `{"v":1,"epoch":0,"from":0,"to":0}`, 0, candor.Invalid},
		"page of nothing":   {"/v1/read", `{"v":1,"epoch":0,"from":0,"to":9}`, 0, candor.Invalid},
		"too large":         {"/v1/head", strings.Repeat(" ", 300<<10), 0, candor.TooLarge},
		"unknown length":    {"/v1/head", `{"v":1,"epoch":0}`, -1, candor.TooLarge},
		"too many indexes":  {"/v1/destroy", `{"v":1,"epoch":0,"indexes":[0` + strings.Repeat(",0", sequencer.MaxDestroy) + `]}`, 0, candor.TooLarge},
		"no such request":   {"/v1/sign", `{"v":1,"epoch":0}`, 0, candor.NotFound},
		"files of the log":  {"/lease", ``, 0, candor.NotFound},
		"path out of bound": {"/v1/../journal", ``, 0, candor.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if status, code, _ := b.raw(http.MethodPost, x.path, x.body, x.length); code != x.code || status < 400 {
				t.Errorf("%d %s, want %s", status, code, x.code)
			}
		})
	}
	if b.log.Size() != 0 {
		t.Errorf("%d records came to be in the log", b.log.Size())
	}
	c := b.dial()
	_, err := c.Append(t.Context(), newRecord(), nil)
	check(t, err)
}

// TestRepeatedRequest: the same request twice, as a proxy may send it, is one record.
func TestRepeatedRequest(t *testing.T) {
	b := newBench(t).start()
	body, err := json.Marshal(map[string]any{"v": 1, "epoch": 1, "request": hex.EncodeToString(make([]byte, 16)), "leaf": newRecord()})
	check(t, err)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if status, code, _ := b.raw(http.MethodPost, "/v1/append", string(body), 0); status != http.StatusOK {
				t.Errorf("%d %s", status, code)
			}
		})
	}
	wg.Wait()
	if b.log.Size() != 1 {
		t.Errorf("%d records", b.log.Size())
	}
}

func TestTooManyAtOnce(t *testing.T) {
	b := newBench(t)
	b.cfg.MaxRequests = 1
	var n atomic.Int64
	hold := make(chan struct{})
	b.wrap = func(s sequencer.Service) sequencer.Service { return counting{s, &n, hold} }
	b.start()
	c := b.dial()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.Append(t.Context(), newRecord(), nil); err != nil {
			t.Error(err)
		}
	})
	for n.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	ruled(t, c.Update(t.Context()), candor.Unavailable, sequencer.RuleBusy)
	close(hold)
	wg.Wait()
	check(t, c.Update(t.Context()))
}

// TestAttackLyingServer: who has the sequencer's TLS key and not the log's cannot
// make a writer believe anything.
func TestAttackLyingServer(t *testing.T) {
	b := newBench(t).start()
	c := b.dial()
	r, err := c.Append(t.Context(), newRecord(), nil)
	check(t, err)
	head, err := json.Marshal(map[string]any{"v": 1, "epoch": 5, "holder": "h", "checkpoint": r.Checkpoint})
	check(t, err)
	tell := func(epoch int, r receipt.Receipt) string {
		text, err := json.Marshal(map[string]any{"v": 1, "epoch": epoch, "holder": "h",
			"receipt": map[string]any{"index": r.Index, "leaf": r.Leaf, "hashes": r.Hashes, "checkpoint": r.Checkpoint}})
		check(t, err)
		return string(text)
	}
	mine := newRecord()
	forged := r
	forged.Leaf = mine
	for name, x := range map[string]struct {
		status int
		body   string
		code   candor.Code
	}{
		"another record's receipt": {200, tell(5, r), candor.Verification},
		"forged receipt":           {200, tell(5, forged), candor.Verification},
		"no receipt":               {200, tell(5, receipt.Receipt{}), candor.Verification},
		"not JSON":                 {200, "<html>", candor.Unavailable},
		"endless":                  {200, `{"v":1,"epoch":5` + strings.Repeat(" ", 300<<10), candor.Unavailable},
		"redirect":                 {302, `{"v":1,"epoch":5}`, candor.Unavailable},
		"unknown code":             {403, `{"v":1,"epoch":5,"error":{"code":"fine","message":"all is well"}}`, candor.Unavailable},
		"terminal escapes":         {403, `{"v":1,"epoch":5,"error":{"code":"refused","message":"\u001b[2J"}}`, candor.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var lie atomic.Pointer[string]
			l, err := net.Listen("tcp", "127.0.0.1:0")
			check(t, err)
			srv := &http.Server{TLSConfig: b.server.ServerTLS(), Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path == "/v1/head" {
					_, _ = w.Write(head)
					return
				}
				w.Header().Set("Location", "https://elsewhere.invalid/")
				w.WriteHeader(x.status)
				_, _ = io.WriteString(w, *lie.Load())
			})}
			lie.Store(&x.body)
			go srv.ServeTLS(l, "", "")
			defer srv.Close()
			c := b.dial(func(cfg *sequencer.ClientConfig) { cfg.URL = "https://" + l.Addr().String() })
			if _, err := c.Append(t.Context(), mine, nil); candor.CodeOf(err) != x.code {
				t.Errorf("got %v", err)
			}
			older := tell(4, r)
			x.status = 200
			lie.Store(&older)
			_, err = c.Receipt(context.Background(), r.Index)
			ruled(t, err, candor.Unavailable, sequencer.RuleDeposed)
		})
	}
}

// slowFS stops before it writes a journal segment, or renames it into place, once
// it is told to.
type slowFS struct {
	tlog.FS
	at      string // "write" or "rename"
	armed   atomic.Bool
	reached chan struct{}
	resume  chan struct{}
}

func (s *slowFS) stop(at, name string) {
	if at == s.at && strings.HasPrefix(name, "journal/") && s.armed.CompareAndSwap(true, false) {
		close(s.reached)
		<-s.resume
	}
}

func (s *slowFS) WriteFile(name string, data []byte) error {
	s.stop("write", name)
	return s.FS.WriteFile(name, data)
}

func (s *slowFS) Rename(from, to string) error {
	s.stop("rename", to)
	return s.FS.Rename(from, to)
}

// TestAttackDeposedWhileRotating: a segment that a deposed sequencer began too
// late takes nothing of its successor's journal.
func TestAttackDeposedWhileRotating(t *testing.T) {
	for _, at := range []string{"write", "rename"} {
		t.Run(at, func(t *testing.T) { deposeWhileRotating(t, at) })
	}
}

func deposeWhileRotating(t *testing.T, at string) {
	b := newBench(t)
	slow := &slowFS{FS: tlog.DirFS(b.dir), at: at, reached: make(chan struct{}), resume: make(chan struct{})}
	first := b.open(func(cfg *tlog.Config) { cfg.FS, cfg.SegmentSize = slow, 1 })
	slow.armed.Store(true)
	var told acknowledged
	r, err := first.Append(t.Context(), newRecord(), nil)
	check(t, err)
	told.receipts = append(told.receipts, r)
	<-slow.reached
	loseLocks(t, b.dir)
	second := b.open(func(cfg *tlog.Config) { cfg.PublishEvery = -1 }) // its journal alone holds what it acknowledges
	for range 10 {
		r, err := second.Append(t.Context(), newRecord(), nil)
		check(t, err)
		told.receipts = append(told.receipts, r)
	}
	close(slow.resume)
	if err := first.Close(); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("closed with %v", err)
	}
	crashed := t.TempDir() + "/log" // what the second's disk holds if it is killed now
	check(t, os.CopyFS(crashed, os.DirFS(b.dir)))
	third, err := sequencer.Open(t.Context(), logConfig(t, crashed))
	check(t, err)
	check(t, third.Close())
	told.inLogOnce(t, crashed)
	check(t, second.Close())
	told.inLogOnce(t, b.dir)
}
