package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

func load(dir string) (collection, error) {
	c := collection{name: filepath.Base(dir)}
	if _, err := os.Stat(filepath.Join(dir, "corpus.jsonl")); err == nil {
		return c, c.beir(dir)
	}
	return c, c.smart(dir)
}

// beir reads corpus.jsonl, queries.jsonl and the judgements of qrels/test.tsv.
func (c *collection) beir(dir string) error {
	type entry struct {
		ID    string `json:"_id"`
		Title string `json:"title"`
		Text  string `json:"text"`
	}
	questions := map[string]string{}
	if err := lines(filepath.Join(dir, "corpus.jsonl"), func(line string) error {
		var e entry
		err := json.Unmarshal([]byte(line), &e)
		c.docs = append(c.docs, doc{e.ID, e.Title, e.Text})
		return err
	}); err != nil {
		return err
	}
	if err := lines(filepath.Join(dir, "queries.jsonl"), func(line string) error {
		var e entry
		err := json.Unmarshal([]byte(line), &e)
		questions[e.ID] = e.Text
		return err
	}); err != nil {
		return err
	}
	j := newJudgements(questions)
	err := lines(filepath.Join(dir, "qrels", "test.tsv"), func(line string) error {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "query-id" {
			return nil
		}
		grade, err := strconv.Atoi(f[2])
		j.add(f[0], f[1], grade)
		return err
	})
	c.questions = j.all()
	return err
}

// smart reads the files of the SMART collections. In Cranfield's judgements,
// questions are numbered by their order and grades 1 to 4 are relevant.
func (c *collection) smart(dir string) error {
	all, err := one(dir, "*.ALL", "*.all*")
	if err != nil {
		return err
	}
	qry, err := one(dir, "*.QRY", "*.qry")
	if err != nil {
		return err
	}
	rel, err := one(dir, "*.REL", "*qrel")
	if err != nil {
		return err
	}
	if err := records(all, func(id string, f map[string]string) {
		c.docs = append(c.docs, doc{id, strings.TrimSpace(f["T"]), strings.TrimSpace(f["W"])})
	}); err != nil {
		return err
	}
	cranfield := strings.HasSuffix(rel, "qrel")
	questions := map[string]string{}
	n := 0
	if err := records(qry, func(id string, f map[string]string) {
		if n++; cranfield {
			id = strconv.Itoa(n)
		}
		questions[id] = strings.TrimSpace(f["T"] + " " + f["W"])
	}); err != nil {
		return err
	}
	j := newJudgements(questions)
	err = lines(rel, func(line string) error {
		f := strings.Fields(line)
		if len(f) < 2 || cranfield && len(f) > 2 && (f[2] == "5" || f[2] == "-1") {
			return nil
		}
		j.add(f[0], f[1], 1)
		return nil
	})
	c.questions = j.all()
	return err
}

func one(dir string, patterns ...string) (string, error) {
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, p))
		if err != nil || len(found) == 1 {
			return strings.Join(found, ""), err
		}
	}
	return "", fmt.Errorf("no single file like %s", patterns[0])
}

// records reads entries that begin with ".I number" and have fields such as ".W".
func records(name string, yield func(id string, fields map[string]string)) error {
	id, field := "", ""
	fields := map[string]string{}
	err := lines(name, func(line string) error {
		switch {
		case strings.HasPrefix(line, ".I "):
			if id != "" {
				yield(id, fields)
			}
			id, fields = strings.TrimLeft(strings.TrimSpace(line[3:]), "0"), map[string]string{}
		case len(line) >= 2 && line[0] == '.' && line[1] >= 'A' && line[1] <= 'Z' && strings.TrimSpace(line[2:]) == "":
			field = line[1:2]
		default:
			fields[field] += line + "\n"
		}
		return nil
	})
	if id != "" {
		yield(id, fields)
	}
	return err
}

// lines reads a file line by line; what is not UTF-8 is taken as Latin-1.
func lines(name string, yield func(string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		line := strings.TrimRight(s.Text(), "\r")
		if strings.ToValidUTF8(line, "") != line {
			if line, err = charmap.ISO8859_1.NewDecoder().String(line); err != nil {
				return err
			}
		}
		if err := yield(line); err != nil {
			return err
		}
	}
	return s.Err()
}

// judgements collects grades by question, in the order of their first.
type judgements struct {
	text  map[string]string
	grade map[string]map[string]int
	order []string
}

func newJudgements(text map[string]string) *judgements {
	return &judgements{text: text, grade: map[string]map[string]int{}}
}

func (j *judgements) add(question, doc string, grade int) {
	if j.grade[question] == nil {
		j.grade[question] = map[string]int{}
		j.order = append(j.order, question)
	}
	j.grade[question][doc] = grade
}

// all returns the questions that have anything relevant.
func (j *judgements) all() (out []question) {
	for _, id := range j.order {
		relevant := false
		for _, g := range j.grade[id] {
			relevant = relevant || g > 0
		}
		if relevant && j.text[id] != "" {
			out = append(out, question{j.text[id], j.grade[id]})
		}
	}
	return out
}
