package receipt

import (
	"bytes"
	"reflect"
	"testing"
)

// An outsider's receipts are those of the log itself, at every kind of edge.
func TestProver(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 700} {
		m := logOf(t, n)
		m.publish(t)
		p, err := NewProver(t.Context(), m, m.trust(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int64{0, int64(n) / 2, int64(n) - 1} {
			got, err := p.Receipt(t.Context(), i)
			if err != nil {
				t.Fatalf("record %d of %d: %v", i, n, err)
			}
			if _, err := got.Verify(m.trust(t)); err != nil {
				t.Errorf("record %d of %d: %v", i, n, err)
			}
			if want := m.receipt(t, i); !bytes.Equal(got.Leaf, want.Leaf) || !reflect.DeepEqual(got.Hashes, want.Hashes) && len(want.Hashes)+len(got.Hashes) > 0 {
				t.Errorf("record %d of %d differs from the log's own receipt", i, n)
			}
		}
		if _, err := p.Receipt(t.Context(), int64(n)); err == nil {
			t.Error("a record that is not there was proved")
		}
	}
}

// TestProverBelievesNoFile: whatever is changed in a log's files, no receipt
// comes of it that does not hold.
func TestProverBelievesNoFile(t *testing.T) {
	m := logOf(t, 700)
	m.publish(t)
	for name, b := range m.files {
		if name == "key" {
			continue
		}
		whole := bytes.Clone(b)
		for _, at := range []int{0, len(b) / 2, len(b) - 1} {
			b[at] ^= 1
			if p, err := NewProver(t.Context(), m, m.trust(t)); err == nil {
				for _, i := range []int64{0, 300, 699} {
					if r, err := p.Receipt(t.Context(), i); err == nil {
						if _, err := r.Verify(m.trust(t)); err != nil {
							t.Errorf("%s changed at %d: a receipt of record %d that does not hold", name, at, i)
						}
					}
				}
			}
			copy(b, whole)
		}
	}
}
