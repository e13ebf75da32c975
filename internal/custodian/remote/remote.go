// Package remote lets an archive ask a custodian on another host.
//
// NewServer stands in front of a custodian, NewClient is what the archive
// holds: it implements the archive's Custodian port. Both ends speak HTTP/1.1
// with JSON over TLS 1.3 (docs/spec/custodian.md, "Over the wire"). There is no
// certificate authority: each end knows the other by its Pin, the SHA-256 of
// its public key, exchanged by hand once.
//
// What never breaks: nobody whose pin is not allowed is answered; every refusal
// arrives with the code and the rule that it left with; and a release is never
// asked for twice by this package, because its nonce may be spent although the
// answer was lost.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"candor"
	"candor/internal/custodian"
)

// version is the version of the protocol, in every message of either end.
const version = 1

// Paths of the protocol. The method is POST where there is a body.
const (
	pathHead    = "/v1/head"
	pathFollow  = "/v1/follow"
	pathRelease = "/v1/release"
	pathLearn   = "/v1/learn"
	pathStatus  = "/v1/status"
)

// Bounds of messages, in bytes.
const (
	maxSmall = 256 << 10 // of every message but a release
	// MaxRelease is the most that a release request may have by default: some
	// 25,000 keys, where an export has 10,000.
	MaxRelease = 64 << 20
	perAnswer  = 4 << 10 // of an answer, for each key asked for
)

// Rules that this package adds to those of the custodian.
const (
	RuleClient  = "client-allowed"   // Denied: the client's pin is not on the custodian's list
	RulePinned  = "custodian-pinned" // Verification: the server has not the key that the archive knows
	RuleMessage = "message-form"     // Invalid, TooLarge, Unsupported: not a message of this protocol
	RuleBusy    = "custodian-busy"   // Unavailable: too many requests at once
	RuleAway    = "custodian-away"   // Unavailable: it did not answer
)

// Service is what a server stands in front of; *custodian.Custodian is one.
type Service interface {
	Head(ctx context.Context) (int64, error)
	Follow(ctx context.Context, checkpoint []byte, from int64, proof [][]byte) error
	Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error)
	Learn(ctx context.Context, receipt []byte) error
	Status(ctx context.Context) (custodian.Status, error)
}

// Messages. V is the protocol's version; unknown fields are refused.
type (
	headMessage struct {
		V    int   `json:"v"`
		Size int64 `json:"size"`
	}
	followMessage struct {
		V          int      `json:"v"`
		Checkpoint []byte   `json:"checkpoint"`
		From       int64    `json:"from"`
		Proof      [][]byte `json:"proof,omitempty"`
	}
	releaseMessage struct {
		V       int                   `json:"v"`
		Request candor.ReleaseRequest `json:"request"`
	}
	answerMessage struct {
		V      int                  `json:"v"`
		Answer candor.ReleaseAnswer `json:"answer"`
	}
	learnMessage struct {
		V       int    `json:"v"`
		Receipt []byte `json:"receipt"`
	}
	statusMessage struct {
		V      int              `json:"v"`
		Status custodian.Status `json:"status"`
	}
	doneMessage struct {
		V int `json:"v"`
	}
	errorMessage struct {
		V     int       `json:"v"`
		Error errorBody `json:"error"`
	}
	errorBody struct {
		Code    candor.Code `json:"code"`
		Message string      `json:"message"`
		Rule    string      `json:"rule,omitempty"`
	}
)

func (m headMessage) versionOf() int    { return m.V }
func (m followMessage) versionOf() int  { return m.V }
func (m releaseMessage) versionOf() int { return m.V }
func (m answerMessage) versionOf() int  { return m.V }
func (m learnMessage) versionOf() int   { return m.V }
func (m statusMessage) versionOf() int  { return m.V }
func (m doneMessage) versionOf() int    { return m.V }
func (m errorMessage) versionOf() int   { return m.V }

type message interface{ versionOf() int }

// decode reads exactly one message of at most limit bytes.
func decode[M message](r io.Reader, limit int64) (M, error) {
	var m M
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return m, err
	}
	if int64(len(data)) > limit {
		return m, ruled(candor.TooLarge, RuleMessage, "A message of the custodian's protocol has more than %d bytes. Nothing was released.", limit)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, ruledWrap(err, candor.Invalid, RuleMessage, "This is not a message of the custodian's protocol. Nothing was released.")
	}
	if m.versionOf() != version {
		return m, ruled(candor.NotSupported, RuleMessage, "This end speaks version %d of the custodian's protocol, the other version %d. Update the older one. Nothing was released.", version, m.versionOf())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return m, ruled(candor.Invalid, RuleMessage, "Something follows the message. Nothing was released.")
	}
	return m, nil
}

func ruled(code candor.Code, rule, format string, args ...any) error {
	e := candor.Errorf(code, format, args...)
	e.Rule = rule
	return e
}

func ruledWrap(err error, code candor.Code, rule, format string, args ...any) error {
	e := candor.Wrap(err, code, format, args...)
	e.Rule = rule
	return e
}

// statuses gives each code its HTTP status. What a client goes by is the code
// in the body; the status is for proxies and people.
var statuses = map[candor.Code]int{
	candor.Invalid:      http.StatusBadRequest,
	candor.NotFound:     http.StatusNotFound,
	candor.SignIn:       http.StatusUnauthorized,
	candor.Denied:       http.StatusForbidden,
	candor.Conflict:     http.StatusConflict,
	candor.TooLarge:     http.StatusRequestEntityTooLarge,
	candor.Unavailable:  http.StatusServiceUnavailable,
	candor.Verification: http.StatusUnprocessableEntity,
	candor.NotSupported: http.StatusNotImplemented,
	candor.Internal:     http.StatusInternalServerError,
}

// bodyOf is what of an error goes over the wire: never its cause.
func bodyOf(err error) errorBody {
	b := errorBody{Code: candor.CodeOf(err), Message: candor.MessageOf(err)}
	if e, ok := errors.AsType[*candor.Error](err); ok {
		b.Rule = e.Rule
	}
	return b
}

// maxShown is how much of a message of the other end is passed on, in bytes.
const maxShown = 1 << 10

// errorOf is the error that came over the wire.
func (b errorBody) errorOf() error {
	if _, known := statuses[b.Code]; !known || len(b.Message) == 0 || len(b.Message) > maxShown || len(b.Rule) > 64 {
		return ruled(candor.Unavailable, RuleMessage, "The custodian refused, in words that this Candor does not know. Nothing was released. Update the older end.")
	}
	printable := slices.IndexFunc([]byte(b.Message+b.Rule), func(c byte) bool { return c < ' ' || c == 0x7f }) < 0
	if !printable {
		return ruled(candor.Unavailable, RuleMessage, "The custodian refused, in words that cannot be shown. Nothing was released.")
	}
	return &candor.Error{Code: b.Code, Message: b.Message, Rule: b.Rule}
}
