package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/analyze/answer"
	"candor/internal/analyze/embed"
	"candor/internal/analyze/endpoint"
	"candor/internal/analyze/entities"
	"candor/internal/analyze/media"
	"candor/internal/analyze/ocr"
	"candor/internal/analyze/speech"
	"candor/internal/analyze/translate"
	"candor/internal/api"
	"candor/internal/archive"
	"candor/internal/catalog"
	"candor/internal/custodian"
	"candor/internal/extract"
	"candor/internal/index/local"
	"candor/internal/keys"
	"candor/internal/report"
	"candor/internal/terms"
	"candor/internal/tlog"
	"candor/internal/vault"
	"candor/internal/web"
	"candor/internal/witness"
	"candor/receipt"
)

// This is the only file that names adapters. What an archive is made of, and in
// which order it is opened and closed, stands here and nowhere else.

const custodianDir = "custodian" // the custodian's state, beside its key

// engineConfig says which archive to open.
type engineConfig struct {
	Data       string                       // data folder
	Keys       string                       // folder with the keys; "" is the user's for this origin
	Passphrase func(string) (string, error) // asked for keys sealed under one; nil fails
	Patience   time.Duration                // of an act for its witnesses; 0 is witnessWait
	Chat       endpoint.Config              // the model that answers questions; without URL none does
	Speech     speechConfig                 // what writes down what is said
	Names      endpoint.Config              // the model that tells names; without URL rules alone do
	Embed      embedConfig                  // the model of meaning
	Translate  translateConfig              // what translates
	Repair     bool                         // a damaged catalog or index is made anew, to be rebuilt
	Logger     *slog.Logger
}

// creation says which archive to make.
type creation struct {
	engineConfig
	Origin            string
	Solo              bool
	People            []archive.NewPerson
	Collection, Title string
	Lock              keys.Passphrases
	Policy            []byte       // of witnesses; nil for none
	Kit, KitPass      string       // recovery kit; no kit without a file name
	Remote            *keys.Remote // custodian on another host; nil for one in this process
	Shared            *keys.Shared // sequencer of a shared log; nil for a log of its own
}

// engine is an open archive with everything behind it.
type engine struct {
	folder  *folder
	archive *archive.Archive
	log     openedLog
	catalog archive.Catalog
	index   archive.Index
	logKey  string
	trust   receipt.Trust // what is asked of the log's checkpoints
	logger  *slog.Logger

	policy    witness.Policy
	patience  time.Duration
	submitter *witness.Submitter // nil without witnesses
	closers   []func(context.Context) error
}

// openEngine opens an archive for this process alone.
func openEngine(ctx context.Context, cfg engineConfig) (*engine, error) {
	f, err := openFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	e := &engine{folder: f, logger: cfg.Logger, patience: cmp.Or(cfg.Patience, witnessWait)}
	e.onClose(func(context.Context) error { return f.Close() })
	if e.policy, err = folderPolicy(cfg.Data); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := e.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, e.Close(context.WithoutCancel(ctx)))
	}
	return e, nil
}

func (e *engine) open(ctx context.Context, cfg engineConfig) error {
	dir, err := keysDir(cfg, e.folder.Origin)
	if err != nil {
		return err
	}
	k, err := keys.Load(dir, cfg.Passphrase)
	if err != nil {
		return err
	}
	if k.Origin != e.folder.Origin {
		return candor.Errorf(candor.Verification, "The keys in %s are of the archive %s, and %s is %s. Say where its own keys are with --config or CANDOR_CONFIG.",
			dir, k.Origin, e.folder.dir, e.folder.Origin)
	}
	return e.wire(ctx, cfg, dir, k, func(context.Context, archive.Config) error { return nil })
}

// wire opens every adapter and the archive over them. begin is called when the
// two truths and the custodian stand, and before the archive's own keys are
// asked for.
func (e *engine) wire(ctx context.Context, cfg engineConfig, keysDir string, k keys.Keys, begin func(context.Context, archive.Config) error) error {
	ports, err := e.truths(ctx, cfg, keysDir, k)
	if err != nil {
		return err
	}
	if err := begin(ctx, ports); err != nil {
		return err
	}
	own, err := archive.Unlock(ctx, ports)
	if err != nil {
		return err
	}
	ports.Pseudonyms = own.Pseudonyms
	if err := e.caches(ctx, cfg, own, &ports); err != nil {
		return err
	}
	ports.Finder = entities.Rules{}
	if cfg.Names.URL != "" {
		if ports.Namer, err = entities.NewEndpoint(cfg.Names); err != nil {
			return err
		}
	}
	if cfg.Chat.URL != "" {
		if ports.Answerer, err = answer.New(cfg.Chat); err != nil {
			return err
		}
	}
	if ports.Translator, err = cfg.Translate.open(); err != nil {
		return err
	}
	if err := e.meaning(cfg.Embed, &ports); err != nil {
		return err
	}
	reading := extract.Config{Logger: cfg.Logger}
	if stills, err := media.NewStills(nil); err == nil {
		reading.Decoder = stills
	}
	pool, err := extract.New(reading)
	if err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return pool.Close() })
	if reader, err := ocr.New(ocr.Config{}); err == nil {
		ports.Recognizer = reader
	} else {
		cfg.Logger.Info("text in pictures is not read", "why", candor.MessageOf(err))
	}
	if ports.Listener, err = listener(cfg); err != nil {
		return err
	}
	ports.Extractor = pool
	e.archive, err = archive.New(ctx, ports)
	if err != nil {
		return err
	}
	e.onClose(e.archive.Close)
	return nil
}

