package local

import (
	"math"
	"testing"

	"candor"
	"candor/internal/query"
)

// TestExplain adds the parts up by hand. Every other score is explained, and
// compared with its hit's, in TestScores.
func TestExplain(t *testing.T) {
	x := openTest(t, Config{Dir: t.TempDir()})
	docs := []query.Document{
		{Num: 1, Title: "Harbours", Text: "The harbour and the wall of the harbour."},
		{Num: 2, Text: "A wall."},
		{Num: 3, Text: "Herons."},
	}
	if err := x.Put(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	why, err := x.Explain(t.Context(), query.Request{Query: mustParse(t, "harbour wal*")}, 1)
	if err != nil || len(why.Parts) != 3 {
		t.Fatalf("%+v, %v", why, err)
	}
	rare, average := math.Log(1+2.5/1.5), 11.0/3
	text := Part{Field: "text", Words: "harbour", Times: 2, Length: 8, Average: average, Rarity: rare, Weight: 1,
		Score: rare * 2.2 * 2 / (2 + 1.2*(0.25+0.75*8/average))}
	title := Part{Field: "title", Words: "harbour", Times: 1, Length: 1, Average: 1, Rarity: math.Log(1 + 0.5/1.5), Weight: 1,
		Score: math.Log(1 + 0.5/1.5)}
	wall := why.Parts[2]
	for i, want := range []Part{text, title} {
		if got := why.Parts[i]; !near(got, want) {
			t.Errorf("part %d is %+v, want %+v", i, got, want)
		}
	}
	if wall.Words != "wal*" || wall.Times != 1 || math.Abs(wall.Rarity-math.Log(1+1.5/2.5)) > 1e-9 {
		t.Errorf("the pattern's part is %+v", wall)
	}
	if sum := text.Score + title.Score + wall.Score; math.Abs(why.Score-sum) > 1e-9 {
		t.Errorf("the score is %v and its parts %v", why.Score, sum)
	}
	for _, num := range []uint32{2, 99} {
		if _, err := x.Explain(t.Context(), query.Request{Query: mustParse(t, "harbour")}, num); candor.CodeOf(err) != candor.NotFound {
			t.Errorf("explaining %d: %v", num, err)
		}
	}
}

func near(a, b Part) bool {
	close := func(x, y float64) bool { return math.Abs(x-y) < 1e-9 }
	return a.Field == b.Field && a.Words == b.Words && a.Length == b.Length && close(a.Times, b.Times) && close(a.Average, b.Average) &&
		close(a.Rarity, b.Rarity) && close(a.Weight, b.Weight) && close(a.Score, b.Score)
}
