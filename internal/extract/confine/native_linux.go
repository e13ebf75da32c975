package confine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// systemFiles are what a program of this machine reads to start: libraries, and
// what the loader and the C library look up. None of it is anybody's material.
var systemFiles = []string{"/usr/lib", "/usr/lib64", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime",
	"/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom"}

// loaders are the programs that the kernel starts dynamically linked ones by.
var loaders = []string{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}

// Become confines the process and becomes a program of this machine, which has
// then its three descriptors and nothing else: it reads system files and what
// Read names, writes no file, opens no socket, starts no other program, and is
// bounded in memory and processor time. It returns only if that failed.
func Become(n Native) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up new privileges: %w", err)
	}
	limits := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_CPU: uint64(n.Seconds)}
	if n.Memory > 0 {
		limits[unix.RLIMIT_DATA] = uint64(n.Memory)
	}
	for what, value := range limits {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("setting limit %d: %w", what, err)
		}
	}
	if err := n.restrict(); err != nil {
		return err
	}
	if err := forbid(); err != nil {
		return err
	}
	return fmt.Errorf("starting %s: %w", filepath.Base(n.Program), syscall.Exec(n.Program, append([]string{n.Program}, n.Args...), n.Env))
}

// restrict leaves files to be read and the program to be started, by Landlock
// where the kernel has it. Elsewhere the program could read what the account of
// the server can; it could still send it nowhere.
func (n Native) restrict() error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		return nil
	}
	readFile, readFolder := landlock.AccessFSSet(ll.AccessFSReadFile), landlock.AccessFSSet(ll.AccessFSReadFile|ll.AccessFSReadDir)
	start := landlock.AccessFSSet(ll.AccessFSReadFile | ll.AccessFSExecute)
	var rules []landlock.Rule
	for _, name := range slices.Concat(systemFiles, n.Read) {
		info, err := os.Stat(name)
		switch {
		case err != nil: // not on this machine
		case info.IsDir():
			rules = append(rules, landlock.PathAccess(readFolder, name))
		default:
			rules = append(rules, landlock.PathAccess(readFile, name))
		}
	}
	for _, name := range append(loaders, n.Program) {
		if real, err := filepath.EvalSymlinks(name); err == nil {
			rules = append(rules, landlock.PathAccess(start, real))
		}
	}
	if err := landlock.V6.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("restricting files: %w", err)
	}
	return nil
}

// forbid kills the process at a system call that no program which only reads
// and writes its descriptors has a reason to try.
func forbid() error {
	info, err := arch.GetInfo("")
	if err != nil {
		return fmt.Errorf("finding the system calls of this machine: %w", err)
	}
	var names []string
	for _, name := range fatal {
		switch name {
		case "execve", "fork", "vfork": // to become the program; Landlock says which
			continue
		}
		if _, ok := info.SyscallNames[name]; ok {
			names = append(names, name)
		}
	}
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionKillProcess, Names: names}},
	}})
	if err != nil {
		return fmt.Errorf("putting the system call filter in force: %w", err)
	}
	return nil
}
