package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// TestConformance asks for each status of the specification.
func TestConformance(t *testing.T) {
	l := newLog(t, "log.example/a").grow(300, "a")
	other := newLog(t, "log.example/unknown").grow(5, "u")
	forged := newLog(t, "log.example/forger").grow(300, "a") // signs with another key
	forged.origin = l.origin
	fork := newLog(t, "log.example/a").grow(100, "a").grow(300, "b")
	right := func() request { return l.request(100, 200) }
	with := func(change func(r *request)) []byte {
		r := right()
		change(&r)
		return r.marshal()
	}
	replace := func(old, new string) []byte {
		return bytes.Replace(right().marshal(), []byte(old), []byte(new), 1)
	}
	for _, tc := range []struct {
		name string
		body []byte
		want int
	}{
		{"right", right().marshal(), 200},
		{"the same tree again", l.request(100, 100).marshal(), 200},
		{"with a signature by a key nobody knows", append(right().marshal(), signatureOf(t, other, l.checkpoint(200))...), 200},
		{"unknown origin", other.request(0, 5).marshal(), 404},
		{"signed by another key", forged.request(100, 200).marshal(), 403},
		{"signature that does not verify", with(func(r *request) {
			r.checkpoint = bytes.Replace(l.checkpoint(200), []byte("\n200\n"), []byte("\n201\n"), 1)
		}), 403},
		{"a second signature of the known key that does not verify", append(right().marshal(), signatureOf(t, l, l.checkpoint(7))...), 403},
		{"old size larger than the checkpoint's", l.request(200, 200).withOld(201), 400},
		{"larger and wrong too", with(func(r *request) { r.old = 1000 }), 400},
		{"old size too small", l.request(50, 200).marshal(), 409},
		{"old size zero", l.request(0, 200).marshal(), 409},
		{"old size too large", l.request(150, 200).marshal(), 409},
		{"back", l.request(50, 50).marshal(), 409},
		{"no proof", with(func(r *request) { r.proof = nil }), 422},
		{"proof cut", with(func(r *request) { r.proof = r.proof[:len(r.proof)-1] }), 422},
		{"proof with a hash more", with(func(r *request) { r.proof = append(r.proof, make([]byte, 32)) }), 422},
		{"proof of other sizes", with(func(r *request) { r.proof, _ = l.prove(t.Context(), 100, 201) }), 422},
		{"fork at the same size", fork.request(100, 100).marshal(), 200}, // shares the first 100
		{"fork beyond", with(func(r *request) { r.checkpoint = fork.checkpoint(200) }), 422},
		{"another root at the same size", request{old: 100, checkpoint: newLog(t, l.origin).grow(100, "c").checkpoint(100)}.marshal(), 422},
		{"same size with a proof", request{old: 100, proof: right().proof, checkpoint: l.checkpoint(100)}.marshal(), 422},
		{"empty body", nil, 400},
		{"no old line", right().marshal()[len("old 100\n"):], 400},
		{"old size with a zero before it", replace("old 100", "old 0100"), 400},
		{"old size with a sign", replace("old 100", "old +100"), 400},
		{"old size negative", replace("old 100", "old -1"), 400},
		{"old size with two spaces", replace("old 100", "old  100"), 400},
		{"old size of 30 digits", replace("old 100", "old "+strings.Repeat("9", 30)), 400},
		{"CRLF", bytes.ReplaceAll(right().marshal(), []byte("\n"), []byte("\r\n")), 400},
		{"64 hashes", with(func(r *request) { r.proof = make64() }), 400},
		{"a hash that is none", replace("\n", "\nnot base64\n"), 400},
		{"a short hash", with(func(r *request) { r.proof[0] = r.proof[0][:31] }), 400},
		{"stray bits in a hash", strayBits(t, right().marshal()), 400},
		{"no empty line", bytes.Replace(right().marshal(), []byte("\n\n"), []byte("\n"), 2), 400},
		{"no signature", with(func(r *request) { r.checkpoint = bytes.SplitAfter(r.checkpoint, []byte("=\n"))[0] }), 400},
		{"not a checkpoint", with(func(r *request) { r.checkpoint = signText(t, l, "log.example/a\n200\n") }), 400},
		{"size with a zero before it", with(func(r *request) {
			r.checkpoint = signText(t, l, "log.example/a\n0200\n"+l.root(200).String()+"\n")
		}), 400},
		{"not UTF-8", replace("old 100", "old 100\xff"), 400},
		{"oversized", append(right().marshal(), bytes.Repeat([]byte("— x AAAAAAAA\n"), maxRequest)...), 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := mustServe(t, testConfig(t, newMemFS(), l))
			mustCosign(t, s, l, 0, 100)
			w := post(s, tc.body)
			if w.Code != tc.want {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.want, w.Body)
			}
			switch w.Code {
			case 409:
				if w.Body.String() != "100\n" || w.Header().Get("Content-Type") != "text/x.tlog.size" {
					t.Errorf("%q of type %q", w.Body, w.Header().Get("Content-Type"))
				}
			case 200:
				if !strings.HasPrefix(w.Body.String(), "— "+testWitness+" ") || !strings.HasSuffix(w.Body.String(), "\n") {
					t.Errorf("answer %q", w.Body)
				}
				return
			}
			if strings.Contains(w.Body.String(), "— ") {
				t.Error("a refusal holds a signature")
			}
			if size := conflictSize(t, s, l); size != 100 {
				t.Errorf("a refused request moved the witness to %d", size)
			}
		})
	}
}

