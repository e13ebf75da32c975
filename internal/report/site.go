package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"candor/receipt"
)

// Site writes the report as files: index.html, figures.json, candor.css, and a
// page and a receipt for each of the newest records and for each record that
// approved a purpose. create opens a file under a slash-separated relative
// name, making folders as needed. The pages need no server program.
func Site(ctx context.Context, cfg Config, stylesheet []byte, create func(name string) (io.WriteCloser, error)) error {
	r, err := newReporter(cfg)
	if err != nil {
		return err
	}
	f, err := r.Figures(ctx)
	if err != nil {
		return err
	}
	s := site{r, create}
	address := r.Address
	if address == "" {
		address = "ADDRESS"
	}
	front := frame{Title: titles["report"], Stylesheet: "candor.css", Log: "index.html", Page: r.page(f, address, siteLinks("record/"))}
	if err := s.html("index.html", "report", front); err != nil {
		return err
	}
	figures, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode the figures: %w", err)
	}
	if err := s.file("figures.json", figures); err != nil {
		return err
	}
	if err := s.file("candor.css", stylesheet); err != nil {
		return err
	}
	for index := range recordsOf(f) {
		if err := s.record(ctx, index); err != nil {
			return err
		}
	}
	return nil
}

// recordsOf lists the records that the report links to.
func recordsOf(f receipt.Figures) map[int64]bool {
	out := map[int64]bool{}
	for _, n := range f.Newest {
		out[n.Index] = true
		if n.Record.Intent != nil {
			out[*n.Record.Intent] = true
		}
	}
	for _, p := range f.Purposes {
		if p.Grant != nil {
			out[*p.Grant] = true
		}
	}
	return out
}

func siteLinks(folder string) links {
	return links{
		FiguresLink: "figures.json",
		record:      func(n int64) string { return folder + strconv.FormatInt(n, 10) + ".html" },
		receipt:     func(n int64) string { return folder + strconv.FormatInt(n, 10) + ".receipt" },
	}
}

type site struct {
	*reporter
	create func(name string) (io.WriteCloser, error)
}

func (s site) record(ctx context.Context, index int64) error {
	rec, err := s.Receipt(ctx, index)
	if err != nil {
		return err
	}
	page := recordPageOf(rec, siteLinks(""))
	page.Intent = "" // the record of an older intent may not be among the files
	f := frame{Title: titles["record"], Stylesheet: "../candor.css", Log: "../index.html", Page: page}
	name := "record/" + strconv.FormatInt(index, 10)
	if err := s.html(name+".html", "record", f); err != nil {
		return err
	}
	return s.file(name+".receipt", rec.Marshal())
}

func (s site) html(name, page string, f frame) error {
	out, err := s.execute(page, f)
	if err != nil {
		return err
	}
	return s.file(name, out)
}

func (s site) file(name string, data []byte) error {
	w, err := s.create(name)
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	if _, err := w.Write(data); err != nil {
		_ = w.Close() // the write's error says more
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("close %s: %w", name, err)
	}
	return nil
}
