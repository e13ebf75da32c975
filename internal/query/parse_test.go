package query

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"candor"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestParse(t *testing.T) {
	w := func(s string) Node { return Word{Text: s} }
	for _, c := range []struct {
		in    string
		want  Node
		print string // "" means as typed
	}{
		{"dredging", w("dredging"), ""},
		{"harbour contract", And{[]Node{w("harbour"), w("contract")}}, ""},
		{"harbour AND contract", And{[]Node{w("harbour"), w("contract")}}, "harbour contract"},
		{"a OR b c", Or{[]Node{w("a"), And{[]Node{w("b"), w("c")}}}}, "a OR (b c)"},
		{"a (b OR c)", And{[]Node{w("a"), Or{[]Node{w("b"), w("c")}}}}, ""},
		{"a (b c)", And{[]Node{w("a"), w("b"), w("c")}}, "a b c"},
		{"a -b", And{[]Node{w("a"), Not{w("b")}}}, ""},
		{"-b a", And{[]Node{w("a"), Not{w("b")}}}, "a -b"},
		{"a NOT b", And{[]Node{w("a"), Not{w("b")}}}, "a -b"},
		{"-b", And{[]Node{All{}, Not{w("b")}}}, "* -b"},
		{"NOT NOT b", w("b"), "b"},
		{"a OR -b", Or{[]Node{w("a"), And{[]Node{All{}, Not{w("b")}}}}}, "a OR (* -b)"},
		{"*", All{}, ""},
		{"* a", w("a"), "a"},
		{`"port velmere"`, Phrase{Text: "port velmere"}, ""},
		{"“port   velmere”", Phrase{Text: "port velmere"}, `"port velmere"`},
		{"title:Budget", Word{Field: "title", Text: "Budget"}, ""},
		{`people:"Rosa Osei"`, Phrase{Field: "people", Text: "Rosa Osei"}, ""},
		{"title:(a OR b)", Or{[]Node{Word{Field: "title", Text: "a"}, Word{Field: "title", Text: "b"}}}, "title:a OR title:b"},
		{"type:application/pdf", Word{Field: "type", Text: "application/pdf"}, ""},
		{"meta:iptc:City", Word{Field: "meta", Text: "iptc:City"}, ""},
		{"https://example.org/x", w("https://example.org/x"), ""},
		{"12:30", w("12:30"), ""},
		{"Re: minutes", And{[]Node{w("Re:"), w("minutes")}}, ""},
		{"dredg*", Prefix{Text: "dredg"}, ""},
		{"dr?dg*ng", Wildcard{Pattern: "dr?dg*ng"}, ""},
		{"title:*", Wildcard{Field: "title", Pattern: "*"}, ""},
		{"velmere~", Fuzzy{Text: "velmere", Edits: 1}, "velmere~1"},
		{"velmere~2", Fuzzy{Text: "velmere", Edits: 2}, ""},
		{"=Contracts", Word{Text: "Contracts", Exact: true}, ""},
		{"=AND", Word{Text: "AND", Exact: true}, ""},
		{"and", w("and"), ""},
		{"contract NEAR/5 dredging", Phrase{Text: "contract dredging", Slop: 5}, ""},
		{"title:(a NEAR/2 b NEAR/2 c)", Phrase{Field: "title", Text: "a b c", Slop: 2}, ""},
		{"x a NEAR/2 b", And{[]Node{w("x"), Phrase{Text: "a b", Slop: 2}}}, "x (a NEAR/2 b)"},
		{"salt & pepper", And{[]Node{w("salt"), w("pepper")}}, "salt pepper"},
		{"date:2026", Range{"date", day(2026, 1, 1), day(2027, 1, 1)}, "date:2026-01-01..2026-12-31"},
		{"date:2026-01..2026-03", Range{"date", day(2026, 1, 1), day(2026, 4, 1)}, "date:2026-01-01..2026-03-31"},
		{"date:>2025-12-31", Range{Field: "date", From: day(2026, 1, 1)}, "date:2026-01-01.."},
		{"date:>=2025", Range{Field: "date", From: day(2025, 1, 1)}, "date:2025-01-01.."},
		{"date:<2026-03", Range{Field: "date", To: day(2026, 3, 1)}, "date:..2026-02-28"},
		{"added:<=2026-03-05", Range{Field: "added", To: day(2026, 3, 6)}, "added:..2026-03-05"},
		{"договор", w("договор"), ""},
		{"港口合同", w("港口合同"), ""},
	} {
		got, err := Parse(c.in, Options{})
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Parse(%q) = %#v, want %#v", c.in, got, c.want)
		}
		print := c.print
		if print == "" {
			print = c.in
		}
		if s := String(got); s != print {
			t.Errorf("String of %q is %q, want %q", c.in, s, print)
		}
		again(t, got)
	}
}

