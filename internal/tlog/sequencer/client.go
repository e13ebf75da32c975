package sequencer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/internal/pinned"
	"candor/receipt"
)

// ClientConfig says which sequencer to ask, and as whom. URL, Pin, Identity and
// Trust are needed.
type ClientConfig struct {
	URL      string     // https://host:port
	Pin      pinned.Pin // of the sequencer's key
	Identity *pinned.Identity
	// Trust is the log that it must be. Every receipt and checkpoint that comes
	// is checked against it.
	Trust receipt.Trust
	// Timeout is how long one request may take; 0 is 30 seconds.
	Timeout time.Duration
	// Patience is how long Append looks for its record after its answer was
	// lost; 0 is 10 seconds.
	Patience time.Duration
	// Refresh is how often the newest checkpoint is asked for, since other writers
	// make the log grow; 0 is a second, below 0 is only when something is asked.
	Refresh time.Duration
	// Dial makes connections; nil is a net.Dialer's.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger // nil discards
}

// Client is a writer's end. It implements archive.Log. Safe for concurrent use.
//
// All methods fail with Unavailable while the sequencer is away, and succeed
// again when it is back, wherever it then runs behind the same address.
type Client struct {
	cfg  ClientConfig
	base string
	host string
	http *http.Client

	end  context.CancelFunc
	done sync.WaitGroup

	succession sync.Mutex // held while a newer sequencer's history is compared

	mu     sync.RWMutex
	epoch  int64
	holder string
	newest receipt.Checkpoint
	signed []byte
}

// NewClient makes a client and asks the sequencer once for the log's newest
// checkpoint: a size that is not known must not be taken for none.
func NewClient(ctx context.Context, cfg ClientConfig) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, candor.Errorf(candor.Invalid, "The sequencer's address must be such as https://log.example.org:7312.")
	}
	if cfg.Identity == nil || cfg.Pin == (pinned.Pin{}) || cfg.Trust.Log == nil {
		return nil, candor.Errorf(candor.Invalid, "To ask a log's sequencer, its pin, a key of one's own and the log's verifier key are needed.")
	}
	cfg.prepare()
	c := &Client{cfg: cfg, base: "https://" + u.Host, host: u.Host}
	wrong := ruled(candor.Verification, RulePinned, "What answers at %s is not the sequencer that this writer knows: its key has another pin. Nothing was asked and nothing was released.", c.host)
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: cfg.Dial, TLSClientConfig: cfg.Identity.ClientTLS(cfg.Pin, wrong), TLSHandshakeTimeout: cfg.Timeout,
			MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := c.Update(ctx); err != nil {
		c.http.CloseIdleConnections()
		return nil, err
	}
	ctx, c.end = context.WithCancel(context.Background())
	if cfg.Refresh > 0 {
		c.done.Go(func() { c.follow(ctx) })
	}
	return c, nil
}

func (cfg *ClientConfig) prepare() {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 10 * time.Second
	}
	if cfg.Refresh == 0 {
		cfg.Refresh = time.Second
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 15 * time.Second}).DialContext
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
}

// Close lets go of connections. What is under way comes to its end.
func (c *Client) Close() error {
	c.end()
	c.done.Wait()
	c.http.CloseIdleConnections()
	return nil
}

// follow keeps Size and Checkpoint from growing old.
func (c *Client) follow(ctx context.Context) {
	tick := time.NewTicker(c.cfg.Refresh)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := c.Update(ctx); err != nil && ctx.Err() == nil {
			c.cfg.Logger.Warn("The log's newest checkpoint could not be had.", "rule", ruleOf(err))
		}
	}
}

// Update asks for the newest checkpoint.
func (c *Client) Update(ctx context.Context) error {
	a, err := call[tellHead](ctx, c, pathHead, askHead{c.stamp()}, maxSmall)
	if err != nil {
		return err
	}
	return c.admit(ctx, a.stamp, a.Checkpoint)
}

