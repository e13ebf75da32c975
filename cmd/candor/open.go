package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// opened is what `open --json` prints.
type opened struct {
	Item      candor.ItemID    `json:"item"`
	Name      string           `json:"name"`
	Path      string           `json:"path"`
	Type      string           `json:"type"`
	Bytes     int64            `json:"bytes"`
	SHA256    string           `json:"sha256"`
	Condition candor.Condition `json:"condition"`
	Reason    string           `json:"reason,omitempty"` // why the condition is not done
	Pages     int              `json:"pages,omitempty"`
	Fields    []candor.Field   `json:"fields"`
	Parts     []candor.ItemID  `json:"parts"`
	Text      *string          `json:"text,omitempty"`    // with --text
	Written   string           `json:"written,omitempty"` // the file of -o
	Receipt   string           `json:"receipt"`
}

func (c *cli) openCommand() *cobra.Command {
	var purpose candor.PurposeID
	var output, receiptFile string
	var text bool
	var language string
	cmd := &cobra.Command{
		Use:   "open ITEM",
		Short: "Open an item under a purpose",
		Args:  oneArg("item"),
		Example: example(
			"candor open 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa",
			"candor open 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa --text",
			"candor open 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa -o letter.pdf"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose"); err != nil {
				return err
			}
			if language != "" && (text || output != "" || c.json) {
				return candor.Errorf(candor.Invalid, "--translation prints a translation and nothing else: leave --text, -o and --json away.")
			}
			if text && output == "-" {
				return candor.Errorf(candor.Invalid, "Give --text or `-o -`, not both: each writes to standard output.")
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				v, err := conn.Open(cmd.Context(), candor.ItemID(args[0]), purpose)
				if err != nil {
					return err
				}
				if err := c.keepReceipt(receiptFile, v.Receipt.Receipt); err != nil {
					return err
				}
				if language != "" {
					return c.printTranslation(cmd.Context(), conn, v.View, language)
				}
				return c.showOpened(cmd.Context(), conn, v, output, text)
			})
		},
	}
	purposeFlag(cmd, &purpose)
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "write the original to a `file`; - is standard output")
	f.StringVar(&language, "translation", "", "print what a machine made of its text in a `language`, such as en (candor analyse --translate)")
	f.BoolVar(&text, "text", false, "print the text that was read out of it")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	return cmd
}

func (c *cli) showOpened(ctx context.Context, conn *connection, v wire.View, output string, text bool) error {
	out := asOpened(v)
	switch {
	case output == "-":
		return copyFrom(ctx, conn.Original, v.View, c.out)
	case output != "":
		err := writeFileFrom(output, func(w io.Writer) error { return copyFrom(ctx, conn.Original, v.View, w) })
		if err != nil {
			return err
		}
		out.Written = output
	}
	if text && !c.json {
		return copyFrom(ctx, conn.Text, v.View, c.out)
	}
	if text {
		read, err := readText(ctx, conn, v.View)
		if err != nil {
			return err
		}
		out.Text = &read
	}
	return c.print(out, func(w io.Writer) { printOpened(w, out, v) })
}

func asOpened(v wire.View) opened {
	out := opened{
		Item: v.Item.ID, Name: v.Item.Name, Type: v.Item.Type, Bytes: v.Item.Size, SHA256: v.Item.SHA256, Reason: v.Item.Reason,
		Condition: v.Item.Condition, Pages: v.Item.Pages, Receipt: v.Receipt.Receipt,
		Fields: append([]candor.Field{}, v.Item.Fields...), Parts: append([]candor.ItemID{}, v.Item.Parts...),
	}
	if len(v.Item.Places) > 0 {
		out.Path = v.Item.Places[0].Path
	}
	return out
}

func printOpened(w io.Writer, o opened, v wire.View) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, printable(value))
		}
	}
	line("name", o.Name)
	for _, p := range v.Item.Places {
		line("path", p.Path)
	}
	line("type", o.Type)
	line("bytes", fmt.Sprint(o.Bytes))
	line("sha256", o.SHA256)
	line("title", v.Item.Title)
	if !v.Item.Date.IsZero() {
		line("date", v.Item.Date.Format(time.RFC3339))
	}
	line("condition", string(o.Condition))
	line("reason", v.Item.Reason)
	for _, f := range o.Fields {
		line(f.Name, f.Value)
	}
	for _, p := range o.Parts {
		line("part", string(p))
	}
	line("written to", o.Written)
	_ = t.Flush()
	fmt.Fprintf(w, "Recorded as number %d of the log. Read it with --text, or write the original with -o FILE.\n", v.Index)
}

func (c *cli) printTranslation(ctx context.Context, conn *connection, view, language string) error {
	all, err := conn.Translations(ctx, view)
	if err != nil {
		return err
	}
	for _, t := range all.Translations {
		if t.To == language {
			c.note("Made by a machine: %s, %s. It can be wrong.", t.By, t.At.Local().Format(time.DateTime))
			_, err := fmt.Fprintln(c.out, t.Text)
			return err
		}
	}
	return candor.Errorf(candor.NotFound, "It is not translated into %q. Have it translated with `candor analyse ITEM --translate %s`.", language, language)
}

func readText(ctx context.Context, conn *connection, view string) (text string, err error) {
	r, err := conn.Text(ctx, view)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	data, err := io.ReadAll(r)
	if err != nil {
		return "", brokeOff(err)
	}
	return string(data), nil
}

// copyFrom copies an opened item's contents.
func copyFrom(ctx context.Context, open func(context.Context, string) (io.ReadCloser, error), view string, w io.Writer) (err error) {
	r, err := open(ctx, view)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := io.Copy(w, r); err != nil {
		return brokeOff(err)
	}
	return nil
}

func brokeOff(err error) error {
	return candor.Wrap(err, candor.Unavailable, "The contents broke off before their end. Open the item again.")
}
