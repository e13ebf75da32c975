package query

import (
	"strings"
	"time"
)

const (
	dayLayout = "2006-01-02"
	firstYear = 1000
)

func dateHelp(field string) string {
	return "write " + field + ":2026, " + field + ":2026-01..2026-03, " + field + ":>2025-12-31 or " + field + ":..2026-03-15"
}

// dates reads a range of days, months or years. Both ends are inclusive.
func (p *parser) dates(w lexeme, field string) (Node, error) {
	r, ok := dateRange(w.text, p.opts.Zone)
	if !ok {
		return nil, mistake(p.s, w.pos, "this is not a date or a range of dates; "+dateHelp(field))
	}
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return nil, mistake(p.s, w.pos, "the range ends before it begins; write the earlier date first")
	}
	r.Field = field
	return r, nil
}

func dateRange(s string, zone *time.Location) (Range, bool) {
	for _, op := range []string{">=", "<=", ">", "<"} {
		if day, found := strings.CutPrefix(s, op); found {
			from, to, ok := span(day, zone)
			return compare(op, from, to), ok && to.Year() <= 9999
		}
	}
	a, b, found := strings.Cut(s, "..")
	if !found {
		from, to, ok := span(s, zone)
		return Range{From: from, To: to}, ok
	}
	var r Range
	ok := a != "" || b != ""
	if a != "" {
		var valid bool
		r.From, _, valid = span(a, zone)
		ok = ok && valid
	}
	if b != "" {
		var valid bool
		_, r.To, valid = span(b, zone)
		ok = ok && valid
	}
	return r, ok
}

func compare(op string, from, to time.Time) Range {
	switch op {
	case ">":
		return Range{From: to}
	case ">=":
		return Range{From: from}
	case "<":
		return Range{To: from}
	}
	return Range{To: to}
}

// span returns the time that a year, month or day takes.
func span(s string, zone *time.Location) (from, to time.Time, ok bool) {
	layouts := []struct {
		layout              string
		years, months, days int
	}{{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {dayLayout, 0, 0, 1}}
	for _, l := range layouts {
		if len(s) != len(l.layout) {
			continue
		}
		t, err := time.ParseInLocation(l.layout, s, zone)
		if err != nil || t.Year() < firstYear {
			return from, to, false
		}
		return t, t.AddDate(l.years, l.months, l.days), true
	}
	return from, to, false
}
