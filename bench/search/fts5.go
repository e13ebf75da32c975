package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // registers the driver for database/sql
)

// fts5Engine is SQLite's FTS5, contentless but for highlights, which need a
// table of the texts. Facets are a GROUP BY over the matches.
type fts5Engine struct {
	db   *sql.DB
	tx   *sql.Tx
	held int
}

func openFTS5(ctx context.Context, dir string) (engine, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "fts.db"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-65536",
		"CREATE TABLE IF NOT EXISTS docs (id INTEGER PRIMARY KEY, kind TEXT, part TEXT, text TEXT)",
		"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='docs', content_rowid='id', tokenize='porter unicode61')",
	} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return nil, err
		}
	}
	return &fts5Engine{db: db}, nil
}

func (e *fts5Engine) add(ctx context.Context, d doc) (err error) {
	if e.tx == nil {
		if e.tx, err = e.db.BeginTx(ctx, nil); err != nil {
			return err
		}
	}
	if _, err := e.tx.ExecContext(ctx, "INSERT INTO docs VALUES (?,?,?,?)", d.id, d.kind, d.part, d.text); err != nil {
		return err
	}
	if _, err := e.tx.ExecContext(ctx, "INSERT INTO words(rowid, text) VALUES (?,?)", d.id, d.text); err != nil {
		return err
	}
	if e.held++; e.held < batchDocs {
		return nil
	}
	return e.flush(ctx)
}

func (e *fts5Engine) flush(context.Context) error {
	if e.tx == nil {
		return nil
	}
	err := e.tx.Commit()
	e.tx, e.held = nil, 0
	return err
}

func (e *fts5Engine) settle(ctx context.Context) error {
	_, err := e.db.ExecContext(ctx, "INSERT INTO words(words) VALUES ('optimize')")
	return err
}

func (e *fts5Engine) ask(ctx context.Context, q question) (total int64, err error) {
	quoted := make([]string, len(q.Words))
	for i, w := range q.Words {
		quoted[i] = `"` + w + `"`
	}
	var match string
	switch q.Kind {
	case "term":
		match = quoted[0]
	case "and":
		match = strings.Join(quoted, " AND ")
	case "or", "facets", "highlights":
		match = strings.Join(quoted, " OR ")
	case "phrase":
		match = `"` + strings.Join(q.Words, " ") + `"`
	case "near":
		match = "NEAR(" + strings.Join(quoted, " ") + ", 5)"
	case "prefix":
		match = quoted[0] + "*"
	default:
		return 0, errKind
	}
	if err := e.db.QueryRowContext(ctx, "SELECT count(*) FROM words WHERE words MATCH ?", match).Scan(&total); err != nil {
		return 0, err
	}
	show := "''"
	if q.Kind == "highlights" {
		show = "snippet(words, 0, '[', ']', '…', 32)"
	}
	if err := drain(e.db.QueryContext(ctx, "SELECT rowid, "+show+" FROM words WHERE words MATCH ? ORDER BY rank LIMIT 10", match)); err != nil {
		return 0, err
	}
	if q.Kind == "facets" {
		for _, f := range []string{"kind", "part"} {
			err = drain(e.db.QueryContext(ctx, "SELECT "+f+", count(*) AS n FROM docs WHERE id IN (SELECT rowid FROM words WHERE words MATCH ?) GROUP BY 1 ORDER BY n DESC LIMIT 20", match))
			if err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// drain reads rows of two columns to their end.
func drain(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b any
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (e *fts5Engine) close() error { return e.db.Close() }
