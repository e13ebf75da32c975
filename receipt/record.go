package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// MaxRecord is the most bytes a record may have.
const MaxRecord = 8 << 10

// TimeStep is how coarse a record's time is.
const TimeStep = 10 * time.Minute

const (
	timeLayout    = "2006-01-02T15:04Z"
	expiresLayout = "2006-01-02T15:04:05Z"
)

// Record is one leaf of the log: the public part of an act. It is JSON, one
// object, fields in the order of this struct, no white space, no field that is
// not listed here; docs/spec/record.md tells what each may hold. It names no
// person, query, title or item.
type Record struct {
	V          int    `json:"v"`                    // 1
	Nonce      string `json:"nonce"`                // 16 random bytes, base64url without padding
	Time       string `json:"time"`                 // UTC, floored to ten minutes: 2026-11-23T14:20Z
	Act        string `json:"act"`                  // one of candor.Acts
	Phase      string `json:"phase"`                // intent or outcome
	Intent     *int64 `json:"intent,omitempty"`     // outcome: log index of its intent
	Purpose    string `json:"purpose,omitempty"`    // purpose ID
	Reason     string `json:"reason,omitempty"`     // reason code
	Actor      string `json:"actor"`                // pseudonym of the person, new every month
	Agent      bool   `json:"agent,omitempty"`      // an AI agent acted for the person
	Collection string `json:"collection,omitempty"` //
	Terms      string `json:"terms"`                // hash of the terms in force, "sha256:" and hexadecimal
	Decision   string `json:"decision,omitempty"`   // outcome: allow, refuse or failed
	Rule       string `json:"rule,omitempty"`       // outcome: the policy that decided
	Breadth    string `json:"breadth,omitempty"`    // outcome: class of the share of the collection that matched
	Shown      int64  `json:"shown,omitempty"`      // outcome: distinct items shown
	New        int64  `json:"new,omitempty"`        // outcome: of these, new to the purpose; they sum to its coverage
	Items      int64  `json:"items,omitempty"`      // outcome of add, destroy: items stored or destroyed
	Bytes      int64  `json:"bytes,omitempty"`      // outcome of add, open, export: bytes of plaintext
	Details    string `json:"details,omitempty"`    // SHA-256 of the sealed details, hexadecimal
	Commitment string `json:"commitment,omitempty"` // outcome: what keys may be released to whom; see Commit
	Grant      *Grant `json:"grant,omitempty"`      // outcome of approve: what was decided
	// Retention: outcome of a destroy act on sealed details.
	Retention *Retention `json:"retention,omitempty"`
}

// Grant is what an approve act decided about a purpose, in public.
type Grant struct {
	Status      string   `json:"status"` // active, refused or revoked
	Acts        []string `json:"acts"`
	Collections []string `json:"collections"`
	Coverage    int64    `json:"coverage"`
	Expires     string   `json:"expires"`        // UTC, RFC 3339 to the second
	Solo        bool     `json:"solo,omitempty"` // not independently approved
	// Override: it overrides the ordinary limits (break-glass). See OverrideMost.
	Override bool `json:"override,omitempty"`
}

// Retention is what a destroy act on sealed details destroyed, in public. The
// records stay, and so does the log: only what was sealed beside it is gone.
type Retention struct {
	Records int64  `json:"records"` // records whose sealed details were destroyed
	Before  string `json:"before"`  // of acts that were over before this time; UTC, RFC 3339 to the second
}

// OverrideMost is the longest that a purpose which overrides may last.
const OverrideMost = 24 * time.Hour

// Phases of a record.
const (
	Intent  = "intent"
	Outcome = "outcome"
)

// Decisions of an outcome.
const (
	Allow  = "allow"  // it ran, and its result left
	Refuse = "refuse" // the terms said no; nothing left
	Failed = "failed" // it was allowed and did not succeed; nothing left
)

// Statuses of a grant.
const (
	Active  = "active"
	Refused = "refused"
	Revoked = "revoked"
)

var (
	acts = []string{"add", "search", "open", "export", "analyse", "ask", "correct", "destroy",
		"request", "approve", "change-terms", "release-key", "rebuild", "audit", "override"}
	// readingActs show an archive's contents to somebody: they need a purpose.
	readingActs = []string{"search", "open", "export", "analyse", "ask"}
	decisions   = []string{Allow, Refuse, Failed}
	breadths    = []string{"none", "narrow", "moderate", "broad", "sweeping"}
	statuses    = []string{Active, Refused, Revoked}
)

