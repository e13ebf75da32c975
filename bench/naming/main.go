// Naming measures how well people, organisations and places are told in texts
// that others have marked up, in the columns of CoNLL 2003 or GermEval 2014.
//
//	go run ./naming --sets eng.testb,de=NER-de-test.tsv
//
// A name counts once a document, as Candor keeps it; it is right if it is
// written exactly as it was marked up.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"candor/internal/analyze/entities"
)

var kinds = []string{"people", "organisations", "places"}

func main() {
	log.SetFlags(0)
	files := flag.String("sets", "", "`files` with a word and its mark a line, with commas between")
	wrong := flag.Int("wrong", 0, "print so many of each kind of mistake")
	flag.Parse()
	for _, file := range strings.Split(*files, ",") {
		if err := measure(file, *wrong); err != nil {
			log.Fatal(err)
		}
	}
}

// document is a text with the names that are marked up in it.
type document struct {
	text   strings.Builder
	marked [3]map[string]bool
	name   []string
	kind   int
}

func (d *document) empty() bool { return d.text.Len() == 0 }

// add adds a word with its mark, such as B-PER, I-LOC or O.
func (d *document) add(word, mark string) {
	begins, of, _ := strings.Cut(mark, "-")
	kind := map[string]int{"PER": 1, "ORG": 2, "LOC": 3}[of]
	if kind != d.kind || begins == "B" {
		d.close()
	}
	if d.kind = kind; kind > 0 {
		d.name = append(d.name, word)
	}
	if !d.empty() && !strings.Contains(".,;:!?)'s%", word) {
		d.text.WriteByte(' ')
	}
	d.text.WriteString(word)
}

// close ends the name that is being marked up.
func (d *document) close() {
	if len(d.name) > 0 {
		if d.marked[d.kind-1] == nil {
			d.marked[d.kind-1] = map[string]bool{}
		}
		d.marked[d.kind-1][strings.ToLower(strings.Join(d.name, " "))] = true
	}
	d.name, d.kind = nil, 0
}

// tally counts names.
type tally struct{ right, found, marked int }

func measure(file string, wrong int) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var sums [3]tally
	d := &document{}
	finish := func() {
		d.close()
		if !d.empty() {
			judge(d, &sums, wrong)
		}
		d = &document{}
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		switch {
		case len(columns) == 0:
			d.close()
			d.text.WriteString("\n\n")
		case columns[0] == "-DOCSTART-" || columns[0] == "#":
			finish()
		case strings.HasSuffix(file, ".tsv") && len(columns) >= 4: // number, word, mark, inner mark
			d.add(columns[1], columns[2])
		default:
			d.add(columns[0], columns[len(columns)-1])
		}
	}
	finish()
	fmt.Printf("%s\n%-14s %9s %9s %9s %9s %6s\n", file, "", "marked", "found", "precision", "recall", "F1")
	for i, t := range sums {
		p, r := float64(t.right)/float64(max(t.found, 1)), float64(t.right)/float64(max(t.marked, 1))
		fmt.Printf("%-14s %9d %9d %9.3f %9.3f %6.3f\n", kinds[i], t.marked, t.found, p, r, 2*p*r/max(p+r, 1e-9))
	}
	return lines.Err()
}

func judge(d *document, sums *[3]tally, wrong int) {
	found := entities.Rules{}.Find(d.text.String())
	for i, names := range [][]string{found.People, found.Organisations, found.Places} {
		distinct := map[string]bool{}
		for _, n := range names {
			distinct[strings.ToLower(n)] = true
		}
		sums[i].marked += len(d.marked[i])
		sums[i].found += len(distinct)
		for n := range distinct {
			if d.marked[i][n] {
				sums[i].right++
			} else if sums[i].found-sums[i].right < wrong {
				fmt.Printf("%s, wrong: %s\n", kinds[i], n)
			}
		}
		for n := range d.marked[i] {
			if !distinct[n] && sums[i].marked-sums[i].right < wrong {
				fmt.Printf("%s, missed: %s\n", kinds[i], n)
			}
		}
	}
}
