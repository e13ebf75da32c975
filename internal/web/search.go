package web

import (
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/archive"
)

const hitsAPage = 20

// searchPage is everything that the search pages show. Exactly one of its
// states holds: nothing asked yet, results, forgotten results, or a refusal.
type searchPage struct {
	Query       string
	Request     archive.SearchRequest
	Page        *shownPage
	Facets      []facetGroup
	Years       template.HTML // the facet of years, drawn
	Takeaways   []takeaway
	Pager       pager
	Recent      []shownPage
	Kept        []archive.Saved
	Collections []archive.CollectionInfo
	Suggestions []string
	NotRun      bool // the address holds a search that has not been run
	Stopped     bool // nothing was searched; Message says why
	Message     string
	Rule        string // of the terms, that refused
	Wrong       *wrongPlace
}

// wrongPlace is a query divided at what is wrong in it.
type wrongPlace struct{ Before, Here, After string }

// wrongIn divides a query at a character, from 1; nil without one.
func wrongIn(query string, at int) *wrongPlace {
	r := []rune(query)
	if at < 1 || at > len(r)+1 {
		return nil
	}
	here := min(at, len(r))
	return &wrongPlace{string(r[:at-1]), string(r[at-1 : here]), string(r[here:])}
}

// shownValues are shown of a facet at once; the rest are a step away.
const shownValues = 8

// Shown counts the values that are shown at once: one or two more than usual
// rather than a step to them.
func (g facetGroup) Shown() int {
	if len(g.Values) <= shownValues+2 {
		return len(g.Values)
	}
	return shownValues
}

// Rest counts the others.
func (g facetGroup) Rest() int { return len(g.Values) - g.Shown() }

// facetGroup is one facet as checkboxes.
type facetGroup struct {
	Field   string
	Title   string
	Values  []facetChoice
	Checked int
	Hidden  bool // the terms leave small counts out
}

// add adds a choice. Media types that are called the same become one choice of
// several values; no media type holds the separator.
func (g *facetGroup) add(c facetChoice) {
	for i := range g.Values {
		if same := &g.Values[i]; severalForms(g.Field) && same.Label == c.Label {
			same.Value += formSeparator + c.Value
			same.Count += c.Count
			same.Checked = same.Checked || c.Checked
			return
		}
	}
	g.Values = append(g.Values, c)
}

// severalForms tells in which facets one label can stand for several values:
// media types of one kind, and a person with and without an address.
func severalForms(field string) bool { return field == "type" || field == "people" }

const formSeparator = "|"

type facetChoice struct {
	Value   string
	Label   string
	Count   int64
	Checked bool
}

// pager says where in the results a page stands.
type pager struct {
	From, To, Total  int64
	Previous, Next   int // offsets; -1 when there is none
	PreviousShown    string
	NextShown        string
	Number, LastPage int
}

// HasOthers reports whether there are other pages than this one.
func (g pager) HasOthers() bool { return g.Previous >= 0 || g.Next >= 0 }

// searchForm shows the box. A search in the address is put in the box and not
// run: a link must not write into somebody's record.
func (s *server) searchForm(w http.ResponseWriter, v *visit) error {
	page := searchPage{Query: v.FormValue("q"), Recent: s.shown.recent(v.who.Person.ID, 6), Kept: v.saved, Suggestions: s.suggestions(v)}
	page.NotRun = page.Query != ""
	if v.current != nil {
		page.Request.Purpose = v.current.ID
	}
	page.Collections = s.collectionsOf(v)
	return s.show(w, v, http.StatusOK, "search", "Search", page)
}

// search performs a new search.
func (s *server) search(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	purpose, err := v.purposeAsked()
	if err != nil {
		return err
	}
	r := archive.SearchRequest{
		Query:      strings.TrimSpace(v.PostFormValue("q")),
		Mode:       v.PostFormValue("mode"),
		Like:       candor.ItemID(v.PostFormValue("like")),
		Purpose:    purpose,
		Collection: v.PostFormValue("collection"),
		Sort:       v.PostFormValue("sort"),
		Filters:    filtersOf(v.PostForm["f"]),
		Fold:       v.PostFormValue("fold"),
	}
	if r.From, r.To, err = datesOf(v.PostFormValue("from"), v.PostFormValue("to")); err != nil {
		return s.searchFailed(w, v, r, err)
	}
	return s.perform(w, v, r)
}

