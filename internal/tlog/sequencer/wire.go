package sequencer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"candor"
	"candor/internal/tlog"
	"candor/receipt"
)

// version is the version of the protocol, in every message of either end.
const version = 1

// Paths of the protocol. Every request is a POST with one JSON message.
const (
	pathHead        = "/v1/head"
	pathAppend      = "/v1/append"
	pathWhereis     = "/v1/whereis"
	pathReceipt     = "/v1/receipt"
	pathConsistency = "/v1/consistency"
	pathRead        = "/v1/read"
	pathDestroy     = "/v1/destroy"
)

const (
	// Window is how many of the newest records are remembered, so that none is
	// appended twice, and searched for one whose acknowledgement was lost.
	Window = 1 << 14
	// MaxDestroy is how many indexes one request to destroy details may have.
	MaxDestroy = 10_000

	maxDetails = tlog.MaxDetails
	maxSmall   = 256 << 10                                   // of a message without details, in bytes
	maxAppend  = (tlog.MaxLeaf+tlog.MaxDetails)/3*4 + 16<<10 // of an append: base64
	// A page of records is closed when it has this many records, or bytes.
	pageRecords = 1024
	pageBytes   = 1 << 20
	maxPage     = (pageBytes+tlog.MaxLeaf+tlog.MaxDetails)/3*4 + pageRecords*64 + 16<<10
)

// stamp begins every message. Epoch is the sequencer's, or the newest that the
// writer has seen: 0 if none. Holder tells two sequencers of one epoch apart,
// such as one that was started on an older copy of the folder.
type stamp struct {
	V      int    `json:"v"`
	Epoch  int64  `json:"epoch"`
	Holder string `json:"holder,omitempty"` // of the lease, in answers
}

func (s stamp) stampOf() stamp { return s }

type message interface{ stampOf() stamp }

// Messages. Unknown fields are refused.
type (
	askHead  struct{ stamp }
	tellHead struct {
		stamp
		Checkpoint []byte `json:"checkpoint"`
	}
	askAppend struct {
		stamp
		Request string `json:"request"` // 16 random bytes of the writer, hexadecimal
		Leaf    []byte `json:"leaf"`
		Details []byte `json:"details,omitempty"`
	}
	tellReceipt struct {
		stamp
		Receipt receiptBody `json:"receipt"`
	}
	receiptBody struct {
		Index      int64    `json:"index"`
		Leaf       []byte   `json:"leaf"`
		Hashes     [][]byte `json:"hashes"`
		Checkpoint []byte   `json:"checkpoint"`
	}
	askWhereis struct {
		stamp
		Hash []byte `json:"hash"` // RFC 6962 leaf hash
		From int64  `json:"from"` // the record is not before this index
	}
	tellWhereis struct {
		stamp
		Index int64 `json:"index"` // -1: not found
		From  int64 `json:"from"`  // records from here to To were searched
		To    int64 `json:"to"`
	}
	askReceipt struct {
		stamp
		Index int64 `json:"index"`
	}
	askRange struct { // of consistency and read
		stamp
		From int64 `json:"from"`
		To   int64 `json:"to"`
	}
	tellProof struct {
		stamp
		Hashes [][]byte `json:"hashes"`
	}
	tellPage struct {
		stamp
		Records []recordBody `json:"records"` // from From on, at least one, perhaps not all
	}
	recordBody struct {
		Leaf    []byte `json:"leaf"`
		Details []byte `json:"details,omitempty"`
	}
	askDestroy struct {
		stamp
		Indexes []int64 `json:"indexes"`
	}
	tellDone  struct{ stamp }
	tellError struct {
		stamp
		Error errorBody `json:"error"`
	}
	errorBody struct {
		Code    candor.Code `json:"code"`
		Message string      `json:"message"`
		Rule    string      `json:"rule,omitempty"`
	}
)

func bodyOfReceipt(r receipt.Receipt) receiptBody {
	return receiptBody{r.Index, r.Leaf, r.Hashes, r.Checkpoint}
}

func (b receiptBody) receipt() receipt.Receipt {
	return receipt.Receipt{Index: b.Index, Leaf: b.Leaf, Hashes: b.Hashes, Checkpoint: b.Checkpoint}
}

// decode reads exactly one message of at most limit bytes.
func decode[M message](r io.Reader, limit int64) (M, error) {
	var m M
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return m, err
	}
	if int64(len(data)) > limit {
		return m, ruled(candor.TooLarge, RuleMessage, "A message of the sequencer's protocol has more than %d bytes. Nothing was released.", limit)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, ruledWrap(err, candor.Invalid, RuleMessage, "This is not a message of the sequencer's protocol. Nothing was released.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return m, ruled(candor.Invalid, RuleMessage, "Something follows the message. Nothing was released.")
	}
	switch s := m.stampOf(); {
	case s.V != version:
		return m, ruled(candor.NotSupported, RuleMessage, "This end speaks version %d of the sequencer's protocol, the other version %d. Update the older one. Nothing was released.", version, s.V)
	case s.Epoch < 0:
		return m, ruled(candor.Invalid, RuleMessage, "A sequencer's epoch is not below 0. Nothing was released.")
	case len(s.Holder) > 2*holderSize:
		return m, ruled(candor.Invalid, RuleMessage, "A lease's holder has at most %d characters. Nothing was released.", 2*holderSize)
	}
	return m, nil
}

func ruled(code candor.Code, rule, format string, args ...any) *candor.Error {
	e := candor.Errorf(code, format, args...)
	e.Rule = rule
	return e
}

func ruledWrap(err error, code candor.Code, rule, format string, args ...any) *candor.Error {
	e := candor.Wrap(err, code, format, args...)
	e.Rule = rule
	return e
}

// ruleOf is the rule of the first Error in err's chain.
func ruleOf(err error) string {
	if e, ok := errors.AsType[*candor.Error](err); ok {
		return e.Rule
	}
	return ""
}

// statuses gives each code its HTTP status. What a writer goes by is the code
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

// maxShown is how much of a message of the other end is passed on, in bytes.
const maxShown = 1 << 10

// errorOf is the error that came over the wire.
func (b errorBody) errorOf() *candor.Error {
	if _, known := statuses[b.Code]; !known || b.Message == "" || len(b.Message) > maxShown || len(b.Rule) > 64 {
		return ruled(candor.Unavailable, RuleMessage, "The log's sequencer refused, in words that this Candor does not know. Nothing was released. Update the older end.")
	}
	if strings.ContainsFunc(b.Message+b.Rule, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ruled(candor.Unavailable, RuleMessage, "The log's sequencer refused, in words that cannot be shown. Nothing was released.")
	}
	return &candor.Error{Code: b.Code, Message: b.Message, Rule: b.Rule}
}
