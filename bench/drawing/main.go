// Command drawing draws pictures of telephones (HEIC, AVIF) by Candor's confined
// worker with ffmpeg, and by heif-convert of libheif, and tells how far the two
// are apart.
//
//	go run ./drawing FILE...
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	_ "image/jpeg"
	"image/png"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/image/draw"

	"candor"
	"candor/internal/analyze/media"
	"candor/internal/extract"
	"candor/internal/extract/native"
)

const (
	width = 1000 // pixels, at which the two are compared
	alike = 8    // of 255, root of the mean square; scaling alone makes one or two
)

func main() {
	program := flag.String("candor", "../bin/candor", "the candor binary")
	flag.Parse()
	if err := run(*program, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(program string, files []string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	decoder, err := media.NewStills([]string{program, native.Subcommand})
	if err != nil {
		return err
	}
	pool, err := extract.New(extract.Config{Workers: 1, Command: []string{program, extract.Subcommand}, Decoder: decoder})
	if err != nil {
		return err
	}
	defer pool.Close()
	var both, same, onlyOurs, onlyTheirs, none int
	for _, f := range files {
		ours, why := draws(pool, f)
		theirs := converts(f)
		switch {
		case ours == nil && theirs == nil:
			none++
		case theirs == nil:
			onlyOurs++
		case ours == nil:
			onlyTheirs++
			fmt.Printf("not drawn: %s: %s\n", filepath.Base(f), candor.MessageOf(why))
		default:
			both++
			if d := apart(ours, theirs); d <= alike {
				same++
			} else {
				fmt.Printf("different: %s: %.0f of 255\n", filepath.Base(f), d)
			}
		}
	}
	fmt.Printf("\n| files | drawn by both | alike | only by candor | only by heif-convert | by neither |\n|---|---|---|---|---|---|\n| %d | %d | %d | %d | %d | %d |\n",
		len(files), both, same, onlyOurs, onlyTheirs, none)
	return nil
}

func draws(pool *extract.Pool, file string) (image.Image, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	src := candor.Source{Name: filepath.Base(file), Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
	drawn, err := pool.Render(context.Background(), src, 1, width)
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(drawn))
}

// converts returns what heif-convert draws, of several pictures the first; nil if nothing.
func converts(file string) image.Image {
	dir, err := os.MkdirTemp("", "bench-drawing-")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	_ = exec.Command("heif-convert", file, filepath.Join(dir, "a.png")).Run() // what it could not do is not there
	made, _ := filepath.Glob(filepath.Join(dir, "*.png"))
	slices.Sort(made)
	if len(made) == 0 {
		return nil
	}
	data, err := os.ReadFile(made[0])
	if err != nil {
		return nil
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return m
}

// apart is the root of the mean square of how much colours differ, of 255. What is
// transparent lies on white, as Candor has it.
func apart(ours, theirs image.Image) float64 {
	scaled := image.NewRGBA(ours.Bounds())
	draw.Draw(scaled, scaled.Bounds(), image.White, image.Point{}, draw.Src)
	draw.BiLinear.Scale(scaled, scaled.Bounds(), theirs, theirs.Bounds(), draw.Over, nil)
	sum, n := 0.0, 0
	for y := range scaled.Rect.Dy() {
		for x := range scaled.Rect.Dx() {
			r, g, b, _ := ours.At(x, y).RGBA()
			p := scaled.RGBAAt(x, y)
			for _, d := range []float64{float64(r>>8) - float64(p.R), float64(g>>8) - float64(p.G), float64(b>>8) - float64(p.B)} {
				sum += d * d
				n++
			}
		}
	}
	return math.Sqrt(sum / float64(max(n, 1)))
}
