package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

func (c *cli) savedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "saved",
		Short: "List, make again and forget searches that you keep",
		Long: "`candor search ... --save NAME` keeps a search, with its purpose. Making it again is\n" +
			"an act like any search. With --watch a server counts new items for it by itself:\n" +
			"at most once an hour, each time by an act of yours that shows no item.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.savedList(), c.savedRun(), c.savedForget())
	return cmd
}

func (c *cli) savedList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the searches that you keep", Args: noArgs, Example: example("candor saved list"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				all, err := conn.SavedSearches(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(all, func(w io.Writer) { printSaved(w, all.Searches) })
			})
		},
	}
}

func printSaved(w io.Writer, all []wire.Saved) {
	if len(all) == 0 {
		fmt.Fprintln(w, "You keep no searches. Keep one with `candor search ... --save NAME`.")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME\tPURPOSE\tSINCE\tNEW")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.ID, printable(s.Name), s.Request.Purpose, s.Since.Local().Format(time.DateTime), newOf(s))
	}
	_ = t.Flush()
}

// newOf says what is known of items that are new to a search.
func newOf(s wire.Saved) string {
	switch {
	case s.Stopped != "":
		return "stopped: " + printable(s.Stopped)
	case !s.Watch:
		return "not watched"
	case s.Looked.IsZero():
		return "not looked yet"
	}
	return fmt.Sprintf("%d at %s", s.New, s.Looked.Local().Format(time.DateTime))
}

func (c *cli) savedRun() *cobra.Command {
	var onlyNew bool
	var purpose candor.PurposeID
	var limit int
	cmd := &cobra.Command{
		Use: "run SEARCH", Short: "Make a search again, all of it or what is new", Args: oneArg("search (its ID or name)"),
		Example: example("candor saved run s-3k7v2m9qxa --new", `candor saved run "harbour contracts" --purpose p-3k7v2m9qxa`),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				s, err := findSaved(cmd.Context(), conn, args[0])
				if err != nil {
					return err
				}
				in := s.Request
				in.Saved = s.ID
				if limit > 0 {
					in.Limit = limit
				}
				if onlyNew {
					in.Added = s.Since
				}
				if purpose != "" {
					in.Purpose = purpose
				}
				res, err := conn.Search(cmd.Context(), in)
				if err != nil {
					return err
				}
				return c.print(asSearched(in, res), func(w io.Writer) { printSearch(w, in, res) })
			})
		},
	}
	cmd.Flags().BoolVar(&onlyNew, "new", false, "only what was added since it was last made")
	cmd.Flags().IntVar(&limit, "limit", 0, "most hits `shown`; at most 100 (default: as it was kept)")
	purposeFlag(cmd, &purpose)
	return cmd
}

func (c *cli) savedForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget SEARCH", Short: "Destroy a search that you keep; records of it stay", Args: oneArg("search (its ID or name)"),
		Example: example("candor saved forget s-3k7v2m9qxa"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				s, err := findSaved(cmd.Context(), conn, args[0])
				if err != nil {
					return err
				}
				if err := conn.ForgetSearch(cmd.Context(), s.ID); err != nil {
					return err
				}
				return c.print(s, func(w io.Writer) { fmt.Fprintf(w, "Forgotten: %s\n", printable(s.Name)) })
			})
		},
	}
}

// findSaved finds a search by its ID, or by a name that only one has.
func findSaved(ctx context.Context, conn *connection, which string) (wire.Saved, error) {
	all, err := conn.SavedSearches(ctx)
	if err != nil {
		return wire.Saved{}, err
	}
	var found []wire.Saved
	for _, s := range all.Searches {
		if s.ID == which {
			return s, nil
		}
		if s.Name == which {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return wire.Saved{}, candor.Errorf(candor.NotFound, "You keep no search %q. See `candor saved list`.", which)
	case 1:
		return found[0], nil
	}
	return wire.Saved{}, candor.Errorf(candor.Invalid, "%d of your searches are called %q. Give an ID; see `candor saved list`.", len(found), which)
}
