package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"candor"
	"candor/internal/archive"
	"candor/internal/client"
	"candor/internal/wire"
	"candor/receipt"
)

const (
	demoCollection = "port-ostrane"
	demoCoverage   = 40
	demoPhrase     = `"invoice 2020-0388"`
	demoDocument   = "harbour/tolleby-invoice-2020-0388.pdf"
)

// The people of the demo.
const (
	demoAdmin    = candor.PersonID("admin")
	demoReader   = candor.PersonID("r.osei")
	demoApprover = candor.PersonID("a.lind")
	demoAuditor  = candor.PersonID("m.adeyemi")
)

// demoed is what `demo --json` prints.
type demoed struct {
	OK      bool         `json:"ok"`
	Steps   []demoStep   `json:"steps"`
	Purpose string       `json:"purpose"`
	SignIns []demoSignIn `json:"sign_ins,omitempty"` // only when it goes on to serve
	Address string       `json:"address,omitempty"`
}

type demoStep struct {
	Step string `json:"step"`
	Held string `json:"held"`
}

type demoSignIn struct {
	Person   candor.PersonID `json:"person"`
	Roles    []candor.Role   `json:"roles"`
	Password string          `json:"password"`
}

func (c *cli) demoCommand() *cobra.Command {
	var once bool
	l := listening{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a sample archive, use it, be refused once, verify it; then serve it",
		Long: `Make an archive of a fictional city's records with its people, and go the whole
way: add, ask for a purpose, approve it, search, open, be refused, verify. Each
step says what held; the first that does not ends the demo with exit code 1.
Then the archive is served, and the sign-ins are printed. Without --data the
archive is a temporary one and is deleted at the end.`,
		Args:    noArgs,
		Example: example("candor demo", "candor demo --once", "candor demo --data ./demo-archive --listen 127.0.0.1:8000"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.server != "" {
				return candor.Errorf(candor.Invalid, "The demo makes an archive of its own on this machine. Leave --server and CANDOR_SERVER away.")
			}
			return c.demo(cmd.Context(), once, l, cmd.Flags().Changed("data"))
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the steps; serve nothing")
	cmd.Flags().StringVar(&l.address, "listen", defaultListen, "`address` to listen at")
	return cmd
}

// demo is the whole demo, in a temporary place unless a data folder was named.
func (c *cli) demo(ctx context.Context, once bool, l listening, keep bool) (err error) {
	place, err := os.MkdirTemp("", "candor-demo-")
	if err != nil {
		return candor.Wrap(err, candor.Unavailable, "There is no place for temporary files.")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	if !keep {
		c.data, c.config = filepath.Join(place, "data"), filepath.Join(place, "config")
	}
	s := &story{cli: c, place: place, out: demoed{Steps: []demoStep{}}, sessions: map[candor.PersonID]*client.Client{}}
	if err := s.make(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAfter(ctx, s.engine)) }()
	if err := s.tell(ctx); err != nil {
		return err
	}
	if once {
		return c.print(s.out, func(w io.Writer) { fmt.Fprintln(w, "\nEvery step held.") })
	}
	return c.serveEngine(ctx, s.engine, l, s.ready)
}

// story is one run of the demo.
type story struct {
	*cli
	place    string
	engine   *engine
	files    int64
	sessions map[candor.PersonID]*client.Client
	purpose  candor.PurposeID
	people   []archive.NewPerson
	out      demoed
}

// make founds the archive with its people.
func (s *story) make(ctx context.Context) error {
	for _, p := range []candor.Person{
		{ID: demoAdmin, Name: "The administrator", Roles: []candor.Role{candor.Administrator, candor.Contributor}},
		{ID: demoReader, Name: "Ruth Osei", Roles: []candor.Role{candor.Reader}},
		{ID: demoApprover, Name: "Ada Lind", Roles: []candor.Role{candor.Approver}},
		{ID: demoAuditor, Name: "Musa Adeyemi", Roles: []candor.Role{candor.Auditor}},
	} {
		s.people = append(s.people, archive.NewPerson{Person: p, Password: newPassword()})
	}
	e, err := createEngine(ctx, creation{
		engineConfig: s.cli.engineConfig(),
		Origin:       newOrigin(), People: s.people, Collection: demoCollection, Title: "Records of Port Ostrane",
	})
	s.engine = e
	return err
}

// tell goes through the steps; the first that does not hold ends it.
func (s *story) tell(ctx context.Context) error {
	for _, step := range []struct {
		name string
		run  func(context.Context) (string, error)
	}{
		{"Four people sign in: an administrator, a reader, an approver and an auditor", s.signIns},
		{"The administrator adds the sample: letters, minutes, mail, pictures", s.add},
		{"The reader searches without a purpose", s.searchWithout},
		{"The reader asks for a purpose", s.ask},
		{"The reader tries to approve it alone", s.approveOwn},
		{"The approver approves it", s.approve},
		{"The reader searches, and finds what is there", s.search},
		{"The reader opens the invoice", s.open},
		{"The reader asks for more than the purpose allows", s.sweep},
		{"An outsider verifies a receipt and the whole log, with no secret", s.verifyAll},
	} {
		s.say("\n%s.\n", step.name)
		held, err := step.run(ctx)
		if err != nil {
			s.say("  This did not hold.\n")
			return err
		}
		s.out.Steps = append(s.out.Steps, demoStep{step.name, held})
		s.say("  %s\n", held)
	}
	s.out.OK, s.out.Purpose = true, string(s.purpose)
	return nil
}

func (s *story) say(format string, args ...any) {
	if !s.json {
		fmt.Fprintf(s.cli.out, format, args...)
	}
}

// broken is the error of a step that ran and did not hold.
func broken(format string, args ...any) error {
	return candor.Errorf(candor.Internal, "The demo does not hold: "+format, args...)
}

// signIns gives each person a client, over the same handler that is served.
func (s *story) signIns(ctx context.Context) (string, error) {
	site, err := s.engine.Site(siteConfig{})
	if err != nil {
		return "", err
	}
	transport := &client.InProcess{Handler: site}
	for _, p := range s.people {
		nobody, err := client.New(client.Config{Server: inProcessAddress, Transport: transport})
		if err != nil {
			return "", err
		}
		session, err := nobody.SignIn(ctx, p.ID, p.Password)
		if err != nil {
			return "", err
		}
		s.sessions[p.ID] = nobody.WithToken(session.Token)
	}
	return "Each may do only what their role says; the administrator, who could give roles, cannot read.", nil
}

func (s *story) add(ctx context.Context) (string, error) {
	box := filepath.Join(s.place, "sample")
	var err error
	if s.files, err = writeSample(box); err != nil {
		return "", err
	}
	start := time.Now()
	a := &client.Adder{Client: s.sessions[demoAdmin], Collection: demoCollection, Source: "sample"}
	stop := s.showProgress(func() string { return addingLine(a.Progress(), time.Since(start)) })
	account, err := a.Add(ctx, []string{box})
	stop()
	if err != nil {
		return "", err
	}
	var sum int64
	for _, n := range account.Conditions {
		sum += n
	}
	switch {
	case account.Files != s.files || sum != s.files:
		return "", broken("%d files were handed in, the account has %d, and %d conditions.", s.files, account.Files, sum)
	case account.Duplicates != 1:
		return "", broken("one file is there twice, and %d duplicates were found.", account.Duplicates)
	case account.Conditions[candor.Encrypted] < 1 || account.Conditions[candor.Failed] < 1 || account.Conditions[candor.Unsupported] < 1:
		return "", broken("a file with a password, a broken one and one of an unknown kind must be named as such: %v.", account.Conditions)
	}
	return fmt.Sprintf("%d files became %d items, all encrypted. Every file has a stated condition: %s. One was a duplicate and is kept once.",
		account.Files, account.Items, conditionsInWords(account.Conditions)), nil
}

func conditionsInWords(conditions map[candor.Condition]int64) string {
	var words []string
	for _, c := range candor.Conditions() {
		if n := conditions[c]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, c))
		}
	}
	return strings.Join(words, ", ")
}

