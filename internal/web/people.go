package web

import (
	"net/http"
	"regexp"
	"strings"

	"candor"
	"candor/internal/archive"
)

type peoplePage struct {
	People  []candor.Person
	New     candor.Person
	Roles   []roleChoice
	Problem string
}

type roleChoice struct {
	Role    candor.Role
	Help    string
	Checked bool
}

var roleHelp = []struct {
	role candor.Role
	help string
}{
	{candor.Reader, "asks for purposes; searches and opens under them"},
	{candor.Contributor, "adds items"},
	{candor.Approver, "decides about other people’s purposes"},
	{candor.Auditor, "reads the sealed details of records"},
	{candor.Administrator, "keeps people and collections; sees no contents"},
}

func (s *server) people(w http.ResponseWriter, v *visit) error {
	return s.showPeople(w, v, http.StatusOK, peoplePage{})
}

func (s *server) showPeople(w http.ResponseWriter, v *visit, status int, page peoplePage) error {
	list, err := s.Archive.People(v.Context(), v.who)
	if err != nil {
		return err
	}
	page.People = list
	for _, r := range roleHelp {
		checked := false
		for _, have := range page.New.Roles {
			checked = checked || have == r.role
		}
		page.Roles = append(page.Roles, roleChoice{r.role, s.pages.text(r.help), checked})
	}
	return s.show(w, v, status, "people", "People", page)
}

var handlePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func (s *server) addPerson(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	p := candor.Person{ID: candor.PersonID(strings.TrimSpace(v.PostFormValue("id"))), Name: strings.TrimSpace(v.PostFormValue("name"))}
	for _, r := range v.PostForm["role"] {
		p.Roles = append(p.Roles, candor.Role(r))
	}
	done, err := s.addPersonChecked(v, p)
	if err == nil {
		return goTo(w, v, recordedAt("/people", done.Receipt))
	}
	page := peoplePage{New: p, Problem: candor.MessageOf(err)}
	return s.formFailed(v, err, func(status int) error { return s.showPeople(w, v, status, page) })
}

func (s *server) addPersonChecked(v *visit, p candor.Person) (archive.Receipted, error) {
	if !handlePattern.MatchString(string(p.ID)) {
		return archive.Receipted{}, candor.Errorf(candor.Invalid, "The sign-in name must be lower-case letters, digits, dots and hyphens, such as r.osei. Nobody was added.")
	}
	return s.Archive.AddPerson(v.Context(), v.who, p, v.PostFormValue("password"))
}

// formFailed shows a form again when what was typed is the trouble, and passes
// any other error on.
func (s *server) formFailed(v *visit, err error, again func(status int) error) error {
	switch code := candor.CodeOf(err); code {
	case candor.Invalid, candor.Conflict, candor.TooLarge, candor.Denied:
		s.note(v, err)
		if shown := again(statusOf(code)); shown == nil {
			return nil
		}
	}
	return err
}

type collectionsPage struct {
	Collections []archive.CollectionInfo
	Name, Title string
	May         bool
	Problem     string
}

func (s *server) collections(w http.ResponseWriter, v *visit) error {
	return s.showCollections(w, v, http.StatusOK, collectionsPage{})
}

func (s *server) showCollections(w http.ResponseWriter, v *visit, status int, page collectionsPage) error {
	cols, err := s.Archive.Collections(v.Context(), v.who)
	if err != nil {
		return err
	}
	page.Collections, page.May = cols, v.who.Person.Has(candor.Administrator)
	return s.show(w, v, status, "collections", "Collections", page)
}

func (s *server) addCollection(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	page := collectionsPage{Name: strings.TrimSpace(v.PostFormValue("name")), Title: strings.TrimSpace(v.PostFormValue("title"))}
	done, err := s.Archive.AddCollection(v.Context(), v.who, page.Name, page.Title)
	if err == nil {
		return goTo(w, v, recordedAt("/collections", done.Receipt))
	}
	page.Problem = candor.MessageOf(err)
	return s.formFailed(v, err, func(status int) error { return s.showCollections(w, v, status, page) })
}
