package pack

import (
	"bytes"
	"errors"
	"io"
	"io/fs"

	"github.com/bodgit/sevenzip"
	"github.com/nwaples/rardecode/v2"

	"candor"
	"candor/internal/extract/name"
)

// rarMemory is the largest dictionary that a RAR archive may ask for, in bytes.
const rarMemory = 256 << 20

// SevenZip reads a 7-Zip archive. The error is the sink's.
func SevenZip(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	r, err := sevenzip.NewReaderWithPassword(src, src.Size, src.Password)
	switch {
	case isLocked(err):
		reading.Condition, reading.Reason = candor.Encrypted, locked("its list of members opens", "its", src.Password)
		return reading, nil
	case err != nil:
		reading.Condition, reading.Reason = candor.Failed, damaged
		return reading, nil
	}
	a := account{password: src.Password}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if err := a.sevenMember(f, sink); err != nil {
			a.judge(&reading)
			return reading, err
		}
	}
	a.judge(&reading)
	return reading, nil
}

// again reads some bytes that were taken from a reader, and then the rest.
func again(first []byte, r io.Reader) io.Reader { return io.MultiReader(bytes.NewReader(first), r) }

// isLocked tells whether an error of 7-Zip comes of a missing password.
func isLocked(err error) bool {
	e, ok := errors.AsType[*sevenzip.ReadError](err)
	return ok && e.Encrypted
}

func (a *account) sevenMember(f *sevenzip.File, sink candor.Sink) error {
	if !f.Mode().IsRegular() {
		a.links++
		return nil
	}
	a.members++
	m, err := f.Open()
	if err != nil {
		a.lost(isLocked(err))
		return nil
	}
	defer m.Close()
	// The first bytes tell whether a password is missing, before a part is begun.
	first := make([]byte, 1)
	n, err := io.ReadFull(m, first)
	if err != nil && err != io.EOF {
		a.lost(isLocked(err))
		return nil
	}
	return a.part(candor.Place{Path: name.Clean(f.Name), ModTime: sane(f.Modified)}, again(first[:n], m), sink)
}

func (a *account) lost(locked bool) {
	if locked {
		a.encrypted++
	} else {
		a.broken++
	}
}

// Rar reads a RAR archive of one volume, of version 1.5 to 5. The error is the sink's.
func Rar(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	options := []rardecode.Option{rardecode.MaxDictionarySize(rarMemory)}
	if src.Password != "" {
		options = append(options, rardecode.Password(src.Password))
	}
	r, err := rardecode.NewReader(io.NewSectionReader(src, 0, src.Size), options...)
	if err != nil {
		reading.Condition, reading.Reason = rarEnd(err, src.Password)
		return reading, nil
	}
	a := account{password: src.Password}
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil && a.members == 0 {
			reading.Condition, reading.Reason = rarEnd(err, src.Password)
			return reading, nil
		}
		if err != nil {
			a.cut = err
			break
		}
		if err := a.rarMember(h, r, sink); err != nil {
			a.judge(&reading)
			return reading, err
		}
	}
	a.judge(&reading)
	return reading, nil
}

func (a *account) rarMember(h *rardecode.FileHeader, r io.Reader, sink candor.Sink) error {
	switch {
	case h.IsDir:
		return nil
	case h.LinkType != 0 || h.Mode()&fs.ModeType != 0:
		a.links++
		return nil
	}
	a.members++
	// The first bytes tell whether the password fits, before a part is begun.
	first := make([]byte, 1)
	n, err := io.ReadFull(r, first)
	if err != nil && err != io.EOF {
		a.lost(h.Encrypted)
		return nil
	}
	return a.part(candor.Place{Path: name.Clean(h.Name), ModTime: sane(h.ModificationTime)}, again(first[:n], r), sink)
}

// rarEnd says why nothing of a RAR archive could be read.
func rarEnd(err error, password string) (candor.Condition, string) {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		return candor.Encrypted, locked("its list of members opens", "its", password)
	case errors.Is(err, rardecode.ErrMultiVolume):
		return candor.Unsupported, "it is one of several volumes, which this version does not join"
	}
	return candor.Failed, damaged
}
