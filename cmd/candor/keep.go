package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"candor/internal/wire"
)

func (c *cli) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Compare vault, log, catalog and index, and name every difference (administrator)",
		Long: `Compare the two truths (vault and log) with what is made from them (catalog and
index). Nothing is opened and nothing is changed. Exit code 4 says that there
are differences; each comes with its remedy.`,
		Args: noArgs, Example: example("candor check", "candor check --as admin --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.inspect = true
			return c.with(cmd.Context(), func(conn *connection) error {
				progress, stop := c.jobProgress("Checking")
				res, err := conn.Check(cmd.Context(), progress)
				stop()
				if err != nil {
					return err
				}
				if err := c.print(res, func(w io.Writer) { printCheck(w, res) }); err != nil {
					return err
				}
				if !res.OK {
					return silent{exitVerification}
				}
				return nil
			})
		},
	}
}

func printCheck(w io.Writer, res wire.CheckResult) {
	if res.OK {
		fmt.Fprintln(w, "OK: vault, log, catalog and index agree.")
		return
	}
	fmt.Fprintf(w, "NOT OK: %s.\n", counted(int64(len(res.Differences)), "difference", "differences"))
	for _, d := range res.Differences {
		fmt.Fprintf(w, "  %s: %s\n    %s\n", d.Where, d.Problem, d.Remedy)
	}
}

func (c *cli) rebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild",
		Short: "Make catalog and index again from vault and log (administrator)",
		Long: `Make catalog and index again from vault and log: after they were lost or damaged,
or when check says so. Every text is read again, so it is a recorded act that
the custodian must agree to. It works where the data folder and the keys are,
even when nobody can sign in because the catalog is gone.`,
		Args: noArgs, Example: example("candor rebuild", "candor rebuild --as admin"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.repair = true
			return c.with(cmd.Context(), func(conn *connection) error {
				progress, stop := c.jobProgress("Rebuilding")
				res, err := conn.Rebuild(cmd.Context(), progress)
				stop()
				if err != nil {
					return err
				}
				return c.print(res, func(w io.Writer) {
					fmt.Fprintf(w, "Catalog and index hold %s (%s) again. Recorded as number %d of the log.\n",
						counted(res.Totals.Items, "item", "items"), size(res.Totals.Bytes), res.Index)
				})
			})
		},
	}
}

func (c *cli) rekeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rekey",
		Short: "Give the index a new key, and seal it anew (administrator)",
		Long: `Give the index a new key, and seal all of it anew: at intervals, or when the old
key may have become known. Searches and additions go on meanwhile. If it is broken
off, the next rekey finishes it. Afterwards the old key opens nothing in the index's
folder; backups made before still open under it, so destroy those that may be stolen.

The catalog's key and the keys of items stay as they are.`,
		Args: noArgs, Example: example("candor rekey", "candor rekey --as admin --server https://archive.example.org"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				progress, stop := c.jobProgress("Sealing anew")
				res, err := conn.Rekey(cmd.Context(), progress)
				stop()
				if err != nil {
					return err
				}
				return c.print(res, func(w io.Writer) {
					fmt.Fprintf(w, "The index has a new key, and nothing in it opens under the old one. Recorded as number %d of the log.\n", res.Index)
				})
			})
		},
	}
}
