package local_test

import (
	"testing"

	"candor/internal/index/indextest"
	"candor/internal/index/local"
)

func key(b byte) []byte {
	k := make([]byte, 32)
	for i := range k {
		k[i] = b
	}
	return k
}

func open(t testing.TB, dir string, k []byte) *local.Index {
	t.Helper()
	x, err := local.Open(t.Context(), local.Config{Dir: dir, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func TestConformance(t *testing.T) {
	indextest.Suite(t, func(t *testing.T) indextest.Index { return open(t, t.TempDir(), key(1)) })
}
