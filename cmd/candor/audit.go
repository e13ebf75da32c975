package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/evidence"
	"candor/internal/keys"
	"candor/internal/wire"
	"candor/receipt"
)

func (c *cli) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read, sample, review and disclose what was done, as the auditor",
		Long: `Read the sealed details of records: who did what, what was asked, which items were
shown. It takes the auditor's role, to be handed the details, and the auditor's
identity, to open them: that happens here and not on the server, which cannot.
The identity is auditor.key among the archive's keys, or the file of --identity.

Each of these commands is an act with a record of its own in the public log.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().String("identity", "", "`file` with the auditor's identity (default: auditor.key among the archive's keys); its passphrase is asked for, or taken from CANDOR_AUDITOR_PASSPHRASE")
	cmd.AddCommand(c.auditList(), c.auditPerson(), c.auditItem(), c.auditSample(), c.auditReview(), c.auditExport(),
		c.auditDestroy(), c.auditHandOver())
	return cmd
}

// auditFlags choose records.
type auditFlags struct {
	purpose, act, from, to string
	person, item, query    string
	limit                  int
}

func (f *auditFlags) register(cmd *cobra.Command, names ...string) {
	all := map[string]func(){
		"purpose": func() { cmd.Flags().StringVar(&f.purpose, "purpose", "", "only acts under, or about, this `purpose`") },
		"act":     func() { cmd.Flags().StringVar(&f.act, "act", "", "only this `act`, such as search") },
		"from":    func() { cmd.Flags().StringVar(&f.from, "from", "", "from this `date` on: 2026, 2026-11 or 2026-11-23") },
		"to":      func() { cmd.Flags().StringVar(&f.to, "to", "", "to this `date`, inclusive") },
		"person": func() {
			cmd.Flags().StringVar(&f.person, "person", "", "only acts of this `person`: short name, or part of the name")
		},
		"item": func() { cmd.Flags().StringVar(&f.item, "item", "", "only acts that showed this `item`") },
		"query": func() {
			cmd.Flags().StringVar(&f.query, "query", "", "only acts in which this `text` was asked, said or handed in")
		},
		"limit": func() { cmd.Flags().IntVar(&f.limit, "limit", 100, "at most so many, the newest; 0 is all") },
	}
	for _, name := range names {
		all[name]()
	}
}

func (f *auditFlags) request() (wire.AuditRequest, error) {
	in := wire.AuditRequest{
		Act: candor.Act(f.act), Purpose: candor.PurposeID(f.purpose),
		For: wire.LookingFor{Person: f.person, Item: candor.ItemID(f.item), Query: f.query},
	}
	if f.limit < 0 {
		return in, candor.Errorf(candor.Invalid, "--limit must be 0 (all) or more.")
	}
	if in.For == (wire.LookingFor{}) {
		in.Newest = f.limit // otherwise the newest that match, which only we can tell
	}
	var err error
	if in.From, err = parseDate(f.from, false); err != nil {
		return in, err
	}
	in.To, err = parseDate(f.to, true)
	return in, err
}

// audited is what the commands that show records print.
type audited struct {
	Records []auditedRecord `json:"records"`
	Seed    string          `json:"seed,omitempty"` // of a sample
	Receipt string          `json:"receipt"`
	index   int64
}

// auditedRecord is a record with what was opened of it.
type auditedRecord struct {
	Index   int64           `json:"index"`
	Record  receipt.Record  `json:"record"`
	Held    archive.Holding `json:"held"`
	Details archive.Details `json:"details"`
	Problem string          `json:"problem,omitempty"`
	Gone    *int64          `json:"destroyed_by,omitempty"` // record that tells of the destruction
	Reviews []wire.Review   `json:"reviews"`
}

func (c *cli) auditList() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List acts with their details, by person, purpose, item, query, act or date", Args: noArgs,
		Example: example("candor audit list --from 2026-11 --as a.lind",
			`candor audit list --act search --query "harbour master" --person r.osei`),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.auditShow(cmd, f, nil) },
	}
	f.register(cmd, "purpose", "act", "from", "to", "person", "item", "query", "limit")
	return cmd
}

func (c *cli) auditPerson() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "person PERSON", Short: "Show what one person did", Args: oneArg("person"),
		Example: example("candor audit person r.osei --from 2026"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.person = args[0]
			return c.auditShow(cmd, f, nil)
		},
	}
	f.register(cmd, "purpose", "act", "from", "to", "limit")
	return cmd
}

func (c *cli) auditItem() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "item ITEM", Short: "Show the history of one item: who was shown it, when, for what", Args: oneArg("item"),
		Example: example("candor audit item 4kq7zt2m5bw3xjd6hn8rcy9fva"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.item = args[0]
			return c.auditShow(cmd, f, nil)
		},
	}
	f.register(cmd, "purpose", "act", "from", "to", "limit")
	return cmd
}

func (c *cli) auditSample() *cobra.Command {
	var f auditFlags
	var n int
	var seed string
	cmd := &cobra.Command{
		Use: "sample", Short: "Draw acts at random for review", Args: noArgs,
		Long: `Draw acts at random for review. Each act is as likely as any other. The seed is