// searchWithout must fail: there is no search without a purpose.
func (s *story) searchWithout(ctx context.Context) (string, error) {
	_, err := s.sessions[demoReader].Search(ctx, wire.SearchRequest{Query: demoPhrase})
	if err == nil {
		return "", broken("a search without a purpose was answered.")
	}
	return "No: " + candor.MessageOf(err), nil
}

func (s *story) ask(ctx context.Context) (string, error) {
	p, err := s.sessions[demoReader].RequestPurpose(ctx, wire.PurposeRequest{
		Reason: "research", Why: "How the city came to be billed for dredging that was never done",
		Collections: []string{demoCollection}, Coverage: demoCoverage, Seconds: int64(7 * 24 * time.Hour / time.Second),
	})
	if err != nil {
		return "", err
	}
	if p.StatusNow != candor.Requested {
		return "", broken("the purpose is %s before anybody approved it.", p.StatusNow)
	}
	s.purpose = p.ID
	return fmt.Sprintf("%s is requested: %d items at most, for a week.", p.ID, p.Coverage), nil
}

func (s *story) approveOwn(ctx context.Context) (string, error) {
	_, err := s.sessions[demoReader].DecidePurpose(ctx, s.purpose, "approve")
	if candor.CodeOf(err) != candor.Denied {
		return "", broken("approving one's own purpose gave %v.", err)
	}
	return "Refused: " + strings.TrimPrefix(candor.MessageOf(err), "Refused: "), nil
}

