package web

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// standIn answers the uses of an archive from memory, with a real log, so that
// the pages can be tried alone. It keeps the promises the pages rely on (who
// may see which view, what is refused), not those of storage.
type standIn struct {
	now     func() time.Time
	mu      sync.Mutex
	log     *memoryLog
	secrets map[string]candor.PersonID
	persons []candor.Person
	cols    []archive.CollectionInfo
	list    []candor.Purpose
	covered map[candor.PurposeID]map[candor.ItemID]bool
	items   []candor.Item
	texts   map[candor.ItemID]string
	views   map[string]Opened
	owners  map[string]candor.PersonID
	adds    []candor.Addition
	entries map[string][]candor.Entry
	sent    map[string][]byte
	broken  error // every use fails with it
	acts    int   // searches and opens performed
	last    archive.SearchRequest
	typed   archive.RetypeRequest
	again   archive.AnalyseRequest
	saved   []archive.Saved
	jobs    []archive.Job
	audit   *audits
}

// memoryLog is a transparency log in memory.
type memoryLog struct {
	leaves [][]byte
	hashes hashes
	signer note.Signer
	key    string
	// witness cosigns every checkpoint.
	witness testWitness
}

// testWitness cosigns whatever it is given, as https://c2sp.org/tlog-cosignature says.
type testWitness struct{ private ed25519.PrivateKey }

func (w testWitness) Name() string { return "witness.example" }

func (w testWitness) key() []byte {
	return append([]byte{4}, w.private.Public().(ed25519.PublicKey)...)
}

func (w testWitness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.Name()+"\n"), w.key()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (w testWitness) Verifier() string {
	return fmt.Sprintf("%s+%08x+%s", w.Name(), w.KeyHash(), base64.StdEncoding.EncodeToString(w.key()))
}

func (w testWitness) Sign(body []byte) ([]byte, error) {
	at := uint64(testNow.Unix())
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, body)
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(w.private, []byte(text))...), nil
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = h[n]
	}
	return out, nil
}

const origin = "velmere.example/archive"

func newMemoryLog(t testing.TB) *memoryLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, origin)
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	_, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	return &memoryLog{signer: signer, key: vkey, witness: testWitness{private}}
}

func (l *memoryLog) append(r receipt.Record) (int64, error) {
	r.V = 1
	r.Nonce = base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{byte(len(l.leaves)), byte(len(l.leaves) >> 8)}, 8))
	leaf, err := r.Marshal()
	if err != nil {
		return 0, err
	}
	n := int64(len(l.leaves))
	hs, err := tlog.StoredHashes(n, leaf, l.hashes)
	if err != nil {
		return 0, err
	}
	l.leaves, l.hashes = append(l.leaves, leaf), append(l.hashes, hs...)
	return n, nil
}

func (l *memoryLog) receipt(index int64) (receipt.Receipt, error) {
	size := int64(len(l.leaves))
	if index < 0 || index >= size {
		return receipt.Receipt{}, candor.Errorf(candor.NotFound, "There is no record %d.", index)
	}
	root, err := tlog.TreeHash(size, l.hashes)
	if err != nil {
		return receipt.Receipt{}, err
	}
	proof, err := tlog.ProveRecord(size, index, l.hashes)
	if err != nil {
		return receipt.Receipt{}, err
	}
	text := receipt.Checkpoint{Origin: origin, Size: size, Hash: root}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, l.signer, l.witness)
	if err != nil {
		return receipt.Receipt{}, err
	}
	r := receipt.Receipt{Index: index, Leaf: l.leaves[index], Checkpoint: signed}
	for _, h := range proof {
		r.Hashes = append(r.Hashes, slices.Clone(h[:]))
	}
	return r, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var testNow = time.Date(2026, 11, 23, 14, 27, 0, 0, time.UTC)

// password opens every account of the stand-in.
const password = "correct horse"

// frenchLetter stands in minutes that are in English.
const frenchLetter = "Une lettre de la société Ferro est lue, dans laquelle elle demande que le quai ne soit pas fermé pendant les travaux, parce que ses navires y sont attendus tous les jours et qu'il n'y a pas d'autre place pour eux dans le port."

func newStandIn(t testing.TB) *standIn {
	t.Helper()
	s := &standIn{
		now: func() time.Time { return testNow }, log: newMemoryLog(t), secrets: map[string]candor.PersonID{},
		covered: map[candor.PurposeID]map[candor.ItemID]bool{}, texts: map[candor.ItemID]string{},
		views: map[string]Opened{}, owners: map[string]candor.PersonID{}, entries: map[string][]candor.Entry{}, sent: map[string][]byte{},
	}
	since := testNow.AddDate(0, -4, 0)
	s.persons = []candor.Person{
		{ID: "m.lind", Name: "Maren Lind", Roles: []candor.Role{candor.Reader, candor.Contributor}, Created: since},
		{ID: "r.osei", Name: "R. Osei", Roles: []candor.Role{candor.Approver}, Created: since},
		{ID: "j.tan", Name: "J. Tan", Roles: []candor.Role{candor.Reader}, Created: since},
		{ID: "a.keller", Name: "A. Keller", Roles: []candor.Role{candor.Administrator}, Created: since},
		{ID: "i.noor", Name: "I. Noor", Roles: []candor.Role{candor.Auditor}, Created: since},
		{ID: "p.voss", Name: "P. Voss", Roles: []candor.Role{candor.Auditor}, Created: since},
	}
	s.cols = []archive.CollectionInfo{
		{Name: "harbour", Title: "Harbour office", Created: since, Totals: candor.Totals{Items: 4812, Bytes: 9_300_000_000, Conditions: map[candor.Condition]int64{candor.Done: 4700, candor.Partial: 61, candor.Failed: 51}}},
		{Name: "council", Title: "Council minutes", Created: since, Totals: candor.Totals{Items: 1290, Bytes: 1_420_000_000, Conditions: map[candor.Condition]int64{candor.Done: 1290}}},
	}
	s.fillPurposes()
	s.fillItems()
	s.fillAdditions()
	s.audit = newAudits(t, testNow)
	return s
}

