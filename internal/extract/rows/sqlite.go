// Package rows reads files that hold tables: SQLite databases and dBASE files.
// Every table is read under its name, a line a row, tabs between columns, so
// that what stands together in a row is found together.
package rows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs/readervfs"

	"candor"
	"candor/internal/extract/kind"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

const (
	longestValue = 64 << 20 // bytes of one value that SQLite may hold
	heap         = 128 << 20
	outOfMemory  = "sqlite3: out of memory"
	leastBlob    = 64 // bytes of a blob that can be a file
)

// section is a source as SQLite reads it.
type section struct{ *io.SectionReader }

func (s section) Size() (int64, error) { return s.SectionReader.Size(), nil }

// SQLite reads a database: its tables in the order in which they were made, and
// files that stand in it as blobs as parts. What a database can carry to be run
// is not run: no views, no virtual tables, no triggers, and no functions in its
// schema but SQLite's own harmless ones. A write-ahead log beside it is another file and not
// read. The error is the sink's.
func SQLite(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	db := &database{sink: sink, w: plain.NewWriter(sink), reading: &reading}
	readervfs.Create("source", section{io.NewSectionReader(src, 0, src.Size)})
	defer readervfs.Delete("source")
	if err := db.open(); err != nil {
		reading.Condition, reading.Reason = candor.Failed, "the database cannot be opened: "+reason(err)
		return reading, nil
	}
	defer db.c.Close()
	tables, err := db.tables()
	if err != nil {
		reading.Condition, reading.Reason = candor.Failed, "the list of its tables cannot be read: "+reason(err)
		return reading, nil
	}
	for _, t := range tables {
		if err := db.table(t); err != nil {
			return reading, err
		}
	}
	if err := db.w.Close(); err != nil {
		return reading, err
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "db:Tables", Value: fmt.Sprint(len(tables))},
		candor.Field{Name: "db:Rows", Value: fmt.Sprint(db.rows)})
	reading.Language = db.w.Language()
	return reading, nil
}

type database struct {
	c       *sqlite3.Conn
	sink    candor.Sink
	w       *plain.Writer
	reading *candor.Reading
	rows    int64
}

func (d *database) open() error {
	c, err := sqlite3.OpenContext(context.Background(), "file:source?vfs=reader&mode=ro&immutable=1")
	if err != nil {
		return err
	}
	for op, on := range map[sqlite3.DBConfig]bool{sqlite3.DBCONFIG_DEFENSIVE: true, sqlite3.DBCONFIG_TRUSTED_SCHEMA: false,
		sqlite3.DBCONFIG_ENABLE_TRIGGER: false, sqlite3.DBCONFIG_ENABLE_VIEW: false} {
		if _, err := c.Config(op, on); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	c.Limit(sqlite3.LIMIT_LENGTH, longestValue)
	c.Limit(sqlite3.LIMIT_ATTACHED, 0)
	c.HardHeapLimit(heap)
	d.c = c
	return nil
}

// tables lists the ordinary tables in the order in which they were made.
func (d *database) tables() ([]string, error) {
	var found []string
	err := d.each(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid`, func(s *sqlite3.Stmt) error {
		found = append(found, s.ColumnText(0))
		return nil
	})
	return found, err
}

// each runs a query. The error is the database's or that of do. The library
// panics where SQLite has no memory left, which here means its own limit.
func (d *database) each(query string, do func(*sqlite3.Stmt) error) (err error) {
	defer func() {
		if p := recover(); fmt.Sprint(p) == outOfMemory {
			err = sqlite3.NOMEM
		} else if p != nil {
			panic(p)
		}
	}()
	s, _, err := d.c.Prepare(query)
	if err != nil {
		return err
	}
	defer s.Close()
	for s.Step() {
		if err := do(s); err != nil {
			return err
		}
	}
	return s.Err()
}

// table reads one table; the error is the sink's.
func (d *database) table(title string) error {
	d.w.Line()
	_, _ = d.w.WriteString(title + "\n")
	var fault error
	head := false
	err := d.each(`SELECT * FROM "`+strings.ReplaceAll(title, `"`, `""`)+`"`, func(s *sqlite3.Stmt) error {
		if !head {
			head = true
			d.heading(s)
		}
		d.rows++
		fault = d.row(s, title)
		return fault
	})
	if fault == nil && err != nil {
		d.reading.Lack(fmt.Sprintf("the table %q could not be read to its end: %s", title, reason(err)))
	}
	return fault
}

func (d *database) heading(s *sqlite3.Stmt) {
	names := make([]string, s.ColumnCount())
	for i := range names {
		names[i] = s.ColumnName(i)
	}
	_, _ = d.w.WriteString(strings.Join(names, "\t") + "\n")
}

func (d *database) row(s *sqlite3.Stmt, table string) error {
	for i := range s.ColumnCount() {
		if i > 0 {
			_, _ = d.w.WriteString("\t")
		}
		if s.ColumnType(i) != sqlite3.BLOB {
			_, _ = d.w.WriteString(oneLine(s.ColumnText(i)))
			continue
		}
		if err := d.blob(s.ColumnRawBlob(i), fmt.Sprintf("%s/%s-%d", table, s.ColumnName(i), d.rows)); err != nil {
			return err
		}
	}
	_, _ = d.w.WriteString("\n")
	return d.w.Err()
}

// blob hands on a blob that is a file of a known kind, and says where it stands.
func (d *database) blob(b []byte, place string) error {
	typ, text := kind.DetectHead(b[:min(len(b), plain.HeadSize)], "")
	switch {
	case text && !bytes.ContainsRune(b, 0):
		_, _ = d.w.WriteString(oneLine(string(b)))
		return nil
	case typ == kind.Unknown || typ == kind.Empty || len(b) < leastBlob:
		return nil
	}
	place = name.Clean(place)
	_, _ = d.w.WriteString("[" + place + "]")
	return d.sink.Part(candor.Place{Path: place}, bytes.NewReader(b))
}

var breaks = strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ")

// oneLine keeps a value in its row.
func oneLine(s string) string { return breaks.Replace(s) }

// reason says in a few words what SQLite complains of.
func reason(err error) string {
	switch {
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.NOTADB):
		return "it is damaged, cut short or encrypted"
	case errors.Is(err, sqlite3.NOMEM), errors.Is(err, sqlite3.TOOBIG):
		return "a value in it is too large"
	}
	return strings.TrimPrefix(err.Error(), "sqlite3: ")
}
