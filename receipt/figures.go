package receipt

import (
	"maps"
	"slices"
)

// newestKept is how many of the newest records Figures holds.
const newestKept = 30

// Figures are the transparency report: a pure function of the log's records,
// taken in order. Their JSON is deterministic, so two people who read the same
// log print the same bytes. Memory grows with purposes, collections, rules and
// months, not with records. Not safe for concurrent use; see Clone.
type Figures struct {
	Records     int64                      `json:"records"`
	From        string                     `json:"from,omitempty"` // time of the first record
	To          string                     `json:"to,omitempty"`   // time of the newest
	Items       int64                      `json:"items"`          // kept: added less destroyed
	Bytes       int64                      `json:"bytes"`          // of these
	Acts        map[string]Tally           `json:"acts"`           // by act
	Unanswered  int64                      `json:"unanswered"`     // intents without an outcome
	Refusals    map[string]int64           `json:"refusals"`       // by rule
	Collections map[string]int64           `json:"collections"`    // items kept, by collection
	Purposes    map[string]*PurposeFigures `json:"purposes"`       // by purpose ID
	Months      []Month                    `json:"months"`         // oldest first
	Solo        bool                       `json:"solo"`           // some purpose was not independently approved
	Overrides   int64                      `json:"overrides"`      // purposes approved to override (break-glass)
	Destroyed   int64                      `json:"destroyed"`      // records whose sealed details were destroyed under a retention rule
	Agents      int64                      `json:"agents"`         // outcomes of acts by AI agents
	Newest      []IndexedRecord            `json:"newest"`         // newest first, at most 30

	room []IndexedRecord // the array at whose end Newest stands,
	free int             // and how much of its beginning is not used yet
}

// Tally counts what became of acts.
type Tally struct {
	Intents int64 `json:"intents"`
	Allowed int64 `json:"allow"`
	Refused int64 `json:"refuse"`
	Failed  int64 `json:"failed"`
}

// PurposeFigures is what was done under one purpose.
type PurposeFigures struct {
	Reason      string           `json:"reason,omitempty"`
	Status      string           `json:"status"` // requested, active, refused or revoked; compare Expires with the clock
	Solo        bool             `json:"solo,omitempty"`
	Override    bool             `json:"override,omitempty"` // asked for or approved as an override
	Coverage    int64            `json:"coverage"`           // granted: most distinct items it may be shown
	Used        int64            `json:"used"`               // distinct items shown so far
	Expires     string           `json:"expires,omitempty"`
	Collections []string         `json:"collections,omitempty"`
	Grant       *int64           `json:"grant,omitempty"` // index of the record that approved it
	Acts        map[string]int64 `json:"acts"`            // allowed, by act
	Refusals    int64            `json:"refusals"`
}

// Month is what an archive kept at the end of a calendar month (UTC) in which
// something was added or destroyed.
type Month struct {
	Month string `json:"month"` // 2026-11
	Items int64  `json:"items"` // kept, all together
	Bytes int64  `json:"bytes"`
}

// IndexedRecord is a record with its place in the log.
type IndexedRecord struct {
	Index  int64  `json:"index"`
	Record Record `json:"record"`
}

// Add counts the record at an index. Records are added in the log's order,
// each once.
func (f *Figures) Add(index int64, r Record) {
	f.prepare()
	f.Records++
	if f.From == "" {
		f.From = r.Time
	}
	f.To = r.Time
	f.keepNewest(IndexedRecord{index, r})
	f.tally(r)
	f.countPurpose(index, r)
	if r.Phase == Outcome && r.Decision != Refuse {
		f.countKept(r)
	}
}

// keepNewest puts a record before the others. They stand at the end of an array
// that fills from behind, so that they are seldom moved.
func (f *Figures) keepNewest(r IndexedRecord) {
	if f.free == 0 {
		f.room = make([]IndexedRecord, 8*newestKept)
		f.free = len(f.room) - copy(f.room[len(f.room)-len(f.Newest):], f.Newest)
	}
	f.free--
	f.room[f.free] = r
	f.Newest = f.room[f.free:][:min(len(f.Newest)+1, newestKept)]
}

