package tlog

import (
	"compress/gzip"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

// Handler serves the log to anybody: /checkpoint, /key, /tile/<L>/<N>[.p/<W>]
// and /tile/entries/<N>[.p/<W>], as C2SP tlog-tiles says. What the checkpoint
// covers is always there. Sealed details are not served. To serve it below a
// prefix, wrap it in http.StripPrefix.
func (l *Log) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", l.serveCheckpoint)
	mux.HandleFunc("GET /key", l.serveKey)
	mux.HandleFunc("GET /tile/", l.serveTile)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // public data, for verifiers in a page
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func (l *Log) serveCheckpoint(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(l.shown().signed)
}

func (l *Log) serveKey(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Write(l.keyText())
}

func (l *Log) serveTile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	t, ok := parseTilePath(name)
	if !ok || !covered(t, l.shown().size) {
		http.NotFound(w, r)
		return
	}
	b, err := l.fs.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) { // a partial tile whose full one is there
		http.NotFound(w, r)
		return
	}
	if err != nil {
		l.logger.Error("A file of the log cannot be read.", "file", name, "error", err)
		http.Error(w, "This file of the log cannot be read at the moment.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, b, t.L < 0)
}

// send writes a file, compressed if it is an entry bundle and the reader can.
// Hashes do not compress.
func send(w http.ResponseWriter, r *http.Request, b []byte, entries bool) {
	if !entries {
		w.Write(b)
		return
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Write(b)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	z.Write(b)
	z.Close()
}

// parseTilePath reads the path of a tile or entry bundle (level -1).
func parseTilePath(name string) (tlog.Tile, bool) {
	rest, ok := strings.CutPrefix(name, "tile/")
	if !ok {
		return tlog.Tile{}, false
	}
	if e, entries := strings.CutPrefix(rest, "entries/"); entries {
		rest = "data/" + e
	} else if strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil || t.L > 6 || t.N > 1<<40 { // beyond any log; keeps the arithmetic in range
		return tlog.Tile{}, false
	}
	return t, true
}

func covered(t tlog.Tile, size int64) bool {
	count := size >> (tileBits * max(t.L, 0))
	return t.N*receipt.TileWidth+int64(t.W) <= count
}
