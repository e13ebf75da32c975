package archive_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// TestFirstPath goes the way of a first user: add, search, open, verify.
func TestFirstPath(t *testing.T) {
	h := newHouse(t)
	a := h.add([2]string{"letters/one.txt", "The harbour contract was signed in March."},
		[2]string{"letters/two.txt", "Nothing about ships here."})
	if a.Files != 2 || a.Items != 2 || a.Conditions[candor.Done] != 2 || a.Finished.IsZero() {
		t.Fatalf("account %+v", a)
	}
	p := h.purpose(10)
	found, err := h.find(p, "harbour")
	must(t, err)
	if found.Total != 1 || len(found.Hits) != 1 || found.Hits[0].Item.Name != "one.txt" || len(found.Hits[0].Snippets) == 0 {
		t.Fatalf("found %+v", found)
	}
	if found.Purpose.Covered != 1 || found.Hits[0].Covered {
		t.Errorf("coverage %d, seen before %v", found.Purpose.Covered, found.Hits[0].Covered)
	}
	v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: found.Hits[0].Item.ID, Purpose: p})
	must(t, err)
	c, err := v.Original(bg)
	must(t, err)
	defer c.Close()
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	must(t, err)
	if string(data) != "The harbour contract was signed in March." {
		t.Errorf("opened %q", data)
	}
	text, err := v.Text(bg)
	must(t, err)
	if !strings.Contains(text, "harbour") {
		t.Errorf("text %q", text)
	}
	h.checkReceipt(v.Receipt, "open")
	h.checkReceipt(found.Receipt, "search")
	if out := h.verify(); !out.OK {
		t.Errorf("verify: %v", out.Problems)
	}
}

// checkReceipt verifies a receipt as an outsider would.
func (h *house) checkReceipt(r receipt.Receipt, act string) {
	h.t.Helper()
	parsed, err := receipt.Parse(r.Marshal())
	must(h.t, err)
	verifier, err := note.NewVerifier(h.vkey)
	must(h.t, err)
	rec, err := parsed.Verify(receipt.Trust{Log: verifier})
	must(h.t, err)
	if rec.Act != act || rec.Phase != "outcome" || rec.Decision != receipt.Allow {
		h.t.Errorf("receipt is of %s %s %s", rec.Act, rec.Phase, rec.Decision)
	}
}

// TestRefusals: whatever is refused is recorded as refused, and shows nothing.
func TestRefusals(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha"}, [2]string{"b.txt", "alpha beta"}, [2]string{"c.txt", "alpha gamma"})
	p := h.purpose(2)
	item := func() candor.ItemID {
		found, err := h.find(p, "gamma")
		must(t, err)
		return found.Hits[0].Item.ID
	}()
	requested, _, err := h.RequestPurpose(bg, h.reader, archive.PurposeRequest{Reason: "research", Why: "Not approved by anybody yet", Collections: []string{"main"}})
	must(t, err)
	revoked := h.purpose(10)
	_, _, err = h.RevokePurpose(bg, h.approver, revoked)
	must(t, err)
	search := func(who archive.Actor, p candor.PurposeID) error {
		_, err := h.Search(bg, who, archive.SearchRequest{Query: "alpha", Purpose: p})
		return err
	}
	for _, c := range []struct {
		name string
		do   func() error
		rule string
	}{
		{"no purpose", func() error { return search(h.reader, "") }, ""},
		{"unknown purpose", func() error { return search(h.reader, "p-aaaaaaaaaa") }, "no-such-purpose"},
		{"requested purpose", func() error { return search(h.reader, requested.ID) }, ""},
		{"revoked purpose", func() error { return search(h.reader, revoked) }, ""},
		{"somebody else's purpose", func() error { return search(h.other, p) }, ""},
		{"over the budget", func() error { return search(h.reader, p) }, ""},
		{"an administrator's search", func() error { return search(h.admin, p) }, ""},
		{"unknown item", func() error {
			_, err := h.Open(bg, h.reader, archive.OpenRequest{Item: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Purpose: p})
			return err
		}, "no-such-item"},
		{"open with another's purpose", func() error {
			_, err := h.Open(bg, h.other, archive.OpenRequest{Item: item, Purpose: p})
			return err
		}, ""},
		{"approving one's own", func() error { _, _, err := h.DecidePurpose(bg, h.reader, requested.ID, true, ""); return err }, ""},
		{"a reader adds people", func() error {
			_, err := h.AddPerson(bg, h.reader, candor.Person{ID: "x", Name: "X", Roles: []candor.Role{candor.Reader}}, "long-enough-password")
			return err
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := h.cfg.Log.Size()
			err := c.do()
			wantCode(t, err, candor.Denied)
			all := h.records()
			if got := int64(len(all)) - before; got != 2 {
				t.Fatalf("%d records were written, want an intent and an outcome", got)
			}
			last := all[len(all)-1]
			if last.Decision != receipt.Refuse || last.Rule == "" || (c.rule != "" && last.Rule != c.rule) || last.Shown != 0 || last.Commitment != "" {
				t.Errorf("outcome %+v", last)
			}
		})
	}
	h.clock.move(49 * time.Hour)
	wantCode(t, search(h.reader, p), candor.Denied)
	if out := h.verify(); !out.OK {
		t.Errorf("verify: %v", out.Problems)
	}
}

