package client

import (
	"errors"
	"io"
	"sync"
)

// watched remembers why reading a body failed: the transport reports such
// failures as its own, and not every one of them.
type watched struct {
	mu  sync.Mutex
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
	}
	return n, err
}

// failure returns why reading failed, or nil.
func (w *watched) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
