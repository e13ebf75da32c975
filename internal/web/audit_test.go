package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// audits is the auditing half of the stand-in: some records whose details are
// really sealed, to an identity that the tests have.
type audits struct {
	identity *age.HybridIdentity
	records  []archive.AuditRecord
	asked    []archive.AuditRequest
}

const auditPhrase = "the passphrase of the identity"

func newAudits(t testing.TB, now time.Time) *audits {
	t.Helper()
	id, err := age.GenerateHybridIdentity()
	must(t, err)
	a := &audits{identity: id}
	add := func(act string, d archive.Details, change ...func(*archive.AuditRecord)) {
		sealed := sealFor(t, id, d)
		sum := sha256.Sum256(sealed)
		n := int64(len(a.records))
		leaf, err := receipt.Record{V: 1, Nonce: strings.Repeat("A", 20) + string(rune('A'+n)) + "A", Time: receipt.FormatTime(now), Act: act, Phase: "outcome",
			Decision: receipt.Allow, Intent: new(int64), Actor: "m-7f3kq2", Purpose: string(d.Purpose), Terms: "sha256:" + strings.Repeat("ab", 32), Details: hex.EncodeToString(sum[:])}.Marshal()
		must(t, err)
		r := archive.AuditRecord{Index: n, Leaf: leaf, Sealed: sealed, Held: archive.HeldSealed}
		for _, c := range change {
			c(&r)
		}
		a.records = append(a.records, r)
	}
	lind := archive.Details{Person: "m.lind", Name: "Maren Lind", Purpose: "p-harbour234", Why: "Harbour contracts: how the quay wall tender of 2025 was decided, for our series on public works"}
	asked, opened := lind, lind
	asked.Query, asked.Items = "quay <b>tender</b>", []candor.ItemID{"aaaaaaaaaaaaaaaaaaaa000001", "aaaaaaaaaaaaaaaaaaaa000002"}
	asked.Filters = map[string][]string{"type": {"application/pdf"}}
	opened.Items = asked.Items[:1]
	add("search", lind, func(r *archive.AuditRecord) { r.Sealed, r.Held, r.DestroyedBy = nil, archive.HeldDestroyed, 3 })
	add("open", opened, func(r *archive.AuditRecord) { r.Sealed[len(r.Sealed)-12] ^= 1 })
	add("search", asked, func(r *archive.AuditRecord) {
		r.Reviews = []archive.Review{{Index: 2, By: "i.noor", Name: "I. Noor", At: now, Note: "Fits the purpose."}}
	})
	add("open", opened)
	add("approve", archive.Details{Person: "r.osei", Name: "R. Osei", Purpose: "p-harbour234", Subject: "active", Because: "The editor vouches for it."})
	return a
}

func sealFor(t testing.TB, id *age.HybridIdentity, d archive.Details) []byte {
	t.Helper()
	plain, err := json.Marshal(d)
	must(t, err)
	var file bytes.Buffer
	w, err := age.Encrypt(&file, id.Recipient())
	must(t, err)
	_, err = w.Write(plain)
	must(t, err)
	must(t, w.Close())
	out := append(binary.BigEndian.AppendUint32(nil, uint32(file.Len())), file.Bytes()...)
	return binary.BigEndian.AppendUint32(out, 0)
}

func (s *standIn) UnlockAudit(_ context.Context, who archive.Actor, identity age.Identity) (archive.Receipted, error) {
	if !who.Person.Has(candor.Auditor) || identity.(*age.HybridIdentity).String() != s.audit.identity.String() {
		return archive.Receipted{}, candor.Errorf(candor.Denied, "This is not the identity of an auditor of this archive.")
	}
	r, err := s.record(receipt.Record{Act: "audit", Phase: "intent"})
	return archive.Receipted{Receipt: r}, err
}

func (s *standIn) Audit(_ context.Context, who archive.Actor, r archive.AuditRequest, yield func(archive.AuditRecord) error) (receipt.Receipt, error) {
	if !who.Person.Has(candor.Auditor) {
		return receipt.Receipt{}, candor.Errorf(candor.Denied, "Only an auditor.")
	}
	s.audit.asked = append(s.audit.asked, r)
	for _, a := range s.audit.records {
		if err := yield(a); err != nil {
			return receipt.Receipt{}, err
		}
	}
	return s.record(receipt.Record{Act: "audit", Phase: "intent"})
}

func (s *standIn) Review(_ context.Context, _ archive.Actor, index int64, note string) (archive.Receipted, error) {
	if note == "" {
		return archive.Receipted{}, candor.Errorf(candor.Invalid, "A review has a note.")
	}
	r, err := s.record(receipt.Record{Act: "audit", Phase: "intent"})
	return archive.Receipted{Receipt: r}, err
}

// readsIdentities lets the pages read an identity as a key file holds it.
func readsIdentities(cfg *Config) {
	cfg.ReadIdentity = func(data []byte, passphrase string) (age.Identity, error) {
		if passphrase != auditPhrase {
			return nil, candor.Errorf(candor.Denied, "The passphrase is wrong.")
		}
		id, err := age.ParseHybridIdentity(string(data))
		if err != nil {
			return nil, candor.Errorf(candor.Invalid, "This is not an auditor's identity.")
		}
		return id, nil
	}
}