func (s *story) approve(ctx context.Context) (string, error) {
	p, err := s.sessions[demoApprover].DecidePurpose(ctx, s.purpose, "approve")
	if err != nil {
		return "", err
	}
	if p.StatusNow != candor.Active || p.DecidedBy != demoApprover || p.Solo {
		return "", broken("the purpose is %s, decided by %s.", p.StatusNow, p.DecidedBy)
	}
	return fmt.Sprintf("%s is active. Its approval is record %d of the public log; the custodian asks to see it.", p.ID, p.Index), nil
}

// search must find what is planted, in every language and kind of file.
func (s *story) search(ctx context.Context) (string, error) {
	planted, err := facts()
	if err != nil {
		return "", err
	}
	var told []string
	for _, query := range []string{"invoice 2020-0388", "Lieferverzug", "mascarón", "tallow", "Hulda Bay"} {
		f, ok := planted[query]
		if !ok {
			return "", broken("the sample has no fact %q.", query)
		}
		n, err := s.find(ctx, f)
		if err != nil {
			return "", err
		}
		told = append(told, fmt.Sprintf("%q in %d", query, n))
	}
	return "Found " + strings.Join(told, ", ") + " items. Each search stands in the public log: not its words, but that it was made, under which purpose, and how broad it was.", nil
}

// find makes sure that a search finds every file that a fact names.
func (s *story) find(ctx context.Context, f fact) (int64, error) {
	res, err := s.sessions[demoReader].Search(ctx, wire.SearchRequest{Query: `"` + f.Query + `"`, Purpose: s.purpose, Limit: 30})
	if err != nil {
		return 0, err
	}
	var paths []string
	for _, h := range res.Hits {
		paths = append(paths, h.Path)
	}
	for _, file := range f.Files {
		// The same content can stand under another path: duplicates are one item.
		if !slices.Contains(paths, "sample/"+file) && !s.isDuplicate(file) {
			return 0, broken("%q is in %s, and was found only in %v.", f.Query, file, paths)
		}
	}
	return res.Total, nil
}

// isDuplicate reports whether a file of the sample has the same content as another.
func (s *story) isDuplicate(file string) bool {
	return file == "misc/February minutes (copy).pdf" || file == "council/2021-02-09-minutes.pdf"
}

func (s *story) open(ctx context.Context) (string, error) {
	reader := s.sessions[demoReader]
	res, err := reader.Search(ctx, wire.SearchRequest{Query: demoPhrase, Purpose: s.purpose, Limit: 30})
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(res.Hits, func(h wire.Hit) bool { return h.Path == "sample/"+demoDocument })
	if i < 0 {
		return "", broken("the invoice was found a moment ago and is not now.")
	}
	v, err := reader.Open(ctx, res.Hits[i].Item, s.purpose)
	if err != nil {
		return "", err
	}
	text, err := readText(ctx, &connection{Client: reader}, v.View)
	if err != nil {
		return "", err
	}
	if !strings.Contains(text, "PC-2019-114") {
		return "", broken("the invoice's text does not name the contract.")
	}
	if err := s.sameBytes(ctx, reader, v); err != nil {
		return "", err
	}
	if err := writeFile(s.receiptFile(), []byte(v.Receipt.Receipt)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %d bytes, exactly as it was added. The custodian released its key against record %d. %d of %d items are used.",
		v.Item.Name, v.Item.Size, v.Index, v.Purpose.Covered, v.Purpose.Coverage), nil
}