printed and recorded, so that the same sample can be drawn again; without --seed it
is random. Let somebody else choose it, or use tomorrow's checkpoint, and nobody can
say that you chose whom it hit.`,
		Example: example("candor audit sample --n 20 --act search", "candor audit sample --n 20 --seed 2026-11"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n < 1 {
				return candor.Errorf(candor.Invalid, "--n must be 1 or more.")
			}
			seed = cmp.Or(seed, strings.ToLower(rand.Text()[:16]))
			return c.auditShow(cmd, f, func(in *wire.AuditRequest) { in.Sample, in.Seed, in.Newest = n, seed, 0 })
		},
	}
	f.register(cmd, "purpose", "act", "from", "to")
	cmd.Flags().IntVar(&n, "n", 20, "how `many`")
	cmd.Flags().StringVar(&seed, "seed", "", "what the sample is drawn by (default: random `text`)")
	return cmd
}

// auditShow asks, opens, and prints.
func (c *cli) auditShow(cmd *cobra.Command, f auditFlags, adjust func(*wire.AuditRequest)) error {
	in, err := f.request()
	if err != nil {
		return err
	}
	if adjust != nil {
		adjust(&in)
	}
	return c.withIdentity(cmd, func(conn *connection, identity age.Identity) error {
		out, err := openRecords(cmd.Context(), conn, in, identity, f.limit)
		if err != nil {
			return err
		}
		if err := c.print(out, func(w io.Writer) { printAudited(w, out) }); err != nil {
			return err
		}
		if slices.ContainsFunc(out.Records, func(r auditedRecord) bool { return r.Problem != "" }) {
			return silent{exitVerification}
		}
		return nil
	})
}

// openRecords opens what an audit hands out and keeps the newest that match.
// Records with a problem always match: what is missing may be what is looked for.
func openRecords(ctx context.Context, conn *connection, in wire.AuditRequest, identity age.Identity, limit int) (audited, error) {
	out := audited{Records: []auditedRecord{}, Seed: in.Seed}
	proof, err := conn.AuditRecords(ctx, in, func(r wire.AuditRecord) error {
		u := archive.Unseal(archive.AuditRecord{Index: r.Index, Leaf: []byte(r.Leaf), Sealed: r.Sealed, Held: archive.Holding(r.Held)}, identity)
		if u.Problem == "" && !archive.LookingFor(in.For).Matches(u) {
			return nil
		}
		one := auditedRecord{Index: r.Index, Record: u.Record, Held: u.Held, Details: u.Details, Problem: u.Problem, Reviews: r.Reviews}
		if u.Held == archive.HeldDestroyed {
			one.Gone = &r.DestroyedBy
		}
		out.Records = append(out.Records, one)
		if limit > 0 && len(out.Records) > 2*limit {
			out.Records = slices.Delete(out.Records, 0, len(out.Records)-limit)
		}
		return nil
	})
	if limit > 0 {
		out.Records = out.Records[max(0, len(out.Records)-limit):]
	}
	out.Receipt, out.index = proof.Receipt, proof.Index
	return out, err
}

func printAudited(w io.Writer, out audited) {
	for _, r := range out.Records {
		printAuditedRecord(w, r)
	}
	fmt.Fprintf(w, "%s.", counted(int64(len(out.Records)), "record", "records"))
	if out.Seed != "" {
		fmt.Fprintf(w, " Drawn by the seed %s.", out.Seed)
	}
	fmt.Fprintf(w, " This audit is number %d of the log.\n", out.index)
}

func printAuditedRecord(w io.Writer, r auditedRecord) {
	rec, d := r.Record, r.Details
	what := rec.Act + ", " + outcomeOf(rec)
	if rec.Rule != "" && rec.Decision != receipt.Allow {
		what += " by " + rec.Rule
	}
	fmt.Fprintf(w, "#%d  %s  %s\n", r.Index, rec.Time, what)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "    %-9s %s\n", name, printable(value))
		}
	}
	if d.Person != "" {
		line("who", fmt.Sprintf("%s (%s)", d.Name, d.Person))
	}
	line("purpose", strings.TrimSpace(rec.Purpose+" "+rec.Reason))
	line("why", d.Why)
	line("asked", d.Query)
	line("mode", d.Mode)
	line("like", string(d.Like))
	line("translate", d.Translate)
	line("fold", d.Fold)
	line("saved", d.Saved)
	line("job", d.Job)
	line("model", d.Model)
	for _, s := range d.Sent {
		line("sent", s)
	}
	for _, name := range slices.Sorted(mapKeys(d.Filters)) {
		line(name, strings.Join(d.Filters[name], ", "))
	}
	line("handed in", d.Source)
	line("about", d.Subject)
	line("because", d.Because)
	if rec.Shown > 0 {
		line("shown", fmt.Sprintf("%s, %d new to the purpose", counted(rec.Shown, "item", "items"), rec.New))
	}
	for _, item := range d.Items[:min(len(d.Items), 20)] {
		line("item", string(item))
	}
	if more := len(d.Items) - 20; more > 0 {
		line("item", fmt.Sprintf("and %d more; --json lists them", more))
	}
	if r.Gone != nil {
		line("details", fmt.Sprintf("destroyed under the retention rule: record %d", *r.Gone))
	}
	line("PROBLEM", r.Problem)
	for _, v := range r.Reviews {
		line("reviewed", fmt.Sprintf("%s, %s: %s", v.Name, v.At.Local().Format("2006-01-02 15:04"), v.Note))
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (c *cli) auditReview() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "review INDEX", Short: "Mark a record reviewed, with a note", Args: oneArg("number of a record"),
		Example: example(`candor audit review 73 --note "Fits the purpose."`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "note"); err != nil {
				return err
			}
			indexes, err := parseIndexes(args)
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				done, err := conn.Review(cmd.Context(), wire.NewReview{Index: indexes[0], Note: note})
				if err != nil {
					return err
				}
				return c.print(recorded{args[0], done.Receipt.Receipt}, func(w io.Writer) {
					fmt.Fprintf(w, "Record %s is marked reviewed. Recorded as number %d of the log.\n", args[0], done.Index)
				})
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "what you found, in your `words`")
	return cmd
}

// parseIndexes reads numbers of records; in order, each once.
func parseIndexes(args []string) ([]int64, error) {
	var out []int64
	for _, a := range args {
		n, err := strconv.ParseInt(strings.TrimPrefix(a, "#"), 10, 64)
		if err != nil || n < 0 {
			return nil, candor.Errorf(candor.Invalid, "%q is not the number of a record. `candor audit list` shows them.", a)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// exportedEvidence is what `audit export --json` prints.
type exportedEvidence struct {
	Folders []string `json:"folders"`
	Receipt string   `json:"receipt"`
}

func (c *cli) auditExport() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "export INDEX...", Short: "Write evidence of single records, which others can check without your key", Args: someArgs("number of a record"),
		Long: `Write evidence of single records: for each a folder with its receipt, its sealed
