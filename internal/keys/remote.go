package keys

import (
	"bytes"
	"crypto/hpke"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"candor"
	"candor/internal/ownfile"
)

// Remote says which custodian on another host holds the key that opens. It is
// RemoteFile, and holds nothing secret.
type Remote struct {
	V      int    `json:"v"`      // 1
	URL    string `json:"url"`    // https://host:port
	Public []byte `json:"public"` // its HPKE public key, to which the vault wraps
	Pin    string `json:"pin"`    // of the key by which it is known: sha256:…
}

func (r Remote) check() error {
	if _, err := hpke.MLKEM768X25519().NewPublicKey(r.Public); err != nil || r.V != 1 || r.URL == "" || r.Pin == "" {
		return candor.Wrap(err, candor.Invalid, "What is known of the custodian on another host is incomplete: its address, its public key (the file custodian.pub there) and its pin are needed.")
	}
	return nil
}

// Elsewhere says which keys other hosts hold, by the PEM of the key with which
// the archive is known there; "" for those that the archive holds itself.
type Elsewhere struct {
	Client string // to a custodian, which holds the key that opens; SetRemote finishes
	Writer string // to a sequencer, which holds the key that signs the log; SetShared finishes
	// Auditor is the recipient of an auditor who has the identity already, age1pq1…;
	// "" makes a new one.
	Auditor string
}

// Prepare makes the archive's part of the keys, where other hosts hold the rest.
func Prepare(dir, origin string, on Elsewhere, lock Passphrases) (Keys, error) {
	k, err := freshKeys(origin)
	if err != nil {
		return Keys{}, err
	}
	if on.Client != "" {
		clear(k.Custodian) // nobody has it, and nothing was wrapped to it
		k.Custodian, k.Client = nil, on.Client
	}
	if on.Writer != "" {
		k.Log, k.Writer, k.Shared = "", on.Writer, &Shared{V: 1, Origin: origin}
	}
	if on.Auditor != "" {
		if _, err := age.ParseHybridRecipient(on.Auditor); err != nil {
			return Keys{}, candor.Wrap(err, candor.Invalid, "The auditor's recipient must be the one that was printed when their identity was made: age1pq1…")
		}
		k.Auditor = on.Auditor
	}
	return k, k.Save(dir, lock)
}

// SetRemote says which custodian the keys in dir belong to. It can be said once.
func SetRemote(dir string, r Remote) error {
	r.V = 1
	if err := r.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The custodian's address could not be encoded.")
	}
	return ownfile.New(filepath.Join(dir, RemoteFile), append(text, '\n'))
}

// checkCustodian makes sure that there is one custodian's key, here or elsewhere.
func (k Keys) checkCustodian() error {
	if k.Client == "" {
		_, err := k.CustodianPublic()
		return err
	}
	if block, _ := pem.Decode([]byte(k.Client)); block == nil || len(k.Custodian) > 0 {
		return damaged(ClientFile, errors.New("not a PEM block"))
	}
	if k.Remote == nil {
		return nil
	}
	return k.Remote.check()
}

// texts are the key files, by name.
func (k Keys) texts() (map[string]string, error) {
	texts := map[string]string{AuditorFile: k.Auditor + "\n"}
	if k.Shared == nil {
		texts[LogFile] = k.Log + "\n"
	} else {
		text, err := k.Shared.text()
		if err != nil {
			return nil, err
		}
		texts[WriterFile], texts[SequencerFile] = k.Writer, text
	}
	if k.Client == "" {
		texts[CustodianFile] = custodianPrefix + base64.StdEncoding.EncodeToString(k.Custodian) + "\n"
		return texts, nil
	}
	texts[ClientFile] = k.Client
	if k.Remote != nil {
		text, err := json.MarshalIndent(k.Remote, "", "  ")
		if err != nil {
			return nil, candor.Wrap(err, candor.Internal, "The custodian's address could not be encoded.")
		}
		texts[RemoteFile] = string(text) + "\n"
	}
	return texts, nil
}

// loadCustodian reads the custodian's key, or where it is.
func (k *Keys) loadCustodian(dir string, ask func(string) (string, error)) error {
	if _, err := os.Stat(filepath.Join(dir, ClientFile)); err == nil {
		return k.loadRemote(dir, ask)
	}
	text, err := loadFile(dir, CustodianFile, ask)
	if err != nil {
		return err
	}
	seed, ok := strings.CutPrefix(text, custodianPrefix)
	if !ok {
		return damaged(CustodianFile, errors.New("it does not begin as it must"))
	}
	if k.Custodian, err = base64.StdEncoding.DecodeString(seed); err != nil {
		return damaged(CustodianFile, errors.New("not base64"))
	}
	return nil
}

func (k *Keys) loadRemote(dir string, ask func(string) (string, error)) error {
	text, err := loadFile(dir, ClientFile, ask)
	if err != nil {
		return err
	}
	k.Client = text + "\n"
	data, err := os.ReadFile(filepath.Join(dir, RemoteFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // prepared only
	}
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "The file %s cannot be read.", filepath.Join(dir, RemoteFile))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	k.Remote = new(Remote)
	if err := dec.Decode(k.Remote); err != nil {
		return candor.Wrap(err, candor.Invalid, "The file %s cannot be read. Restore it from the recovery kit.", filepath.Join(dir, RemoteFile))
	}
	return nil
}
