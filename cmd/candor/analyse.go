package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// analysed is what `analyse --json` prints.
type analysed struct {
	Items   []wire.Analysed `json:"items"`
	Cost    wire.Cost       `json:"cost"`
	Receipt string          `json:"receipt"` // of the last act
	TookMS  float64         `json:"took_ms"`
}

// analysedAtOnce is how many items one act has: what was done stays done when a
// later act fails, or is interrupted.
const analysedAtOnce = 100

func (c *cli) analyseCommand() *cobra.Command {
	var in wire.AnalyseRequest
	var passwordFile, receiptFile string
	var limit int
	var background bool
	cmd := &cobra.Command{
		Use: "analyse QUERY|ITEM...", Aliases: []string{"analyze"},
		Short: "Read items again with a password or in other languages, translate or index them anew",
		Long: `Read items again and put what is read in place of what was read before: encrypted
files (PDF, zip, 7-Zip, RAR, Office since 2007) with their password, pictures of pages in other languages. The purpose
must allow it (--act analyse), and the items count as shown. The password is read
from a file, or from $CANDOR_ITEM_PASSWORD, and kept nowhere. If reading fails now
and did not before, what was read before stays. What is found inside for the first
time becomes items, if you may add to the collection.

--translate has the texts put into a language by the translator that is set up
(CANDOR_TRANSLATE_URL and the like of the server). The translation is a layer of the item,
searched with it and marked as made by a machine. --reindex finds anew what texts
name, and places them in meaning anew.

--estimate tells what it would cost at most (pages, sound, text, and which model is
told them) and does nothing else. Afterwards the cost as it was is told. Of many
items 100 are one act; interrupted, it goes on with the rest when it is run again for
those that are left (condition:encrypted), or passes over what is translated.

--background has the server do it by itself, up to 10,000 items, after a restart too:
candor jobs tells how far it is. A password is kept nowhere, so that no job has one.`,
		Args: someArgs("query or item"),
		Example: example(
			"candor analyse condition:encrypted --purpose p-3k7v2m9qxa --password-file password.txt",
			`candor analyse 'type:image' --purpose p-3k7v2m9qxa --ocr deu+eng --limit 50`,
			"candor analyse language:uk --purpose p-3k7v2m9qxa --translate en --estimate",
			"candor analyse language:uk --purpose p-3k7v2m9qxa --translate en --limit 10000 --background",
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
				groups, err := toAnalyse(cmd.Context(), conn, in.Purpose, args, limit)
				if err != nil {
					return err
				}
				if background {
					return c.beginJob(cmd.Context(), conn, in, groups)
				}
				res, err := c.analyseAll(cmd.Context(), conn, in, groups, receiptFile)
				if err != nil {
					return err
				}
				return c.print(analysed{res.Items, res.Cost, res.Receipt.Receipt, res.TookMS}, func(w io.Writer) { printAnalysis(w, in, res) })
			})
		},
	}
	f := cmd.Flags()
	purposeFlag(cmd, &in.Purpose)
	f.StringVar(&in.OCR, "ocr", "", "`languages` of pictures with text, such as eng+deu, or off (default: English and two more that tesseract has)")
	f.StringVar(&in.Translate, "translate", "", "translate the texts into a `language`, such as en, instead of reading them again")
	f.BoolVar(&in.Reindex, "reindex", false, "find anew what texts name, and place them in meaning anew, instead of reading them again")
	f.BoolVar(&in.Estimate, "estimate", false, "tell what it would cost at most, and do nothing")
	f.BoolVar(&background, "background", false, "have the server do it by itself, and return at once")
	f.StringVar(&passwordFile, "password-file", "", "`file` with the password that opens the items")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	f.IntVar(&limit, "limit", 100, "for a query: most `items`, best first")
	return cmd
}

// toAnalyse are the items asked for, in acts: each of one collection, and of not
// too many.
func toAnalyse(ctx context.Context, conn *connection, purpose candor.PurposeID, args []string, limit int) ([][]candor.ItemID, error) {
	items, err := chosenIn(ctx, conn, purpose, args, limit)
	if err != nil {
		return nil, err
	}
	var groups [][]candor.ItemID
	for _, collection := range slices.Sorted(maps.Keys(items)) {
		groups = slices.AppendSeq(groups, slices.Chunk(items[collection], analysedAtOnce))
	}
	return groups, nil
}

// analyseAll makes the acts one after the other, and adds up what came of them.
func (c *cli) analyseAll(ctx context.Context, conn *connection, in wire.AnalyseRequest, groups [][]candor.ItemID, receiptFile string) (all wire.Analysis, err error) {
	total := 0
	for _, g := range groups {
		total += len(g)
	}
	c.note("%s %s.", doing(in), counted(int64(total), "item", "items"))
	for i, group := range groups {
		in.Items = group
		res, err := conn.Analyse(ctx, in)
		if err != nil {
			if len(all.Items) > 0 {
				c.note("%d of %d items were done before, and stay so.", len(all.Items), total)
			}
			return all, err
		}
		items, cost := append(all.Items, res.Items...), sumOf(all.Cost, res.Cost)
		took := all.TookMS + res.TookMS
		all = res
		all.Items, all.Cost, all.TookMS = items, cost, took
		file := receiptFile
		if file != "" && i > 0 {
			file += "." + strconv.Itoa(i+1)
		}
		if err := c.keepReceipt(file, res.Receipt.Receipt); err != nil {
			return all, err
		}
		if len(groups) > 1 && !in.Estimate {
			c.note("%d of %d items done.", len(all.Items), total)
		}
	}
	return all, nil
}

func doing(in wire.AnalyseRequest) string {
	switch {
	case in.Estimate:
		return "Estimating"
	case in.Translate != "":
		return "Translating"
	case in.Reindex:
		return "Indexing anew"
	}
	return "Reading again"
}

func sumOf(a, b wire.Cost) wire.Cost {
	return wire.Cost{Items: a.Items + b.Items, Pages: a.Pages + b.Pages, Sound: a.Sound + b.Sound, Text: a.Text + b.Text, Model: cmp.Or(a.Model, b.Model)}
}

// printCost says what it takes, or took.
func printCost(w io.Writer, in wire.AnalyseRequest, cost wire.Cost) {
	var parts []string
	if cost.Pages > 0 {
		parts = append(parts, counted(cost.Pages, "page", "pages")+" of pictures")
	}
	if cost.Sound > 0 {
		parts = append(parts, candor.TimeCode(time.Duration(cost.Sound*float64(time.Second)))+" of sound")
	}
	if cost.Text > 0 {
		parts = append(parts, size(cost.Text)+" of text")
	}
	if len(parts) == 0 {
		parts = []string{"nothing but the reading itself"}
	}
	what := strings.Join(parts, ", ")
	switch {
	case in.Estimate:
		fmt.Fprintf(w, "For %s at most %s.", counted(cost.Items, "item", "items"), what)
	default:
		fmt.Fprintf(w, "It took %s.", what)
	}
	if cost.Model != "" {
		fmt.Fprintf(w, " Told to %s.", printable(cost.Model))
	}
	if in.Estimate {
		fmt.Fprint(w, " Nothing was done.")
	}
	fmt.Fprintln(w)
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
		case in.Reindex:
			what = "indexed anew"
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
	printCost(w, in, res.Cost)
	printSpent(w, res.Purpose, res.Index, res.TookMS)
}
