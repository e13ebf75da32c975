package main

import (
	"fmt"
	"io"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/keys"
)

// made is what `init --json` prints.
type made struct {
	Data     string          `json:"data"`
	Keys     string          `json:"keys"`
	Origin   string          `json:"origin"`
	LogKey   string          `json:"log_key"`
	Kit      string          `json:"kit,omitempty"`
	Person   candor.PersonID `json:"person"`
	Password string          `json:"password,omitempty"` // only when it was generated
}

// initFlags are what `init` is told.
type initFlags struct {
	solo, sealKeys           bool
	admin, name, origin, kit string
	custodian                custodianAt
	sequencer                sequencerAt
	witnesses                string
}

func (c *cli) initCommand() *cobra.Command {
	var in initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a new archive: keys, default terms, first collection, first people",
		Long: `Make a new archive in the data folder, and its keys in the configuration folder.

--solo is for one person on one machine: no password, and one may approve one's
own purposes, which every public page says. Otherwise an administrator is made,
with the password of CANDOR_NEW_PASSWORD or a generated one that is printed
once; the administrator then adds the others with ` + "`candor person add`" + `.

The keys stand outside the data folder, so that the folder alone opens nothing.
Without them the archive is lost: make a recovery kit with --kit.

--witnesses says who must cosign the log, from the first command after this one
on; give the log's key, which is printed, to them first.`,
		Args: noArgs,
		Example: example(
			"candor init --solo --kit ~/candor-kit.txt",
			"candor init --data /srv/candor --origin example.org/archive --admin admin --kit kit.txt"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.server != "" {
				return candor.Errorf(candor.Invalid, "`candor init` makes a data folder: give --data DIR and no --server.")
			}
			return c.init(cmd, in)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&in.solo, "solo", false, "for yourself alone, on this machine")
	f.StringVar(&in.admin, "admin", "admin", "short `name` of the first administrator")
	f.StringVar(&in.name, "name", "", "full `name` of the first person")
	f.StringVar(&in.origin, "origin", "", "the log's public `name`, such as example.org/archive (default: a random one)")
	f.StringVar(&in.kit, "kit", "", "write the recovery kit to a `file`, under the passphrase of CANDOR_KIT_PASSPHRASE or asked for")
	f.StringVar(&in.witnesses, "witnesses", "", "`file` with the policy of witnesses, as in docs/witnesses.md")
	f.StringVar(&in.custodian.url, "custodian", "", "`address` of a custodian on another host, such as https://custodian.example.org:7311")
	f.StringVar(&in.custodian.key, "custodian-key", "", "`file` custodian.pub of that custodian, or what stands in it")
	f.StringVar(&in.custodian.pin, "custodian-pin", "", "`pin` of that custodian")
	f.StringVar(&in.sequencer.url, "sequencer", "", "`address` of the sequencer of a shared log, such as https://log.example.org:7313")
	f.StringVar(&in.sequencer.key, "sequencer-key", "", "that log's verifier `key`, or the file log.pub of the sequencer's folder")
	f.StringVar(&in.sequencer.pin, "sequencer-pin", "", "`pin` of that sequencer")
	f.StringVar(&in.sequencer.public, "sequencer-public", "", "`address` at which anybody can read that log, such as https://log.example.org")
	f.BoolVar(&in.sealKeys, "seal-keys", false, "keep the key files under a passphrase, of CANDOR_KEY_PASSPHRASE or asked for at each start")
	return cmd
}

