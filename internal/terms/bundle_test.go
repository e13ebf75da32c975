package terms_test

import (
	"bytes"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"candor"
	"candor/internal/terms"
)

// bundle returns the default bundle's files, for a test to change.
func bundle(t testing.TB) fstest.MapFS {
	t.Helper()
	b := standard(t).Bundle()
	return fstest.MapFS{
		"terms.md": {Data: b.Human}, "policies.cedar": {Data: b.Policies}, "reasons.json": {Data: b.Reasons}, "budgets.json": {Data: b.Budgets},
	}
}

func TestHashNamesEveryPart(t *testing.T) {
	seen := map[string]string{standard(t).Hash(): "the default"}
	for name := range bundle(t) {
		b := bundle(t)
		b[name] = &fstest.MapFile{Data: append(bytes.Clone(b[name].Data), '\n')}
		x, err := terms.New(terms.Config{Bundle: b})
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[x.Hash()]; other != "" {
			t.Errorf("a changed %s has the hash of %s", name, other)
		}
		seen[x.Hash()] = name
	}
	if len(seen) != 5 {
		t.Fatalf("%d hashes, want 5", len(seen))
	}
	moved := terms.Bundle{Human: []byte("ab"), Policies: []byte("c")}
	if moved.Hash() == (terms.Bundle{Human: []byte("a"), Policies: []byte("bc")}).Hash() {
		t.Error("bytes moved from one part to another keep the hash")
	}
}

func TestOwnBudgets(t *testing.T) {
	b := bundle(t)
	b["budgets.json"] = &fstest.MapFile{Data: bytes.Replace(b["budgets.json"].Data, []byte(`"acts_minute": 120`), []byte(`"acts_minute": 3`), 1)}
	x, err := terms.New(terms.Config{Bundle: b})
	if err != nil {
		t.Fatal(err)
	}
	d, err := x.Decide(with(use(), func(f *candor.Facts) { f.ActsMinute = 3 }))
	if err != nil || d.Rule != "acts-per-minute" {
		t.Fatalf("decided by %s, error %v", d.Rule, err)
	}
}

