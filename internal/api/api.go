// Package api is the HTTP door of an archive: JSON under /api/v1, described by
// an OpenAPI document made from the same table that routes it.
//
// The package only encodes. Every handler finds out who is asking, decodes,
// calls one method of the archive, and encodes what it returned with the
// receipt of the act; there is no decision and no state here. One file holds
// one resource.
//
// What never breaks: an answer to an act carries the act's receipt, in the
// field "receipt" and as an index in the header Candor-Receipt; an error is
// {"error":{"code","message"}} with a code of package candor; nothing that was
// asked for is ever put into a URL, where proxies would keep it.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

// Config is what the door needs.
type Config struct {
	Archive Archive
	Version string       // of this Candor, shown by /status
	Origin  string       // the log's origin line, shown by /status
	Logger  *slog.Logger // for faults of ours; nil discards
}

// New returns the handler of everything under /api/v1, safe for concurrent use.
func New(cfg Config) (http.Handler, error) {
	if cfg.Archive == nil {
		return nil, candor.Errorf(candor.Internal, "The API needs an archive to stand before.")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &door{archive: cfg.Archive, cfg: cfg}
	return d.mux()
}

// door serves every resource.
type door struct {
	archive Archive
	cfg     Config
}

// mux routes by the table and answers everything else with a JSON error.
func (d *door) mux() (*http.ServeMux, error) {
	routes := d.routes()
	doc, err := describe(d.cfg.Version, routes)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.method+" "+wire.Prefix+r.path, d.handler(r))
	}
	mux.HandleFunc("GET "+wire.Prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(doc)
	})
	mux.HandleFunc(wire.Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		d.fail(w, r, candor.Errorf(candor.NotFound, "There is no %s %s. %s/openapi.json lists what there is.",
			r.Method, r.URL.Path, wire.Prefix))
	})
	return mux, nil
}

// routes lists every operation; the OpenAPI document is made from it too.
func (d *door) routes() []route {
	var all []route
	for _, resource := range [][]route{
		d.statusRoutes(), d.sessionRoutes(), d.peopleRoutes(), d.collectionRoutes(), d.termsRoutes(),
		d.purposeRoutes(), d.additionRoutes(), d.searchRoutes(), d.savedRoutes(), d.jobRoutes(), d.viewRoutes(), d.exportRoutes(),
		d.receiptRoutes(), d.keepingRoutes(), d.auditRoutes(),
	} {
		all = append(all, resource...)
	}
	return all
}

type actorKey struct{}

// WithActor returns a context that makes every request under it the actor's.
// It is for a handler called in the caller's own process, where the caller has
// settled who acts; a request from a network cannot carry it.
func WithActor(ctx context.Context, who archive.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}

// actor finds out who is asking, and whether an AI agent does for them.
func (d *door) actor(r *http.Request) (archive.Actor, error) {
	who, err := d.holder(r)
	who.Agent = who.Agent || r.Header.Get(wire.AgentHeader) != "" // which only narrows what they may
	return who, err
}

func (d *door) holder(r *http.Request) (archive.Actor, error) {
	if who, ok := r.Context().Value(actorKey{}).(archive.Actor); ok {
		return who, nil
	}
	secret := bearer(r)
	if secret == "" {
		return archive.Actor{}, candor.Errorf(candor.SignIn,
			"Not signed in. Send the header Authorization: Bearer TOKEN; POST %s/session gives a token.", wire.Prefix)
	}
	return d.archive.Authenticate(r.Context(), secret)
}

func bearer(r *http.Request) string {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// handler runs one route: who, then the call; what fails is encoded once, here.
func (d *door) handler(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if rt.request == "" {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		var who archive.Actor
		if !rt.public {
			var err error
			if who, err = d.actor(r); err != nil {
				d.fail(w, r, err)
				return
			}
		}
		if err := rt.serve(w, r, who); err != nil {
			d.fail(w, r, err)
		}
	})
}

// fail writes an error. Of a fault of ours only the message leaves.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	body := errorBody(err)
	if body.Code == candor.Internal || body.Code == candor.Unavailable {
		d.cfg.Logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", r.Pattern, "code", body.Code, "err", err)
	}
	if body.Code == candor.SignIn {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	h := w.Header()
	for _, stale := range []string{"Content-Disposition", "Content-Length", "Trailer", wire.ReceiptHeader} {
		h.Del(stale)
	}
	writeJSON(w, status(body.Code), wire.Error{Error: body})
}

func errorBody(err error) wire.ErrorBody {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return wire.ErrorBody{Code: candor.TooLarge, Message: tooLargeMessage}
	}
	body := wire.ErrorBody{Code: candor.CodeOf(err), Message: candor.MessageOf(err), At: candor.PlaceOf(err)}
	if e, ok := errors.AsType[*candor.Error](err); ok {
		body.Rule = e.Rule
	}
	return body
}

// status translates an error code; the only place that does.
func status(c candor.Code) int {
	switch c {
	case candor.Invalid:
		return http.StatusBadRequest
	case candor.NotFound:
		return http.StatusNotFound
	case candor.SignIn:
		return http.StatusUnauthorized
	case candor.Denied:
		return http.StatusForbidden
	case candor.Conflict:
		return http.StatusConflict
	case candor.TooLarge:
		return http.StatusRequestEntityTooLarge
	case candor.Unavailable:
		return http.StatusServiceUnavailable
	case candor.NotSupported:
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError // Verification and Internal: not the caller's doing
}
