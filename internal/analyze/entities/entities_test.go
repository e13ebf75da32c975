package entities

import (
	"slices"
	"strings"
	"testing"
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
	f.Add("\xff@\xff +\xff DE89")
	f.Fuzz(func(t *testing.T, text string) {
		n := Rules{}.Find(text)
		for _, e := range n.Emails {
			if !strings.Contains(strings.ToLower(text), e[strings.IndexByte(e, '@'):]) || e != strings.ToLower(e) {
				t.Errorf("%q is not in %q", e, text)
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