// embedConfig says what places texts in meaning: a model in a folder, or else an
// endpoint, or else the built-in table.
type embedConfig struct {
	Folder   embed.FolderConfig
	Endpoint endpoint.Config
}

// meaning sets up what places texts in meaning. The built-in table may have placed
// them before.
func (e *engine) meaning(cfg embedConfig, ports *archive.Config) error {
	ports.Embedder = embed.BuiltIn{}
	switch {
	case cfg.Folder.Dir != "":
		f, err := embed.NewFolder(cfg.Folder)
		if err != nil {
			return err
		}
		e.onClose(func(context.Context) error { return f.Close() })
		ports.Former, ports.Embedder = ports.Embedder, f
	case cfg.Endpoint.URL != "":
		at, err := embed.NewEndpoint(cfg.Endpoint)
		if err != nil {
			return err
		}
		ports.Former, ports.Embedder = ports.Embedder, at
	}
	return nil
}

// speechConfig says what writes down what is said: whisper.cpp's command line
// with a model's file, or else an endpoint, or nothing.
type speechConfig struct {
	Program  string // default whisper-cli
	File     string
	Endpoint endpoint.Config
}

func (s speechConfig) open() (media.Speech, error) {
	switch {
	case s.File != "":
		return speech.NewProgram(s.Program, s.File, nil)
	case s.Endpoint.URL != "":
		return speech.NewEndpoint(s.Endpoint)
	}
	return nil, nil
}

// translateConfig says what translates: a program with its models, or else an
// endpoint, or nothing.
type translateConfig struct {
	Program  string // with its arguments
	File     string // or folder of its models
	Endpoint endpoint.Config
}

func (t translateConfig) open() (archive.Translator, error) {
	switch {
	case t.Program != "":
		return translate.NewProgram(t.Program, t.File, nil)
	case t.Endpoint.URL != "":
		return translate.NewEndpoint(t.Endpoint)
	}
	return nil, nil
}

// listener looks into sound and moving pictures, if ffmpeg is installed. A
// setting that cannot be met is an error: nobody should find out years later
// that nothing was written down.
func listener(cfg engineConfig) (archive.Listener, error) {
	by, err := cfg.Speech.open()
	if err != nil {
		return nil, err
	}
	e, err := media.New(media.Config{Speech: by})
	if err == nil {
		return e, nil
	}
	if by != nil {
		return nil, err
	}
	cfg.Logger.Info("sound and moving pictures are not looked into", "why", candor.MessageOf(err))
	return nil, nil
}

// truths opens log, custodian and vault.
func (e *engine) truths(ctx context.Context, cfg engineConfig, keysDir string, k keys.Keys) (archive.Config, error) {
	rules, err := terms.Default()
	if err != nil {
		return archive.Config{}, err
	}
	public, err := k.CustodianPublic()
	if err != nil {
		return archive.Config{}, err
	}
	auditor, err := k.AuditorRecipient()
	if err != nil {
		return archive.Config{}, err
	}
	if err := e.openLog(ctx, k); err != nil {
		return archive.Config{}, err
	}
	keeper, err := e.openCustodian(ctx, keysDir, k, rules.Hash())
	if err != nil {
		return archive.Config{}, err
	}
	sealed, err := e.openVault(public)
	if err != nil {
		return archive.Config{}, err
	}
	return archive.Config{
		Origin: e.folder.Origin, Log: e.log, Vault: sealed, Custodian: keeper, Terms: rules,
		Auditors: []string{auditor}, CustodianKey: public, Logger: cfg.Logger,
	}, nil
}

