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
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"

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
	files, bytes, err := count(corpus)
	if err != nil {
		return err
	}
	fmt.Printf("%d files, %.1f MB, %d rounds\n\n", files, float64(bytes)/1e6, rounds)
	var ours, theirs meter.Series
	for range rounds {
		a, err := addWithCandor(corpus, candor)
		if err != nil {
			return err
		}
		b, err := addWithRecoll(corpus)
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

func count(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files, bytes = files+1, bytes+info.Size()
		}
		return err
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("%s holds no files; run scripts/bench-corpus.sh", dir)
	}
	return files, bytes, err
}

func addWithCandor(corpus, candor string) (meter.Sample, error) {
	tmp, err := os.MkdirTemp("", "bench-candor-")
	if err != nil {
		return meter.Sample{}, err
	}
	defer os.RemoveAll(tmp)
	env := append(os.Environ(), "CANDOR_CONFIG="+filepath.Join(tmp, "config"), "CANDOR_DATA="+filepath.Join(tmp, "data"),
		"CANDOR_KIT_PASSPHRASE=a bench needs no secret")
	setUp := exec.Command(candor, "init", "--solo", "--kit", filepath.Join(tmp, "kit"))
	setUp.Env = env
	if out, err := setUp.CombinedOutput(); err != nil {
		return meter.Sample{}, fmt.Errorf("candor init: %w\n%s", err, out)
	}
	cmd := exec.Command(candor, "add", corpus, "--collection", "main", "--json")
	cmd.Env = env
	return meter.Run(cmd)
}

func addWithRecoll(corpus string) (meter.Sample, error) {
	tmp, err := os.MkdirTemp("", "bench-recoll-")
	if err != nil {
		return meter.Sample{}, err
	}
	defer os.RemoveAll(tmp)
	corpus, err = filepath.Abs(corpus)
	if err != nil {
		return meter.Sample{}, err
	}
	conf := fmt.Sprintf("topdirs = %s\nocrprogs =\nthrQSizes = 2 2 2\n", corpus)
	if err := os.WriteFile(filepath.Join(tmp, "recoll.conf"), []byte(conf), 0o600); err != nil {
		return meter.Sample{}, err
	}
	cmd := exec.Command("recollindex", "-c", tmp)
	// Its helpers are Python scripts of the system's Python.
	cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin")
	return meter.Run(cmd)
}
