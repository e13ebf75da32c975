// Command candor is the command line of Candor: it makes, serves and uses an
// archive, and checks one from outside.
//
// Start with `candor demo`, or with `candor init --solo` and `candor help`.
//
// What never breaks: the names of commands and flags, the exit codes (0 done,
// 1 failed, 2 wrong usage, 3 refused by the terms, 4 verification failed) and
// the fields that --json prints.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the command ends in good order; a second one kills.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer, env func(string) string) int {
	c := &cli{in: in, out: out, errOut: errOut, env: env}
	root := c.command()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return c.exit(root.ExecuteContext(ctx))
}
