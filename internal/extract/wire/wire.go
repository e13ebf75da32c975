// Package wire is the conversation between the archive and one of its extract
// workers, over two pipes. Both ends are written as if the other one were
// hostile: every frame has a stated greatest length, every value is checked
// before it is used, and a peer that says anything unexpected is given up.
//
// A frame is
//
//	kind     1 byte
//	length   4 bytes, big-endian, at most MaxFrame
//	payload  length bytes
//
// The archive speaks Hello, then Job and, when asked with Need, Block or
// NoBlock. The worker speaks Ready, then for each job any number of Need, Type, Text,
// Part … Data … PartEnd (or PartCut), Image, and at last Done. The worker holds
// no file: all that it can read is what it asks for by offset and length. What is
// coded as film it has decoded: it says Film … Frames, and gets the pixels as
// Blocks, which may end early with a NoBlock that says why.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"candor"
)

// Kind says what a frame is.
type Kind byte

const (
	Hello   Kind = 'H' // to the worker: HelloMessage, once
	Job     Kind = 'J' // to the worker: JobMessage, a zero byte, then the source's first block
	Block   Kind = 'B' // to the worker: exactly the bytes it asked for
	NoBlock Kind = 'N' // to the worker: the source could not be read there; or why there are no more pixels

	Ready   Kind = 'R' // from the worker: ReadyMessage, once
	Need    Kind = 'n' // from the worker: offset (8 bytes) and length (4 bytes), big-endian
	Type    Kind = 'T' // from the worker: the media type found, as soon as it is known
	Text    Kind = 't' // from the worker: UTF-8
	Part    Kind = 'p' // from the worker: PartMessage
	Data    Kind = 'd' // from the worker: bytes of the part
	PartEnd Kind = 'e' // from the worker: the part is complete
	PartCut Kind = 'c' // from the worker: the part cannot be completed; what came of it is not to be kept
	Film    Kind = 'f' // from the worker: bytes of coded pictures, in order
	Frames  Kind = 'F' // from the worker: CodedMessage, what the bytes of Film are
	Image   Kind = 'i' // from the worker: bytes of the thumbnail or of the rendered page, in order
	Done    Kind = 'D' // from the worker: DoneMessage, ends the job
)

const (
	// BlockSize is how much of a source a worker asks for at once, in bytes.
	BlockSize = 256 << 10
	// MaxFrame is the greatest payload, in bytes.
	MaxFrame = 1 << 20
	// MaxData is the greatest payload that a writer puts into one Text, Data or
	// Image frame, in bytes.
	MaxData = 64 << 10

	header = 5
)

// ErrBroken is returned for a frame that this protocol does not allow.
var ErrBroken = errors.New("the worker protocol was broken")

// Limits bound what one job may give. All are enforced on both sides: the
// worker ends politely, the archive kills.
type Limits struct {
	Text   int64 `json:"text"`   // bytes of text
	Parts  int64 `json:"parts"`  // parts found directly inside
	Bytes  int64 `json:"bytes"`  // bytes of all parts together
	Pixels int64 `json:"pixels"` // of an image that is decoded
}

// HelloMessage tells a worker how to set itself up.
type HelloMessage struct {
	Memory int64  `json:"memory"`          // greatest data segment in bytes; 0 for no limit
	PDF    bool   `json:"pdf"`             // load the PDF engine before confining
	Cache  string `json:"cache,omitempty"` // folder of the PDF engine's compiled code
}

// JobMessage asks for one reading, or for one page as an image.
type JobMessage struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Render bool   `json:"render,omitempty"`
	Page   int    `json:"page,omitempty"`  // from 1
	Width  int    `json:"width,omitempty"` // pixels
	Limits Limits `json:"limits"`

	Password string `json:"password,omitempty"`
}

// ReadyMessage says what confines the worker, in words fit to be shown.
type ReadyMessage struct {
	Confinement []string `json:"confinement"`
	Error       string   `json:"error,omitempty"`
}

// DoneMessage is how a job ended. A rendering that failed has a Code.
type DoneMessage struct {
	candor.Reading
	Code candor.Code `json:"code,omitempty"`
}

// PartMessage names a part. Path is its path inside the source.
type PartMessage struct {
	Path    string `json:"path"`
	ModTime int64  `json:"mod_time,omitempty"` // Unix seconds; 0 when not known
}

// CodedMessage says what a run of coded pictures is. They are decoded to planar
// YCbCr 4:2:0 with the full range of values.
type CodedMessage struct {
	Codec  string `json:"codec"`  // CodecHEVC or CodecAV1
	Width  int    `json:"width"`  // pixels of each picture
	Height int    `json:"height"` // pixels of each picture
	Count  int    `json:"count"`  // pictures
}

// Codings of pictures.
const (
	CodecHEVC = "hevc" // units as in Annex B of H.265
	CodecAV1  = "av1"  // low overhead OBUs, each picture a temporal unit
)

