package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/receipt"
)

// network carries requests to handlers by host name, without sockets, so that
// time in a test is only what the test says.
type network struct{ hosts sync.Map }

func (n *network) put(host string, h http.Handler) { n.hosts.Store(host, h) }
func (n *network) remove(host string)              { n.hosts.Delete(host) }

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := n.hosts.Load(r.URL.Host)
	if !ok {
		return nil, fmt.Errorf("no route to %s", r.URL.Host)
	}
	w := httptest.NewRecorder()
	h.(http.Handler).ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// failing answers the first n requests with an error.
func failing(h http.Handler, n int64) http.Handler {
	var seen atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) <= n {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// slow answers after a delay, or when the request is given up.
func slow(h http.Handler, d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			h.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// counted counts requests.
func counted(h http.Handler, n *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h.ServeHTTP(w, r)
	})
}

// fleet is a log with n witnesses w0, w1, ... at http://w0, http://w1, ...
type fleet struct {
	t       testing.TB
	log     *testLog
	servers []*Server
	net     *network
}

func newFleet(t testing.TB, n int) *fleet {
	f := &fleet{t: t, log: newLog(t, "log.example/a").grow(1000, "a"), net: &network{}}
	for i := range n {
		cfg := testConfig(t, newMemFS(), f.log)
		cfg.Signer = testSigner(t, fmt.Sprintf("witness.example/w%d", i))
		cfg.Now = time.Now
		f.servers = append(f.servers, mustServe(t, cfg))
		f.net.put(fmt.Sprintf("w%d", i), f.servers[i])
	}
	return f
}

func (f *fleet) policy(k int, mode Mode) Policy {
	f.t.Helper()
	var b strings.Builder
	var names []string
	for i, s := range f.servers {
		fmt.Fprintf(&b, "witness w%d %s http://w%d/\n", i, s.Key(), i)
		names = append(names, fmt.Sprintf("w%d", i))
	}
	fmt.Fprintf(&b, "group g %d %s\nquorum g\nmode %s\n", k, strings.Join(names, " "), mode)
	p, err := ParsePolicy([]byte(b.String()))
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

func (f *fleet) config(k int, mode Mode) SubmitterConfig {
	return SubmitterConfig{Policy: f.policy(k, mode), Client: &http.Client{Transport: f.net}, Consistency: f.log.prove}
}

func (f *fleet) start(cfg SubmitterConfig) *Submitter {
	f.t.Helper()
	s, err := NewSubmitter(cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { s.Close() })
	return s
}

// check verifies a cosigned checkpoint and returns its size and witnesses.
func (f *fleet) check(p Policy, signed []byte) (int64, []string) {
	f.t.Helper()
	trust, err := p.Trust(testVerifier(f.t, f.log.vkey))
	if err != nil {
		f.t.Fatal(err)
	}
	cp, by, err := trust.OpenCheckpoint(signed)
	if err != nil {
		f.t.Fatalf("%v:\n%s", err, signed)
	}
	if cp.Hash != f.log.root(cp.Size) {
		f.t.Errorf("another tree of %d records", cp.Size)
	}
	return cp.Size, by
}

func (f *fleet) cosign(s *Submitter, size int64) []byte {
	f.t.Helper()
	b, err := s.Cosign(f.t.Context(), f.log.checkpoint(size))
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func TestCosign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		cfg := f.config(3, Wait)
		s := f.start(cfg)
		for _, size := range []int64{0, 1, 2, 255, 256, 257, 1000, 1000} {
			got := f.cosign(s, size)
			if n, by := f.check(cfg.Policy, got); n != size || len(by) != 3 {
				t.Errorf("size %d by %v, want %d by all", n, by, size)
			}
			if !bytes.HasPrefix(got, f.log.checkpoint(size)) {
				t.Error("the log's own signature does not come first")
			}
		}
		if got := f.cosign(s, 255); !bytes.Equal(got, s.Latest()) {
			t.Error("an older checkpoint was not answered with the newest")
		}
		for _, w := range s.Status() {
			if w.Size != 1000 || w.Code != "" || !w.At.Equal(time.Now()) {
				t.Errorf("%+v", w)
			}
		}
	})
}

