package witness

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// Log is a log that a witness follows.
type Log struct {
	// Origin is the first line of its checkpoints. Empty means the name of Key.
	Origin string
	// Key is the log's verifier key. Several entries with one origin are
	// several keys of one log, any of which counts.
	Key string
}

// Config says what a witness is.
type Config struct {
	// Name is the witness's name. Empty means the name of the key; any other
	// value is an error, so that wiring cannot mix up two witnesses.
	Name string
	// Signer holds the witness's key. Needed.
	Signer *Signer
	// Dir is the folder of the witness's state; made if it is not there. Needed
	// unless FS is set. It must outlive everything: a witness that lost it, or
	// got an old copy back, may cosign a second history of a log.
	Dir string
	// Logs is the allow list. At least one.
	Logs []Log
	// Now is the clock. nil is time.Now.
	Now func() time.Time
	// Logger hears of refusals that may prove a log's misbehaviour, and of
	// failing disks. nil discards.
	Logger *slog.Logger
	// FS is the folder's file system. nil is the operating system's at Dir.
	FS FS
}

// Server is a witness. It is an http.Handler, safe for concurrent use:
//
//	POST /add-checkpoint            cosign (https://c2sp.org/tlog-witness)
//	GET  /<origin hash>/checkpoint  the newest cosigned checkpoint of a log
//	GET  /                          who this is and what it follows, for people
//
// To serve it below a prefix, wrap it in http.StripPrefix.
type Server struct {
	signer *Signer
	own    note.Verifier
	files  FS
	lock   io.Closer
	logs   map[string]*followed // by origin
	byHash map[string]*followed
	now    func() time.Time
	logger *slog.Logger
	mux    *http.ServeMux
	stop   chan struct{}
	once   sync.Once
}

// NewServer opens a witness's folder and takes it for this process. Conflict if
// another process has it; Verification if a file in it was changed; Invalid if
// the Config is wrong.
func NewServer(ctx context.Context, cfg Config) (*Server, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func newServer(cfg Config) (*Server, error) {
	if cfg.Signer == nil || (cfg.Dir == "" && cfg.FS == nil) {
		return nil, candor.Errorf(candor.Invalid, "A witness needs a key and a folder.")
	}
	if cfg.Name != "" && cfg.Name != cfg.Signer.Name() {
		return nil, candor.Errorf(candor.Invalid, "The key is of the witness %q, not of %q.", cfg.Signer.Name(), cfg.Name)
	}
	own, err := receipt.NewVerifier(cfg.Signer.Key())
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The witness's key cannot be used.")
	}
	s := &Server{signer: cfg.Signer, own: own, files: cfg.FS, now: cfg.Now, logger: cfg.Logger, byHash: map[string]*followed{}, stop: make(chan struct{})}
	if s.files == nil {
		s.files = dirFS(cfg.Dir)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.logs, err = follow(cfg.Logs); err != nil {
		return nil, err
	}
	for _, f := range s.logs {
		s.byHash[f.hash] = f
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST /add-checkpoint", s.addCheckpoint)
	s.mux.HandleFunc("GET /{hash}/checkpoint", s.serveCheckpoint)
	s.mux.HandleFunc("GET /{$}", s.serveFront)
	return s, nil
}

// follow reads the allow list.
func follow(logs []Log) (map[string]*followed, error) {
	if len(logs) == 0 {
		return nil, candor.Errorf(candor.Invalid, "A witness needs at least one log to follow.")
	}
	keys := map[string][]note.Verifier{}
	for _, l := range logs {
		v, err := receipt.NewVerifier(l.Key)
		if err != nil {
			return nil, candor.Wrap(err, candor.Invalid, "The key of the log %q cannot be used. It must be a verifier key: name+id+base64.", l.Origin)
		}
		origin := l.Origin
		if origin == "" {
			origin = v.Name()
		}
		same := func(o note.Verifier) bool { return o.Name() == v.Name() && o.KeyHash() == v.KeyHash() }
		if slices.ContainsFunc(keys[origin], same) {
			return nil, candor.Errorf(candor.Invalid, "The log %q is listed twice with one key.", origin)
		}
		keys[origin] = append(keys[origin], v)
	}
	all := map[string]*followed{}
	for origin, vs := range keys {
		all[origin] = newFollowed(origin)
		all[origin].keys = note.VerifierList(vs...)
	}
	return all, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	if err := s.files.Make(); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The witness's folder cannot be made.")
	}
	if s.lock, err = s.files.Lock("lock"); err != nil {
		if errors.Is(err, errLocked) {
			return candor.Wrap(err, candor.Conflict, "Another process is this witness already. Stop it first.")
		}
		return candor.Wrap(err, candor.Unavailable, "The witness's folder cannot be locked.")
	}
	for _, f := range s.logs {
		if err = ctx.Err(); err == nil {
			err = f.load(s.files, s.own)
		}
		if err != nil {
			return errors.Join(unreadable(err), s.lock.Close())
		}
	}
	return nil
}

func unreadable(err error) error {
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	return candor.Wrap(err, candor.Unavailable, "The witness's folder cannot be read.")
}

// Key returns the witness's verifier key, for policies.
func (s *Server) Key() string { return s.signer.Key() }

// Close gives the folder free. Requests that come later are answered 503;
// those under way are waited for.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.stop)
		for _, f := range s.logs {
			<-f.turn // never given back: nothing is cosigned any more
		}
		err = s.lock.Close()
	})
	return err
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*") // public data, for verifiers in a page
	s.mux.ServeHTTP(w, r)
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string // fit to be shown
	size   int64  // for 409
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, text: fmt.Sprintf(format, args...)}
}

