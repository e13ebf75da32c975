package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

func (c *cli) purposeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purpose",
		Short: "Ask for, approve, list, show and revoke purposes",
		Long: `A purpose is an approved, limited reason to use a collection: a reason code, an
explanation, collections, a coverage budget (the most distinct items it may be
shown) and an expiry. Nothing can be searched or opened without one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.purposeRequest(), c.purposeList(), c.purposeShow(),
		c.purposeDecide("approve", "Approve a purpose that somebody else asked for"),
		c.purposeDecide("refuse", "Refuse a purpose that was asked for"),
		c.purposeDecide("revoke", "End a purpose before it expires"))
	return cmd
}

// asked is what `purpose request` and the decisions print.
type asked struct {
	ID     candor.PurposeID     `json:"id"`
	Status candor.PurposeStatus `json:"status"`
}

func (c *cli) purposeRequest() *cobra.Command {
	var in wire.PurposeRequest
	var expires string
	var acts []string
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Ask for a purpose",
		Args:  noArgs,
		Example: example(
			`candor purpose request --collection main --reason research --why "history of the flood wall"`,
			`candor purpose request --collection mail --collection minutes --reason complaint \`,
			`    --why "complaint 2026/118" --coverage 200 --expires 14d --as r.osei`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "collection", "reason", "why"); err != nil {
				return err
			}
			for _, a := range acts {
				in.Acts = append(in.Acts, candor.Act(a))
			}
			if expires != "" {
				lifetime, err := parseLifetime(expires)
				if err != nil {
					return err
				}
				in.Seconds = int64(lifetime / time.Second)
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				p, err := conn.RequestPurpose(cmd.Context(), in)
				if err != nil {
					return err
				}
				return c.printAsked(p)
			})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&in.Collections, "collection", nil, "`name` of a collection (repeat for several)")
	f.StringVar(&in.Reason, "reason", "", "reason `code`; `candor reasons` lists them")
	f.StringVar(&in.Why, "why", "", "the explanation, in your own `words`")
	f.Int64Var(&in.Coverage, "coverage", 0, "most distinct `items` it may be shown (default: what the terms say)")
	f.StringVar(&expires, "expires", "", "`time` until it ends, such as 30d, 2w or 12h (default: what the terms say)")
	f.BoolVar(&in.Override, "override", false, "for an emergency (break-glass): at most 24 hours, approved by somebody else who says why, told first in public")
	f.StringArrayVar(&acts, "act", nil, "an `act` it allows (repeat for several; default search, open and export)")
	return cmd
}

func (c *cli) printAsked(p wire.PurposeAct) error {
	return c.print(asked{p.ID, p.StatusNow}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is %s.\n", p.ID, p.StatusNow)
		switch {
		case p.Solo && p.StatusNow == candor.Active:
			fmt.Fprintln(w, "You approved it yourself, as the one person of this archive; its public pages say so.")
		case p.StatusNow == candor.Requested:
			fmt.Fprintf(w, "Somebody else must approve it: candor purpose approve %s\n", p.ID)
		}
		fmt.Fprintf(w, "Recorded as number %d of the log.\n", p.Index)
	})
}

func (c *cli) purposeDecide(verb, short string) *cobra.Command {
	var because string
	cmd := &cobra.Command{
		Use: verb + " PURPOSE", Short: short, Args: oneArg("purpose"),
		Example: example("candor purpose " + verb + " p-3k7v2m9qxa --as a.lind"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				p, err := conn.DecideBecause(cmd.Context(), candor.PurposeID(args[0]), verb, because)
				if err != nil {
					return err
				}
				return c.printAsked(p)
			})
		},
	}
	if verb != "revoke" {
		cmd.Flags().StringVar(&because, "because", "", "why, in your `words`, sealed for the auditor; needed to approve an override")
	}
	return cmd
}

func (c *cli) purposeList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List your purposes; for an approver those of others too", Args: noArgs,
		Example: example("candor purpose list", "candor purpose list --as a.lind --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				list, err := conn.Purposes(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(list, func(w io.Writer) { printPurposes(w, list.Purposes) })
			})
		},
	}
}

func printPurposes(w io.Writer, list []wire.Purpose) {
	if len(list) == 0 {
		fmt.Fprintln(w, "There are no purposes yet. Ask for one with `candor purpose request`.")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PURPOSE\tSTATUS\tREASON\tCOLLECTIONS\tCOVERED\tEXPIRES\tASKED BY")
	for _, p := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d of %d\t%s\t%s\n", p.ID, p.StatusNow, p.Reason, strings.Join(p.Collections, ","),
			p.Covered, p.Coverage, p.Expires.Local().Format("2006-01-02 15:04"), p.AskedBy)
	}
	_ = t.Flush()
}

func (c *cli) purposeShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PURPOSE", Short: "Show one purpose and what has been used of it", Args: oneArg("purpose"),
		Example: example("candor purpose show p-3k7v2m9qxa"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				p, err := conn.Purpose(cmd.Context(), candor.PurposeID(args[0]))
				if err != nil {
					return err
				}
				return c.print(p, func(w io.Writer) { printPurpose(w, p) })
			})
		},
	}
}

func printPurpose(w io.Writer, p wire.Purpose) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(t, "%s\t%s\n", name, value) }
	line("purpose", string(p.ID))
	line("status", string(p.StatusNow))
	line("reason", p.Reason)
	line("why", p.Why)
	line("collections", strings.Join(p.Collections, ", "))
	line("acts", joinActs(p.Acts))
	line("covered", fmt.Sprintf("%d of %d items", p.Covered, p.Coverage))
	line("expires", p.Expires.Local().Format(time.RFC1123))
	line("asked by", fmt.Sprintf("%s (%s), %s", p.AskedName, p.AskedBy, p.Asked.Local().Format(time.RFC1123)))
	if p.DecidedBy != "" {
		line("decided by", fmt.Sprintf("%s (%s), %s", p.ByName, p.DecidedBy, p.Decided.Local().Format(time.RFC1123)))
	}
	if p.Because != "" {
		line("because", p.Because)
	}
	if p.Override {
		line("note", "an override (break-glass)")
	}
	if p.Solo {
		line("note", "not independently approved")
	}
	_ = t.Flush()
}

func joinActs(acts []candor.Act) string {
	words := make([]string, len(acts))
	for i, a := range acts {
		words[i] = string(a)
	}
	return strings.Join(words, ", ")
}

// parseLifetime reads 30d, 2w, or what time.ParseDuration reads.
func parseLifetime(text string) (time.Duration, error) {
	bad := candor.Errorf(candor.Invalid, "%q is not a length of time. Write such as 30d, 2w or 12h.", text)
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if unit, ok := units[text[len(text)-1]]; ok {
		n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
		if err != nil || n <= 0 || n > math.MaxInt64/int64(unit) {
			return 0, bad
		}
		return time.Duration(n) * unit, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return 0, bad
	}
	return d, nil
}

func (c *cli) reasonsCommand() *cobra.Command {
	var terms bool
	cmd := &cobra.Command{
		Use: "reasons", Short: "List the reason codes of the terms", Args: noArgs,
		Example: example("candor reasons", "candor reasons --terms"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				t, err := conn.Terms(cmd.Context())
				if err != nil {
					return err
				}
				out := struct {
					Reasons []candor.Reason `json:"reasons"`
				}{t.Reasons}
				return c.print(out, func(w io.Writer) { printReasons(w, t, terms) })
			})
		},
	}
	cmd.Flags().BoolVar(&terms, "terms", false, "print the terms of use too")
	return cmd
}

func printReasons(w io.Writer, t wire.Terms, terms bool) {
	if terms {
		fmt.Fprintln(w, t.Text)
	}
	for _, r := range t.Reasons {
		fmt.Fprintf(w, "%-14s %s\n", r.Code, r.Title)
		if r.Help != "" {
			fmt.Fprintf(w, "%-14s %s\n", "", r.Help)
		}
	}
}
