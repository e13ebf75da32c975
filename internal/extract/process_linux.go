package extract

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ownProgram names the running program even if its file was replaced since.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// attributes make a worker end with the thread that started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

func stoppedByFilter(state *os.ProcessState) bool {
	if state == nil {
		return false
	}
	w, ok := state.Sys().(syscall.WaitStatus)
	return ok && w.Signaled() && w.Signal() == syscall.SIGSYS
}

// resident is the memory that the process occupies now, in bytes, or 0 when
// that cannot be told.
func (p *process) resident() int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
