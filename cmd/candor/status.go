package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// account is what `status --json` prints of an addition.
type account struct {
	candor.Addition
	FilesPerSecond float64 `json:"files_per_second"`
	SecondsLeft    int64   `json:"seconds_left,omitempty"` // 0 when not known, or finished
	Reconciles     bool    `json:"reconciles"`             // every file has exactly one condition
}

// statusOf is what `status --json` prints.
type statusOf struct {
	Additions []account      `json:"additions"`
	Files     []candor.Entry `json:"files,omitempty"`
	Meaning   *wire.Placing  `json:"meaning,omitempty"`
}

func (c *cli) statusCommand() *cobra.Command {
	var condition string
	var limit int
	cmd := &cobra.Command{
		Use:   "status [ADDITION]",
		Short: "Account for what was handed in: each file, and how it ended",
		Long: `Account for what was handed in. Without an argument, all your additions, newest
first: files seen and how they ended, the rate, the time that is left. With an
addition, its files: all, or those of a --condition (done, partial, encrypted,
unsupported, failed), each with its reason. The figures always add up to what was
handed in. Nothing of an item is shown, so that no purpose is needed.`,
		Args: cobra.MaximumNArgs(1),
		Example: example("candor status", "candor status add-7h2k9q4m5x --condition failed",
			"candor status add-7h2k9q4m5x --json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				var out statusOf
				var err error
				if len(args) == 0 {
					out, err = allAccounts(cmd.Context(), conn, limit)
				} else {
					out, err = oneAccount(cmd.Context(), conn, args[0], candor.Condition(condition), limit)
				}
				if err != nil {
					return err
				}
				return c.print(out, func(w io.Writer) { printStatus(w, out, len(args) == 1, limit) })
			})
		},
	}
	cmd.Flags().StringVar(&condition, "condition", "", "only files that ended in this `condition`")
	cmd.Flags().IntVar(&limit, "limit", 100, "most additions or `files`")
	return cmd
}

func allAccounts(ctx context.Context, conn *connection, limit int) (statusOf, error) {
	list, err := conn.Additions(ctx)
	out := statusOf{Additions: []account{}}
	for _, a := range list.Additions[:min(len(list.Additions), max(limit, 0))] {
		out.Additions = append(out.Additions, accountOf(a, time.Now()))
	}
	if err != nil {
		return out, err
	}
	server, err := conn.Status(ctx)
	out.Meaning = server.Meaning
	return out, err
}

func oneAccount(ctx context.Context, conn *connection, id string, condition candor.Condition, limit int) (statusOf, error) {
	a, err := conn.Addition(ctx, id)
	if err != nil {
		return statusOf{}, err
	}
	out := statusOf{Additions: []account{accountOf(a, time.Now())}}
	for offset := 0; len(out.Files) < limit; {
		page, err := conn.Entries(ctx, id, condition, offset, min(limit-len(out.Files), 1000))
		if err != nil {
			return out, err
		}
		out.Files = append(out.Files, page.Entries...)
		if offset = page.Next; offset == 0 {
			break
		}
	}
	return out, nil
}

// accountOf adds to an addition's figures what can be told from them.
func accountOf(a candor.Addition, now time.Time) account {
	out := account{Addition: a}
	sum := int64(0)
	for _, n := range a.Conditions {
		sum += n
	}
	out.Reconciles = sum == a.Files
	until := a.Finished
	if until.IsZero() {
		until = now
	}
	if took := until.Sub(a.Started).Seconds(); took > 0 {
		out.FilesPerSecond = float64(a.Files) / took
	}
	if left := a.Expected - a.Files; a.Finished.IsZero() && left > 0 && out.FilesPerSecond > 0 {
		out.SecondsLeft = int64(float64(left) / out.FilesPerSecond)
	}
	return out
}

func printStatus(w io.Writer, s statusOf, files bool, limit int) {
	if len(s.Additions) == 0 {
		fmt.Fprintln(w, "Nothing was handed in yet. `candor add` begins.")
	}
	for _, a := range s.Additions {
		printAccount(w, a)
	}
	if m := s.Meaning; m != nil && m.Waiting > 0 {
		fmt.Fprintf(w, "%s placed in meaning by %s; %d that another model placed wait for the server to place them anew.\n", counted(m.Placed, "item is", "items are"), m.Model, m.Waiting)
	}
	if !files {
		return
	}
	for _, f := range s.Files {
		fmt.Fprintf(w, "  %-11s %9s  %s\n", f.Condition, size(f.Size), printable(f.Path))
		if f.Reason != "" {
			fmt.Fprintf(w, "  %-11s %9s  %s\n", "", "", printable(f.Reason))
		}
	}
	if len(s.Files) == limit {
		fmt.Fprintf(w, "  … there may be more: --limit %d\n", 10*limit)
	}
}

func printAccount(w io.Writer, a account) {
	state := "finished " + a.Finished.Local().Format(time.DateTime)
	if a.Finished.IsZero() {
		state = fmt.Sprintf("not finished, %.0f files/s", a.FilesPerSecond)
		if a.SecondsLeft > 0 {
			state += fmt.Sprintf(", %s left", time.Duration(a.SecondsLeft)*time.Second)
		}
	}
	fmt.Fprintf(w, "%s  %s  %s\n", a.ID, a.Collection, state)
	if a.Source != "" {
		fmt.Fprintf(w, "  %s\n", printable(a.Source))
	}
	of := ""
	if a.Expected > 0 {
		of = fmt.Sprintf(" of %d", a.Expected)
	}
	fmt.Fprintf(w, "  %d%s files, %s, %s; %s held before\n", a.Files, of, size(a.Bytes), counted(a.Items, "new item", "new items"), counted(a.Duplicates, "was", "were"))
	for _, condition := range candor.Conditions() {
		if n := a.Conditions[condition]; n > 0 {
			fmt.Fprintf(w, "    %-12s %d\n", condition, n)
		}
	}
	if !a.Reconciles {
		fmt.Fprintln(w, "    These do not add up to the files. Run `candor check`.")
	}
}
