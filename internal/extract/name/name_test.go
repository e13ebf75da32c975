package name

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"letters/1931/a.txt", "letters/1931/a.txt"},
		{"../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"},
		{"/etc/passwd", "etc/passwd"},
		{`C:\Users\x\..\a.doc`, "C:/Users/x/%2E%2E/a.doc"},
		{"caf\xe9.txt", "caf%E9.txt"},
		{"über.txt", "über.txt"},
		{"a\x00b\nc", "a%00b%0Ac"},
		{"invoice\u202efdp.exe", "invoice%E2%80%AEfdp.exe"},
		{"...", "..."},
		{"//", "unnamed"},
		{"", "unnamed"},
	} {
		if got := Clean(c.raw); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.raw, got, c.want)
		}
	}
	if got := Base("a/b/c.txt"); got != "c.txt" {
		t.Errorf("Base gives %q", got)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"../a", "/x/./y", `\\host\share\f`, "caf\xe9", strings.Repeat("ü/", 4000), "\u2066x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p := Clean(raw)
		if p == "" || len(p) > MaxBytes || !utf8.ValidString(p) || p[0] == '/' || strings.ContainsAny(p, "\\\x00\n") {
			t.Fatalf("Clean(%q) = %q", raw, p)
		}
		for _, e := range strings.Split(p, "/") {
			if e == "." || e == ".." || e == "" {
				t.Fatalf("Clean(%q) = %q", raw, p)
			}
		}
		if again := Clean(p); again != p {
			t.Fatalf("Clean(%q) = %q, then %q", raw, p, again)
		}
	})
}
