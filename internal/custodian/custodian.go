// Package custodian releases keys against receipts from the log.
//
// Start with New; the struct answers in this process, and a server can stand
// in front of it unchanged. It sees no ciphertext, no index and no catalog,
// trusts nothing that the archive says, and checks each request for itself
// (docs/spec/custodian.md lists the checks and their rule names).
//
// What never breaks: a key is released only under a record that the log
// includes, that allows it, to the one requester that the record commits to,
// once, within the grant's coverage. What was spent and learned is on disk
// before an answer leaves, so that no restart or crash gives a second one.
package custodian

import (
	"context"
	"crypto/hpke"
	"log/slog"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/receipt"
)

// DefaultMaxAge is how old the time of a record may be when its keys are asked
// for. Times of records are floored to ten minutes.
const DefaultMaxAge = 30 * time.Minute

// MaxKeys is how many keys one request may ask for.
const MaxKeys = 1 << 16

// maxProof is more hashes than any consistency proof has.
const maxProof = 128

// Config is what a Custodian is made of. Origin, Log, PrivateKey, StateDir and
// Consented are needed.
type Config struct {
	Origin     string        // the log's origin line
	Log        note.Verifier // the log's own key
	Witnesses  []note.Verifier
	Quorum     int    // how many of Witnesses must have cosigned each checkpoint
	PrivateKey []byte // the seed of an MLKEM768X25519 key, 32 bytes
	// StateDir holds what was spent, and the newest checkpoint. It belongs with
	// the custodian's key, never in the archive's data folder: who can put back
	// an older copy of it can spend a nonce twice.
	StateDir string
	// Consented says whether the custodian agrees to release under the terms
	// of this hash.
	Consented func(hash string) bool
	// Proofs fetches a consistency proof between two sizes of the log. It is
	// asked when a request does not bring the proof that is needed, because the
	// head moved while it was made. It need not be trusted. Without it such
	// requests get a Conflict error with Rule RuleHeadMoved.
	Proofs func(ctx context.Context, from, to int64) ([][]byte, error)
	Limits Limits           // how much may leave in a day; the zero value counts and limits nothing
	MaxAge time.Duration    // 0 is DefaultMaxAge
	Now    func() time.Time // nil is time.Now
	Logger *slog.Logger     // nil discards; it is told rules and sizes, never names
}

// Custodian implements archive.Custodian. Safe for concurrent use.
type Custodian struct {
	trust     receipt.Trust
	private   hpke.PrivateKey
	origin    string
	consented func(string) bool
	proofs    func(ctx context.Context, from, to int64) ([][]byte, error)
	limits    Limits
	maxAge    time.Duration
	now       func() time.Time
	logger    *slog.Logger
	state     *state
}

