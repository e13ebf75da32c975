package candor

import "time"

// Facts are what the terms decide on. The server computes every one of them
// itself; nothing a caller says about its own request is a fact.
type Facts struct {
	Act        Act
	Phase      Phase // before the act runs, or on its outcome before it leaves
	Now        time.Time
	Person     Person
	Agent      bool   // an AI agent acts for the person
	Collection string // "" when the act touches none
	Purpose    *Purpose

	Matched    int64    // items that the act's selection matches, exactly
	Collected  int64    // items in the collection
	People     int64    // different people that the matched items name; counted for searches and questions
	Shown      int64    // distinct items that would be shown
	New        int64    // of these, items this purpose has not been shown before
	Covered    int64    // distinct items this purpose has been shown so far
	ActsToday  int64    // acts under this purpose in the last 24 hours
	ActsMinute int64    // acts by this person in the last minute
	Depth      int64    // how far down the result list the page ends
	Proposed   *Purpose // for ActRequest and ActApprove: the purpose asked for
	Owns       bool     // for ActApprove: the person is the one who asked
}

// Phase tells apart the two records of an act.
type Phase string

const (
	Intent  Phase = "intent"
	Outcome Phase = "outcome"
)

// Decision is what the terms say. A decision that is not Allow releases
// nothing.
type Decision struct {
	Allow   bool
	Rule    string // the policy that decided, such as "coverage-within-budget"; public
	Message string // for the person: what was refused, the figures, what to do
}

// Reason is one entry of the terms' closed list of reason codes.
type Reason struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	Help  string `json:"help"`
}

// Breadth is a public, coarse class for how much of a collection an act
// matched. Exact figures would tell an outsider what was searched for.
type Breadth string

const (
	BreadthNone     Breadth = "none"     // nothing matched
	BreadthNarrow   Breadth = "narrow"   // up to 1 %, or up to 10 items
	BreadthModerate Breadth = "moderate" // up to 5 %
	BreadthBroad    Breadth = "broad"    // up to 20 %
	BreadthSweeping Breadth = "sweeping" // more than 20 %
)

// BreadthOf classes a number of matched items out of a collection's total.
func BreadthOf(matched, total int64) Breadth {
	switch {
	case matched <= 0:
		return BreadthNone
	case matched <= 10 || matched*100 <= total:
		return BreadthNarrow
	case matched*20 <= total:
		return BreadthModerate
	case matched*5 <= total:
		return BreadthBroad
	}
	return BreadthSweeping
}
