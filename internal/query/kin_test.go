package query

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// prose is a text of so many different sentences.
func prose(n int) string {
	rng := rand.New(rand.NewPCG(3, 5))
	var b strings.Builder
	for range n {
		for range 14 {
			fmt.Fprintf(&b, "w%x ", rng.IntN(900))
		}
		b.WriteString("harbour office. ")
	}
	return b.String()
}

func TestTextPrint(t *testing.T) {
	long := prose(40)
	print := TextPrint(long)
	for name, c := range map[string]struct {
		text string
		near bool
	}{
		"the same, other spaces and signs": {strings.ToUpper(strings.ReplaceAll(long, ". ", " –\n\n")), true},
		"a line in front":                  {"Copy sent on 3 May. " + long, true},
		"one word changed":                 {long[:3000] + " twenty " + long[3000:], true},
		"another text":                     {strings.ReplaceAll(long, "harbour office", "county council"), false},
		"half of it":                       {long[:len(long)/2], false},
		"nothing":                          {"", false},
	} {
		if near := (Kin{Text: print}).Same(Kin{Text: TextPrint(c.text)}, FoldAlike); near != c.near {
			t.Errorf("%s: near is %v, %d bits apart", name, near, bits.OnesCount64(print^TextPrint(c.text)))
		}
	}
	short := TextPrint("Please find the invoice attached.")
	if short == 0 || short != TextPrint("please find\nthe INVOICE attached") {
		t.Error("the same short text has two prints")
	}
	if (Kin{Text: short}).Same(Kin{Text: TextPrint("Please find the receipt attached.")}, FoldAlike) {
		t.Error("another short text is alike")
	}
	if TextPrint("Yours, Ana Lund") != 0 || TextPrint("...") != 0 {
		t.Error("hardly any text has a print")
	}
}

func TestKinKeys(t *testing.T) {
	k := Kin{Picture: [4]uint64{1, 2, 3, 1 << 63}, Thread: 7, Family: 1<<64 - 1}
	for _, fold := range Folds() {
		back, err := ParseKin(fold, k.Key(fold))
		if err != nil || !back.Same(k, fold) {
			t.Errorf("%s: %q gives %+v, %v", fold, k.Key(fold), back, err)
		}
		if key := (Kin{}).Key(fold); key != "" {
			t.Errorf("nothing has the key %q", key)
		}
		if (Kin{}).Same(Kin{}, fold) {
			t.Errorf("nothing belongs to nothing by %s", fold)
		}
	}
	for _, bad := range []string{"", "7", "zzzzzzzzzzzzzzzz", "+000000000000007", strings.Repeat("0", 17), strings.Repeat("g", 64)} {
		if _, err := ParseKin(FoldAlike, bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
	if (Kin{Picture: [4]uint64{0, 0, 0, 1<<31 - 1}}).Same(Kin{Picture: [4]uint64{1 << 63, 0, 0, 0}}, FoldAlike) {
		t.Error("pictures that differ in 32 bits are alike")
	}
}

func FuzzTextPrint(f *testing.F) {
	f.Add("a b c d e f", "x")
	f.Fuzz(func(t *testing.T, text, sign string) {
		if HasWord(sign) {
			return
		}
		if a, b := TextPrint(text), TextPrint(" \n"+text+" !"); a != b {
			t.Errorf("signs around it change a print: %x, %x", a, b)
		}
	})
}

func BenchmarkTextPrint(b *testing.B) {
	text := prose(100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		TextPrint(text)
	}
}
