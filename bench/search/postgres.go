package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresEngine is PostgreSQL of Debian: a column of tsvector under a GIN index,
// made after the rows are in, which is fastest. Its server runs on the same core.
type postgresEngine struct {
	conn   *pgx.Conn
	db     *sql.DB
	server *exec.Cmd
	rows   [][]any
}

const postgresBin = "/usr/lib/postgresql/15/bin/"

func openPostgres(ctx context.Context, dir string) (engine, error) {
	data := filepath.Join(dir, "data")
	fresh := false
	if _, err := os.Stat(data); errors.Is(err, os.ErrNotExist) {
		fresh = true
		if out, err := asPostgres(dir, "initdb", "-D", data, "-E", "UTF8", "--locale=C", "-A", "trust").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
	}
	e := &postgresEngine{server: asPostgres(dir, "postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "shared_buffers=512MB",
		"-c", "maintenance_work_mem=512MB", "-c", "max_wal_size=4GB", "-c", "jit=off", "-c", "max_parallel_workers_per_gather=0", "-c", "max_parallel_maintenance_workers=0")}
	if err := e.server.Start(); err != nil {
		return nil, err
	}
	cfg, err := pgx.ParseConfig("host=" + dir + " user=postgres dbname=postgres")
	if err != nil {
		return nil, err
	}
	for range 200 {
		if e.conn, err = pgx.ConnectConfig(ctx, cfg); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	e.db = stdlib.OpenDB(*cfg)
	if fresh {
		_, err = e.conn.Exec(ctx, "CREATE TABLE docs (id int PRIMARY KEY, kind text, part text, text text, words tsvector)")
	}
	return e, err
}

// asPostgres is a command of PostgreSQL, which root may not run.
func asPostgres(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(postgresBin+name, args...)
	u, err := user.Lookup("postgres")
	if err == nil && os.Getuid() == 0 {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		_ = os.Chmod(filepath.Dir(dir), 0o755)
		_ = os.Chown(dir, uid, gid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd
}

func (e *postgresEngine) add(ctx context.Context, d doc) error {
	e.rows = append(e.rows, []any{d.id, d.kind, d.part, strings.ToValidUTF8(d.text, "")})
	if len(e.rows) < batchDocs {
		return nil
	}
	return e.copy(ctx)
}

func (e *postgresEngine) copy(ctx context.Context) error {
	_, err := e.conn.CopyFrom(ctx, pgx.Identifier{"docs"}, []string{"id", "kind", "part", "text"}, pgx.CopyFromRows(e.rows))
	e.rows = nil
	return err
}

func (e *postgresEngine) flush(ctx context.Context) error {
	if err := e.copy(ctx); err != nil {
		return err
	}
	for _, s := range []string{
		"UPDATE docs SET words = to_tsvector('english', text)", "CREATE INDEX ON docs USING gin (words)",
	} {
		if _, err := e.conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (e *postgresEngine) settle(ctx context.Context) error {
	for _, s := range []string{"VACUUM FULL ANALYZE docs", "CHECKPOINT"} {
		if _, err := e.conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (e *postgresEngine) ask(ctx context.Context, q question) (total int64, err error) {
	var match string
	switch q.Kind {
	case "term":
		match = q.Words[0]
	case "and":
		match = strings.Join(q.Words, " & ")
	case "or", "facets", "highlights":
		match = strings.Join(q.Words, " | ")
	case "phrase":
		match = strings.Join(q.Words, " <-> ")
	case "prefix":
		match = q.Words[0] + ":*"
	default:
		return 0, errKind
	}
	const from = " FROM docs, to_tsquery('english', $1) q WHERE words @@ q"
	if err := e.db.QueryRowContext(ctx, "SELECT count(*)"+from, match).Scan(&total); err != nil {
		return 0, err
	}
	show := "''"
	if q.Kind == "highlights" {
		show = "ts_headline('english', text, to_tsquery('english', $1))"
	}
	if err := drain(e.db.QueryContext(ctx, "SELECT id, "+show+" FROM (SELECT id, text, ts_rank_cd(words, q) r"+from+" ORDER BY r DESC LIMIT 10) best", match)); err != nil {
		return 0, err
	}
	if q.Kind == "facets" {
		for _, f := range []string{"kind", "part"} {
			if err := drain(e.db.QueryContext(ctx, "SELECT "+f+", count(*) n"+from+" GROUP BY 1 ORDER BY n DESC LIMIT 20", match)); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (e *postgresEngine) close() error {
	err := errors.Join(e.db.Close(), e.conn.Close(context.Background()), e.server.Process.Signal(syscall.SIGINT))
	_ = e.server.Wait()
	return err
}
