package query_test

import (
	"errors"
	"math"
	"testing"

	"candor"
	"candor/internal/query"
)

func TestCursorText(t *testing.T) {
	for _, c := range []query.Cursor{{}, {1.25, 7}, {-1.7e12, math.MaxUint32}, {math.Inf(-1), 1}} {
		if got, err := query.ParseCursor(c.String()); err != nil || got != c {
			t.Errorf("%v came back as %v, %v", c, got, err)
		}
	}
}

func TestCursorForged(t *testing.T) {
	good := query.Cursor{Key: 1, Num: 2}.String()
	for _, text := range []string{"", "x", good[:len(good)-1], good + "A", good + "\n", query.Cursor{Key: math.NaN()}.String()} {
		if _, err := query.ParseCursor(text); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q: %v", text, errors.Join(err))
		}
	}
}
