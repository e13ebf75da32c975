package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

// searched is what `search --json` prints.
type searched struct {
	Total   int64         `json:"total"`
	Next    string        `json:"next,omitempty"`
	Hits    []searchedHit `json:"hits"`
	Facets  []wire.Facet  `json:"facets,omitempty"`
	People  int64         `json:"people,omitempty"` // with facets
	Receipt string        `json:"receipt"`
	TookMS  float64       `json:"took_ms"`
}

type searchedHit struct {
	Item    candor.ItemID     `json:"item"`
	Name    string            `json:"name"`
	Path    string            `json:"path"`
	Score   float64           `json:"score"`
	Snippet string            `json:"snippet"`
	Folded  int64             `json:"folded,omitempty"`
	Kin     map[string]string `json:"kin,omitempty"`
}

func (c *cli) searchCommand() *cobra.Command {
	var in wire.SearchRequest
	var from, to, receiptFile, batchFile string
	var asCSV, watch bool
	var save string
	var filters []string
	cmd := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search under a purpose",
		Long: `Search under a purpose. Words are joined by AND; "a phrase", pre*, fuzzy~,
AND, OR, NOT, parentheses and field:word are understood; docs/query.md and
the help page of a running server tell all. --mode semantic finds what is about
the same thing in other words (at most 200 items); --mode hybrid joins both.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if in.Like != "" || batchFile != "" {
				return noArgs(cmd, args)
			}
			return oneArg("query (in quotes if it has several words)")(cmd, args)
		},
		Example: example(
			`candor search "flood wall" --purpose p-3k7v2m9qxa`,
			`candor search '"flood wall" AND tender*' --purpose p-3k7v2m9qxa --filter type=application/pdf --limit 50`,
			`candor search "who paid for the sea defences" --purpose p-3k7v2m9qxa --mode hybrid`,
			"candor search --batch names.txt --purpose p-3k7v2m9qxa --csv",
			"candor search --like 4kq7zt2m5bw3xjd6hn8rcy9fva --purpose p-3k7v2m9qxa",
			"candor search contract --purpose p-3k7v2m9qxa --fold alike",
			`candor search harbour --purpose p-3k7v2m9qxa --from 2024 --to 2026-06 --json`,
			`candor search "harbour contract" --purpose p-3k7v2m9qxa --save "harbour contracts" --watch`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "purpose"); err != nil {
				return err
			}
			switch {
			case in.Like != "" && batchFile != "":
				return candor.Errorf(candor.Invalid, "Give --like or --batch, not both.")
			case in.Like == "" && batchFile == "":
				in.Query = args[0]
			}
			if watch && save == "" || save != "" && batchFile != "" {
				return candor.Errorf(candor.Invalid, "--watch goes with --save, and --save with one search, not with --batch.")
			}
			if asCSV && c.json {
				return candor.Errorf(candor.Invalid, "Give --csv or --json, not both.")
			}
			var queries []string
			var err error
			if batchFile != "" {
				if queries, err = queriesOf(batchFile); err != nil {
					return err
				}
			}
			if in.Filters, err = parseFilters(filters); err != nil {
				return err
			}
			if in.From, err = parseDate(from, false); err != nil {
				return err
			}
			if in.To, err = parseDate(to, true); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				if queries != nil {
					return c.searchBatch(cmd.Context(), conn, in, queries, asCSV)
				}
				res, err := conn.Search(cmd.Context(), in)
				if err != nil {
					return err
				}
				if err := c.keepReceipt(receiptFile, res.Receipt.Receipt); err != nil {
					return err
				}
				if save != "" {
					s, err := conn.SaveSearch(cmd.Context(), wire.SaveRequest{Name: save, Request: in, Watch: watch})
					if err != nil {
						return err
					}
					c.note("Kept as %s; `candor saved run %s` makes it again.", s.ID, s.ID)
				}
				if asCSV {
					return newHitTable(c.out).add(in.Query, res)
				}
				return c.print(asSearched(in, res), func(w io.Writer) { printSearch(w, in, res) })
			})
		},
	}
	f := cmd.Flags()
	purposeFlag(cmd, &in.Purpose)
	f.StringVar(&in.Mode, "mode", "", "how to search: text (by words; the default), semantic (by meaning) or hybrid (both)")
	f.StringVar((*string)(&in.Like), "like", "", "in place of a query: what is about the same as this `item`")
	f.StringVar(&batchFile, "batch", "", "in place of a query: a `file` with a query a line, each an act of its own")
	f.BoolVar(&asCSV, "csv", false, "print hits as CSV")
	f.StringVar(&in.Collection, "collection", "", "`name` of one collection of the purpose (default: all of them)")
	f.StringArrayVar(&filters, "filter", nil, "`field=value`: collection, type, language, year, people, persons, organisations, places, emails, phones, ibans, dates, money, urls, identifiers, areas, condition, name, path, alike, thread or family (repeatable)")
	f.StringVar(&from, "from", "", "earliest `date` of the content: 2026, 2026-11 or 2026-11-23")
	f.StringVar(&to, "to", "", "latest `date` of the content, inclusive")
	f.StringSliceVar(&in.Translate, "translate", nil, "look for the words in these `languages` too, such as de,uk; the translator that is set up is told them")
	f.StringVar(&in.Fold, "fold", "", "show only the best of results that belong together: `way` is alike (near duplicates), thread or family")
	f.BoolVar(&in.Facets, "facets", false, "count what the results have in common: kinds, years, people, places and so on")
	f.IntVar(&in.Limit, "limit", 20, "most hits `shown`; at most 100")
	f.IntVar(&in.Offset, "offset", 0, "`hits` to skip")
	f.StringVar(&in.After, "after", "", "go on from `next` of the page before, as --json gives it: any depth, no slower")
	f.StringVar(&in.Sort, "sort", "relevance", "`order`: relevance, date-desc or date-asc")
	f.StringVar(&save, "save", "", "keep the search under a `name`, to make it again (candor saved)")
	f.BoolVar(&watch, "watch", false, "with --save: have the server count new items, at most once an hour, each time by an act of yours")
	f.StringVar(&receiptFile, "receipt", "", "write the receipt to a `file`")
	return cmd
}

func purposeFlag(cmd *cobra.Command, p *candor.PurposeID) {
	cmd.Flags().StringVar((*string)(p), "purpose", "", "the `purpose` under which to act")
}

// asSearched tells what a hit belongs to only where results are folded by it.
func asSearched(in wire.SearchRequest, res wire.SearchResult) searched {
	out := searched{Total: res.Total, Next: res.Next, Hits: []searchedHit{}, Facets: res.Facets, Receipt: res.Receipt.Receipt, TookMS: res.TookMS}
	if len(res.Facets) > 0 {
		out.People = res.People
	}
	for _, h := range res.Hits {
		hit := searchedHit{Item: h.Item, Name: h.Name, Path: h.Path, Score: h.Score, Snippet: h.Snippet, Folded: h.Folded}
		if in.Fold != "" {
			hit.Kin = h.Kin
		}
		out.Hits = append(out.Hits, hit)
	}
	return out
}

func printSearch(w io.Writer, in wire.SearchRequest, res wire.SearchResult) {
	fmt.Fprintf(w, "%s found for: %s\n", counted(res.Total, "item", "items"), res.Meaning)
	for i, h := range res.Hits {
		fmt.Fprintf(w, "\n%3d. %s  %s\n     %s\n", int(res.Before)+i+1, printable(h.Name), h.Item, printable(h.Path))
		if h.Folded > 0 {
			fmt.Fprintf(w, "     and %s: --filter %s=%s\n", counted(h.Folded, "other that belongs to it", "others that belong to it"), in.Fold, h.Kin[in.Fold])
		}
		for _, s := range h.Snippets {
			fmt.Fprintf(w, "     %s%s\n", printable(s.Text), pageOf(s))
		}
	}
	printFacets(w, res)
	printSpent(w, res.Purpose, res.Index, res.TookMS)
	switch {
	case !res.More:
	case in.After != "":
		fmt.Fprintf(w, "More with --after %s\n", res.Next)
	default:
		fmt.Fprintf(w, "More with --offset %d.\n", in.Offset+len(res.Hits))
	}
}

// printFacets prints the values that are counted, five of each field.
func printFacets(w io.Writer, res wire.SearchResult) {
	if len(res.Facets) > 0 {
		fmt.Fprintf(w, "\nThe results name %s.\n", counted(res.People, "person", "people"))
	}
	for _, f := range res.Facets {
		for i, v := range f.Values[:min(5, len(f.Values))] {
			name := ""
			if i == 0 {
				name = f.Field
			}
			fmt.Fprintf(w, "%-14s %7d  %s\n", name, v.Count, printable(v.Value))
		}
		if f.Hidden {
			fmt.Fprintf(w, "%-14s          (smaller counts are left out by the terms)\n", "")
		}
	}
}

// printSpent ends what an act under a purpose tells.
func printSpent(w io.Writer, p wire.Purpose, index int64, tookMS float64) {
	fmt.Fprintf(w, "\n%s has been shown %d of its %d items. Recorded as number %d of the log (%.1f ms).\n", p.ID, p.Covered, p.Coverage, index, tookMS)
}

// pageOf says on which page a snippet stands, if the item has pages, and that it
// is quoted.
func pageOf(s wire.Snippet) string {
	switch {
	case s.Quoted:
		return " (quoted from another message)"
	case s.Page == 0:
		return ""
	}
	return fmt.Sprintf(" (page %d)", s.Page)
}

// printable keeps what a file says from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || (r >= 0x7f && r < 0xa0) || r == '\u202e' || r == '\u202d' || (r >= '\u2066' && r <= '\u2069'):
			return '\ufffd'
		}
		return r
	}, text)
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// keepReceipt writes a receipt to a file, if one was named.
func (c *cli) keepReceipt(file, receipt string) error {
	if file == "" {
		return nil
	}
	return writeFile(file, []byte(receipt))
}

func parseFilters(filters []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, f := range filters {
		field, value, ok := strings.Cut(f, "=")
		if !ok || field == "" || value == "" {
			return nil, candor.Errorf(candor.Invalid, "%q is not a filter. Write such as --filter type=application/pdf.", f)
		}
		out[field] = append(out[field], value)
	}
	return out, nil
}

// parseDate reads a year, a month or a day (UTC). For an upper bound it returns
// the first moment after it.
func parseDate(text string, upper bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {"2006-01-02", 0, 0, 1}} {
		t, err := time.Parse(form.layout, text)
		if err != nil {
			continue
		}
		if upper {
			t = t.AddDate(form.years, form.months, form.days)
		}
		return t, nil
	}
	return time.Time{}, candor.Errorf(candor.Invalid, "%q is not a date. Write such as 2026, 2026-11 or 2026-11-23.", text)
}
