package shares

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"math/bits"
	"testing"

	"candor"
)

var secret = []byte("thirty-two bytes and some more of what must not be lost")

func split(t testing.TB, n, threshold int) [][]byte {
	t.Helper()
	all, err := Split(secret, "example.org/archive", n, threshold, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEverySubset: each set of enough shares restores the secret, no smaller one does.
func TestEverySubset(t *testing.T) {
	for _, x := range [][2]int{{2, 2}, {5, 3}, {6, 6}} {
		all := split(t, x[0], x[1])
		for mask := range 1 << len(all) {
			var some [][]byte
			for i, s := range all {
				if mask>>i&1 == 1 {
					some = append(some, s)
				}
			}
			got, err := Join(some...)
			switch enough := bits.OnesCount(uint(mask)) >= x[1]; {
			case enough && (err != nil || !bytes.Equal(got, secret)):
				t.Fatalf("%d of %d, %b: %q, %v", x[1], x[0], mask, got, err)
			case !enough && (candor.CodeOf(err) != candor.Invalid || got != nil):
				t.Fatalf("%d of %d, %b: too few gave %q, %v", x[1], x[0], mask, got, err)
			}
		}
	}
}

func TestSharesRefused(t *testing.T) {
	all, other := split(t, 3, 2), split(t, 3, 2)
	for name, x := range map[string]struct {
		texts [][]byte
		code  candor.Code
	}{
		"twice":       {[][]byte{all[0], all[0]}, candor.Invalid},
		"another set": {[][]byte{all[0], other[1]}, candor.Invalid},
		"rubbish":     {[][]byte{all[0], []byte("share")}, candor.Verification},
		"none":        {nil, candor.Invalid},
		"forged":      {[][]byte{all[0], forged(t, all[1])}, candor.Verification},
	} {
		if got, err := Join(x.texts...); candor.CodeOf(err) != x.code || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, x := range [][2]int{{1, 1}, {2, 1}, {2, 3}, {100, 2}, {0, 0}} {
		if _, err := Split(secret, "x", x[0], x[1], nil); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("split %v: %v", x, err)
		}
	}
	if _, err := Split(secret, "two\nlines", 2, 2, nil); candor.CodeOf(err) != candor.Invalid {
		t.Error("a label of two lines")
	}
}

// forged is a share with another value and a right checksum.
func forged(t *testing.T, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	body := block.Bytes[:len(block.Bytes)-checkBytes]
	body[sealedAt-1] ^= 1
	body[valueAt] ^= 1
	sum := sha256.Sum256(body)
	block.Bytes = append(body, sum[:checkBytes]...)
	return pem.EncodeToMemory(block)
}

// TestTypos: a character that was typed wrong is noticed.
func TestTypos(t *testing.T) {
	all := split(t, 2, 2)
	start := bytes.LastIndex(all[1], []byte(": "))
	body := start + bytes.Index(all[1][start:], []byte("\n\n")) + 2
	end := bytes.LastIndex(all[1], []byte("\n-----END"))
	for i := body; i < end; i++ {
		typed := bytes.Clone(all[1])
		if typed[i] == '\n' {
			continue
		}
		typed[i] = 'A' + (typed[i]-'A'+1)%26
		if bytes.Equal(typed, all[1]) {
			continue
		}
		if got, err := Join(all[0], typed); candor.CodeOf(err) != candor.Verification || got != nil {
			t.Fatalf("character %d: %q, %v", i, got, err)
		}
	}
}

func FuzzJoin(f *testing.F) {
	all := split(f, 3, 2)
	f.Add(all[1])
	f.Add(all[1][:100])
	f.Add(append([]byte("Keep this apart from the others.\n"), all[2]...))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Join(all[0], text)
		if err != nil {
			if c := candor.CodeOf(err); c != candor.Invalid && c != candor.Verification {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if !bytes.Equal(got, secret) {
			t.Errorf("restored %q", got)
		}
	})
}