// purposeAsked is the purpose that a form names, or else the one in use.
func (v *visit) purposeAsked() (candor.PurposeID, error) {
	if id := v.PostFormValue("purpose"); id != "" {
		return candor.PurposeID(id), nil
	}
	if v.current == nil {
		return "", candor.Errorf(candor.Denied, "You have no active purpose, so nothing was searched or opened. Ask for a purpose first.")
	}
	return v.current.ID, nil
}

// perform runs one act and sends the browser to the page it may look at again.
func (s *server) perform(w http.ResponseWriter, v *visit, r archive.SearchRequest) error {
	if r.Limit == 0 {
		r.Limit = hitsAPage
	}
	r.Facets = true
	res, answer, err := s.look(v, r)
	if err != nil {
		return s.searchFailed(w, v, r, err)
	}
	id, err := s.secretID()
	if err != nil {
		return err
	}
	s.shown.keep(id, v.who.Person.ID, r, res, answer)
	return goTo(w, v, "/results/"+id)
}

// look searches, or asks.
func (s *server) look(v *visit, r archive.SearchRequest) (archive.SearchResult, *answered, error) {
	if r.Mode == modeAsk {
		return s.ask(v, r, archive.Telling{})
	}
	res, err := s.Archive.Search(v.Context(), v.who, r)
	return res, nil, err
}

// searchFailed keeps the box and what was typed, and says what was refused.
func (s *server) searchFailed(w http.ResponseWriter, v *visit, r archive.SearchRequest, err error) error {
	code := candor.CodeOf(err)
	if code == candor.SignIn {
		return err
	}
	s.note(v, err)
	page := searchPage{Query: r.Query, Request: r, Stopped: true, Message: candor.MessageOf(err), Rule: ruleOf(err), Wrong: wrongIn(r.Query, candor.PlaceOf(err)), Collections: s.collectionsOf(v), Suggestions: s.suggestions(v)}
	title := "Nothing was searched"
	if code == candor.Denied {
		title = "Refused"
	}
	return s.show(w, v, statusOf(code), "search", title, page)
}

// results shows a page again that the person was shown before.
func (s *server) results(w http.ResponseWriter, v *visit) error {
	p, ok := s.shown.page(v.PathValue("id"), v.who.Person.ID)
	if !ok {
		return candor.Errorf(candor.NotFound, "There is no such results page for you. It may be forgotten by now: search again.")
	}
	page := searchPage{Query: p.Request.Query, Request: p.Request, Page: &p, Collections: s.collectionsOf(v), Suggestions: s.suggestions(v)}
	if !v.mayUse(p.Request.Purpose) {
		p.Result = nil
	}
	if p.Result != nil {
		page.Facets = s.facetGroups(p, page.Collections)
		page.Years = yearsOf(page.Facets)
		page.Takeaways = takeaways(v, p, page.Collections)
		page.Pager = s.pagerOf(v, p)
	}
	return s.show(w, v, http.StatusOK, "search", s.pages.text("Search")+": "+p.Request.Query, page)
}

// mayUse reports whether a purpose is still the person's and active.
func (v *visit) mayUse(id candor.PurposeID) bool {
	return slices.ContainsFunc(v.usable(), func(p archive.PurposeInfo) bool { return p.ID == id })
}

// narrow searches again with other facets, dates or order.
func (s *server) narrow(w http.ResponseWriter, v *visit) error {
	r, err := s.asked(w, v)
	if err != nil {
		return err
	}
	r.Offset, r.Saved = 0, ""
	r.Filters = filtersOf(v.PostForm["f"])
	r.Collection = ""
	r.Sort, r.Fold = v.PostFormValue("sort"), v.PostFormValue("fold")
	if r.From, r.To, err = datesOf(v.PostFormValue("from"), v.PostFormValue("to")); err != nil {
		return s.searchFailed(w, v, r, err)
	}
	return s.perform(w, v, r)
}

