package api

import (
	"net/http"

	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) termsRoutes() []route {
	return []route{
		get("terms", "/terms", "The terms of use and the closed list of reason codes", d.terms).anyone(),
		get("terms", "/reasons", "The closed list of reason codes, with the terms", d.terms).anyone(),
	}
}

func (d *door) terms(*http.Request, archive.Actor) (wire.Terms, error) {
	return wire.Terms{Text: d.archive.TermsText(), Reasons: orEmpty(d.archive.Reasons())}, nil
}
