package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"candor"
)

// How words are read off pictures of pages.
const (
	ocrOff          = "off"
	mostRecognised  = 5_000 // pages of one item
	pageWidthDrawn  = 2480  // pixels: an A4 page at 300 dots an inch
	mostLanguages   = 3     // looked for at once unless more are named; each costs time
	leastConfidence = 50    // percent; a picture that is no page of text is full of shapes that look like a letter or two
	firstLanguage   = "eng"
)

// checkOCR makes sure that an addition's wish can be met.
func (a *Archive) checkOCR(wish string) error {
	if wish == "" || wish == ocrOff {
		return nil
	}
	if a.cfg.Recognizer == nil {
		return candor.Errorf(candor.NotSupported, "Text in pictures cannot be recognised here: tesseract is not installed. Install tesseract-ocr, or add with --ocr off.")
	}
	have := a.cfg.Recognizer.Languages()
	for l := range strings.SplitSeq(wish, "+") {
		if !slices.Contains(have, l) {
			return candor.Errorf(candor.Invalid, "There is no recognition of %q here. Say off, or one or more of %s, joined by +.", l, strings.Join(have, ", "))
		}
	}
	return nil
}

// languages are those that an addition's pictures are read in; none turns
// recognition off.
func (a *Archive) languages(wish string) []string {
	switch {
	case a.cfg.Recognizer == nil || wish == ocrOff:
		return nil
	case wish != "":
		return strings.Split(wish, "+")
	}
	have := a.cfg.Recognizer.Languages()
	slices.SortStableFunc(have, func(x, y string) int { return cmp.Compare(order(x), order(y)) })
	return have[:min(len(have), mostLanguages)]
}

// order puts the first language in front.
func order(language string) int {
	if language == firstLanguage {
		return 0
	}
	return 1
}

// recognised is what came of reading an item's pictures, by page.
type recognised struct {
	pages  map[int]candor.PageText
	failed map[int]string // why
}

// recognise reads the pages of a source that are pictures into the sink's text,
// and says in the reading what could not be read.
func (f *family) recognise(ctx context.Context, src candor.Source, r *candor.Reading, s *sink) error {
	if len(r.Pictures) == 0 {
		return nil
	}
	a := f.intake.archive
	picture := strings.HasPrefix(r.Type, "image/")
	languages := a.languages(f.intake.figure.OCR)
	if len(languages) == 0 {
		if !picture {
			why := "text in pictures cannot be read here, tesseract is not installed"
			if f.intake.figure.OCR == ocrOff {
				why = "text in pictures was not asked to be read"
			}
			r.Lack(fmt.Sprintf("%s no text but pictures, and %s", candor.HavePages(r.Pictures), why))
		}
		return nil
	}
	if over := len(r.Pictures) - mostRecognised; over > 0 {
		r.Lack(fmt.Sprintf("%d pages that are pictures, beyond the first %d, were not read", over, mostRecognised))
		r.Pictures = r.Pictures[:mostRecognised]
	}
	f.spent.add(Cost{Pages: int64(len(r.Pictures))})
	got, err := a.readPictures(ctx, src, r.Pictures, languages)
	if err != nil {
		return err
	}
	if picture {
		got.dropNoise()
	}
	if failed := slices.Sorted(maps.Keys(got.failed)); len(failed) > 0 {
		r.Lack(fmt.Sprintf("text could not be recognised on %s: %s", candor.PageNumbers(failed), got.failed[failed[0]]))
	}
	s.words = got.pages
	s.lay(got.pages)
	describeRecognised(r, got.pages, languages)
	return nil
}

// readPictures draws and reads pages, as many at a time as there are processors.
func (a *Archive) readPictures(ctx context.Context, src candor.Source, pages []int, languages []string) (recognised, error) {
	out := recognised{pages: make(map[int]candor.PageText, len(pages)), failed: make(map[int]string)}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cap(a.recognising))
	for _, n := range pages {
		g.Go(func() error {
			page, err := a.readPicture(ctx, src, n, languages)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				out.failed[n] = candor.MessageOf(err)
			case page.Text != "":
				out.pages[n] = page
			}
			return nil
		})
	}
	return out, g.Wait()
}

func (a *Archive) readPicture(ctx context.Context, src candor.Source, page int, languages []string) (candor.PageText, error) {
	a.recognising <- struct{}{}
	defer func() { <-a.recognising }()
	png, err := a.cfg.Extractor.Render(ctx, src, page, pageWidthDrawn)
	if err != nil {
		return candor.PageText{}, err
	}
	return a.cfg.Recognizer.Recognize(ctx, png, languages)
}

// dropNoise drops what looks like letters on a picture that shows no text.
func (r *recognised) dropNoise() {
	for n, p := range r.pages {
		if p.Confidence < leastConfidence || !slices.ContainsFunc(p.Words, func(w candor.WordBox) bool { return len(w.Text) > 2 }) {
			delete(r.pages, n)
		}
	}
}

// lay puts the text of recognised pages in its place: on the page where there
// are several, else behind what there is.
func (s *sink) lay(pages map[int]candor.PageText) {
	if len(pages) == 0 {
		return
	}
	parts := strings.Split(strings.TrimSuffix(s.text.String(), "\f"), "\f")
	for n, p := range pages {
		for len(parts) < n {
			parts = append(parts, "")
		}
		if parts[n-1] != "" {
			p.Text = strings.TrimRight(parts[n-1], "\n") + "\n\n" + p.Text
		}
		parts[n-1] = p.Text + "\n"
	}
	text := strings.Join(parts, "\f")
	s.cut += int64(max(len(text)-largestToText, 0))
	s.text.Reset()
	s.text.WriteString(strings.ToValidUTF8(text[:min(len(text), largestToText)], ""))
}

// describeRecognised adds to a reading how sure the recognition was.
func describeRecognised(r *candor.Reading, pages map[int]candor.PageText, languages []string) {
	sum, letters := 0, 0
	for _, n := range slices.Sorted(maps.Keys(pages)) {
		p := pages[n]
		for _, w := range p.Words {
			sum += w.Confidence * len(w.Text)
			letters += len(w.Text)
		}
		if r.Language == "" {
			r.Language = p.Language
		}
	}
	if letters == 0 {
		return
	}
	r.Fields = append(r.Fields, candor.Field{Name: "ocr:Pages", Value: strconv.Itoa(len(pages))},
		candor.Field{Name: "ocr:Languages", Value: strings.Join(languages, "+")},
		candor.Field{Name: "ocr:Confidence", Value: strconv.Itoa(sum/letters) + " %"})
}

// wordsOf is the words rendition: by page number, where recognised words stand.
func wordsOf(pages map[int]candor.PageText) ([]byte, error) {
	if len(pages) == 0 {
		return nil, nil
	}
	return json.Marshal(pages)
}
