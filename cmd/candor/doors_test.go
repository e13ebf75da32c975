package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/wire"
)

// There is no administrator who can see without a record: this test walks
// through every door as somebody who is an administrator and nothing else, with
// the true names of a reader's item, purpose, view and addition, and finds
// nothing of what the archive holds or was asked. A door that is not in the
// tables below fails the test.

// canaries are contents, titles, names of items, and what people asked or said.
var canaries = []string{"canarytext", "canarytitle", "canaryname", "canarybox", "canaryquery", "canarywhy", "canarysource"}

// apiDoors tells, for each operation of the API, what an administrator gets.
// {item}, {purpose}, {view}, {addition} and {search} stand for the reader's.
var apiDoors = map[string]struct {
	status int
	body   string
	why    string
}{
	"GET /status":                    {200, "", "version, and how many items there are"},
	"POST /session":                  {401, `{"person":"reader","password":"guess-guess"}`, "nobody else's session"},
	"GET /session":                   {200, "", "who they are"},
	"DELETE /session":                {204, "", "walked with a token that is not known as a session"},
	"POST /tokens":                   {200, `{"label":"x"}`, "a token of their own: it is an administrator's"},
	"GET /people":                    {200, "", "who may act: names and roles"},
	"POST /people":                   {200, `{"id":"new","name":"New","roles":["contributor"],"password":"long-enough-1"}`, "recorded as change-terms"},
	"GET /collections":               {200, "", "names of collections, and counts"},
	"POST /collections/{name}/ocr":   {200, `{"ocr":"off"}`, "recorded as change-terms"},
	"POST /collections":              {200, `{"name":"another","title":"Another"}`, "recorded as change-terms"},
	"GET /terms":                     {200, "", "the terms are public"},
	"GET /reasons":                   {200, "", "the reasons are public"},
	"GET /purposes":                  {200, "", "their own: none"},
	"POST /purposes":                 {403, `{"reason":"research","why":"to have a look around","collections":["main"]}`, "refused, on the record"},
	"GET /purposes/{id}":             {404, "", "another's is not known to them"},
	"POST /purposes/{id}/approve":    {409, "{}", "decided already; a requested one is refused by the terms"},
	"POST /purposes/{id}/refuse":     {409, "{}", "as above"},
	"POST /purposes/{id}/revoke":     {403, "", "refused, on the record"},
	"GET /additions":                 {200, "", "figures of additions, without what was said of them"},
	"POST /additions":                {403, `{"collection":"main","source":"x"}`, "refused before it begins; adding shows nothing"},
	"GET /additions/{id}":            {200, "", "its figures"},
	"GET /additions/{id}/entries":    {403, "", "entries name items"},
	"POST /additions/{id}/known":     {404, `{"files":[{"path":"canarybox/canaryname.html","bytes":1}]}`, "another's"},
	"PUT /additions/{id}/files":      {404, "x", "another's"},
	"POST /additions/{id}/failed":    {404, `{"path":"a","bytes":1,"reason":"x"}`, "another's"},
	"POST /additions/{id}/commit":    {404, `{}`, "another's"},
	"POST /ask/stream":               {403, `{"question":"what of herons?","purpose":"{purpose}"}`, "refused, on the record"},
	"POST /ask":                      {403, `{"question":"what of herons?","purpose":"{purpose}"}`, "refused, on the record"},
	"POST /analyse":                  {403, `{"items":["{item}"],"purpose":"{purpose}"}`, "refused, on the record"},
	"GET /jobs":                      {200, "", "their own: none"},
	"POST /jobs":                     {404, `{"items":["{item}"],"purpose":"{purpose}"}`, "another's purpose is not known to them"},
	"GET /jobs/{id}":                 {404, "", "another's"},
	"POST /jobs/{id}/stop":           {404, "", "another's"},
	"POST /search":                   {403, `{"query":"herons","purpose":"{purpose}"}`, "refused, on the record"},
	"GET /searches":                  {200, "", "their own: none"},
	"POST /searches":                 {404, `{"name":"x","request":{"query":"herons","purpose":"{purpose}"}}`, "another's purpose is not known to them"},
	"POST /searches/{id}/forget":     {404, "", "another's"},
	"POST /items/{id}/open":          {403, `{"purpose":"{purpose}"}`, "refused, on the record"},
	"POST /items/{id}/retype":        {403, `{"purpose":"{purpose}","page":1,"text":"x"}`, "refused, on the record"},
	"GET /views/{view}/retyped":      {404, "", "another's"},
	"GET /views/{view}":              {404, "", "another's, even by its secret name"},
	"GET /views/{view}/original":     {404, "", "another's"},
	"GET /views/{view}/text":         {404, "", "another's"},
	"GET /views/{view}/translations": {404, "", "another's"},
	"GET /views/{view}/thumbnail":    {404, "", "another's"},
	"GET /views/{view}/pages/{page}": {404, "", "another's"},
	"POST /export":                   {403, `{"purpose":"{purpose}","items":["{item}"]}`, "refused, on the record"},
	"GET /receipts/{index}":          {200, "", "records are public, and name nothing"},
	"POST /check":                    {200, "", "differences, by number and not by name"},
	"POST /rebuild":                  {200, "", "recorded; what it reads stays inside"},
	"POST /rekey":                    {200, "", "recorded; what it reads stays inside"},
	"POST /audit/records":            {403, `{}`, "refused, on the record"},
	"POST /audit/reviews":            {403, `{"index":3,"note":"mine"}`, "refused, on the record"},
	"POST /audit/destroy":            {403, `{"before":"2020-01-01T00:00:00Z"}`, "refused, on the record"},
}

