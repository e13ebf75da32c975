package web

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// The policy of every page: nothing from elsewhere, no script or style in the
// page itself, no frame around it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// filePolicy is for bytes that came out of an item: should a browser ever
// show them as a page, that page can do nothing.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// guard stands before every path: headers for all answers, no acts from other
// origins, and in a solo archive no other names and no other machines.
func (s *server) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(s.visit(s.otherOrigin))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if s.Solo && !s.ownMachine(r) {
			http.Error(w, s.pages.text("This is an archive for one person on one machine. It answers only there, under the name localhost."), http.StatusMisdirectedRequest)
			return
		}
		origin.Handler(next).ServeHTTP(w, r)
	})
}

// ownMachine reports whether a request reached a solo archive under a name that
// nobody else controls, and from this machine.
func (s *server) ownMachine(r *http.Request) bool {
	name := hostOnly(r.Host)
	if slices.Contains(s.Hosts, name) {
		return true
	}
	ip := net.ParseIP(remoteHost(r))
	here := ip != nil && ip.IsLoopback()
	named := net.ParseIP(name)
	return here && (strings.EqualFold(name, "localhost") || named != nil && named.IsLoopback())
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

func remoteHost(r *http.Request) string { return hostOnly(r.RemoteAddr) }
