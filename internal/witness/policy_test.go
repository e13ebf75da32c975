package witness

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"candor"
)

func mustParse(t testing.TB, text string) Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// witnessLines are n witnesses a0, a1, ...
func witnessLines(t testing.TB, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "witness a%d %s https://w.example/%d\n", i, testSigner(t, fmt.Sprintf("witness.example/a%d", i)).Key(), i)
	}
	return b.String()
}

func TestPolicy(t *testing.T) {
	l := newLog(t, "log.example/a")
	p := mustParse(t, "# who witnesses\n\n  log "+l.vkey+" https://log.example/a\n"+witnessLines(t, 5)+
		"group x 2 a0 a1 a2\n\tgroup\ty any a3 a4\ngroup both all x y\nquorum both\nmode later\n")
	if len(p.Logs) != 1 || p.Logs[0].Origin != l.origin || len(p.Witnesses) != 5 || p.Witnesses[1].URL != "https://w.example/1" || p.Mode != Later {
		t.Errorf("%+v", p)
	}
	for _, tc := range []struct {
		who  string
		want bool
	}{{"", false}, {"01", false}, {"013", true}, {"34", false}, {"0124", true}, {"034", false}, {"024", true}, {"01234", true}} {
		if got := p.Satisfied(func(i int) bool { return strings.Contains(tc.who, fmt.Sprint(i)) }); got != tc.want {
			t.Errorf("cosigned by %q: %v", tc.who, got)
		}
	}
	if _, err := p.Trust(testVerifier(t, l.vkey)); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("groups in groups: %v", err)
	}
	one := mustParse(t, witnessLines(t, 2)+"quorum a1")
	trust, err := one.Trust(testVerifier(t, l.vkey))
	if err != nil || trust.Quorum != 1 || len(trust.Witnesses) != 1 || trust.Witnesses[0].Name() != "witness.example/a1" || one.Mode != Wait {
		t.Errorf("one witness: %v %+v", err, trust)
	}
}

func TestBadPolicies(t *testing.T) {
	w := witnessLines(t, 3)
	key := testSigner(t, "witness.example/a0").Key()
	logKey := newLog(t, "log.example/a").vkey
	sameKeyOtherName := func() string {
		s := testSigner(t, "witness.example/a0")
		key := s.public
		sum := sha256.Sum256(append([]byte("witness.example/other\n"), key...))
		return fmt.Sprintf("witness.example/other+%x+%s", sum[:4], base64.StdEncoding.EncodeToString(key))
	}()
	for name, text := range map[string]string{
		"empty":                     "",
		"no quorum":                 w,
		"two quorums":               w + "quorum a0\nquorum a1\n",
		"two modes":                 w + "quorum a0\nmode wait\nmode wait\n",
		"unknown mode":              w + "quorum a0\nmode soon\n",
		"unknown word":              w + "quorum a0\nmirror a0\n",
		"quorum before its witness": "quorum a0\n" + w,
		"quorum of nobody":          w + "quorum a9\n",
		"quorum that is a number":   w + "quorum 2\n",
		"group of nobody":           w + "group g any\nquorum a0\n",
		"group with a later one":    "group g any a0\n" + w + "quorum g\n",
		"group with none":           w + "group g any none\nquorum g\n",
		"member twice":              w + "group g 2 a0 a0\nquorum g\n",
		"member of two groups":      w + "group g any a0 a1\ngroup h any a1 a2\nquorum h\n",
		"more than there are":       w + "group g 4 a0 a1 a2\nquorum g\n",
		"none of them":              w + "group g 0 a0\nquorum g\n",
		"k with a zero":             w + "group g 01 a0\nquorum g\n",
		"k with a sign":             w + "group g +1 a0\nquorum g\n",
		"a witness named none":      "witness none " + key + "\nquorum none\n",
		"a name twice":              w + "witness a0 " + testSigner(t, "z").Key() + "\nquorum a0\n",
		"a key twice":               w + "witness again " + key + "\nquorum a0\n",
		"a key twice, renamed":      w + "witness again " + sameKeyOtherName + "\nquorum a0\n",
		"a log's key for a witness": "witness a0 " + logKey + "\nquorum a0\n",
		"a key changed":             "witness a0 " + strings.Replace(key, "a0+", "a1+", 1) + "\nquorum a0\n",
		"not a key":                 "witness a0 key\nquorum a0\n",
		"a log twice":               "log " + logKey + "\nlog " + logKey + "\nquorum none\n",
		"address with a password":   "witness a0 " + key + " https://u:p@w.example\nquorum a0\n",
		"address that is a file":    "witness a0 " + key + " file:///etc\nquorum a0\n",
		"words too many":            "witness a0 " + key + " https://w.example extra\nquorum a0\n",
		"CRLF":                      strings.ReplaceAll(w+"quorum a0\n", "\n", "\r\n"),
		"a null byte":               w + "quorum a0\x00\n",
		"too long":                  w + "quorum a0\n" + strings.Repeat("#\n", maxPolicy),
	} {
		if _, err := ParsePolicy([]byte(text)); err == nil || candor.CodeOf(err) == candor.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := "witness a0 w.example+00000000+BgAA\nquorum a0\n"
	if _, err := ParsePolicy([]byte(broken)); candor.CodeOf(err) != candor.Invalid || !strings.Contains(err.Error(), "Line 1") {
		t.Errorf("a malformed ML-DSA key: %v", err)
	}
}

func TestSafeQuorum(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 10: 7} {
		if got := SafeQuorum(n); got != want {
			t.Errorf("of %d: %d, want %d", n, got, want)
		}
	}
}