// Acts lists every act that a record may name, in the order in which reports
// show them. The list is closed.
func Acts() []string { return slices.Clone(acts) }

// FormatTime writes a time as records hold it: UTC, floored to ten minutes, so
// that the public log does not tell when exactly somebody was at work.
func FormatTime(t time.Time) string { return t.UTC().Truncate(TimeStep).Format(timeLayout) }

// FormatExpires writes a grant's expiry: UTC, to the second.
func FormatExpires(t time.Time) string { return t.UTC().Format(expiresLayout) }

// ParseRecord reads one leaf of the log. It accepts exactly what Marshal
// writes: unknown or repeated fields, another order, white space and values
// outside the closed lists are errors, so that one meaning has one encoding.
func ParseRecord(leaf []byte) (Record, error) { return parseRecord(leaf, nil) }

// parseRecord is ParseRecord; see scanRecord for known.
func parseRecord(leaf []byte, known map[string]string) (Record, error) {
	if len(leaf) > MaxRecord {
		return Record{}, fmt.Errorf("a record has at most %d bytes, this has %d", MaxRecord, len(leaf))
	}
	r, ok := scanRecord(leaf, known)
	if ok {
		return r, r.check()
	}
	r = Record{}
	dec := json.NewDecoder(bytes.NewReader(leaf))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("not a record: %w", err)
	}
	again, err := r.Marshal()
	if err != nil {
		return Record{}, err
	}
	if !bytes.Equal(again, leaf) {
		return Record{}, errors.New("not a record: its fields are out of order, repeated, spaced, or written in another way than they must be")
	}
	return r, nil
}

// Marshal checks the record and writes it as a leaf. A record that ParseRecord
// would not accept is an error.
func (r Record) Marshal() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if len(b) > MaxRecord {
		return nil, fmt.Errorf("a record has at most %d bytes, this has %d", MaxRecord, len(b))
	}
	return b, nil
}

// When returns the record's time: the act was between it and TimeStep later.
func (r Record) When() time.Time {
	t, ok := parseTime(r.Time)
	if !ok {
		return time.Time{} // of a record that was never checked
	}
	return t
}

// ExpiresAt returns when the grant ends.
func (g Grant) ExpiresAt() time.Time {
	t, _ := time.Parse(expiresLayout, g.Expires)
	return t
}

func (r *Record) check() error {
	if err := r.checkCommon(); err != nil {
		return err
	}
	if r.Phase == Intent {
		return r.checkIntent()
	}
	return r.checkOutcome()
}

// form says that a value does not look as it must.
func form(name, value string, ok bool) error {
	if ok {
		return nil
	}
	if len(value) > 100 {
		value = value[:100] + "…"
	}
	return fmt.Errorf("not a record: %s may not be %q", name, value)
}

// optional is form for a field that may be left out.
func optional(name, value string, shape shape) error {
	return form(name, value, value == "" || shape.matches(value))
}

func (r *Record) checkCommon() error {
	return errors.Join(
		form("v", strconv.Itoa(r.V), r.V == 1),
		form("nonce", r.Nonce, validNonce(r.Nonce)),
		form("time", r.Time, validTime(r.Time)),
		form("act", r.Act, slices.Contains(acts, r.Act)),
		form("phase", r.Phase, r.Phase == Intent || r.Phase == Outcome),
		optional("purpose", r.Purpose, purposeForm),
		optional("reason", r.Reason, codeForm),
		form("actor", r.Actor, actorForm.matches(r.Actor)),
		optional("collection", r.Collection, collectionForm),
		form("terms", r.Terms, termsForm.matches(r.Terms)),
		optional("details", r.Details, hashForm),
	)
}

// checkIntent makes sure that nothing stands in an intent that is known only
// once the act has run.
func (r *Record) checkIntent() error {
	rest := *r
	rest.V, rest.Nonce, rest.Time, rest.Act, rest.Phase = 0, "", "", "", ""
	rest.Purpose, rest.Reason, rest.Actor, rest.Agent = "", "", "", false
	rest.Collection, rest.Terms, rest.Details = "", "", ""
	if rest != (Record{}) {
		return errors.New("not a record: an intent holds a field that only an outcome may hold")
	}
	return nil
}

