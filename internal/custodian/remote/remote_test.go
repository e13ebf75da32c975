package remote_test

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"candor"
	"candor/internal/custodian"
	"candor/internal/custodian/custodiantest"
	"candor/internal/custodian/remote"
	"candor/internal/pinned"
)

// pair is an archive, and a custodian that answers on loopback.
type pair struct {
	t       testing.TB
	archive *custodiantest.Archive
	seed    []byte
	dir     string
	keeper  *custodian.Custodian
	server  *pinned.Identity
	client  *pinned.Identity
	cfg     remote.Config
	address string
	stop    func()
	wrap    func(remote.Service) remote.Service // set before start
}

func newPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{t: t, archive: custodiantest.New(func(err error) { t.Helper(); t.Fatal(err) }), dir: t.TempDir(), server: identity(t), client: identity(t)}
	private, err := hpke.MLKEM768X25519().GenerateKey()
	check(t, err)
	p.seed, err = private.Bytes()
	check(t, err)
	p.archive.WrapTo(private.PublicKey().Bytes())
	p.cfg.Clients = func(pin pinned.Pin) bool { return pin == p.client.Pin() }
	t.Cleanup(func() { p.halt() })
	return p
}

func identity(t testing.TB) *pinned.Identity {
	t.Helper()
	text, err := pinned.NewIdentity(nil)
	check(t, err)
	id, err := pinned.ParseIdentity(text)
	check(t, err)
	return id
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start opens the custodian over its state, and serves it where it was served before.
func (p *pair) start() *pair {
	p.t.Helper()
	var err error
	p.keeper, err = custodian.New(p.t.Context(), custodian.Config{
		Origin: custodiantest.Origin, Log: p.archive.Verifier(), PrivateKey: p.seed, StateDir: p.dir,
		Consented: func(h string) bool { return h == custodiantest.Terms },
	})
	check(p.t, err)
	p.cfg.Custodian = p.keeper
	if p.wrap != nil {
		p.cfg.Custodian = p.wrap(p.keeper)
	}
	s, err := remote.NewServer(p.cfg)
	check(p.t, err)
	if p.address == "" {
		p.address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", p.address)
	check(p.t, err)
	p.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, p.server) }()
	p.stop = func() {
		cancel()
		if err := errors.Join(<-done, p.keeper.Close()); err != nil {
			p.t.Error(err)
		}
	}
	return p
}

func (p *pair) halt() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

