package api

import (
	"net/http"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) statusRoutes() []route {
	return []route{
		get("status", "/status", "What this server is; signed in, also who is asking and the totals", d.status).anyone(),
	}
}

// status answers anybody; who is signed in learns more. A token that does not
// work is an error here as everywhere, so that it is noticed.
func (d *door) status(r *http.Request, _ archive.Actor) (wire.Status, error) {
	out := wire.Status{Version: d.cfg.Version, Format: candor.FormatVersion, Origin: d.cfg.Origin}
	if _, err := d.archive.Solo(r.Context()); err == nil {
		out.Solo = true
	} else if candor.CodeOf(err) != candor.NotFound {
		return wire.Status{}, err
	}
	who, err := d.actor(r)
	if candor.CodeOf(err) == candor.SignIn && bearer(r) == "" {
		return out, nil
	}
	if err != nil {
		return wire.Status{}, err
	}
	list, err := d.archive.Collections(r.Context(), who)
	if err != nil {
		return wire.Status{}, err
	}
	out.Person = &who.Person
	out.Totals = sum(list)
	placing, err := d.archive.Placing(r.Context())
	if err == nil && placing.Model != "" {
		out.Meaning = &wire.Placing{Model: placing.Model, Placed: placing.Placed, Waiting: placing.Waiting}
	}
	return out, err
}

func sum(list []archive.CollectionInfo) *candor.Totals {
	all := &candor.Totals{Conditions: map[candor.Condition]int64{}}
	for _, c := range list {
		all.Items += c.Totals.Items
		all.Bytes += c.Totals.Bytes
		for condition, n := range c.Totals.Conditions {
			all.Conditions[condition] += n
		}
	}
	return all
}