// TestOverlap compares the arithmetic with all pairs of quorums.
func TestOverlap(t *testing.T) {
	policies := []string{"quorum a0", "group x 2 a0 a1 a2\ngroup y any a3 a4\ngroup both all x y\nquorum both",
		"group x 2 a0 a1 a2\ngroup y any a3 a4\ngroup both any x y\nquorum both", "group x all a0 a1\ngroup y 3 a2 a3 a4 a5 x\nquorum y",
		"group x 2 a0 a1 a2\ngroup y 3 x a3 a4 a5\nquorum y"}
	for n := 1; n <= 6; n++ {
		for k := 1; k <= n; k++ {
			policies = append(policies, fmt.Sprintf("group g %d %s\nquorum g", k, strings.Join([]string{"a0", "a1", "a2", "a3", "a4", "a5"}[:n], " ")))
		}
	}
	for _, text := range policies {
		p := mustParse(t, witnessLines(t, 6)+text)
		if got, want := p.quorum.overlap(), bruteOverlap(p); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func bruteOverlap(p Policy) int {
	var quorums []int
	for set := range 1 << len(p.Witnesses) {
		if p.Satisfied(func(i int) bool { return set&(1<<i) != 0 }) {
			quorums = append(quorums, set)
		}
	}
	least := len(p.Witnesses)
	for _, a := range quorums {
		for _, b := range quorums {
			n := 0
			for c := a & b; c != 0; c &= c - 1 {
				n++
			}
			least = min(least, n)
		}
	}
	return least
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string][]string{
		"quorum none":                                  {"No witness is needed"},
		"quorum a0":                                    {"One dishonest witness", "none to spare"},
		"quorum a0\nmode later":                        {"One dishonest witness"},
		"group g 1 a0 a1 a2\nquorum g":                 {"Two halves", "1 of 3 witnesses suffice"},
		"group g 2 a0 a1 a2\nquorum g":                 {"One dishonest witness", "3 are needed"},
		"group g 3 a0 a1 a2\nquorum g":                 {"none to spare"},
		"group g 3 a0 a1 a2 a3\nquorum g":              {},
		"group g 4 a0 a1 a2 a3 a4\nquorum g":           {},
		"group g 3 a0 a1 a2 a3 a4\nquorum g":           {"One dishonest witness", "4 are needed"},
		"group g all a0 a1 a2 a3\nquorum g\nmode wait": {"none to spare"},
	} {
		got := mustParse(t, witnessLines(t, 6)+text).Warnings()
		if len(got) != len(want) {
			t.Errorf("%q: %q", text, got)
			continue
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%q: %q lacks %q", text, got[i], want[i])
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for text, want := range map[string]string{
		"quorum none": "no witness", "quorum a1": "1 of 1 witnesses", "group g 2 a0 a1 a2\nquorum g": "2 of 3 witnesses",
		"group g any a0\ngroup h all g a1\nquorum h": `the group "h" of 3 witnesses`,
	} {
		if got := mustParse(t, witnessLines(t, 3)+text).Describe(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
