package web

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"candor"
	"candor/internal/archive"
	"candor/receipt"
)

// mark is the receipt mark: a record's number, and what was recorded.
type mark struct {
	Index   int64
	Records int64 // in the log when the receipt was made
	Record  receipt.Record
	Broken  bool // the leaf does not parse
	Raw     string
	Receipt string // the receipt file in base64, for the check in the browser
}

func markOf(r receipt.Receipt) mark {
	m := mark{Index: r.Index, Raw: string(r.Leaf), Receipt: base64.StdEncoding.EncodeToString(r.Marshal())}
	rec, err := receipt.ParseRecord(r.Leaf)
	m.Record, m.Broken = rec, err != nil
	text, _, _ := strings.Cut(string(r.Checkpoint), "\n\n")
	if c, err := receipt.ParseCheckpoint([]byte(text + "\n")); err == nil {
		m.Records = c.Size
	}
	return m
}

// When says between which two times the act was, as coarsely as the log does.
func (m mark) When() string {
	from := m.Record.When()
	if from.IsZero() {
		return ""
	}
	return from.Format("2 Jan 2006, 15:04") + "–" + from.Add(receipt.TimeStep).Format("15:04") + " UTC"
}

// nearBudget reports whether four fifths of a purpose's coverage are used.
func nearBudget(p archive.PurposeInfo) bool {
	return p.Coverage > 0 && p.Covered*5 >= p.Coverage*4
}

func itemsLeft(p archive.PurposeInfo) int64 { return max(0, p.Coverage-p.Covered) }

// coverageBar draws how much of a purpose's coverage is used. The words for it
// stand beside it.
func coverageBar(p archive.PurposeInfo) template.HTML {
	width := 0.0
	if p.Coverage > 0 {
		width = min(100, float64(p.Covered)*100/float64(p.Coverage))
	}
	class := "used"
	if nearBudget(p) {
		class = "used near"
	}
	return template.HTML(fmt.Sprintf(`<svg class="coverage" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">`+
		`<rect class="whole" width="100" height="6"/><rect class="%s" width="%.2f" height="6"/></svg>`, class, width))
}

// mostYears bounds how many columns are drawn.
const mostYears = 150

// yearsOf draws how many results are of each year, from the first to the last
// that has any. The same figures stand beside it as choices.
func yearsOf(facets []facetGroup) template.HTML {
	counts := map[int]int64{}
	first, last, most := 0, 0, int64(0)
	for _, g := range facets {
		if g.Field != "year" {
			continue
		}
		for _, c := range g.Values {
			if year, err := strconv.Atoi(c.Value); err == nil && c.Count > 0 {
				counts[year] = c.Count
				most = max(most, c.Count)
				if first == 0 || year < first {
					first = year
				}
				last = max(last, year)
			}
		}
	}
	n := last - first + 1
	if len(counts) < 2 || n > mostYears {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="years" viewBox="0 0 %d 40" preserveAspectRatio="none" aria-hidden="true">`, 10*n)
	for i := range n {
		if c := counts[first+i]; c > 0 {
			high := max(2, 40*float64(c)/float64(most))
			fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="8" height="%.1f"><title>%d: %s</title></rect>`, 10*i+1, 40-high, high, first+i, count(c))
		}
	}
	fmt.Fprintf(&b, `</svg><p class="years-ends" aria-hidden="true"><span>%d</span><span>%d</span></p>`, first, last)
	return template.HTML(b.String())
}

// accountPart is one condition of an addition's account.
type accountPart struct {
	Condition candor.Condition
	Word      string
	Icon      string
	Count     int64
	Share     string
}

var conditionIcons = map[candor.Condition]string{
	candor.Done: "check", candor.Partial: "half", candor.Encrypted: "lock", candor.Unsupported: "dash", candor.Failed: "cross",
}

// accountParts lists all conditions, those with none too: a nought is an answer.
func (p *pages) accountParts(a candor.Addition) []accountPart {
	var out []accountPart
	for _, c := range candor.Conditions() {
		out = append(out, accountPart{c, p.text(string(c)), conditionIcons[c], a.Conditions[c], share(a.Conditions[c], a.Files)})
	}
	return out
}

// accountBar draws an account. Its parts add up to what was handed in, and a
// part that is not nought is never too thin to be seen.
func accountBar(a candor.Addition) template.HTML {
	const whole, least = 1000.0, 8.0
	if a.Files <= 0 {
		return template.HTML(`<svg class="account" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="1000" height="20"/></svg>`)
	}
	var b strings.Builder
	b.WriteString(`<svg class="account" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">`)
	at := 0.0
	for i, width := range partWidths(a, whole, least) {
		if width > 0 {
			fmt.Fprintf(&b, `<rect class="is-%s" x="%.2f" width="%.2f" height="20"/>`, candor.Conditions()[i], at, width)
		}
		at += width
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// partWidths shares a width among the conditions: each that is not nought gets
// at least a little, and together they fill it exactly.
func partWidths(a candor.Addition, whole, least float64) []float64 {
	out := make([]float64, len(candor.Conditions()))
	reserved := 0.0
	for _, c := range candor.Conditions() {
		if a.Conditions[c] > 0 {
			reserved += least
		}
	}
	var total int64
	for _, n := range a.Conditions {
		total += n
	}
	for i, c := range candor.Conditions() {
		if n := a.Conditions[c]; n > 0 {
			out[i] = least + (whole-reserved)*float64(n)/float64(total)
		}
	}
	return out
}
