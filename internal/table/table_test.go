package table_test

import (
	"strings"
	"testing"

	"candor/internal/table"
)

func TestWrite(t *testing.T) {
	var b strings.Builder
	w := table.New(&b)
	if err := w.Write([]string{"name", "says"}, []string{"=HYPERLINK(\"x\")", "a \"b\", c"}, []string{"-1", "@me\nagain"}, []string{"", "ok"}); err != nil {
		t.Fatal(err)
	}
	want := "name,says\n\"'=HYPERLINK(\"\"x\"\")\",\"a \"\"b\"\", c\"\n'-1,\"'@me\nagain\"\n,ok\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
