package archive_test

import (
	"strings"
	"testing"

	"candor"
	"candor/internal/archive"
)

func mail(people string, fields ...string) candor.Item {
	it := candor.Item{Type: "message/rfc822", Extraction: candor.Extraction{People: strings.Split(people, "|")}}
	for i := 0; i < len(fields); i += 2 {
		it.Fields = append(it.Fields, candor.Field{Name: "mail:" + fields[i], Value: fields[i+1]})
	}
	return it
}

func TestThreads(t *testing.T) {
	first := mail("Ana <ana@x.example>|bo@x.example", "Message-Id", "<1@x>", "Subject", "Quay")
	for name, c := range map[string]struct {
		it   candor.Item
		same bool
	}{
		"an answer":               {mail("bo@x.example", "Message-Id", "<2@x>", "In-Reply-To", "<1@x>", "Subject", "Re: Quay"), true},
		"an answer to the answer": {mail("bo@x.example", "Message-Id", "<3@x>", "In-Reply-To", "<2@x>", "References", "<1@x> <2@x>"), true},
		"odd spacing":             {mail("", "Message-Id", "<3@x>", "References", "\t <1@x>\r\n <2@x>"), true},
		"another":                 {mail("Ana <ana@x.example>|bo@x.example", "Message-Id", "<9@x>", "Subject", "Quay"), false},
		"no names":                {mail("Ana <ana@x.example>|bo@x.example", "Subject", "Quay"), false},
	} {
		if same := archive.ThreadOf(c.it) == archive.ThreadOf(first); same != c.same {
			t.Errorf("%s: in the same conversation is %v", name, same)
		}
	}
	bare := archive.ThreadOf(mail("Ana <ana@x.example>|bo@x.example", "Subject", "Quay wall"))
	for name, c := range map[string]struct {
		it   candor.Item
		same bool
	}{
		"answered, from the other side": {mail("BO@x.example|Ana L. <ana@x.example>", "Subject", "AW: Re[2]: quay  wall"), true},
		"forwarded to somebody else":    {mail("ana@x.example|cy@x.example", "Subject", "Fwd: Quay wall"), false},
		"another subject":               {mail("ana@x.example|bo@x.example", "Subject", "Re: Quay walls"), false},
	} {
		if same := archive.ThreadOf(c.it) == bare; same != c.same {
			t.Errorf("without names, %s: in the same conversation is %v", name, same)
		}
	}
	if archive.ThreadOf(mail("", "Subject", "")) != 0 || archive.ThreadOf(candor.Item{}) != 0 {
		t.Error("what names nothing is in a conversation")
	}
}

func TestFoldedSearch(t *testing.T) {
	h := newHouse(t)
	letter := "the harbour office of Port Velmere agrees to let the shed at the quay to the rowers of the town for ten years"
	h.add([2]string{"a.txt", letter}, [2]string{"b.txt", strings.ToUpper(letter) + "."}, [2]string{"c.txt", "- " + letter},
		[2]string{"d.txt", "another letter about the harbour office and the quay and nothing else"})
	p := h.purpose(100)
	r := archive.SearchRequest{Query: "harbour", Purpose: p, Fold: "alike"}
	res, err := h.Search(bg, h.reader, r)
	must(t, err)
	if res.Total != 4 || len(res.Hits) != 2 || res.More {
		t.Fatalf("folded: total %d, %d hits", res.Total, len(res.Hits))
	}
	var copies archive.SearchHit
	for _, hit := range res.Hits {
		if hit.Folded > copies.Folded {
			copies = hit
		}
	}
	if copies.Folded != 2 || copies.Kin["alike"] == "" {
		t.Fatalf("hits are %+v", res.Hits)
	}
	if info, err := h.Purpose(bg, h.reader, p); err != nil || info.Covered != 2 {
		t.Errorf("%d items are covered by two that were shown: %v", info.Covered, err)
	}
	show := archive.SearchRequest{Query: "*", Purpose: p, Filters: map[string][]string{"alike": {copies.Kin["alike"]}}}
	if res, err = h.Search(bg, h.reader, show); err != nil || res.Total != 3 {
		t.Errorf("its copies are %d, %v", res.Total, err)
	}
	v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: copies.Item.ID, Purpose: p})
	must(t, err)
	text, err := v.Text(bg)
	must(t, err)
	if got := v.Kin(text)["alike"]; got != copies.Kin["alike"] {
		t.Errorf("opened it belongs to %q, found to %q", got, copies.Kin["alike"])
	}
	_, _, err = h.Rebuild(bg, h.admin, nil)
	must(t, err)
	if res, err = h.Search(bg, h.reader, r); err != nil || len(res.Hits) != 2 {
		t.Errorf("after a rebuild %d are left: %v", len(res.Hits), err)
	}
	for _, bad := range []archive.SearchRequest{
		{Query: "harbour", Purpose: p, Fold: "mood"},
		{Query: "harbour", Purpose: p, Filters: map[string][]string{"alike": {"x"}}},
		{Query: "harbour", Purpose: p, Fold: "alike", After: "0000000000000000"},
	} {
		if _, err := h.Search(bg, h.reader, bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestFamilies(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"letter.txt", "harbour\npart x.txt harbour too\npart y.txt harbour three\n"}, [2]string{"alone.txt", "harbour alone\n"})
	p := h.purpose(100)
	res, err := h.Search(bg, h.reader, archive.SearchRequest{Query: "harbour", Purpose: p, Fold: "family"})
	must(t, err)
	if res.Total != 4 || len(res.Hits) != 2 || res.Hits[0].Folded+res.Hits[1].Folded != 2 {
		t.Fatalf("total %d, hits %+v", res.Total, res.Hits)
	}
}
