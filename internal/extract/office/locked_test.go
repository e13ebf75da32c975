package office

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"candor"
	"candor/internal/extract/fixture"
)

// locked are documents that open with "open sesame": agile encryption as
// msoffcrypto-tool makes it, and standard encryption.
func locked(t testing.TB) map[string][]byte {
	t.Helper()
	agile, err := os.ReadFile("testdata/locked.docx")
	if err != nil {
		t.Fatal(err)
	}
	var filler strings.Builder // so that it is not kept among the small streams, which the library writes wrongly
	for i := range 4000 {
		fmt.Fprintf(&filler, "%x ", i*i*7919)
	}
	standard, err := excelize.Encrypt(fixture.DOCX("A letter", "The hidden letter about the harbour.", filler.String()), &excelize.Options{Password: "open sesame"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"agile": agile, "standard": standard}
}

func TestLockedDocuments(t *testing.T) {
	for name, data := range locked(t) {
		src := candor.Source{Name: "a.docx", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
		if _, _, ok := Unlock(src); ok {
			t.Errorf("%s: opened without a password", name)
		}
		src.Password = "close sesame"
		if _, r, ok := Unlock(src); !ok || r.Condition != candor.Encrypted || !strings.Contains(r.Reason, "another password") {
			t.Errorf("%s: with another password %+v, %v", name, r, ok)
		}
		src.Password = "open sesame"
		opened, r, ok := Unlock(src)
		if !ok || r.Condition != "" {
			t.Errorf("%s: %+v, %v", name, r, ok)
			continue
		}
		var g gathered
		if r, err := DOCX(opened, "", &g); err != nil || r.Condition != candor.Done || !strings.Contains(g.String(), "hidden letter about the harbour") {
			t.Errorf("%s: %+v, %v, %q", name, r, err, g.String())
		}
	}
}

func FuzzUnlock(f *testing.F) {
	for _, data := range locked(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := candor.Source{Name: "a.docx", Size: int64(len(data)), ReaderAt: bytes.NewReader(data), Password: "open sesame"}
		if _, r, ok := Unlock(src); ok && r.Condition != "" && r.Reason == "" {
			t.Errorf("%+v", r)
		}
	})
}
