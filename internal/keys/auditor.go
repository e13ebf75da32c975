package keys

import (
	"path/filepath"
	"strings"

	"filippo.io/age"

	"candor"
	"candor/internal/ownfile"
)

// ParseAuditor reads an auditor's identity from the bytes of a key file, sealed
// under a passphrase or not. It writes nothing and asks nobody. Denied means a
// passphrase that is missing or wrong; Invalid, no identity.
func ParseAuditor(data []byte, passphrase string) (age.Identity, error) {
	if len(data) > maxKeyFile {
		return nil, noIdentity()
	}
	if isSealed(data) {
		var err error
		if data, err = open(data, passphrase); err != nil {
			return nil, err
		}
	}
	id, err := age.ParseHybridIdentity(strings.TrimSpace(string(data)))
	if err != nil {
		return nil, noIdentity()
	}
	return id, nil
}

func noIdentity() error {
	return candor.Errorf(candor.Invalid, "This is not an auditor's identity (AGE-SECRET-KEY-PQ-1…). If it was handed over, say with --identity where it is now.")
}

// LoadAuditor reads an auditor's identity from a file that nobody but its owner
// may read. ask is called for the passphrase if the file is sealed under one.
func LoadAuditor(path string, ask func(file string) (string, error)) (age.Identity, error) {
	text, err := loadFile(filepath.Dir(path), filepath.Base(path), ask)
	if err != nil {
		return nil, err
	}
	return ParseAuditor([]byte(text), "")
}

// HandOver moves the auditor's identity out of an archive's keys: it writes it
// to a new file, under a passphrase unless that is empty, and leaves only the
// public recipient behind. From then on the archive seals details that nobody
// who has its keys can open.
func HandOver(dir, to, passphrase string, ask func(file string) (string, error)) error {
	id, err := LoadAuditor(filepath.Join(dir, AuditorFile), ask)
	if err != nil {
		return err
	}
	hybrid, ok := id.(*age.HybridIdentity)
	if !ok {
		return noIdentity()
	}
	data, err := sealText(hybrid.String()+"\n", passphrase, scryptWork)
	if err != nil {
		return err
	}
	if err := ownfile.New(to, data); err != nil {
		return err
	}
	return ownfile.Replace(filepath.Join(dir, AuditorFile), []byte(hybrid.Recipient().String()+"\n"))
}