details as they stand, and the one key that opens these details and nothing else.
Whoever gets it checks it with ` + "`candor verify FOLDER --key KEY`" + `, offline.`,
		Example: example("candor audit export 73 74 -o evidence"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "out"); err != nil {
				return err
			}
			indexes, err := parseIndexes(args)
			if err != nil {
				return err
			}
			return c.withIdentity(cmd, func(conn *connection, identity age.Identity) error {
				out, err := writeEvidence(cmd.Context(), conn, indexes, identity, dir)
				if err != nil {
					return err
				}
				return c.print(out, func(w io.Writer) {
					for _, f := range out.Folders {
						fmt.Fprintf(w, "%s\n", f)
					}
					fmt.Fprintf(w, "Check each with `candor verify FOLDER --key KEY`. Everything in it can be read by whoever has it.\n")
				})
			})
		},
	}
	cmd.Flags().StringVarP(&dir, "out", "o", "", "`folder` to write into; one folder in it for each record")
	return cmd
}

func writeEvidence(ctx context.Context, conn *connection, indexes []int64, identity age.Identity, dir string) (exportedEvidence, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return exportedEvidence{}, diskError(err, dir)
	}
	out := exportedEvidence{Folders: []string{}}
	proof, err := conn.AuditRecords(ctx, wire.AuditRequest{Indexes: indexes}, func(r wire.AuditRecord) error {
		if r.Held != string(archive.HeldSealed) {
			return candor.Errorf(candor.NotFound, "Nothing is held of the sealed details of record %d (%s).", r.Index, r.Held)
		}
		folder := filepath.Join(dir, fmt.Sprintf("record-%d", r.Index))
		out.Folders = append(out.Folders, folder)
		return writeOneEvidence(ctx, conn, r, identity, folder)
	})
	out.Receipt = proof.Receipt
	if err == nil && len(out.Folders) < len(indexes) {
		err = candor.Errorf(candor.NotFound, "The log has only %d of these %d records.", len(out.Folders), len(indexes))
	}
	return out, err
}

func writeOneEvidence(ctx context.Context, conn *connection, r wire.AuditRecord, identity age.Identity, folder string) error {
	key, err := evidence.FileKey(r.Sealed, identity)
	if err != nil {
		return err
	}
	done, err := conn.Receipt(ctx, r.Index)
	if err != nil {
		return err
	}
	proof, err := receipt.Parse([]byte(done.Receipt.Receipt))
	if err != nil || string(proof.Leaf) != r.Leaf {
		return candor.Wrap(err, candor.Verification, "The server's receipt of record %d is not of the record that it handed out.", r.Index)
	}
	return evidence.Write(folder, proof, r.Sealed, key)
}

func (c *cli) auditDestroy() *cobra.Command {
	var before string
	cmd := &cobra.Command{
		Use: "destroy", Short: "Destroy the sealed details of acts before a date, for good", Args: noArgs,
		Long: `Destroy the sealed details of acts that were over before a date (UTC), under your