func (s *standIn) fillPurposes() {
	day := 24 * time.Hour
	acts := []candor.Act{candor.ActSearch, candor.ActOpen, candor.ActExport}
	add := func(p candor.Purpose, covered int) {
		p.Acts, p.Asked = acts, testNow.Add(-12*day)
		if p.Status != candor.Requested {
			p.Decided, p.DecidedBy, p.Grant = testNow.Add(-11*day), "r.osei", 3
		} else {
			p.Grant = -1
		}
		s.list = append(s.list, p)
		s.covered[p.ID] = map[candor.ItemID]bool{}
		for i := range covered {
			s.covered[p.ID][candor.ItemID(fmt.Sprintf("before-%d", i))] = true
		}
	}
	add(candor.Purpose{ID: "p-harbour234", Reason: "journalism", Why: "Harbour contracts: how the quay wall tender of 2025 was decided, for our series on public works", Collections: []string{"harbour", "council"}, Coverage: 500, Expires: testNow.Add(21 * day), AskedBy: "m.lind", Status: candor.Active}, 312)
	add(candor.Purpose{ID: "p-flooding22", Reason: "research", Why: "Flood protection after the storm of 1962", Collections: []string{"council"}, Coverage: 200, Expires: testNow.Add(40 * day), AskedBy: "m.lind", Status: candor.Active}, 171)
	add(candor.Purpose{ID: "p-pending222", Reason: "oversight", Why: "Complaint 14/2026: who had access to the crane logs", Collections: []string{"harbour"}, Coverage: 100, Expires: testNow.Add(30 * day), AskedBy: "j.tan", Status: candor.Requested}, 0)
	for range 3 {
		_, _ = s.record(receipt.Record{Act: "add", Phase: "intent", Collection: "harbour", Actor: "m-7f3kq2"})
	}
}

