package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"candor/receipt"
)

// purposesShown is how many purposes the page lists; figures.json has all.
const purposesShown = 200

// reportPage is the report in the order in which it is read.
type reportPage struct {
	Name        string
	Witnesses   []string // names
	Awaited     bool     // nothing is shown before they have cosigned
	Needed      string   // "2 of 3 witnesses"
	Cosigned    string   // how long ago the newest cosignature is: "3 minutes ago"; "" if there is none
	CosignedAt  time.Time
	Solo        bool
	Figures     receipt.Figures
	Since, Last time.Time
	Coverage    string
	Curve       template.HTML
	Acts        []actLine
	Purposes    []purposeLine
	More        int // purposes not listed
	// Overrides are the newest purposes that were approved to override; they are told first.
	Overrides     []purposeLine
	MoreOverrides int
	Refusals      []countLine
	Refused       int64
	Collections   []countLine
	Newest        []recordLine
	Address       string
	links
}

type actLine struct {
	Act string
	receipt.Tally
}

type countLine struct {
	Name  string
	Count int64
}

type purposeLine struct {
	ID, Reason, Status string
	Solo, Override     bool
	Used, Coverage     int64
	Searches, Opens    int64
	Others, Refusals   int64
	Expires            time.Time
	Grant              string // where its record stands; "" while there is none
}

type recordLine struct {
	Index int64
	When  time.Time
	Words string
	Link  string
}

// links says where pages are: served by us, or as files of a static site.
type links struct {
	FiguresLink string
	record      func(int64) string
	receipt     func(int64) string
}

var served = links{
	FiguresLink: "/log/figures.json",
	record:      func(n int64) string { return "/log/record/" + strconv.FormatInt(n, 10) },
	receipt:     func(n int64) string { return "/log/record/" + strconv.FormatInt(n, 10) + ".receipt" },
}

func (r *reporter) page(f receipt.Figures, address string, l links) reportPage {
	p := reportPage{
		Name: r.Name, Solo: r.Solo || f.Solo, Figures: f, Since: timeOf(f.From), Last: timeOf(f.To),
		Coverage: coverageSentence(f), Curve: curve(f.Months), Address: address, links: l,
		Refusals: countLines(f.Refusals), Collections: countLines(f.Collections),
	}
	p.witnessed(r.Witnessed(), r.Now())
	for _, act := range receipt.Acts() {
		if t, ok := f.Acts[act]; ok {
			p.Acts = append(p.Acts, actLine{act, t})
			p.Refused += t.Refused
		}
	}
	p.Purposes = purposeLines(f, r.Now(), l)
	p.Overrides, p.MoreOverrides = overridesOf(p.Purposes)
	if len(p.Purposes) > purposesShown {
		p.More = len(p.Purposes) - purposesShown
		p.Purposes = p.Purposes[:purposesShown]
	}
	for _, n := range f.Newest {
		p.Newest = append(p.Newest, recordLine{n.Index, n.Record.When(), sentence(n.Record), l.record(n.Index)})
	}
	return p
}

func (p *reportPage) witnessed(w Witnessed, now time.Time) {
	for _, one := range w.Witnesses {
		p.Witnesses = append(p.Witnesses, one.Name)
	}
	p.Needed, p.Awaited = w.Needed, w.Awaited
	if p.CosignedAt = w.newest(); !p.CosignedAt.IsZero() {
		p.Cosigned = ago(now.Sub(p.CosignedAt))
	}
}

// ago says how long something is past, rounded down.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int64(d / unit.of); n == 1 {
			return "1 " + unit.name + " ago"
		} else if n > 1 {
			return count(n) + " " + unit.name + "s ago"
		}
	}
	return "less than a minute ago"
}

func timeOf(text string) time.Time { return receipt.Record{Time: text}.When() }