// turnPage shows another page of the same results: an act of its own, since
// other items are shown.
func (s *server) turnPage(w http.ResponseWriter, v *visit) error {
	r, err := s.asked(w, v)
	if err != nil {
		return err
	}
	offset, err := strconv.Atoi(v.PostFormValue("offset"))
	if err != nil || offset < 0 {
		return candor.Errorf(candor.Invalid, "That is not a place in the results. Go back and choose a page.")
	}
	r.Offset = offset
	return s.perform(w, v, r)
}

func (s *server) searchAgain(w http.ResponseWriter, v *visit) error {
	r, err := s.asked(w, v)
	if err != nil {
		return err
	}
	return s.perform(w, v, r)
}

// asked finds the question of a page that the person was shown.
func (s *server) asked(w http.ResponseWriter, v *visit) (archive.SearchRequest, error) {
	if err := readForm(w, v); err != nil {
		return archive.SearchRequest{}, err
	}
	p, ok := s.shown.page(v.PathValue("id"), v.who.Person.ID)
	if !ok {
		return archive.SearchRequest{}, candor.Errorf(candor.NotFound, "That search is no longer remembered. Type it again.")
	}
	return p.Request, nil
}

// filtersOf reads "field=value" choices.
func filtersOf(choices []string) map[string][]string {
	var out map[string][]string
	for _, c := range choices {
		field, value, ok := strings.Cut(c, "=")
		if !ok || field == "" {
			continue
		}
		if out == nil {
			out = map[string][]string{}
		}
		values := []string{value}
		if severalForms(field) {
			values = strings.Split(value, formSeparator)
		}
		for _, v := range values {
			if !slices.Contains(out[field], v) {
				out[field] = append(out[field], v)
			}
		}
	}
	return out
}

// datesOf reads two days as typed or picked; the second is included.
func datesOf(from, to string) (a, b time.Time, err error) {
	if a, err = dayOf(from); err != nil {
		return a, b, err
	}
	if b, err = dayOf(to); err != nil || b.IsZero() {
		return a, b, err
	}
	if b.Before(a) {
		return a, b, candor.Errorf(candor.Invalid, "The first day is after the last. Nothing was searched. Swap the two dates.")
	}
	return a, b.AddDate(0, 0, 1), nil
}

func dayOf(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02", "2 Jan 2006", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, candor.Errorf(candor.Invalid, "A date was not understood, so nothing was searched. Write dates as 2026-12-14.")
}

var facetOrder = []struct{ field, title string }{
	{"collection", "Collection"}, {"type", "Kind"}, {"year", "Year"}, {"language", "Language"},
	{"people", "Writers and recipients"}, {"persons", "People named"}, {"organisations", "Organisations named"}, {"places", "Places named"}, {"emails", "E-mail addresses"}, {"phones", "Telephone numbers"}, {"ibans", "Bank accounts"},
	{"dates", "Days and months named"}, {"money", "Sums of money"}, {"urls", "Web addresses"}, {"identifiers", "Identifiers"}, {"areas", "Where it was made"}, {"condition", "Condition"},
	{"alike", "Copies of one item"}, {"thread", "One conversation"}, {"family", "One item and its parts"},
}

