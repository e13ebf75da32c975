// Command gate measures what the gate costs a search: the same requests to the
// index alone and through the whole gate (two durable records under signed
// checkpoints, two decisions, coverage counted on disk), in turn, in one run.
//
//	go run ./gate [-corpus FOLDER] [-searches 600]
package main

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/bench/internal/meter"
	"candor/internal/archive"
	"candor/internal/catalog"
	"candor/internal/custodian"
	"candor/internal/index/bleve"
	"candor/internal/query"
	"candor/internal/terms"
	"candor/internal/tlog"
	"candor/internal/vault"
)

func main() {
	corpus := flag.String("corpus", "../.cache/corpus/mixed", "a folder with text files")
	searches := flag.Int("searches", 600, "how many")
	flag.Parse()
	if err := run(context.Background(), *corpus, *searches); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, corpus string, searches int) error {
	tmp, err := os.MkdirTemp("", "bench-gate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	h, err := open(ctx, tmp)
	if err != nil {
		return err
	}
	words, err := h.fill(ctx, corpus)
	if err != nil {
		return err
	}
	bare, gated, err := h.measure(ctx, words, searches)
	if err != nil {
		return err
	}
	fmt.Printf("%d items, %d searches of each kind in turn, 10 hits with snippets and facets\n\n", h.items, searches)
	fmt.Println("| | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|")
	for _, row := range []struct {
		name string
		ms   []float64
	}{{"index alone", bare}, {"through the gate", gated}} {
		fmt.Printf("| %s | %.2f | %.2f | %.2f |\n", row.name, meter.Median(row.ms), meter.Quantile(row.ms, .95), meter.Quantile(row.ms, .99))
	}
	fmt.Printf("\nbound: 1.15 x %.2f + 3 = %.2f ms; gate median %.2f ms\n", meter.Median(bare), 1.15*meter.Median(bare)+3, meter.Median(gated))
	return nil
}

// house is an archive over real adapters.
type house struct {
	*archive.Archive
	index  *bleve.Index
	reader archive.Actor
	adder  archive.Actor
	boss   archive.Actor
	clock  time.Time
	items  int
}

// now is a clock that measure moves by 50 seconds a search, so that the terms' limits on acts a minute
// and a day, which this bench is not about, do not end it.
func (h *house) now() time.Time { return h.clock }

func open(ctx context.Context, dir string) (*house, error) {
	h := &house{clock: time.Now().UTC().Truncate(time.Hour)}
	const origin = "bench.test/candor"
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
	tl, err := tlog.Open(ctx, tlog.Config{Dir: filepath.Join(dir, "log"), Signer: signer, Key: vkey})
	if err != nil {
		return nil, err
	}
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
	cfg := archive.Config{Origin: origin, Log: tl, Vault: v, Custodian: cust, Terms: policy, Extractor: plain{},
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
	if h.index, err = bleve.Open(ctx, bleve.Config{Dir: filepath.Join(dir, "index"), Key: keys.Index}); err != nil {
		return nil, err
	}
	cfg.Index, cfg.Pseudonyms = h.index, keys.Pseudonyms
	if h.Archive, err = archive.New(ctx, cfg); err != nil {
		return nil, err
	}
	return h, h.people(ctx)
}

func (h *house) people(ctx context.Context) error {
	var people []archive.NewPerson
	for id, role := range map[candor.PersonID]candor.Role{"reader": candor.Reader, "adder": candor.Contributor, "boss": candor.Approver} {
		people = append(people, archive.NewPerson{Person: candor.Person{ID: id, Name: string(id), Roles: []candor.Role{role}}, Password: "a bench needs none"})
	}
	if _, err := h.Found(ctx, people, "main", "Main"); err != nil {
		return err
	}
	for id, who := range map[candor.PersonID]*archive.Actor{"reader": &h.reader, "adder": &h.adder, "boss": &h.boss} {
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

// fill adds the corpus and returns words that occur in 5 to 200 of its files.
func (h *house) fill(ctx context.Context, corpus string) ([]string, error) {
	a, err := h.BeginAddition(ctx, h.adder, "main", "bench", 0)
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
		h.items++
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

// measure asks each question of the index alone and through the gate, in turn.
func (h *house) measure(ctx context.Context, words []string, searches int) (bare, gated []float64, err error) {
	p, _, err := h.RequestPurpose(ctx, h.reader, archive.PurposeRequest{
		Reason: "training-and-testing", Collections: []string{"main"}, Coverage: 5000, Lifetime: 300 * 24 * time.Hour,
		Why: strings.Repeat("Measuring how long a search takes when it goes through the gate, over many searches. ", 4),
	})
	if err != nil {
		return nil, nil, err
	}
	if _, _, err := h.DecidePurpose(ctx, h.boss, p.ID, true, ""); err != nil {
		return nil, nil, err
	}
	for i := range searches + 50 {
		q := words[(i*7919)%len(words)] + " OR " + words[(i*104729)%len(words)]
		h.clock = h.clock.Add(50 * time.Second)
		alone, err := h.askIndex(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		through, err := h.askGate(ctx, p.ID, q)
		if err != nil {
			return nil, nil, err
		}
		if i >= 50 { // the first warm up
			bare, gated = append(bare, alone), append(gated, through)
		}
	}
	return bare, gated, nil
}

func (h *house) askIndex(ctx context.Context, q string) (float64, error) {
	node, err := query.Parse(q, query.Options{})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = h.index.Search(ctx, query.Request{
		Query: node, Limit: 10, Snippets: true,
		Filters: []query.Filter{{Field: query.FacetCollection, Values: []string{"main"}}},
		Facets:  []string{query.FacetCollection, query.FacetType, query.FacetLanguage, query.FacetYear, query.FacetPeople, query.FacetCondition},
	})
	return ms(start), err
}

func (h *house) askGate(ctx context.Context, p candor.PurposeID, q string) (float64, error) {
	start := time.Now()
	_, err := h.Search(ctx, h.reader, archive.SearchRequest{Query: q, Purpose: p, Limit: 10, Facets: true})
	return ms(start), err
}

func ms(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }

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
