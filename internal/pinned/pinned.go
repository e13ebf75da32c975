// Package pinned lets our processes know each other across a network without a
// certificate authority: each end has a key of its own and knows the other's Pin,
// the SHA-256 of its public key, exchanged by hand once. The connection is TLS
// 1.3 with crypto/tls's default key exchange, which is hybrid post-quantum.
//
// What never breaks: a client with ClientTLS speaks to the pinned key and to
// nothing else; and a pin from PeerPin belongs to somebody who has proven that it
// holds the key.
package pinned

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"strings"
	"time"

	"candor"
)

// Pin is the SHA-256 of a public key (the DER of its SubjectPublicKeyInfo, as
// RFC 7469 has it).
type Pin [sha256.Size]byte

const pinPrefix = "sha256:"

// String writes a pin as "sha256:" and 64 hexadecimal digits.
func (p Pin) String() string { return pinPrefix + hex.EncodeToString(p[:]) }

// ParsePin reads what String writes.
func ParsePin(text string) (Pin, error) {
	digits, ok := strings.CutPrefix(text, pinPrefix)
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != sha256.Size || digits != strings.ToLower(digits) {
		return Pin{}, candor.Errorf(candor.Invalid, "A pin is written as sha256: and 64 hexadecimal digits.")
	}
	return Pin(raw), nil
}

const keyBlock = "PRIVATE KEY" // PKCS #8

// NewIdentity makes the key by which one end is known: PEM of an Ed25519 key in
// PKCS #8. A nil random is crypto/rand.Reader.
func NewIdentity(random io.Reader) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "No randomness could be had for a key; nothing was written.")
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "A key could not be written out.")
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// Identity is one end of a connection: its key, in a certificate that it signed
// itself and that says nothing.
type Identity struct {
	cert tls.Certificate
	pin  Pin
}

// ParseIdentity reads what NewIdentity made. Verification if it is damaged.
func ParseIdentity(text []byte) (*Identity, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != keyBlock || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, damaged(errors.New("not one PEM block of a key"))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, damaged(err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, damaged(errors.New("not an Ed25519 key"))
	}
	return newIdentity(private)
}

func damaged(err error) error {
	return candor.Wrap(err, candor.Verification, "The key by which this end of the connection is known is damaged. Restore it from a backup, or make another and exchange its pin.")
}

func newIdentity(private ed25519.PrivateKey) (*Identity, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "candor"},
		// The pin is what counts, and it does not expire: 99991231235959Z says so
		// (RFC 5280, 4.1.2.5).
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "A certificate could not be made.")
	}
	pin, err := pinOf(private.Public())
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "A key could not be pinned.")
	}
	return &Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, pin}, nil
}

func pinOf(public crypto.PublicKey) (Pin, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	return sha256.Sum256(der), err
}

// Pin is what the other end must know.
func (i *Identity) Pin() Pin { return i.pin }

// ServerTLS asks every client for a certificate, and leaves it to the handler to
// look at its pin with PeerPin: a handler can say why not.
func (i *Identity) ServerTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{i.cert}, ClientAuth: tls.RequireAnyClientCert}
}

// ClientTLS accepts the pinned key and nothing else. wrong is the error of a
// connection to any other, before anything was asked.
func (i *Identity) ClientTLS(server Pin, wrong error) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{i.cert},
		InsecureSkipVerify: true, // no authority signs the certificate: VerifyConnection knows its key
		VerifyConnection: func(state tls.ConnectionState) error {
			if pin, ok := PeerPin(state); !ok || pin != server {
				return wrong
			}
			return nil
		},
	}
}

// PeerPin is the pin of whoever is at the other end. The handshake has proven
// that it holds the key.
func PeerPin(state tls.ConnectionState) (Pin, bool) {
	if len(state.PeerCertificates) == 0 {
		return Pin{}, false
	}
	return sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo), true
}