// TestSlowAndDeadWitnesses: they cost nothing that the policy does not need.
func TestSlowAndDeadWitnesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 5)
		var asked atomic.Int64
		f.net.put("w0", slow(f.servers[0], 3*time.Second))
		f.net.put("w1", counted(slow(f.servers[1], time.Hour), &asked))
		cfg := f.config(3, Wait)
		s := f.start(cfg)
		start := time.Now()
		for size := int64(1); size <= 100; size++ {
			f.cosign(s, size)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("slow witnesses cost %s", took)
		}
		time.Sleep(10 * time.Minute)
		if n, by := f.check(cfg.Policy, s.Latest()); n != 100 || len(by) != 4 {
			t.Errorf("in the end %d by %v", n, by)
		}
		if w := s.Status()[1]; w.Code != candor.Unavailable || w.Message == "" || w.Since.IsZero() {
			t.Errorf("%+v", w)
		}
		// Ten seconds for each request and up to ten of rest between them.
		if n := asked.Load(); n < 25 || n > 70 {
			t.Errorf("a dead witness was asked %d times in 10 minutes", n)
		}
		f.net.put("w1", f.servers[1])
		time.Sleep(time.Minute)
		if _, by := f.check(cfg.Policy, s.Latest()); len(by) != 5 || s.Status()[1].Code != "" {
			t.Errorf("the witness is back, and only %v cosigned", by)
		}
	})
}

// TestWitnessThatIsNeeded: publishing waits for it, says so, and goes on.
func TestWitnessThatIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		f.net.remove("w2")
		s := f.start(f.config(3, Wait))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err := s.Cosign(ctx, f.log.checkpoint(5))
		if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "witness.example/w2: It does not answer.") {
			t.Errorf("%v", err)
		}
		go func() {
			time.Sleep(time.Minute)
			f.net.put("w2", f.servers[2])
		}()
		got := f.cosign(s, 9)
		if n, by := f.check(f.policy(3, Wait), got); n != 9 || len(by) != 3 {
			t.Errorf("%d by %v", n, by)
		}
	})
}

// TestNewestOnly: what comes while the witnesses are asked waits as one, and
// witnesses of different speed still meet on the same checkpoint.
func TestNewestOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		var asked atomic.Int64
		for i, d := range []time.Duration{10, 70, 110} {
			h := fmt.Sprintf("w%d", i)
			f.net.put(h, counted(failing(slow(f.servers[i], d*time.Millisecond), int64(i)), &asked))
		}
		cfg := f.config(3, Wait)
		s := f.start(cfg)
		f.cosign(s, 1)
		asked.Store(0)
		var wg sync.WaitGroup
		var worst atomic.Int64
		for size := int64(2); size <= 1000; size++ { // one each millisecond
			wg.Go(func() {
				start := time.Now()
				if n, _ := f.check(cfg.Policy, f.cosign(s, size)); n < size {
					t.Errorf("%d does not cover %d", n, size)
				}
				for took := int64(time.Since(start)); ; {
					if w := worst.Load(); took <= w || worst.CompareAndSwap(w, took) {
						break
					}
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		if n := asked.Load(); n > 3*13 {
			t.Errorf("%d requests for 1,000 checkpoints in a second", n)
		}
		if w := time.Duration(worst.Load()); w > 230*time.Millisecond {
			t.Errorf("one waited %s: more than the round it met and its own", w)
		}
	})
}

// TestAwayInTurn: two witnesses that are away in turn, and of which one is
// always behind, meet on one checkpoint as soon as both are there.
func TestAwayInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2)
		start := time.Now()
		for i := range 2 {
			up := f.servers[i]
			f.net.put(fmt.Sprintf("w%d", i), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if int(time.Since(start)/(7*time.Second))%3 == i {
					http.Error(w, "away", http.StatusBadGateway)
					return
				}
				up.ServeHTTP(w, r)
			}))
		}
		cfg := f.config(2, Wait)
		s := f.start(cfg)
		var hands sync.WaitGroup
		hands.Go(func() {
			for size := int64(1); size <= 999 && s.ctx.Err() == nil; size++ {
				s.Submit(f.log.checkpoint(size))
				time.Sleep(100 * time.Millisecond)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		got, err := s.Wait(ctx, 20)
		if err != nil {
			t.Fatal(err)
		}
		f.check(cfg.Policy, got)
		s.Close()
		hands.Wait()
	})
}

func TestModeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2)
		f.net.put("w1", slow(f.servers[1], time.Second))
		cfg := f.config(1, Later)
		s := f.start(cfg)
		start := time.Now()
		if got := f.cosign(s, 10); !bytes.Equal(got, f.log.checkpoint(10)) || time.Since(start) != 0 {
			t.Errorf("the mode later waited %s, or changed the checkpoint", time.Since(start))
		}
		first, err := s.Newer(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, by := f.check(cfg.Policy, first); len(by) != 1 {
			t.Errorf("first by %v", by)
		}
		second, err := s.Newer(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		if _, by := f.check(cfg.Policy, second); len(by) != 2 || !bytes.Equal(second, s.Latest()) {
			t.Errorf("then by %v", by)
		}
		if got := f.cosign(s, 10); !bytes.Equal(got, second) {
			t.Error("what is cosigned was not given")
		}
	})
}

func TestNoWitnesses(t *testing.T) {
	l := newLog(t, "log.example/a").grow(5, "a")
	for name, p := range map[string]Policy{"zero": {}, "none": mustParse(t, "quorum none\n")} {
		s, err := NewSubmitter(SubmitterConfig{Policy: p})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Cosign(t.Context(), l.checkpoint(5))
		if err != nil || !bytes.Equal(got, l.checkpoint(5)) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
		if _, err := s.Cosign(t.Context(), l.checkpoint(5)); candor.CodeOf(err) != candor.Unavailable {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestBadAnswers: what a witness may not get away with.
func TestBadAnswers(t *testing.T) {
	l := newLog(t, "log.example/a").grow(50, "a")
	own, other := testSigner(t, "witness.example/w0"), testSigner(t, "witness.example/other")
	line := func(s *Signer, text []byte, at time.Time) string {
		sig, err := s.line(text, at)
		if err != nil {
			t.Fatal(err)
		}
		return signatureLines([]note.Signature{sig})
	}
	text, _, _ := strings.Cut(string(l.checkpoint(20)), "\n\n")
	text += "\n"
	elsewhere := receipt.Checkpoint{Origin: "log.example/b", Size: 20, Hash: l.root(20)}.Marshal()
	good := line(own, []byte(text), epoch)
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	conflicts := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			answer(409, body)(w, r)
		}
	}
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want candor.Code
	}{
		"right":                           {answer(200, good), ""},
		"right, beside an unknown one":    {answer(200, line(other, []byte(text), epoch)+good), ""},
		"nothing":                         {answer(200, ""), candor.Verification},
		"not a signature":                 {answer(200, "thank you\n"), candor.Verification},
		"no newline":                      {answer(200, strings.TrimSuffix(good, "\n")), candor.Verification},
		"by another witness":              {answer(200, line(other, []byte(text), epoch)), candor.Verification},
		"of another log":                  {answer(200, line(own, elsewhere, epoch)), candor.Verification},
		"of another tree":                 {answer(200, line(own, receipt.Checkpoint{Origin: l.origin, Size: 20}.Marshal(), epoch)), candor.Verification},
		"other text smuggled in":          {answer(200, "x\n\n"+signAnything(own, text+"\nx\n")), candor.Verification},
		"too old":                         {answer(200, line(own, []byte(text), epoch.Add(-6*time.Minute))), candor.Verification},
		"of tomorrow":                     {answer(200, line(own, []byte(text), epoch.Add(6*time.Minute))), candor.Verification},
		"200 signatures":                  {answer(200, strings.Repeat(good, 200)), candor.Verification},
		"an endless answer":               {answer(200, good+strings.Repeat("— x AAAAAAAA\n", maxAnswer)), candor.Unavailable},
		"unknown log":                     {answer(404, ""), candor.NotFound},
		"unknown key":                     {answer(403, ""), candor.Verification},
		"bad request":                     {answer(400, ""), candor.Invalid},
		"too large":                       {answer(413, ""), candor.Invalid},
		"not consistent":                  {answer(422, ""), candor.Verification},
		"error":                           {answer(500, ""), candor.Unavailable},
		"too many":                        {answer(429, ""), candor.Unavailable},
		"redirect":                        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://evil/", 307) }, candor.Unavailable},
		"conflict of the same size":       {conflicts(sizeType, "0\n"), candor.Unavailable},
		"conflict again":                  {conflicts(sizeType, "7\n"), candor.Unavailable},
		"conflict with parameters":        {conflicts(sizeType+"; charset=utf-8", "7\n"), candor.Unavailable},
		"ahead of the log":                {conflicts(sizeType, "21\n"), candor.Conflict},
		"conflict without a size":         {conflicts(sizeType, "\n"), candor.Verification},
		"conflict without a newline":      {conflicts(sizeType, "7"), candor.Verification},
		"conflict with two lines":         {conflicts(sizeType, "7\n8\n"), candor.Verification},
		"conflict with a negative size":   {conflicts(sizeType, "-7\n"), candor.Verification},
		"conflict of another type":        {conflicts("text/plain", "7\n"), candor.Verification},
		"conflict with a size of 2 to 70": {conflicts(sizeType, "1180591620717411303424\n"), candor.Verification},
	} {
		t.Run(name, func(t *testing.T) {
			hit := false
			net := &network{}
			net.put("w0", tc.h)
			net.put("evil", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
			e := exchange{client: &http.Client{Transport: net, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
				now: func() time.Time { return epoch }, skew: 5 * time.Minute}
			r := &round{cp: receipt.Checkpoint{Origin: l.origin, Size: 20, Hash: l.root(20)}, text: text, note: l.checkpoint(20)}
			a, err := e.submit(t.Context(), Peer{Key: testVerifier(t, own.Key()), URL: "http://w0"}, 0, r, l.prove)
			if candor.CodeOf(err) != tc.want || hit {
				t.Fatalf("%q, want %q: %v", candor.CodeOf(err), tc.want, err)
			}
			if tc.want == "" && a.line != good {
				t.Errorf("kept %q", a.line)
			}
		})
	}
}

// signAnything is what a dishonest witness may sign.
func signAnything(s *Signer, text string) string {
	signed, err := s.sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", epoch.Unix(), text))
	if err != nil {
		panic(err)
	}
	sig := binary.BigEndian.AppendUint32(nil, s.hash)
	sig = binary.BigEndian.AppendUint64(sig, uint64(epoch.Unix()))
	sig = append(sig, signed...)
	return fmt.Sprintf("— %s %s\n", s.name, base64.StdEncoding.EncodeToString(sig))
}

// TestRedirectsAreNotFollowed by a submitter with a client of the caller's.
func TestRedirectsAreNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1)
		f.net.put("elsewhere", f.servers[0])
		f.net.put("w0", http.RedirectHandler("http://elsewhere/add-checkpoint", http.StatusTemporaryRedirect))
		s := f.start(f.config(1, Wait))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Cosign(ctx, f.log.checkpoint(4)); err == nil {
			t.Error("a redirect was followed")
		}
	})
}

