// Package house sets up a whole archive over real adapters for benches, and
// fills it. Nothing in it is measured or asserted.
package house

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/archive"
	"candor/internal/catalog"
	"candor/internal/custodian"
	"candor/internal/index/local"
	"candor/internal/terms"
	"candor/internal/tlog"
	"candor/internal/vault"
)

// Origin is the log's name.
const Origin = "bench.test/candor"

// Options says what stands beside the archive. The zero value has no witnesses.
type Options struct {
	// Witnesses gets the log's verifier key and returns what tlog.Config.Cosigner
	// takes; Await is tlog.Config.AwaitWitnesses.
	Witnesses func(logKey string) func(tlog.Prover) (tlog.Cosigner, error)
	Await     bool
	// FarCustodian puts the custodian behind TLS on loopback.
	FarCustodian bool
}

// House is an archive over real adapters, with one reader, one contributor and
// one approver, and a clock of its own.
type House struct {
	*archive.Archive
	Index  *local.Index
	Reader archive.Actor
	Items  int // that Fill added

	adder, boss archive.Actor
	clock       atomic.Int64 // Unix nanoseconds
	log         *tlog.Log
	ends        []func() error
}

// Tick moves the clock: called for each act, so that the terms' limits on acts a
// minute and a day, which benches are not about, do not end it. Searches may be far
// apart; what asks the custodian must not be, or it finds the records of acts side
// by side too old.
func (h *House) Tick(step time.Duration) { h.clock.Add(int64(step)) }

// Steps for Tick.
const (
	SearchStep = 50 * time.Second
	OpenStep   = 10 * time.Second
)

func (h *House) now() time.Time { return time.Unix(0, h.clock.Load()).UTC() }

// Close ends the log, with its witnesses, and the custodian's door. The rest ends
// with the process.
func (h *House) Close() error {
	var errs []error
	for _, end := range h.ends {
		errs = append(errs, end())
	}
	return errors.Join(append(errs, h.log.Close())...)
}

