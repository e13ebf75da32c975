package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFramesComeBackAsTheyWereSent(t *testing.T) {
	var pipe bytes.Buffer
	c := NewConn(&pipe, &pipe)
	long := bytes.Repeat([]byte("x"), 3*MaxData+7)
	if err := c.Stream(Data, long); err != nil {
		t.Fatal(err)
	}
	job := JobMessage{Name: "a.pdf", Size: 5, Limits: Limits{Text: 1}}
	if err := c.SendJob(job, []byte("%PDF-")); err != nil {
		t.Fatal(err)
	}
	if err := c.SendNeed(3, 2); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for len(got) < len(long) {
		k, p, err := c.Read()
		if err != nil || k != Data || len(p) > MaxData {
			t.Fatalf("got %c of %d, %v", k, len(p), err)
		}
		got = append(got, p...)
	}
	if !bytes.Equal(got, long) {
		t.Error("the stream changed on its way")
	}
	k, p, err := c.Read()
	if err != nil || k != Job {
		t.Fatalf("got %c, %v", k, err)
	}
	if j, first, err := ParseJob(p); err != nil || j != job || string(first) != "%PDF-" {
		t.Errorf("got %+v %q, %v", j, first, err)
	}
	_, p, _ = c.Read()
	if off, n, err := ParseNeed(p, 5); off != 3 || n != 2 || err != nil {
		t.Errorf("got %d %d, %v", off, n, err)
	}
	if _, _, err := ParseNeed(p, 4); !errors.Is(err, ErrBroken) {
		t.Errorf("a question past the end gives %v", err)
	}
	if _, _, err := c.Read(); err != io.EOF {
		t.Errorf("the end gives %v", err)
	}
}

func TestFramesAreBounded(t *testing.T) {
	c := NewConn(bytes.NewReader([]byte{'t', 0xff, 0xff, 0xff, 0xff}), io.Discard)
	if _, _, err := c.Read(); !errors.Is(err, ErrBroken) {
		t.Errorf("reading gives %v", err)
	}
	if err := c.Write(Data, make([]byte, MaxFrame+1)); !errors.Is(err, ErrBroken) {
		t.Errorf("writing gives %v", err)
	}
	cut := NewConn(bytes.NewReader([]byte{'t', 0, 0, 0, 9, 'a'}), io.Discard)
	if _, _, err := cut.Read(); err != io.ErrUnexpectedEOF {
		t.Errorf("a cut frame gives %v", err)
	}
}

func FuzzRead(f *testing.F) {
	var pipe bytes.Buffer
	c := NewConn(&pipe, &pipe)
	_ = c.SendJob(JobMessage{Name: "a", Size: 3}, []byte("abc"))
	_ = c.SendNeed(0, 3)
	_ = c.Send(Done, map[string]string{"type": "text/plain"})
	f.Add(pipe.Bytes())
	f.Add([]byte{'t', 0, 0, 0, 9, 'a'})
	f.Fuzz(func(t *testing.T, in []byte) {
		c := NewConn(bytes.NewReader(in), io.Discard)
		for {
			k, p, err := c.Read()
			if err != nil {
				return
			}
			switch k {
			case Job:
				if j, first, err := ParseJob(p); err == nil && int64(len(first)) > j.Size {
					t.Error("a first block longer than its source")
				}
			case Need:
				if off, n, err := ParseNeed(p, 1000); err == nil && off+int64(n) > 1000 {
					t.Error("a question past the end")
				}
			}
		}
	})
}
