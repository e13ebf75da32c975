package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/custodian/home"
	"candor/internal/custodian/remote"
	"candor/internal/keys"
	"candor/internal/pinned"
	"candor/internal/terms"
	"candor/receipt"
)

var _ archive.Custodian = (*remote.Client)(nil)

// custodianAt says where a custodian on another host is, as `init` is told.
type custodianAt struct{ url, key, pin string }

func (a custodianAt) given() bool { return a.url != "" }

// remote reads what the flags hold. The key is in base64 or in a file.
func (a custodianAt) remote() (*keys.Remote, error) {
	if a.key == "" || a.pin == "" {
		return nil, candor.Errorf(candor.Invalid, "Give --custodian, --custodian-key and --custodian-pin together, as `candor custodian init` printed them.")
	}
	if _, err := pinned.ParsePin(a.pin); err != nil {
		return nil, err
	}
	text := a.key
	if data, err := os.ReadFile(a.key); err == nil {
		text = string(data)
	}
	public, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, candor.Errorf(candor.Invalid, "--custodian-key is the file custodian.pub of the custodian's folder, or what stands in it.")
	}
	return &keys.Remote{V: 1, URL: a.url, Public: public, Pin: a.pin}, nil
}

// remoteCustodian is a client of the custodian that an archive's keys name.
func remoteCustodian(k keys.Keys) (*remote.Client, error) {
	if k.Remote == nil {
		_, err := k.CustodianPublic()
		return nil, err
	}
	pin, err := pinned.ParsePin(k.Remote.Pin)
	if err != nil {
		return nil, err
	}
	who, err := pinned.ParseIdentity([]byte(k.Client))
	if err != nil {
		return nil, err
	}
	return remote.NewClient(remote.ClientConfig{URL: k.Remote.URL, Pin: pin, Identity: who})
}

// preparedKeys are those that `prepare` made, now that it is known which custodian
// and which sequencer they are for.
func preparedKeys(dir string, cfg creation) (keys.Keys, error) {
	k, err := keys.Load(dir, cfg.Passphrase)
	if candor.CodeOf(err) == candor.NotFound {
		return k, candor.Wrap(err, candor.NotFound, "There are no keys in %s yet. Run `candor %s --origin %s` first, and give what it prints to the operator there.", dir, preparation(cfg), cfg.Origin)
	}
	if err != nil {
		return k, err
	}
	if (k.Client != "") != (cfg.Remote != nil) || (k.Shared != nil) != (cfg.Shared != nil) {
		return k, candor.Errorf(candor.Conflict, "The keys in %s were not made for this: `candor %s` makes such. Choose another folder with --config.", dir, preparation(cfg))
	}
	if k.Remote != nil || k.Shared != nil && k.Shared.Known() {
		return k, candor.Errorf(candor.Conflict, "The keys in %s belong to an archive already. Choose another folder with --config.", dir)
	}
	if k.Origin != cfg.Origin {
		return k, candor.Errorf(candor.Invalid, "The keys in %s are of %s. Give --origin %s.", dir, k.Origin, k.Origin)
	}
	k.Remote, k.Shared = cfg.Remote, cfg.Shared
	return k, nil
}

// preparation is the command that makes the keys for an archive like this.
func preparation(cfg creation) string {
	switch {
	case cfg.Remote == nil:
		return "sequencer prepare"
	case cfg.Shared == nil:
		return "custodian prepare"
	}
	return "custodian prepare --shared-log"
}

func (c *cli) custodianCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "custodian",
		Short: "Run the custodian on a host of its own, and look after its keys",
		Long: `The custodian holds the key that opens, and uses it only against receipts from
the log. By default it is part of the server. On a host of its own, under other
administrators, it keeps the archive's operator from opening anything without a
record. docs/custodian.md shows the way on two hosts:

  archive    candor custodian prepare    its log key and pin, for the custodian
  custodian  candor custodian init       its public key and pin, for the archive
  custodian  candor custodian serve
  archive    candor init --custodian URL --custodian-key FILE --custodian-pin PIN`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.custodianPrepare(), c.custodianInit(), c.custodianServe(), c.custodianStatus(), c.custodianAllow(),
		c.custodianConsent(), c.custodianSplit(), c.custodianJoin(), c.custodianRestored())
	return cmd
}

