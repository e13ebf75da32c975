package terms

import (
	"iter"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	xast "github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"candor"
)

// policies stand in the order of their file, so that of several prohibitions
// the same one is always named.
type policies []policy

type policy struct {
	id      string
	message string // template; empty for a permit
	*cedar.Policy
}

// All implements cedar.PolicyIterator.
func (ps policies) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range ps {
			if !yield(cedar.PolicyID(p.id), p.Policy) {
				return
			}
		}
	}
}

func (ps policies) message(id string) string {
	for _, p := range ps {
		if p.id == id {
			return p.message
		}
	}
	return ""
}

func parsePolicies(text []byte) (policies, error) {
	list, err := cedar.NewPolicyListFromBytes("policies.cedar", text)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "policies.cedar is not Cedar.")
	}
	all := make(policies, 0, len(list))
	seen, permits := make(map[string]bool), 0
	for _, p := range list {
		one := policy{id: string(p.Annotations()["id"]), message: string(p.Annotations()["message"]), Policy: p}
		if !codePattern.MatchString(one.id) || one.id == NoPolicyPermits || seen[one.id] {
			return nil, candor.Errorf(candor.Invalid, "policies.cedar: every policy needs an @id of its own, of lower-case letters, digits and hyphens; %q is not one.", one.id)
		}
		seen[one.id] = true
		if p.Effect() == cedar.Permit {
			permits++
		} else if one.message == "" {
			return nil, candor.Errorf(candor.Invalid, "policies.cedar: %s forbids and needs a @message that says what to do.", one.id)
		}
		all = append(all, one)
	}
	if permits == 0 {
		return nil, candor.Errorf(candor.Invalid, "policies.cedar permits nothing at all.")
	}
	return all, nil
}

// validate checks that every policy names only attributes that are always
// there, that every message names only figures that we know, and that a range
// of facts evaluates without error.
func (t *Terms) validate() error {
	v, err := validator()
	if err != nil {
		return err
	}
	for _, p := range t.policies {
		if err := v.Policy(p.id, (*xast.Policy)(p.AST())); err != nil {
			return candor.Wrap(err, candor.Invalid, "policies.cedar: %s names what docs/spec/terms.md does not list, or compares unlike things.", p.id)
		}
		if name, ok := unknownFigure(p.message, t.figure(candor.Facts{})); ok {
			return candor.Errorf(candor.Invalid, "policies.cedar: the message of %s names {%s}, which is no figure of docs/spec/terms.md.", p.id, name)
		}
	}
	for f := range probes() {
		if _, err := t.Decide(f); err != nil {
			return candor.Wrap(err, candor.Invalid, "The terms do not evaluate cleanly when somebody wants to %s.", f.Act)
		}
	}
	return nil
}

func validator() (*validate.Validator, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(cedarSchema)); err != nil {
		return nil, err
	}
	r, err := s.Resolve()
	if err != nil {
		return nil, err
	}
	return validate.New(r), nil
}

// render fills a message's {names} with figures.
func render(template string, figure func(string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		out.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return out.String()
		}
		text, _ := figure(name)
		out.WriteString(text)
		template = after
	}
}

// unknownFigure returns the first {name} of a template that is no figure, or
// an unclosed brace.
func unknownFigure(template string, figure func(string) (string, bool)) (string, bool) {
	for {
		_, rest, ok := strings.Cut(template, "{")
		if !ok {
			return "", false
		}
		name, after, closed := strings.Cut(rest, "}")
		if _, known := figure(name); !closed || !known {
			return name, true
		}
		template = after
	}
}

func decimal(n int64) (string, bool) { return strconv.FormatInt(n, 10), true }
