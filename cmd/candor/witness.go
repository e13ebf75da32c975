package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/report"
	"candor/internal/witness"
	"candor/receipt"
)

const (
	witnessKeyFile  = "witness.key" // secret
	witnessState    = "state"       // beside the key: what was cosigned; never to be restored
	witnessListen   = "127.0.0.1:7312"
	witnessAskLimit = 5 * time.Second
)

// newWitness is what `witness init --json` prints.
type newWitness struct {
	Dir  string `json:"dir"`
	Name string `json:"name"`
	Key  string `json:"key"`
}

// witnessing is what `witness serve --json` prints once it listens.
type witnessing struct {
	Address string `json:"address"`
	Name    string `json:"name"`
	Key     string `json:"key"`
	Logs    int    `json:"logs"`
}

// policyShown is what `witness policy --json` prints.
type policyShown struct {
	Needed    string   `json:"needed"`
	Mode      string   `json:"mode"`
	Witnesses []string `json:"witnesses"`
	Warnings  []string `json:"warnings"`
}

func (c *cli) witnessCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "witness",
		Short: "Be a witness of logs, or say which witnesses this archive has",
		Long: `A witness is somebody else who cosigns a log's checkpoint only after checking that
it extends the last one. With witnesses outside its operator's control, an
archive cannot show different logs to different people. docs/witnesses.md sets up
an archive with one in five minutes.

init and serve are for who runs a witness, on a machine of their own; policy is
for the archive.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.witnessInitCommand(), c.witnessServeCommand(), c.witnessPolicyCommand())
	return cmd
}

func (c *cli) witnessInitCommand() *cobra.Command {
	var dir, name string
	var safe bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the key and the folder of a new witness",
		Long: `Make the key and the folder of a new witness. Its name is public and should be
one that nobody else has, such as a host name. The folder must outlive everything:
a witness that lost it, or got an old copy of it back, may cosign a second history
of a log. If that happens, make a new witness with a new key.

--quantum-safe makes an ML-DSA-44 key, whose cosignatures a quantum computer will not
forge. Logs and verifiers must know that type; many do not yet, and no browser does.`,
		Args: noArgs,
		Example: example("candor witness init --dir witness --name witness.example.org",
			"candor witness init --dir witness --name witness.example.org --quantum-safe"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "name"); err != nil {
				return err
			}
			generate := witness.GenerateKey
			if safe {
				generate = witness.GenerateQuantumSafeKey
			}
			out, err := makeWitness(dir, name, generate)
			if err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "The witness %s stands in %s. Its key, for the policies of those who rely on it:\n\n%s\n\nNext: put a line \"log KEY\" for each log it is to watch into a file, and run\ncandor witness serve --dir %s --logs FILE\n", out.Name, out.Dir, out.Key, out.Dir)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "a new or empty `folder`")
	f.StringVar(&name, "name", "", "public `name` of the witness, without spaces and plus signs")
	f.BoolVar(&safe, "quantum-safe", false, "make an ML-DSA-44 key in place of Ed25519")
	return cmd
}

func makeWitness(dir, name string, generate func(io.Reader, string) (string, string, error)) (newWitness, error) {
	skey, vkey, err := generate(nil, name)
	if err != nil {
		return newWitness{}, candor.Wrap(err, candor.Invalid, "No witness was made: %v.", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return newWitness{}, candor.Wrap(err, candor.Unavailable, "%s cannot be made. Choose another place with --dir.", dir)
	}
	file := filepath.Join(dir, witnessKeyFile)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return newWitness{}, candor.Errorf(candor.Conflict, "There is a witness in %s already. One folder is one witness: choose another place with --dir.", dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, witnessState)); !errors.Is(err, fs.ErrNotExist) {
		return newWitness{}, candor.Errorf(candor.Conflict, "%s holds what an earlier witness cosigned. A new key begins in a new folder: choose another place with --dir.", dir)
	}
	if err := writeFile(file, []byte(skey+"\n")); err != nil {
		return newWitness{}, err
	}
	return newWitness{dir, name, vkey}, nil
}

// witnessFlags are what `witness serve` is told.
type witnessFlags struct {
	dir, logs string
	listening
}

func (c *cli) witnessServeCommand() *cobra.Command {
	var in witnessFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Cosign the checkpoints of the logs in a file, until interrupted",
		Long: `Cosign checkpoints of the logs that a file allows: lines "log KEY", as in a policy
