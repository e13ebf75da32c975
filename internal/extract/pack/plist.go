package pack

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"howett.net/plist"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

const (
	mostPlist    = 256 << 20 // bytes, which are read into memory
	deepestPlist = 100
	mostResource = 10_000 // files of a saved page
	leastPicture = 16 << 10
)

// Plist reads a binary property list of Apple's. Of a page that Safari saved (a web
// archive) the page, its frames and its larger pictures are parts; of any other
// the texts in it are read, a line each. The error is the sink's.
func Plist(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostPlist, "property lists")
	if !ok {
		return reading, nil
	}
	var root any
	if _, err := plist.Unmarshal(data, &root); err != nil {
		reading.Condition, reading.Reason = candor.Failed, damaged
		return reading, nil
	}
	if page, ok := root.(map[string]any); ok && page["WebMainResource"] != nil {
		reading.Type = "application/x-webarchive"
		left := mostResource
		return reading, webArchive(page, 0, &left, sink)
	}
	w := plain.NewWriter(sink)
	plistTexts(root, w, 0)
	if err := w.Close(); err != nil {
		return reading, err
	}
	reading.Language = w.Language()
	return reading, nil
}

// webArchive hands on a page, and those inside it. The error is the sink's.
func webArchive(page map[string]any, depth int, left *int, sink candor.Sink) error {
	if err := webResource(page["WebMainResource"], left, sink); err != nil || depth > deepestPlist {
		return err
	}
	inner, _ := page["WebSubframeArchives"].([]any)
	for _, frame := range inner {
		if f, ok := frame.(map[string]any); ok {
			if err := webArchive(f, depth+1, left, sink); err != nil {
				return err
			}
		}
	}
	all, _ := page["WebSubresources"].([]any)
	for _, res := range all {
		m, _ := res.(map[string]any)
		typ, _ := m["WebResourceMIMEType"].(string)
		if data, _ := m["WebResourceData"].([]byte); len(data) < leastPicture || !strings.HasPrefix(typ, "image/") {
			continue // style and script, and ornaments
		}
		if err := webResource(res, left, sink); err != nil {
			return err
		}
	}
	return nil
}

func webResource(v any, left *int, sink candor.Sink) error {
	m, _ := v.(map[string]any)
	data, _ := m["WebResourceData"].([]byte)
	if len(data) == 0 || *left == 0 {
		return nil
	}
	*left--
	at, _ := m["WebResourceURL"].(string)
	file := "page"
	if u, err := url.Parse(at); err == nil && path.Base(u.Path) != "/" && path.Base(u.Path) != "." {
		file = path.Base(u.Path)
	}
	if typ, _ := m["WebResourceMIMEType"].(string); typ == "text/html" && path.Ext(file) == "" {
		file += ".html"
	}
	return sink.Part(candor.Place{Path: name.Base(file)}, bytes.NewReader(data))
}

// plistTexts writes the texts of a list, each key before what stands under it.
func plistTexts(v any, w *plain.Writer, depth int) {
	if depth > deepestPlist || w.Err() != nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			_, _ = w.WriteString(key)
			w.Line()
			plistTexts(v[key], w, depth+1)
		}
	case []any:
		for _, e := range v {
			plistTexts(e, w, depth+1)
		}
	case []byte:
	default:
		_, _ = fmt.Fprint(w, v)
		w.Line()
	}
}
