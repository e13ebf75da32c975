// Package custodiantest plays the archive that a custodian is asked by: a log
// in memory, purposes, wrapped keys and honest requests, for tests and
// benchmarks to send and to spoil. Start with New.
//
// What never breaks: a request of Ask, sent once in time, is one that a right
// custodian answers.
package custodiantest

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// Origin, Terms and Purpose are those of every Archive.
const (
	Origin  = "example.org/archive"
	Terms   = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	Purpose = "p-aaaaaaaaaa"
)

// Archive is what asks. Safe for concurrent use.
type Archive struct {
	Key    string // the log's verifier key
	Now    func() time.Time
	Grant  int64 // log index of the purpose's approval
	fail   func(error)
	signer note.Signer
	public hpke.PublicKey

	mu     sync.Mutex
	hashes []tlog.Hash
	leaves [][]byte
}

// New makes an archive with an approved purpose of a large budget. fail is told
// of faults of the play itself, and must not return.
func New(fail func(error)) *Archive {
	skey, vkey, err := note.GenerateKey(rand.Reader, Origin)
	if err != nil {
		fail(err)
	}
	a := &Archive{Key: vkey, Now: time.Now, fail: fail}
	if a.signer, err = note.NewSigner(skey); err != nil {
		fail(err)
	}
	a.Grant = a.Approve(1 << 40)
	return a
}

// WrapTo says to which custodian keys are wrapped.
func (a *Archive) WrapTo(public []byte) {
	var err error
	if a.public, err = hpke.MLKEM768X25519().NewPublicKey(public); err != nil {
		a.fail(err)
	}
}

// Verifier is the log's key.
func (a *Archive) Verifier() note.Verifier {
	v, err := note.NewVerifier(a.Key)
	if err != nil {
		a.fail(err)
	}
	return v
}

// Approve records an approval of the purpose and returns its index.
func (a *Archive) Approve(coverage int64) int64 {
	r := a.Record(candor.ActApprove)
	r.Purpose = Purpose
	r.Grant = &receipt.Grant{
		Status: receipt.Active, Acts: []string{"open", "export"}, Collections: []string{"main"},
		Coverage: coverage, Expires: receipt.FormatExpires(a.Now().Add(48 * time.Hour)),
	}
	return a.Append(r)
}

// Revoke records the end of the purpose and returns the receipt.
func (a *Archive) Revoke() []byte {
	r := a.Record(candor.ActApprove)
	r.Purpose = Purpose
	r.Grant = &receipt.Grant{
		Status: receipt.Revoked, Acts: []string{"open"}, Collections: []string{"main"},
		Coverage: 1, Expires: receipt.FormatExpires(a.Now().Add(48 * time.Hour)),
	}
	return a.Receipt(a.Append(r), a.Size()).Marshal()
}

// Record is an outcome of an act that was allowed.
func (a *Archive) Record(act candor.Act) receipt.Record {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	intent := int64(0)
	return receipt.Record{
		V: 1, Nonce: base64.RawURLEncoding.EncodeToString(nonce), Time: receipt.FormatTime(a.Now()), Act: string(act),
		Phase: receipt.Outcome, Actor: "someone", Terms: Terms, Decision: receipt.Allow, Rule: "by-default", Intent: &intent,
	}
}

// Append adds a record to the log and returns its index.
func (a *Archive) Append(r receipt.Record) int64 {
	leaf, err := r.Marshal()
	if err != nil {
		a.fail(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := int64(len(a.leaves))
	hashes, err := tlog.StoredHashes(n, leaf, a.reader())
	if err != nil {
		a.fail(err)
	}
	a.hashes, a.leaves = append(a.hashes, hashes...), append(a.leaves, leaf)
	return n
}

// Size is the number of records.
func (a *Archive) Size() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int64(len(a.leaves))
}

func (a *Archive) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = a.hashes[x]
		}
		return out, nil
	})
}

// Checkpoint signs the tree of a size.
func (a *Archive) Checkpoint(size int64) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.checkpoint(size)
}

func (a *Archive) checkpoint(size int64) []byte {
	root, err := tlog.TreeHash(size, a.reader())
	if err != nil {
		a.fail(err)
	}
	signed, err := note.Sign(&note.Note{Text: string(receipt.Checkpoint{Origin: Origin, Size: size, Hash: root}.Marshal())}, a.signer)
	if err != nil {
		a.fail(err)
	}
	return signed
}

