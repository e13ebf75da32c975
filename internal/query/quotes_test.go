package query

import (
	"strings"
	"testing"
)

func TestQuotes(t *testing.T) {
	for _, c := range []struct{ text, quoted string }{
		{"All mine.\nNothing is quoted.\n", ""},
		{"Yes.\n> Shall we?\n>> Or not?\nMine again.\n> And this.\n", "> Shall we?\n>> Or not?\n|> And this.\n"},
		{"Yes.\nOn 3 May 2026, Rosa Osei <r@example.org> wrote:\n> Shall we?\nMine.\n", "On 3 May 2026, Rosa Osei <r@example.org> wrote:\n> Shall we?\n"},
		{"Yes.\n\nOn 3 May 2026 at 10:00, Rosa Osei\n<r@example.org> wrote:\n\nShall we?\n", "On 3 May 2026 at 10:00, Rosa Osei\n<r@example.org> wrote:\n\nShall we?\n"},
		{"Ja.\nAm 3. Mai 2026 um 10:00 schrieb Rosa Osei <r@example.org>:\n> Wollen wir?\nMeins.", "Am 3. Mai 2026 um 10:00 schrieb Rosa Osei <r@example.org>:\n> Wollen wir?\n"},
		{"Oui.\nLe 3 mai 2026 à 10:00, Rosa Osei a écrit :\n> On y va ?\n", "Le 3 mai 2026 à 10:00, Rosa Osei a écrit :\n> On y va ?\n"},
		{"Mine.\n-----Original Message-----\nFrom: Rosa\nTheirs.\n", "-----Original Message-----\nFrom: Rosa\nTheirs.\n"},
		{"Mine.\n---------- Forwarded message ---------\nTheirs.", "---------- Forwarded message ---------\nTheirs."},
		{"Mine.\n\nFrom: Rosa Osei\nSent: Monday\nTo: Ana Lund\nSubject: Fees\n\nTheirs.\n", "From: Rosa Osei\nSent: Monday\nTo: Ana Lund\nSubject: Fees\n\nTheirs.\n"},
		{"Meins.\nVon: Rosa Osei\nGesendet: Montag\nAn: Ana Lund\nBetreff: Gebühren\n\nIhres.\n", "Von: Rosa Osei\nGesendet: Montag\nAn: Ana Lund\nBetreff: Gebühren\n\nIhres.\n"},
		// Sentences that only look like it.
		{"She wrote:\nI will come.\n", ""},
		{"From: here we go on.\nTo the harbour.\n", ""},
		{"Original message\n-- \nRosa\n", ""},
		{"The man of whom I wrote: he came.\n", ""},
		{"", ""},
	} {
		var got []string
		for _, q := range Quotes(c.text) {
			got = append(got, c.text[q.Start:q.End])
		}
		if g := strings.Join(got, "|"); g != c.quoted {
			t.Errorf("%q:\n%q, want\n%q", c.text, g, c.quoted)
		}
	}
}

func FuzzQuotes(f *testing.F) {
	f.Add("Yes.\nOn 3 May 2026, Rosa wrote:\n> Shall we?\n-----Original Message-----\nFrom: x\nSent: y\nTo: z\n")
	f.Fuzz(func(t *testing.T, text string) {
		last := -1
		for _, q := range Quotes(text) {
			if q.Start <= last || q.End <= q.Start || q.End > len(text) {
				t.Fatalf("%v behind %d of %d", q, last, len(text))
			}
			last = q.End
		}
	})
}
