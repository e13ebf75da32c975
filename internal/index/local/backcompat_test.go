package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"candor"
	"candor/internal/index/local"
	"candor/internal/query"
)

var update = flag.Bool("update", false, "make the kept index of the newest format again")

// keptVersions are the indexes kept: one of each version of the format. Only the
// newest is ever made again.
var keptVersions = []string{"v1", "v2"}

// keptDocuments exercise every part of the format: long lists, positions,
// several values, deletes, texts that are compressed and not, a long word, several
// languages.
func keptDocuments() []query.Document {
	var docs []query.Document
	for i := range uint32(300) {
		d := query.Document{Num: 10 * i, Item: candor.ItemID("kept" + string(rune('a'+i%26))), Name: "letter.txt",
			Path: "box/letter.txt", Collection: []string{"main", "mail"}[i%2], Type: "text/plain", Condition: candor.Done,
			Text: "common harbour letters", Added: time.Date(2026, 1, 1, 0, 0, int(i), 0, time.UTC)}
		if i%3 == 0 {
			d.People = []string{"Ana Lund", "Rosa Osei"}
			d.Title = "Harbours"
			d.Date = time.Date(2000+int(i)/30, 2, 3, 0, 0, 0, 0, time.UTC)
		}
		if i == 7 {
			d.Text = string(bytes.Repeat([]byte("Page of dredging words.\f"), 500)) + string(bytes.Repeat([]byte("long"), 100))
			d.Fields = []candor.Field{{Name: "iptc:City", Value: "Łódź"}}
		}
		if i%10 == 1 {
			d.Language, d.Text = "de", "gewöhnliche Verträge der Häfen"
			d.Named.Dates = []string{"2026-03-14"}
		}
		docs = append(docs, d)
	}
	return docs
}

// keptAnswers asks what must never change. Scores may.
func keptAnswers(t *testing.T, x *local.Index, version string) []byte {
	t.Helper()
	type answer struct {
		Query  string
		Total  int64
		Nums   []uint32
		Facets map[string][]query.Count
		First  []query.Snippet
	}
	var out []answer
	queries := []string{"*", "letter", "=letters", "=letter", "harbour -title:*", `"page of dredging"`, "words NEAR/4 page", "dredg*",
		"h?rbour", "lodz", "harbor~1", "people:osei", "date:2003", "type:plain collection:mail", string(bytes.Repeat([]byte("long"), 100))}
	if version != "v1" {
		queries = append(queries, "Vertrag", "=Verträge", `"Vertrag der Hafen"`, "vertr*")
	}
	for _, q := range queries {
		n, err := query.Parse(q, query.Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := x.Search(context.Background(), query.Request{Query: n, Limit: 3, Sort: query.ByDateUp, Snippets: true,
			Facets: []string{"collection", "people", "year"}})
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		a := answer{Query: q, Total: res.Total, Facets: res.Facets}
		for _, h := range res.Hits {
			a.Nums = append(a.Nums, h.Num)
		}
		if len(res.Hits) > 0 {
			a.First = res.Hits[0].Snippets
		}
		out = append(out, a)
	}
	data, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// TestKeptFormats opens indexes that earlier Candors wrote.
func TestKeptFormats(t *testing.T) {
	if *update {
		makeKept(t, keptVersions[len(keptVersions)-1])
	}
	for _, version := range keptVersions {
		t.Run(version, func(t *testing.T) { testKept(t, version) })
	}
}

func makeKept(t *testing.T, version string) {
	dir := filepath.Join("testdata", version)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	x := open(t, dir, key(7))
	docs := keptDocuments()
	for _, part := range [][]query.Document{docs[:100], docs[50:]} {
		if err := x.Put(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Delete(t.Context(), []uint32{0, 2990}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+".json", keptAnswers(t, x, version), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func testKept(t *testing.T, version string) {
	kept := filepath.Join("testdata", version)
	want, err := os.ReadFile(kept + ".json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(kept)); err != nil {
		t.Fatal(err)
	}
	if found := files(t, dir); len(found) < 3 {
		t.Fatalf("the kept index has %d files", len(found))
	}
	x := open(t, dir, key(7))
	if got := keptAnswers(t, x, version); !bytes.Equal(got, want) {
		t.Errorf("answers differ from those kept:\n%s", got)
	}
	if err := x.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
	if err := x.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := keptAnswers(t, x, version); !bytes.Equal(got, want) {
		t.Errorf("answers differ after the segments were merged:\n%s", got)
	}
}
