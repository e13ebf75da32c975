package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"candor"
	"candor/internal/archive"
)

// readAgain has one item read again, with a password or in other languages, or
// translated: an act of its own, under the purpose that it was opened under.
func (s *server) readAgain(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	item := candor.ItemID(v.PathValue("item"))
	r := archive.AnalyseRequest{Items: []candor.ItemID{item}, Purpose: purpose}
	if v.PostFormValue("do") == "translate" {
		r.Translate = strings.ToLower(strings.TrimSpace(v.PostFormValue("to")))
		if r.Translate == "" {
			return candor.Errorf(candor.Invalid, "Say into which language. Nothing was translated.")
		}
	} else {
		r.Password, r.OCR = v.PostFormValue("password"), strings.Join(v.PostForm["ocr"], "+")
	}
	return s.analyse(w, v, r)
}

// retype puts what somebody reads on a page in place of what was recognised, under
// the purpose that the item was opened under.
func (s *server) retype(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(v.PostFormValue("text"), "\r\n", "\n") // as forms send line ends
	r := archive.RetypeRequest{Item: candor.ItemID(v.PathValue("item")), Purpose: purpose, Page: number(v.PostFormValue("page"), 1), Text: text}
	if v.PostFormValue("back") != "" {
		r.Text = ""
	}
	res, err := s.Archive.Retype(v.Context(), v.who, r)
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "again", "Done, and written down.", againPage{Result: res, Request: archive.AnalyseRequest{Purpose: purpose}, Page: r.Page})
}

// readAllAgain has the files of an addition that ended in one condition read again.
func (s *server) readAllAgain(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	background, most := v.PostFormValue("background") != "", archive.MostAnalysed
	if background {
		most = archive.MostOfJob
	}
	entries, err := s.Archive.Entries(v.Context(), v.who, v.PathValue("id"), candor.Condition(v.PostFormValue("condition")), 0, most)
	if err != nil {
		return err
	}
	r := archive.AnalyseRequest{Purpose: purpose, Password: v.PostFormValue("password"), OCR: strings.Join(v.PostForm["ocr"], "+")}
	for _, e := range entries {
		if e.Item != "" && !slices.Contains(r.Items, e.Item) {
			r.Items = append(r.Items, e.Item)
		}
	}
	if len(r.Items) == 0 {
		return candor.Errorf(candor.Invalid, "No file that ended so is kept, so that there is nothing to read again.")
	}
	if background {
		return s.beginJob(w, v, r)
	}
	r.Estimate = v.PostFormValue("estimate") != ""
	return s.analyse(w, v, r)
}

func (s *server) analyse(w http.ResponseWriter, v *visit, r archive.AnalyseRequest) error {
	res, err := s.Archive.Analyse(v.Context(), v.who, r)
	if err != nil {
		return err
	}
	page := againPage{Result: res, Request: r}
	if r.Estimate {
		page.Back = "/additions/" + url.PathEscape(v.PathValue("id")) + "?condition=" + url.QueryEscape(v.PostFormValue("condition"))
	}
	for _, it := range res.Items {
		page.Found += it.Found
	}
	return s.show(w, v, http.StatusOK, "again", "Done, and written down.", page)
}

// purposesToAnalyse are the person's own that allow to read items of a collection again.
func (v *visit) purposesToAnalyse(collection string) []archive.PurposeInfo {
	return slices.DeleteFunc(v.usable(), func(p archive.PurposeInfo) bool {
		return !slices.Contains(p.Acts, candor.ActAnalyse) || !slices.Contains(p.Collections, collection)
	})
}

// againPage says what came of it.
type againPage struct {
	Result  archive.AnalyseResult
	Request archive.AnalyseRequest
	Found   int64 // items inside that are new
	Page    int   // that was typed anew; 0 if items were read
	Back    string
}
