package pack

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/kind"
	"candor/internal/extract/name"
)

type gathered struct {
	places []candor.Place
	bodies []string
}

func (g *gathered) Text([]byte) error { return nil }

func (g *gathered) Part(p candor.Place, r io.Reader) error {
	g.places = append(g.places, p)
	body, _ := io.ReadAll(io.LimitReader(r, 1<<20))
	g.bodies = append(g.bodies, string(body))
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

func TestWebArchive(t *testing.T) {
	whole := fixture.WARC("<p>The tide table.", "A note.")
	var g gathered
	r, err := WARC(from("a.warc", whole), "application/warc", &g)
	if err != nil || r.Condition != candor.Done || len(g.places) != 2 {
		t.Fatalf("%s (%s), %v, %v", r.Condition, r.Reason, g.places, err)
	}
	if g.places[0].Path != "velmere.example/tides/index.html" || g.places[1].Path != "velmere.example/notes?day=2.txt" || g.places[0].ModTime.IsZero() {
		t.Errorf("%+v", g.places)
	}
	if g.bodies[0] != "<p>The tide table." || g.bodies[1] != "A note." {
		t.Errorf("%q", g.bodies)
	}
	for name, data := range map[string][]byte{"cut": whole[:len(whole)-8], "damaged": bytes.Replace(whole, []byte("\x1f\x8b\x08"), []byte("\x1f\x8b\x09"), 1),
		"no length": bytes.Replace(whole, []byte("Content-Length"), []byte("Content-Wength"), 1), "endless header": append([]byte("WARC/1.0\r\nX: "), make([]byte, 2<<20)...)} {
		if r, err := WARC(from("a.warc", data), "application/warc", &gathered{}); err != nil || r.Condition == candor.Done || r.Reason == "" {
			t.Errorf("%s: %s (%s), %v", name, r.Condition, r.Reason, err)
		}
	}
}

func TestNamesOfOldArchives(t *testing.T) {
	var g gathered
	names := "\x8d\x60\x82\xcc\x97\xbf\x8b\xe0\x82\xcd\x8d\xa1\x94\x4e\x82\xcd\x8f\xe3\x82\xb0\x82\xc8\x82\xa2\x82\xb1\x82\xc6\x82\xc9\x8c\x88\x82\xdf\x82\xdc\x82\xb5\x82\xbd.txt"
	if _, err := Zip(from("a.zip", fixture.Zip(fixture.Member{Name: names, Body: "x"})), "application/zip", &g); err != nil || g.places[0].Path != "港の料金は今年は上げないことに決めました.txt" {
		t.Errorf("%+v, %v", g.places, err)
	}
}

func FuzzWARC(f *testing.F) {
	f.Add(fixture.WARC("<p>page", "note"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := WARC(from("x", data), "x", &gathered{}); err != nil {
			t.Error(err)
		}
	})
}

// signedBy signs a content with a new key, or envelops it.
func signedBy(t testing.TB, who, content string, seal bool) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	subject := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: who}}
	der, err := x509.CreateCertificate(rand.Reader, subject, subject, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if seal {
		data, err := pkcs7.EncryptUsingPSK([]byte(content), []byte("0123456789abcdef"))
		if err != nil {
			t.Skip(err)
		}
		return data
	}
	s, err := pkcs7.NewSignedData([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddSigner(cert, key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	data, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSignedMail(t *testing.T) {
	whole := signedBy(t, "Ada Quill", "Content-Type: text/plain\r\n\r\nThe tide table.", false)
	if typ, _ := kind.DetectHead(whole, "x"); typ != kind.PKCS7 {
		t.Errorf("taken for %s", typ)
	}
	var g gathered
	r, err := Signed(from("smime.p7m", whole), kind.PKCS7, &g)
	if err != nil || r.Condition != candor.Done || len(g.places) != 1 {
		t.Fatalf("%s (%s), %v, %v", r.Condition, r.Reason, g.places, err)
	}
	if g.places[0].Path != "smime.eml" || !strings.HasSuffix(g.bodies[0], "The tide table.") || len(r.Fields) != 1 || r.Fields[0].Value != "CN=Ada Quill" {
		t.Errorf("%+v, %q, %+v", g.places, g.bodies, r.Fields)
	}
	for what, c := range map[string]struct {
		data []byte
		want candor.Condition
	}{
		"cut": {whole[:len(whole)/2], candor.Failed}, "nothing in it": {[]byte("0\x80\x06\x09"), candor.Failed},
		"sealed": {signedBy(t, "Ada Quill", "hidden", true), candor.Encrypted},
	} {
		var g gathered
		if r, err := Signed(from("smime.p7m", c.data), kind.PKCS7, &g); err != nil || r.Condition != c.want || r.Reason == "" || len(g.places) != 0 {
			t.Errorf("%s: %s (%s), %v", what, r.Condition, r.Reason, err)
		}
	}
}

func FuzzSigned(f *testing.F) {
	f.Add(signedBy(f, "Ada Quill", "Content-Type: text/plain\r\n\r\nx", false))
	f.Add(signedBy(f, "Ada Quill", "hidden", true))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Signed(from("x.p7m", data), "x", &gathered{}); err != nil || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
