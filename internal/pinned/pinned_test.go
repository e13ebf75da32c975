package pinned_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"candor"
	"candor/internal/pinned"
)

func identity(t testing.TB) *pinned.Identity {
	t.Helper()
	text, err := pinned.NewIdentity(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := pinned.ParseIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPins(t *testing.T) {
	id := identity(t)
	pin, err := pinned.ParsePin(id.Pin().String())
	if err != nil || pin != id.Pin() {
		t.Errorf("%v, %v", pin, err)
	}
	for _, bad := range []string{"", "sha256:", "sha256:ab", strings.ToUpper(id.Pin().String()), id.Pin().String()[7:], id.Pin().String() + "00"} {
		if _, err := pinned.ParsePin(bad); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%q was taken for a pin", bad)
		}
	}
}

// TestHandshake: either end learns the other's pin, and a client that meets
// another key than the pinned one says nothing.
func TestHandshake(t *testing.T) {
	server, client := identity(t), identity(t)
	wrong := errors.New("not whom I know")
	for name, x := range map[string]struct {
		pin pinned.Pin
		err error
	}{"the pinned key": {server.Pin(), nil}, "another key": {client.Pin(), wrong}} {
		t.Run(name, func(t *testing.T) {
			a, b := net.Pipe()
			defer a.Close()
			seen := make(chan pinned.Pin, 1)
			go func() {
				s := tls.Server(b, server.ServerTLS())
				_ = s.Handshake()
				pin, _ := pinned.PeerPin(s.ConnectionState())
				seen <- pin
				_ = b.Close()
			}()
			err := tls.Client(a, client.ClientTLS(x.pin, wrong)).Handshake()
			if !errors.Is(err, x.err) {
				t.Fatalf("got %v, want %v", err, x.err)
			}
			if pin := <-seen; (pin == client.Pin()) != (x.err == nil) {
				t.Errorf("the server saw %v", pin)
			}
		})
	}
}

func FuzzIdentity(f *testing.F) {
	text, err := pinned.NewIdentity(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:40])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := pinned.ParseIdentity(data); err != nil && candor.CodeOf(err) != candor.Verification {
			t.Errorf("refused with %v", err)
		}
	})
}
