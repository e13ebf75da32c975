package pack

import (
	"bytes"
	"io"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/name"
)

type gathered struct{ places []candor.Place }

func (g *gathered) Text([]byte) error { return nil }

func (g *gathered) Part(p candor.Place, r io.Reader) error {
	g.places = append(g.places, p)
	_, _ = io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	return nil
}

func from(name string, data []byte) candor.Source {
	return candor.Source{Name: name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func TestInnerNames(t *testing.T) {
	for _, c := range []struct{ outer, inner, want string }{
		{"page.html.gz", "", "page.html"}, {"a.XZ", "", "a"}, {"data", "real.txt", "real.txt"}, {"data", "../../x", "x"},
		{"data", "", "data.content"}, {".gz", "", ".gz.content"}, {"pic.svgz", "", "pic.svg"},
	} {
		if got := innerName(c.outer, c.inner); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.outer, c.inner, got, c.want)
		}
	}
}

func TestSolidArchives(t *testing.T) {
	m := []fixture.Member{{Name: "ledger.txt", Body: "The harbour ledger."}, {Name: "sub/second.txt", Body: "x"}}
	rar := fixture.Rar(m...)
	damagedRar := bytes.Clone(rar)
	damagedRar[bytes.Index(rar, []byte("harbour"))] ^= 1
	for name, c := range map[string]struct {
		read      func(candor.Source, string, candor.Sink) (candor.Reading, error)
		data      []byte
		condition candor.Condition
		parts     int
	}{
		"7z": {SevenZip, fixture.SevenZip, candor.Done, 2}, "7z members sealed": {SevenZip, fixture.SevenZipLocked, candor.Encrypted, 0},
		"7z list sealed": {SevenZip, fixture.SevenZipHeads, candor.Encrypted, 0}, "7z cut": {SevenZip, fixture.SevenZip[:100], candor.Failed, 0},
		"rar": {Rar, rar, candor.Done, 2}, "rar damaged": {Rar, damagedRar, candor.Partial, 2}, "rar cut": {Rar, rar[:len(rar)-20], candor.Partial, 1},
		"no rar": {Rar, []byte("Rar!\x1a\x07\x01\x00"), candor.Failed, 0},
	} {
		var g gathered
		r, err := c.read(from("x", c.data), "application/x", &g)
		if err != nil || r.Condition != c.condition || len(g.places) != c.parts {
			t.Errorf("%s: %s (%s), %d parts, %v; want %s, %d parts", name, r.Condition, r.Reason, len(g.places), err, c.condition, c.parts)
		}
		if c.parts == 2 && (g.places[0].Path != "ledger.txt" || g.places[1].Path != "sub/second.txt" || g.places[0].ModTime.IsZero()) {
			t.Errorf("%s: %+v", name, g.places)
		}
	}
}

func FuzzArchives(f *testing.F) {
	m := []fixture.Member{{Name: "../a", Body: "b"}, {Name: "c\xff", Body: "d"}}
	f.Add(fixture.Zip(m...))
	f.Add(fixture.ZipEncrypted(m...))
	f.Add(fixture.Tar(m...))
	f.Add(fixture.Gzip(fixture.Tar(m...)))
	f.Add(fixture.SevenZip)
	f.Add(fixture.SevenZipLocked)
	f.Add(fixture.Rar(m...))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		for _, read := range []func() (candor.Reading, error){
			func() (candor.Reading, error) { return Zip(from("x", in), "application/zip", &g) },
			func() (candor.Reading, error) { return Tar(from("x", in), "application/x-tar", &g) },
			func() (candor.Reading, error) { return Compressed(from("x", in), "application/gzip", &g) },
			func() (candor.Reading, error) { return SevenZip(from("x", in), "application/x-7z-compressed", &g) },
			func() (candor.Reading, error) { return Rar(from("x", in), "application/x-rar-compressed", &g) },
		} {
			if r, err := read(); err != nil || r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
				t.Errorf("%+v, %v", r, err)
			}
		}
		for _, p := range g.places {
			if name.Clean(p.Path) != p.Path {
				t.Errorf("the path %q is not clean", p.Path)
			}
		}
	})
}