func (s *standIn) fillItems() {
	mk := func(i int, it candor.Item, text string) {
		it.ID = candor.ItemID(strings.Repeat("a", 20) + fmt.Sprintf("%06d", i))
		it.Num = uint32(i)
		if it.Collection == "" {
			it.Collection = "harbour"
		}
		if it.Condition == "" {
			it.Condition = candor.Done
		}
		it.Added = testNow.AddDate(0, -1, 0)
		it.Places = append(it.Places, candor.Place{Path: "2025/" + it.Name, ModTime: testNow.AddDate(-1, 0, 0)})
		it.SHA256 = strings.Repeat("9f3c", 16)
		it.TextSize = int64(len(text))
		s.items = append(s.items, it)
		s.texts[it.ID] = text
	}
	page := "HARBOUR OFFICE OF PORT VELMERE\n\nMinutes of the tender board, page %d\n\nThe board opened four tenders for the quay wall. The lowest tender was that of Brandt & Sons, at 4.2 million. Mr Aldous asked whether the tender had arrived in time; the clerk confirmed the stamp of 14 March.\n\nThe harbour master reminded the board that the quay must stay open during works. The lease of shed nine ends with the year."
	var pages []string
	for i := 1; i <= 5; i++ {
		pages = append(pages, fmt.Sprintf(page, i))
	}
	pages[1] += "\n\n" + frenchLetter
	mk(1, candor.Item{Name: "tender-board-2025-03.pdf", Type: "application/pdf", Size: 482133, Extraction: candor.Extraction{Title: "Minutes of the tender board, 18 March 2025", Date: time.Date(2025, 3, 18, 0, 0, 0, 0, time.UTC), DateFrom: "doc:CreationDate", Language: "en", People: []string{"H. Aldous", "E. Brandt"}, Pages: 5,
		Fields: []candor.Field{{Name: "doc:Author", Value: "Clerk of the harbour office"}, {Name: "doc:Producer", Value: "Velmere Scan 2.1"}, {Name: "doc:CreationDate", Value: "2025-03-18T09:12:00Z"}}},
		Parts: []candor.ItemID{"aaaaaaaaaaaaaaaaaaaa000003"}}, strings.Join(pages, "\f"))
	mk(2, candor.Item{Name: "Re- quay wall.eml", Type: "message/rfc822", Size: 18400, Translated: []candor.Translated{{To: "de", By: "candle-7b at http://127.0.0.1:11434/v1", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}, Extraction: candor.Extraction{Title: "Re: quay wall, the late tender", Date: time.Date(2025, 3, 21, 0, 0, 0, 0, time.UTC), Language: "en", People: []string{"H. Aldous", "M. Ferro"}, Fields: []candor.Field{{Name: "mail:From", Value: "H. Aldous"}, {Name: "mail:To", Value: "M. Ferro"}}}},
		"Dear Marta,\n\nthe tender of Brandt & Sons did come in on the 15th, not the 14th, whatever the stamp says. I would rather we spoke about the quay by telephone.\n\nYours\nH. Aldous\n")
	mk(3, candor.Item{Name: "bids.xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Size: 22120, Condition: candor.Partial, Reason: "sheet “Old” could not be read: it is protected", Extraction: candor.Extraction{Title: "", Date: time.Date(2025, 3, 14, 0, 0, 0, 0, time.UTC)}},
		"Tender\tSum\tArrived\nBrandt & Sons\t4,200,000\t14 Mar\nHansa Quay\t4,650,000\t12 Mar\n")
	mk(4, candor.Item{Name: "quay-wall-shed9.jpg", Type: "image/jpeg", Size: 3_410_000, Extraction: candor.Extraction{Title: "The quay wall at shed nine", Date: time.Date(2025, 6, 2, 0, 0, 0, 0, time.UTC), DateFrom: "exif:DateTimeOriginal", People: []string{"T. Okafor"}, Fields: []candor.Field{{Name: "iptc:City", Value: "Port Velmere"}, {Name: "iptc:Headline", Value: "The quay wall at shed nine"}, {Name: "exif:Model", Value: "Lumen 5"}}}}, "The quay wall at shed nine, before the tender works. Port Velmere.")
	mk(5, candor.Item{Name: "Pachtvertrag-Schuppen-9.docx", Type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Collection: "council", Size: 61200, Extraction: candor.Extraction{Title: "Pachtvertrag Schuppen 9", Date: time.Date(2024, 12, 14, 0, 0, 0, 0, time.UTC), Language: "de", People: []string{"E. Brandt"}}}, "Der Pachtvertrag für Schuppen 9 endet mit dem Jahr. Tender und Kai siehe Anlage. quay tender")
	mk(64, candor.Item{Name: "ferry-meeting.mp4", Type: "video/mp4", Collection: "council", Size: 48_200_000, Renditions: []candor.Rendition{candor.Original, candor.Text, candor.Thumbnail}, Extraction: candor.Extraction{Title: "Public meeting on the ferry", Date: time.Date(2025, 5, 9, 0, 0, 0, 0, time.UTC), Language: "en", Fields: []candor.Field{{Name: "media:Duration", Value: "0:42:10"}, {Name: "media:Video", Value: "h264, 1280x720, 25 pictures a second"}, {Name: "media:Transcript", Value: "machine-made, by ear-1 on this machine"}}}},
		"[0:00:04] Good evening, and welcome to the harbour hall.\n[0:01:23] The ferry has not run since the storm.\n[0:02:40] Who pays for the landing stage?\n")
	for i := 6; i < 64; i++ {
		mk(i, candor.Item{Name: fmt.Sprintf("letter-%02d.txt", i), Type: "text/plain", Size: int64(900 + i), Extraction: candor.Extraction{Title: fmt.Sprintf("Letter %d to the harbour office", i), Date: time.Date(2023, time.Month(i%12+1), i%27+1, 0, 0, 0, 0, time.UTC), Language: "en"}}, "To the harbour office. We write about the tender for the quay and the crane of shed "+fmt.Sprint(i)+".")
	}
}

// recording is which item is one.
func (s *standIn) recording() int {
	return slices.IndexFunc(s.items, func(it candor.Item) bool { return candor.IsRecording(it.Type) })
}

func (s *standIn) fillAdditions() {
	began := testNow.Add(-3 * time.Hour)
	s.adds = []candor.Addition{
		{ID: "add-1", Collection: "harbour", By: "m.lind", Source: "Letters from the harbour office, boxes 4 to 9", Started: began, Finished: began.Add(7 * time.Minute), Expected: 2140, Files: 2140, Items: 2604, Bytes: 1_430_000_000, Duplicates: 12,
			Conditions: map[candor.Condition]int64{candor.Done: 2051, candor.Partial: 44, candor.Encrypted: 9, candor.Unsupported: 31, candor.Failed: 5}},
		{ID: "add-0", Collection: "council", By: "m.lind", Source: "Minutes 1960 to 1980", Started: began.AddDate(0, 0, -2), Files: 310, Expected: 400, Items: 310, Bytes: 88_000_000, Conditions: map[candor.Condition]int64{candor.Done: 310}},
	}
	s.entries["add-1"] = []candor.Entry{
		{Path: "box4/letter-0001.pdf", Size: 412000, Item: s.items[0].ID, Condition: candor.Done, Items: 1},
		{Path: "box4/ledger 1961.xls", Size: 90112, Condition: candor.Failed, Reason: "its table of sectors is cut off", Items: 0},
		{Path: "box5/sealed.pdf", Size: 20112, Condition: candor.Encrypted, Reason: "it needs a password to be read", Items: 1},
		{Path: "box5/plan.dwg", Size: 720112, Condition: candor.Unsupported, Reason: "drawings of this kind are not read yet", Items: 1},
		{Path: "box6/minutes.pdf", Size: 1720112, Condition: candor.Partial, Reason: "page 3 of 9 could not be read", Items: 1},
	}
}

func (s *standIn) record(r receipt.Record) (receipt.Receipt, error) {
	r.Time = receipt.FormatTime(s.now())
	r.Terms = "sha256:" + strings.Repeat("ab", 32)
	if r.Actor == "" {
		r.Actor = "m-7f3kq2"
	}
	n, err := s.log.append(r)
	if err != nil {
		return receipt.Receipt{}, err
	}
	return s.log.receipt(n)
}

// --- people

func (s *standIn) person(id candor.PersonID) (candor.Person, error) {
	for _, p := range s.persons {
		if p.ID == id {
			return p, nil
		}
	}
	return candor.Person{}, candor.Errorf(candor.NotFound, "There is no such person.")
}

func (s *standIn) SignIn(_ context.Context, who candor.PersonID, pass string) (archive.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.person(who)
	if err != nil || pass != password {
		return archive.Session{}, candor.Errorf(candor.SignIn, "The name or the password is wrong.")
	}
	secret := "secret-of-" + string(who)
	s.secrets[secret] = who
	return archive.Session{Secret: secret, Person: p, Expires: time.Now().Add(8 * time.Hour)}, nil
}

func (s *standIn) Authenticate(_ context.Context, secret string) (archive.Actor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return archive.Actor{}, s.broken
	}
	who, ok := s.secrets[secret]
	if !ok {
		return archive.Actor{}, candor.Errorf(candor.SignIn, "Sign in again.")
	}
	p, err := s.person(who)
	return archive.Actor{Person: p}, err
}

func (s *standIn) SignOut(_ context.Context, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, secret)
	return nil
}