// pageDoors tells the same of every page.
var pageDoors = map[string]struct {
	status int
	form   string
}{
	"GET /assets/":                          {200, ""},
	"GET /assets/texts.js":                  {200, ""},
	"GET /favicon.ico":                      {200, ""},
	"GET /log":                              {200, ""},
	"GET /log/":                             {200, ""},
	"GET /signin":                           {200, ""},
	"POST /signin":                          {401, "who=reader&password=guess-guess"},
	"POST /signout":                         {0, ""}, // last
	"POST /theme":                           {200, "theme=dark"},
	"GET /help":                             {200, ""},
	"GET /terms":                            {200, ""},
	"GET /{$}":                              {200, ""},
	"POST /search":                          {403, "q=herons&purpose={purpose}"},
	"POST /ask":                             {200, "q=herons&purpose={purpose}"}, // says in a line that it is refused
	"GET /results/{id}":                     {404, ""},
	"POST /results/{id}/narrow":             {404, "add=type:text/html"},
	"POST /results/{id}/page":               {404, "page=2"},
	"POST /results/{id}/again":              {404, ""},
	"GET /results/{id}/list.csv":            {404, ""},
	"POST /results/{id}/keep":               {404, "name=x"},
	"POST /saved/{id}/run":                  {404, ""},
	"POST /saved/{id}/forget":               {404, ""},
	"POST /results/{id}/originals":          {404, "collection=main"},
	"GET /item/{item}":                      {200, ""}, // says that a purpose is needed
	"POST /item/{item}/again":               {403, "purpose={purpose}&do=read"},
	"POST /item/{item}/retype":              {403, "purpose={purpose}&page=1&text=x"},
	"POST /open":                            {403, "item={item}&purpose={purpose}"},
	"GET /view/{id}":                        {404, ""},
	"GET /view/{id}/page/{file}":            {404, ""},
	"GET /view/{id}/image":                  {404, ""},
	"GET /view/{id}/sound":                  {404, ""},
	"GET /view/{id}/text":                   {404, ""},
	"GET /view/{id}/original":               {404, ""},
	"GET /purposes":                         {200, ""},
	"GET /purposes/new":                     {200, ""},
	"POST /purposes":                        {403, "reason=research&why=to+have+a+look+around&collection=main"},
	"GET /purposes/{id}":                    {404, ""},
	"POST /purposes/{id}/use":               {404, ""},
	"POST /purposes/{id}/decide":            {409, "decision=approve"},
	"POST /purposes/{id}/revoke":            {403, ""},
	"GET /add":                              {200, ""},
	"POST /add":                             {403, oneFile},
	"POST /add/begin":                       {403, "collection=main"},
	"POST /add/{id}/known":                  {404, "[]"},
	"POST /add/{id}/file":                   {404, ""},
	"POST /add/{id}/fail":                   {404, ""},
	"POST /add/{id}/commit":                 {404, ""},
	"GET /additions":                        {200, ""},
	"GET /additions/{id}":                   {200, ""},
	"POST /additions/{id}/again":            {403, "purpose={purpose}&condition=done"},
	"GET /jobs":                             {200, ""},
	"POST /jobs/{id}/stop":                  {404, ""},
	"GET /people":                           {200, ""},
	"POST /people":                          {200, "id=newer&name=Newer&password=long-enough-1&role=contributor"},
	"GET /collections":                      {200, ""},
	"POST /collections":                     {200, "name=more&title=More"},
	"GET /receipt/{index}":                  {200, ""},
	"GET /audit":                            {403, ""},
	"POST /audit/unlock":                    {403, ""},
	"POST /audit/lock":                      {403, ""},
	"POST /audit/find":                      {403, ""},
	"GET /audit/found/{id}":                 {403, ""},
	"GET /audit/found/{id}/{index}":         {403, ""},
	"POST /audit/found/{id}/{index}/review": {403, ""},
	"/":                                     {404, ""},
}

