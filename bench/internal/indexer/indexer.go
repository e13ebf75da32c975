// Package indexer has a folder indexed by Candor and by Recoll, each with nothing
// before it, and measures both alike.
package indexer

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"candor/bench/internal/meter"
)

// Count counts what a folder holds. An empty folder is an error.
func Count(dir string) (files int, bytes int64, err error) {
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

// Candor adds a folder to a new archive. ocr is as of `candor add`. before is put
// in front of the command, such as taskset.
func Candor(folder, candor, ocr string, before ...string) (meter.Sample, error) {
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
	cmd := command(before, candor, "add", folder, "--collection", "main", "--ocr", ocr, "--json")
	cmd.Env = env
	return meter.Run(cmd)
}

// Recoll indexes a folder with a new index; with ocr, pictures and pages without
// text are read by tesseract in English.
func Recoll(folder string, ocr bool, before ...string) (meter.Sample, error) {
	tmp, err := os.MkdirTemp("", "bench-recoll-")
	if err != nil {
		return meter.Sample{}, err
	}
	defer os.RemoveAll(tmp)
	folder, err = filepath.Abs(folder)
	if err != nil {
		return meter.Sample{}, err
	}
	conf := fmt.Sprintf("topdirs = %s\nocrprogs =\nthrQSizes = 2 2 2\n", folder)
	if ocr {
		conf = fmt.Sprintf("topdirs = %s\nocrprogs = tesseract\ntesseractlang = eng\npdfocr = 1\nimgocr = 1\nocrcachedir = %s\nthrQSizes = 2 2 2\n", folder, filepath.Join(tmp, "ocr"))
	}
	if err := os.WriteFile(filepath.Join(tmp, "recoll.conf"), []byte(conf), 0o600); err != nil {
		return meter.Sample{}, err
	}
	cmd := command(before, "recollindex", "-c", tmp)
	// Its helpers are Python scripts of the system's Python.
	cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin")
	return meter.Run(cmd)
}

func command(before []string, name string, args ...string) *exec.Cmd {
	all := append(append(before[:len(before):len(before)], name), args...)
	return exec.Command(all[0], all[1:]...)
}