// Open makes an archive in an empty folder.
func Open(ctx context.Context, dir string, opts Options) (*House, error) {
	h := new(House)
	h.clock.Store(time.Now().UTC().Truncate(time.Hour).UnixNano())
	const origin = Origin
	auditor, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	lc := tlog.Config{Dir: filepath.Join(dir, "log"), Signer: signer, Key: vkey, AwaitWitnesses: opts.Await}
	if opts.Witnesses != nil {
		lc.Cosigner = opts.Witnesses(vkey)
	}
	tl, err := tlog.Open(ctx, lc)
	if err != nil {
		return nil, err
	}
	h.log = tl
	bucket, err := vault.OpenDir(filepath.Join(dir, "vault"))
	if err != nil {
		return nil, err
	}
	v, err := vault.New(vault.Config{Bucket: bucket, Origin: origin, Recipient: key.PublicKey().Bytes(), Dir: filepath.Join(dir, "vault")})
	if err != nil {
		return nil, err
	}
	policy, err := terms.Default()
	if err != nil {
		return nil, err
	}
	cust, err := custodian.New(ctx, custodian.Config{Origin: origin, Log: verifier, PrivateKey: seed, StateDir: filepath.Join(dir, "custodian"),
		Consented: func(h string) bool { return h == policy.Hash() }, Proofs: tl.Consistency, Now: h.now})
	if err != nil {
		return nil, err
	}
	var keeper archive.Custodian = cust
	if opts.FarCustodian {
		far, end, err := OverTLS(ctx, cust, 128)
		if err != nil {
			return nil, err
		}
		keeper, h.ends = far, append(h.ends, end)
	}
	cfg := archive.Config{Origin: origin, Log: tl, Vault: v, Custodian: keeper, Terms: policy, Extractor: plain{},
		Auditors: []string{auditor.Recipient().String()}, CustodianKey: key.PublicKey().Bytes(), Now: h.now}
	if err := archive.CreateKeys(ctx, v, rand.Reader); err != nil {
		return nil, err
	}
	keys, err := archive.Unlock(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Catalog, err = catalog.New(ctx, catalog.Config{Path: filepath.Join(dir, "catalog.db"), Key: keys.Catalog, Now: h.now}); err != nil {
		return nil, err
	}
	if h.Index, err = local.Open(ctx, local.Config{Dir: filepath.Join(dir, "index"), Key: keys.Index}); err != nil {
		return nil, err
	}
	cfg.Index, cfg.Pseudonyms = h.Index, keys.Pseudonyms
	if h.Archive, err = archive.New(ctx, cfg); err != nil {
		return nil, err
	}
	return h, h.people(ctx)
}

func (h *House) people(ctx context.Context) error {
	var people []archive.NewPerson
	for id, role := range map[candor.PersonID]candor.Role{"reader": candor.Reader, "adder": candor.Contributor, "boss": candor.Approver} {
		people = append(people, archive.NewPerson{Person: candor.Person{ID: id, Name: string(id), Roles: []candor.Role{role}}, Password: "a bench needs none"})
	}
	if _, err := h.Found(ctx, people, "main", "Main"); err != nil {
		return err
	}
	for id, who := range map[candor.PersonID]*archive.Actor{"reader": &h.Reader, "adder": &h.adder, "boss": &h.boss} {
		s, err := h.SignIn(ctx, id, "a bench needs none")
		if err != nil {
			return err
		}
		if *who, err = h.Authenticate(ctx, s.Secret); err != nil {
			return err
		}
	}
	return nil
}

var word = regexp.MustCompile(`[a-z]{4,12}`)

// Fill adds the corpus and returns words that occur in 5 to 200 of its files.
func (h *House) Fill(ctx context.Context, corpus string) ([]string, error) {
	a, err := h.BeginAddition(ctx, h.adder, archive.NewAddition{Collection: "main", Source: "bench"})
	if err != nil {
		return nil, err
	}
	in := make(map[string]int)
	err = filepath.WalkDir(corpus, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.Contains([]string{".html", ".txt", ".md", ".rst", ".tex"}, filepath.Ext(path)) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.ToValidUTF8(string(data), " ")
		seen := make(map[string]bool)
		for _, w := range word.FindAllString(strings.ToLower(text), -1) {
			if !seen[w] {
				seen[w] = true
				in[w]++
			}
		}
		h.Items++
		_, err = h.PutFile(ctx, h.adder, a.ID, archive.FileHeader{Path: path, Size: int64(len(data))}, strings.NewReader(string(data)))
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := h.CommitAddition(ctx, h.adder, a.ID, true); err != nil {
		return nil, err
	}
	words := slices.Sorted(maps.Keys(in))
	return slices.DeleteFunc(words, func(w string) bool { return in[w] < 5 || in[w] > 200 }), nil
}

// Purpose asks for a purpose of the reader's that outlasts a bench, and has it approved.
func (h *House) Purpose(ctx context.Context) (candor.PurposeID, error) {
	p, _, err := h.RequestPurpose(ctx, h.Reader, archive.PurposeRequest{
		Reason: "training-and-testing", Collections: []string{"main"}, Coverage: 5000, Lifetime: 300 * 24 * time.Hour,
		Why: strings.Repeat("Measuring how long a search takes when it goes through the gate, over many searches. ", 4),
	})
	if err != nil {
		return "", err
	}
	_, _, err = h.DecidePurpose(ctx, h.boss, p.ID, true, "")
	return p.ID, err
}

// plain takes every source for text: this bench is not about reading files.
type plain struct{}

func (plain) Extract(_ context.Context, src candor.Source, sink candor.Sink) (candor.Reading, error) {
	data, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return candor.Reading{}, err
	}
	err = sink.Text([]byte(strings.ToValidUTF8(string(data), " ")))
	return candor.Reading{Type: "text/plain", Condition: candor.Done}, err
}

func (plain) Render(context.Context, candor.Source, int, int) ([]byte, error) {
	return nil, candor.Errorf(candor.NotSupported, "no pages")
}