// TestRolledBackLog: witnesses tell a log that was restored from an old copy.
func TestRolledBackLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2)
		s := f.start(f.config(2, Wait))
		f.cosign(s, 500)
		s.Close()
		back := f.start(f.config(2, Wait))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := back.Cosign(ctx, f.log.checkpoint(400)); err == nil {
			t.Error("a log that went back was cosigned")
		}
		for _, w := range back.Status() {
			if w.Code != candor.Conflict || w.Size != 500 {
				t.Errorf("%+v", w)
			}
		}
		f.cosign(back, 600) // it was another process that was ahead, and this log has caught up
		back.Close()
		other := newLog(t, f.log.origin).grow(400, "a").grow(600, "other")
		cfg := f.config(2, Wait)
		cfg.Consistency = other.prove
		forked := f.start(cfg)
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := forked.Cosign(ctx, other.checkpoint(600)); err == nil {
			t.Error("a second history was cosigned")
		}
		for _, w := range forked.Status() {
			if w.Code != candor.Verification {
				t.Errorf("%+v", w)
			}
		}
	})
}

func TestSubmitRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1)
		s := f.start(f.config(1, Wait))
		f.cosign(s, 20)
		for name, tc := range map[string]struct {
			cp   []byte
			want candor.Code
		}{
			"not a note":            {[]byte("hello"), candor.Invalid},
			"not a checkpoint":      {signText(t, f.log, "hello\n"), candor.Invalid},
			"another log":           {newLog(t, "log.example/b").grow(30, "b").checkpoint(30), candor.Invalid},
			"another tree of 20":    {newLog(t, f.log.origin).grow(30, "b").checkpoint(20), candor.Verification},
			"the same, older, fine": {f.log.checkpoint(3), ""},
		} {
			if _, err := s.Cosign(t.Context(), tc.cp); candor.CodeOf(err) != tc.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	f := newFleet(t, 1)
	cfg := f.config(1, Wait)
	cfg.Consistency = nil
	if _, err := NewSubmitter(cfg); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("no proofs: %v", err)
	}
	cfg = f.config(1, Wait)
	cfg.Policy.Witnesses = slices.Clone(cfg.Policy.Witnesses)
	cfg.Policy.Witnesses[0].URL = ""
	if _, err := NewSubmitter(cfg); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("no address: %v", err)
	}
}

