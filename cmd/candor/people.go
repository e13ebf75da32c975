package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/wire"
)

func (c *cli) personCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "person", Short: "Add and list the people who may act", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.personAdd(), c.personList())
	return cmd
}

// recorded is what an act that returns nothing but its proof prints.
type recorded struct {
	ID      string `json:"id"`
	Receipt string `json:"receipt"`
}

func (c *cli) personAdd() *cobra.Command {
	var in wire.NewPerson
	var roles []string
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Add a person, or give one other roles or another password (administrator)",
		Long: `Add a person, or give one other roles or another password. Roles are reader,
approver, auditor, contributor and administrator; nobody may be administrator
and reader at once. The new password is asked for, or taken from
CANDOR_NEW_PASSWORD.`,
		Args: oneArg("short name, such as r.osei"),
		Example: example(
			`candor person add r.osei --name "Ruth Osei" --role reader --as admin`,
			`candor person add a.lind --name "Ada Lind" --role approver --role contributor --as admin`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need(cmd, "name", "role"); err != nil {
				return err
			}
			in.ID = candor.PersonID(args[0])
			for _, r := range roles {
				in.Roles = append(in.Roles, candor.Role(r))
			}
			var err error
			if in.Password, err = c.password("CANDOR_NEW_PASSWORD", "New password of "+args[0]+" (at least 10 characters): "); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				done, err := conn.AddPerson(cmd.Context(), in)
				if err != nil {
					return err
				}
				return c.print(recorded{args[0], done.Receipt.Receipt}, func(w io.Writer) {
					fmt.Fprintf(w, "%s may act as %s. Recorded as number %d of the log.\n", args[0], strings.Join(roles, ", "), done.Index)
				})
			})
		},
	}
	cmd.Flags().StringVar(&in.Name, "name", "", "full `name`")
	cmd.Flags().StringArrayVar(&roles, "role", nil, "`role` (repeat for several)")
	return cmd
}

func (c *cli) personList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the people who may act", Args: noArgs, Example: example("candor person list --as admin"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				list, err := conn.People(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(list, func(w io.Writer) {
					t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, p := range list.People {
						fmt.Fprintf(t, "%s\t%s\t%s\n", p.ID, p.Name, rolesOf(p))
					}
					_ = t.Flush()
				})
			})
		},
	}
}

func rolesOf(p candor.Person) string {
	if p.Solo {
		return "solo"
	}
	words := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

func (c *cli) collectionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "collection", Short: "Add, set and list collections", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.collectionAdd(), c.collectionOCR(), c.collectionList())
	return cmd
}

func (c *cli) collectionAdd() *cobra.Command {
	var in wire.NewCollection
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a collection (administrator)", Args: oneArg("name of lower-case letters, digits and hyphens"),
		Example: example(`candor collection add minutes --title "Council minutes" --as admin`),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			if in.Title == "" {
				in.Title = args[0]
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				done, err := conn.AddCollection(cmd.Context(), in)
				if err != nil {
					return err
				}
				return c.print(recorded{args[0], done.Receipt.Receipt}, func(w io.Writer) {
					fmt.Fprintf(w, "The collection %s is there. Recorded as number %d of the log.\n", args[0], done.Index)
				})
			})
		},
	}
	cmd.Flags().StringVar(&in.Title, "title", "", "`title` for people (default: the name)")
	return cmd
}

