package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

var now = time.Date(2026, 11, 23, 14, 27, 0, 0, time.UTC)

// ledger is a list of records with the figures they give.
type ledger struct {
	t       testing.TB
	records []receipt.Record
}

func (l *ledger) add(when time.Time, r receipt.Record) int64 {
	n := len(l.records)
	r.V, r.Time, r.Actor, r.Terms = 1, receipt.FormatTime(when), "m-7f3kq2", "sha256:"+strings.Repeat("ab", 32)
	r.Nonce = base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{byte(n), byte(n >> 8)}, 8))
	if _, err := r.Marshal(); err != nil {
		l.t.Fatal(err)
	}
	l.records = append(l.records, r)
	return int64(n)
}

// act adds an intent and its outcome.
func (l *ledger) act(when time.Time, r receipt.Record) int64 {
	in := l.add(when, receipt.Record{Act: r.Act, Phase: receipt.Intent, Purpose: r.Purpose, Reason: r.Reason, Collection: r.Collection, Agent: r.Agent})
	r.Phase, r.Intent = receipt.Outcome, &in
	return l.add(when, r)
}

func (l *ledger) figures(context.Context) (receipt.Figures, error) {
	var f receipt.Figures
	for i, r := range l.records {
		f.Add(int64(i), r)
	}
	return f, nil
}

func (l *ledger) receipt(_ context.Context, n int64) (receipt.Receipt, error) {
	if n < 0 || n >= int64(len(l.records)) {
		return receipt.Receipt{}, candor.Errorf(candor.NotFound, "There is no record %d.", n)
	}
	leaf, err := l.records[n].Marshal()
	if err != nil {
		return receipt.Receipt{}, err
	}
	body := receipt.Checkpoint{Origin: "velmere.example/archive", Size: int64(len(l.records)), Hash: tlog.RecordHash(leaf)}.Marshal()
	return receipt.Receipt{Index: n, Leaf: leaf, Checkpoint: append(body, "\n— velmere.example/archive AAAA\n"...)}, nil
}

func busy(t testing.TB) *ledger {
	l := &ledger{t: t}
	for i := range 9 {
		at := now.AddDate(0, i-9, 0)
		if i == 3 || i == 4 {
			continue
		}
		l.act(at, receipt.Record{Act: "add", Collection: "harbour", Decision: receipt.Allow, Items: int64(180 * (i + 1)), Bytes: int64(310_000_000 * (i + 1))})
		l.act(at, receipt.Record{Act: "add", Collection: "council", Decision: receipt.Allow, Items: 140, Bytes: 31_000_000})
	}
	for i, p := range []string{"p-harbour234", "p-flooding22"} {
		l.act(now.AddDate(0, 0, -12), receipt.Record{Act: "request", Purpose: p, Reason: "research", Decision: receipt.Allow, Rule: "readers-may-ask"})
		l.act(now.AddDate(0, 0, -11), receipt.Record{Act: "approve", Purpose: p, Reason: "research", Decision: receipt.Allow, Rule: "second-person",
			Grant: &receipt.Grant{Status: receipt.Active, Acts: []string{"search", "open"}, Collections: []string{"harbour"}, Coverage: int64(500 - 300*i), Expires: receipt.FormatExpires(now.AddDate(0, 0, 20-30*i))}})
	}
	for i := range 14 {
		l.act(now.AddDate(0, 0, -8), receipt.Record{Act: "search", Purpose: "p-harbour234", Reason: "research", Collection: "harbour", Decision: receipt.Allow, Rule: "within-budget", Breadth: "narrow", Shown: 20, New: int64(i % 9)})
	}
	l.act(now.AddDate(0, 0, -7), receipt.Record{Act: "open", Purpose: "p-harbour234", Reason: "research", Collection: "harbour", Decision: receipt.Allow, Rule: "within-budget", Shown: 1, Bytes: 482_133})
	l.act(now.AddDate(0, 0, -6), receipt.Record{Act: "search", Purpose: "p-flooding22", Reason: "research", Collection: "harbour", Decision: receipt.Refuse, Rule: "breadth-within-purpose", Breadth: "sweeping"})
	l.act(now.AddDate(0, 0, -5), receipt.Record{Act: "search", Purpose: "p-flooding22", Reason: "research", Collection: "harbour", Agent: true, Decision: receipt.Allow, Rule: "within-budget", Breadth: "narrow", Shown: 7, New: 7})
	l.add(now, receipt.Record{Act: "open", Phase: receipt.Intent, Purpose: "p-harbour234", Reason: "research", Collection: "harbour"})
	return l
}

