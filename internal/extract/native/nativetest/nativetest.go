// Package nativetest lets a test binary be the helper of package native, and
// stand in for a program of the machine.
package nativetest

import (
	"os"
	"testing"

	"candor/internal/extract/native"
)

// Main is the whole of a package's TestMain. Where standIn is not nil it gets the
// arguments that a program would, and says whether they are meant for it. It is
// not called in a helper.
func Main(m *testing.M, standIn func(args []string) (code int, mine bool)) {
	if len(os.Args) > 1 && os.Args[1] == native.Subcommand {
		_ = native.Become(os.Args[2:])
		os.Exit(70)
	}
	if standIn != nil {
		if code, mine := standIn(os.Args[1:]); mine {
			os.Exit(code)
		}
	}
	os.Exit(m.Run())
}
