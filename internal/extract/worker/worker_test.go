package worker

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/wire"
)

// TestRemoteAsksForWhatIsRead reads across blocks, back and forth, from a
// source that is greater than what is remembered of it.
func TestRemoteAsksForWhatIsRead(t *testing.T) {
	data := make([]byte, (cachedBlocks+3)*wire.BlockSize+17)
	for i := range data {
		data[i] = byte(i * 31 >> 8)
	}
	toParent, fromWorker := io.Pipe()
	toWorker, fromParent := io.Pipe()
	go serveBlocks(wire.NewConn(toParent, fromParent), data)
	r := newRemote(wire.NewConn(toWorker, fromWorker), int64(len(data)), data[:wire.BlockSize])
	for _, c := range []struct{ off, n int }{{0, 10}, {wire.BlockSize - 5, 10}, {len(data) - 17, 17}, {5, 3 * wire.BlockSize}, {0, len(data)}, {100, 1}} {
		got := make([]byte, c.n)
		if n, err := r.ReadAt(got, int64(c.off)); n != c.n || err != nil || !bytes.Equal(got, data[c.off:c.off+c.n]) {
			t.Errorf("%d bytes at %d: %d, %v", c.n, c.off, n, err)
		}
	}
	if len(r.blocks) > cachedBlocks {
		t.Errorf("%d blocks are remembered", len(r.blocks))
	}
	if n, err := r.ReadAt(make([]byte, 10), int64(len(data)-3)); n != 3 || err != io.EOF {
		t.Errorf("past the end: %d, %v", n, err)
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is read")
	}
	_ = fromWorker.Close()
}

func serveBlocks(c *wire.Conn, data []byte) {
	for {
		_, p, err := c.Read()
		if err != nil {
			return
		}
		off, n, err := wire.ParseNeed(p, int64(len(data)))
		if err != nil {
			return
		}
		_ = c.Write(wire.Block, data[off:off+int64(n)])
		_ = c.Flush()
	}
}

// FuzzJobs gives a worker any bytes for the archive's, with the real readers.
func FuzzJobs(f *testing.F) {
	job := func(name string, data []byte) []byte {
		var b bytes.Buffer
		c := wire.NewConn(&b, &b)
		_ = c.SendJob(wire.JobMessage{Name: name, Size: int64(len(data)), Limits: wire.Limits{Text: 1 << 20, Parts: 100, Bytes: 1 << 20, Pixels: 1e6}}, data)
		return b.Bytes()
	}
	f.Add(job("a.eml", []byte(fixture.Mail)))
	f.Add(job("a.docx", fixture.DOCX("a", "b")))
	f.Add(job("a.tar.gz", fixture.Gzip(fixture.Tar(fixture.Member{Name: "a", Body: "b"}))))
	f.Add(append(job("a.jpg", fixture.Photo(8, 8, 3)), job("a.txt", []byte("x"))...))
	real, err := Load(wire.HelloMessage{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		err := jobs(wire.NewConn(bytes.NewReader(in), &out), real, &decoder{})
		if err != nil && candor.CodeOf(err) != candor.Internal {
			t.Errorf("the conversation ends with %v", err)
		}
		for c := wire.NewConn(&out, io.Discard); ; {
			k, _, err := c.Read()
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return
			}
			if err != nil || k == wire.Hello || k == wire.Job {
				t.Fatalf("the worker says %q, %v", k, err)
			}
		}
	})
}

// TestTheDecoderTakesWhatIsDue has an archive answer in one way each.
func TestTheDecoderTakesWhatIsDue(t *testing.T) {
	m := wire.CodedMessage{Codec: wire.CodecAV1, Width: 3, Height: 2, Count: 2}
	frame := strings.Repeat("y", 6) + "bb" + "rr"
	for _, c := range []struct {
		name   string
		answer func(*wire.Conn) error
		frames int
		broken bool
		code   candor.Code
	}{
		{"in pieces", func(c *wire.Conn) error {
			return errors.Join(c.Write(wire.Block, []byte(frame[:7])), c.Write(wire.Block, []byte(frame[7:]+frame)))
		}, 2, false, ""},
		{"ends early", func(c *wire.Conn) error {
			return errors.Join(c.Write(wire.Block, []byte(frame+frame[:2])), c.Write(wire.NoBlock, []byte("it is damaged")))
		}, 1, false, candor.NotSupported},
		{"too many", func(c *wire.Conn) error { return c.Write(wire.Block, []byte(frame+frame+"y")) }, 2, true, candor.Internal},
		{"something else", func(c *wire.Conn) error { return c.Write(wire.Job, []byte(frame)) }, 0, true, candor.Internal},
		{"nothing", func(*wire.Conn) error { return nil }, 0, true, candor.Internal},
	} {
		var answer, asked bytes.Buffer
		to := wire.NewConn(nil, &answer)
		if err := errors.Join(c.answer(to), to.Flush()); err != nil {
			t.Fatal(err)
		}
		d := &decoder{c: wire.NewConn(&answer, &asked)}
		n := 0
		err := d.frames(m, []byte("film"), func(got []byte) {
			if string(got) != frame {
				t.Errorf("%s: frame %d is %q", c.name, n, got)
			}
			n++
		})
		if n != c.frames || candor.CodeOf(err) != c.code || (d.broken != nil) != c.broken {
			t.Errorf("%s: %d frames, %v, broken: %v", c.name, n, err, d.broken)
		}
	}
}
