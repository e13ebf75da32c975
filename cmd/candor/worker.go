package main

import (
	"github.com/spf13/cobra"

	"candor"
	"candor/internal/extract"
)

// workerCommand is what the binary runs as when it reads hostile files: see
// package extract. It touches no flag, no environment and no file.
func (c *cli) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: extract.Subcommand, Hidden: true, DisableFlagParsing: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { c.began = true; return nil },
		RunE: func(*cobra.Command, []string) error {
			if err := extract.RunWorker(c.in, c.out); err != nil {
				return candor.Wrap(err, candor.Internal, "The worker ended.")
			}
			return nil
		},
	}
}
