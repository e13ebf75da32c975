package receipt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("main/item%07d/original", i)
	}
	return out
}

func TestCommitOpens(t *testing.T) {
	requester := []byte("a public key")
	for _, n := range []int{1, 2, 3, 5, 8, 100, 1000} {
		c, err := Commit(requester, names(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !hashForm.matches(c.String()) || c.Leaves() != int64(n) {
			t.Fatalf("%s over %d", c, c.Leaves())
		}
		for _, name := range names(n) {
			o, err := c.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := OpenCommitment(c.String(), requester, c.Leaves(), o.Leaf, name, o.Salt, o.Path); err != nil {
				t.Errorf("%s of %d: %v", name, n, err)
			}
		}
		if _, err := c.Open("main/other/original"); err == nil {
			t.Error("opened a key that is not covered")
		}
	}
}

// TestCommitmentForgeries: nothing but the right opening opens.
func TestCommitmentForgeries(t *testing.T) {
	requester := []byte("a public key")
	c, err := Commit(requester, names(11), nil)
	if err != nil {
		t.Fatal(err)
	}
	type opening struct {
		text         string
		requester    []byte
		leaves, leaf int64
		name         string
		salt         []byte
		path         [][]byte
	}
	try := func(o opening) error {
		return OpenCommitment(o.text, o.requester, o.leaves, o.leaf, o.name, o.salt, o.path)
	}
	for at, name := range names(11) {
		for what, forge := range map[string]func(*opening){
			"another name":      func(o *opening) { o.name = names(11)[(at+1)%11] },
			"another requester": func(o *opening) { o.requester = []byte("another key") },
			"another leaf":      func(o *opening) { o.leaf = (o.leaf + 1) % 11 },
			"leaf outside":      func(o *opening) { o.leaf = 11 },
			"more leaves":       func(o *opening) { o.leaves = 12 },
			"fewer leaves":      func(o *opening) { o.leaves = 10 },
			"another salt":      func(o *opening) { o.salt = make([]byte, SaltSize) },
			"longer salt":       func(o *opening) { o.salt = append(o.salt[:len(o.salt):len(o.salt)], '\n') },
			"shorter path":      func(o *opening) { o.path = o.path[1:] },
			"longer path":       func(o *opening) { o.path = append(o.path, make([]byte, 32)) },
			"upper case":        func(o *opening) { o.text = strings.ToUpper(o.text) },
			"no text":           func(o *opening) { o.text = "" },
		} {
			found, err := c.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			o := opening{c.String(), requester, c.Leaves(), found.Leaf, name, found.Salt, found.Path}
			if err := try(o); err != nil {
				t.Fatal(err)
			}
			forge(&o)
			if try(o) == nil {
				t.Errorf("%s: %s opened", name, what)
			}
		}
	}
}

func TestCommitSaltsAreFresh(t *testing.T) {
	a, err := Commit([]byte("k"), names(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Commit([]byte("k"), names(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.String() == b.String() {
		t.Error("two commitments to the same names are equal: they could be guessed")
	}
}

func TestCommitRefuses(t *testing.T) {
	for name, try := range map[string]func() error{
		"no names":      func() error { _, err := Commit([]byte("k"), nil, nil); return err },
		"no requester":  func() error { _, err := Commit(nil, names(1), nil); return err },
		"twice":         func() error { _, err := Commit([]byte("k"), []string{"a", "a"}, nil); return err },
		"empty name":    func() error { _, err := Commit([]byte("k"), []string{""}, nil); return err },
		"no randomness": func() error { _, err := Commit([]byte("k"), names(1), iotest.ErrReader(errors.New("dry"))); return err },
	} {
		if try() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestCommitmentVector keeps the format: see docs/spec/receipt.md. The value was
// computed from that text by a program in another language.
func TestCommitmentVector(t *testing.T) {
	c, err := Commit([]byte("requester"), []string{"main/a/original", "main/b/text", "document/terms/1"}, strings.NewReader(strings.Repeat("0123456789abcdef", 3)))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.String(); got != "fd0645e120565cab2f828c95287ca1a53e78bce5b44a465d85406c3daf5d9d5b" {
		t.Error(got)
	}
}

func BenchmarkCommit10000(b *testing.B) {
	all := names(10000)
	for b.Loop() {
		c, err := Commit([]byte("k"), all, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Open(all[777]); err != nil {
			b.Fatal(err)
		}
	}
}
