package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// make KIND PATH: makes an input that no script can hold as text.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make KIND PATH")
	}
	path := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	switch args[0] {
	case "long-query":
		ts.Check(os.WriteFile(path, []byte(strings.Repeat("river ", 20_000)), 0o600))
	case "name-not-utf8":
		ts.Check(os.WriteFile(path+"\xff\xfe.txt", []byte("the turbot lies flat"), 0o600))
	case "zip-bomb":
		ts.Check(os.WriteFile(path, zipBomb(), 0o600))
	case "zip-escape":
		ts.Check(os.WriteFile(path, zipOf(map[string]string{
			"../../escaped.txt": "a gudgeon outside", "/abs/olute.txt": "a gudgeon at the root", "plain.txt": "a gudgeon inside",
		}), 0o600))
	case "pipe":
		ts.Check(syscall.Mkfifo(path, 0o600))
	case "half":
		data, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(path, data[:len(data)/2], 0o600))
	default:
		ts.Fatalf("unknown kind %s", args[0])
	}
}

func zipOf(files map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		if w, err := z.Create(name); err == nil {
			_, _ = io.WriteString(w, text)
		}
	}
	_ = z.Close()
	return b.Bytes()
}

// zipBomb is 2 GiB of zeros in about 2 MB, with one honest file beside it.
func zipBomb() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	if w, err := z.Create("honest.txt"); err == nil {
		_, _ = io.WriteString(w, "the honest flounder")
	}
	zeros := make([]byte, 1<<20)
	if w, err := z.Create("zeros.bin"); err == nil {
		for range 2048 {
			_, _ = w.Write(zeros)
		}
	}
	_ = z.Close()
	return b.Bytes()
}
