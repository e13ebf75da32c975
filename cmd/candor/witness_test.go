package main

import (
	"net"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// freeport VARIABLE: an address of this machine where nothing listens.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// listening ADDRESS: waits until somebody listens there.
func waitListening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listening ADDRESS")
	}
	waitFor(ts, "nobody listens at "+args[0], func() bool {
		conn, err := net.Dial("tcp", args[0])
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// expand FILE: puts the values of variables, written $NAME, into a file.
func expandFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string {
		value := ts.Getenv(name)
		if value == "" {
			ts.Fatalf("%s uses $%s, which is not set", args[0], name)
		}
		return value
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.TrimLeft(text, "\n")), 0o600))
}
