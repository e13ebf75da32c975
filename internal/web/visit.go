package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"candor"
	"candor/internal/archive"
)

// visit is one request with what is known of who makes it.
type visit struct {
	*http.Request
	who      archive.Actor // zero when nobody is signed in
	signedIn bool
	purposes []archive.PurposeInfo // all that the person may see, newest first
	current  *archive.PurposeInfo  // the purpose in use, one of purposes
	saved    []archive.Saved       // searches that the person keeps
}

// handle answers a visit. An error becomes a page that says what happened.
type handle func(w http.ResponseWriter, v *visit) error

const (
	sessionCookie = "candor_session"
	purposeCookie = "candor_purpose"
	themeCookie   = "candor_theme"
)

// visit answers whether or not somebody is signed in.
func (s *server) visit(next handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Request: r}
		if err := s.identify(v); err != nil && candor.CodeOf(err) != candor.SignIn {
			s.fail(w, v, err)
			return
		}
		if err := next(w, v); err != nil {
			s.fail(w, v, err)
		}
	})
}

// signedIn answers people who are signed in, and asks others to sign in.
func (s *server) signedIn(next handle) http.Handler {
	return s.visit(func(w http.ResponseWriter, v *visit) error {
		if !v.signedIn {
			return candor.Errorf(candor.SignIn, "Sign in first.")
		}
		return next(w, v)
	})
}

// identify finds who makes the request, and under which purpose.
func (s *server) identify(v *visit) error {
	who, err := s.actor(v.Request)
	if err != nil {
		return err
	}
	v.who, v.signedIn = who, true
	v.purposes, err = s.Archive.Purposes(v.Context(), who)
	if err != nil {
		return err
	}
	v.current = chosen(v.usable(), cookie(v.Request, purposeCookie))
	v.saved, err = s.Archive.SavedSearches(v.Context(), who)
	return err
}

func (s *server) actor(r *http.Request) (archive.Actor, error) {
	secret := cookie(r, s.cookieName(sessionCookie))
	switch {
	case secret != "":
		who, err := s.Archive.Authenticate(r.Context(), secret)
		if err == nil || !s.Solo {
			return who, asSignIn(err)
		}
		fallthrough
	case s.Solo:
		return s.Archive.Solo(r.Context())
	}
	return archive.Actor{}, candor.Errorf(candor.SignIn, "Sign in first.")
}

// asSignIn treats a session that is not known like none at all.
func asSignIn(err error) error {
	if candor.CodeOf(err) == candor.NotFound {
		return candor.Wrap(err, candor.SignIn, "Your sign-in has ended. Sign in again.")
	}
	return err
}

// usable lists the person's own purposes that are active now.
func (v *visit) usable() []archive.PurposeInfo {
	var out []archive.PurposeInfo
	for _, p := range v.purposes {
		if p.AskedBy == v.who.Person.ID && p.StatusNow == candor.Active {
			out = append(out, p)
		}
	}
	return out
}

// mine lists the person's own purposes, whatever their state.
func (v *visit) mine() []archive.PurposeInfo {
	var out []archive.PurposeInfo
	for _, p := range v.purposes {
		if p.AskedBy == v.who.Person.ID {
			out = append(out, p)
		}
	}
	return out
}

// waiting lists the purposes that the person could decide about.
func (v *visit) waiting() []archive.PurposeInfo {
	var out []archive.PurposeInfo
	for _, p := range v.purposes {
		if p.StatusNow == candor.Requested && canDecide(v.who.Person, p) {
			out = append(out, p)
		}
	}
	return out
}

func canDecide(who candor.Person, p archive.PurposeInfo) bool {
	return who.Has(candor.Approver) && (p.AskedBy != who.ID || who.Solo)
}

// chosen is the purpose with the wanted ID, or else the newest.
func chosen(usable []archive.PurposeInfo, want string) *archive.PurposeInfo {
	for i := range usable {
		if string(usable[i].ID) == want {
			return &usable[i]
		}
	}
	if len(usable) > 0 {
		return &usable[0]
	}
	return nil
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// cookieName pins a cookie to this host where it travels over HTTPS only.
func (s *server) cookieName(name string) string {
	if s.SecureCookies {
		return "__Host-" + name
	}
	return name
}

func (s *server) setCookie(w http.ResponseWriter, c http.Cookie) {
	c.Path = "/"
	c.HttpOnly = true
	c.SameSite = http.SameSiteLaxMode
	c.Secure = s.SecureCookies
	http.SetCookie(w, &c)
}

// goTo sends the browser on after a POST.
func goTo(w http.ResponseWriter, v *visit, path string) error {
	http.Redirect(w, v.Request, path, http.StatusSeeOther)
	return nil
}

// localPath returns path if it stays on this server, else "/".
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// wantsJSON reports whether our script asked, rather than a form.
func wantsJSON(r *http.Request) bool {
	return r.Header.Get("Accept") == "application/json"
}

// statusOf translates a code for this door.
func statusOf(code candor.Code) int {
	switch code {
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
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// ruleOf names the rule that refused, if the terms did.
func ruleOf(err error) string {
	var e *candor.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}