// TestFaultsReleaseNothing fails every port call once, in turn, during a
// search, an open and an export. Either the result comes with its record, or
// nothing comes.
func TestFaultsReleaseNothing(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha one"}, [2]string{"b.txt", "beta two"})
	acts := map[string]func(p candor.PurposeID, id candor.ItemID) (receipt.Receipt, error){
		"search": func(p candor.PurposeID, _ candor.ItemID) (receipt.Receipt, error) {
			found, err := h.find(p, "alpha")
			return found.Receipt, err
		},
		"open": func(p candor.PurposeID, id candor.ItemID) (receipt.Receipt, error) {
			v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: id, Purpose: p})
			if err != nil {
				return receipt.Receipt{}, err
			}
			return v.Receipt, nil
		},
		"export": func(p candor.PurposeID, id candor.ItemID) (receipt.Receipt, error) {
			var out bytes.Buffer
			r, err := h.Export(bg, h.reader, p, []candor.ItemID{id}, &out)
			if err != nil && out.Len() > 0 {
				t.Error("a failed export wrote something")
			}
			return r, err
		},
	}
	for name, do := range acts {
		t.Run(name, func(t *testing.T) {
			found, err := h.find(h.purpose(50), "beta")
			must(t, err)
			for n := int64(1); ; n++ {
				p := h.purpose(50)
				h.faults.arm(n)
				r, err := do(p, found.Hits[0].Item.ID)
				fired := h.faults.fired()
				h.faults.disarm()
				if fired == "" {
					must(t, err)
					h.checkReceipt(r, name)
					if n < 4 {
						t.Fatalf("only %d port calls were seen", n-1)
					}
					return
				}
				if err == nil {
					t.Fatalf("call %d (%s) failed and the act succeeded", n, fired)
				}
			}
		})
	}
	if out := h.verify(); !out.OK {
		t.Errorf("verify: %v", out.Problems)
	}
}

// TestFaultsLoseNothing fails every port call once, in turn, during an
// addition, and restarts. What was acknowledged is found again, adding again
// mends the rest, and nothing is recorded twice.
func TestFaultsLoseNothing(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"before.txt", "acknowledged before"})
	for n := int64(1); ; n++ {
		files := [][2]string{
			{fmt.Sprintf("%d/one.txt", n), fmt.Sprintf("alpha%d one\npart inner.txt hidden gem%d", n, n)},
			{fmt.Sprintf("%d/two.txt", n), fmt.Sprintf("beta%d two", n)},
		}
		h.faults.arm(n)
		_, err := h.tryAdd(files...)
		fired := h.faults.fired()
		h.faults.disarm()
		if fired == "" {
			must(t, err)
			if n < 8 {
				t.Fatalf("only %d port calls were seen", n-1)
			}
			break
		}
		h.reopen()
		if err == nil {
			t.Logf("%s failed and the addition went on", fired)
		}
		h.admin, h.reader, h.approver, h.adder = h.sign("admin"), h.sign("reader"), h.sign("approver"), h.sign("adder")
		h.add(files...)
		p := h.purpose(50)
		for _, word := range []string{"acknowledged", "alpha", "gem", "beta"} {
			if word != "acknowledged" {
				word = fmt.Sprint(word, n)
			}
			found, err := h.find(p, word)
			if err != nil {
				t.Fatalf("after %s failed: %v", fired, err)
			}
			if found.Total != 1 {
				t.Fatalf("after %s failed, %q is found %d times", fired, word, found.Total)
			}
		}
		differences, err := h.Check(bg, h.admin, nil)
		must(t, err)
		if len(differences) != 0 {
			t.Fatalf("after %s failed: %+v", fired, differences)
		}
	}
	if out := h.verify(); !out.OK {
		t.Fatalf("verify: %v", out.Problems)
	}
}

