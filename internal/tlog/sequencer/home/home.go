// Package home is the folder of a sequencer: the key that signs its log, the key
// by which writers know it, its settings, whom it answers, and the log itself.
//
// Make makes it, Open opens it. A writer that is allowed
// counts at once for a sequencer that is running.
//
// What never breaks: keys are readable by their owner only and never
// overwritten.
package home

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/ownfile"
	"candor/internal/pinned"
)

// Files of the folder.
const (
	settingsFile = "sequencer.json" // Settings
	keyFile      = "log.key"        // signs the log's checkpoints
	verifierFile = "log.pub"        // what writers and outsiders are given
	identityFile = "tls.key"        // by which writers know the sequencer
	writersFile  = "writers"        // pins, one a line
	logDir       = "log"            // docs/spec/log.md
)

// Settings are what the sequencer's operator decides, in sequencer.json. They are
// read when it starts.
type Settings struct {
	V      int    `json:"v"`      // 1
	Listen string `json:"listen"` // address for writers, such as 0.0.0.0:7313
	// Public is the address at which the public files of the log are served, to
	// anybody, in the clear; "" serves them nowhere.
	Public string `json:"public,omitempty"`
}

// DefaultListen is where a sequencer listens if not told otherwise.
const DefaultListen = "127.0.0.1:7313"

// Home is an opened folder. Safe for concurrent use.
type Home struct {
	Settings
	dir      string
	signer   note.Signer
	key      string
	identity *pinned.Identity
}

// Make makes a folder with new keys, for a new log. writers are pins. What stands
// there already is a Conflict error.
func Make(dir, origin string, s Settings, writers []string) (*Home, error) {
	for _, pin := range writers {
		if _, err := pinned.ParsePin(pin); err != nil {
			return nil, err
		}
	}
	s.V = 1
	if s.Listen == "" {
		s.Listen = DefaultListen
	}
	settings, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The sequencer's settings could not be encoded.")
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err == nil {
		_, err = note.NewSigner(skey)
	}
	if err != nil || origin == "" {
		return nil, candor.Wrap(err, candor.Invalid, "The origin must be a name without spaces or plus signs, such as example.org/archive.")
	}
	identity, err := pinned.NewIdentity(nil)
	if err != nil {
		return nil, err
	}
	err = ownfile.NewFolder(dir,
		ownfile.File{Name: settingsFile, Data: append(settings, '\n')},
		ownfile.File{Name: keyFile, Data: []byte(skey + "\n")},
		ownfile.File{Name: verifierFile, Data: []byte(vkey + "\n")},
		ownfile.File{Name: identityFile, Data: identity},
		ownfile.File{Name: writersFile, Data: lines(writers)},
	)
	if err != nil {
		return nil, err
	}
	return Open(dir)
}

func lines(all []string) []byte {
	var b strings.Builder
	for _, line := range all {
		b.WriteString(line + "\n")
	}
	return []byte(b.String())
}

// Open opens a folder. Errors: NotFound if there is none, Invalid if others may
// read its keys, Verification if a file of it is damaged.
func Open(dir string) (*Home, error) {
	h := &Home{dir: dir}
	text, err := ownfile.Read(h.Path(settingsFile))
	if candor.CodeOf(err) == candor.NotFound {
		return nil, candor.Wrap(err, candor.NotFound, "There is no %s, so this is not the folder of a sequencer. Say which with --dir, or make one with `candor sequencer init`.", h.Path(settingsFile))
	}
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h.Settings); err != nil || h.V != 1 {
		return nil, candor.Wrap(err, candor.Invalid, "%s cannot be read: it is damaged, or of a newer Candor.", h.Path(settingsFile))
	}
	if err := h.openKeys(); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Home) openKeys() error {
	text, err := ownfile.Private(h.Path(keyFile))
	if err != nil {
		return err
	}
	if h.signer, err = note.NewSigner(strings.TrimSpace(string(text))); err != nil {
		return candor.Wrap(err, candor.Verification, "The log's key in %s is damaged. Restore it from a backup.", h.Path(keyFile))
	}
	if text, err = ownfile.Read(h.Path(verifierFile)); err != nil {
		return err
	}
	h.key = strings.TrimSpace(string(text))
	verifier, err := note.NewVerifier(h.key)
	if err != nil || verifier.Name() != h.signer.Name() || verifier.KeyHash() != h.signer.KeyHash() {
		return candor.Wrap(err, candor.Verification, "%s is not the public half of %s. Restore both from a backup.", h.Path(verifierFile), h.Path(keyFile))
	}
	if text, err = ownfile.Private(h.Path(identityFile)); err != nil {
		return err
	}
	h.identity, err = pinned.ParseIdentity(text)
	return err
}

// Path is where a file of the folder stands; LogDir where the log does.
func (h *Home) Path(name string) string { return filepath.Join(h.dir, name) }
func (h *Home) LogDir() string          { return h.Path(logDir) }

// Origin is the log's name; LogKey its verifier key; Signer signs for it.
func (h *Home) Origin() string      { return h.signer.Name() }
func (h *Home) LogKey() string      { return h.key }
func (h *Home) Signer() note.Signer { return h.signer }

// Identity is the sequencer's end of connections.
func (h *Home) Identity() *pinned.Identity { return h.identity }

// Writers lists the pins of those who may write.
func (h *Home) Writers() ([]string, error) {
	text, err := ownfile.Read(h.Path(writersFile))
	return strings.Fields(string(text)), err
}

// Allowed reports whether a writer is on the list, as it stands now.
func (h *Home) Allowed(pin pinned.Pin) bool {
	all, err := h.Writers()
	return err == nil && slices.Contains(all, pin.String())
}

// Allow puts a writer on the list. It is durable when it returns.
func (h *Home) Allow(pin pinned.Pin) error {
	all, err := h.Writers()
	if err != nil || slices.Contains(all, pin.String()) {
		return err
	}
	return ownfile.Replace(h.Path(writersFile), lines(append(all, pin.String())))
}
