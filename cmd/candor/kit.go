package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/keys"
)

// kept is what the kit commands print.
type kept struct {
	Kit    string `json:"kit"`
	Keys   string `json:"keys"`
	Origin string `json:"origin"`
}

func (c *cli) kitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kit",
		Short: "Write the recovery kit, or put the keys back from it",
		Long: `The recovery kit holds all keys of an archive under a passphrase. Whoever has the
kit and the passphrase holds the archive; whoever has lost both the
configuration folder and the kit has lost it. The passphrase is asked for, or
taken from CANDOR_KIT_PASSPHRASE.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "write FILE", Short: "Write the recovery kit of the archive in the data folder", Args: oneArg("file to write"),
			Example: example("candor kit write /media/usb/candor-kit.txt"),
			RunE:    func(_ *cobra.Command, args []string) error { return c.writeKit(args[0]) },
		},
		&cobra.Command{
			Use: "restore FILE", Short: "Put the keys back where the archive looks for them", Args: oneArg("recovery kit"),
			Example: example("candor kit restore /media/usb/candor-kit.txt"),
			RunE:    func(_ *cobra.Command, args []string) error { return c.restoreKit(args[0]) },
		},
	)
	return cmd
}

func (c *cli) writeKit(file string) error {
	d, err := describeFolder(c.data)
	if err != nil {
		return err
	}
	cfg := c.engineConfig()
	dir, err := keysDir(cfg, d.Origin)
	if err != nil {
		return err
	}
	k, err := keys.Load(dir, cfg.Passphrase)
	if err != nil {
		return err
	}
	if k.Origin != d.Origin {
		return candor.Errorf(candor.Verification, "The keys in %s are of another archive. Say where this one's are with --config.", dir)
	}
	passphrase, err := c.password("CANDOR_KIT_PASSPHRASE", "Passphrase of the recovery kit: ")
	if err != nil {
		return err
	}
	if err := k.WriteKit(file, passphrase); err != nil {
		return err
	}
	return c.print(kept{file, dir, k.Origin}, func(w io.Writer) {
		fmt.Fprintf(w, "The recovery kit of %s is in %s. Print it, or keep it on another medium; keep the passphrase apart from it.\n", k.Origin, file)
	})
}

func (c *cli) restoreKit(file string) error {
	passphrase, err := c.password("CANDOR_KIT_PASSPHRASE", "Passphrase of the recovery kit: ")
	if err != nil {
		return err
	}
	k, err := keys.ReadKit(file, passphrase)
	if err != nil {
		return err
	}
	dir, err := keysDir(c.engineConfig(), k.Origin)
	if err != nil {
		return err
	}
	if err := k.Save(dir, nil); err != nil {
		return err
	}
	return c.print(kept{file, dir, k.Origin}, func(w io.Writer) {
		fmt.Fprintf(w, "The keys of %s stand in %s again.\n", k.Origin, dir)
	})
}
