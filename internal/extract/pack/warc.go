package pack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"candor"
	"candor/internal/extract/name"
)

const (
	warcMark   = "WARC/"
	warcHeader = 1 << 20 // bytes that a record's header may take
)

var (
	errNoRecord = errors.New("no WARC record stands here")
	errEncoding = errors.New("the content is compressed in a way that this version does not read")
)

// WARC reads a web archive (ISO 28500): what servers answered and what was put in
// as resources or converted are parts, each under the address it was fetched from,
// without HTTP's transfer and content encodings. Requests, notes of the crawler and
// records that only say "as before" are counted. The libraries for this format keep
// records in files of their own, which a confined worker has not got. The error is
// the sink's.
func WARC(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	return reading, records(bufio.NewReaderSize(io.NewSectionReader(src, 0, src.Size), 64<<10), &reading, sink)
}

// records reads one WARC record after another.
func records(r *bufio.Reader, reading *candor.Reading, sink candor.Sink) error {
	var a account
	others := 0
	for {
		rec, err := nextRecord(r)
		if err == io.EOF {
			break
		}
		if err != nil {
			a.cut = err
			break
		}
		if !rec.holds() {
			others++
		} else if err := a.record(rec, sink); err != nil {
			a.judge(reading)
			return err
		}
		if _, err := io.Copy(io.Discard, rec.block); err != nil || rec.block.N > 0 {
			a.cut = io.ErrUnexpectedEOF
			break
		}
	}
	a.judge(reading)
	reading.Fields = append(reading.Fields, candor.Field{Name: "warc:OtherRecords", Value: fmt.Sprint(others)})
	return nil
}

// record is one record of a web archive.
type record struct {
	header textproto.MIMEHeader
	block  *io.LimitedReader
}

// nextRecord reads a record's header, past the blank lines that end the one before.
func nextRecord(r *bufio.Reader) (record, error) {
	limited := &io.LimitedReader{R: r, N: warcHeader}
	head := bufio.NewReaderSize(oneByOne{limited}, 16) // never reads past the header
	lines := textproto.NewReader(head)
	for {
		line, err := lines.ReadLine()
		switch {
		case err == io.EOF && line == "" && limited.N > 0:
			return record{}, io.EOF
		case err != nil:
			return record{}, errNoRecord
		case line == "":
			continue
		case !strings.HasPrefix(line, warcMark):
			return record{}, errNoRecord
		}
		break
	}
	h, err := lines.ReadMIMEHeader()
	if err != nil {
		return record{}, errNoRecord
	}
	size, err := strconv.ParseInt(strings.TrimSpace(h.Get("Content-Length")), 10, 64)
	if err != nil || size < 0 {
		return record{}, errNoRecord
	}
	return record{h, &io.LimitedReader{R: r, N: size}}, nil
}

// oneByOne gives a byte at a time, so that a buffer over it holds nothing back.
type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// holds tells whether a record holds something of the web itself.
func (r record) holds() bool {
	switch strings.ToLower(r.header.Get("Warc-Type")) {
	case "resource", "conversion":
		return true
	case "response":
		return !strings.HasPrefix(r.header.Get("Content-Type"), "text/dns")
	}
	return false
}

func (a *account) record(rec record, sink candor.Sink) error {
	a.members++
	when, _ := time.Parse(time.RFC3339, rec.header.Get("Warc-Date"))
	place := candor.Place{Path: addressPath(rec.header.Get("Warc-Target-Uri")), ModTime: sane(when)}
	var body io.Reader = rec.block
	if strings.HasPrefix(rec.header.Get("Content-Type"), "application/http") {
		answer, err := http.ReadResponse(bufio.NewReader(rec.block), nil)
		if err != nil {
			a.broken++
			return nil
		}
		defer answer.Body.Close()
		body, err = decoded(answer)
		switch {
		case errors.Is(err, errEncoding):
			a.unknown++
			return nil
		case err != nil:
			a.broken++
			return nil
		}
	}
	return a.part(place, body, sink)
}

// decoded undoes the content encodings of an answer. Crawlers often store a body
// decoded and leave the header as it was, so a body that does not begin as its
// encoding begins is taken as it stands.
func decoded(answer *http.Response) (io.Reader, error) {
	body := bufio.NewReader(answer.Body)
	encodings := strings.Split(answer.Header.Get("Content-Encoding"), ",")
	for i := len(encodings) - 1; i >= 0; i-- {
		head, _ := body.Peek(4)
		var r io.Reader = body
		var err error
		switch strings.ToLower(strings.TrimSpace(encodings[i])) {
		case "", "identity":
		case "gzip", "x-gzip":
			if bytes.HasPrefix(head, []byte("\x1f\x8b")) {
				r, err = gzip.NewReader(body)
			}
		case "deflate":
			if len(head) > 1 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
				r, err = zlib.NewReader(body)
			}
		case "zstd":
			if bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) {
				r, err = zstd.NewReader(body, zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderConcurrency(1))
			}
		case "bzip2", "x-bzip2":
			r = bzip2.NewReader(body)
		case "br":
			r = brotli.NewReader(body)
		default:
			err = errEncoding
		}
		if err != nil {
			return nil, err
		}
		body = bufio.NewReader(r)
	}
	return body, nil
}

// addressPath makes a place of an address: its host and path, with an index
// page's name where the path ends a folder, and its query at the end.
func addressPath(address string) string {
	u, err := url.Parse(strings.Trim(address, "<> "))
	if err != nil || u.Host == "" {
		return name.Clean(address)
	}
	p := u.Path
	if p == "" || strings.HasSuffix(p, "/") {
		p += "index.html"
	}
	if u.RawQuery != "" {
		ext := path.Ext(p)
		p = strings.TrimSuffix(p, ext) + "?" + u.RawQuery + ext
	}
	return name.Clean(u.Host + "/" + p)
}
