package archive_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"candor"
	"candor/internal/archive"
)

// tongue is a translator with a small vocabulary, which breaks down when told.
type tongue struct {
	broken bool
	asked  []string
	then   func() // called after each text
}

func (m *tongue) Name() string { return "tongue at home" }

func (m *tongue) Translate(_ context.Context, text, from, to string) (string, error) {
	m.asked = append(m.asked, text)
	if m.broken {
		return "", candor.Errorf(candor.Unavailable, "The model cannot be reached.")
	}
	if m.then != nil {
		m.then()
	}
	return strings.NewReplacer("Hafen", "harbour", "Vertrag", "contract", "harbour", "Hafen").Replace(text), nil
}

func translating(t *testing.T) (*house, *tongue) {
	h, m := newHouse(t), &tongue{}
	h.close()
	h.adjust = func(c *archive.Config) { c.Translator = m }
	h.open(false)
	return h, m
}

// purposeTo asks for a purpose that allows to analyse too, and has it approved.
func (h *house) purposeTo(acts ...candor.Act) candor.PurposeID {
	h.t.Helper()
	return h.purposeFor(100, acts...)
}

func (h *house) purposeFor(coverage int64, acts ...candor.Act) candor.PurposeID {
	h.t.Helper()
	p, _, err := h.RequestPurpose(bg, h.reader, archive.PurposeRequest{
		Reason: "research", Why: "Following the harbour contracts of the past years", Collections: []string{"main"}, Acts: acts, Coverage: coverage,
	})
	must(h.t, err)
	_, _, err = h.DecidePurpose(bg, h.approver, p.ID, true, "")
	must(h.t, err)
	return p.ID
}

func TestTranslation(t *testing.T) {
	h, m := translating(t)
	h.add([2]string{"vertrag.txt", "Der Vertrag vom Hafen\fSeite zwei"}, [2]string{"other.txt", "choir"})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "Vertrag")
	must(t, err)
	item := res.Hits[0].Item.ID
	ask := archive.AnalyseRequest{Items: []candor.ItemID{item}, Purpose: p, Translate: "en"}
	out, err := h.Analyse(bg, h.reader, ask)
	must(t, err)
	if len(out.Items) != 1 || out.Items[0].Kept || len(out.Items[0].Item.Translated) != 1 {
		t.Fatalf("translated: %+v", out.Items)
	}
	found := func(words string) archive.SearchResult {
		t.Helper()
		res, err := h.find(p, words)
		must(t, err)
		return res
	}
	hits := found("contract").Hits
	if len(hits) != 1 || hits[0].Item.ID != item || hits[0].Snippets[0].Field != "translation" || hits[0].Snippets[0].Page != 1 {
		t.Fatalf("by its translation: %+v", hits)
	}
	if n := len(found("translation:contract").Hits) + len(found("Vertrag").Hits); n != 2 {
		t.Errorf("the translation or the text is not found: %d", n)
	}
	if n := found("text:contract").Total; n != 0 {
		t.Error("the translation is taken for the text")
	}
	v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: item, Purpose: p})
	must(t, err)
	all, err := v.Translations(bg)
	must(t, err)
	if len(all) != 1 || all[0].To != "en" || all[0].By != "tongue at home" || all[0].Text != "Der contract vom harbour\fSeite zwei" {
		t.Errorf("opened: %+v", all)
	}
	if text, err := v.Text(bg); err != nil || !strings.Contains(text, "Vertrag") {
		t.Errorf("the text is %q, %v", text, err)
	}
	acts := h.audit(archive.AuditRequest{Act: candor.ActAnalyse})
	if d := acts[len(acts)-1].Details; d.Model != "tongue at home" || d.Translate != "en" || len(d.Items) != 1 {
		t.Errorf("its record says %+v", d)
	}

	// Again, in another language, and in the same: each language once.
	for _, to := range []string{"fr", "en"} {
		ask.Translate = to
		_, err = h.Analyse(bg, h.reader, ask)
		must(t, err)
	}
	_, _, err = h.Rebuild(bg, h.admin, nil)
	must(t, err)
	if hits := found("contract").Hits; len(hits) != 1 || len(hits[0].Item.Translated) != 2 {
		t.Errorf("after a rebuild: %+v", hits)
	}

	// A model that fails changes nothing; reading the item again ends the layer.
	m.broken = true
	ask.Translate = "it"
	if _, err := h.Analyse(bg, h.reader, ask); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a broken model: %v", err)
	}
	if n := found("contract").Total; n != 1 {
		t.Error("a broken model took a translation away")
	}
	_, err = h.Analyse(bg, h.reader, archive.AnalyseRequest{Items: ask.Items, Purpose: p})
	must(t, err)
	if n := found("contract").Total; n != 0 {
		t.Error("the translation of a text that was read anew is still found")
	}
	differences(t, h)
}

