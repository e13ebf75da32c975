// Package endpoint speaks to servers that run models, over the API that OpenAI's
// and most others share. Unless Remote is set it connects to no address but this
// machine's and private networks', whatever name leads there, and follows no
// redirect: material leaves the house only where somebody has said so.
package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"candor"
)

// Config says where a model is.
type Config struct {
	Kind   string        // what is asked there, such as chat; for messages, and the names of settings
	URL    string        // up to the version, such as http://127.0.0.1:11434/v1
	Model  string        // as the endpoint names it
	Key    string        // sent as a bearer token; "" for none
	Remote bool          // the endpoint may stand outside of this machine and private networks
	Time   time.Duration // for one reply; 0 is 2 minutes
}

// Setting names the environment's variable for a part of a Config, such as
// CANDOR_CHAT_URL.
func Setting(kind, part string) string { return "CANDOR_" + strings.ToUpper(kind) + "_" + part }

// Client speaks to one endpoint. Safe for concurrent use.
type Client struct {
	cfg  Config
	http *http.Client
}

// New makes a Client; it asks nothing yet. Invalid for an address that is none.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, candor.Errorf(candor.Invalid, "The address of the %s endpoint must be such as http://127.0.0.1:11434/v1.", cfg.Kind)
	}
	if cfg.Model == "" {
		return nil, candor.Errorf(candor.Invalid, "Say which model the %s endpoint is to use.", cfg.Kind)
	}
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	if cfg.Time == 0 {
		cfg.Time = 2 * time.Minute
	}
	c := &Client{cfg: cfg}
	dial := &net.Dialer{Timeout: 10 * time.Second}
	if !cfg.Remote {
		dial.ControlContext = c.nearOnly
	}
	c.http = &http.Client{
		Transport: &http.Transport{Proxy: nil, DialContext: dial.DialContext, MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return fmt.Errorf("the %s endpoint leads elsewhere, which is not followed", cfg.Kind)
		},
	}
	return c, nil
}

// Model is the model's name as the endpoint knows it.
func (c *Client) Model() string { return c.cfg.Model }

// Name tells which model it is, and where.
func (c *Client) Name() string { return c.cfg.Model + " at " + c.cfg.URL }

// nearOnly refuses to connect to addresses that are not local. It sees the
// address itself, so that no name can lead round it.
func (c *Client) nearOnly(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := at.Addr().Unmap(); !a.IsLoopback() && !a.IsPrivate() {
		return candor.Errorf(candor.Denied, "The %s endpoint stands outside of this machine and its private networks, and nothing was sent. %s=yes allows it.", c.cfg.Kind, Setting(c.cfg.Kind, "REMOTE"))
	}
	return nil
}

// Message is one of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Chat returns what the model says next (OpenAI's chat completions), in at most
// so many tokens and bytes. Errors as of Post, and Verification when the reply is none.
func (c *Client) Chat(ctx context.Context, messages []Message, tokens int, most int64) (string, error) {
	body, err := json.Marshal(map[string]any{"model": c.cfg.Model, "messages": messages, "temperature": 0, "max_tokens": tokens, "stream": false})
	if err != nil {
		return "", err
	}
	data, err := c.Post(ctx, "/chat/completions", "application/json", bytes.NewReader(body), most)
	if err != nil {
		return "", err
	}
	return c.completion(data)
}

// completion reads a reply.
func (c *Client) completion(data []byte) (string, error) {
	var reply struct {
		Choices []struct{ Message Message } `json:"choices"`
	}
	if err := json.Unmarshal(data, &reply); err != nil || len(reply.Choices) == 0 {
		return "", c.noAnswer()
	}
	return reply.Choices[0].Message.Content, nil
}

func (c *Client) noAnswer() error {
	return candor.Errorf(candor.Verification, "The %s endpoint replied with what is no answer.", c.cfg.Kind)
}

// Said is what a model's reply says, as valid UTF-8, without its thoughts.
func Said(reply string) string {
	return strings.TrimSpace(thoughts.ReplaceAllString(strings.ToValidUTF8(reply, "\ufffd"), ""))
}

var thoughts = regexp.MustCompile(`(?s)<think>.*?</think>`) // some models think aloud first

// Post sends a body to a path below the address and returns at most so many
// bytes of the reply. Errors: Unavailable when the endpoint cannot be reached,
// is slow or refuses, Denied when it may not be asked.
func (c *Client) Post(ctx context.Context, path, contentType string, body io.Reader, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Time)
	defer cancel()
	res, err := c.send(ctx, path, contentType, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The model broke off its answer.")
	}
	return data, nil
}

// send returns a reply whose status is fine. The caller closes its body.
func (c *Client) send(ctx context.Context, path, contentType string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	if c.cfg.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.cfg.Key)
	}
	res, err := c.http.Do(r)
	if err != nil {
		if far, ok := errors.AsType[*candor.Error](err); ok {
			return nil, far
		}
		if ctx.Err() != nil {
			return nil, candor.Wrap(err, candor.Unavailable, "The model did not answer in %s.", c.cfg.Time)
		}
		return nil, candor.Wrap(err, candor.Unavailable, "The model cannot be reached.")
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, candor.Errorf(candor.Unavailable, "The %s endpoint refused, with status %d.", c.cfg.Kind, res.StatusCode)
	}
	return res, nil
}
