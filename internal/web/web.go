// Package web is the door for people: HTML pages over the use-cases of the
// archive, made on the server, complete without JavaScript and better with it.
// New gives an http.Handler for all of them.
//
// What never breaks: no page shows anything of an item that did not come out
// of an act of the archive; a link, a reload, the back button or a prefetch
// never performs an act (acts are POSTs from our own origin); a hostile file
// is never shown itself, only what confined workers made of it; nothing that
// a file, a person or a query contains becomes markup; nothing a signed-in
// person sees is kept by a cache.
package web

import (
	"crypto/rand"
	"embed"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"filippo.io/age"

	"candor"
)

//go:embed assets
var assets embed.FS

// Assets holds the stylesheet (candor.css), the script (candor.js) and the
// icon (icon.svg), as served under /assets/. Whoever writes the public pages
// to a folder copies them from here.
func Assets() fs.FS {
	sub, err := fs.Sub(assets, "assets")
	if err != nil {
		return assets // cannot be: the folder is compiled in
	}
	return sub
}

// Config is what the pages are made of.
type Config struct {
	Archive Archive // needed; Over(a) for an *archive.Archive
	// Public answers /log and everything under it without a sign-in. nil: there is no such page.
	Public http.Handler
	// Solo signs every visitor from this machine in as the archive's one
	// person, and answers only under a loopback name or one of Hosts, so that
	// no other site can be made to point at it (DNS rebinding).
	Solo  bool
	Hosts []string // further host names to answer to in a solo archive, without port
	// SecureCookies marks cookies Secure and pins them to this host. Set it
	// wherever people reach the pages over HTTPS.
	SecureCookies bool
	// LogKey is the log's verifier key (golang.org/x/mod/sumdb/note), with which
	// the browser checks receipts by itself; "" limits its check to inclusion.
	LogKey string
	// Witnesses are verifier keys (cosignature/v1) of those who watch the log, and
	// Quorum how many of them must have cosigned a receipt for it to hold.
	Witnesses []string
	Quorum    int
	// ClientAddr tells where a request comes from, to limit guessing at
	// passwords. nil takes the connection's address; behind a proxy, read the
	// header that the proxy sets.
	ClientAddr func(*http.Request) string
	// ReadIdentity reads the auditor's identity from the bytes of a key file and
	// its passphrase, which may be empty. nil: the pages unlock no sealed details.
	ReadIdentity func(data []byte, passphrase string) (age.Identity, error)

	Logger *slog.Logger     // nil discards
	Now    func() time.Time // nil is time.Now
	Rand   io.Reader        // nil is crypto/rand.Reader
}

// server answers requests. Safe for concurrent use.
type server struct {
	Config
	pages    *pages
	shown    *memory
	attempts *attempts
	audits   *auditDesk
}

