package vault

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"candor"
)

func BenchmarkSeal(b *testing.B) {
	for _, n := range []int64{4 << 10, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _ := newDirVault(b)
			b.SetBytes(n)
			for b.Loop() {
				body, err := v.Seal(b.Context(), zeros(n))
				if err != nil {
					b.Fatal(err)
				}
				if err := v.Bind(b.Context(), nameA, body); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := v.Sync(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{4 << 10, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _ := newDirVault(b)
			body := put(b, v, nameA, make([]byte, n))
			b.SetBytes(int64(n))
			for b.Loop() {
				c, err := v.Open(b.Context(), nameA, body.FileKey)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.(io.WriterTo).WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// BenchmarkCipher and BenchmarkHash are what sealing cannot be faster than.
func BenchmarkCipher(b *testing.B) {
	data := make([]byte, 64<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w, _, err := encrypt(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	data := make([]byte, 64<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		sha256.Sum256(data)
	}
}

func BenchmarkBind(b *testing.B) {
	v, _ := newDirVault(b)
	body, err := v.Seal(b.Context(), bytes.NewReader(make([]byte, 4096)))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		name := candor.KeyName(fmt.Sprintf("document/bench/%d", i))
		if err := v.Bind(b.Context(), name, body); err != nil {
			b.Fatal(err)
		}
	}
}