// TestSizesAreKept: the first request of the next run is right at once, and a
// damaged or lost file only costs one more.
func TestSizesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1)
		var asked atomic.Int64
		f.net.put("w0", counted(f.servers[0], &asked))
		cfg := f.config(1, Wait)
		cfg.Dir = t.TempDir() + "/witnesses"
		run := func(size int64) (requests int64) {
			before := asked.Load()
			s := f.start(cfg)
			f.cosign(s, size)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return asked.Load() - before
		}
		run(10)
		if n := run(20); n != 1 {
			t.Errorf("%d requests after a restart", n)
		}
		files := dirFS(cfg.Dir)
		if err := files.WriteFile(sizesFile, []byte("garbage\n")); err != nil {
			t.Fatal(err)
		}
		if n := run(30); n != 2 {
			t.Errorf("%d requests without the file", n)
		}
	})
}

// TestLogCannotProve: a fault of our own log is not blamed on the witness.
func TestLogCannotProve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1)
		cfg := f.config(1, Wait)
		cfg.Consistency = func(context.Context, int64, int64) ([][]byte, error) {
			return nil, candor.Errorf(candor.Verification, "damaged")
		}
		s := f.start(cfg)
		f.cosign(s, 10)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Cosign(ctx, f.log.checkpoint(20)); !strings.Contains(candor.MessageOf(err), "This log could not prove that 20 records extend 10.") {
			t.Errorf("%v", err)
		}
	})
}
