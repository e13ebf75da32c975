package terms

import (
	"iter"
	"math"
	"time"
	"unicode"

	"github.com/cedar-policy/cedar-go"

	"candor"
)

// cedarSchema is every attribute that a policy may name; facts.go fills all of
// them for every decision. docs/spec/terms.md says what each means.
const cedarSchema = `
entity Person { id: String, roles: Set<String>, solo: Bool, revoked: Bool };
entity Collection { name: String };
type Purpose = {
	present: Bool, id: String, reason: String, reason_known: Bool, why_letters: Long, mine: Bool, status: String,
	collections: Set<String>, has_collections: Bool, acts: Set<String>, acts_usable: Bool, coverage: Long, seconds_left: Long, solo: Bool,
	override: Bool, because_letters: Long
};
type Limits = {
	coverage: Long, lifetime_days: Long, coverage_plain: Long, coverage_percent: Long, coverage_most: Long, lifetime_days_most: Long,
	why_letters: Long, why_letters_wide: Long, acts_minute: Long, acts_minute_agent: Long, acts_today: Long, acts_today_agent: Long,
	sweep_percent: Long, sweep_from_items: Long, sweep_shown: Long, sweep_people: Long, counts_least: Long, depth_free: Long, override_hours: Long
};
action use;
action search, open, export, analyse, ask in [use] appliesTo { principal: Person, resource: Collection, context: Context };
action add, correct, destroy, request, approve, "change-terms", "release-key", rebuild, audit, override
	appliesTo { principal: Person, resource: Collection, context: Context };
type Context = {
	act: String, phase: String, agent: Bool, purpose: Purpose, proposed: Purpose, limits: Limits, owns: Bool,
	matched: Long, people: Long, collected: Long, share_percent: Long, shown: Long, new: Long, covered: Long, left: Long,
	acts_today: Long, acts_minute: Long, depth: Long
};
`

// uses are the acts that show what the archive holds.
var uses = map[candor.Act]bool{
	candor.ActSearch: true, candor.ActOpen: true, candor.ActExport: true, candor.ActAnalyse: true, candor.ActAsk: true,
}

var useGroup = cedar.NewEntityUID("Action", "use")

// entities are the principal, the action and the resource of one decision.
type entities [3]cedar.Entity

// Get implements cedar.EntityGetter.
func (es *entities) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	for _, e := range es {
		if e.UID == uid {
			return e, true
		}
	}
	return cedar.Entity{}, false
}

func (t *Terms) authorize(f candor.Facts) (cedar.Decision, cedar.Diagnostic) {
	es := &entities{personEntity(f.Person), actEntity(f.Act), collectionEntity(f.Collection)}
	return cedar.Authorize(t.policies, es, cedar.Request{
		Principal: es[0].UID, Action: es[1].UID, Resource: es[2].UID, Context: t.context(f),
	})
}

func personEntity(p candor.Person) cedar.Entity {
	var roles []cedar.Value
	for _, r := range []candor.Role{candor.Reader, candor.Approver, candor.Auditor, candor.Administrator, candor.Contributor} {
		if p.Has(r) {
			roles = append(roles, cedar.String(r))
		}
	}
	return cedar.Entity{UID: cedar.NewEntityUID("Person", cedar.String(p.ID)), Attributes: cedar.NewRecord(cedar.RecordMap{
		"id": cedar.String(p.ID), "roles": cedar.NewSet(roles...), "solo": cedar.Boolean(p.Solo), "revoked": cedar.Boolean(p.Revoked),
	})}
}

func actEntity(a candor.Act) cedar.Entity {
	e := cedar.Entity{UID: cedar.NewEntityUID("Action", cedar.String(a))}
	if uses[a] {
		e.Parents = cedar.NewEntityUIDSet(useGroup)
	}
	return e
}

func collectionEntity(name string) cedar.Entity {
	return cedar.Entity{UID: cedar.NewEntityUID("Collection", cedar.String(name)),
		Attributes: cedar.NewRecord(cedar.RecordMap{"name": cedar.String(name)})}
}

func (t *Terms) context(f candor.Facts) cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"act": cedar.String(f.Act), "phase": cedar.String(f.Phase), "agent": cedar.Boolean(f.Agent), "owns": cedar.Boolean(f.Owns),
		"purpose": t.purposeRecord(f.Purpose, f), "proposed": t.purposeRecord(f.Proposed, f), "limits": t.limits,
		"matched": cedar.Long(f.Matched), "people": cedar.Long(f.People), "collected": cedar.Long(f.Collected), "share_percent": cedar.Long(sharePercent(f)),
		"shown": cedar.Long(f.Shown), "new": cedar.Long(f.New), "covered": cedar.Long(f.Covered), "left": cedar.Long(left(f)),
		"acts_today": cedar.Long(f.ActsToday), "acts_minute": cedar.Long(f.ActsMinute), "depth": cedar.Long(f.Depth),
	})
}

// noPurpose is what policies see where there is no purpose: present is false
// and all else is empty.
var noPurpose = purposeRecord(candor.Purpose{}, false, false, false, "", 0)

func (t *Terms) purposeRecord(p *candor.Purpose, f candor.Facts) cedar.Record {
	if p == nil {
		return noPurpose
	}
	secondsLeft := int64(p.Expires.Sub(f.Now) / time.Second) // Sub saturates at 292 years
	mine := p.AskedBy != "" && p.AskedBy == f.Person.ID
	return purposeRecord(*p, true, t.known[p.Reason], mine, p.StatusAt(f.Now), secondsLeft)
}