// commandDoors tells what each command does for an administrator who runs it
// against the server: its arguments, or why it is no door to an archive.
var commandDoors = map[string]struct {
	args string
	exit int
	not  string
}{
	"candor add":                {"{file} --collection main", exitRefused, ""},
	"candor audit destroy":      {"--before 2020", exitRefused, ""},
	"candor audit export":       {"3 -o {out}", exitRefused, ""},
	"candor audit hand-over":    {"", 0, "moves a key file of this machine, and opens nothing"},
	"candor audit item":         {"{item}", exitRefused, ""},
	"candor audit list":         {"", exitRefused, ""},
	"candor audit person":       {"reader", exitRefused, ""},
	"candor audit review":       {"3 --note mine", exitRefused, ""},
	"candor audit sample":       {"--n 3", exitRefused, ""},
	"candor check":              {"", exitDone, ""},
	"candor collection add":     {"fourth", exitDone, ""},
	"candor collection ocr":     {"main off", exitDone, ""},
	"candor collection list":    {"", exitDone, ""},
	"candor custodian consent":  {"", 0, "the custodian's own host"},
	"candor custodian init":     {"", 0, "the custodian's own host"},
	"candor custodian join":     {"", 0, "the custodian's own host"},
	"candor custodian restore":  {"", 0, "the custodian's own host"},
	"candor custodian serve":    {"", 0, "the custodian's own host"},
	"candor custodian split":    {"", 0, "the custodian's own host"},
	"candor custodian status":   {"", 0, "the custodian's own host"},
	"candor custodian allow":    {"", 0, "the custodian's own host"},
	"candor custodian prepare":  {"", 0, "makes keys for a new archive"},
	"candor custodian restored": {"", 0, "the custodian's own host"},
	"candor sequencer allow":    {"", 0, "the sequencer's own host"},
	"candor sequencer init":     {"", 0, "the sequencer's own host"},
	"candor sequencer prepare":  {"", 0, "makes keys for a new archive"},
	"candor sequencer serve":    {"", 0, "a sequencer sees public records and sealed details only"},
	"candor sequencer status":   {"", 0, "the sequencer's own host"},
	"candor extract-worker":     {"", 0, "reads what it is handed on a pipe"},
	"candor native-helper":      {"", 0, "becomes a program that has what it is handed on a pipe"},
	"candor status":             {"", exitDone, ""},
	"candor retype":             {"{item} --page 1 --text-file {file} --purpose {purpose}", exitRefused, ""},
	"candor analyse":            {"{item} --purpose {purpose}", exitRefused, ""},
	"candor jobs":               {"", exitDone, ""},
	"candor jobs show":          {"{job}", exitFailed, ""},
	"candor jobs stop":          {"{job}", exitFailed, ""},
	"candor witness policy":     {"", 0, "a witness sees checkpoints only"},
	"candor demo":               {"", 0, "makes an archive of its own"},
	"candor doctor":             {"", 0, "looks at this machine; opens nothing"},
	"candor export":             {"{item} --purpose {purpose} -o {out}", exitRefused, ""},
	"candor init":               {"", 0, "makes a new archive"},
	"candor kit restore":        {"", 0, "puts key files back; opens nothing"},
	"candor kit write":          {"", 0, "writes key files; opens nothing"},
	"candor login":              {"", 0, "walked as POST /session"},
	"candor open":               {"{item} --purpose {purpose}", exitRefused, ""},
	"candor person add":         {"newest --name Newest --role contributor", exitDone, ""},
	"candor person list":        {"", exitDone, ""},
	"candor purpose approve":    {"{purpose}", exitFailed, ""},
	"candor purpose list":       {"", exitDone, ""},
	"candor purpose refuse":     {"{purpose}", exitFailed, ""},
	"candor purpose request":    {"--collection main --reason research --why curious-about-everything --override", exitRefused, ""},
	"candor purpose revoke":     {"{purpose}", exitRefused, ""},
	"candor purpose show":       {"{purpose}", exitFailed, ""},
	"candor reasons":            {"", exitDone, ""},
	"candor ask":                {"herons --purpose {purpose}", exitRefused, ""},
	"candor mcp":                {"", 0, "acts under a purpose, of which an administrator has none"},
	"candor report":             {"", 0, "the public log"},
	"candor rebuild":            {"", exitDone, ""},
	"candor rekey":              {"", exitDone, ""},
	"candor search":             {"herons --purpose {purpose}", exitRefused, ""},
	"candor saved forget":       {"{search}", exitFailed, ""},
	"candor saved list":         {"", exitDone, ""},
	"candor saved run":          {"{search}", exitFailed, ""},
	"candor serve":              {"", 0, "the server that is walked through"},
	"candor token":              {"--label x", exitDone, ""},
	"candor verify":             {"{server}", exitDone, ""},
	"candor version":            {"", exitDone, ""},
	"candor witness init":       {"", 0, "a witness sees checkpoints only"},
	"candor witness key":        {"", 0, "a witness sees checkpoints only"},
	"candor witness serve":      {"", 0, "a witness sees checkpoints only"},
	"candor witness status":     {"", 0, "a witness sees checkpoints only"},
}

