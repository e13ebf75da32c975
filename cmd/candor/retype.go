package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// mostTypedFile bounds the file that a page's text is read from.
const mostTypedFile = 1 << 20

func (c *cli) retypeCommand() *cobra.Command {
	var in wire.RetypeRequest
	var file, receiptFile string
	cmd := &cobra.Command{
		Use:   "retype ITEM",
		Short: "Type a page anew, in place of what was recognised on its picture",
		Long: `Put what you read on a page in place of what was recognised there. The picture and
what was recognised stay; every version is kept, with who typed it and when, and
searches find the newest. An empty file brings back what was recognised. It is an act
of analysing, which the purpose must allow (--act analyse). Text that a file says
itself cannot be changed.`,
		Args: oneArg("item"),
		Example: example("candor retype 4kq7zt2m5bw3xjd6hn8rcy9fva --page 2 --text-file page2.txt --purpose p-3k7v2m9qxa",
			"candor retype 4kq7zt2m5bw3xjd6hn8rcy9fva --text-file - --purpose p-3k7v2m9qxa"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose", "text-file"); err != nil {
				return err
			}
			text, err := c.typed(file)
			if err != nil {
				return err
			}
			in.Text = text
			return c.with(cmd.Context(), func(conn *connection) error {
				res, err := conn.Retype(cmd.Context(), candor.ItemID(args[0]), in)
				if err != nil {
					return err
				}
				if err := c.keepReceipt(receiptFile, res.Receipt.Receipt); err != nil {
					return err
				}
				return c.print(analysed{res.Items, res.Cost, res.Receipt.Receipt, res.TookMS}, func(w io.Writer) {
					fmt.Fprintf(w, "Page %d counts as typed now; what was recognised is kept beside it.\n", in.Page)
					printSpent(w, res.Purpose, res.Index, res.TookMS)
				})
			})
		},
	}
	f := cmd.Flags()
	purposeFlag(cmd, &in.Purpose)
	f.IntVar(&in.Page, "page", 1, "`number` of the page")
	f.StringVar(&file, "text-file", "", "`file` with what stands on the page; - is standard input")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	return cmd
}

// typed reads a page's text.
func (c *cli) typed(file string) (string, error) {
	in := c.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", candor.Wrap(err, candor.Invalid, "The text cannot be read from %s. Check its name and permissions.", file)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, mostTypedFile))
	if err != nil {
		return "", candor.Wrap(err, candor.Invalid, "The text could not be read to its end. Nothing was changed.")
	}
	return string(data), nil
}