of witnesses; other lines of such a file may stand there too. Answers POST
/add-checkpoint as C2SP tlog-witness says, GET /HASH/checkpoint for monitors, and
GET / for people.`,
		Args: noArgs,
		Example: example(
			"candor witness serve --dir witness --logs logs.txt",
			"candor witness serve --dir witness --logs logs.txt --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "dir", "logs"); err != nil {
				return err
			}
			return c.witnessServe(cmd.Context(), in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.dir, "dir", "", "the witness's `folder`, of `candor witness init`")
	f.StringVar(&in.logs, "logs", "", "`file` with the keys of the logs to watch")
	f.StringVar(&in.address, "listen", witnessListen, "`address` to listen at")
	f.StringVar(&in.cert, "tls-cert", "", "`file` with the certificate chain, PEM")
	f.StringVar(&in.key, "tls-key", "", "`file` with the certificate's key, PEM")
	return cmd
}

func (c *cli) witnessServe(ctx context.Context, in witnessFlags) (err error) {
	if (in.cert == "") != (in.key == "") {
		return candor.Errorf(candor.Invalid, "Give --tls-cert and --tls-key together.")
	}
	cfg, err := c.witnessConfig(in)
	if err != nil {
		return err
	}
	s, err := witness.NewServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	listener, err := net.Listen("tcp", in.address)
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "Nothing can listen at %s: it is in use, or not an address of this machine. Choose another with --listen.", in.address)
	}
	scheme := "http"
	if in.cert != "" {
		scheme = "https"
	}
	out := witnessing{scheme + "://" + listener.Addr().String(), cfg.Signer.Name(), cfg.Signer.Key(), len(cfg.Logs)}
	if err := c.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "The witness %s watches %s at %s\n", out.Name, counted(int64(out.Logs), "log", "logs"), out.Address)
	}); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn),
	}
	return runServer(ctx, server, listener, in.listening)
}

func (c *cli) witnessConfig(in witnessFlags) (witness.Config, error) {
	file := filepath.Join(in.dir, witnessKeyFile)
	skey, err := os.ReadFile(file)
	if err != nil {
		return witness.Config{}, candor.Wrap(err, candor.NotFound, "There is no witness in %s. Make one with `candor witness init --dir %s --name NAME`.", in.dir, in.dir)
	}
	signer, err := witness.NewSigner(strings.TrimSpace(string(skey)))
	if err != nil {
		return witness.Config{}, candor.Wrap(err, candor.Verification, "%s is damaged. Make a new witness, with a new key, in a new folder.", file)
	}
	logs, err := allowed(in.logs)
	if err != nil {
		return witness.Config{}, err
	}
	return witness.Config{Signer: signer, Dir: filepath.Join(in.dir, witnessState), Logs: logs, Logger: c.serverLogger()}, nil
}

// allowed reads the logs of a file, which need not be a whole policy.
func allowed(file string) ([]witness.Log, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, candor.Wrap(err, candor.Invalid, "%s cannot be read. Give a file with a line \"log KEY\" for each log to watch.", file)
	}
	p, err := witness.ParsePolicy(text)
	if err != nil { // a list of logs alone has no quorum
		p, err = witness.ParsePolicy(append(text, "\nquorum none\n"...))
	}
	if err != nil {
		return nil, candor.Wrap(err, candor.CodeOf(err), "%s: %s", file, candor.MessageOf(err))
	}
	if len(p.Logs) == 0 {
		return nil, candor.Errorf(candor.Invalid, "%s names no log. Give a line \"log KEY\" for each log to watch; `candor init` prints the key, and a log publishes it at /key.", file)
	}
	return p.Logs, nil
}

func (c *cli) witnessPolicyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "policy [FILE]",
		Short: "Say which witnesses this archive has, or show which",
		Long: `Keep a policy of witnesses for the archive in the data folder: a C2SP tlog-policy
file, with a line "mode wait" or "mode later". In the mode wait nothing is shown
before the witnesses have cosigned its record; in the mode later cosignatures
follow. Without FILE it shows the policy there is, and what it does not protect
from. The policy is public: whoever verifies the log may compare it with theirs.

A server must be stopped first. "quorum none" and no witness ends it.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return candor.Errorf(candor.Invalid, "Give one file: `%s`.", cmd.UseLine())
			}
			return nil
		},
		Example: example("candor witness policy", "candor witness policy witnesses.txt --data /srv/candor"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.server != "" {
				return candor.Errorf(candor.Invalid, "`candor witness policy` is for a data folder: give --data DIR and no --server.")
			}
			p, err := c.witnessPolicy(args)
			if err != nil {
				return err
			}
			out := policyShown{Needed: p.Describe(), Mode: string(p.Mode), Witnesses: []string{}, Warnings: orEmpty(p.Warnings())}
			for _, w := range p.Witnesses {
				out.Witnesses = append(out.Witnesses, w.Key.Name())
			}
			return c.print(out, func(w io.Writer) { printPolicy(w, p, out) })
		},
	}
}

