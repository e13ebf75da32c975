package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile(`^Test[A-Z][A-Za-z0-9]*$`)
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
)

// TestThreats: each row of docs/design/threats.md names tests that exist, and
// each attack on a whole archive stands in it.
func TestThreats(t *testing.T) {
	text, err := os.ReadFile("../../docs/design/threats.md")
	must(t, err)
	there := testsOfTheTree(t)
	named, rows := map[string]bool{}, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || strings.HasPrefix(line, "|---") || strings.TrimSpace(cells[1]) == "attack" {
			if strings.HasPrefix(line, "|") && len(cells) != 6 {
				t.Errorf("a row without four cells: %s", line)
			}
			continue
		}
		rows++
		for name := range strings.SplitSeq(cells[4], ",") {
			name = strings.TrimSpace(name)
			named[name] = true
			if !testName.MatchString(name) && !strings.HasSuffix(name, ".txtar") {
				t.Errorf("%q is no test; the row is: %s", name, cells[1])
			} else if !there[name] {
				t.Errorf("there is no test %s; the row is: %s", name, cells[1])
			}
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows were read; is the table still one?", rows)
	}
	own, err := os.ReadFile("attacks_test.go")
	must(t, err)
	for _, m := range testFunc.FindAllSubmatch(own, -1) {
		if !named[string(m[1])] {
			t.Errorf("%s stands in no row", m[1])
		}
	}
}

// testsOfTheTree are the names of all test functions and scripts of the module.
func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return fs.SkipDir
		case strings.HasSuffix(file, ".txtar"):
			there[d.Name()] = true
		case strings.HasSuffix(file, "_test.go"):
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, m := range testFunc.FindAllSubmatch(b, -1) {
				there[string(m[1])] = true
			}
		}
		return nil
	})
	must(t, err)
	return there
}
