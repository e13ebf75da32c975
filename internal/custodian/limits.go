package custodian

import (
	"maps"
	"time"

	"candor"
)

// Limits bound how many items may leave in one day (UTC, by the custodian's own
// clock), whatever the archive's terms say. An item opened twice counts twice.
// 0 is no limit. They are the brake on what nobody thought of: a stolen archive
// server can take no more than this before somebody looks.
type Limits struct {
	PurposeDay int64 `json:"purpose_day"` // items for one purpose
	PersonDay  int64 `json:"person_day"`  // items for one pseudonym of a person
	Day        int64 `json:"day"`         // items for all purposes together
	// RebuildDay is for acts without a purpose, such as rebuilding the index:
	// items of which manifest or text may be opened.
	RebuildDay int64 `json:"rebuild_day"`
}

// DefaultLimits let one export of the largest size pass, and a reader read all
// day, but no archive leave unnoticed. Rebuilding one of more than a million
// items takes consent of the custodian's operator: a larger RebuildDay.
func DefaultLimits() Limits {
	return Limits{PurposeDay: 20_000, PersonDay: 20_000, Day: 100_000, RebuildDay: 1_000_000}
}

// Check refuses limits below zero.
func (l Limits) Check() error {
	if min(l.PurposeDay, l.PersonDay, l.Day, l.RebuildDay) < 0 {
		return candor.Errorf(candor.Invalid, "A limit of the custodian is negative. Give a number of items a day, or 0 for no limit.")
	}
	return nil
}

const dayLength = 24 * 60 * 60 // seconds

// counts are the items released on one day. Each figure only rises within its
// day, so that applying an entry twice changes nothing.
type counts struct {
	Day      int64            `json:"day"` // days since 1970, UTC
	Items    int64            `json:"items,omitempty"`
	Unbound  int64            `json:"unbound,omitempty"`
	Purposes map[string]int64 `json:"purposes,omitempty"`
	People   map[string]int64 `json:"people,omitempty"`
}

// add returns what the figures become, as far as they change, or the refusal of
// the limit that would be passed. It changes nothing itself.
func (c *counts) add(p permitted, l Limits, now time.Time) (*counts, error) {
	bound := int64(len(p.items))
	if bound == 0 && p.unbound == 0 {
		return nil, nil
	}
	have, day := *c, now.Unix()/dayLength
	if day != c.Day {
		have = counts{Day: day}
	}
	next := counts{Day: day, Items: have.Items + bound, Unbound: have.Unbound + p.unbound}
	if bound > 0 {
		next.Purposes = map[string]int64{p.purpose: have.Purposes[p.purpose] + bound}
		next.People = map[string]int64{p.actor: have.People[p.actor] + bound}
	}
	for _, limit := range []struct {
		rule, whose  string
		counted, max int64
		concerned    bool
	}{
		{RulePurposeDay, "for one purpose", next.Purposes[p.purpose], l.PurposeDay, bound > 0},
		{RulePersonDay, "for one person", next.People[p.actor], l.PersonDay, bound > 0},
		{RuleDay, "for all purposes together", next.Items, l.Day, bound > 0},
		{RuleRebuildDay, "without a purpose", next.Unbound, l.RebuildDay, p.unbound > 0},
	} {
		if limit.concerned && limit.max > 0 && limit.counted > limit.max {
			return nil, refuse(candor.Denied, limit.rule, "The custodian releases %d items a day %s, and this would make %d. Go on tomorrow (UTC), or have its operator raise the limit.", limit.max, limit.whose, limit.counted)
		}
	}
	return &next, nil
}

// raise takes over the figures of an entry.
func (c *counts) raise(e counts) {
	if e.Day < c.Day || e.Day <= 0 {
		return
	}
	if e.Day > c.Day {
		*c = counts{Day: e.Day, Purposes: map[string]int64{}, People: map[string]int64{}}
	}
	c.Items, c.Unbound = max(c.Items, e.Items), max(c.Unbound, e.Unbound)
	for id, n := range e.Purposes {
		c.Purposes[id] = max(c.Purposes[id], n)
	}
	for actor, n := range e.People {
		c.People[actor] = max(c.People[actor], n)
	}
}

func (c counts) clone() counts {
	c.Purposes, c.People = maps.Clone(c.Purposes), maps.Clone(c.People)
	return c
}
