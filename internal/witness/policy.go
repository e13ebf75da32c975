package witness

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/receipt"
)

// Mode says whether a log waits for its witnesses.
type Mode string

const (
	Wait  Mode = "wait"  // a checkpoint is handed on when the quorum cosigned it
	Later Mode = "later" // at once; cosignatures follow
)

const (
	maxPolicy    = 256 << 10 // bytes
	maxWitnesses = 256       // also of groups and logs
)

// Policy says which witnesses a log has and which of them suffice. It is read
// from a C2SP tlog-policy file (https://c2sp.org/tlog-policy), with one line
// more that other readers do not know, mode:
//
//	witness w1 witness.example/w1+1a2b3c4d+BBase64= https://witness.example/w1
//	witness w2 ...
//	witness w3 ...
//	group all-three 3 w1 w2 w3
//	quorum all-three
//	mode wait
//
// The zero Policy has no witnesses and needs none.
type Policy struct {
	Logs      []Log
	Witnesses []Peer
	Mode      Mode
	quorum    member
	name      string // of the quorum
}

// Peer is a witness that a policy names.
type Peer struct {
	Name     string        // in the policy file; the key has a name of its own
	Key      note.Verifier // cosignature/v1
	URL      string        // submission prefix, without a slash at the end; may be empty in a policy that only verifies
	identity string
}

// member is a witness or a group of them: k of members must have cosigned.
type member struct {
	peer    int // index into Witnesses, if there are no members
	k       int
	members []member
}

// ParsePolicy reads a policy file. The error names the line, and is Invalid;
// NotSupported for key types that Candor cannot verify yet.
func ParsePolicy(text []byte) (Policy, error) {
	if len(text) > maxPolicy {
		return Policy{}, candor.Errorf(candor.TooLarge, "The policy has more than %d bytes.", maxPolicy)
	}
	p := &policyParser{named: map[string]member{}, used: map[string]bool{}}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if err := p.line(string(line)); err != nil {
			return Policy{}, candor.Errorf(codeOf(err), "Line %d of the policy: %v.", i+1, err)
		}
	}
	if p.policy.name == "" {
		return Policy{}, candor.Errorf(candor.Invalid, "The policy has no quorum line. It needs one, such as \"quorum none\".")
	}
	if p.policy.Mode == "" {
		p.policy.Mode = Wait
	}
	return p.policy, nil
}

func codeOf(err error) candor.Code {
	if code := candor.CodeOf(err); code != candor.Internal {
		return code
	}
	return candor.Invalid
}

type policyParser struct {
	policy Policy
	named  map[string]member
	used   map[string]bool // names that are in a group already
}

func (p *policyParser) line(line string) error {
	for _, c := range []byte(line) {
		if c != '\t' && (c < 0x20 || c == 0x7f) {
			return fmt.Errorf("control character 0x%02x; lines end with a newline alone", c)
		}
	}
	f := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(f) == 0 || strings.HasPrefix(f[0], "#") {
		return nil
	}
	switch f[0] {
	case "log":
		return p.log(f[1:])
	case "witness":
		return p.witness(f[1:])
	case "group":
		return p.group(f[1:])
	case "quorum":
		return p.quorum(f[1:])
	case "mode":
		return p.mode(f[1:])
	}
	return fmt.Errorf("unknown word %.40q; known are log, witness, group, quorum, mode", f[0])
}

func (p *policyParser) log(f []string) error {
	if len(f) != 1 && len(f) != 2 {
		return fmt.Errorf("a log is: log KEY [URL]")
	}
	v, err := receipt.NewVerifier(f[0])
	if err != nil {
		return err
	}
	if len(f) == 2 {
		if _, err := parseURL(f[1]); err != nil {
			return err
		}
	}
	same := func(l Log) bool { return publicKey(l.Key) == publicKey(f[0]) }
	if slices.ContainsFunc(p.policy.Logs, same) || len(p.policy.Logs) == maxWitnesses {
		return fmt.Errorf("the key of the log %.80q stands in an earlier line, or there are more than %d logs", v.Name(), maxWitnesses)
	}
	p.policy.Logs = append(p.policy.Logs, Log{Origin: v.Name(), Key: f[0]})
	return nil
}

