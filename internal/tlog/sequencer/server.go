package sequencer

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/semaphore"

	"candor"
	"candor/internal/pinned"
	"candor/receipt"
)

// Service is what a server stands in front of; *Log is one. Its methods are
// those of the archive's Log port, and what Log adds.
type Service interface {
	Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error)
	Receipt(ctx context.Context, index int64) (receipt.Receipt, error)
	Consistency(ctx context.Context, from, to int64) ([][]byte, error)
	Read(ctx context.Context, from, to int64, yield func(index int64, leaf, details []byte) error) error
	DestroyDetails(ctx context.Context, indexes ...int64) error
	Size() int64
	Checkpoint() []byte
	Epoch() int64
	Holder() string
	Fence() error
}

// Config says what a server answers to whom. Log and Clients are needed.
type Config struct {
	Log Service
	// Clients says whether a writer with this pin may ask. It is called for each
	// request, so that a pin taken off the list is refused at once.
	Clients func(pinned.Pin) bool
	// MaxRequests is how many requests are worked on at once; 0 is 512. More are
	// turned away.
	MaxRequests int
	// MaxMemory bounds the bytes of all messages being worked on; 0 is 128 MiB.
	// Requests wait for room, until ReadTimeout ends.
	MaxMemory int64
	// Timeouts of a connection. 0 is 10 seconds for a request's header, 1 minute
	// for a request whole, 2 minutes for its answer, 2 minutes for an idle one.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	Logger                                                *slog.Logger // nil discards; it is told rules and pins
}

// Server is a sequencer's door: an http.Handler. Safe for concurrent use.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	room    chan struct{}
	memory  *semaphore.Weighted
	flights *flights
}

// NewServer makes a server, which reads the newest records of the log. Serve it
// with Serve, or mount it on a server of one's own that asks for client
// certificates: it checks the pin itself, and refuses requests without TLS.
func NewServer(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil || cfg.Clients == nil {
		return nil, candor.Errorf(candor.Invalid, "A sequencer's server needs a log and the list of its clients.")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 512
	}
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = 128 << 20
	}
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{
		{&cfg.HeaderTimeout, 10 * time.Second}, {&cfg.ReadTimeout, time.Minute},
		{&cfg.WriteTimeout, 2 * time.Minute}, {&cfg.IdleTimeout, 2 * time.Minute},
	} {
		if *d.of <= 0 {
			*d.of = d.otherwise
		}
	}
	cfg.MaxMemory = max(cfg.MaxMemory, maxPage) // the largest message must fit
	s := &Server{
		cfg: cfg, mux: http.NewServeMux(), room: make(chan struct{}, cfg.MaxRequests),
		memory: semaphore.NewWeighted(cfg.MaxMemory), flights: newFlights(Window),
	}
	s.routes()
	return s, s.remember(ctx)
}

// remember takes the newest records as known, so that no request that was meant
// for a sequencer before appends one of them again.
func (s *Server) remember(ctx context.Context) error {
	size := s.cfg.Log.Size()
	return s.cfg.Log.Read(ctx, max(0, size-Window), size, func(index int64, leaf, _ []byte) error {
		if f, first := s.flights.begin(tlog.RecordHash(leaf), ""); first {
			f.land(index, nil)
		}
		return nil
	})
}

func (s *Server) routes() {
	route(s, pathHead, maxSmall, maxSmall, s.head)
	route(s, pathAppend, maxAppend, maxSmall, s.append)
	route(s, pathWhereis, maxSmall, maxSmall, s.whereis)
	route(s, pathReceipt, maxSmall, maxSmall, s.receipt)
	route(s, pathConsistency, maxSmall, maxSmall, s.consistency)
	route(s, pathRead, maxSmall, maxPage, s.read)
	route(s, pathDestroy, maxSmall, maxSmall, s.destroy)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, ruled(candor.NotFound, RuleMessage, "The sequencer's protocol, version %d, has no such request.", version))
	})
}

