// Package terms turns the terms of use into decisions: facts in, allow or
// refuse out, with the rule that decided and what to do about it. Default gives
// the terms that every archive begins with; New loads others.
//
// What never breaks: a decision is a pure function of the facts and the bundle
// that Hash names; what no policy permits is refused; any error in evaluating
// any policy refuses. Every attribute that a policy can name is always present,
// and a bundle that names another is not loaded, because Cedar skips a policy
// that errs, and a skipped prohibition is a hole.
//
// docs/spec/terms.md describes bundles and lists the attributes.
package terms

import (
	"embed"
	"io/fs"
	"time"

	"github.com/cedar-policy/cedar-go"

	"candor"
)

// NoPolicyPermits is the rule of a refusal that no policy stated: none permitted.
const NoPolicyPermits = "no-policy-permits"

//go:embed default
var defaults embed.FS

// Config says which terms.
type Config struct {
	// Bundle holds terms.md, policies.cedar, reasons.json and budgets.json at
	// its root; nil is the default bundle.
	Bundle fs.FS
}

// Terms are loaded terms of use. Safe for concurrent use; they never change.
type Terms struct {
	bundle   Bundle
	hash     string
	reasons  []candor.Reason
	known    map[string]bool // reason codes
	budgets  Budgets
	limits   cedar.Record // budgets as policies see them
	policies policies
}

// New loads and validates a bundle. An Invalid error says what is wrong with it.
func New(cfg Config) (*Terms, error) {
	files := cfg.Bundle
	if files == nil {
		var err error
		if files, err = fs.Sub(defaults, "default"); err != nil {
			return nil, err
		}
	}
	b, err := ReadBundle(files)
	if err != nil {
		return nil, err
	}
	return b.load()
}

// Default returns the terms that every archive begins with.
func Default() (*Terms, error) { return New(Config{}) }

// Hash names the terms in force: "sha256:" and hexadecimal, over the whole bundle.
func (t *Terms) Hash() string { return t.hash }

// Reasons is the closed list of reason codes. The caller may change the slice.
func (t *Terms) Reasons() []candor.Reason { return append([]candor.Reason(nil), t.reasons...) }

// Human is the text that people agree to, in Markdown.
func (t *Terms) Human() string { return string(t.bundle.Human) }

// Bundle returns the bytes of which the terms are made, for publishing.
func (t *Terms) Bundle() Bundle { return t.bundle }

// LeastCounted is how many items a value must have to be told in a facet.
func (t *Terms) LeastCounted() int64 { return t.budgets.CountsLeast }

// HidesPositions tells whether nobody is told where a picture was made.
func (t *Terms) HidesPositions() bool { return t.budgets.HidePositions }

// Defaults are used where a purpose is asked for without figures.
func (t *Terms) Defaults() (coverage int64, lifetime time.Duration) {
	return t.budgets.Coverage, time.Duration(t.budgets.LifetimeDays) * 24 * time.Hour
}

// Decide says whether an act may go on. It returns an error, and a decision
// that refuses, when the facts contradict themselves or a policy cannot be
// evaluated on them.
func (t *Terms) Decide(f candor.Facts) (candor.Decision, error) {
	refused := candor.Decision{Rule: "evaluation-error", Message: "Refused: the terms could not be evaluated. Tell an administrator."}
	if err := consistent(f); err != nil {
		return refused, err
	}
	decision, diagnostic := t.authorize(f)
	if len(diagnostic.Errors) > 0 {
		first := diagnostic.Errors[0]
		return refused, candor.Errorf(candor.Internal, "Policy %s of the terms could not be evaluated (%s), so nothing was released.", first.PolicyID, first.Message)
	}
	if len(diagnostic.Reasons) == 0 {
		return candor.Decision{Rule: NoPolicyPermits, Message: render("Refused: the terms permit nobody with your roles to {act} here. Ask an administrator for the role that it needs.", t.figure(f))}, nil
	}
	rule := string(diagnostic.Reasons[0].PolicyID) // policies are evaluated in the order of the file
	if decision == cedar.Allow {
		return candor.Decision{Allow: true, Rule: rule}, nil
	}
	return candor.Decision{Rule: rule, Message: render(t.policies.message(rule), t.figure(f))}, nil
}

// consistent refuses facts that no honest count gives.
func consistent(f candor.Facts) error {
	for _, n := range []int64{f.Matched, f.People, f.Collected, f.Shown, f.New, f.Covered, f.ActsToday, f.ActsMinute, f.Depth} {
		if n < 0 || n > mostCount {
			return candor.Errorf(candor.Internal, "A count that the terms decide on is impossible, so nothing was released.")
		}
	}
	switch {
	case f.New > f.Shown:
		return candor.Errorf(candor.Internal, "More items would be new than shown, so the counts are wrong and nothing was released.")
	case f.Phase != candor.Intent && f.Phase != candor.Outcome:
		return candor.Errorf(candor.Internal, "The terms decide on an intent or an outcome, not on %q.", f.Phase)
	case f.Now.IsZero():
		return candor.Errorf(candor.Internal, "The terms need the time, so nothing was released.")
	}
	return nil
}