func (r *Record) checkOutcome() error {
	err := errors.Join(
		form("decision", r.Decision, slices.Contains(decisions, r.Decision)),
		optional("rule", r.Rule, ruleForm),
		form("breadth", r.Breadth, r.Breadth == "" || slices.Contains(breadths, r.Breadth)),
		optional("commitment", r.Commitment, hashForm),
	)
	if err != nil {
		return err
	}
	switch {
	case r.Intent != nil && *r.Intent < 0:
		return errors.New("not a record: intent is negative")
	case r.Shown < 0 || r.New < 0 || r.Items < 0 || r.Bytes < 0:
		return errors.New("not a record: a count is negative")
	case r.New > r.Shown:
		return errors.New("not a record: more new items than items shown")
	case r.Decision == Refuse && r.Rule == "":
		return errors.New("not a record: a refusal names its rule")
	case r.Decision == Refuse && (r.Items > 0 || r.Bytes > 0):
		return errors.New("not a record: a refused act moved items or bytes")
	case r.Decision != Allow && (r.Shown > 0 || r.Commitment != ""):
		return errors.New("not a record: an act that was not allowed showed items or commits to keys")
	}
	return errors.Join(r.checkGrant(), r.checkRetention())
}

func (r *Record) checkRetention() error {
	t := r.Retention
	if t == nil {
		return nil
	}
	if r.Act != "destroy" || r.Decision != Allow || r.Collection != "" || r.Items != 0 || r.Bytes != 0 {
		return errors.New("not a record: only an allowed destroy act on sealed details, and on nothing else, holds a retention")
	}
	before, err := time.Parse(expiresLayout, t.Before)
	return errors.Join(
		form("retention.before", t.Before, err == nil && before.Format(expiresLayout) == t.Before),
		form("retention.records", fmt.Sprint(t.Records), t.Records > 0),
	)
}

func (r *Record) checkGrant() error {
	g := r.Grant
	if g == nil {
		return nil
	}
	if r.Act != "approve" || r.Decision != Allow || r.Purpose == "" {
		return errors.New("not a record: only an allowed approve act on a purpose holds a grant")
	}
	if g.Acts == nil || g.Collections == nil {
		return errors.New("not a record: a grant lists its acts and its collections")
	}
	if g.Coverage < 0 || g.Status == Active && (len(g.Acts) == 0 || len(g.Collections) == 0) {
		return errors.New("not a record: an active grant is for at least one act and one collection, and its coverage is not negative")
	}
	expires, err := time.Parse(expiresLayout, g.Expires)
	return errors.Join(
		form("grant.status", g.Status, slices.Contains(statuses, g.Status)),
		form("grant.expires", g.Expires, err == nil && expires.Format(expiresLayout) == g.Expires),
		checkEach("grant.acts", g.Acts, func(s string) bool { return slices.Contains(acts, s) }),
		checkEach("grant.collections", g.Collections, collectionForm.matches),
	)
}

func checkEach(name string, values []string, ok func(string) bool) error {
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if err := form(name, v, ok(v) && !seen[v]); err != nil {
			return err
		}
		seen[v] = true
	}
	return nil
}

func validNonce(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 16 && len(s) == 22
}

func validTime(s string) bool {
	_, ok := parseTime(s)
	return ok
}

// parseTime reads a record's time, and nothing that time.Parse would not read
// with timeLayout; it stands in every record.
func parseTime(s string) (t time.Time, ok bool) {
	if len(s) != len(timeLayout) || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != 'Z' {
		return t, false
	}
	var part [6]int // century, year of it, month, day, hour, minute
	for i, at := range [6]int{0, 2, 5, 8, 11, 14} {
		tens, ones := s[at]-'0', s[at+1]-'0'
		if tens > 9 || ones > 9 {
			return t, false
		}
		part[i] = int(tens)*10 + int(ones)
	}
	month, day, minute := part[2], part[3], part[5]
	t = time.Date(part[0]*100+part[1], time.Month(month), day, part[4], minute, 0, 0, time.UTC)
	ok = t.Month() == time.Month(month) && t.Day() == day && part[4] < 24 && minute < 60 && minute%10 == 0
	return t, ok && month <= 12
}
