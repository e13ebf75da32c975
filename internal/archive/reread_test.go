package archive_test

import (
	"testing"

	"candor"
	"candor/internal/archive"
)

const lockedLetters = "part open.txt Open words.\nlocked sesame part letter.txt The hidden letter."

// TestPartsOfWhatAPasswordOpens: what is in a locked archive becomes items when
// somebody who may add reads it again, once, and is recorded as an addition.
func TestPartsOfWhatAPasswordOpens(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"box/letters", lockedLetters})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "name:letters")
	must(t, err)
	zip := res.Hits[0].Item
	if zip.Condition != candor.Partial || len(zip.Parts) != 1 {
		t.Fatalf("%s with %d parts", zip.Condition, len(zip.Parts))
	}
	again := func(who archive.Actor, password string) archive.Analysed {
		t.Helper()
		out, err := h.Analyse(bg, who, archive.AnalyseRequest{Items: []candor.ItemID{zip.ID}, Purpose: p, Password: password})
		must(t, err)
		return out.Items[0]
	}
	if got := again(h.reader, "guess"); got.Item.Condition != candor.Partial || len(got.Item.Parts) != 1 || got.Found != 0 {
		t.Errorf("with another password: %s, %d parts, %d new", got.Item.Condition, len(got.Item.Parts), got.Found)
	}
	// The reader may not add.
	if got := again(h.reader, "sesame"); len(got.Item.Parts) != 1 || got.Found != 0 {
		t.Errorf("somebody who may not add has added %d parts", got.Found)
	}
	both := h.reader
	both.Person.Roles = append(both.Person.Roles, candor.Contributor)
	got := again(both, "sesame")
	if got.Item.Condition != candor.Done || len(got.Item.Parts) != 2 || got.Found != 1 {
		t.Errorf("with its password: %s (%s), %d parts, %d new", got.Item.Condition, got.Item.Reason, len(got.Item.Parts), got.Found)
	}
	if res, err = h.find(p, "hidden"); err != nil || res.Total != 1 {
		t.Fatalf("%d found of what was locked, %v", res.Total, err)
	}
	part := res.Hits[0].Item
	if place := part.Places[0]; place.Parent != zip.ID || place.Path != "letter.txt" {
		t.Errorf("the part stands at %+v", place)
	}
	if got := again(both, "sesame"); got.Found != 0 || len(got.Item.Parts) != 2 {
		t.Errorf("the second time: %d parts, %d new", len(got.Item.Parts), got.Found)
	}
	adds, err := h.Additions(bg, both)
	must(t, err)
	if len(adds) != 1 || adds[0].Items != 1 || adds[0].Finished.IsZero() || adds[0].Record == 0 {
		t.Errorf("the account: %+v", adds)
	}
	differences, err := h.Check(bg, h.admin, nil)
	must(t, err)
	if len(differences) > 0 {
		t.Error(differences)
	}
}

// TestPartsSurviveFaults: whatever fails while parts are kept, reading again
// completes them, and nothing is lost.
func TestPartsSurviveFaults(t *testing.T) {
	for n := int64(1); ; n++ {
		h := newHouse(t)
		h.add([2]string{"box/letters", lockedLetters})
		p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
		res, err := h.find(p, "name:letters")
		must(t, err)
		both := h.reader
		both.Person.Roles = append(both.Person.Roles, candor.Contributor)
		ask := archive.AnalyseRequest{Items: []candor.ItemID{res.Hits[0].Item.ID}, Purpose: p, Password: "sesame"}
		h.faults.arm(n)
		_, failed := h.Analyse(bg, both, ask)
		fired := h.faults.fired()
		h.faults.disarm()
		h.close()
		h.open(false)
		if failed != nil {
			_, err := h.Analyse(bg, both, ask)
			must(t, err)
		}
		if res, err = h.find(p, "hidden"); err != nil || res.Total != 1 {
			t.Errorf("after a fault of %s: %d found, %v", fired, res.Total, err)
		}
		differences, err := h.Check(bg, h.admin, nil)
		if err != nil || len(differences) > 0 {
			t.Errorf("after a fault of %s: %v, %v", fired, differences, err)
		}
		if fired == "" {
			return
		}
	}
}
