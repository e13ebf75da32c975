package web

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/archive"
)

//go:embed templates
var templateFiles embed.FS

//go:embed texts/en.json
var englishTexts []byte

func encodeID(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// pages renders templates with the interface texts filled in.
type pages struct {
	byName map[string]*template.Template
	texts  map[string]string // a text as templates and code hold it -> as it is shown
}

// trust is what the browser checks receipts against.
type trust struct {
	LogKey    string
	Witnesses string // keys, parted by spaces
	Quorum    int
}

// envelope is what the frame around every page needs.
type envelope struct {
	Title    string
	Name     string // of the template
	Theme    string // light, dark, or "" for what the device prefers
	Path     string // of this page, for forms that come back to it
	Solo     bool
	HasLog   bool
	Trust    trust
	SignedIn bool
	Person   candor.Person
	Now      time.Time
	Current  *archive.PurposeInfo
	Usable   []archive.PurposeInfo
	Pending  *archive.PurposeInfo // the newest request not decided yet, when there is no active purpose
	Waiting  int                  // purposes that wait for this person's decision
	News     int64                // items that are new to searches they keep
	Record   *mark                // of the act that led here
	Data     any
}

func parsePages() (*pages, error) {
	p := &pages{byName: map[string]*template.Template{}}
	if err := json.Unmarshal(englishTexts, &p.texts); err != nil {
		return nil, candor.Wrap(err, candor.Internal, "the interface texts do not parse")
	}
	base, err := template.New("").Funcs(p.funcs()).ParseFS(templateFiles, "templates/frame/*.html")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "the page frame does not parse")
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "there are no page templates")
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		one, err := base.Clone()
		if err == nil {
			one, err = one.ParseFS(templateFiles, path.Join("templates", f.Name()))
		}
		if err != nil {
			return nil, candor.Wrap(err, candor.Internal, "the page %s does not parse", f.Name())
		}
		p.byName[strings.TrimSuffix(f.Name(), ".html")] = one
	}
	return p, nil
}

// text translates an interface text and fills in its arguments.
func (p *pages) text(message string, args ...any) string {
	if shown, ok := p.texts[message]; ok {
		message = shown
	}
	if len(args) == 0 {
		return message
	}
	return fmt.Sprintf(message, args...)
}

// saying finds the texts that the script uses: say("…").
var saying = regexp.MustCompile(`say\((?:[^"()]*\? )?("(?:[^"\\]|\\.)*")(?: : ("(?:[^"\\]|\\.)*"))?`)

// sayings lists the texts of the script.
func sayings(script string) []string {
	var out []string
	for _, m := range saying.FindAllStringSubmatch(script, -1) {
		for _, quoted := range m[1:] {
			if text, err := strconv.Unquote(quoted); err == nil {
				out = append(out, text)
			}
		}
	}
	return out
}

