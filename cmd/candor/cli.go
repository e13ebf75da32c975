package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"candor"
	"candor/internal/analyze/embed"
	"candor/internal/analyze/endpoint"
	"candor/internal/wire"
)

// Exit codes, as docs/cli.md promises them.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitRefused      = 3
	exitVerification = 4
)

const defaultData = "candor-data"

// version is set by the build; a build from a module carries its own.
var version = ""

// cli is one run of the command.
type cli struct {
	in          io.Reader
	out, errOut io.Writer
	env         func(string) string

	// global flags
	data, server, token, as, config string
	json, verbose                   bool
	repair                          bool // a damaged catalog or index is made anew instead of refused
	inspect                         bool // an index that lacks items is opened, to be told of

	began bool // a command's own work has begun: what fails now is not wrong usage
}

// silent is an error that has been told already, with the exit code it stands for.
type silent struct{ code int }

func (silent) Error() string { return "told already" }

// command builds the tree of commands.
func (c *cli) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "candor",
		Short: "An archive you can search, but not search in secret",
		Long: `Candor keeps documents, mail and pictures sealed, and lets people search them
only for an approved purpose, on the record. Everybody can check the record.

Try it:            candor demo
Your own folder:   candor init --solo
                   candor add ~/Documents --collection main
                   candor purpose request --collection main --reason research --why "getting to know it"
                   candor search "quarterly report" --purpose p-…

A command works on a running server (--server URL) or on a data folder of this
machine (--data DIR, by default $CANDOR_DATA or ./candor-data).

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by the terms, 4 verification failed.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			c.began = true
			return c.settle(cmd)
		},
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&c.data, "data", "", "data `folder` of this machine (default $CANDOR_DATA or ./candor-data)")
	flags.StringVar(&c.server, "server", "", "`address` of a running server (default $CANDOR_SERVER)")
	flags.StringVar(&c.token, "token", "", "API `token` of who acts (default $CANDOR_TOKEN)")
	flags.StringVar(&c.as, "as", "", "`person` who acts, with the password of $CANDOR_PASSWORD or asked for (default $CANDOR_AS)")
	flags.StringVar(&c.config, "config", "", "`folder` with this archive's keys (default $CANDOR_CONFIG, or one for each archive in the user's configuration)")
	flags.BoolVar(&c.json, "json", false, "print one JSON object, and errors as JSON")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "log what the server in this process does, on standard error")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return candor.Errorf(candor.Invalid, "%v. See `%s --help`.", err, cmd.CommandPath())
	})
	root.AddCommand(
		c.demoCommand(), c.initCommand(), c.serveCommand(), c.addCommand(), c.statusCommand(), c.purposeCommand(), c.reasonsCommand(),
		c.searchCommand(), c.savedCommand(), c.askCommand(), c.openCommand(), c.exportCommand(), c.analyseCommand(), c.jobsCommand(), c.retypeCommand(), c.verifyCommand(), c.reportCommand(), c.checkCommand(), c.rebuildCommand(), c.rekeyCommand(),
		c.doctorCommand(), c.kitCommand(), c.personCommand(), c.collectionCommand(), c.loginCommand(), c.tokenCommand(),
		c.auditCommand(), c.mcpCommand(), c.custodianCommand(), c.sequencerCommand(), c.versionCommand(), c.witnessCommand(),
	)
	root.AddCommand(c.childCommands()...)
	return root
}

// settle fills in global flags from the environment.
func (c *cli) settle(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if flags.Changed("data") && flags.Changed("server") {
		return candor.Errorf(candor.Invalid, "Give --data or --server, not both.")
	}
	if c.server == "" && !flags.Changed("data") {
		c.server = c.env("CANDOR_SERVER")
	}
	for _, f := range []struct {
		value           *string
		name, otherwise string
	}{{&c.data, "CANDOR_DATA", defaultData}, {&c.token, "CANDOR_TOKEN", ""}, {&c.as, "CANDOR_AS", ""}, {&c.config, "CANDOR_CONFIG", ""}} {
		if *f.value == "" {
			*f.value = c.env(f.name)
		}
		if *f.value == "" {
			*f.value = f.otherwise
		}
	}
	return nil
}

// configFolder is where sign-ins are kept: the folder that was named, or the
// user's for Candor. Keys stand in it too, or in a folder of it for each origin.
func (c *cli) configFolder() (string, error) {
	if c.config != "" {
		return c.config, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", candor.Wrap(err, candor.Invalid, "There is no folder of this user to keep keys and sign-ins in. Say where with --config or CANDOR_CONFIG.")
	}
	return filepath.Join(base, "candor"), nil
}

// engineConfig says which archive of this machine to open. A command tells what
// went wrong by itself; its server half logs only when asked to.
func (c *cli) engineConfig() engineConfig {
	logger := slog.New(slog.DiscardHandler)
	if c.verbose {
		logger = c.serverLogger()
	}
	return engineConfig{
		Data: c.data, Keys: c.config, Repair: c.repair, Logger: logger,
		Chat:  c.endpoint("chat"),
		Names: c.endpoint("names"),
		Embed: embedConfig{
			Folder:   embed.FolderConfig{Dir: c.env("CANDOR_EMBED_FOLDER"), Program: c.env("CANDOR_EMBED_PROGRAM"), Library: c.env("CANDOR_EMBED_LIBRARY")},
			Endpoint: c.endpoint("embed"),
		},
		Speech:    speechConfig{Endpoint: c.endpoint("speech"), Program: c.env("CANDOR_SPEECH_PROGRAM"), File: c.env("CANDOR_SPEECH_FILE")},
		Translate: translateConfig{Endpoint: c.endpoint("translate"), Program: c.env("CANDOR_TRANSLATE_PROGRAM"), File: c.env("CANDOR_TRANSLATE_FILE")},
		Passphrase: func(file string) (string, error) {
			return c.password("CANDOR_KEY_PASSPHRASE", "Passphrase of "+file+": ")
		},
	}
}

// endpoint reads from the environment where a model is.
func (c *cli) endpoint(kind string) endpoint.Config {
	get := func(part string) string { return c.env(endpoint.Setting(kind, part)) }
	return endpoint.Config{Kind: kind, URL: get("URL"), Model: get("MODEL"), Key: get("KEY"), Remote: get("REMOTE") == "yes"}
}

// exit tells an error and returns the exit code.
func (c *cli) exit(err error) int {
	var told silent
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &told):
		return told.code
	case errors.Is(err, context.Canceled):
		err = candor.Errorf(candor.Unavailable, "Interrupted.")
	}
	if candor.CodeOf(err) == candor.SignIn && c.server != "" && c.token == "" && c.as == "" {
		err = candor.Wrap(err, candor.SignIn, "Not signed in to %s, or no longer. Run `candor login --server %s --as PERSON`, or set CANDOR_TOKEN.", c.server, c.server)
	}
	if _, ours := errors.AsType[*candor.Error](err); !ours && !c.began {
		err = candor.Errorf(candor.Invalid, "%v. See `candor --help`.", err)
	}
	c.tell(err)
	return exitCode(candor.CodeOf(err))
}

// tell writes an error to standard error, in the form that was asked for.
func (c *cli) tell(err error) {
	if c.json {
		body := wire.ErrorBody{Code: candor.CodeOf(err), Message: candor.MessageOf(err), At: candor.PlaceOf(err)}
		if e, ok := errors.AsType[*candor.Error](err); ok {
			body.Rule = e.Rule
		}
		_ = json.NewEncoder(c.errOut).Encode(wire.Error{Error: body})
		return
	}
	fmt.Fprintf(c.errOut, "candor: %s\n", candor.MessageOf(err))
	if c.verbose || candor.CodeOf(err) == candor.Internal {
		fmt.Fprintf(c.errOut, "cause: %v\n", err)
	}
}

func exitCode(code candor.Code) int {
	switch code {
	case candor.Invalid:
		return exitUsage
	case candor.Denied:
		return exitRefused
	case candor.Verification:
		return exitVerification
	}
	return exitFailed
}

// print writes one object, as JSON or as text.
func (c *cli) print(v any, text func(w io.Writer)) error {
	if !c.json {
		text(c.out)
		return nil
	}
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// note writes a line for people to standard error.
func (c *cli) note(format string, args ...any) {
	fmt.Fprintf(c.errOut, format+"\n", args...)
}

// password is the secret of who acts, from the environment or asked for.
func (c *cli) password(variable, prompt string) (string, error) {
	if p := c.env(variable); p != "" {
		return p, nil
	}
	file, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "", candor.Errorf(candor.SignIn, "There is no terminal to ask for the password. Set %s.", variable)
	}
	fmt.Fprint(c.errOut, prompt)
	secret, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(c.errOut)
	if err != nil {
		return "", candor.Wrap(err, candor.SignIn, "The password could not be read. Set %s.", variable)
	}
	return string(secret), nil
}

// terminal reports whether people watch standard error.
func (c *cli) terminal() bool {
	f, ok := c.errOut.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && !c.json
}

// noArgs, oneArg and someArgs check arguments with messages that say what to do.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return candor.Errorf(candor.Invalid, "There is no command %q. See `%s --help`.", args[0], cmd.CommandPath())
	}
	return candor.Errorf(candor.Invalid, "`%s` takes no arguments, and %q is one. See `%s --help`.", cmd.CommandPath(), args[0], cmd.CommandPath())
}

func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return candor.Errorf(candor.Invalid, "Give one %s: `%s`.", what, cmd.UseLine())
		}
		return nil
	}
}

func twoArgs(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return candor.Errorf(candor.Invalid, "Give one %s and %s: `%s`.", first, second, cmd.UseLine())
		}
		return nil
	}
}

func someArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return candor.Errorf(candor.Invalid, "Give at least one %s: `%s`.", what, cmd.UseLine())
		}
		return nil
	}
}

// need makes sure that a flag which has no default was given.
func need(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f == nil || f.Value.String() == "" || f.Value.String() == "[]" {
			return candor.Errorf(candor.Invalid, "Say --%s. See `%s --help`.", name, cmd.CommandPath())
		}
	}
	return nil
}

// example indents the examples of a command's help.
func example(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs, Example: example("candor version --json"),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Format  int    `json:"format"`
			}{versionText(), candor.FormatVersion}
			return c.print(v, func(w io.Writer) { fmt.Fprintf(w, "candor %s (data folder format %d)\n", v.Version, v.Format) })
		},
	}
}

// versionText is the version set by the build, or what the build knows of its source.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
