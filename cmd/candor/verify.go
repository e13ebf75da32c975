package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"candor"
	"candor/receipt"
)

const maxReceiptFile = 1 << 20

// verified is what `verify --json` prints.
type verified struct {
	OK         bool     `json:"ok"`
	Origin     string   `json:"origin"`
	Size       int64    `json:"size"`
	Records    int64    `json:"records"`
	CosignedBy []string `json:"cosigned_by"`
	Problems   []string `json:"problems"`
}

func (c *cli) verifyCommand() *cobra.Command {
	var opts receipt.Options
	var known, witnesses string
	cmd := &cobra.Command{
		Use:   "verify DIR|URL|RECEIPT",
		Short: "Check a log or a receipt as an outsider; needs no secret",
		Long: `Check a whole log (a data folder, a log's folder, or the address of a server), or
one receipt, as an outsider: no key, no sign-in, nothing that only the operator
has. The tree is made again from its entries, every signature that can be seen
is checked, intents are paired with outcomes, and the public figures are counted
again. Exit code 4 says that something does not hold.

Give --key with the log's key as you know it from elsewhere. Without it the key
is taken from beside the log, which proves only that one key signed all of it.`,
		Args: oneArg("folder, address or file with a receipt"),
		Example: example(
			"candor verify candor-data",
			"candor verify https://archive.example.org --key archive.example.org+1f3c…",
			"candor verify receipt.txt --data candor-data",
			"candor verify receipt.txt --witnesses policy.txt"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if known != "" {
				data, err := os.ReadFile(known)
				if err != nil {
					return candor.Wrap(err, candor.Invalid, "%s cannot be read. Give a file with a checkpoint that you kept.", known)
				}
				opts.Known = data
			}
			enough, err := trusting(witnesses, &opts)
			if err != nil {
				return err
			}
			out, notes, err := c.verify(cmd.Context(), args[0], opts)
			if err != nil {
				return err
			}
			if err := enough(out.CosignedBy); err != nil {
				out.OK, out.Problems = false, append(out.Problems, candor.MessageOf(err))
			}
			if err := c.print(out, func(w io.Writer) { printVerified(w, args[0], out, notes) }); err != nil {
				return err
			}
			if !out.OK {
				return silent{exitVerification}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.Key, "key", "", "the log's verifier `key`, known from elsewhere")
	f.StringArrayVar(&opts.Witnesses, "witness", nil, "verifier `key` of a witness whose cosignature counts (repeatable)")
	f.StringVar(&witnesses, "witnesses", "", "`file` with your policy of witnesses, and with a line for the log's key if you like; what it asks for must be met")
	f.StringVar(&known, "known", "", "`file` with a checkpoint seen earlier, which the log must still extend")
	return cmd
}

// verify finds out what it is asked to check, and checks it.
func (c *cli) verify(ctx context.Context, what string, opts receipt.Options) (verified, []string, error) {
	if strings.HasPrefix(what, "http://") || strings.HasPrefix(what, "https://") {
		return c.verifyLog(ctx, what, opts)
	}
	info, err := os.Stat(what)
	if err != nil {
		return verified{}, nil, candor.Wrap(err, candor.NotFound, "There is no %s to verify. Name a data folder, a log's folder, the address of a server, or a file with a receipt.", what)
	}
	if info.IsDir() && len(evidenceIn(what)) > 0 {
		return c.verifyEvidence(ctx, what, opts)
	}
	if info.IsDir() {
		return c.verifyLog(ctx, logOf(what), opts)
	}
	return c.verifyReceipt(ctx, what, opts)
}

// logOf is where the log of a data folder is, its own or a shared one; or the
// folder itself.
func logOf(dir string) string {
	d, err := describeFolder(dir)
	switch {
	case candor.CodeOf(err) == candor.NotFound:
		return dir
	case d.Log != "":
		return d.Log
	}
	return filepath.Join(dir, logDir)
}

func (c *cli) verifyLog(ctx context.Context, where string, opts receipt.Options) (verified, []string, error) {
	v, _, err := c.checkLog(ctx, where, opts)
	if err != nil {
		return verified{}, nil, err
	}
	notes := append(figuresInWords(v), v.Notes...)
	return verified{v.OK, v.Origin, v.Size, v.Records, orEmpty(v.CosignedBy), orEmpty(v.Problems)}, notes, nil
}

// checkLog checks the log in a folder or at an address, with progress.
func (c *cli) checkLog(ctx context.Context, where string, opts receipt.Options) (*receipt.Verification, receipt.Source, error) {
	src, err := receipt.OpenSource(where)
	if err != nil {
		return nil, nil, candor.Wrap(err, candor.NotFound, "There is no log at %s.", where)
	}
	progress, stop := c.jobProgress("Verifying")
	opts.Progress = progress
	v, err := receipt.VerifyLog(ctx, src, opts)
	stop()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err != nil {
		return nil, nil, candor.Wrap(err, candor.Verification, "The log at %s cannot be verified: %v.", where, err)
	}
	return v, src, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// figuresInWords tells the public figures that were counted again.
func figuresInWords(v *receipt.Verification) []string {
	var shown, refused int64
	for _, t := range v.Figures.Acts {
		shown += t.Allowed
		refused += t.Refused
	}
	var out []string
	if n := v.Figures.Overrides; n > 0 {
		out = append(out, fmt.Sprintf("%s approved for an emergency (break-glass).", counted(n, "override was", "overrides were")))
	}
	out = append(out, fmt.Sprintf("It holds %s (%s). %s allowed and %s refused, under %s.",
		counted(v.Figures.Items, "item", "items"), size(v.Figures.Bytes), counted(shown, "act was", "acts were"),
		fmt.Sprint(refused), counted(int64(len(v.Figures.Purposes)), "purpose", "purposes")))
	if n := v.Figures.Unanswered; n > 0 {
		out = append(out, fmt.Sprintf("%s no outcome: an act was under way, or was cut off before anything was released.", counted(n, "intent has", "intents have")))
	}
	if n := v.Figures.Destroyed; n > 0 {
		out = append(out, fmt.Sprintf("The sealed details of %s were destroyed under a retention rule.", counted(n, "record", "records")))
	}
	if v.Figures.Solo {
		out = append(out, "Solo: purposes were not independently approved.")
	}
	return out
}

func printVerified(w io.Writer, what string, v verified, notes []string) {
	if v.OK {
		fmt.Fprintf(w, "OK: %s holds. %s of the log %s, all under one signed checkpoint.\n", what, counted(v.Records, "record", "records"), v.Origin)
	} else {
		fmt.Fprintf(w, "NOT OK: %s does not hold. Keep a copy of it as it is, and ask the operator.\n", what)
	}
	for _, p := range v.Problems {
		fmt.Fprintf(w, "  problem: %s\n", p)
	}
	for _, name := range v.CosignedBy {
		fmt.Fprintf(w, "  cosigned by %s\n", name)
	}
	for _, n := range notes {
		fmt.Fprintf(w, "  %s\n", n)
	}
}

// verifyReceipt checks one receipt offline.
func (c *cli) verifyReceipt(ctx context.Context, file string, opts receipt.Options) (verified, []string, error) {
	proof, err := readReceipt(file)
	if err != nil {
		return verified{}, nil, err
	}
	key, note, err := c.logKey(ctx, opts.Key)
	if err != nil {
		return verified{}, nil, err
	}
	out := verified{CosignedBy: []string{}, Problems: []string{}, Records: 1}
	trust := receipt.Trust{}
	if trust.Log, err = receipt.NewVerifier(key); err != nil {
		return verified{}, nil, candor.Wrap(err, candor.Invalid, "The log's key is malformed: %v.", err)
	}
	for _, w := range opts.Witnesses {
		witness, err := receipt.NewVerifier(w)
		if err != nil {
			return verified{}, nil, candor.Wrap(err, candor.Invalid, "The witness's key %q is malformed: %v.", w, err)
		}
		trust.Witnesses = append(trust.Witnesses, witness)
	}
	notes := []string{note}
	head, record, err := proof.VerifyCheckpoint(trust)
	if err != nil {
		out.Problems = append(out.Problems, fmt.Sprintf("The receipt does not hold: %v.", err))
		return out, notes, nil
	}
	_, cosigned, err := trust.OpenCheckpoint(proof.Checkpoint)
	if err != nil {
		return verified{}, nil, candor.Wrap(err, candor.Internal, "The checkpoint held a moment ago and does not now.")
	}
	out.OK, out.Origin, out.Size, out.CosignedBy = true, head.Origin, head.Size, orEmpty(cosigned)
	return out, append([]string{fmt.Sprintf("It proves record %d: %s, %s, at %s.", proof.Index, record.Act, outcomeOf(record), record.Time)}, notes...), nil
}

func outcomeOf(r receipt.Record) string {
	if r.Decision == "" {
		return r.Phase
	}
	return r.Phase + " " + r.Decision
}

// readReceipt reads a receipt as text, or from the JSON that a command printed.
func readReceipt(file string) (receipt.Receipt, error) {
	f, err := os.Open(file)
	if err != nil {
		return receipt.Receipt{}, candor.Wrap(err, candor.Unavailable, "%s cannot be read.", file)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxReceiptFile))
	if err := errors.Join(err, f.Close()); err != nil {
		return receipt.Receipt{}, candor.Wrap(err, candor.Unavailable, "%s cannot be read.", file)
	}
	var printed struct {
		Receipt string `json:"receipt"`
	}
	if strings.HasPrefix(string(data), "{") && json.Unmarshal(data, &printed) == nil && printed.Receipt != "" {
		data = []byte(printed.Receipt)
	}
	proof, err := receipt.Parse(data)
	if err != nil {
		return receipt.Receipt{}, candor.Wrap(err, candor.Verification, "%s is not a receipt: %v.", file, err)
	}
	return proof, nil
}

// logKey is the key to check a receipt with: the one given, or the one that the
// log of --server or --data publishes.
func (c *cli) logKey(ctx context.Context, given string) (key, note string, err error) {
	if given != "" {
		return given, "The key was given.", nil
	}
	where := logOf(c.data)
	if c.server != "" {
		where = c.server
	}
	src, err := receipt.OpenSource(where)
	if err == nil {
		var published []byte
		if published, err = src.ReadFile(ctx, "key"); err == nil {
			key, _, _ = strings.Cut(strings.TrimSpace(string(published)), "\n")
			return key, fmt.Sprintf("The key was taken from the log at %s; compare it with what you know from elsewhere.", where), nil
		}
	}
	return "", "", candor.Wrap(err, candor.Invalid, "Say with which key to check the receipt: --key KEY, or take the one that a log publishes with --data DIR or --server URL.")
}
