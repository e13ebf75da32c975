// Package meter runs commands and measures them from outside: wall time, and
// the highest memory of the command with all its children.
package meter

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sample is one run.
type Sample struct {
	Wall   time.Duration
	PeakKB int64 // proportional set size, summed over the process tree
}

// Series is several runs of one command.
type Series []Sample

// Wall returns the median wall time in seconds.
func (s Series) Wall() float64 {
	walls := make([]float64, len(s))
	for i, x := range s {
		walls[i] = x.Wall.Seconds()
	}
	return Median(walls)
}

// PeakMB returns the highest memory of any run.
func (s Series) PeakMB() float64 {
	peak := int64(0)
	for _, x := range s {
		peak = max(peak, x.PeakKB)
	}
	return float64(peak) / 1000
}

// Median returns the middle of xs, 0 when there is none.
func Median(xs []float64) float64 { return Quantile(xs, 0.5) }

// Quantile returns the value below which a share q of xs lies.
func Quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Run runs a command to its end. Its output is shown only if it fails.
func Run(cmd *exec.Cmd) (Sample, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Sample{}, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var s Sample
	for {
		select {
		case err := <-done:
			s.Wall = time.Since(start)
			if err != nil {
				err = fmt.Errorf("%s: %w\n%s", cmd.Path, err, out.Bytes()[max(0, out.Len()-2000):])
			}
			return s, err
		case <-time.After(50 * time.Millisecond):
			s.PeakKB = max(s.PeakKB, tree(cmd.Process.Pid))
		}
	}
}

// tree sums the memory of a process and its descendants, in kB: the kernel's
// proportional set size, in which pages that several of them share (the
// program itself) count once.
func tree(root int) int64 {
	parents := make(map[int]int)
	stats, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		var pid, ppid int
		for line := range strings.Lines(string(data)) {
			name, rest, _ := strings.Cut(line, ":")
			value, _ := strconv.Atoi(strings.TrimSpace(rest))
			switch name {
			case "Pid":
				pid = value
			case "PPid":
				ppid = value
			}
		}
		parents[pid] = ppid
	}
	var sum int64
	for pid := range parents {
		for up := pid; up > 1; up = parents[up] {
			if up == root {
				sum += proportional(pid)
				break
			}
		}
	}
	return sum
}

// proportional reads a process's proportional set size, 0 when it has ended.
func proportional(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb
		}
	}
	return 0
}

// SizeOf adds up the files of a folder, in bytes.
func SizeOf(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
