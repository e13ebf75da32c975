//go:build !linux

package confine

import (
	"fmt"
	"syscall"
)

// Become becomes a program of this machine. Nothing is confined on this system.
func Become(n Native) error {
	return fmt.Errorf("starting a program: %w", syscall.Exec(n.Program, append([]string{n.Program}, n.Args...), n.Env))
}
