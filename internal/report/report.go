// Package report renders the transparency report: what anybody, without a
// sign-in, can read about what an archive is used for. It shows figures that
// package receipt recomputes from the public log, and records of that log; it
// knows nothing else, so nothing else can show. Handler serves the pages under
// /log; Site writes the same pages as files for any static host.
//
// What never breaks: the first line says who witnesses the log, or that nobody
// does; an archive whose purposes are not independently approved says so; the
// same figures always give the same page.
package report

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/receipt"
)

//go:embed templates
var templateFiles embed.FS

// Config is what the report is made from.
type Config struct {
	// Figures returns the figures of the whole log so far. Called for each page.
	Figures func(context.Context) (receipt.Figures, error)
	// Receipt proves one record; a candor.NotFound error when there is none.
	Receipt func(context.Context, int64) (receipt.Receipt, error)

	// Witnessed tells who watches the log; called for each page. nil, or no
	// witness in the answer, is said in the first line.
	Witnessed func() Witnessed

	Solo       bool   // one person on one machine: purposes are not independently approved
	Name       string // what the archive calls itself; "" is "This archive"
	Address    string // where the log is served, for the command that verifies it; "" is the address asked for
	Stylesheet string // "" is /assets/candor.css
	Home       string // where the signed-in pages are; "" is /

	Logger *slog.Logger     // nil discards
	Now    func() time.Time // nil is time.Now; decides which purposes have expired
}

// Witnessed says who watches a log and how they do. All of it is public.
type Witnessed struct {
	Needed    string    `json:"needed"`  // such as "3 of 4 witnesses"
	Awaited   bool      `json:"awaited"` // nothing is shown before they have cosigned its record
	Witnesses []Witness `json:"witnesses"`
}

// Witness is one of them.
type Witness struct {
	Name    string      `json:"name"`
	Key     string      `json:"key"`
	URL     string      `json:"url"`
	Size    int64       `json:"size"`           // records that it cosigned last; 0 if none is known
	At      time.Time   `json:"at,omitzero"`    // of its newest cosignature
	Code    candor.Code `json:"code,omitempty"` // how its last answer failed
	Message string      `json:"message,omitempty"`
	Since   time.Time   `json:"since,omitzero"` // when it began to fail
}

// newest returns the time of the newest cosignature; zero if there is none.
func (w Witnessed) newest() time.Time {
	var at time.Time
	for _, one := range w.Witnesses {
		if one.At.After(at) {
			at = one.At
		}
	}
	return at
}

// reporter answers requests. Safe for concurrent use.
type reporter struct {
	Config
	pages *template.Template
}

func newReporter(cfg Config) (*reporter, error) {
	if cfg.Figures == nil || cfg.Receipt == nil {
		return nil, candor.Errorf(candor.Invalid, "the report needs figures and receipts: set report.Config.Figures and Receipt")
	}
	if cfg.Witnessed == nil {
		cfg.Witnessed = func() Witnessed { return Witnessed{} }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Name == "" {
		cfg.Name = "This archive"
	}
	if cfg.Stylesheet == "" {
		cfg.Stylesheet = "/assets/candor.css"
	}
	if cfg.Home == "" {
		cfg.Home = "/"
	}
	t, err := template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "the report's pages do not parse")
	}
	return &reporter{cfg, t}, nil
}

// Handler serves the report at /log, its figures at /log/figures.json, how the
// witnesses do at /log/witnesses.json, a record at /log/record/7 and its receipt at /log/record/7.receipt.
func Handler(cfg Config) (http.Handler, error) {
	r, err := newReporter(cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /log", r.serveReport)
	mux.Handle("GET /log/{$}", http.RedirectHandler("/log", http.StatusMovedPermanently))
	mux.HandleFunc("GET /log/figures.json", r.serveFigures)
	mux.HandleFunc("GET /log/witnesses.json", r.serveWitnesses)
	mux.HandleFunc("GET /log/record/{file}", r.serveRecord)
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		r.fail(w, q, candor.Errorf(candor.NotFound, "There is no page at this address of the log."))
	})
	return secured(mux), nil
}

// secured allows a page nothing but its stylesheet and its own addresses.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, q)
	})
}

func (r *reporter) serveReport(w http.ResponseWriter, q *http.Request) {
	f, err := r.Figures(q.Context())
	if err != nil {
		r.fail(w, q, err)
		return
	}
	address := r.Address
	if address == "" {
		address = addressOf(q)
	}
	r.render(w, q, http.StatusOK, "report", r.page(f, address, served))
}

// addressOf is the address under which a visitor reached us.
func addressOf(q *http.Request) string {
	scheme := "http"
	if q.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + q.Host
}

func (r *reporter) serveFigures(w http.ResponseWriter, q *http.Request) {
	f, err := r.Figures(q.Context())
	if err != nil {
		r.fail(w, q, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(f); err != nil {
		r.Logger.Debug("the figures did not reach the visitor")
	}
}

func (r *reporter) serveWitnesses(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	out := r.Witnessed()
	if out.Witnesses == nil {
		out.Witnesses = []Witness{}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		r.Logger.Debug("the state of the witnesses did not reach the visitor")
	}
}

func (r *reporter) serveRecord(w http.ResponseWriter, q *http.Request) {
	number, wantsReceipt := strings.CutSuffix(q.PathValue("file"), ".receipt")
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil || index < 0 || strconv.FormatInt(index, 10) != number {
		r.fail(w, q, candor.Errorf(candor.NotFound, "There is no record of that number. Records are numbered from 0."))
		return
	}
	rec, err := r.Receipt(q.Context(), index)
	if err != nil {
		r.fail(w, q, err)
		return
	}
	if !wantsReceipt {
		r.render(w, q, http.StatusOK, "record", recordPageOf(rec, served))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="record-`+number+`.receipt"`)
	if _, err := w.Write(rec.Marshal()); err != nil {
		r.Logger.Debug("a receipt did not reach the visitor")
	}
}

// frame is what every page of the report stands in.
type frame struct {
	Title      string
	Theme      string
	Stylesheet string
	Home       string // "" in a static site: there is nothing to sign in to
	Log        string
	Page       any
}

func (r *reporter) render(w http.ResponseWriter, q *http.Request, status int, name string, page any) {
	f := frame{Title: titles[name], Stylesheet: r.Stylesheet, Home: r.Home, Log: "/log", Page: page}
	if c, err := q.Cookie("candor_theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		f.Theme = c.Value
	}
	out, err := r.execute(name, f)
	if err != nil {
		r.Logger.Error("a page of the report could not be made", "page", name, "cause", err.Error())
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(out); err != nil {
		r.Logger.Debug("a page of the report did not reach the visitor", "page", name)
	}
}

func (r *reporter) execute(name string, f frame) ([]byte, error) {
	var out bytes.Buffer
	if err := r.pages.ExecuteTemplate(&out, name, f); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

var titles = map[string]string{"report": "The public log", "record": "A record of the public log", "error": "The public log"}

func (r *reporter) fail(w http.ResponseWriter, q *http.Request, err error) {
	status := http.StatusInternalServerError
	switch candor.CodeOf(err) {
	case candor.NotFound:
		status = http.StatusNotFound
	case candor.Unavailable:
		status = http.StatusServiceUnavailable
	}
	if status != http.StatusNotFound {
		r.Logger.Error("the report could not be shown", "code", string(candor.CodeOf(err)), "cause", err.Error())
	}
	r.render(w, q, status, "error", candor.MessageOf(err))
}