// route reads a request of at most limit bytes and writes its answer, which has
// at most answers bytes.
func route[Q message, A message](s *Server, path string, limit, answers int64, do func(context.Context, Q) (A, error)) {
	s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		weight := max(r.ContentLength, answers)
		if r.ContentLength < 0 || r.ContentLength > limit {
			w.Header().Set("Connection", "close")
			s.refuse(w, r, ruled(candor.TooLarge, RuleMessage, "A request must tell its length, and that is at most %d bytes. Nothing was appended.", limit))
			return
		}
		if err := s.take(r.Context(), weight); err != nil {
			s.refuse(w, r, err)
			return
		}
		defer s.memory.Release(weight)
		q, err := decode[Q](r.Body, limit)
		if err == nil {
			err = s.current(q.stampOf().Epoch)
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		a, err := do(r.Context(), q)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		s.answer(w, r, http.StatusOK, a)
	})
}

func (s *Server) take(ctx context.Context, weight int64) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	if err := s.memory.Acquire(ctx, weight); err != nil {
		return busy()
	}
	return nil
}

func busy() error {
	return ruled(candor.Unavailable, RuleBusy, "The log's sequencer is working on as many requests as it can. Nothing was appended and nothing was released. Try again shortly.")
}

// current refuses once somebody else is, or has been, the sequencer after this one.
func (s *Server) current(seen int64) error {
	if seen > s.cfg.Log.Epoch() {
		return ruled(candor.Unavailable, RuleDeposed, "This writer has seen sequencer number %d of the log, and this is number %d. Nothing was released. Stop this one.", seen, s.cfg.Log.Epoch())
	}
	return s.cfg.Log.Fence()
}

func (s *Server) stamp() stamp { return stamp{version, s.cfg.Log.Epoch(), s.cfg.Log.Holder()} }

func (s *Server) head(context.Context, askHead) (tellHead, error) {
	return tellHead{s.stamp(), s.cfg.Log.Checkpoint()}, nil
}

// append adds a record once, however often the same request comes.
func (s *Server) append(ctx context.Context, q askAppend) (tellReceipt, error) {
	if id, err := hex.DecodeString(q.Request); err != nil || len(id) != 16 {
		return tellReceipt{}, ruled(candor.Invalid, RuleMessage, "An append names its request by 32 hexadecimal digits. Nothing was appended.")
	}
	if err := checkRecord(q.Leaf); err != nil {
		return tellReceipt{}, err
	}
	f, first := s.flights.begin(tlog.RecordHash(q.Leaf), q.Request)
	if first {
		// The outcome must be known even if the writer hangs up.
		r, err := s.cfg.Log.Append(context.WithoutCancel(ctx), q.Leaf, q.Details)
		f.land(r.Index, err)
		return tellReceipt{s.stamp(), bodyOfReceipt(r)}, err
	}
	if f.request != q.Request {
		return tellReceipt{}, ruled(candor.Conflict, RuleRepeated, "This record was handed in before, by another request. It was not appended again, and nothing was released.")
	}
	index, err := f.wait(ctx)
	if err != nil {
		return tellReceipt{}, err
	}
	return s.receipt(ctx, askReceipt{Index: index})
}

func checkRecord(leaf []byte) error {
	if _, err := receipt.ParseRecord(leaf); err != nil {
		return ruledWrap(err, candor.Invalid, RuleMessage, "This is not a record. Nothing was appended.")
	}
	return nil
}

// whereis looks for a record whose acknowledgement was lost, on its way or among
// the newest.
func (s *Server) whereis(ctx context.Context, q askWhereis) (tellWhereis, error) {
	if len(q.Hash) != tlog.HashSize || q.From < 0 {
		return tellWhereis{}, ruled(candor.Invalid, RuleMessage, "A record is looked for by its leaf hash, from an index on.")
	}
	want := tlog.Hash(q.Hash)
	if f := s.flights.find(want); f != nil {
		index, err := f.wait(ctx)
		if err == nil {
			return tellWhereis{s.stamp(), index, index, index + 1}, nil
		}
		if ctx.Err() != nil {
			return tellWhereis{}, err
		}
	}
	size := s.cfg.Log.Size()
	from := max(q.From, size-Window)
	if from >= size {
		return tellWhereis{s.stamp(), -1, size, size}, nil
	}
	index, err := s.search(ctx, want, from, size)
	return tellWhereis{s.stamp(), index, from, size}, err
}

var errFound = errors.New("found")