// differences fails if a check finds any.
func differences(t *testing.T, h *house) {
	t.Helper()
	found, err := h.Check(bg, h.admin, nil)
	must(t, err)
	if len(found) > 0 {
		t.Errorf("check finds %v", found)
	}
}

func TestTranslatedQuery(t *testing.T) {
	h, m := translating(t)
	h.add([2]string{"a.txt", "Hafen alpha"}, [2]string{"b.txt", "harbour beta"}, [2]string{"c.txt", "Hafen gamma"})
	p := h.purpose(100)
	r := archive.SearchRequest{Query: "harbour -gamma", Purpose: p, Translate: []string{"de"}}
	res, err := h.Search(bg, h.reader, r)
	must(t, err)
	if res.Total != 2 || !strings.Contains(strings.ToLower(res.Meaning), "hafen") {
		t.Errorf("%d found for %s", res.Total, res.Meaning)
	}
	if len(m.asked) != 1 || m.asked[0] != "harbour" {
		t.Errorf("the model was told %q", m.asked)
	}
	acts := h.audit(archive.AuditRequest{Act: candor.ActSearch})
	if d := acts[len(acts)-1].Details; d.Model != "tongue at home" || d.Translate != "de" {
		t.Errorf("its record says %+v", d)
	}
	before := len(m.asked)
	_, _, err = h.RevokePurpose(bg, h.reader, p)
	must(t, err)
	if _, err := h.Search(bg, h.reader, r); candor.CodeOf(err) != candor.Denied || len(m.asked) != before {
		t.Errorf("refused, the model was told %q: %v", m.asked[before:], err)
	}
	p = h.purpose(100)
	m.broken = true
	r.Purpose = p
	if _, err := h.Search(bg, h.reader, r); candor.CodeOf(err) != candor.Unavailable {
		t.Errorf("a broken model: %v", err)
	}
	for _, bad := range []archive.SearchRequest{
		{Query: "harbour", Purpose: p, Translate: []string{"german"}}, {Query: "harbour", Purpose: p, Translate: []string{"a", "b", "c", "d", "e", "f"}},
		{Query: "harbour", Purpose: p, Mode: "semantic", Translate: []string{"de"}},
	} {
		if _, err := h.Search(bg, h.reader, bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestPieces(t *testing.T) {
	text := strings.Repeat("Über den Hafen. ", 40) + "\n\n" + strings.Repeat("ß", 500) + "\n\n ... \n\nEnde"
	whole := strings.Join(archive.Pieces(text, 100), "")
	for _, p := range archive.Pieces(text, 100) {
		if len(p) > 100 || !utf8.ValidString(p) || strings.TrimSpace(p) != p {
			t.Errorf("a piece of %d bytes: %q", len(p), p)
		}
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "...", "")), "") }
	if squeeze(whole) != squeeze(text) {
		t.Error("pieces lose text")
	}
	if len(archive.Pieces(" \n ", 100)) != 0 {
		t.Error("nothing has pieces")
	}
}

// TestCostOfTranslating: the cost is told before, by an act that is told to nobody
// and shows nothing, and measured after; what is translated is not done twice.
func TestCostOfTranslating(t *testing.T) {
	h, m := translating(t)
	h.add([2]string{"vertrag.txt", "Der Vertrag vom Hafen"})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "Vertrag")
	must(t, err)
	ask := archive.AnalyseRequest{Items: []candor.ItemID{res.Hits[0].Item.ID}, Purpose: p, Translate: "en", Estimate: true}
	before := h.cfg.Log.Size()
	out, err := h.Analyse(bg, h.reader, ask)
	must(t, err)
	want := archive.Cost{Items: 1, Text: int64(len("Der Vertrag vom Hafen\n")), Model: m.Name()}
	if out.Cost != want || len(out.Items) != 0 || len(m.asked) != 0 || h.cfg.Log.Size() != before+2 {
		t.Errorf("estimate: %+v, %d items, told %q, %d records", out.Cost, len(out.Items), m.asked, h.cfg.Log.Size()-before)
	}
	ask.Estimate = false
	for round, cost := range []int64{want.Text, 0} {
		if out, err = h.Analyse(bg, h.reader, ask); err != nil || out.Cost.Text != cost || out.Items[0].Kept != (round == 1) || len(m.asked) != 1 {
			t.Errorf("round %d: %+v, %v, told %q", round, out.Cost, err, m.asked)
		}
	}
}
