package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/archive"
)

// Files sent by a form arrive in one request. So that a long one loses little
// when it breaks off, what arrived is made durable every so often.
const (
	commitFiles = 200
	commitBytes = 256 << 20
)

type addPage struct {
	Collections []archive.CollectionInfo
	Additions   []candor.Addition
	May         bool
	Problem     string
}

func (s *server) addForm(w http.ResponseWriter, v *visit) error {
	return s.showAdd(w, v, http.StatusOK, "")
}

func (s *server) showAdd(w http.ResponseWriter, v *visit, status int, problem string) error {
	page := addPage{May: v.who.Person.Has(candor.Contributor), Problem: problem}
	page.Collections = s.collectionsOf(v)
	if page.May {
		list, err := s.Archive.Additions(v.Context(), v.who)
		if err != nil {
			return err
		}
		page.Additions = list[:min(5, len(list))]
	}
	return s.show(w, v, status, "add", "Add", page)
}

// addFiles takes a whole form, files streamed one after the other.
func (s *server) addFiles(w http.ResponseWriter, v *visit) error {
	form, err := v.MultipartReader()
	if err != nil {
		return candor.Wrap(err, candor.Invalid, "No files arrived. Choose files or a folder and send the form again.")
	}
	up := upload{s: s, v: v}
	err = up.receive(form)
	if up.addition.ID == "" {
		if err == nil {
			err = candor.Errorf(candor.Invalid, "No files were chosen, so nothing was added. Choose files or a folder.")
		}
		if c := candor.CodeOf(err); c == candor.Invalid || c == candor.Denied || c == candor.NotFound {
			s.note(v, err)
			return s.showAdd(w, v, statusOf(c), candor.MessageOf(err))
		}
		return err
	}
	// What arrived is kept even if the rest did not.
	done, commitErr := s.Archive.CommitAddition(v.Context(), v.who, up.addition.ID, err == nil)
	if err = errors.Join(err, commitErr); err != nil {
		return err
	}
	return goTo(w, v, "/additions/"+done.ID)
}

// upload is one form full of files on its way in.
type upload struct {
	s          *server
	v          *visit
	collection string
	source     string
	ocr        string
	addition   candor.Addition
	files      int
	bytes      int64
}

func (u *upload) receive(form *multipart.Reader) error {
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return candor.Wrap(err, candor.Invalid, "The upload broke off. What the account lists was kept; add the rest again.")
		}
		if err := u.part(part); err != nil {
			return err
		}
	}
}

func (u *upload) part(part *multipart.Part) error {
	defer func() { _ = part.Close() }() // what is wrong with it shows at the next part
	switch part.FormName() {
	case "collection":
		u.collection = fieldText(part)
	case "source":
		u.source = fieldText(part)
	case "ocr":
		u.ocr = fieldText(part)
	case "files":
		if name := sentPath(part); name != "" {
			return u.file(name, part)
		}
	}
	return nil
}

func (u *upload) file(name string, r io.Reader) error {
	ctx, who := u.v.Context(), u.v.who
	if u.addition.ID == "" {
		a, err := u.s.Archive.BeginAddition(ctx, who, archive.NewAddition{Collection: u.collection, Source: u.source, OCR: u.ocr})
		if err != nil {
			return err
		}
		u.addition = a
	}
	entry, err := u.s.Archive.PutFile(ctx, who, u.addition.ID, archive.FileHeader{Path: name, Size: -1}, r)
	if err != nil {
		return err
	}
	u.files++
	u.bytes += entry.Size
	if u.files < commitFiles && u.bytes < commitBytes {
		return nil
	}
	u.files, u.bytes = 0, 0
	_, err = u.s.Archive.CommitAddition(ctx, who, u.addition.ID, false)
	return err
}

func fieldText(r io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(r, 4096))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// sentPath is the path a browser sent with a file. FileName of the part would
// keep only its base; a chosen folder sends paths.
func sentPath(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return cleanPath(part.FileName())
	}
	return cleanPath(params["filename"])
}

// cleanPath makes a name that was sent a relative path without "..".
func cleanPath(p string) string {
	p = strings.ToValidUTF8(strings.ReplaceAll(p, "\\", "/"), "\uFFFD")
	p = strings.ReplaceAll(p, "\x00", "")
	p = strings.TrimPrefix(path.Clean("/"+p), "/")
	return p
}

// --- the same in steps, for the script: it sends file by file and shows how
// far it is. Answers are JSON.

type beginAnswer struct {
	ID string `json:"id"`
}

func (s *server) beginAddition(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	expected, err := wholeNumber(v.PostFormValue("expected"))
	if err != nil {
		return candor.Errorf(candor.Invalid, "The number of files was not understood.")
	}
	a, err := s.Archive.BeginAddition(v.Context(), v.who, archive.NewAddition{
		Collection: v.PostFormValue("collection"), Source: v.PostFormValue("source"), Expected: expected, OCR: v.PostFormValue("ocr"),
	})
	if err != nil {
		return err
	}
	return sendJSON(w, beginAnswer{a.ID})
}

const knownAtMost = 4 << 20 // bytes of one question about known files

type sentHeader struct {
	Path  string `json:"path"`
	Size  int64  `json:"bytes"`
	MTime int64  `json:"mtime"` // milliseconds since 1970
}