retention rule. Records and receipts stay, and the log still verifies; who did what,
what was asked and which items were shown is gone, for everybody and for good. How
many and before when stands in the public log. Details that count the coverage of
purposes which have not ended are kept. Backups are yours to keep the rule in.`,
		Example: example("candor audit destroy --before 2025-01-01 --as a.lind"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "before"); err != nil {
				return err
			}
			at, err := parseDate(before, false)
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				out, err := conn.DestroyDetails(cmd.Context(), wire.Retention{Before: at})
				if err != nil {
					return err
				}
				return c.print(out, func(w io.Writer) {
					fmt.Fprintf(w, "The sealed details of %s before %s are destroyed; %d are kept for purposes that have not ended. Recorded as number %d of the log.\n",
						counted(out.Records, "record", "records"), at.Format(time.DateOnly), out.Kept, out.Index)
				})
			})
		},
	}
	cmd.Flags().StringVar(&before, "before", "", "`date`: 2025, 2025-01 or 2025-01-01")
	return cmd
}

func (c *cli) auditHandOver() *cobra.Command {
	var sealed bool
	cmd := &cobra.Command{
		Use: "hand-over FILE", Short: "Move the auditor's identity out of the archive's keys, to the auditor", Args: oneArg("file to write"),
		Long: `Move the auditor's identity out of the archive's keys into a file, to be given to the