// Receipt proves a record in the tree of a size.
func (a *Archive) Receipt(index, size int64) receipt.Receipt {
	a.mu.Lock()
	defer a.mu.Unlock()
	proof, err := tlog.ProveRecord(size, index, a.reader())
	if err != nil {
		a.fail(err)
	}
	return receipt.Receipt{Index: index, Leaf: a.leaves[index], Checkpoint: a.checkpoint(size), Hashes: raw(proof)}
}

// Consistency proves that the tree of to extends that of from.
func (a *Archive) Consistency(_ context.Context, from, to int64) ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if from < 1 || from > to || to > int64(len(a.leaves)) {
		return nil, errors.New("no such sizes")
	}
	proof, err := tlog.ProveTree(to, from, a.reader())
	return raw(proof), err
}

func raw(hashes []tlog.Hash) [][]byte {
	var out [][]byte
	for _, h := range hashes {
		out = append(out, bytes.Clone(h[:]))
	}
	return out
}

// Item names item n of the collection.
func Item(n int) candor.ItemID {
	id := []byte(strings.Repeat("a", 26))
	for i := len(id) - 1; n > 0; i, n = i-1, n/26 {
		id[i] = 'a' + byte(n%26)
	}
	return candor.ItemID(id)
}

// Original names the original of item n.
func Original(n int) candor.KeyName { return candor.ItemKey("main", Item(n), candor.Original) }

// FileKey is the key that is wrapped under a name.
func FileKey(name candor.KeyName) []byte {
	return []byte(fmt.Sprintf("%-16.16s", strings.TrimLeft(string(name), "main/")))
}

// Ask is an act under way.
type Ask struct {
	candor.ReleaseRequest
	Requester *candor.Requester
	Index     int64 // of its record
}

// Ask records an act that opens names and makes the honest request for it,
// proven from the tree of size from that the custodian knows; 0 is none.
func (a *Archive) Ask(act candor.Act, from int64, names ...candor.KeyName) *Ask {
	ask, rec, commit := a.prepare(act, names)
	ask.Index = a.Append(rec)
	for _, n := range names {
		o, err := commit.Open(string(n))
		if err != nil {
			a.fail(err)
		}
		wrapped, err := candor.WrapKey(a.public, Origin, n, FileKey(n))
		if err != nil {
			a.fail(err)
		}
		ask.Keys = append(ask.Keys, candor.ReleaseKey{Name: n, Wrapped: wrapped, Salt: o.Salt, Leaf: o.Leaf, Path: o.Path})
	}
	a.Prove(ask, from)
	return ask
}

func (a *Archive) prepare(act candor.Act, names []candor.KeyName) (*Ask, receipt.Record, *receipt.Commitment) {
	requester, err := candor.NewRequester(nil)
	if err != nil {
		a.fail(err)
	}
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	commit, err := receipt.Commit(requester.Public(), plain, nil)
	if err != nil {
		a.fail(err)
	}
	rec := a.Record(act)
	rec.Commitment = commit.String()
	if act == candor.ActOpen || act == candor.ActExport {
		rec.Purpose, rec.Collection = Purpose, "main"
	}
	ask := &Ask{Requester: requester}
	ask.ReleaseRequest = candor.ReleaseRequest{Requester: requester.Public(), Leaves: int64(len(names))}
	return ask, rec, commit
}

// Prove brings a request's proofs up to the log's present size.
func (a *Archive) Prove(ask *Ask, from int64) {
	size := a.Size()
	ask.Receipt = a.Receipt(ask.Index, size).Marshal()
	ask.Grant = a.Receipt(a.Grant, size).Marshal()
	ask.From, ask.Consistency = from, nil
	if from > 0 && from < size {
		var err error
		if ask.Consistency, err = a.Consistency(context.Background(), from, size); err != nil {
			a.fail(err)
		}
	}
}

// Open opens an answer, and is an error unless it holds the right keys.
func (k *Ask) Open(answer candor.ReleaseAnswer) error {
	if len(answer.Keys) != len(k.Keys) {
		return fmt.Errorf("%d keys, want %d", len(answer.Keys), len(k.Keys))
	}
	for i, want := range k.Keys {
		key, err := k.Requester.Open(want.Name, answer.Keys[i])
		if err != nil {
			return err
		}
		if !bytes.Equal(key, FileKey(want.Name)) {
			return fmt.Errorf("key %d is another", i)
		}
	}
	return nil
}
