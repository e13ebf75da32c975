package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// The auditor's pages. Sealed details are opened with an identity that the
// auditor gives over the signed-in session. It is kept in this process's memory
// only, for one session, for auditUnlocked at most; it is never written. What
// it opened is forgotten with it.
const (
	auditUnlocked  = 30 * time.Minute
	auditShown     = 200    // records on one page of results
	auditLooked    = 20_000 // records that one question looks through
	identityAtMost = 64 << 10
	resultsKept    = 20 // of one session
)

// auditDesk keeps what auditors have unlocked. Safe for concurrent use.
type auditDesk struct {
	now  func() time.Time
	mu   sync.Mutex
	open map[sessionKey]*auditSession
}

// sessionKey is the hash of a session's secret.
type sessionKey [sha256.Size]byte

type auditSession struct {
	by       candor.PersonID
	identity age.Identity
	until    time.Time
	results  map[string]*auditResult
	order    []string
}

// auditResult is one answer: an act with a record of its own.
type auditResult struct {
	ID      string
	Form    auditForm
	Records []auditLine
	Looked  int  // records that were handed out and opened
	Cut     bool // more were there than were looked through
	More    bool // more match than are shown
}

type auditLine struct {
	archive.Unsealed
	When time.Time
}

func newAuditDesk(now func() time.Time) *auditDesk {
	return &auditDesk{now: now, open: map[sessionKey]*auditSession{}}
}

// unlock keeps an identity until the time is over, whether or not anybody asks
// for it again.
func (d *auditDesk) unlock(key sessionKey, by candor.PersonID, identity age.Identity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &auditSession{by: by, identity: identity, until: d.now().Add(auditUnlocked), results: map[string]*auditResult{}}
	d.open[key] = s
	time.AfterFunc(auditUnlocked, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.open[key] == s {
			delete(d.open, key)
		}
	})
}

func (d *auditDesk) lock(key sessionKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, key)
}

// session returns a copy of what is unlocked for a session, if anything is.
func (d *auditDesk) session(key sessionKey, by candor.PersonID) (auditSession, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.open, func(_ sessionKey, s *auditSession) bool { return !d.now().Before(s.until) })
	s := d.open[key]
	if s == nil || s.by != by {
		return auditSession{}, false
	}
	out := *s
	out.results, out.order = maps.Clone(s.results), slices.Clone(s.order)
	return out, true
}

func (d *auditDesk) keep(key sessionKey, r *auditResult) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.open[key]
	if s == nil {
		return
	}
	s.results[r.ID] = r
	s.order = append(s.order, r.ID)
	if len(s.order) > resultsKept {
		delete(s.results, s.order[0])
		s.order = s.order[1:]
	}
}

// reviewed shows a fresh review on the results that hold its record.
func (d *auditDesk) reviewed(key sessionKey, review archive.Review) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.open[key]
	if s == nil {
		return
	}
	for id, r := range s.results {
		fresh := *r
		fresh.Records = slices.Clone(r.Records)
		for i := range fresh.Records {
			if fresh.Records[i].Index == review.Index {
				fresh.Records[i].Reviews = append(slices.Clone(fresh.Records[i].Reviews), review)
			}
		}
		s.results[id] = &fresh
	}
}

// sessionOf names the session of a visit; in a solo archive without a sign-in
// there is one for the one person.
func (s *server) sessionOf(v *visit) sessionKey {
	return sha256.Sum256([]byte(cookie(v.Request, s.cookieName(sessionCookie))))
}

// auditor answers auditors, and refuses others. What an auditor is handed is
// decided, and recorded, by the archive.
func (s *server) auditor(next handle) http.Handler {
	return s.signedIn(func(w http.ResponseWriter, v *visit) error {
		if !v.who.Person.Has(candor.Auditor) {
			return candor.Errorf(candor.Denied, "These pages are the auditor's. Nothing was shown.")
		}
		return next(w, v)
	})
}

type auditPage struct {
	Can      bool // the pages can read an identity
	Unlocked bool
	Until    time.Time
	Form     auditForm
	Acts     []candor.Act
	Recent   []*auditResult // newest first
	Problem  string
}

// auditForm is what an auditor asked, as it was typed.
type auditForm struct {
	Person, Item, Query, Purpose, Act, From, To string
	Sample, Seed                                string
}