func (e *engine) openLog(ctx context.Context, k keys.Keys) (err error) {
	if e.logKey, err = k.LogVerifier(); err != nil {
		return err
	}
	verifier, err := receipt.NewVerifier(e.logKey)
	if err != nil {
		return candor.Wrap(err, candor.Verification, "The log's key is damaged. Restore it from the recovery kit.")
	}
	if e.trust, err = e.asked(verifier); err != nil {
		return err
	}
	if k.Shared != nil {
		e.log, err = openShared(ctx, k, e.trust, e.logger)
	} else {
		e.log, err = e.openOwnLog(ctx, k)
	}
	if err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return e.log.Close() })
	return nil
}

func (e *engine) openOwnLog(ctx context.Context, k keys.Keys) (*tlog.Log, error) {
	signer, err := note.NewSigner(k.Log)
	if err != nil {
		return nil, candor.Errorf(candor.Verification, "The log's key is damaged. Restore it from the recovery kit.")
	}
	return tlog.Open(ctx, witnessed(tlog.Config{
		Dir: e.folder.path(logDir), Signer: signer, Key: e.logKey, Origin: e.folder.Origin, Logger: e.logger,
	}, e.policy, e.patience, e.cosigner))
}

func (e *engine) openCustodian(ctx context.Context, keysDir string, k keys.Keys, termsHash string) (archive.Custodian, error) {
	if k.Client != "" {
		c, err := remoteCustodian(k)
		if err != nil {
			return nil, err
		}
		e.onClose(func(context.Context) error { return c.Close() })
		return c, nil
	}
	c, err := custodian.New(ctx, custodian.Config{
		Origin: e.folder.Origin, Log: e.trust.Log, Witnesses: e.trust.Witnesses, Quorum: e.trust.Quorum, PrivateKey: k.Custodian, StateDir: filepath.Join(keysDir, custodianDir),
		Consented: func(hash string) bool { return hash == termsHash },
		Proofs:    e.log.Consistency, Logger: e.logger,
	})
	if err != nil {
		return nil, err
	}
	e.onClose(func(context.Context) error { return c.Close() })
	return c, nil
}

func (e *engine) openVault(recipient []byte) (*vault.Vault, error) {
	dir := e.folder.path(vaultDir)
	bucket, err := vault.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	e.onClose(func(context.Context) error { return bucket.Close() })
	v, err := vault.New(vault.Config{Bucket: bucket, Origin: e.folder.Origin, Recipient: recipient, Dir: dir})
	if err != nil {
		return nil, err
	}
	e.onClose(func(context.Context) error { return v.Close() })
	return v, nil
}

// caches opens catalog and index under the keys that the custodian released.
func (e *engine) caches(ctx context.Context, cfg engineConfig, own archive.Keys, ports *archive.Config) error {
	cat, err := openCatalog(ctx, e.folder.path(catalogFile), own.Catalog, cfg)
	if err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return cat.Close() })
	idx, err := openIndex(ctx, e.folder.path(indexDir), own, cfg)
	if err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return idx.Close() })
	ports.Catalog, ports.Index = cat, idx
	e.catalog, e.index = cat, idx
	return nil
}

func openCatalog(ctx context.Context, path string, key []byte, cfg engineConfig) (*catalog.Catalog, error) {
	c := catalog.Config{Path: path, Key: key, Logger: cfg.Logger}
	cat, err := catalog.New(ctx, c)
	if !cfg.Repair || candor.CodeOf(err) != candor.Verification {
		return cat, err
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, diskError(err, path)
		}
	}
	return catalog.New(ctx, c)
}

func openIndex(ctx context.Context, dir string, own archive.Keys, cfg engineConfig) (*local.Index, error) {
	c := local.Config{Dir: dir, Key: own.Index, Former: own.FormerIndex, Logger: cfg.Logger}
	idx, err := local.Open(ctx, c)
	code := candor.CodeOf(err)
	if !cfg.Repair || (code != candor.Verification && code != candor.NotSupported) {
		return idx, err
	}
	if err := local.Reset(dir); err != nil {
		return nil, diskError(err, dir)
	}
	return local.Open(ctx, c)
}

// createEngine makes a new archive and leaves it open. If it fails, what it
// made is removed again, so that it can simply be tried anew.
func createEngine(ctx context.Context, cfg creation) (*engine, error) {
	d := description{Format: candor.FormatVersion, Origin: cfg.Origin, Solo: cfg.Solo, Created: time.Now().UTC().Truncate(time.Second)}
	if cfg.Shared != nil {
		d.Log = cfg.Shared.Public
	}
	f, err := makeFolder(cfg.Data, d)
	if err != nil {
		return nil, err
	}
	e := &engine{folder: f, logger: cfg.Logger}
	e.onClose(func(context.Context) error { return f.Close() })
	dir, err := keysDir(cfg.engineConfig, cfg.Origin)
	if err == nil {
		err = e.create(ctx, cfg, dir)
	}
	if err != nil {
		return nil, errors.Join(err, e.Close(context.WithoutCancel(ctx)), f.empty())
	}
	return e, nil
}