// witnessPolicy keeps a policy, if one was named, and returns the one there is.
func (c *cli) witnessPolicy(args []string) (witness.Policy, error) {
	if len(args) == 0 {
		if _, err := describeFolder(c.data); err != nil {
			return witness.Policy{}, err
		}
		return folderPolicy(c.data)
	}
	p, text, err := readPolicy(args[0])
	if err != nil {
		return witness.Policy{}, err
	}
	f, err := openFolder(c.data)
	if err != nil {
		return witness.Policy{}, err
	}
	key, err := os.ReadFile(filepath.Join(f.path(logDir), "key"))
	if err == nil {
		line, _, _ := strings.Cut(string(key), "\n")
		err = checkPolicy(p, line)
	} else {
		err = candor.Wrap(err, candor.Unavailable, "The key of the log in %s cannot be read.", f.path(logDir))
	}
	if err == nil {
		err = f.keepPolicy(text)
	}
	return p, errors.Join(err, f.Close())
}

func printPolicy(w io.Writer, p witness.Policy, out policyShown) {
	switch {
	case p.NeedsNone():
		fmt.Fprintln(w, "No witness is needed.")
	case p.Mode == witness.Later:
		fmt.Fprintf(w, "%s must cosign; nothing waits for them.\n", out.Needed)
	default:
		fmt.Fprintf(w, "%s must cosign before anything is shown.\n", out.Needed)
	}
	for _, peer := range p.Witnesses {
		fmt.Fprintf(w, "  %-30s %s\n", peer.Key.Name(), peer.URL)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintf(w, "Note: %s\n", warning)
	}
}

// --- how the witnesses do

// fetchWitnessed asks a running server.
func fetchWitnessed(ctx context.Context, address string) (report.Witnessed, bool) {
	b, err := fetch(ctx, strings.TrimSpace(address)+"/log/witnesses.json")
	var out report.Witnessed
	if err != nil || json.Unmarshal(b, &out) != nil {
		return report.Witnessed{}, false
	}
	return out, true
}

func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, witnessAskLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %w", res.Status, fs.ErrNotExist)
	}
	return io.ReadAll(io.LimitReader(res.Body, maxReceiptFile))
}

// lookAtWitnesses checks each witness of a data folder: what it cosigned as
// outsiders see it, and what the running server says of it, or else whether it
// answers.
func lookAtWitnesses(ctx context.Context, dir string, note func(name, detail string, err error)) {
	p, err := folderPolicy(dir)
	if err != nil || len(p.Witnesses) == 0 {
		note("witnesses", "none: the operator can show different logs to different people", err)
		return
	}
	src, err := receipt.OpenSource(logOf(dir))
	var shown []byte
	if err == nil {
		shown, err = src.ReadFile(ctx, "checkpoint")
	}
	if err != nil {
		note("witnesses", "", candor.Wrap(err, candor.Unavailable, "The log's checkpoint cannot be read."))
		return
	}
	states, running := witnessStates(ctx, dir)
	for i, w := range p.Witnesses {
		detail := cosignedWords(shown, w)
		switch {
		case running && i < len(states.Witnesses) && states.Witnesses[i].Code != "":
			err = candor.Errorf(candor.Unavailable, "%s; now: %s", detail, states.Witnesses[i].Message)
		case running:
			err = nil
		default:
			err = answers(ctx, w, shown, detail)
		}
		note("witness "+w.Name, detail, err)
	}
}

// cosignedWords says what outsiders see of a witness.
func cosignedWords(shown []byte, w witness.Peer) string {
	at, err := receipt.CosignedAt(shown, w.Key)
	if err != nil {
		return w.Key.Name() + " has not cosigned the public checkpoint"
	}
	return fmt.Sprintf("%s cosigned the public checkpoint at %s", w.Key.Name(), at.Format(time.RFC3339))
}

// answers asks a witness for the log's checkpoint, as a monitor does. Any
// answer of an HTTP server will do: not every witness serves monitors there.
func answers(ctx context.Context, w witness.Peer, shown []byte, detail string) error {
	origin, _, _ := strings.Cut(string(shown), "\n")
	sum := sha256.Sum256([]byte(origin))
	_, err := fetch(ctx, w.URL+"/"+hex.EncodeToString(sum[:])+"/checkpoint")
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return candor.Wrap(err, candor.Unavailable, "%s; it does not answer at %s now.", detail, w.URL)
}