func (s *Server) search(ctx context.Context, want tlog.Hash, from, to int64) (int64, error) {
	found := int64(-1)
	err := s.cfg.Log.Read(ctx, from, to, func(index int64, leaf, _ []byte) error {
		if tlog.RecordHash(leaf) == want {
			found = index
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return found, err
}

func (s *Server) receipt(ctx context.Context, q askReceipt) (tellReceipt, error) {
	r, err := s.cfg.Log.Receipt(ctx, q.Index)
	return tellReceipt{s.stamp(), bodyOfReceipt(r)}, err
}

func (s *Server) consistency(ctx context.Context, q askRange) (tellProof, error) {
	hashes, err := s.cfg.Log.Consistency(ctx, q.From, q.To)
	return tellProof{s.stamp(), hashes}, err
}

var errPageFull = errors.New("the page is full")

// read answers with a page: at least one record, and no more than fit.
func (s *Server) read(ctx context.Context, q askRange) (tellPage, error) {
	page := tellPage{stamp: s.stamp()}
	if q.From >= q.To {
		return page, ruled(candor.Invalid, RuleMessage, "A page has at least one record.")
	}
	size := 0
	err := s.cfg.Log.Read(ctx, q.From, q.To, func(_ int64, leaf, details []byte) error {
		page.Records = append(page.Records, recordBody{append([]byte(nil), leaf...), append([]byte(nil), details...)})
		if size += len(leaf) + len(details); size >= pageBytes || len(page.Records) == pageRecords {
			return errPageFull
		}
		return nil
	})
	if errors.Is(err, errPageFull) {
		err = nil
	}
	return page, err
}

func (s *Server) destroy(ctx context.Context, q askDestroy) (tellDone, error) {
	if len(q.Indexes) > MaxDestroy {
		return tellDone{}, ruled(candor.TooLarge, RuleMessage, "The details of at most %d records are destroyed at once.", MaxDestroy)
	}
	return tellDone{s.stamp()}, s.cfg.Log.DestroyDetails(ctx, q.Indexes...)
}

// ServeHTTP answers those whose pin is allowed, before it reads anything of
// what they sent.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.admit(r); err != nil {
		w.Header().Set("Connection", "close")
		s.refuse(w, r, err)
		return
	}
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
		s.mux.ServeHTTP(w, r)
	default:
		w.Header().Set("Connection", "close")
		s.refuse(w, r, busy())
	}
}

func (s *Server) admit(r *http.Request) error {
	if r.TLS == nil || r.TLS.Version < tls.VersionTLS13 {
		return ruled(candor.Denied, RuleClient, "The log's sequencer answers over TLS 1.3 only. Nothing was released.")
	}
	pin, ok := pinned.PeerPin(*r.TLS)
	if !ok {
		return ruled(candor.Denied, RuleClient, "The log's sequencer answers only to writers with a certificate that it knows. Nothing was released.")
	}
	if !s.cfg.Clients(pin) {
		s.cfg.Logger.WarnContext(r.Context(), "unknown client", "pin", pin.String())
		return ruled(candor.Denied, RuleClient, "The log's sequencer does not know this writer. Nothing was released. Its operator can let it: candor sequencer allow %s", pin)
	}
	return nil
}

// refuse answers with an error: its code, its rule and what may be shown of it,
// never its cause.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	body := errorBody{candor.CodeOf(err), candor.MessageOf(err), ruleOf(err)}
	s.cfg.Logger.InfoContext(r.Context(), "refused", "rule", body.Rule, "code", body.Code)
	s.answer(w, r, statuses[body.Code], tellError{s.stamp(), body})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, m message) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(m); err != nil {
		s.cfg.Logger.InfoContext(r.Context(), "the answer could not be sent", "err", err)
	}
}

// Serve answers at a listener until ctx ends, then lets what is under way come
// to an end for up to 20 seconds. It closes the listener, and not the log.
func (s *Server) Serve(ctx context.Context, l net.Listener, who *pinned.Identity) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler: s, Protocols: &protocols, TLSConfig: who.ServerTLS(),
		ReadHeaderTimeout: s.cfg.HeaderTimeout, ReadTimeout: s.cfg.ReadTimeout,
		WriteTimeout: s.cfg.WriteTimeout, IdleTimeout: s.cfg.IdleTimeout, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelInfo),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(l, "", "") }()
	select {
	case err := <-failed:
		return candor.Wrap(err, candor.Unavailable, "The sequencer's server stopped.")
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return server.Close()
	}
	return nil
}
