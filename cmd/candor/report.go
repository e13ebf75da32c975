package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/report"
	"candor/internal/web"
	"candor/receipt"
)

// reported is what `report --json` prints.
type reported struct {
	Dir     string `json:"dir"`
	Origin  string `json:"origin"`
	Records int64  `json:"records"`
	Files   int    `json:"files"`
}

func (c *cli) reportCommand() *cobra.Command {
	var dir, witnesses, address, name string
	var opts receipt.Options
	cmd := &cobra.Command{
		Use:   "report [DIR|URL] -o DIR",
		Short: "Write the public report as a site of static files; needs no secret",
		Long: `Check a whole log as ` + "`candor verify`" + ` does, count the figures again, and write the public
report: pages that need no server program, the figures as JSON, and the receipts of
the records that it links to. Whoever has the log makes the same report, byte for byte.
The log is that of the data folder or server, or the one that is named. A log that does
not hold is not reported: exit code 4, and nothing is written.`,
		Args: cobra.MaximumNArgs(1),
		Example: example("candor report -o site",
			"candor report https://archive.example.org --key archive.example.org+1f3c… --witnesses policy.txt -o site"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "output"); err != nil {
				return err
			}
			where := c.server
			switch {
			case len(args) == 1:
				where = args[0]
			case where == "":
				where = c.data
			}
			site := report.Config{Name: name, Address: address}
			return c.writeReport(cmd.Context(), where, dir, witnesses, opts, site)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&dir, "output", "o", "", "the site's `folder`; made if need be, and its pages replaced if they are there")
	f.StringVar(&opts.Key, "key", "", "the log's verifier `key`, known from elsewhere")
	f.StringVar(&witnesses, "witnesses", "", "`file` with your policy of witnesses: the first line then says who cosigned")
	f.StringVar(&address, "address", "", "`address` where the log is public, for the command that checks it")
	f.StringVar(&name, "name", "", "what the archive calls itself")
	return cmd
}

func (c *cli) writeReport(ctx context.Context, where, dir, witnesses string, opts receipt.Options, site report.Config) error {
	if info, err := os.Stat(where); err == nil && info.IsDir() {
		where = logOf(where)
	}
	if site.Address == "" && strings.Contains(where, "://") {
		site.Address = where
	}
	enough, err := trusting(witnesses, &opts)
	if err != nil {
		return err
	}
	v, src, err := c.checkLog(ctx, where, opts)
	if err != nil {
		return err
	}
	if err := enough(v.CosignedBy); err != nil {
		return err
	}
	if !v.OK {
		return candor.Errorf(candor.Verification, "The log at %s does not hold, so no report was written: %s Run `candor verify` on it for all that is wrong.", where, v.Problems[0])
	}
	prover, err := c.prover(ctx, src, opts)
	if err != nil {
		return err
	}
	site.Solo = v.Figures.Solo
	site.Figures = func(context.Context) (receipt.Figures, error) { return v.Figures, nil }
	site.Receipt = prover.Receipt
	if site.Witnessed, err = cosignedAs(witnesses, prover.Checkpoint()); err != nil {
		return err
	}
	return c.writeSite(ctx, dir, v, site)
}

func (c *cli) writeSite(ctx context.Context, dir string, v *receipt.Verification, site report.Config) error {
	style, err := fs.ReadFile(web.Assets(), "candor.css")
	if err != nil {
		return err
	}
	out := reported{Dir: dir, Origin: v.Origin, Records: v.Records}
	err = report.Site(ctx, site, style, func(name string) (io.WriteCloser, error) {
		out.Files++
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	})
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "The report could not be written to %s. Check its place, permissions and free space.", dir)
	}
	return c.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "The report on %s of %s stands in %s (%s). Open %s, or put the folder on any web server.\n",
			counted(v.Records, "record", "records"), v.Origin, dir, counted(int64(out.Files), "file", "files"), filepath.Join(dir, "index.html"))
	})
}

// prover proves records with the key that the log was checked with.
func (c *cli) prover(ctx context.Context, src receipt.Source, opts receipt.Options) (*receipt.Prover, error) {
	key := opts.Key
	if key == "" {
		published, err := src.ReadFile(ctx, "key")
		if err != nil {
			return nil, candor.Wrap(err, candor.Verification, "The log's key cannot be read. Give it with --key.")
		}
		key, _, _ = strings.Cut(strings.TrimSpace(string(published)), "\n")
	}
	verifier, err := receipt.NewVerifier(key)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "The log's key is malformed: %v.", err)
	}
	p, err := receipt.NewProver(ctx, src, receipt.Trust{Log: verifier})
	if err != nil {
		return nil, candor.Wrap(err, candor.Verification, "The log's checkpoint does not hold: %v.", err)
	}
	return p, nil
}

// cosignedAs says who of a policy's witnesses cosigned a checkpoint, and when.
func cosignedAs(file string, signed []byte) (func() report.Witnessed, error) {
	if file == "" {
		return nil, nil
	}
	p, _, err := readPolicy(file)
	if err != nil {
		return nil, err
	}
	out := report.Witnessed{Needed: p.Describe(), Awaited: awaits(p)}
	for _, w := range p.Witnesses {
		one := report.Witness{Name: w.Key.Name(), Key: keyText(w.Key), URL: w.URL}
		if at, err := receipt.CosignedAt(signed, w.Key); err == nil {
			one.At = at
		}
		out.Witnesses = append(out.Witnesses, one)
	}
	return func() report.Witnessed { return out }, nil
}