// TestRebuild deletes the catalog and the index: everything comes back, the
// coverage that purposes have used included.
func TestRebuild(t *testing.T) {
	h := newHouse(t)
	first := h.add([2]string{"one.txt", "alpha one\npart inner.txt hidden gem"}, [2]string{"two.txt", "beta two"}, [2]string{"copy.txt", "beta two"})
	p := h.purpose(3)
	_, err := h.find(p, "alpha")
	must(t, err)
	_, err = h.find(p, "gem")
	must(t, err)
	h.close()
	for _, glob := range []string{"catalog.db*", "index"} {
		matches, err := filepath.Glob(filepath.Join(h.dir, glob))
		must(t, err)
		if len(matches) == 0 {
			t.Fatalf("nothing matches %s", glob)
		}
		for _, m := range matches {
			must(t, os.RemoveAll(m))
		}
	}
	h.open(false)
	if _, err := h.SignIn(bg, "reader", "reader-password"); candor.CodeOf(err) != candor.SignIn {
		t.Fatalf("signing in to an empty catalog: %v", err)
	}
	operator, err := h.Operator(bg)
	must(t, err)
	totals, proof, err := h.Rebuild(bg, operator, nil)
	must(t, err)
	h.checkReceipt(proof, "rebuild")
	if totals.Items != 3 {
		t.Errorf("rebuilt %d items, want 3", totals.Items)
	}
	h.admin, h.reader, h.adder = h.sign("admin"), h.sign("reader"), h.sign("adder")
	info, err := h.Purpose(bg, h.reader, p)
	must(t, err)
	if info.Covered != 2 || info.StatusNow != candor.Active {
		t.Errorf("after the rebuild the purpose has covered %d and is %s", info.Covered, info.StatusNow)
	}
	found, err := h.find(p, "gem")
	must(t, err)
	if found.Total != 1 || !found.Hits[0].Covered || len(found.Hits[0].Item.Places) != 1 {
		t.Errorf("found %+v", found.Hits)
	}
	entries, err := h.Entries(bg, h.adder, first.ID, "", 0, 100)
	must(t, err)
	if len(entries) != 3 {
		t.Errorf("the account has %d entries, want 3", len(entries))
	}
	differences, err := h.Check(bg, h.admin, nil)
	must(t, err)
	if len(differences) != 0 {
		t.Errorf("differences after a rebuild: %+v", differences)
	}
	h.add([2]string{"three.txt", "alpha one\npart inner.txt hidden gem"}, [2]string{"four.txt", "quite new"})
	if _, err := h.Operator(bg); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("an archive with people has an operator: %v", err)
	}
}