func (r request) withOld(old int64) []byte {
	r.old = old
	return r.marshal()
}

func make64() [][]byte {
	p := make([][]byte, 64)
	for i := range p {
		p[i] = make([]byte, 32)
	}
	return p
}

func signText(t *testing.T, l *testLog, text string) []byte {
	t.Helper()
	b, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signatureOf is a log's signature line of a checkpoint's text.
func signatureOf(t *testing.T, l *testLog, checkpoint []byte) []byte {
	t.Helper()
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	_, lines, _ := bytes.Cut(signText(t, l, string(text)+"\n"), []byte("\n\n"))
	return lines
}

// strayBits writes the first hash in a second way.
func strayBits(t *testing.T, body []byte) []byte {
	t.Helper()
	at := bytes.IndexByte(body, '=')
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := bytes.Clone(body)
	b[at-1] = digits[strings.IndexByte(digits, b[at-1])|1]
	return b
}

func TestEmptyTree(t *testing.T) {
	l := newLog(t, "log.example/a").grow(10, "a")
	s := mustServe(t, testConfig(t, newMemFS(), l))
	wrong := l.sign(receipt.Checkpoint{Origin: l.origin, Hash: tlog.Hash{1}})
	if w := post(s, request{checkpoint: wrong}.marshal()); w.Code != 422 {
		t.Errorf("an empty tree with a root: %d", w.Code)
	}
	if w := post(s, request{proof: [][]byte{make([]byte, 32)}, checkpoint: l.checkpoint(5)}.marshal()); w.Code != 422 {
		t.Errorf("a proof from nothing: %d", w.Code)
	}
	mustCosign(t, s, l, 0, 0)
	mustCosign(t, s, l, 0, 0)
	if w := get(s, "/"+originHash(l)+"/checkpoint"); w.Code != 200 {
		t.Errorf("the cosigned empty tree: %d", w.Code)
	}
	mustCosign(t, s, l, 0, 10)
	if w := post(s, l.request(0, 0).marshal()); w.Code != 409 {
		t.Errorf("back to nothing: %d", w.Code)
	}
}

func originHash(l *testLog) string {
	h := sha256.Sum256([]byte(l.origin))
	return hex.EncodeToString(h[:])
}

func TestOtherMethodsAndPaths(t *testing.T) {
	l := newLog(t, "log.example/a").grow(3, "a")
	s := mustServe(t, testConfig(t, newMemFS(), l))
	if w := get(s, "/add-checkpoint"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET add-checkpoint: %d", w.Code)
	}
	for _, path := range []string{"/" + originHash(l) + "/checkpoint", "/" + strings.Repeat("0", 64) + "/checkpoint", "/" + l.origin + "/checkpoint", "/x"} {
		if w := get(s, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestMonitorsGetWhatWasCosigned(t *testing.T) {
	l := newLog(t, "log.example/a").grow(30, "a")
	s := mustServe(t, testConfig(t, newMemFS(), l))
	mustCosign(t, s, l, 0, 10)
	answer := post(s, l.request(10, 30).marshal()).Body.String()
	w := get(s, "/"+originHash(l)+"/checkpoint")
	trust := receipt.Trust{Log: testVerifier(t, l.vkey), Witnesses: []note.Verifier{testVerifier(t, s.Key())}, Quorum: 1}
	cp, by, err := trust.OpenCheckpoint(w.Body.Bytes())
	if err != nil || cp.Size != 30 || len(by) != 1 || !strings.HasSuffix(w.Body.String(), answer) {
		t.Errorf("%v, size %d, by %v: %s", err, cp.Size, by, w.Body)
	}
	front := get(s, "/").Body.String()
	for _, want := range []string{l.origin, "30 records", s.Key(), "2026-11-23T14:00:00Z"} {
		if !strings.Contains(front, want) {
			t.Errorf("the front page lacks %q:\n%s", want, front)
		}
	}
}

func TestTwoLogsOneWitness(t *testing.T) {
	a, b := newLog(t, "log.example/a").grow(50, "a"), newLog(t, "log.example/b").grow(50, "b")
	s := mustServe(t, testConfig(t, newMemFS(), a, b))
	mustCosign(t, s, a, 0, 40)
	mustCosign(t, s, b, 0, 7)
	mustCosign(t, s, a, 40, 50)
	if conflictSize(t, s, a) != 50 || conflictSize(t, s, b) != 7 {
		t.Error("the logs are mixed up")
	}
	// b's key must not speak for a.
	b.origin = a.origin
	if w := post(s, b.request(50, 50).marshal()); w.Code != http.StatusForbidden {
		t.Errorf("the key of one log signed for another: %d", w.Code)
	}
}

func TestRotatedKeys(t *testing.T) {
	old, young := newLog(t, "log.example/a").grow(20, "a"), newLog(t, "log.example/a2").grow(20, "a")
	young.origin = old.origin
	cfg := testConfig(t, newMemFS())
	cfg.Logs = []Log{{Key: old.vkey}, {Origin: old.origin, Key: young.vkey}}
	s := mustServe(t, cfg)
	mustCosign(t, s, old, 0, 10)
	if w := post(s, young.request(10, 20).marshal()); w.Code != 200 {
		t.Errorf("the second key: %d %s", w.Code, w.Body)
	}
}

func TestRestart(t *testing.T) {
	l := newLog(t, "log.example/a").grow(30, "a")
	cfg := testConfig(t, nil, l)
	cfg.Dir = t.TempDir() + "/state"
	s := mustServe(t, cfg)
	mustCosign(t, s, l, 0, 10)
	if _, err := NewServer(t.Context(), cfg); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("a second process on the folder: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if w := post(s, l.request(10, 20).marshal()); w.Code != http.StatusServiceUnavailable {
		t.Errorf("after Close: %d", w.Code)
	}
	again := mustServe(t, cfg)
	if size := conflictSize(t, again, l); size != 10 {
		t.Errorf("after a restart the witness stands at %d", size)
	}
	mustCosign(t, again, l, 10, 30)
	again.Close()
	cfg.Signer = testSigner(t, "witness.example/other")
	if _, err := NewServer(t.Context(), cfg); candor.CodeOf(err) != candor.Verification {
		t.Errorf("another witness on the folder: %v", err)
	}
}

func TestChangedStateIsRefused(t *testing.T) {
	l := newLog(t, "log.example/a").grow(30, "a")
	files := newMemFS()
	s := mustServe(t, testConfig(t, files, l))
	mustCosign(t, s, l, 0, 20)
	s.Close()
	good := files.names[originHash(l)].data
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		files.names[originHash(l)].data = bad
		s, err := NewServer(t.Context(), testConfig(t, files, l))
		if err == nil {
			// Only the log's own signature and names of unknown keys may differ.
			if got := s.logs[l.origin].last.Load(); got.Size != 20 || got.Hash != l.root(20) {
				t.Errorf("byte %d changed: the witness stands at %d", at, got.Size)
			}
			s.Close()
		} else if candor.CodeOf(err) != candor.Verification {
			t.Errorf("byte %d changed: %v", at, err)
		}
	}
	files.names[originHash(l)].data = good[:len(good)/2]
	if _, err := NewServer(t.Context(), testConfig(t, files, l)); candor.CodeOf(err) != candor.Verification {
		t.Errorf("a cut file: %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	l := newLog(t, "log.example/a")
	for name, change := range map[string]func(*Config){
		"no signer":          func(c *Config) { c.Signer = nil },
		"no folder":          func(c *Config) { c.FS = nil },
		"another name":       func(c *Config) { c.Name = "witness.example/w2" },
		"no logs":            func(c *Config) { c.Logs = nil },
		"a key that is none": func(c *Config) { c.Logs = []Log{{Origin: "x", Key: "x"}} },
		"a log twice":        func(c *Config) { c.Logs = append(c.Logs, c.Logs...) },
	} {
		cfg := testConfig(t, newMemFS(), l)
		change(&cfg)
		if _, err := NewServer(t.Context(), cfg); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTimeNeverGoesBack: a clock that is set back makes no cosignature of a
// larger tree with an earlier time, across a restart too.
func TestTimeNeverGoesBack(t *testing.T) {
	l := newLog(t, "log.example/a").grow(30, "a")
	files, now := newMemFS(), epoch
	cfg := testConfig(t, files, l)
	cfg.Now = func() time.Time { return now }
	s := mustServe(t, cfg)
	stamp := func(s *Server, old, size int64) time.Time {
		w := post(s, l.request(old, size).marshal())
		at, err := receipt.CosignedAt(append(l.checkpoint(size), w.Body.Bytes()...), testVerifier(t, s.Key()))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	stamp(s, 0, 5)
	now = epoch.Add(-time.Hour)
	if at := stamp(s, 5, 10); !at.Equal(epoch) {
		t.Errorf("dated %s", at)
	}
	s.Close()
	s = mustServe(t, cfg)
	if at := stamp(s, 10, 20); !at.Equal(epoch) {
		t.Errorf("after a restart dated %s", at)
	}
	now = epoch.Add(time.Minute)
	if at := stamp(s, 20, 20); !at.Equal(now) {
		t.Errorf("asked again: dated %s", at)
	}
	before := files.calls
	if stamp(s, 20, 20); files.calls != before {
		t.Error("a replay within the second was written to the disk")
	}
}

// TestClockBefore1970 gives no cosignature without a time.
func TestClockBefore1970(t *testing.T) {
	l := newLog(t, "log.example/a").grow(3, "a")
	cfg := testConfig(t, newMemFS(), l)
	cfg.Now = func() time.Time { return time.Unix(0, 0) }
	if w := post(mustServe(t, cfg), l.request(0, 3).marshal()); w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

// TestRace submits from many sides at once; run with -race.
func TestRace(t *testing.T) {
	l := newLog(t, "log.example/a").grow(400, "a")
	s := mustServe(t, testConfig(t, newMemFS(), l))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			old := int64(0)
			for size := int64(g + 1); size <= 400; {
				w := post(s, l.request(old, size).marshal())
				switch w.Code {
				case 200:
					checkCosigned(t, s.Key(), l, size, w.Body.String())
					old, size = size, size+int64(g)+1
				case 409:
					n, err := strconv.ParseInt(strings.TrimSpace(w.Body.String()), 10, 64)
					if err != nil || n < old {
						t.Errorf("the witness went back from %d to %d", old, n)
						return
					}
					old, size = n, max(size, n+1)
				default:
					t.Errorf("status %d: %s", w.Code, w.Body)
					return
				}
				get(s, "/")
			}
		})
	}
	wg.Wait()
}

// TestWaitingEndsWithTheRequest: who gives up does not keep the log's turn.
func TestWaitingEndsWithTheRequest(t *testing.T) {
	l := newLog(t, "log.example/a").grow(3, "a")
	s := mustServe(t, testConfig(t, newMemFS(), l))
	<-s.logs[l.origin].turn // somebody else has it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/add-checkpoint", bytes.NewReader(l.request(0, 3).marshal())).WithContext(ctx))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	s.logs[l.origin].give()
	mustCosign(t, s, l, 0, 3)
}

// TestFaults makes each disk call of a run fail, in each way, ends the run as a
// crash would, and then lets a log with two histories try its luck. Whatever
// left the witness must be one history.
func TestFaults(t *testing.T) {
	a := newLog(t, "log.example/a").grow(4, "a")
	b := a.fork().grow(20, "b")
	a.grow(20, "a")
	steps := []int64{3, 6, 9, 12}
	total := func() int {
		files := newMemFS()
		runFaulty(t, files, steps, a, b)
		return files.calls
	}()
	if total < 16 {
		t.Fatalf("only %d calls were counted", total)
	}
	faults := map[string]error{"fails": errInjected, "took effect and fails": errLate, "and all after it fail": nil}
	for name, fault := range faults {
		for at := 1; at <= total; at++ {
			files := newMemFS()
			files.fail = func(call int, _ string) error {
				switch {
				case fault == nil && call >= at:
					return errInjected
				case call == at:
					return fault
				}
				return nil
			}
			left := runFaulty(t, files, steps, a, b)
			for way, after := range map[string]*memFS{"kill": files.killed(), "power cut": files.powerCut(false), "early": files.powerCut(true)} {
				where := fmt.Sprintf("call %d %s, then %s", at, name, way)
				checkOneHistory(t, where, a, b, append(left[:len(left):len(left)], runFaulty(t, after, steps, b, a)...))
			}
			for _, size := range steps { // killed, asked for one size again, and only then the power is cut
				killed := files.killed()
				again := append(left[:len(left):len(left)], runFaulty(t, killed, []int64{size}, a)...)
				where := fmt.Sprintf("call %d %s, killed, asked for %d, power cut", at, name, size)
				checkOneHistory(t, where, a, b, append(again, runFaulty(t, killed.powerCut(false), steps, b, a)...))
			}
		}
	}
}

type leftover struct {
	size int64
	root tlog.Hash
}

// runFaulty opens a witness and submits one history after the other, asking for
// the size after each conflict. It returns what was cosigned.
func runFaulty(t *testing.T, files *memFS, steps []int64, logs ...*testLog) (left []leftover) {
	t.Helper()
	s, err := NewServer(t.Context(), testConfig(t, files, logs[0]))
	if err != nil {
		if candor.CodeOf(err) == candor.Verification {
			t.Errorf("what a crash left was taken for damage: %v", err)
		}
		return nil
	}
	defer s.Close()
	for _, l := range logs {
		for _, size := range steps {
			old := int64(0)
			for range 3 {
				w := post(s, l.request(old, size).marshal())
				if w.Code == 200 {
					checkCosigned(t, s.Key(), l, size, w.Body.String())
					left = append(left, leftover{size, l.root(size)})
				}
				n, err := parseSizeAnswer(w.Body.Bytes())
				if w.Code != 409 || err != nil || n > size {
					break
				}
				old = n
			}
		}
	}
	return left
}

func checkOneHistory(t *testing.T, where string, a, b *testLog, left []leftover) {
	t.Helper()
	var onA, onB bool
	last := int64(0)
	for _, c := range left {
		if c.size < last {
			t.Errorf("%s: cosigned %d after %d", where, c.size, last)
		}
		last = c.size
		if a.root(c.size) != b.root(c.size) {
			onA = onA || c.root == a.root(c.size)
			onB = onB || c.root == b.root(c.size)
		}
	}
	if onA && onB {
		t.Errorf("%s: two histories were cosigned: %v", where, left)
	}
}

// TestFullDisk: nothing is cosigned while the disk is full, and all goes on
// when it is not.
func TestFullDisk(t *testing.T) {
	l := newLog(t, "log.example/a").grow(30, "a")
	files := newMemFS()
	s := mustServe(t, testConfig(t, files, l))
	mustCosign(t, s, l, 0, 10)
	files.fail = func(_ int, op string) error {
		if op == "write" {
			return errInjected
		}
		return nil
	}
	if w := post(s, l.request(10, 20).marshal()); w.Code != 500 || strings.Contains(w.Body.String(), "—") {
		t.Errorf("on a full disk: %d %s", w.Code, w.Body)
	}
	files.fail = nil
	mustCosign(t, s, l, 10, 30)
}
