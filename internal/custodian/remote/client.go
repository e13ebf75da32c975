package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"candor"
	"candor/internal/custodian"
	"candor/internal/pinned"
)

// DefaultTimeout is how long a request may take. A release may take a
// millisecond longer for each key.
const DefaultTimeout = 30 * time.Second

// ClientConfig says which custodian to ask, and as whom. URL, Pin and Identity
// are needed.
type ClientConfig struct {
	URL      string     // https://host:port
	Pin      pinned.Pin // of the custodian's key
	Identity *pinned.Identity
	Timeout  time.Duration // 0 is DefaultTimeout
	// Dial makes connections; nil is a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client asks a custodian on another host. It implements archive.Custodian.
// Safe for concurrent use.
type Client struct {
	base    string
	host    string
	timeout time.Duration
	http    *http.Client
}

// NewClient makes a client. It does not connect yet.
func NewClient(cfg ClientConfig) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, candor.Errorf(candor.Invalid, "The custodian's address must be such as https://custodian.example.org:7311.")
	}
	if cfg.Identity == nil || cfg.Pin == (pinned.Pin{}) {
		return nil, candor.Errorf(candor.Invalid, "To ask a custodian on another host, its pin and a key of one's own are needed.")
	}
	c := &Client{base: "https://" + u.Host, host: u.Host, timeout: cfg.Timeout}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: c.timeout, KeepAlive: 15 * time.Second}).DialContext
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: cfg.Dial, TLSClientConfig: cfg.Identity.ClientTLS(cfg.Pin, notPinned(c.host)), TLSHandshakeTimeout: c.timeout,
			MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func notPinned(host string) error {
	return ruled(candor.Verification, RulePinned, "What answers at %s is not the custodian that this archive knows: its key has another pin. Nothing was asked and nothing was released. Compare with `candor custodian status` on the custodian's host.", host)
}

// Close lets go of idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Head returns the tree size of the newest checkpoint that the custodian has seen.
func (c *Client) Head(ctx context.Context) (int64, error) {
	m, err := again(ctx, func() (headMessage, error) {
		return call[headMessage](ctx, c, http.MethodGet, pathHead, nil, maxSmall, 0)
	})
	if err == nil && m.Size < 0 {
		err = ruled(candor.Unavailable, RuleMessage, "The custodian gave an impossible size. Nothing was released.")
	}
	return m.Size, err
}

// Follow shows the custodian a newer checkpoint. Asked again after a lost
// answer it does no harm.
func (c *Client) Follow(ctx context.Context, checkpoint []byte, from int64, proof [][]byte) error {
	_, err := again(ctx, func() (doneMessage, error) {
		return call[doneMessage](ctx, c, http.MethodPost, pathFollow, followMessage{version, checkpoint, from, proof}, maxSmall, 0)
	})
	return err
}

// Learn shows the custodian the receipt of a record that narrows what it may release.
func (c *Client) Learn(ctx context.Context, receipt []byte) error {
	_, err := again(ctx, func() (doneMessage, error) {
		return call[doneMessage](ctx, c, http.MethodPost, pathLearn, learnMessage{version, receipt}, maxSmall, 0)
	})
	return err
}

// Status tells how things stand with the custodian.
func (c *Client) Status(ctx context.Context) (custodian.Status, error) {
	m, err := again(ctx, func() (statusMessage, error) {
		return call[statusMessage](ctx, c, http.MethodGet, pathStatus, nil, maxSmall, 0)
	})
	return m.Status, err
}

// Release asks once. When the answer is lost the keys are spent: the error says
// to do the act again, which makes a new record with a new nonce.
func (c *Client) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	n := len(r.Keys)
	m, err := call[answerMessage](ctx, c, http.MethodPost, pathRelease, releaseMessage{version, r}, maxSmall+int64(n)*perAnswer, time.Duration(n)*time.Millisecond)
	if err == nil && len(m.Answer.Keys) != n {
		err = ruled(candor.Unavailable, RuleMessage, "The custodian answered with %d keys where %d were asked for. Nothing is shown. Do the act again.", len(m.Answer.Keys), n)
	}
	if err != nil {
		return candor.ReleaseAnswer{}, err
	}
	return m.Answer, nil
}

// tries is how often what can be asked again is asked, and pause what is waited
// before the second time; each further wait is four times longer.
const (
	tries = 3
	pause = 50 * time.Millisecond
)

// again repeats a request that did not get through.
func again[M message](ctx context.Context, ask func() (M, error)) (m M, err error) {
	wait := pause
	for try := 1; ; try++ {
		m, err = ask()
		e, ok := errors.AsType[*candor.Error](err)
		if !ok || (e.Rule != RuleAway && e.Rule != RuleBusy) || try == tries {
			return m, err
		}
		select {
		case <-time.After(wait):
			wait *= 4
		case <-ctx.Done():
			return m, err
		}
	}
}

// call makes one request. A refusal of the custodian comes back as it left it.
func call[M message](ctx context.Context, c *Client, method, path string, in any, limit int64, extra time.Duration) (M, error) {
	var none M
	ctx, cancel := context.WithTimeout(ctx, c.timeout+extra)
	defer cancel()
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return none, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return none, c.away(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		m, err := decode[M](res.Body, limit)
		if err != nil {
			return none, c.garbled(err)
		}
		return m, nil
	}
	m, err := decode[errorMessage](res.Body, maxSmall)
	if err != nil {
		return none, c.garbled(err)
	}
	return none, m.Error.errorOf()
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, candor.Wrap(err, candor.Internal, "The custodian could not be asked. Nothing was released.")
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The custodian could not be asked. Nothing was released.")
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// away is the error of a request that got no answer.
func (c *Client) away(err error) error {
	if e, ok := errors.AsType[*candor.Error](err); ok {
		return e // of the pin
	}
	return ruledWrap(err, candor.Unavailable, RuleAway, "The custodian at %s did not answer, so no key was released and nothing is shown. When it is back, do the act again. On its host: candor custodian serve", c.host)
}

// garbled is the error of an answer that is none.
func (c *Client) garbled(err error) error {
	if candor.CodeOf(err) == candor.Internal { // the connection broke in the middle
		return c.away(err)
	}
	return ruledWrap(err, candor.Unavailable, RuleMessage, "What came from %s is not an answer of a custodian that this Candor understands. Nothing is shown.", c.host)
}