// TestDuplicates: the same content is one item with several places, whichever
// way it comes in, also side by side.
func TestDuplicates(t *testing.T) {
	h := newHouse(t)
	a := h.add([2]string{"a.txt", "same words"}, [2]string{"b.txt", "same words"}, [2]string{"mail.txt", "cover\npart att.txt same words"})
	if a.Files != 3 || a.Items != 2 || a.Duplicates != 1 {
		t.Errorf("account %+v", a)
	}
	p := h.purpose(5)
	found, err := h.find(p, "same")
	must(t, err)
	if found.Total != 1 || len(found.Hits[0].Item.Places) != 3 {
		t.Errorf("found %+v", found.Hits)
	}
	again := h.add([2]string{"a.txt", "same words"})
	if again.Items != 0 || again.Duplicates != 1 {
		t.Errorf("adding again: %+v", again)
	}
	in, err := h.BeginAddition(bg, h.adder, archive.NewAddition{Collection: "main"})
	must(t, err)
	known, err := h.KnownFiles(bg, h.adder, in.ID, []archive.FileHeader{
		{Path: "a.txt", Size: 10, ModTime: time.Unix(1_700_000_000, 0)}, {Path: "a.txt", Size: 11, ModTime: time.Unix(1_700_000_000, 0)},
	})
	must(t, err)
	if !known[0] || known[1] {
		t.Errorf("known files: %v", known)
	}
}

// TestConcurrentBudget: acts side by side cannot both spend the last of a budget.
func TestConcurrentBudget(t *testing.T) {
	h := newHouse(t)
	var files [][2]string
	for i := range 40 {
		files = append(files, [2]string{fmt.Sprintf("%d.txt", i), fmt.Sprintf("common unique%d", i)})
	}
	h.add(files...)
	p := h.purpose(10)
	errs := make(chan error, 40)
	for i := range 40 {
		go func() {
			_, err := h.find(p, fmt.Sprintf("unique%d", i))
			errs <- err
		}()
	}
	allowed := 0
	for range 40 {
		if err := <-errs; err == nil {
			allowed++
		} else if candor.CodeOf(err) != candor.Denied {
			t.Error(err)
		}
	}
	if allowed != 10 {
		t.Errorf("%d searches were allowed, want 10", allowed)
	}
	if out := h.verify(); !out.OK {
		t.Errorf("verify: %v", out.Problems)
	}
}

// TestRevokeSideBySide: no record says that something was allowed under a
// purpose that was revoked before it, however close the two come.
func TestRevokeSideBySide(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha"})
	for range 5 {
		p := h.purpose(10)
		done := make(chan error)
		for range 6 {
			go func() {
				_, err := h.find(p, "alpha")
				done <- err
			}()
		}
		_, _, err := h.RevokePurpose(bg, h.approver, p)
		must(t, err)
		for range 6 {
			if err := <-done; err != nil {
				wantCode(t, err, candor.Denied)
			}
		}
	}
	if out := h.verify(); !out.OK {
		t.Errorf("verify: %v", out.Problems)
	}
}

// TestConcurrentOpens: the custodian sees checkpoints out of order when acts
// run side by side, and that is no reason to refuse.
func TestConcurrentOpens(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha"})
	p := h.purpose(10)
	found, err := h.find(p, "alpha")
	must(t, err)
	errs := make(chan error)
	for range 24 {
		go func() {
			_, err := h.Open(bg, h.reader, archive.OpenRequest{Item: found.Hits[0].Item.ID, Purpose: p})
			errs <- err
		}()
	}
	for range 24 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestExport writes what was asked for, with a manifest and a receipt inside.
func TestExport(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"../../evil.txt", "alpha"})
	p := h.purpose(10)
	found, err := h.find(p, "alpha")
	must(t, err)
	var out bytes.Buffer
	r, err := h.Export(bg, h.reader, p, []candor.ItemID{found.Hits[0].Item.ID}, &out)
	must(t, err)
	h.checkReceipt(r, "export")
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	must(t, err)
	names := map[string]bool{}
	for _, f := range z.File {
		names[f.Name] = true
		if strings.Contains(f.Name, "..") {
			t.Errorf("the export has the name %s", f.Name)
		}
	}
	if !names["manifest.json"] || !names["receipt.txt"] || len(names) != 3 {
		t.Errorf("the export holds %v", names)
	}
}

// TestNothingReadable: no name, title, text or query stands readable in any
// file of the data folder.
func TestNothingReadable(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"planted-name.txt", "planted-text with words"})
	p := h.purpose(10)
	_, err := h.find(p, "planted-text OR planted-query")
	must(t, err)
	h.close()
	seen := 0
	err = filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for _, word := range []string{"planted", "harbour contracts of the past", "Rea Der"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s holds %q in the clear", path, word)
			}
		}
		return nil
	})
	must(t, err)
	if seen < 10 {
		t.Fatalf("only %d files were looked at", seen)
	}
}