func config(l *ledger) Config {
	return Config{Figures: l.figures, Receipt: l.receipt, Name: "the Port Velmere archive", Now: func() time.Time { return now }}
}

func get(t testing.TB, cfg Config, path string) (*http.Response, string) {
	t.Helper()
	h, err := Handler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://velmere.example"+path, nil))
	return w.Result(), w.Body.String()
}

func TestReportSaysWhatIsSo(t *testing.T) {
	l := busy(t)
	_, body := get(t, config(l), "/log")
	main := body[strings.Index(body, "<article"):]
	first := main[:strings.Index(main, "</p>")]
	if !strings.Contains(first, "No witness outside the operator's control is configured, so split views cannot be excluded.") {
		t.Errorf("the first line is %q", first)
	}
	for _, want := range []string{
		"candor verify http://velmere.example", "breadth-within-purpose", "1 begun without an outcome", "1 act was done by an AI agent",
		"p-flooding22", "expired", "items kept", "No purpose has been shown more than", "by an AI agent was allowed: narrow, 7 items shown, 7 of them new", "A custodian that colludes", `<svg class="curve"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	f, _ := l.figures(t.Context())
	for _, want := range []string{count(f.Items), size(f.Bytes), count(f.Records)} {
		if !strings.Contains(body, "<dd>"+want+"</dd>") {
			t.Errorf("the report does not show the figure %s", want)
		}
	}
	if _, again := get(t, config(l), "/log"); again != body {
		t.Error("the same figures gave two different pages")
	}
}

func TestWitnessesAndSolo(t *testing.T) {
	cfg := config(busy(t))
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	w := Witnessed{Needed: "2 of 2 witnesses", Awaited: true, Witnesses: []Witness{{Name: "witness.example"}, {Name: "other.example"}}}
	cfg.Witnessed = func() Witnessed { return w }
	if _, body := get(t, cfg, "/log"); !strings.Contains(body, "None has cosigned yet, so split views cannot be excluded") {
		t.Error("witnesses that have not cosigned are taken for cosignatures")
	}
	w.Witnesses[1].At = now.Add(-3*time.Minute - time.Second)
	w.Witnesses[0].At = now.Add(-2 * time.Hour)
	_, body := get(t, cfg, "/log")
	first, _, _ := strings.Cut(body, "<h1>")
	for _, want := range []string{"witness.example, other.example", "2 of 2 witnesses must have cosigned before anything is shown", ">3 minutes ago</time>"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first line does not say %q: %s", want, first)
		}
	}
	if strings.Contains(body, "split views cannot be excluded") {
		t.Error("with witnesses the page still says that there are none")
	}
	res, state := get(t, cfg, "/log/witnesses.json")
	var told Witnessed
	if err := json.Unmarshal([]byte(state), &told); err != nil || res.StatusCode != http.StatusOK || len(told.Witnesses) != 2 || !told.Witnesses[1].At.Equal(w.Witnesses[1].At) {
		t.Errorf("witnesses.json: %v %s", err, state)
	}
	cfg.Solo = true
	if _, body = get(t, cfg, "/log"); !strings.Contains(body, "Solo: not independently approved") {
		t.Error("a solo archive does not say so")
	}
}

func TestEmptyLog(t *testing.T) {
	res, body := get(t, config(&ledger{t: t}), "/log")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "No purpose has been shown anything yet.") {
		t.Errorf("an empty log: %s", res.Status)
	}
}

func TestCoverageSentence(t *testing.T) {
	figures := func(used, held int64) receipt.Figures {
		return receipt.Figures{Collections: map[string]int64{"main": held},
			Purposes: map[string]*receipt.PurposeFigures{"p-a": {Used: used, Collections: []string{"main"}}}}
	}
	for _, tt := range []struct {
		used, held int64
		want       string
	}{
		{0, 100, "No purpose has been shown anything yet."},
		{4, 1000, "No purpose has been shown more than 0.4 % of any collection."},
		{1, 3000, "No purpose has been shown more than 0.1 % of any collection."}, // rounded up, never down
		{50, 100, "No purpose has been shown more than 50 % of any collection."},
		{100, 100, "At least one purpose may have been shown all of a collection."},
		{5, 0, "At least one purpose may have been shown all of a collection."},
	} {
		if got := coverageSentence(figures(tt.used, tt.held)); got != tt.want {
			t.Errorf("%d of %d: %q, want %q", tt.used, tt.held, got, tt.want)
		}
	}
}

func TestMonthBefore(t *testing.T) {
	for month, want := range map[string]string{"2026-11": "2026-10", "2026-01": "2025-12", "2026-12": "2026-11"} {
		if got := monthBefore(month); got != want {
			t.Errorf("before %s comes %s, want %s", month, got, want)
		}
	}
}

func TestRecordAndReceipt(t *testing.T) {
	l := busy(t)
	res, body := get(t, config(l), "/log/record/1")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "Adding in harbour was allowed: 180 items, 310 MB.") || !strings.Contains(body, `href="/log/record/0"`) {
		t.Errorf("record 1: %s\n%s", res.Status, body)
	}
	_, text := get(t, config(l), "/log/record/1.receipt")
	rec, err := receipt.Parse([]byte(text))
	if err != nil || rec.Index != 1 {
		t.Errorf("the saved receipt: %v", err)
	}
	for _, bad := range []string{"-1", "99999", "01", "1.html", "x", "1.receipt.receipt", "9999999999999999999999"} {
		if res, _ := get(t, config(l), "/log/record/"+bad); res.StatusCode != http.StatusNotFound {
			t.Errorf("record %s: %s", bad, res.Status)
		}
	}
}

func TestFiguresJSON(t *testing.T) {
	l := busy(t)
	_, body := get(t, config(l), "/log/figures.json")
	var got receipt.Figures
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Records != int64(len(l.records)) {
		t.Errorf("figures.json: %v, %d records", err, got.Records)
	}
}

// Figures come from a log that somebody else may have written: nothing in them
// may become markup.
func TestNothingBecomesMarkup(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	cfg := config(&ledger{t: t})
	cfg.Name = evil
	cfg.Witnessed = func() Witnessed { return Witnessed{Needed: evil, Witnesses: []Witness{{Name: evil}}} }
	cfg.Figures = func(context.Context) (receipt.Figures, error) {
		return receipt.Figures{
			Refusals: map[string]int64{evil: 1}, Collections: map[string]int64{evil: 1, "b": 2}, Acts: map[string]receipt.Tally{"add": {}},
			Months:   []receipt.Month{{Month: evil, Items: 4}, {Month: "2026-11", Items: 5}},
			Purposes: map[string]*receipt.PurposeFigures{evil: {Reason: evil, Status: evil, Expires: evil}},
			Newest:   []receipt.IndexedRecord{{Index: 1, Record: receipt.Record{Act: evil, Collection: evil, Rule: evil, Decision: receipt.Refuse}}},
		}, nil
	}
	cfg.Receipt = func(context.Context, int64) (receipt.Receipt, error) {
		return receipt.Receipt{Leaf: []byte(evil), Checkpoint: []byte(evil)}, nil
	}
	for _, p := range []string{"/log", "/log/record/1"} {
		if _, body := get(t, cfg, p); strings.Contains(body, "<script") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: markup got through", p)
		}
	}
}

func TestUnavailable(t *testing.T) {
	cfg := config(&ledger{t: t})
	cfg.Figures = func(context.Context) (receipt.Figures, error) {
		return receipt.Figures{}, candor.Errorf(candor.Unavailable, "The log cannot be read.")
	}
	if res, body := get(t, cfg, "/log"); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "The log cannot be read.") {
		t.Errorf("%s %s", res.Status, body)
	}
}

type memoryFile struct {
	bytes.Buffer
	files map[string]string
	name  string
}

func (m *memoryFile) Close() error { m.files[m.name] = m.String(); return nil }

func siteFiles(t testing.TB, l *ledger) map[string]string {
	t.Helper()
	style, err := os.ReadFile("../web/assets/candor.css")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	cfg := config(l)
	cfg.Address = "https://velmere.example"
	if err := Site(t.Context(), cfg, style, func(name string) (io.WriteCloser, error) { return &memoryFile{files: files, name: name}, nil }); err != nil {
		t.Fatal(err)
	}
	return files
}

// Every link of the static site leads to a file of it.
func TestSiteHasNoDeadLinks(t *testing.T) {
	files := siteFiles(t, busy(t))
	links, n := regexp.MustCompile(`href="([^"#]+)"`), 0
	for name, body := range files {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			n++
			if target := path.Join(path.Dir(name), m[1]); files[target] == "" {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d links were found", n)
	}
}

func TestSiteReportsFaults(t *testing.T) {
	full := fmt.Errorf("no space left on device")
	err := Site(t.Context(), config(busy(t)), nil, func(string) (io.WriteCloser, error) { return nil, full })
	if err == nil || !strings.Contains(err.Error(), full.Error()) {
		t.Errorf("a full disk gave %v", err)
	}
}

// A year of a busy archive still prints on two sides of paper.
func TestPrintsOnTwoSides(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium: install the package chromium")
		}
		t.Skip("no Chromium: install the package chromium to run the browser tests")
	}
	l := busy(t)
	for i := range 80 {
		id := fmt.Sprintf("p-purpose%c%c2", 'a'+i/26, 'a'+i%26)
		l.act(now, receipt.Record{Act: "request", Purpose: id, Reason: "research", Decision: receipt.Allow, Rule: "readers-may-ask"})
		l.act(now, receipt.Record{Act: "search", Purpose: id, Decision: receipt.Refuse, Rule: fmt.Sprintf("rule-%d", i)})
		l.act(now, receipt.Record{Act: receipt.Acts()[5+i%9], Purpose: id, Decision: receipt.Failed})
	}
	dir := t.TempDir()
	writeSite(t, l, dir)
	pdf := filepath.Join(dir, "log.pdf")
	// #nosec G204 -- the program's name is a constant
	cmd := exec.CommandContext(t.Context(), chromium, "--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking",
		"--allow-file-access-from-files", "--no-pdf-header-footer", "--user-data-dir="+filepath.Join(dir, "profile"), "--print-to-pdf="+pdf, "file://"+filepath.Join(dir, "index.html"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
	data, err := os.ReadFile(pdf)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`/Type /Page\b`).FindAll(data, -1)); n < 1 || n > 2 {
		t.Errorf("the report prints on %d sides, want at most 2", n)
	}
}

