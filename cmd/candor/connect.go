package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"candor"
	"candor/internal/api"
	"candor/internal/archive"
	"candor/internal/client"
)

// inProcessAddress stands where a server's address would; nothing listens there.
const inProcessAddress = "http://in-process"

// connection is a client that acts for somebody, to be closed.
type connection struct {
	*client.Client
	inProcess bool // no server: the folder is opened for this one command
	close     []func(context.Context) error
}

// Close signs out of what was signed in to for this one command, and closes
// what was opened. It runs to its end even when ctx has ended.
func (c *connection) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	for i := len(c.close) - 1; i >= 0; i-- {
		errs = append(errs, c.close[i](ctx))
	}
	return errors.Join(errs...)
}

// with connects, runs a piece of work, and closes.
func (c *cli) with(ctx context.Context, work func(*connection) error) (err error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return work(conn)
}

func (c *cli) connect(ctx context.Context) (*connection, error) {
	if c.server != "" {
		return c.connectServer(ctx)
	}
	return c.connectFolder(ctx)
}

// connectServer speaks to a running server: with the token, with a sign-in for
// this one command, or with the sign-in that `candor login` saved.
func (c *cli) connectServer(ctx context.Context) (*connection, error) {
	token := c.token
	if token == "" && c.as == "" {
		var err error
		if token, err = c.savedSignIn(c.server); err != nil {
			return nil, err
		}
	}
	cl, err := client.New(client.Config{Server: c.server, Token: token})
	if err != nil {
		return nil, err
	}
	conn := &connection{Client: cl}
	if token == "" && c.as != "" {
		return conn, c.signIn(ctx, conn)
	}
	return conn, nil
}

// connectFolder opens a data folder and speaks to the same handler in this process.
func (c *cli) connectFolder(ctx context.Context) (*connection, error) {
	e, err := openEngine(ctx, c.engineConfig())
	if err != nil {
		return nil, err
	}
	conn := &connection{inProcess: true, close: []func(context.Context) error{e.Close}}
	if err := c.actIn(ctx, e, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// actIn settles who acts in an opened folder.
func (c *cli) actIn(ctx context.Context, e *engine, conn *connection) error {
	handler, err := e.Site(siteConfig{})
	if err != nil {
		return err
	}
	if !c.repair && !c.inspect {
		if err := e.Whole(ctx); err != nil {
			return err
		}
	}
	named := c.token != "" || c.as != ""
	switch {
	case e.Empty(ctx) && !c.repair:
		return emptyCatalog()
	case e.Empty(ctx) || !named:
		who, err := c.unnamed(ctx, e)
		if err != nil {
			return err
		}
		handler = actAs(handler, who)
		named = false
	}
	transport := &client.InProcess{Handler: handler}
	conn.close = append(conn.close, func(context.Context) error { transport.Wait(); return nil })
	conn.Client, err = client.New(client.Config{Server: inProcessAddress, Token: c.token, Transport: transport})
	if err != nil || !named || c.token != "" {
		return err
	}
	return c.signIn(ctx, conn)
}

// unnamed is who acts without a sign-in: the one person of a solo archive, or the
// archive's operator who rebuilds a catalog in which nobody can sign in.
func (c *cli) unnamed(ctx context.Context, e *engine) (archive.Actor, error) {
	if e.Empty(ctx) {
		return e.archive.Operator(ctx)
	}
	return e.archive.Solo(ctx)
}

func emptyCatalog() error {
	return candor.Errorf(candor.Unavailable, "The catalog of this archive is empty, so nobody can sign in. Nothing is lost: run `candor rebuild` to make it again from vault and log.")
}

// actAs makes every request the actor's.
func actAs(h http.Handler, who archive.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(api.WithActor(r.Context(), who)))
	})
}

// signIn signs in for this one command.
func (c *cli) signIn(ctx context.Context, conn *connection) error {
	password, err := c.password("CANDOR_PASSWORD", "Password of "+c.as+": ")
	if err != nil {
		return err
	}
	s, err := conn.SignIn(ctx, candor.PersonID(c.as), password)
	if err != nil {
		return err
	}
	conn.Client = conn.WithToken(s.Token)
	conn.close = append(conn.close, func(ctx context.Context) error { return conn.SignOut(ctx) })
	return nil
}

// Saved sign-ins: one file of the configuration folder, addresses to tokens,
// readable by its owner only.

func (c *cli) signInsFile() (string, error) {
	dir, err := c.configFolder()
	return filepath.Join(dir, "sign-ins.json"), err
}

func (c *cli) savedSignIn(server string) (string, error) {
	file, err := c.signInsFile()
	if err != nil {
		return "", nil // nowhere to save means nothing saved
	}
	saved, err := readSignIns(file)
	return saved[strings.TrimRight(server, "/")], err
}

func readSignIns(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The saved sign-ins in %s cannot be read.", file)
	}
	saved := map[string]string{}
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "%s is damaged. Delete it and run `candor login` again.", file)
	}
	return saved, nil
}

func (c *cli) saveSignIn(server, token string) error {
	file, err := c.signInsFile()
	if err != nil {
		return err
	}
	saved, err := readSignIns(file)
	if err != nil {
		return err
	}
	saved[strings.TrimRight(server, "/")] = token
	data, err := json.MarshalIndent(saved, "", " ")
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The sign-in could not be encoded.")
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return candor.Wrap(err, candor.Unavailable, "The configuration folder %s cannot be made.", filepath.Dir(file))
	}
	return writeFile(file, append(data, '\n'))
}
