// Command extracting measures how fast files are read, beside the programs that
// read nothing else: PDF text beside pdftotext, words off pictures of pages beside
// tesseract; and, beside Recoll, each family of formats of the mixed corpus with
// one processor and with all, and a folder of scans with OCR. Last it adds files
// that are large in one way or another and tells the peak of memory.
//
//	go run ./extracting [-only pdf,ocr,families,scans,mailbox,archive,workbook] [-gb 1]
package main

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/bench/internal/indexer"
	"candor/bench/internal/meter"
	"candor/internal/analyze/ocr"
	"candor/internal/extract"
	"candor/internal/extract/fixture"
	"candor/internal/extract/native"
)

const (
	scanned   = 24   // pages that are read as pictures
	pageWidth = 2480 // pixels, as in an archive
)

type bench struct {
	corpus, candor string
	rounds         int
	gigabytes      float64
	tmp            string
}

func main() {
	b := &bench{}
	flag.StringVar(&b.corpus, "corpus", "../.cache/corpus/mixed", "folder with files of many kinds")
	flag.StringVar(&b.candor, "candor", "../bin/candor", "the candor binary")
	flag.IntVar(&b.rounds, "rounds", 2, "rounds of both, in turn")
	flag.Float64Var(&b.gigabytes, "gb", 1, "size of the mailbox; the zip archive has a fifth")
	only := flag.String("only", "pdf,ocr,families,scans,mailbox,archive,workbook", "which parts")
	flag.Parse()
	var err error
	if b.tmp, err = os.MkdirTemp("", "bench-extracting-"); err != nil {
		log.Fatal(err)
	}
	err = b.run(strings.Split(*only, ","))
	if err = errors.Join(err, os.RemoveAll(b.tmp)); err != nil {
		log.Fatal(err)
	}
}

