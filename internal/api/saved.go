package api

import (
	"net/http"

	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) savedRoutes() []route {
	return []route{
		get("search", "/searches", "Searches that one keeps, by name", d.savedSearches),
		post("search", "/searches", "Keep a search; no act, and it shows nothing", d.saveSearch),
		post("search", "/searches/{id}/forget", "Destroy a search that one keeps; records of it stay", d.forgetSearch),
	}
}

func (d *door) savedSearches(r *http.Request, who archive.Actor) (wire.SavedSearches, error) {
	list, err := d.archive.SavedSearches(r.Context(), who)
	return wire.SavedSearches{Searches: orEmpty(each(list, encodeSaved))}, err
}

func (d *door) saveSearch(r *http.Request, who archive.Actor, in wire.SaveRequest) (wire.Saved, error) {
	s, err := d.archive.SaveSearch(r.Context(), who, in.Name, archive.SearchRequest(in.Request), in.Watch)
	return encodeSaved(s), err
}

func (d *door) forgetSearch(r *http.Request, who archive.Actor, _ nothing) (nothing, error) {
	return nothing{}, d.archive.ForgetSearch(r.Context(), who, r.PathValue("id"))
}

func encodeSaved(s archive.Saved) wire.Saved {
	return wire.Saved{
		ID: s.ID, Name: s.Name, Request: wire.SearchRequest(s.Request), Watch: s.Watch, Made: s.Made, Since: s.Since,
		New: s.New, Looked: s.Looked, Stopped: s.Stopped,
	}
}
