// Package client is the typed Go client of the HTTP API: one method for each
// operation under /api/v1, speaking the types of package wire. The command
// line uses nothing else, whether the server is far away or, through
// InProcess, in its own process.
//
// What never breaks: an error of the server comes back as the *candor.Error it
// was, with its code and message; a server that cannot be reached is
// candor.Unavailable.
package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/wire"
)

// Config says where the server is and who asks.
type Config struct {
	Server    string            // its address, such as https://archive.example.org
	Token     string            // bearer token; "" asks as nobody
	Transport http.RoundTripper // nil is http.DefaultTransport
}

// Client speaks to one server. Safe for concurrent use once made.
type Client struct {
	base  *url.URL
	token string
	agent bool
	http  *http.Client
}

// New returns a client. It does not connect.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(cfg.Server, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, candor.Errorf(candor.Invalid, "%q is not the address of a server. Give one such as https://archive.example.org or http://127.0.0.1:7310.", cfg.Server)
	}
	return &Client{
		base: base, token: cfg.Token,
		// A redirect could carry the token or a body elsewhere; an API has none.
		http: &http.Client{Transport: cfg.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// WithToken returns a client that asks as the token's holder.
func (c *Client) WithToken(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// ForAgent returns a client whose every request is marked as an AI agent's.
func (c *Client) ForAgent() *Client {
	other := *c
	other.agent = true
	return &other
}

// --- sessions and people

// SignIn exchanges a password for a session.
func (c *Client) SignIn(ctx context.Context, who candor.PersonID, password string) (wire.Session, error) {
	return post[wire.Session](ctx, c, "/session", wire.SignIn{Person: who, Password: password})
}

// SignOut ends the session whose token the client holds.
func (c *Client) SignOut(ctx context.Context) error {
	res, err := c.send(ctx, http.MethodDelete, "/session", nil, "", nil)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// WhoAmI returns the person whose token the client holds.
func (c *Client) WhoAmI(ctx context.Context) (wire.Session, error) {
	return get[wire.Session](ctx, c, "/session", nil)
}

// Status says what the server is.
func (c *Client) Status(ctx context.Context) (wire.Status, error) {
	return get[wire.Status](ctx, c, "/status", nil)
}

// NewToken makes an API token for whoever asks.
func (c *Client) NewToken(ctx context.Context, in wire.NewToken) (wire.Token, error) {
	return post[wire.Token](ctx, c, "/tokens", in)
}

// People lists who may act.
func (c *Client) People(ctx context.Context) (wire.People, error) {
	return get[wire.People](ctx, c, "/people", nil)
}

// AddPerson adds a person.
func (c *Client) AddPerson(ctx context.Context, in wire.NewPerson) (wire.Done, error) {
	return post[wire.Done](ctx, c, "/people", in)
}

// --- collections, terms, purposes

// Collections lists collections and what they hold.
func (c *Client) Collections(ctx context.Context) (wire.Collections, error) {
	return get[wire.Collections](ctx, c, "/collections", nil)
}

// SetOCR chooses the languages that a collection's pictures are read in.
func (c *Client) SetOCR(ctx context.Context, name string, in wire.CollectionOCR) (wire.Done, error) {
	return post[wire.Done](ctx, c, "/collections/"+url.PathEscape(name)+"/ocr", in)
}

// AddCollection adds a collection.
func (c *Client) AddCollection(ctx context.Context, in wire.NewCollection) (wire.Done, error) {
	return post[wire.Done](ctx, c, "/collections", in)
}

// Terms returns the terms of use with the reason codes.
func (c *Client) Terms(ctx context.Context) (wire.Terms, error) {
	return get[wire.Terms](ctx, c, "/terms", nil)
}

// RequestPurpose asks for a purpose.
func (c *Client) RequestPurpose(ctx context.Context, in wire.PurposeRequest) (wire.PurposeAct, error) {
	return post[wire.PurposeAct](ctx, c, "/purposes", in)
}

// Purposes lists purposes, newest first.
func (c *Client) Purposes(ctx context.Context) (wire.Purposes, error) {
	return get[wire.Purposes](ctx, c, "/purposes", nil)
}

// Purpose returns one purpose.
func (c *Client) Purpose(ctx context.Context, id candor.PurposeID) (wire.Purpose, error) {
	return get[wire.Purpose](ctx, c, "/purposes/"+url.PathEscape(string(id)), nil)
}

// DecidePurpose does to a purpose what verb says: approve, refuse or revoke.
func (c *Client) DecidePurpose(ctx context.Context, id candor.PurposeID, verb string) (wire.PurposeAct, error) {
	return post[wire.PurposeAct](ctx, c, "/purposes/"+url.PathEscape(string(id))+"/"+url.PathEscape(verb), nil)
}

// DecideBecause approves or refuses a purpose and says why.
func (c *Client) DecideBecause(ctx context.Context, id candor.PurposeID, verb, because string) (wire.PurposeAct, error) {
	return post[wire.PurposeAct](ctx, c, "/purposes/"+url.PathEscape(string(id))+"/"+url.PathEscape(verb), wire.Decision{Because: because})
}

// --- adding

// BeginAddition begins a handing-in.
func (c *Client) BeginAddition(ctx context.Context, in wire.NewAddition) (candor.Addition, error) {
	return post[candor.Addition](ctx, c, "/additions", in)
}

// Additions returns the newest additions first.
func (c *Client) Additions(ctx context.Context) (wire.Additions, error) {
	return get[wire.Additions](ctx, c, "/additions", nil)
}

// Addition returns an addition's account.
func (c *Client) Addition(ctx context.Context, id string) (candor.Addition, error) {
	return get[candor.Addition](ctx, c, "/additions/"+url.PathEscape(id), nil)
}

// Entries returns one page of an addition's files with a condition, "" for all.
func (c *Client) Entries(ctx context.Context, id string, condition candor.Condition, offset, limit int) (wire.Entries, error) {
	q := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(limit)}}
	if condition != "" {
		q.Set("condition", string(condition))
	}
	return get[wire.Entries](ctx, c, "/additions/"+url.PathEscape(id)+"/entries", q)
}

// KnownFiles tells which files need not be sent; at most wire.MaxKnown.
func (c *Client) KnownFiles(ctx context.Context, id string, files []wire.File) ([]bool, error) {
	out, err := post[wire.Known](ctx, c, "/additions/"+url.PathEscape(id)+"/known", wire.KnownFiles{Files: files})
	if err == nil && len(out.Known) != len(files) {
		return nil, candor.Errorf(candor.Internal, "The server answered for %d of %d files.", len(out.Known), len(files))
	}
	return out.Known, err
}

// PutFile sends one file; r is read to its end. If reading fails the server
// stores nothing and r's error is returned. The body is sent in chunks even
// when its length is known, because only then can a reader that fails at its
// very end still withdraw what it has sent.
func (c *Client) PutFile(ctx context.Context, id string, f wire.File, r io.Reader) (candor.Entry, error) {
	q := url.Values{"path": {f.Path}}
	if f.Size >= 0 {
		q.Set("bytes", strconv.FormatInt(f.Size, 10))
	}
	if !f.ModTime.IsZero() {
		q.Set("mod_time", f.ModTime.UTC().Format(time.RFC3339Nano))
	}
	body := &watched{r: r}
	res, err := c.send(ctx, http.MethodPut, "/additions/"+url.PathEscape(id)+"/files", q, "application/octet-stream", body)
	if readErr := body.failure(); readErr != nil {
		if err == nil {
			_ = res.Body.Close()
		}
		return candor.Entry{}, readErr
	}
	return decode[candor.Entry](res, err)
}

// FailFile enters a file that could not be read.
func (c *Client) FailFile(ctx context.Context, id string, f wire.File, reason string) error {
	_, err := post[struct{}](ctx, c, "/additions/"+url.PathEscape(id)+"/failed", wire.FailedFile{File: f, Reason: reason})
	return err
}

// CommitAddition makes durable what was sent; finish ends the addition.
func (c *Client) CommitAddition(ctx context.Context, id string, finish bool) (candor.Addition, error) {
	return post[candor.Addition](ctx, c, "/additions/"+url.PathEscape(id)+"/commit", wire.Commit{Finish: finish})
}

// --- searching, opening, exporting

// Search returns one page of results.
func (c *Client) Search(ctx context.Context, in wire.SearchRequest) (wire.SearchResult, error) {
	return post[wire.SearchResult](ctx, c, "/search", in)
}

// SaveSearch keeps a search under a name.
func (c *Client) SaveSearch(ctx context.Context, in wire.SaveRequest) (wire.Saved, error) {
	return post[wire.Saved](ctx, c, "/searches", in)
}

// SavedSearches lists the searches that one keeps, by name.
func (c *Client) SavedSearches(ctx context.Context) (wire.SavedSearches, error) {
	return get[wire.SavedSearches](ctx, c, "/searches", nil)
}

// ForgetSearch destroys a search that one keeps.
func (c *Client) ForgetSearch(ctx context.Context, id string) error {
	_, err := post[struct{}](ctx, c, "/searches/"+url.PathEscape(id)+"/forget", nil)
	return err
}

// Ask finds the passages that fit a question.
func (c *Client) Ask(ctx context.Context, in wire.AskRequest) (wire.Answer, error) {
	return post[wire.Answer](ctx, c, "/ask", in)
}

// AskAloud is Ask told as it comes: tell is called with what was found and with
// each sentence. It returns the whole answer.
func (c *Client) AskAloud(ctx context.Context, in wire.AskRequest, tell func(wire.AnswerLine)) (wire.Answer, error) {
	body, err := encode(in)
	if err != nil {
		return wire.Answer{}, err
	}
	res, err := c.send(ctx, http.MethodPost, "/ask/stream", nil, "application/json", body)
	if err != nil {
		return wire.Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	dec := json.NewDecoder(bufio.NewReader(res.Body))
	for {
		var line wire.AnswerLine
		if err := dec.Decode(&line); err != nil {
			return wire.Answer{}, candor.Wrap(err, candor.Unavailable, "The answer broke off before its end. The question is on the record; ask it again.")
		}
		switch {
		case line.Error != nil:
			return wire.Answer{}, asError(*line.Error)
		case line.Done != nil:
			return *line.Done, nil
		}
		tell(line)
	}
}

// Analyse has items read again.
func (c *Client) Analyse(ctx context.Context, in wire.AnalyseRequest) (wire.Analysis, error) {
	return post[wire.Analysis](ctx, c, "/analyse", in)
}

// BeginJob has items read again in the background.
func (c *Client) BeginJob(ctx context.Context, in wire.AnalyseRequest) (wire.Job, error) {
	return post[wire.Job](ctx, c, "/jobs", in)
}

// Jobs lists what one began, the newest first.
func (c *Client) Jobs(ctx context.Context) (wire.Jobs, error) {
	return get[wire.Jobs](ctx, c, "/jobs", nil)
}

// Job tells how far one is.
func (c *Client) Job(ctx context.Context, id string) (wire.Job, error) {
	return get[wire.Job](ctx, c, "/jobs/"+url.PathEscape(id), nil)
}

// StopJob ends one.
func (c *Client) StopJob(ctx context.Context, id string) (wire.Job, error) {
	return post[wire.Job](ctx, c, "/jobs/"+url.PathEscape(id)+"/stop", nil)
}

// Open opens an item under a purpose.
func (c *Client) Open(ctx context.Context, item candor.ItemID, purpose candor.PurposeID) (wire.View, error) {
	return post[wire.View](ctx, c, "/items/"+url.PathEscape(string(item))+"/open", wire.OpenRequest{Purpose: purpose})
}

// Original streams an opened item's bytes. The caller closes it.
func (c *Client) Original(ctx context.Context, view string) (io.ReadCloser, error) {
	return c.contents(ctx, view, "original")
}

// Text streams the text that was read out of an opened item.
func (c *Client) Text(ctx context.Context, view string) (io.ReadCloser, error) {
	return c.contents(ctx, view, "text")
}

// Retype puts what somebody reads on a page in place of what was recognised.
func (c *Client) Retype(ctx context.Context, item candor.ItemID, in wire.RetypeRequest) (wire.Analysis, error) {
	return post[wire.Analysis](ctx, c, "/items/"+url.PathEscape(string(item))+"/retype", in)
}

// Retyped returns all versions of pages that people typed of an opened item.
func (c *Client) Retyped(ctx context.Context, view string) (wire.RetypedPages, error) {
	return get[wire.RetypedPages](ctx, c, "/views/"+url.PathEscape(view)+"/retyped", nil)
}

// Translations returns what machines made of an opened item's text.
func (c *Client) Translations(ctx context.Context, view string) (wire.Translations, error) {
	return get[wire.Translations](ctx, c, "/views/"+url.PathEscape(view)+"/translations", nil)
}

func (c *Client) contents(ctx context.Context, view, what string) (io.ReadCloser, error) {
	res, err := c.send(ctx, http.MethodGet, "/views/"+url.PathEscape(view)+"/"+what, nil, "", nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Export writes items as a zip to w and returns the index of the act's record.
func (c *Client) Export(ctx context.Context, in wire.ExportRequest, w io.Writer) (index int64, err error) {
	body, err := encode(in)
	if err != nil {
		return 0, err
	}
	res, err := c.send(ctx, http.MethodPost, "/export", nil, "application/json", body)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(w, res.Body); err != nil {
		return 0, candor.Wrap(err, candor.Unavailable, "The export broke off before its end. Its record is in the log; run the export again.")
	}
	index, err = strconv.ParseInt(res.Trailer.Get(wire.ReceiptHeader), 10, 64)
	if err != nil {
		return 0, candor.Errorf(candor.Internal, "The server sent the export without its record's index.")
	}
	return index, nil
}

// --- receipts and keeping

// Receipt returns the receipt of a record.
func (c *Client) Receipt(ctx context.Context, index int64) (wire.Done, error) {
	return get[wire.Done](ctx, c, "/receipts/"+strconv.FormatInt(index, 10), nil)
}

// Check compares vault, log, catalog and index; progress may be nil.
func (c *Client) Check(ctx context.Context, progress func(done, total int64)) (wire.CheckResult, error) {
	last, err := c.job(ctx, "/check", progress)
	if err != nil {
		return wire.CheckResult{}, err
	}
	if last.Check == nil {
		return wire.CheckResult{}, brokenOff()
	}
	return *last.Check, nil
}

// Rebuild makes catalog and index again; progress may be nil.
func (c *Client) Rebuild(ctx context.Context, progress func(done, total int64)) (wire.RebuildResult, error) {
	last, err := c.job(ctx, "/rebuild", progress)
	if err != nil {
		return wire.RebuildResult{}, err
	}
	if last.Rebuild == nil {
		return wire.RebuildResult{}, brokenOff()
	}
	return *last.Rebuild, nil
}

// Rekey gives the index a new key; progress may be nil.
func (c *Client) Rekey(ctx context.Context, progress func(done, total int64)) (wire.Done, error) {
	last, err := c.job(ctx, "/rekey", progress)
	if err != nil {
		return wire.Done{}, err
	}
	if last.Rekey == nil {
		return wire.Done{}, brokenOff()
	}
	return *last.Rekey, nil
}

// job runs a long job and returns its last line.
func (c *Client) job(ctx context.Context, path string, progress func(done, total int64)) (wire.Progress, error) {
	res, err := c.send(ctx, http.MethodPost, path, nil, "", nil)
	if err != nil {
		return wire.Progress{}, err
	}
	defer func() { _ = res.Body.Close() }()
	var last wire.Progress
	dec := json.NewDecoder(bufio.NewReader(res.Body))
	for {
		var line wire.Progress
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return wire.Progress{}, candor.Wrap(err, candor.Unavailable, "%s", brokenOff().Message)
		}
		last = line
		if progress != nil && line.Total > 0 {
			progress(line.Done, line.Total)
		}
	}
	if last.Error != nil {
		return wire.Progress{}, asError(*last.Error)
	}
	return last, nil
}

func brokenOff() *candor.Error {
	return candor.Errorf(candor.Unavailable, "The server broke off before the job's end. See its own log, then run it again.")
}

// --- sending

func get[Out any](ctx context.Context, c *Client, path string, q url.Values) (Out, error) {
	res, err := c.send(ctx, http.MethodGet, path, q, "", nil)
	return decode[Out](res, err)
}

func post[Out any](ctx context.Context, c *Client, path string, in any) (Out, error) {
	var body io.Reader
	if in != nil {
		var err error
		if body, err = encode(in); err != nil {
			var none Out
			return none, err
		}
	}
	res, err := c.send(ctx, http.MethodPost, path, nil, "application/json", body)
	return decode[Out](res, err)
}

func encode(in any) (io.Reader, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The request could not be encoded.")
	}
	return bytes.NewReader(data), nil
}

func decode[Out any](res *http.Response, err error) (Out, error) {
	var out Out
	if err != nil {
		return out, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, candor.Wrap(err, candor.Unavailable, "The server's answer broke off or is not JSON. Is this address a Candor server?")
	}
	return out, nil
}

// send makes one request and turns every answer but a success into an error.
func (c *Client) send(ctx context.Context, method, path string, q url.Values, media string, body io.Reader) (*http.Response, error) {
	target := c.base.String() + wire.Prefix + path
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The request could not be made.")
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.agent {
		req.Header.Set(wire.AgentHeader, "true")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if res.StatusCode/100 != 2 {
		defer func() { _ = res.Body.Close() }()
		return nil, readError(res)
	}
	return res, nil
}

func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return candor.Wrap(err, candor.Unavailable, "The server at %s cannot be reached or broke off. Check the address and that it runs.", c.base.Host)
}

func readError(res *http.Response) error {
	var body wire.Error
	err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&body)
	if err != nil || body.Error.Code == "" {
		return candor.Errorf(candor.Unavailable, "The server answered %s, and not as a Candor server does. Check the address.", res.Status)
	}
	return asError(body.Error)
}

func asError(b wire.ErrorBody) *candor.Error {
	return &candor.Error{Code: b.Code, Message: b.Message, Rule: b.Rule, At: b.At}
}
