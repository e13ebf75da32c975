package web

import (
	"net/http"
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
	res, err := s.Archive.Analyse(v.Context(), v.who, r)
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "again", "Done, and written down.", againPage{Result: res, Request: r})
}

// againPage says what came of it.
type againPage struct {
	Result  archive.AnalyseResult
	Request archive.AnalyseRequest
}
