package main

import (
	"embed"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"candor"
)

// The sample archive: the records of a city that does not exist. sample/README.md
// tells what is in it and what is planted there to be found.
//
//go:embed all:sample/files
var sampleFiles embed.FS

//go:embed sample/facts.json
var sampleFacts []byte

const sampleRoot = "sample/files"

// fact is something planted in the sample: a query, and the files it must find.
type fact struct {
	Query string   `json:"query"`
	Via   string   `json:"via"` // text, ocr or speech
	Files []string `json:"files"`
}

// facts returns the planted facts by query.
func facts() (map[string]fact, error) {
	var list []fact
	if err := json.Unmarshal(sampleFacts, &list); err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The sample's facts cannot be read.")
	}
	out := make(map[string]fact, len(list))
	for _, f := range list {
		out[f.Query] = f
	}
	return out, nil
}

// writeSample writes the sample's files below a folder and returns how many.
func writeSample(dir string) (files int64, err error) {
	made := time.Date(2021, 10, 1, 12, 0, 0, 0, time.UTC)
	err = fs.WalkDir(sampleFiles, sampleRoot, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(sampleRoot, name)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, rel)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := sampleFiles.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		if err := os.WriteFile(target, data, 0o600); err != nil {
			return err
		}
		return os.Chtimes(target, made, made)
	})
	if err != nil {
		return files, candor.Wrap(err, candor.Unavailable, "The sample's files could not be written to %s. Check the disk.", dir)
	}
	return files, nil
}
