// Package keys keeps an archive's secret keys in files of the user's
// configuration folder, never in the data folder: the data folder alone,
// copied or stolen, opens nothing.
//
// Generate makes the keys of a new archive, Load reads them, and WriteKit
// makes the recovery kit without which a lost configuration folder is a lost
// archive. When a custodian on another host holds the key that opens, Prepare
// makes the archive's part, and the folder holds no such key; the same goes for
// the key that signs a log which several archives share.
//
// What never breaks: a key file is never overwritten, is readable by its owner
// only, and no key is ever printed by a log line or an error.
package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/ownfile"
)

// Names of the key files.
const (
	CustodianFile = "custodian.key"  // opens every sealed key; the one that must not be lost
	LogFile       = "log.key"        // signs the log's checkpoints
	AuditorFile   = "auditor.key"    // opens sealed details
	ClientFile    = "client.key"     // by which a custodian on another host knows the archive
	RemoteFile    = "custodian.json" // where that custodian is; holds nothing secret
	WriterFile    = "writer.key"     // by which the sequencer of a shared log knows the archive
	SequencerFile = "sequencer.json" // where that sequencer is; holds nothing secret
)

const custodianPrefix = "CANDOR-CUSTODIAN-KEY-1 "

// maxKeyFile is a size that no key file reaches, sealed or not.
const maxKeyFile = 64 << 10

// Keys are the secrets of one archive.
type Keys struct {
	Origin    string // the log's origin line, which is also the name of its key
	Custodian []byte // seed of an MLKEM768X25519 key, 32 bytes; none when another host has it
	Log       string // a signed-note Ed25519 signer key: PRIVATE+KEY+…; "" when a sequencer has it
	Auditor   string // an age hybrid identity, AGE-SECRET-KEY-PQ-1…; or only its recipient, age1pq1…, where the identity was handed over
	Client    string // PEM, for a custodian on another host; "" when it is in this process
	Remote    *Remote
	Writer    string // PEM, for the sequencer of a shared log; "" when the log is the archive's own
	Shared    *Shared
}

// String hides the keys from whoever prints them by mistake.
func (k Keys) String() string { return "keys of " + k.Origin + " (not shown)" }

// GoString hides the keys from %#v.
func (k Keys) GoString() string { return k.String() }