func (p *pair) dial(change ...func(*remote.ClientConfig)) *remote.Client {
	p.t.Helper()
	cfg := remote.ClientConfig{URL: "https://" + p.address, Pin: p.server.Pin(), Identity: p.client, Timeout: 20 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	c, err := remote.NewClient(cfg)
	check(p.t, err)
	p.t.Cleanup(func() { c.Close() })
	return c
}

func (p *pair) ask(c *remote.Client, names ...candor.KeyName) *custodiantest.Ask {
	p.t.Helper()
	head, err := c.Head(p.t.Context())
	check(p.t, err)
	return p.archive.Ask(candor.ActOpen, head, names...)
}

func (p *pair) released(c *remote.Client, a *custodiantest.Ask) {
	p.t.Helper()
	answer, err := c.Release(p.t.Context(), a.ReleaseRequest)
	check(p.t, err)
	check(p.t, a.Open(answer))
}

func (p *pair) refused(c *remote.Client, a *custodiantest.Ask, code candor.Code, rule string) {
	p.t.Helper()
	answer, err := c.Release(p.t.Context(), a.ReleaseRequest)
	if len(answer.Keys) > 0 {
		p.t.Fatal("keys came with an error")
	}
	ruled(p.t, err, code, rule)
}

func ruled(t testing.TB, err error, code candor.Code, rule string) {
	t.Helper()
	e, ok := errors.AsType[*candor.Error](err)
	if !ok || e.Code != code || e.Rule != rule {
		t.Fatalf("got %#v, want %s by %s", err, code, rule)
	}
}

func TestOverTheWire(t *testing.T) {
	p := newPair(t).start()
	c := p.dial()
	p.released(c, p.ask(c, custodiantest.Original(0), custodiantest.Original(1)))
	before := p.archive.Size()
	for range 9 {
		p.archive.Append(p.archive.Record(candor.ActSearch))
	}
	proof, err := p.archive.Consistency(t.Context(), before, p.archive.Size())
	check(t, err)
	for range 2 {
		check(t, c.Follow(t.Context(), p.archive.Checkpoint(p.archive.Size()), before, proof))
	}
	ruled(t, c.Follow(t.Context(), p.archive.Checkpoint(before-1), p.archive.Size(), nil), candor.Verification, custodian.RuleRollback)
	st, err := c.Status(t.Context())
	check(t, err)
	if st.Size != p.archive.Size() || st.Origin != custodiantest.Origin || st.Items != 2 || st.Purposes != 1 {
		t.Errorf("status %+v", st)
	}
	ruled(t, c.Learn(t.Context(), []byte("no receipt")), candor.Verification, custodian.RuleReceiptForm)
	check(t, c.Learn(t.Context(), p.archive.Revoke()))
	p.refused(c, p.ask(c, custodiantest.Original(0)), candor.Denied, custodian.RuleGrantActive)
}

// TestManyAtOnce: releases share connections and the custodian's disk.
func TestManyAtOnce(t *testing.T) {
	p := newPair(t).start()
	c := p.dial()
	var asks []*custodiantest.Ask
	for i := range 32 {
		asks = append(asks, p.archive.Ask(candor.ActOpen, 0, custodiantest.Original(i)))
	}
	size := p.archive.Size()
	check(t, c.Follow(t.Context(), p.archive.Checkpoint(size), 0, nil))
	var wg sync.WaitGroup
	for _, a := range asks {
		p.archive.Prove(a, size)
		wg.Go(func() {
			answer, err := c.Release(t.Context(), a.ReleaseRequest)
			if err == nil {
				err = a.Open(answer)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestExportOfTenThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of key wrapping")
	}
	p := newPair(t).start()
	c := p.dial(func(cfg *remote.ClientConfig) { cfg.Timeout = 10 * time.Minute }) // the race detector's pace
	names := make([]candor.KeyName, 10_000)
	for i := range names {
		names[i] = custodiantest.Original(i)
	}
	p.released(c, p.ask(c, names...))
}

func TestAttackWrongClient(t *testing.T) {
	p := newPair(t).start()
	a := p.archive.Ask(candor.ActOpen, 0, custodiantest.Original(0))
	stranger := p.dial(func(cfg *remote.ClientConfig) { cfg.Identity = identity(t) })
	p.refused(stranger, a, candor.Denied, remote.RuleClient)
	_, err := stranger.Status(t.Context())
	ruled(t, err, candor.Denied, remote.RuleClient)
	if !strings.Contains(candor.MessageOf(err), "candor custodian allow sha256:") {
		t.Errorf("the message does not say what to do: %v", err)
	}
	// Without any certificate there is no answer at all.
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer bare.CloseIdleConnections()
	if res, err := bare.Get("https://" + p.address + "/v1/status"); err == nil {
		res.Body.Close()
		t.Errorf("answered %d to a client without a certificate", res.StatusCode)
	}
	p.released(p.dial(), a) // the stranger's asking spent nothing
}

// TestClientTakenOffTheList: a connection that is open does not outlive the consent.
func TestClientTakenOffTheList(t *testing.T) {
	p := newPair(t)
	var off atomic.Bool
	p.cfg.Clients = func(pinned.Pin) bool { return !off.Load() }
	p.start()
	c := p.dial()
	_, err := c.Head(t.Context())
	check(t, err)
	off.Store(true)
	_, err = c.Head(t.Context())
	ruled(t, err, candor.Denied, remote.RuleClient)
}

// TestAttackOldTLS: nothing older than TLS 1.3 is spoken.
func TestAttackOldTLS(t *testing.T) {
	p := newPair(t).start()
	conn, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.2 was accepted")
	}
}

func TestAttackWrongServer(t *testing.T) {
	p := newPair(t).start()
	c := p.dial(func(cfg *remote.ClientConfig) { cfg.Pin = identity(t).Pin() })
	_, err := c.Head(t.Context())
	ruled(t, err, candor.Verification, remote.RulePinned)
	p.refused(c, p.archive.Ask(candor.ActOpen, 0, custodiantest.Original(0)), candor.Verification, remote.RulePinned)
}

func TestAttackReplayOverTheWire(t *testing.T) {
	p := newPair(t).start()
	c := p.dial()
	a := p.ask(c, custodiantest.Original(0))
	p.released(c, a)
	p.refused(c, a, candor.Denied, custodian.RuleNonceUnspent)
	for range 2 { // nor across a restart of the custodian, on the same client
		p.halt()
		p.start()
		p.refused(c, a, candor.Denied, custodian.RuleNonceUnspent)
	}
}

func TestAttackTamperedOverTheWire(t *testing.T) {
	p := newPair(t).start()
	c := p.dial()
	for rule, change := range map[string]func(a *custodiantest.Ask){
		custodian.RuleCommitment:  func(a *custodiantest.Ask) { a.Keys[0].Name = custodiantest.Original(9) },
		custodian.RuleKeyOpens:    func(a *custodiantest.Ask) { a.Keys[0].Wrapped[5] ^= 1 },
		custodian.RuleReceiptForm: func(a *custodiantest.Ask) { a.Receipt = a.Receipt[9:] },
		custodian.RuleSigned:      func(a *custodiantest.Ask) { a.Receipt[len(a.Receipt)-5] ^= 1 },
	} {
		t.Run(rule, func(t *testing.T) {
			a := p.ask(c, custodiantest.Original(0))
			change(a)
			p.refused(c, a, candor.Verification, rule)
		})
	}
	a := p.ask(c, custodiantest.Original(0))
	thief, err := candor.NewRequester(nil)
	check(t, err)
	a.ReleaseRequest.Requester = thief.Public()
	p.refused(c, a, candor.Verification, custodian.RuleCommitment)
}

// raw sends bytes as a request of the allowed client.
func (p *pair) raw(t *testing.T, method, path string, body io.Reader) (int, string, string) {
	t.Helper()
	cl := &http.Client{Transport: &http.Transport{TLSClientConfig: remote.TLSOf(p.client)}}
	defer cl.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://"+p.address+path, body)
	check(t, err)
	res, err := cl.Do(req)
	check(t, err)
	defer res.Body.Close()
	var m struct {
		V     int
		Error struct{ Code, Message, Rule string }
	}
	check(t, json.NewDecoder(res.Body).Decode(&m))
	if strings.Contains(m.Error.Message, "unknown field") {
		t.Errorf("the cause went over the wire: %s", m.Error.Message)
	}
	return res.StatusCode, m.Error.Code, m.Error.Rule
}

func TestAttackMessages(t *testing.T) {
	p := newPair(t)
	p.cfg.MaxRelease = 16 << 10
	p.start()
	for name, x := range map[string]struct {
		method, path, body string
		status             int
		code, rule         string
	}{
		"unknown field": {"POST", "/v1/learn", `{"v":1,"receipt":"","more":1}`, 400, "invalid", remote.RuleMessage},
		"two messages":  {"POST", "/v1/learn", `{"v":1,"receipt":""}{}`, 400, "invalid", remote.RuleMessage},
		"not JSON":      {"POST", "/v1/release", `hello`, 400, "invalid", remote.RuleMessage},
		"empty":         {"POST", "/v1/release", ``, 400, "invalid", remote.RuleMessage},
		"newer":         {"POST", "/v1/follow", `{"v":2}`, 501, "unsupported", remote.RuleMessage},
		"no version":    {"POST", "/v1/follow", `{}`, 501, "unsupported", remote.RuleMessage},
		"oversized":     {"POST", "/v1/release", `{"v":1,"request":{"receipt":"` + strings.Repeat("A", 32<<10) + `"}}`, 413, "too_large", remote.RuleMessage},
		"oversized 2":   {"POST", "/v1/learn", strings.Repeat(" ", 300<<10), 413, "too_large", remote.RuleMessage},
		"no such path":  {"POST", "/v1/steal", `{}`, 404, "not_found", remote.RuleMessage},
		"wrong method":  {"GET", "/v1/release", ``, 404, "not_found", remote.RuleMessage},
		"no keys":       {"POST", "/v1/release", `{"v":1,"request":{}}`, 400, "invalid", custodian.RuleRequestShape},
	} {
		t.Run(name, func(t *testing.T) {
			status, code, rule := p.raw(t, x.method, x.path, strings.NewReader(x.body))
			if status != x.status || code != x.code || rule != x.rule {
				t.Errorf("%d %s %s, want %d %s %s", status, code, rule, x.status, x.code, x.rule)
			}
		})
	}
	p.released(p.dial(), p.ask(p.dial(), custodiantest.Original(0)))
}

// TestAttackSlowLoris: who sends slowly is cut off, and others are served meanwhile.
func TestAttackSlowLoris(t *testing.T) {
	p := newPair(t)
	p.cfg.HeaderTimeout, p.cfg.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	p.start()
	starts := map[string]string{
		"handshake": "",
		"header":    "POST /v1/release HTTP/1.1\r\nHost: c\r\n",
		"body":      "POST /v1/release HTTP/1.1\r\nHost: c\r\nContent-Length: 1000\r\n\r\n{",
	}
	var wg sync.WaitGroup
	for name, sent := range starts {
		for range 8 {
			conn, err := net.Dial("tcp", p.address)
			check(t, err)
			defer conn.Close()
			if name != "handshake" {
				secured := tls.Client(conn, remote.TLSOf(p.client))
				check(t, secured.Handshake())
				conn = secured
			}
			_, err = io.WriteString(conn, sent)
			check(t, err)
			wg.Go(func() { // ends when the server hangs up
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
	}
	c := p.dial()
	p.released(c, p.ask(c, custodiantest.Original(0)))
	wg.Wait()
}

func TestTooManyAtOnce(t *testing.T) {
	p := newPair(t)
	p.cfg.MaxRequests = 1
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	p.wrap = func(s remote.Service) remote.Service { return holding{s, held, hold} }
	p.start()
	c := p.dial()
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Learn(t.Context(), nil) })
	<-held
	_, err := c.Head(t.Context())
	ruled(t, err, candor.Unavailable, remote.RuleBusy)
	close(hold)
	wg.Wait()
	_, err = c.Head(t.Context())
	check(t, err)
}

type holding struct {
	remote.Service
	held chan<- struct{}
	hold <-chan struct{}
}

func (h holding) Learn(context.Context, []byte) error { h.held <- struct{}{}; <-h.hold; return nil }

// TestCustodianAway: the error says who is away, nothing is released, and it
// goes on by itself when the custodian is back.
func TestCustodianAway(t *testing.T) {
	p := newPair(t).start()
	c := p.dial()
	p.released(c, p.ask(c, custodiantest.Original(0)))
	a := p.ask(c, custodiantest.Original(1))
	p.halt()
	p.refused(c, a, candor.Unavailable, remote.RuleAway)
	_, err := c.Head(t.Context())
	ruled(t, err, candor.Unavailable, remote.RuleAway)
	if !strings.Contains(candor.MessageOf(err), p.address) {
		t.Errorf("the error does not say which: %v", err)
	}
	p.start()
	p.released(c, a)
}

// TestReleaseIsNotAskedTwice: the answer is lost on the way; the keys are spent.
func TestReleaseIsNotAskedTwice(t *testing.T) {
	p := newPair(t)
	var asked atomic.Int64
	p.wrap = func(s remote.Service) remote.Service { return counting{s, &asked} }
	p.start()
	var cut atomic.Bool
	c := p.dial(func(cfg *remote.ClientConfig) {
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &deaf{Conn: conn, cut: &cut}, err
		}
	})
	a := p.ask(c, custodiantest.Original(0))
	cut.Store(true)
	p.refused(c, a, candor.Unavailable, remote.RuleAway)
	cut.Store(false)
	if n := asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	p.refused(c, a, candor.Denied, custodian.RuleNonceUnspent)
}

type counting struct {
	remote.Service
	asked *atomic.Int64
}

func (c counting) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	c.asked.Add(1)
	return c.Service.Release(ctx, r)
}

// deaf is a connection that loses what comes back once it is cut.
type deaf struct {
	net.Conn
	cut *atomic.Bool
}

func (d *deaf) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.cut.Load() {
		return 0, errors.Join(io.ErrUnexpectedEOF, d.Close())
	}
	return n, err
}

// lying answers for a custodian, with its key, and swaps what it says.
type lying struct {
	remote.Service
	keep *candor.ReleaseAnswer
	turn func(candor.ReleaseAnswer) candor.ReleaseAnswer
}

func (l lying) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	answer, err := l.Service.Release(ctx, r)
	return l.turn(answer), err
}

