package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/keys"
	"candor/internal/pinned"
	"candor/internal/tlog"
	"candor/internal/tlog/sequencer"
	"candor/internal/tlog/sequencer/home"
	"candor/receipt"
)

// openedLog is the log of an open archive: its own, or a shared one.
type openedLog interface {
	archive.Log
	Handler() http.Handler
	Publish(ctx context.Context) error
	Shown() []byte
	Close() error
}

// sharedLog is a log that a sequencer writes. It publishes the log; here are
// only the ways to it.
type sharedLog struct {
	*sequencer.Client
	public string // address of the public files
}

// openShared connects to the sequencer that an archive's keys name. trust says
// which witnesses must have cosigned what it answers.
func openShared(ctx context.Context, k keys.Keys, trust receipt.Trust, logger *slog.Logger) (*sharedLog, error) {
	pin, err := pinned.ParsePin(k.Shared.Pin)
	if err != nil {
		return nil, err
	}
	who, err := pinned.ParseIdentity([]byte(k.Writer))
	if err != nil {
		return nil, err
	}
	c, err := sequencer.NewClient(ctx, sequencer.ClientConfig{URL: k.Shared.URL, Pin: pin, Identity: who, Trust: trust, Logger: logger})
	return &sharedLog{c, k.Shared.Public}, err
}

// Shown returns the newest checkpoint that is known.
func (l *sharedLog) Shown() []byte { return l.Checkpoint() }

// Publish has nothing to do: the sequencer publishes.
func (l *sharedLog) Publish(context.Context) error { return nil }

// Handler leads outsiders to where the log is public.
func (l *sharedLog) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.Redirect(w, r, l.public+r.URL.Path, http.StatusTemporaryRedirect)
	})
}

// lookAtSequencer asks the sequencer of a shared log how far the log is.
func (c *cli) lookAtSequencer(ctx context.Context, origin string) (string, error) {
	k, dir, err := c.loadKeys(origin)
	if err != nil {
		return "", err
	}
	if k.Shared == nil {
		return "", candor.Errorf(candor.Verification, "The data folder says that a sequencer writes its log, and the keys in %s do not.", dir)
	}
	key, err := k.LogVerifier()
	if err != nil {
		return "", err
	}
	verifier, err := receipt.NewVerifier(key)
	if err != nil {
		return "", candor.Wrap(err, candor.Verification, "The log's key is damaged. Restore it from the recovery kit.")
	}
	l, err := openShared(ctx, k, receipt.Trust{Log: verifier}, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	defer l.Close()
	return fmt.Sprintf("%s, written by the sequencer at %s", counted(l.Size(), "record", "records"), k.Shared.URL), nil
}

// sequencerAt says where the sequencer of a shared log is, as `init` is told.
type sequencerAt struct{ url, key, pin, public string }

func (a sequencerAt) given() bool { return a.url != "" }

// shared reads what the flags hold. The key is given as it is, or in a file.
func (a sequencerAt) shared(origin string) (*keys.Shared, error) {
	if a.key == "" || a.pin == "" || a.public == "" || origin == "" {
		return nil, candor.Errorf(candor.Invalid, "Give --origin, --sequencer, --sequencer-key and --sequencer-pin together, as `candor sequencer init` printed them, and --sequencer-public: where anybody can read the log.")
	}
	if _, err := pinned.ParsePin(a.pin); err != nil {
		return nil, err
	}
	key := a.key
	if data, err := os.ReadFile(a.key); err == nil {
		key = strings.TrimSpace(string(data))
	}
	return &keys.Shared{V: 1, Origin: origin, URL: a.url, Pin: a.pin, LogKey: key, Public: strings.TrimSuffix(a.public, "/")}, nil
}

func (c *cli) sequencerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sequencer",
		Short: "Let several archives write to one log",
		Long: `An archive writes its own log. Where an organisation has several, each with its own
data folder, they can share one: a sequencer owns the log, alone signs for it, and
answers the archives that its operator allows. docs/sharing.md shows the way:

  archive    candor sequencer prepare   its pin, for the sequencer
  sequencer  candor sequencer init      the log's key and its pin, for the archives
  sequencer  candor sequencer serve
  archive    candor init --sequencer URL --sequencer-key KEY --sequencer-pin PIN --sequencer-public URL`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.sequencerPrepare(), c.sequencerInit(), c.sequencerServe(), c.sequencerAllow(), c.sequencerStatus())
	return cmd
}