// New opens a custodian over its state, which only one process can hold. Close
// it when done.
func New(ctx context.Context, cfg Config) (*Custodian, error) {
	if cfg.Origin == "" || cfg.Log == nil || cfg.StateDir == "" || cfg.Consented == nil {
		return nil, candor.Errorf(candor.Invalid, "A custodian needs the log's origin and key, a state folder and the terms it consents to.")
	}
	private, err := hpke.MLKEM768X25519().NewPrivateKey(cfg.PrivateKey)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The custodian's private key is not an MLKEM768-X25519 key. Restore it from the recovery kit.")
	}
	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return nil, unavailable(err, "The custodian's state folder could not be made")
	}
	c := &Custodian{
		trust:     receipt.Trust{Origin: cfg.Origin, Log: cfg.Log, Witnesses: cfg.Witnesses, Quorum: cfg.Quorum},
		private:   private,
		origin:    cfg.Origin,
		consented: cfg.Consented,
		proofs:    cfg.Proofs,
		limits:    cfg.Limits,
		maxAge:    cfg.MaxAge,
		now:       cfg.Now,
		logger:    cfg.Logger,
	}
	if c.maxAge <= 0 {
		c.maxAge = DefaultMaxAge
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	// A nonce is forgotten once no clock that the custodian accepts lets its
	// record count as fresh any more.
	c.state, err = openState(cfg.StateDir, cfg.Origin, 2*c.maxAge+receipt.TimeStep)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close lets go of the state. Releases in progress fail.
func (c *Custodian) Close() error { return c.state.close() }

// Public returns the public key to which the vault wraps, 1,216 bytes.
func (c *Custodian) Public() []byte { return c.private.PublicKey().Bytes() }

// Head returns the tree size of the newest checkpoint it has seen; 0 before the first.
func (c *Custodian) Head(context.Context) (int64, error) { return c.state.newest().Size, nil }

// Follow moves on to a newer checkpoint of the log, which must extend the tree
// of size from that it has seen. It is on disk when Follow returns. A checkpoint
// that it has followed before is no error.
func (c *Custodian) Follow(ctx context.Context, checkpoint []byte, from int64, proof [][]byte) error {
	check, _, err := c.trust.OpenCheckpoint(checkpoint)
	if err != nil {
		return refuseWrap(err, candor.Verification, RuleSigned, "The checkpoint is not signed by the log that this custodian serves.")
	}
	if check.Size < 1 || from < 0 || len(proof) > maxProof {
		return refuse(candor.Invalid, RuleRequestShape, "A checkpoint to follow has records, and a proof of at most %d hashes.", maxProof)
	}
	if err := c.follow(ctx, check, from, proof); err != nil {
		c.logger.WarnContext(ctx, "checkpoint not followed", "rule", ruleOf(err), "size", check.Size)
		return err
	}
	return c.state.followed(ctx)
}

// Status is what a custodian tells about itself. Nothing of it is secret.
type Status struct {
	Origin   string `json:"origin"`
	Size     int64  `json:"size"` // of the newest checkpoint seen
	Root     []byte `json:"root"`
	Restored int64  `json:"restored,omitempty"` // nothing recorded below this log index is honoured
	Purposes int    `json:"purposes"`           // purposes for which something was released, or revoked
	Day      string `json:"day,omitempty"`      // UTC, 2006-01-02: the newest day on which something was released
	Items    int64  `json:"items"`              // items released for purposes on Day
	Unbound  int64  `json:"unbound"`            // items opened without a purpose on Day, by rebuilding
	Limits   Limits `json:"limits"`
}

// Status tells how things stand.
func (c *Custodian) Status(context.Context) (Status, error) {
	st := c.state.status()
	st.Origin, st.Limits = c.origin, c.limits
	return st, nil
}

// Release opens the wrapped keys that the request's receipt allows, all or
// none. What it spends is durable before it returns. Every refusal is a
// candor.Error whose Rule is one of the Rule constants.
func (c *Custodian) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	answer, err := c.release(ctx, r)
	if err != nil {
		c.logger.WarnContext(ctx, "release refused", "rule", ruleOf(err), "keys", len(r.Keys))
		return candor.ReleaseAnswer{}, err
	}
	return answer, nil
}

func (c *Custodian) release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	requester, err := checkShape(r)
	if err != nil {
		return candor.ReleaseAnswer{}, err
	}
	p, err := c.verify(ctx, r)
	if err != nil {
		return candor.ReleaseAnswer{}, err
	}
	// Unwrapped first, so that a request that cannot be answered spends nothing.
	sealed, err := c.answer(ctx, requester, r.Keys)
	if err != nil {
		return candor.ReleaseAnswer{}, err
	}
	if err := c.state.spend(ctx, p, c.limits, c.now); err != nil {
		return candor.ReleaseAnswer{}, err
	}
	return candor.ReleaseAnswer{Keys: sealed}, nil
}

// checkShape refuses what is no request at all, before anything costs much.
func checkShape(r candor.ReleaseRequest) (hpke.PublicKey, error) {
	if len(r.Keys) == 0 || len(r.Keys) > MaxKeys || r.From < 0 || len(r.Consistency) > maxProof || len(r.GrantConsistency) > maxProof {
		return nil, refuse(candor.Invalid, RuleRequestShape, "A release request asks for 1 to %d keys and proves its checkpoint.", MaxKeys)
	}
	requester, err := hpke.MLKEM768X25519().NewPublicKey(r.Requester)
	if err != nil {
		return nil, refuse(candor.Invalid, RuleRequestShape, "The requester's key is not an MLKEM768-X25519 key.")
	}
	seen := make(map[int64]bool, len(r.Keys))
	for _, k := range r.Keys {
		if seen[k.Leaf] {
			return nil, refuse(candor.Denied, RuleNonceUnspent, "The request asks for the same key twice.")
		}
		seen[k.Leaf] = true
	}
	return requester, nil
}

// Learn shows it the receipt of a record that revokes or refuses a purpose. It
// verifies the receipt and refuses that purpose for ever after, durably. Any
// other record is an Invalid error.
func (c *Custodian) Learn(ctx context.Context, proof []byte) error {
	_, _, rec, err := c.openReceipt(proof)
	if err != nil {
		return err
	}
	g := rec.Grant
	if g == nil || (g.Status != receipt.Revoked && g.Status != receipt.Refused) {
		return refuse(candor.Invalid, RuleRequestShape, "This record narrows nothing. Only a revocation or refusal of a purpose can be learned.")
	}
	return c.state.revoke(ctx, rec.Purpose)
}
