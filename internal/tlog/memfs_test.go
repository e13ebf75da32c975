package tlog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"strings"
	"sync"
)

// memFS is a file system that knows what a power cut would leave: bytes that
// were not synced and names whose folder was not synced are gone. It counts
// calls, can make any of them fail, and calls after behind each.
type memFS struct {
	mu      sync.Mutex
	names   map[string]*inode // what the process sees
	durable map[string]*inode // what the disk has of names
	locked  bool
	calls   int
	fail    func(call int, op, name string) error
	after   func(call int, op, name string)
}

type inode struct {
	dir          bool
	data, synced []byte
}

var errInjected = errors.New("injected fault")

func newMemFS() *memFS {
	return &memFS{names: map[string]*inode{}, durable: map[string]*inode{}}
}

// do counts a call that changes something, and lets it fail.
func (m *memFS) do(op, name string, f func() error) error {
	m.mu.Lock()
	m.calls++
	call := m.calls
	var err error
	if m.fail != nil {
		err = m.fail(call, op, name)
	}
	if err == nil {
		err = f()
	}
	m.mu.Unlock()
	if m.after != nil {
		m.after(call, op, name)
	}
	return err
}

func (m *memFS) MkdirAll(name string) error {
	return m.do("mkdir", name, func() error {
		for d := name; d != "."; d = path.Dir(d) {
			if m.names[d] == nil {
				m.names[d] = &inode{dir: true}
			}
		}
		return nil
	})
}

func (m *memFS) ReadDir(name string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for n := range m.names {
		if path.Dir(n) == name {
			out = append(out, path.Base(n))
		}
	}
	return out, nil
}

func (m *memFS) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.names[name]; i != nil && !i.dir {
		return i.data, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (m *memFS) WriteFile(name string, data []byte) error {
	return m.do("write", name, func() error {
		m.names[name] = &inode{data: bytes.Clone(data)}
		return nil
	})
}

func (m *memFS) Rename(from, to string) error {
	return m.do("rename", to, func() error {
		if m.names[from] == nil {
			return fs.ErrNotExist
		}
		m.names[to] = m.names[from]
		delete(m.names, from)
		return nil
	})
}

func (m *memFS) RemoveAll(name string) error {
	return m.do("remove", name, func() error {
		for n := range m.names {
			if n == name || strings.HasPrefix(n, name+"/") {
				delete(m.names, n)
			}
		}
		return nil
	})
}

func (m *memFS) Sync(name string) error {
	return m.do("sync", name, func() error {
		if i := m.names[name]; i != nil && !i.dir {
			i.synced = i.data
			return nil
		}
		for n := range m.durable {
			if path.Dir(n) == name && m.names[n] == nil {
				delete(m.durable, n)
			}
		}
		for n, i := range m.names {
			if path.Dir(n) == name {
				m.durable[n] = i
			}
		}
		return nil
	})
}

func (m *memFS) Lock(string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked {
		return nil, ErrLocked
	}
	m.locked = true
	return unlock{m}, nil
}

type unlock struct{ m *memFS }

func (u unlock) Close() error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	u.m.locked = false
	return nil
}

func (m *memFS) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[name] == nil {
		return nil, fs.ErrNotExist
	}
	return &memFile{m, name, m.names[name]}, nil
}

type memFile struct {
	m    *memFS
	name string
	i    *inode
}

// errShort makes WriteAt write half and then fail, as a full disk does.
var errShort = errors.New("no space left (injected)")

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	n := len(b)
	err := f.m.do("writeat", f.name, func() error { f.put(b, at); return nil })
	if errors.Is(err, errShort) {
		n = len(b) / 2
		f.put(b[:n], at)
	}
	return n, err
}

func (f *memFile) put(b []byte, at int64) {
	grown := make([]byte, max(len(f.i.data), int(at)+len(b)))
	copy(grown, f.i.data)
	copy(grown[at:], b)
	f.i.data = grown
}

func (f *memFile) Sync() error {
	return f.m.do("syncfile", f.name, func() error { f.i.synced = f.i.data; return nil })
}

func (f *memFile) Close() error { return nil }

// killed is what stands there after kill -9: all that the process wrote.
func (m *memFS) killed() *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemFS()
	for n, i := range m.names {
		c.names[n] = &inode{dir: i.dir, data: i.data, synced: i.data}
	}
	c.durable = maps.Clone(c.names)
	return c
}

// powerCut is what the disk has for certain. With torn, half of the bytes that
// were written but not synced are there too.
func (m *memFS) powerCut(torn bool) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemFS()
	for n, i := range m.durable {
		if !m.reachable(n) {
			continue
		}
		data := i.synced
		if extra := len(i.data) - len(data); torn && extra > 0 {
			data = i.data[:len(data)+extra/2]
		}
		c.names[n] = &inode{dir: i.dir, data: data, synced: data}
	}
	c.durable = maps.Clone(c.names)
	return c
}

func (m *memFS) reachable(name string) bool {
	for d := path.Dir(name); d != "."; d = path.Dir(d) {
		if m.durable[d] == nil {
			return false
		}
	}
	return true
}

// source reads the public files, as an outsider would.
type source struct{ fs FS }

func (s source) ReadFile(_ context.Context, name string) ([]byte, error) { return s.fs.ReadFile(name) }
