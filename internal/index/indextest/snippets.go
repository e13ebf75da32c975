package indextest

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"candor/internal/query"
)

func testSnippets(t *testing.T, x Index) {
	put(t, x, sample())
	for _, c := range []struct {
		q     string
		num   uint32
		field string
		page  int
		marks []string // of the first snippet
	}{
		{"dredging", 1, "text", 1, []string{"dredging"}},
		{"dredged", 1, "text", 1, []string{"dredging"}},
		{"payments", 1, "text", 2, []string{"payment"}},
		{`"rosa osei"`, 1, "text", 3, []string{"Rosa", "Osei"}},
		{"name:harbour", 1, "name", 0, []string{"harbour"}},
		{"title:dredg*", 1, "title", 0, []string{"dredging"}},
		{"velmere", 6, "fields", 0, []string{"Velmere"}},
		{"cafe", 3, "text", 0, []string{"café"}},
		{"strasse*", 3, "text", 0, []string{"Straßenbau"}},
		{"合同", 5, "text", 0, []string{"合", "同"}},
		{"council -harbour", 2, "text", 0, []string{"council"}},
		{"velmer~", 1, "text", 1, []string{"Velmere"}},
		{"h?rbour", 1, "text", 1, []string{"harbour"}},
		{"city NEAR/3 velmere", 1, "text", 1, []string{"city", "Velmere"}},
	} {
		res := search(t, x, query.Request{Query: parse(t, c.q), Limit: 10, Snippets: true})
		s, ok := snippetOf(res, c.num)
		if !ok {
			t.Errorf("%s: no snippet for %d", c.q, c.num)
			continue
		}
		var marks []string
		for _, m := range s.Marks {
			marks = append(marks, s.Text[m.Start:m.End])
		}
		if s.Field != c.field || s.Page != c.page || !containsAll(marks, c.marks) {
			t.Errorf("%s: %s on page %d with marks %q, want %s on page %d with %q", c.q, s.Field, s.Page, marks, c.field, c.page, c.marks)
		}
	}
}

// testQuotations has what a message says itself shown before what it quotes.
func testQuotations(t *testing.T, x Index) {
	text := "On 3 May 2026, Ana Lund <a@example.org> wrote:\n> The dredging of the quay begins. The dredging ends.\n\nThen dredging it is.\n\n> About the pilots.\n"
	put(t, x, []query.Document{{Num: 1, Type: "message/rfc822", Text: text}, {Num: 2, Type: "text/plain", Text: text}})
	for _, c := range []struct {
		q      string
		num    uint32
		quoted []bool
	}{
		{"dredging", 1, []bool{false, true}},
		{"pilots", 1, []bool{true}},
		{"quay OR pilots", 1, []bool{true}},
		{"then", 1, []bool{false}},
		{"pilots", 2, []bool{false}}, // no message
	} {
		res := search(t, x, query.Request{Query: parse(t, c.q), Limit: 10, Snippets: true})
		var quoted []bool
		for _, h := range res.Hits {
			if h.Num != c.num {
				continue
			}
			for _, s := range h.Snippets {
				quoted = append(quoted, s.Quoted)
			}
		}
		if !slices.Equal(quoted, c.quoted) {
			t.Errorf("%s in %d: quoted %v, want %v", c.q, c.num, quoted, c.quoted)
		}
	}
}

// containsAll reports whether each wanted mark is there; a run of words may be one mark.
func containsAll(marks, want []string) bool {
	all := strings.Join(marks, "|")
	for _, w := range want {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return len(marks) > 0
}

func snippetOf(res query.Result, num uint32) (query.Snippet, bool) {
	for _, h := range res.Hits {
		if h.Num == num && len(h.Snippets) > 0 {
			return h.Snippets[0], true
		}
	}
	return query.Snippet{}, false
}

// testSnippetsAreRight checks every snippet of long texts against the text.
func testSnippetsAreRight(t *testing.T, x Index) {
	docs := many(60)
	for i := range docs {
		docs[i].Text = longText(i)
	}
	put(t, x, docs)
	for _, q := range []string{"alpak", "alpak bortun", "alp* OR dumlik", `"alpak bortun"`, "fünfzig", "alpak NEAR/4 dumlik"} {
		res := search(t, x, query.Request{Query: parse(t, q), Limit: 100, Snippets: true})
		if res.Total == 0 {
			t.Fatalf("%s finds nothing", q)
		}
		for _, h := range res.Hits {
			if len(h.Snippets) == 0 || len(h.Snippets) > 3 {
				t.Errorf("%s: %d snippets", q, len(h.Snippets))
			}
			for _, s := range h.Snippets {
				checkSnippet(t, q, docs[h.Num-1].Text, s)
			}
		}
	}
}

func checkSnippet(t *testing.T, q, text string, s query.Snippet) {
	t.Helper()
	if n := utf8.RuneCountInString(s.Text); n > 250 || !utf8.ValidString(s.Text) {
		t.Errorf("%s: a snippet of %d characters", q, n)
	}
	if strings.ContainsAny(s.Text, "\n\f\t") {
		t.Errorf("%s: line ends in %q", q, s.Text)
	}
	pages := strings.Split(text, "\f")
	if s.Page < 1 || s.Page > len(pages) || !strings.Contains(" "+oneLine(pages[s.Page-1])+" ", " "+s.Text+" ") {
		t.Errorf("%s: %q does not stand so on page %d", q, s.Text, s.Page)
	}
	at := 0
	for _, m := range s.Marks {
		if m.Start < at || m.End <= m.Start || m.End > len(s.Text) {
			t.Fatalf("%s: mark %v after %d of %q", q, m, at, s.Text)
		}
		at = m.End
		if word := s.Text[m.Start:m.End]; !strings.Contains(" alpak bortun dumlik fünfzig ", " "+strings.ToLower(word)+" ") {
			t.Errorf("%s: %q is marked", q, word)
		}
	}
	if len(s.Marks) == 0 {
		t.Errorf("%s: nothing is marked in %q", q, s.Text)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