func (c *cli) collectionOCR() *cobra.Command {
	return &cobra.Command{
		Use: "ocr NAME LANGUAGES", Short: "Choose the languages that a collection's pictures are read in (administrator)",
		Long: `Choose in which languages words are read off the pictures of a collection, by
tesseract's names, joined by +; or off; or auto, which leaves it to the archive (English
and two more that are installed). An addition or an analysis can say others. What was
read stays; candor analyse reads it again.`,
		Args:    twoArgs("name of a collection", "languages"),
		Example: example("candor collection ocr minutes deu+eng --as admin", "candor collection ocr minutes auto --as admin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := wire.CollectionOCR{OCR: args[1]}
			if in.OCR == "auto" {
				in.OCR = ""
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				done, err := conn.SetOCR(cmd.Context(), args[0], in)
				if err != nil {
					return err
				}
				return c.print(recorded{args[0], done.Receipt.Receipt}, func(w io.Writer) {
					fmt.Fprintf(w, "Pictures of %s are read so from now on. Recorded as number %d of the log.\n", args[0], done.Index)
				})
			})
		},
	}
}

func (c *cli) collectionList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List collections and what they hold", Args: noArgs, Example: example("candor collection list --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(conn *connection) error {
				list, err := conn.Collections(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(list, func(w io.Writer) {
					t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					for _, col := range list.Collections {
						fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", col.Name, col.Title, counted(col.Totals.Items, "item", "items"), size(col.Totals.Bytes))
					}
					_ = t.Flush()
				})
			})
		},
	}
}

func (c *cli) loginCommand() *cobra.Command {
	return &cobra.Command{
		Use: "login", Short: "Sign in to a server and keep the sign-in for later commands", Args: noArgs,
		Example: example("candor login --server https://archive.example.org --as r.osei"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.server == "" || c.as == "" {
				return candor.Errorf(candor.Invalid, "Say where and who: candor login --server URL --as PERSON. On a data folder of this machine each command signs in by itself.")
			}
			c.token = ""
			conn, err := c.connectServerAs(cmd)
			if err != nil {
				return err
			}
			return c.print(conn, func(w io.Writer) {
				fmt.Fprintf(w, "Signed in to %s as %s until %s.\n", c.server, conn.Person, conn.Expires)
			})
		},
	}
}

// signedIn is what `login --json` prints.
type signedIn struct {
	Person  candor.PersonID `json:"person"`
	Expires string          `json:"expires"`
}

// connectServerAs signs in and saves the session; it is not ended with the command.
func (c *cli) connectServerAs(cmd *cobra.Command) (signedIn, error) {
	password, err := c.password("CANDOR_PASSWORD", "Password of "+c.as+": ")
	if err != nil {
		return signedIn{}, err
	}
	as := c.as
	c.as = ""
	conn, err := c.connectServer(cmd.Context())
	c.as = as
	if err != nil {
		return signedIn{}, err
	}
	s, err := conn.WithToken("").SignIn(cmd.Context(), candor.PersonID(as), password)
	if err != nil {
		return signedIn{}, err
	}
	if err := c.saveSignIn(c.server, s.Token); err != nil {
		return signedIn{}, err
	}
	return signedIn{s.Person.ID, s.Expires.Local().Format("2006-01-02 15:04")}, nil
}

func (c *cli) tokenCommand() *cobra.Command {
	var in wire.NewToken
	cmd := &cobra.Command{
		Use: "token", Short: "Make an API token for yourself, for programs", Args: noArgs,
		Example: example(`candor token --label "nightly export" --days 30`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := need(cmd, "label"); err != nil {
				return err
			}
			return c.with(cmd.Context(), func(conn *connection) error {
				t, err := conn.NewToken(cmd.Context(), in)
				if err != nil {
					return err
				}
				return c.print(t, func(w io.Writer) { fmt.Fprintln(w, t.Token) })
			})
		},
	}
	cmd.Flags().StringVar(&in.Label, "label", "", "what it is for, in your `words`")
	cmd.Flags().IntVar(&in.Days, "days", 90, "`days` until it expires")
	cmd.Flags().BoolVar(&in.Agent, "agent", false, "for an AI agent: every act with it is recorded as one, with smaller budgets")
	return cmd
}

// newPassword makes a password of 5 groups of 4 letters, 26 letters to choose from.
func newPassword() string { return strings.ToLower(rand.Text()[:20]) }
