package keys

import (
	"bytes"
	"crypto/hpke"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"candor"
)

func farCustodian(t *testing.T) Remote {
	t.Helper()
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return Remote{V: 1, URL: "https://custodian.example.org:7311", Public: private.PublicKey().Bytes(), Pin: "sha256:00"}
}

var clientKey = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("a key")}))

// TestPreparedKeysOpenNothing: the folder of an archive whose custodian is on
// another host holds no key that opens anything.
func TestPreparedKeysOpenNothing(t *testing.T) {
	dir := t.TempDir()
	k, err := Prepare(dir, "example.org/archive", Elsewhere{Client: clientKey}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, CustodianFile)); !errors.Is(err, fs.ErrNotExist) || k.Custodian != nil {
		t.Errorf("there is a custodian's key: %v", err)
	}
	if _, err := k.CustodianPublic(); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a custodian that nobody named: %v", err)
	}
	r := farCustodian(t)
	if err := SetRemote(dir, r); err != nil {
		t.Fatal(err)
	}
	if err := SetRemote(dir, r); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("a second custodian: %v", err)
	}
	if k, err = Load(dir, nil); err != nil {
		t.Fatal(err)
	}
	public, err := k.CustodianPublic()
	if err != nil || !bytes.Equal(public, r.Public) || k.Client != clientKey || k.Remote.Pin != r.Pin {
		t.Errorf("%+v, %v", k.Remote, err)
	}
	// The kit brings all of it back.
	kit := filepath.Join(t.TempDir(), "kit")
	if err := k.writeKit(kit, "correct horse battery", 10); err != nil {
		t.Fatal(err)
	}
	again, err := ReadKit(kit, "correct horse battery")
	if err != nil || !reflect.DeepEqual(again, k) {
		t.Fatalf("%v, %v", again, err)
	}
	other := t.TempDir()
	if err := again.Save(other, nil); err != nil {
		t.Fatal(err)
	}
	if back, err := Load(other, nil); err != nil || !reflect.DeepEqual(back, k) {
		t.Errorf("%v, %v", back, err)
	}
}

func TestRemoteRefused(t *testing.T) {
	for name, change := range map[string]func(*Remote){
		"no address": func(r *Remote) { r.URL = "" },
		"no pin":     func(r *Remote) { r.Pin = "" },
		"no key":     func(r *Remote) { r.Public = nil },
		"half a key": func(r *Remote) { r.Public = r.Public[:600] },
	} {
		r := farCustodian(t)
		change(&r)
		if err := SetRemote(t.TempDir(), r); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Prepare(t.TempDir(), "example.org/archive", Elsewhere{Client: "no key"}, nil); candor.CodeOf(err) != candor.Verification {
		t.Errorf("a client key that is none: %v", err)
	}
	dir := t.TempDir()
	if _, err := Prepare(dir, "example.org/archive", Elsewhere{Client: clientKey}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, RemoteFile), []byte(`{"v":1,"more":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, nil); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("a file that is none: %v", err)
	}
}
