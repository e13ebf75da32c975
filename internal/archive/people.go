package archive

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"candor"
	"candor/receipt"
)

// systemID is the archive itself: it starts, and it restores. It holds no
// password and no purpose, so it can neither sign in nor search.
const systemID candor.PersonID = "system"

var system = Actor{Person: candor.Person{ID: systemID, Name: "the archive itself", Roles: []candor.Role{candor.Administrator}}}

const sessionLifetime = 12 * time.Hour

// token is an API token as it is kept: its secret only as a hash.
type token struct {
	Hash    []byte    `json:"hash"`
	Label   string    `json:"label"`
	Expires time.Time `json:"expires"`
	Agent   bool      `json:"agent,omitempty"`
}

var personPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// SignIn starts a session. It does not tell an unknown person from a wrong
// password, and slows down after repeated failures.
func (a *Archive) SignIn(ctx context.Context, who candor.PersonID, password string) (Session, error) {
	if err := a.attempts.allow(who, a.cfg.Now()); err != nil {
		return Session{}, err
	}
	acc, known := a.books.person(who)
	stored := acc.Password
	if stored == "" {
		stored = decoyPassword()
	}
	if !checkPassword(stored, password) || !known || acc.Password == "" || acc.Revoked {
		a.attempts.failed(who, a.cfg.Now())
		return Session{}, candor.Errorf(candor.SignIn, "That name and password do not belong together. Nothing was opened. Try again, or ask an administrator for a new password.")
	}
	a.attempts.clear(who)
	secret, err := newSecret(a.cfg.Rand)
	if err != nil {
		return Session{}, err
	}
	expires := a.cfg.Now().Add(sessionLifetime)
	if err := a.cfg.Catalog.PutSession(ctx, hashSecret(secret), who, expires); err != nil {
		return Session{}, err
	}
	return Session{Secret: secret, Person: acc.Person, Expires: expires}, nil
}

// Authenticate finds who holds a session secret or an API token.
func (a *Archive) Authenticate(ctx context.Context, secret string) (Actor, error) {
	unknown := candor.Errorf(candor.SignIn, "Sign in first: this session or token is not known, or has ended.")
	if secret == "" {
		return Actor{}, unknown
	}
	hash := hashSecret(secret)
	if actor, ok := a.tokenHolder(hash); ok {
		return actor, nil
	}
	who, expires, err := a.cfg.Catalog.Session(ctx, hash)
	if candor.CodeOf(err) == candor.NotFound {
		return Actor{}, unknown
	}
	if err != nil {
		return Actor{}, err
	}
	acc, ok := a.books.person(who)
	if !ok || acc.Revoked || !a.cfg.Now().Before(expires) {
		return Actor{}, unknown
	}
	return Actor{Person: acc.Person}, nil
}

func (a *Archive) tokenHolder(hash []byte) (Actor, bool) {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	for _, acc := range a.books.people {
		for _, t := range acc.Tokens {
			if subtle.ConstantTimeCompare(t.Hash, hash) == 1 && a.cfg.Now().Before(t.Expires) && !acc.Revoked {
				return Actor{Person: acc.Person, Agent: t.Agent}, true
			}
		}
	}
	return Actor{}, false
}

// SignOut ends a session. Ending one that is not known is no error.
func (a *Archive) SignOut(ctx context.Context, secret string) error {
	return a.cfg.Catalog.DeleteSession(ctx, hashSecret(secret))
}

// Solo returns the one person of a solo archive, or a NotFound error.
func (a *Archive) Solo(context.Context) (Actor, error) {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	for _, acc := range a.books.people {
		if acc.Person.Solo && len(a.books.people) == 1 {
			return Actor{Person: acc.Person}, nil
		}
	}
	return Actor{}, candor.Errorf(candor.NotFound, "This archive is not a solo archive. Sign in, or name who acts with --as.")
}