func (h sentHeader) header() archive.FileHeader {
	out := archive.FileHeader{Path: cleanPath(h.Path), Size: h.Size}
	if h.MTime > 0 {
		out.ModTime = time.UnixMilli(h.MTime).UTC()
	}
	return out
}

// knownFiles tells which files need not be sent.
func (s *server) knownFiles(w http.ResponseWriter, v *visit) error {
	var sent []sentHeader
	if err := json.NewDecoder(http.MaxBytesReader(w, v.Body, knownAtMost)).Decode(&sent); err != nil {
		return candor.Wrap(err, candor.Invalid, "The list of files was not understood.")
	}
	headers := make([]archive.FileHeader, len(sent))
	for i, h := range sent {
		headers[i] = h.header()
	}
	known, err := s.Archive.KnownFiles(v.Context(), v.who, v.PathValue("id"), headers)
	if err != nil {
		return err
	}
	return sendJSON(w, known)
}

func headerOf(r *http.Request) archive.FileHeader {
	q := r.URL.Query()
	mtime, err := strconv.ParseInt(q.Get("mtime"), 10, 64)
	if err != nil {
		mtime = 0
	}
	return sentHeader{Path: q.Get("path"), Size: r.ContentLength, MTime: mtime}.header()
}

// putFile takes one file as the body of the request.
func (s *server) putFile(w http.ResponseWriter, v *visit) error {
	h := headerOf(v.Request)
	if h.Path == "" {
		return candor.Errorf(candor.Invalid, "A file came without a name and was not added.")
	}
	entry, err := s.Archive.PutFile(v.Context(), v.who, v.PathValue("id"), h, v.Body)
	if err != nil {
		return err
	}
	return sendJSON(w, entry)
}

// failFile enters a file that the browser could not read.
func (s *server) failFile(w http.ResponseWriter, v *visit) error {
	h := headerOf(v.Request)
	h.Size = -1
	reason := s.pages.text("Your browser could not read it. Check that it still exists and that you may read it.")
	if err := s.Archive.FailFile(v.Context(), v.who, v.PathValue("id"), h, reason); err != nil {
		return err
	}
	return sendJSON(w, struct{}{})
}

func (s *server) commitAddition(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	a, err := s.Archive.CommitAddition(v.Context(), v.who, v.PathValue("id"), v.PostFormValue("finish") == "yes")
	if err != nil {
		return err
	}
	return sendJSON(w, a)
}

func sendJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(body)
}

// --- accounts

const entriesAPage = 100

type additionsPage struct{ Additions []candor.Addition }

func (s *server) additions(w http.ResponseWriter, v *visit) error {
	list, err := s.Archive.Additions(v.Context(), v.who)
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "additions", "Additions", additionsPage{list})
}

type additionPage struct {
	Unnamed   bool // its files are not named to this person
	Addition  candor.Addition
	Condition candor.Condition // "" shows all entries
	Entries   []candor.Entry
	Remedy    string
	Purposes  []archive.PurposeInfo // under which the files shown can be read again; none if they cannot
	Tools     archive.Tools
	Previous  int // offsets; -1 when there is none
	Next      int
}

func (s *server) addition(w http.ResponseWriter, v *visit) error {
	a, err := s.Archive.Addition(v.Context(), v.who, v.PathValue("id"))
	if err != nil {
		return err
	}
	page := additionPage{Addition: a, Condition: candor.Condition(v.FormValue("condition")), Previous: -1, Next: -1}
	offset := max(0, number(v.FormValue("offset"), 0))
	page.Entries, err = s.Archive.Entries(v.Context(), v.who, a.ID, page.Condition, offset, entriesAPage+1)
	if candor.CodeOf(err) == candor.Denied { // its figures are shown, and nothing by name
		page.Unnamed, err = true, nil
	}
	if err != nil {
		return err
	}
	if len(page.Entries) > entriesAPage {
		page.Entries, page.Next = page.Entries[:entriesAPage], offset+entriesAPage
	}
	if offset > 0 {
		page.Previous = max(0, offset-entriesAPage)
	}
	page.Remedy = s.pages.text(remedies[page.Condition])
	if again := page.Condition; !page.Unnamed && len(page.Entries) > 0 && (again == candor.Encrypted || again == candor.Partial || again == candor.Failed) {
		page.Purposes, page.Tools = v.purposesToAnalyse(a.Collection), s.Archive.Tools()
	}
	return s.show(w, v, http.StatusOK, "addition", "Account of an addition", page)
}

// remedies tell what to do about a condition.
var remedies = map[candor.Condition]string{
	candor.Done:        "Everything in these files was read. There is nothing to do.",
	candor.Partial:     "These files are kept and searchable, but something in them is missing; the reason says what. If you have a better copy, add it; pictures of pages can be read in other languages, under a purpose that allows to analyse.",
	candor.Encrypted:   "These files are kept as they are, but need a password to be read. PDF, zip, 7-Zip and RAR files, and Office documents since 2007, can be read with it, under a purpose that allows to analyse. For others, remove the password and add them again.",
	candor.Unsupported: "These files are kept and found by name and details, but their kind is not read yet. If you can, save them in another format and add that too.",
	candor.Failed:      "These files could not be read; the reason says why. Those whose bytes arrived are kept. Repair or replace them and add them again; what is already held is not sent twice.",
}
