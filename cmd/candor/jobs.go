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

// jobEvery is how often it is asked how far a job is.
const jobEvery = time.Second

func (c *cli) jobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "jobs", Short: "List, follow and stop analyses in the background that you began",
		Long: "`candor analyse ... --background` begins one. A server works on it, also after a restart,\n" +
			"in acts of 100 items, each an act of yours under its purpose. A job that the budgets\n" +
			"of a minute or a day hold up, or a model that is away, goes on by itself later.",
		Args: noArgs, Example: example("candor jobs", "candor jobs show j-3k7v2m9qxa --wait"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				all, err := conn.Jobs(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(all, func(w io.Writer) { printJobs(w, all.Jobs) })
			})
		},
	}
	cmd.AddCommand(c.jobsShow(), c.jobsStop())
	return cmd
}

func (c *cli) jobsShow() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "show JOB", Short: "Tell how far a job is", Args: oneArg("job"), Example: example("candor jobs show j-3k7v2m9qxa --wait"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				j, err := conn.Job(cmd.Context(), args[0])
				if err == nil && wait {
					j, err = c.follow(cmd.Context(), conn, j)
				}
				if err != nil {
					return err
				}
				return c.print(j, func(w io.Writer) { printJob(w, j) })
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it has ended, and tell how far it is meanwhile")
	return cmd
}

// follow waits until a job has ended.
func (c *cli) follow(ctx context.Context, conn *connection, j wire.Job) (wire.Job, error) {
	if conn.inProcess {
		return j, candor.Errorf(candor.Invalid, "No server runs, so that nobody works on the job. Start `candor serve`, and wait then.")
	}
	tick := time.NewTicker(jobEvery)
	defer tick.Stop()
	told := ""
	for j.Ended.IsZero() {
		if now := howFar(j); now != told {
			c.note("%s.", now)
			told = now
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-tick.C:
		}
		var err error
		if j, err = conn.Job(ctx, j.ID); err != nil {
			return j, err
		}
	}
	return j, nil
}

func (c *cli) jobsStop() *cobra.Command {
	return &cobra.Command{
		Use: "stop JOB", Short: "End a job; what was done stays done", Args: oneArg("job"), Example: example("candor jobs stop j-3k7v2m9qxa"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				j, err := conn.StopJob(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.print(j, func(w io.Writer) { printJob(w, j) })
			})
		},
	}
}

func printJobs(w io.Writer, all []wire.Job) {
	if len(all) == 0 {
		fmt.Fprintln(w, "You began no jobs. Begin one with `candor analyse ... --background`.")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tBEGAN\tWHAT\tPURPOSE\tHOW FAR")
	for _, j := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", j.ID, j.Began.Local().Format(time.DateTime), doing(j.Request), j.Request.Purpose, howFar(j))
	}
	_ = t.Flush()
}

// howFar says it in a line.
func howFar(j wire.Job) string {
	far := fmt.Sprintf("%d of %s done", j.Done, counted(j.Total, "item", "items"))
	switch {
	case j.Stopped != "":
		far += "; ended: " + printable(j.Stopped)
	case j.Waiting != "":
		far += "; waiting: " + printable(j.Waiting)
	}
	return far
}

func printJob(w io.Writer, j wire.Job) {
	fmt.Fprintf(w, "%s  %s: %s\n", j.ID, doing(j.Request), howFar(j))
	if j.Kept > 0 {
		fmt.Fprintf(w, "%s stayed as before.\n", counted(j.Kept, "item", "items"))
	}
	if j.Done > 0 {
		printCost(w, j.Request, j.Cost)
	}
}

// beginJob has the groups worked on in the background, one job for all of them.
func (c *cli) beginJob(ctx context.Context, conn *connection, in wire.AnalyseRequest, groups [][]candor.ItemID) error {
	for _, g := range groups {
		in.Items = append(in.Items, g...)
	}
	j, err := conn.BeginJob(ctx, in)
	if err != nil {
		return err
	}
	return c.print(j, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %s %s in the background.\n", j.ID, doing(in), counted(j.Total, "item", "items"))
		if conn.inProcess {
			fmt.Fprintln(w, "No server runs: it is begun when `candor serve` is.")
		}
		fmt.Fprintf(w, "How far it is: candor jobs show %s --wait\n", j.ID)
	})
}
