package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"candor"
	"candor/internal/ownfile"
)

// MinPassphrase is the shortest passphrase that is taken, in bytes.
const MinPassphrase = 12

// scryptWork is the logarithm of what deriving a key costs: about a second and
// 256 MiB, as the age command has it.
const scryptWork = 18

// kit is the plaintext of a recovery kit.
type kit struct {
	V         int     `json:"v"` // 1; 2 when a custodian on another host has the key; 3 when a sequencer signs the log
	Origin    string  `json:"origin"`
	Custodian []byte  `json:"custodian"` // none in 2
	Log       string  `json:"log"`
	Auditor   string  `json:"auditor"`
	Client    string  `json:"client,omitempty"` // of 2
	Remote    *Remote `json:"remote,omitempty"` // of 2
	Writer    string  `json:"writer,omitempty"` // of 3
	Shared    *Shared `json:"shared,omitempty"` // of 3
}

// version is the least that says all.
func (x kit) version() int {
	switch {
	case x.Shared != nil:
		return 3
	case x.Client != "":
		return 2
	}
	return 1
}

// WriteKit writes the recovery kit: all keys as JSON, sealed under a
// passphrase by age (scrypt), in age's ASCII armor so that it can be printed.
// Anybody with the kit and the passphrase holds the archive. A file that
// stands at path is not overwritten.
func (k Keys) WriteKit(path, passphrase string) error {
	return k.writeKit(path, passphrase, scryptWork)
}

func (k Keys) writeKit(path, passphrase string, work int) error {
	if err := k.check(); err != nil {
		return err
	}
	x := kit{0, k.Origin, k.Custodian, k.Log, k.Auditor, k.Client, k.Remote, k.Writer, k.Shared}
	x.V = x.version()
	plain, err := json.Marshal(x)
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The recovery kit could not be made.")
	}
	data, err := seal(plain, passphrase, work)
	if err != nil {
		return err
	}
	return ownfile.New(path, data)
}

// ReadKit reads a recovery kit; Save puts the keys back.
func ReadKit(path, passphrase string) (Keys, error) {
	data, err := readPrivate(path)
	if err != nil {
		return Keys{}, err
	}
	plain, err := open(data, passphrase)
	if err != nil {
		return Keys{}, err
	}
	return parseKit(plain)
}

func parseKit(plain []byte) (Keys, error) {
	var x kit
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&x); err != nil || x.V != x.version() {
		return Keys{}, candor.Errorf(candor.Verification, "This is not a recovery kit that this Candor can read. It may be of a newer version.")
	}
	k := Keys{Origin: x.Origin, Custodian: x.Custodian, Log: x.Log, Auditor: x.Auditor, Client: x.Client, Remote: x.Remote, Writer: x.Writer, Shared: x.Shared}
	return k, k.check()
}

// seal encrypts under a passphrase; each guess at it costs 2^work.
func seal(plain []byte, passphrase string, work int) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, candor.Errorf(candor.Invalid, "A passphrase needs at least %d characters. Five random words do well.", MinPassphrase)
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The keys could not be sealed.")
	}
	recipient.SetWorkFactor(work)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, recipient)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The keys could not be sealed.")
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close(), a.Close()); err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The keys could not be sealed.")
	}
	return out.Bytes(), nil
}

func isSealed(data []byte) bool { return bytes.HasPrefix(data, []byte(armor.Header)) }

// open undoes seal.
func open(data []byte, passphrase string) ([]byte, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, candor.Errorf(candor.Denied, "A passphrase is needed to open this.")
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(data)), identity)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, candor.Errorf(candor.Denied, "The passphrase is wrong.")
	}
	if err != nil {
		return nil, candor.Errorf(candor.Verification, "This file is not sealed under a passphrase, or is damaged.")
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxKeyFile))
	if err != nil {
		return nil, candor.Errorf(candor.Verification, "This file is damaged.")
	}
	return plain, nil
}
