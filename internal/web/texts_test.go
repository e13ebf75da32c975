package web

import (
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"candor"
	"candor/receipt"
)

var update = flag.Bool("update", false, "write texts/en.json anew; wordings that were changed there are kept")

const quoted = `("(?:[^"\\]|\\.)*")`

// Where interface texts stand: in templates, in code, and as titles of pages.
var textPatterns = map[string][]*regexp.Regexp{
	".html": {regexp.MustCompile(`[{( ]t ` + quoted), regexp.MustCompile(`many [.$\w]+ ` + quoted + ` ` + quoted)},
	".go": {regexp.MustCompile(`pages\.text\(` + quoted), regexp.MustCompile(`s\.show\(w, v, [^,]+(?:\([^)]*\))?, "\w+", ` + quoted),
		regexp.MustCompile(`title :?= ` + quoted)},
}

func textsUsed(t *testing.T) map[string]bool {
	used := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		patterns := textPatterns[filepath.Ext(path)]
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || patterns == nil {
			return err
		}
		data, err := os.ReadFile(path)
		for _, p := range patterns {
			for _, m := range p.FindAllStringSubmatch(string(data), -1) {
				for _, q := range m[1:] {
					text, err := strconv.Unquote(q)
					if err != nil {
						t.Fatalf("%s: %s: %v", path, q, err)
					}
					used[text] = true
				}
			}
		}
		return err
	})
	must(t, err)
	for _, list := range wordLists() {
		for _, w := range list {
			used[w] = true
		}
	}
	delete(used, "")
	return used
}

// wordLists are texts that templates find by a value: kinds, conditions, acts.
func wordLists() [][]string {
	script, err := assets.ReadFile("assets/candor.js")
	if err != nil {
		panic(err)
	}
	lists := [][]string{sayings(string(script)), receipt.Acts(), {receipt.Allow, receipt.Refuse, receipt.Failed},
		{string(candor.BreadthNone), string(candor.BreadthNarrow), string(candor.BreadthModerate), string(candor.BreadthBroad), string(candor.BreadthSweeping)},
		{string(candor.Requested), string(candor.Active), string(candor.Refused), string(candor.Revoked), string(candor.Expired)},
		slices.Collect(maps.Values(remedies)), slices.Collect(maps.Values(errorTitles))}
	var more []string
	for _, k := range kinds {
		more = append(more, k.name)
	}
	for _, k := range families {
		more = append(more, k.name)
	}
	for _, c := range candor.Conditions() {
		more = append(more, string(c))
	}
	for _, r := range roleHelp {
		more = append(more, string(r.role), r.help)
	}
	for _, f := range facetOrder {
		more = append(more, f.title)
	}
	return append(lists, append(more, kindOf("").name))
}

// texts/en.json holds each interface text once, and nothing else: whoever
// translates or rewords the interface needs no other file.
func TestTextsStandInOnePlace(t *testing.T) {
	used := textsUsed(t)
	if len(used) < 300 {
		t.Fatalf("only %d texts were found: the patterns no longer fit the templates", len(used))
	}
	have := map[string]string{}
	must(t, json.Unmarshal(englishTexts, &have))
	if *update {
		writeTexts(t, used, have)
		return
	}
	for _, text := range slices.Sorted(maps.Keys(used)) {
		if _, ok := have[text]; !ok {
			t.Errorf("texts/en.json lacks %q; run go test -run Texts -update", text)
		}
	}
	for text, shown := range have {
		if !used[text] {
			t.Errorf("texts/en.json has %q, which no page uses; run go test -run Texts -update", text)
		}
		if strings.Count(text, "%") != strings.Count(shown, "%") {
			t.Errorf("%q and %q take different values", text, shown)
		}
		if strings.Contains(shown, "!") {
			t.Errorf("%q shouts", shown)
		}
	}
}

func writeTexts(t *testing.T, used map[string]bool, have map[string]string) {
	out := map[string]string{}
	for text := range used {
		out[text] = text
		if shown, ok := have[text]; ok {
			out[text] = shown
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	must(t, enc.Encode(out))
	must(t, os.WriteFile("texts/en.json", []byte(b.String()), 0o600))
}
