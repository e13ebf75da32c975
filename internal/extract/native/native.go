// Package native runs programs of this machine, such as tesseract, on bytes that
// nobody trusts. The program gets its input and gives its output over pipes; it
// runs in a process of its own that can open no socket, write no file, read none
// but the system's, start nothing else, and is ended when its time is up.
package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/confine"
)

// Subcommand is the hidden argument with which the binary is re-executed. What
// follows it is one confine.Native as JSON.
const Subcommand = "native-helper"

// Become is the life of a helper process: it confines itself and becomes the
// program that the argument names. It returns only if that failed.
func Become(args []string) error {
	if len(args) != 1 {
		return errors.New("a helper takes one argument")
	}
	var n confine.Native
	if err := json.Unmarshal([]byte(args[0]), &n); err != nil {
		return err
	}
	return confine.Become(n)
}

// Program is a program that can be run any number of times, from any number of
// goroutines.
type Program struct {
	Path    string
	Command []string // program and first argument that re-execute this binary; nil is this program with Subcommand
	Env     []string
	Read    []string
	Memory  int64         // bytes; 0 is 1 GiB, negative is no bound
	Time    time.Duration // for one run; 0 is 2 minutes
}

// Find looks a program up.
func Find(name string) (Program, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return Program{}, candor.Wrap(err, candor.NotSupported, "The program %s is not installed on this machine.", name)
	}
	return Program{Path: path}, nil
}

const (
	forever   = 100 * 365 * 24 * time.Hour // of processor time
	mostSaid  = 2 << 10                    // bytes of what a program says of its errors
	waitDelay = 2 * time.Second
)

// Run runs the program with arguments and an input, and returns at most so many
// bytes of what it writes. It fails with TooLarge when there is more, with
// Unavailable when the time is up or the context ends, and with Invalid when the
// program ends with an error, in its own words.
func (p Program) Run(ctx context.Context, in io.Reader, most int64, args ...string) ([]byte, error) {
	var out bytes.Buffer
	if _, err := p.RunTo(ctx, in, &out, most, args...); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// RunTo is Run with what the program writes handed on as it comes, and returns how
// many bytes that was. What was handed on before an error is not to be trusted. An
// error of out ends the program.
func (p Program) RunTo(ctx context.Context, in io.Reader, out io.Writer, most int64, args ...string) (int64, error) {
	limit := p.Time
	if limit == 0 {
		limit = 2 * time.Minute
	}
	command, asJSON, err := p.helper(limit, args)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	words := &said{}
	to := &bounded{to: out, most: most}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], asJSON)...)
	cmd.Args[0] = "candor"
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = []string{}, "/", in, to, words, waitDelay
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return to.n, candor.Wrap(ctx.Err(), candor.Unavailable, "it took longer than %s and was stopped", limit)
	case to.over:
		return to.n, candor.Errorf(candor.TooLarge, "the program gave more than %d bytes", most)
	case to.err != nil:
		return to.n, to.err
	case err != nil:
		return to.n, candor.Wrap(err, candor.Invalid, "the program ended with an error: %s", firstLine(words.String(), err))
	}
	return to.n, nil
}

// helper is the command that re-executes this binary, and what it is to become.
func (p Program) helper(limit time.Duration, args []string) (command []string, asJSON string, err error) {
	n := confine.Native{Program: p.Path, Args: args, Env: p.Env, Read: p.Read, Memory: p.Memory, Seconds: int64(limit/time.Second) + 1}
	if n.Memory == 0 {
		n.Memory = 1 << 30
	}
	data, err := json.Marshal(n)
	if err != nil {
		return nil, "", err
	}
	if p.Command != nil {
		return p.Command, string(data), nil
	}
	command = []string{"/proc/self/exe", Subcommand} // also if the program's file was replaced since
	if runtime.GOOS != "linux" {
		if command[0], err = os.Executable(); err != nil {
			return nil, "", err
		}
	}
	return command, string(data), nil
}

func firstLine(said string, err error) string {
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" {
			return strings.ToValidUTF8(line, "\ufffd")
		}
	}
	return fmt.Sprint(err)
}

// bounded hands on so many bytes; more is an error, which closes the pipe to the
// program.
type bounded struct {
	to   io.Writer
	n    int64 // handed on
	most int64
	over bool
	err  error // of to
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.most-b.n {
		b.over = true
		return 0, io.ErrShortWrite
	}
	var n int
	n, b.err = b.to.Write(p)
	b.n += int64(n)
	return n, b.err
}

// said keeps the beginning of what a program says of its errors.
type said struct{ buf bytes.Buffer }

func (s *said) Write(p []byte) (int, error) {
	s.buf.Write(p[:min(len(p), max(mostSaid-s.buf.Len(), 0))])
	return len(p), nil
}

func (s *said) String() string { return s.buf.String() }
