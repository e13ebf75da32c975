package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"candor"
)

type signInPage struct {
	Who     string
	Next    string
	Problem string
}

func (s *server) signInForm(w http.ResponseWriter, v *visit) error {
	next := localPath(v.FormValue("next"))
	if v.signedIn {
		return goTo(w, v, next)
	}
	return s.show(w, v, http.StatusOK, "signin", "Sign in", signInPage{Next: next})
}

// signIn checks a password. Wrong ones are counted for the name and for where
// they come from; past the limit nothing is checked until the wait is over.
func (s *server) signIn(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	page := signInPage{Who: strings.TrimSpace(v.PostFormValue("who")), Next: localPath(v.PostFormValue("next"))}
	from := s.ClientAddr(v.Request)
	if wait := s.attempts.wait(page.Who, from); wait > 0 {
		page.Problem = s.pages.text("Too many wrong passwords. Nothing was checked. Try again in %s.", duration(wait))
		return s.show(w, v, http.StatusTooManyRequests, "signin", "Sign in", page)
	}
	session, err := s.Archive.SignIn(v.Context(), candor.PersonID(page.Who), v.PostFormValue("password"))
	if err != nil {
		return s.signInFailed(w, v, page, from, err)
	}
	s.attempts.succeeded(page.Who, from)
	s.setCookie(w, http.Cookie{Name: s.cookieName(sessionCookie), Value: session.Secret, Expires: session.Expires})
	return goTo(w, v, page.Next)
}

// signInFailed says the same whether the name or the password was wrong.
func (s *server) signInFailed(w http.ResponseWriter, v *visit, page signInPage, from string, err error) error {
	switch candor.CodeOf(err) {
	case candor.SignIn, candor.NotFound, candor.Denied, candor.Invalid:
		s.attempts.failed(page.Who, from)
		page.Problem = s.pages.text("That name and password do not fit together. Check both, or ask an administrator.")
		return s.show(w, v, http.StatusUnauthorized, "signin", "Sign in", page)
	}
	return err
}

func (s *server) signOut(w http.ResponseWriter, v *visit) error {
	if v.signedIn {
		s.shown.forget(v.who.Person.ID)
		s.audits.lock(s.sessionOf(v))
	}
	name := s.cookieName(sessionCookie)
	if secret := cookie(v.Request, name); secret != "" {
		if err := s.Archive.SignOut(v.Context(), secret); err != nil && candor.CodeOf(err) != candor.NotFound {
			return err
		}
	}
	s.setCookie(w, http.Cookie{Name: name, MaxAge: -1})
	return goTo(w, v, "/signin")
}

func signInPath(r *http.Request) string {
	next := "/"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		next = r.URL.RequestURI()
	}
	if next == "/" {
		return "/signin"
	}
	return "/signin?" + url.Values{"next": {next}}.Encode()
}

// attempts counts wrong passwords. Safe for concurrent use.
type attempts struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]attempt
}

type attempt struct {
	count int
	until time.Time // when the count is forgotten
}

const (
	attemptWindow = 15 * time.Minute
	attemptsKept  = 10000
)

// How many wrong passwords are allowed in a window: for one name from one
// address, for one name from anywhere, and from one address for any name.
const (
	attemptsPair    = 5
	attemptsName    = 50
	attemptsAddress = 30
)

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, seen: map[string]attempt{}}
}

func attemptKeys(who, from string) map[string]int {
	who = strings.ToLower(who)
	return map[string]int{
		"both\x00" + who + "\x00" + from: attemptsPair,
		"who\x00" + who:                  attemptsName,
		"from\x00" + from:                attemptsAddress,
	}
}

// wait tells how long nothing is checked; 0 when it may be tried.
func (a *attempts) wait(who, from string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	var longest time.Duration
	for key, limit := range attemptKeys(who, from) {
		if t := a.seen[key]; t.count >= limit && t.until.After(now) {
			longest = max(longest, t.until.Sub(now))
		}
	}
	return longest
}

func (a *attempts) failed(who, from string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if len(a.seen) > attemptsKept {
		a.sweep(now)
	}
	for key := range attemptKeys(who, from) {
		t := a.seen[key]
		if !t.until.After(now) {
			t = attempt{until: now.Add(attemptWindow)}
		}
		t.count++
		a.seen[key] = t
	}
}

// succeeded forgets the name's own count, not the address's: who knows one
// password must not thereby get more guesses at others.
func (a *attempts) succeeded(who, from string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.seen, "both\x00"+strings.ToLower(who)+"\x00"+from)
}

func (a *attempts) sweep(now time.Time) {
	for key, t := range a.seen {
		if !t.until.After(now) {
			delete(a.seen, key)
		}
	}
	if len(a.seen) > attemptsKept {
		clear(a.seen)
	}
}