// again checks that what is printed parses to the same tree.
func again(t *testing.T, n Node) {
	t.Helper()
	s := String(n)
	got, err := Parse(s, Options{MaxBytes: 1 << 16})
	if err != nil {
		t.Fatalf("parsing what was printed, %q: %v", s, err)
	}
	if !reflect.DeepEqual(got, n) {
		t.Fatalf("%q parses to %#v, it was printed from %#v", s, got, n)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		in   string
		code candor.Code
		says string
	}{
		{"", candor.Invalid, "Type a word, or *"},
		{" \t\n", candor.Invalid, "Type a word, or *"},
		{"& !", candor.Invalid, "Type a word, or *"},
		{`a "b c`, candor.Invalid, "At character 3, after ‘a’: a quotation mark opens here"},
		{"(a b", candor.Invalid, "At the beginning: a parenthesis opens here"},
		{"a b)", candor.Invalid, "At character 4, after ‘a b’: this parenthesis closes nothing"},
		{"a ()", candor.Invalid, "nothing inside"},
		{"a AND", candor.Invalid, "missing after AND"},
		{"OR a", candor.Invalid, "missing before OR"},
		{"a OR OR b", candor.Invalid, "missing after OR"},
		{"colour:red", candor.Invalid, `no field "colour"; the fields are name, path`},
		{"title: red", candor.Invalid, "right after the colon"},
		{"title:", candor.Invalid, "right after the colon"},
		{"title:(a name:b)", candor.Invalid, "stands inside the group of field title"},
		{"date:yesterday", candor.Invalid, "not a date"},
		{"date:2026-13", candor.Invalid, "not a date"},
		{"date:2026-05..2025", candor.Invalid, "ends before it begins"},
		{"date:..", candor.Invalid, "not a date"},
		{`date:"2026"`, candor.Invalid, "write date:2026"},
		{"word~3", candor.Invalid, "~1 or ~2"},
		{"a NEAR b", candor.Invalid, "NEAR needs a distance"},
		{"a NEAR/0 b", candor.Invalid, "NEAR needs a distance"},
		{"a NEAR/5 (b c)", candor.Invalid, "NEAR joins plain words"},
		{"NEAR/5 b", candor.Invalid, "before NEAR"},
		{"**&*", candor.Invalid, "at least one letter"},
		{"a\xffb", candor.Invalid, "UTF-8"},
		{strings.Repeat("x", 100_000), candor.TooLarge, "at most 4096"},
		{strings.Repeat("a ", MaxTerms+1), candor.TooLarge, "more than 256"},
		{strings.Repeat("(", 3000), candor.TooLarge, "more than 50 deep"},
		{strings.Repeat("-(a OR ", 60) + "b" + strings.Repeat(")", 60), candor.TooLarge, "more than 50 deep"},
	} {
		_, err := Parse(c.in, Options{})
		if candor.CodeOf(err) != c.code || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%.40q) says %v (%s), want %s with %q", c.in, err, candor.CodeOf(err), c.code, c.says)
		}
	}
}

func TestZone(t *testing.T) {
	zone := time.FixedZone("", 3600)
	n, err := Parse("date:2026-03-01", Options{Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	if r := n.(Range); !r.From.Equal(time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("the day begins at %v", r.From.UTC())
	}
	if s := String(n); s != "date:2026-03-01..2026-03-01" {
		t.Errorf("printed as %s", s)
	}
}

func TestTokens(t *testing.T) {
	for in, want := range map[string]string{
		"The Harbour's CONTRACT":     "the harbour s contract",
		"naïve Ångström Straße Łódź": "naive angstrom strasse lodz",
		"cafe\u0301":                 "cafe",
		"e-mail 2026-01-05 a_b":      "e mail 2026 01 05 a b",
		"港口 договор Ёлка":            "港 口 договор елка",
		"ελληνικά":                   "ελληνικα",
		"مُحَمَّد":                   "محمد",
		"\u200d--\u0301 .":           "",
		"full\u00adwidth ABC":        "full width abc",
	} {
		var got []string
		for _, tok := range Tokens(in) {
			got = append(got, tok.Text)
			if tok.Start < 0 || tok.End > len(in) || tok.Start >= tok.End {
				t.Errorf("%q: token %q has range %d to %d", in, tok.Text, tok.Start, tok.End)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("Tokens(%q) = %q, want %q", in, s, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a b", `"a b" OR c`, "-(a OR -b)", "title:(x NEAR/3 y) date:2026..2027", "w* x?y z~2 =q",
		"“ß”", "meta:iptc:City", "* -b", "added:>2020", "a AND NOT (b c)", "((((a))))", "title:~1~ -=b", "港口~ Re:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s, Options{})
		if err != nil {
			if code := candor.CodeOf(err); code != candor.Invalid && code != candor.TooLarge {
				t.Fatalf("code %q: %v", code, err)
			}
			return
		}
		again(t, n)
	})
}

func FuzzTokens(f *testing.F) {
	f.Add("The Harbour's naïve 港口")
	f.Add("\xff\xfea\u0301\u200d")
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, tok := range Tokens(s) {
			if tok.Text == "" || tok.Start < at || tok.End <= tok.Start || tok.End > len(s) {
				t.Fatalf("token %+v after byte %d of %q", tok, at, s)
			}
			at = tok.End
		}
	})
}