func (s *standIn) Solo(context.Context) (archive.Actor, error) {
	for _, p := range s.persons {
		if p.Solo {
			return archive.Actor{Person: p}, nil
		}
	}
	return archive.Actor{}, candor.Errorf(candor.NotFound, "This is not a solo archive.")
}

func (s *standIn) People(_ context.Context, who archive.Actor) ([]candor.Person, error) {
	if !who.Person.Has(candor.Administrator) {
		return nil, &candor.Error{Code: candor.Denied, Message: "Only an administrator may see the people.", Rule: "role-administrator"}
	}
	return s.persons, nil
}

func (s *standIn) AddPerson(_ context.Context, who archive.Actor, p candor.Person, _ string) (archive.Receipted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !who.Person.Has(candor.Administrator) {
		return archive.Receipted{}, &candor.Error{Code: candor.Denied, Message: "Only an administrator may add people.", Rule: "role-administrator"}
	}
	if p.Has(candor.Administrator) && p.Has(candor.Reader) {
		return archive.Receipted{}, candor.Errorf(candor.Invalid, "Nobody may be administrator and reader. Nobody was added.")
	}
	p.Created = s.now()
	s.persons = append(s.persons, p)
	r, err := s.record(receipt.Record{Act: "change-terms", Phase: "intent"})
	return archive.Receipted{Receipt: r}, err
}

// --- purposes

func (s *standIn) Reasons() []candor.Reason {
	return []candor.Reason{
		{Code: "journalism", Title: "Reporting", Help: "Finding or checking facts for a named story or series."},
		{Code: "research", Title: "Research", Help: "A stated question, within a project somebody answers for."},
		{Code: "oversight", Title: "Oversight", Help: "A complaint, an audit or a proceeding, with its reference."},
	}
}

func (s *standIn) TermsText() string {
	return "# Terms of use\n\nYou may look for what your **purpose** says, and for nothing else.\n\n## What is not allowed\n\n- searching for a person without a reason\n- copying whole collections <script>alert(1)</script>\n\nSee [the log](/log) and [this](javascript:alert(1)).\n"
}

func (s *standIn) info(p candor.Purpose) archive.PurposeInfo {
	asker, _ := s.person(p.AskedBy)
	by, _ := s.person(p.DecidedBy)
	return archive.PurposeInfo{Purpose: p, StatusNow: p.StatusAt(s.now()), Covered: int64(len(s.covered[p.ID])), AskedName: asker.Name, ByName: by.Name}
}

func (s *standIn) RequestPurpose(_ context.Context, who archive.Actor, r archive.PurposeRequest) (archive.PurposeInfo, receipt.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Why == "" {
		return archive.PurposeInfo{}, receipt.Receipt{}, candor.Errorf(candor.Invalid, "Say in your own words what you look for. Nothing was asked for yet.")
	}
	p := candor.Purpose{ID: candor.PurposeID(fmt.Sprintf("p-asked%05d", len(s.list))), Reason: r.Reason, Why: r.Why, Collections: r.Collections, Acts: []candor.Act{candor.ActSearch, candor.ActOpen}, Coverage: max(r.Coverage, 100), Expires: s.now().AddDate(0, 1, 0), AskedBy: who.Person.ID, Asked: s.now(), Status: candor.Requested, Grant: -1}
	if who.Person.Solo {
		p.Status, p.Solo, p.DecidedBy, p.Decided = candor.Active, true, who.Person.ID, s.now()
	}
	s.list = append([]candor.Purpose{p}, s.list...)
	s.covered[p.ID] = map[candor.ItemID]bool{}
	rec, err := s.record(receipt.Record{Act: "request", Phase: "intent"})
	return s.info(p), rec, err
}

func (s *standIn) decide(id candor.PurposeID, st candor.PurposeStatus, by candor.PersonID) (archive.PurposeInfo, receipt.Receipt, error) {
	for i := range s.list {
		if s.list[i].ID == id {
			s.list[i].Status, s.list[i].DecidedBy, s.list[i].Decided = st, by, s.now()
			rec, err := s.record(receipt.Record{Act: "approve", Phase: "intent"})
			return s.info(s.list[i]), rec, err
		}
	}
	return archive.PurposeInfo{}, receipt.Receipt{}, candor.Errorf(candor.NotFound, "There is no such purpose.")
}

