//go:build !linux

package extract

import (
	"os"
	"syscall"
)

func ownProgram() (string, error) { return os.Executable() }

func attributes() *syscall.SysProcAttr { return nil }

func stoppedByFilter(*os.ProcessState) bool { return false }

func (p *process) resident() int64 { return 0 }