// give sends an identity as the form does.
func (r *reader) give(identity, passphrase string) (*http.Response, string) {
	r.d.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("identity", "auditor.key")
	must(r.d.t, err)
	_, err = file.Write([]byte(identity))
	must(r.d.t, err)
	must(r.d.t, form.WriteField("passphrase", passphrase))
	must(r.d.t, form.Close())
	req, err := http.NewRequest("POST", r.d.server.URL+"/audit/unlock", &body)
	must(r.d.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return r.do(req)
}

func (r *reader) unlock(identity string) {
	r.d.t.Helper()
	if res, body := r.give(identity, auditPhrase); res.StatusCode != 200 || !strings.Contains(body, "Unlocked in this server") {
		r.d.t.Fatalf("unlocking: %s\n%s", res.Status, body)
	}
}

// findActs asks a question and returns the page of its answer.
func (r *reader) findActs(q url.Values) string {
	r.d.t.Helper()
	res, body := r.post("/audit/find", q)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Request.URL.Path, "/audit/found/") {
		r.d.t.Fatalf("finding: %s %s\n%s", res.Status, res.Request.URL, body)
	}
	return res.Request.URL.Path
}

func TestAuditPages(t *testing.T) {
	d := newDesk(t, readsIdentities)
	r := d.signedIn("i.noor")
	if _, body := r.get("/audit"); !strings.Contains(body, "memory only") || strings.Contains(body, "/audit/find") {
		t.Error("the locked page does not say how the identity is kept, or offers more than to unlock")
	}
	r.unlock(d.archive.audit.identity.String())
	found := r.findActs(url.Values{})
	_, body := r.get(found)
	for _, want := range []string{"Maren Lind", "quay &lt;b&gt;tender&lt;/b&gt;", "destroyed under the retention rule", "does not hold", "reviewed"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	_, body = r.get(found + "/2")
	for _, want := range []string{"m.lind", "quay &lt;b&gt;tender", "aaaaaaaaaaaaaaaaaaaa000002", "Fits the purpose.", "application/pdf"} {
		if !strings.Contains(body, want) {
			t.Errorf("the record lacks %q", want)
		}
	}
	asked := len(d.archive.audit.asked)
	r.get(found)
	if len(d.archive.audit.asked) != asked {
		t.Error("a reload was a new act")
	}
	res, body := r.post(found+"/3/review", url.Values{"note": {"Nothing amiss here"}})
	if res.StatusCode != 200 || !strings.Contains(body, "Nothing amiss here") {
		t.Errorf("review: %s", res.Status)
	}
	for q, want := range map[string]int{"person=m.lind": 3, "person=osei": 2, "query=tender+of+2025": 3, "item=aaaaaaaaaaaaaaaaaaaa000002": 2} {
		values, err := url.ParseQuery(q)
		must(t, err)
		_, body := r.get(r.findActs(values))
		// The record that does not hold is always among them: it may be what is looked for.
		if got := len(regexp.MustCompile(`<h3><a href="/audit/found/`).FindAllString(body, -1)); got != want {
			t.Errorf("%s found %d, want %d", q, got, want)
		}
	}
	last := d.archive.audit.asked[len(d.archive.audit.asked)-1]
	if last.Newest != auditLooked {
		t.Errorf("the archive was asked for %+v", last)
	}
	r.findActs(url.Values{"sample": {"3"}, "seed": {"dice"}})
	if got := d.archive.audit.asked[len(d.archive.audit.asked)-1]; got.Sample != 3 || got.Seed != "dice" {
		t.Errorf("a sample was asked for as %+v", got)
	}
}

// What was unlocked is gone after 30 minutes, after locking, and after signing
// out; another session of the same person never has it, and no other person.
func TestAuditForgets(t *testing.T) {
	d := newDesk(t, readsIdentities)
	secret := d.archive.audit.identity.String()
	r, other := d.signedIn("i.noor"), d.visitor()
	forgotten := func(what string, r *reader, found string) {
		t.Helper()
		res, body := r.get(found)
		if res.StatusCode == 200 && strings.Contains(body, "Maren Lind") {
			t.Errorf("%s: still shown", what)
		}
		if _, body := r.get("/audit"); strings.Contains(body, "Unlocked in this server") {
			t.Errorf("%s: still unlocked", what)
		}
	}
	r.unlock(secret)
	found := r.findActs(nil)
	forgotten("nobody signed in", other, found)
	for _, who := range []string{"m.lind", "r.osei", "a.keller"} {
		stranger := d.signedIn(who)
		if res, body := stranger.get(found); res.StatusCode != http.StatusForbidden || strings.Contains(body, "&lt;b&gt;tender") {
			t.Errorf("%s: %s", who, res.Status)
		}
		if res, _ := stranger.give(secret, auditPhrase); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s unlocked: %s", who, res.Status)
		}
	}
	r.post("/audit/lock", nil)
	forgotten("locked", r, found)
	r.unlock(secret)
	found = r.findActs(nil)
	at := testNow
	d.archive.now = func() time.Time { return at.Add(auditUnlocked) }
	forgotten("30 minutes later", r, found)
	d.archive.now = func() time.Time { return at }
	r.unlock(secret)
	found = r.findActs(nil)
	r.post("/signout", nil)
	again := d.signedIn("i.noor")
	forgotten("signed out", again, found)
	if res, body := again.give(secret, "wrong"); res.StatusCode != http.StatusForbidden || strings.Contains(body, secret) {
		t.Errorf("wrong passphrase: %s", res.Status)
	}
	if res, _ := again.give("no identity", auditPhrase); res.StatusCode != http.StatusBadRequest {
		t.Errorf("no identity: %s", res.Status)
	}
	if res, _ := again.give(strings.Repeat("x", identityAtMost+1), auditPhrase); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %s", res.Status)
	}
	if res, body := newDesk(t).signedIn("i.noor").get("/audit"); res.StatusCode != 200 || strings.Contains(body, `type="file"`) {
		t.Errorf("without a reader of identities: %s", res.Status)
	}
}
