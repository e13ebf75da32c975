package web

import (
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"candor"
)

const formAtMost = 1 << 20 // bytes of a form without files

// readForm reads a form without files.
func readForm(w http.ResponseWriter, v *visit) error {
	v.Body = http.MaxBytesReader(w, v.Body, formAtMost)
	err := v.ParseForm()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return candor.Errorf(candor.TooLarge, "What was sent is longer than %d bytes, so nothing was done. Shorten it.", formAtMost)
	}
	if err != nil {
		return candor.Wrap(err, candor.Invalid, "What was sent could not be read, so nothing was done. Go back and send it again.")
	}
	return nil
}

func (s *server) help(w http.ResponseWriter, v *visit) error {
	return s.show(w, v, http.StatusOK, "help", "Help", nil)
}

type termsPage struct {
	Title string
	Text  template.HTML
}

// terms shows the text that people agree to, under its own first heading.
func (s *server) terms(w http.ResponseWriter, v *visit) error {
	page := termsPage{Title: s.pages.text("Terms of use")}
	text := strings.TrimSpace(s.Archive.TermsText())
	if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(first, "# ") {
		page.Title, text = strings.TrimSpace(first[2:]), rest
	}
	page.Text = markdown(text)
	return s.show(w, v, http.StatusOK, "terms", "Terms of use", page)
}

// setTheme keeps light, dark, or what the device prefers.
func (s *server) setTheme(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	switch theme := v.PostFormValue("theme"); theme {
	case "light", "dark":
		s.setCookie(w, http.Cookie{Name: themeCookie, Value: theme, Expires: s.Now().AddDate(1, 0, 0)})
	default:
		s.setCookie(w, http.Cookie{Name: themeCookie, MaxAge: -1})
	}
	return goTo(w, v, localPath(v.PostFormValue("next")))
}

// saveReceipt sends a receipt as a file.
func (s *server) saveReceipt(w http.ResponseWriter, v *visit) error {
	index, err := strconv.ParseInt(v.PathValue("index"), 10, 64)
	if err != nil || index < 0 {
		return candor.Errorf(candor.NotFound, "There is no record of that number.")
	}
	r, err := s.Archive.Receipt(v.Context(), index)
	if err != nil {
		return err
	}
	attach(w, "text/plain; charset=utf-8", "record-"+strconv.FormatInt(index, 10)+".receipt")
	_, err = w.Write(r.Marshal())
	if err != nil {
		s.note(v, candor.Wrap(err, candor.Unavailable, "the receipt did not reach the browser"))
	}
	return nil
}

func (s *server) nothingHere(http.ResponseWriter, *visit) error {
	return candor.Errorf(candor.NotFound, "There is no page at this address.")
}

func (s *server) otherOrigin(http.ResponseWriter, *visit) error {
	return candor.Errorf(candor.Denied, "The request came from another site, so nothing was done. Open this archive itself and try again.")
}