// TestAttackLyingProxy: even who holds the custodian's TLS key can pass neither
// one act's answer for another's, nor one key for another.
func TestAttackLyingProxy(t *testing.T) {
	p := newPair(t)
	var earlier candor.ReleaseAnswer
	var turn func(candor.ReleaseAnswer) candor.ReleaseAnswer
	p.wrap = func(s remote.Service) remote.Service {
		return lying{s, nil, func(a candor.ReleaseAnswer) candor.ReleaseAnswer { return turn(a) }}
	}
	p.start()
	c := p.dial()
	turn = func(a candor.ReleaseAnswer) candor.ReleaseAnswer { earlier = a; return a }
	p.released(c, p.ask(c, custodiantest.Original(0), custodiantest.Original(1)))
	for name, lie := range map[string]func(candor.ReleaseAnswer) candor.ReleaseAnswer{
		"answer of another act": func(candor.ReleaseAnswer) candor.ReleaseAnswer { return earlier },
		"keys swapped": func(a candor.ReleaseAnswer) candor.ReleaseAnswer {
			return candor.ReleaseAnswer{Keys: [][]byte{a.Keys[1], a.Keys[0]}}
		},
		"altered": func(a candor.ReleaseAnswer) candor.ReleaseAnswer {
			a.Keys[0] = bytes.Clone(a.Keys[0])
			a.Keys[0][0] ^= 1
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			turn = lie
			a := p.ask(c, custodiantest.Original(0), custodiantest.Original(1))
			answer, err := c.Release(t.Context(), a.ReleaseRequest)
			check(t, err)
			if candor.CodeOf(a.Open(answer)) != candor.Verification {
				t.Errorf("it opened: %v", a.Open(answer))
			}
		})
	}
	turn = func(a candor.ReleaseAnswer) candor.ReleaseAnswer { return candor.ReleaseAnswer{Keys: a.Keys[:1]} }
	p.refused(c, p.ask(c, custodiantest.Original(0), custodiantest.Original(1)), candor.Unavailable, remote.RuleMessage)
}