func (p *policyParser) witness(f []string) error {
	if len(f) != 2 && len(f) != 3 {
		return fmt.Errorf("a witness is: witness NAME KEY [URL]")
	}
	peer := Peer{Name: f[0], identity: publicKey(f[1])}
	var err error
	if peer.Key, err = witnessKey(f[1]); err != nil {
		return err
	}
	if len(f) == 3 {
		if peer.URL, err = parseURL(f[2]); err != nil {
			return err
		}
	}
	same := func(o Peer) bool {
		return o.identity == peer.identity || (o.Key.Name() == peer.Key.Name() && o.Key.KeyHash() == peer.Key.KeyHash())
	}
	if slices.ContainsFunc(p.policy.Witnesses, same) {
		return fmt.Errorf("the key of the witness %.80q stands in an earlier line: one key is one witness", f[0])
	}
	if err := p.define(f[0], member{peer: len(p.policy.Witnesses)}); err != nil {
		return err
	}
	p.policy.Witnesses = append(p.policy.Witnesses, peer)
	return nil
}

// witnessKey reads the key of a witness, of either type.
func witnessKey(vkey string) (note.Verifier, error) {
	key, _ := base64.StdEncoding.DecodeString(publicPart(vkey))
	if len(key) == 0 || key[0] != receipt.CosignatureV1 && key[0] != receipt.CosignatureMLDSA {
		return nil, fmt.Errorf("%.80q is not the key of a witness (cosignature/v1, type 0x04, or ML-DSA-44, type 0x06)", vkey)
	}
	return receipt.NewVerifier(vkey)
}

func publicPart(vkey string) string {
	parts := strings.SplitN(vkey, "+", 3)
	return parts[len(parts)-1]
}

// publicKey is the key without its type and name: what two lines must not share.
func publicKey(vkey string) string {
	key, _ := base64.StdEncoding.DecodeString(publicPart(vkey))
	if len(key) == 0 {
		return vkey
	}
	return string(key[1:])
}

func parseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%.200q is not an http or https address", s)
	}
	return strings.TrimRight(s, "/"), nil
}

func (p *policyParser) define(name string, m member) error {
	if _, ok := p.named[name]; ok || name == "none" {
		return fmt.Errorf("the name %.80q is taken", name)
	}
	if len(p.named) == 2*maxWitnesses {
		return fmt.Errorf("more than %d witnesses and groups", 2*maxWitnesses)
	}
	p.named[name] = m
	return nil
}

func (p *policyParser) group(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("a group is: group NAME any|all|K MEMBER...")
	}
	g := member{}
	for _, name := range f[2:] {
		m, ok := p.named[name]
		if !ok {
			return fmt.Errorf("%.80q is neither a witness nor a group of an earlier line", name)
		}
		if p.used[name] {
			return fmt.Errorf("%.80q is a member already: each counts once", name)
		}
		p.used[name] = true
		g.members = append(g.members, m)
	}
	var err error
	if g.k, err = threshold(f[1], len(g.members)); err != nil {
		return err
	}
	return p.define(f[0], g)
}

func threshold(s string, n int) (int, error) {
	switch s {
	case "any":
		return 1, nil
	case "all":
		return n, nil
	}
	k, err := strconv.Atoi(s)
	if err != nil || k < 1 || k > n || strconv.Itoa(k) != s {
		return 0, fmt.Errorf("%.40q is not any, all or a number from 1 to %d", s, n)
	}
	return k, nil
}

func (p *policyParser) quorum(f []string) error {
	if len(f) != 1 || p.policy.name != "" {
		return fmt.Errorf("a policy has one line: quorum NAME")
	}
	m, ok := p.named[f[0]]
	if !ok && f[0] != "none" {
		return fmt.Errorf("%.80q is neither a witness nor a group of an earlier line, nor none", f[0])
	}
	p.policy.name, p.policy.quorum = f[0], m
	return nil
}

func (p *policyParser) mode(f []string) error {
	if len(f) != 1 || p.policy.Mode != "" || (f[0] != string(Wait) && f[0] != string(Later)) {
		return fmt.Errorf("a policy has at most one line: mode wait or mode later")
	}
	p.policy.Mode = Mode(f[0])
	return nil
}