func (c *cli) init(cmd *cobra.Command, in initFlags) error {
	cfg := creation{
		engineConfig: c.engineConfig(), Origin: in.origin, Solo: in.solo, Collection: "main", Title: "Main", Kit: in.kit,
	}
	if cfg.Origin == "" {
		cfg.Origin = newOrigin()
	}
	if in.witnesses != "" {
		policy, text, err := readPolicy(in.witnesses)
		if err == nil {
			err = checkPolicy(policy, "")
		}
		if err != nil {
			return err
		}
		cfg.Policy = text
	}
	if in.custodian.given() {
		far, err := in.custodian.remote()
		if err != nil {
			return err
		}
		if in.origin == "" {
			return candor.Errorf(candor.Invalid, "Give --origin, as it was given to `candor custodian prepare`.")
		}
		cfg.Remote = far
	}
	if in.sequencer.given() {
		shared, err := in.sequencer.shared(in.origin)
		if err != nil {
			return err
		}
		cfg.Shared = shared
	}
	first, generated, err := c.firstPerson(in)
	if err != nil {
		return err
	}
	cfg.People = []archive.NewPerson{first}
	if in.kit != "" {
		if cfg.KitPass, err = c.password("CANDOR_KIT_PASSPHRASE", "Passphrase of the recovery kit: "); err != nil {
			return err
		}
	}
	if in.sealKeys {
		passphrase, err := c.password("CANDOR_KEY_PASSPHRASE", "Passphrase of the key files: ")
		if err != nil {
			return err
		}
		cfg.Lock = keys.Passphrases{keys.CustodianFile: passphrase, keys.LogFile: passphrase, keys.AuditorFile: passphrase}
	}
	e, err := createEngine(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	dir, err := keysDir(cfg.engineConfig, cfg.Origin)
	if err != nil {
		return err
	}
	out := made{Data: c.data, Keys: dir, Origin: cfg.Origin, LogKey: e.logKey, Kit: in.kit, Person: first.ID, Password: generated}
	if err := closeAfter(cmd.Context(), e); err != nil {
		return err
	}
	return c.print(out, func(w io.Writer) {
		printMade(w, out, in.solo)
		if in.witnesses != "" {
			fmt.Fprintf(w, "Before that, each witness must allow this log. Its line for them: log %s\n", out.LogKey)
		}
	})
}

// firstPerson is the one person of a solo archive, or the first administrator.
func (c *cli) firstPerson(in initFlags) (first archive.NewPerson, generated string, err error) {
	if in.solo {
		id, name := operatingUser()
		if in.name != "" {
			name = in.name
		}
		return archive.NewPerson{Person: candor.Person{ID: id, Name: name, Solo: true}}, "", nil
	}
	name := in.name
	if name == "" {
		name = "Administrator"
	}
	first = archive.NewPerson{Person: candor.Person{
		ID: candor.PersonID(in.admin), Name: name, Roles: []candor.Role{candor.Administrator, candor.Contributor},
	}}
	if first.Password = c.env("CANDOR_NEW_PASSWORD"); first.Password == "" {
		generated = newPassword()
		first.Password = generated
	}
	return first, generated, nil
}

var notInID = regexp.MustCompile(`[^a-z0-9._-]+`)

// operatingUser is whoever runs the command, as a person.
func operatingUser() (candor.PersonID, string) {
	u, err := user.Current()
	if err != nil {
		return "me", "The one person of this archive"
	}
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(filepath.Base(u.Username)), "-"), "._-")
	if id == "" {
		id = "me"
	}
	if u.Name == "" {
		u.Name = u.Username
	}
	return candor.PersonID(id), u.Name
}

func printMade(w io.Writer, m made, solo bool) {
	fmt.Fprintf(w, "The archive %s stands in %s, with the collection main.\n", m.Origin, m.Data)
	fmt.Fprintf(w, "Its keys stand in %s. The data folder alone, copied or stolen, opens nothing.\n", m.Keys)
	fmt.Fprintf(w, "The log's key, for whoever verifies it: %s\n", m.LogKey)
	if m.Password != "" {
		fmt.Fprintf(w, "\nSign in as %s with the password  %s\nIt is not shown again.\n", m.Person, m.Password)
	}
	if m.Kit != "" {
		fmt.Fprintf(w, "\nThe recovery kit is in %s. Print it, or keep it on another medium; keep the passphrase apart from it.\n", m.Kit)
	} else {
		fmt.Fprintf(w, "\nTHERE IS NO RECOVERY KIT. If %s is lost, everything in the archive is lost for good,\nbackups included. Make one now: candor kit write FILE\n", m.Keys)
	}
	if solo {
		fmt.Fprintln(w, "\nSolo: you may approve your own purposes, and every public page says so.")
	}
	fmt.Fprintln(w, "\nNext: candor add FOLDER --collection main")
}