// TestAttackLyingServer: answers that are none are not believed, shown or followed.
func TestAttackLyingServer(t *testing.T) {
	p := newPair(t)
	for name, x := range map[string]struct {
		status int
		body   string
		rule   string
	}{
		"not JSON":         {200, "<html>", remote.RuleMessage},
		"negative size":    {200, `{"v":1,"size":-1}`, remote.RuleMessage},
		"unknown field":    {200, `{"v":1,"size":1,"x":1}`, remote.RuleMessage},
		"other version":    {200, `{"v":9,"size":1}`, remote.RuleMessage},
		"endless":          {200, `{"v":1,"size":1` + strings.Repeat(" ", 300<<10), remote.RuleMessage},
		"redirect":         {302, `{"v":1,"size":1}`, remote.RuleMessage},
		"unknown code":     {403, `{"v":1,"error":{"code":"fine","message":"all is well"}}`, remote.RuleMessage},
		"terminal escapes": {403, `{"v":1,"error":{"code":"refused","message":"\u001b[2J"}}`, remote.RuleMessage},
		"long message":     {403, `{"v":1,"error":{"code":"refused","message":"` + strings.Repeat("a", 5000) + `"}}`, remote.RuleMessage},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			check(t, err)
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "https://elsewhere.invalid/")
				w.WriteHeader(x.status)
				_, _ = io.WriteString(w, x.body)
			}), TLSConfig: remote.TLSOf(p.server)}
			go srv.ServeTLS(l, "", "")
			defer srv.Close()
			p.address = l.Addr().String()
			_, err = p.dial().Head(t.Context())
			ruled(t, err, candor.Unavailable, x.rule)
		})
	}
}

