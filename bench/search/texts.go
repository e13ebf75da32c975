package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// doc is a document of the bench: a passage of a file.
type doc struct {
	id   int
	kind string // ending of the file
	part string // of the source tree, such as "drivers"
	text string // on one line
}

// write cuts the files below a folder into documents of at least so many bytes,
// at line ends, and writes n of them, one a line. Files come in the order of a
// hash of their names, so that parts of the tree are mixed.
func write(folder, to string, n, least int) error {
	files, err := list(folder)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	id := 0
	for _, path := range files {
		if id == n {
			break
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
			continue
		}
		for _, text := range cut(plain(path, string(data)), least) {
			if id == n {
				break
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", id, kindOf(path), partOf(folder, path), text)
			id++
		}
	}
	if id < n {
		fmt.Fprintf(os.Stderr, "only %d documents of %d bytes could be had\n", id, least)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}

func list(folder string) ([]string, error) {
	type file struct {
		path string
		hash uint64
	}
	var files []file
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > 4<<20 {
			return err
		}
		h := fnv.New64a()
		h.Write([]byte(strings.TrimPrefix(path, folder)))
		files = append(files, file{path, h.Sum64()})
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.hash, b.hash) })
	var out []string
	for _, f := range files {
		out = append(out, f.path)
	}
	return out, err
}

var tags = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>|<[^>]*>`)

func plain(path, text string) string {
	if strings.HasSuffix(path, ".html") {
		return tags.ReplaceAllString(text, " ")
	}
	return text
}

// cut makes pieces of at least so many bytes, each on one line.
func cut(text string, least int) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line), " "))
		if b.Len() >= least {
			out = append(out, b.String())
			b.Reset()
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
	}
	return out
}

func kindOf(path string) string {
	if ext := strings.TrimPrefix(filepath.Ext(path), "."); ext != "" && len(ext) < 6 {
		return ext
	}
	return "none"
}

// partOf is the folder of the source tree, or of the documentation.
func partOf(folder, path string) string {
	rel, _ := filepath.Rel(folder, path)
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "linux-source") && i+2 < len(parts) {
			return parts[i+1]
		}
	}
	return parts[min(len(parts)-1, 3)]
}

// each reads the documents that write wrote.
func each(path string, yield func(doc) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<20), 8<<20)
	for in.Scan() {
		f := strings.SplitN(in.Text(), "\t", 4)
		if len(f) != 4 {
			return fmt.Errorf("a line of %s has %d fields", path, len(f))
		}
		id, err := strconv.Atoi(f[0])
		if err != nil {
			return err
		}
		if err := yield(doc{id, f[1], f[2], f[3]}); err != nil {
			return err
		}
	}
	return in.Err()
}

// question is one query of a kind, as words in lower case.
type question struct {
	Kind  string   `json:"kind"`
	Words []string `json:"words"`
}

// kinds of queries, in the order of the report.
var kinds = []string{"term", "and", "or", "phrase", "near", "prefix", "wildcard", "fuzzy", "facets", "highlights"}

var wordForm = regexp.MustCompile(`[a-z]{4,14}`)

// questions draws words out of documents that are spread over the corpus: of each
// word between 1 in 20,000 and 1 in 20 of the sampled documents have it.
func questions(path string, n, ofEach int) ([]question, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	var sample [][]string
	df := map[string]int{}
	err := each(path, func(d doc) error {
		if rng.IntN(max(n/20_000, 1)) > 0 {
			return nil
		}
		words := wordForm.FindAllString(strings.ToLower(d.text), -1)
		if len(words) < 20 {
			return nil
		}
		seen := map[string]bool{}
		for _, w := range words {
			if !seen[w] {
				seen[w] = true
				df[w]++
			}
		}
		sample = append(sample, words)
		return nil
	})
	if err != nil {
		return nil, err
	}
	good := func(w string) bool { return df[w] >= 2 && df[w] <= len(sample)/20 }
	draw := func() (string, string) { // two words that stand side by side in some document
		for {
			words := sample[rng.IntN(len(sample))]
			i := rng.IntN(len(words) - 1)
			if good(words[i]) && good(words[i+1]) && words[i] != words[i+1] {
				return words[i], words[i+1]
			}
		}
	}
	var out []question
	for _, kind := range kinds {
		for range ofEach {
			a, b := draw()
			c, _ := draw()
			q := question{Kind: kind}
			switch kind {
			case "term":
				q.Words = []string{a}
			case "or":
				q.Words = []string{a, b, c}
			case "prefix":
				q.Words = []string{a[:4]}
			case "wildcard":
				q.Words = []string{a[:2] + "?" + a[3:4] + "*"}
			case "fuzzy":
				q.Words = []string{a[:len(a)-1] + "x"}
			case "facets", "highlights":
				q.Words = []string{a, c}
			default:
				q.Words = []string{a, b}
			}
			out = append(out, q)
		}
	}
	return out, nil
}
