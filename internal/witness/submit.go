package witness

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"candor"
	"candor/receipt"
)

// SubmitterConfig says which log is brought to which witnesses.
type SubmitterConfig struct {
	// Policy names the witnesses; each needs a URL.
	Policy Policy
	// Origin is the log's. Empty means that of the first checkpoint.
	Origin string
	// Consistency proves that the log of to records extends that of from, as
	// tlog.Log.Consistency does. Needed if there are witnesses.
	Consistency func(ctx context.Context, from, to int64) ([][]byte, error)
	// Client makes the requests; redirects are not followed. nil is a client of
	// its own with the default transport.
	Client *http.Client
	// Timeout bounds what one witness may take for one checkpoint. 0 is 10 s.
	Timeout time.Duration
	// Backoff is how long a witness that failed is left alone; it doubles with
	// each failure up to MaxBackoff. 0 is 500 ms, and 10 s.
	Backoff, MaxBackoff time.Duration
	// MaxSkew is how far a cosignature's time may lie from ours. 0 is 5 minutes.
	MaxSkew time.Duration
	// Dir keeps what the witnesses acknowledged; it may be lost at the cost of
	// one more request each. Empty keeps nothing, unless FS is set.
	Dir string
	// Now is the clock. nil is time.Now.
	Now func() time.Time
	// Logger hears when a witness begins and ceases to fail. nil discards.
	Logger *slog.Logger
	// FS is the folder's file system. nil is the operating system's at Dir.
	FS FS
}

// Submitter brings one log's checkpoints to its witnesses, the newest only:
// what is handed in while the witnesses are asked waits as one. All witnesses
// are asked for the same checkpoint, until it has a quorum or each of them has
// answered or failed; a witness that is behind then goes on with the newest.
// Safe for concurrent use.
type Submitter struct {
	cfg    SubmitterConfig
	http   exchange
	sizes  *sizes
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and made anew when anything below changed
	peers   []*peer
	current *round // what witnesses are asked for
	next    *round // the newest that came since
	best    *round // the newest with a quorum
}

// peer is a witness and how it does.
type peer struct {
	Peer
	size  int64 // that it is known to have cosigned
	down  bool  // failed, and being left alone
	fails int   // in a row
	state WitnessStatus
}

// round is one checkpoint on its way round the witnesses.
type round struct {
	cp     receipt.Checkpoint
	text   string
	note   []byte
	lines  map[int]string // cosignatures, by witness
	quorum bool
}

// WitnessStatus tells how one witness does, for pages.
type WitnessStatus struct {
	Name string `json:"name"` // of its key
	Key  string `json:"key"`  // its verifier key
	URL  string `json:"url"`
	Size int64  `json:"size"` // records that it cosigned last; 0 if none is known
	// At is the time in its last cosignature; zero if there is none since the start.
	At time.Time `json:"at,omitzero"`
	// Code and Message say how its last answer failed; empty if it did not.
	Code    candor.Code `json:"code,omitempty"`
	Message string      `json:"message,omitempty"`
	Since   time.Time   `json:"since,omitzero"` // when it began to fail
}

