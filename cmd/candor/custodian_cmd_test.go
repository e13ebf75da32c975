package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCustodianGuide runs every command of docs/custodian.md, in order, with
// both hosts on this machine.
func TestCustodianGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/custodian.md")
	if err != nil {
		t.Fatal(err)
	}
	script := custodianScript(t, string(text))
	if n := strings.Count(script, "exec candor"); n < 8 {
		t.Fatalf("the guide has only %d commands to run; are its blocks still marked sh?", n)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "custodian-guide.txtar"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, scriptParams(t, dir))
}

// custodianScript makes a script of the guide: its variables are filled from
// what the commands print, and its hosts are folders.
func custodianScript(t *testing.T, guide string) string {
	t.Helper()
	here := strings.NewReplacer("0.0.0.0:7311", "$ADDRESS", "custodian.example.org:7311", "$ADDRESS",
		"/srv/custodian-again", "again", "/srv/custodian", "keeper", "/srv/candor", "data", "custodian.pub", "keeper/custodian.pub")
	var b strings.Builder
	b.WriteString("env CANDOR_CONFIG=$WORK/archive-keys\nenv CANDOR_NEW_PASSWORD=correct-horse\nenv CANDOR_KIT_PASSPHRASE='four words in a row'\nfreeport ADDRESS\n")
	for _, block := range shBlock.FindAllStringSubmatch(guide, -1) {
		for line := range strings.SplitSeq(strings.TrimSpace(block[1]), "\n") {
			if !strings.HasPrefix(line, "candor ") {
				t.Fatalf("a block marked sh holds more than commands: %q", line)
			}
			command := here.Replace(line)
			switch words := strings.Fields(line); words[2] {
			case "prepare":
				fmt.Fprintf(&b, "exec %s --json\nfield stdout LOG_KEY log_key\nfield stdout ARCHIVE_PIN pin\n", command)
			case "init":
				fmt.Fprintf(&b, "exec %s --json\nfield stdout CUSTODIAN_PIN pin\n", command)
			case "serve":
				fmt.Fprintf(&b, "exec %s &keeper&\nlistening $ADDRESS\n", command)
			case "join":
				fmt.Fprintf(&b, "kill -INT keeper\nwait keeper\ncp data/log/checkpoint checkpoint\nexec %s\n", command)
			default:
				fmt.Fprintf(&b, "exec %s\n", command)
			}
		}
	}
	return b.String()
}
