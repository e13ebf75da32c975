package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/table"
	"candor/internal/wire"
)

// batched is what `search --batch FILE --json` prints for each query, on a line.
type batched struct {
	Query string `json:"query"`
	searched
}

// queriesOf reads a file with a query a line; empty lines and those that begin
// with # are none.
func queriesOf(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The queries cannot be read from %s. Check its name and permissions.", name)
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		if q := strings.TrimSpace(s.Text()); q != "" && !strings.HasPrefix(q, "#") {
			out = append(out, q)
		}
	}
	if err := s.Err(); err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The queries cannot be read from %s: it is no text with a query a line.", name)
	}
	if len(out) == 0 {
		return nil, candor.Errorf(candor.Invalid, "There is no query in %s. Write one a line.", name)
	}
	return out, nil
}

// searchBatch runs one search after the other, each an act of its own. It ends
// with the first that is refused or fails, and says how far it came: what the
// terms refuse once, they are not asked again a thousand times.
func (c *cli) searchBatch(ctx context.Context, conn *connection, in wire.SearchRequest, queries []string, asCSV bool) error {
	table := newHitTable(c.out)
	for i, q := range queries {
		in.Query = q
		res, err := conn.Search(ctx, in)
		if err == nil {
			switch {
			case c.json:
				err = json.NewEncoder(c.out).Encode(batched{q, asSearched(in, res)})
			case asCSV:
				err = table.add(q, res)
			default:
				printSearch(c.out, in, res)
				_, err = io.WriteString(c.out, "\n")
			}
		}
		if err != nil {
			c.note("%d of %d queries were run; number %d, %q, was not.", i, len(queries), i+1, printable(q))
			return err
		}
	}
	return nil
}

// hitTable writes hits as CSV, a line each, under a head.
type hitTable struct {
	w     *table.Writer
	begun bool
}

func newHitTable(w io.Writer) *hitTable { return &hitTable{w: table.New(w)} }

func (t *hitTable) add(query string, res wire.SearchResult) error {
	if !t.begun {
		t.begun = true
		if err := t.w.Write([]string{"query", "item", "name", "path", "collection", "type", "date", "score", "snippet", "record"}); err != nil {
			return err
		}
	}
	for _, h := range res.Hits {
		date := ""
		if !h.Date.IsZero() {
			date = h.Date.Format(time.DateOnly)
		}
		row := []string{query, string(h.Item), h.Name, h.Path, h.Collection, h.Type, date, strconv.FormatFloat(h.Score, 'f', 4, 64), h.Snippet,
			strconv.FormatInt(res.Index, 10)}
		if err := t.w.Write(row); err != nil {
			return err
		}
	}
	return nil
}