func (s *standIn) DecidePurpose(_ context.Context, who archive.Actor, id candor.PurposeID, approve bool, _ string) (archive.PurposeInfo, receipt.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !who.Person.Has(candor.Approver) {
		return archive.PurposeInfo{}, receipt.Receipt{}, &candor.Error{Code: candor.Denied, Message: "Only an approver decides.", Rule: "role-approver"}
	}
	if approve {
		return s.decide(id, candor.Active, who.Person.ID)
	}
	return s.decide(id, candor.Refused, who.Person.ID)
}

func (s *standIn) RevokePurpose(_ context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, receipt.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decide(id, candor.Revoked, who.Person.ID)
}

func (s *standIn) SaveSearch(_ context.Context, who archive.Actor, name string, r archive.SearchRequest, watch bool) (archive.Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" {
		return archive.Saved{}, candor.Errorf(candor.Invalid, "A search is kept under a name. Nothing was kept.")
	}
	k := archive.Saved{ID: fmt.Sprintf("s-%d", len(s.saved)+1), Person: who.Person.ID, Name: name, Request: r, Watch: watch, Made: s.now(), Since: s.now()}
	s.saved = append(s.saved, k)
	return k, nil
}

func (s *standIn) SavedSearches(_ context.Context, who archive.Actor) ([]archive.Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []archive.Saved
	for _, k := range s.saved {
		if k.Person == who.Person.ID {
			out = append(out, k)
		}
	}
	return out, nil
}

func (s *standIn) ForgetSearch(_ context.Context, who archive.Actor, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = slices.DeleteFunc(s.saved, func(k archive.Saved) bool { return k.ID == id && k.Person == who.Person.ID })
	return nil
}

func (s *standIn) Purposes(_ context.Context, who archive.Actor) ([]archive.PurposeInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []archive.PurposeInfo
	for _, p := range s.list {
		if p.AskedBy == who.Person.ID || who.Person.Has(candor.Approver) {
			out = append(out, s.info(p))
		}
	}
	return out, nil
}

func (s *standIn) Purpose(ctx context.Context, who archive.Actor, id candor.PurposeID) (archive.PurposeInfo, error) {
	all, _ := s.Purposes(ctx, who)
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
	}
	return archive.PurposeInfo{}, candor.Errorf(candor.NotFound, "There is no such purpose for you.")
}

func (s *standIn) Collections(context.Context, archive.Actor) ([]archive.CollectionInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.cols), nil
}

func (s *standIn) AddCollection(_ context.Context, _ archive.Actor, name, title string) (archive.Receipted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.ToLower(name) != name || name == "" {
		return archive.Receipted{}, candor.Errorf(candor.Invalid, "The short name must be lower-case. No collection was made.")
	}
	s.cols = append(s.cols, archive.CollectionInfo{Name: name, Title: title, Created: s.now()})
	r, err := s.record(receipt.Record{Act: "change-terms", Phase: "intent"})
	return archive.Receipted{Receipt: r}, err
}

// --- adding

func (s *standIn) BeginAddition(_ context.Context, who archive.Actor, n archive.NewAddition) (candor.Addition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.cols, func(c archive.CollectionInfo) bool { return c.Name == n.Collection }) {
		return candor.Addition{}, candor.Errorf(candor.NotFound, "There is no such collection. Nothing was added.")
	}
	a := candor.Addition{ID: fmt.Sprintf("add-%d", len(s.adds)+10), Collection: n.Collection, By: who.Person.ID, Source: n.Source, Started: s.now(), Expected: n.Expected, Conditions: map[candor.Condition]int64{}}
	s.adds = append([]candor.Addition{a}, s.adds...)
	return a, nil
}

func (s *standIn) KnownFiles(_ context.Context, _ archive.Actor, _ string, files []archive.FileHeader) ([]bool, error) {
	return make([]bool, len(files)), nil
}

func (s *standIn) find(id string) *candor.Addition {
	for i := range s.adds {
		if s.adds[i].ID == id {
			return &s.adds[i]
		}
	}
	return nil
}

func (s *standIn) PutFile(_ context.Context, _ archive.Actor, id string, h archive.FileHeader, r io.Reader) (candor.Entry, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return candor.Entry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(id)
	if a == nil {
		return candor.Entry{}, candor.Errorf(candor.NotFound, "There is no such addition.")
	}
	e := candor.Entry{Path: h.Path, Size: int64(len(data)), Condition: candor.Done, Items: 1}
	s.sent[h.Path] = data
	s.entries[id] = append(s.entries[id], e)
	a.Files, a.Items, a.Bytes = a.Files+1, a.Items+1, a.Bytes+e.Size
	a.Conditions[candor.Done]++
	return e, nil
}

func (s *standIn) FailFile(_ context.Context, _ archive.Actor, id string, h archive.FileHeader, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(id)
	a.Files++
	a.Conditions[candor.Failed]++
	s.entries[id] = append(s.entries[id], candor.Entry{Path: h.Path, Condition: candor.Failed, Reason: reason})
	return nil
}

func (s *standIn) CommitAddition(_ context.Context, _ archive.Actor, id string, finish bool) (candor.Addition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(id)
	if finish {
		a.Finished = s.now()
	}
	return *a, nil
}

func (s *standIn) Additions(context.Context, archive.Actor) ([]candor.Addition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.adds)
	for i := range out {
		out[i].Conditions = maps.Clone(out[i].Conditions)
	}
	return out, nil
}

