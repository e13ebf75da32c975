package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/mcp"
)

// offering is what `mcp --listen --json` prints once it listens.
type offering struct {
	Address string `json:"address"`
	Token   string `json:"token"`
}

func (c *cli) mcpCommand() *cobra.Command {
	var purpose candor.PurposeID
	var listen string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Offer the archive to an AI agent as tools, under one purpose, on the record",
		Long: `Speak the Model Context Protocol with an AI agent: on standard input and output, or
with --listen over streamable HTTP for whoever has the token that is printed. The agent
acts for you, under the one purpose that you name, and can search, open and count. Each
of its acts is in the log before its result leaves, marked as an agent's, and counts
against the purpose; an agent has smaller budgets than a person. It approves nothing and
adds nothing, whatever a document tells it. docs/agents.md shows how to connect one.`,
		Args: noArgs,
		Example: example("candor mcp --purpose p-3k7v2m9qxa",
			"candor mcp --purpose p-3k7v2m9qxa --server https://archive.example.org --token $AGENT_TOKEN",
			"candor mcp --purpose p-3k7v2m9qxa --listen 127.0.0.1:7320"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "purpose"); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				agent := conn.ForAgent()
				if _, err := agent.Purpose(cmd.Context(), purpose); err != nil {
					return err // now, and not at the agent's first call
				}
				s, err := mcp.New(mcp.Config{Client: agent, Purpose: purpose, Version: versionText()})
				if err != nil {
					return err
				}
				if listen == "" {
					return mcp.Serve(cmd.Context(), s)
				}
				token := rand.Text()
				return c.serveAgents(cmd, listen, token, mcp.Handler(s, token))
			})
		},
	}
	purposeFlag(cmd, &purpose)
	cmd.Flags().StringVar(&listen, "listen", "", "`address` for streamable HTTP, such as 127.0.0.1:7320 (default: standard input and output)")
	return cmd
}

func (c *cli) serveAgents(cmd *cobra.Command, listen, token string, h http.Handler) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return cannotListen(err, listen)
	}
	out := offering{"http://" + l.Addr().String() + "/", token}
	if err := c.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "Agents are answered at %s with the header Authorization: Bearer %s\n", out.Address, out.Token)
	}); err != nil {
		return errors.Join(err, l.Close())
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return candor.Wrap(err, candor.Unavailable, "The server for agents stopped.")
	case <-cmd.Context().Done():
		return s.Close()
	}
}
