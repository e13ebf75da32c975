package embed

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func built(t testing.TB) *static {
	t.Helper()
	s, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testdata/pieces.json is what the tokeniser of the model's authors makes of texts.
func TestPiecesAreTheModels(t *testing.T) {
	s := built(t)
	names := map[int]string{}
	for p, n := range s.pieces.first {
		names[n] = p
	}
	for p, n := range s.pieces.later {
		names[n] = "##" + p
	}
	data, err := os.ReadFile("testdata/pieces.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts []struct {
		Text   string
		Pieces []string
	}
	if err := json.Unmarshal(data, &texts); err != nil || len(texts) < 15 {
		t.Fatalf("%d texts: %v", len(texts), err)
	}
	for _, c := range texts {
		var got, want []string
		s.pieces.each(c.Text, nil, func(n int) { got = append(got, names[n]) })
		for _, p := range c.Pieces {
			if p != "[UNK]" {
				want = append(want, p)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q:\n got %q\nwant %q", c.Text, got, want)
		}
	}
}

func likeness(t *testing.T, a, b string) float64 {
	t.Helper()
	x, err := BuiltIn{}.Query(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := BuiltIn{}.Query(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

func TestWhatIsAboutTheSameStandsClose(t *testing.T) {
	for _, c := range []struct{ a, near, far string }{
		{"payment for the sea defences", "money spent on the flood wall along the coast", "the choir sang in the chapel at noon"},
		{"the minister resigned after the scandal", "a politician stepped down over corruption", "recipe for a cake with apples"},
		{"doctors treat sick children", "a hospital for paediatric patients", "the engine of the lorry was repaired"},
	} {
		if near, far := likeness(t, c.a, c.near), likeness(t, c.a, c.far); near < far+0.15 {
			t.Errorf("%q is %.2f like %q and %.2f like %q", c.a, near, c.near, far, c.far)
		}
	}
}

func TestVectorsHaveLengthOne(t *testing.T) {
	m, err := BuiltIn{}.Embed(t.Context(), "A title", strings.Repeat("The council met again. ", 400)+"\fA second page.")
	if err != nil || m.Model != Model || len(m.Passages) < 4 {
		t.Fatalf("%d passages: %v", len(m.Passages), err)
	}
	for _, p := range m.Passages {
		sum := 0.0
		for _, f := range p.Vector {
			sum += float64(f) * float64(f)
		}
		if len(p.Vector) != 256 || math.Abs(sum-1) > 1e-4 {
			t.Fatalf("%d numbers of length %f", len(p.Vector), math.Sqrt(sum))
		}
	}
}

func TestTextsThatSayNothing(t *testing.T) {
	for _, text := range []string{"", " \n\f\n ", "\x00\x01", strings.Repeat("x", 5000), "\xff\xfe", "\u200b"} {
		m, err := BuiltIn{}.Embed(t.Context(), "", text)
		if err != nil || len(m.Passages) != 0 || m.Model != "" {
			t.Errorf("%.20q: %d passages of %q, %v", text, len(m.Passages), m.Model, err)
		}
	}
	if v, err := (BuiltIn{}).Query(t.Context(), ""); v != nil || err != nil {
		t.Errorf("an empty query stands at %v, %v", v, err)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("One. Two.\fThree", uint8(1))
	f.Add(strings.Repeat("a", 4000), uint8(0))
	f.Add(strings.Repeat("港口合同", 700)+"。"+strings.Repeat("ü", 3000), uint8(9))
	f.Add(strings.Repeat("\xff", 2000), uint8(200))
	f.Fuzz(func(t *testing.T, text string, times uint8) {
		text = strings.Repeat(text, int(times)+1)
		at, valid := 0, utf8.ValidString(text)
		for _, p := range cut(text) {
			if p.start < at || p.end <= p.start || p.end > len(text) || p.end-p.start > passageMost {
				t.Fatalf("passage %v after %d", p, at)
			}
			if strings.TrimLeft(text[at:p.start], " \n\t\r\v\f") != "" {
				t.Fatalf("%q stands in no passage", text[at:p.start])
			}
			if piece := text[p.start:p.end]; strings.Contains(piece, "\f") || valid && !utf8.ValidString(piece) {
				t.Fatalf("a passage goes over a page or cuts a character: %q", piece)
			}
			at = p.end
		}
		if strings.TrimLeft(text[at:], " \n\t\r\v\f") != "" {
			t.Fatalf("%q at the end stands in no passage", text[at:])
		}
	})
}

func FuzzPieces(f *testing.F) {
	s := built(f)
	f.Add("The council voted")
	f.Add("ﬁnance\u0301\xff港")
	f.Fuzz(func(t *testing.T, text string) {
		s.pieces.each(text, nil, func(n int) {
			if n < 0 || n >= len(s.scales) {
				t.Fatalf("piece %d of %d", n, len(s.scales))
			}
		})
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(tableMagic + "\x02\x00\x00\x00\x01\x00\x00\x00a\n\x00\x00\x80\x3f\x01\x02"))
	f.Add([]byte(tableMagic + "\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add(table[:4096])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := read(b)
		if err != nil {
			return
		}
		s.query("a b")
	})
}

func BenchmarkEmbed(b *testing.B) {
	text := strings.Repeat("The harbour office of Port Velmere paid the contractors in four parts, of which two are missing. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := (BuiltIn{}).Embed(b.Context(), "", text); err != nil {
			b.Fatal(err)
		}
	}
}
