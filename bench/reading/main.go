// Reading compares what Candor's extractor reads out of files that others made
// with what Apache Tika reads out of them, both without OCR: which files give
// text, and how many of Tika's words Candor has too.
//
//	mvn -q -B -f reading/tika compile dependency:build-classpath -Dmdep.outputFile=target/classpath
//	java -cp reading/tika/target/classes:$(cat reading/tika/target/classpath) Read FILES TEXTS
//	go run ./reading -files FILES -texts TEXTS
//
// The file sets are not in the repository; docs/benchmarks.md says which they were.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/internal/analyze/media"
	"candor/internal/extract"
	"candor/internal/extract/native"
	"candor/internal/query"
)

// A file counts as text for Tika, and as read by Candor, as these say.
const (
	leastWords = 5   // different ones
	leastShare = 0.8 // of Tika's different words
	deepest    = 10  // parts inside parts
	mostNamed  = 20  // words that are named as lacking
)

func main() {
	log.SetFlags(0)
	files := flag.String("files", "", "the `folder` with files")
	texts := flag.String("texts", "", "the `folder` with what Tika read out of them")
	binary := flag.String("candor", "../bin/candor", "the candor `binary`, whose workers read")
	missed := flag.Bool("missed", false, "name the files that Tika reads and Candor does not")
	flag.Parse()
	if err := run(*files, *texts, *binary, *missed); err != nil {
		log.Fatal(err)
	}
}

// row is what became of the files of one ending.
type row struct {
	ending               string
	files, text, read    int
	words, have          int
	unsupported, partial int
	conditions           map[candor.Condition]int // of all files, with text or not
}

func run(files, texts, binary string, missed bool) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	reading := extract.Config{Command: []string{binary, extract.Subcommand}}
	if stills, err := media.NewStills([]string{binary, native.Subcommand}); err == nil {
		reading.Decoder = stills
	}
	pool, err := extract.New(reading)
	if err != nil {
		return err
	}
	defer pool.Close()
	listener, err := media.New(media.Config{Command: []string{binary, native.Subcommand}})
	if err != nil {
		fmt.Println("recordings are not looked into:", candor.MessageOf(err))
	}
	rows := map[string]*row{}
	start := time.Now()
	err = filepath.WalkDir(files, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(files, path)
		if err != nil {
			return err
		}
		ending := cmp.Or(strings.ToLower(strings.TrimPrefix(filepath.Ext(name), ".")), "none")
		r := rows[ending]
		if r == nil {
			r = &row{ending: ending, conditions: map[candor.Condition]int{}}
			rows[ending] = r
		}
		return r.add(pool, listener, path, filepath.Join(texts, name+".txt"), missed)
	})
	if err != nil {
		return err
	}
	print(rows, time.Since(start))
	return nil
}

func (r *row) add(pool *extract.Pool, listener *media.Engine, path, reference string, missed bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s := &sink{pool: pool, listener: listener}
	reading, err := s.read(filepath.Base(path), data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	r.files++
	r.conditions[reading.Condition]++
	theirs, err := os.ReadFile(reference)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // Tika failed on it
		return err
	}
	if s.recordings > 0 {
		theirs = labels.ReplaceAll(theirs, []byte(" $1"))
	}
	want := wordsOf(string(theirs))
	if len(want) < leastWords {
		return nil
	}
	have, got := 0, wordsOf(s.text.String())
	for w := range want {
		if got[w] {
			have++
		}
	}
	r.text++
	r.words, r.have = r.words+len(want), r.have+have
	if float64(have) >= leastShare*float64(len(want)) {
		r.read++
	} else {
		switch reading.Condition {
		case candor.Unsupported:
			r.unsupported++
		case candor.Partial, candor.Encrypted, candor.Failed:
			r.partial++
		}
		if missed {
			fmt.Printf("%s: %s %s, %d of %d words. %s\n    lacks %s\n", path, reading.Type, reading.Condition, have, len(want), reading.Reason, lacking(want, got))
		}
	}
	return nil
}