func (c *cli) sequencerPrepare() *cobra.Command {
	var origin string
	on := elsewhere{log: true}
	cmd := &cobra.Command{
		Use:   "prepare",
		Short: "On an archive's host: make its keys, for a log that a sequencer writes",
		Long: `Make the keys of an archive whose log is written by a sequencer: the custodian's,
the auditor's, and the one by which the sequencer will know the archive. None of them
signs the log. Give the pin that is printed to the sequencer's operator. If the
custodian is on another host too, use ` + "`candor custodian prepare --shared-log`" + `.
The files are kept under a passphrase if CANDOR_KEY_PASSPHRASE is set.`,
		Args: noArgs, Example: example("candor sequencer prepare --origin example.org/archives"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "origin"); err != nil {
				return err
			}
			p, err := c.prepareKeys(origin, on)
			if err != nil {
				return err
			}
			return c.print(p, func(w io.Writer) {
				fmt.Fprintf(w, "The keys of %s stand in %s. None of them signs the log.\n\nFor the sequencer's operator:\n", origin, p.Keys)
				fmt.Fprintf(w, "  candor sequencer allow %s --dir DIR\n", p.WriterPin)
			})
		},
	}
	cmd.Flags().StringVar(&origin, "origin", "", "the log's public `name`, the same for all archives that share it")
	auditorFlag(cmd, &on)
	return cmd
}

// sequencing is what `sequencer init`, `serve` and `status` print with --json.
type sequencing struct {
	Dir     string   `json:"dir"`
	Origin  string   `json:"origin"`
	LogKey  string   `json:"log_key"`
	Pin     string   `json:"pin"`
	Address string   `json:"address"`
	Public  string   `json:"public,omitempty"`
	Writers []string `json:"writers"`
}

func sequencingOf(dir string, h *home.Home) (sequencing, error) {
	writers, err := h.Writers()
	return sequencing{
		Dir: dir, Origin: h.Origin(), LogKey: h.LogKey(), Pin: h.Identity().Pin().String(), Address: h.Listen, Public: h.Public, Writers: orEmpty(writers),
	}, err
}

func (c *cli) sequencerInit() *cobra.Command {
	var dir, origin, witnesses string
	var s home.Settings
	var writers []string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a sequencer: the log's key, and the key by which archives know it",
		Args:  noArgs,
		Example: example("candor sequencer init --dir /srv/log --origin example.org/archives --listen 0.0.0.0:7313 --public 0.0.0.0:8080",
			"candor sequencer init --dir /srv/log --origin example.org/archives --writer sha256:… --witnesses policy.txt"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "origin"); err != nil {
				return err
			}
			return c.initSequencer(dir, origin, witnesses, s, writers)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "the sequencer's own `folder`")
	f.StringVar(&origin, "origin", "", "the log's public `name`")
	f.StringVar(&s.Listen, "listen", home.DefaultListen, "`address` to listen at for archives")
	f.StringVar(&s.Public, "public", "", "`address` to serve the public files of the log at, for anybody (default: nowhere)")
	f.StringArrayVar(&writers, "writer", nil, "`pin` of an archive that may write (repeatable; later: candor sequencer allow)")
	f.StringVar(&witnesses, "witnesses", "", "`file` with the policy of witnesses, as in docs/witnesses.md")
	return cmd
}

func (c *cli) initSequencer(dir, origin, witnesses string, s home.Settings, writers []string) error {
	var policy []byte
	if witnesses != "" {
		p, text, err := readPolicy(witnesses)
		if err == nil {
			err = checkPolicy(p, "")
		}
		if err != nil {
			return err
		}
		policy = text
	}
	h, err := home.Make(dir, origin, s, writers)
	if err != nil {
		return err
	}
	if policy != nil {
		if err := writeFile(h.Path(witnessesFile), policy); err != nil {
			return err
		}
	}
	out, err := sequencingOf(dir, h)
	if err != nil {
		return err
	}
	return c.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "The sequencer of %s stands in %s. Keep a copy of it on another medium, without the folder log:\nwhoever has it can sign for the log, and without it nobody can.\n\nFor each archive's operator:\n", origin, dir)
		fmt.Fprintf(w, "  candor init --origin %s --sequencer https://HOST:%s --sequencer-key %s --sequencer-pin %s --sequencer-public http://HOST\n", origin, portOf(h.Listen), h.LogKey(), out.Pin)
		if len(writers) == 0 {
			fmt.Fprintf(w, "\nNobody may write yet: candor sequencer allow PIN --dir %s\n", dir)
		}
	})
}