// Size returns the number of records under the newest checkpoint that this
// writer has seen; see ClientConfig.Refresh and Update.
func (c *Client) Size() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.newest.Size
}

// Checkpoint returns the newest signed checkpoint that this writer has seen.
func (c *Client) Checkpoint() []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return bytes.Clone(c.signed)
}

func (c *Client) stamp() stamp {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return stamp{V: version, Epoch: c.epoch}
}

func (c *Client) seen() (tenure stamp, newest receipt.Checkpoint) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return stamp{version, c.epoch, c.holder}, c.newest
}

// Append adds a record. It is sent once: when its answer is lost, Append looks
// for the record for as long as Patience says, and otherwise fails.
//
// After an error the record may or may not be in the log, and nothing may be
// released on it. Unavailable: the sequencer is away (nothing was sent), was
// lost, was deposed, or its log does not take records. Verification: what it
// answered does not hold.
func (c *Client) Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error) {
	if err := checkRecord(leaf); err != nil {
		return receipt.Receipt{}, err
	}
	if len(details) > maxDetails {
		return receipt.Receipt{}, candor.Errorf(candor.TooLarge, "The sealed details of a record have at most %d bytes; these have %d.", maxDetails, len(details))
	}
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return receipt.Receipt{}, candor.Wrap(err, candor.Unavailable, "No randomness could be had. Nothing was appended and nothing was released.")
	}
	from := c.Size()
	a, err := call[tellReceipt](ctx, c, pathAppend, askAppend{c.stamp(), hex.EncodeToString(id[:]), leaf, details}, maxSmall)
	if ruleOf(err) == RuleLost {
		return c.find(ctx, leaf, from, err)
	}
	if err != nil {
		return receipt.Receipt{}, err
	}
	return c.proven(ctx, a, func(r receipt.Receipt) bool { return bytes.Equal(r.Leaf, leaf) })
}

// Enter is Append, and returns the record's index: a writer believes no more than
// a receipt proves.
func (c *Client) Enter(ctx context.Context, leaf, details []byte) (int64, error) {
	r, err := c.Append(ctx, leaf, details)
	return r.Index, err
}

// Await has nothing to wait for: what Enter returned for is cosigned as Trust asks.
func (c *Client) Await(context.Context, int64) error { return nil }

// find looks for a record whose answer was lost. A sequencer that comes back
// meanwhile may have it.
func (c *Client) find(ctx context.Context, leaf []byte, from int64, lost error) (receipt.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Patience)
	defer cancel()
	hash := tlog.RecordHash(leaf)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		a, err := call[tellWhereis](ctx, c, pathWhereis, askWhereis{c.stamp(), hash[:], from}, maxSmall)
		if err == nil && a.Index < 0 {
			return receipt.Receipt{}, ruledWrap(lost, candor.Unavailable, RuleLost, "The answer of the log's sequencer was lost, and the record is not found in the log. Nothing was released. Do the act again.")
		}
		if err == nil {
			var r receipt.Receipt
			if r, err = c.Receipt(ctx, a.Index); err == nil && !bytes.Equal(r.Leaf, leaf) {
				return receipt.Receipt{}, c.contradicts(nil)
			}
			if err == nil {
				return r, nil
			}
		}
		if candor.CodeOf(err) == candor.Verification {
			return receipt.Receipt{}, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return receipt.Receipt{}, lost
		}
	}
}

// Receipt proves again a record that is in the log.
func (c *Client) Receipt(ctx context.Context, index int64) (receipt.Receipt, error) {
	a, err := call[tellReceipt](ctx, c, pathReceipt, askReceipt{c.stamp(), index}, maxSmall)
	if err != nil {
		return receipt.Receipt{}, err
	}
	return c.proven(ctx, a, func(r receipt.Receipt) bool { return r.Index == index })
}

