package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"candor"
	"candor/internal/archive"
	"candor/internal/table"
)

// takeaway is what may be taken from a results page: the originals of its hits,
// a collection at a time, as one act has items of one collection.
type takeaway struct {
	Collection, Title string
	Items             int
}

// takeaways lists what a page offers; nothing if its purpose grants no export.
func takeaways(v *visit, p shownPage, cols []archive.CollectionInfo) (out []takeaway) {
	for _, purpose := range v.usable() {
		if purpose.ID != p.Request.Purpose || !slices.Contains(purpose.Acts, candor.ActExport) {
			continue
		}
		for _, h := range p.Result.Hits {
			i := 0
			for i < len(out) && out[i].Collection != h.Item.Collection {
				i++
			}
			if i == len(out) {
				out = append(out, takeaway{h.Item.Collection, collectionTitle(cols, h.Item.Collection), 0})
			}
			out[i].Items++
		}
	}
	return out
}

// shownHits finds a page that the person was shown and may still look at.
func (s *server) shownHits(v *visit) (shownPage, error) {
	p, ok := s.shown.page(v.PathValue("id"), v.who.Person.ID)
	if !ok || p.Result == nil || !v.mayUse(p.Request.Purpose) {
		return p, candor.Errorf(candor.NotFound, "That results page has closed. Search again, and take what you need from the new page.")
	}
	return p, nil
}

// takeList gives what a results page shows as a table. It was shown
// under the page's record, so this is no new act.
func (s *server) takeList(w http.ResponseWriter, v *visit) error {
	p, err := s.shownHits(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="candor-results-%d.csv"`, p.Result.Receipt.Index))
	rows := [][]string{{"item", "name", "path", "collection", "type", "date", "snippet", "record"}}
	for _, h := range p.Result.Hits {
		day, snippet := "", ""
		if !h.Item.Date.IsZero() {
			day = h.Item.Date.Format(time.DateOnly)
		}
		if len(h.Snippets) > 0 {
			snippet = h.Snippets[0].Text
		}
		rows = append(rows, []string{string(h.Item.ID), h.Item.Name, h.Path, h.Item.Collection, h.Item.Type, day, snippet, strconv.FormatInt(p.Result.Receipt.Index, 10)})
	}
	return table.New(w).Write(rows...)
}

// takeOriginals exports the originals of a page's hits in one collection: an
// act of its own. What fails after the first byte breaks the connection, for a
// zip that ends early must not look whole.
func (s *server) takeOriginals(w http.ResponseWriter, v *visit) error {
	if err := readForm(w, v); err != nil {
		return err
	}
	p, err := s.shownHits(v)
	if err != nil {
		return err
	}
	var items []candor.ItemID
	for _, h := range p.Result.Hits {
		if h.Item.Collection == v.PostFormValue("collection") {
			items = append(items, h.Item.ID)
		}
	}
	if len(items) == 0 {
		return candor.Errorf(candor.Invalid, "That page shows nothing of this collection. Go back and choose another.")
	}
	out := &download{w: w}
	if _, err := s.Archive.Export(v.Context(), v.who, p.Request.Purpose, items, out); err != nil {
		if !out.begun {
			return err
		}
		s.note(v, err)
		panic(http.ErrAbortHandler) // net/http's way of breaking the connection
	}
	return nil
}

// download says what is coming before its first byte, and not before that.
type download struct {
	w     http.ResponseWriter
	begun bool
}

func (d *download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.w.Header().Set("Content-Type", "application/zip")
		d.w.Header().Set("Content-Disposition", `attachment; filename="candor-export.zip"`)
	}
	return d.w.Write(p)
}