// TestAuditorReadsDetails: who searched for what can be read by the auditor.
func TestAuditorReadsDetails(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha"})
	p := h.purpose(10)
	found, err := h.find(p, "alpha")
	must(t, err)
	var got archive.Details
	err = h.cfg.Log.Read(bg, found.Receipt.Index, found.Receipt.Index+1, func(_ int64, _, sealed []byte) error {
		got, err = archive.OpenDetails(sealed, h.auditor)
		return err
	})
	must(t, err)
	if got.Person != "reader" || got.Query != "alpha" || len(got.Items) != 1 {
		t.Errorf("details %+v", got)
	}
}

// TestViewBelongsToItsReader: a view's ID is of no use to another person, and ends.
func TestViewBelongsToItsReader(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "alpha"})
	p := h.purpose(10)
	found, err := h.find(p, "alpha")
	must(t, err)
	v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: found.Hits[0].Item.ID, Purpose: p})
	must(t, err)
	_, err = h.View(bg, h.reader, v.ID)
	must(t, err)
	_, err = h.View(bg, h.other, v.ID)
	wantCode(t, err, candor.NotFound)
	h.clock.move(16 * time.Minute)
	_, err = h.View(bg, h.reader, v.ID)
	wantCode(t, err, candor.NotFound)
}

// TestSignInSlowsDown: guessing a password is stopped, also for names that do not exist.
func TestSignInSlowsDown(t *testing.T) {
	h := newHouse(t)
	for _, who := range []candor.PersonID{"reader", "nobody"} {
		for range 5 {
			_, err := h.SignIn(bg, who, "wrong")
			wantCode(t, err, candor.SignIn)
		}
		_, err := h.SignIn(bg, who, "reader-password")
		if err == nil || !strings.Contains(candor.MessageOf(err), "Too many") {
			t.Errorf("the sixth try for %s: %v", who, err)
		}
	}
	h.clock.move(11 * time.Minute)
	_, err := h.SignIn(bg, "reader", "reader-password")
	must(t, err)
}

// TestAttackChangeUnwitnessed: while the witnesses are kept away nobody changes
// who may act, what there is, or what was asked for.
func TestAttackChangeUnwitnessed(t *testing.T) {
	h := newHouse(t)
	there := func() (people, collections, purposes int) {
		all, err := h.People(bg, h.admin)
		must(t, err)
		cs, err := h.Collections(bg, h.admin)
		must(t, err)
		ps, err := h.Purposes(bg, h.reader)
		must(t, err)
		return len(all), len(cs), len(ps)
	}
	for name, change := range map[string]func() error{
		"person": func() error {
			_, err := h.AddPerson(bg, h.admin, candor.Person{ID: "accomplice", Name: "Planted Person", Roles: []candor.Role{candor.Reader}}, "long-enough-password")
			return err
		},
		"collection": func() error { _, err := h.AddCollection(bg, h.admin, "secret", "Secret"); return err },
		"purpose": func() error {
			_, _, err := h.RequestPurpose(bg, h.reader, archive.PurposeRequest{Reason: "research", Why: "to have a look around", Collections: []string{"main"}})
			return err
		},
		"addition": func() error {
			a, err := h.BeginAddition(bg, h.adder, archive.NewAddition{Collection: "main", Source: "box", Expected: 1})
			must(t, err)
			_, err = h.PutFile(bg, h.adder, a.ID, archive.FileHeader{Path: "a.txt", Size: 1}, strings.NewReader("a"))
			return err
		},
	} {
		people, collections, purposes := there()
		h.faults.away.Store(true)
		if err := change(); candor.CodeOf(err) != candor.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		h.faults.away.Store(false)
		if p, c, u := there(); p != people || c != collections || u != purposes {
			t.Errorf("%s: there are %d people, %d collections and %d purposes now", name, p-people, c-collections, u-purposes)
		}
	}
}