func (s *standIn) Addition(_ context.Context, _ archive.Actor, id string) (candor.Addition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(id); a != nil {
		return *a, nil
	}
	return candor.Addition{}, candor.Errorf(candor.NotFound, "There is no such addition.")
}

func (s *standIn) Entries(_ context.Context, _ archive.Actor, id string, c candor.Condition, offset, limit int) ([]candor.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []candor.Entry
	for _, e := range s.entries[id] {
		if c == "" || e.Condition == c {
			out = append(out, e)
		}
	}
	offset = min(offset, len(out))
	return out[offset:min(len(out), offset+limit)], nil
}

// --- reading

func (s *standIn) active(who archive.Actor, id candor.PurposeID) (candor.Purpose, error) {
	for _, p := range s.list {
		if p.ID == id && p.AskedBy == who.Person.ID && p.StatusAt(s.now()) == candor.Active {
			return p, nil
		}
	}
	return candor.Purpose{}, &candor.Error{Code: candor.Denied, Message: "That purpose is not yours or not active. Nothing was shown.", Rule: "purpose-active"}
}

func (s *standIn) Search(_ context.Context, who archive.Actor, r archive.SearchRequest) (archive.SearchResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.active(who, r.Purpose)
	if err != nil {
		return archive.SearchResult{}, err
	}
	if r.Query == "" && len(r.Filters) == 0 {
		return archive.SearchResult{}, candor.Errorf(candor.Invalid, "The query is empty. Nothing was searched. Type a word.")
	}
	if at := strings.IndexByte(r.Query, '"'); strings.Count(r.Query, `"`) == 1 {
		return archive.SearchResult{}, &candor.Error{Code: candor.Invalid, Message: "A quotation mark opens here and none closes it.", At: utf8.RuneCountInString(r.Query[:at]) + 1}
	}
	s.acts++
	s.last = r
	if r.Query == "everything" {
		_, err := s.record(receipt.Record{Act: "search", Phase: "intent", Purpose: string(p.ID)})
		if err != nil {
			return archive.SearchResult{}, err
		}
		return archive.SearchResult{}, &candor.Error{Code: candor.Denied, Rule: "breadth-within-purpose", Message: "Refused: this search would show 8 % of the collection; your purpose allows 1 %. Narrow it by date or place, or ask for a wider purpose."}
	}
	res := archive.SearchResult{Meaning: r.Query + " in any form", Took: 3 * time.Millisecond}
	var hits []archive.SearchHit
	for _, it := range s.items {
		if !matches(it, r) {
			continue
		}
		if sn, ok := snippetOf(s.texts[it.ID], r.Query, it.Pages); ok {
			if it.Type == "message/rfc822" && len(sn) > 0 { // the second time, it quotes
				quoted := sn[0]
				quoted.Quoted = true
				sn = append(sn, quoted)
			}
			hits = append(hits, archive.SearchHit{Item: it, Path: it.Places[0].Path, Score: 1, Snippets: sn, Covered: s.covered[p.ID][it.ID]})
		}
	}
	res.Total = int64(len(hits))
	res.Facets = facetsOf(hits)
	hits = hits[min(r.Offset, len(hits)):min(r.Offset+r.Limit, len(hits))]
	res.More = int64(r.Offset+len(hits)) < res.Total
	for i := range hits {
		if r.Fold != "" {
			hits[i].Folded, hits[i].Kin = int64(i%3), map[string]string{r.Fold: "00000000000000aa"}
		}
	}
	var fresh int64
	for _, h := range hits {
		if !s.covered[p.ID][h.Item.ID] {
			fresh++
			s.covered[p.ID][h.Item.ID] = true
		}
	}
	res.Hits, res.Purpose = hits, s.info(p)
	res.Receipt, err = s.outcome("search", p, int64(len(hits)), fresh, 0)
	return res, err
}

func (s *standIn) Tools() archive.Tools {
	return archive.Tools{Languages: []string{"deu", "eng"}, Translator: "candle-7b at http://127.0.0.1:11434/v1"}
}

// Analyse pretends to read: a password opens, a language translates.
func (s *standIn) Analyse(_ context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.AnalyseResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.active(who, r.Purpose)
	if err != nil {
		return archive.AnalyseResult{}, err
	}
	s.acts++
	s.again = r
	var out []archive.Analysed
	for _, it := range s.items {
		if slices.Contains(r.Items, it.ID) {
			out = append(out, archive.Analysed{Item: it, Was: candor.Encrypted, Kept: r.Password == "wrong", Found: int64(len(it.Parts))})
		}
	}
	if len(out) > 0 {
		rec, err := s.outcome("analyse", p, 1, 0, 0)
		return archive.AnalyseResult{Items: out, Receipt: rec, Cost: archive.Cost{Items: int64(len(out)), Pages: 3}}, err
	}
	return archive.AnalyseResult{}, candor.Errorf(candor.Denied, "Refused: there is no such item in the collections of this purpose.")
}

// beginJobs leaves a job in each of its ways.
func (s *standIn) beginJobs() {
	job := archive.Job{Request: archive.AnalyseRequest{Purpose: "p-flooding22", Translate: "en"}, Total: 4_200, Done: 2_100, Began: s.now(), Record: 7, Cost: archive.Cost{Text: 3 << 20}}
	going, waiting, ended, stopped := job, job, job, job
	going.ID, waiting.ID, ended.ID, stopped.ID = "j-1", "j-2", "j-3", "j-4"
	waiting.Waiting = "The model cannot be reached."
	ended.Ended, ended.Done, ended.Kept = s.now(), 4_200, 12
	stopped.Ended, stopped.Stopped = s.now(), "stopped by whoever began it"
	s.jobs = []archive.Job{going, waiting, ended, stopped}
}

