package api

import (
	"net/http"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

const (
	defaultTokenDays = 90
	maxTokenDays     = 366
)

func (d *door) sessionRoutes() []route {
	return []route{
		post("session", "/session", "Sign in: a person and a password for a bearer token", d.signIn).anyone(),
		get("session", "/session", "Who is signed in", d.whoAmI),
		stream("session", http.MethodDelete, "/session", "Sign out: the token stops working", "", d.signOut),
		post("session", "/tokens", "Make an API token for oneself", d.newToken),
	}
}

func (d *door) signIn(r *http.Request, _ archive.Actor, in wire.SignIn) (wire.Session, error) {
	s, err := d.archive.SignIn(r.Context(), in.Person, in.Password)
	if err != nil {
		return wire.Session{}, err
	}
	return wire.Session{Token: s.Secret, Person: s.Person, Expires: s.Expires}, nil
}

func (d *door) whoAmI(_ *http.Request, who archive.Actor) (wire.Session, error) {
	return wire.Session{Person: who.Person}, nil
}

func (d *door) signOut(w http.ResponseWriter, r *http.Request, _ archive.Actor) error {
	if secret := bearer(r); secret != "" {
		if err := d.archive.SignOut(r.Context(), secret); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *door) newToken(r *http.Request, who archive.Actor, in wire.NewToken) (wire.Token, error) {
	days := in.Days
	if days == 0 {
		days = defaultTokenDays
	}
	if days < 1 || days > maxTokenDays {
		return wire.Token{}, candor.Errorf(candor.Invalid, "A token lives for 1 to %d days.", maxTokenDays)
	}
	secret, err := d.archive.NewToken(r.Context(), who, in.Label, time.Duration(days)*24*time.Hour, in.Agent)
	return wire.Token{Token: secret}, err
}
