package terms

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/cedar-policy/cedar-go"

	"candor"
)

// maxPart is the most bytes that one file of a bundle may have.
const maxPart = 256 << 10

// Bundle is the four files that terms are made of, as they stand.
type Bundle struct {
	Human    []byte // terms.md: Markdown for people
	Policies []byte // policies.cedar
	Reasons  []byte // reasons.json: a list of candor.Reason
	Budgets  []byte // budgets.json: one object, see Budgets
}

// Budgets are the figures of a bundle, read by policies as context.limits. All
// must be at least 1.
type Budgets struct {
	Coverage         int64 `json:"coverage"`           // of a purpose asked for without a figure, in items
	LifetimeDays     int64 `json:"lifetime_days"`      // likewise
	CoveragePlain    int64 `json:"coverage_plain"`     // items that a purpose may cover without a fuller explanation
	CoveragePercent  int64 `json:"coverage_percent"`   // likewise, of the collection
	CoverageMost     int64 `json:"coverage_most"`      // items that any purpose may cover
	LifetimeDaysMost int64 `json:"lifetime_days_most"` //
	WhyLetters       int64 `json:"why_letters"`        // in an explanation
	WhyLettersWide   int64 `json:"why_letters_wide"`   // in a fuller one
	ActsMinute       int64 `json:"acts_minute"`        // of a person
	ActsMinuteAgent  int64 `json:"acts_minute_agent"`  // when an AI agent acts
	ActsToday        int64 `json:"acts_today"`         // under a purpose, in 24 hours
	ActsTodayAgent   int64 `json:"acts_today_agent"`   //
	SweepPercent     int64 `json:"sweep_percent"`      // of a collection; a search that matches more is sweeping
	SweepFromItems   int64 `json:"sweep_from_items"`   // collections up to this size have no sweeping searches
	SweepShown       int64 `json:"sweep_shown"`        // results shown of a sweeping search
	SweepPeople      int64 `json:"sweep_people"`       // people whom what a search matches may name; if absent, any number
	CountsLeast      int64 `json:"counts_least"`       // items that a value needs to be told in a facet; 1 if absent
	DepthFree        int64 `json:"depth_free"`         // results down that any purpose may go
	OverrideHours    int64 `json:"override_hours"`     // that a purpose which overrides may last; at most 24

	// HidePositions has nobody told where a picture or recording was made; if
	// absent, who may see it is told.
	HidePositions bool `json:"hide_positions,omitempty"`
}

// parts lists the files in the order in which they are hashed.
func (b *Bundle) parts() []struct {
	name string
	data *[]byte
} {
	return []struct {
		name string
		data *[]byte
	}{{"terms.md", &b.Human}, {"policies.cedar", &b.Policies}, {"reasons.json", &b.Reasons}, {"budgets.json", &b.Budgets}}
}

// ReadBundle reads a bundle's files without judging what they say.
func ReadBundle(files fs.FS) (Bundle, error) {
	var b Bundle
	for _, p := range b.parts() {
		data, err := readPart(files, p.name)
		if err != nil {
			return Bundle{}, candor.Wrap(err, candor.Invalid, "The terms' %s cannot be read, or has more than %d bytes.", p.name, maxPart)
		}
		*p.data = data
	}
	return b, nil
}

func readPart(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPart+1))
	if err == nil && len(data) > maxPart {
		err = errors.New("too large")
	}
	return data, err
}

// Hash returns "sha256:" and the hexadecimal SHA-256 of "candor-terms/v1\n"
// followed by each part: length of its name, its name, length of its bytes, its
// bytes; lengths are 8 bytes, big-endian. See docs/spec/terms.md.
func (b Bundle) Hash() string {
	h := sha256.New()
	h.Write([]byte("candor-terms/v1\n"))
	for _, p := range b.parts() {
		for _, field := range [][]byte{[]byte(p.name), *p.data} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
			h.Write(field)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func (b Bundle) load() (*Terms, error) {
	t := &Terms{bundle: b, hash: b.Hash(), known: make(map[string]bool)}
	if !utf8.Valid(b.Human) || strings.TrimSpace(string(b.Human)) == "" {
		return nil, candor.Errorf(candor.Invalid, "terms.md must be text that people can read.")
	}
	if err := t.loadReasons(); err != nil {
		return nil, err
	}
	if err := t.loadBudgets(); err != nil {
		return nil, err
	}
	var err error
	if t.policies, err = parsePolicies(b.Policies); err != nil {
		return nil, err
	}
	if err := t.validate(); err != nil {
		return nil, err
	}
	return t, nil
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

func (t *Terms) loadReasons() error {
	if err := strictJSON(t.bundle.Reasons, &t.reasons); err != nil {
		return candor.Wrap(err, candor.Invalid, "reasons.json must be a list of objects with code, title and help.")
	}
	for _, r := range t.reasons {
		if !codePattern.MatchString(r.Code) || r.Title == "" || r.Help == "" {
			return candor.Errorf(candor.Invalid, "Reason %q needs a code of lower-case letters, digits and hyphens, a title and a help text.", r.Code)
		}
		if t.known[r.Code] {
			return candor.Errorf(candor.Invalid, "Reason %q is listed twice.", r.Code)
		}
		t.known[r.Code] = true
	}
	if len(t.reasons) == 0 {
		return candor.Errorf(candor.Invalid, "reasons.json lists no reason.")
	}
	return nil
}

// mostBudget keeps arithmetic on budgets far from overflow.
const mostBudget = 1 << 40

func (t *Terms) loadBudgets() error {
	t.budgets = Budgets{SweepPeople: mostBudget, CountsLeast: 1}
	if err := strictJSON(t.bundle.Budgets, &t.budgets); err != nil {
		return candor.Wrap(err, candor.Invalid, "budgets.json must be one object with the figures that docs/spec/terms.md lists, and no others.")
	}
	limits := cedar.RecordMap{}
	v := reflect.ValueOf(t.budgets)
	for i := range v.NumField() {
		if !v.Field(i).CanInt() {
			continue // no figure
		}
		name, n := v.Type().Field(i).Tag.Get("json"), v.Field(i).Int()
		if n < 1 || n > mostBudget {
			return candor.Errorf(candor.Invalid, "budgets.json: %s must be between 1 and %d.", name, int64(mostBudget))
		}
		limits[cedar.String(name)] = cedar.Long(n)
	}
	if t.budgets.LifetimeDays > 36500 || t.budgets.LifetimeDaysMost > 36500 {
		return candor.Errorf(candor.Invalid, "budgets.json: a lifetime is at most 36,500 days.")
	}
	if t.budgets.OverrideHours > 24 {
		return candor.Errorf(candor.Invalid, "budgets.json: an override lasts at most 24 hours.")
	}
	t.limits = cedar.NewRecord(limits)
	return nil
}

// strictJSON decodes one JSON value with no unknown field and nothing after it.
func strictJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}