func (e *engine) create(ctx context.Context, cfg creation, keysDir string) (err error) {
	k, err := makeKeys(keysDir, cfg)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeKeys(keysDir, cfg))
		}
	}()
	if cfg.Kit != "" {
		if err := k.WriteKit(cfg.Kit, cfg.KitPass); err != nil {
			return err
		}
	}
	makeOwn := func(ctx context.Context, ports archive.Config) error {
		return archive.CreateKeys(ctx, ports.Vault, rand.Reader)
	}
	if err := e.wire(ctx, cfg.engineConfig, keysDir, k, makeOwn); err != nil {
		return err
	}
	if _, err := e.archive.Found(ctx, cfg.People, cfg.Collection, cfg.Title); err != nil {
		return err
	}
	if cfg.Policy != nil { // from the next start on: no witness knows the log yet
		if err := e.folder.keepPolicy(cfg.Policy); err != nil {
			return err
		}
	}
	return e.folder.describe()
}

// removeKeys removes keys that were made a moment ago and open nothing. Prepared
// keys stay prepared: other hosts know them already.
func removeKeys(dir string, cfg creation) error {
	made := []string{keys.CustodianFile, keys.LogFile, keys.AuditorFile, custodianDir}
	var errs []error
	if cfg.prepared() {
		made = nil
		errs = append(errs, keys.Unset(dir))
	}
	if cfg.Shared != nil && cfg.Remote == nil {
		made = []string{custodianDir}
	}
	for _, name := range made {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

// keysDir is where the keys of an archive stand.
func keysDir(cfg engineConfig, origin string) (string, error) {
	if cfg.Keys != "" {
		return cfg.Keys, nil
	}
	return keys.Dir(origin)
}

func (e *engine) onClose(f func(context.Context) error) { e.closers = append(e.closers, f) }

// Close ends additions, publishes the log, and lets go of everything, in the
// opposite order of opening.
func (e *engine) Close(ctx context.Context) error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i](ctx))
	}
	e.closers = nil
	return errors.Join(errs...)
}

// Publish brings the log's public files up to date.
func (e *engine) Publish(ctx context.Context) error { return e.log.Publish(ctx) }

// Empty reports whether nobody can sign in because the catalog is empty.
func (e *engine) Empty(ctx context.Context) bool {
	_, err := e.archive.Operator(ctx)
	return err == nil
}

// Whole makes sure that the index holds what the catalog does. An index that was
// lost opens as an empty one: every search would then miss items and not say so.
func (e *engine) Whole(ctx context.Context) error {
	totals, err := e.catalog.Totals(ctx, "")
	if err != nil {
		return err
	}
	held, err := e.index.Held(ctx)
	if err != nil {
		return err
	}
	if n := int64(held.GetCardinality()); n < totals.Items {
		return candor.Errorf(candor.Unavailable, "The index holds %d of %d items, so searches would miss the others. Nothing is lost: run `candor rebuild`.", n, totals.Items)
	}
	return nil
}

// siteConfig is how the doors are reached.
type siteConfig struct {
	Secure bool     // over HTTPS
	Hosts  []string // further host names of a solo archive
}

// Site is every door: pages, API, and the public log.
func (e *engine) Site(cfg siteConfig) (http.Handler, error) {
	_, soloErr := e.archive.Solo(context.Background())
	solo := soloErr == nil
	doors, err := api.New(api.Config{Archive: e.archive, Version: versionText(), Origin: e.folder.Origin, Logger: e.logger})
	if err != nil {
		return nil, err
	}
	public, err := report.Handler(report.Config{
		Figures: e.archive.Figures, Receipt: e.archive.Receipt, Witnessed: e.Witnessed, Solo: solo, Logger: e.logger,
	})
	if err != nil {
		return nil, err
	}
	pages, err := web.New(web.Config{
		Archive: web.Over(e.archive), Public: public, Solo: solo, Hosts: cfg.Hosts, SecureCookies: cfg.Secure,
		LogKey: e.logKey, Witnesses: e.witnessKeys(), Quorum: e.trust.Quorum, ReadIdentity: keys.ParseAuditor, Logger: e.logger,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", doors)
	for _, path := range []string{"/checkpoint", "/tile/", "/key"} {
		mux.Handle(path, e.log.Handler())
	}
	mux.Handle("/", pages)
	return mux, nil
}

// newOrigin names a log that nobody has named: unique, and saying nothing.
func newOrigin() string { return "candor.invalid/" + strings.ToLower(rand.Text()[:13]) }
