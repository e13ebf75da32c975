package remote

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"candor"
	"candor/internal/pinned"
)

// Config says what a server answers to whom. Custodian and Clients are needed.
type Config struct {
	Custodian Service
	// Clients says whether an archive with this pin may ask. It is called for
	// each request, so that a pin taken off the list is refused at once.
	Clients func(pinned.Pin) bool
	// MaxRelease bounds a release request, in bytes; 0 is the constant of that name.
	MaxRelease int64
	// MaxRequests is how many requests are worked on at once; 0 is 64. More are
	// turned away, so that memory stays bounded.
	MaxRequests int
	// Timeouts of a connection. 0 is 10 seconds for a request's header, 2 minutes
	// for a request whole, 5 minutes for its answer, 2 minutes for an idle one.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	Logger                                                *slog.Logger // nil discards; it is told rules and pins
}

// Server is a custodian's door. Safe for concurrent use.
type Server struct {
	cfg  Config
	mux  *http.ServeMux
	room chan struct{}
}

// NewServer makes a server. Serve it with Serve, or mount it on a server of
// one's own that asks for client certificates: it checks the pin itself, and
// refuses requests that came without TLS.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Custodian == nil || cfg.Clients == nil {
		return nil, candor.Errorf(candor.Invalid, "A custodian's server needs a custodian and the list of its clients.")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxRelease <= 0 {
		cfg.MaxRelease = MaxRelease
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 64
	}
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{
		{&cfg.HeaderTimeout, 10 * time.Second}, {&cfg.ReadTimeout, 2 * time.Minute},
		{&cfg.WriteTimeout, 5 * time.Minute}, {&cfg.IdleTimeout, 2 * time.Minute},
	} {
		if *d.of <= 0 {
			*d.of = d.otherwise
		}
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), room: make(chan struct{}, cfg.MaxRequests)}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	keeper := s.cfg.Custodian
	s.mux.HandleFunc("GET "+pathHead, func(w http.ResponseWriter, r *http.Request) {
		size, err := keeper.Head(r.Context())
		s.answer(w, r, headMessage{version, size}, err)
	})
	s.mux.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, r *http.Request) {
		st, err := keeper.Status(r.Context())
		s.answer(w, r, statusMessage{version, st}, err)
	})
	s.mux.HandleFunc("POST "+pathFollow, func(w http.ResponseWriter, r *http.Request) {
		m, err := decode[followMessage](r.Body, maxSmall)
		if err == nil {
			err = keeper.Follow(r.Context(), m.Checkpoint, m.From, m.Proof)
		}
		s.answer(w, r, doneMessage{version}, err)
	})
	s.mux.HandleFunc("POST "+pathLearn, func(w http.ResponseWriter, r *http.Request) {
		m, err := decode[learnMessage](r.Body, maxSmall)
		if err == nil {
			err = keeper.Learn(r.Context(), m.Receipt)
		}
		s.answer(w, r, doneMessage{version}, err)
	})
	s.mux.HandleFunc("POST "+pathRelease, func(w http.ResponseWriter, r *http.Request) {
		var answer candor.ReleaseAnswer
		m, err := decode[releaseMessage](r.Body, s.cfg.MaxRelease)
		if err == nil {
			answer, err = keeper.Release(r.Context(), m.Request)
		}
		s.answer(w, r, answerMessage{version, answer}, err)
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, nil, ruled(candor.NotFound, RuleMessage, "The custodian's protocol, version %d, has no such request.", version))
	})
}

// ServeHTTP answers those whose pin is allowed, before it reads anything of
// what they sent.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.admit(r); err != nil {
		w.Header().Set("Connection", "close")
		s.answer(w, r, nil, err)
		return
	}
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
		s.mux.ServeHTTP(w, r)
	default:
		w.Header().Set("Connection", "close")
		s.answer(w, r, nil, ruled(candor.Unavailable, RuleBusy, "The custodian is working on as many requests as it can. Nothing was released. Try again shortly."))
	}
}

func (s *Server) admit(r *http.Request) error {
	if r.TLS == nil || r.TLS.Version < tls.VersionTLS13 {
		return ruled(candor.Denied, RuleClient, "The custodian answers over TLS 1.3 only. Nothing was released.")
	}
	pin, ok := pinned.PeerPin(*r.TLS)
	if !ok {
		return ruled(candor.Denied, RuleClient, "The custodian answers only to clients with a certificate that it knows. Nothing was released.")
	}
	if !s.cfg.Clients(pin) {
		s.cfg.Logger.WarnContext(r.Context(), "unknown client", "pin", pin.String())
		return ruled(candor.Denied, RuleClient, "The custodian does not know this archive. Nothing was released. Have its operator run: candor custodian allow %s", pin)
	}
	return nil
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, m message, err error) {
	status := http.StatusOK
	if err != nil {
		body := bodyOf(err)
		m, status = errorMessage{version, body}, statuses[body.Code]
		s.cfg.Logger.InfoContext(r.Context(), "refused", "rule", body.Rule, "code", body.Code)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(m); err != nil {
		s.cfg.Logger.InfoContext(r.Context(), "the answer could not be sent", "err", err)
	}
}

// Serve answers at a listener until ctx ends, then lets what is under way come
// to an end for up to 20 seconds. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener, who *pinned.Identity) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler: s, Protocols: &protocols,
		ReadHeaderTimeout: s.cfg.HeaderTimeout, ReadTimeout: s.cfg.ReadTimeout,
		WriteTimeout: s.cfg.WriteTimeout, IdleTimeout: s.cfg.IdleTimeout, MaxHeaderBytes: 8 << 10,
		ErrorLog:  slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelInfo),
		TLSConfig: who.ServerTLS(),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(l, "", "") }()
	select {
	case err := <-failed:
		return candor.Wrap(err, candor.Unavailable, "The custodian's server stopped.")
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return server.Close()
	}
	return nil
}