// Operator returns the archive itself as an actor, for whoever holds the data
// folder and the key files of an archive in which nobody can sign in because
// its catalog is empty: it can do nothing but Found and Rebuild, and both are
// recorded. In an archive that has people it is a Conflict.
func (a *Archive) Operator(ctx context.Context) (Actor, error) {
	if people, err := a.People(ctx, system); err != nil || len(people) > 0 {
		return Actor{}, candor.Errorf(candor.Conflict, "This archive has people. Sign in as one of them.")
	}
	return system, nil
}

// People lists everybody, by ID. Anybody signed in may see the list.
func (a *Archive) People(_ context.Context, _ Actor) ([]candor.Person, error) {
	a.books.mu.RLock()
	defer a.books.mu.RUnlock()
	people := make([]candor.Person, 0, len(a.books.people))
	for _, acc := range a.books.people {
		people = append(people, acc.Person)
	}
	slices.SortFunc(people, func(x, y candor.Person) int { return strings.Compare(string(x.ID), string(y.ID)) })
	return people, nil
}

// AddPerson adds somebody, or gives an existing person other roles or another
// password. An empty password keeps the one there is.
func (a *Archive) AddPerson(ctx context.Context, who Actor, p candor.Person, password string) (Receipted, error) {
	if err := checkPerson(p, password); err != nil {
		return Receipted{}, err
	}
	work := act{kind: candor.ActChangeTerms, who: who, details: a.details(who, Details{Subject: "person " + string(p.ID)})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		return result{}, a.savePerson(ctx, p, password)
	})
	return Receipted{Receipt: done.receipt}, err
}

func checkPerson(p candor.Person, password string) error {
	switch {
	case !personPattern.MatchString(string(p.ID)) || p.ID == systemID:
		return candor.Errorf(candor.Invalid, "A person's short name has lower-case letters, digits, dots, hyphens or underscores, at most 63, such as r.osei.")
	case strings.TrimSpace(p.Name) == "":
		return candor.Errorf(candor.Invalid, "Say what the person is called.")
	case password != "" && len([]rune(password)) < 10:
		return candor.Errorf(candor.Invalid, "A password needs at least 10 characters.")
	case p.Solo:
		return candor.Errorf(candor.Invalid, "A solo archive is made by `candor init --solo`; nobody can be made solo later.")
	case p.Has(candor.Administrator) && p.Has(candor.Reader):
		return candor.Errorf(candor.Invalid, "Administering and reading are separate: give the person one of the two roles, not both.")
	}
	for _, r := range p.Roles {
		if !slices.Contains([]candor.Role{candor.Reader, candor.Approver, candor.Auditor, candor.Administrator, candor.Contributor}, r) {
			return candor.Errorf(candor.Invalid, "There is no role %q. Roles are reader, approver, auditor, administrator and contributor.", r)
		}
	}
	return nil
}

func (a *Archive) savePerson(ctx context.Context, p candor.Person, password string) error {
	acc, known := a.books.person(p.ID)
	if !known {
		p.Created = a.now()
	} else {
		p.Created = acc.Created
	}
	acc.Person = p
	if password != "" {
		hash, err := hashPassword(password, a.cfg.Rand)
		if err != nil {
			return err
		}
		acc.Password = hash
	}
	if err := a.putDocument(ctx, kindPerson, string(p.ID), acc); err != nil {
		return err
	}
	a.books.keepPerson(acc)
	return nil
}

// NewToken makes an API token for the actor, or for an AI agent that acts for
// them. The secret is returned once. What an agent makes is an agent's.
func (a *Archive) NewToken(ctx context.Context, who Actor, label string, lifetime time.Duration, agent bool) (string, error) {
	if lifetime <= 0 || lifetime > 366*24*time.Hour {
		return "", candor.Errorf(candor.Invalid, "A token lives between a moment and 366 days.")
	}
	a.tokens.Lock()
	defer a.tokens.Unlock()
	acc, ok := a.books.person(who.Person.ID)
	if !ok {
		return "", candor.Errorf(candor.SignIn, "Sign in first.")
	}
	secret, err := newSecret(a.cfg.Rand)
	if err != nil {
		return "", err
	}
	now := a.cfg.Now()
	live := slices.DeleteFunc(slices.Clone(acc.Tokens), func(t token) bool { return !now.Before(t.Expires) })
	acc.Tokens = append(live, token{Hash: hashSecret(secret), Label: label, Expires: now.Add(lifetime), Agent: agent || who.Agent})
	if err := a.putDocument(ctx, kindPerson, string(acc.ID), acc); err != nil {
		return "", err
	}
	a.books.keepPerson(acc)
	return secret, nil
}

