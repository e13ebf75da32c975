package entities

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	got := Rules{}.Find(`Write to Rosa.Osei@Example.org, or <mailto:a.lund+fees@port-velmere.example>. Not: a@b, x@@y.org, foo@-bar.com, @handle,
		a..b@example.org, me@localhost, price 5@3. Again rosa.osei@example.org.
		Call +49 30 901820 or +44 (0)20 7946 0018; +1-555-0100. Not +0 123456789, 3+4567890123, +12, +123456789012345678.
		Pay DE89 3704 0044 0532 0130 00 or GB82WEST12345698765432; not DE88 3704 0044 0532 0130 00, nor XX12 3456, nor FR76 30.`)
	for _, c := range []struct {
		name string
		got  []string
		want []string
	}{
		{"e-mail", got.Emails, []string{"a.lund+fees@port-velmere.example", "rosa.osei@example.org"}},
		{"phones", got.Phones, []string{"+15550100", "+4402079460018", "+4930901820"}},
		{"accounts", got.IBANs, []string{"DE89370400440532013000", "GB82WEST12345698765432"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestTooManyAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5 * most {
		b.WriteString(strings.Repeat("a", 1+i%50) + "." + strings.Repeat("b", 1+i/50) + "@example.org ")
	}
	if n := len(Rules{}.Find(b.String()).Emails); n != most {
		t.Errorf("%d addresses", n)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("a@b.cc +4930901820 DE89370400440532013000")
	f.Add("Dr. Rosa Osei-Müller of Harbour Works Ltd. in St. Louis, U.S., S.p.A. O'N")
	f.Add("\xff@\xff +\xff DE89")
	f.Add("2026-03-14, 14 March 2026; EUR 1.200,50; https://example.org/x; ISBN 0-306-40615-2; 10.1000/x; US0378331005")
	f.Fuzz(func(t *testing.T, text string) {
		n := Rules{}.Find(text)
		for _, e := range n.Emails {
			if !strings.Contains(strings.ToLower(text), e[strings.IndexByte(e, '@'):]) || e != strings.ToLower(e) {
				t.Errorf("%q is not in %q", e, text)
			}
		}
		for _, names := range [][]string{n.People, n.Organisations, n.Places} {
			for _, name := range names {
				if !utf8.ValidString(name) && utf8.ValidString(text) || strings.TrimSpace(name) == "" || strings.Contains(name, "\n") {
					t.Errorf("%q is no name", name)
				}
			}
		}
		for _, d := range n.Dates {
			if _, err := time.Parse(time.DateOnly[:len(d)], d); err != nil {
				t.Errorf("%q is no date", d)
			}
		}
		for _, u := range n.URLs {
			if _, err := url.Parse(u); err != nil {
				t.Errorf("%q is no address", u)
			}
		}
		for _, a := range n.IBANs {
			if !checked([]byte(a)) {
				t.Errorf("%q does not hold", a)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("The harbour office (office@example.org, +49 30 901820) of Port Velmere paid DE89 3704 0044 0532 0130 00. ", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Rules{}.Find(text)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ text, people, orgs, places string }{
		{"Yesterday Rosa Osei met Dr. Jörg Öztürk of Harbour Works Ltd in Hamburg, Germany.", "Jörg Öztürk|Rosa Osei", "Harbour Works Ltd", "Germany|Hamburg"},
		{"The Ministry of Foreign Affairs and the University of Zurich wrote to Mrs Lund.", "Lund", "Ministry of Foreign Affairs|University of Zurich", ""},
		{"Ana Lund spoke. Mrs Lund left; Mr. Baker stayed.", "Ana Lund|Baker", "", ""},
		{"Ludwig van Beethoven, Charles de Gaulle, R. Osei and J. R. Smith.", "Charles de Gaulle|J. R. Smith|Ludwig van Beethoven|R. Osei", "", ""},
		{"ROSA OSEI WENT TO LONDON", "Rosa Osei", "", "London"},
		{"ROSA OSEI\n\nLONDON", "Rosa Osei", "", "London"},
		{"They flew from New York to Los Angeles and the U.S. paid.", "", "", "Los Angeles|New York|U.S."},
		{"Will Contract End? May Day in Reading. Grace Period. Paris Metro. The Paris Agreement holds.", "", "", "Paris"},
		{"Der Bürgermeister Max Weber sprach in Wien mit Hans-Peter Müller von der Bau GmbH.", "Hans-Peter Müller|Max Weber", "Bau GmbH", "Wien"},
		{"Rosa Osei's letter, Rosa\nOsei's other letter, and Rosa.\nOsei came.", "Rosa Osei", "", ""},
		{"rosa osei wrote from london.", "", "", ""},
		{"", "", "", ""},
	} {
		got := Rules{}.Find(c.text)
		for _, k := range []struct {
			kind, want string
			got        []string
		}{{"people", c.people, got.People}, {"organisations", c.orgs, got.Organisations}, {"places", c.places, got.Places}} {
			if s := strings.Join(k.got, "|"); s != k.want {
				t.Errorf("%q: %s %q, want %q", c.text, k.kind, s, k.want)
			}
		}
	}
}
