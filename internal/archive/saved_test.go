package archive_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"candor"
	"candor/internal/archive"
)

// only returns the one search that the reader keeps.
func (h *house) only() archive.Saved {
	h.t.Helper()
	all, err := h.SavedSearches(bg, h.reader)
	must(h.t, err)
	if len(all) != 1 {
		h.t.Fatalf("%d searches are kept", len(all))
	}
	return all[0]
}

// searches counts the outcomes of searches in the log.
func (h *house) searches(allowed bool) (n int) {
	for _, r := range h.records() {
		if r.Act == "search" && r.Phase == "outcome" && (r.Decision == "allow") == allowed {
			n++
		}
	}
	return n
}

func TestSavedSearchTellsWhatIsNew(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "harbour one"})
	p := h.purpose(100)
	h.clock.move(time.Hour)
	_, err := h.SaveSearch(bg, h.reader, " Harbour ", archive.SearchRequest{Query: "harbour", Purpose: p, Offset: 20}, true)
	must(t, err)
	if s := h.only(); s.Name != "Harbour" || s.Request.Offset != 0 || !s.Watch {
		t.Fatalf("kept as %+v", s)
	}
	if n := h.searches(true); n != 0 {
		t.Fatalf("keeping a search made %d", n)
	}
	h.LookAgain(bg)
	if s := h.only(); s.New != 0 || s.Looked.IsZero() || h.searches(true) != 1 {
		t.Fatalf("first look: %+v, %d acts", s, h.searches(true))
	}

	h.clock.move(time.Minute)
	h.add([2]string{"b.txt", "harbour two"}, [2]string{"c.txt", "choir"})
	h.LookAgain(bg)
	if h.searches(true) != 1 {
		t.Error("it was made again within the hour")
	}
	h.clock.move(time.Hour)
	h.LookAgain(bg)
	h.LookAgain(bg)
	s := h.only()
	if s.New != 1 || h.searches(true) != 2 {
		t.Fatalf("after an addition: %+v, %d acts", s, h.searches(true))
	}
	if info, err := h.Purpose(bg, h.reader, p); err != nil || info.Covered != 0 {
		t.Errorf("counting covered %d items: %v", info.Covered, err)
	}
	found := h.audit(archive.AuditRequest{Act: candor.ActSearch})
	if d := found[len(found)-1].Details; d.Saved != s.ID || !d.Watch || d.Query != "harbour" || d.Person != "reader" {
		t.Errorf("its details are %+v", d)
	}
	h.clock.move(2 * time.Hour)
	h.LookAgain(bg)
	if h.searches(true) != 2 {
		t.Error("it was made again although nothing was added")
	}

	// The person looks: one new item, which is new no more.
	h.reopen()
	r := s.Request
	r.Saved, r.Added = s.ID, s.Since
	res, err := h.Search(bg, h.reader, r)
	must(t, err)
	if len(res.Hits) != 1 || res.Hits[0].Item.Name != "b.txt" {
		t.Fatalf("new are %v", res.Hits)
	}
	if now := h.only(); now.New != 0 || !now.Since.After(s.Since) {
		t.Errorf("after looking: %+v", now)
	}
}

// An addition that is under way may have read an item before a search is made
// and make it searchable afterwards: it is new all the same.
func TestNewMeansNotFoundBefore(t *testing.T) {
	h := newHouse(t)
	p := h.purpose(100)
	a, err := h.BeginAddition(bg, h.adder, archive.NewAddition{Collection: "main", Source: "test", Expected: 1})
	must(t, err)
	h.clock.move(time.Second)
	_, err = h.PutFile(bg, h.adder, a.ID, archive.FileHeader{Path: "late.txt", Size: 7, ModTime: h.clock.now()}, strings.NewReader("harbour"))
	must(t, err)
	h.clock.move(time.Second)
	s, err := h.SaveSearch(bg, h.reader, "x", archive.SearchRequest{Query: "harbour", Purpose: p}, true)
	must(t, err)
	r := s.Request
	r.Saved = s.ID
	if res, err := h.Search(bg, h.reader, r); err != nil || res.Total != 0 {
		t.Fatalf("found %d before it was stored: %v", res.Total, err)
	}
	_, err = h.CommitAddition(bg, h.adder, a.ID, true)
	must(t, err)
	h.clock.move(time.Hour)
	h.LookAgain(bg)
	if s := h.only(); s.New != 1 {
		t.Errorf("the late item is not new: %+v", s)
	}
}

func TestWatchingEndsWithThePurpose(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "harbour one"})
	p := h.purpose(100)
	_, err := h.SaveSearch(bg, h.reader, "x", archive.SearchRequest{Query: "harbour", Purpose: p}, true)
	must(t, err)
	_, _, err = h.RevokePurpose(bg, h.reader, p)
	must(t, err)
	h.LookAgain(bg)
	s := h.only()
	if s.Watch || !strings.Contains(s.Stopped, "revoked") || h.searches(false) != 1 {
		t.Errorf("watched on after its purpose ended: %+v, %d refusals", s, h.searches(false))
	}
	h.clock.move(2 * time.Hour)
	h.LookAgain(bg)
	if h.searches(false) != 1 {
		t.Error("it goes on asking")
	}
}