// BeginJob pretends to work: half of it is done at once.
func (s *standIn) BeginJob(_ context.Context, who archive.Actor, r archive.AnalyseRequest) (archive.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = r
	j := archive.Job{
		ID: fmt.Sprintf("j-%d", len(s.jobs)+1), Person: who.Person.ID, Request: r, Total: int64(len(r.Items)), Done: int64(len(r.Items) / 2),
		Cost: archive.Cost{Pages: 12}, Began: s.now(), Record: 7,
	}
	s.jobs = append(s.jobs, j)
	return j, nil
}

func (s *standIn) Jobs(context.Context, archive.Actor) ([]archive.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.jobs), nil
}

func (s *standIn) StopJob(_ context.Context, _ archive.Actor, id string) (archive.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.jobs {
		if s.jobs[i].ID == id {
			s.jobs[i].Ended, s.jobs[i].Stopped = s.now(), "stopped by whoever began it"
			return s.jobs[i], nil
		}
	}
	return archive.Job{}, candor.Errorf(candor.NotFound, "You have no job %q.", id)
}

func (s *standIn) Retype(ctx context.Context, who archive.Actor, r archive.RetypeRequest) (archive.AnalyseResult, error) {
	s.mu.Lock()
	s.typed = r
	s.mu.Unlock()
	return s.Analyse(ctx, who, archive.AnalyseRequest{Items: []candor.ItemID{r.Item}, Purpose: r.Purpose})
}

// Ask answers with the passages that a search finds; of a question that has
// "model" in it, a model is pretended to have said something.
func (s *standIn) Ask(ctx context.Context, who archive.Actor, r archive.AskRequest, tell archive.Telling) (archive.AskResult, error) {
	if strings.TrimSpace(r.Question) == "" {
		return archive.AskResult{}, candor.Errorf(candor.Invalid, "The question is empty.")
	}
	words := strings.Fields(strings.TrimSuffix(r.Question, "?"))
	found, err := s.Search(ctx, who, archive.SearchRequest{Query: words[len(words)-1], Purpose: r.Purpose, Collection: r.Collection, Limit: 5})
	out := archive.AskResult{SearchResult: found}
	if err == nil && tell.Found != nil {
		tell.Found(found)
	}
	if err == nil && strings.Contains(r.Question, "model") {
		out.Model, out.Dropped = "candle-7b", 1
		out.Sentences = []archive.Sentence{{Text: "The wall was <b>tendered</b> in spring.", Passages: []int{1, 99}}}
		if tell.Sentence != nil {
			tell.Sentence(out.Sentences[0])
		}
		if strings.Contains(r.Question, "slowly") { // the model is still at it
			<-ctx.Done()
			return out, ctx.Err()
		}
	}
	return out, err
}

func (s *standIn) Export(_ context.Context, who archive.Actor, purpose candor.PurposeID, items []candor.ItemID, w io.Writer) (receipt.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.active(who, purpose)
	if err != nil {
		return receipt.Receipt{}, err
	}
	s.acts++
	if _, err := fmt.Fprintf(w, "zip of %d", len(items)); err != nil {
		return receipt.Receipt{}, err
	}
	return s.outcome("export", p, int64(len(items)), 0, 0)
}

func (s *standIn) outcome(act string, p candor.Purpose, shown, fresh, size int64) (receipt.Receipt, error) {
	in, err := s.record(receipt.Record{Act: act, Phase: "intent", Purpose: string(p.ID), Reason: p.Reason, Collection: "harbour"})
	if err != nil {
		return in, err
	}
	breadth := ""
	if act == "search" {
		breadth = "narrow"
	}
	return s.record(receipt.Record{Act: act, Phase: "outcome", Intent: &in.Index, Purpose: string(p.ID), Reason: p.Reason, Collection: "harbour", Decision: "allow", Rule: "coverage-within-budget", Breadth: breadth, Shown: shown, New: fresh, Bytes: size})
}

func matches(it candor.Item, r archive.SearchRequest) bool {
	value := map[string]string{"collection": it.Collection, "type": it.Type, "language": it.Language, "condition": string(it.Condition), "year": it.Date.Format("2006")}
	for field, want := range r.Filters {
		if field == "people" {
			if !slices.ContainsFunc(it.People, func(p string) bool { return slices.Contains(want, p) }) {
				return false
			}
		} else if !slices.Contains(want, value[field]) {
			return false
		}
	}
	return (r.From.IsZero() || !it.Date.Before(r.From)) && (r.To.IsZero() || it.Date.Before(r.To)) && (r.Collection == "" || r.Collection == it.Collection)
}

func snippetOf(text, query string, pages int) ([]archive.Snippet, bool) {
	text = strings.ReplaceAll(text, "\f", " ")
	if query == "" {
		return nil, true
	}
	sn := archive.Snippet{}
	at := strings.Index(strings.ToLower(text), strings.ToLower(strings.Fields(query)[0]))
	if at < 0 {
		return nil, false
	}
	from := max(0, at-90)
	sn.Text = strings.Join(strings.Fields(text[from:min(len(text), from+240)]), " ")
	low := strings.ToLower(sn.Text)
	for i := 0; i < len(low); i++ {
		for _, w := range strings.Fields(strings.ToLower(query)) {
			if strings.HasPrefix(low[i:], w) {
				sn.Marks = append(sn.Marks, [2]int{i, i + len(w)})
				i += len(w)
				break
			}
		}
	}
	if pages > 0 {
		sn.Page = 1
	}
	return []archive.Snippet{sn}, true
}