func writeSite(t testing.TB, l *ledger, dir string) {
	t.Helper()
	for name, body := range siteFiles(t, l) {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWriteSite writes the static site to $CANDOR_SITE, to be looked at.
func TestWriteSite(t *testing.T) {
	dir := os.Getenv("CANDOR_SITE")
	if dir == "" {
		t.Skip("set CANDOR_SITE to a folder to have the static site written there")
	}
	writeSite(t, busy(t), dir)
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "less than a minute ago", 59 * time.Second: "less than a minute ago", time.Minute: "1 minute ago",
		119 * time.Minute: "1 hour ago", 47 * time.Hour: "1 day ago", 2400 * time.Hour: "100 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// Overrides are told before anything else, each with its record; without one
// the page says nothing of them.
func TestOverridesComeFirst(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 27, 0, 0, time.UTC)
	var f receipt.Figures
	page := func() string {
		t.Helper()
		h, err := Handler(Config{
			Figures: func(context.Context) (receipt.Figures, error) { return f.Clone(), nil },
			Receipt: func(context.Context, int64) (receipt.Receipt, error) { return receipt.Receipt{}, nil },
			Now:     func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/log", nil))
		if w.Code != 200 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	if strings.Contains(page(), "override") {
		t.Error("the page tells of overrides that were not")
	}
	at := receipt.FormatTime(now)
	f.Add(0, receipt.Record{Act: "override", Phase: receipt.Outcome, Decision: receipt.Allow, Purpose: "p-breakglass", Reason: "safety-of-a-person", Time: at})
	f.Add(1, receipt.Record{Act: "approve", Phase: receipt.Outcome, Decision: receipt.Allow, Purpose: "p-breakglass", Reason: "safety-of-a-person", Time: at,
		Grant: &receipt.Grant{Status: receipt.Active, Acts: []string{"search"}, Collections: []string{"main"}, Coverage: 20, Expires: receipt.FormatExpires(now.Add(time.Hour)), Override: true}})
	body := page()
	said, heading := strings.Index(body, "1 override was approved"), strings.Index(body, "<h1")
	if said < 0 || said > heading || !strings.Contains(body[said:heading], "p-breakglass") {
		t.Errorf("the override is told at %d, the heading stands at %d", said, heading)
	}
	if first := strings.Index(body, `<p class="first`); !strings.HasPrefix(body[first:], `<p class="first" id="overrides"`) {
		t.Error("something is told before the override")
	}
}
