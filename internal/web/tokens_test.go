package web

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// tokens reads the custom properties of one block of the stylesheet.
func tokens(t *testing.T, css, selector string) map[string]string {
	t.Helper()
	block := regexp.MustCompile(regexp.QuoteMeta(selector) + `\s*\{([^}]*)\}`).FindStringSubmatch(css)
	if block == nil {
		t.Fatalf("the stylesheet has no %s", selector)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{6});`).FindAllStringSubmatch(block[1], -1) {
		out[m[1]] = m[2]
	}
	return out
}

// luminance is that of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	must(t, err)
	f := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*f(n>>16) + 0.7152*f(n>>8) + 0.0722*f(n)
}

func TestTokensCanBeRead(t *testing.T) {
	data, err := assets.ReadFile("assets/candor.css")
	must(t, err)
	light := tokens(t, string(data), ":root")
	dark, darkToo := tokens(t, string(data), ":root[data-theme=dark]"), tokens(t, string(data), ":root:not([data-theme=light])")
	if len(light) < 20 || len(dark) != len(light) {
		t.Fatalf("%d light and %d dark tokens", len(light), len(dark))
	}
	for name := range dark {
		if dark[name] != darkToo[name] {
			t.Errorf("--%s differs between the switch and the preference", name)
		}
	}
	for scheme, tok := range map[string]map[string]string{"light": light, "dark": dark} {
		check := func(least float64, front string, backs ...string) {
			for _, back := range backs {
				a, b := luminance(t, tok[front]), luminance(t, tok[back])
				if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, front, back, c, least)
				}
			}
		}
		check(4.5, "ink", "paper", "sheet", "well", "accent-wash", "amber-wash", "red-wash")
		check(4.5, "quiet", "paper", "sheet", "well", "amber-wash")
		check(4.5, "accent", "paper", "sheet", "well", "accent-wash")
		check(4.5, "accent-ink", "accent")
		check(4.5, "marker-ink", "marker")
		check(4.5, "amber", "amber-wash")
		check(4.5, "red", "red-wash", "sheet")
		check(3, "edge", "paper", "sheet") // borders of fields
		for _, c := range []string{"is-done", "is-encrypted", "is-failed", "is-unsupported"} {
			check(3, c, "sheet")
		}
	}
}
