// Command adding measures how long Candor takes to add a folder of real files,
// beside recollindex on the same files, both without OCR, in turn, in one run.
//
//	go run ./adding -corpus FOLDER -candor BINARY [-rounds 3]
//
// Wall time is from start to exit. Memory is the highest proportional set size
// of the command with all its children, sampled every 50 ms.
package main

import (
	"flag"
	"fmt"
	"log"

	"candor/bench/internal/indexer"
	"candor/bench/internal/meter"
)

func main() {
	corpus := flag.String("corpus", "../.cache/corpus/mixed", "the folder to add")
	candor := flag.String("candor", "../bin/candor", "the candor binary")
	rounds := flag.Int("rounds", 3, "rounds of both, in turn")
	flag.Parse()
	if err := run(*corpus, *candor, *rounds); err != nil {
		log.Fatal(err)
	}
}

func run(corpus, candor string, rounds int) error {
	files, bytes, err := indexer.Count(corpus)
	if err != nil {
		return err
	}
	fmt.Printf("%d files, %.1f MB, %d rounds\n\n", files, float64(bytes)/1e6, rounds)
	var ours, theirs meter.Series
	for range rounds {
		a, err := indexer.Candor(corpus, candor, "off")
		if err != nil {
			return err
		}
		b, err := indexer.Recoll(corpus, false)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	fmt.Println("| | wall s (median) | files/s | MB/s | peak MB |\n|---|---|---|---|---|")
	for _, row := range []struct {
		name string
		s    meter.Series
	}{{"candor add", ours}, {"recollindex", theirs}} {
		w := row.s.Wall()
		fmt.Printf("| %s | %.1f | %.0f | %.1f | %.0f |\n", row.name, w, float64(files)/w, float64(bytes)/1e6/w, row.s.PeakMB())
	}
	fmt.Printf("\nrecollindex / candor: %.2f\n", theirs.Wall()/ours.Wall())
	return nil
}