auditor. Only its public half stays behind: from then on the machine that keeps the
archive can seal details and not open them. Recovery kits that were written before
still hold the identity; write a new one and destroy those.`,
		Example: example("candor audit hand-over /media/usb/auditor.key --seal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := describeFolder(c.data)
			if err != nil {
				return err
			}
			cfg := c.engineConfig()
			dir, err := keysDir(cfg, d.Origin)
			if err != nil {
				return err
			}
			passphrase := ""
			if sealed {
				if passphrase, err = c.password("CANDOR_AUDITOR_PASSPHRASE", "Passphrase of the auditor's identity: "); err != nil {
					return err
				}
			}
			if err := keys.HandOver(dir, args[0], passphrase, cfg.Passphrase); err != nil {
				return err
			}
			return c.print(kept{args[0], dir, d.Origin}, func(w io.Writer) {
				fmt.Fprintf(w, "The auditor's identity of %s is in %s and no longer among the archive's keys. Give it to the auditor, use it with --identity, and write a new recovery kit.\n", d.Origin, args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&sealed, "seal", false, "keep it under a passphrase, of CANDOR_AUDITOR_PASSPHRASE or asked for")
	return cmd
}

// withIdentity connects, and reads the auditor's identity on this machine. It
// is never sent anywhere.
func (c *cli) withIdentity(cmd *cobra.Command, work func(*connection, age.Identity) error) error {
	return c.with(cmd.Context(), func(conn *connection) error {
		identity, err := c.identity(cmd, conn)
		if err != nil {
			return err
		}
		return work(conn, identity)
	})
}

func (c *cli) identity(cmd *cobra.Command, conn *connection) (age.Identity, error) {
	file, err := cmd.Flags().GetString("identity")
	if err != nil {
		return nil, candor.Wrap(err, candor.Internal, "The flag --identity could not be read.")
	}
	variable := "CANDOR_AUDITOR_PASSPHRASE"
	if file == "" {
		status, err := conn.Status(cmd.Context())
		if err != nil {
			return nil, err
		}
		dir, err := keysDir(c.engineConfig(), status.Origin)
		if err != nil {
			return nil, err
		}
		file, variable = filepath.Join(dir, keys.AuditorFile), "CANDOR_KEY_PASSPHRASE"
	}
	return keys.LoadAuditor(file, func(name string) (string, error) {
		return c.password(variable, "Passphrase of "+name+": ")
	})
}

// verifyEvidence checks evidence offline: one folder, or a folder of them.
func (c *cli) verifyEvidence(ctx context.Context, dir string, opts receipt.Options) (verified, []string, error) {
	key, note, err := c.logKey(ctx, opts.Key)
	if err != nil {
		return verified{}, nil, err
	}
	trust, err := trustIn(key, opts.Witnesses)
	if err != nil {
		return verified{}, nil, err
	}
	folders := evidenceIn(dir)
	out := verified{OK: true, CosignedBy: []string{}, Problems: []string{}, Records: int64(len(folders))}
	notes := []string{note}
	for _, folder := range folders {
		f, err := evidence.Verify(folder, trust)
		if err != nil {
			return verified{}, nil, err
		}
		for _, p := range f.Problems {
			out.OK = false
			out.Problems = append(out.Problems, filepath.Base(folder)+": "+p)
		}
		if len(f.Details) > 0 {
			notes = append(notes, fmt.Sprintf("Record %d: %s, %s, at %s.", f.Index, f.Record.Act, outcomeOf(f.Record), f.Record.Time), printable(string(f.Details)))
		}
		out.Origin, out.Size, out.CosignedBy = f.Origin, f.Size, orEmpty(f.CosignedBy)
	}
	return out, notes, nil
}

// evidenceIn lists the folders of evidence in a folder; nil if there is none.
func evidenceIn(dir string) []string {
	if evidence.Is(dir) {
		return []string{dir}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if sub := filepath.Join(dir, e.Name()); e.IsDir() && strings.HasPrefix(e.Name(), "record-") {
			out = append(out, sub)
		}
	}
	return out
}

func trustIn(key string, witnesses []string) (receipt.Trust, error) {
	var trust receipt.Trust
	var err error
	if trust.Log, err = receipt.NewVerifier(key); err != nil {
		return trust, candor.Wrap(err, candor.Invalid, "The log's key is malformed: %v.", err)
	}
	for _, w := range witnesses {
		v, err := receipt.NewVerifier(w)
		if err != nil {
			return trust, candor.Wrap(err, candor.Invalid, "The witness's key %q is malformed: %v.", w, err)
		}
		trust.Witnesses = append(trust.Witnesses, v)
	}
	return trust, nil
}
