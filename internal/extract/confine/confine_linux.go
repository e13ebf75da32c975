package confine

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

const openFiles = 16 // descriptors: the pipes, and what the Go runtime keeps

// allowed are the system calls that a Go program needs to compute, to use its
// memory and threads, and to talk over pipes that are open already. There is
// none that opens, creates, connects, executes or signals another process.
// Everything else answers "not permitted", so that a library which probes for
// something (a time zone, a table of types) does without it.
var allowed = []string{
	"read", "readv", "pread64", "write", "writev", "close", "lseek", "fstat", "dup",
	"mmap", "munmap", "mprotect", "mremap", "madvise", "mincore", "brk", "mlock",
	"futex", "sched_yield", "sched_getaffinity", "set_robust_list", "rseq", "membarrier", "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "rt_sigtimedwait",
	"gettid", "getpid", "exit", "exit_group", "getrusage", "uname", "getrandom",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "poll", "ppoll",
	"timer_create", "timer_settime", "timer_delete", "setitimer", "arch_prctl",
}

// fatal are the system calls that no parser has a reason to try: the process
// that does is killed at once.
var fatal = []string{
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd",
	"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "keyctl", "add_key", "request_key",
	"init_module", "finit_module", "kexec_load", "userfaultfd", "io_uring_setup", "memfd_create", "name_to_handle_at", "open_by_handle_at",
}

// Apply confines the process for good. memory bounds its data segment in
// bytes, 0 leaves it. It fails when the system call filter, on which all else
// rests, cannot be put in force; what else the kernel lacks is left out of the
// report.
func Apply(memory int64) (Report, error) {
	var report Report
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("giving up new privileges: %w", err)
	}
	report = append(report, "no new privileges")
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // no core, and nobody of the same user may trace it
	limits, err := limit(memory)
	if err != nil {
		return nil, err
	}
	report = append(report, limits...)
	report = append(report, restrictFiles()...)
	n, err := filter()
	if err != nil {
		return nil, err
	}
	return append(report, fmt.Sprintf("seccomp: %d system calls allowed; opening files is refused, sockets and other programs kill the worker", n)), nil
}

func limit(memory int64) (Report, error) {
	limits := []struct {
		what  int
		value uint64
		say   string
	}{
		{unix.RLIMIT_CORE, 0, "no core files"},
		{unix.RLIMIT_FSIZE, 0, "no file can grow"},
		{unix.RLIMIT_NOFILE, openFiles, fmt.Sprintf("at most %d open files", openFiles)},
	}
	if memory > 0 {
		limits = append(limits, struct {
			what  int
			value uint64
			say   string
		}{unix.RLIMIT_DATA, uint64(memory), fmt.Sprintf("at most %d MiB of memory", memory>>20)})
	}
	var report Report
	for _, l := range limits {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return nil, fmt.Errorf("setting a limit (%s): %w", l.say, err)
		}
		report = append(report, l.say)
	}
	return report, nil
}

// restrictFiles forbids every file and every port by Landlock, where the
// kernel has it.
func restrictFiles() Report {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		return nil
	}
	if err := landlock.V6.BestEffort().Restrict(); err != nil {
		return nil
	}
	return Report{fmt.Sprintf("Landlock (version %d): no file, no port", abi)}
}

// filter puts the system call filter in force on all threads and returns how
// many calls it allows.
func filter() (int, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return 0, fmt.Errorf("finding the system calls of %s: %w", runtime.GOARCH, err)
	}
	known := func(names []string) []string {
		var out []string
		for _, n := range names {
			if _, ok := info.SyscallNames[n]; ok {
				out = append(out, n)
			}
		}
		return out
	}
	allow := known(allowed)
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: allow},
			{Action: seccomp.ActionAllow, NamesWithCondtions: conditions()},
			// The C library falls back to clone when clone3 is said not to exist.
			{Action: seccomp.ActionErrno | seccomp.Action(syscall.ENOSYS), Names: known([]string{"clone3"})},
			{Action: seccomp.ActionKillProcess, Names: known(fatal)},
		}}})
	if err != nil {
		return 0, fmt.Errorf("putting the system call filter in force: %w", err)
	}
	return len(allow) + len(conditions()), nil
}

// conditions allow calls only in one use: threads of this process, signals
// within it, and questions about descriptors.
func conditions() []seccomp.NameWithConditions {
	self := uint64(os.Getpid())
	equal := func(name string, arg uint32, v uint64) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: arg, Operation: seccomp.Equal, Value: v}}}
	}
	return []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}}},
		equal("tgkill", 0, self),
		equal("fcntl", 1, unix.F_GETFL),
		equal("fcntl", 1, unix.F_GETFD),
		equal("fcntl", 1, unix.F_SETFD),
		equal("prctl", 0, unix.PR_SET_VMA),
	}
}