func (b *bench) run(parts []string) error {
	for _, part := range []struct {
		name string
		run  func() error
	}{{"pdf", b.pdf}, {"ocr", b.ocr}, {"families", b.families}, {"scans", b.scans},
		{"mailbox", b.giant("mailbox.mbox", b.gigabytes, mailbox)}, {"archive", b.giant("papers.zip", b.gigabytes/5, b.papers)}, {"workbook", b.giant("million.xlsx", 0, rows)}} {
		if !slices.Contains(parts, part.name) {
			continue
		}
		fmt.Printf("\n## %s\n\n", part.name)
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// files are those of the corpus with one of some endings.
func (b *bench) files(endings ...string) (out []string, bytes int64, err error) {
	err = filepath.WalkDir(b.corpus, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.Contains(endings, strings.TrimPrefix(filepath.Ext(path), ".")) {
			return err
		}
		info, err := d.Info()
		if err == nil {
			out, bytes = append(out, path), bytes+info.Size()
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("no such files in %s; run scripts/bench-corpus.sh", b.corpus)
	}
	return out, bytes, err
}

// counted is a sink that counts text.
type counted struct{ text int64 }

func (c *counted) Text(p []byte) error { c.text += int64(len(p)); return nil }
func (c *counted) Part(_ candor.Place, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (b *bench) pool() (*extract.Pool, error) {
	path, err := filepath.Abs(b.candor)
	if err != nil {
		return nil, err
	}
	return extract.New(extract.Config{Workers: 1, Command: []string{path, extract.Subcommand}})
}

func read(ctx context.Context, p *extract.Pool, path string, use func(candor.Source) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return use(candor.Source{Name: filepath.Base(path), Size: info.Size(), ReaderAt: f})
}

// pdf reads the corpus' PDF files one after the other: in one confined worker, which
// also makes thumbnails and looks for forms, notes and attachments; and by a pdftotext each.
func (b *bench) pdf() error {
	files, bytes, err := b.files("pdf")
	if err != nil {
		return err
	}
	pool, err := b.pool()
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx := context.Background()
	var ours, theirs []float64
	var text, plain int64
	for range b.rounds + 1 { // the first round warms up and does not count
		start, sum := time.Now(), counted{}
		for _, path := range files {
			err := read(ctx, pool, path, func(src candor.Source) error { _, err := pool.Extract(ctx, src, &sum); return err })
			if err != nil {
				return err
			}
		}
		ours, text = append(ours, time.Since(start).Seconds()), sum.text
		start, plain = time.Now(), 0
		for _, path := range files {
			out, _ := exec.Command("pdftotext", "-q", path, "-").Output()
			plain += int64(len(out))
		}
		theirs = append(theirs, time.Since(start).Seconds())
	}
	o, t := meter.Median(ours[1:]), meter.Median(theirs[1:])
	fmt.Printf("%d files, %.1f MB, one at a time\n\n| | s | files/s | MB of text |\n|---|---|---|---|\n", len(files), float64(bytes)/1e6)
	fmt.Printf("| candor's worker | %.1f | %.1f | %.1f |\n| pdftotext | %.1f | %.1f | %.1f |\n\ncandor / pdftotext: %.2f\n",
		o, float64(len(files))/o, float64(text)/1e6, t, float64(len(files))/t, float64(plain)/1e6, o/t)
	return nil
}

// pictures draws pages of the corpus as PNG files.
func (b *bench) pictures() ([]string, error) {
	files, _, err := b.files("pdf")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.tmp, "pages")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	pool, err := b.pool()
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	var out []string
	for _, path := range files[:min(len(files), 2*scanned)] {
		if len(out) == scanned {
			break
		}
		err := read(context.Background(), pool, path, func(src candor.Source) error {
			png, err := pool.Render(context.Background(), src, 2, pageWidth)
			if err != nil {
				return nil // has one page
			}
			out = append(out, filepath.Join(dir, fmt.Sprintf("page-%02d.png", len(out))))
			return os.WriteFile(out[len(out)-1], png, 0o600)
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ocr reads pictures of pages one after the other, with one thread each: confined,
// with the places of words; and by a plain tesseract each.
func (b *bench) ocr() error {
	pages, err := b.pictures()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(b.candor)
	if err != nil {
		return err
	}
	engine, err := ocr.New(ocr.Config{Command: []string{path, native.Subcommand}})
	if err != nil {
		return err
	}
	var ours, theirs []float64
	for range b.rounds {
		start := time.Now()
		for _, p := range pages {
			png, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			if _, err := engine.Recognize(context.Background(), png, []string{"eng"}); err != nil {
				return err
			}
		}
		ours = append(ours, time.Since(start).Seconds())
		start = time.Now()
		for _, p := range pages {
			cmd := exec.Command("tesseract", p, "stdout", "-l", "eng")
			cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
			if _, err := cmd.Output(); err != nil {
				return err
			}
		}
		theirs = append(theirs, time.Since(start).Seconds())
	}
	o, t, n := meter.Median(ours), meter.Median(theirs), float64(len(pages))
	fmt.Printf("%d pages, %d pixels wide, one at a time, one thread\n\n| | s | pages/s |\n|---|---|---|\n| candor | %.1f | %.2f |\n| tesseract | %.1f | %.2f |\n\ncandor / tesseract: %.2f\n",
		len(pages), pageWidth, o, n/o, t, n/t, o/t)
	return nil
}

// families adds each family of formats alone, both without OCR.
func (b *bench) families() error {
	fmt.Println("| family | files | MB | processors | candor s | recollindex s | recollindex / candor |\n|---|---|---|---|---|---|---|")
	for _, f := range []struct {
		name    string
		endings []string
	}{
		{"HTML", []string{"html"}}, {"gzipped manuals", []string{"gz"}}, {"PDF", []string{"pdf"}}, {"text", []string{"txt", "rst", "md", "tex"}},
		{"office", []string{"ott", "ots", "otp", "odt", "ods", "docx", "xlsx"}}, {"pictures", []string{"png", "jpg"}},
	} {
		files, bytes, err := b.files(f.endings...)
		if err != nil {
			return err
		}
		dir := filepath.Join(b.tmp, f.endings[0]) // Recoll divides its list of folders at spaces
		if err := linkInto(dir, files); err != nil {
			return err
		}
		for _, before := range [][]string{{"taskset", "-c", "0"}, nil} {
			ours, theirs, err := b.both(dir, "off", before...)
			if err != nil {
				return err
			}
			n := runtime.NumCPU()
			if before != nil {
				n = 1
			}
			fmt.Printf("| %s | %d | %.1f | %d | %.1f | %.1f | %.2f |\n", f.name, len(files), float64(bytes)/1e6, n, ours.Wall(), theirs.Wall(), theirs.Wall()/ours.Wall())
		}
	}
	return nil
}

func (b *bench) both(dir, ocr string, before ...string) (ours, theirs meter.Series, err error) {
	for range b.rounds {
		o, err := indexer.Candor(dir, b.candor, ocr, before...)
		if err != nil {
			return nil, nil, err
		}
		t, err := indexer.Recoll(dir, ocr != "off", before...)
		if err != nil {
			return nil, nil, err
		}
		ours, theirs = append(ours, o), append(theirs, t)
	}
	return ours, theirs, nil
}

func linkInto(dir string, files []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d-%s", i, filepath.Base(f))), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// scans adds PDF files whose pages are pictures, both with OCR in English.
func (b *bench) scans() error {
	const files, pages, lines = 8, 3, 28
	dir := filepath.Join(b.tmp, "scans")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := range files {
		texts := make([]string, pages)
		for n := range texts {
			texts[n] = fixture.Picture
			for l := range lines {
				texts[n] += fmt.Sprintf("%d. The board of Port Velmere heard of fee %d for the quay.\n", l+1, i*n*l)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("scan-%d.pdf", i)), fixture.PDF("A scan", texts...), 0o600); err != nil {
			return err
		}
	}
	ours, theirs, err := b.both(dir, "eng")
	if err != nil {
		return err
	}
	n := float64(files * pages)
	fmt.Printf("%d PDF files with %.0f pages that are pictures, OCR in English, all processors\n\n| | s | pages/s |\n|---|---|---|\n| candor add | %.1f | %.2f |\n| recollindex | %.1f | %.2f |\n\nrecollindex / candor: %.2f\n",
		files, n, ours.Wall(), n/ours.Wall(), theirs.Wall(), n/theirs.Wall(), theirs.Wall()/ours.Wall())
	return nil
}

// giant adds one large file.
func (b *bench) giant(name string, gigabytes float64, write func(string, int64) error) func() error {
	return func() error {
		dir := filepath.Join(b.tmp, name+".folder")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := write(filepath.Join(dir, name), int64(gigabytes*1e9)); err != nil {
			return err
		}
		_, bytes, err := indexer.Count(dir)
		if err != nil {
			return err
		}
		s, err := indexer.Candor(dir, b.candor, "off")
		if err != nil {
			return err
		}
		mb := float64(bytes) / 1e6
		fmt.Printf("| file | MB | s | MB/s | peak MB |\n|---|---|---|---|---|\n| %s | %.0f | %.0f | %.1f | %.0f |\n", name, mb, s.Wall.Seconds(), mb/s.Wall.Seconds(), float64(s.PeakKB)/1000)
		return os.RemoveAll(dir)
	}
}

// writing makes a file of what a function writes.
func writing(path string, write func(w *bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// mailbox has messages of 40 kB, each different, every tenth with an attachment.
func mailbox(path string, size int64) error {
	return writing(path, func(w *bufio.Writer) error {
		body := strings.Repeat("The harbour board met and spoke about dredging, fees and the new quay.\n", 500)
		for n, at := 0, int64(0); at < size; n++ {
			head := fmt.Sprintf("From r.osei@example.org Mon Mar  2 10:00:00 2026\nFrom: Rosa Osei <r.osei@example.org>\nTo: Ana Lund <a.lund@example.org>\nSubject: Letter %d\nMessage-Id: <%d@example.org>\nDate: Mon, 02 Mar 2026 10:%02d:00 +0000\n", n, n, n%60)
			text := "\n" + fmt.Sprintf("Letter number %d.\n", n) + body + "\n"
			if n%10 == 0 {
				text = fmt.Sprintf("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n%s\n--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=fees-%d.csv\n\nitem,fee\nquay,%d\n--b--\n\n", text, n, n)
			}
			if _, err := w.WriteString(head + text); err != nil {
				return err
			}
			at += int64(len(head) + len(text))
		}
		return nil
	})
}

// papers is a zip archive of the corpus' PDF files, again and again, each time
// with other bytes behind its end.
func (b *bench) papers(path string, size int64) error {
	files, _, err := b.files("pdf")
	if err != nil {
		return err
	}
	return writing(path, func(w *bufio.Writer) error {
		z := zip.NewWriter(w)
		for n, at := 0, int64(0); at < size; n++ {
			data, err := os.ReadFile(files[n%len(files)])
			if err != nil {
				return err
			}
			f, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%05d.pdf", n), Method: zip.Store})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(f, "%s\n%% copy %d\n", data, n); err != nil {
				return err
			}
			at += int64(len(data))
		}
		return z.Close()
	})
}

// rows is a workbook of a million rows.
func rows(path string, _ int64) error {
	return writing(path, func(w *bufio.Writer) error {
		z := zip.NewWriter(w)
		for _, part := range [][2]string{
			{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
			{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
			{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Fees" sheetId="1" r:id="rId1"/></sheets></workbook>`},
			{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		} {
			f, err := z.Create(part[0])
			if err != nil {
				return err
			}
			if _, err := io.WriteString(f, part[1]); err != nil {
				return err
			}
		}
		f, err := z.Create("xl/worksheets/sheet1.xml")
		if err != nil {
			return err
		}
		sheet := bufio.NewWriter(f)
		_, _ = sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
		for n := range 1_000_000 {
			_, _ = fmt.Fprintf(sheet, `<row r="%[1]d"><c r="A%[1]d"><v>%[1]d</v></c><c r="B%[1]d" t="inlineStr"><is><t>Rosa Osei</t></is></c><c r="C%[1]d" t="inlineStr"><is><t>Port Velmere</t></is></c><c r="D%[1]d"><v>%[2]d.5</v></c></row>`, n+1, n*7)
		}
		_, _ = sheet.WriteString(`</sheetData></worksheet>`)
		return errors.Join(sheet.Flush(), z.Close())
	})
}
