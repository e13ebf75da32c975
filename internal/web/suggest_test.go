package web

import (
	"strings"
	"testing"
)

// TestSuggestions: the box offers what the person was shown, and nobody else.
func TestSuggestions(t *testing.T) {
	d := newDesk(t)
	lind, tan := d.signedIn("m.lind"), d.signedIn("j.tan")
	offered := func(r *reader) string {
		_, body := r.get("/")
		_, list, _ := strings.Cut(body, `<datalist id="offers">`)
		list, _, _ = strings.Cut(list, "</datalist>")
		return list
	}
	if before := offered(lind); !strings.Contains(before, `value="title:"`) || strings.Contains(before, "quay") {
		t.Errorf("before anything was asked: %s", before)
	}
	lind.search("quay tender")
	after := offered(lind)
	if !strings.Contains(after, `value="quay tender"`) || !strings.Contains(after, "E. Brandt") {
		t.Errorf("after a search: %s", after)
	}
	if other := offered(tan); strings.Contains(other, "quay") {
		t.Errorf("somebody else is offered %s", other)
	}
	for i := range d.archive.list {
		d.archive.list[i].Status = "revoked"
	}
	if gone := offered(lind); strings.Contains(gone, "Brandt") {
		t.Errorf("after the purpose has ended: %s", gone)
	}
	for name, want := range map[string]string{"Lamu": "Lamu", "Rosa Osei": `"Rosa Osei"`, `a "b" c`: `"a b c"`, "x:y": `"x:y"`, "Jean-Luc": `"Jean-Luc"`} {
		if got := asPhrase(name); got != want {
			t.Errorf("%q is offered as %s, want %s", name, got, want)
		}
	}
}
