package rows

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

type gathered struct {
	text  strings.Builder
	parts map[string][]byte
}

func (g *gathered) Text(p []byte) error { g.text.Write(p); return nil }

func (g *gathered) Part(p candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	if g.parts == nil {
		g.parts = map[string][]byte{}
	}
	g.parts[p.Path] = data
	return err
}

func from(data []byte) candor.Source {
	return candor.Source{Name: "x", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func messages() []byte {
	return fixture.SQLite(fmt.Sprintf(`
		CREATE TABLE chat (id INTEGER PRIMARY KEY, who TEXT, "what was said" TEXT, picture BLOB, raw BLOB);
		INSERT INTO chat VALUES (1, 'Ama', 'meet at'||char(10)||'the pier', x'%x', x'00010203'), (2, 'René', NULL, NULL, NULL);
		CREATE VIEW everything AS SELECT * FROM chat;
		CREATE TABLE "odd ""name""" (n);
		INSERT INTO "odd ""name""" VALUES (1.5);
		CREATE TABLE bare (empty);
		PRAGMA journal_mode = WAL;`, fixture.Image("png", 8, 8)))
}

func TestDatabase(t *testing.T) {
	var g gathered
	r, err := SQLite(from(messages()), "application/vnd.sqlite3", &g)
	if err != nil || r.Condition != candor.Done {
		t.Fatalf("%s (%s), %v", r.Condition, r.Reason, err)
	}
	const want = "chat\nid\twho\twhat was said\tpicture\traw\n1\tAma\tmeet at the pier\t[chat/picture-1]\t\n2\tRené\t\t\t\nodd \"name\"\nn\n1.5\nbare\n"
	if g.text.String() != want {
		t.Errorf("the text is %q", g.text.String())
	}
	if len(g.parts) != 1 || !bytes.HasPrefix(g.parts["chat/picture-1"], []byte("\x89PNG")) {
		t.Errorf("the parts are %v", g.parts)
	}
}

// A database is data, and some of it is made to be run.
func TestDatabaseRunsNothing(t *testing.T) {
	hostile := fixture.SQLite(`
		CREATE TABLE a (x, y GENERATED ALWAYS AS (hex(zeroblob(40000000))));
		INSERT INTO a (x) VALUES ('before');
		CREATE TABLE b (x);
		INSERT INTO b VALUES ('after');`)
	var g gathered
	r, err := SQLite(from(hostile), "x", &g)
	if err != nil || r.Condition != candor.Partial || !strings.Contains(r.Reason, `"a"`) || !strings.Contains(g.text.String(), "after") {
		t.Errorf("a column that grows: %s (%s), %v, text %q", r.Condition, r.Reason, err, g.text.String())
	}
	whole := messages()
	for name, data := range map[string][]byte{"cut": whole[:5000], "only a head": whole[:100], "noise": append(whole[:100:100], bytes.Repeat([]byte{7}, 9000)...)} {
		if r, err := SQLite(from(data), "x", &gathered{}); err != nil || r.Condition == candor.Done || r.Reason == "" {
			t.Errorf("%s: %s (%s), %v", name, r.Condition, r.Reason, err)
		}
	}
}

func TestTableCutShort(t *testing.T) {
	whole := fixture.DBF("one", "two", "three")
	var g gathered
	r, err := DBF(from(whole[:len(whole)-30]), "x", &g)
	if err != nil || r.Condition != candor.Partial || r.Reason != "it states 3 rows and holds 2: it is cut short" || !strings.Contains(g.text.String(), "two") {
		t.Errorf("%s (%s), %v, text %q", r.Condition, r.Reason, err, g.text.String())
	}
	whole[10] = 3 // rows too narrow for their columns
	if r, _ := DBF(from(whole), "x", &g); r.Condition != candor.Failed {
		t.Errorf("narrow rows: %s", r.Condition)
	}
}

func FuzzDBF(f *testing.F) {
	f.Add(fixture.DBF("one", "two"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := DBF(from(data), "x", &gathered{}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzSQLite(f *testing.F) {
	f.Add(messages())
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := SQLite(from(data), "x", &gathered{}); err != nil {
			t.Error(err)
		}
	})
}