// FrameSize is how many bytes one decoded picture has.
func (m CodedMessage) FrameSize() int {
	return m.Width*m.Height + 2*((m.Width+1)/2)*((m.Height+1)/2)
}

// Check refuses what cannot be, and more pixels in all than so many.
func (m CodedMessage) Check(pixels int64) error {
	const side, count = 1 << 16, 1 << 12
	if m.Codec != CodecHEVC && m.Codec != CodecAV1 || m.Width < 1 || m.Height < 1 || m.Count < 1 ||
		m.Width > side || m.Height > side || m.Count > count || int64(m.Width)*int64(m.Height)*int64(m.Count) > pixels {
		return fmt.Errorf("%w: coded pictures that cannot be", ErrBroken)
	}
	return nil
}

// Conn is one end of the conversation. It is not safe for concurrent use.
type Conn struct {
	r   *bufio.Reader
	w   *bufio.Writer
	buf []byte
}

// NewConn makes an end that reads from r and writes to w.
func NewConn(r io.Reader, w io.Writer) *Conn {
	return &Conn{r: bufio.NewReaderSize(r, 64<<10), w: bufio.NewWriterSize(w, 64<<10)}
}

// Read returns the next frame. The payload is valid until the next Read. An
// end of the stream between two frames is io.EOF.
func (c *Conn) Read() (Kind, []byte, error) {
	var h [header]byte
	if _, err := io.ReadFull(c.r, h[:1]); err != nil {
		return 0, nil, err
	}
	if _, err := io.ReadFull(c.r, h[1:]); err != nil {
		return 0, nil, noEOF(err)
	}
	n := binary.BigEndian.Uint32(h[1:])
	if n > MaxFrame {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", ErrBroken, n)
	}
	if cap(c.buf) < int(n) {
		c.buf = make([]byte, max(int(n), 16<<10))
	}
	p := c.buf[:n]
	if _, err := io.ReadFull(c.r, p); err != nil {
		return 0, nil, noEOF(err)
	}
	return Kind(h[0]), p, nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write puts a frame into the buffer; Flush sends it.
func (c *Conn) Write(k Kind, payload ...[]byte) error {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	if n > MaxFrame {
		return fmt.Errorf("%w: a frame of %d bytes was to be written", ErrBroken, n)
	}
	var h [header]byte
	h[0] = byte(k)
	binary.BigEndian.PutUint32(h[1:], uint32(n))
	if _, err := c.w.Write(h[:]); err != nil {
		return err
	}
	for _, p := range payload {
		if _, err := c.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// Flush sends what was written.
func (c *Conn) Flush() error { return c.w.Flush() }

// Send writes a message as JSON and flushes it.
func (c *Conn) Send(k Kind, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := c.Write(k, data); err != nil {
		return err
	}
	return c.Flush()
}

// Stream writes p as frames of at most MaxData bytes.
func (c *Conn) Stream(k Kind, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), MaxData)
		if err := c.Write(k, p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// SendJob writes a job with the first block of its source.
func (c *Conn) SendJob(j JobMessage, first []byte) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := c.Write(Job, data, []byte{0}, first); err != nil {
		return err
	}
	return c.Flush()
}

// ParseJob takes a Job frame apart. The first block is a part of payload.
func ParseJob(payload []byte) (JobMessage, []byte, error) {
	var j JobMessage
	for i, b := range payload {
		if b != 0 {
			continue
		}
		if err := Decode(payload[:i], &j); err != nil {
			return j, nil, err
		}
		if j.Size < 0 || int64(len(payload)-i-1) > j.Size || j.Page < 0 || j.Width < 0 {
			return j, nil, fmt.Errorf("%w: a job that cannot be", ErrBroken)
		}
		return j, payload[i+1:], nil
	}
	return j, nil, fmt.Errorf("%w: a job without its end", ErrBroken)
}

// SendNeed asks for n bytes at off.
func (c *Conn) SendNeed(off int64, n int) error {
	var p [12]byte
	binary.BigEndian.PutUint64(p[:8], uint64(off))
	binary.BigEndian.PutUint32(p[8:], uint32(n))
	if err := c.Write(Need, p[:]); err != nil {
		return err
	}
	return c.Flush()
}

// ParseNeed takes a Need frame apart and checks it against the source's size.
func ParseNeed(payload []byte, size int64) (off int64, n int, err error) {
	if len(payload) != 12 {
		return 0, 0, fmt.Errorf("%w: a question of %d bytes", ErrBroken, len(payload))
	}
	o, l := binary.BigEndian.Uint64(payload[:8]), binary.BigEndian.Uint32(payload[8:])
	if l == 0 || l > BlockSize || o >= uint64(size) || uint64(l) > uint64(size)-o {
		return 0, 0, fmt.Errorf("%w: a question past the source's end", ErrBroken)
	}
	return int64(o), int(l), nil
}

// Decode reads a JSON message.
func Decode(payload []byte, v any) error {
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}
