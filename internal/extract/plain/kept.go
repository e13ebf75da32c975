package plain

import (
	"bytes"

	"candor"
)

// Kept is a sink that keeps a text for its reader, up to Most bytes if that is not
// 0; what is more it takes and does not keep. It knows no parts.
type Kept struct {
	candor.Sink
	Most int
	Cut  bool // there was more

	text bytes.Buffer
}

// Text keeps a piece of text.
func (k *Kept) Text(p []byte) error {
	_, err := k.Write(p)
	return err
}

// Write keeps a piece of text; it never fails.
func (k *Kept) Write(p []byte) (int, error) {
	n := len(p)
	if k.Most > 0 && n > k.Most-k.text.Len() {
		n, k.Cut = k.Most-k.text.Len(), true
	}
	_, _ = k.text.Write(p[:n])
	return len(p), nil
}

// Bytes is what was kept, valid until more is.
func (k *Kept) Bytes() []byte { return k.text.Bytes() }
