package keys

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/ownfile"
)

// Shared says which sequencer writes the log, where several archives share one.
// It is SequencerFile, and holds nothing secret. Before the sequencer is known,
// only V and Origin are set.
type Shared struct {
	V      int    `json:"v"` // 1
	Origin string `json:"origin"`
	URL    string `json:"url,omitempty"`     // https://host:port
	Pin    string `json:"pin,omitempty"`     // of the key by which it is known: sha256:…
	LogKey string `json:"log_key,omitempty"` // the log's verifier key
	Public string `json:"public,omitempty"`  // where anybody can read the log, http or https
}

// Known reports whether it is known which sequencer it is.
func (s *Shared) Known() bool { return s.URL != "" }

func (s *Shared) check() error {
	if s.V != 1 || s.Origin == "" {
		return damaged(SequencerFile, errors.New("incomplete"))
	}
	if !s.Known() {
		return nil
	}
	verifier, err := note.NewVerifier(s.LogKey)
	if err != nil || verifier.Name() != s.Origin || s.Pin == "" || s.Public == "" {
		return candor.Wrap(err, candor.Invalid, "What is known of the log's sequencer is incomplete: its address, its pin, where the log is public, and the log's key (the file log.pub there), which must be of the origin %s.", s.Origin)
	}
	return nil
}

// checkLog makes sure that there is a key that signs the log, here or elsewhere.
func (k Keys) checkLog() error {
	if k.Shared == nil {
		signer, err := note.NewSigner(k.Log)
		if err != nil || signer.Name() != k.Origin {
			return damaged(LogFile, errors.New("not a signer key of this origin"))
		}
		_, err = k.LogVerifier()
		return err
	}
	if block, _ := pem.Decode([]byte(k.Writer)); block == nil || k.Log != "" || k.Shared.Origin != k.Origin {
		return damaged(WriterFile, errors.New("not a PEM block, or of another origin"))
	}
	return k.Shared.check()
}

// SetShared says which sequencer the prepared keys in dir belong to. It can be
// said once.
func SetShared(dir string, s Shared) error {
	prepared, err := readShared(dir)
	if err != nil {
		return err
	}
	s.V, s.Origin = 1, prepared.Origin
	switch {
	case prepared.Known():
		return candor.Errorf(candor.Conflict, "The keys in %s have a sequencer already.", dir)
	case !s.Known():
		return candor.Errorf(candor.Invalid, "The sequencer's address is missing.")
	}
	if err := s.check(); err != nil {
		return err
	}
	text, err := s.text()
	if err != nil {
		return err
	}
	return ownfile.Replace(filepath.Join(dir, SequencerFile), []byte(text))
}

// Unset undoes SetRemote and SetShared: the keys in dir are prepared, as before.
func Unset(dir string) error {
	if err := os.Remove(filepath.Join(dir, RemoteFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ownfile.CannotWrite(err, dir)
	}
	s, err := readShared(dir)
	if candor.CodeOf(err) == candor.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := (&Shared{V: s.V, Origin: s.Origin}).text()
	if err != nil {
		return err
	}
	return ownfile.Replace(filepath.Join(dir, SequencerFile), []byte(text))
}

func readShared(dir string) (*Shared, error) {
	path := filepath.Join(dir, SequencerFile)
	data, err := ownfile.Read(path)
	if err != nil {
		return nil, err
	}
	s := new(Shared)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The file %s cannot be read. Restore it from the recovery kit.", path)
	}
	return s, nil
}

func (s *Shared) text() (string, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", candor.Wrap(err, candor.Internal, "The sequencer's address could not be encoded.")
	}
	return string(text) + "\n", nil
}

// loadLog reads the key that signs the log, or whose it is.
func (k *Keys) loadLog(dir string, ask func(string) (string, error)) error {
	if _, err := os.Stat(filepath.Join(dir, WriterFile)); err == nil {
		return k.loadShared(dir, ask)
	}
	var err error
	if k.Log, err = loadFile(dir, LogFile, ask); err != nil {
		return err
	}
	signer, err := note.NewSigner(k.Log)
	if err != nil {
		return damaged(LogFile, errors.New("not a signer key"))
	}
	k.Origin = signer.Name()
	return nil
}

func (k *Keys) loadShared(dir string, ask func(string) (string, error)) error {
	text, err := loadFile(dir, WriterFile, ask)
	if err != nil {
		return err
	}
	k.Writer = strings.TrimSpace(text) + "\n"
	if k.Shared, err = readShared(dir); err != nil {
		return err
	}
	k.Origin = k.Shared.Origin
	return nil
}
