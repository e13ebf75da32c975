package web

import (
	"net/http"
	"slices"

	"candor"
	"candor/internal/archive"
)

// keepSearch keeps the question of a results page under a name.
func (s *server) keepSearch(w http.ResponseWriter, v *visit) error {
	r, err := s.asked(w, v)
	if err != nil {
		return err
	}
	if _, err := s.Archive.SaveSearch(v.Context(), v.who, v.PostFormValue("name"), r, v.PostFormValue("watch") != ""); err != nil {
		return err
	}
	return goTo(w, v, "/#kept")
}

// runSaved makes a kept search again, all of it or what is new: an act like any
// search. Where its own purpose has ended it goes under the one in use.
func (s *server) runSaved(w http.ResponseWriter, v *visit) error {
	kept, err := s.kept(w, v)
	if err != nil {
		return err
	}
	r := kept.Request
	r.Saved = kept.ID
	if v.PostFormValue("new") != "" {
		r.Added = kept.Since
	}
	if !v.mayUse(r.Purpose) && v.current != nil {
		r.Purpose = v.current.ID
	}
	return s.perform(w, v, r)
}

func (s *server) forgetSaved(w http.ResponseWriter, v *visit) error {
	kept, err := s.kept(w, v)
	if err != nil {
		return err
	}
	if err := s.Archive.ForgetSearch(v.Context(), v.who, kept.ID); err != nil {
		return err
	}
	return goTo(w, v, "/#kept")
}

// kept finds the search that a form is about.
func (s *server) kept(w http.ResponseWriter, v *visit) (archive.Saved, error) {
	if err := readForm(w, v); err != nil {
		return archive.Saved{}, err
	}
	i := slices.IndexFunc(v.saved, func(k archive.Saved) bool { return k.ID == v.PathValue("id") })
	if i < 0 {
		return archive.Saved{}, candor.Errorf(candor.NotFound, "You keep no such search. It may have been forgotten; nothing was searched.")
	}
	return v.saved[i], nil
}

// news counts what watching found that the person has not looked at.
func (v *visit) news() (n int64) {
	for _, k := range v.saved {
		n += k.New
	}
	return n
}
