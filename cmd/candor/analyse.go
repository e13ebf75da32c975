package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// analysed is what `analyse --json` prints.
type analysed struct {
	Items   []wire.Analysed `json:"items"`
	Receipt string          `json:"receipt"`
	TookMS  float64         `json:"took_ms"`
}

func (c *cli) analyseCommand() *cobra.Command {
	var in wire.AnalyseRequest
	var passwordFile, receiptFile string
	var limit int
	cmd := &cobra.Command{
		Use: "analyse QUERY|ITEM...", Aliases: []string{"analyze"},
		Short: "Read items again with a password or in other languages, or translate them",
		Long: `Read items again and put what is read in place of what was read before: encrypted
files (PDF, zip, 7-Zip, RAR, Office since 2007) with their password, pictures of pages in other languages. The purpose
must allow it (--act analyse), and the items count as shown. The password is read
from a file, or from $CANDOR_ITEM_PASSWORD, and kept nowhere. If reading fails now
and did not before, what was read before stays. What is found inside for the first
time becomes items, if you may add to the collection.

--translate has the texts put into a language by the translator that is set up
(CANDOR_TRANSLATE_URL and the like of the server). The translation is a layer of the item,
searched with it and marked as made by a machine.`,
		Args: someArgs("query or item"),
		Example: example(
			"candor analyse condition:encrypted --purpose p-3k7v2m9qxa --password-file password.txt",
			`candor analyse 'type:image' --purpose p-3k7v2m9qxa --ocr deu+eng --limit 50`,
			"candor analyse language:uk --purpose p-3k7v2m9qxa --translate en",
			"candor analyse 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa --ocr off"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose"); err != nil {
				return err
			}
			var err error
			if in.Password, err = c.itemPassword(passwordFile); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				if in.Items, err = chosen(cmd.Context(), conn, in.Purpose, args, limit); err != nil {
					return err
				}
				if in.Translate != "" {
					c.note("Translating %s.", counted(int64(len(in.Items)), "item", "items"))
				} else {
					c.note("Reading %s again.", counted(int64(len(in.Items)), "item", "items"))
				}
				res, err := conn.Analyse(cmd.Context(), in)
				if err != nil {
					return err
				}
				if err := c.keepReceipt(receiptFile, res.Receipt.Receipt); err != nil {
					return err
				}
				return c.print(analysed{res.Items, res.Receipt.Receipt, res.TookMS}, func(w io.Writer) { printAnalysis(w, in, res) })
			})
		},
	}
	f := cmd.Flags()
	purposeFlag(cmd, &in.Purpose)
	f.StringVar(&in.OCR, "ocr", "", "`languages` of pictures with text, such as eng+deu, or off (default: English and two more that tesseract has)")
	f.StringVar(&in.Translate, "translate", "", "translate the texts into a `language`, such as en, instead of reading them again")
	f.StringVar(&passwordFile, "password-file", "", "`file` with the password that opens the items")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	f.IntVar(&limit, "limit", 100, "for a query: most `items`, best first; at most 500")
	return cmd
}

// itemPassword is the first line of a file, or of the environment.
func (c *cli) itemPassword(file string) (string, error) {
	if file == "" {
		return c.env("CANDOR_ITEM_PASSWORD"), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", candor.Wrap(err, candor.Invalid, "The password cannot be read from %s. Check its name and permissions.", file)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimRight(line, "\r"), nil
}

func printAnalysis(w io.Writer, in wire.AnalyseRequest, res wire.Analysis) {
	for _, it := range res.Items {
		what := string(it.Condition)
		switch {
		case in.Translate != "" && it.Kept:
			what = "nothing to translate"
		case in.Translate != "":
			what = "translated into " + in.Translate
		case it.Kept:
			what = "could not be read so; what was read before stays"
		case it.Was != it.Condition:
			what = fmt.Sprintf("%s, was %s", it.Condition, it.Was)
		}
		fmt.Fprintf(w, "%s  %s: %s, %s of text\n", it.Item, printable(it.Name), what, size(it.TextSize))
		if it.Reason != "" {
			fmt.Fprintf(w, "     %s\n", printable(it.Reason))
		}
		if it.Found > 0 {
			fmt.Fprintf(w, "     %s inside, new to the collection\n", counted(it.Found, "item", "items"))
		}
	}
	printSpent(w, res.Purpose, res.Index, res.TookMS)
}