// NewPerson is somebody to be there from the beginning.
type NewPerson struct {
	candor.Person
	Password string // may be empty for the one person of a solo archive
}

// Found makes the first people and the first collection of an empty archive.
// It refuses to run in an archive that has people.
func (a *Archive) Found(ctx context.Context, people []NewPerson, collection, title string) (receipt.Receipt, error) {
	if existing, _ := a.People(ctx, system); len(existing) > 0 {
		return receipt.Receipt{}, candor.Errorf(candor.Conflict, "This archive has people already. Use `candor person add`.")
	}
	work := act{kind: candor.ActChangeTerms, who: system, details: a.details(system, Details{Subject: "founding"})}
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (result, error) {
		for _, p := range people {
			if err := a.foundPerson(ctx, p, len(people)); err != nil {
				return result{}, err
			}
		}
		return result{}, a.saveCollection(ctx, collection, title)
	})
	return done.receipt, err
}

func (a *Archive) foundPerson(ctx context.Context, p NewPerson, people int) error {
	check := p.Person
	if p.Solo && people == 1 {
		check.Solo, check.Roles = false, []candor.Role{candor.Reader}
	}
	if err := checkPerson(check, p.Password); err != nil {
		return err
	}
	return a.savePerson(ctx, p.Person, p.Password)
}

// details fills in who acts.
func (a *Archive) details(who Actor, d Details) Details {
	d.Person, d.Name = who.Person.ID, who.Person.Name
	return d
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Argon2id with the parameters of RFC 9106's second choice, less memory: 19 MiB,
// two passes (OWASP's minimum for a server that many people sign in to).
const (
	argonTime, argonMemory, argonThreads, argonKey = 2, 19 * 1024, 1, 32
)

func hashPassword(password string, rand io.Reader) (string, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return "", candor.Wrap(err, candor.Unavailable, "No randomness could be had; try again.")
	}
	return encodePassword(salt, argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)), nil
}

func encodePassword(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("argon2id$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(key))
}

func checkPassword(stored, password string) bool {
	parts := strings.Split(stored, "$")
	if len(parts) != 3 || parts[0] != "argon2id" {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return subtle.ConstantTimeCompare([]byte(encodePassword(salt, key)), []byte(stored)) == 1
}

// decoyPassword is checked when there is none, so that an unknown person takes
// as long as a known one.
var decoyPassword = sync.OnceValue(func() string {
	return encodePassword(make([]byte, 16), make([]byte, argonKey))
})

// attempts bounds guessing: after 5 failures for a name in 10 minutes, further
// tries for that name are refused until the first of them is 10 minutes old.
type attempts struct {
	mu    sync.Mutex
	times map[candor.PersonID][]time.Time
}

const (
	attemptsMost   = 5
	attemptsWindow = 10 * time.Minute
)

func (t *attempts) allow(who candor.PersonID, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(since(t.times[who], now.Add(-attemptsWindow))) >= attemptsMost {
		return candor.Errorf(candor.SignIn, "Too many failed sign-ins for this name. Wait ten minutes, then try again.")
	}
	return nil
}

func (t *attempts) failed(who candor.PersonID, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == nil || len(t.times) > 10_000 {
		t.times = make(map[candor.PersonID][]time.Time)
	}
	t.times[who] = append(since(t.times[who], now.Add(-attemptsWindow)), now)
}

func (t *attempts) clear(who candor.PersonID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.times, who)
}