// dirFlag is the custodian's own folder, which every command on its host needs.
func dirFlag(cmd *cobra.Command, dir *string) *cobra.Command {
	cmd.Flags().StringVar(dir, "dir", "", "the custodian's own `folder`")
	return cmd
}

// prepared is what `custodian prepare` and `sequencer prepare` print with --json.
type prepared struct {
	Origin    string `json:"origin"`
	Keys      string `json:"keys"`
	LogKey    string `json:"log_key,omitempty"`    // unless a sequencer has it
	Pin       string `json:"pin,omitempty"`        // for the custodian
	WriterPin string `json:"writer_pin,omitempty"` // for the sequencer
	Auditor   string `json:"auditor"`              // to whom details are sealed
}

func (c *cli) custodianPrepare() *cobra.Command {
	var origin string
	on := elsewhere{custodian: true}
	cmd := &cobra.Command{
		Use:   "prepare",
		Short: "On the archive's host: make its keys, for a custodian on another host",
		Long: `Make the keys of an archive whose custodian is on another host: the log's, the
auditor's, and the one by which the custodian will know the archive. No key that
opens anything is among them. Give what is printed to the custodian's operator.
The files are kept under a passphrase if CANDOR_KEY_PASSPHRASE is set.

--shared-log says that a sequencer writes the log, as docs/sharing.md has it: then
its key is not among them either, and the custodian gets it from there.`,
		Args: noArgs, Example: example("candor custodian prepare --origin example.org/archive"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "origin"); err != nil {
				return err
			}
			p, err := c.prepareKeys(origin, on)
			if err != nil {
				return err
			}
			return c.print(p, func(w io.Writer) { printPrepared(w, p) })
		},
	}
	cmd.Flags().StringVar(&origin, "origin", "", "the log's public `name`, such as example.org/archive")
	cmd.Flags().BoolVar(&on.log, "shared-log", false, "a sequencer writes the log")
	auditorFlag(cmd, &on)
	return cmd
}

func printPrepared(w io.Writer, p prepared) {
	fmt.Fprintf(w, "The keys of %s stand in %s. They open nothing.\n\nFor the custodian's operator:\n", p.Origin, p.Keys)
	logKey := p.LogKey
	if logKey == "" {
		logKey = "KEY" // of the sequencer
	}
	fmt.Fprintf(w, "  candor custodian init --dir DIR --origin %s --log-key %s --client %s\n", p.Origin, logKey, p.Pin)
	if p.WriterPin != "" {
		fmt.Fprintf(w, "\nFor the sequencer's operator, who also tells the log's KEY:\n  candor sequencer allow %s --dir DIR\n", p.WriterPin)
	}
}

// elsewhere says what others do for an archive.
type elsewhere struct {
	custodian, log bool
	auditor        string // recipient of the auditor; "" makes a new one
}

func auditorFlag(cmd *cobra.Command, on *elsewhere) {
	cmd.Flags().StringVar(&on.auditor, "auditor", "", "`recipient` (age1pq1…) of an auditor who has the identity already, such as that of another archive with the same log")
}

// prepareKeys makes the archive's part of the keys.
func (c *cli) prepareKeys(origin string, on elsewhere) (prepared, error) {
	p := prepared{Origin: origin}
	var err error
	if p.Keys, err = keysDir(c.engineConfig(), origin); err != nil {
		return p, err
	}
	known := keys.Elsewhere{Auditor: on.auditor}
	if on.custodian {
		if known.Client, p.Pin, err = newIdentity(); err != nil {
			return p, err
		}
	}
	if on.log {
		if known.Writer, p.WriterPin, err = newIdentity(); err != nil {
			return p, err
		}
	}
	lock := keys.Passphrases{}
	if secret := c.env("CANDOR_KEY_PASSPHRASE"); secret != "" {
		for _, file := range []string{keys.CustodianFile, keys.ClientFile, keys.LogFile, keys.WriterFile, keys.AuditorFile} {
			lock[file] = secret
		}
	}
	k, err := keys.Prepare(p.Keys, origin, known, lock)
	if err != nil {
		return p, err
	}
	if p.Auditor, err = k.AuditorRecipient(); err != nil || on.log {
		return p, err
	}
	p.LogKey, err = k.LogVerifier()
	return p, err
}