// labels are what Tika itself writes of a recording: the words track and disc, the
// language of a comment, how many seconds it takes, and null.
var labels = regexp.MustCompile(`(?m)^(?:[a-zA-Z]{3} - |null$|\d+\.\d+$)|, (?:track|disc) (\d+)`)

// lacking names some words that Tika has and Candor has not.
func lacking(want, got map[string]bool) string {
	var words []string
	for _, w := range slices.Sorted(maps.Keys(want)) {
		if !got[w] && len(words) < mostNamed {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// sink collects the text of a file, of its fields and people, and of everything inside it.
type sink struct {
	pool     *extract.Pool
	listener *media.Engine // nil without ffmpeg
	text     bytes.Buffer
	parts    []part

	recordings int
}

type part struct {
	name string
	data []byte
}

func (s *sink) read(name string, data []byte) (candor.Reading, error) {
	r, err := s.one(name, data)
	for depth := 0; depth < deepest && err == nil && len(s.parts) > 0; depth++ {
		parts := s.parts
		s.parts = nil
		for _, p := range parts {
			if _, err = s.one(p.name, p.data); err != nil {
				break
			}
		}
	}
	return r, err
}

func (s *sink) one(name string, data []byte) (candor.Reading, error) {
	fmt.Fprintf(&s.text, "\n%s\n", name)
	r, err := s.pool.Extract(context.Background(), candor.Source{Name: name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}, s)
	if err == nil && s.listener != nil && candor.IsRecording(r.Type) {
		s.recordings++
		var heard candor.Extraction
		heard, err = s.listen(name, data)
		heard.Supplement(r.Extraction)
		r.Extraction = heard
	}
	s.text.WriteString("\n" + r.Title)
	for _, f := range r.Fields {
		s.text.WriteString("\n" + f.Value)
	}
	s.text.WriteString("\n" + strings.Join(r.People, "\n"))
	return r, err
}

// listen reads what a recording says of itself. One that is none says nothing.
func (s *sink) listen(name string, data []byte) (candor.Extraction, error) {
	rec, err := s.listener.Listen(context.Background(), candor.Source{Name: name, Size: int64(len(data)), ReaderAt: bytes.NewReader(data)})
	if candor.CodeOf(err) == candor.Invalid {
		return candor.Extraction{}, nil
	}
	s.text.WriteString("\n" + rec.Text())
	return rec.Extraction, err
}

// Text implements candor.Sink.
func (s *sink) Text(p []byte) error {
	s.text.Write(p)
	return nil
}

// Part implements candor.Sink.
func (s *sink) Part(place candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	s.parts = append(s.parts, part{place.Path, data})
	return err
}

func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	query.EachToken(text, func(folded []byte, _, _ int) bool {
		words[string(folded)] = true
		return true
	})
	return words
}

func print(rows map[string]*row, took time.Duration) {
	all := row{conditions: map[candor.Condition]int{}}
	list := make([]*row, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
		all.files, all.text, all.read = all.files+r.files, all.text+r.text, all.read+r.read
		all.words, all.have = all.words+r.words, all.have+r.have
		all.unsupported, all.partial = all.unsupported+r.unsupported, all.partial+r.partial
		for c, n := range r.conditions {
			all.conditions[c] += n
		}
	}
	all.ending = "all"
	slices.SortFunc(list, func(a, b *row) int { return cmp.Or(b.text-a.text, strings.Compare(a.ending, b.ending)) })
	fmt.Printf("%-12s %6s %10s %12s %8s %12s %8s\n", "ending", "files", "with text", "read by both", "words", "unsupported", "partial")
	for _, r := range append(list, &all) {
		if r.text > 0 {
			fmt.Printf("%-12s %6d %10d %12d %8.3f %12d %8d\n", r.ending, r.files, r.text, r.read, float64(r.have)/float64(max(r.words, 1)), r.unsupported, r.partial)
		}
	}
	fmt.Println(all.conditions)
	fmt.Printf("%d files in %.0f s, one at a time\n", all.files, took.Seconds())
}