func countLines(m map[string]int64) []countLine {
	var out []countLine
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, countLine{name, m[name]})
	}
	slices.SortStableFunc(out, func(a, b countLine) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// purposeLines lists purposes, those that were shown most first.
func purposeLines(f receipt.Figures, now time.Time, l links) []purposeLine {
	var out []purposeLine
	for _, id := range slices.Sorted(maps.Keys(f.Purposes)) {
		out = append(out, purposeLineOf(id, *f.Purposes[id], now, l))
	}
	slices.SortStableFunc(out, func(a, b purposeLine) int { return cmp.Compare(b.Used, a.Used) })
	return out
}

func purposeLineOf(id string, p receipt.PurposeFigures, now time.Time, l links) purposeLine {
	line := purposeLine{ID: id, Reason: p.Reason, Status: p.Status, Solo: p.Solo, Override: p.Override, Used: p.Used, Coverage: p.Coverage,
		Refusals: p.Refusals, Expires: receipt.Grant{Expires: p.Expires}.ExpiresAt()}
	if p.Status == receipt.Active && !now.Before(line.Expires) {
		line.Status = "expired"
	}
	if p.Grant != nil {
		line.Grant = l.record(*p.Grant)
	}
	for act, n := range p.Acts {
		switch act {
		case "search":
			line.Searches += n
		case "open":
			line.Opens += n
		case "request", "approve", "override":
		default:
			line.Others += n
		}
	}
	return line
}

// overridesShown is how many overrides the first line names.
const overridesShown = 10

// overridesOf picks the purposes that were approved to override, those that
// expire last first, and counts those that there is no room for.
func overridesOf(all []purposeLine) (shown []purposeLine, more int) {
	for _, p := range all {
		if p.Override && p.Grant != "" {
			shown = append(shown, p)
		}
	}
	slices.SortStableFunc(shown, func(a, b purposeLine) int { return b.Expires.Compare(a.Expires) })
	more = max(0, len(shown)-overridesShown)
	return shown[:len(shown)-more], more
}

// coverageSentence says in plain words how much of a collection any purpose
// can have been shown. The log tells how many items a purpose was shown, not in
// which of its collections; the sentence assumes they were all in the smallest,
// and rounds up, so that it never says too little.
func coverageSentence(f receipt.Figures) string {
	most, any := 0.0, false
	for _, p := range f.Purposes {
		for _, c := range p.Collections {
			if p.Used > 0 {
				any = true
				most = max(most, shareOf(p.Used, f.Collections[c]))
			}
		}
	}
	switch {
	case !any:
		return "No purpose has been shown anything yet."
	case most >= 1:
		return "At least one purpose may have been shown all of a collection."
	}
	perCent := math.Ceil(most*1000) / 10
	return fmt.Sprintf("No purpose has been shown more than %s %% of any collection.", strconv.FormatFloat(perCent, 'f', -1, 64))
}

func shareOf(part, whole int64) float64 {
	if whole <= 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// curve draws how much was kept at the end of each month. The table behind it
// holds the same figures.
func curve(months []receipt.Month) template.HTML {
	const width, height, left, bottom, top = 860.0, 220.0, 8.0, 28.0, 24.0
	if len(months) == 0 {
		return ""
	}
	if len(months) == 1 { // before the first addition there was nothing
		months = append([]receipt.Month{{Month: monthBefore(months[0].Month)}}, months...)
	}
	var most int64 = 1
	for _, m := range months {
		most = max(most, m.Items)
	}
	first, span := monthNumber(months[0].Month), max(1, monthNumber(months[len(months)-1].Month)-monthNumber(months[0].Month))
	x := func(m receipt.Month) float64 {
		return left + (width-2*left)*float64(monthNumber(m.Month)-first)/float64(span)
	}
	y := func(items int64) float64 { return height - bottom - (height-bottom-top)*float64(items)/float64(most) }
	var line, dots strings.Builder
	prev := height - bottom
	for i, m := range months {
		if i > 0 { // what is kept stays as it is until the next month with a change
			fmt.Fprintf(&line, "%.1f,%.1f ", x(m), prev)
		}
		prev = y(m.Items)
		fmt.Fprintf(&line, "%.1f,%.1f ", x(m), prev)
		fmt.Fprintf(&dots, `<circle class="dot" cx="%.1f" cy="%.1f" r="3.5"/>`, x(m), prev)
	}
	last := months[len(months)-1]
	base := height - bottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="curve" viewBox="0 0 %.0f %.0f" role="img" aria-label="Items kept, growing to %s in %s">`, width, height, count(last.Items), monthWords(last.Month))
	for _, part := range []int64{most / 2, most} {
		fmt.Fprintf(&b, `<path class="grid" d="M%.0f %.1fH%.0f"/>`, left, y(part), width-left)
	}
	fmt.Fprintf(&b, `<polygon class="area" points="%.1f,%.1f %s%.1f,%.1f"/>`, x(months[0]), base, line.String(), x(last), base)
	fmt.Fprintf(&b, `<path class="axis" d="M%.0f %.1fH%.0f"/><polyline class="line" points="%s"/>%s`, left, base, width-left, strings.TrimSpace(line.String()), dots.String())
	fmt.Fprintf(&b, `<text x="%.0f" y="%.1f">%s items</text>`, left, y(most)-8, count(most))
	fmt.Fprintf(&b, `<text x="%.0f" y="%.1f">%s</text><text x="%.0f" y="%.1f" text-anchor="end">%s</text></svg>`, left, height-8, monthWords(months[0].Month), width-left, height-8, monthWords(last.Month))
	return template.HTML(b.String())
}

func monthNumber(month string) int {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return 0
	}
	return t.Year()*12 + int(t.Month())
}

func monthBefore(month string) string {
	n := monthNumber(month) - 2 // months are counted from 1
	return fmt.Sprintf("%04d-%02d", n/12, n%12+1)
}

func monthWords(month string) string {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return template.HTMLEscapeString(month)
	}
	return t.Format("Jan 2006")
}

var actWords = map[string][2]string{ // what was done, and the noun in tables
	"add": {"Adding", "add"}, "search": {"A search", "search"}, "open": {"Opening an item", "open"},
	"export": {"An export", "export"}, "analyse": {"An analysis", "analyse"}, "ask": {"A question", "ask"},
	"correct": {"A correction", "correct"}, "destroy": {"Destroying items", "destroy"},
	"request": {"Asking for a purpose", "request"}, "approve": {"A decision about a purpose", "approve"},
	"change-terms": {"A change of terms, people or collections", "change terms"},
	"release-key":  {"Releasing a key of the archive itself", "release a key"},
	"rebuild":      {"Rebuilding catalog and index", "rebuild"}, "override": {"Asking for an override (break-glass)", "override"},
	"audit": {"An auditor’s look at sealed details", "audit"},
}

// sentence says what a record says, in words.
func sentence(r receipt.Record) string {
	what := actWords[r.Act][0]
	if r.Act == "destroy" && r.Collection == "" {
		what = "Destroying sealed details"
	}
	if what == "" {
		what = r.Act
	}
	where := ""
	if r.Collection != "" {
		where += " in " + r.Collection
	}
	if r.Purpose != "" {
		where += " under " + r.Purpose
	}
	if r.Agent {
		where += " by an AI agent"
	}
	if r.Phase == receipt.Intent {
		return what + where + " was begun."
	}
	switch r.Decision {
	case receipt.Refuse:
		return what + where + " was refused by the rule " + r.Rule + "."
	case receipt.Failed:
		return what + where + " did not succeed; nothing left the archive."
	}
	return what + where + " was allowed" + amounts(r) + "."
}

// amounts says how much an allowed act moved.
func amounts(r receipt.Record) string {
	var parts []string
	if r.Grant != nil {
		parts = append(parts, "the purpose is "+r.Grant.Status)
		if r.Grant.Status == receipt.Active {
			parts = append(parts, "for at most "+items(r.Grant.Coverage))
		}
		if r.Grant.Override {
			parts = append(parts, "as an override (break-glass)")
		}
		if r.Grant.Solo {
			parts = append(parts, "not independently approved")
		}
	}
	if r.Retention != nil {
		parts = append(parts, count(r.Retention.Records)+" records, of acts before "+r.Retention.BeforeTime().Format("2 Jan 2006"))
	}
	if r.Breadth != "" {
		parts = append(parts, r.Breadth)
	}
	if r.Shown > 0 {
		parts = append(parts, items(r.Shown)+" shown, "+count(r.New)+" of them new")
	}
	if r.Items > 0 {
		parts = append(parts, items(r.Items))
	}
	if r.Bytes > 0 {
		parts = append(parts, size(r.Bytes))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// recordPage is one record.
type recordPage struct {
	Index    int64
	Records  int64
	Record   receipt.Record
	Readable bool
	Words    string
	Raw      string
	Pretty   string
	Receipt  string
	Intent   string // where the intent of an outcome stands
}

func recordPageOf(r receipt.Receipt, l links) recordPage {
	p := recordPage{Index: r.Index, Raw: string(r.Leaf), Receipt: l.receipt(r.Index)}
	note, _, _ := strings.Cut(string(r.Checkpoint), "\n\n")
	if c, err := receipt.ParseCheckpoint([]byte(note + "\n")); err == nil {
		p.Records = c.Size
	}
	rec, err := receipt.ParseRecord(r.Leaf)
	if err != nil {
		return p
	}
	p.Record, p.Readable, p.Words = rec, true, sentence(rec)
	if rec.Intent != nil {
		p.Intent = l.record(*rec.Intent)
	}
	if pretty, err := json.MarshalIndent(json.RawMessage(r.Leaf), "", "  "); err == nil {
		p.Pretty = string(pretty)
	}
	return p
}

// --- numbers and dates as people read them

var funcs = template.FuncMap{
	"count": count, "size": size, "month": monthWords,
	"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"date":   func(t time.Time) string { return format(t, "2 Jan 2006") },
	"moment": func(t time.Time) string { return format(t, "2 Jan 2006, 15:04 UTC") },
	"act":    func(a string) string { return cmp.Or(actWords[a][1], a) },
	"bar":    usedBar,
	"len64":  func(m map[string]*receipt.PurposeFigures) int64 { return int64(len(m)) },
	"int64":  func(n int) int64 { return int64(n) },
	"names":  func(list []string) string { return strings.Join(list, ", ") },
	"later":  func(t time.Time) string { return t.Add(receipt.TimeStep).Format("15:04 UTC") },
}

func format(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

func items(n int64) string {
	if n == 1 {
		return "1 item"
	}
	return count(n) + " items"
}

// count writes a whole number with separators: 1,234,567.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// size writes bytes in decimal units: 1.4 TB.
func size(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	f, i := float64(n), 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	switch {
	case i == 0:
		return count(n) + " bytes"
	case f < 9.95:
		return fmt.Sprintf("%.1f %s", f, units[i])
	}
	return fmt.Sprintf("%.0f %s", f, units[i])
}

func usedBar(used, whole int64) template.HTML {
	width := 0.0
	if whole > 0 {
		width = min(100, float64(used)*100/float64(whole))
	}
	return template.HTML(fmt.Sprintf(`<svg class="mini" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" height="8"/><rect class="used" width="%.2f" height="8"/></svg>`, width))
}