// newIdentity makes a key by which this end of a connection is known, and its pin.
func newIdentity() (text, pin string, err error) {
	made, err := pinned.NewIdentity(nil)
	if err != nil {
		return "", "", err
	}
	who, err := pinned.ParseIdentity(made)
	if err != nil {
		return "", "", err
	}
	return string(made), who.Pin().String(), nil
}

// keeper is what `custodian init` and `custodian status` print with --json.
type keeper struct {
	Dir        string          `json:"dir,omitempty"`
	Origin     string          `json:"origin"`
	Public     string          `json:"public,omitempty"`
	Pin        string          `json:"pin,omitempty"`
	Listen     string          `json:"listen,omitempty"`
	Clients    []string        `json:"clients,omitempty"`
	Consents   []string        `json:"consents,omitempty"`
	Ceremonies []home.Ceremony `json:"ceremonies,omitempty"`
}

func (c *cli) custodianInit() *cobra.Command {
	var dir string
	var s home.Settings
	var clients []string
	cmd := dirFlag(&cobra.Command{
		Use:   "init",
		Short: "Make a custodian's keys and folder",
		Long: `Make the folder of a custodian: the key that will open what the archive seals,
the key by which archives know it, and its settings. The terms that come with
this Candor are agreed to; agree to others with ` + "`candor custodian consent`" + `.
Split the keys at once: without them everything in the archive is lost.`,
		Args:    noArgs,
		Example: example("candor custodian init --dir /srv/custodian --origin example.org/archive --log-key example.org/archive+0a1b2c3d+AZ… --client sha256:… --listen 0.0.0.0:7311"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "origin", "log-key"); err != nil {
				return err
			}
			return c.initCustodian(dir, s, clients)
		},
	}, &dir)
	f := cmd.Flags()
	f.StringVar(&s.Origin, "origin", "", "the log's public `name`")
	f.StringVar(&s.LogKey, "log-key", "", "the log's verifier `key`: name+id+base64")
	f.StringVar(&s.Listen, "listen", home.DefaultListen, "`address` to listen at")
	f.StringArrayVar(&clients, "client", nil, "`pin` of the archive that may ask (repeatable; later: candor custodian allow)")
	f.StringArrayVar(&s.Witnesses, "witness", nil, "verifier `key` of a witness (repeatable)")
	f.IntVar(&s.Quorum, "quorum", 0, "how `many` of the witnesses must have cosigned a checkpoint")
	return cmd
}

func (c *cli) initCustodian(dir string, s home.Settings, clients []string) error {
	rules, err := terms.Default()
	if err != nil {
		return err
	}
	s.V, s.Limits = 1, home.DefaultLimits()
	h, err := home.Make(dir, s, clients, []string{rules.Hash()})
	if err != nil {
		return err
	}
	k := keeper{Dir: dir, Origin: h.Origin, Public: base64.StdEncoding.EncodeToString(h.Public()), Pin: h.Pin().String(), Listen: h.Listen, Clients: clients}
	return c.print(k, func(w io.Writer) {
		fmt.Fprintf(w, "The custodian of %s stands in %s.\n\nFor the archive's operator, with the file %s:\n", h.Origin, dir, h.PublicFile())
		fmt.Fprintf(w, "  candor init --origin %s --custodian https://HOST:%s --custodian-key %s --custodian-pin %s\n", h.Origin, portOf(h.Listen), filepath.Base(h.PublicFile()), h.Pin())
		fmt.Fprintf(w, "\nIF THIS FOLDER IS LOST, EVERYTHING IN THE ARCHIVE IS LOST. Split its keys now:\n  candor custodian split --dir %s --shares 5 --threshold 3 -o SHARES\n", dir)
		if len(clients) == 0 {
			fmt.Fprintf(w, "\nNobody may ask yet: candor custodian allow PIN --dir %s\n", dir)
		}
	})
}