// NeedsNone reports whether a checkpoint counts without any cosignature.
func (p Policy) NeedsNone() bool { return p.name == "" || p.name == "none" }

// Satisfied reports whether the witnesses that cosigned (by their index in
// Witnesses) suffice.
func (p Policy) Satisfied(cosigned func(i int) bool) bool {
	return p.NeedsNone() || p.quorum.satisfied(cosigned)
}

func (m member) satisfied(cosigned func(int) bool) bool {
	if len(m.members) == 0 {
		return cosigned(m.peer)
	}
	n := 0
	for _, sub := range m.members {
		if sub.satisfied(cosigned) {
			n++
		}
	}
	return n >= m.k
}

// Flat returns k and n of a policy that is "k of these n witnesses". ok is
// false for groups within groups.
func (p Policy) Flat() (k int, of []Peer, ok bool) {
	if p.NeedsNone() {
		return 0, nil, true
	}
	top := p.quorum
	if len(top.members) == 0 {
		top = member{k: 1, members: []member{top}}
	}
	for _, m := range top.members {
		if len(m.members) > 0 {
			return 0, nil, false
		}
		of = append(of, p.Witnesses[m.peer])
	}
	return top.k, of, true
}

// Trust makes of the policy what receipt verifies with. NotSupported for groups
// within groups, which receipts cannot be checked against yet.
func (p Policy) Trust(log note.Verifier) (receipt.Trust, error) {
	k, of, ok := p.Flat()
	if !ok {
		return receipt.Trust{}, candor.Errorf(candor.NotSupported, "The policy has groups within groups. Receipts are checked against one group of witnesses: write it so.")
	}
	t := receipt.Trust{Log: log, Quorum: k}
	for _, w := range of {
		t.Witnesses = append(t.Witnesses, w.Key)
	}
	return t, nil
}

// SafeQuorum is how many of n witnesses must cosign so that, with fewer than a
// third of them dishonest, nobody can be shown another log.
func SafeQuorum(n int) int { return 1 + 2*n/3 }

// overlap is how many witnesses any two quorums have in common at least: one
// fewer may be dishonest before two histories can both be witnessed.
func (m member) overlap() int {
	if len(m.members) == 0 {
		return 1
	}
	costs := make([]int, len(m.members))
	for i, sub := range m.members {
		costs[i] = sub.overlap()
	}
	slices.Sort(costs)
	sum := 0
	for _, c := range costs[:max(0, 2*m.k-len(costs))] {
		sum += c
	}
	return sum
}

// Warnings says in plain words what the policy does not protect from. None is
// the answer to a good policy.
func (p Policy) Warnings() []string {
	if p.NeedsNone() {
		return []string{"No witness is needed: the operator of the log can show different logs to different people."}
	}
	var out []string
	switch n := p.quorum.overlap(); n {
	case 0:
		out = append(out, "Two halves of the witnesses can each be shown another log, although all of them are honest: ask for more of them.")
	case 1:
		out = append(out, "One dishonest witness is enough to show different logs to different people.")
	}
	if k, of, ok := p.Flat(); ok && len(of) > 1 {
		if safe := SafeQuorum(len(of)); k < safe {
			out = append(out, fmt.Sprintf("%d of %d witnesses suffice; with up to a third of them dishonest, %d are needed.", k, len(of), safe))
		}
	}
	if p.Mode != Later && !p.spare() {
		out = append(out, "Publishing waits while any one of certain witnesses is away: there is none to spare.")
	}
	return out
}

// spare reports whether the quorum can be had without any one witness.
func (p Policy) spare() bool {
	for away := range p.Witnesses {
		if !p.Satisfied(func(i int) bool { return i != away }) {
			return false
		}
	}
	return true
}

// Describe says the quorum in a few words, such as "3 of 4 witnesses".
func (p Policy) Describe() string {
	k, of, ok := p.Flat()
	switch {
	case p.NeedsNone():
		return "no witness"
	case !ok:
		return fmt.Sprintf("the group %q of %d witnesses", p.name, len(p.Witnesses))
	}
	return fmt.Sprintf("%d of %d witnesses", k, len(of))
}
