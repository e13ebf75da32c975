package archive

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"candor"
)

// Cost is the work of an analysis: at most, before it; or as it was, after it.
type Cost struct {
	Items int64         `json:"items"`
	Pages int64         `json:"pages,omitempty"` // pictures of pages that words are read off
	Sound time.Duration `json:"sound,omitempty"` // that is listened to
	Text  int64         `json:"text,omitempty"`  // bytes of text that are translated, or told to the model of meaning
	Model string        `json:"model,omitempty"` // that is told them; "" if nothing leaves this process
}

// meter adds up what was done. Safe for concurrent use.
type meter struct {
	mu   sync.Mutex
	cost Cost
}

// add does nothing on a meter that is nil.
func (m *meter) add(c Cost) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cost.add(c)
}

func (c *Cost) add(more Cost) {
	c.Items += more.Items
	c.Pages += more.Pages
	c.Sound += more.Sound
	c.Text += more.Text
	c.Model = cmp.Or(c.Model, more.Model)
}

// costOf is what analysing some items takes, at most. What a file holds that has
// not been opened yet is not known before.
func (a *Archive) costOf(items []candor.Item, r AnalyseRequest, model string) Cost {
	c := Cost{Items: int64(len(items)), Model: model}
	wish := r.OCR
	if wish == "" && len(items) > 0 { // all are of one collection, which may have its own
		if collection, ok := a.books.collection(items[0].Collection); ok {
			wish = collection.OCR
		}
	}
	for _, it := range items {
		switch {
		case r.Translate != "":
			if a.translates(it, r.Translate) {
				c.Text += it.TextSize
			}
		case r.Reindex:
			c.Text += it.TextSize
		case candor.IsRecording(it.Type):
			if a.listensBy() != "" {
				c.Sound += lengthOf(it)
			}
		case len(a.languages(wish)) > 0:
			c.Pages += pagesToRead(it)
		}
	}
	return c
}

// pagesToRead is how many pictures of pages an item has at most.
func pagesToRead(it candor.Item) int64 {
	switch {
	case strings.HasPrefix(it.Type, "image/"):
		return int64(max(it.Pages, 1))
	case it.Type == "application/pdf":
		return int64(min(it.Pages, mostRecognised))
	}
	return 0
}

// translates reports whether there is something to translate in an item: a text
// of another language, which the same translator has not put into it yet.
func (a *Archive) translates(it candor.Item, to string) bool {
	done := slices.ContainsFunc(it.Translated, func(t candor.Translated) bool { return t.To == to && t.By == a.cfg.Translator.Name() })
	return slices.Contains(it.Renditions, candor.Text) && it.Language != to && !done
}

// lengthOf is how long a recording is, by its field media:Duration.
func lengthOf(it candor.Item) time.Duration {
	for _, f := range it.Fields {
		if f.Name == "media:Duration" {
			return candor.ParseTimeCode(f.Value)
		}
	}
	return 0
}