func TestPinsAndIdentities(t *testing.T) {
	text, err := pinned.NewIdentity(nil)
	check(t, err)
	a, err := pinned.ParseIdentity(text)
	check(t, err)
	b, err := pinned.ParseIdentity(text)
	check(t, err)
	if a.Pin() != b.Pin() {
		t.Error("one key has two pins")
	}
	pin, err := pinned.ParsePin(a.Pin().String())
	if err != nil || pin != a.Pin() {
		t.Errorf("%v, %v", pin, err)
	}
	for _, bad := range []string{"", "sha256:", "sha256:ab", strings.ToUpper(a.Pin().String()), a.Pin().String()[7:], a.Pin().String() + "00"} {
		if _, err := pinned.ParsePin(bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q was taken for a pin", bad)
		}
	}
	for _, bad := range []string{"", "key", string(text) + "more", strings.Replace(string(text), "M", "N", 1)} {
		if _, err := pinned.ParseIdentity([]byte(bad)); candor.CodeOf(err) != candor.Verification {
			t.Errorf("%q was taken for a key", bad)
		}
	}
	for _, bad := range []string{"", "http://x", "https://", "https://u@x", "https://x/path", "x:7311"} {
		if _, err := remote.NewClient(remote.ClientConfig{URL: bad, Pin: pin, Identity: a}); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q was taken for an address", bad)
		}
	}
	for _, bad := range []remote.ClientConfig{{URL: "https://x", Pin: pin}, {URL: "https://x", Identity: a}} {
		if _, err := remote.NewClient(bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("a client was made of %+v", bad)
		}
	}
	if _, err := remote.NewServer(remote.Config{}); candor.CodeOf(err) != candor.Invalid {
		t.Error("a server was made of nothing")
	}
}