// LogValue hides the keys from logs.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// CustodianPublic returns the public HPKE key to which the vault wraps.
func (k Keys) CustodianPublic() ([]byte, error) {
	if k.Client != "" {
		if k.Remote == nil {
			return nil, candor.Errorf(candor.Invalid, "These keys wait for a custodian on another host. Finish with `candor init --custodian URL --custodian-key KEY --custodian-pin PIN`.")
		}
		return k.Remote.Public, nil
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(k.Custodian)
	if err != nil {
		return nil, damaged(CustodianFile, err)
	}
	return private.PublicKey().Bytes(), nil
}

// LogVerifier returns the public key of the log, as a signed-note verifier key.
func (k Keys) LogVerifier() (string, error) {
	if k.Shared != nil && !k.Shared.Known() {
		return "", candor.Errorf(candor.Invalid, "These keys wait for the sequencer of a shared log. Finish with `candor init --sequencer URL --sequencer-key KEY --sequencer-pin PIN --sequencer-public URL`.")
	}
	if k.Shared != nil {
		return k.Shared.LogKey, nil
	}
	if _, err := note.NewSigner(k.Log); err != nil {
		return "", damaged(LogFile, err)
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of the algorithm's number and the seed>,
	// which NewSigner has just parsed. Base64 may hold plus signs of its own.
	parts := strings.SplitN(k.Log, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", damaged(LogFile, err)
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(k.Origin, public)
}

// AuditorRecipient returns the age recipient to whom details are sealed.
func (k Keys) AuditorRecipient() (string, error) {
	if r, err := age.ParseHybridRecipient(k.Auditor); err == nil {
		return r.String(), nil
	}
	id, err := age.ParseHybridIdentity(k.Auditor)
	if err != nil {
		return "", damaged(AuditorFile, errors.New("not an age hybrid identity"))
	}
	return id.Recipient().String(), nil
}

// check makes sure that the keys are keys and belong to one origin.
func (k Keys) check() error {
	if err := k.checkCustodian(); err != nil {
		return err
	}
	if err := k.checkLog(); err != nil {
		return err
	}
	_, err := k.AuditorRecipient()
	return err
}

func damaged(file string, err error) error {
	return candor.Wrap(err, candor.Verification, "The key in %s is damaged. Restore it from the recovery kit.", file)
}

// Dir returns where the keys of an archive stand by default: $CANDOR_CONFIG,
// or a folder named after the origin in the user's configuration folder.
func Dir(origin string) (string, error) {
	if dir := os.Getenv("CANDOR_CONFIG"); dir != "" {
		return dir, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "No configuration folder is known for this user. Set CANDOR_CONFIG to a folder outside the data folder.")
	}
	return filepath.Join(base, "candor", safeName(origin)), nil
}

// safeName makes an origin into one folder name, a different one for each origin.
func safeName(origin string) string {
	var b strings.Builder
	for i, c := range []byte(origin) {
		plain := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' && i > 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

// Passphrases maps names of key files to the passphrase that each is sealed
// under; files that are not listed are kept in the clear, for their owner only.
type Passphrases map[string]string

// Generate makes the keys of a new archive and writes them into dir, which is
// made if need be. Keys that stand there already are a Conflict error.
func Generate(dir, origin string, lock Passphrases) (Keys, error) {
	k, err := freshKeys(origin)
	if err != nil {
		return Keys{}, err
	}
	return k, k.Save(dir, lock)
}

func freshKeys(origin string) (Keys, error) {
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err == nil {
		_, err = note.NewSigner(skey)
	}
	if err != nil || origin == "" {
		return Keys{}, candor.Wrap(err, candor.Invalid, "The origin must be a name without spaces or plus signs, such as example.org/archive.")
	}
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return Keys{}, candor.Wrap(err, candor.Unavailable, "No randomness could be had for the keys; nothing was written.")
	}
	seed, err := private.Bytes()
	if err != nil {
		return Keys{}, candor.Wrap(err, candor.Internal, "The custodian's key could not be written out; nothing was written.")
	}
	auditor, err := age.GenerateHybridIdentity()
	if err != nil {
		return Keys{}, candor.Wrap(err, candor.Unavailable, "No randomness could be had for the keys; nothing was written.")
	}
	return Keys{Origin: origin, Custodian: seed, Log: skey, Auditor: auditor.String()}, nil
}

// Save writes the key files into dir, durably: all or none, and never over
// others. It is how keys come back from a recovery kit.
func (k Keys) Save(dir string, lock Passphrases) error {
	return k.save(dir, lock, scryptWork)
}

func (k Keys) save(dir string, lock Passphrases, work int) error {
	if err := k.check(); err != nil {
		return err
	}
	texts, err := k.texts()
	if err != nil {
		return err
	}
	var files []ownfile.File
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		data, err := sealText(texts[name], lock[name], work)
		if err != nil {
			return err
		}
		files = append(files, ownfile.File{Name: name, Data: data})
	}
	return ownfile.NewFolder(dir, files...)
}

func sealText(text, passphrase string, work int) ([]byte, error) {
	if passphrase == "" {
		return []byte(text), nil
	}
	return seal([]byte(text), passphrase, work)
}

// Load reads the keys in dir. ask is called for the passphrase of each file
// that is sealed under one; a nil ask makes such a file an error. Errors:
// NotFound for a missing file, Unavailable for one that cannot be read,
// Invalid for one that others may read, Denied for a wrong passphrase,
// Verification for what is no key.
func Load(dir string, ask func(file string) (string, error)) (Keys, error) {
	var k Keys
	err := k.loadCustodian(dir, ask)
	if err != nil {
		return Keys{}, err
	}
	if err := k.loadLog(dir, ask); err != nil {
		return Keys{}, err
	}
	if k.Auditor, err = loadFile(dir, AuditorFile, ask); err != nil {
		return Keys{}, err
	}
	return k, k.check()
}

func loadFile(dir, name string, ask func(string) (string, error)) (string, error) {
	data, err := readPrivate(filepath.Join(dir, name))
	if err != nil {
		return "", err
	}
	if !isSealed(data) {
		return strings.TrimSpace(string(data)), nil
	}
	if ask == nil {
		return "", candor.Errorf(candor.Denied, "%s is sealed under a passphrase, and there is nobody to ask for it. Start from a terminal.", filepath.Join(dir, name))
	}
	passphrase, err := ask(name)
	if err != nil {
		return "", err
	}
	plain, err := open(data, passphrase)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(plain)), nil
}

// readPrivate reads a file that nobody but its owner may read.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, candor.Wrap(err, candor.NotFound, "The key file %s is missing. Restore it from the recovery kit, or set CANDOR_CONFIG to the folder that holds it.", path)
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The key file %s cannot be read. Run Candor as the user who owns it.", path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The key file %s cannot be read.", path)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, candor.Errorf(candor.Invalid, "The key file %s may be read by others. Run: chmod 600 %s", path, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The key file %s cannot be read.", path)
	}
	if len(data) > maxKeyFile || len(bytes.TrimSpace(data)) == 0 {
		return nil, damaged(filepath.Base(path), errors.New("impossible size"))
	}
	return data, nil
}
