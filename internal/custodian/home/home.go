// Package home is the folder of a custodian that stands on its own: its key,
// the key by which it is known, its settings, whom it answers, which terms it
// agreed to, and the record of its ceremonies.
//
// Make makes it, Open opens it, and Custodian starts the custodian of it. What
// was agreed to counts at once for a custodian that is running.
//
// What never breaks: keys are readable by their owner only and never
// overwritten; nothing is agreed to, allowed, split or restored without a line
// in the ceremonies, of which each holds the hash of the one before.
package home

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/internal/custodian"
	"candor/internal/ownfile"
	"candor/internal/pinned"
	"candor/receipt"
)

// Files of the folder.
const (
	settingsFile   = "custodian.json" // Settings
	keyFile        = "custodian.key"  // opens every sealed key of the archive
	identityFile   = "tls.key"        // by which archives know the custodian
	publicFile     = "custodian.pub"  // what the archive is given
	clientsFile    = "clients"        // pins, one a line
	consentFile    = "consented"      // hashes of terms, one a line
	ceremoniesFile = "ceremonies"     // see Ceremony
)

const keyPrefix = "CANDOR-CUSTODIAN-KEY-1 "

// Settings are what the custodian's operator decides, in custodian.json. They
// are read when the custodian starts.
type Settings struct {
	V         int              `json:"v"`                   // 1
	Origin    string           `json:"origin"`              // of the log
	LogKey    string           `json:"log_key"`             // the log's verifier key
	Witnesses []string         `json:"witnesses,omitempty"` // verifier keys
	Quorum    int              `json:"quorum,omitempty"`    // how many must have cosigned each checkpoint
	Listen    string           `json:"listen"`              // address, such as 0.0.0.0:7311
	Limits    custodian.Limits `json:"limits"`
}

// DefaultListen is where a custodian listens if not told otherwise.
const DefaultListen = "127.0.0.1:7311"

// trust reads the keys.
func (s Settings) trust() (receipt.Trust, error) {
	if s.V != 1 {
		return receipt.Trust{}, candor.Errorf(candor.NotSupported, "The custodian's folder is of version %d, and this Candor knows version 1. Update it.", s.V)
	}
	log, err := receipt.NewVerifier(s.LogKey)
	if err != nil || s.Origin == "" {
		return receipt.Trust{}, candor.Wrap(err, candor.Invalid, "A custodian needs the log's origin and its key, which reads name+id+base64. On the archive's host: candor custodian prepare")
	}
	t := receipt.Trust{Origin: s.Origin, Log: log, Quorum: s.Quorum}
	for _, key := range s.Witnesses {
		w, err := receipt.NewVerifier(key)
		if err != nil {
			return t, candor.Wrap(err, candor.Invalid, "The key of a witness in %s cannot be read.", settingsFile)
		}
		t.Witnesses = append(t.Witnesses, w)
	}
	if s.Quorum < 0 || s.Quorum > len(t.Witnesses) {
		return t, candor.Errorf(candor.Invalid, "The quorum of %d asks for more witnesses than the %d named.", s.Quorum, len(t.Witnesses))
	}
	return t, s.Limits.Check()
}

// Home is an opened folder. Safe for concurrent use.
type Home struct {
	Settings
	dir      string
	trusted  receipt.Trust
	private  hpke.PrivateKey
	identity *pinned.Identity
	now      func() time.Time
}

// contents are the secrets and agreements with which a folder is made.
type contents struct {
	settings         Settings
	key, identity    []byte
	clients, consent []string
}

// Make makes a folder with new keys, and writes down that it did. consent are
// hashes of terms that are agreed to at once, clients pins of archives. What
// stands there already is a Conflict error.
func Make(dir string, s Settings, clients, consent []string) (*Home, error) {
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "No randomness could be had for the keys; nothing was written.")
	}
	seed, err := private.Bytes()
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The custodian's key could not be written out; nothing was written.")
	}
	identity, err := pinned.NewIdentity(rand.Reader)
	if err != nil {
		return nil, err
	}
	h, err := create(dir, contents{s, seed, identity, clients, consent})
	if err != nil {
		return nil, err
	}
	return h, h.note("init", "A custodian for the log "+s.Origin+" was made.")
}

// create writes a folder: all of it, or what was written is removed again.
func create(dir string, c contents) (h *Home, err error) {
	if c.settings.V == 0 {
		c.settings.V = 1
	}
	if c.settings.Listen == "" {
		c.settings.Listen = DefaultListen
	}
	if _, err := c.settings.trust(); err != nil {
		return nil, err
	}
	for _, line := range c.clients {
		if _, err := pinned.ParsePin(line); err != nil {
			return nil, err
		}
	}
	settings, err := json.MarshalIndent(c.settings, "", "  ")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The custodian's settings could not be encoded.")
	}
	files := []ownfile.File{
		{Name: keyFile, Data: []byte(keyPrefix + base64.StdEncoding.EncodeToString(c.key) + "\n")},
		{Name: identityFile, Data: c.identity},
		{Name: settingsFile, Data: append(settings, '\n')},
		{Name: clientsFile, Data: lines(c.clients)},
		{Name: consentFile, Data: lines(c.consent)},
	}
	if err := ownfile.NewFolder(dir, files...); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = os.Remove(filepath.Join(dir, f.Name)) // keys that were never used
			}
		}
	}()
	if h, err = Open(dir); err != nil {
		return nil, err
	}
	return h, ownfile.New(h.PublicFile(), []byte(base64.StdEncoding.EncodeToString(h.Public())+"\n"))
}

