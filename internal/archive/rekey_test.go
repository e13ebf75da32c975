package archive_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"candor"
	"candor/internal/archive"
	"candor/internal/index/local"
)

// indexKeys is what the vault holds of the index's keys.
func (h *house) indexKeys() archive.Keys {
	h.t.Helper()
	keys, err := archive.Unlock(bg, h.cfg)
	must(h.t, err)
	return keys
}

// TestRekey: only an administrator may, it is on the record, and the old key
// is worth nothing afterwards, to whoever has taken the index's folder.
func TestRekey(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"one.txt", "alpha one"}, [2]string{"two.txt", "beta two"})
	old := h.indexKeys()
	size := h.cfg.Log.Size()
	if _, err := h.Rekey(bg, h.reader, nil); candor.CodeOf(err) != candor.Denied {
		t.Errorf("a reader: %v", err)
	}
	if now := h.cfg.Log.Size(); now != size {
		t.Errorf("a refused rekey left %d records", now-size)
	}
	proof, err := h.Rekey(bg, h.admin, nil)
	must(t, err)
	h.checkReceipt(proof, "release-key")
	renewed := h.indexKeys()
	if bytes.Equal(renewed.Index, old.Index) || len(renewed.FormerIndex) != 0 {
		t.Errorf("the vault holds the same key, or %d former ones", len(renewed.FormerIndex))
	}
	if found, err := h.find(h.purpose(5), "alpha"); err != nil || found.Total != 1 {
		t.Errorf("found %d: %v", found.Total, err)
	}
	h.close()
	if _, err := local.Open(bg, local.Config{Dir: filepath.Join(h.dir, "index"), Key: old.Index}); candor.CodeOf(err) != candor.Verification {
		t.Errorf("the old key: %v", err)
	}
	h.open(false)
}

// TestRekeyFaults lets every call to a port fail in turn, in a rekey that the
// process then dies of: the archive opens with everything in it, and the next
// rekey leaves one key.
func TestRekeyFaults(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"one.txt", "alpha one"}, [2]string{"two.txt", "beta two"})
	p := h.purpose(5)
	first := h.indexKeys().Index
	seen := map[string]bool{}
	for n := int64(1); ; n++ {
		h.faults.arm(n)
		_, err := h.Rekey(bg, h.admin, nil)
		where := h.faults.fired()
		h.faults.disarm()
		if where == "" {
			must(t, err)
			break
		}
		seen[where] = true
		if err == nil || !errors.Is(err, errFault) && candor.CodeOf(err) != candor.Unavailable {
			t.Fatalf("fault in %s (call %d): %v", where, n, err)
		}
		h.reopen()
		h.reader = h.sign("reader")
		h.admin = h.sign("admin")
		if found, err := h.find(p, "beta"); err != nil || found.Total != 1 {
			t.Fatalf("after a fault in %s (call %d): %d found: %v", where, n, found.Total, err)
		}
	}
	for _, port := range []string{"log before", "custodian", "vault bind", "vault sync", "index rekey"} {
		if !seen[port] {
			t.Errorf("no fault was tried in %s", port)
		}
	}
	keys := h.indexKeys()
	if len(keys.FormerIndex) != 0 || bytes.Equal(keys.Index, first) {
		t.Errorf("%d former keys are kept", len(keys.FormerIndex))
	}
	h.reopen()
	differences, err := h.Check(bg, h.sign("admin"), nil)
	must(t, err)
	if len(differences) != 0 {
		t.Errorf("differences: %+v", differences)
	}
}