// oneFile is a form that hands in a file.
const oneFile = "--cut\r\nContent-Disposition: form-data; name=\"collection\"\r\n\r\nmain\r\n" +
	"--cut\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\na\r\n--cut--\r\n"

// building is an archive in use, served, and an administrator at its doors.
type building struct {
	t      *testing.T
	server *httptest.Server
	engine *engine
	admin  string // token
	reader archive.Actor
	fill   *strings.Replacer
}

const doorPassword = "correct horse"

func newBuilding(t *testing.T) *building {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	person := func(id string, roles ...candor.Role) archive.NewPerson {
		return archive.NewPerson{Person: candor.Person{ID: candor.PersonID(id), Name: id, Roles: roles}, Password: doorPassword}
	}
	e, err := createEngine(ctx, creation{
		engineConfig: engineConfig{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), Logger: slog.New(slog.DiscardHandler)},
		Origin:       "doors.test/archive", Collection: "main", Title: "Main",
		People: []archive.NewPerson{person("admin", candor.Administrator), person("reader", candor.Reader), person("approver", candor.Approver), person("adder", candor.Contributor)},
	})
	noError(t, err)
	t.Cleanup(func() { noError(t, e.Close(context.WithoutCancel(ctx))) })
	site, err := e.Site(siteConfig{})
	noError(t, err)
	b := &building{t: t, engine: e, server: httptest.NewServer(site)}
	t.Cleanup(b.server.Close)
	b.use(ctx, dir)
	return b
}

