package candor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// PositionField is the field that tells where a picture or recording was made, in
// degrees north and east: "52.52000,13.40500".
const PositionField = "gps:Position"

// Position writes a place for PositionField.
func Position(north, east float64) string { return fmt.Sprintf("%.5f,%.5f", north, east) }

// AreasOf are the Areas of the place that some fields tell.
func AreasOf(fields []Field) []string {
	for _, f := range fields {
		if f.Name == PositionField {
			return Areas(f.Value)
		}
	}
	return nil
}

// Areas returns the squares of the map that a place lies in, as the filter "areas"
// knows them by their south-western corner: of one degree, "52,13", and of a
// tenth, "52.5,13.4". A value that is no place lies in none.
func Areas(position string) []string {
	a, b, ok := strings.Cut(position, ",")
	north, err := strconv.ParseFloat(a, 64)
	east, err2 := strconv.ParseFloat(b, 64)
	if !ok || err != nil || err2 != nil || !(math.Abs(north) <= 90 && math.Abs(east) <= 180) {
		return nil
	}
	// A small part more, so that 52.3 is not 52.29999 and lies in 52.2.
	tenth := func(f float64) float64 { return math.Floor(f*10+1e-6)/10 + 0 }
	return []string{
		fmt.Sprintf("%.0f,%.0f", math.Floor(north+1e-7)+0, math.Floor(east+1e-7)+0),
		fmt.Sprintf("%.1f,%.1f", tenth(north), tenth(east)),
	}
}