func lines(all []string) []byte {
	if len(all) == 0 {
		return nil
	}
	return []byte(strings.Join(all, "\n") + "\n")
}

// Open opens a folder. Errors: NotFound if there is none, Invalid if others may
// read its keys, Verification if a file of it is damaged.
func Open(dir string) (*Home, error) {
	h := &Home{dir: dir, now: time.Now}
	text, err := ownfile.Read(h.path(settingsFile))
	if candor.CodeOf(err) == candor.NotFound {
		return nil, candor.Wrap(err, candor.NotFound, "There is no %s, so this is not the folder of a custodian. Say which with --dir, or make one with `candor custodian init`.", h.path(settingsFile))
	}
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	h.Limits = custodian.DefaultLimits() // for limits that are not named
	if err := dec.Decode(&h.Settings); err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "%s cannot be read: %v.", filepath.Join(dir, settingsFile), err)
	}
	if h.trusted, err = h.trust(); err != nil {
		return nil, err
	}
	key, err := ownfile.Private(h.path(keyFile))
	if err != nil {
		return nil, err
	}
	if h.private, err = parseKey(string(key)); err != nil {
		return nil, err
	}
	if text, err = ownfile.Private(h.path(identityFile)); err != nil {
		return nil, err
	}
	h.identity, err = pinned.ParseIdentity(text)
	return h, err
}

func parseKey(text string) (hpke.PrivateKey, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	seed, err := base64.StdEncoding.DecodeString(digits)
	if !ok || err != nil {
		return nil, candor.Errorf(candor.Verification, "The custodian's key in %s is damaged. Bring it back with `candor custodian join`.", keyFile)
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, candor.Errorf(candor.Verification, "The custodian's key in %s is damaged. Bring it back with `candor custodian join`.", keyFile)
	}
	return private, nil
}

// Public is the key to which archives wrap, 1,216 bytes.
func (h *Home) Public() []byte { return h.private.PublicKey().Bytes() }

// PublicFile is where Public stands in base64, to be handed to the archive.
func (h *Home) PublicFile() string { return filepath.Join(h.dir, publicFile) }

// Pin is how archives know the custodian.
func (h *Home) Pin() pinned.Pin { return h.identity.Pin() }

// Identity is the custodian's end of connections.
func (h *Home) Identity() *pinned.Identity { return h.identity }

// Custodian starts the folder's custodian, for this process alone.
func (h *Home) Custodian(ctx context.Context, logger *slog.Logger) (*custodian.Custodian, error) {
	seed, err := h.private.Bytes()
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The custodian's key cannot be used.")
	}
	return custodian.New(ctx, custodian.Config{
		Origin: h.Origin, Log: h.trusted.Log, Witnesses: h.trusted.Witnesses, Quorum: h.trusted.Quorum,
		PrivateKey: seed, StateDir: h.dir, Consented: h.Consented, Limits: h.Limits, Now: h.now, Logger: logger,
	})
}

var hashForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Consent agrees to release under the terms of a hash.
func (h *Home) Consent(hash string) error {
	if !hashForm.MatchString(hash) {
		return candor.Errorf(candor.Invalid, "The hash of terms is written as sha256: and 64 hexadecimal digits.")
	}
	return h.enter(consentFile, hash, "consent", "The terms "+hash+" were agreed to.")
}

// Allow lets the archive with a pin ask.
func (h *Home) Allow(pin pinned.Pin) error {
	return h.enter(clientsFile, pin.String(), "allow", "The archive with the pin "+pin.String()+" may ask.")
}

// Consented says whether the terms of a hash were agreed to. What cannot be
// read was not.
func (h *Home) Consented(hash string) bool { return h.has(consentFile, hash) }

// Allowed says whether the archive with a pin may ask.
func (h *Home) Allowed(pin pinned.Pin) bool { return h.has(clientsFile, pin.String()) }

// Consents and Clients list what was agreed to and who may ask.
func (h *Home) Consents() ([]string, error) { return h.list(consentFile) }
func (h *Home) Clients() ([]string, error)  { return h.list(clientsFile) }

func (h *Home) has(file, line string) bool {
	all, err := h.list(file)
	return err == nil && slices.Contains(all, line)
}

func (h *Home) list(file string) ([]string, error) {
	text, err := ownfile.Read(h.path(file))
	return strings.Fields(string(text)), err
}

// enter adds a line to a list, once, and writes the ceremony down first: what
// counts has its record.
func (h *Home) enter(file, line, kind, what string) error {
	if h.has(file, line) {
		return nil
	}
	if err := h.note(kind, what); err != nil {
		return err
	}
	all, err := h.list(file)
	if err != nil {
		return err
	}
	return ownfile.Replace(h.path(file), lines(append(all, line)))
}

func (h *Home) path(name string) string { return filepath.Join(h.dir, name) }

// DefaultLimits are those of a new folder.
func DefaultLimits() custodian.Limits { return custodian.DefaultLimits() }