// proven hands out a receipt that holds, is of the record that was meant, and
// agrees with what this writer has seen.
func (c *Client) proven(ctx context.Context, a tellReceipt, meant func(receipt.Receipt) bool) (receipt.Receipt, error) {
	r := a.Receipt.receipt()
	if _, err := r.Verify(c.cfg.Trust); err != nil || !meant(r) {
		return receipt.Receipt{}, c.contradicts(err)
	}
	if err := c.admit(ctx, a.stamp, r.Checkpoint); err != nil {
		return receipt.Receipt{}, err
	}
	return r, nil
}

// admit takes up a sequencer's checkpoint. That of a newer sequencer is believed
// only with the proof that its log and the one seen before are one.
func (c *Client) admit(ctx context.Context, by stamp, signed []byte) error {
	to, _, err := c.cfg.Trust.OpenCheckpoint(signed)
	if err != nil {
		return c.contradicts(err)
	}
	if had, _ := c.seen(); by.after(had) {
		if err := c.succeed(ctx, by, to, signed); err != nil {
			return err
		}
	}
	return c.keep(by, to, signed)
}

// after says whether an answer is of another sequencer than the one seen, and not
// of an older one.
func (s stamp) after(had stamp) bool {
	return s.Epoch > had.Epoch || s.Epoch == had.Epoch && s.Holder != had.Holder
}

func (c *Client) keep(by stamp, to receipt.Checkpoint, signed []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case by.Epoch < c.epoch:
		return c.deposed()
	case to.Size == c.newest.Size && c.signed != nil && to.Hash != c.newest.Hash:
		return c.contradicts(errors.New("two trees of one size"))
	case to.Size >= c.newest.Size:
		c.newest, c.signed = to, bytes.Clone(signed)
	}
	return nil
}

