package query

import (
	"strings"
	"testing"

	"candor"
)

func TestQuestion(t *testing.T) {
	for question, want := range map[string]string{
		"Who paid for the flood wall?":             "paid OR flood OR wall",
		"Wer hat für die Flutmauer bezahlt?":       "flutmauer OR bezahlt",
		"Où est le héron?":                         "heron",
		"flood AND (NOT wall) \"quay\" from:me *":  "flood OR not OR wall OR quay",
		"flood flood FLOOD":                        "flood",
		strings.Repeat("heron quay wall ", 10_000): "heron OR quay OR wall",
	} {
		n, err := Question(question)
		if err != nil {
			t.Errorf("%.60q: %v", question, err)
			continue
		}
		if got := String(n); got != want {
			t.Errorf("%.60q is about %s, want %s", question, got, want)
		}
	}
	for _, empty := range []string{"", "?", "who is it?", "\x00\xff"} {
		if _, err := Question(empty); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q: %v", empty, err)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		many.WriteString(" word" + strings.Repeat("x", i%50) + string(rune('a'+i%26)))
	}
	n, err := Question(many.String())
	if err != nil || len(n.(Or).Of) != maxQuestion {
		t.Errorf("a long question looks for %d words, %v", len(n.(Or).Of), err)
	}
}

func FuzzQuestion(f *testing.F) {
	f.Add("Who paid for the flood wall?")
	f.Add("誰が払いましたか")
	f.Add("\xff\x00(")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Question(text)
		if err == nil && len(n.(Or).Of) > maxQuestion {
			t.Errorf("%d words", len(n.(Or).Of))
		}
	})
}
