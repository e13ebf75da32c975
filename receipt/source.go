package receipt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileWidth is how many hashes a full tile, and how many entries a full
	// bundle, has (https://c2sp.org/tlog-tiles).
	TileWidth = 256
	tileBits  = 8
	// maxFile is the largest file of a log: a bundle of 256 entries of 65,535 bytes.
	maxFile = TileWidth * (2 + 65535)
)

// Source reads the public files of a log by their C2SP tlog-tiles names:
// "checkpoint", "tile/0/000", "tile/entries/x001/234", and Candor's own "key".
// A file that does not exist is fs.ErrNotExist. Safe for concurrent use.
type Source interface {
	ReadFile(ctx context.Context, name string) ([]byte, error)
}

// OpenSource reads a log from a folder or from an http or https address.
func OpenSource(where string) (Source, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		return URL(where, nil)
	}
	info, err := os.Stat(where)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", where)
	}
	return Dir(where), nil
}

// Dir reads a log from its folder.
func Dir(path string) Source { return dirSource(path) }

type dirSource string

func (d dirSource) ReadFile(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return readLimited(f, info.Size())
}

// URL reads a log over HTTP. nil is a client with a time limit of 30 s.
func URL(base string, client *http.Client) (Source, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not an http address", base)
	}
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	return urlSource{base: u, client: client}, nil
}

type urlSource struct {
	base   *url.URL
	client *http.Client
}

func (s urlSource) ReadFile(ctx context.Context, name string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath(name).String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return readLimited(res.Body, res.ContentLength)
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return nil, fmt.Errorf("%s: the server answered %s", name, res.Status)
}

// readLimited reads to the end. likely is how much that is, if it is known.
func readLimited(r io.Reader, likely int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(likely, 0), maxFile)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r, maxFile+1))
	if err == nil && n > maxFile {
		err = errors.New("larger than any file of a log may be")
	}
	return b.Bytes(), err
}

// TilePath is the name of a hash tile: level, number, and width (1 to 256).
func TilePath(level int, n int64, width int) string {
	return tilePath(fmt.Sprintf("tile/%d/", level), n, width)
}

// BundlePath is the name of an entry bundle: number and width (1 to 256).
func BundlePath(n int64, width int) string { return tilePath("tile/entries/", n, width) }

// tilePath writes n in groups of three digits, as tlog.Tile does.
func tilePath(prefix string, n int64, width int) string {
	t := tlog.Tile{H: tileBits, L: 0, N: n, W: width}
	return prefix + strings.TrimPrefix(t.Path(), "tile/8/0/")
}

// ParseBundle cuts an entry bundle of width entries into its entries, which
// share b's memory.
func ParseBundle(b []byte, width int) ([][]byte, error) {
	entries := make([][]byte, 0, width)
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, errors.New("the bundle ends within a length")
		}
		n := 2 + (int(b[0])<<8 | int(b[1]))
		if len(b) < n {
			return nil, errors.New("the bundle ends within an entry")
		}
		entries = append(entries, b[2:n:n])
		b = b[n:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("the bundle holds %d entries, not %d", len(entries), width)
	}
	return entries, nil
}

// AppendEntry appends one entry to a bundle. The entry has at most 65,535 bytes.
func AppendEntry(bundle, entry []byte) []byte {
	bundle = append(bundle, byte(len(entry)>>8), byte(len(entry)))
	return append(bundle, entry...)
}

// readTile reads a file of the tree, of width entries. Logs may delete partial
// files once the full one exists; then cut makes the part out of the full one.
func readTile(ctx context.Context, src Source, path func(width int) string, width int, cut func([]byte) ([]byte, error)) ([]byte, error) {
	b, err := src.ReadFile(ctx, path(width))
	if err == nil || width == TileWidth || !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	full, fullErr := src.ReadFile(ctx, path(TileWidth))
	if fullErr != nil {
		return nil, err // the name that should be there
	}
	return cut(full)
}

func readHashTile(ctx context.Context, src Source, level int, n int64, width int) ([]byte, error) {
	path := func(w int) string { return TilePath(level, n, w) }
	return readTile(ctx, src, path, width, func(full []byte) ([]byte, error) {
		return full[:min(len(full), width*tlog.HashSize)], nil
	})
}

func readBundle(ctx context.Context, src Source, n int64, width int) ([][]byte, error) {
	path := func(w int) string { return BundlePath(n, w) }
	cutOff := 0
	b, err := readTile(ctx, src, path, width, func(full []byte) ([]byte, error) {
		cutOff = TileWidth
		return full, nil
	})
	if err != nil {
		return nil, err
	}
	if cutOff == 0 {
		return ParseBundle(b, width)
	}
	entries, err := ParseBundle(b, cutOff)
	if err != nil {
		return nil, err
	}
	return entries[:width], nil
}
