package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/client"
)

// added is what `add --json` prints.
type added struct {
	Files      int64 `json:"files"`
	Items      int64 `json:"items"`
	Bytes      int64 `json:"bytes"`
	Duplicates int64 `json:"duplicates"`
	Failed     int64 `json:"failed"`
	Partial    int64 `json:"partial"`
	ElapsedMS  int64 `json:"elapsed_ms"`
}

func (c *cli) addCommand() *cobra.Command {
	var collection string
	var receiptFile string
	var parallel int
	var ocr string
	cmd := &cobra.Command{
		Use:   "add PATH...",
		Short: "Add files and folders",
		Long: `Add files and folders, with what is found inside archives and mail. Interrupt it
and run it again: it goes on where it was, and nothing is kept twice. Symbolic
links are followed only when they are named directly.`,
		Args: someArgs("file or folder"),
		Example: example(
			"candor add ~/Documents --collection main",
			"candor add box1 box2 letter.pdf --collection main --json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "collection"); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				a := &client.Adder{Client: conn.Client, Collection: collection, Source: strings.Join(args, " "), OCR: ocr, Parallel: parallel}
				return c.add(cmd.Context(), conn, a, args, receiptFile)
			})
		},
	}
	cmd.Flags().StringVar(&collection, "collection", "", "`name` of the collection to add to")
	cmd.Flags().StringVar(&receiptFile, "receipt", "", "write the receipt of the newest record to a `file`")
	cmd.Flags().StringVar(&ocr, "ocr", "", "`languages` of pictures with text, such as eng+deu, or off (default: English and two more that tesseract has)")
	cmd.Flags().IntVar(&parallel, "parallel", 0, "`files` sent at a time (default twice the CPUs, at most 8)")
	return cmd
}

func (c *cli) add(ctx context.Context, conn *connection, a *client.Adder, paths []string, receiptFile string) error {
	start := time.Now()
	stop := c.showProgress(func() string { return addingLine(a.Progress(), time.Since(start)) })
	account, err := a.Add(ctx, paths)
	stop()
	if errors.Is(err, context.Canceled) {
		c.note("Interrupted. What was committed is kept: %s. Run the same command again to go on.",
			counted(account.Files, "file", "files"))
		return silent{exitFailed}
	}
	if err != nil {
		return err
	}
	if err := c.keepAdditionReceipt(ctx, conn, account, receiptFile); err != nil {
		return err
	}
	out := added{
		Files: account.Files, Items: account.Items, Bytes: account.Bytes, Duplicates: account.Duplicates,
		Failed: account.Conditions[candor.Failed], Partial: account.Conditions[candor.Partial],
		ElapsedMS: time.Since(start).Milliseconds(),
	}
	progress := a.Progress()
	if err := c.print(out, func(w io.Writer) { printAdded(w, out, account, progress) }); err != nil {
		return err
	}
	if !c.json {
		c.nameUnread(ctx, conn, account)
	}
	if progress.Unkept > 0 {
		c.note("%s could not be read and were not kept.", counted(progress.Unkept, "place", "places"))
		return silent{exitFailed}
	}
	return nil
}

// keepAdditionReceipt writes the receipt of an addition's newest record to a
// file, if one was named.
func (c *cli) keepAdditionReceipt(ctx context.Context, conn *connection, account candor.Addition, file string) error {
	if file == "" {
		return nil
	}
	if account.Record == 0 {
		c.note("Nothing new was added, so there is no record of it and no receipt.")
		return nil
	}
	done, err := conn.Receipt(ctx, account.Record)
	if err != nil {
		return err
	}
	return c.keepReceipt(file, done.Receipt.Receipt)
}

func printAdded(w io.Writer, out added, account candor.Addition, p client.Adding) {
	fmt.Fprintf(w, "%s (%s) added as %s in %s; %s held before.\n", counted(out.Files, "file", "files"), size(out.Bytes),
		counted(out.Items, "new item", "new items"), time.Duration(out.ElapsedMS)*time.Millisecond, counted(out.Duplicates, "was", "were"))
	for _, condition := range candor.Conditions() {
		if n := account.Conditions[condition]; n > 0 {
			fmt.Fprintf(w, "  %-12s %d\n", condition, n)
		}
	}
	if p.Links > 0 {
		fmt.Fprintf(w, "%s not followed; name a link itself to add what it leads to.\n", counted(p.Links, "symbolic link was", "symbolic links were"))
	}
	if p.Special > 0 {
		fmt.Fprintf(w, "%s passed by.\n", counted(p.Special, "pipe, socket or device was", "pipes, sockets or devices were"))
	}
}

// nameUnread lists what was not read whole, so that nobody must look for it.
func (c *cli) nameUnread(ctx context.Context, conn *connection, account candor.Addition) {
	const most = 10
	for _, condition := range []candor.Condition{candor.Failed, candor.Partial, candor.Encrypted} {
		page, err := conn.Entries(ctx, account.ID, condition, 0, most)
		if err != nil {
			c.note("The list of files that are %s cannot be had: %s", condition, candor.MessageOf(err))
			continue
		}
		for _, e := range page.Entries {
			c.note("  %s: %s: %s", condition, printable(e.Path), printable(e.Reason))
		}
		if left := account.Conditions[condition] - int64(len(page.Entries)); left > 0 {
			c.note("  … and %d more that are %s; the page of addition %s lists them all.", left, condition, account.ID)
		}
	}
}

// addingLine says in one line how far an addition is.
func addingLine(p client.Adding, elapsed time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", p.Files)
	if p.Counted {
		fmt.Fprintf(&b, " of %d", p.AllFiles)
	}
	fmt.Fprintf(&b, " files, %s", size(p.Bytes))
	if seconds := elapsed.Seconds(); seconds >= 1 && p.Files > 0 {
		fmt.Fprintf(&b, ", %.0f files/s, %s/s", float64(p.Files)/seconds, size(int64(float64(p.Bytes)/seconds)))
	}
	if left, ok := timeLeft(p, elapsed); ok {
		fmt.Fprintf(&b, ", %s left", left)
	}
	for _, condition := range candor.Conditions()[1:] {
		if n := p.Conditions[condition]; n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, condition)
		}
	}
	return b.String()
}

// timeLeft guesses from files and bytes, whichever is further from its end:
// many small files and one large one would each mislead alone.
func timeLeft(p client.Adding, elapsed time.Duration) (time.Duration, bool) {
	if !p.Counted || p.Files == 0 || elapsed < 2*time.Second {
		return 0, false
	}
	part := float64(p.Files) / float64(p.AllFiles)
	if p.AllBytes > 0 {
		part = min(part, float64(p.Bytes)/float64(p.AllBytes))
	}
	if part <= 0 {
		return 0, false
	}
	return time.Duration(float64(elapsed) * (1 - part) / part).Round(time.Second), true
}

func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n), "kMGTPE"
	i := -1
	for value >= 1000 && i < len(units)-1 {
		value /= 1000
		i++
	}
	return fmt.Sprintf("%.1f %cB", value, units[i])
}