func (f *Figures) prepare() {
	if f.Acts != nil {
		return
	}
	f.Acts = make(map[string]Tally)
	f.Refusals = make(map[string]int64)
	f.Collections = make(map[string]int64)
	f.Purposes = make(map[string]*PurposeFigures)
	f.Months = []Month{}
}

func (f *Figures) tally(r Record) {
	t := f.Acts[r.Act]
	switch {
	case r.Phase == Intent:
		t.Intents++
		f.Unanswered++
	case r.Decision == Allow:
		t.Allowed++
	case r.Decision == Refuse:
		t.Refused++
		f.Refusals[r.Rule]++
	default:
		t.Failed++
	}
	f.Acts[r.Act] = t
	if r.Phase == Outcome && r.Intent != nil {
		f.Unanswered--
	}
	if r.Phase == Outcome && r.Agent {
		f.Agents++
	}
	if r.Retention != nil {
		f.Destroyed += r.Retention.Records
	}
}

func (f *Figures) countKept(r Record) {
	items, bytes := r.Items, r.Bytes
	switch r.Act {
	case "add":
	case "destroy":
		items, bytes = -items, -bytes
	default:
		return
	}
	f.Items += items
	f.Bytes += bytes
	if r.Collection != "" {
		f.Collections[r.Collection] += items
	}
	month := r.Time[:min(len(r.Time), len("2006-01"))]
	if n := len(f.Months); n == 0 || f.Months[n-1].Month != month {
		f.Months = append(f.Months, Month{Month: month})
	}
	last := &f.Months[len(f.Months)-1]
	last.Items, last.Bytes = f.Items, f.Bytes
}

func (f *Figures) countPurpose(index int64, r Record) {
	if r.Purpose == "" || r.Phase != Outcome {
		return
	}
	p := f.purpose(r)
	if p == nil {
		return
	}
	switch r.Decision {
	case Refuse:
		p.Refusals++
	case Allow:
		p.Acts[r.Act]++
		p.Used += r.New
	}
	if r.Reason != "" {
		p.Reason = r.Reason
	}
	if r.Grant != nil {
		p.decide(index, *r.Grant)
		f.Solo = f.Solo || r.Grant.Solo
		if r.Grant.Override && r.Grant.Status == Active {
			f.Overrides++
		}
	}
	p.Override = p.Override || r.Act == "override"
}

// purpose finds or begins the figures of a record's purpose. Only an allowed
// request or a grant begins one: otherwise refused acts under invented
// purposes would fill the report.
func (f *Figures) purpose(r Record) *PurposeFigures {
	p := f.Purposes[r.Purpose]
	begins := r.Decision == Allow && (r.Act == "request" || r.Act == "override" || r.Grant != nil)
	if p == nil && begins {
		p = &PurposeFigures{Status: "requested", Acts: make(map[string]int64)}
		f.Purposes[r.Purpose] = p
	}
	return p
}

func (p *PurposeFigures) decide(index int64, g Grant) {
	p.Status = g.Status
	p.Coverage, p.Expires, p.Collections, p.Solo = g.Coverage, g.Expires, g.Collections, g.Solo
	p.Override = p.Override || g.Override // whatever a later record says
	if g.Status == Active {
		p.Grant = &index
	}
}

// Clone returns figures that later calls of Add do not change.
func (f *Figures) Clone() Figures {
	c := *f
	c.Acts, c.Refusals, c.Collections = maps.Clone(f.Acts), maps.Clone(f.Refusals), maps.Clone(f.Collections)
	c.Months, c.Newest = slices.Clone(f.Months), slices.Clone(f.Newest)
	c.room, c.free = nil, 0
	c.Purposes = make(map[string]*PurposeFigures, len(f.Purposes))
	for id, p := range f.Purposes {
		copied := *p
		copied.Acts = maps.Clone(p.Acts)
		c.Purposes[id] = &copied
	}
	return c
}
