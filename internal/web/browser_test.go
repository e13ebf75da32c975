package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	devruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"candor"
	"candor/internal/report"
	"candor/receipt"
)

// step is one action in a browser.
type step = chromedp.Action[chromedp.Void]

// browser starts a headless Chromium with one tab. Without a Chromium the test
// is skipped, except where CI says that everything must run.
func browser(t testing.TB) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium: install the package chromium")
		}
		t.Skip("no Chromium: install the package chromium to run the browser tests")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	return ctx
}

// run performs steps in the browser.
func run(t testing.TB, ctx context.Context, steps ...step) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	must(t, chromedp.Do(ctx, steps...))
}

// value evaluates an expression in the page.
func value[T any](t testing.TB, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func command[P, R any](c cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// leave takes a step that leads to another page, and waits until that page is
// there: what comes next must not look at the one before.
func leave(away step) step {
	here := func(ctx context.Context, t *chromedp.Target) (int64, error) {
		h, err := cdp.Call(ctx, t, page.GetNavigationHistory, cdp.Empty{})
		if err != nil || h.CurrentIndex < 0 || h.CurrentIndex >= int64(len(h.Entries)) {
			return 0, errors.Join(err, ctx.Err())
		}
		return int64(h.Entries[h.CurrentIndex].ID), nil
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		before, err := here(ctx, t)
		if err != nil {
			return err
		}
		if _, err := away(ctx, t); err != nil {
			return err
		}
		for {
			// Between two pages there is none to ask: that is no error.
			if now, err := here(ctx, t); err == nil && now != before {
				return nil
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

func click(selector string) step { return chromedp.Click(chromedp.CSS(selector)) }
func await(selector string) step { return chromedp.WaitVisible(chromedp.CSS(selector)) }
func keys(sel, text string) step { return chromedp.SendKeys(chromedp.CSS(sel), text) }
func press(key string) step      { return chromedp.KeyEvent(key) }
func setCookie(d *desk, name, value string) step {
	return command(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: d.server.URL})
}

// enter gives the browser the session of a signed-in reader, and no other.
func enter(r *reader) step {
	u, err := url.Parse(r.d.server.URL)
	must(r.d.t, err)
	steps := []step{command(network.ClearBrowserCookies, cdp.Empty{})}
	for _, c := range r.c.Jar.Cookies(u) {
		steps = append(steps, setCookie(r.d, c.Name, c.Value))
	}
	return chromedp.Steps(steps...)
}

func screen(width, height int64, scheme string) step {
	return chromedp.Steps(
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// TestShots writes a picture of every page to $CANDOR_SHOTS, to be looked at.
func TestShots(t *testing.T) {
	dir := os.Getenv("CANDOR_SHOTS")
	if dir == "" {
		t.Skip("set CANDOR_SHOTS to a folder to have pictures of every page written there")
	}
	d := newDesk(t, readsIdentities)
	ctx := browser(t)
	lind, osei, admin := d.signedIn("m.lind"), d.signedIn("r.osei"), d.signedIn("a.keller")
	tan := d.signedIn("j.tan")
	noor, locked := d.signedIn("i.noor"), d.signedIn("p.voss")
	noor.unlock(d.archive.audit.identity.String())
	found := noor.findActs(url.Values{})
	results, _ := lind.search("quay tender")
	answer, _ := lind.asked("What does the model say of the quay?")
	lind.post(results+"/keep", url.Values{"name": {"Quay tenders"}, "watch": {"1"}})
	lind.post(results+"/keep", url.Values{"name": {"Everything about the long quay wall and its tenders"}})
	d.archive.saved[0].New, d.archive.saved[0].Looked = 3, d.archive.now()
	from := filepath.Base(results)
	pdf, _ := lind.open(0, from)
	mail, _ := lind.open(1, from)
	film, _ := lind.open(d.archive.recording(), from)
	d.archive.list[0].Acts = append(d.archive.list[0].Acts, candor.ActAnalyse)
	workable, _ := lind.open(1, from)
	picture, _ := lind.open(3, from)
	d.archive.beginJobs()
	d.archive.items[0].Retyped = []candor.Retyping{{Page: 1, By: "j.tan", At: d.archive.now()}}
	scan, _ := lind.open(0, from)
	folded, _ := lind.post(results+"/narrow", url.Values{"fold": {"thread"}})
	for i := range d.archive.entries["add-1"] {
		d.archive.entries["add-1"][i].Item = d.archive.items[1].ID
	}
	shots := []struct {
		name string
		who  *reader
		path string
		do   step
	}{
		{"signin", d.visitor(), "/signin", nil},
		{"search", lind, "/", nil},
		{"results", lind, results, nil},
		{"results-folded", lind, folded.Request.URL.Path, nil},
		{"results-keep", lind, results, click(".keep summary")},
		{"answer", lind, answer, nil},
		{"answer-coming", lind, "/", chromedp.Steps(keys("#mode", "a"), keys("#q", "What does the model say slowly of the quay?\r"), await(".aloud p + p"))},
		{"mark", lind, results, chromedp.Steps(click(".mark summary"), click(".check-it"), await(".mark-check:not(:empty)"))},
		{"strip", lind, results, click(".strip summary")},
		{"refused", lind, "/", chromedp.Steps(keys("#q", "everything\r"), await(".refused"))},
		{"wrong", lind, "/", chromedp.Steps(keys("#q", "council AND \"quay wall\r"), await(".wrong"))},
		{"nothing", lind, "/", chromedp.Steps(keys("#q", "zeppelin\r"), await(".empty"))},
		{"nopurpose", admin, "/", nil},
		{"pending", tan, "/", nil},
		{"view-pdf", lind, pdf, nil},
		{"view-languages", lind, pdf + "#sheet-2", nil},
		{"view-mail", lind, mail, nil},
		{"view-translation", lind, workable + "&tab=translation", nil},
		{"view-retype", lind, scan, click(".retype summary")},
		{"view-again", lind, workable + "&tab=again", nil},
		{"again", lind, workable + "&tab=again", chromedp.Steps(click(".card .button.primary"), await(".row .button.primary"))},
		{"jobs", lind, "/jobs", nil},
		{"view-film", lind, film, nil},
		{"view-picture", lind, picture, nil},
		{"view-details", lind, picture + "&tab=details", nil},
		{"purposes", lind, "/purposes", nil},
		{"decide", osei, "/purposes/p-pending222", nil},
		{"purpose", lind, "/purposes/p-flooding22", nil},
		{"ask", lind, "/purposes/new", nil},
		{"add", lind, "/add", nil},
		{"addition", lind, "/additions/add-1?condition=", nil},
		{"addition-again", lind, "/additions/add-1?condition=encrypted", click("details.card summary")},
		{"addition-cost", lind, "/additions/add-1?condition=encrypted", chromedp.Steps(click(".card summary"), click("[name=estimate]"), await(".lead"))},
		{"people", admin, "/people", nil},
		{"collections", admin, "/collections", nil},
		{"audit-locked", locked, "/audit", nil},
		{"audit", noor, "/audit", nil},
		{"audit-found", noor, found, nil},
		{"audit-record", noor, found + "/2", nil},
		{"override", lind, "/purposes/new", chromedp.Steps(click("main details summary"), chromedp.ScrollIntoView(chromedp.CSS("main details")))},
		{"terms", lind, "/terms", nil},
		{"help", lind, "/help", nil},
		{"notfound", lind, "/nowhere", nil},
		{"keys", lind, results, press("?")},
		{"itemlink", lind, "/item/" + string(d.archive.items[0].ID), nil},
		{"me", lind, "/", click(".me summary")},
		{"near", lind, "/", chromedp.Steps(setCookie(d, purposeCookie, "p-flooding22"), chromedp.Reload())},
	}
	for _, v := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"light", 1280, 900, "light"}, {"dark", 1280, 900, "dark"}, {"phone", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"}} {
		for _, s := range shots {
			if only := os.Getenv("CANDOR_SHOTS_ONLY"); only != "" {
				if ok, _ := filepath.Match(only, s.name+"-"+v.name); !ok {
					continue
				}
			}
			steps := []step{enter(s.who), screen(v.width, v.height, v.scheme), chromedp.Navigate(d.server.URL + s.path)}
			if s.do != nil {
				steps = append(steps, s.do)
			}
			run(t, ctx, append(steps, chromedp.Sleep(400*time.Millisecond))...)
			png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s.png", s.name, v.name)), png, 0o600))
		}
	}
}

// allPages lists every page a signed-in person can come to.
func allPages(d *desk) map[string][]string {
	lind := d.signedIn("m.lind")
	results, _ := lind.search("quay tender")
	answer, _ := lind.asked("What does the model say of the quay?")
	lind.post(results+"/keep", url.Values{"name": {"Quay tenders"}, "watch": {"1"}})
	lind.post(results+"/keep", url.Values{"name": {"Everything about the long quay wall and its tenders"}})
	d.archive.saved[0].New, d.archive.saved[0].Looked = 3, d.archive.now()
	from := filepath.Base(results)
	pdf, _ := lind.open(0, from)
	picture, _ := lind.open(3, from)
	d.archive.list[0].Acts = append(d.archive.list[0].Acts, candor.ActAnalyse)
	d.archive.beginJobs()
	d.archive.items[0].Retyped = []candor.Retyping{{Page: 1, By: "j.tan", At: d.archive.now()}}
	scan, _ := lind.open(0, from)
	return map[string][]string{
		"m.lind": {"/", results, answer, pdf, picture, scan, "/additions/add-1?condition=encrypted", pdf + "&tab=details", pdf + "&tab=parts", pdf + "&tab=places", pdf + "&tab=record", "/purposes", "/purposes/new",
			"/purposes/p-flooding22", "/add", "/jobs", "/additions", "/additions/add-1", "/additions/add-1?condition=failed", "/collections", "/terms", "/help",
			"/nowhere", "/view/gone", "/item/" + string(d.archive.items[0].ID)},
		"a.keller": {"/", "/people", "/collections"},
		"r.osei":   {"/", "/purposes", "/purposes/p-pending222"},
		"j.tan":    {"/"},
		"":         {"/signin", "/help", "/terms"},
	}
}

// basics finds what keeps people from using a page: fields without a name,
// pictures without words, headings out of order, a page wider than the screen.
const basics = `(() => {
  const bad = [], say = (what, el) => bad.push(what + ": " + el.outerHTML.slice(0, 120));
  const named = (el) => (el.labels?.length && [...el.labels].some((l) => l.textContent.trim())) || el.getAttribute("aria-label") || el.getAttribute("aria-labelledby") || el.textContent.trim() || el.title;
  for (const el of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], summary")) if (!named(el)) say("no name", el);
  for (const el of document.querySelectorAll("img")) if (!el.alt) say("no words for a picture", el);
  for (const el of document.querySelectorAll("svg:not([aria-hidden=true]):not([role=img])")) say("a drawing neither hidden nor described", el);
  for (const el of document.querySelectorAll("[style], script:not([src]), [onclick]")) say("inline style or script", el);
  for (const el of document.querySelectorAll("nav, section[aria-label], [role=region]")) if (!el.getAttribute("aria-label")) say("a region without a name", el);
  if (document.querySelectorAll("main").length !== 1) bad.push("not one main");
  if (document.querySelectorAll("h1").length !== 1) bad.push("not one h1 but " + document.querySelectorAll("h1").length);
  if (!document.documentElement.lang || !document.title) bad.push("no language or title");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) bad.push("the id " + id + " twice");
  for (const el of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) for (const id of (el.getAttribute("aria-describedby") || el.getAttribute("aria-labelledby")).split(" ")) if (!ids.includes(id)) say("described by nothing", el);
  if (document.documentElement.scrollWidth > innerWidth) {
    bad.push("wider than the screen by " + (document.documentElement.scrollWidth - innerWidth));
    for (const el of document.querySelectorAll("main *")) if (el.getBoundingClientRect().right > innerWidth + 1) { say("it sticks out", el); break; }
  }
  for (const el of document.querySelectorAll("main p, main dd, main li, main td, main a, main button, main label, main h1, main h2, .strip *, .top a")) {
    if (!el.textContent.trim() || el.closest("[aria-hidden=true], mark, .unseen, .skip, details:not([open]) > :not(summary)")) continue;
    const c = contrast(el);
    if (c < 4.5) { say("contrast " + c.toFixed(2), el); break; }
  }
  return bad;
  function rgb(s) { const m = s.match(/[\d.]+/g).map(Number); return s.startsWith("color(srgb") ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1]; }
  function light([r, g, b]) { const f = (v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); }
  function contrast(el) {
    let back = el;
    while (back.parentElement && rgb(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
    const a = light(rgb(getComputedStyle(el).color)), b = light(rgb(getComputedStyle(back).backgroundColor));
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }
})()`

// complaints collects what the browser complains about: scripts that throw,
// console errors, broken policies, files that are missing.
type complaints struct {
	mu  sync.Mutex
	all []string
}

func listen(t testing.TB, ctx context.Context) *complaints {
	t.Helper()
	c := &complaints{}
	note := func(text string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, text)
	}
	run(t, ctx, command(devlog.Enable, cdp.Empty{}), command(devruntime.Enable, cdp.Empty{}))
	go func() {
		for e, err := range chromedp.Events(ctx, devruntime.ExceptionThrown) {
			if err != nil {
				return
			}
			note("thrown: " + e.ExceptionDetails.Text)
		}
	}()
	go func() {
		for e, err := range chromedp.Events(ctx, devlog.EntryAdded) {
			if err != nil {
				return
			}
			if e.Entry.Level == devlog.EntryLevelError && !strings.Contains(e.Entry.Text, "status of 404") {
				note("logged: " + e.Entry.Text + " " + e.Entry.URL)
			}
		}
	}()
	return c
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.all
	c.all = nil
	return out
}

// withPublicLog puts the pages of the public log in the place of the stub.
func withPublicLog(t testing.TB) func(*Config) {
	return func(c *Config) {
		log := c.Archive.(*standIn).log
		public, err := report.Handler(report.Config{
			Figures: func(context.Context) (receipt.Figures, error) {
				var f receipt.Figures
				for i, leaf := range log.leaves {
					rec, err := receipt.ParseRecord(leaf)
					if err != nil {
						return f, err
					}
					f.Add(int64(i), rec)
				}
				return f, nil
			},
			Receipt: func(_ context.Context, index int64) (receipt.Receipt, error) { return log.receipt(index) },
			Witnessed: func() report.Witnessed {
				return report.Witnessed{Needed: "1 witness", Awaited: true, Witnesses: []report.Witness{{Name: log.witness.Name(), Key: log.witness.Verifier(), At: testNow}}}
			},
			Now: c.Now, Logger: c.Logger,
		})
		must(t, err)
		c.Public = public
	}
}

// Every page, light and dark, on a desk and on a phone: no console error, every
// field has a name, every text can be read, nothing sticks out.
func TestBrowserEveryPage(t *testing.T) {
	d := newDesk(t, withPublicLog(t))
	pages := allPages(d)
	pages[""] = append(pages[""], "/log", "/log/record/0", "/log/record/9999")
	ctx := browser(t)
	heard := listen(t, ctx)
	for _, s := range []step{screen(1280, 900, "light"), screen(390, 844, "light"), screen(390, 844, "dark"), screen(1280, 900, "dark")} {
		for who, paths := range pages {
			r := d.visitor()
			if who != "" {
				r = d.signedIn(who)
			}
			run(t, ctx, enter(r), s)
			for _, path := range paths {
				run(t, ctx, chromedp.Navigate(d.server.URL+path))
				width := value[int](t, ctx, "innerWidth")
				dark := value[bool](t, ctx, `matchMedia("(prefers-color-scheme: dark)").matches`)
				for _, bad := range value[[]string](t, ctx, basics) {
					t.Errorf("%s for %q, %d px, dark %v: %s", path, who, width, dark, bad)
				}
				for _, bad := range heard.take() {
					t.Errorf("%s for %q: %s", path, who, bad)
				}
			}
		}
	}
}

func TestBrowserKeyboard(t *testing.T) {
	d := newDesk(t)
	ctx := browser(t)
	heard := listen(t, ctx)
	focused := `document.activeElement.closest(".hit")?.querySelector(".hit-title").textContent ?? document.activeElement.id`
	run(t, ctx, enter(d.signedIn("m.lind")), screen(1280, 900, "light"), chromedp.Navigate(d.server.URL+"/help"), chromedp.Navigate(d.server.URL+"/"))
	run(t, ctx, press("\x1b"), press("/"))
	if got := value[string](t, ctx, focused); got != "q" {
		t.Fatalf("/ leads to %q, not to the box", got)
	}
	// The driver types the key after its event was cancelled; a keyboard does not.
	value[any](t, ctx, `document.querySelector("#q").value = ""`)
	run(t, ctx, keys("#q", "quay tender\r"), await(".hits"), press("j"), press("j"), press("j"), press("k"))
	if got := value[string](t, ctx, focused); got != "Re: quay wall, the late tender" {
		t.Fatalf("j j j k leads to %q", got)
	}
	run(t, ctx, press("?"), await("#keys[open]"), press("\x1b"))
	if value[bool](t, ctx, `document.querySelector("#keys").open`) {
		t.Error("Escape does not close the help")
	}
	run(t, ctx, press("\r"), await(".item-head"), press("n"))
	if got := value[string](t, ctx, `document.querySelector("mark.here")?.textContent ?? ""`); got != "tender" {
		t.Errorf("n leads to the mark %q", got)
	}
	for _, bad := range heard.take() {
		t.Error(bad)
	}
}

// The whole main job with script switched off.
// TestBrowserCompletes: the last word that is typed is completed by what was shown,
// and nothing is asked for it.
func TestBrowserCompletes(t *testing.T) {
	d := newDesk(t)
	lind := d.signedIn("m.lind")
	lind.search("quay tender")
	ctx := browser(t)
	heard := listen(t, ctx)
	run(t, ctx, enter(lind), screen(1280, 900, "light"), chromedp.Navigate(d.server.URL+"/"), keys("#q", "harbour e. b"))
	if got := value[[]string](t, ctx, `[...document.querySelectorAll("#offers option")].map((o) => o.value)`); len(got) != 0 {
		t.Errorf("two words are completed by %q", got)
	}
	value[any](t, ctx, `document.querySelector("#q").value = ""`)
	run(t, ctx, keys("#q", "harbour E"))
	if got := value[[]string](t, ctx, `[...document.querySelectorAll("#offers option")].map((o) => o.value)`); len(got) != 1 || got[0] != `harbour "E. Brandt"` {
		t.Errorf("the last word is completed by %q", got)
	}
	if n := value[int](t, ctx, `performance.getEntriesByType("resource").filter((r) => r.initiatorType === "fetch" || r.initiatorType === "xmlhttprequest").length`); n != 0 {
		t.Errorf("typing asked the server %d times", n)
	}
	for _, bad := range heard.take() {
		t.Error(bad)
	}
}

// TestBrowserAsks: a question leads over its answer, as it is told, to its page.
func TestBrowserAsks(t *testing.T) {
	d := newDesk(t)
	ctx := browser(t)
	heard := listen(t, ctx)
	run(t, ctx, enter(d.signedIn("m.lind")), screen(1280, 900, "light"), chromedp.Navigate(d.server.URL+"/"))
	value[any](t, ctx, `document.querySelector("#mode").value = "ask"`)
	run(t, ctx, keys("#q", "What does the model say of the quay?\r"), await(".hits"))
	if got := value[string](t, ctx, `document.querySelector(".answer")?.textContent ?? ""`); !strings.Contains(got, "<b>tendered</b>") {
		t.Errorf("the page says %q", got)
	}
	if n := d.archive.acts; n != 1 {
		t.Errorf("it took %d acts", n)
	}
	for _, bad := range heard.take() {
		t.Error(bad)
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	d := newDesk(t)
	ctx := browser(t)
	run(t, ctx, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}), screen(1280, 900, "light"),
		command(network.ClearBrowserCookies, cdp.Empty{}),
		chromedp.Navigate(d.server.URL+"/purposes/new"),
		keys("input[name=who]", "m.lind"), keys("input[name=password]", password+"\r"),
		await("textarea"), click(`input[value=research]`), keys("textarea", "Cranes"), click(`input[value=harbour]`), click(".stack .button.primary"),
		await(".recorded"), click(".recorded .mark summary"), await(".recorded .facts"),
		chromedp.Navigate(d.server.URL+"/"), keys("#q", "quay tender\r"), await(".hits"),
		click(`input[value="type=application/pdf"]`), leave(click(".narrow-form .button")), await(".hits"),
		leave(click(".hit-title")), await(".leaf img"), leave(click(".tabs a:nth-child(2)")), await("table.fields"),
		click(".me summary"), click(`.theme button[value=dark]`), await("html[data-theme=dark]"))
	if n := len(d.archive.views); n != 1 {
		t.Errorf("%d items were opened, want 1", n)
	}
}

// The browser checks a receipt by itself, and finds one that does not hold.
func TestBrowserChecksReceipts(t *testing.T) {
	d := newDesk(t, func(c *Config) { c.Witnesses, c.Quorum = []string{c.Archive.(*standIn).log.witness.Verifier()}, 1 })
	ctx := browser(t)
	r := d.signedIn("m.lind")
	for range 9 { // trees of many shapes
		r.search("quay")
	}
	results, _ := r.search("quay tender")
	run(t, ctx, enter(r), screen(1280, 900, "light"))
	check := func(spoil string) string {
		run(t, ctx, chromedp.Navigate(d.server.URL+results))
		value[any](t, ctx, spoil+";0")
		run(t, ctx, click(".mark summary"), click(".check-it"), await(".mark-check:not(:empty)"))
		return value[string](t, ctx, `document.querySelector(".mark-check").textContent`)
	}
	if got := check("0"); !strings.Contains(got, "Checked here, offline") || !strings.Contains(got, "as witnesses cosigned: witness.example") {
		t.Errorf("a good receipt: %s", got)
	}
	unwatched := `document.querySelector(".mark").dataset.witnesses = ""; document.querySelector(".mark").dataset.quorum = "0"`
	if got := check(unwatched); !strings.Contains(got, "and the log signed that.") {
		t.Errorf("a receipt of an archive without witnesses: %s", got)
	}
	edit := func(change string) string {
		return `{ const m = document.querySelector(".mark"); let s = atob(m.dataset.receipt); ` + change + `; m.dataset.receipt = btoa(s); }`
	}
	for name, spoil := range map[string]string{
		"another index":    edit(`s = s.replace(/index (\d+)/, (_, n) => "index " + (n - 1))`),
		"another record":   edit(`s = s.replace(/extra (.)/, (_, c) => "extra " + (c === "A" ? "B" : "A"))`),
		"a larger tree":    edit(`s = s.replace(/archive\n(\d+)\n/, (_, n) => "archive\n" + (Number(n) + 1) + "\n")`),
		"a missing hash":   edit(`s = s.replace(/(index \d+\n)[^\n]+\n/, "$1")`),
		"another log":      `document.querySelector(".mark").dataset.key = "other.example+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`,
		"no cosignature":   edit(`s = s.replace(/\u2014 witness[^\n]+\n|\xe2\x80\x94 witness[^\n]+\n/, "")`),
		"another time":     edit(`s = s.replace(/(witness\.example [^\n]{8})../, "$1zz")`),
		"another body":     edit(`s = s.replace(/(witness\.example [^\n]{60})../, "$1zz")`),
		"no receipt":       `document.querySelector(".mark").dataset.receipt = btoa("hello")`,
		"a spoilt receipt": edit(`s = s.replace(/(example\/archive [^\n]{20})../, "$1xx")`),
	} {
		if got := check(spoil); strings.Contains(got, "Checked here") || got == "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestBrowserAdds(t *testing.T) {
	d := newDesk(t)
	ctx := browser(t)
	heard := listen(t, ctx)
	dir := t.TempDir()
	var names []string
	for i := range 3 {
		name := filepath.Join(dir, fmt.Sprintf("letter %d.txt", i))
		must(t, os.WriteFile(name, fmt.Appendf(nil, "letter %d", i), 0o600))
		names = append(names, name)
	}
	run(t, ctx, enter(d.signedIn("m.lind")), screen(1280, 900, "light"), chromedp.Navigate(d.server.URL+"/add"),
		chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]:not([webkitdirectory])`), names))
	if got := value[string](t, ctx, `document.querySelector("#chosen").textContent`); got != "3 files, 24 bytes" {
		t.Errorf("chosen: %s", got)
	}
	run(t, ctx, click("#add .button.primary"), await(".account-parts"))
	if string(d.archive.sent["letter 2.txt"]) != "letter 2" || d.archive.adds[0].Finished.IsZero() {
		t.Errorf("sent: %d files, finished %v", len(d.archive.sent), d.archive.adds[0].Finished)
	}
	for _, bad := range heard.take() {
		t.Error(bad)
	}
}