func purposeRecord(p candor.Purpose, present, known, mine bool, status candor.PurposeStatus, secondsLeft int64) cedar.Record {
	collections := make([]cedar.Value, len(p.Collections))
	for i, c := range p.Collections {
		collections[i] = cedar.String(c)
	}
	acts, usable := make([]cedar.Value, len(p.Acts)), len(p.Acts) > 0
	for i, a := range p.Acts {
		acts[i], usable = cedar.String(a), usable && uses[a]
	}
	return cedar.NewRecord(cedar.RecordMap{
		"present": cedar.Boolean(present), "id": cedar.String(p.ID), "reason": cedar.String(p.Reason), "reason_known": cedar.Boolean(known),
		"why_letters": cedar.Long(letters(p.Why)), "mine": cedar.Boolean(mine), "status": cedar.String(status),
		"collections": cedar.NewSet(collections...), "has_collections": cedar.Boolean(len(p.Collections) > 0),
		"acts": cedar.NewSet(acts...), "acts_usable": cedar.Boolean(usable),
		"coverage": cedar.Long(min(max(p.Coverage, -1), mostCount)), "seconds_left": cedar.Long(secondsLeft), "solo": cedar.Boolean(p.Solo),
		"override": cedar.Boolean(p.Override), "because_letters": cedar.Long(letters(p.Because)),
	})
}

// mostCount is more than any archive holds; policies can multiply it by a
// percentage without overflow.
const mostCount = 1 << 50

// enoughLetters is where counting stops; no budget asks for more.
const enoughLetters = 10_000

// letters counts the letters of an explanation: digits, spaces and signs
// explain nothing.
func letters(s string) int64 {
	var n int64
	for _, r := range s {
		if unicode.IsLetter(r) {
			if n++; n == enoughLetters {
				break
			}
		}
	}
	return n
}

// sharePercent is how much of the collection the act matches, rounded up; 100
// when something is matched and the collection's size is not known.
func sharePercent(f candor.Facts) int64 {
	if f.Matched == 0 {
		return 0
	}
	if f.Collected == 0 || f.Matched >= f.Collected {
		return 100
	}
	return int64(math.Ceil(float64(f.Matched) * 100 / float64(f.Collected)))
}

// left is what remains of the purpose's coverage.
func left(f candor.Facts) int64 {
	if f.Purpose == nil {
		return 0
	}
	return max(f.Purpose.Coverage-f.Covered, 0)
}

// figure returns what a message's {name} stands for. A message is for the
// person who acts; the collection is one that they named.
func (t *Terms) figure(f candor.Facts) func(string) (string, bool) {
	var purpose, proposed candor.Purpose
	if f.Purpose != nil {
		purpose = *f.Purpose
	}
	if f.Proposed != nil {
		proposed = *f.Proposed
	}
	return func(name string) (string, bool) {
		switch name {
		case "act":
			return string(f.Act), true
		case "collection":
			return f.Collection, true
		case "purpose":
			return string(purpose.ID), true
		case "status":
			return string(purpose.StatusAt(f.Now)), true
		case "reason":
			return proposed.Reason, true
		case "asked_coverage":
			return decimal(proposed.Coverage)
		}
		return t.count(name, f, purpose)
	}
}

func (t *Terms) count(name string, f candor.Facts, purpose candor.Purpose) (string, bool) {
	switch name {
	case "coverage":
		return decimal(purpose.Coverage)
	case "covered":
		return decimal(f.Covered)
	case "left":
		return decimal(left(f))
	case "matched":
		return decimal(f.Matched)
	case "people":
		return decimal(f.People)
	case "collected":
		return decimal(f.Collected)
	case "shown":
		return decimal(f.Shown)
	case "new":
		return decimal(f.New)
	case "depth":
		return decimal(f.Depth)
	case "acts_today":
		return decimal(f.ActsToday)
	case "acts_minute":
		return decimal(f.ActsMinute)
	}
	if n, ok := t.limits.Get(cedar.String(name)); ok {
		return n.String(), true
	}
	return "", false
}

// probes are facts of every act, with and without each thing that may be
// missing, and with counts from nothing to more than any archive holds.
func probes() iter.Seq[candor.Facts] {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return func(yield func(candor.Facts) bool) {
		for _, act := range append(candor.Acts(), "unheard-of") {
			for _, p := range []*candor.Purpose{nil, {}, {ID: "p-1", Reason: "research", Why: "why", Collections: []string{"main"},
				Acts: candor.Acts(), Coverage: 1 << 40, Expires: now.Add(time.Hour), AskedBy: "r", Status: candor.Active}} {
				for _, n := range []int64{0, 1, 1 << 40} {
					for _, person := range []candor.Person{{}, {ID: "r", Solo: true}} {
						f := candor.Facts{Act: act, Phase: candor.Outcome, Now: now, Person: person, Agent: n == 1, Collection: "main", Purpose: p,
							Proposed: p, Matched: n, People: n, Collected: n, Shown: n, New: n, Covered: n, ActsToday: n, ActsMinute: n, Depth: n, Owns: n == 1}
						if !yield(f) {
							return
						}
					}
				}
			}
		}
	}
}
