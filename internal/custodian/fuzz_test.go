package custodian

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"candor"
)

// FuzzRequest: whatever is sent as a request gets a refusal by a rule, except
// for the request that the record allows.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	a := w.ask(candor.ActOpen, nil, original(0))
	honest, err := json.Marshal(a.ReleaseRequest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(honest)
	f.Add(bytes.Replace(honest, []byte(`"leaf":0`), []byte(`"leaf":-1`), 1))
	f.Add(bytes.Replace(honest, []byte(`"leaves":1`), []byte(`"leaves":9223372036854775807`), 1))
	f.Add([]byte(`{"keys":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r candor.ReleaseRequest
		if json.Unmarshal(data, &r) != nil {
			return
		}
		answer, err := w.c.Release(t.Context(), r)
		if err != nil {
			if ruleOf(err) == "interrupted" {
				t.Errorf("refused by no rule: %v", err)
			}
			return
		}
		if !bytes.Equal(r.Requester, a.Requester) || len(r.Keys) != 1 || r.Keys[0].Name != original(0) || len(answer.Keys) != 1 {
			t.Error("released something else")
		}
	})
}

// FuzzReceipt: no receipt but the honest one is followed.
func FuzzReceipt(f *testing.F) {
	w := newWorld(f)
	a := w.ask(candor.ActOpen, nil, original(0))
	f.Add(a.Receipt)
	f.Add(a.Grant)
	f.Add(a.Receipt[:len(a.Receipt)/2])
	f.Fuzz(func(t *testing.T, text []byte) {
		_, check, _, err := w.c.openReceipt(text)
		if err != nil && candor.CodeOf(err) != candor.Verification {
			t.Errorf("refused with %v", err)
		}
		if err == nil && check.Size > w.log.size() {
			t.Errorf("believed in a log of %d records", check.Size)
		}
	})
}

// FuzzJournal: what is read of a journal can be written and read again, and
// says the same.
func FuzzJournal(f *testing.F) {
	w := newWorld(f)
	w.released(w.ask(candor.ActOpen, nil, original(0)))
	w.released(w.ask(candor.ActExport, nil, original(1), original(2)))
	journal, err := os.ReadFile(filepath.Join(w.dir, "custodian.journal"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(journal)
	f.Add(journal[:len(journal)-9])
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second []entry
		keep := func(into *[]entry) func(entry) bool {
			return func(e entry) bool { *into = append(*into, e); return true }
		}
		if err := readJournal(data, origin, keep(&first)); err != nil {
			if candor.CodeOf(err) != candor.Verification {
				t.Errorf("refused with %v", err)
			}
			return
		}
		line, err := marshalLine(first)
		if err != nil {
			t.Fatal(err)
		}
		again := append([]byte(journalFormat+origin+"\n"), line...)
		if err := readJournal(again, origin, keep(&second)); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(second)
		if !bytes.Equal(a, b) {
			t.Error("it does not say the same")
		}
	})
}
