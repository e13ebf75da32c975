package vault

import (
	"bytes"
	"io"
	"testing"

	"filippo.io/age"

	"candor"
)

func TestNamesAndBlobsAreInverse(t *testing.T) {
	for _, n := range []candor.KeyName{nameA, nameB, "archive/index", "document/person/a.osei", "document/purpose/p-x"} {
		got, ok := nameOf(blobKey(n))
		if !ok || got != n {
			t.Errorf("nameOf(%q) = %q, %v", blobKey(n), got, ok)
		}
	}
	if got := blobKey(nameA); got != "keys/main/aa/"+string(itemA)+".original" {
		t.Errorf("blobKey = %q", got)
	}
}

// FuzzName: no name reaches outside its place, and no two share a blob.
func FuzzName(f *testing.F) {
	for _, n := range badNames {
		f.Add(n)
	}
	f.Add(string(nameA))
	f.Add("document/person/a.osei")
	f.Fuzz(func(t *testing.T, n string) {
		_, _ = blobPrefix(n)
		_, _ = bodyOfKey(n)
		if back, ok := nameOf(n); ok && blobKey(back) != n {
			t.Errorf("nameOf(%q) = %q", n, back)
		}
		if !validName(n) {
			return
		}
		key := blobKey(candor.KeyName(n))
		if back, ok := nameOf(key); !ok || string(back) != n {
			t.Errorf("%q stands at %q, which stands for %q", n, key, back)
		}
		if bytes.Contains([]byte(key), []byte("..")) && bytes.Contains([]byte(key), []byte("/../")) {
			t.Errorf("%q leaves its folder", key)
		}
	})
}

// keyBlobs are real blobs of both forms.
func keyBlobs(t testing.TB) [][]byte {
	bucket := newFaultyBucket()
	v := newVault(t, bucket.open(), "")
	put(t, v, nameA, []byte("short"))
	put(t, v, nameB, noise(InlineLimit+1))
	return [][]byte{bucket.blobs[blobKey(nameA)].data, bucket.blobs[blobKey(nameB)].data}
}

func TestParseKeyBlobRefuses(t *testing.T) {
	for _, blob := range keyBlobs(t) {
		if _, err := parseKeyBlob(blob); err != nil {
			t.Fatal(err)
		}
		for cut := 0; cut < len(blob); cut += 7 {
			k, err := parseKeyBlob(blob[:cut])
			if err == nil && k.body.id != "" {
				t.Fatalf("took a pointer cut at %d", cut)
			}
			if err == nil && cut < 1600 {
				t.Fatalf("took a header cut at %d", cut)
			}
		}
	}
	pointing := keyBlobs(t)[1]
	for what, bad := range map[string][]byte{
		"two lines":      append(bytes.Clone(pointing), "x\n"...),
		"no end of line": pointing[:len(pointing)-1],
		"leading zero":   bytes.Replace(pointing, []byte(" 16417\n"), []byte(" 016417\n"), 1),
		"other folder":   bytes.Replace(pointing, []byte("bodies/"), []byte("../../"), 1),
		"other stanza":   bytes.Replace(pointing, []byte("mlkem768"), []byte("mlkem769"), 1),
		"carriage":       bytes.ReplaceAll(pointing, []byte("\n"), []byte("\r\n")),
	} {
		if _, err := parseKeyBlob(bad); candor.CodeOf(err) != candor.Verification {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// FuzzParseKeyBlob: what we take, age takes too and finds the same in it, and
// nothing but what was parsed stands in the blob.
func FuzzParseKeyBlob(f *testing.F) {
	for _, b := range keyBlobs(f) {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parseKeyBlob(data)
		if err != nil {
			if candor.CodeOf(err) != candor.Verification {
				t.Errorf("refused with %v", err)
			}
			return
		}
		rest := k.payload
		if k.body.id != "" {
			rest = []byte(k.body.String())
		}
		if !bytes.Equal(append(bytes.Clone(k.header), rest...), data) {
			t.Error("the parts do not add up to the blob")
		}
		header, err := age.ExtractHeader(io.MultiReader(bytes.NewReader(k.header)))
		if err != nil || !bytes.Equal(header, k.header) {
			t.Errorf("age reads the header differently: %v", err)
		}
		see := &lookingIdentity{}
		_, _ = age.DecryptHeader(k.header, see)
		if !bytes.Equal(see.body, k.wrapped) {
			t.Error("age finds another stanza")
		}
	})
}

type lookingIdentity struct{ body []byte }

func (l *lookingIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) == 1 {
		l.body = stanzas[0].Body
	}
	return nil, age.ErrIncorrectIdentity
}