func TestSavedSearchesAreOnesOwn(t *testing.T) {
	h := newHouse(t)
	p := h.purpose(100)
	s, err := h.SaveSearch(bg, h.reader, "mine", archive.SearchRequest{Query: "canaryquery", Purpose: p}, false)
	must(t, err)
	if all, err := h.SavedSearches(bg, h.other); err != nil || len(all) != 0 {
		t.Errorf("another sees %v, %v", all, err)
	}
	refuse := func(what string, code candor.Code, err error) {
		t.Helper()
		if candor.CodeOf(err) != code {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuse("forgotten by another", candor.NotFound, h.ForgetSearch(bg, h.other, s.ID))
	_, err = h.Search(bg, h.other, archive.SearchRequest{Query: "x", Purpose: p, Saved: s.ID})
	refuse("made by another", candor.NotFound, err)
	agent := h.reader
	agent.Agent = true
	for name, c := range map[string]struct {
		who  archive.Actor
		name string
		r    archive.SearchRequest
		code candor.Code
	}{
		"an agent":           {agent, "x", archive.SearchRequest{Query: "x", Purpose: p}, candor.Denied},
		"no name":            {h.reader, "  ", archive.SearchRequest{Query: "x", Purpose: p}, candor.Invalid},
		"a long name":        {h.reader, strings.Repeat("x", 201), archive.SearchRequest{Query: "x", Purpose: p}, candor.Invalid},
		"another's purpose":  {h.other, "x", archive.SearchRequest{Query: "x", Purpose: p}, candor.NotFound},
		"an unclosed phrase": {h.reader, "x", archive.SearchRequest{Query: `"x`, Purpose: p}, candor.Invalid},
		"no such filter":     {h.reader, "x", archive.SearchRequest{Query: "x", Purpose: p, Filters: map[string][]string{"mood": {"x"}}}, candor.Invalid},
	} {
		_, err := h.SaveSearch(bg, c.who, c.name, c.r, false)
		refuse(name, c.code, err)
	}
	for range 99 {
		_, err := h.SaveSearch(bg, h.reader, "more", archive.SearchRequest{Query: "x", Purpose: p}, false)
		must(t, err)
	}
	_, err = h.SaveSearch(bg, h.reader, "one more", archive.SearchRequest{Query: "x", Purpose: p}, false)
	refuse("the hundred and first", candor.TooLarge, err)

	must(t, h.ForgetSearch(bg, h.reader, s.ID))
	h.reopen()
	refuse("forgotten twice", candor.NotFound, h.ForgetSearch(bg, h.reader, s.ID))
}

// TestSavedSearchSurvives: whichever port fails, a search is kept or not, and a
// failed look is made again; a rebuild brings what is kept back.
func TestSavedSearchSurvives(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "harbour one"})
	p := h.purpose(100)
	keep := func() error {
		_, err := h.SaveSearch(bg, h.reader, "x", archive.SearchRequest{Query: "harbour", Purpose: p}, true)
		return err
	}
	fired := func(n int64, do func() error) (bool, error) {
		h.faults.arm(n)
		defer h.faults.disarm()
		err := do()
		return h.faults.fired() != "", err
	}
	for n := int64(1); ; n++ {
		failed, err := fired(n, keep)
		all, _ := h.SavedSearches(bg, h.reader)
		if failed != (err != nil) || failed != (len(all) == 0) {
			t.Fatalf("fault %d: %v, and %d are kept", n, err, len(all))
		}
		if !failed {
			break
		}
	}
	for n := int64(1); ; n++ {
		failed, _ := fired(n, func() error { h.LookAgain(bg); return nil })
		if !failed {
			break
		}
		if s := h.only(); !s.Watch || s.Stopped != "" {
			t.Fatalf("fault %d ended the watch: %+v", n, s)
		}
		h.clock.move(2 * time.Hour)
		h.add([2]string{fmt.Sprintf("%d.txt", n), "harbour too"})
	}
	h.clock.move(2 * time.Hour)
	h.add([2]string{"last.txt", "harbour at last"})
	h.LookAgain(bg)
	want := h.only()
	if want.New < 2 {
		t.Errorf("after all faults: %+v", want)
	}
	_, _, err := h.Rebuild(bg, h.admin, nil)
	must(t, err)
	if got := h.only(); got.ID != want.ID || got.New != want.New || !got.Watch {
		t.Errorf("after a rebuild: %+v, want %+v", got, want)
	}
	for n := int64(1); ; n++ {
		if failed, err := fired(n, func() error { return h.ForgetSearch(bg, h.reader, want.ID) }); !failed {
			must(t, err)
			break
		}
	}
	if all, _ := h.SavedSearches(bg, h.reader); len(all) != 0 {
		t.Errorf("%d are kept after forgetting", len(all))
	}
}