func (s *server) auditStart(w http.ResponseWriter, v *visit) error {
	return s.showAudit(w, v, http.StatusOK, auditPage{})
}

func (s *server) showAudit(w http.ResponseWriter, v *visit, status int, page auditPage) error {
	page.Can, page.Acts = s.ReadIdentity != nil, candor.Acts()
	if open, ok := s.audits.session(s.sessionOf(v), v.who.Person.ID); ok {
		page.Unlocked, page.Until = true, open.until
		for _, id := range slices.Backward(open.order) {
			page.Recent = append(page.Recent, open.results[id])
		}
	}
	return s.show(w, v, status, "audit", "Audit", page)
}

func (s *server) auditUnlock(w http.ResponseWriter, v *visit) error {
	identity, err := s.readIdentity(w, v)
	var done archive.Receipted
	if err == nil {
		done, err = s.Archive.UnlockAudit(v.Context(), v.who, identity)
	}
	if err != nil {
		page := auditPage{Problem: candor.MessageOf(err)}
		return s.formFailed(v, err, func(status int) error { return s.showAudit(w, v, status, page) })
	}
	s.audits.unlock(s.sessionOf(v), v.who.Person.ID, identity)
	return goTo(w, v, recordedAt("/audit", done.Receipt))
}

// readIdentity reads the form into memory: parsing it as forms are usually
// parsed could put the file on the disk.
func (s *server) readIdentity(w http.ResponseWriter, v *visit) (age.Identity, error) {
	if s.ReadIdentity == nil {
		return nil, candor.Errorf(candor.NotSupported, "This server does not unlock sealed details. Use `candor audit` on a machine of your own.")
	}
	v.Body = http.MaxBytesReader(w, v.Body, 2*identityAtMost)
	parts, err := v.MultipartReader()
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "What was sent could not be read, so nothing was unlocked. Choose the file again.")
	}
	var file, passphrase []byte
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, candor.Wrap(err, candor.Invalid, "What was sent could not be read, so nothing was unlocked. Choose the file again.")
		}
		switch part.FormName() {
		case "identity":
			file, err = readPart(part)
		case "passphrase":
			passphrase, err = readPart(part)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.ReadIdentity(file, string(passphrase))
}

func readPart(part *multipart.Part) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, identityAtMost+1))
	if err != nil || len(data) > identityAtMost {
		return nil, candor.Wrap(err, candor.TooLarge, "That is larger than an identity. Choose the auditor's key file. Nothing was unlocked.")
	}
	return data, nil
}

func (s *server) auditLock(w http.ResponseWriter, v *visit) error {
	s.audits.lock(s.sessionOf(v))
	return goTo(w, v, "/audit")
}

// auditFind asks the archive for records and opens them: one act, one record.
func (s *server) auditFind(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	open, ok := s.audits.session(s.sessionOf(v), v.who.Person.ID)
	if !ok {
		return goTo(w, v, "/audit")
	}
	form := auditForm{
		Person: v.PostFormValue("person"), Item: v.PostFormValue("item"), Query: v.PostFormValue("query"), Purpose: v.PostFormValue("purpose"),
		Act: v.PostFormValue("act"), From: v.PostFormValue("from"), To: v.PostFormValue("to"), Sample: v.PostFormValue("sample"), Seed: v.PostFormValue("seed"),
	}
	result, proof, err := s.askAudit(v, open.identity, form)
	if err != nil {
		page := auditPage{Form: form, Problem: candor.MessageOf(err)}
		return s.formFailed(v, err, func(status int) error { return s.showAudit(w, v, status, page) })
	}
	s.audits.keep(s.sessionOf(v), result)
	return goTo(w, v, recordedAt("/audit/found/"+result.ID, proof))
}

