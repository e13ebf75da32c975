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

func FuzzArchives(f *testing.F) {
	m := []fixture.Member{{Name: "../a", Body: "b"}, {Name: "c\xff", Body: "d"}}
	f.Add(fixture.Zip(m...))
	f.Add(fixture.ZipEncrypted(m...))
	f.Add(fixture.Tar(m...))
	f.Add(fixture.Gzip(fixture.Tar(m...)))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		for _, read := range []func() (candor.Reading, error){
			func() (candor.Reading, error) { return Zip(from("x", in), "application/zip", &g) },
			func() (candor.Reading, error) { return Tar(from("x", in), "application/x-tar", &g) },
			func() (candor.Reading, error) { return Compressed(from("x", in), "application/gzip", &g) },
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
