package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/name"
)

// Old archives of Unix: cpio in its four forms (POSIX.1-1988 "odc", SVR4 "newc"
// with and without checksums, and the binary one), and ar.

const longestName = 64 << 10 // bytes, of a member's name

var errUnix = errors.New("a header is damaged")

// member is what a header says.
type member struct {
	name string
	mode uint32
	size int64
	time int64
	pad  int64 // bytes behind the content
}

// Cpio reads a cpio archive. The error is the sink's.
func Cpio(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	err := unixMembers(bufio.NewReaderSize(io.NewSectionReader(src, 0, src.Size), 64<<10), cpioHeader, &reading, sink)
	return reading, err
}

// Ar reads an archive of ar. The error is the sink's.
func Ar(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	r := bufio.NewReaderSize(io.NewSectionReader(src, int64(len(arMark)), max(src.Size-int64(len(arMark)), 0)), 64<<10)
	var a arNames
	err := unixMembers(r, a.header, &reading, sink)
	return reading, err
}

// unixMembers hands on members until header says io.EOF.
func unixMembers(r *bufio.Reader, header func(*bufio.Reader) (member, error), reading *candor.Reading, sink candor.Sink) error {
	var a account
	defer a.judge(reading)
	for {
		m, err := header(r)
		if err == io.EOF {
			return nil
		}
		if err != nil || m.size < 0 {
			a.cut = errUnix
			return nil
		}
		content := io.LimitReader(r, m.size)
		switch m.mode & 0o170000 {
		case 0o100000, 0:
			a.members++
			s := &exact{r: content, left: m.size}
			if err := a.part(candor.Place{Path: name.Clean(m.name), ModTime: sane(time.Unix(m.time, 0))}, s, sink); err != nil {
				return err
			}
			if s.left > 0 && s.short {
				a.cut = io.ErrUnexpectedEOF
				return nil
			}
		case 0o040000:
		default:
			a.links++
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			a.cut = err
			return nil
		}
		if _, err := r.Discard(int(m.pad)); err != nil && err != io.EOF {
			a.cut = err
			return nil
		}
	}
}

// exact fails where a member ends before its size.
type exact struct {
	r     io.Reader
	left  int64
	short bool
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		e.short = true
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

const cpioEnd = "TRAILER!!!"

// cpioHeader reads the header of any form.
func cpioHeader(r *bufio.Reader) (member, error) {
	mark, err := r.Peek(6)
	if err != nil {
		return member{}, io.EOF // one without a trailer ends so
	}
	var m member
	switch {
	case string(mark) == "070707":
		m, err = cpioOdc(r)
	case string(mark) == "070701", string(mark) == "070702":
		m, err = cpioNewc(r)
	case mark[0] == 0xc7 && mark[1] == 0x71:
		m, err = cpioBinary(r, binary.LittleEndian)
	case mark[0] == 0x71 && mark[1] == 0xc7:
		m, err = cpioBinary(r, binary.BigEndian)
	default:
		return member{}, errUnix
	}
	if err == nil && m.name == cpioEnd {
		return member{}, io.EOF
	}
	return m, err
}

func cpioOdc(r *bufio.Reader) (member, error) {
	head := make([]byte, 76)
	if _, err := io.ReadFull(r, head); err != nil {
		return member{}, err
	}
	f := fields{b: head, base: 8}
	m := member{mode: uint32(f.number(18, 6)), time: f.number(48, 11), size: f.number(65, 11)}
	return m, f.name(r, &m, f.number(59, 6), 1, 0)
}

func cpioNewc(r *bufio.Reader) (member, error) {
	head := make([]byte, 110)
	if _, err := io.ReadFull(r, head); err != nil {
		return member{}, err
	}
	f := fields{b: head, base: 16}
	m := member{mode: uint32(f.number(14, 8)), time: f.number(46, 8), size: f.number(54, 8)}
	return m, f.name(r, &m, f.number(94, 8), 4, 110)
}

func cpioBinary(r *bufio.Reader, order binary.ByteOrder) (member, error) {
	head := make([]byte, 26)
	if _, err := io.ReadFull(r, head); err != nil {
		return member{}, err
	}
	word := func(at int) int64 { return int64(order.Uint16(head[at:])) }
	m := member{mode: uint32(word(6)), time: word(16)<<16 | word(18), size: word(22)<<16 | word(24)}
	var f fields
	return m, f.name(r, &m, word(20), 2, 26)
}

// fields reads the numbers of a header, which stand there as text.
type fields struct {
	b    []byte
	base int
	err  error
}

func (f *fields) number(at, size int) int64 {
	v, err := strconv.ParseUint(strings.TrimSpace(string(f.b[at:at+size])), f.base, 62)
	if err != nil && f.err == nil {
		f.err = errUnix
	}
	return int64(v)
}

// name reads the name behind a header of so many bytes; both it and the content
// are filled up to a multiple of align.
func (f *fields) name(r *bufio.Reader, m *member, size, align, header int64) error {
	if f.err != nil || size < 1 || size > longestName {
		return errUnix
	}
	text := make([]byte, size+fill(header+size, align))
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	m.name, m.pad = string(bytes.TrimRight(text[:size], "\x00")), fill(m.size, align)
	return nil
}

func fill(n, align int64) int64 { return (align - n%align) % align }

const arMark = "!<arch>\n"

// arNames holds the long names that GNU's ar keeps in a member of its own.
type arNames struct{ long string }

func (a *arNames) header(r *bufio.Reader) (member, error) {
	head := make([]byte, 60)
	if _, err := io.ReadFull(r, head); err != nil {
		if err == io.EOF {
			return member{}, io.EOF
		}
		return member{}, errUnix
	}
	f := fields{b: head, base: 10}
	m := member{name: strings.TrimRight(string(head[:16]), " "), size: f.number(48, 10)}
	m.pad = fill(m.size, 2)
	if f.err != nil || string(head[58:]) != "`\n" {
		return member{}, errUnix
	}
	m.time, _ = strconv.ParseInt(strings.TrimSpace(string(head[16:28])), 10, 62)
	return a.named(r, m)
}

// named finds a member's whole name, and passes over the tables that ar keeps.
func (a *arNames) named(r *bufio.Reader, m member) (member, error) {
	switch {
	case m.name == "/" || m.name == "/SYM64/" || m.name == "__.SYMDEF": // the table of symbols
		if _, err := io.CopyN(io.Discard, r, m.size+m.pad); err != nil {
			return m, errUnix
		}
		return a.header(r)
	case m.name == "//":
		if m.size > longestName*16 {
			return m, errUnix
		}
		table := make([]byte, m.size+m.pad)
		if _, err := io.ReadFull(r, table); err != nil {
			return m, errUnix
		}
		a.long = string(table)
		return a.header(r)
	case strings.HasPrefix(m.name, "#1/"): // BSD: the name stands before the content
		n, err := strconv.ParseInt(m.name[3:], 10, 32)
		if err != nil || n < 0 || n > longestName || n > m.size {
			return m, errUnix
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(r, text); err != nil {
			return m, errUnix
		}
		m.name, m.size = string(bytes.TrimRight(text, "\x00")), m.size-n
	case strings.HasPrefix(m.name, "/"):
		at, err := strconv.Atoi(m.name[1:])
		if err != nil || at < 0 || at > len(a.long) {
			return m, errUnix
		}
		m.name, _, _ = strings.Cut(a.long[at:], "\n")
	}
	if m.name = strings.TrimSuffix(m.name, "/"); m.name == "" {
		m.name = fmt.Sprintf("member-%d", m.time)
	}
	return m, nil
}
