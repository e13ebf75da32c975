package local

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// memFS is a folder that knows what a power cut would leave: bytes that were
// not synced and names that were not are gone. It can make any call that
// changes something fail.
type memFS struct {
	mu      sync.Mutex
	names   map[string]*memNode // what the process sees
	durable map[string]*memNode // what the disk has of names
	locked  bool
	calls   int
	fail    func(call int, op, name string) error
}

type memNode struct{ data, synced []byte }

var errInjected = errors.New("injected fault")

func newMemFS() *memFS {
	return &memFS{names: map[string]*memNode{}, durable: map[string]*memNode{}}
}

// do counts a call that changes something, and lets it fail. The caller holds mu.
func (m *memFS) do(op, name string) error {
	m.calls++
	if m.fail != nil {
		return m.fail(m.calls, op, name)
	}
	return nil
}

// cut is a power cut: it returns the folder as it is found afterwards. A file
// of which only the name was synced is empty.
func (m *memFS) cut() *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := newMemFS()
	for name, n := range m.durable {
		kept := &memNode{data: slices.Clone(n.synced), synced: slices.Clone(n.synced)}
		out.names[name], out.durable[name] = kept, kept
	}
	return out
}

func (m *memFS) Make() error { return nil }

func (m *memFS) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.names)), nil
}

func (m *memFS) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.do("create", name); err != nil {
		return nil, err
	}
	n := &memNode{}
	m.names[name] = n
	return &memFile{m, n, name}, nil
}

func (m *memFS) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return &memFile{m, n, name}, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.do("rename", to); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.do("remove", name); err != nil {
		return err
	}
	delete(m.names, name)
	return nil
}

func (m *memFS) SyncDir() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.do("syncdir", ""); err != nil {
		return err
	}
	m.durable = maps.Clone(m.names)
	return nil
}

func (m *memFS) Lock() (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked {
		return nil, errLocked
	}
	m.locked = true
	return memLock{m}, nil
}

type memLock struct{ m *memFS }

func (l memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.locked = false
	return nil
}

type memFile struct {
	m    *memFS
	n    *memNode
	name string
}

func (f *memFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.do("write", f.name); err != nil {
		f.n.data = append(f.n.data, p[:len(p)/2]...) // a write that ended in the middle
		return len(p) / 2, err
	}
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if off > int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.do("sync", f.name); err != nil {
		return err
	}
	f.n.synced = slices.Clone(f.n.data)
	return nil
}

func (f *memFile) Close() error { return nil }

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}
