package web

import (
	"net/http"
	"slices"

	"candor"
	"candor/internal/archive"
)

type jobsPage struct {
	Jobs  []archive.Job
	Going bool // one of them at least goes on
}

// jobs tells how far analyses in the background are.
func (s *server) jobs(w http.ResponseWriter, v *visit) error {
	list, err := s.Archive.Jobs(v.Context(), v.who)
	if err != nil {
		return err
	}
	going := slices.ContainsFunc(list, func(j archive.Job) bool { return j.Ended.IsZero() })
	return s.show(w, v, http.StatusOK, "jobs", "Work in the background", jobsPage{list, going})
}

func (s *server) stopJob(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	if _, err := s.Archive.StopJob(v.Context(), v.who, v.PathValue("id")); err != nil {
		return err
	}
	return goTo(w, v, "/jobs")
}

// beginJob has the items of an analysis read again in the background.
func (s *server) beginJob(w http.ResponseWriter, v *visit, r archive.AnalyseRequest) error {
	if r.Password != "" {
		return candor.Errorf(candor.Invalid, "A password is kept nowhere, so that nothing can be read with it in the background. Read these files again at once.")
	}
	if _, err := s.Archive.BeginJob(v.Context(), v.who, r); err != nil {
		return err
	}
	return goTo(w, v, "/jobs")
}