// NewSubmitter starts one goroutine a witness; Close ends them. Invalid if a
// witness of the policy has no URL.
func NewSubmitter(cfg SubmitterConfig) (*Submitter, error) {
	if len(cfg.Policy.Witnesses) > 0 && cfg.Consistency == nil {
		return nil, candor.Errorf(candor.Invalid, "Witnesses ask for consistency proofs, and the submitter cannot make any.")
	}
	cfg = cfg.withDefaults()
	s := &Submitter{cfg: cfg, changed: make(chan struct{})}
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.http = exchange{client: &client, now: cfg.Now, skew: cfg.MaxSkew}
	var err error
	if s.sizes, err = openSizes(cfg); err != nil {
		return nil, err
	}
	for _, w := range cfg.Policy.Witnesses {
		if w.URL == "" {
			return nil, candor.Errorf(candor.Invalid, "The witness %q has no address in the policy, so no checkpoint can be brought to it.", w.Name)
		}
		p := &peer{Peer: w, size: s.sizes.known[identify(w)]}
		p.state = WitnessStatus{Name: w.Key.Name(), Key: fmt.Sprint(w.Key), URL: w.URL, Size: p.size}
		s.peers = append(s.peers, p)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for i := range s.peers {
		s.done.Go(func() { s.work(i) })
	}
	return s, nil
}

func (cfg SubmitterConfig) withDefaults() SubmitterConfig {
	if cfg.Client == nil {
		cfg.Client = &http.Client{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.FS == nil && cfg.Dir != "" {
		cfg.FS = dirFS(cfg.Dir)
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&cfg.Timeout, 10 * time.Second}, {&cfg.Backoff, 500 * time.Millisecond}, {&cfg.MaxBackoff, 10 * time.Second}, {&cfg.MaxSkew, 5 * time.Minute}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return cfg
}

// Close stops all requests and returns when they have ended. Cosign then fails.
func (s *Submitter) Close() error {
	s.cancel()
	s.done.Wait()
	return s.save(true)
}

// Cosign hands in a checkpoint that the log signed. In the mode wait it returns
// when the quorum has cosigned it or a newer one of the same log, which then is
// what is returned: proofs must be made for the checkpoint that comes back. In
// the mode later, and when no witness is needed, it returns at once, with such
// cosignatures as there are. Unavailable, naming the witnesses that failed, if
// ctx ends first; Verification if another tree of that size was handed in
// before. The submission goes on after ctx ended.
func (s *Submitter) Cosign(ctx context.Context, checkpoint []byte) ([]byte, error) {
	r, err := s.Submit(checkpoint)
	if err != nil {
		return nil, err
	}
	if s.cfg.Policy.Mode != Later {
		return s.Wait(ctx, r.Size)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.best != nil && s.best.cp.Size == r.Size {
		return s.best.cosigned(), nil
	}
	return bytes.Clone(checkpoint), nil
}

// Submit hands in a checkpoint and does not wait. It returns what the
// checkpoint says.
func (s *Submitter) Submit(checkpoint []byte) (receipt.Checkpoint, error) {
	n, cp, err := readNote(checkpoint)
	if err != nil {
		return cp, candor.Wrap(err, candor.Invalid, "This is not a signed checkpoint.")
	}
	if s.ctx.Err() != nil {
		return cp, stopped()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Origin == "" {
		s.cfg.Origin = cp.Origin
	}
	if cp.Origin != s.cfg.Origin {
		return cp, candor.Errorf(candor.Invalid, "The checkpoint is of the log %q, not of %q.", cp.Origin, s.cfg.Origin)
	}
	r := &round{cp: cp, text: n.Text, note: bytes.Clone(checkpoint), lines: map[int]string{}, quorum: s.cfg.Policy.NeedsNone()}
	for _, had := range []*round{s.best, s.current, s.next} {
		if had != nil && had.cp.Size == cp.Size && had.cp.Hash != cp.Hash {
			return cp, candor.Errorf(candor.Verification, "Two different trees of %d records were handed in to be cosigned. Neither the log nor its witnesses may sign both.", cp.Size)
		}
	}
	s.queue(r)
	return cp, nil
}

// queue keeps a round if it is newer than what there is.
func (s *Submitter) queue(r *round) {
	for _, had := range []*round{s.best, s.current, s.next} {
		if had != nil && had.cp.Size >= r.cp.Size {
			return
		}
	}
	s.next = r
	s.settle()
}

// settle begins the next round when the current one is over, and wakes
// everybody. The caller holds mu.
func (s *Submitter) settle() {
	if s.next != nil && (s.current == nil || s.over(s.current)) {
		s.current, s.next = s.next, nil
		s.improve(s.current)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// over reports whether nothing more is to be expected of a round for now.
func (s *Submitter) over(r *round) bool {
	if r.quorum {
		return true
	}
	for i, p := range s.peers {
		if r.lines[i] == "" && !p.down {
			return false
		}
	}
	return true
}

// improve makes r the best if it is.
func (s *Submitter) improve(r *round) {
	r.quorum = s.cfg.Policy.Satisfied(func(i int) bool { return r.lines[i] != "" })
	if r.quorum && (s.best == nil || r.cp.Size > s.best.cp.Size) {
		s.best = r
	}
}

// cosigned is the checkpoint with the cosignatures there are, in the order of
// the policy. The caller holds mu.
func (r *round) cosigned() []byte {
	b := bytes.Clone(r.note)
	for _, i := range slices.Sorted(maps.Keys(r.lines)) {
		if line := r.lines[i]; !bytes.Contains(r.note, []byte(line)) {
			b = append(b, line...)
		}
	}
	return b
}

// Wait returns the newest checkpoint that has a quorum, as soon as that has at
// least size records. Errors as Cosign's.
func (s *Submitter) Wait(ctx context.Context, size int64) ([]byte, error) {
	return s.await(ctx, func() []byte {
		if s.best != nil && s.best.cp.Size >= size {
			return s.best.cosigned()
		}
		return nil
	})
}

// Newer returns the newest checkpoint that has a quorum, as soon as that is
// not have: newer, or with more cosignatures. A log publishes in a loop over
// it. Errors as Cosign's.
func (s *Submitter) Newer(ctx context.Context, have []byte) ([]byte, error) {
	return s.await(ctx, func() []byte {
		if s.best == nil {
			return nil
		}
		if b := s.best.cosigned(); !bytes.Equal(b, have) {
			return b
		}
		return nil
	})
}

// Latest returns the newest checkpoint that has a quorum, with all
// cosignatures so far; nil if there is none since the start.
func (s *Submitter) Latest() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.best == nil {
		return nil
	}
	return s.best.cosigned()
}

func (s *Submitter) await(ctx context.Context, ready func() []byte) ([]byte, error) {
	for {
		s.mu.Lock()
		b, changed := ready(), s.changed
		s.mu.Unlock()
		if b != nil {
			return b, nil
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return nil, stopped()
		case <-ctx.Done():
			return nil, s.missing(ctx.Err())
		}
	}
}

func stopped() error {
	return candor.Errorf(candor.Unavailable, "Submission to witnesses has been stopped.")
}

// missing says who did not cosign in time.
func (s *Submitter) missing(cause error) error {
	var failing []string
	for _, w := range s.Status() {
		if w.Code != "" {
			failing = append(failing, w.Name+": "+w.Message)
		}
	}
	text := fmt.Sprintf("The checkpoint was not cosigned in time; %s must.", s.cfg.Policy.Describe())
	if len(failing) > 0 {
		text += " " + strings.Join(failing, " ")
	}
	return candor.Wrap(cause, candor.Unavailable, "%s", text)
}

// Status tells how each witness does, in the order of the policy.
func (s *Submitter) Status() []WitnessStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]WitnessStatus, len(s.peers))
	for i, p := range s.peers {
		all[i] = p.state
	}
	return all
}

// work asks one witness, one request at a time.
func (s *Submitter) work(i int) {
	for {
		r, old := s.task(i)
		if r == nil {
			return
		}
		ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
		a, err := s.http.submit(ctx, s.peers[i].Peer, old, r, s.cfg.Consistency)
		cancel()
		if s.ctx.Err() != nil {
			return
		}
		rest := s.report(i, r, a, err)
		if err := s.save(false); err != nil {
			s.cfg.Logger.Warn("What the witnesses acknowledged could not be kept; nothing is lost by it.", "error", err)
		}
		if rest > 0 && !s.sleep(rest) {
			return
		}
	}
}

// task waits until there is a checkpoint that a witness has not cosigned. A
// round that was over for want of this witness is not over any more.
func (s *Submitter) task(i int) (*round, int64) {
	for {
		s.mu.Lock()
		r, p, changed := s.current, s.peers[i], s.changed
		if r != nil && r.lines[i] == "" {
			p.down = false
			old := p.size
			s.mu.Unlock()
			return r, old
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-s.ctx.Done():
			return nil, 0
		}
	}
}

// report enters what came of a request, and returns how long to leave the
// witness alone.
func (s *Submitter) report(i int, r *round, a answered, err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.settle()
	p := s.peers[i]
	if err != nil {
		return s.failed(p, a, err)
	}
	if p.fails > 0 {
		s.cfg.Logger.Info("A witness cosigns again.", "witness", p.state.Name, "size", r.cp.Size)
	}
	r.lines[i] = a.line
	p.size, p.fails = r.cp.Size, 0
	p.state.Size, p.state.At = r.cp.Size, a.at
	p.state.Code, p.state.Message, p.state.Since = "", "", time.Time{}
	s.improve(r)
	return 0
}

func (s *Submitter) failed(p *peer, a answered, err error) time.Duration {
	if a.conflict {
		p.size = a.size
		p.state.Size = a.size
	}
	if p.fails == 0 {
		p.state.Since = s.cfg.Now()
		s.cfg.Logger.Warn("A witness does not cosign.", "witness", p.state.Name, "error", err)
	}
	p.down = true
	p.fails++
	p.state.Code, p.state.Message = candor.CodeOf(err), candor.MessageOf(err)
	rest := s.cfg.MaxBackoff
	if p.fails < 20 {
		rest = min(rest, s.cfg.Backoff<<(p.fails-1))
	}
	return rest/2 + rand.N(rest/2+1) // so that many logs do not all come back at once
}

func (s *Submitter) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// save keeps what the witnesses acknowledged.
func (s *Submitter) save(now bool) error {
	s.mu.Lock()
	known := map[string]int64{}
	for _, p := range s.peers {
		known[identify(p.Peer)] = p.size
	}
	s.mu.Unlock()
	return s.sizes.save(known, now)
}
