package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// answered is what `ask --json` prints.
type answered struct {
	Model     string          `json:"model"` // what wrote the sentences; "" where no model is set up
	Sentences []wire.Sentence `json:"sentences,omitempty"`
	Note      string          `json:"note,omitempty"` // why there is no answer, though a model is set up
	Total     int64           `json:"total"`
	Passages  []passage       `json:"passages"`
	Receipt   string          `json:"receipt"`
	TookMS    float64         `json:"took_ms"`
}

type passage struct {
	Item candor.ItemID `json:"item"`
	Name string        `json:"name"`
	Path string        `json:"path"`
	Page int           `json:"page,omitempty"`
	Text string        `json:"text"`
}

func (c *cli) askCommand() *cobra.Command {
	var in wire.AskRequest
	var receiptFile string
	cmd := &cobra.Command{
		Use:   "ask QUESTION",
		Short: "Find the passages that fit a question, under a purpose",
		Long: `Ask a question in your own words. You get the passages that fit the question best,
with their items, or are told that nothing under the purpose fits. If a language
model is set up (CANDOR_CHAT_URL and CANDOR_CHAT_MODEL of the server), it answers
from those passages alone, sentence by sentence as it goes, and each of its sentences names those it rests on;
what it was given is in the record's sealed details. Asking is an act of its own,
which the purpose must allow (--act ask), and what it shows counts as a search's results do.`,
		Args:    oneArg("question (in quotes)"),
		Example: example(`candor ask "Who paid for the flood wall?" --purpose p-3k7v2m9qxa`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose"); err != nil {
				return err
			}
			in.Question = args[0]
			return c.with(cmd.Context(), func(conn *connection) error {
				told := 0
				res, err := conn.AskAloud(cmd.Context(), in, func(line wire.AnswerLine) {
					if line.Sentence != nil && !c.json {
						told++
						fmt.Fprintf(c.out, "%s %v\n", printable(line.Sentence.Text), line.Sentence.Passages)
					}
				})
				if err != nil {
					return err
				}
				if err := c.keepReceipt(receiptFile, res.Receipt.Receipt); err != nil {
					return err
				}
				return c.print(asAnswered(res), func(w io.Writer) { printAnswer(w, res, told) })
			})
		},
	}
	f := cmd.Flags()
	purposeFlag(cmd, &in.Purpose)
	f.StringVar(&in.Collection, "collection", "", "`name` of one collection of the purpose (default: all of them)")
	f.IntVar(&in.Limit, "limit", 5, "most `items` with passages; at most 20")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	return cmd
}

func asAnswered(res wire.Answer) answered {
	out := answered{Model: res.Model, Sentences: res.Sentences, Note: res.Note, Total: res.Total, Passages: []passage{}, Receipt: res.Receipt.Receipt, TookMS: res.TookMS}
	for _, h := range res.Hits {
		for _, s := range h.Snippets {
			out.Passages = append(out.Passages, passage{h.Item, h.Name, h.Path, s.Page, s.Text})
		}
	}
	return out
}

// printSentences says what a model answered, but for the sentences that were told
// already, or why there is no answer.
func printSentences(w io.Writer, res wire.Answer, told int) {
	switch {
	case res.Total == 0:
		fmt.Fprintf(w, "Not in the archive: nothing under %s fits this question.\n", res.Purpose.ID)
	case res.Model == "":
		fmt.Fprintln(w, "No model was asked, so this is no answer but the passages that fit best. Looked for:", res.Meaning)
	case res.Note != "":
		fmt.Fprintf(w, "%s These are the passages that fit best.\n", res.Note)
	case len(res.Sentences) == 0:
		fmt.Fprintf(w, "%s finds no answer in the passages that fit best.\n", printable(res.Model))
	default:
		for _, s := range res.Sentences[min(told, len(res.Sentences)):] {
			fmt.Fprintf(w, "%s %v\n", printable(s.Text), s.Passages)
		}
		fmt.Fprintf(w, "\nWritten by %s from the passages below; check them.\n", printable(res.Model))
	}
	if res.Dropped > 0 {
		fmt.Fprintf(w, "%s left out that named no passage.\n", counted(int64(res.Dropped), "sentence was", "sentences were"))
	}
}

func printAnswer(w io.Writer, res wire.Answer, told int) {
	printSentences(w, res, told)
	n := 0
	for i, h := range res.Hits {
		fmt.Fprintf(w, "\n%3d. %s  %s\n", i+1, printable(h.Name), h.Item)
		for _, s := range h.Snippets {
			n++
			fmt.Fprintf(w, "     [%d] “%s”%s\n", n, printable(s.Text), pageOf(s))
		}
	}
	printSpent(w, res.Purpose, res.Index, res.TookMS)
}