func (s *server) askAudit(v *visit, identity age.Identity, form auditForm) (*auditResult, receipt.Receipt, error) {
	request, err := form.request()
	if err != nil {
		return nil, receipt.Receipt{}, err
	}
	secret := make([]byte, 16)
	if _, err := io.ReadFull(s.Rand, secret); err != nil {
		return nil, receipt.Receipt{}, candor.Wrap(err, candor.Unavailable, "No randomness could be had; try again.")
	}
	form.Seed = request.Seed
	result := &auditResult{ID: encodeID(secret), Form: form}
	proof, err := s.Archive.Audit(v.Context(), v.who, request, func(r archive.AuditRecord) error {
		result.Looked++
		u := archive.Unseal(r, identity)
		if u.Problem == "" && !request.For.Matches(u) {
			return nil
		}
		u.Sealed = nil // opened; no need to keep it
		result.Records = append(result.Records, auditLine{u, u.Record.When()})
		if len(result.Records) > 2*auditShown {
			result.Records, result.More = slices.Delete(result.Records, 0, len(result.Records)-auditShown), true
		}
		return nil
	})
	if err != nil {
		return nil, receipt.Receipt{}, err
	}
	if n := len(result.Records); n > auditShown {
		result.Records, result.More = result.Records[n-auditShown:], true
	}
	result.Cut = request.Newest > 0 && result.Looked == request.Newest
	slices.Reverse(result.Records)
	return result, proof, nil
}

func (f auditForm) request() (archive.AuditRequest, error) {
	r := archive.AuditRequest{
		Act: candor.Act(f.Act), Purpose: candor.PurposeID(strings.TrimSpace(f.Purpose)), Newest: auditLooked,
		For: archive.LookingFor{Person: strings.TrimSpace(f.Person), Item: candor.ItemID(strings.TrimSpace(f.Item)), Query: strings.TrimSpace(f.Query)},
	}
	var err error
	if r.From, r.To, err = datesOf(f.From, f.To); err != nil {
		return r, err
	}
	n, err := wholeNumber(f.Sample)
	if err != nil || n > auditShown {
		return r, candor.Errorf(candor.Invalid, "A sample has a whole number of records, at most %d.", auditShown)
	}
	if n > 0 {
		r.Sample, r.Newest = int(n), 0
		r.Seed = cmp.Or(strings.TrimSpace(f.Seed), strings.ToLower(rand.Text()[:16]))
	}
	return r, nil
}

type auditRecordPage struct {
	Result *auditResult
	Line   auditLine
	Note   string
}

func (s *server) auditResult(v *visit) (*auditResult, error) {
	open, ok := s.audits.session(s.sessionOf(v), v.who.Person.ID)
	if ok && open.results[v.PathValue("id")] != nil {
		return open.results[v.PathValue("id")], nil
	}
	return nil, candor.Errorf(candor.NotFound, "What was opened here has been forgotten, as it is after 30 minutes. Unlock again, and ask again: that is a new act with a record of its own.")
}

// auditFound shows an answer again. It is no new act: it has been handed out.
func (s *server) auditFound(w http.ResponseWriter, v *visit) error {
	r, err := s.auditResult(v)
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "auditfound", "Audit", r)
}

func (s *server) auditRecord(w http.ResponseWriter, v *visit) error {
	r, err := s.auditResult(v)
	if err != nil {
		return err
	}
	line, err := r.line(v.PathValue("index"))
	if err != nil {
		return err
	}
	return s.show(w, v, http.StatusOK, "auditrecord", s.pages.text("Record")+" "+count(line.Index), auditRecordPage{Result: r, Line: line})
}

func (r *auditResult) line(index string) (auditLine, error) {
	n, err := strconv.ParseInt(index, 10, 64)
	for _, l := range r.Records {
		if err == nil && l.Index == n {
			return l, nil
		}
	}
	return auditLine{}, candor.Errorf(candor.NotFound, "That record is not among those that were found.")
}

// auditReview marks a record reviewed.
func (s *server) auditReview(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	r, err := s.auditResult(v)
	if err != nil {
		return err
	}
	line, err := r.line(v.PathValue("index"))
	if err != nil {
		return err
	}
	note := strings.TrimSpace(v.PostFormValue("note"))
	done, err := s.Archive.Review(v.Context(), v.who, line.Index, note)
	if err != nil {
		return err
	}
	s.audits.reviewed(s.sessionOf(v), archive.Review{Index: line.Index, By: v.who.Person.ID, Name: v.who.Person.Name, At: s.Now(), Note: note})
	return goTo(w, v, recordedAt("/audit/found/"+r.ID+"/"+strconv.FormatInt(line.Index, 10), done.Receipt))
}
