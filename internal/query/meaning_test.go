package query

import "testing"

func TestSenseOf(t *testing.T) {
	for _, c := range []struct{ query, text, words, within string }{
		{"harbour", "harbour", "harbour", ""},
		{"who paid for the wall", "who paid for the wall", "paid OR wall", ""},
		{"the of", "the of", "the OR of", ""},
		{`"flood wall" tender*`, "flood wall tender", `"flood wall" tender*`, ""},
		{"wall OR dyke", "wall dyke", "wall OR dyke", ""},
		{"harbour lease -fish type:pdf date:2025..2026", "harbour lease", "(harbour OR lease) type:pdf date:2025-01-01..2026-12-31 -fish", "type:pdf date:2025-01-01..2026-12-31 -fish"},
		{"name:ledger", "", "name:ledger", "name:ledger"},
		{"*", "", "*", "*"},
		{"-fish", "", "* -fish", "* -fish"},
		{"harbour (fish OR name:ledger)", "harbour", "harbour (fish OR name:ledger)", "fish OR name:ledger"},
	} {
		n, err := Parse(c.query, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := SenseOf(n)
		within := ""
		if s.Within != nil {
			within = String(s.Within)
		}
		if s.Text != c.text || String(s.Words) != c.words || within != c.within {
			t.Errorf("%q: %q, words %q, within %q", c.query, s.Text, String(s.Words), within)
		}
	}
}
