package native

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Running is a program that goes on running and is spoken to over its pipes, such
// as one that takes long to start. Not safe for concurrent use.
type Running struct {
	In  io.WriteCloser
	Out *bufio.Reader

	cmd  *exec.Cmd
	said *said
}

// Start starts the program, confined as by Run, without an end to its time. It is
// ended by Close.
func (p Program) Start(args ...string) (*Running, error) {
	words := &said{}
	command, asJSON, err := p.helper(forever, args)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(command[0], append(command[1:], asJSON)...)
	cmd.Args[0] = "candor"
	cmd.Env, cmd.Dir, cmd.Stderr, cmd.WaitDelay = []string{}, "/", words, waitDelay
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Running{In: in, Out: bufio.NewReader(out), cmd: cmd, said: words}, nil
}

// Close ends the program, however it is, and returns what it last said of its
// errors, "" if nothing.
func (r *Running) Close() string {
	_ = r.In.Close()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	if strings.TrimSpace(r.said.String()) == "" {
		return ""
	}
	return firstLine(r.said.String(), fmt.Errorf("it said nothing"))
}