// scriptTexts serves the texts that the script needs, as they are to be shown.
func (s *server) scriptTexts(w http.ResponseWriter, r *http.Request) {
	script, err := assets.ReadFile("assets/candor.js")
	shown := map[string]string{}
	for _, text := range sayings(string(script)) {
		shown[text] = s.pages.text(text)
	}
	body, encodeErr := json.Marshal(shown)
	if err = errors.Join(err, encodeErr); err != nil {
		s.Logger.Error("the script's texts could not be served", "cause", err.Error())
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	if _, err := fmt.Fprintf(w, "globalThis.candorTexts = %s;\n", body); err != nil {
		s.Logger.Debug("the script's texts did not reach the browser")
	}
}

// many chooses between the texts for one and for more, and fills in the count.
func (p *pages) many(n any, one, more string) string {
	if toInt(n) == 1 {
		return p.text(one, count(n))
	}
	return p.text(more, count(n))
}

func (p *pages) funcs() template.FuncMap {
	return template.FuncMap{
		"t": p.text, "many": p.many,
		"count": count, "size": size, "date": date, "moment": moment, "duration": duration, "day": day,
		"icon": icon, "kind": kindOf, "language": languageName, "nameOf": nameOf, "timeCode": candor.TimeCode, "isPart": func(it candor.Item) bool { return len(it.Places) > 0 && it.Places[0].Parent != "" },
		"snippet": snippetPieces, "hitPages": hitPages, "mark": markOf, "share": share,
		"coverageBar": coverageBar, "accountBar": accountBar, "accountParts": p.accountParts,
		"near": nearBudget, "left": itemsLeft, "add": func(a, b int) int { return a + b },
		"pairs": pairs, "askLink": askLink, "lastDay": func(t time.Time) time.Time { return t.AddDate(0, 0, -1) },
		"has": func(list []string, s string) bool {
			for _, have := range list {
				if have == s {
					return true
				}
			}
			return false
		},
		"acts": func(list []candor.Act) string {
			var words []string
			for _, a := range list {
				words = append(words, p.text(string(a)))
			}
			return strings.Join(words, ", ")
		},
		"roles": func(list []candor.Role) string {
			var words []string
			for _, r := range list {
				words = append(words, p.text(string(r)))
			}
			return strings.Join(words, ", ")
		},
		"shortPurpose": shortPurpose,
		"firstPassage": firstPassage,
		"fieldParts":   fieldParts,
	}
}

// pairs makes a map for a template that needs several values.
func pairs(kv ...any) (map[string]any, error) {
	if len(kv)%2 != 0 {
		return nil, fmt.Errorf("pairs needs an even number of values")
	}
	out := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		out[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return out, nil
}

// shortPurpose cuts the explanation of a purpose to a few words.
func shortPurpose(why string) string {
	const most = 44
	why = strings.Join(strings.Fields(why), " ")
	if r := []rune(why); len(r) > most {
		cut := string(r[:most])
		if i := strings.LastIndexByte(cut, ' '); i > most/2 {
			cut = cut[:i]
		}
		return strings.TrimRight(cut, ",;:. ") + "…"
	}
	return why
}

// show renders a page in full before it sends any of it.
func (s *server) show(w http.ResponseWriter, v *visit, status int, name, title string, data any) error {
	e := s.envelope(v, name, title)
	e.Data = data
	t, ok := s.pages.byName[name]
	if !ok {
		return candor.Errorf(candor.Internal, "There is no page %s. Nothing was shown.", name)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "frame", e); err != nil {
		return candor.Wrap(err, candor.Internal, "The page could not be made.")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := out.WriteTo(w)
	if err != nil {
		s.Logger.Debug("a page did not reach the browser", "page", name)
	}
	return nil
}

func (s *server) envelope(v *visit, name, title string) envelope {
	e := envelope{
		Title: s.pages.text(title), Name: name, Theme: themeOf(v.Request), Path: returnPath(v.Request), Solo: s.Solo,
		HasLog: s.Public != nil, Trust: trust{s.LogKey, strings.Join(s.Witnesses, " "), s.Quorum}, SignedIn: v.signedIn, Person: v.who.Person, Now: s.Now(),
		Current: v.current, Usable: v.usable(), Waiting: len(v.waiting()), News: v.news(),
	}
	if e.Current == nil {
		for _, p := range v.mine() {
			if p.StatusNow == candor.Requested {
				e.Pending = &p
				break
			}
		}
	}
	if v.signedIn && v.Method == http.MethodGet {
		e.Record = s.recordMark(v)
	}
	return e
}

// recordMark shows the record that the last act left, as it stands in the log.
func (s *server) recordMark(v *visit) *mark {
	n := int64(number(v.URL.Query().Get("record"), -1))
	if n < 0 {
		return nil
	}
	r, err := s.Archive.Receipt(v.Context(), n)
	if err != nil {
		return nil
	}
	m := markOf(r)
	return &m
}

// returnPath is where a form in the frame (theme, purpose) comes back to.
func returnPath(r *http.Request) string {
	if r.Method != http.MethodGet {
		return "/"
	}
	return r.URL.RequestURI()
}

func themeOf(r *http.Request) string {
	if theme := cookie(r, themeCookie); theme == "light" || theme == "dark" {
		return theme
	}
	return ""
}

type errorPage struct {
	Code    candor.Code
	Message string
	Rule    string
}

var errorTitles = map[candor.Code]string{
	candor.Invalid: "That could not be read", candor.NotFound: "Not found", candor.Denied: "Refused",
	candor.Conflict: "Already so", candor.TooLarge: "Too large", candor.Unavailable: "Not available now",
	candor.Verification: "Something does not hold", candor.NotSupported: "Not something this archive can do",
	candor.Internal: "A fault of ours",
}

// fail turns an error into an answer: a sign-in, a page, or JSON for the script.
func (s *server) fail(w http.ResponseWriter, v *visit, err error) {
	code := candor.CodeOf(err)
	s.note(v, err)
	if wantsJSON(v.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(statusOf(code))
		// The connection may be gone; there is nobody else to tell.
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": string(code), "message": candor.MessageOf(err)}})
		return
	}
	if code == candor.SignIn && !s.Solo {
		http.Redirect(w, v.Request, signInPath(v.Request), http.StatusSeeOther)
		return
	}
	title := errorTitles[code]
	if title == "" {
		title = errorTitles[candor.Internal]
	}
	w.Header().Del("Content-Disposition")
	page := errorPage{code, candor.MessageOf(err), ruleOf(err)}
	if shown := s.show(w, v, statusOf(code), "error", title, page); shown != nil {
		s.note(v, shown)
		http.Error(w, s.pages.text("Something went wrong inside Candor. Nothing was released. See the server's own log."), http.StatusInternalServerError)
	}
}

// note logs a failure by its code and route, never by what was asked. Causes
// are logged only where they are faults of the machinery.
func (s *server) note(v *visit, err error) {
	code := candor.CodeOf(err)
	switch code {
	case candor.Internal, candor.Unavailable, candor.Verification:
		s.Logger.Error("a page could not be made", "code", string(code), "route", v.Pattern, "cause", err.Error())
	default:
		s.Logger.Debug("a request was not met", "code", string(code), "route", v.Pattern)
	}
}
