// Package table writes tables as CSV (RFC 4180) for spreadsheets. No cell is
// taken for a formula: what files and people say must not compute anything on
// the desk of who reads about it.
package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// Writer writes rows. Not safe for concurrent use.
type Writer struct{ csv *csv.Writer }

// New returns a writer to w, which is not closed.
func New(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// Write writes rows through to the underlying writer.
func (t *Writer) Write(rows ...[]string) error {
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = inert(v)
		}
		if err := t.csv.Write(cells); err != nil {
			return err
		}
	}
	t.csv.Flush()
	return t.csv.Error()
}

// inert puts a quote before what a spreadsheet would compute.
func inert(v string) string {
	if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
		return "'" + v
	}
	return v
}
