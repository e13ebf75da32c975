package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// audit collects what an audit hands out, opened.
func (h *house) audit(r archive.AuditRequest) []archive.Unsealed {
	h.t.Helper()
	var all []archive.Unsealed
	_, err := h.Audit(bg, h.inspector, r, func(a archive.AuditRecord) error {
		all = append(all, archive.Unseal(a, h.auditor))
		return nil
	})
	must(h.t, err)
	return all
}

// used is an archive in which a reader searched and opened.
func used(t *testing.T) (*house, candor.PurposeID, candor.ItemID) {
	h := newHouse(t)
	h.add([2]string{"secret-ledger.txt", "the herons of the harbour\n"}, [2]string{"letter.txt", "a letter about herons\n"})
	p := h.purpose(50)
	res, err := h.find(p, "herons")
	must(t, err)
	_, err = h.Open(bg, h.reader, archive.OpenRequest{Item: res.Hits[0].Item.ID, Purpose: p})
	must(t, err)
	return h, p, res.Hits[0].Item.ID
}

func TestAuditFindsActs(t *testing.T) {
	h, p, item := used(t)
	all := h.audit(archive.AuditRequest{})
	for _, u := range all {
		if u.Problem != "" || u.Held != archive.HeldSealed || u.Record.Phase != receipt.Outcome {
			t.Errorf("record %d: %s, %s, %q", u.Index, u.Held, u.Record.Phase, u.Problem)
		}
	}
	matching := func(r archive.AuditRequest) (acts []string) {
		for _, u := range h.audit(r) {
			if r.For.Matches(u) {
				acts = append(acts, u.Record.Act)
			}
		}
		return acts
	}
	for _, test := range []struct {
		name string
		r    archive.AuditRequest
		want []string
	}{
		{"by act", archive.AuditRequest{Act: candor.ActSearch}, []string{"search"}},
		{"by purpose", archive.AuditRequest{Purpose: p}, []string{"request", "approve", "search", "open"}},
		{"by person", archive.AuditRequest{For: archive.LookingFor{Person: "reader"}}, []string{"request", "search", "open"}},
		{"by part of a name", archive.AuditRequest{Purpose: p, For: archive.LookingFor{Person: "app rov"}}, []string{"approve"}},
		{"by item", archive.AuditRequest{For: archive.LookingFor{Item: item}}, []string{"search", "open"}},
		{"by query", archive.AuditRequest{Act: candor.ActSearch, For: archive.LookingFor{Query: "HERON"}}, []string{"search"}},
		{"by another query", archive.AuditRequest{Act: candor.ActSearch, For: archive.LookingFor{Query: "gull"}}, nil},
		{"the newest", archive.AuditRequest{Purpose: p, Newest: 2}, []string{"search", "open"}},
		{"in the future", archive.AuditRequest{From: h.clock.now().Add(time.Hour)}, nil},
		{"in the past", archive.AuditRequest{To: h.clock.now().Add(-time.Hour)}, nil},
		{"by index", archive.AuditRequest{Indexes: []int64{0, 1}}, []string{"release-key", "release-key"}},
	} {
		if got := matching(test.r); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if v := h.verify(); !v.OK {
		t.Error(v.Problems)
	}
}

// No auditor in secret: the audit is on the record, sealed details say what it
// looked for, and it is there before anything is handed out.
func TestAuditIsRecorded(t *testing.T) {
	h, _, _ := used(t)
	stop := errors.New("seen enough")
	size := h.cfg.Log.Size()
	_, err := h.Audit(bg, h.inspector, archive.AuditRequest{Act: candor.ActSearch, For: archive.LookingFor{Person: "reader", Query: "herons"}}, func(archive.AuditRecord) error {
		recs := h.records()[size:]
		if len(recs) != 2 || recs[1].Act != "audit" || recs[1].Decision != receipt.Allow {
			t.Errorf("when details were handed out the log said %+v", recs)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	of := h.audit(archive.AuditRequest{Indexes: []int64{size + 1}})[0]
	if d := of.Details; d.Person != "auditor" || d.Query != "herons" || d.Filters["person"][0] != "reader" || d.Filters["act"][0] != "search" {
		t.Errorf("the audit's own details: %+v", d)
	}
	for _, r := range h.records() {
		leaf, err := r.Marshal()
		must(t, err)
		if bytes.Contains(leaf, []byte("herons")) || bytes.Contains(leaf, []byte("ledger")) {
			t.Errorf("a public record tells too much: %s", leaf)
		}
	}
}

func TestOnlyAuditorsAudit(t *testing.T) {
	h, _, _ := used(t)
	for _, who := range []archive.Actor{h.admin, h.reader, h.approver, h.adder} {
		before := h.cfg.Log.Size()
		_, err := h.Audit(bg, who, archive.AuditRequest{}, func(archive.AuditRecord) error {
			t.Errorf("%s was handed sealed details", who.Person.ID)
			return nil
		})
		wantCode(t, err, candor.Denied)
		_, err = h.Review(bg, who, 1, "looks fine")
		wantCode(t, err, candor.Denied)
		_, err = h.DestroyDetails(bg, who, h.clock.now().Add(-time.Second))
		wantCode(t, err, candor.Denied)
		_, err = h.UnlockAudit(bg, who, h.auditor)
		wantCode(t, err, candor.Denied)
		if grown := h.cfg.Log.Size() - before; grown != 8 {
			t.Errorf("four refusals of %s left %d records, want 8", who.Person.ID, grown)
		}
	}
	agent := h.inspector
	agent.Agent = true
	_, err := h.Audit(bg, agent, archive.AuditRequest{}, func(archive.AuditRecord) error { return nil })
	wantCode(t, err, candor.Denied)
}

// Faults at every step: nothing is handed out without a durable record.
func TestAuditFaults(t *testing.T) {
	h, _, _ := used(t)
	for n := int64(1); ; n++ {
		h.faults.arm(n)
		given := false
		_, err := h.Audit(bg, h.inspector, archive.AuditRequest{}, func(archive.AuditRecord) error { given = true; return nil })
		fired := h.faults.fired()
		h.faults.disarm()
		if fired == "" {
			must(t, err)
			if n < 3 {
				t.Fatal("no step could be made to fail")
			}
			return
		}
		if err == nil || given {
			t.Errorf("fault %d at %s: error %v, handed out %v", n, fired, err, given)
		}
	}
}

func TestSampleIsRepeatableAndUnbiased(t *testing.T) {
	h, p, _ := used(t)
	for range 10 {
		_, err := h.find(p, "herons")
		must(t, err)
	}
	r := archive.AuditRequest{Purpose: p, Sample: 4, Seed: "2026-11"}
	first, again := h.audit(r), h.audit(r)
	if len(first) != 4 {
		t.Fatalf("a sample of 4 has %d", len(first))
	}
	for i := range first {
		if first[i].Index != again[i].Index {
			t.Errorf("the same seed drew %d and %d", first[i].Index, again[i].Index)
		}
	}
	if all := h.audit(archive.AuditRequest{Purpose: p, Sample: 100, Seed: "x"}); len(all) != 14 {
		t.Errorf("a sample of all has %d of 14", len(all))
	}
	// Each of 40 records is drawn about equally often by 4,000 seeds.
	drawn := make([]int, 40)
	var from []int64
	for i := range drawn {
		from = append(from, int64(i))
	}
	for seed := range 4000 {
		for _, i := range archive.SampleOf(from, 4, strings.Repeat("s", seed%7)+string(rune('a'+seed%26))+time.Duration(seed).String()) {
			drawn[i]++
		}
	}
	for i, n := range drawn { // 400 expected, standard deviation 19: six of them
		if n < 286 || n > 514 {
			t.Errorf("record %d was drawn %d times, want about 400", i, n)
		}
	}
	_, err := h.Audit(bg, h.inspector, archive.AuditRequest{Sample: 3}, nil)
	wantCode(t, err, candor.Invalid)
}

// A review survives the loss of the catalog.
func TestReview(t *testing.T) {
	h, p, _ := used(t)
	found := h.audit(archive.AuditRequest{Purpose: p, Act: candor.ActSearch})[0]
	_, err := h.Review(bg, h.inspector, found.Index, "Fits the purpose.")
	must(t, err)
	_, err = h.Review(bg, h.inspector, found.Index, "Looked again.")
	must(t, err)
	_, err = h.Review(bg, h.inspector, found.Index, "  ")
	wantCode(t, err, candor.Invalid)
	_, err = h.Review(bg, h.inspector, 1<<40, "nothing there")
	wantCode(t, err, candor.NotFound)
	check := func() {
		t.Helper()
		got := h.audit(archive.AuditRequest{Indexes: []int64{found.Index}})[0].Reviews
		if len(got) != 2 || got[0].Note != "Fits the purpose." || got[1].Note != "Looked again." || got[0].By != "auditor" {
			t.Errorf("reviews: %+v", got)
		}
	}
	check()
	_, _, err = h.Rebuild(bg, h.admin, nil)
	must(t, err)
	check()
}

// Swapped, altered and missing details are told apart from those destroyed
// under a retention rule.
func TestSwappedAndMissingDetails(t *testing.T) {
	h, p, _ := used(t)
	var two []archive.AuditRecord
	_, err := h.Audit(bg, h.inspector, archive.AuditRequest{Purpose: p}, func(a archive.AuditRecord) error { two = append(two, a); return nil })
	must(t, err)
	swapped := two[0]
	swapped.Sealed = two[1].Sealed
	if got := archive.Unseal(swapped, h.auditor); !strings.Contains(got.Problem, "swapped") {
		t.Errorf("swapped details: %q", got.Problem)
	}
	altered := two[0]
	altered.Sealed = bytes.Clone(altered.Sealed)
	altered.Sealed[len(altered.Sealed)-9] ^= 1
	if got := archive.Unseal(altered, h.auditor); got.Problem == "" || got.Details.Person != "" {
		t.Errorf("altered details: %+v", got)
	}
	stranger, err := age.GenerateHybridIdentity()
	must(t, err)
	if got := archive.Unseal(two[0], stranger); got.Problem == "" {
		t.Error("a stranger's identity opened details")
	}
	must(t, h.cfg.Log.DestroyDetails(bg, two[0].Index)) // behind the log's back: no record tells of it
	if got := h.audit(archive.AuditRequest{Indexes: []int64{two[0].Index}})[0]; got.Held != archive.HeldMissing || !strings.Contains(got.Problem, "missing") {
		t.Errorf("missing details: %s, %q", got.Held, got.Problem)
	}
	differences, err := h.Check(bg, h.admin, nil)
	must(t, err)
	if len(differences) != 1 || !strings.Contains(differences[0].Problem, "missing") {
		t.Errorf("check found %+v", differences)
	}
}

func TestDestroyDetails(t *testing.T) {
	h, _, _ := used(t)
	h.clock.move(time.Hour)
	second := h.purpose(50)
	_, err := h.find(second, "herons")
	must(t, err)
	h.clock.move(47*time.Hour + 10*time.Minute) // the first purpose has ended, the second has not
	cut := h.clock.now()
	h.clock.move(10 * time.Minute)
	old := h.audit(archive.AuditRequest{To: cut})
	done, err := h.DestroyDetails(bg, h.inspector, cut)
	must(t, err)
	if done.Records == 0 {
		t.Fatal("nothing was destroyed")
	}
	rec, err := receipt.ParseRecord(done.Receipt.Leaf)
	must(t, err)
	if rec.Retention == nil || rec.Retention.Records != done.Records || rec.Act != "destroy" {
		t.Errorf("the public record says %s", done.Receipt.Leaf)
	}
	var indexes []int64
	for _, u := range old {
		indexes = append(indexes, u.Index)
	}
	kept := 0
	for _, u := range h.audit(archive.AuditRequest{Indexes: indexes}) {
		counts := u.Record.New > 0
		switch {
		case counts && u.Held == archive.HeldSealed:
			kept++
		case u.Held != archive.HeldDestroyed || u.DestroyedBy != done.Receipt.Index || u.Problem != "" || u.Details.Person != "":
			t.Errorf("record %d (%s, new %d): %s by %d, %q", u.Index, u.Record.Act, u.Record.New, u.Held, u.DestroyedBy, u.Problem)
		}
	}
	if kept != 1 || int64(kept) != done.Kept {
		t.Errorf("kept %d, said %d", kept, done.Kept)
	}
	if differences, err := h.Check(bg, h.admin, nil); err != nil || len(differences) > 0 {
		t.Errorf("check after destroying: %v %+v", err, differences)
	}
	if v := h.verify(); !v.OK || v.Figures.Destroyed != done.Records || v.Figures.Items != 2 {
		t.Errorf("verify: %v, %d destroyed, %d items", v.Problems, v.Figures.Destroyed, v.Figures.Items)
	}
	// The coverage of what has not ended is counted again after the catalog was lost.
	_, _, err = h.Rebuild(bg, h.admin, nil)
	must(t, err)
	info, err := h.Purpose(bg, h.reader, second)
	must(t, err)
	if info.StatusNow != candor.Active || info.Covered != 2 {
		t.Errorf("the living purpose has covered %d, want 2", info.Covered)
	}
	_, err = h.DestroyDetails(bg, h.inspector, h.clock.now().Add(time.Hour))
	wantCode(t, err, candor.Invalid)
	_, err = h.DestroyDetails(bg, h.inspector, cut)
	wantCode(t, err, candor.NotFound)
}

func TestUnlockAudit(t *testing.T) {
	h, _, _ := used(t)
	_, err := h.UnlockAudit(bg, h.inspector, h.auditor)
	must(t, err)
	stranger, err := age.GenerateHybridIdentity()
	must(t, err)
	_, err = h.UnlockAudit(bg, h.inspector, stranger)
	wantCode(t, err, candor.Denied)
}

// Break-glass, from the asking to the end: a second person, a reason, a day at
// most, and told in public.
func TestOverride(t *testing.T) {
	h, _, _ := used(t)
	ask := func(who archive.Actor, lifetime time.Duration, coverage int64) (archive.PurposeInfo, receipt.Receipt, error) {
		return h.RequestPurpose(bg, who, archive.PurposeRequest{
			Reason: "safety-of-a-person", Why: "A child is missing and the letters may say where", Collections: []string{"main"},
			Coverage: coverage, Lifetime: lifetime, Override: true,
		})
	}
	for _, who := range []archive.Actor{h.admin, h.approver, h.inspector, h.adder} {
		_, _, err := ask(who, 0, 10)
		wantCode(t, err, candor.Denied)
	}
	_, _, err := ask(h.reader, 25*time.Hour, 10)
	wantCode(t, err, candor.Denied)
	_, _, err = ask(h.reader, 0, 100_000)
	wantCode(t, err, candor.Denied)
	p, proof, err := ask(h.reader, 0, 10)
	must(t, err)
	if rec, err := receipt.ParseRecord(proof.Leaf); err != nil || rec.Act != "override" || p.Expires.Sub(p.Asked) > 24*time.Hour {
		t.Errorf("asking was recorded as %s, until %s", proof.Leaf, p.Expires)
	}
	_, err = h.find(p.ID, "herons")
	wantCode(t, err, candor.Denied)
	for _, who := range []archive.Actor{h.reader, h.admin, h.other, h.inspector} {
		_, _, err := h.DecidePurpose(bg, who, p.ID, true, "because I say so myself")
		wantCode(t, err, candor.Denied)
	}
	_, _, err = h.DecidePurpose(bg, h.approver, p.ID, true, "")
	wantCode(t, err, candor.Denied)
	_, proof, err = h.DecidePurpose(bg, h.approver, p.ID, true, "The duty editor was asked and agrees")
	must(t, err)
	if rec, err := receipt.ParseRecord(proof.Leaf); err != nil || rec.Grant == nil || !rec.Grant.Override {
		t.Errorf("the approval was recorded as %s", proof.Leaf)
	}
	res, err := h.find(p.ID, "herons")
	must(t, err)
	_, err = h.Open(bg, h.reader, archive.OpenRequest{Item: res.Hits[0].Item.ID, Purpose: p.ID})
	must(t, err)
	why := h.audit(archive.AuditRequest{Purpose: p.ID, Act: candor.ActApprove})
	if got := why[len(why)-1].Details.Because; got != "The duty editor was asked and agrees" {
		t.Errorf("the auditor reads that it was approved because %q", got)
	}
	v := h.verify()
	if !v.OK || v.Figures.Overrides != 1 || !v.Figures.Purposes[string(p.ID)].Override {
		t.Errorf("verify: %v, %d overrides", v.Problems, v.Figures.Overrides)
	}
	h.clock.move(24 * time.Hour)
	_, err = h.find(p.ID, "herons")
	wantCode(t, err, candor.Denied)
}

// An administrator sees figures of what others hand in, and no name of it.
func TestAdministratorsSeeNoEntries(t *testing.T) {
	h := newHouse(t)
	a := h.add([2]string{"secret-ledger.txt", "herons\n"})
	got, err := h.Addition(bg, h.admin, a.ID)
	must(t, err)
	if got.Source != "" || got.Files != 1 {
		t.Errorf("%+v", got)
	}
	_, err = h.Entries(bg, h.admin, a.ID, "", 0, 0)
	wantCode(t, err, candor.Denied)
	if mine, err := h.Entries(bg, h.adder, a.ID, "", 0, 0); err != nil || len(mine) != 1 {
		t.Errorf("%v %v", mine, err)
	}
}

// BenchmarkUnseal opens one record's details: what an audit of many costs.
func BenchmarkUnseal(b *testing.B) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		b.Fatal(err)
	}
	sealed, rec := sealedDetails(b, id)
	leaf, err := rec.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	r := archive.AuditRecord{Leaf: leaf, Sealed: sealed, Held: archive.HeldSealed}
	for b.Loop() {
		if u := archive.Unseal(r, id); u.Problem != "" {
			b.Fatal(u.Problem)
		}
	}
}

func sealedDetails(b *testing.B, id *age.HybridIdentity) ([]byte, receipt.Record) {
	b.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, id.Recipient())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Write([]byte(`{"person":"reader","query":"herons"}`)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	sealed := append(binary.BigEndian.AppendUint32(nil, uint32(file.Len())), file.Bytes()...)
	sealed = binary.BigEndian.AppendUint32(sealed, 0)
	sum := sha256.Sum256(sealed)
	return sealed, receipt.Record{V: 1, Nonce: "AAAAAAAAAAAAAAAAAAAABQ", Time: "2026-11-23T14:20Z", Act: "audit", Phase: "intent", Actor: "a-1",
		Terms: "sha256:" + hex.EncodeToString(sum[:]), Details: hex.EncodeToString(sum[:])}
}
