package entities

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "fold the names of names.gz as tools/gazetteer wrote it")

// TestTheNamesAreFolded keeps the folding of 150,000 names out of every start.
func TestTheNamesAreFolded(t *testing.T) {
	zipped, err := gzip.NewReader(bytes.NewReader(namesGz))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	folded := map[string]string{}
	wrong := 0
	for line := range strings.Lines(string(text)) {
		letters, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if _, twice := folded[fold(name)]; twice || fold(name) != name || kindsOf(letters) == 0 {
			wrong++
		}
		all := slices.Sorted(slices.Values([]rune(folded[fold(name)] + letters)))
		folded[fold(name)] = string(slices.Compact(all))
	}
	if *update {
		write(t, folded)
	} else if wrong > 0 {
		t.Errorf("%d names stand otherwise than they are looked up, or twice; run this test with -update", wrong)
	}
}

func write(t *testing.T, names map[string]string) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if _, err := io.WriteString(w, names[name]+" "+name+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("names.gz", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
