package api

import (
	"net/http"

	"candor/internal/archive"
	"candor/internal/wire"
)

func (d *door) jobRoutes() []route {
	return []route{
		get("analyse", "/jobs", "Analyses in the background that one began, the newest first", d.jobs),
		post("analyse", "/jobs", "Begin an analysis in the background; no act, each of its acts is one", d.beginJob),
		get("analyse", "/jobs/{id}", "How far one is", d.job),
		post("analyse", "/jobs/{id}/stop", "End one; what was done stays done", d.stopJob),
	}
}

func (d *door) jobs(r *http.Request, who archive.Actor) (wire.Jobs, error) {
	list, err := d.archive.Jobs(r.Context(), who)
	return wire.Jobs{Jobs: orEmpty(each(list, encodeJob))}, err
}

func (d *door) beginJob(r *http.Request, who archive.Actor, in wire.AnalyseRequest) (wire.Job, error) {
	j, err := d.archive.BeginJob(r.Context(), who, archive.AnalyseRequest(in))
	return encodeJob(j), err
}

func (d *door) job(r *http.Request, who archive.Actor) (wire.Job, error) {
	j, err := d.archive.Job(r.Context(), who, r.PathValue("id"))
	return encodeJob(j), err
}

func (d *door) stopJob(r *http.Request, who archive.Actor, _ nothing) (wire.Job, error) {
	j, err := d.archive.StopJob(r.Context(), who, r.PathValue("id"))
	return encodeJob(j), err
}

func encodeJob(j archive.Job) wire.Job {
	return wire.Job{
		ID: j.ID, Request: wire.AnalyseRequest(j.Request), Total: j.Total, Done: j.Done, Kept: j.Kept, Cost: encodeCost(j.Cost),
		Began: j.Began, Ended: j.Ended, Stopped: j.Stopped, Waiting: j.Waiting, Record: j.Record,
	}
}