// sameBytes compares what was opened with what was added.
func (s *story) sameBytes(ctx context.Context, reader *client.Client, v wire.View) (err error) {
	r, err := reader.Original(ctx, v.View)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	got, err := io.ReadAll(r)
	if err != nil {
		return brokeOff(err)
	}
	want, err := sampleFiles.ReadFile(sampleRoot + "/" + demoDocument)
	if err != nil {
		return candor.Wrap(err, candor.Internal, "The sample has no %s.", demoDocument)
	}
	if string(got) != string(want) {
		return broken("what was opened is not what was added.")
	}
	return nil
}

// sweep must be refused by the budget, and must not use any of it.
func (s *story) sweep(ctx context.Context) (string, error) {
	reader := s.sessions[demoReader]
	before, err := reader.Purpose(ctx, s.purpose)
	if err != nil {
		return "", err
	}
	_, err = reader.Search(ctx, wire.SearchRequest{Query: "harbour OR council OR museum OR the", Purpose: s.purpose, Limit: 100})
	if candor.CodeOf(err) != candor.Denied {
		return "", broken("a search for nearly everything gave %v.", err)
	}
	after, err2 := reader.Purpose(ctx, s.purpose)
	if err2 != nil {
		return "", err2
	}
	if after.Covered != before.Covered {
		return "", broken("a refused search used %d items of the budget.", after.Covered-before.Covered)
	}
	return candor.MessageOf(err) + " The refusal itself is on the record.", nil
}

func (s *story) receiptFile() string { return filepath.Join(s.place, "receipt.txt") }

// verifyAll checks the receipt and the log as an outsider would.
func (s *story) verifyAll(ctx context.Context) (string, error) {
	one, _, err := s.verify(ctx, s.receiptFile(), receipt.Options{Key: s.engine.logKey})
	if err != nil {
		return "", err
	}
	if err := s.engine.Publish(ctx); err != nil {
		return "", err
	}
	src := receipt.Dir(filepath.Join(s.data, logDir))
	v, err := receipt.VerifyLog(ctx, src, receipt.Options{Key: s.engine.logKey})
	if err != nil {
		return "", candor.Wrap(err, candor.Verification, "The log cannot be verified.")
	}
	var refusals int64
	for _, n := range v.Figures.Refusals {
		refusals += n
	}
	used := v.Figures.Purposes[string(s.purpose)]
	switch {
	case !one.OK || !v.OK:
		return "", candor.Errorf(candor.Verification, "Verification failed: %v %v", one.Problems, v.Problems)
	case refusals < 2 || v.Figures.Unanswered != 0:
		return "", broken("the log shows %d refusals and %d unanswered intents.", refusals, v.Figures.Unanswered)
	case used == nil || used.Used < 1 || used.Used > demoCoverage:
		return "", broken("the log does not show what the purpose has used.")
	}
	return fmt.Sprintf("%d records, every one in the signed tree; %d refusals; the purpose used %d of its %d items.",
		v.Records, refusals, used.Used, used.Coverage), nil
}

// ready prints where the archive is and how to sign in.
func (s *story) ready(at serving) error {
	s.out.Address = at.Address
	for _, p := range s.people {
		s.out.SignIns = append(s.out.SignIns, demoSignIn{p.ID, p.Roles, p.Password})
	}
	return s.print(s.out, func(w io.Writer) {
		fmt.Fprintf(w, "\nEvery step held. The archive is at %s\n\n", at.Address)
		for _, in := range s.out.SignIns {
			fmt.Fprintf(w, "  %-10s %s   (%s)\n", in.Person, in.Password, rolesOf(candor.Person{Roles: in.Roles}))
		}
		fmt.Fprintf(w, "\nSearch as %s under %s. The public log needs no sign-in: %s/log\nEnd with Ctrl-C.\n", demoReader, s.purpose, at.Address)
	})
}
