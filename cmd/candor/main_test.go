package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the command: the scripts run it as "candor",
// and it runs itself again as its own worker.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"candor": main})
}

// runMain runs the command as main does, without ending the process.
func runMain(args ...string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}
