package archive

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/json"
	"io"
	"strings"
	"sync"

	"candor"
)

// Kinds of vault documents. People, collections, purposes, saved searches, jobs and the
// accounts of additions are sealed documents in the vault, cached in the catalog and, but
// for the accounts, held in memory.
const (
	kindPerson     = "person"
	kindCollection = "collection"
	kindPurpose    = "purpose"
	kindAddition   = "addition"
	kindReview     = "review"
	kindSaved      = "search"
	kindJob        = "job"
)

func documentName(kind, id string) candor.KeyName {
	return candor.KeyName("document/" + kind + "/" + id)
}

// account is a person with what they sign in by. It is sealed with the person.
type account struct {
	candor.Person
	Password string  `json:"password,omitempty"` // argon2id, encoded; empty when they cannot sign in by password
	Tokens   []token `json:"tokens,omitempty"`
}

// books are the documents held in memory.
type books struct {
	mu          sync.RWMutex
	people      map[candor.PersonID]account
	collections map[string]candor.Collection
	purposes    map[candor.PurposeID]candor.Purpose
	saved       map[string]Saved
	jobs        map[string]Job
}

// load reads all documents from the catalog.
func (b *books) load(ctx context.Context, c Catalog) error {
	people, err := readDocuments(ctx, c, kindPerson, func(a account) candor.PersonID { return a.ID })
	if err != nil {
		return err
	}
	collections, err := readDocuments(ctx, c, kindCollection, func(c candor.Collection) string { return c.Name })
	if err != nil {
		return err
	}
	purposes, err := readDocuments(ctx, c, kindPurpose, func(p candor.Purpose) candor.PurposeID { return p.ID })
	if err != nil {
		return err
	}
	saved, err := readDocuments(ctx, c, kindSaved, func(s Saved) string { return s.ID })
	if err != nil {
		return err
	}
	jobs, err := readDocuments(ctx, c, kindJob, func(j Job) string { return j.ID })
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.people, b.collections, b.purposes, b.saved, b.jobs = people, collections, purposes, saved, jobs
	return nil
}

func readDocuments[K comparable, V any](ctx context.Context, c Catalog, kind string, key func(V) K) (map[K]V, error) {
	raw, err := c.Documents(ctx, kind)
	if err != nil {
		return nil, err
	}
	all := make(map[K]V, len(raw))
	for id, data := range raw {
		var v V
		if err := json.Unmarshal(data, &v); err != nil {
			return nil, candor.Wrap(err, candor.Verification, "The %s document %s in the catalog is damaged. Run `candor rebuild`.", kind, id)
		}
		all[key(v)] = v
	}
	return all, nil
}

func (b *books) person(id candor.PersonID) (account, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	a, ok := b.people[id]
	return a, ok
}

func (b *books) collection(name string) (candor.Collection, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	c, ok := b.collections[name]
	return c, ok
}

func (b *books) purpose(id candor.PurposeID) (candor.Purpose, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p, ok := b.purposes[id]
	return p, ok
}

func (b *books) keepPerson(a account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.people[a.ID] = a
}

func (b *books) keepCollection(c candor.Collection) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.collections[c.Name] = c
}

func (b *books) keepPurpose(p candor.Purpose) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.purposes[p.ID] = p
}

// putDocument seals a document into the vault, durably, then into the catalog.
func (a *Archive) putDocument(ctx context.Context, kind, id string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return candor.Wrap(err, candor.Internal, "A %s document could not be written.", kind)
	}
	if err := a.sealUnder(ctx, documentName(kind, id), data); err != nil {
		return err
	}
	if err := a.cfg.Vault.Sync(ctx); err != nil {
		return err
	}
	return a.cfg.Catalog.PutDocument(ctx, kind, id, data)
}

// dropDocument destroys a document, durably.
func (a *Archive) dropDocument(ctx context.Context, kind, id string) error {
	if err := a.cfg.Vault.Delete(ctx, string(documentName(kind, id))); err != nil {
		return err
	}
	if err := a.cfg.Vault.Sync(ctx); err != nil {
		return err
	}
	return a.cfg.Catalog.DeleteDocument(ctx, kind, id)
}

// sealUnder seals small data under a name.
func (a *Archive) sealUnder(ctx context.Context, name candor.KeyName, data []byte) error {
	return sealUnder(ctx, a.cfg.Vault, name, data)
}

func sealUnder(ctx context.Context, v Vault, name candor.KeyName, data []byte) error {
	body, err := v.Seal(ctx, bytes.NewReader(data))
	if err != nil {
		return err
	}
	return v.Bind(ctx, name, body)
}

// newID returns a prefix and 10 random base32 characters.
func (a *Archive) newID(prefix string) (string, error) {
	b := make([]byte, 7)
	if _, err := io.ReadFull(a.cfg.Rand, b); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "No randomness could be had; try again.")
	}
	return prefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))[:10], nil
}
