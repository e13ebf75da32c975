package house

import (
	"context"
	"net"

	"candor/internal/custodian"
	"candor/internal/custodian/remote"
	"candor/internal/pinned"
)

// OverTLS answers for a custodian on loopback, atOnce requests at a time, and
// returns the archive's end of it.
func OverTLS(ctx context.Context, c *custodian.Custodian, atOnce int) (*remote.Client, func() error, error) {
	var who [2]*pinned.Identity
	for i := range who {
		text, err := pinned.NewIdentity(nil)
		if err != nil {
			return nil, nil, err
		}
		if who[i], err = pinned.ParseIdentity(text); err != nil {
			return nil, nil, err
		}
	}
	s, err := remote.NewServer(remote.Config{Custodian: c, Clients: func(p pinned.Pin) bool { return p == who[1].Pin() }, MaxRequests: atOnce})
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, who[0]) }()
	client, err := remote.NewClient(remote.ClientConfig{URL: "https://" + l.Addr().String(), Pin: who[0].Pin(), Identity: who[1]})
	return client, func() error { _ = client.Close(); cancel(); return <-ended }, err
}