func TestWrongBundlesAreNotLoaded(t *testing.T) {
	const permit = `@id("all") permit (principal, action, resource);` + "\n"
	policies := func(text string) func(fstest.MapFS) {
		return func(b fstest.MapFS) { b["policies.cedar"] = &fstest.MapFile{Data: []byte(permit + text)} }
	}
	part := func(name, data string) func(fstest.MapFS) {
		return func(b fstest.MapFS) { b[name] = &fstest.MapFile{Data: []byte(data)} }
	}
	budgets := func(old, replacement string) func(fstest.MapFS) {
		return func(b fstest.MapFS) {
			data := strings.Replace(string(b["budgets.json"].Data), old, replacement, 1)
			b["budgets.json"] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	for name, change := range map[string]func(fstest.MapFS){
		"no file":                    func(b fstest.MapFS) { clear(b) },
		"a file missing":             func(b fstest.MapFS) { delete(b, "budgets.json") },
		"a file too large":           part("terms.md", strings.Repeat("x", 256<<10+1)),
		"no human text":              part("terms.md", " \n"),
		"human text that is not":     part("terms.md", "\xff\xfe"),
		"not Cedar":                  part("policies.cedar", "permit everything"),
		"nothing permitted":          part("policies.cedar", `@id("none") @message("no") forbid (principal, action, resource);`),
		"empty policies":             part("policies.cedar", ""),
		"policy without an id":       policies(`permit (principal, action, resource);`),
		"policy with a used id":      policies(permit),
		"policy with a wrong id":     policies(`@id("A rule") permit (principal, action, resource);`),
		"policy with the reserved":   policies(`@id("no-policy-permits") permit (principal, action, resource);`),
		"forbid without a message":   policies(`@id("f") forbid (principal, action, resource);`),
		"unknown attribute":          policies(`@id("ff") @message("no") forbid (principal, action, resource) when { context.wish };`),
		"unknown attribute, hidden":  policies(`@id("ff") @message("no") forbid (principal, action, resource) when { context.matched == 77777 && context.wish };`),
		"unknown attribute of owner": policies(`@id("ff") @message("no") forbid (principal, action, resource) when { principal.rank > 3 };`),
		"unknown action":             policies(`@id("ff") @message("no") forbid (principal, action == Action::"serch", resource);`),
		"unlike things compared":     policies(`@id("ff") @message("no") forbid (principal, action, resource) when { context.matched > "many" };`),
		"overflow":                   policies(`@id("ff") @message("no") forbid (principal, action, resource) when { context.matched * context.matched > 5 };`),
		"message with no figure":     policies(`@id("ff") @message("you have {wishes}") forbid (principal, action, resource);`),
		"message with open brace":    policies(`@id("ff") @message("you have {left") forbid (principal, action, resource);`),
		"reasons not a list":         part("reasons.json", `{}`),
		"no reason":                  part("reasons.json", `[]`),
		"null reasons":               part("reasons.json", `null`),
		"reason twice":               part("reasons.json", `[{"code":"aa","title":"A","help":"a"},{"code":"aa","title":"A","help":"a"}]`),
		"reason without help":        part("reasons.json", `[{"code":"aa","title":"A"}]`),
		"reason with a wrong code":   part("reasons.json", `[{"code":"A a","title":"A","help":"a"}]`),
		"reason with more":           part("reasons.json", `[{"code":"aa","title":"A","help":"a","rank":1}]`),
		"something after reasons":    part("reasons.json", `[{"code":"aa","title":"A","help":"a"}] []`),
		"budget of nothing":          budgets(`"coverage": 200`, `"coverage": 0`),
		"negative budget":            budgets(`"coverage": 200`, `"coverage": -5`),
		"boundless budget":           budgets(`"coverage": 200`, `"coverage": 9223372036854775807`),
		"missing budget":             budgets(`"coverage": 200,`, ``),
		"unknown budget":             budgets(`"coverage": 200`, `"coverage": 200, "mercy": 1`),
		"endless purposes":           budgets(`"lifetime_days_most": 365`, `"lifetime_days_most": 99999999`),
	} {
		t.Run(name, func(t *testing.T) {
			b := bundle(t)
			change(b)
			x, err := terms.New(terms.Config{Bundle: b})
			if candor.CodeOf(err) != candor.Invalid || x != nil {
				t.Fatalf("loaded %v, error %v", x != nil, err)
			}
		})
	}
	if _, err := terms.New(terms.Config{Bundle: bundle(t)}); err != nil {
		t.Fatalf("the unchanged bundle is not loaded either: %v", err)
	}
}

// FuzzBundle loads changed bundles. Whatever is loaded must decide without
// error on facts that every archive meets, and have a hash.
func FuzzBundle(f *testing.F) {
	b := standard(f).Bundle()
	f.Add(string(b.Human), string(b.Policies), string(b.Reasons), string(b.Budgets))
	f.Add("x", `@id("all") permit (principal, action, resource);`, `[{"code":"aa","title":"A","help":"a"}]`, string(b.Budgets))
	f.Add("x", `@id("aa") @message("{left} of {coverage}") forbid (principal, action in Action::"use", resource) when { context.left < 3 };`+
		`@id("bb") permit (principal, action, resource) unless { principal.roles.containsAny(["auditor"]) };`, string(b.Reasons), string(b.Budgets))
	f.Fuzz(func(t *testing.T, human, policies, reasons, budgets string) {
		files := fstest.MapFS{"terms.md": {Data: []byte(human)}, "policies.cedar": {Data: []byte(policies)},
			"reasons.json": {Data: []byte(reasons)}, "budgets.json": {Data: []byte(budgets)}}
		x, err := terms.New(terms.Config{Bundle: files})
		if err != nil {
			if candor.CodeOf(err) != candor.Invalid {
				t.Fatalf("a wrong bundle gave %v", err)
			}
			return
		}
		for _, facts := range []candor.Facts{use(), ask(), grant(), act(candor.ActAdd, candor.Contributor)} {
			d, err := x.Decide(facts)
			if err != nil {
				t.Fatalf("a loaded bundle gave %v", err)
			}
			if d.Rule == "" {
				t.Fatal("a decision names no rule")
			}
		}
	})
}

// TestSpecificationListsEverything keeps docs/spec/terms.md in step with what
// bundles may name.
func TestSpecificationListsEverything(t *testing.T) {
	spec, err := os.ReadFile("../../docs/spec/terms.md")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, a := range terms.Attributes() {
		names[a] = true
	}
	if len(names) < 40 {
		t.Fatalf("only %d attributes", len(names))
	}
	for name := range maps.Keys(names) {
		if !strings.Contains(string(spec), "`"+name+"`") {
			t.Errorf("docs/spec/terms.md does not list `%s`", name)
		}
	}
}
