package local

import "slices"

// different counts the different values of a field in a whole result. It stands
// on the way of every search, so that it costs by what is found: a segment's
// values are gone through only where the result is large beside them.
type different struct {
	field string     // "" counts nothing
	seen  [][]string // of each segment that has any
}

// sparseValues: of a segment with so many times more values than documents
// found, only the values of those are looked at.
const sparseValues = 16

func (d *different) count(m *matcher, matched *set) {
	if d.field == "" {
		return
	}
	column, err := m.v.keywords(d.field)
	if err != nil {
		m.fail.set(err)
		return
	}
	var ords []uint32
	if sparseValues*matched.count() < len(column.values) {
		ords = column.few(matched)
	} else {
		ords = column.many(matched)
	}
	if len(ords) == 0 {
		return
	}
	values := make([]string, len(ords))
	for i, ord := range ords {
		values[i] = column.values[ord-1]
	}
	d.seen = append(d.seen, values)
}

// few lists the different values of documents by sorting them.
func (k *keywords) few(docs *set) (ords []uint32) {
	docs.each(func(doc uint32) bool {
		k.each(doc, func(ord uint32) { ords = append(ords, ord) })
		return true
	})
	slices.Sort(ords)
	return slices.Compact(ords)
}

// many lists them by marking each of the column's.
func (k *keywords) many(docs *set) (ords []uint32) {
	marked := make([]bool, len(k.values)+1)
	docs.each(func(doc uint32) bool {
		k.each(doc, func(ord uint32) { marked[ord] = true })
		return true
	})
	for ord, is := range marked {
		if is {
			ords = append(ords, uint32(ord))
		}
	}
	return ords
}

func (d *different) total() int64 {
	if len(d.seen) == 1 {
		return int64(len(d.seen[0]))
	}
	most := 0
	for _, values := range d.seen {
		most = max(most, len(values))
	}
	all := make(map[string]struct{}, most)
	for _, values := range d.seen {
		for _, v := range values {
			all[v] = struct{}{}
		}
	}
	return int64(len(all))
}