// facetGroups makes the checkboxes: the values counted, and the chosen ones
// even where nothing counts for them any more.
func (s *server) facetGroups(p shownPage, cols []archive.CollectionInfo) []facetGroup {
	counted, hidden := map[string][]archive.FacetValue{}, map[string]bool{}
	for _, f := range p.Result.Facets {
		counted[f.Field], hidden[f.Field] = f.Values, f.Hidden
	}
	var out []facetGroup
	for _, f := range facetOrder {
		g := facetGroup{Field: f.field, Title: s.pages.text(f.title), Hidden: hidden[f.field]}
		chosen := p.Request.Filters[f.field]
		for _, c := range counted[f.field] {
			g.add(facetChoice{c.Value, s.facetLabel(f.field, c.Value, cols), c.Count, slices.Contains(chosen, c.Value)})
		}
		for _, value := range chosen {
			if !slices.ContainsFunc(counted[f.field], func(c archive.FacetValue) bool { return c.Value == value }) {
				g.add(facetChoice{value, s.facetLabel(f.field, value, cols), 0, true})
			}
		}
		if f.field == "year" {
			slices.SortFunc(g.Values, func(a, b facetChoice) int { return strings.Compare(b.Value, a.Value) })
		}
		g.Checked = len(chosen)
		if len(g.Values) > 1 || g.Checked > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (s *server) facetLabel(field, value string, cols []archive.CollectionInfo) string {
	switch field {
	case "alike", "thread", "family":
		return s.pages.text("only these")
	case "type":
		return s.pages.text(kindOf(value).name)
	case "language":
		return s.pages.text(languageName(value))
	case "condition":
		return s.pages.text(value)
	case "collection":
		return collectionTitle(cols, value)
	case "people":
		if name, _, ok := strings.Cut(value, " <"); ok && name != "" {
			return name
		}
	}
	return value
}

func collectionTitle(cols []archive.CollectionInfo, name string) string {
	for _, c := range cols {
		if c.Name == name && c.Title != "" {
			return c.Title
		}
	}
	return name
}

// pagerOf says what stands before and after a page. A neighbour that was shown
// already is a plain link: looking again is no new act.
func (s *server) pagerOf(v *visit, p shownPage) pager {
	r, n := p.Request, len(p.Result.Hits)
	g := pager{From: int64(r.Offset) + 1, To: int64(r.Offset + n), Total: p.Result.Total, Previous: -1, Next: -1}
	g.Number = r.Offset/r.Limit + 1
	if r.Fold == "" { // how many are left once they are folded nobody counted
		g.LastPage = int((p.Result.Total + int64(r.Limit) - 1) / int64(r.Limit))
	}
	if r.Offset > 0 {
		g.Previous = max(0, r.Offset-r.Limit)
		g.PreviousShown = s.shownAt(v, p, g.Previous)
	}
	if p.Result.More && n > 0 {
		g.Next = r.Offset + r.Limit
		g.NextShown = s.shownAt(v, p, g.Next)
	}
	return g
}

func (s *server) shownAt(v *visit, p shownPage, offset int) string {
	for _, other := range s.shown.recent(v.who.Person.ID, pagesAPerson) {
		if other.Request.Offset == offset && sameQuestion(other.Request, p.Request) {
			return other.ID
		}
	}
	return ""
}

func sameQuestion(a, b archive.SearchRequest) bool {
	return a.Query == b.Query && a.Mode == b.Mode && a.Like == b.Like && a.Purpose == b.Purpose && a.Collection == b.Collection && a.Sort == b.Sort &&
		a.Fold == b.Fold && a.Saved == b.Saved && a.Added.Equal(b.Added) && a.Limit == b.Limit && a.From.Equal(b.From) && a.To.Equal(b.To) && sameFilters(a.Filters, b.Filters)
}

func sameFilters(a, b map[string][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for field, values := range a {
		x, y := slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(b[field]))
		if !slices.Equal(x, y) {
			return false
		}
	}
	return true
}

// collectionsOf names the collections; a person who may not know them sees none.
func (s *server) collectionsOf(v *visit) []archive.CollectionInfo {
	cols, err := s.Archive.Collections(v.Context(), v.who)
	if err != nil {
		s.note(v, err)
		return nil
	}
	return cols
}

// secretID makes a name that cannot be guessed.
func (s *server) secretID() (string, error) {
	var b [20]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "This machine gave no randomness, so nothing can be shown. Tell the operator.")
	}
	return encodeID(b[:]), nil
}

// askLink is an address that puts a search in the box without running it.
func askLink(query string) string { return "/?" + url.Values{"q": {query}}.Encode() }
