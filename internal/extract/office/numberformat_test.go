package office

import (
	"testing"
	"unicode/utf8"
)

func TestNumbersAreShownAsTheWorkbookShowsThem(t *testing.T) {
	for _, c := range []struct {
		code  string
		value float64
		want  string
	}{
		{"General", 12.5, "12.5"},
		{"0", 3, "3"},
		{"0.00", 12.5, "12.5"},
		{"0.00", 12.345, "12.345 (12.35)"},
		{"#,##0", 1234567, "1234567 (1,234,567)"},
		{"#,##0.00", -1234.5, "-1234.5 (-1,234.50)"},
		{"#,##0.00;(#,##0.00)", -1234.5, "-1234.5 (1,234.50)"},
		{`"€"#,##0`, 12, "€12"},
		{"[$€-407] #,##0.00", 1234.56, "1234.56 (€ 1,234.56)"},
		{`0.0" kg"`, 2.5, "2.5 kg"},
		{"0%", 0.125, "0.125 (12%)"},
		{"0.0%", 0.125, "0.125 (12.5%)"},
		{"0.00E+00", 12345, "12345 (1.23E+04)"},
		{"##0.0E-0", 0.00012, "0.00012 (1.2E-4)"},
		{"000-00-0000", 123456789, "123456789 (123-45-6789)"},
		{"(###) ###-####", 8005551234, "8005551234 ((800) 555-1234)"},
		{"00000", 42, "42 (00042)"},
		{"#.##", 0.5, "0.5 (.5)"},
		{"#.##", 3, "3"},
		{"0,", 12345678, "12345678 (12346)"},
		{`0.0,,"M"`, 12345678, "12345678 (12.3M)"},
		{"[>=1000]0.0,\"k\";0", 2500, "2500 (2.5k)"},
		{"[>=1000]0.0,\"k\";0", 25, "25"},
		{`0;0;"none"`, 0, "0 (none)"},
		{"# ?/?", 0.5, "0.5"},
		{"[h]:mm", 1.5, "1.5"},
		{"@", 7, "7"},
		{"(", 7, "7"},
		{`0;-0;"-"`, 0, "0"},
		{"", 7, "7"},
		{"yyyy-mm-dd", 43831, "2020-01-01"},
		{"d mmm yyyy", 43831, "2020-01-01 (1 Jan 2020)"},
		{"[$-407]d. mmmm yyyy", 43831, "2020-01-01"},
		{"[$-407]d.m.yyyy", 43831, "2020-01-01 (1.1.2020)"},
		{"[$-409]d mmmm yyyy", 43831, "2020-01-01 (1 January 2020)"},
		{"ddmmmyy", 43831, "2020-01-01 (01Jan20)"},
		{"dddd, d. mmmm yyyy", 43831, "2020-01-01 (Wednesday, 1. January 2020)"},
		{"m/d/yy h:mm AM/PM", 43831.75, "2020-01-01 18:00:00 (1/1/20 6:00 PM)"},
		{"hh:mm:ss", 0.5, "12:00:00"},
		{"mm:ss", 0.5, "12:00:00 (00:00)"},
		{"yyyy", -5, "-5"},
	} {
		f := formats{epoch: epoch1900}
		f.define(200, c.code)
		f.style(200)
		if got := f.text(c.value, 0); got != c.want {
			t.Errorf("%v as %s: %q, want %q", c.value, c.code, got, c.want)
		}
	}
}

func TestBuiltInFormats(t *testing.T) {
	f := formats{epoch: epoch1900}
	for _, id := range []int{0, 4, 10, 14, 46, 999} {
		f.style(id)
	}
	for style, want := range []string{"0.5", "0.5", "0.5 (50.00%)", "12:00:00", "12:00:00", "0.5", "0.5"} {
		if got := f.text(0.5, style); got != want {
			t.Errorf("style %d: %q, want %q", style, got, want)
		}
	}
}

func FuzzNumberFormat(f *testing.F) {
	f.Add(`[>=1000]#,##0.00_);[Red]("x"0E+00)`, 12.5)
	f.Add(`[$-409]dddd, m/d/yy h:mm AM/PM;@`, 43831.5)
	f.Fuzz(func(t *testing.T, code string, v float64) {
		x := formats{epoch: epoch1900}
		x.define(1, code)
		x.style(1)
		if got := x.text(v, 0); utf8.ValidString(code) && !utf8.ValidString(got) || len(got) > 100*longestFormat {
			t.Errorf("%q of %v: %d bytes", code, v, len(got))
		}
	})
}

func TestLinesOfPages(t *testing.T) {
	for in, want := range map[string]string{
		"&LLedger&CPort && Sons&RPage &P of &N":         "Ledger Port & Sons Page  of",
		`&C&"Arial,Bold"&14Fees of &A&K00FF00, 2026&"x`: "Fees of , 2026",
		"plain":       "plain",
		"&":           "",
		"":            "",
		"&K":          "",
		"&Rübung &Dü": "übung ü",
	} {
		if got := pageLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestReadingsAboveCharacters(t *testing.T) {
	for code, want := range map[string]string{
		`EQ \* jc2 \* "Font:MS Mincho" \* hps11 \o\ad(\s\up 10(とうきょう),東京)`: "とうきょう 東京",
		`HYPERLINK "http://example.org/(x)"`:                               "", `EQ \f`: "", "": "",
	} {
		if got := equation(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}
