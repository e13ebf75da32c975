package main

import (
	"github.com/spf13/cobra"

	"candor"
	"candor/internal/extract"
	"candor/internal/extract/native"
)

// childCommands are what the binary runs as when it is re-executed to read
// hostile files (package extract) or to become a program of this machine that
// does (package native). They touch no flag, no environment and no file.
func (c *cli) childCommands() []*cobra.Command {
	return []*cobra.Command{
		c.childCommand(extract.Subcommand, func([]string) error { return extract.RunWorker(c.in, c.out) }),
		c.childCommand(native.Subcommand, native.Become),
	}
}

func (c *cli) childCommand(use string, run func(args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Hidden: true, DisableFlagParsing: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { c.began = true; return nil },
		RunE: func(_ *cobra.Command, args []string) error {
			if err := run(args); err != nil {
				return candor.Wrap(err, candor.Internal, "The worker ended.")
			}
			return nil
		},
	}
}