// use lets a contributor, a reader and an approver leave what there is to see.
func (b *building) use(ctx context.Context, dir string) {
	t, a := b.t, b.engine.archive
	actor := func(id candor.PersonID) archive.Actor {
		s, err := a.SignIn(ctx, id, doorPassword)
		noError(t, err)
		who, err := a.Authenticate(ctx, s.Secret)
		noError(t, err)
		if id == "admin" {
			b.admin = s.Secret
		}
		return who
	}
	adder, reader, approver := actor("adder"), actor("reader"), actor("approver")
	b.reader = reader
	actor("admin")
	file := "<html><head><title>canarytitle</title></head><body>canarytext of herons</body></html>"
	addition, err := a.BeginAddition(ctx, adder, archive.NewAddition{Collection: "main", Source: "canarysource", Expected: 1})
	noError(t, err)
	_, err = a.PutFile(ctx, adder, addition.ID, archive.FileHeader{Path: "canarybox/canaryname.html", Size: int64(len(file)), ModTime: time.Now()}, strings.NewReader(file))
	noError(t, err)
	_, err = a.CommitAddition(ctx, adder, addition.ID, true)
	noError(t, err)
	p, _, err := a.RequestPurpose(ctx, reader, archive.PurposeRequest{Reason: "research", Why: "canarywhy: to find out about herons", Collections: []string{"main"}})
	noError(t, err)
	_, _, err = a.DecidePurpose(ctx, approver, p.ID, true, "canarywhy too")
	noError(t, err)
	res, err := a.Search(ctx, reader, archive.SearchRequest{Query: "herons OR canaryquery", Purpose: p.ID})
	noError(t, err)
	if len(res.Hits) != 1 || res.Hits[0].Item.Title != "canarytitle" {
		t.Fatalf("the reader found %+v, so this test would prove nothing", res.Hits)
	}
	kept, err := a.SaveSearch(ctx, reader, "canaryquery", archive.SearchRequest{Query: "canaryquery", Purpose: p.ID}, true)
	noError(t, err)
	again, _, err := a.RequestPurpose(ctx, reader, archive.PurposeRequest{Reason: "research", Why: "canarywhy: to read herons again", Collections: []string{"main"}, Acts: []candor.Act{candor.ActAnalyse}})
	noError(t, err)
	_, _, err = a.DecidePurpose(ctx, approver, again.ID, true, "canarywhy too")
	noError(t, err)
	job, err := a.BeginJob(ctx, reader, archive.AnalyseRequest{Items: []candor.ItemID{res.Hits[0].Item.ID}, Purpose: again.ID})
	noError(t, err)
	view, err := a.Open(ctx, reader, archive.OpenRequest{Item: res.Hits[0].Item.ID, Purpose: p.ID})
	noError(t, err)
	text, err := view.Text(ctx)
	noError(t, err)
	if !strings.Contains(text, "canarytext") {
		t.Fatalf("the reader read %q, so this test would prove nothing", text)
	}
	local := filepath.Join(dir, "letter.txt")
	noError(t, os.WriteFile(local, []byte("a letter"), 0o600))
	b.fill = strings.NewReplacer("{item}", string(res.Hits[0].Item.ID), "{purpose}", string(p.ID), "{view}", view.ID, "{addition}", addition.ID,
		"{file}", local, "{out}", filepath.Join(dir, "out"), "{server}", b.server.URL, "{page}", "1.png", "{index}", "3", "{search}", kept.ID, "{job}", job.ID, "{name}", "main")
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// path fills in a route's names by where it stands.
func (b *building) path(route string) string {
	id := "{view}"
	for prefix, name := range map[string]string{"/items/": "{item}", "/item/": "{item}", "/purposes/": "{purpose}", "/searches/": "{search}", "/saved/": "{search}", "/jobs/": "{job}", "/additions/": "{addition}", "/add/": "{addition}"} {
		if strings.HasPrefix(route, prefix) {
			id = name
		}
	}
	route = strings.NewReplacer("{id}", id, "{file}", "1.png", "{$}", "").Replace(route)
	return b.fill.Replace(route)
}

// silentOn fails when an answer holds anything of what the archive holds.
func silentOn(t *testing.T, door, answer string) {
	t.Helper()
	for _, c := range canaries {
		if strings.Contains(strings.ToLower(answer), c) {
			t.Errorf("%s shows an administrator %s:\n%.600s", door, c, answer)
		}
	}
}

func (b *building) records() int64 { return b.engine.log.Size() }

func TestDoorsOfTheAPI(t *testing.T) {
	b := newBuilding(t)
	for _, route := range b.apiRoutes() {
		door, listed := apiDoors[route]
		if !listed {
			t.Errorf("%s is not listed: say in apiDoors what an administrator gets there", route)
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		token := b.admin
		if route == "DELETE /session" {
			token = b.token()
		}
		before := b.records()
		status, answer := b.ask(method, wire.Prefix+b.path(path)+queryOf(route), token, b.fill.Replace(door.body))
		if status != door.status {
			t.Errorf("%s: status %d, listed as %d (%s): %.300s", route, status, door.status, door.why, answer)
		}
		if strings.Contains(door.why, "record") && !strings.Contains(door.why, "records are") && b.records() == before {
			t.Errorf("%s left no record, and is listed as %q", route, door.why)
		}
		silentOn(t, route, answer)
	}
	if got := len(b.apiRoutes()); got != len(apiDoors) {
		t.Errorf("%d doors are listed and %d are there", len(apiDoors), got)
	}
}

func queryOf(route string) string {
	if strings.HasPrefix(route, "PUT ") || strings.HasSuffix(route, "/file") {
		return "?path=a"
	}
	return ""
}

// apiRoutes lists what the API says of itself.
func (b *building) apiRoutes() []string {
	b.t.Helper()
	_, body := b.ask("GET", wire.Prefix+"/openapi.json", "", "")
	_, body, _ = strings.Cut(body, "\n") // after the headers
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	noError(b.t, json.Unmarshal([]byte(body), &doc))
	var out []string
	for path, methods := range doc.Paths {
		for method := range methods {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	if len(out) < 20 {
		b.t.Fatalf("only %d operations were found", len(out))
	}
	return out
}

// token is a fresh session of the administrator.
func (b *building) token() string {
	s, err := b.engine.archive.SignIn(b.t.Context(), "admin", doorPassword)
	noError(b.t, err)
	return s.Secret
}

func (b *building) ask(method, path, token, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	noError(b.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return b.do(http.DefaultClient, req)
}

func (b *building) do(c *http.Client, req *http.Request) (int, string) {
	b.t.Helper()
	res, err := c.Do(req)
	noError(b.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	noError(b.t, err)
	return res.StatusCode, fmt.Sprint(res.Header) + "\n" + string(data)
}

var handled = regexp.MustCompile(`mux\.Handle(?:Func)?\("([^"]+)"`)

func TestDoorsOfThePages(t *testing.T) {
	b := newBuilding(t)
	source, err := os.ReadFile("../../internal/web/web.go")
	noError(t, err)
	routes := handled.FindAllStringSubmatch(string(source), -1)
	if len(routes) < 40 {
		t.Fatalf("only %d pages were found in the source", len(routes))
	}
	jar, err := cookiejar.New(nil)
	noError(t, err)
	browser := &http.Client{Jar: jar}
	if status, _ := b.page(browser, "POST", "/signin", "who=admin&password="+url.QueryEscape(doorPassword)); status != 200 {
		t.Fatalf("signing in: %d", status)
	}
	walk := func(route string) {
		door, listed := pageDoors[route]
		if !listed {
			t.Errorf("%q is not listed: say in pageDoors what an administrator gets there", route)
			return
		}
		method, path, ok := strings.Cut(route, " ")
		if !ok {
			method, path = "GET", "/nowhere"
		}
		status, answer := b.page(browser, method, b.path(path)+queryOf(route), b.fill.Replace(door.form))
		if door.status != 0 && status != door.status {
			t.Errorf("%s: status %d, listed as %d: %.200s", route, status, door.status, answer)
		}
		silentOn(t, route, answer)
	}
	for _, r := range routes {
		if r[1] != "POST /signout" {
			walk(r[1])
		}
	}
	for _, path := range []string{"/checkpoint", "/key", "/tile/0/000", "/tile/entries/000", "/log/figures.json", "/log/record/3"} {
		_, answer := b.page(browser, "GET", path, "")
		silentOn(t, path, answer)
	}
	walk("POST /signout")
}

func (b *building) page(c *http.Client, method, path, form string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(form))
	noError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if form == oneFile {
		req.Header.Set("Content-Type", "multipart/form-data; boundary=cut")
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(c, req)
}

func TestDoorsOfTheCommandLine(t *testing.T) {
	b := newBuilding(t)
	b.engine.log.Publish(t.Context())
	var commands []string
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if !cmd.HasSubCommands() && cmd.Name() != "help" {
			commands = append(commands, cmd.CommandPath())
		}
	}
	visit((&cli{env: func(string) string { return "" }}).command())
	if len(commands) < 25 {
		t.Fatalf("only %d commands were found", len(commands))
	}
	for _, name := range commands {
		door, listed := commandDoors[name]
		if !listed {
			t.Errorf("%q is not listed: say in commandDoors what an administrator gets from it", name)
			continue
		}
		if door.not != "" {
			continue
		}
		args := append(strings.Fields(name)[1:], strings.Fields(b.fill.Replace(door.args))...)
		exit, said := b.run(args...)
		if exit != door.exit {
			t.Errorf("%s: exit code %d, listed as %d: %s", name, exit, door.exit, said)
		}
		silentOn(t, name, said)
	}
}

// run runs a command as the administrator.
func (b *building) run(args ...string) (int, string) {
	var out bytes.Buffer
	keys := filepath.Join(filepath.Dir(b.engine.folder.dir), "keys")
	env := map[string]string{"CANDOR_TOKEN": b.admin, "CANDOR_NEW_PASSWORD": "long-enough-2"}
	args = append([]string{"--server", b.server.URL, "--config", keys}, args...)
	exit := run(b.t.Context(), args, strings.NewReader(""), &out, &out, func(name string) string { return env[name] })
	return exit, out.String()
}