func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "7311"
	}
	return port
}

func (c *cli) custodianServe() *cobra.Command {
	var dir, listen string
	cmd := dirFlag(&cobra.Command{
		Use:   "serve",
		Short: "Answer the archive, over TLS 1.3 with known keys",
		Args:  noArgs, Example: example("candor custodian serve --dir /srv/custodian --listen 0.0.0.0:7311"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			return c.serveCustodian(cmd.Context(), dir, listen)
		},
	}, &dir)
	cmd.Flags().StringVar(&listen, "listen", "", "`address` to listen at (default: that of custodian.json)")
	return cmd
}

func (c *cli) serveCustodian(ctx context.Context, dir, listen string) (err error) {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	if listen == "" {
		listen = h.Listen
	}
	logger := c.serverLogger()
	keeps, err := h.Custodian(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keeps.Close()) }()
	server, err := remote.NewServer(remote.Config{Custodian: keeps, Clients: h.Allowed, Logger: logger})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return cannotListen(err, listen)
	}
	address := struct {
		Address string `json:"address"`
		Origin  string `json:"origin"`
		Pin     string `json:"pin"`
	}{"https://" + l.Addr().String(), h.Origin, h.Pin().String()}
	if err := c.print(address, func(w io.Writer) {
		fmt.Fprintf(w, "The custodian of %s answers at %s\n", h.Origin, address.Address)
	}); err != nil {
		return errors.Join(err, l.Close())
	}
	return server.Serve(ctx, l, h.Identity())
}

func (c *cli) custodianStatus() *cobra.Command {
	var dir string
	return dirFlag(&cobra.Command{
		Use:   "status",
		Short: "Say how things stand: on its host with --dir, on the archive's over the wire",
		Args:  noArgs, Example: example("candor custodian status --dir /srv/custodian", "candor custodian status --data /srv/candor"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir != "" {
				return c.statusOfFolder(dir)
			}
			return c.statusOverWire(cmd.Context())
		},
	}, &dir)
}

func (c *cli) statusOfFolder(dir string) error {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	k := keeper{Dir: dir, Origin: h.Origin, Public: base64.StdEncoding.EncodeToString(h.Public()), Pin: h.Pin().String(), Listen: h.Listen}
	if k.Clients, err = h.Clients(); err != nil {
		return err
	}
	if k.Consents, err = h.Consents(); err != nil {
		return err
	}
	if k.Ceremonies, err = h.Ceremonies(); err != nil {
		return err
	}
	return c.print(k, func(w io.Writer) {
		fmt.Fprintf(w, "origin   %s\npin      %s\nlisten   %s\n", k.Origin, k.Pin, k.Listen)
		for _, pin := range k.Clients {
			fmt.Fprintf(w, "client   %s\n", pin)
		}
		for _, hash := range k.Consents {
			fmt.Fprintf(w, "terms    %s\n", hash)
		}
		for _, line := range k.Ceremonies {
			fmt.Fprintf(w, "%s  %-8s %s\n", line.Time.Format("2006-01-02 15:04"), line.Kind, line.What)
		}
	})
}

func (c *cli) statusOverWire(ctx context.Context) error {
	d, err := describeFolder(c.data)
	if err != nil {
		return err
	}
	k, _, err := c.loadKeys(d.Origin)
	if err != nil {
		return err
	}
	if k.Client == "" {
		return candor.Errorf(candor.Invalid, "The custodian of this archive is part of its server. See `candor doctor`; for a custodian's folder give --dir.")
	}
	client, err := remoteCustodian(k)
	if err != nil {
		return err
	}
	st, err := client.Status(ctx)
	if err = errors.Join(err, client.Close()); err != nil {
		return err
	}
	return c.print(st, func(w io.Writer) {
		fmt.Fprintf(w, "The custodian at %s follows %s, and has seen %d records.\n", k.Remote.URL, st.Origin, st.Size)
		if st.Day != "" {
			fmt.Fprintf(w, "On %s it released %d items for purposes and %d without.\n", st.Day, st.Items, st.Unbound)
		}
		if st.Restored > 0 {
			fmt.Fprintf(w, "It was restored: nothing from before record %d is honoured.\n", st.Restored)
		}
	})
}