// New makes the pages. The handler answers every path; the caller mounts
// other doors (/api/, the log's tiles) in front of it.
func New(cfg Config) (http.Handler, error) {
	if cfg.Archive == nil {
		return nil, candor.Errorf(candor.Invalid, "the pages need an archive: set web.Config.Archive")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.ClientAddr == nil {
		cfg.ClientAddr = remoteHost
	}
	p, err := parsePages()
	if err != nil {
		return nil, err
	}
	s := &server{Config: cfg, pages: p, shown: newMemory(cfg.Now), attempts: newAttempts(cfg.Now), audits: newAuditDesk(cfg.Now)}
	return s.guard(s.routes()), nil
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", s.assets())
	mux.HandleFunc("GET /assets/texts.js", s.scriptTexts)
	mux.Handle("GET /favicon.ico", http.RedirectHandler("/assets/icon.svg", http.StatusMovedPermanently))
	if s.Public != nil {
		mux.Handle("GET /log", s.Public)
		mux.Handle("GET /log/", s.Public)
	}

	mux.Handle("GET /signin", s.visit(s.signInForm))
	mux.Handle("POST /signin", s.visit(s.signIn))
	mux.Handle("POST /signout", s.visit(s.signOut))
	mux.Handle("POST /theme", s.visit(s.setTheme))
	mux.Handle("GET /help", s.visit(s.help))
	mux.Handle("GET /terms", s.visit(s.terms))

	mux.Handle("GET /{$}", s.signedIn(s.searchForm))
	mux.Handle("POST /search", s.signedIn(s.search))
	mux.Handle("POST /ask", s.signedIn(s.askAloud))
	mux.Handle("GET /results/{id}", s.signedIn(s.results))
	mux.Handle("POST /results/{id}/narrow", s.signedIn(s.narrow))
	mux.Handle("POST /results/{id}/page", s.signedIn(s.turnPage))
	mux.Handle("POST /results/{id}/again", s.signedIn(s.searchAgain))
	mux.Handle("POST /results/{id}/keep", s.signedIn(s.keepSearch))
	mux.Handle("POST /saved/{id}/run", s.signedIn(s.runSaved))
	mux.Handle("POST /saved/{id}/forget", s.signedIn(s.forgetSaved))
	mux.Handle("GET /results/{id}/list.csv", s.signedIn(s.takeList))
	mux.Handle("POST /results/{id}/originals", s.signedIn(s.takeOriginals))

	mux.Handle("GET /item/{item}", s.signedIn(s.itemLink))
	mux.Handle("POST /item/{item}/again", s.signedIn(s.readAgain))
	mux.Handle("POST /item/{item}/retype", s.signedIn(s.retype))
	mux.Handle("POST /open", s.signedIn(s.open))
	mux.Handle("GET /view/{id}", s.signedIn(s.view))
	mux.Handle("GET /view/{id}/page/{file}", s.signedIn(s.viewPage))
	mux.Handle("GET /view/{id}/image", s.signedIn(s.viewImage))
	mux.Handle("GET /view/{id}/sound", s.signedIn(s.viewSound))
	mux.Handle("GET /view/{id}/text", s.signedIn(s.viewText))
	mux.Handle("GET /view/{id}/original", s.signedIn(s.viewOriginal))

	mux.Handle("GET /purposes", s.signedIn(s.purposes))
	mux.Handle("GET /purposes/new", s.signedIn(s.purposeForm))
	mux.Handle("POST /purposes", s.signedIn(s.requestPurpose))
	mux.Handle("GET /purposes/{id}", s.signedIn(s.purpose))
	mux.Handle("POST /purposes/{id}/use", s.signedIn(s.usePurpose))
	mux.Handle("POST /purposes/{id}/decide", s.signedIn(s.decidePurpose))
	mux.Handle("POST /purposes/{id}/revoke", s.signedIn(s.revokePurpose))

	mux.Handle("GET /add", s.signedIn(s.addForm))
	mux.Handle("POST /add", s.signedIn(s.addFiles))
	mux.Handle("POST /add/begin", s.signedIn(s.beginAddition))
	mux.Handle("POST /add/{id}/known", s.signedIn(s.knownFiles))
	mux.Handle("POST /add/{id}/file", s.signedIn(s.putFile))
	mux.Handle("POST /add/{id}/fail", s.signedIn(s.failFile))
	mux.Handle("POST /add/{id}/commit", s.signedIn(s.commitAddition))
	mux.Handle("GET /additions", s.signedIn(s.additions))
	mux.Handle("GET /additions/{id}", s.signedIn(s.addition))
	mux.Handle("POST /additions/{id}/again", s.signedIn(s.readAllAgain))

	mux.Handle("GET /people", s.signedIn(s.people))
	mux.Handle("POST /people", s.signedIn(s.addPerson))
	mux.Handle("GET /collections", s.signedIn(s.collections))
	mux.Handle("POST /collections", s.signedIn(s.addCollection))
	mux.Handle("GET /jobs", s.signedIn(s.jobs))
	mux.Handle("POST /jobs/{id}/stop", s.signedIn(s.stopJob))
	mux.Handle("GET /receipt/{index}", s.signedIn(s.saveReceipt))

	mux.Handle("GET /audit", s.auditor(s.auditStart))
	mux.Handle("POST /audit/unlock", s.auditor(s.auditUnlock))
	mux.Handle("POST /audit/lock", s.auditor(s.auditLock))
	mux.Handle("POST /audit/find", s.auditor(s.auditFind))
	mux.Handle("GET /audit/found/{id}", s.auditor(s.auditFound))
	mux.Handle("GET /audit/found/{id}/{index}", s.auditor(s.auditRecord))
	mux.Handle("POST /audit/found/{id}/{index}/review", s.auditor(s.auditReview))

	mux.Handle("/", s.visit(s.nothingHere))
	return mux
}

func (s *server) assets() http.Handler {
	files := http.StripPrefix("/assets/", http.FileServerFS(Assets()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}
