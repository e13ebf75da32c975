package candor

import (
	"strings"
	"testing"
)

func TestAreas(t *testing.T) {
	for position, want := range map[string]string{
		"52.52000,13.40500": "52,13 52.5,13.4", "52.30000,13.00000": "52,13 52.3,13.0", "-33.86000,-0.01000": "-34,-1 -33.9,-0.1",
		"0.01000,-0.00000": "0,0 0.0,0.0", "90.00000,-180.00000": "90,-180 90.0,-180.0",
		"91,0": "", "0,181": "", "x,1": "", "52": "", "": "", "NaN,1": "",
	} {
		if got := strings.Join(Areas(position), " "); got != want {
			t.Errorf("%q lies in %q, want %q", position, got, want)
		}
	}
}