// agreed is what `allow` and `consent` print.
type agreed struct {
	Dir    string `json:"dir"`
	Agreed string `json:"agreed"`
}

func (c *cli) agree(dir, what string, do func(*home.Home) error) error {
	h, err := home.Open(dir)
	if err != nil {
		return err
	}
	if err := do(h); err != nil {
		return err
	}
	return c.print(agreed{dir, what}, func(w io.Writer) {
		fmt.Fprintf(w, "Agreed: %s. It counts at once, and stands among the ceremonies of %s.\n", what, dir)
	})
}

func (c *cli) custodianAllow() *cobra.Command {
	var dir string
	return dirFlag(&cobra.Command{
		Use: "allow PIN", Short: "Let an archive ask", Args: oneArg("pin, as `candor custodian prepare` prints it"),
		Example: example("candor custodian allow sha256:… --dir /srv/custodian"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			pin, err := pinned.ParsePin(args[0])
			if err != nil {
				return err
			}
			return c.agree(dir, pin.String(), func(h *home.Home) error { return h.Allow(pin) })
		},
	}, &dir)
}

func (c *cli) custodianConsent() *cobra.Command {
	var dir string
	return dirFlag(&cobra.Command{
		Use:   "consent HASH|FOLDER",
		Short: "Agree to release under terms: their hash, or the folder that holds them",
		Long: `Agree to release under other terms of use. Read them first: what they allow, the
custodian will release. Terms that it has not agreed to are refused by the rule
terms-consented, whatever the archive says.`,
		Args: oneArg("hash of terms, or their folder"), Example: example("candor custodian consent sha256:… --dir /srv/custodian"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "dir"); err != nil {
				return err
			}
			hash, err := hashOfTerms(args[0])
			if err != nil {
				return err
			}
			return c.agree(dir, hash, func(h *home.Home) error { return h.Consent(hash) })
		},
	}, &dir)
}

// hashOfTerms reads terms, unless it was given their hash.
func hashOfTerms(what string) (string, error) {
	if strings.HasPrefix(what, "sha256:") {
		return what, nil
	}
	rules, err := terms.New(terms.Config{Bundle: os.DirFS(what)})
	if err != nil {
		return "", err
	}
	return rules.Hash(), nil
}

// ceremony is what split, join and restored print.
type ceremony struct {
	Dir    string   `json:"dir"`
	Shares []string `json:"shares,omitempty"`
	After  int64    `json:"after,omitempty"` // nothing from before this record is honoured
	What   string   `json:"what"`
}

// tellCeremony prints the line that was written down last.
func (c *cli) tellCeremony(h *home.Home, told ceremony, more string) error {
	all, err := h.Ceremonies()
	if err != nil {
		return err
	}
	last := all[len(all)-1]
	told.What = last.What
	return c.print(told, func(w io.Writer) {
		fmt.Fprintf(w, "%s\nCeremony %d, %s: %s\n", more, last.N, last.Time.Format("2006-01-02 15:04:05Z07:00"), last.What)
	})
}

func (c *cli) custodianSplit() *cobra.Command {
	var dir, out string
	var n, threshold int
	cmd := dirFlag(&cobra.Command{
		Use:   "split",
		Short: "Split the keys into shares, to be kept by different people",
		Long: `Split the custodian's keys, settings and agreements into shares, a file each, fit
to be printed. So many as the threshold says bring them back; fewer say nothing.
Stop the custodian first. Give each share to another person and delete the files.`,
		Args: noArgs, Example: example("candor custodian split --dir /srv/custodian --shares 5 --threshold 3 -o shares"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "output"); err != nil {
				return err
			}
			h, err := home.Open(dir)
			if err != nil {
				return err
			}
			files, err := h.Split(cmd.Context(), out, n, threshold)
			if err != nil {
				return err
			}
			return c.tellCeremony(h, ceremony{Dir: dir, Shares: files},
				fmt.Sprintf("Wrote %s:\n  %s\nPrint each, give it to another person, and delete the file.", counted(int64(len(files)), "share", "shares"), strings.Join(files, "\n  ")))
		},
	}, &dir)
	f := cmd.Flags()
	f.IntVar(&n, "shares", 5, "how `many` shares")
	f.IntVar(&threshold, "threshold", 3, "how `many` of them restore the keys")
	f.StringVarP(&out, "output", "o", "", "`folder` to write the shares to")
	return cmd
}