func facetsOf(hits []archive.SearchHit) []archive.Facet {
	counts := map[string]map[string]int64{}
	add := func(f, v string) {
		if v == "" {
			return
		}
		if counts[f] == nil {
			counts[f] = map[string]int64{}
		}
		counts[f][v]++
	}
	for _, h := range hits {
		add("collection", h.Item.Collection)
		add("type", h.Item.Type)
		add("language", h.Item.Language)
		add("year", h.Item.Date.Format("2006"))
		add("condition", string(h.Item.Condition))
		add("dates", "2026-03-14")
		add("money", "EUR 1200.5")
		add("identifiers", "ref:HW-2026/114")
		add("areas", "53.5,9.9")
		for _, p := range h.Item.People {
			add("people", p)
		}
	}
	var out []archive.Facet
	for _, f := range slices.Sorted(maps.Keys(counts)) {
		facet := archive.Facet{Field: f}
		for _, v := range slices.Sorted(maps.Keys(counts[f])) {
			facet.Values = append(facet.Values, archive.FacetValue{Value: v, Count: counts[f][v]})
		}
		slices.SortStableFunc(facet.Values, func(a, b archive.FacetValue) int { return int(b.Count - a.Count) })
		out = append(out, facet)
	}
	return out
}

func (s *standIn) Open(_ context.Context, who archive.Actor, r archive.OpenRequest) (Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.active(who, r.Purpose)
	if err != nil {
		return Opened{}, err
	}
	for _, it := range s.items {
		if it.ID != r.Item {
			continue
		}
		s.acts++
		rec, err := s.outcome("open", p, 1, 1, it.Size)
		if err != nil {
			return Opened{}, err
		}
		id := fmt.Sprintf("view-%d-%s", len(s.views), who.Person.ID)
		s.views[id] = Opened{&archive.View{ID: id, Item: it, Receipt: rec, Purpose: s.info(p), Expires: s.now().Add(archive.ViewLifetime)}, drawn{it, s.texts[it.ID]}}
		s.owners[id] = who.Person.ID
		return s.views[id], nil
	}
	return Opened{}, candor.Errorf(candor.NotFound, "There is no such item for you.")
}

func (s *standIn) View(_ context.Context, who archive.Actor, id string) (Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.views[id]
	if !ok || s.owners[id] != who.Person.ID || !s.now().Before(v.Expires) {
		return Opened{}, candor.Errorf(candor.NotFound, "This view has ended.")
	}
	return v, nil
}

func (s *standIn) Receipt(_ context.Context, index int64) (receipt.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.receipt(index)
}

// drawn stands for the confined worker's renditions.
type drawn struct {
	item candor.Item
	text string
}

type bytesContent struct{ *bytes.Reader }

func (bytesContent) Close() error { return nil }

func (d drawn) Original(context.Context) (candor.Content, error) {
	return bytesContent{bytes.NewReader([]byte("<html><script>alert('original')</script>"))}, nil
}
func (d drawn) Text(context.Context) (string, error) { return d.text, nil }

func (d drawn) Words(context.Context) (map[int]candor.PageText, error) {
	return map[int]candor.PageText{1: {Width: 100, Height: 200, Words: []candor.WordBox{{Left: 10, Top: 20, Width: 30, Height: 5, Text: "quay"}}}}, nil
}

func (d drawn) Sound(_ context.Context, from time.Duration) ([]byte, error) {
	return []byte("sound from " + from.String()), nil
}

func (d drawn) Kin(string) map[string]string {
	return map[string]string{"alike": "00000000000000aa", "thread": "00000000000000bb"}
}

func (d drawn) Translations(context.Context) ([]archive.Translation, error) {
	var out []archive.Translation
	for _, t := range d.item.Translated {
		out = append(out, archive.Translation{Translated: t, Text: "Liebe Marta,\n\ndas <b>Angebot</b> kam am 15."})
	}
	return out, nil
}

func (d drawn) Thumbnail(context.Context) ([]byte, error) {
	if !strings.HasPrefix(d.item.Type, "image/") && !strings.HasPrefix(d.item.Type, "video/") {
		return nil, candor.Errorf(candor.NotFound, "There is no thumbnail.")
	}
	img := image.NewRGBA(image.Rect(0, 0, 480, 320))
	for y := range 320 {
		for x := range 480 {
			img.Set(x, y, color.RGBA{uint8(60 + y/3), uint8(90 + x/6), uint8(150 - y/4), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, nil)
	return b.Bytes(), err
}

func (d drawn) Page(_ context.Context, page, width int) ([]byte, error) {
	if page > d.item.Pages {
		return nil, candor.Errorf(candor.NotSupported, "This item has no pages to draw.")
	}
	height := width * 297 / 210
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 252
	}
	for line := range 34 {
		y := height/10 + line*height/42
		if line%7 == 6 {
			continue
		}
		for x := width / 8; x < width*7/8-(line*37%5)*width/30; x++ {
			if x%23 > 3 {
				for t := range 9 {
					img.SetGray(x, y+t, color.Gray{90})
				}
			}
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
