package web

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
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
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
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
	d := newDesk(t)
	ctx := browser(t)
	lind, osei, admin := d.signedIn("m.lind"), d.signedIn("r.osei"), d.signedIn("a.keller")
	tan := d.signedIn("j.tan")
	results, _ := lind.search("quay tender")
	from := filepath.Base(results)
	pdf, _ := lind.open(0, from)
	mail, _ := lind.open(1, from)
	picture, _ := lind.open(3, from)
	shots := []struct {
		name string
		who  *reader
		path string
		do   step
	}{
		{"signin", d.visitor(), "/signin", nil},
		{"search", lind, "/", nil},
		{"results", lind, results, nil},
		{"mark", lind, results, chromedp.Steps(click(".mark summary"), click(".check-it"), await(".mark-check:not(:empty)"))},
		{"strip", lind, results, click(".strip summary")},
		{"refused", lind, "/", chromedp.Steps(keys("#q", "everything\r"), await(".refused"))},
		{"nothing", lind, "/", chromedp.Steps(keys("#q", "zeppelin\r"), await(".empty"))},
		{"nopurpose", admin, "/", nil},
		{"pending", tan, "/", nil},
		{"view-pdf", lind, pdf, nil},
		{"view-mail", lind, mail, nil},
		{"view-picture", lind, picture, nil},
		{"view-details", lind, picture + "&tab=details", nil},
		{"purposes", lind, "/purposes", nil},
		{"decide", osei, "/purposes/p-pending222", nil},
		{"purpose", lind, "/purposes/p-flooding22", nil},
		{"ask", lind, "/purposes/new", nil},
		{"add", lind, "/add", nil},
		{"addition", lind, "/additions/add-1?condition=", nil},
		{"people", admin, "/people", nil},
		{"collections", admin, "/collections", nil},
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
	}{{"light", 1280, 900, "light"}, {"dark", 1280, 900, "dark"}, {"phone", 390, 844, "light"}} {
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
