package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
)

const (
	defaultListen = "127.0.0.1:7310"
	drainTime     = 20 * time.Second
	// A saved sign-in of a solo server; each start makes a new one.
	soloSignInLife = 30 * 24 * time.Hour
)

// listening is where and how a server listens.
type listening struct {
	address, cert, key string
	hosts              []string
}

// serving is what `serve --json` prints once it listens.
type serving struct {
	Address string `json:"address"`
	Data    string `json:"data"`
	Origin  string `json:"origin"`
	LogKey  string `json:"log_key"`
}

func (c *cli) serveCommand() *cobra.Command {
	var l listening
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages, the API and the public log",
		Long: `Serve the pages at /, the API at /api/v1, and the public log at /log, /checkpoint
and /tile/. Interrupt it to end in good order: what was being added is
committed and the log published.`,
		Args: noArgs,
		Example: example(
			"candor serve",
			"candor serve --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.server != "" {
				return candor.Errorf(candor.Invalid, "`candor serve` serves a data folder: give --data DIR and no --server.")
			}
			return c.serve(cmd.Context(), l)
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.address, "listen", defaultListen, "`address` to listen at")
	f.StringVar(&l.cert, "tls-cert", "", "`file` with the certificate chain, PEM")
	f.StringVar(&l.key, "tls-key", "", "`file` with the certificate's key, PEM")
	f.StringArrayVar(&l.hosts, "host", nil, "further host `name` by which a solo archive is reached (repeatable)")
	return cmd
}

func (c *cli) serve(ctx context.Context, l listening) (err error) {
	if (l.cert == "") != (l.key == "") {
		return candor.Errorf(candor.Invalid, "Give --tls-cert and --tls-key together.")
	}
	if _, _, err := net.SplitHostPort(l.address); err != nil {
		return candor.Wrap(err, candor.Invalid, "%q is not an address to listen at. Give such as %s.", l.address, defaultListen)
	}
	cfg := c.engineConfig()
	cfg.Logger = c.serverLogger()
	e, err := openEngine(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAfter(ctx, e)) }()
	if e.Empty(ctx) {
		return emptyCatalog()
	}
	if err := e.Whole(ctx); err != nil {
		return err
	}
	return c.serveEngine(ctx, e, l, func(s serving) error {
		return c.print(s, func(w io.Writer) { fmt.Fprintf(w, "Serving %s at %s\n", s.Data, s.Address) })
	})
}

// closeAfter closes what ctx's end should not keep from closing in good order.
func closeAfter(ctx context.Context, e *engine) error {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return e.Close(end)
}

// serveEngine listens, says so, and serves until ctx ends.
func (c *cli) serveEngine(ctx context.Context, e *engine, l listening, ready func(serving) error) error {
	if err := c.mayListen(e, l); err != nil {
		return err
	}
	site, err := e.Site(siteConfig{Secure: l.cert != "", Hosts: l.hosts})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "Nothing can listen at %s: it is in use, or not an address of this machine. Choose another with --listen.", l.address)
	}
	scheme := "http"
	if l.cert != "" {
		scheme = "https"
	}
	s := serving{Address: scheme + "://" + listener.Addr().String(), Data: e.folder.dir, Origin: e.folder.Origin, LogKey: e.logKey}
	server := &http.Server{
		Handler: site, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(c.serverLogger().Handler(), slog.LevelWarn),
	}
	if err := c.announce(ctx, e, s, ready); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer background(ctx, e.archive.Watch, e.archive.Place, e.archive.RunJobs)()
	return runServer(ctx, server, listener, l)
}

// background does what an archive does by itself until stop is called, which
// waits for what is under way.
func background(ctx context.Context, work ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	for _, w := range work {
		working.Go(func() { w(ctx) })
	}
	return func() { cancel(); working.Wait() }
}

// announce tells other commands of this machine, and people, where the server is.
func (c *cli) announce(ctx context.Context, e *engine, s serving, ready func(serving) error) error {
	if who, err := e.archive.Solo(ctx); err == nil {
		if err := c.saveSoloSignIn(ctx, e, s.Address, who); err != nil {
			return err
		}
	}
	if err := e.folder.announce(s.Address); err != nil {
		return err
	}
	return ready(s)
}

// saveSoloSignIn lets the commands of the one person reach their own server.
func (c *cli) saveSoloSignIn(ctx context.Context, e *engine, address string, who archive.Actor) error {
	token, err := e.archive.NewToken(ctx, who, "candor serve", soloSignInLife, false)
	if err != nil {
		return err
	}
	return c.saveSignIn(address, token)
}

// runServer serves until ctx ends, then lets requests under way come to an end.
func runServer(ctx context.Context, server *http.Server, listener net.Listener, l listening) error {
	failed := make(chan error, 1)
	go func() {
		if l.cert != "" {
			failed <- server.ServeTLS(listener, l.cert, l.key)
		} else {
			failed <- server.Serve(listener)
		}
	}()
	select {
	case err := <-failed:
		return candor.Wrap(err, candor.Unavailable, "The server stopped: check the certificate and its key.")
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return server.Close() // requests that do not end in time are cut off
	}
	return nil
}

// mayListen refuses what would give an archive without sign-in to strangers,
// and warns of passwords in the clear.
func (c *cli) mayListen(e *engine, l listening) error {
	host, _, err := net.SplitHostPort(l.address)
	if err != nil {
		return candor.Wrap(err, candor.Invalid, "%q is not an address to listen at.", l.address)
	}
	if isLoopback(host) {
		return nil
	}
	if e.folder.Solo {
		return candor.Errorf(candor.Invalid, "A solo archive has no sign-in, so it is served on this machine only: use --listen %s. For several people make an archive with `candor init`.", defaultListen)
	}
	if l.cert == "" {
		c.note("Warning: listening beyond this machine without TLS. Passwords and contents travel in the clear; give --tls-cert and --tls-key, or put a TLS proxy in front.")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// serverLogger logs warnings always, and more with --verbose.
func (c *cli) serverLogger() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(c.errOut, &slog.HandlerOptions{Level: level}))
}
