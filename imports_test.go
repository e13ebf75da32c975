// Package candor_test asserts what the design says of the project as a whole.
package candor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says which of our own packages a package may import: docs/design and
// docs/design/layout.md. A name covers the folders below it. A package that none
// covers may import nothing of ours, so that a new one must be entered here.
var arrows = map[string][]string{
	"candor":                           {},
	"candor/receipt":                   {},
	"candor/internal/language":         {},
	"candor/internal/query":            {"candor"},
	"candor/internal/keys":             {"candor", "candor/receipt", "candor/internal/ownfile"},
	"candor/internal/archive":          {"candor", "candor/receipt", "candor/internal/query", "candor/internal/language"},
	"candor/internal/vault":            {"candor", "candor/receipt"},
	"candor/internal/catalog":          {"candor", "candor/receipt"},
	"candor/internal/extract":          {"candor", "candor/receipt", "candor/internal/language"},
	"candor/internal/analyze":          {"candor", "candor/receipt", "candor/internal/query", "candor/internal/extract", "candor/internal/language"},
	"candor/internal/terms":            {"candor", "candor/receipt"},
	"candor/internal/custodian":        {"candor", "candor/receipt"},
	"candor/internal/custodian/home":   {"candor", "candor/receipt", "candor/internal/pinned", "candor/internal/ownfile"},
	"candor/internal/custodian/remote": {"candor", "candor/receipt", "candor/internal/pinned"},
	"candor/internal/index":            {"candor", "candor/receipt", "candor/internal/query"},
	"candor/internal/tlog":             {"candor", "candor/receipt"},
	"candor/internal/pinned":           {"candor"},
	"candor/internal/ownfile":          {"candor"},
	"candor/internal/table":            {},
	"candor/internal/report":           {"candor", "candor/receipt"},
	"candor/internal/tlog/sequencer":   {"candor", "candor/receipt", "candor/internal/pinned", "candor/internal/ownfile"},
	"candor/internal/witness":          {"candor", "candor/receipt"},
	"candor/internal/correct":          {"candor", "candor/receipt"},
	"candor/internal/evidence":         {"candor", "candor/receipt"},
	"candor/internal/wire":             {"candor", "candor/receipt"},
	"candor/internal/client":           {"candor", "candor/receipt", "candor/internal/wire"},
	"candor/internal/mcp":              {"candor", "candor/internal/client", "candor/internal/wire"},
	"candor/internal/api":              {"candor", "candor/receipt", "candor/internal/archive", "candor/internal/wire"},
	"candor/internal/web":              {"candor", "candor/receipt", "candor/internal/archive", "candor/internal/table", "candor/internal/language"},
}

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Standard     bool
	GoFiles      []string
	Imports      []string
	Deps         []string
	TestImports  []string
	XTestImports []string
}

// list runs go list. It fails the test when nothing is found: an assertion
// over no packages holds always.
func list(t *testing.T, args ...string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Doc,Standard,GoFiles,Imports,Deps,TestImports,XTestImports"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := make(map[string]pkg)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	if len(all) == 0 {
		t.Fatal("go list found no packages")
	}
	return all
}

func ours(path string) bool { return path == "candor" || strings.HasPrefix(path, "candor/") }

// within reports whether a package is a folder or below it.
func within(path, folder string) bool {
	return path == folder || (folder != "candor" && strings.HasPrefix(path, folder+"/"))
}

// forTests reports whether a package is a conformance suite, such as
// catalogtest: it may import the port that it tests, and only tests import it.
func forTests(path string) bool { return strings.HasSuffix(path, "test") }

func TestImportArrows(t *testing.T) {
	all := list(t, "./...")
	for _, needed := range []string{"candor", "candor/receipt", "candor/internal/archive", "candor/internal/catalog", "candor/internal/terms"} {
		if len(all[needed].GoFiles) == 0 {
			t.Fatalf("%s was not found, so this test proves nothing", needed)
		}
	}
	for path, p := range all {
		for _, imported := range p.Imports {
			if ours(imported) && !mayImport(path, imported) {
				t.Errorf("%s imports %s, which the design does not allow", path, imported)
			}
		}
	}
}

// mayImport reports whether the arrows let a package import another of ours.
func mayImport(path, imported string) bool {
	if forTests(imported) {
		return forTests(path)
	}
	if within(path, "candor/cmd") || forTests(path) {
		return true
	}
	for folder, allowed := range arrows {
		if !within(path, folder) {
			continue
		}
		if within(imported, folder) && folder != "candor" {
			return true // its own parts
		}
		if slices.ContainsFunc(allowed, func(a string) bool { return within(imported, a) }) {
			return true
		}
	}
	return false
}

func TestArrowsRefuse(t *testing.T) {
	for _, wrong := range [][2]string{
		{"candor", "candor/receipt"}, {"candor/receipt", "candor"}, {"candor/internal/vault", "candor/internal/catalog"},
		{"candor/internal/catalog", "candor/internal/archive"}, {"candor/internal/archive", "candor/internal/vault"},
		{"candor/internal/web", "candor/internal/catalog"}, {"candor/internal/unheard", "candor"},
		{"candor/internal/archive", "candor/internal/catalog/catalogtest"}, {"candor/internal/index/local", "candor/internal/archive"},
	} {
		if mayImport(wrong[0], wrong[1]) {
			t.Errorf("%s may import %s", wrong[0], wrong[1])
		}
	}
	for _, right := range [][2]string{
		{"candor/cmd/candor", "candor/internal/vault"}, {"candor/internal/index/local", "candor/internal/query"},
		{"candor/internal/extract/pdf", "candor/internal/extract"}, {"candor/internal/catalog/catalogtest", "candor/internal/archive"},
	} {
		if !mayImport(right[0], right[1]) {
			t.Errorf("%s may not import %s", right[0], right[1])
		}
	}
}

func TestEveryPackageSaysWhatItPromises(t *testing.T) {
	for path, p := range list(t, "./...") {
		if len(p.GoFiles) == 0 {
			continue // tests alone
		}
		if len(strings.Fields(p.Doc)) < 5 {
			t.Errorf("%s has no package comment that says anything: %q", path, p.Doc)
		}
	}
}

// TestReceiptIsSmall asserts that a verifier of receipts has little to trust:
// the standard library, x/mod and x/crypto, with what these two need, and the
// signatures of FIPS 204 until the standard library has them.
func TestReceiptIsSmall(t *testing.T) {
	allowed := []string{"candor/receipt", "golang.org/x/mod", "golang.org/x/crypto", "golang.org/x/sys", "filippo.io/mldsa"}
	for path, p := range list(t, "-deps", "./receipt") {
		if !p.Standard && !slices.ContainsFunc(allowed, func(a string) bool { return within(path, a) }) {
			t.Errorf("receipt reaches %s", path)
		}
	}
}

// TestKeysAreFarFromStorage asserts that who releases keys, and who verifies,
// can reach neither stored bytes nor a cloud.
func TestKeysAreFarFromStorage(t *testing.T) {
	for _, root := range []string{"./receipt", "./internal/custodian/..."} {
		for path := range list(t, "-deps", root) {
			for _, far := range []string{
				"candor/internal/vault", "candor/internal/catalog", "candor/internal/index", "candor/internal/archive", "gocloud.dev",
				"github.com/aws", "github.com/Azure", "cloud.google.com", "google.golang.org/api", "github.com/minio",
			} {
				if within(path, far) {
					t.Errorf("%s reaches %s", root, path)
				}
			}
		}
	}
}