func (c *cli) custodianJoin() *cobra.Command {
	var out, checkpoint string
	cmd := &cobra.Command{
		Use:   "join SHARE...",
		Short: "Bring the keys back from shares, into a new folder",
		Long: `Bring a custodian back from its shares. What it had released, shown and been told
after the split is not known any more, so it must not go back in time: give the
log's newest checkpoint with --checkpoint, from a witness or the public log, and
nothing that was recorded or approved before it will be honoured. Acts that were
under way are done again, and purposes are asked for anew.`,
		Args: someArgs("share"), Example: example("candor custodian join share-1-of-5.txt share-3-of-5.txt share-4-of-5.txt --checkpoint checkpoint -o /srv/custodian"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "output", "checkpoint"); err != nil {
				return err
			}
			texts := make([][]byte, len(args))
			for i, name := range args {
				var err error
				if texts[i], err = readSmall(name); err != nil {
					return err
				}
			}
			newest, err := readSmall(checkpoint)
			if err != nil {
				return err
			}
			h, size, err := home.Join(cmd.Context(), out, newest, texts...)
			if err != nil {
				return err
			}
			return c.tellCeremony(h, ceremony{Dir: out, After: size}, "The custodian of "+h.Origin+" stands in "+out+" again.")
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "new `folder` for the custodian")
	f.StringVar(&checkpoint, "checkpoint", "", "`file` with the log's newest checkpoint")
	return cmd
}

func (c *cli) custodianRestored() *cobra.Command {
	var dir, checkpoint string
	cmd := dirFlag(&cobra.Command{
		Use:   "restored",
		Short: "Say that the folder was put back from a backup, before it serves again",
		Long: `Say that the custodian's folder came out of a backup. It then honours nothing that
was recorded or approved before the log's newest checkpoint, which you bring.
Without this an older copy of the folder would release the same keys twice and
count budgets anew, and nobody could tell.`,
		Args: noArgs, Example: example("candor custodian restored --dir /srv/custodian --checkpoint checkpoint"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "checkpoint"); err != nil {
				return err
			}
			newest, err := readSmall(checkpoint)
			if err != nil {
				return err
			}
			h, err := home.Open(dir)
			if err != nil {
				return err
			}
			size, err := h.Restored(cmd.Context(), newest)
			if err != nil {
				return err
			}
			return c.tellCeremony(h, ceremony{Dir: dir, After: size}, "The custodian in "+dir+" may serve again.")
		},
	}, &dir)
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "`file` with the log's newest checkpoint")
	return cmd
}

// readSmall reads a share or a checkpoint.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, candor.Wrap(err, candor.NotFound, "%s cannot be read.", name)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, receipt.MaxRecord<<5))
	if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "%s cannot be read.", name)
	}
	return data, nil
}

// prepared reports whether the archive's keys were made before it: other hosts
// hold some of them.
func (cfg creation) prepared() bool { return cfg.Remote != nil || cfg.Shared != nil }

// makeKeys makes the keys of a new archive, or finishes those that were prepared
// for a custodian or a sequencer on another host.
func makeKeys(dir string, cfg creation) (keys.Keys, error) {
	if !cfg.prepared() {
		return keys.Generate(dir, cfg.Origin, cfg.Lock)
	}
	k, err := preparedKeys(dir, cfg)
	if err == nil && cfg.Remote != nil {
		err = keys.SetRemote(dir, *cfg.Remote)
	}
	if err == nil && cfg.Shared != nil {
		err = keys.SetShared(dir, *cfg.Shared)
	}
	return k, err
}