// succeed compares the history of a newer sequencer with what was seen.
func (c *Client) succeed(ctx context.Context, by stamp, to receipt.Checkpoint, signed []byte) error {
	c.succession.Lock()
	defer c.succession.Unlock()
	had, from := c.seen()
	if !by.after(had) {
		return nil
	}
	if had.Epoch > 0 {
		if err := c.extends(ctx, by, from, to); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch, c.holder = by.Epoch, by.Holder
	if to.Size > c.newest.Size || c.signed == nil {
		c.newest, c.signed = to, bytes.Clone(signed)
	}
	return nil
}

// extends asks for the proof that two checkpoints are of one log. Either may be
// the smaller: where witnesses are awaited an older one may be shown again.
func (c *Client) extends(ctx context.Context, by stamp, a, b receipt.Checkpoint) error {
	if a.Size > b.Size {
		a, b = b, a
	}
	m, err := call[tellProof](ctx, c, pathConsistency, askRange{c.stamp(), a.Size, b.Size}, maxSmall)
	if candor.CodeOf(err) == candor.Invalid { // it has not so many records
		return c.contradicts(err)
	}
	if err != nil {
		return err
	}
	if m.Epoch != by.Epoch || m.Holder != by.Holder {
		return c.deposed()
	}
	if err := receipt.CheckConsistency(a, b, m.Hashes); err != nil {
		return c.contradicts(err)
	}
	return nil
}

func (c *Client) deposed() error {
	return ruled(candor.Unavailable, RuleDeposed, "A sequencer of the log answered at %s that another has taken over from. Its answer was not believed and nothing was released. Stop it.", c.host)
}

func (c *Client) contradicts(err error) error {
	return ruledWrap(err, candor.Verification, RuleHistory, "What the log's sequencer at %s answered does not hold, or its log does not extend what this writer has seen. Nothing was released. Keep this writer's receipts, and run `candor verify` on the log.", c.host)
}

// Consistency proves that the tree of size to extends the tree of size from. The
// proof is not compared with roots: whoever shows it on has them.
func (c *Client) Consistency(ctx context.Context, from, to int64) ([][]byte, error) {
	a, err := current[tellProof](ctx, c, pathConsistency, askRange{c.stamp(), from, to}, maxSmall)
	return a.Hashes, err
}

// Read calls yield for each record from index from (inclusive) to to (exclusive)
// with its sealed details or nil. It asks for a page at a time, so that memory
// stays bounded. That the records are those of the log is for Receipt to prove.
func (c *Client) Read(ctx context.Context, from, to int64, yield func(index int64, leaf, details []byte) error) error {
	if from < 0 || from > to {
		return candor.Errorf(candor.Invalid, "Records #%d to #%d cannot be read.", from, to)
	}
	for at := from; at < to; {
		page, err := current[tellPage](ctx, c, pathRead, askRange{c.stamp(), at, to}, maxPage)
		if err != nil {
			return err
		}
		if n := int64(len(page.Records)); n == 0 || n > to-at {
			return ruled(candor.Unavailable, RuleMessage, "The log's sequencer at %s answered with a page of %d records where 1 to %d were asked for.", c.host, n, to-at)
		}
		for _, r := range page.Records {
			if err := yield(at, r.Leaf, r.Details); err != nil {
				return err
			}
			at++
		}
	}
	return nil
}

// DestroyDetails destroys the sealed details of records for good. It is durable
// when it returns, and can be repeated. After an error some may be destroyed.
func (c *Client) DestroyDetails(ctx context.Context, indexes ...int64) error {
	for len(indexes) > 0 {
		n := min(len(indexes), MaxDestroy)
		if _, err := current[tellDone](ctx, c, pathDestroy, askDestroy{c.stamp(), indexes[:n]}, maxSmall); err != nil {
			return err
		}
		indexes = indexes[n:]
	}
	return nil
}

// current is call that refuses the answer of a sequencer that was taken over
// from. One of a newer sequencer is looked at first.
func current[A message](ctx context.Context, c *Client, path string, q message, limit int64) (A, error) {
	var none A
	a, err := call[A](ctx, c, path, q, limit)
	if err != nil {
		return none, err
	}
	had, _ := c.seen()
	switch by := a.stampOf(); {
	case by.Epoch < had.Epoch:
		return none, c.deposed()
	case by.after(had):
		if err := c.Update(ctx); err != nil {
			return none, err
		}
	}
	return a, nil
}

// call makes one request, once. A refusal of the sequencer comes back as it left
// it; RuleAway says that nothing was sent, RuleLost that it may have been.
func call[A message](ctx context.Context, c *Client, path string, q message, limit int64) (A, error) {
	var none A
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	data, err := json.Marshal(q)
	if err != nil {
		return none, candor.Wrap(err, candor.Internal, "The log's sequencer could not be asked. Nothing was released.")
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(data))
	if err != nil {
		return none, candor.Wrap(err, candor.Internal, "The log's sequencer could not be asked. Nothing was released.")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return none, c.away(err, sent.Load())
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		a, err := decode[A](res.Body, limit)
		return a, c.garbled(err)
	}
	a, err := decode[tellError](res.Body, maxSmall)
	if err != nil {
		return none, c.garbled(err)
	}
	return none, a.Error.errorOf()
}

// away is the error of a request that got no answer.
func (c *Client) away(err error, sent bool) error {
	if e, ok := errors.AsType[*candor.Error](err); ok {
		return e // of the pin
	}
	rule := RuleAway
	if sent {
		rule = RuleLost
	}
	return ruledWrap(err, candor.Unavailable, rule, "The log's sequencer does not answer; nothing was released. When it is back at %s, do the act again.", c.host)
}

// garbled is the error of an answer that is none; nil if it is one.
func (c *Client) garbled(err error) error {
	switch {
	case err == nil:
		return nil
	case candor.CodeOf(err) == candor.Internal: // the connection broke in the middle
		return c.away(err, true)
	}
	return ruledWrap(err, candor.Unavailable, RuleMessage, "What came from %s is not an answer of a sequencer that this Candor understands. Nothing was released.", c.host)
}