func (s *Server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	line, err := s.add(r.Context(), http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.answerRefusal(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, line)
}

func (s *Server) answerRefusal(w http.ResponseWriter, err error) {
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		s.logger.Error("The witness could not keep what it would have cosigned, so it did not cosign.", "error", err)
		http.Error(w, "This witness cannot write to its disk at the moment; nothing was cosigned.", http.StatusInternalServerError)
	case refused.status == http.StatusConflict:
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", refused.size)
	default:
		http.Error(w, refused.text, refused.status)
	}
}

// add does all of add-checkpoint and returns the cosignature.
func (s *Server) add(ctx context.Context, body io.Reader) (string, error) {
	req, err := readRequest(body)
	if err != nil {
		return "", err
	}
	f, n, cp, err := s.verify(req)
	if err != nil {
		return "", err
	}
	if req.old > cp.Size {
		return "", refuse(http.StatusBadRequest, "the old size %d is larger than the checkpoint's %d", req.old, cp.Size)
	}
	if !f.take(ctx, s.stop) {
		return "", refuse(http.StatusServiceUnavailable, "this witness is being stopped or is too busy with this log; try again")
	}
	defer f.give()
	return s.advance(f, req, n, cp)
}

func readRequest(body io.Reader) (request, error) {
	b, err := io.ReadAll(body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return request{}, refuse(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return request{}, refuse(http.StatusBadRequest, "the request broke off")
	}
	req, err := parseRequest(b)
	if err != nil {
		return request{}, refuse(http.StatusBadRequest, "not a request to add a checkpoint: %v", err)
	}
	return req, nil
}

// verify finds the log that a checkpoint is of, and checks its signature.
func (s *Server) verify(req request) (*followed, *note.Note, receipt.Checkpoint, error) {
	none := receipt.Checkpoint{}
	n, cp, err := readNote(req.checkpoint)
	if err != nil {
		return nil, nil, none, refuse(http.StatusBadRequest, "%v", err)
	}
	f := s.logs[cp.Origin]
	if f == nil {
		return nil, nil, none, refuse(http.StatusNotFound, "this witness does not follow the log %.200q", cp.Origin)
	}
	if err := everySignature(n, f.keys); err != nil {
		return nil, nil, none, refuse(http.StatusForbidden, "%v", err)
	}
	n, err = note.Open(req.checkpoint, f.keys)
	if err != nil {
		return nil, nil, none, refuse(http.StatusForbidden, "no signature by a key that this witness knows of the log %.200q", cp.Origin)
	}
	return f, n, cp, nil
}

// everySignature refuses a note of which any line names a known key and does
// not verify. note.Open looks only at the first line of each key.
func everySignature(n *note.Note, keys note.Verifiers) error {
	seen := map[note.Signature]bool{} // a line that is repeated costs nothing
	for _, sig := range n.UnverifiedSigs {
		v, err := keys.Verifier(sig.Name, sig.Hash)
		if err != nil || seen[sig] {
			continue
		}
		seen[sig] = true
		raw, err := base64.StdEncoding.DecodeString(sig.Base64)
		if err != nil || len(raw) < 4 || binary.BigEndian.Uint32(raw) != sig.Hash || !v.Verify([]byte(n.Text), raw[4:]) {
			return fmt.Errorf("the signature by %.200q does not verify", sig.Name)
		}
	}
	return nil
}

// advance compares, persists and cosigns. The caller has the log's turn.
func (s *Server) advance(f *followed, req request, n *note.Note, cp receipt.Checkpoint) (string, error) {
	last := f.last.Load()
	if req.old != last.Size {
		return "", &refusal{status: http.StatusConflict, text: "old size", size: last.Size}
	}
	if err := extends(last, cp, req.proof); err != nil {
		s.logger.Warn("A log signed a checkpoint that does not extend what was cosigned before, or sent a wrong proof.",
			"origin", f.origin, "cosigned", last.Size, "submitted", cp.Size, "root", cp.Hash.String(), "error", err)
		return "", refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	now := s.now()
	if now.Before(last.at.Add(-time.Minute)) {
		s.logger.Warn("The witness's clock stands before its last cosignature; it signs with that one's time.", "origin", f.origin, "last", last.at)
	}
	next, err := last.cosign(n, cp, s.signer, now)
	if err != nil {
		return "", err
	}
	if last.at.Equal(next.at) && last.note != nil && last.text() == n.Text {
		return last.sig, nil // asked again within the second: the same cosignature
	}
	if err := replace(s.files, f.hash, next.note); err != nil {
		// The file now holds either checkpoint. That is as well: the cosignature
		// of the new one never leaves, and the next write replaces both.
		return "", err
	}
	f.last.Store(next)
	return next.sig, nil
}

// extends checks a checkpoint against what was cosigned before.
func extends(last *state, cp receipt.Checkpoint, proof [][]byte) error {
	empty := tlog.Hash(sha256.Sum256(nil))
	if cp.Size == 0 && cp.Hash != empty {
		return errors.New("the root is not that of the empty tree")
	}
	if last.note == nil {
		last = &state{Checkpoint: receipt.Checkpoint{Origin: cp.Origin, Hash: empty}}
	}
	return receipt.CheckConsistency(last.Checkpoint, cp, proof)
}

func (s *Server) serveCheckpoint(w http.ResponseWriter, r *http.Request) {
	f := s.byHash[r.PathValue("hash")]
	if f == nil || f.last.Load().note == nil {
		http.Error(w, "This witness never cosigned a checkpoint of that log.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(f.last.Load().note) // a monitor that went away
}

func (s *Server) serveFront(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	fmt.Fprint(w, s.front())
}

// front is the page for people.
func (s *Server) front() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Witness %s\nKey     %s\n\n", s.signer.Name(), s.signer.Key())
	b.WriteString("It cosigns checkpoints of these logs, after checking that each extends the one before (https://c2sp.org/tlog-witness).\n")
	for _, origin := range s.origins() {
		f := s.logs[origin]
		last := f.last.Load()
		if last.note == nil {
			fmt.Fprintf(&b, "\n%s\n  never cosigned\n", origin)
			continue
		}
		fmt.Fprintf(&b, "\n%s\n  %d records, cosigned at %s\n  /%s/checkpoint\n", origin, last.Size, last.at.Format(time.RFC3339), f.hash)
	}
	return b.String()
}

func (s *Server) origins() []string {
	var all []string
	for o := range s.logs {
		all = append(all, o)
	}
	slices.Sort(all)
	return all
}
