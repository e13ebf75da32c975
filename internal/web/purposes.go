package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

type purposesPage struct {
	Waiting []archive.PurposeInfo // to be decided by this person
	Mine    []archive.PurposeInfo
	Others  []archive.PurposeInfo
	CanAsk  bool
}

func (s *server) purposes(w http.ResponseWriter, v *visit) error {
	page := purposesPage{Waiting: v.waiting(), Mine: v.mine(), CanAsk: v.who.Person.Has(candor.Reader)}
	for _, p := range v.purposes {
		if p.AskedBy != v.who.Person.ID && p.StatusNow != candor.Requested {
			page.Others = append(page.Others, p)
		}
	}
	return s.show(w, v, http.StatusOK, "purposes", "Purposes", page)
}

type purposeFormPage struct {
	Reasons     []candor.Reason
	Collections []archive.CollectionInfo
	Reason      string
	Why         string
	Chosen      []string
	Coverage    string
	Days        string
	Override    bool
	Problem     string
}

func (s *server) purposeForm(w http.ResponseWriter, v *visit) error {
	page := purposeFormPage{}
	if c := v.FormValue("collection"); c != "" {
		page.Chosen = []string{c}
	}
	return s.showPurposeForm(w, v, http.StatusOK, page)
}

func (s *server) showPurposeForm(w http.ResponseWriter, v *visit, status int, page purposeFormPage) error {
	cols, err := s.Archive.Collections(v.Context(), v.who)
	if err != nil {
		return err
	}
	page.Reasons, page.Collections = s.Archive.Reasons(), cols
	if len(cols) == 1 && len(page.Chosen) == 0 {
		page.Chosen = []string{cols[0].Name}
	}
	return s.show(w, v, status, "purposeform", "Ask for a purpose", page)
}

// requestPurpose asks; what was typed stays in the form when it is not taken.
func (s *server) requestPurpose(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	page := purposeFormPage{
		Reason: v.PostFormValue("reason"), Why: strings.TrimSpace(v.PostFormValue("why")),
		Chosen: v.PostForm["collection"], Coverage: v.PostFormValue("coverage"), Days: v.PostFormValue("days"), Override: v.PostFormValue("override") != "",
	}
	req, err := page.request()
	if err == nil {
		var info archive.PurposeInfo
		var rec receipt.Receipt
		if info, rec, err = s.Archive.RequestPurpose(v.Context(), v.who, req); err == nil {
			s.choosePurpose(w, info)
			return goTo(w, v, recordedAt("/purposes/"+string(info.ID), rec))
		}
	}
	switch candor.CodeOf(err) {
	case candor.Invalid, candor.NotFound, candor.Denied, candor.TooLarge:
		s.note(v, err)
		page.Problem = candor.MessageOf(err)
		return s.showPurposeForm(w, v, statusOf(candor.CodeOf(err)), page)
	}
	return err
}

func (p purposeFormPage) request() (archive.PurposeRequest, error) {
	r := archive.PurposeRequest{Reason: p.Reason, Why: p.Why, Collections: p.Chosen, Override: p.Override}
	coverage, err := wholeNumber(p.Coverage)
	if err != nil {
		return r, candor.Errorf(candor.Invalid, "The number of items was not understood. Write a whole number, such as 500, or leave it empty.")
	}
	days, err := wholeNumber(p.Days)
	if err != nil || days > 36500 {
		return r, candor.Errorf(candor.Invalid, "The number of days was not understood. Write a whole number, such as 30, or leave it empty.")
	}
	if r.Reason == "" {
		return r, candor.Errorf(candor.Invalid, "Choose a reason. Nothing was asked for yet.")
	}
	if len(r.Collections) == 0 {
		return r, candor.Errorf(candor.Invalid, "Choose at least one collection. Nothing was asked for yet.")
	}
	r.Coverage, r.Lifetime = coverage, time.Duration(days)*24*time.Hour
	return r, nil
}

// wholeNumber reads a count as people type it; empty is 0.
func wholeNumber(text string) (int64, error) {
	text = strings.NewReplacer(",", "", " ", "", "\u00a0", "", "'", "").Replace(strings.TrimSpace(text))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}

type purposePage struct {
	Purpose   archive.PurposeInfo
	Reason    candor.Reason
	Mine      bool
	CanDecide bool
	CanRevoke bool
	InUse     bool
	Titles    []string
}

func (s *server) purpose(w http.ResponseWriter, v *visit) error {
	p, err := s.Archive.Purpose(v.Context(), v.who, candor.PurposeID(v.PathValue("id")))
	if err != nil {
		return err
	}
	page := purposePage{Purpose: p, Reason: s.reason(p.Reason), Mine: p.AskedBy == v.who.Person.ID}
	page.CanDecide = p.StatusNow == candor.Requested && canDecide(v.who.Person, p)
	page.CanRevoke = p.StatusNow == candor.Active && (page.Mine || v.who.Person.Has(candor.Approver))
	page.InUse = v.current != nil && v.current.ID == p.ID
	cols := s.collectionsOf(v)
	for _, c := range p.Collections {
		page.Titles = append(page.Titles, collectionTitle(cols, c))
	}
	return s.show(w, v, http.StatusOK, "purpose", s.pages.text("Purpose")+" "+string(p.ID), page)
}

func (s *server) reason(code string) candor.Reason {
	for _, r := range s.Archive.Reasons() {
		if r.Code == code {
			return r
		}
	}
	return candor.Reason{Code: code, Title: code}
}

// usePurpose switches to another of one's own purposes.
func (s *server) usePurpose(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	id := candor.PurposeID(v.PathValue("id"))
	if !v.mayUse(id) {
		return candor.Errorf(candor.NotFound, "That purpose is not one of your active ones, so nothing changed. Choose another or ask for one.")
	}
	s.choosePurpose(w, archive.PurposeInfo{Purpose: candor.Purpose{ID: id}, StatusNow: candor.Active})
	return goTo(w, v, localPath(v.PostFormValue("next")))
}

func (s *server) choosePurpose(w http.ResponseWriter, p archive.PurposeInfo) {
	if p.StatusNow == candor.Active {
		s.setCookie(w, http.Cookie{Name: purposeCookie, Value: string(p.ID), Expires: s.Now().AddDate(1, 0, 0)})
	}
}

func (s *server) decidePurpose(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	decision := v.PostFormValue("decision")
	if decision != "approve" && decision != "refuse" {
		return candor.Errorf(candor.Invalid, "Choose to approve or to refuse. Nothing was decided.")
	}
	p, rec, err := s.Archive.DecidePurpose(v.Context(), v.who, candor.PurposeID(v.PathValue("id")), decision == "approve", v.PostFormValue("because"))
	if err != nil {
		return err
	}
	return goTo(w, v, recordedAt("/purposes/"+string(p.ID), rec))
}

func (s *server) revokePurpose(w http.ResponseWriter, v *visit) error {
	p, rec, err := s.Archive.RevokePurpose(v.Context(), v.who, candor.PurposeID(v.PathValue("id")))
	if err != nil {
		return err
	}
	return goTo(w, v, recordedAt("/purposes/"+string(p.ID), rec))
}

// recordedAt is where to go after an act, with the number of its record.
func recordedAt(path string, r receipt.Receipt) string {
	return path + "?record=" + strconv.FormatInt(r.Index, 10)
}
