package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

// Names that the guides and the help use for a purpose and an item.
const (
	docPurpose = "p-3k7v2m9qxa"
	docItem    = "4kq7zt2m5bw3xjd6hn8rcy9fva"
)

// TestGuides runs every command in a block marked sh of the guides, in order,
// on the sample archive as the user's documents.
func TestGuides(t *testing.T) {
	dir := t.TempDir()
	for _, guide := range []string{"README.md", "docs/cli.md", "docs/auditing.md", "docs/agents.md"} {
		text, err := os.ReadFile(filepath.Join("../..", guide))
		if err != nil {
			t.Fatal(err)
		}
		script := scriptOf(t, string(text))
		if strings.Count(script, "exec candor") < 8 {
			t.Fatalf("%s has only a few commands to run; are its blocks still marked sh?", guide)
		}
		name := strings.ReplaceAll(strings.TrimSuffix(guide, ".md"), "/", "-") + ".txtar"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, scriptParams(t, dir))
}

var shBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// scriptOf makes a script of a guide's commands. What a command printed takes
// the place of the purpose and item that the guide made up.
func scriptOf(t *testing.T, guide string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("env CANDOR_DATA=\nenv CANDOR_KIT_PASSPHRASE='four words in a row'\n")
	for _, block := range shBlock.FindAllStringSubmatch(guide, -1) {
		for line := range strings.SplitSeq(strings.TrimSpace(block[1]), "\n") {
			if !strings.HasPrefix(line, "candor ") {
				t.Fatalf("a block marked sh holds more than commands: %q", line)
			}
			command := quoted(t, line)
			fmt.Fprintf(&b, "exec %s\n", command)
			switch {
			case strings.HasPrefix(line, "candor purpose request"):
				fmt.Fprintf(&b, "exec %s --json\nfield stdout PURPOSE id\n", command)
			case strings.HasPrefix(line, "candor search"):
				fmt.Fprintf(&b, "stdout '^[1-9][0-9]* items? found'\nexec %s --json\nfield stdout ITEM hits.0.item\n", command)
			}
		}
	}
	return b.String()
}

var word = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)

// quoted turns a shell command into one of testscript, where only single quotes quote.
func quoted(t *testing.T, line string) string {
	t.Helper()
	var words []string
	for _, w := range word.FindAllString(line, -1) {
		w = strings.NewReplacer(docPurpose, "$PURPOSE", docItem, "$ITEM", "~/Documents", "$SAMPLE").Replace(w)
		if strings.HasPrefix(w, `"`) {
			w = "'" + strings.Trim(w, `"`) + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// Every command that does something shows an example, and every example is
// made of flags that exist.
func TestExamples(t *testing.T) {
	c := &cli{env: func(string) string { return "" }}
	seen := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if cmd.Hidden || cmd.HasSubCommands() || cmd.Name() == "help" {
			return
		}
		seen++
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("the example of %s does not call it: %s", cmd.CommandPath(), cmd.Example)
		}
		for _, flag := range regexp.MustCompile(`(?:^|\s)--([a-z-]+)`).FindAllStringSubmatch(cmd.Example, -1) {
			if cmd.Flags().Lookup(flag[1]) == nil && cmd.InheritedFlags().Lookup(flag[1]) == nil {
				t.Errorf("the example of %s uses --%s, which it has not", cmd.CommandPath(), flag[1])
			}
		}
	}
	visit(c.command())
	if seen < 20 {
		t.Errorf("only %d commands were looked at", seen)
	}
}
