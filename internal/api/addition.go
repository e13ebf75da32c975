package api

import (
	"net/http"
	"reflect"
	"strconv"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

const (
	defaultEntries = 100
	maxEntries     = 1000
)

func (d *door) additionRoutes() []route {
	return []route{
		get("additions", "/additions", "Additions, newest first", d.listAdditions),
		post("additions", "/additions", "Begin to hand in files (contributor)", d.beginAddition),
		get("additions", "/additions/{id}", "The account of one addition; its figures always add up", d.showAddition),
		get("additions", "/additions/{id}/entries", "The files of an addition, each with how it ended", d.entries).with(
			param{name: "condition", kind: "string", doc: "only these: done, partial, encrypted, unsupported, failed"},
			param{name: "offset", kind: "integer", doc: "entries to skip"},
			param{name: "limit", kind: "integer", doc: "0 is 100; at most 1000"}),
		post("additions", "/additions/{id}/known", "Which files need not be sent, being held unchanged; at most 500 at a time", d.knownFiles),
		d.putRoute(),
		post("additions", "/additions/{id}/failed", "Enter a file that could not be read where it stands", d.failFile),
		post("additions", "/additions/{id}/commit", "Make durable, searchable and recorded what was sent; nothing before is acknowledged", d.commit),
	}
}

// putRoute streams a file's bytes; there is no limit on their number.
func (d *door) putRoute() route {
	r := stream("additions", http.MethodPut, "/additions/{id}/files",
		"Send one file; a body that breaks off stores nothing", jsonType, d.putFile).with(
		param{name: "path", kind: "string", doc: "slash-separated UTF-8; bytes that are not UTF-8 as %XX", required: true},
		param{name: "bytes", kind: "integer", doc: "its size, when known"},
		param{name: "mod_time", kind: "string", doc: "RFC 3339, when known"})
	r.request = "application/octet-stream"
	r.out = reflect.TypeFor[candor.Entry]()
	return r
}

func (d *door) listAdditions(r *http.Request, who archive.Actor) (wire.Additions, error) {
	list, err := d.archive.Additions(r.Context(), who)
	return wire.Additions{Additions: orEmpty(list)}, err
}

func (d *door) beginAddition(r *http.Request, who archive.Actor, in wire.NewAddition) (candor.Addition, error) {
	return d.archive.BeginAddition(r.Context(), who, archive.NewAddition(in))
}

func (d *door) showAddition(r *http.Request, who archive.Actor) (candor.Addition, error) {
	return d.archive.Addition(r.Context(), who, r.PathValue("id"))
}

func (d *door) entries(r *http.Request, who archive.Actor) (wire.Entries, error) {
	offset, err := intParam(r, "offset", 0)
	if err != nil {
		return wire.Entries{}, err
	}
	limit, err := intParam(r, "limit", defaultEntries)
	if err != nil {
		return wire.Entries{}, err
	}
	if limit == 0 {
		limit = defaultEntries
	}
	limit = min(limit, maxEntries)
	condition := candor.Condition(r.URL.Query().Get("condition"))
	// One more than the page holds tells whether there is a next one.
	list, err := d.archive.Entries(r.Context(), who, r.PathValue("id"), condition, offset, limit+1)
	if err != nil {
		return wire.Entries{}, err
	}
	if len(list) > limit {
		return wire.Entries{Entries: list[:limit], Next: offset + limit}, nil
	}
	return wire.Entries{Entries: orEmpty(list)}, nil
}

func (d *door) knownFiles(r *http.Request, who archive.Actor, in wire.KnownFiles) (wire.Known, error) {
	if len(in.Files) > wire.MaxKnown {
		return wire.Known{}, candor.Errorf(candor.TooLarge, "Ask about at most %d files at a time.", wire.MaxKnown)
	}
	known, err := d.archive.KnownFiles(r.Context(), who, r.PathValue("id"), each(in.Files, header))
	return wire.Known{Known: orEmpty(known)}, err
}

func (d *door) putFile(w http.ResponseWriter, r *http.Request, who archive.Actor) error {
	h, err := headerFromQuery(r)
	if err != nil {
		return err
	}
	entry, err := d.archive.PutFile(r.Context(), who, r.PathValue("id"), h, r.Body)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, entry)
}

func (d *door) failFile(r *http.Request, who archive.Actor, in wire.FailedFile) (nothing, error) {
	return nothing{}, d.archive.FailFile(r.Context(), who, r.PathValue("id"), header(in.File), in.Reason)
}

func (d *door) commit(r *http.Request, who archive.Actor, in wire.Commit) (wire.Committed, error) {
	account, err := d.archive.CommitAddition(detached(r.Context()), who, r.PathValue("id"), in.Finish)
	if err != nil || account.Record == 0 { // nothing was added, so nothing of it is recorded
		return wire.Committed{Addition: account}, err
	}
	proof, err := d.archive.Receipt(detached(r.Context()), account.Record)
	return wire.Committed{Addition: account, Receipt: string(proof.Marshal())}, err
}

func header(f wire.File) archive.FileHeader { return archive.FileHeader(f) }

func headerFromQuery(r *http.Request) (archive.FileHeader, error) {
	q := r.URL.Query()
	h := archive.FileHeader{Path: q.Get("path"), Size: -1}
	if h.Path == "" {
		return h, candor.Errorf(candor.Invalid, "Say under which path the file stands: ?path=folder/name.")
	}
	var err error
	if text := q.Get("bytes"); text != "" {
		if h.Size, err = strconv.ParseInt(text, 10, 64); err != nil || h.Size < 0 {
			return h, candor.Errorf(candor.Invalid, "The parameter bytes must be a whole number, 0 or more.")
		}
	}
	if text := q.Get("mod_time"); text != "" {
		if h.ModTime, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return h, candor.Errorf(candor.Invalid, "The parameter mod_time must be RFC 3339, such as 2026-11-23T14:20:00Z.")
		}
	}
	return h, nil
}