func (c *cli) sequencerAllow() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "allow PIN", Short: "Let an archive write", Args: oneArg("pin, as `candor sequencer prepare` prints it"),
		Example: example("candor sequencer allow sha256:… --dir /srv/log"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			h, err := home.Open(dir)
			if err != nil {
				return err
			}
			pin, err := pinned.ParsePin(args[0])
			if err != nil {
				return err
			}
			if err := h.Allow(pin); err != nil {
				return err
			}
			return c.print(agreed{dir, pin.String()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s may write. It counts at once; to take it back, delete its line from %s.\n", pin, h.Path("writers"))
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the sequencer's own `folder`")
	return cmd
}

func (c *cli) sequencerStatus() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "status", Short: "Say who may write, and with which keys", Args: noArgs,
		Example: example("candor sequencer status --dir /srv/log"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			h, err := home.Open(dir)
			if err != nil {
				return err
			}
			out, err := sequencingOf(dir, h)
			if err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "origin   %s\nlog key  %s\npin      %s\nlisten   %s\n", out.Origin, out.LogKey, out.Pin, out.Address)
				for _, pin := range out.Writers {
					fmt.Fprintf(w, "writer   %s\n", pin)
				}
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the sequencer's own `folder`")
	return cmd
}

func (c *cli) sequencerServe() *cobra.Command {
	var dir, listen, public string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Own the log, and answer archives over TLS 1.3 with known keys",
		Long: `Take the lease of the log, open it, bring it to its witnesses if there are any, and
answer the archives that may write. A second sequencer on the same folder is
refused; one that took the folder over by force stops this one from signing.`,
		Args: noArgs, Example: example("candor sequencer serve --dir /srv/log --public 0.0.0.0:8080"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			return c.serveSequencer(cmd.Context(), dir, listen, public)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "the sequencer's own `folder`")
	f.StringVar(&listen, "listen", "", "`address` to listen at (default: that of sequencer.json)")
	f.StringVar(&public, "public", "", "`address` to serve the public files at (default: that of sequencer.json)")
	return cmd
}

func (c *cli) serveSequencer(ctx context.Context, dir, listen, public string) (err error) {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	policy, err := folderPolicy(dir)
	if err != nil {
		return err
	}
	logger := c.serverLogger()
	log, err := sequencer.Open(ctx, witnessed(tlog.Config{Dir: h.LogDir(), Signer: h.Signer(), Key: h.LogKey(), Logger: logger}, policy, witnessWait,
		func(prove tlog.Prover) (tlog.Cosigner, error) {
			return newSubmitter(policy, h.Origin(), h.Path(witnessedDir), prove, logger)
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	server, err := sequencer.NewServer(ctx, sequencer.Config{Log: log, Clients: h.Allowed, Logger: logger})
	if err != nil {
		return err
	}
	stop, err := servePublic(cmp.Or(public, h.Public), log.Handler())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	address := cmp.Or(listen, h.Listen)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return cannotListen(err, address)
	}
	out, err := sequencingOf(dir, h)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	out.Address, out.Public = "https://"+l.Addr().String(), cmp.Or(public, h.Public)
	if err := c.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "The sequencer of %s answers %s at %s\n", h.Origin(), counted(int64(len(out.Writers)), "archive", "archives"), out.Address)
	}); err != nil {
		return errors.Join(err, l.Close())
	}
	return server.Serve(ctx, l, h.Identity())
}

// servePublic serves the public files of a log to anybody, if there is an address.
func servePublic(address string, files http.Handler) (stop func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, cannotListen(err, address)
	}
	s := &http.Server{Handler: files, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	return s.Close, nil
}

func cannotListen(err error, address string) error {
	return candor.Wrap(err, candor.Unavailable, "Nothing can listen at %s: it is in use, or not an address of this machine. Choose another with --listen or --public.", address)
}
